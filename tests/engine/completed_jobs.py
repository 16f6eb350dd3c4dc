"""Jobs whose clips wait at a server to be downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sora_tui.core.job import State
from sora_tui.core.job_id import JobIds
from sora_tui.core.remote_video import read_video
from sora_tui.core.server import Server
from sora_tui.workspace.folder import Folder
from tests.support.fault_server import FaultServer
from tests.support.job_states import new_job
from tests.support.stored_jobs import put


def completed_jobs(folder: Folder, server: FaultServer, minutes: Sequence[float | None]) -> Server:
    """The profile of jobs that another run saw completed, oldest first.

    Args:
        minutes: For each job, how long its clip can still be had; None where nobody said.
    """
    profile = Server("lab", server.base_url, free=True)
    ids, now = JobIds(), datetime.now(UTC) - timedelta(hours=1)
    jobs = []
    for number, left in enumerate(minutes):
        video = {"id": f"video_{number}", "status": "completed"}
        until = None if left is None else (datetime.now(UTC) + timedelta(minutes=left)).timestamp()
        remote = read_video(video if until is None else {**video, "expires_at": until})
        assert remote is not None
        at = now + timedelta(seconds=number)
        job = replace(new_job(), id=ids.next(at), created_at=at, updated_at=at, server=profile.ref)
        jobs.append(job.submitting(at, "key").accepted(at, remote, 200))
        assert jobs[-1].state is State.COMPLETED
        server.videos.append({**video, "created_at": int(at.timestamp())})
    put(folder, *jobs)
    return profile
