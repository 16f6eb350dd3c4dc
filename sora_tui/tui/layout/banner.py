"""The first line: which server the next clip goes to, and what the day has cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.content import Content
from textual.widget import Widget

from sora_tui.core.text import clean_line
from sora_tui.i18n import _, ngettext

if TYPE_CHECKING:
    from sora_tui.core.server import Server

#: From so many columns on the banner says more.
_WIDE: Final = 150


class Banner(Widget):
    """Which server the next clip goes to. Word and colour differ for practice and for money."""

    def __init__(self, key: str, *, id: str) -> None:
        super().__init__(id=id)
        self._key = key
        self._server: Server | None = None
        self._paid = False
        self._counts = (0, 0)
        self._today = ""

    def show(self, server: Server, *, paid: bool = False) -> None:
        """Name the server; one that charges says so in word and colour."""
        if (server, paid) != (self._server, self._paid):
            self._server, self._paid = server, paid
            # Styled when it is mounted.
            self.set_class(server.simulated, "-simulated", update=self.is_attached)
            self.set_class(paid, "-paid", update=self.is_attached)
            self.refresh()

    def show_counts(self, running: int, needs_you: int) -> None:
        """How many jobs run and wait for the person, where there is room."""
        if (running, needs_you) != self._counts:
            self._counts = (running, needs_you)
            self.refresh()

    def show_today(self, today: str) -> None:
        """What the day has cost, in words."""
        if today != self._today:
            self._today = today
            self.refresh()

    def render(self) -> Content:
        """One line, the name of the server always in it."""
        server = self._server
        if server is None:
            return Content(" sora-tui")
        if server.simulated:
            word, words = _("SIMULATOR"), _("practice server here; nothing is charged")
            right = _("{key} real").format(key=self._key)
        else:
            word = clean_line(server.name, 30)
            place = server.base_url if self.size.width >= _WIDE else server.host
            words = "  ".join(clean_line(part, 60) for part in (place, server.dialect))
            way = _("paid  {key} server") if self._paid else _("{key} server")
            right = self._today or way.format(key=self._key)
        width = self.size.width
        left = Content.assemble((" sora-tui  ", ""), (f" {word} ", "bold reverse"), f"  {words}")
        if width >= _WIDE:
            right = f"{_counts_words(*self._counts)}   {right}"
        room = width - len(right) - 2
        left = left.truncate(max(room, 0), ellipsis=True, pad=True)
        return Content.assemble(left, " ", right, " ")


def _counts_words(running: int, needs_you: int) -> str:
    parts = [ngettext("{count} running", "{count} running", running).format(count=running)]
    if needs_you:
        parts.append(
            ngettext("{count} needs you", "{count} need you", needs_you).format(count=needs_you)
        )
    return "  ".join(parts)
