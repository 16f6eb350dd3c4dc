"""Turns a picture into the cells of a terminal: two pixels in each.

A cell is assumed to be twice as high as it is wide. A caller with a file uses `decoder_client.py`,
since the file may be a stranger's.
"""

from __future__ import annotations

import math
from io import BytesIO
from typing import TYPE_CHECKING, Final, NamedTuple

from sora_tui.core.request import Fit, read_fit, width_height

if TYPE_CHECKING:
    from PIL.Image import Image

#: Left, top, right, bottom as shares (0..1) of the sides of a picture.
Box = tuple[float, float, float, float]
WHOLE: Final[Box] = (0.0, 0.0, 1.0, 1.0)

#: Brightness (0..1) of what a cut removes; a line marks the border.
_DARK: Final = 0.3
_LINE: Final = (255, 200, 60)
#: The line is one pixel wide in cells, and this part of the longer side in a finer picture.
_LINES: Final = 400
#: More cells than any screen has.
MAX_COLUMNS: Final = 1000
MAX_ROWS: Final = 500
#: Frames beside each other in a contact sheet in the cache.
KEPT_COLUMNS: Final = 4
#: Pixels of the finer picture, 400x225: as a palette PNG 64 KiB, what one screen of cells costs.
_FINE_PIXELS: Final = 90_000
#: The longest side in pixels that a finer picture is made from.
_FINE_SIDE: Final = 800


class FitTarget(NamedTuple):
    """The size that a reference is brought to, for viewing the result.

    Attributes:
        width: In pixels, of the clip; the shape alone matters.
        copy: Show what is sent; otherwise the picture, with the parts that a cut removes darkened.
    """

    width: int
    height: int
    fit: Fit
    copy: bool = False

    def __str__(self) -> str:
        return f"{self.width}x{self.height} {self.fit} {'made' if self.copy else 'whole'}"


def read_aim(text: str) -> FitTarget:
    """Return the target that a text means.

    Raises:
        ProblemError: size_invalid.
        ValueError: It means none.
    """
    size, fit, what = text.split()
    return FitTarget(*width_height(size), read_fit(fit), what == "made")


class CellArea(NamedTuple):
    """How large a picture may be on the screen, in cells.

    Attributes:
        fine: The terminal shows pictures finer than cells.
    """

    columns: int
    rows: int
    fine: bool = False


class Cells(NamedTuple):
    """A picture of `columns` x `rows` cells.

    Attributes:
        rgb: Three bytes a pixel, `columns` x `2 * rows` pixels, row by row.
        png: The same picture finer, with a palette, for terminals that show pictures; empty where
            it was not asked for.
    """

    columns: int
    rows: int
    rgb: bytes
    png: bytes = b""

    def line(self, row: int) -> tuple[bytes, bytes]:
        """Return the upper and the lower pixels of a row of cells."""
        width = 3 * self.columns
        at = 2 * row * width
        return self.rgb[at : at + width], self.rgb[at + width : at + 2 * width]


def to_cells(
    image: Image, columns: int, rows: int, *, fine: bool = False, kept: Box = WHOLE
) -> Cells:
    """Return an RGB picture scaled to fit `columns` x `rows` cells, at least one cell in size.

    Args:
        image: The picture.
        columns: Width of the space, in cells.
        rows: Height of the space, in cells.
        fine: Make `png`, too.
        kept: The part that stays; the rest is darkened.
    """
    from PIL.Image import Resampling

    columns = max(1, min(columns, MAX_COLUMNS))
    rows = max(1, min(rows, MAX_ROWS))
    scale = min(columns / image.width, 2 * rows / image.height)
    width = max(1, round(image.width * scale))
    height = max(1, round(image.height * scale / 2))
    way = Resampling.BOX if scale < 1 else Resampling.BICUBIC
    small = _in_the_dark(image.resize((width, 2 * height), way), kept)
    png = _png(image, width, 2 * height, kept) if fine else b""
    return Cells(width, height, small.tobytes(), png)


def _in_the_dark(image: Image, kept: Box) -> Image:
    """Return the picture with all but `kept` darkened, and a line around that part."""
    if kept == WHOLE:
        return image
    from PIL import ImageDraw

    width, height = image.size
    left, top, right, bottom = (
        round(share * side) for share, side in zip(kept, (width, height) * 2, strict=True)
    )
    part = image.crop((left, top, right, bottom))
    dark = image.point(lambda value: value * _DARK)
    line = max(1, round(max(image.size) / _LINES))
    ImageDraw.Draw(dark).rectangle(
        (left - line, top - line, right + line - 1, bottom + line - 1), fill=_LINE
    )
    dark.paste(part, (left, top))
    return dark


def _png(image: Image, width: int, height: int, kept: Box) -> bytes:
    """Return the picture as a PNG in the shape of `width` x `height`, never enlarged; ~64 KiB."""
    from PIL.Image import Quantize, Resampling

    times = min(math.sqrt(_FINE_PIXELS / (width * height)), max(1, image.width / width))
    size = (max(1, round(width * times)), max(1, round(height * times)))
    out = BytesIO()
    # A palette needs a third of the bytes, and this way of finding one is the fastest.
    fine = _in_the_dark(image.resize(size, Resampling.BOX), kept)
    fine.quantize(256, method=Quantize.FASTOCTREE).save(out, "PNG", compress_level=6)
    return out.getvalue()


def picture_cells(
    data: bytes, columns: int, rows: int, *, fine: bool, aim: FitTarget | None
) -> Cells:
    """Return a picture in cells, changed as the fit `aim` would change it.

    Raises:
        ImageRefusedError: As for `first_frame`.
    """
    from sora_tui.media.image import first_frame, fitted, kept_part

    longest = _FINE_SIDE if fine else 2 * max(columns, rows)
    image, kept = first_frame(data, longest), WHOLE
    if aim is not None and aim.copy:
        scale = min(1.0, longest / max(aim.width, aim.height))
        width, height = (max(1, round(side * scale)) for side in (aim.width, aim.height))
        image = fitted(image, width, height, aim.fit)
    elif aim is not None and aim.fit.how == "cover":
        kept = kept_part(*image.size, aim.width, aim.height, aim.fit.gravity)
    return to_cells(image, columns, rows, fine=fine, kept=kept)
