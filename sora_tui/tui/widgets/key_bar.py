"""The last line of the screen: the keys that matter now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from sora_tui.i18n import N_, _
from sora_tui.tui.commands.key_names import named
from sora_tui.tui.commands.table import BY_ID, first_key

#: What it offers whatever pane is in front, the way out last: commands, or keys as they are shown.
FOOTER: Final = (
    ("help", N_("Help")),
    ("server", N_("Server")),
    ("external_editor", N_("$EDITOR")),
    ("palette", N_("Palette")),
    ("save_prompt", N_("Keep")),
    ("Tab", N_("Next pane")),
    ("leave", N_("Quit")),
)
#: At most six keys below 100 columns: these go first.
_FEW: Final = 6
_FEW_WIDTH: Final = 100
_DROPPED: Final = ("server", "save_prompt", "palette", "external_editor", "Tab")


class KeyBar(Widget):
    """One line of keys. Textual's Footer costs imports and bytes."""

    DEFAULT_CSS = "KeyBar { height: 1; }"

    def __init__(self, own: Mapping[str, str], *, id: str | None = None) -> None:
        """Make the line.

        Args:
            own: Keys by id of a command, where the person has others than the table.
            id: The id of the widget.
        """
        super().__init__(id=id)
        self._own = own
        self._everywhere = self._shown(FOOTER)
        self._dropped = tuple(key for key, _text in self._shown((each, "") for each in _DROPPED))
        self._first: tuple[tuple[str, str], ...] = ()
        self._alone = False

    def show(self, keys: Iterable[tuple[str, str]], *, alone: bool = False) -> None:
        """Offer these first, then those that work everywhere.

        Args:
            keys: Id of a command, or a key as it is shown; and a message id.
            alone: There are no others: the next key is an answer.
        """
        first = self._shown(keys)
        if (first, alone) != (self._first, self._alone):
            self._first, self._alone = first, alone
            self.refresh()

    def _shown(self, keys: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        return tuple(
            (first_key(key, self._own) if key in BY_ID else key, text) for key, text in keys
        )

    def render(self) -> Content:
        """The first one, the way to help, then whole keys as far as the line goes."""
        own = list(self._first)
        shown = {key for key, _text in own}
        everywhere = (
            [] if self._alone else [pair for pair in self._everywhere if pair[0] not in shown]
        )
        for dropped in self._dropped:
            if not self._is_too_much([*own, *everywhere]):
                break
            everywhere = [pair for pair in everywhere if pair[0] != dropped]
        pairs = [*own[:1], *everywhere[:1], *own[1:], *everywhere[1:]]
        while len(pairs) > 3 and self._is_too_much(pairs):
            pairs.pop(-2)
        line = Content(" ")
        for key, text in pairs:
            line += Content.styled(named(key), "bold $text-accent")
            line += Content.styled(f" {_(text)}  ", "$foreground-muted")
        return line

    def _is_too_much(self, pairs: list[tuple[str, str]]) -> bool:
        width = self.size.width
        if width < _FEW_WIDTH and len(pairs) > _FEW:
            return True
        return sum(cell_len(f"{named(key)} {_(text)}  ") for key, text in pairs) > width + 1
