"""Pictures in cells: the right shape, the right pixels."""

from __future__ import annotations

import pytest
from PIL import Image

from sora_tui.core.request import Fit, read_fit
from sora_tui.media.cells import Cells, FitTarget, picture_cells, to_cells
from sora_tui.media.image import check_image
from tests.support.pictures import colour_at, encoded, picture


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


def test_what_a_cut_takes_away_lies_in_the_dark_behind_a_line() -> None:
    data = encoded(Image.new("RGB", (400, 300), "white"), "PNG")
    aim = FitTarget(1280, 720, Fit("cover", "top"))
    cells = picture_cells(data, 40, 40, fine=True, aim=aim)
    assert (cells.columns, cells.rows) == (40, 15)
    shades = [cells.rgb[3 * 40 * y : 3 * 40 * y + 3] for y in range(30)]
    light, line = shades.count(b"\xff\xff\xff"), bytes((255, 200, 60))
    assert shades[:light] == [b"\xff\xff\xff"] * light, "the top stays"
    assert light == pytest.approx(0.75 * 30, abs=1), "of 4:3 a quarter of the height is cut"
    assert shades[light] == line
    assert set(shades[light + 1 :]) == {b"\x4c\x4c\x4c"}
    assert colour_at(cells.png, 5, 5) == (255, 255, 255)
    assert colour_at(cells.png, 5, 220)[0] < 100


def test_the_result_of_a_fit_is_seen_in_the_shape_that_is_sent() -> None:
    data = encoded(Image.new("RGB", (300, 300), "white"), "PNG")
    cells = picture_cells(
        data, 32, 9, fine=False, aim=FitTarget(1280, 720, read_fit("contain:#ff0000"), copy=True)
    )
    assert (cells.columns, cells.rows) == (32, 9)
    upper, _lower = cells.line(4)
    assert (upper[:3], upper[48:51]) == (b"\xff\0\0", b"\xff\xff\xff")
