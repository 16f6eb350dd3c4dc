"""Draws the sample pictures of input_reference/: made for this repository, the same every time.

    python tools/draw_samples.py [FOLDER]

Everything is drawn at twice its size and scaled down, so that edges are smooth.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Rgb = tuple[int, int, int]
Point = tuple[float, float]
TWICE: Final = 2


def gradient(size: tuple[int, int], stops: Sequence[tuple[float, Rgb]]) -> Image.Image:
    """Colours from top (0.0) to bottom (1.0)."""
    height = size[1]
    column = Image.new("RGB", (1, height))
    for y in range(height):
        at = y / (height - 1)
        below = next((i for i, stop in enumerate(stops) if stop[0] >= at), len(stops) - 1)
        (start, one), (end, two) = stops[max(below - 1, 0)], stops[below]
        share = (at - start) / (end - start) if end > start else 0.0
        r, g, b = (round(p + (q - p) * share) for p, q in zip(one, two, strict=True))
        column.putpixel((0, y), (r, g, b))
    return column.resize(size)


def glow(picture: Image.Image, centre: Point, radius: int, colour: Rgb, strength: float) -> None:
    """Light that fades with distance, added to what is there."""
    fade = ImageChops.invert(Image.radial_gradient("L")).resize((2 * radius, 2 * radius))
    rim = fade.tobytes()[2 * radius * radius]  # nothing is left of the light where the square ends
    reach = [max(v - rim, 0) / (255 - rim) for v in range(256)]
    fade = fade.point([round(255 * strength * share**2.2) for share in reach])
    light = Image.new("RGB", picture.size)
    at = (round(centre[0]) - radius, round(centre[1]) - radius)
    light.paste(Image.new("RGB", fade.size, colour), at, fade)
    picture.paste(ImageChops.screen(picture, light))


def ridge(width: int, base: float, height: float, waves: float, seed: int) -> list[Point]:
    """A line of hills or waves from left to right: a few sines with chosen phases."""
    phases = [Random(seed + n).uniform(0, math.tau) for n in range(4)]

    def at(x: float) -> float:
        return sum(
            math.sin(x / width * math.tau * waves * 1.9**n + phase) / 1.7**n
            for n, phase in enumerate(phases)
        )

    return [(x, base - height * at(x)) for x in range(0, width + 8, 8)]


def land(draw: ImageDraw.ImageDraw, line: list[Point], bottom: float, colour: Rgb) -> None:
    """Everything below a ridge."""
    draw.polygon([*line, (line[-1][0], bottom), (line[0][0], bottom)], fill=colour)


def mirrored(picture: Image.Image, horizon: int, shiver: float, seed: int) -> None:
    """Still water below the horizon: what stands above, upside down, row by row a little aside."""
    chance = Random(seed)
    width, height = picture.size
    above = picture.crop((0, 2 * horizon - height, width, horizon))
    upside = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    step = 4
    for y in range(0, height - horizon, step):
        aside = round(chance.gauss(0, shiver) * (0.3 + y / (height - horizon)))
        row = upside.crop((0, y, width, y + step))
        picture.paste(ImageChops.offset(row, aside, 0), (0, horizon + y))


def boat(draw: ImageDraw.ImageDraw, x: float, y: float, scale: float, hull: Rgb) -> None:
    """A small fishing boat with cabin, two masts and rigging; (x, y) is amidships on the water."""

    def at(*points: Point) -> list[Point]:
        return [(x + px * scale, y + py * scale) for px, py in points]

    dark: Rgb = (22, 24, 44)
    for mast, height in ((-30, -190), (52, -150)):
        draw.line(at((mast, 0), (mast, height)), fill=dark, width=round(5 * scale))
        draw.line(
            at((-104, -34), (mast, height), (112, -42)), fill=dark, width=max(1, round(scale))
        )
    draw.line(at((-30, -64), (48, -126)), fill=dark, width=round(4 * scale))
    draw.polygon(at((-16, -24), (-16, -72), (36, -72), (42, -24)), fill=dark)
    draw.polygon(at((-22, -72), (-18, -80), (42, -80), (46, -72)), fill=hull)
    for window in (-8, 14):
        draw.rectangle(at((window, -62), (window + 14, -48)), fill=(255, 206, 128))
    draw.polygon(at((-108, -36), (-84, 0), (86, 0), (118, -46), (84, -26), (-80, -24)), fill=hull)
    draw.polygon(at((-94, -14), (-84, 0), (86, 0), (100, -18), (60, -10), (-70, -9)), fill=dark)


def gull(draw: ImageDraw.ImageDraw, x: float, y: float, span: float) -> None:
    """Two wings."""
    for side in (-1, 1):
        wing = [(x + side * span * t, y - span * 0.5 * math.sin(t * 2.4)) for t in (0, 0.3, 0.6, 1)]
        draw.line(wing, fill=(40, 36, 64), width=max(3, round(span / 9)), joint="curve")


def harbour(width: int, height: int) -> Image.Image:
    """A fishing harbour at dawn, low sun, gulls over the masts."""
    horizon = height * 60 // 100
    sky = gradient(
        (width, horizon),
        [(0, (38, 48, 96)), (0.45, (138, 94, 138)), (0.8, (240, 146, 108)), (1, (255, 214, 150))],
    )
    picture = Image.new("RGB", (width, height))
    picture.paste(sky)
    sun = (width * 0.66, horizon - height * 0.07)
    glow(picture, sun, height // 2, (255, 190, 120), 0.9)
    draw = ImageDraw.Draw(picture)
    disc = height * 0.042
    draw.ellipse((sun[0] - disc, sun[1] - disc, sun[0] + disc, sun[1] + disc), fill=(255, 244, 214))
    land(draw, ridge(width, horizon - 60, 26, 1.3, 3), horizon, (150, 98, 120))
    land(draw, ridge(width, horizon - 26, 16, 2.1, 9), horizon, (98, 68, 104))
    boat(draw, width * 0.83, horizon + 2, 1.0, (88, 52, 78))
    boat(draw, width * 0.52, horizon + 4, 1.3, (72, 50, 88))
    boat(draw, width * 0.25, horizon + 6, 2.3, (146, 58, 62))
    mirrored(picture, horizon, 5, 1)
    depth = gradient((width, height - horizon), [(0, (214, 150, 140)), (1, (24, 34, 76))])
    water = picture.crop((0, horizon, width, height))
    picture.paste(Image.blend(water, ImageChops.multiply(water, depth), 0.85), (0, horizon))
    draw = ImageDraw.Draw(picture)
    boat(draw, width * 0.25, horizon + 6, 2.3, (146, 58, 62))
    chance = Random(5)
    for _ in range(240):
        far = chance.random() ** 1.4
        y = horizon + 4 + far * (height - horizon)
        x = sun[0] + chance.gauss(0, 24 + 120 * far)
        long = 8 + 60 * far * chance.random()
        draw.ellipse((x - long, y - 1 - 2 * far, x + long, y + 1 + 2 * far), fill=(255, 206, 150))
    planks = [(0.0, 0.86), (0.42, 0.90), (0.60, 1.0), (0.0, 1.0)]
    draw.polygon([(x * width, y * height) for x, y in planks], fill=(44, 34, 52))
    for n in range(1, 15):
        foot, head = n / 15 * 0.60, n / 15 * 0.42
        seam = [(head * width, (0.86 + 0.04 * n / 15) * height), (foot * width, height)]
        draw.line(seam, fill=(126, 82, 84) if n % 3 else (190, 124, 100), width=3)
    for x, y, span in ((0.44, 0.17, 46), (0.51, 0.12, 30), (0.36, 0.25, 26), (0.75, 0.2, 22)):
        gull(draw, x * width, y * height, span)
    return picture


def alley(width: int, height: int) -> Image.Image:  # noqa: C901 -- a picture is drawn from back to front
    """An empty alley at night: rain, neon, everything twice in the wet ground."""
    horizon = height * 58 // 100
    middle = width * 0.5
    picture = gradient((width, height), [(0, (14, 12, 36)), (0.58, (70, 40, 98)), (1, (8, 8, 24))])
    glow(picture, (middle, horizon - 60), width * 2 // 3, (130, 90, 190), 0.8)
    draw = ImageDraw.Draw(picture)
    chance = Random(11)
    walls: tuple[Rgb, ...] = ((54, 38, 86), (40, 30, 68), (28, 23, 52), (17, 15, 36))
    for depth, colour in enumerate(walls):
        top = horizon * (0.42 - 0.15 * depth)
        for side in (-1, 1):
            edge = middle + side * width * (0.13 + 0.085 * depth)
            far = middle + side * width
            roof = top + chance.uniform(-60, 60)
            box = (min(edge, far), roof, max(edge, far), horizon)
            draw.rectangle(box, fill=colour)
            pane = 10 + 7 * depth
            for row in range(round((horizon - roof) / (pane * 2.6)) - 1):
                if chance.random() < 0.55:
                    continue
                x = edge + side * pane * chance.choice((0.6, 2.2))
                y = roof + pane + row * pane * 2.6
                lit = chance.choice(((255, 198, 112), (120, 190, 220), (92, 70, 132)))
                draw.rectangle(
                    (min(x, x + side * pane), y, max(x, x + side * pane), y + pane * 1.4), lit
                )
    lights = picture.copy()
    signs: tuple[tuple[float, float, float, float, Rgb], ...] = (
        (0.12, 0.20, 0.10, 0.22, (255, 60, 140)),
        (0.80, 0.14, 0.085, 0.28, (50, 220, 240)),
        (0.28, 0.34, 0.055, 0.12, (255, 170, 60)),
        (0.69, 0.40, 0.05, 0.10, (190, 90, 255)),
        (0.22, 0.50, 0.06, 0.03, (90, 255, 170)),
    )
    draw = ImageDraw.Draw(lights)
    for left, top, wide, high, colour in signs:
        x, y, w, h = left * width, top * height, wide * width, high * height
        draw.rounded_rectangle((x, y, x + w, y + h), w / 5, (24, 18, 44), colour, round(w / 9))
        for n in range(max(1, round(h / w / 0.8))):
            bar = y + w * 0.35 + n * w * 0.8
            if bar < y + h - w * 0.4:
                draw.line((x + w * 0.28, bar, x + w * 0.72, bar), fill=colour, width=round(w / 9))
                stroke = (x + w * (0.28 + 0.44 * (n % 2)), bar, x + w * 0.5, bar + w * 0.45)
                draw.line(stroke, fill=colour, width=round(w / 12))
    picture = lights
    for left, top, wide, high, colour in signs:
        centre = ((left + wide / 2) * width, (top + high / 2) * height)
        glow(picture, centre, round(width * 0.12 + high * height * 0.75), colour, 0.62)
    mirrored(picture, horizon, 9, 2)
    wet = picture.crop((0, horizon, width, height)).filter(ImageFilter.BoxBlur((2, 22)))
    ground = gradient(wet.size, [(0, (190, 180, 210)), (1, (70, 66, 100))])
    picture.paste(ImageChops.multiply(wet, ground), (0, horizon))
    rain = Image.new("L", picture.size)
    draw = ImageDraw.Draw(rain)
    for _ in range(260):
        x, y, long = chance.uniform(0, width), chance.uniform(-80, height), chance.uniform(40, 130)
        draw.line((x, y, x - long * 0.12, y + long), fill=chance.randint(24, 70), width=3)
    picture.paste((200, 210, 255), (0, 0), rain)
    draw = ImageDraw.Draw(picture)
    for _ in range(46):
        y = horizon + 60 + chance.random() ** 1.3 * (height - horizon - 80)
        x, wide = chance.uniform(0, width), 10 + 34 * (y - horizon) / (height - horizon)
        ring = (x - wide, y - wide * 0.24, x + wide, y + wide * 0.24)
        draw.ellipse(ring, outline=(128, 116, 176), width=2)
    return picture


def lighthouse(width: int, height: int) -> Image.Image:  # noqa: PLR0915 -- a picture is drawn from back to front
    """A lighthouse in a storm, its beam over heavy waves."""
    picture = gradient(
        (width, height),
        [(0, (20, 32, 48)), (0.5, (74, 100, 112)), (0.72, (150, 164, 156)), (1, (10, 30, 40))],
    )
    chance = Random(21)
    clouds = Image.new("L", picture.size)
    draw = ImageDraw.Draw(clouds)
    for _ in range(90):
        x, y = chance.uniform(-200, width), chance.uniform(-120, height * 0.46)
        wide = chance.uniform(200, 620)
        draw.ellipse((x, y, x + wide, y + wide * 0.24), fill=chance.randint(30, 120))
    picture.paste((16, 24, 38), (0, 0), clouds.filter(ImageFilter.GaussianBlur(46)))
    foot_x, foot_y, lamp_y = width * 0.31, height * 0.70, height * 0.215
    beam = Image.new("L", picture.size)
    draw = ImageDraw.Draw(beam)
    draw.polygon([(foot_x, lamp_y), (width, lamp_y - 60), (width, lamp_y + 330)], fill=150)
    draw.polygon([(foot_x, lamp_y), (0, lamp_y - 110), (0, lamp_y + 20)], fill=90)
    fade = Image.new("L", picture.size)
    glow_ring = ImageChops.invert(Image.radial_gradient("L")).resize((width * 2, width * 2))
    fade.paste(glow_ring, (round(foot_x) - width, round(lamp_y) - width))
    beam = ImageChops.multiply(beam.filter(ImageFilter.GaussianBlur(18)), fade)
    picture.paste((255, 240, 196), (0, 0), beam)
    draw = ImageDraw.Draw(picture)
    seas: tuple[tuple[float, float, float, Rgb], ...] = (
        (0.66, 14, 3.0, (70, 100, 106)),
        (0.71, 22, 2.4, (50, 82, 92)),
    )
    for n, (base, high, waves, colour) in enumerate(seas):
        line = ridge(width, base * height, high, waves, 40 + n)
        land(draw, line, height, colour)
        draw.line(line, fill=(172, 194, 190), width=4, joint="curve")
    tower = [(-74, 0), (-44, lamp_y + 96 - foot_y), (44, lamp_y + 96 - foot_y), (74, 0)]
    draw.polygon([(foot_x + x, foot_y + y) for x, y in tower], fill=(228, 226, 214))
    tall = foot_y - lamp_y - 96
    for n in range(1, 6, 2):
        low, high = n / 6, (n + 1) / 6
        a, b = 74 - 30 * low, 74 - 30 * high
        band = [(-a, -tall * low), (-b, -tall * high), (b, -tall * high), (a, -tall * low)]
        draw.polygon([(foot_x + x, foot_y + y) for x, y in band], fill=(178, 52, 48))
    shade = [(14, 0), (8, -tall), (44, -tall), (74, 0)]
    dark = Image.new("L", picture.size)
    ImageDraw.Draw(dark).polygon([(foot_x + x, foot_y + y) for x, y in shade], fill=90)
    picture.paste((14, 22, 36), (0, 0), dark)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((foot_x - 62, lamp_y + 78, foot_x + 62, lamp_y + 96), fill=(30, 36, 46))
    draw.rectangle((foot_x - 34, lamp_y - 34, foot_x + 34, lamp_y + 78), fill=(255, 232, 170))
    for x in (-34, -12, 12, 34):
        draw.line((foot_x + x, lamp_y - 34, foot_x + x, lamp_y + 78), fill=(30, 36, 46), width=6)
    dome = [(-48, -34), (-30, -70), (0, -92), (30, -70), (48, -34)]
    draw.polygon([(foot_x + x, lamp_y + y) for x, y in dome], fill=(150, 40, 40))
    glow(picture, (foot_x, lamp_y + 16), 340, (255, 226, 150), 0.9)
    draw = ImageDraw.Draw(picture)
    rock = [(x, y + abs(x - foot_x) * 0.34) for x, y in ridge(width, foot_y - 16, 15, 5.2, 77)]
    land(draw, rock, height, (24, 28, 36))
    for n, (base, colour) in enumerate(
        ((0.79, (34, 66, 78)), (0.86, (22, 50, 64)), (0.93, (12, 34, 48)))
    ):
        line = ridge(width, base * height, 34 + 8 * n, 1.9 - 0.3 * n, 60 + n)
        land(draw, line, height, colour)
        draw.line(line, fill=(206, 220, 214), width=5 + 2 * n, joint="curve")
        for x, y in line[::2]:
            if chance.random() < 0.6:
                drop = chance.uniform(3, 9 + 3 * n)
                x, y = x + chance.gauss(0, 14), y + chance.uniform(-26, 22)
                draw.ellipse((x - drop, y - drop / 2, x + drop, y + drop / 2), fill=(190, 208, 204))
    return picture


#: Name, width x height, what is drawn. The last one is 4:3, so no common size takes it unfitted.
SAMPLES: Final[tuple[tuple[str, int, int, Callable[[int, int], Image.Image]], ...]] = (
    ("dawn.jpg", 1280, 720, harbour),
    ("alley.png", 720, 1280, alley),
    ("lighthouse.jpg", 1600, 1200, lighthouse),
)


def main(folder: Path) -> None:
    """Write every sample into `folder`."""
    for name, width, height, draw in SAMPLES:
        large = draw(width * TWICE, height * TWICE)
        picture = large.resize((width, height), Image.Resampling.LANCZOS)
        if name.endswith(".png"):
            # A palette keeps the file small enough for a repository.
            picture.quantize(256, dither=Image.Dither.NONE).save(folder / name, optimize=True)
        else:
            picture.save(folder / name, quality=82, optimize=True, progressive=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "input_reference")
