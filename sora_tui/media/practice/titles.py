"""Writes on practice clips: the request, the position in the clip, and that it is only practice."""

from __future__ import annotations

import hashlib
import unicodedata
from typing import TYPE_CHECKING, Final

from sora_tui.media.practice.scenery import Mask, Planes, Rgb, to_mask, to_planes

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

_WHITE_LUMA: Final = 235


class Titles:
    """The text on one clip of `width` x `height` pixels, `frames` long at `fps`.

    The title is the beginning of the prompt in the letters that the built-in font has (accents are
    dropped); a prompt in another script is named by the first eight digits of its SHA-256. `label`
    (the job's id) is written beside it in small letters, so that a person can distinguish clips of
    one prompt, and below it the other parameters.
    """

    def __init__(
        self,
        prompt: str,
        label: str,
        width: int,
        height: int,
        frames: int,
        fps: int,
        accent: Rgb,
        *,
        seed: int | None = None,
        negative_prompt: str = "",
    ) -> None:
        from PIL import ImageFont

        self._size = (width, height)
        self._frames, self._fps, self._accent = frames, fps, accent
        unit = min(width, height) / 720
        self._margin = max(2, 2 * round(16 * unit))
        self._bar = max(2, 2 * round(4 * unit))
        title_size, size = max(8, round(44 * unit)), max(7, round(24 * unit))
        title_font = ImageFont.load_default(title_size)
        self._font = ImageFont.load_default(size)
        small = ImageFont.load_default(max(6, 19 * unit))

        room = width - 2 * self._margin
        lines = _wrapped(_legible(prompt, title_font), title_font, room, 2 if width > height else 4)
        told = [] if seed is None else [f"seed {seed}"]
        if negative_prompt:
            told.append(f"not: {_legible(negative_prompt, small)}")
        line_height = round(title_size * 1.22)
        note_height = round(size * 1.3) if told else 0
        foot_height = round(size * 1.5)
        self._foot = height - self._bar - self._margin - foot_height
        block = line_height * len(lines) + note_height + foot_height + self._bar + self._margin
        shade_top = max(0, 2 * int((height - block * 1.5 - self._margin) / 2))

        sheet = _shade(width, height - shade_top)
        at = self._foot - shade_top - note_height - line_height * len(lines) - self._margin // 2
        for number, line in enumerate(lines):
            _write(sheet, (self._margin, at + number * line_height), line, title_font)
        if told:
            note = _clipped("   ".join(told), small, room)
            place = (self._margin, self._foot - shade_top - note_height)
            _write(sheet, place, note, small, (220, 220, 220))
        asked = f"{width}x{height}   {_number(frames / fps)} s   {label}"
        if small.getlength(asked) < room - self._font.getlength(self._counter(frames - 1)) * 1.1:
            _write(sheet, (self._margin, self._foot - shade_top), asked, small, (220, 220, 220))
        self._lower = (shade_top, *_stamp(sheet))
        self._badge = _stamp(_badge(unit, self._font, small))

    def draw(self, picture: Planes, frame: int) -> None:
        """Write on the picture of frame 0 .. frames-1."""
        from PIL import ImageDraw

        width, height = self._size
        top, shade, mask = self._lower
        picture.paste(shade, 0, top, mask)
        badge, badge_mask = self._badge
        picture.paste(badge, self._margin, self._margin, badge_mask)
        counter = self._counter(frame)
        left = width - self._margin - self._font.getlength(counter)
        ImageDraw.Draw(picture.y).text((left, self._foot), counter, _WHITE_LUMA, self._font)
        done = 2 * round(width * (frame + 1) / self._frames / 2)
        picture.fill((70, 70, 76), 0, height - self._bar, width, self._bar)
        picture.fill(self._accent, 0, height - self._bar, done, self._bar)

    def _counter(self, frame: int) -> str:
        return f"{frame / self._fps:05.2f} s   frame {frame + 1:03d} / {self._frames:03d}"


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _legible(text: str, font: FreeTypeFont | ImageFont) -> str:
    """Return the text in letters that the font can draw, or a name for it if most are missing."""
    missing = bytes(font.getmask("\uffff"))
    simple = unicodedata.normalize("NFKD", " ".join(text.split())[:400])
    simple = simple.translate({0x2013: "-", 0x2014: "-", 0xD7: "x", 0x153: "oe", 0xE6: "ae"})
    letters = [letter for letter in simple if not unicodedata.combining(letter)]
    known = {letter for letter in set(letters) if bytes(font.getmask(letter)) != missing}
    kept = "".join(letter for letter in letters if letter in known)
    if len(kept) * 2 < len(letters):
        return f"Prompt {hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return kept


def _wrapped(text: str, font: FreeTypeFont | ImageFont, room: int, most: int) -> list[str]:
    """Return at most `most` lines no wider than `room` pixels; an ellipsis marks a cut."""
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < most:
        count = 1
        while count < len(words) and font.getlength(" ".join(words[: count + 1])) <= room:
            count += 1
        lines.append(" ".join(words[:count]))
        words = words[count:]
    if not lines:
        return []
    if words:
        lines[-1] += "..."
    return [_clipped(line, font, room) for line in lines]


def _clipped(line: str, font: FreeTypeFont | ImageFont, room: int) -> str:
    if font.getlength(line) <= room:
        return line
    line = line.removesuffix("...")
    while line and font.getlength(line + "...") > room:
        line = line[:-1]
    return line.rstrip() + "..."


def _shade(width: int, height: int) -> Image:
    """Return black that is transparent at the top and grows opaque, behind the letters."""
    from PIL import Image as Pillow

    opacity = Pillow.linear_gradient("L").point(lambda value: int(200 * (value / 255) ** 0.8))
    sheet = Pillow.new("RGBA", (width, height), "black")
    sheet.putalpha(opacity.resize((width, height)))
    return sheet


def _badge(unit: float, font: FreeTypeFont | ImageFont, small: FreeTypeFont | ImageFont) -> Image:
    """Return the plate that says SIMULATED, nothing was charged."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    word, note = "SIMULATED", "nothing was charged"
    pad = max(2, round(12 * unit))
    wide = 2 * int((max(font.getlength(word) + 2, small.getlength(note)) + 2 * pad) / 2 + 1)
    line = round(24 * unit * 1.35)
    tall = 2 * int((2 * pad + 2 * line) / 2)
    plate = Pillow.new("RGBA", (wide, tall), (0, 0, 0, 0))
    corner = max(1, round(8 * unit))
    ImageDraw.Draw(plate).rounded_rectangle(
        (0, 0, wide - 1, tall - 1), corner, fill=(12, 12, 16, 205)
    )
    _write(plate, (pad, pad), word, font, (255, 214, 102), bold=max(0, round(unit * 0.6)))
    _write(plate, (pad, pad + line), note, small, (235, 235, 235))
    return plate


def _write(
    sheet: Image,
    place: tuple[int, int],
    text: str,
    font: FreeTypeFont | ImageFont,
    colour: Rgb = (255, 255, 255),
    bold: int = 0,
) -> None:
    """Compose letters onto the sheet; drawing alone would replace its transparency."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    layer = Pillow.new("RGBA", sheet.size, (*colour, 0))
    ImageDraw.Draw(layer).text(place, text, (*colour, 255), font, stroke_width=bold)
    sheet.alpha_composite(layer)


def _stamp(sheet: Image) -> tuple[Planes, Mask]:
    return to_planes(sheet.convert("RGB")), to_mask(sheet.getchannel("A"))
