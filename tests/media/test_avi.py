"""AVI clips, written by a real encoder, judged by their header."""

from __future__ import annotations

from pathlib import Path

import pytest

from sora_tui.media.clip_probe import probe_clip
from tests.support.pictures import grey_clip


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A second of grey at 64x48, 8 frames a second."""
    return grey_clip(tmp_path / "clip.part", "avi", "mpeg4")


def test_an_avi_tells_its_facts_and_its_suffix(clip: Path) -> None:
    facts, suffix, warning = probe_clip(clip)
    assert facts is not None
    assert (suffix, warning) == (".avi", None)
    assert (facts.width, facts.height, facts.seconds, facts.fps) == (64, 48, 1.0, 8.0)
    assert (facts.codec, facts.bytes) == ("FMP4", clip.stat().st_size)


@pytest.mark.parametrize(("keep", "reason"), [(-100, "cut_off"), (60, "no_index")])
def test_half_an_avi_is_no_clip(clip: Path, keep: int, reason: str) -> None:
    clip.write_bytes(clip.read_bytes()[:keep])
    assert probe_clip(clip) == (None, ".avi", reason)
