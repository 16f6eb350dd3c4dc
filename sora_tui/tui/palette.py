"""Colours as a terminal takes them: all of them, xterm's 256, or the sixteen of every terminal."""

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
    """How a terminal is told a colour.

    Attributes:
        code: What names the colour of the pixel whose three bytes begin there.
        front: The parameters of SGR that put it in front.
        back: Those that put it behind.
        nearest: Of its colours the one nearest to red, green and blue; None: there are all.
    """

    code: Callable[[bytes, int], str]
    front: Callable[[str], str]
    back: Callable[[str], str]
    nearest: Callable[[int, int, int], bytes] | None = None


def dithered(rgb: bytes, width: int, depth: Depth) -> bytes:
    """A picture of `width` pixels a row in the colours that there are; 5 ms for 80x24 cells.

    What a pixel is off goes on to its neighbours (the light form of Sierra's filter), so that the
    eye mixes the colours that are missing; less than all of it, or dark parts would be sprinkled.
    """
    if depth.nearest is None:
        return rgb
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


def _all(pixels: bytes, at: int) -> str:
    return f"2;{pixels[at]};{pixels[at + 1]};{pixels[at + 2]}"


def _of_256(pixels: bytes, at: int) -> str:
    red, green, blue = _nearest_of_256(pixels[at], pixels[at + 1], pixels[at + 2])
    if red == green == blue and red not in _STEPS:
        return f"5;{232 + (red - 8) // 10}"
    return f"5;{16 + 36 * _STEP[red] + 6 * _STEP[green] + _STEP[blue]}"


def _of_16(pixels: bytes, at: int) -> str:
    red, green, blue = _nearest_of_16(pixels[at], pixels[at + 1], pixels[at + 2])
    number = _SIXTEEN.index((red, green, blue))
    return str(number if number < 8 else number + 52)


DEPTHS: Final = {
    ColorSystem.TRUECOLOR: Depth(_all, "38;{}".format, "48;{}".format),
    ColorSystem.EIGHT_BIT: Depth(_of_256, "38;{}".format, "48;{}".format, nearest=_nearest_of_256),
    ColorSystem.STANDARD: Depth(
        _of_16,
        lambda code: str(30 + int(code)),
        lambda code: str(40 + int(code)),
        nearest=_nearest_of_16,
    ),
}
