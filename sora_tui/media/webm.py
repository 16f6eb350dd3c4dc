"""Whether a WebM or Matroska file is complete: it is kept for players, and not decoded here."""

from __future__ import annotations

import os
from typing import BinaryIO, Final

from sora_tui.core.problem import problem_error

#: The element that holds all of the clip (RFC 9559, 5.1).
_SEGMENT: Final = b"\x18\x53\x80\x67"


def webm_suffix(file: BinaryIO) -> str:
    """Return the suffix for an open file that begins as EBML (RFC 8794).

    Raises:
        ProblemError: clip_damaged; its fact `reason` is `no_index` (no clip in it) or `cut_off`
            (shorter than it says; many do not say it).
        OSError: The file cannot be read.
    """
    size = os.fstat(file.fileno()).st_size
    file.seek(4)
    head = file.read(_length(file) or 0)
    if file.read(4) != _SEGMENT:
        raise problem_error("clip_damaged", reason="no_index")
    length = _length(file)
    if length is not None and file.tell() + length > size:
        raise problem_error("clip_damaged", reason="cut_off")
    return ".webm" if b"webm" in head else ".mkv"


def _length(file: BinaryIO) -> int | None:
    """Return a size as EBML writes it, None if unknown.

    The leading zeros of its first byte give its own length in bytes.
    """
    first = file.read(1)
    if not first or not first[0]:
        raise problem_error("clip_damaged", reason="no_index")
    bits = 7 * (9 - first[0].bit_length())
    length = int.from_bytes(first + file.read(bits // 7 - 1)) & ((1 << bits) - 1)
    return None if length == (1 << bits) - 1 else length
