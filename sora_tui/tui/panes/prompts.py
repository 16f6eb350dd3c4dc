"""The prompts pane: the prompt files of the folder, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _
from sora_tui.tui.keys import Key, bindings
from sora_tui.tui.virtual_list import Cell, Column, VirtualList

if TYPE_CHECKING:
    from sora_tui.workspace.prompts import PromptFile


class PromptOpened(Message):
    """This prompt is to be written in; its path as its `PromptFile` says it."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path


class NewPrompt(Message):
    """An empty prompt is wanted."""


class PromptsPane(Vertical):
    """The prompt files, in the order given; a star marks the one in the editor."""

    DEFAULT_CSS = "PromptsPane > VirtualList { height: 1fr; }"
    KEYS: ClassVar[tuple[Key, ...]] = (Key("prompts.new", "n", N_("Begin an empty prompt"), "new"),)
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._files: dict[str, PromptFile] = {}
        self._now: datetime | None = None
        self._current: str | None = None
        self._title = ""
        self._list = VirtualList(
            (
                Column("name", "", None, min_width=10),
                Column("open", "", 1),
                Column("hint", "", 11, justify="right", drop=1),
            ),
            self._row,
        )

    def compose(self) -> ComposeResult:
        """The list alone."""
        yield self._list

    def on_mount(self) -> None:
        """Words are chosen now that the language is known."""
        self._list.set_empty_text(_("Type on the right; ctrl+s keeps it in prompts/"))
        self.border_subtitle = Content(_("enter open  n new"))
        self._show_title()

    # Values in --------------------------------------------------------------------------------

    def show(self, files: Sequence[PromptFile], now: datetime) -> None:
        """Show these files; `now` tells which were written today."""
        self._files = {file.path: file for file in files}
        self._now = now
        self._list.set_rows(list(self._files))
        self._list.update_rows()
        self._show_title()

    def set_current(self, path: str | None) -> None:
        """Mark the file that is in the editor."""
        self._current = path
        self._list.update_rows()

    def focus_pane(self) -> None:
        """Take the keys."""
        self._list.focus()

    # Values out -------------------------------------------------------------------------------

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The keys that do something here."""
        new = (("n", N_("New")),)
        return new if self._list.cursor_id is None else (("enter", N_("Open")), *new)

    def action_new(self) -> None:
        """Ask for an empty prompt."""
        self.post_message(NewPrompt())

    @on(VirtualList.Selected)
    def _selected(self, message: VirtualList.Selected) -> None:
        message.stop()
        self.post_message(PromptOpened(message.row_id))

    # Drawing ----------------------------------------------------------------------------------

    def _show_title(self) -> None:
        if not self.is_attached:
            return
        count = f"  {len(self._files)}" if self._files else ""
        title = f"1 {_('Prompts')}{count}"
        if title != self._title:
            self._title = title
            self.border_title = Content(title)

    def _row(self, path: str) -> Mapping[str, Cell]:
        file = self._files[path]
        return {
            "name": Cell(clean_line(file.name, 200)),
            "open": Cell("*" if path == self._current else ""),
            "hint": Cell(self._hint(file), "muted"),
        }

    def _hint(self, file: PromptFile) -> str:
        if file.is_default:
            return _("the default")
        here = file.modified.astimezone()
        if self._now is not None and here.date() == self._now.astimezone().date():
            return _("today {time}").format(time=f"{here:%H:%M}")
        return f"{here:%Y-%m-%d}"
