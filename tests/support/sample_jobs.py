"""Jobs in every situation that the screen has words for, all seen at `NOW`."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sora_tui.core.job import Consent, Cost, Job, JobError, Output
from sora_tui.core.problem import Spent
from sora_tui.core.recovery import Candidate, RecoverySearch
from sora_tui.core.remote_video import RemoteVideo, read_video
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import ServerRef, simulator
from tests.support.moments import NOW as NOW

GATEWAY = ServerRef("team-gw", "https://gw.example.org/v1", "litellm")
SHA256 = "9c1e" * 16


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def video(status: str, **fields: Any) -> RemoteVideo:
    found = read_video({"id": "video_9c1e", "status": status, **fields})
    assert found is not None
    return found


def pending(age: float = 25, paid: bool = False, number: int = 0, **request: Any) -> Job:
    """Asked for `age` seconds ago."""
    wish = {"prompt": "A harbour at dawn", "model": "sora-2", "seconds": "4", "size": "1280x720"}
    return Job.new(
        f"{ago(age):%Y%m%d-%H%M%S}-7f3k{number:02}",
        ago(age),
        GATEWAY if paid else simulator().ref,
        VideoRequest(**(wish | request)),
        cost=Cost(Decimal("0.40" if paid else 0)),
        consent=Consent("priced" if paid else "free", ago(age), Decimal("0.40" if paid else "0")),
        simulated=not paid,
    )


def submitting(job: Job) -> Job:
    return job.submitting(job.created_at, "key")


def queued(job: Job) -> Job:
    return submitting(job).accepted(job.created_at, video("queued"), 200)


def in_progress(job: Job, progress: float | None = None) -> Job:
    return queued(job).progressed(job.created_at, video("in_progress", progress=progress))


def completed(job: Job, expires_in: float | None = None) -> Job:
    """Made ten seconds ago, and to be had for `expires_in` seconds more."""
    stamp = {} if expires_in is None else {"expires_at": NOW.timestamp() + expires_in}
    return in_progress(job).progressed(ago(10), video("completed", **stamp))


def downloading(job: Job, expires_in: float | None = None) -> Job:
    return completed(job, expires_in).downloading(ago(5))


def saved(job: Job, video_id: str = "video_9c1e") -> Job:
    path = f"output/20261122-101530Z_{video_id}.mp4"
    output = Output("video", path, 3_010_000, SHA256, 1280, 720, 4.0, 30.0, "h264")
    return downloading(job).saved(ago(1), (output,))


def unconfirmed(job: Job) -> Job:
    return submitting(job).unconfirmed(ago(2), JobError("answer_lost", Spent.PERHAPS))


def searched(job: Job, *ids: str) -> Job:
    """Looked for in the list, where these videos could be the job."""
    made = job.created_at + timedelta(seconds=3)
    found = tuple(Candidate(id, made, ("size", "prompt")) for id in ids)
    return job.searched(ago(1), RecoverySearch(ago(1), ago(1), 1, found=found))


def rejected(job: Job) -> Job:
    error = JobError("moderation_before", Spent.NO, "sentinel_block", "no", 400, "req_1")
    return submitting(job).rejected(job.created_at + timedelta(seconds=1), error)


def not_sent(job: Job) -> Job:
    return submitting(job).not_sent(ago(2), JobError("server_unreachable", Spent.NO))


def refused_after(job: Job) -> Job:
    failed = video("failed", error={"code": "moderation_blocked", "message": "blocked"})
    return in_progress(job).progressed(ago(5), failed).progressed(ago(2), failed)  # told twice
