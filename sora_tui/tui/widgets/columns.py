"""What stands in the columns of a list, and where, in terminal cells."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from rich.cells import cell_len, set_cell_size

Tone = Literal["", "ok", "warn", "error", "muted", "accent"]
Justify = Literal["left", "right"]

SIGN_WIDTH = 1
"""Width of the cursor's sign, left of all columns."""
_GAP = 1
# Text is cleaned long before it comes here; this is the last door before the terminal.
_CONTROLS = dict.fromkeys(
    [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029], "\N{REPLACEMENT CHARACTER}"
)


class Cell(NamedTuple):
    """What stands in one column of one row: literal text, never markup, and what it means."""

    text: str
    style: Tone = ""


class Column(NamedTuple):
    """A column: `width` in terminal cells, or None for the one column that takes the rest.

    When the list is too narrow for all fixed columns and `min_width` cells of the flexible one,
    columns vanish, the highest `drop` first; those with `drop` 0 stay.
    """

    key: str
    title: str
    width: int | None
    min_width: int = 8
    justify: Justify = "left"
    drop: int = 0


class Place(NamedTuple):
    """Where a column stands in the present width, in cells."""

    column: Column
    x: int
    width: int


def place_columns(columns: Sequence[Column], width: int) -> tuple[Place, ...]:
    """Lay `columns` out in `width` cells, dropping the most droppable until the rest fits."""
    kept = list(columns)
    while _needed(kept) > width and any(column.drop for column in kept):
        kept.remove(max(kept, key=lambda column: column.drop))
    spare = max(0, width - _needed(kept))
    places: list[Place] = []
    x = SIGN_WIDTH
    for column in kept:
        wanted = column.min_width + spare if column.width is None else column.width
        shown = max(0, min(wanted, width - x))
        places.append(Place(column, x, shown))
        x += shown + _GAP
    return tuple(place for place in places if place.width)


def _needed(columns: Sequence[Column]) -> int:
    widths = (column.min_width if column.width is None else column.width for column in columns)
    return SIGN_WIDTH + sum(widths) + _GAP * (len(columns) - 1)


def fit(text: str, width: int, justify: Justify = "left") -> str:
    """`text` in exactly `width` terminal cells, cut hard or padded, without control characters."""
    text = text.translate(_CONTROLS)
    missing = width - cell_len(text)
    if justify == "right" and missing > 0:
        return " " * missing + text
    return set_cell_size(text, width)
