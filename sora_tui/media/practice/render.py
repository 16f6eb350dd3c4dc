"""Renders practice clips: real H.264 in an MP4 of exactly the asked size and length, with previews.

Drawing on planes with whole-pixel shifts costs no more than encoding, so that a clip is made
several times faster than it plays, on one core. Pillow and PyAV are imported inside the functions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sora_tui.core.request import COVER
from sora_tui.media.clip import reduced
from sora_tui.media.image import fit_image
from sora_tui.media.practice.scenery import Backdrop, Landscape, Photo, Planes, accent_colour
from sora_tui.media.practice.titles import Titles

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from PIL.Image import Image

_SHEET_COLUMNS: Final = 4
_SHEET_ROWS: Final = 3
_TILE_SIDE: Final = 320
_THUMBNAIL_SIDE: Final = 640


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """What to render.

    Attributes:
        prompt: Chooses colours and shapes (by its SHA-256) and is the title; `seed` and
            `negative_prompt` influence them too, and are written below it.
        width: Pixels, even.
        height: Pixels, even.
        seconds: Length; the clip has exactly `seconds * fps` frames.
        label: Written in small letters into the picture.
        reference: Bytes of a picture; the first frame shows it.
    """

    prompt: str
    width: int
    height: int
    seconds: int
    label: str = ""
    reference: bytes | None = None
    fps: int = 30
    seed: int | None = None
    negative_prompt: str = ""

    @property
    def choice(self) -> int:
        """A number that chooses colours, shapes and movement; equal for equal words and seed."""
        told = [self.prompt]
        if self.seed is not None:
            told.append(f"seed {self.seed}")
        if self.negative_prompt:
            told.append(f"not {self.negative_prompt}")
        return int.from_bytes(hashlib.sha256("\0".join(told).encode()).digest())


@dataclass(frozen=True, slots=True)
class Previews:
    """A WebP of the middle frame, and a JPEG of twelve frames in four columns."""

    thumbnail: bytes
    spritesheet: bytes


def render_clip(plan: ClipPlan, path: Path, progress: Callable[[float], None]) -> Previews:
    """Write the clip to `path`, its index first, and return the previews.

    `progress` gets the share done (0..1] after every frame; an exception from it stops the
    rendering and leaves an unfinished file.

    Raises:
        ValueError: An odd or empty size, or no frame at all.
        ImageRefusedError: The reference is damaged or no picture.
        OSError: `path` cannot be written.
    """
    import av
    from av.video.reformatter import ColorRange, Colorspace

    frames = plan.seconds * plan.fps
    if plan.width < 2 or plan.height < 2 or plan.width % 2 or plan.height % 2 or frames < 1:
        raise ValueError(f"cannot render {plan.width}x{plan.height}, {frames} frames")
    backdrop = _backdrop(plan)
    titles = Titles(
        plan.prompt,
        plan.label,
        plan.width,
        plan.height,
        frames,
        plan.fps,
        accent_colour(plan.choice),
        seed=plan.seed,
        negative_prompt=plan.negative_prompt,
    )
    tiles = _SHEET_COLUMNS * _SHEET_ROWS
    sampled = [round(tile * (frames - 1) / (tiles - 1)) for tile in range(tiles)]
    kept: dict[int, Image] = {}
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=plan.fps)
        stream.width, stream.height, stream.pix_fmt = plan.width, plan.height, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "24", "g": str(plan.fps)}
        context = stream.codec_context
        context.thread_count = 1  # two threads gain nothing and have hung (PyAV issue 1962)
        context.time_base = Fraction(1, plan.fps)
        context.colorspace = Colorspace.ITU709
        context.color_range = ColorRange.MPEG
        for number in range(frames):
            picture = backdrop.at(number / plan.fps)
            titles.draw(picture, number)
            frame = _frame(picture)
            frame.pts, frame.time_base = number, context.time_base
            if number == frames // 2:
                thumbnail = reduced(frame, _THUMBNAIL_SIDE)
            if number in sampled:
                kept[number] = reduced(frame, _TILE_SIDE)
            container.mux(stream.encode(frame))
            progress((number + 1) / frames)
        container.mux(stream.encode(None))
    return Previews(
        _encoded(thumbnail, "WEBP"), _encoded(_sheet([kept[n] for n in sampled]), "JPEG")
    )


def _backdrop(plan: ClipPlan) -> Backdrop:
    from PIL import Image as Pillow

    if plan.reference is None:
        return Landscape(plan.choice, plan.width, plan.height)
    fitted = fit_image(plan.reference, plan.width, plan.height, COVER)
    return Photo(plan.choice, Pillow.open(BytesIO(fitted)))


def _frame(picture: Planes) -> VideoFrame:
    import av
    from av.video.reformatter import ColorRange, Colorspace

    frame = av.VideoFrame(*picture.y.size, "yuv420p")
    for plane, image in zip(frame.planes, picture, strict=True):
        plane.update(image.tobytes("raw", "L", plane.line_size, 1))
    frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
    return frame


def _sheet(tiles: list[Image]) -> Image:
    from PIL import Image as Pillow

    width, height = tiles[0].size
    sheet = Pillow.new("RGB", (width * _SHEET_COLUMNS, height * _SHEET_ROWS))
    for number, tile in enumerate(tiles):
        row, column = divmod(number, _SHEET_COLUMNS)
        sheet.paste(tile, (column * width, row * height))
    return sheet


def _encoded(picture: Image, format_: str) -> bytes:
    out = BytesIO()
    picture.save(out, format_, quality=85)
    return out.getvalue()
