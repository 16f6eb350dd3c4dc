"""Brings a picture, or a clip's first frame, to the cells of a terminal: two pixels in each.

`decode` is what everybody calls: it runs this module as a helper process with limits, because the
file may be anybody's. A cell is taken as twice as high as it is wide.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Cells:
    """A picture of `columns` x `rows` cells.

    Attributes:
        rgb: Three bytes a pixel, `columns` x `2 * rows` pixels, row by row.
    """

    columns: int
    rows: int
    rgb: bytes

    def line(self, row: int) -> tuple[bytes, bytes]:
        """The upper and the lower pixels of a row of cells."""
        width = 3 * self.columns
        at = 2 * row * width
        return self.rgb[at : at + width], self.rgb[at + width : at + 2 * width]


def decode(file: BinaryIO, kind: Kind, columns: int, rows: int) -> Cells:
    """The picture in `file`, as large as it goes into `columns` x `rows` cells. Takes 0.2 s.

    Raises:
        ProblemError: reference_damaged where it cannot be decoded within the limits.
    """
    command = [sys.executable, "-m", __name__, kind, str(columns), str(rows)]
    try:
        done = subprocess.run(
            command, stdin=file, capture_output=True, timeout=_PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise problem_error("reference_damaged", format=kind) from error
    head, _newline, rgb = done.stdout.partition(b"\n")
    width, height = (int(word) for word in head.split())
    return Cells(width, height, rgb)


def to_cells(image: Image, columns: int, rows: int) -> Cells:
    """An RGB picture, as large as it goes into `columns` x `rows` cells, never a sliver of none."""
    from PIL.Image import Resampling

    columns = max(1, min(columns, MAX_COLUMNS))
    rows = max(1, min(rows, MAX_ROWS))
    scale = min(columns / image.width, 2 * rows / image.height)
    width = max(1, round(image.width * scale))
    height = max(1, round(image.height * scale / 2))
    small = image.resize((width, 2 * height), Resampling.BOX if scale < 1 else Resampling.BICUBIC)
    return Cells(width, height, small.tobytes())


def _picture(columns: int, rows: int) -> Cells:
    from sora_tui.media.image import first_frame

    return to_cells(
        first_frame(sys.stdin.buffer.read(_MAX_BYTES), 2 * max(columns, rows)), columns, rows
    )


def _clip(columns: int, rows: int) -> Cells:
    import av

    with av.open(sys.stdin.buffer, "r") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        frame = next(container.decode(stream))
        return to_cells(frame.to_image(), columns, rows)  # type: ignore[no-untyped-call]  # PyAV


def _main(kind: str, columns: str, rows: str) -> int:
    """The helper: a file on stdin, its size in cells and its pixels on stdout."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU, _CPU))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        cells = (_clip if kind == "clip" else _picture)(int(columns), int(rows))
    except ProblemError:
        return 1
    sys.stdout.buffer.write(b"%d %d\n" % (cells.columns, cells.rows) + cells.rgb)
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
