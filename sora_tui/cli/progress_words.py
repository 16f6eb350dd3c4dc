"""How far a job is, in figures and words, for bars and plain lines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sora_tui.core.eta import seconds_left
from sora_tui.core.job import Job, State
from sora_tui.engine.events import JobChanged
from sora_tui.i18n import _
from sora_tui.i18n.formatting import bytes_words, duration
from sora_tui.i18n.problems import sentences

#: Returns the typical time of such jobs in seconds, or None.
TypicalTime = Callable[[Job], float | None]


def share_of(event: JobChanged) -> float | None:
    """Return the known share (0..1) of the phase a job is in; None if it is not known."""
    job, transfer = event.job, event.transfer
    if job.state is State.DOWNLOADING:
        return transfer.received / transfer.total if transfer and transfer.total else None
    percent = percent_of(job) if job.state is State.IN_PROGRESS else None
    return None if percent is None else percent / 100


def detail(event: JobChanged, typical_time: TypicalTime) -> str:
    """Return what is known of a job's progress, in a few words; unknown values are named so."""
    job, now = event.job, datetime.now(UTC)
    if event.retry is not None:
        why = sentences(event.retry.problem).happened if event.retry.problem else event.retry.why
        again = duration((event.retry.until - now).total_seconds())
        return _("{why} Again in {time}.").format(why=why, time=again)
    if job.state is State.DOWNLOADING and event.transfer is not None:
        received, total = event.transfer.received, event.transfer.total
        if total is None:
            return bytes_words(received)
        return _("{received} of {total}").format(
            received=bytes_words(received), total=bytes_words(total)
        )
    if job.state is not State.IN_PROGRESS:
        return ""
    percent = percent_of(job)
    elapsed = _elapsed(job, now)
    left = seconds_left(elapsed, percent, typical_time(job))
    words = [_("no figure, {time} so far").format(time=duration(elapsed))]
    if percent is not None:
        words = [f"{percent:.0f} %"]
    if left is not None:
        words.append(_("about {time} left").format(time=duration(left)))
    return "  ".join(words)


def percent_of(job: Job) -> float | None:
    """Return how much is done as the server reports it, in percent; None where it does not."""
    return job.remote.progress if job.remote else None


def _elapsed(job: Job, now: datetime) -> float:
    since = job.attempts[-1].at if job.attempts else job.created_at
    return max((now - since).total_seconds(), 0.0)
