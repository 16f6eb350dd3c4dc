"""Which kind of clip a file is, whatever its name says, and the facts in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from sora_tui.core.problem import ProblemError
from sora_tui.core.sniff import Sniffed, sniff
from sora_tui.media.avi import read_avi
from sora_tui.media.mp4 import ClipFacts, read_mp4
from sora_tui.media.webm import webm_suffix

#: Suffixes of files that are kept although nothing here can check them. No text or page is kept.
_SUFFIXES: Final[Mapping[Sniffed, str]] = {
    "mp4": ".mp4",
    "avi": ".avi",
    "ebml": ".mkv",
    "webp": ".webp",
    "gif": ".gif",
    "jpeg": ".jpg",
    "png": ".png",
    "zip": ".zip",
    "gzip": ".gz",
    "ogg": ".ogv",
    "flv": ".flv",
    "mpegts": ".ts",
    "mpegps": ".mpg",
}
#: The suffix of bytes of no known kind.
UNKNOWN: Final = ".bin"
#: First boxes of a QuickTime file, which needs no `ftyp` (QuickTime File Format, 2001).
_QUICKTIME: Final = frozenset({b"moov", b"mdat", b"wide", b"skip", b"pnot"})


class ClipProbe(NamedTuple):
    """The result of a check of a downloaded file.

    Attributes:
        facts: What it says about itself; None if it is no MP4 and no AVI.
        suffix: The suffix that goes with its bytes.
        warning: Why it is not known to be a whole clip: `not_checked` for a kind that nothing here
            reads, `trailing_bytes`, or a `reason` of `clip_damaged`. None where it is whole.
    """

    facts: ClipFacts | None
    suffix: str
    warning: str | None = None


def probe_clip(path: Path) -> ClipProbe:
    """Check a downloaded clip by its bytes.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(16)
        kind = sniff(head)
        try:
            if kind == "ebml":
                return ClipProbe(None, webm_suffix(file))
            facts, suffix = read_clip(file)
        except ProblemError as damage:
            suffix = _SUFFIXES.get(kind, UNKNOWN)
            if kind == "other" and head[4:8] in _QUICKTIME:
                suffix = ".mov"
            reason = str(damage.problem.facts["reason"])
            return ClipProbe(None, suffix, "not_checked" if reason == "not_mp4" else reason)
    if not facts.complete:
        return ClipProbe(facts, suffix, "cut_off")
    return ClipProbe(facts, suffix, "trailing_bytes" if facts.trailing else None)


def read_clip(file: BinaryIO) -> tuple[ClipFacts, str]:
    """Return the facts of an open MP4 or AVI; raises what `read_mp4` and `read_avi` raise."""
    file.seek(0)
    kind = sniff(file.read(16))
    file.seek(0)
    return (read_avi(file), ".avi") if kind == "avi" else (read_mp4(file), ".mp4")
