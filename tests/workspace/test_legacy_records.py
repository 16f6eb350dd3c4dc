"""The history of the old script: read with every field missing, listed with ours, never written."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sora_tui.core.job import State
from sora_tui.core.job_filter import JobFilter
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History
from tests.support.stored_jobs import wish

OLD: dict[str, Any] = {
    "video_id": "video_68d7512d",
    "prompt": "A fox in the rain",
    "model": "sora-2-pro",
    "duration": "8",
    "size": "1280x720",
    "status": "queued",
    "timestamp": 1_760_000_000,
    "error": None,
}


def leave(folder: Folder, name: str = "video_68d7512d", **fields: Any) -> Path:
    path = folder.metadata / f"{name}.json"
    path.write_text(json.dumps(OLD | {"video_id": name} | fields, indent=2))
    return path


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("queued", State.ABANDONED),
        ("in_progress", State.ABANDONED),
        ("error", State.ABANDONED),
        ("timeout", State.ABANDONED),
        ("completed", State.EXPIRED),
        ("download_failed", State.EXPIRED),
        ("failed", State.FAILED),
        ("downloaded", State.SAVED),
    ],
)
def test_every_last_word_is_an_end_and_owes_the_engine_nothing(
    folder: Folder, status: str, state: State
) -> None:
    leave(folder, status=status, error="blocked by content policy" if status == "failed" else None)
    (job,) = History(folder).newest(5)
    assert (job.state, job.remote_id) == (state, "video_68d7512d")
    assert job.events[0].note == f"old script: {status}"
    assert job.is_final
    assert not job.needs_decision
    assert History(folder).active() == []
    if status == "failed":
        assert job.error is not None
        assert job.error.kind == "moderation_after"


def test_a_clip_is_found_by_its_name_and_never_outside(folder: Folder, tmp_path: Path) -> None:
    clip = folder.output / "video_video_68d7512d_1760000123.mp4"
    clip.write_bytes(b"clip")
    leave(folder, status="downloaded")
    (job,) = History(folder).newest(5)
    assert job.state is State.SAVED
    assert [(o.path, o.bytes, o.sha256) for o in job.outputs] == [(f"output/{clip.name}", 4, "")]
    outside = tmp_path.parent / "secret.mp4"
    outside.write_bytes(b"secret")
    clip.unlink()
    leave(folder, status="downloaded", file_path=str(outside))
    (job,) = History(folder).newest(5)
    assert job.outputs == ()
    leave(folder, status="downloaded", file_path="output/mine.mp4", sha256="ab" * 32)
    (folder.output / "mine.mp4").write_bytes(b"mine")
    (job,) = History(folder).newest(5)
    assert job.outputs[0].sha256 == "ab" * 32


def test_old_and_new_stand_in_one_list_with_and_without_an_index(folder: Folder) -> None:
    path = leave(folder)
    before = path.read_bytes(), path.stat().st_mtime_ns
    reader = History(folder)
    owner = History(folder)
    owner.own()
    owner.save(wish(1))
    for history in (owner, reader, History(folder)):
        ids = [job.id for job in history.newest(5)]
        assert ids == history.matching(JobFilter()) == history.all_ids()
        assert [history.load(job_id).id for job_id in ids] == ids
        assert history.find("video_68d") == ids[1]
        assert history.find(ids[1][:15]) == ids[1]
        assert history.matching(JobFilter.read("fox state:aband server:open")) == [ids[1]]
        assert json.loads(history.load_text(ids[1]))["status"] == "queued"
        assert "video_68d7512d" in history.known_remote_ids("https://api.openai.com")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    owner.trash(ids[1])
    assert (folder.trash / path.name).read_bytes() == before[0]
    assert reader.matching(JobFilter()) == ids[:1]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[" * 100_000,
        b"\xff\xfe{}",
        b'{"status": 1, "prompt": [1], "timestamp": "x", "video_id": "a/../b", "error": {}}',
        b'{"status": null, "prompt": null, "timestamp": 1e14, "file_path": "\\u0000"}',
        b'{"status": "\\ud800", "prompt": "\\u001b[2J", "timestamp": NaN, "size": true}',
        b'{"status": "downloaded", "prompt": "x", "file_path": "../../../etc/passwd"}',
        b'{"somebody": "else"}',
        b'{"status": "queued", "prompt": ' + b"9" * 5000 + b"}",
    ],
)
def test_hostile_and_foreign_files_do_no_harm(folder: Folder, data: bytes) -> None:
    (folder.metadata / "video_x.json").write_bytes(data)
    os.mkfifo(folder.metadata / "pipe.json")
    owner = History(folder)
    owner.own()
    owner.save(wish(1))
    for history in (owner, History(folder)):
        for job_id in history.matching(JobFilter()):
            job = history.load(job_id)
            assert job.outputs == ()
    assert (folder.metadata / "video_x.json").read_bytes() == data
