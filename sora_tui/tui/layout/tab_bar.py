"""The second line: the panes by number, and the file in the editor."""

from __future__ import annotations

from typing import Final

from textual import events
from textual.content import Content
from textual.widget import Widget

from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.tui.intent import Intent
from sora_tui.tui.layout.arrangement import PANES

_NUMBERED: Final = tuple(enumerate(PANES.items(), 1))


class TabChosen(Intent):
    """A click on a pane's name."""

    owner = "panes"
    method = "open_tab"

    def __init__(self, pane: str) -> None:
        super().__init__()
        self.pane = pane


class TabLine(Widget):
    """The panes by number; the one with the focus in brackets, so not by colour alone."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._active = "editor"
        self._file = ""

    def show(self, active: str, file: str) -> None:
        """Which pane is in front, and which file is in the editor."""
        if (active, file) != (self._active, self._file):
            self._active, self._file = active, file
            self.refresh()

    def render(self) -> Content:
        """Names in full where they fit, their numbers anyway; the file where there is room."""
        line = Content(" ")
        for name, label in self._labels():
            style = "bold $text-accent" if name == self._active else "$foreground-muted"
            line += Content.styled(label, style) + "  "
        room = self.size.width - line.cell_length - 1
        file = clean_line(self._file.removeprefix("prompts/"), 60)
        return line + Content(f"{file:>{room}} ") if len(file) <= room else line

    def on_click(self, event: events.Click) -> None:
        """Go to the pane that was clicked."""
        end = 1
        for name, label in self._labels():
            end += len(label) + 2
            if event.x < end:
                self.post_message(TabChosen(name))
                return

    def _labels(self) -> list[tuple[str, str]]:
        words = {name: f"{number} {_(words)}" for number, (name, words) in _NUMBERED}
        if sum(len(label) + 2 for label in words.values()) > self.size.width - 3:
            numbers = {name: str(number) for number, (name, _words) in _NUMBERED}
            words = numbers | {self._active: words[self._active]}
        return [(n, f"[{label}]" if n == self._active else label) for n, label in words.items()]
