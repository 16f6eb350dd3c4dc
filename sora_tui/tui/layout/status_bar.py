"""The line below the jobs: what the highlighted job says, or what the app has just done."""

from __future__ import annotations

from textual import events
from textual.widgets import Static

from sora_tui.tui.intent import Intent


class WidthChanged(Intent):
    """The status line has another width: what the job says may be said in other words."""

    owner = "jobs"
    method = "change_width"


class StatusLine(Static):
    """What the highlighted job says, or what the app has just done."""

    def __init__(self, *, id: str) -> None:
        super().__init__("", id=id, markup=False)
        self._width = 0
        self._job = ""
        self._said = ""

    def show_job(self, text: str) -> None:
        """What the highlighted job says; seen while the app has nothing to say."""
        if text != self._job:
            self._job = text
            self._draw()

    def say(self, text: str) -> None:
        """What the app has to say; empty gives the line back to the job."""
        if text != self._said:
            self._said = text
            self.set_class(bool(text), "-said")
            self._draw()

    def on_resize(self, event: events.Resize) -> None:
        """Another width breaks it elsewhere, and has room for more words, or less."""
        before, self._width = self._width, event.size.width
        if self._width != before and (self._said or self._job):
            self._draw()
            self.post_message(WidthChanged())

    def _draw(self) -> None:
        self.update(whole_words(self._said or self._job, self.app.size.width - 2))


def whole_words(text: str, width: int) -> str:
    """A text for `width` cells; with a path or a command in it broken at the edge only."""
    width = max(width, 1)
    if max((len(word) for word in text.split()), default=0) <= width // 2:
        return text
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))
