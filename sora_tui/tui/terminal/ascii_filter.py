"""ASCII in place of every sign, for fonts and locales that have no others."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

from rich.cells import get_character_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

#: What stands for a sign, in the one cell it has. Lists that say "ok" do so by themselves.
_PLAIN: Final = str.maketrans(
    {
        **dict.fromkeys("─╌┄╴╶▔▁–—", "-"),
        **dict.fromkeys("━═", "="),
        **dict.fromkeys("│┃║▏▎▍▐▕╎┆", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛╔╗╚╝", "+"),
        **dict.fromkeys("█▉▊▋▌▓▒", "#"),
        **dict.fromkeys("▶›→»", ">"),
        **dict.fromkeys("‹←«", "<"),
        **dict.fromkeys("⇣↓▼", "v"),
        **dict.fromkeys("↑▲", "^"),
        **dict.fromkeys("·…•", "."),
        **dict.fromkeys("’‘", "'"),
        **dict.fromkeys("“”", '"'),
        **dict.fromkeys("\u00a0\u202f\u2009▂▃▄▅▆▇░", " "),
        "✓": "+",
        "✗": "x",
        "✂": "%",
        "×": "x",
    }
)


class AsciiFilter(LineFilter):
    """Puts plain signs in place of all others, cell for cell.

    Args:
        letters: Letters of any script stay.
    """

    def __init__(self, *, letters: bool) -> None:
        super().__init__()
        self._letters = letters

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments in plain signs."""
        return [
            segment
            if segment.text.isascii()
            else Segment(_plain(segment.text, self._letters), segment.style, segment.control)
            for segment in segments
        ]


@lru_cache(4096)
def _plain(text: str, letters: bool) -> str:
    return "".join(
        sign if sign.isascii() or (letters and sign.isalpha()) else _nearest(sign)
        for sign in text.translate(_PLAIN)
    )


def _nearest(sign: str) -> str:
    """A letter without its accent, a question mark for every cell of anything else."""
    base = unicodedata.normalize("NFKD", sign)[0]
    cells = get_character_cell_size(sign)
    return base if base.isascii() and cells == 1 else "?" * cells
