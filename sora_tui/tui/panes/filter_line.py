"""The line in which the filter of a list is typed. Its import is not for the first frame."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.widgets import Input

from sora_tui.i18n import _


class FilterLine(Input):
    """What is typed is seen at once: `Input.Changed` and `Input.Submitted` say so."""

    class Left(Message):
        """The person goes on in the list.

        Attributes:
            clear: Without the filter.
        """

        def __init__(self, *, clear: bool) -> None:
            super().__init__()
            self.clear = clear

    def __init__(self, text: str) -> None:
        hint = _("words, state:failed, server:lab; enter keeps, esc clears")
        super().__init__(text, placeholder=hint, id="filter", select_on_focus=False)

    def on_key(self, event: events.Key) -> None:
        """Leave by escape, or down into the list."""
        if event.key in {"escape", "down"}:
            event.stop()
            self.post_message(self.Left(clear=event.key == "escape"))
