"""A long list for the pty tests; `t` makes it tick at 1 Hz.

`python -m tests.support.tui.list_app ROWS`
"""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from sora_tui.tui.terminal.app import TerminalApp
from sora_tui.tui.terminal.run_app import run_app
from sora_tui.tui.widgets.virtual_list import Cell, Column, VirtualList

COLUMNS = (
    Column("state", "STATE", 14),
    Column("progress", "PROGRESS", 20),
    Column("left", "LEFT", 8, justify="right"),
    Column("size", "SIZE", 9, drop=2),
    Column("ref", "REF", 3, drop=3),
    Column("prompt", "PROMPT", None, min_width=12),
)


def row_ids(count: int) -> list[str]:
    return [f"job-{number:06}" for number in range(count)]


class ListApp(TerminalApp):
    """Shows `count` rows; `percent` stands in the row `job-000003`."""

    BINDINGS: ClassVar[list[BindingType]] = [("t", "tick"), ("q", "quit")]

    def __init__(self, count: int) -> None:
        super().__init__(crash_folder=Path(tempfile.gettempdir()))
        self.count = count
        self.percent = 0
        self.asked: list[str] = []
        self.heard: list[tuple[str, str | None]] = []

    def compose(self) -> ComposeResult:
        yield VirtualList(
            COLUMNS, self.cells, show_header=True, empty_text="No jobs yet.\nF5 makes a clip."
        )

    def on_mount(self) -> None:
        self.rows.set_rows(row_ids(self.count))

    @property
    def rows(self) -> VirtualList:
        return self.query_one(VirtualList)

    def cells(self, row_id: str) -> Mapping[str, Cell]:
        self.asked.append(row_id)
        progress = f"███▌····· {self.percent:3}%" if row_id == "job-000003" else "queued"
        return {
            "state": Cell("▶ in_progress", "accent"),
            "progress": Cell(progress),
            "left": Cell("~0:41", "muted"),
            "size": Cell("1280x720"),
            "prompt": Cell(
                f"[b]{row_id}[/b] a harbour at dawn 港の夜明け, slow dolly past the boats"
            ),
        }

    def on_virtual_list_highlighted(self, message: VirtualList.Highlighted) -> None:
        self.heard.append(("highlighted", message.row_id))

    def on_virtual_list_selected(self, message: VirtualList.Selected) -> None:
        self.heard.append(("selected", message.row_id))

    def action_tick(self) -> None:
        self.set_interval(1, self.advance)

    def advance(self) -> None:
        self.percent += 1
        self.rows.update_rows(["job-000003"])


if __name__ == "__main__":
    sys.exit(run_app(ListApp(int(sys.argv[1])), on_quit=lambda: None))
