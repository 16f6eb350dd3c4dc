"""Moving backdrops for practice clips: a landscape from a prompt, or a reference zoomed in.

A picture is three grey Pillow pictures (`Planes`), so that a frame is composed by pasting and
shifting whole pixels. Colours are BT.709 in limited range, as HD video has them.
"""

from __future__ import annotations

import colorsys
import math
import random
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from sora_tui.media.clip import to_image

if TYPE_CHECKING:
    from PIL.Image import Image

Rgb = tuple[int, int, int]


class Planes(NamedTuple):
    """One picture in 4:2:0: `y` at full size, `u` and `v` at half; width and height are even."""

    y: Image
    u: Image
    v: Image

    def copy(self) -> Planes:
        """Return a copy that can be drawn on."""
        return Planes(self.y.copy(), self.u.copy(), self.v.copy())

    def window(self, left: int, top: int, width: int, height: int) -> Planes:
        """Return a part of even size. An odd offset shifts the colour by half a pixel, unseen."""
        half = (left // 2, top // 2, left // 2 + width // 2, top // 2 + height // 2)
        return Planes(
            self.y.crop((left, top, left + width, top + height)),
            self.u.crop(half),
            self.v.crop(half),
        )

    def paste(self, what: Planes, left: int, top: int, mask: Mask | None = None) -> None:
        """Paste `what` on this picture at an even position."""
        full, half = mask or (None, None)
        self.y.paste(what.y, (left, top), full)
        self.u.paste(what.u, (left // 2, top // 2), half)
        self.v.paste(what.v, (left // 2, top // 2), half)

    def fill(self, colour: Rgb, left: int, top: int, width: int, height: int) -> None:
        """Draw a filled rectangle; all four numbers are even."""
        y, u, v = _ycbcr(colour)
        half = (left // 2, top // 2, (left + width) // 2, (top + height) // 2)
        self.y.paste(y, (left, top, left + width, top + height))
        self.u.paste(u, half)
        self.v.paste(v, half)


class Mask(NamedTuple):
    """Opacity of something that is pasted, for the planes of full and of half size."""

    full: Image
    half: Image


class Backdrop(Protocol):
    """The moving picture behind the titles of a clip."""

    def at(self, second: float) -> Planes:
        """Return a new picture for this second of the clip, which may be drawn on."""


def to_planes(picture: Image) -> Planes:
    """Return an RGB picture of even size as planes."""
    import av
    from av.video.reformatter import ColorRange, Colorspace

    frame = av.VideoFrame(*picture.size, "rgb24")
    rgb = frame.planes[0]
    rgb.update(picture.tobytes("raw", "RGB", rgb.line_size, 1))
    frame = frame.reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )
    y, u, v = (to_image(plane, "L") for plane in frame.planes)
    return Planes(y, u, v)


def to_mask(opacity: Image) -> Mask:
    """Return the mask of a picture of opacities, at full and at half size."""
    return Mask(opacity, opacity.reduce(2))


def accent_colour(seed: int) -> Rgb:
    """Return the bright colour that belongs to the landscape of the same seed."""
    return _hsv(_chance(seed).random() + 0.5, 0.35, 1.0)


class Landscape:
    """A sun over ridges that pass at different speeds, in colours and shapes chosen by a seed.

    Every ridge repeats after one picture width, so the movement has no end.
    """

    RIDGES: Final = 5

    def __init__(self, seed: int, width: int, height: int) -> None:
        chance = _chance(seed)
        hue = chance.random()
        top = _hsv(hue, 0.70, 0.30)
        middle = _hsv(hue + 0.06, 0.55, 0.72)
        horizon = _hsv(hue + 0.14, 0.38, 1.0)
        ground = _hsv(hue - 0.04, 0.75, 0.10)
        self._width = width
        self._sky = to_planes(_sky(chance, width, height, [top, middle, horizon]))
        self._ridges = [
            _ridge(chance, width, height, depth / (self.RIDGES - 1), horizon, ground)
            for depth in range(self.RIDGES)
        ]

    def at(self, second: float) -> Planes:
        """Return the frame at this second of the clip."""
        picture = self._sky.copy()
        for ridge in self._ridges:
            left = int(second * ridge.speed) % self._width
            full, half = ridge.mask
            mask = Mask(
                full.crop((left, 0, left + self._width, full.height)),
                half.crop((left // 2, 0, (left + self._width) // 2, half.height)),
            )
            picture.paste(ridge.crest, 0, ridge.top, mask)
            picture.paste(ridge.slope, 0, ridge.top + full.height)
        return picture


class Photo:
    """A reference: shown exactly at second 0, then slightly zoomed while the view moves.

    The seed chooses the movement.
    """

    CLOSER: Final = 1.16
    APPROACH_SECONDS: Final = 0.7

    def __init__(self, seed: int, picture: Image) -> None:
        from PIL.Image import Resampling

        chance = _chance(seed)
        # Seconds from one side to the other, across and up; a minus starts in the other direction.
        self._across = chance.uniform(11, 17) * chance.choice((-1, 1))
        self._up = chance.uniform(7, 11) * chance.choice((-1, 1))

        self._width, self._height = picture.size
        self._first = to_planes(picture)
        near = tuple(2 * round(side * self.CLOSER / 2) for side in picture.size)
        self._near = to_planes(picture.resize((near[0], near[1]), Resampling.BICUBIC))
        self._slack = (near[0] - self._width, near[1] - self._height)

    def at(self, second: float) -> Planes:
        """Return the frame at this second of the clip."""
        from PIL import Image as Pillow

        # Half a sine each way, with different periods, starting in the middle.
        left = round(self._slack[0] / 2 * (1 + math.sin(second * math.tau / self._across)))
        top = round(self._slack[1] / 2 * (1 + math.sin(second * math.tau / self._up)))
        near = self._near.window(left, top, self._width, self._height)
        share = second / self.APPROACH_SECONDS
        if share >= 1:
            return near
        return Planes(*(Pillow.blend(a, b, share) for a, b in zip(self._first, near, strict=True)))


class _Ridge(NamedTuple):
    top: int
    crest: Planes  # the rows the outline runs through
    slope: Planes  # all rows below
    mask: Mask  # of the crest, two picture widths, the second like the first
    speed: float  # pixels per second


def _sky(chance: random.Random, width: int, height: int, colours: list[Rgb]) -> Image:
    """Return a gradient with stars in its dark part and a sun with its glow."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    sky = _gradient(width, height, [colours[0], colours[1], colours[2], colours[2]])
    side = min(width, height)
    stars = Pillow.new("L", sky.size, 0)
    pen = ImageDraw.Draw(stars)
    for _ in range(90):
        x, y = chance.randrange(width), int(chance.random() ** 1.6 * height * 0.45)
        pen.rectangle((x, y, x + side // 500, y + side // 500), fill=chance.randrange(60, 190))
    sky.paste((255, 255, 255), mask=stars)

    centre = (int(width * chance.uniform(0.25, 0.75)), int(height * chance.uniform(0.30, 0.42)))
    glow = int(side * 1.7)
    # Pillow's gradient is 181 where its circle touches the sides.
    light = Pillow.radial_gradient("L").point(lambda far: int(210 * max(0, 1 - far / 181) ** 2))
    corner = (centre[0] - glow // 2, centre[1] - glow // 2)
    sky.paste((255, 250, 235), corner, light.resize((glow, glow)))
    radius = side * 0.085
    disc = Pillow.new("L", (int(radius * 8), int(radius * 8)), 0)
    ImageDraw.Draw(disc).ellipse((0, 0, disc.width - 1, disc.height - 1), fill=255)
    disc = disc.reduce(4) if disc.width >= 4 else disc
    corner = (centre[0] - disc.width // 2, centre[1] - disc.height // 2)
    sky.paste((255, 252, 244), corner, disc)
    return sky


def _ridge(
    chance: random.Random, width: int, height: int, depth: float, far: Rgb, near: Rgb
) -> _Ridge:
    """Return the ridge at `depth` 0 (farthest) .. 1 (nearest)."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    rise = height * (0.09 + 0.03 * depth)
    waves = [
        (count, chance.uniform(0.5, 1.0) / count**0.9, chance.uniform(0, math.tau))
        for count in (1, 2, 3, 5, 8, 13, 21)
    ]
    loudest = sum(loud for _, loud, _ in waves)
    step = max(1, width // 320)
    line = [
        (x, sum(loud * math.sin(math.tau * n * x / width + at) for n, loud, at in waves) / loudest)
        for x in range(0, 2 * width + step, step)
    ]
    middle = height * (0.50 + 0.36 * depth)
    top = 2 * int((middle - rise) / 2)
    band = 2 * math.ceil(rise + 1)
    mask = Pillow.new("L", (4 * width, 2 * band), 0)  # twice as large: smooth edges
    outline = [(2 * x, 2 * (middle - top - rise * lift)) for x, lift in line]
    ImageDraw.Draw(mask).polygon([*outline, (4 * width, 2 * band), (0, 2 * band)], fill=255)
    colour = _mix(far, near, 0.22 + 0.74 * depth**0.8)
    mist = _mix(colour, far, 0.45 * (1 - depth))
    colours = to_planes(_gradient(width, height - top, [colour, mist, mist]))
    return _Ridge(
        top,
        colours.window(0, 0, width, band),
        colours.window(0, band, width, height - top - band),
        to_mask(mask.reduce(2)),
        speed=width * (0.006 + 0.10 * depth**2),
    )


def _gradient(width: int, height: int, colours: list[Rgb]) -> Image:
    """Return a gradient of colours from top to bottom at equal distances."""
    from PIL import Image as Pillow
    from PIL.Image import Resampling

    column = Pillow.new("RGB", (1, height))
    for y in range(height):
        place = y / max(1, height - 1) * (len(colours) - 1)
        lower = min(int(place), len(colours) - 2)
        column.putpixel((0, y), _mix(colours[lower], colours[lower + 1], place - lower))
    return column.resize((width, height), Resampling.NEAREST)


def _chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - repeatable on purpose


def _mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    r, g, b = (round(x + (y - x) * share) for x, y in zip(one, other, strict=True))
    return r, g, b


def _hsv(hue: float, saturation: float, value: float) -> Rgb:
    r, g, b = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(r * 255), round(g * 255), round(b * 255)


def _ycbcr(colour: Rgb) -> Rgb:
    """Return an RGB colour in BT.709, limited range (ITU-R BT.709-6, sections 3 and 4)."""
    r, g, b = (channel / 255 for channel in colour)
    luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
    return (
        round(16 + 219 * luma),
        round(128 + 224 * (b - luma) / 1.8556),
        round(128 + 224 * (r - luma) / 1.5748),
    )
