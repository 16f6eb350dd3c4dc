"""Jobs for the disk: wishes and finished ones, each with an id of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from sora_tui.core.job import Job, State
from sora_tui.core.job_id import JobIds
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.job_document import encode
from tests.support.job_states import OUTPUT, START, new_job, video

ORIGIN: Final = "https://lab.example.org"
_ids: Final = JobIds()


def wish(second: int = 0) -> Job:
    """A pending job, asked for so many seconds after the start."""
    at = START + timedelta(seconds=second)
    return replace(new_job(), id=_ids.next(at), created_at=at, updated_at=at)


def saved(second: int = 0, *, took: float = 90, remote_id: str = "video_1") -> Job:
    """A job that came home; the server took `took` seconds."""
    job = wish(second)
    at = job.created_at
    job = job.submitting(at, "key").accepted(at, video("queued", id=remote_id), 200)
    job = job.progressed(at + timedelta(seconds=took), video("completed", id=remote_id))
    at += timedelta(seconds=took + 1)
    job = job.downloading(at).saved(at, (OUTPUT,))
    assert job.state is State.SAVED
    return job


def put(folder: Folder, *jobs: Job) -> None:
    """Write documents past the history, as another program would."""
    for job in jobs:
        document(folder, job).write_bytes(encode(job))


def document(folder: Folder, job: Job) -> Path:
    """Where a job's document lies."""
    return folder.metadata / f"{job.id}.json"
