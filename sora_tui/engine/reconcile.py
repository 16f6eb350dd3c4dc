"""Finding a job again whose answer was lost: the server's list against our intent.

Two rules. What is *adopted* by itself agrees in everything, was made in the moment of the sending,
and nothing else is like it. What is *offered* to a person is everything that may be the job: a
server tells a model, a size or a prompt in words of its own, or counts time in another zone, and a
person who sees nothing pays a second time.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from sora_tui.core.job import Job, State
from sora_tui.core.remote import RemoteVideo, inner_id
from sora_tui.core.request import VideoRequest
from sora_tui.core.search import MAX_CANDIDATES, Candidate
from sora_tui.core.sizes import is_tier, tier_of
from sora_tui.core.text import clean

#: Clocks differ, and a `created_at` has whole seconds.
_BEFORE: Final = timedelta(seconds=5)
#: How long after the first byte a server may still have created the job.
_AFTER: Final = timedelta(minutes=5)
#: What is offered may be made so much before or after: clocks drift, queues are long.
_NEAR_BEFORE: Final = timedelta(minutes=5)
_NEAR_AFTER: Final = timedelta(minutes=30)
#: With the same prompt, a clock may be wrong by so much: a zone, or a day.
_FAR: Final = timedelta(hours=26)
#: Zones of the world differ by quarters of an hour.
_ZONE: Final = timedelta(minutes=15)
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
#: What vendors put behind a model's name: a date, or a word for the newest.
_VERSION: Final = re.compile(r"[-@:_](20\d\d-?\d\d-?\d\d|latest)$")
_SECONDS: Final = re.compile(r"\s*s(ec(ond)?s?)?\.?$", re.IGNORECASE)
#: So many signs of a prompt that was cut are enough to know it by.
_ENOUGH_OF_A_PROMPT: Final = 100

#: A clock that is wrong by more seconds tells no time (ten years).
_MOST_SKEW: Final = 10 * 365 * 86_400.0

When = Literal["then", "near", "zone", "far", "unknown", "never"]


def candidates(
    job: Job, videos: Iterable[RemoteVideo], known_ids: Collection[str], skew: float | None
) -> list[RemoteVideo]:
    """The videos in a server's list that could be this job, which was sent and has none yet.

    Created in the window of one of its attempts, of the same model, size, seconds and prompt as
    far as they were sent and the server tells them, made of the same video, and not known to this
    workspace already. A character is in no list.

    Args:
        skew: The server's clock minus ours now, in seconds; what the job knows of the moment when
            it was sent goes before.
    """
    if job.request.operation == "character":
        return []
    prompt = _as_kept(job.request.prompt)
    return [
        video
        for video in videos
        if inner_id(video.id) not in known_ids
        and _when(job, video, skew) == "then"
        and _is_as_sent(job.request, video)
        and (video.prompt is None or video.prompt.strip() == prompt)
    ]


def since(job: Job, skew: float | None) -> datetime:
    """Return the earliest moment, on the server's clock, at which the job can have been made."""
    return min(first for first, _last in _times(job, _skew(job, skew)))


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
    and length. Where others tell their prompt, and it is the job's, one without is no rival.
    """
    wanting: dict[tuple[str, ...], list[Job]] = {}
    by_id = {video.id: video for video in videos}
    for job in sorted(jobs, key=lambda job: job.id):
        found = candidates(job, videos, known_ids, skew)
        found = [video for video in found if video.prompt is not None] or found
        found.sort(key=lambda video: (video.created_at or _EPOCH, video.id))
        wanting.setdefault(tuple(video.id for video in found), []).append(job)
    wanted = Counter(video_id for found in wanting for video_id in found)
    return {
        job.id: by_id[video_id]
        for found, alike in wanting.items()
        if len(found) == len(alike) and all(wanted[video_id] == 1 for video_id in found)
        if len(alike) == 1 or _are_twins(alike)
        for job, video_id in zip(alike, found, strict=True)
        if by_id[video_id].prompt is not None
    }


def _are_twins(jobs: Sequence[Job]) -> bool:
    """Whether it makes no difference which video is whose.

    A job whose answer is still on its way will name its own.
    """
    return all(job.state is State.UNCONFIRMED and job.request == jobs[0].request for job in jobs)


def for_a_person(
    job: Job,
    videos: Iterable[RemoteVideo],
    known_ids: Collection[str],
    skew: float | None,
    reused: Collection[str] = (),
) -> tuple[Candidate, ...]:
    """Return the candidates to choose from: what agrees in most first, then the earliest made.

    Args:
        reused: Known ids, as `inner_id`, under which the server has another video by now.
    """
    if job.request.operation == "character":
        return ()
    found = [
        Candidate(video.id, video.created_at, *told)
        for video in videos
        if (inner := inner_id(video.id)) not in known_ids or inner in reused
        if (told := _told(job, video, skew, is_reused=inner in reused)) is not None
    ]
    found.sort(
        key=lambda candidate: (
            len(candidate.other),
            -len(candidate.same),
            -len(candidate.near),
            candidate.created_at or _LAST,
        )
    )
    return tuple(found[:MAX_CANDIDATES])


def _told(
    job: Job, video: RemoteVideo, skew: float | None, *, is_reused: bool
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]] | None:
    """What a video has in common with a job: the same, nearly, otherwise; None for another's."""
    when = _when(job, video, skew)
    if when == "never" or not _has_its_source(job.request, video):
        return None
    same, near, other = [], [], []
    for name, there, here in _pairs(job.request, video):
        if _is_same(name, there, here):
            same.append(name)
        elif _is_near(name, there, here):
            near.append(name)
        else:
            other.append(name)
    has_prompt = "prompt" in (*same, *near)
    # A server may have written the prompt anew; then the rest speaks for it, and the time.
    if not has_prompt and set(other) - ({"prompt"} if when in {"then", "near"} else set()):
        return None
    if not has_prompt and when == "far":
        return None
    if when == "near":
        near.append("time")
    elif when != "then":
        other.append("time")
    if is_reused:
        other.append("id")
    return tuple(same), tuple(near), tuple(other)


