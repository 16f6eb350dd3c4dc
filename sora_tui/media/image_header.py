"""Reads the format and size of a picture from its first bytes, without Pillow.

With it a folder of ten thousand pictures gets its badges in a tenth of a second; Pillow would need
seconds, and its import alone would delay the first frame of the screen.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from sora_tui.core.reference_fit import ImageFacts, ImageFormat

FORMATS: Final[tuple[ImageFormat, ...]] = ("JPEG", "PNG", "WEBP", "GIF", "BMP")

#: How many bytes of a file `inspect_header` needs.
HEADER_BYTES: Final = 65_536
#: How many of a JPEG: profiles, histories and small copies come before the segment with its size.
JPEG_HEADER_BYTES: Final = 2**21
#: Most segments that are read before it: 255 of a profile, and some more.
_MOST_SEGMENTS: Final = 1000

_JPEG: Final = b"\xff\xd8\xff"
_JPEG_FRAME_MARKERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ORIENTATION_TAG: Final = 0x0112


def inspect_header(data: bytes) -> ImageFacts | None:
    """Return facts from the first `HEADER_BYTES` of a file, or None for another format.

    If that returns None for a JPEG, pass its first `JPEG_HEADER_BYTES`.

    Only the header is read: the picture itself may be damaged (`check_image` finds that). An
    animation whose frames lie beyond the header counts as two frames, and the EXIF block of a WebP
    is at its end and may not be seen.
    """
    data = data[: JPEG_HEADER_BYTES if is_jpeg(data) else HEADER_BYTES]
    for magic, read in _READERS:
        if data.startswith(magic):
            try:
                facts = read(data)
            except (struct.error, IndexError):
                return None
            return facts if facts and facts.width > 0 and facts.height > 0 else None
    return None


def is_jpeg(data: bytes) -> bool:
    """Return whether a file begins as a JPEG does."""
    return data.startswith(_JPEG)


def _oriented(
    format_: ImageFormat, width: int, height: int, frames: int, orientation: int
) -> ImageFacts:
    """Return facts as displayed; orientations 5 to 8 swap the axes (EXIF 2.32, tag 0x0112)."""
    if orientation >= 5:
        width, height = height, width
    return ImageFacts(format_, width, height, frames, turned=orientation != 1)


def _read_jpeg(data: bytes) -> ImageFacts | None:
    orientation, at = 1, 2
    for _ in range(_MOST_SEGMENTS):
        if at + 4 > len(data) or data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker in (0xFF, 0x01) or 0xD0 <= marker <= 0xD7:  # fill bytes and bare markers
            at += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if length < 2:
            return None
        if marker in _JPEG_FRAME_MARKERS:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return _oriented("JPEG", width, height, 1, orientation)
        segment = data[at + 4 : at + 2 + length]
        if marker == 0xE1 and segment.startswith(b"Exif\0\0"):
            orientation = _exif_orientation(segment[6:])
        at += 2 + length
    return None


def _read_png(data: bytes) -> ImageFacts | None:
    if data[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", data, 16)
    orientation, frames, at = 1, 1, 33
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind in (b"IDAT", b"IEND"):
            break
        if kind == b"acTL":
            (frames,) = struct.unpack_from(">I", data, at + 8)
        elif kind == b"eXIf":
            orientation = _exif_orientation(data[at + 8 : at + 8 + length])
        at += 12 + length
    return _oriented("PNG", width, height, max(frames, 1), orientation)


def _read_gif(data: bytes) -> ImageFacts | None:
    width, height, packed = struct.unpack_from("<HHB", data, 6)
    at = 13 + _gif_palette_bytes(packed)
    frames = 0
    while at < len(data) and frames < 2:
        introducer = data[at]
        if introducer == 0x2C:
            frames += 1
            at += 11 + _gif_palette_bytes(data[at + 9]) if at + 9 < len(data) else len(data)
        elif introducer == 0x21:
            at += 2
        else:
            break
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
    return ImageFacts("GIF", width, height, max(frames, 1))


def _gif_palette_bytes(packed: int) -> int:
    return 3 << ((packed & 7) + 1) if packed & 0x80 else 0


def _read_bmp(data: bytes) -> ImageFacts | None:
    (header,) = struct.unpack_from("<I", data, 14)
    if header == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    elif header >= 40:
        width, height = struct.unpack_from("<ii", data, 18)
    else:
        return None
    return ImageFacts("BMP", width, abs(height))  # a negative height means top row first


def _read_webp(data: bytes) -> ImageFacts | None:
    kind = data[12:16]
    if data[8:12] != b"WEBP":
        return None
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return ImageFacts("WEBP", width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L" and data[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", data, 21)
        return ImageFacts("WEBP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
        frames = 2 if data[20] & 0x02 else 1
        return _oriented("WEBP", width, height, frames, _webp_orientation(data))
    return None


def _webp_orientation(data: bytes) -> int:
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        if kind == b"EXIF":
            return _exif_orientation(data[at + 8 : at + 8 + length].removeprefix(b"Exif\0\0"))
        at += 8 + length + (length & 1)
    return 1


def _exif_orientation(tiff: bytes) -> int:
    """Return the orientation 1..8 of a TIFF block's first directory; 1 if there is none."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, directory)
        for entry in range(directory + 2, directory + 2 + 12 * entries, 12):
            tag, kind, _count, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == _ORIENTATION_TAG and kind == 3:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


_READERS: Final[tuple[tuple[bytes, Callable[[bytes], ImageFacts | None]], ...]] = (
    (_JPEG, _read_jpeg),
    (b"\x89PNG\r\n\x1a\n", _read_png),
    (b"GIF87a", _read_gif),
    (b"GIF89a", _read_gif),
    (b"BM", _read_bmp),
    (b"RIFF", _read_webp),
)
