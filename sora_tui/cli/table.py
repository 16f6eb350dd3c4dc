"""Rows of text in aligned columns, measured in the terminal's cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len, set_cell_size

_BETWEEN = "  "


def aligned(
    rows: Sequence[Sequence[str]], *, numbers_from: int | None = None, at_most: int | None = None
) -> Iterator[str]:
    """Return the rows as lines, each column as wide as its widest cell.

    No line ends in blanks, so the last column may be of any length.

    Args:
        rows: All of the same length, the heads among them.
        numbers_from: This column and those after it are aligned at the right.
        at_most: Cells of a line; None for as many as it takes.
    """
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            _padded(cell, width, right=numbers_from is not None and column >= numbers_from)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        if numbers_from is None:
            # A prompt of 32,000 characters in one row does not fill up all the others.
            cells[-1] = row[-1]
        line = _BETWEEN.join(cells)
        if at_most is not None and cell_len(line) > at_most:
            line = set_cell_size(line, at_most)
        yield line.rstrip()


def _padded(cell: str, width: int, *, right: bool) -> str:
    return " " * (width - cell_len(cell)) + cell if right else set_cell_size(cell, width)
