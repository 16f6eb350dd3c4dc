"""Compares what a server delivered with what was asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from sora_tui.core.job import Job, Output
from sora_tui.core.number import number

#: Seconds that a length may differ by: models count in frames, and 81 at 16 a second are 5.06 s.
_LENGTH: Final = 0.26
#: Frames a second that a rate may differ by: 23.976 is 24.
_RATE: Final = 0.1


class Difference(NamedTuple):
    """One property that differs from what was asked for.

    Attributes:
        asked, made: As in the document: `1280x720`, seconds, frames a second.
    """

    what: Literal["size", "seconds", "fps"]
    asked: str
    made: str


def is_checkable(job: Job) -> bool:
    """Return whether the request fixed anything that a clip shows.

    An edit or a remix takes these properties from its source.
    """
    request = job.request
    if request.operation != "create" or job.is_adopted:
        return False
    asked = (request.size, _asked_seconds(job), number(request.params.get("fps")))
    return any(value is not None for value in asked)


def differences(job: Job, clip: Output | None = None) -> tuple[Difference, ...]:
    """Return where the clip differs from what was asked for; empty where it cannot be known.

    Args:
        job: The job that asked for the clip.
        clip: What was found in the file, where it was read; otherwise the record counts.
    """
    clip = clip or next((output for output in job.outputs if output.variant == "video"), None)
    if clip is None or not is_checkable(job):
        return ()
    return tuple(_differences(job, clip))


def _differences(job: Job, clip: Output) -> Iterator[Difference]:
    request = job.request
    if request.size is not None and clip.width and clip.height:
        made = f"{clip.width}x{clip.height}"
        if made != request.size:
            yield Difference("size", request.size, made)
    asked = _asked_seconds(job)
    if asked is not None and clip.seconds is not None and abs(clip.seconds - asked) > _LENGTH:
        yield Difference("seconds", f"{asked:g}", f"{clip.seconds:.1f}".removesuffix(".0"))
    rate = number(request.params.get("fps"))
    if rate is not None and clip.fps is not None and abs(clip.fps - rate) > _RATE:
        yield Difference("fps", f"{rate:g}", f"{clip.fps:.3f}".rstrip("0").rstrip("."))


def _asked_seconds(job: Job) -> float | None:
    """Return the length in seconds; frames count more than seconds where frames were asked for."""
    params = job.request.params
    frames, rate = number(params.get("num_frames")), number(params.get("fps"))
    if frames is not None:
        return frames / rate if rate else None
    return number(job.request.seconds)
