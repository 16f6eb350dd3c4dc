"""Records of the practice server, which another version may have written."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from sora_tui.simulator.jobs import Job, Jobs

RECORD = asdict(Job("video_1", "sora-2", "A kite", 64, 64, 4, 4e9, status="completed"))
del RECORD["later"]


def test_a_record_of_a_later_version_is_served_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "video_1.json"
    path.write_text(json.dumps({**RECORD, "camera": {"lens": "35 mm"}}))
    jobs = Jobs(tmp_path, 50)
    job = jobs.get("video_1")
    assert job is not None
    assert job.prompt == "A kite"
    jobs._save(job)
    assert json.loads(path.read_text()) == {**RECORD, "camera": {"lens": "35 mm"}}


@pytest.mark.parametrize("record", ["[]", "{}", "null", "{", '{"id": "video_1"}'])
def test_a_file_that_is_no_record_is_left_alone(tmp_path: Path, record: str) -> None:
    path = tmp_path / "video_1.json"
    path.write_text(record)
    assert Jobs(tmp_path, 50).get("video_1") is None
    assert path.read_text() == record
