"""Clips come home whole, under a name of their own, and can be checked later."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import replace

import pytest

from sora_tui.core.job import Output
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.outputs import PartFile, output_name, sweep_parts, verify
from tests.support.stored_jobs import saved, wish

_CHUNKS = (b"\x00\x01" * 40_000, b"", b"end")
_CLIP = b"".join(_CHUNKS)


def test_a_part_is_hidden_private_and_hashed_as_it_grows(folder: Folder) -> None:
    job = saved()
    before = os.umask(0)
    try:
        part = PartFile(folder, job.id)
    finally:
        os.umask(before)
    for chunk in _CHUNKS:
        part.write(chunk)
    assert part.path.name.startswith(f".{job.id}.")
    assert stat.S_IMODE(part.path.stat().st_mode) == 0o600
    part.sync_and_close()
    clip = part.publish(output_name(job))
    part.discard()
    assert clip.read_bytes() == _CLIP
    assert (part.bytes, part.sha256) == (len(_CLIP), hashlib.sha256(_CLIP).hexdigest())
    output = Output("video", folder.relative(clip), part.bytes, part.sha256)
    assert verify(folder, output)
    clip.write_bytes(_CLIP.replace(b"\x01", b"\x03", 1))
    assert not verify(folder, output)


@pytest.mark.parametrize(
    ("remote_id", "name"),
    [
        ("video_9c1e", "20261122-101530Z_video_9c1e.mp4"),
        ("v" * 40, f"20261122-101530Z_{'v' * 40}.mp4"),
        ("v" * 41, r"20261122-101530Z_video_[0-9a-f]{12}\.mp4"),
        ("../../.ssh/authorized_keys", r"20261122-101530Z_video_[0-9a-f]{12}\.mp4"),
        ("clip.desktop\n", r"20261122-101530Z_video_[0-9a-f]{12}\.mp4"),
    ],
)
def test_names_are_made_of_the_time_and_a_safe_id(remote_id: str, name: str) -> None:
    assert re.fullmatch(name, output_name(replace(saved(), remote_id=remote_id)))


def test_long_ids_that_differ_in_the_middle_get_different_names() -> None:
    one, other = (replace(saved(), remote_id=f"{'a' * 100}{x}{'z' * 100}") for x in ("1", "2"))
    assert output_name(one) != output_name(other)


def test_sweeping_removes_only_what_we_left_unfinished(folder: Folder) -> None:
    part = PartFile(folder, wish().id)
    theirs = [
        folder.output / ".film.part",
        folder.output / "clip.mp4",
        folder.metadata / "notes.tmp",
        folder.inbox / ".20261122-101530-7f3k2m.json.0123abcd.tmp",  # handed in this moment
    ]
    ours = [part.path, folder.metadata / ".20261122-101530-7f3k2m.json.0123abcd.tmp"]
    for path in (*theirs, ours[1]):
        path.write_text("x")
    assert sweep_parts(folder) == 2
    assert all(path.exists() for path in theirs)
    assert not any(path.exists() for path in ours)


def test_a_request_that_was_never_handed_in_whole_goes_after_an_hour(
    folder: Folder,
) -> None:
    old, new = (folder.inbox / f".20261122-101530-7f3k2{n}.json.0123abcd.tmp" for n in "mn")
    for path in (old, new):
        path.write_text("{")
    an_hour_ago = new.stat().st_mtime - 3601  # by the file system's clock, years from ours
    os.utime(old, (an_hour_ago, an_hour_ago))
    assert sweep_parts(folder) == 1
    assert not old.exists()
    assert new.exists()
