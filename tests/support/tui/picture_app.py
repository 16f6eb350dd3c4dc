"""A picture on a terminal, for the pty tests: m modal, t toast, j k scroll, x another picture.

`python -m tests.support.tui.picture_app FOLDER`; the picture is `drawing()`. FOLDER/turns has a
byte for each x.
"""

import os
import sys
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import ScrollableContainer
from textual.screen import ModalScreen
from textual.widgets import Static

from sora_tui.media.cells import Cells, to_cells
from sora_tui.tui.terminal.app import TerminalApp
from sora_tui.tui.terminal.graphics.detect import graphics
from sora_tui.tui.terminal.graphics.kitty import SentPictures
from sora_tui.tui.terminal.run_app import run_app
from sora_tui.tui.widgets.picture import PictureView
from tests.support.pictures import picture

COLUMNS, ROWS = 60, 30


def drawing(number: int = 0) -> Cells:
    """One of two pictures of `COLUMNS` x `ROWS` cells, with a finer one beside it."""
    image = picture(640, 640).rotate(90 * number)
    return to_cells(image, COLUMNS, ROWS, fine=True)


class Question(ModalScreen[None]):
    """Stands in the middle, over the picture."""

    CSS = "Question { align: center middle; } Question > Static { width: 20; height: 3; }"
    BINDINGS = [("escape", "dismiss", "")]  # noqa: RUF012  # as Textual has it

    def compose(self) -> ComposeResult:
        yield Static("really?")


class PictureApp(TerminalApp):
    CSS = """
    ScrollableContainer { width: 62; height: 23; overflow: hidden scroll; }
    PictureView { width: 60; height: 30; }
    """
    BINDINGS = [  # noqa: RUF012  # as Textual has it
        ("m", "ask", ""),
        ("t", "toast", ""),
        ("j", "down", ""),
        ("k", "up", ""),
        ("x", "other", ""),
        ("q", "quit", ""),
    ]

    turns = 0
    drawings = (drawing(), drawing(1))

    def compose(self) -> ComposeResult:
        with ScrollableContainer():
            yield PictureView()
        yield Static("ready")

    def on_mount(self) -> None:
        found = graphics("auto", os.environ)
        if found.way == "kitty":
            self.sent_pictures = SentPictures(self.send_sequence, tmux=found.tmux)
        self.query_one(PictureView).show(drawing())

    def action_ask(self) -> None:
        self.push_screen(Question())

    def action_toast(self) -> None:
        self.notify("a word in a corner", timeout=1)

    def action_down(self) -> None:
        self.query_one(ScrollableContainer).scroll_to(y=7, animate=False)

    def action_up(self) -> None:
        self.query_one(ScrollableContainer).scroll_to(y=0, animate=False)

    def action_other(self) -> None:
        self.turns += 1
        self.query_one(PictureView).show(self.drawings[self.turns % 2])
        (Path(sys.argv[1]) / "turns").write_text("x" * self.turns)


if __name__ == "__main__":
    app = PictureApp(crash_folder=Path(sys.argv[1]))
    sys.exit(run_app(app, on_quit=lambda: None))
