"""Facts of an AVI file from its header, for servers that make no MP4 (TensorRT-LLM)."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO, Final

from sora_tui.core.problem import problem_error
from sora_tui.media.mp4 import ClipFacts, likely_length

#: RIFF, the list `hdrl` with `avih`, and the first stream's `strh`: their order is fixed (AVI RIFF
#: File Reference).
_HEADER: Final = 116


def read_avi(file: BinaryIO) -> ClipFacts:
    """Return the facts of an open AVI file.

    Raises:
        ProblemError: `clip_damaged`; its fact `reason` is `cut_off` (shorter than it says) or
            `no_index` (no header where it has to be).
        OSError: The file cannot be read.
    """
    size = os.fstat(file.fileno()).st_size
    head = file.read(_HEADER)
    if len(head) < _HEADER or head[12:16] != b"LIST" or head[20:28] != b"hdrlavih":
        raise problem_error("clip_damaged", reason="no_index")
    (said,) = struct.unpack_from("<I", head, 4)
    if said + 8 > size:
        raise problem_error("clip_damaged", reason="cut_off")
    microseconds, frames = struct.unpack_from("<I12xI", head, 32)
    width, height = struct.unpack_from("<II", head, 64)
    return ClipFacts(
        width=width,
        height=height,
        seconds=likely_length(microseconds * frames / 1e6),
        fps=round(1e6 / microseconds, 3) if microseconds else 0.0,
        codec=head[112:116].decode("latin-1"),
        audio=False,
        faststart=True,
        complete=True,
        bytes=size,
    )
