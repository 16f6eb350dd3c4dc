"""Pictures in cells: the right shape, the right pixels."""

from __future__ import annotations

import pytest

from sora_tui.media.cells import Cells, to_cells
from sora_tui.media.image import check_image
from tests.media.pictures import picture


@pytest.mark.parametrize(
    ("size", "room", "cells"),
    [
        ((1280, 720), (80, 24), (80, 22)),
        ((720, 1280), (80, 24), (27, 24)),
        ((100, 100), (80, 24), (48, 24)),
        ((4000, 3), (80, 24), (80, 1)),
        ((3, 4000), (80, 24), (1, 24)),
        ((8, 8), (1, 1), (1, 1)),
    ],
)
def test_a_picture_keeps_its_shape(
    size: tuple[int, int], room: tuple[int, int], cells: tuple[int, int]
) -> None:
    made = to_cells(picture(*size), *room)
    assert (made.columns, made.rows) == cells
    assert len(made.rgb) == made.columns * 2 * made.rows * 3


def test_a_row_of_cells_is_two_rows_of_pixels() -> None:
    cells = Cells(2, 2, bytes(range(24)))
    assert cells.line(1) == (bytes(range(12, 18)), bytes(range(18, 24)))


@pytest.mark.parametrize(
    ("size", "room", "fine"),
    [
        ((1280, 720), (80, 24), (405, 222)),
        ((20, 10), (80, 24), (80, 40)),
        ((3, 4000), (80, 24), (3, 144)),
    ],
)
def test_the_finer_picture_is_small_and_has_the_shape_of_the_cells(
    size: tuple[int, int], room: tuple[int, int], fine: tuple[int, int]
) -> None:
    made = to_cells(picture(*size), *room, fine=True)
    facts = check_image(made.png)
    assert (facts.format, (facts.width, facts.height)) == ("PNG", fine)
    assert len(made.png) <= 65_536
