"""How far the jobs are: bars on a terminal, plain lines elsewhere, JSON Lines when asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from sora_tui.cli.console import Console
from sora_tui.core.eta import seconds_left
from sora_tui.core.job import Job, State
from sora_tui.core.problem import Problem
from sora_tui.engine.events import JobChanged
from sora_tui.i18n import _
from sora_tui.i18n.formatting import bytes_words, duration
from sora_tui.i18n.problems import sentences

#: Seconds that such jobs usually take, or None.
TypicalTime = Callable[[Job], float | None]


class Progress(Protocol):
    """Shows what happens to jobs."""

    def show(self, event: JobChanged) -> None:
        """A job as it now is."""

    def pause(self) -> None:
        """Leave the terminal as it was; `show` begins again."""


def progress_for(console: Console, typical_time: TypicalTime) -> Progress:
    """The way that fits the streams of this process."""
    if console.as_json:
        return JsonLines(console)
    if sys.stderr.isatty():
        from sora_tui.cli.progress_bars import Bars  # rich is for terminals

        return Bars(typical_time)
    return TextLines(console, typical_time)


class TextLines:
    """A line per change of state, per ten percent, and per wait."""

    def __init__(self, console: Console, typical_time: TypicalTime) -> None:
        self._console = console
        self._typical_time = typical_time
        self._printed: dict[str, object] = {}
        self._last_reason: Problem | None = None

    def show(self, event: JobChanged) -> None:
        """Print a line if there is something new to say.

        What keeps fifty jobs alike is printed once.
        """
        job, share = event.job, share_of(event)
        retry = event.retry.count if event.retry else None
        news = (job.state, None if share is None else int(share * 10), retry)
        if self._printed.get(job.id) != news:
            self._printed[job.id] = news
            reason = event.retry.problem if event.retry else None
            if reason is not None and reason == self._last_reason:
                return
            self._last_reason = reason
            self._console.note(
                f"{job.id}  {job.state.value:<11}  {detail(event, self._typical_time)}"
            )

    def pause(self) -> None:
        """Lines need nothing."""


class JsonLines:
    """An object per change of state, percent or wait."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._printed: dict[str, dict[str, object]] = {}

    def show(self, event: JobChanged) -> None:
        """Write a line if there is something new to say."""
        job, transfer, retry = event.job, event.transfer, event.retry
        news: dict[str, object] = {
            "event": "job",
            "id": job.id,
            "state": job.state.value,
            "remote_id": job.remote_id,
            "progress": _percent(job),
            "received": transfer.received if transfer else None,
            "total": transfer.total if transfer else None,
            "retry": retry.why if retry else None,
        }
        if self._printed.get(job.id) != news:
            self._printed[job.id] = news
            self._console.document(news)

    def pause(self) -> None:
        """Lines need nothing."""


def share_of(event: JobChanged) -> float | None:
    """The known share (0..1) of the phase a job is in; None where nobody says."""
    job, transfer = event.job, event.transfer
    if job.state is State.DOWNLOADING:
        return transfer.received / transfer.total if transfer and transfer.total else None
    percent = _percent(job) if job.state is State.IN_PROGRESS else None
    return None if percent is None else percent / 100


def detail(event: JobChanged, typical_time: TypicalTime) -> str:
    """What is known of a job's progress, in a few words; an unknown is called unknown."""
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
    percent = _percent(job)
    elapsed = _elapsed(job, now)
    left = seconds_left(elapsed, percent, typical_time(job))
    words = [_("no figure, {time} so far").format(time=duration(elapsed))]
    if percent is not None:
        words = [f"{percent:.0f} %"]
    if left is not None:
        words.append(_("about {time} left").format(time=duration(left)))
    return "  ".join(words)


def _percent(job: Job) -> float | None:
    return job.remote.progress if job.remote else None


def _elapsed(job: Job, now: datetime) -> float:
    since = job.attempts[-1].at if job.attempts else job.created_at
    return max((now - since).total_seconds(), 0.0)
