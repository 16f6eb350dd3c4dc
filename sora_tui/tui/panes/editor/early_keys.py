"""The place of the prompt in the first frame, which keeps the keys that come early."""

from __future__ import annotations

from textual import events
from textual.widget import Widget
from textual.widgets import Static


class PromptPreview(Static, can_focus=True):
    """The place of the prompt until the text area is there; keys that come early wait in it."""

    BLANK = True

    def __init__(self, *, id: str) -> None:
        super().__init__("", id=id, markup=False)
        self._early: list[events.Key | events.Paste] = []
        self._area: Widget | None = None

    def hand_over(self, area: Widget) -> None:
        """Give what waits here, and what is still to come, to the text area, in order."""
        self._area = area
        for event in self._early:
            area.post_message(event)

    def on_key(self, event: events.Key) -> None:
        """Keep what belongs into the text: none of it is a command."""
        if event.is_printable or event.key in {"enter", "backspace"}:
            self._keep(event)

    def on_paste(self, event: events.Paste) -> None:
        """Keep it."""
        self._keep(event)

    def _keep(self, event: events.Key | events.Paste) -> None:
        event.stop()
        if self._area is None:
            self._early.append(event)
        else:
            self._area.post_message(event)
