"""Which kind of clip a file is, whatever its name says, and what it tells about itself."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from sora_tui.media.avi import read_avi
from sora_tui.media.boxes import ClipFacts, read_mp4, sniff
from sora_tui.media.webm import webm_suffix


def inspect_clip(path: Path) -> tuple[ClipFacts | None, str]:
    """What a downloaded clip says about itself, and the suffix that goes with its bytes.

    Nothing is known of one that is no MP4 and no AVI.

    Raises:
        ProblemError: clip_damaged, as `read_mp4`, `read_avi` and `webm_suffix`.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        if sniff(file.read(16)) == "ebml":
            return None, webm_suffix(file)
        return read_clip(file)


def read_clip(file: BinaryIO) -> tuple[ClipFacts, str]:
    """The same of an open MP4 or AVI; raises what `read_mp4` and `read_avi` raise."""
    file.seek(0)
    kind = sniff(file.read(16))
    file.seek(0)
    return (read_avi(file), ".avi") if kind == "avi" else (read_mp4(file), ".mp4")
