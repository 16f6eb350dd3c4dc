"""Whether a "not now" may be believed: what the server's list says against it."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from sora_tui.core.job import Job
from sora_tui.core.remote import RemoteVideo, inner_id
from sora_tui.core.request import VideoRequest
from sora_tui.core.text import clean

#: How far `created_at` may be from the moment of sending: clocks differ, and a server may have
#: gone on for minutes after a proxy gave it up.
_BEFORE: Final = timedelta(minutes=1)
_AFTER: Final = timedelta(minutes=5)
#: A server that writes its local time as if it were UTC is off by its time zone, at most so much.
_ANY_ZONE: Final = timedelta(hours=14)
#: A list may show a new video so many seconds late (measured on servers with a cache: 20 s).
LIST_DELAY: Final = 30.0


class Verdict(Enum):
    """What is to be done with a job that a server put off."""

    SEND = "send"
    LOOK_AGAIN = "look again"
    DOUBT = "doubt"


def verdict(
    job: Job,
    videos: Sequence[RemoteVideo] | None,
    known_ids: Collection[str],
    skew: float | None,
    *,
    is_late: bool,
) -> Verdict:
    """Return whether a job that was put off may be sent again.

    A server that names the limit is believed until its list shows a video that may be this one.
    Any other "not now" may come from a proxy whose server went on: it is believed only where a list
    that tells prompts still shows nothing when it has had time to.

    Args:
        videos: What the server's list has since the first try; None where no list can be had.
        known_ids: Videos that this workspace has.
        skew: The server's clock minus ours, in seconds.
        is_late: The list is so young that it would show the video by now.
    """
    bare = job.was_put_off_bare
    if any(_may_be(job, video, known_ids, skew, bare) for video in videos or ()):
        return Verdict.DOUBT
    if not bare:
        return Verdict.SEND
    if videos is None or (videos and not any(video.prompt for video in videos)):
        return Verdict.DOUBT
    return Verdict.SEND if is_late else Verdict.LOOK_AGAIN


def _may_be(
    job: Job, video: RemoteVideo, known_ids: Collection[str], skew: float | None, bare: bool
) -> bool:
    """Whether a row of the list may be what was made of the job in spite of the answer.

    More is taken for possible than when a video is adopted: here a mistake costs a question, there
    it gives a job the clip of another.
    """
    if inner_id(video.id) in known_ids or not _same_make(job.request, video):
        return False
    told = bool(video.prompt)
    if told and not _same_words(video.prompt or "", job.request.prompt):
        return False
    if video.created_at is None:
        return told or bare
    sent = (attempt.at + timedelta(seconds=skew or 0.0) for attempt in job.attempts)
    return any(_is_near(video.created_at, at, any_zone=told and bare) for at in sent)


def _is_near(made: datetime, sent: datetime, *, any_zone: bool) -> bool:
    if any_zone:
        return abs(made - sent) <= _ANY_ZONE
    return sent - _BEFORE <= made <= sent + _AFTER


def _same_make(request: VideoRequest, video: RemoteVideo) -> bool:
    """Whether nothing that can be compared disagrees.

    Servers tell a model by another name (`openai/sora-2`, `sora-2-2025-12-08`) and a size by a word
    (`720p`): only what is written in the same way can disagree. Of an operation only its prompt is
    sent.
    """
    if request.operation != "create":
        return True
    return (
        _same_model(video.model, request.model)
        and _agree(_numbers(video.size, "x"), _numbers(request.size, "x"))
        and _agree(_numbers(video.seconds), _numbers(request.seconds))
    )


def _same_model(told: str | None, asked: str | None) -> bool:
    if not told or not asked:
        return True
    there, here = (name.rpartition("/")[2].casefold() for name in (told, asked))
    return there.startswith(here) or here.startswith(there)


def _agree(told: tuple[float, ...] | None, asked: tuple[float, ...] | None) -> bool:
    return told is None or asked is None or told == asked


def _numbers(text: str | None, between: str | None = None) -> tuple[float, ...] | None:
    """Return `1280x720` as two numbers, `4` as one; None for what is written otherwise."""
    parts = (text or "").casefold().split(between) if between else [text or ""]
    if between and len(parts) != 2:
        return None
    try:
        return tuple(float(part) for part in parts)
    except ValueError:
        return None


def _same_words(told: str, asked: str) -> bool:
    """Whether one prompt is in the other: servers cut, join lines and put words in front."""
    there, here = (_plain(text) for text in (told, clean(asked, 40_000)))
    return bool(there) and bool(here) and (there in here or here in there)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def list_start(job: Job) -> datetime:
    """Return from when on the list is of interest."""
    return min(attempt.at for attempt in job.attempts) - _BEFORE
