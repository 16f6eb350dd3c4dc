"""WebM and Matroska clips, written by a real encoder: are they whole, and what are they called?"""

from __future__ import annotations

from pathlib import Path

import pytest

from sora_tui.media.clip_probe import probe_clip
from tests.support.pictures import webm


@pytest.mark.parametrize(("kind", "suffix"), [("webm", ".webm"), ("matroska", ".mkv")])
def test_the_kind_of_a_webm_file_gives_its_suffix(tmp_path: Path, kind: str, suffix: str) -> None:
    assert probe_clip(webm(tmp_path / "clip.part", kind)) == (None, suffix, None)


@pytest.mark.parametrize(("keep", "reason"), [(-1, "cut_off"), (20, "no_index"), (4, "no_index")])
def test_half_of_one_is_no_clip(tmp_path: Path, keep: int, reason: str) -> None:
    clip = webm(tmp_path / "clip.part")
    clip.write_bytes(clip.read_bytes()[:keep])
    assert probe_clip(clip) == (None, ".mkv", reason)


def test_a_webm_stream_of_unknown_length_is_accepted(tmp_path: Path) -> None:
    clip = webm(tmp_path / "clip.part")
    data = clip.read_bytes()
    at = data.index(b"\x18\x53\x80\x67") + 4
    clip.write_bytes(data[:at] + b"\x01" + b"\xff" * 7 + data[at + 8 :])
    assert probe_clip(clip) == (None, ".webm", None)
