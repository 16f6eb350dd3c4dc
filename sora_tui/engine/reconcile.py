"""Finding a job again whose answer was lost: the server's list against our intent."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Final

from sora_tui.core.job import Job
from sora_tui.core.remote import RemoteVideo, inner_id
from sora_tui.core.search import MAX_CANDIDATES, Candidate
from sora_tui.core.text import clean

#: Clocks differ, and a `created_at` has whole seconds.
_BEFORE: Final = timedelta(seconds=5)
#: How long after the first byte a server may still have created the job.
_AFTER: Final = timedelta(minutes=5)


def candidates(
    job: Job, videos: Iterable[RemoteVideo], known_ids: Collection[str], skew: float | None
) -> list[RemoteVideo]:
    """The videos in a server's list that could be this unconfirmed job.

    Created in the window of its last attempt, of the same model, size, seconds and prompt as far
    as the server tells them, and not known to this workspace already.

    Args:
        skew: The server's clock minus ours, in seconds.
    """
    if not job.attempts:
        return []
    prompt = clean(job.request.prompt, 40_000).strip()  # as `RemoteVideo` keeps it
    sent = job.attempts[-1].at + timedelta(seconds=skew or 0.0)
    return [
        video
        for video in videos
        if inner_id(video.id) not in known_ids
        and video.created_at is not None
        and sent - _BEFORE <= video.created_at <= sent + _AFTER
        and _agrees(video.model, job.request.model)
        and _agrees(video.size, job.request.size)
        and _same_length(video.seconds, job.request.seconds)
        and (video.prompt is None or video.prompt.strip() == prompt)
    ]


def matches(
    jobs: Iterable[Job],
    videos: Collection[RemoteVideo],
    known_ids: Collection[str],
    skew: float | None,
) -> dict[str, RemoteVideo]:
    """The jobs that are found without a doubt: one candidate, wanted by no other job.

    A candidate without its prompt is a doubt: on a shared SGLang, whose list has none, everybody's
    clips are of the one model, size and length.
    """
    wishes = {job.id: job for job in jobs}
    found = {job.id: candidates(job, videos, known_ids, skew) for job in wishes.values()}
    wanted: dict[str, int] = {}
    for videos_of_job in found.values():
        for video in videos_of_job:
            wanted[video.id] = wanted.get(video.id, 0) + 1
    return {
        job_id: videos_of_job[0]
        for job_id, videos_of_job in found.items()
        if len(videos_of_job) == 1
        and wanted[videos_of_job[0].id] == 1
        and "prompt" in _agreements(wishes[job_id], videos_of_job[0])
    }


def for_a_person(
    job: Job, videos: Iterable[RemoteVideo], known_ids: Collection[str], skew: float | None
) -> tuple[Candidate, ...]:
    """The candidates to choose from: what agrees in most first, then the earliest made."""
    found = [
        Candidate(video.id, video.created_at, _agreements(job, video))
        for video in candidates(job, videos, known_ids, skew)
        if video.created_at is not None
    ]
    found.sort(key=lambda candidate: (-len(candidate.same), candidate.created_at))
    return tuple(found[:MAX_CANDIDATES])


def _agreements(job: Job, candidate: RemoteVideo) -> tuple[str, ...]:
    """What the server tells of a candidate, and was asked for: `model`, `size`, ..."""
    request = job.request
    told = {
        "model": (candidate.model, request.model),
        "size": (candidate.size, request.size),
        "seconds": (candidate.seconds, request.seconds),
        "prompt": (candidate.prompt, request.prompt),
    }
    return tuple(name for name, (there, here) in told.items() if there and here)


def _agrees(told: str | None, asked: str | None) -> bool:
    # What we did not send the server chose; what it does not tell cannot speak against it.
    return told is None or asked is None or told == asked


def _same_length(told: str | None, asked: str | None) -> bool:
    if told is None or asked is None:
        return True
    try:
        return float(told) == float(asked)
    except ValueError:
        return told == asked
