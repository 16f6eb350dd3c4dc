"""The smallest terminal on which the screen is drawn."""

from __future__ import annotations

from typing import Final

#: Columns and rows.
SMALLEST: Final = (40, 12)


def is_too_small(columns: int, rows: int) -> bool:
    """Return whether a terminal has no room for the screen."""
    return columns < SMALLEST[0] or rows < SMALLEST[1]
