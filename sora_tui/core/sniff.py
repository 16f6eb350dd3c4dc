"""Recognizes a file or an answer by its first bytes."""

from __future__ import annotations

from typing import Final, Literal

Sniffed = Literal[
    "mp4",
    "avi",
    "ebml",
    "webp",
    "gif",
    "jpeg",
    "png",
    "zip",
    "gzip",
    "ogg",
    "flv",
    "mpegts",
    "mpegps",
    "html",
    "json",
    "other",
]

_BEGINNINGS: Final[tuple[tuple[bytes, Sniffed], ...]] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF8", "gif"),
    (b"PK\x03\x04", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"OggS", "ogg"),
    (b"FLV\x01", "flv"),
    (b"\x47\x40", "mpegts"),
    (b"\0\0\x01\xba", "mpegps"),
)


def sniff(head: bytes) -> Sniffed:  # noqa: PLR0911 -- one return a format
    """Return what the first bytes of a body are, whatever its Content-Type claims.

    Args:
        head: 16 bytes are enough for media; white space may precede HTML and JSON.
    """
    if head[4:8] == b"ftyp":
        return "mp4"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "ebml"  # WebM and Matroska
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        return "html"
    if text.startswith((b"{", b"[")):
        return "json"
    return "other"
