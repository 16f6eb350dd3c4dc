"""Pictures for tests, drawn when needed."""

from __future__ import annotations

import io
from typing import Any

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
