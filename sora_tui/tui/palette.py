"""Colours as a terminal takes them: all of them, xterm's 256, or the sixteen of every terminal."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from rich.color import ColorSystem

#: The steps of the 6x6x6 cube of xterm's 256 colours.
_STEPS: Final = (0, 95, 135, 175, 215, 255)
_CUBE: Final = bytes(min(range(6), key=lambda n: abs(_STEPS[n] - level)) for level in range(256))
#: The colours of VGA, which Rich takes the sixteen for, too.
_SIXTEEN: Final = (
    *((0, 0, 0), (170, 0, 0), (0, 170, 0), (170, 85, 0)),
    *((0, 0, 170), (170, 0, 170), (0, 170, 170), (170, 170, 170)),
    *((85, 85, 85), (255, 85, 85), (85, 255, 85), (255, 255, 85)),
    *((85, 85, 255), (255, 85, 255), (85, 255, 255), (255, 255, 255)),
)
_INDEX: Final = {bytes(colour): number for number, colour in enumerate(_SIXTEEN)}
#: An ordered dither (Bayer's), as what is added to each colour by its place in a 4x4 square.
_BAYER: Final = (0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5)
_SPREAD: Final = 80
_ADDED: Final = tuple(round((step + 0.5) / 16 * _SPREAD - _SPREAD / 2) for step in _BAYER)


class Depth(NamedTuple):
    """How a terminal is told a colour.

    Attributes:
        code: The colour of the pixel whose three bytes begin there.
        front: The parameters of SGR that put it in front.
        back: Those that put it behind.
    """

    code: Callable[[bytes, int], str]
    front: Callable[[str], str]
    back: Callable[[str], str]


def dithered(rgb: bytes, width: int) -> bytes:
    """A picture of `width` pixels a row in the sixteen colours, mixed by a fine pattern."""
    out = bytearray(len(rgb))
    for at in range(0, len(rgb), 3):
        y, x = divmod(at // 3, width)
        # Of 4096 colours: more would not be told apart, and be looked up in vain.
        colour = (rgb[at] >> 4, rgb[at + 1] >> 4, rgb[at + 2] >> 4)
        out[at : at + 3] = _nearest(*colour, _ADDED[(y & 3) << 2 | x & 3])
    return bytes(out)


@lru_cache(65536)
def _nearest(red: int, green: int, blue: int, added: int) -> bytes:
    wanted = [level * 17 + added for level in (red, green, blue)]
    return bytes(
        min(
            _SIXTEEN,
            # The eye sees green best and blue least.
            key=lambda colour: sum(
                weight * (is_ - want) ** 2
                for weight, is_, want in zip((3, 6, 1), colour, wanted, strict=True)
            ),
        )
    )


def _true(pixels: bytes, at: int) -> str:
    return f"2;{pixels[at]};{pixels[at + 1]};{pixels[at + 2]}"


def _cube(pixels: bytes, at: int) -> str:
    """The nearest of xterm's 256 colours: the cube, or the finer ramp where it is all but grey."""
    red, green, blue = pixels[at], pixels[at + 1], pixels[at + 2]
    if max(red, green, blue) - min(red, green, blue) < 12 and 8 <= green <= 238:
        return f"5;{232 + min((green - 3) // 10, 23)}"
    return f"5;{16 + 36 * _CUBE[red] + 6 * _CUBE[green] + _CUBE[blue]}"


def _sixteen(pixels: bytes, at: int) -> str:
    number = _INDEX.get(pixels[at : at + 3])
    if number is None:  # not dithered: the background beside a picture, say
        number = _INDEX[_nearest(*(level >> 4 for level in pixels[at : at + 3]), 0)]
    return str(number if number < 8 else number + 52)


def _extended_front(code: str) -> str:
    return "38;" + code


def _extended_back(code: str) -> str:
    return "48;" + code


def _plain_front(code: str) -> str:
    return str(30 + int(code))


def _plain_back(code: str) -> str:
    return str(40 + int(code))


DEPTHS: Final = {
    ColorSystem.TRUECOLOR: Depth(_true, _extended_front, _extended_back),
    ColorSystem.EIGHT_BIT: Depth(_cube, _extended_front, _extended_back),
    ColorSystem.STANDARD: Depth(_sixteen, _plain_front, _plain_back),
}
