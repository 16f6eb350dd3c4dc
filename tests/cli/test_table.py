"""Columns are aligned by the cells that a terminal gives them, in each list of the command line."""

from __future__ import annotations

import pytest

from sora_tui.cli.table import aligned

ROWS = [
    ("ID", "COST", "PROMPT"),
    ("a", "0,40 $", "A kite"),
    ("狐", "-", ""),
    ("e\u0301", "12", "雪"),
]


@pytest.mark.parametrize(
    ("numbers_from", "at_most", "lines"),
    [
        (
            None,
            None,
            ["ID  COST    PROMPT", "a   0,40 $  A kite", "狐  -", "e\u0301   12      雪"],
        ),
        (
            1,
            None,
            [
                "ID    COST  PROMPT",
                "a   0,40 $  A kite",
                "狐       -",
                "e\u0301       12      雪",
            ],
        ),
        # A wide character that does not fit whole is left out.
        (None, 13, ["ID  COST    P", "a   0,40 $  A", "狐  -", "e\u0301   12"]),
    ],
)
def test_columns_are_aligned(
    numbers_from: int | None, at_most: int | None, lines: list[str]
) -> None:
    assert list(aligned(ROWS, numbers_from=numbers_from, at_most=at_most)) == lines


def test_a_long_last_cell_does_not_fill_up_the_other_lines() -> None:
    assert list(aligned([("a", "x" * 32_000), ("bb", "y")])) == ["a   " + "x" * 32_000, "bb  y"]


def test_no_rows_make_no_lines() -> None:
    assert list(aligned([])) == []
