"""Sheets of frames: laid out as large as they go, and taken apart again."""

from __future__ import annotations

import pytest
from PIL import Image

from sora_tui.media.contact_sheet import laid_out, sheet_of, tiles_in


def frames(count: int, width: int = 320, height: int = 180) -> list[Image.Image]:
    """Each a grey of its own."""
    return [Image.new("RGB", (width, height), (60 + 15 * n,) * 3) for n in range(count)]


@pytest.mark.parametrize("room", [(80, 24), (46, 4), (160, 43), (36, 10), (9, 40), (1, 1)])
@pytest.mark.parametrize("size", [(320, 180), (180, 320), (320, 320)])
def test_they_fit_and_stand_in_order(room: tuple[int, int], size: tuple[int, int]) -> None:
    cells = laid_out(frames(12, *size), *room, fine=False)
    assert 0 < cells.columns <= room[0]
    assert 0 < cells.rows <= room[1]
    greys = [max(cells.rgb[at : at + 3]) for at in range(0, len(cells.rgb), 3)]
    if room[0] >= 36:
        first = [grey for number, grey in enumerate(greys) if grey not in greys[:number]]
        assert [grey for grey in first if grey] == sorted(grey for grey in first if grey)
        assert len([grey for grey in first if grey]) == 12


def test_the_finer_sheet_shows_the_same() -> None:
    plain, fine = (laid_out(frames(12), 80, 24, fine=wish) for wish in (False, True))
    assert (plain.columns, plain.rows) == (fine.columns, fine.rows)
    assert fine.png.startswith(b"\x89PNG")


@pytest.mark.parametrize("count", [1, 3, 5, 12])
def test_a_kept_sheet_gives_back_as_many_as_were_put_in(count: int) -> None:
    tiles = tiles_in(sheet_of(frames(count)), 320, 180, 4)
    assert [tile.getpixel((9, 9)) for tile in tiles] == [(60 + 15 * n,) * 3 for n in range(count)]


@pytest.mark.parametrize(
    ("beside", "above", "clip", "expected"),
    [
        (4, 3, (1280, 720), 12),
        (3, 4, (720, 1280), 12),
        (5, 2, (1280, 720), 10),
        (6, 5, (1280, 720), 12),  # of thirty, twelve that are spread over all
        (1, 1, (1280, 720), 1),
    ],
)
def test_how_a_servers_sheet_is_divided_shows_by_the_shape_of_its_frames(
    beside: int, above: int, clip: tuple[int, int], expected: int
) -> None:
    width, height = clip[0] // 8, clip[1] // 8
    sheet = Image.new("RGB", (beside * width, above * height), "white")
    assert len(tiles_in(sheet, *clip)) == expected


def test_a_sheet_that_makes_no_sense_is_one_picture() -> None:
    assert len(tiles_in(Image.new("RGB", (1000, 37), "white"), 1280, 720)) == 1
