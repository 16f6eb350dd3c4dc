"""The panes on a screen of their own; `t` makes them tick.

`python -m tests.support.tui.panes_app`
"""

import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget

from sora_tui.tui.panes.jobs import JobsPane
from sora_tui.tui.state.job_view import JobView
from sora_tui.tui.terminal.app import TerminalApp
from sora_tui.tui.terminal.run_app import run_app
from tests.support.sample_jobs import NOW, in_progress, pending, saved


class PaneApp(TerminalApp):
    """Shows one pane and remembers the messages of ours that it sent."""

    BINDINGS: ClassVar[list[BindingType]] = [("t", "tick"), ("o", "fell_through"), ("q", "quit")]

    def __init__(self, pane: Widget, *, strip: bool = False) -> None:
        super().__init__(crash_folder=Path(tempfile.gettempdir()))
        self.animation_level = "none"
        self.pane = pane
        self.pane.set_class(strip, "-strip")
        self.heard: list[Message] = []
        self.seconds = 0

    def compose(self) -> ComposeResult:
        yield self.pane

    def hear(self, message: Message) -> None:
        """For `open_app(hear=...)`."""
        if type(message).__module__.startswith("sora_tui.tui.panes") and message not in self.heard:
            self.heard.append(message)

    def action_fell_through(self) -> None:
        self.seconds = -1

    def action_tick(self) -> None:
        self.set_interval(1, self.advance)

    def advance(self) -> None:
        self.seconds += 1
        assert isinstance(self.pane, JobsPane)
        self.pane.tick(NOW + timedelta(seconds=self.seconds))


def busy() -> list[JobView]:
    """Four jobs at work, newest first, among some that are not."""
    working = [JobView(in_progress(pending(20 + n, number=9 - n), 30 + n)) for n in range(4)]
    return [*working, JobView(saved(pending(500)))]


class BusyApp(PaneApp):
    """The job list with four jobs at work."""

    def __init__(self) -> None:
        super().__init__(JobsPane())

    def on_mount(self) -> None:
        assert isinstance(self.pane, JobsPane)
        self.pane.show(busy(), NOW)
        self.pane.focus_pane()


if __name__ == "__main__":
    sys.exit(run_app(BusyApp(), on_quit=lambda: None))
