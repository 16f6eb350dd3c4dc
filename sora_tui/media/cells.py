"""Brings a picture to the cells of a terminal: two pixels in each.

A cell is taken as twice as high as it is wide. Who has a file asks `helper.py`: it may be
anybody's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

#: More cells than any screen has.
MAX_COLUMNS: Final = 1000
MAX_ROWS: Final = 500
#: Pixels of the finer picture, 400x225: as a palette PNG 64 KiB, what one screen of cells costs.
_FINE_PIXELS: Final = 90_000


@dataclass(frozen=True, slots=True)
class Cells:
    """A picture of `columns` x `rows` cells.

    Attributes:
        rgb: Three bytes a pixel, `columns` x `2 * rows` pixels, row by row.
        png: The same picture finer, with a palette, for terminals that take pictures; empty where
            nobody asked for it.
    """

    columns: int
    rows: int
    rgb: bytes
    png: bytes = b""

    def line(self, row: int) -> tuple[bytes, bytes]:
        """The upper and the lower pixels of a row of cells."""
        width = 3 * self.columns
        at = 2 * row * width
        return self.rgb[at : at + width], self.rgb[at + width : at + 2 * width]


def to_cells(image: Image, columns: int, rows: int, *, fine: bool = False) -> Cells:
    """An RGB picture, as large as it goes into `columns` x `rows` cells, never a sliver of none."""
    from PIL.Image import Resampling

    columns = max(1, min(columns, MAX_COLUMNS))
    rows = max(1, min(rows, MAX_ROWS))
    scale = min(columns / image.width, 2 * rows / image.height)
    width = max(1, round(image.width * scale))
    height = max(1, round(image.height * scale / 2))
    small = image.resize((width, 2 * height), Resampling.BOX if scale < 1 else Resampling.BICUBIC)
    return Cells(width, height, small.tobytes(), _png(image, width, 2 * height) if fine else b"")


def _png(image: Image, width: int, height: int) -> bytes:
    """The picture at the shape of `width` x `height`, not finer than it is, about 64 KiB."""
    from PIL.Image import Quantize, Resampling

    times = min(math.sqrt(_FINE_PIXELS / (width * height)), max(1, image.width / width))
    size = (max(1, round(width * times)), max(1, round(height * times)))
    out = BytesIO()
    # A palette takes a third of the bytes, and this way of finding one the least time.
    fine = image.resize(size, Resampling.BOX).quantize(256, method=Quantize.FASTOCTREE)
    fine.save(out, "PNG", compress_level=6)
    return out.getvalue()