def _pairs(request: VideoRequest, video: RemoteVideo) -> Iterator[tuple[str, str, str]]:
    """What the server tells of a video, and was asked for: name, there, here.

    Of an operation only the prompt is sent; an extension is told as long as the whole.
    """
    told = {
        "model": (video.model, request.model),
        "size": (video.size, request.size),
        "seconds": (video.seconds, request.seconds),
        "prompt": (video.prompt, request.prompt),
    }
    for name, (there, here) in told.items():
        is_sent = request.operation == "create" or name == "prompt"
        if there and here and (is_sent or _is_same(name, there, here)):
            yield name, there, here


def _is_same(name: str, there: str, here: str) -> bool:
    if name == "seconds":
        return _same_length(there, here)
    return there.strip() == _as_kept(here) if name == "prompt" else there == here


def _is_near(name: str, there: str, here: str) -> bool:
    """Whether it is the same in other words."""
    match name:
        case "model":
            return _model(there) == _model(here)
        case "size":
            if is_tier(there.strip().lower()) or is_tier(here):
                return _tier(there) == _tier(here)
            return (sides := _sides(there)) is not None and sides == _sides(here)
        case "seconds":
            return _same_length(_SECONDS.sub("", there), here)
        case _:
            return _is_near_prompt(there, here)


def _model(name: str) -> str:
    """A model without its vendor and its date: `openai/sora-2`, `sora-2-2025-12-08`."""
    return _VERSION.sub("", name.casefold().rsplit("/", 1)[-1])


def _sides(size: str) -> list[str] | None:
    """The numbers of a size that has two: `1280x720`, `1280 × 720`."""
    sides = re.findall(r"\d+", size)
    return sides if len(sides) == 2 else None


def _tier(size: str) -> str | None:
    """`720p` of itself and of 1280x720."""
    word = size.strip().lower()
    return word if is_tier(word) else tier_of(word)


def _is_near_prompt(there: str, here: str) -> bool:
    """Whether it is the same text composed or spaced otherwise, cut, or with words around it."""
    told, asked = _folded(there), _folded(_as_kept(here))
    short, long = sorted((told.rstrip(". …"), asked.rstrip(". …")), key=len)
    if short == long:
        return True
    if not short:
        return False
    cut = len(short) >= _ENOUGH_OF_A_PROMPT and long.startswith(short)
    return cut or long.endswith(short) or (short in long and len(short) * 2 >= len(long))


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _as_kept(prompt: str) -> str:
    """A prompt of ours as `RemoteVideo` keeps one."""
    return clean(prompt, 40_000).strip()


def _when(job: Job, video: RemoteVideo, skew: float | None) -> When:
    """Where a video's making stands to the times at which the job can have been made."""
    made = video.created_at
    if made is None:
        return "unknown"
    if any(first - _BEFORE <= made <= last for first, last in _times(job, _skew(job, skew))):
        return "then"
    # A clock may have been set right between the sending and the search.
    skews = {_skew(job, skew), _bearable(skew), 0.0}
    times = [each for seconds in skews for each in _times(job, seconds)]
    if any(first - _NEAR_BEFORE <= made <= last + _NEAR_AFTER for first, last in times):
        return "near"
    if not any(first - _FAR <= made <= last + _FAR for first, last in times):
        return "never"
    off = [(made - first) for first, _last in times]
    zones = (each - round(each / _ZONE) * _ZONE for each in off)
    return "zone" if any(-_BEFORE <= rest <= _AFTER for rest in zones) else "far"


def _times(job: Job, skew: float) -> Iterator[tuple[datetime, datetime]]:
    """When the job can have been made, by the server's clock: first and last moment of each try."""
    ahead = timedelta(seconds=skew)
    for attempt in job.attempts:
        yield attempt.at + ahead, attempt.at + ahead + _AFTER
    if job.has_unknown_past:
        yield job.created_at + ahead, _LAST - _FAR


def _skew(job: Job, skew: float | None) -> float:
    """The server's clock minus ours when the job was sent, as well as it is known."""
    return _bearable(skew if job.clock_skew is None else job.clock_skew)


def _bearable(skew: float | None) -> float:
    return skew if skew is not None and abs(skew) < _MOST_SKEW else 0.0


def _is_as_sent(request: VideoRequest, video: RemoteVideo) -> bool:
    """Whether nothing that the server tells disagrees with what it was sent.

    Of an operation only the prompt is sent, and which video it starts from; an extension is told
    as long as the whole.
    """
    return _has_its_source(request, video) and (
        request.operation != "create"
        or (
            _agrees(video.model, request.model)
            and _agrees(video.size, request.size)
            and _same_length(video.seconds, request.seconds)
        )
    )


def _has_its_source(request: VideoRequest, video: RemoteVideo) -> bool:
    """Whether it was made of the video that the request names, as far as the server tells."""
    source = video.document.get("remixed_from_video_id")
    if request.operation == "create":
        return not source
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
