"""Lines of a long text: their words, their colours, and where they break."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rich.cells import get_character_cell_size

#: What a part of a line is, for its colour: start and end in characters, and which of `TONES`.
Span = tuple[int, int, str]


class Line(NamedTuple):
    """One line of text, already cleaned.

    Attributes:
        indent: Cells by which its second and later rows are moved in.
        spans: Where it is coloured, in order and apart.
    """

    text: str
    indent: int = 0
    spans: tuple[Span, ...] = ()


def wrap(line: Line, width: int) -> Iterator[tuple[int, int]]:
    """Where the rows of a line begin and end, in characters; at least one row.

    Args:
        line: The line to wrap.
        width: Cells of a row; a character may take two.
    """
    text, start, room = line.text, 0, width
    plain = text.isascii()
    while True:
        end = start + room if plain else _fitting(text, start, room)
        if end >= len(text):
            yield start, len(text)
            return
        # Break at the last space, unless that leaves most of the row empty, or a label alone.
        space = text.rfind(" ", max(start + room // 3, line.indent), end + 1)
        stop = space if space > start else end
        yield start, stop
        start = stop + (2 if text.startswith("  ", stop) else text[stop] == " ")
        room = width - indent_of(line, width)


def indent_of(line: Line, width: int) -> int:
    """By how many cells the later rows of a line are moved in: never more than half of them."""
    return min(line.indent, width // 2)


def _fitting(text: str, start: int, cells: int) -> int:
    """The end of what fits into so many cells from `start`; at least one character."""
    used = 0
    for end in range(start, min(len(text), start + cells * 4)):
        used += get_character_cell_size(text[end])
        if used > cells:
            return max(end, start + 1)
    return min(len(text), start + cells * 4)
