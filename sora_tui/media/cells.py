"""Brings a picture, or a clip's first frame, to the cells of a terminal: two pixels in each.

`decode` is what everybody calls: it runs this module as a helper process with limits, because the
file may be anybody's. A cell is taken as twice as high as it is wide.
"""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, Final, Literal

from sora_tui.core.problem import ProblemError, problem_error

if TYPE_CHECKING:
    from PIL.Image import Image

Kind = Literal["picture", "clip"]

#: More cells than any screen has.
MAX_COLUMNS: Final = 1000
MAX_ROWS: Final = 500
#: Limits of the helper: address space in bytes, seconds of processor time and of waiting.
_MEMORY: Final = 2 * 2**30
_CPU: Final = 10
_PATIENCE: Final = 15.0
#: The most that is read of a picture.
_MAX_BYTES: Final = 50 * 2**20
#: Pixels of the finer picture, 400x225: as a palette PNG 64 KiB, what one screen of cells costs.
_FINE_PIXELS: Final = 90_000
#: No side of the finer picture needs more pixels to be made from.
_FINE_SIDE: Final = 800


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


def decode(file: BinaryIO, kind: Kind, columns: int, rows: int, *, fine: bool = False) -> Cells:
    """The picture in `file`, as large as it goes into `columns` x `rows` cells. Takes 0.2 s.

    Args:
        fine: Make `png`, too.

    Raises:
        ProblemError: reference_damaged where it cannot be decoded within the limits.
    """
    command = [sys.executable, "-m", __name__, kind, str(columns), str(rows), str(int(fine))]
    try:
        done = subprocess.run(
            command, stdin=file, capture_output=True, timeout=_PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise problem_error("reference_damaged", format=kind) from error
    head, _newline, pixels = done.stdout.partition(b"\n")
    width, height = (int(word) for word in head.split())
    end = 6 * width * height
    return Cells(width, height, pixels[:end], pixels[end:])


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


def _picture(columns: int, rows: int, fine: bool) -> Cells:
    from sora_tui.media.image import first_frame

    longest = _FINE_SIDE if fine else 2 * max(columns, rows)
    return to_cells(
        first_frame(sys.stdin.buffer.read(_MAX_BYTES), longest), columns, rows, fine=fine
    )


def _clip(columns: int, rows: int, fine: bool) -> Cells:
    import av

    with av.open(sys.stdin.buffer, "r") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        frame = next(container.decode(stream))
        image = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV
        return to_cells(image, columns, rows, fine=fine)


def _main(kind: str, columns: str, rows: str, fine: str) -> int:
    """The helper: a file on stdin, its size in cells and its pixels on stdout."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU, _CPU))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        make = _clip if kind == "clip" else _picture
        cells = make(int(columns), int(rows), fine == "1")
    except ProblemError:
        return 1
    sys.stdout.buffer.write(b"%d %d\n" % (cells.columns, cells.rows) + cells.rgb + cells.png)
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
