"""Pictures and small clips for tests, drawn when needed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
from av.video.stream import VideoStream
from PIL import Image, ImageDraw


def picture(width: int, height: int) -> Image.Image:
    """Blue with a yellow disc on the left half, so that turns and cuts show."""
    image = Image.new("RGB", (width, height), (30, 60, 140))
    ImageDraw.Draw(image).ellipse((0, 0, width // 2, height), fill=(240, 200, 40))
    return image


def encoded(image: Image.Image, format_: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def decoded(data: bytes) -> Image.Image:
    """An RGB picture from its bytes."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def colour_at(data: bytes, x: int, y: int) -> tuple[int, ...]:
    """Red, green and blue of one pixel of an encoded picture."""
    pixel = decoded(data).getpixel((x, y))
    assert isinstance(pixel, tuple)
    return pixel


def grey_clip(path: Path, kind: str, codec: str) -> Path:
    """A second of grey at 64x48, 8 frames a second, as FFmpeg names kind and codec."""
    with av.open(str(path), "w", format=kind) as file:
        stream = file.add_stream(codec, rate=8)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(8):
            file.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        file.mux(stream.encode(None))
    return path
