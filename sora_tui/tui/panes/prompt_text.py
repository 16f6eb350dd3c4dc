"""The text of a prompt: Textual's text area, left with escape. Imported after the first frame."""

from __future__ import annotations

from typing import ClassVar

from textual.actions import SkipAction
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import TextArea

from sora_tui.core.request import MAX_PROMPT
from sora_tui.core.text import clean
from sora_tui.i18n import N_
from sora_tui.tui.keys import Key, bindings


class PromptText(TextArea):
    """Where a prompt is written. Tab goes on to the settings, escape leaves the text."""

    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("editor.leave", "escape", N_("Leave the text: letters are commands then"), "leave"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]

    class Left(Message):
        """The person leaves the text; letters are commands from now on."""

    def __init__(self, text: str, *, id: str) -> None:
        super().__init__(clean(text, MAX_PROMPT * 2), id=id, highlight_cursor_line=False)
        self.cursor_blink = False

    def action_leave(self) -> None:
        """Leave the text."""
        self.post_message(self.Left())

    def action_copy(self) -> None:
        """Copy what is selected; without a selection ctrl+c is not ours."""
        if not self.selected_text:
            raise SkipAction
        super().action_copy()
