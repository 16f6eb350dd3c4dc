"""Whether a "not now" may be believed, judged by the server's list."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum
from typing import Final

from sora_tui.core.job import Job
from sora_tui.core.remote_video import RemoteVideo, inner_id
from sora_tui.engine.comparison import compare

#: A list may show a new video this many seconds late (measured on servers with a cache: 20 s).
LIST_DELAY: Final = 30.0


class DeferralCheck(Enum):
    """What is to be done with a deferred job."""

    SEND = "send"
    CHECK_AGAIN = "look again"
    DOUBT = "doubt"


def check_deferral(
    job: Job,
    videos: Sequence[RemoteVideo] | None,
    known_ids: Collection[str],
    skew: float | None,
    *,
    is_late: bool,
) -> DeferralCheck:
    """Return whether a deferred job may be sent again.

    Words that are known to come before anything is made are believed until the list shows a video
    that may be this one. Any other "not now" may come from a proxy whose server went on: it is
    believed only if a list still shows nothing when it has had time to; and if no limit was named,
    only if that list has prompts.

    Args:
        job: The pending job.
        videos: What the server's list has since the first try; None where there is no list.
        known_ids: Videos that this workspace has.
        skew: The server's clock minus ours, in seconds.
        is_late: The list was read late enough to show the video.
    """
    bare = job.was_deferred_without_limit
    if any(_may_be(job, video, known_ids, skew, bare) for video in videos or ()):
        return DeferralCheck.DOUBT
    if job.was_deferred_before_any_call:
        return DeferralCheck.SEND
    if videos is None or (bare and videos and not any(video.prompt for video in videos)):
        return DeferralCheck.DOUBT
    return DeferralCheck.SEND if is_late else DeferralCheck.CHECK_AGAIN


def _may_be(
    job: Job, video: RemoteVideo, known_ids: Collection[str], skew: float | None, bare: bool
) -> bool:
    """Return whether a row of the list may be what was made of the job in spite of the answer.

    More is considered possible than when a video is adopted: here a mistake costs a question, there
    it gives a job another one's clip. Less is considered than is offered to a person: others make
    videos of the same model and size in the same minute.
    """
    if inner_id(video.id) in known_ids:
        return False
    told = compare(job, video, skew)
    if not told.has_its_source:
        return False
    if told.has_prompt:
        return told.when in {"then", "near", "zone", "unknown"} or (bare and told.when != "never")
    return not told.other and (told.when == "then" or (bare and told.when == "unknown"))
