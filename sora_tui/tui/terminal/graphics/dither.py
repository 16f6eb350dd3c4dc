"""Colours for terminals that have few: xterm's 256, or the sixteen that each has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from rich.color import ColorSystem

#: The steps of xterm's 6x6x6 cube of colours, which are numbered from 16 on, and the nearest step.
_STEPS: Final = (0, 95, 135, 175, 215, 255)
_STEP: Final = bytes(min(range(6), key=lambda n: abs(_STEPS[n] - level)) for level in range(256))
#: Its greys: so many, ten apart, numbered from 232 on.
_GREYS: Final = 24
#: The colours of VGA, which Rich takes the sixteen for, too.
_SIXTEEN: Final = (
    *((0, 0, 0), (170, 0, 0), (0, 170, 0), (170, 85, 0)),
    *((0, 0, 170), (170, 0, 170), (0, 170, 170), (170, 170, 170)),
    *((85, 85, 85), (255, 85, 85), (85, 255, 85), (255, 255, 85)),
    *((85, 85, 255), (255, 85, 255), (85, 255, 255), (255, 255, 255)),
)
#: The eye sees green best and blue least.
_WEIGHTS: Final = (3, 6, 1)


class Depth(NamedTuple):
    """How a terminal that has not all colours is told one of those it has.

    Attributes:
        front: The parameters of SGR that put the colour of a pixel, its three bytes, in front.
        back: Those that put it behind.
        nearest: Of its colours the one nearest to red, green and blue.
    """

    front: Callable[[bytes], str]
    back: Callable[[bytes], str]
    nearest: Callable[[int, int, int], bytes]


def dithered(rgb: bytes, width: int, depth: Depth) -> bytes:
    """A picture of `width` pixels a row in the colours that there are; 5 ms for 80x24 cells.

    What a pixel is off goes on to its neighbours (the light form of Sierra's filter), so that the
    eye mixes the colours that are missing; less than all of it, or dark parts would be sprinkled.
    """
    out = bytearray(rgb)
    below = [0] * (3 * width + 3)
    for start in range(0, len(rgb), 3 * width):
        here, below = below, [0] * (3 * width + 3)
        red, green, blue = here[:3]
        for x in range(0, 3 * width, 3):
            at = start + x
            red, green, blue = red + rgb[at], green + rgb[at + 1], blue + rgb[at + 2]
            found = depth.nearest(_near(red), _near(green), _near(blue))
            out[at : at + 3] = found
            off = (red - found[0], green - found[1], blue - found[2])
            for part, rest in enumerate(off):
                below[x + part] += rest * 5 >> 5
                below[x - 3 + part] += rest * 5 >> 5
            red, green, blue = (
                here[x + 3 + part] + (rest * 5 >> 4) for part, rest in enumerate(off)
            )
    return bytes(out)


def _near(level: int) -> int:
    return 255 if level > 251 else 0 if level < 4 else level & 0xF8 | 4


def _closest(wanted: tuple[int, int, int], colours: Iterable[tuple[int, int, int]]) -> bytes:
    def distance(colour: tuple[int, int, int]) -> int:
        parts = zip(_WEIGHTS, colour, wanted, strict=True)
        return sum(weight * (is_ - want) ** 2 for weight, is_, want in parts)

    return bytes(min(colours, key=distance))


@lru_cache(32768)
def _nearest_of_256(red: int, green: int, blue: int) -> bytes:
    cube = (_STEPS[_STEP[red]], _STEPS[_STEP[green]], _STEPS[_STEP[blue]])
    grey = 8 + 10 * min(max(round((3 * red + 6 * green + blue - 80) / 100), 0), _GREYS - 1)
    return _closest((red, green, blue), (cube, (grey, grey, grey)))


@lru_cache(32768)
def _nearest_of_16(red: int, green: int, blue: int) -> bytes:
    return _closest((red, green, blue), _SIXTEEN)


@lru_cache(1024)
def _number_of_256(pixel: bytes) -> int:
    red, green, blue = _nearest_of_256(*pixel)
    if red == green == blue and red not in _STEPS:
        return 232 + (red - 8) // 10
    return 16 + 36 * _STEP[red] + 6 * _STEP[green] + _STEP[blue]


@lru_cache(1024)
def _front_of_16(pixel: bytes) -> int:
    red, green, blue = _nearest_of_16(*pixel)
    number = _SIXTEEN.index((red, green, blue))
    return 30 + number if number < 8 else 82 + number


DEPTHS: Final = {
    ColorSystem.EIGHT_BIT: Depth(
        lambda pixel: f"38;5;{_number_of_256(pixel)}",
        lambda pixel: f"48;5;{_number_of_256(pixel)}",
        _nearest_of_256,
    ),
    ColorSystem.STANDARD: Depth(
        lambda pixel: str(_front_of_16(pixel)),
        lambda pixel: str(_front_of_16(pixel) + 10),
        _nearest_of_16,
    ),
}
