"""Colour profiles for tests, built by ICC.1:2022: Display P3, Adobe RGB, a grey and an ink."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Final

Matrix = tuple[tuple[float, float, float], ...]

_D50: Final = (0.9642, 1.0, 0.8249)
_P3: Final[Matrix] = (
    (0.51512, 0.24120, -0.00105),
    (0.29198, 0.69225, 0.04189),
    (0.15710, 0.06657, 0.78407),
)
_ADOBE: Final[Matrix] = (
    (0.60974, 0.31111, 0.01947),
    (0.20528, 0.62567, 0.06087),
    (0.14919, 0.06322, 0.74457),
)


def _fixed(values: Iterable[float]) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _xyz(values: Iterable[float]) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(values)


def _gamma(value: float) -> bytes:
    return b"para" + bytes(4) + struct.pack(">HH", 0, 0) + _fixed([value])


#: The curve of sRGB and Display P3.
_SRGB_CURVE: Final = (
    b"para"
    + bytes(4)
    + struct.pack(">HH", 3, 0)
    + _fixed([2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045])
)


def _profile(space: bytes, kind: bytes, pcs: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    said = "a profile for tests".encode("utf-16-be")
    text = b"mluc" + bytes(4) + struct.pack(">II", 1, 12) + b"enUS"
    text += struct.pack(">II", len(said), 28) + said
    tags = {b"desc": text, b"cprt": text, b"wtpt": _xyz(_D50), **tags}
    table, body = struct.pack(">I", len(tags)), b""
    begin = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", begin + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", begin + len(body), b"lcms", 0x04300000, kind, space, pcs)
    head += bytes(12) + b"acsp" + bytes(28) + _fixed(_D50)
    return head.ljust(128, b"\0") + table + body


def _rgb(matrix: Matrix, curve: bytes) -> bytes:
    names = ((b"rXYZ", b"rTRC"), (b"gXYZ", b"gTRC"), (b"bXYZ", b"bTRC"))
    tags: dict[bytes, bytes] = {}
    for (colour, tone), column in zip(names, matrix, strict=True):
        tags |= {colour: _xyz(column), tone: curve}
    return _profile(b"RGB ", b"mntr", b"XYZ ", tags)


def display_p3() -> bytes:
    """Return the profile of screens of the last years."""
    return _rgb(_P3, _SRGB_CURVE)


def adobe_rgb() -> bytes:
    """Return the profile of cameras and their programs."""
    return _rgb(_ADOBE, _gamma(563 / 256))


def linear_grey() -> bytes:
    """Return a grey profile whose numbers are light itself: half of it looks bright."""
    return _profile(b"GRAY", b"mntr", b"XYZ ", {b"kTRC": _gamma(1.0)})


def green_ink() -> bytes:
    """Return a profile of four inks that lie about their names: cyan prints green."""
    tables = bytes(range(256))
    points = b""
    for at in range(16):  # C, M, Y, K: the last changes first
        cyan, black = at & 8, at & 1
        lab = (0, 128, 128) if black else (128, 48, 208) if cyan else (255, 128, 128)
        points += bytes(lab)
    lut = b"mft1" + bytes(4) + struct.pack(">BBBB", 4, 3, 2, 0)
    lut += _fixed([1, 0, 0, 0, 1, 0, 0, 0, 1]) + tables * 4 + points + tables * 3
    return _profile(b"CMYK", b"prtr", b"Lab ", {b"A2B0": lut})
