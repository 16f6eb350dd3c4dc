"""Finds the video of a job whose answer was lost: compares the server's list with the intent.

Two rules. A video is *adopted* automatically if it agrees in everything, was made when the job was
sent, and no other is like it. A video is *offered* to a person if it may be the job at all: a
server may report a model, a size or a prompt in a form of its own, or use another time zone, and a
person who sees no candidate pays a second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from sora_tui.core.job import Job, State
from sora_tui.core.recovery import MAX_CANDIDATES, Candidate
from sora_tui.core.remote_video import RemoteVideo, inner_id
from sora_tui.engine.comparison import Comparison, compare

_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


def candidates(
    job: Job, videos: Iterable[RemoteVideo], known_ids: Collection[str], skew: float | None
) -> list[RemoteVideo]:
    """Return the videos in a server's list that could be this job, which was sent and has none yet.

    They were created in the window of one of its attempts, have the same model, size, seconds and
    prompt as far as these were sent and are reported, were made of the same video, and are not
    known to this workspace already. A character is in no list.

    Args:
        job: The job, as its document has it.
        videos: Rows of the server's list.
        known_ids: Ids of videos that this workspace has already.
        skew: The server's clock minus ours now, in seconds; the skew that the job recorded when
            it was sent counts first.
    """
    if job.request.operation == "character":
        return []
    found = []
    for video in videos:
        if inner_id(video.id) not in known_ids:
            told = compare(job, video, skew)
            if told.when == "then" and told.has_its_source and not (told.near or told.other):
                found.append(video)
    return found


def matches(
    jobs: Iterable[Job],
    videos: Collection[RemoteVideo],
    known_ids: Collection[str],
    skew: float | None,
) -> dict[str, RemoteVideo]:
    """Return the jobs that are found without a doubt, each with its video.

    A job has one candidate, which no other job has. Or there are as many candidates as unconfirmed
    jobs with the very same request: then it makes no difference which is whose. A candidate without
    its prompt is doubtful: on a shared SGLang, whose list has none, all people's clips have the
    same model, size and length. If other videos have prompts, and one is the job's, a video without
    is no rival.
    """
    wanting: dict[tuple[str, ...], list[Job]] = {}
    by_id = {video.id: video for video in videos}
    for job in sorted(jobs, key=lambda job: job.id):
        found = candidates(job, videos, known_ids, skew)
        found = [video for video in found if video.prompt] or found
        found.sort(key=lambda video: (video.created_at or _EPOCH, video.id))
        wanting.setdefault(tuple(video.id for video in found), []).append(job)
    wanted = Counter(video_id for found in wanting for video_id in found)
    return {
        job.id: by_id[video_id]
        for found, alike in wanting.items()
        if len(found) == len(alike) and all(wanted[video_id] == 1 for video_id in found)
        if len(alike) == 1 or _are_twins(alike)
        for job, video_id in zip(alike, found, strict=True)
        if by_id[video_id].prompt
    }


def _are_twins(jobs: Sequence[Job]) -> bool:
    """Return whether it makes no difference which video belongs to which job.

    A job whose answer is still to come will get its own id.
    """
    return all(job.state is not State.SUBMITTING and job.request == jobs[0].request for job in jobs)


def for_a_person(
    job: Job,
    videos: Iterable[RemoteVideo],
    known_ids: Collection[str],
    skew: float | None,
    reused: Collection[str] = (),
) -> tuple[Candidate, ...]:
    """Return the candidates to choose from: those that agree in most first, then the earliest.

    Args:
        job: The job, as its document has it.
        videos: Rows of the server's list.
        known_ids: Ids of videos that this workspace has already.
        skew: The server's clock minus ours now, in seconds.
        reused: Known ids, as `inner_id`, under which the server has another video by now.
    """
    if job.request.operation == "character":
        return ()
    found = []
    for video in videos:
        is_reused = inner_id(video.id) in reused
        told = compare(job, video, skew)
        if (is_reused or inner_id(video.id) not in known_ids) and _is_possible(told):
            found.append(_candidate(video, told, is_reused=is_reused))
    found.sort(
        key=lambda candidate: (
            len(candidate.other),
            -len(candidate.same),
            -len(candidate.near),
            candidate.created_at or _LAST,
        )
    )
    return tuple(found[:MAX_CANDIDATES])


def _is_possible(told: Comparison) -> bool:
    """Return whether a person is to see the video as a candidate.

    With the same prompt that is nearly always so, without it where the rest agrees.
    """
    if told.when == "never" or not told.has_its_source:
        return False
    if told.has_prompt:
        return True
    # A server may have rewritten the prompt; then the other properties count, and the time.
    differs = set(told.other) - ({"prompt"} if told.when in {"then", "near"} else set())
    return told.when != "far" and not differs


def _candidate(video: RemoteVideo, told: Comparison, *, is_reused: bool) -> Candidate:
    near, other = told.near, told.other
    if told.when == "near":
        near = (*near, "time")
    elif told.when != "then":
        other = (*other, "time")
    if is_reused:
        other = (*other, "id")
    return Candidate(video.id, video.created_at, told.same, near, other)
