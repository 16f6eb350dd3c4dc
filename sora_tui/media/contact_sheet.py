"""Contact sheets: frames laid out for a space, stored as one picture, and split again."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from sora_tui.media.cells import KEPT_COLUMNS, Cells, to_cells
from sora_tui.media.clip import FRAMES

if TYPE_CHECKING:
    from PIL.Image import Image

#: Most frames on one side of a server's sheet.
_MOST: Final = 12
#: Frames beside each other that are tried; with these each row is full.
_ROWS_OF: Final = (12, 6, 4, 3, 2, 1)
#: A pixel up to this brightness (0..255) counts as black, because JPEG blurs its neighbours.
_BLACK: Final = 24
#: Pixels between frames, which become cells: one column, and one row.
_GAP: Final = 1


def laid_out(frames: Sequence[Image], columns: int, rows: int, *, fine: bool) -> Cells:
    """Return the frames as large as they fit into `columns` x `rows` cells, in order, row by row.

    Where there is no room for all of them, only the first is shown.

    Args:
        frames: At least one; all as large as the first.
        columns: Width of the space, in cells.
        rows: Height of the space, in cells.
        fine: Make a PNG for real pixels, too.
    """
    width, height = frames[0].size
    beside, wide, high = _grid(len(frames), Fraction(width, height), columns, rows)
    if not beside:
        return to_cells(frames[0], columns, rows, fine=fine)
    times = min(8, max(1, width // wide)) if fine else 1
    sheet = _pasted(frames, beside, (wide * times, high * times), _GAP * times)
    # Exactly as many cells as it has pixels, because scaling again would blur it.
    across, down = sheet.width // times, -(-sheet.height // (2 * times))
    whole = sheet.crop((0, 0, sheet.width, 2 * down * times))
    return to_cells(whole, across, down, fine=fine)


def sheet_of(frames: Sequence[Image]) -> Image:
    """Return the frames as one picture to store; `tiles_in` splits it again."""
    return _pasted(frames, KEPT_COLUMNS, frames[0].size, 0)


def tiles_in(sheet: Image, width: int, height: int, beside: int = 0) -> list[Image]:
    """Return the frames in a sheet of a clip of `width` x `height`, `FRAMES` of them at most.

    Black ones at the end are left out.

    Args:
        sheet: The sheet of frames.
        width: Width of the clip, in pixels.
        height: Height of the clip, in pixels.
        beside: Frames beside each other; 0 if unknown: then the fewest are assumed that make frames
            of the clip's shape, and if none do, the sheet is one picture.
    """
    shape = Fraction(width, height)
    if beside:
        above = max(1, round(sheet.height / (sheet.width / beside / shape)))
    else:
        beside, above = _division(Fraction(sheet.width, sheet.height) / shape)
    size = (sheet.width // beside, sheet.height // above)
    corners = [(size[0] * at, size[1] * row) for row in range(above) for at in range(beside)]
    tiles = [sheet.crop((x, y, x + size[0], y + size[1])) for x, y in corners]
    while len(tiles) > 1 and not any(tiles[-1].convert("L").histogram()[_BLACK:]):
        del tiles[-1]
    if len(tiles) <= FRAMES:
        return tiles
    return [tiles[round(number * (len(tiles) - 1) / (FRAMES - 1))] for number in range(FRAMES)]


def _division(ratio: Fraction) -> tuple[int, int]:
    """Return columns and rows of frames whose quotient is about `ratio`, as few as possible."""
    pairs = [(x, y) for x in range(1, _MOST + 1) for y in range(1, _MOST + 1)]
    pairs.sort(key=lambda pair: pair[0] * pair[1])
    near = (pair for pair in pairs if abs(Fraction(pair[0], pair[1]) / ratio - 1) < 0.02)
    return next(near, (1, 1))


def _grid(count: int, shape: Fraction, columns: int, rows: int) -> tuple[int, int, int]:
    """Return the frames in a row, and the width and height of each in pixels, as large as possible.

    It returns 0 frames in a row where they do not fit.
    """
    beside, width, height = 0, 0, 0
    for tried in sorted({min(number, count) for number in _ROWS_OF}, reverse=True):
        above = -(-count // tried)
        across = (columns - _GAP * (tried - 1)) // tried
        down = (2 * rows - _GAP * (above - 1)) // above
        across, down = min(across, int(down * shape)), min(down, int(across / shape))
        if min(across, down) > 0 and across * down > width * height:
            beside, width, height = tried, across, down
    return beside, width, height


def _pasted(frames: Sequence[Image], beside: int, size: tuple[int, int], gap: int) -> Image:
    from PIL import Image as Pillow
    from PIL.Image import Resampling

    above = -(-len(frames) // beside)
    sheet = Pillow.new(
        "RGB", (beside * (size[0] + gap) - gap, above * (size[1] + gap) - gap), "black"
    )
    for number, frame in enumerate(frames):
        row, at = divmod(number, beside)
        small = frame if frame.size == size else frame.resize(size, Resampling.BOX)
        sheet.paste(small, (at * (size[0] + gap), row * (size[1] + gap)))
    return sheet
