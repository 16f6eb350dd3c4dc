"""The typical time of jobs in this workspace."""

from __future__ import annotations

from sora_tui.cli.progress_words import TypicalTime
from sora_tui.core.eta import typical_seconds
from sora_tui.core.job import Job
from sora_tui.workspace.history import History


def typical_time_of(history: History) -> TypicalTime:
    """Return a function for the typical time; it reads the history once per kind of job."""
    known: dict[tuple[str | None, ...], float | None] = {}

    def typical_time(job: Job) -> float | None:
        wanted = job.request
        kind = (job.server.profile, wanted.model, wanted.size, wanted.seconds)
        if kind not in known:
            known[kind] = typical_seconds(history.durations(*kind))
        return known[kind]

    return typical_time
