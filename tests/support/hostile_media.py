"""Files that mean no good, or came to harm: made when needed, each under a name of its own."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import av
from PIL import Image, PngImagePlugin

from sora_tui.media.practice.render import ClipPlan, render_clip
from tests.support.pictures import encoded, picture


def clip(path: Path, width: int = 320, height: int = 180, seconds: int = 1) -> Path:
    """A good one."""
    render_clip(ClipPlan("A kite", width, height, seconds), path, lambda _share: None)
    return path


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def many_tracks(path: Path, count: int) -> Path:
    """An MP4 that is in order, but for its number of pictures."""
    with av.open(str(path), "w", format="mp4") as container:
        streams = [container.add_stream("mpeg4", rate=10) for _ in range(count)]
        for stream in streams:
            stream.width = stream.height = 16
            stream.pix_fmt = "yuv420p"
        for stream in streams:
            container.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
            container.mux(stream.encode(None))
    return path


def png_of_nothing(width: int, height: int) -> bytes:
    """A grey PNG of that size in a few kilobytes, however large it is."""
    packer = zlib.compressobj(9)
    row = b"\0" * (1 + width)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()

    def chunk(kind: bytes, content: bytes) -> bytes:
        crc = zlib.crc32(kind + content)
        return struct.pack(">I4s", len(content), kind) + content + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def png_with_a_long_text() -> bytes:
    """A text of 80 MB in less than a hundred kilobytes."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "a" * 80_000_000, zip=True)
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG", pnginfo=text)
    return out.getvalue()


def pictures() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Name of pictures that have to be refused, and what makes their bytes."""
    png, jpeg = encoded(picture(300, 200), "PNG"), encoded(picture(300, 200), "JPEG")
    yield "empty", lambda: b""
    yield "text", lambda: b"hello, world\n" * 100
    yield "png, header only", lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 40
    yield "png, half", lambda: png[: len(png) // 2]
    yield "jpeg, half", lambda: jpeg[: len(jpeg) // 2]
    yield "webp, half", lambda: encoded(picture(300, 200), "WEBP")[:200]
    yield (
        "png, 30,000 pixels wide and high",
        lambda: png_of_nothing(30_000, 30)[:16] + struct.pack(">II", 30_000, 30_000) + png[24:],
    )
    yield "png, 9,000 pixels wide and high", lambda: png_of_nothing(9_000, 9_000)
    yield "tiff", lambda: encoded(picture(30, 20), "TIFF")
    yield "eps", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) show\n" * 20
    yield (
        "svg",
        lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><image href='/etc/passwd'/></svg>",
    )
    yield "clip", lambda: b"\0\0\0\x18ftypisom" + b"\0" * 400
    yield "png, a text of 80 MB", png_with_a_long_text


def clips(good: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of clips that have to be refused."""
    moov = good.index(b"moov") - 4
    mdat = good.index(b"mdat") - 4
    ftyp, index, media = good[:moov], good[moov:mdat], good[mdat:]
    yield "empty", b""
    yield "text", b"hello, world\n" * 100
    yield "picture", encoded(picture(30, 20), "PNG")
    yield "playlist", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    yield "concat script", b"ffconcat version 1.0\nfile /etc/passwd\n"
    yield "page", b"<!doctype html><title>gone</title>"
    yield "first bytes only", good[:20]
    yield "index without media", ftyp + index
    yield "media without index", ftyp + media
    yield "index cut in two", good[: moov + 200]
    yield "two indices", ftyp + index + index + media
    yield "box larger than the file", ftyp + struct.pack(">I4s", 2**31, b"moov") + index[8:]
    yield "box of no size", ftyp + struct.pack(">I4s", 4, b"moov") + index[8:] + media
    yield "100,000 boxes", ftyp + box(b"free", b"") * 100_000 + index + media
    yield "boxes 5,000 deep", ftyp + _nested(5_000) + media
    yield "media of zeros", ftyp + index + media[:8] + b"\0" * (len(media) - 8)
    yield "avi, cut", b"RIFF\xff\xff\xff\x7fAVI LIST\xff\0\0\0hdrlavih" + b"\0" * 400
    yield "a width of 65,535", good.replace(struct.pack(">HH", 320, 180), b"\xff\xff\xff\xff")


def clips_of_other_kinds(good: bytes) -> Iterator[tuple[str, bytes]]:
    """A reason, and a clip that is refused for it though nothing in it is damaged."""
    yield "encrypted", good.replace(b"avc1\0", b"encv\0")
    yield "unknown_codec", good.replace(b"avc1\0", b"\x1b[3m\0")
    yield "unknown_codec", encoded_clip("png", "mov", "rgb24")
    yield "unknown_codec", encoded_clip("ffv1", "avi")
    yield "not_mp4", encoded_clip("libx264", "mpegts")
    yield "not_mp4", encoded_clip("flv", "flv")


def encoded_clip(codec: str, format_: str, pixels: str = "yuv420p") -> bytes:
    """Ten frames, blue with a yellow disc on the left half."""
    out = io.BytesIO()
    with av.open(out, "w", format=format_) as container:
        stream = container.add_stream(codec, rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 36, pixels
        for _ in range(10):
            frame = av.VideoFrame.from_image(picture(64, 36))  # type: ignore[no-untyped-call]
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def turned(good: bytes, quarters: int) -> bytes:
    """The same clip, to be seen turned clockwise by so many quarters."""
    a, b = ((1, 0), (0, 1), (-1, 0), (0, -1))[quarters]
    at = good.index(b"tkhd") + 4 + 40
    matrix = struct.pack(">9i", a << 16, b << 16, 0, -b << 16, a << 16, 0, 0, 0, 1 << 30)
    return good[:at] + matrix + good[at + 36 :]


def _nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = box(b"moov", data)
    return data


def flipped(good: bytes, start: int, end: int, count: int) -> Iterator[bytes]:
    """The same file with some of its bytes between `start` and `end` changed by chance."""
    chance = random.Random(7)
    for _ in range(count):
        data = bytearray(good)
        for _ in range(chance.choice((1, 3, 20))):
            data[chance.randrange(start, end)] = chance.randrange(256)
        yield bytes(data)
