"""The text of a prompt: Textual's text area, left with escape. Imported after the first frame."""

from __future__ import annotations

from collections.abc import Container
from typing import ClassVar, Final

from textual import events
from textual.actions import SkipAction
from textual.binding import BindingType
from textual.widgets import TextArea

from sora_tui.core.text import left_out, prompt_text
from sora_tui.tui.commands.table import bindings
from sora_tui.tui.intent import Intent

#: A prompt file is never longer; a cut text would be kept as if the person had cut it.
_LONGEST: Final = 1024 * 1024


class PromptText(TextArea):
    """Where a prompt is written. Tab goes on to the settings, escape leaves the text."""

    WHERE: ClassVar = "editor"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("editor")]

    class Left(Intent):
        """The person leaves the text; letters are commands from now on."""

        owner = "editor"
        method = "leave_text"

    class UndoneToStart(Intent):
        """Undo with nothing left to undo in this text; `by` -1, or redo, +1."""

        owner = "draft_history"
        method = "go"

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class LeftOut(Intent):
        """A text from elsewhere had characters that no prompt may have.

        Attributes:
            characters: Their code points, such as `U+202E`.
        """

        owner = "editor"
        method = "tell_left_out"

        def __init__(self, characters: tuple[str, ...]) -> None:
            super().__init__()
            self.characters = characters

    def __init__(self, text: str, *, id: str, taken: Container[str] = ()) -> None:
        """Make the text area.

        Args:
            text: What stands in it first.
            id: The id of the widget.
            taken: The keys that the person gave to commands.
        """
        super().__init__(shown(text), id=id, highlight_cursor_line=False)
        self._taken = taken
        self.cursor_blink = False

    def action_leave(self) -> None:
        """Leave the text."""
        self.post_message(self.Left())

    def action_undo(self) -> None:
        """Take back the last change, or what put this text here."""
        if self.history.undo_stack:
            self.undo()
        else:
            self.post_message(self.UndoneToStart(-1))

    def action_redo(self) -> None:
        """Do again what was undone."""
        if self.history.redo_stack:
            self.redo()
        else:
            self.post_message(self.UndoneToStart(+1))

    def action_select_line(self) -> None:
        """Select the line (F6), unless the person gave that key to a command."""
        self._yield_to_own("f6")
        super().action_select_line()

    def action_select_all(self) -> None:
        """Select everything (F7), unless the person gave that key to a command."""
        self._yield_to_own("f7")
        super().action_select_all()

    def _yield_to_own(self, key: str) -> None:
        """Leave a function key to the commands if one of them has it.

        Raises:
            SkipAction: One has it; Textual then looks for it further out.
        """
        if key in self._taken:
            raise SkipAction

    def action_copy(self) -> None:
        """Copy what is selected; without a selection ctrl+c is not ours."""
        if not self.selected_text:
            raise SkipAction
        super().action_copy()

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted is foreign text: what is seen is what is sent."""
        event.stop()
        event.prevent_default()
        self._tell_left_out(event.text)
        pasted = self.replace(shown(event.text), *self.selection, maintain_selection_offset=False)
        self.move_cursor(pasted.end_location)

    def replace_all(self, text: str) -> None:
        """Put another text here, as one step that undo takes back."""
        self._tell_left_out(text)
        if shown(text) != self.text:
            self.replace(shown(text), self.document.start, self.document.end)

    def _tell_left_out(self, text: str) -> None:
        if gone := left_out(text):
            # Once the message of the edit, which clears the status line, is past.
            self.call_after_refresh(self.post_message, self.LeftOut(gone))


def shown(text: str) -> str:
    """A text as the area shows it."""
    return prompt_text(text[:_LONGEST])
