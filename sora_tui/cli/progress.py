"""How far the jobs are: bars on a terminal, plain lines elsewhere, JSON Lines if asked for."""

from __future__ import annotations

import sys
from typing import Protocol

from sora_tui.cli.console import Console
from sora_tui.cli.progress_words import TypicalTime, detail, percent_of, share_of
from sora_tui.core.problem import Problem
from sora_tui.engine.events import JobChanged


class Progress(Protocol):
    """Shows the progress of jobs."""

    def show(self, event: JobChanged) -> None:
        """Show a job in its present state."""

    def pause(self) -> None:
        """Stop drawing and leave the terminal usable; `show` begins again."""


def progress_for(console: Console, typical_time: TypicalTime) -> Progress:
    """Return the form of progress that suits the streams of this process."""
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
        """Print a line if there is news.

        A reason that fifty jobs share is printed once.
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
        """Do nothing: lines need no pause."""


class JsonLines:
    """An object per change of state, percent or wait."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._printed: dict[str, dict[str, object]] = {}

    def show(self, event: JobChanged) -> None:
        """Write a line if there is news."""
        job, transfer, retry = event.job, event.transfer, event.retry
        news: dict[str, object] = {
            "event": "job",
            "id": job.id,
            "state": job.state.value,
            "remote_id": job.remote_id,
            "progress": percent_of(job),
            "received": transfer.received if transfer else None,
            "total": transfer.total if transfer else None,
            "retry": retry.why if retry else None,
        }
        if self._printed.get(job.id) != news:
            self._printed[job.id] = news
            self._console.document(news)

    def pause(self) -> None:
        """Do nothing: lines need no pause."""
