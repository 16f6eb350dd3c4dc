"""Makes the files that a finished job offers: the clip, its thumbnail and its spritesheet."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from sora_tui.media.practice.render import ClipPlan, render_clip


class Variant(NamedTuple):
    """One downloadable file of a job."""

    suffix: str
    media_type: str


#: By the value of `?variant=`.
VARIANTS: Final = {
    "video": Variant(".mp4", "video/mp4"),
    "thumbnail": Variant(".webp", "image/webp"),
    "spritesheet": Variant(".jpg", "image/jpeg"),
}


def render_files(plan: ClipPlan, stem: Path, progress: Callable[[float], None]) -> None:
    """Render the clip and its previews to `stem` + suffix; the clip comes last, and complete.

    Raises:
        Exception: What `progress` raises (to stop), and what `render_clip` raises.
    """
    # A name of its own: a simulator that is ending may still be writing this job's clip.
    part = stem.with_suffix(f".{os.getpid()}.part")
    try:
        previews = render_clip(plan, part, progress)
        stem.with_suffix(VARIANTS["thumbnail"].suffix).write_bytes(previews.thumbnail)
        stem.with_suffix(VARIANTS["spritesheet"].suffix).write_bytes(previews.spritesheet)
        part.replace(stem.with_suffix(VARIANTS["video"].suffix))
    finally:
        part.unlink(missing_ok=True)
