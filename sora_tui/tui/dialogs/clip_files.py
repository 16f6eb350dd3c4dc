"""The window of MP4 files: those of this folder, to begin with one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from sora_tui.core.request import Operation
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _
from sora_tui.tui.widgets.virtual_list import Cell, Column, VirtualList


class ClipsWindow(ModalScreen[tuple[str, Operation] | None]):
    """A file and what is to be done with it; escape chooses none."""

    DEFAULT_CSS = """
    ClipsWindow { align: center middle; background: $background 60%; }
    ClipsWindow > .window {
        border: solid $border; background: $surface; width: 100%; max-width: 78;
        height: 100%; max-height: 16; padding: 0 1;
    }
    ClipsWindow VirtualList { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,V", "leave", N_("Close"), show=False),
        Binding("t", "take('edit')", N_("Change"), show=False),
        Binding("x", "take('extend')", N_("Extend"), show=False),
        Binding("C", "take('character')", N_("Character"), show=False),
    ]

    def __init__(self, clips: Sequence[str]) -> None:
        """Offer these.

        Args:
            clips: Paths relative to the workspace.
        """
        super().__init__()
        self._clips = clips
        self._list = VirtualList((Column("path", "", None, min_width=20),), self._row)

    def compose(self) -> ComposeResult:
        """The list, with the keys in its frame."""
        with Vertical(classes="window") as window:
            yield self._list
        window.border_title = Content(_("MP4 files of this folder"))
        window.border_subtitle = Content(_("t change  x extend  C character  esc back"))

    def on_mount(self) -> None:
        """All of them, the newest first."""
        self._list.set_empty_text(_("There is no MP4 here yet. Copy one into this folder."))
        self._list.set_rows(self._clips)
        self._list.focus()

    def action_leave(self) -> None:
        """None of them."""
        self.dismiss(None)

    def action_take(self, operation: Operation) -> None:
        """The one under the cursor."""
        if self._list.cursor_id is not None:
            self.dismiss((self._list.cursor_id, operation))

    @on(VirtualList.Selected)
    def _selected(self, event: VirtualList.Selected) -> None:
        event.stop()
        self.action_take("edit")

    def _row(self, path: str) -> Mapping[str, Cell]:
        return {"path": Cell(clean_line(path, 300))}
