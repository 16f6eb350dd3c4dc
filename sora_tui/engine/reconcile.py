"""Finding a job again whose answer was lost: the server's list against our intent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sora_tui.core.job import Job, State
from sora_tui.core.remote import RemoteVideo, inner_id
from sora_tui.core.request import VideoRequest
from sora_tui.core.search import MAX_CANDIDATES, Candidate
from sora_tui.core.text import clean

#: Clocks differ, and a `created_at` has whole seconds.
_BEFORE: Final = timedelta(seconds=5)
#: How long after the first byte a server may still have created the job.
_AFTER: Final = timedelta(minutes=5)
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


def candidates(
    job: Job, videos: Iterable[RemoteVideo], known_ids: Collection[str], skew: float | None
) -> list[RemoteVideo]:
    """The videos in a server's list that could be this job, which was sent and has none yet.

    Created in the window of one of its attempts, of the same model, size, seconds and prompt as
    far as they were sent and the server tells them, made of the same video, and not known to this
    workspace already. A character is in no list.

    Args:
        skew: The server's clock minus ours, in seconds.
    """
    if job.request.operation == "character":
        return []
    prompt = clean(job.request.prompt, 40_000).strip()  # as `RemoteVideo` keeps it
    sent = [attempt.at + timedelta(seconds=skew or 0.0) for attempt in job.attempts]
    return [
        video
        for video in videos
        if inner_id(video.id) not in known_ids
        and (made := video.created_at) is not None
        and any(at - _BEFORE <= made <= at + _AFTER for at in sent)
        and _is_as_sent(job.request, video)
        and (video.prompt is None or video.prompt.strip() == prompt)
    ]


def matches(
    jobs: Iterable[Job],
    videos: Collection[RemoteVideo],
    known_ids: Collection[str],
    skew: float | None,
) -> dict[str, RemoteVideo]:
    """The jobs that are found without a doubt, each with its video.

    One candidate, wanted by no other job. Or as many candidates as there are lost jobs with the
    very same request: which is whose makes no difference. A candidate without its prompt is a
    doubt: on a shared SGLang, whose list has none, everybody's clips are of the one model, size
    and length.
    """
    wanting: dict[tuple[str, ...], list[Job]] = {}
    by_id = {video.id: video for video in videos}
    for job in sorted(jobs, key=lambda job: job.id):
        found = candidates(job, videos, known_ids, skew)
        found.sort(key=lambda video: (video.created_at or _EPOCH, video.id))
        wanting.setdefault(tuple(video.id for video in found), []).append(job)
    wanted = Counter(video_id for found in wanting for video_id in found)
    return {
        job.id: by_id[video_id]
        for found, alike in wanting.items()
        if len(found) == len(alike) and all(wanted[video_id] == 1 for video_id in found)
        if len(alike) == 1 or _are_twins(alike)
        for job, video_id in zip(alike, found, strict=True)
        if "prompt" in _agreements(job, by_id[video_id])
    }


def _are_twins(jobs: Sequence[Job]) -> bool:
    """Whether it makes no difference which video is whose.

    A job whose answer is still on its way will name its own.
    """
    return all(job.state is State.UNCONFIRMED and job.request == jobs[0].request for job in jobs)


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


def _is_as_sent(request: VideoRequest, video: RemoteVideo) -> bool:
    """Whether nothing that the server tells disagrees with what it was sent.

    Of an operation only the prompt is sent, and which video it starts from; an extension is told
    as long as the whole.
    """
    source = video.document.get("remixed_from_video_id")
    if request.operation == "create":
        return (
            not source
            and _agrees(video.model, request.model)
            and _agrees(video.size, request.size)
            and _same_length(video.seconds, request.seconds)
        )
    if request.operation == "remix" and isinstance(source, str) and source:
        return inner_id(source) == inner_id(request.source_video or "")
    return True


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
