"""A job as the screen knows it, and what follows from that alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from sora_tui.core.job import Job, State

if TYPE_CHECKING:
    from sora_tui.engine.events import Retry, Transfer

_QUEUEING: Final = frozenset({State.PENDING, State.QUEUED})
_BUSY: Final = frozenset({State.SUBMITTING, State.IN_PROGRESS})
_RUNNING: Final = frozenset(
    {State.SUBMITTING, State.IN_PROGRESS, State.COMPLETED, State.DOWNLOADING}
)


class JobView(NamedTuple):
    """A job with what is known of it beside its document.

    Attributes:
        typical_seconds: How long such jobs take from accepted to completed; None is unknown.
        ahead: Jobs of ours before it on the same server; None is not in a queue.
    """

    job: Job
    transfer: Transfer | None = None
    retry: Retry | None = None
    typical_seconds: float | None = None
    ahead: int | None = None


def counts(views: Iterable[JobView]) -> tuple[int, int]:
    """Return how many jobs run (sent and not yet saved) and how many wait for the person."""
    running = needs_you = 0
    for view in views:
        running += view.job.state in _RUNNING and not view.job.is_final
        needs_you += view.job.needs_decision
    return running, needs_you


def queue_positions(views: Iterable[JobView]) -> dict[str, int]:
    """Return, for each job that queues, how many of ours come before it on its server."""
    by_server: dict[str, list[Job]] = {}
    for view in views:
        if view.job.state in _QUEUEING | _BUSY:
            by_server.setdefault(view.job.server.profile, []).append(view.job)
    return {
        job.id: place
        for jobs in by_server.values()
        # What runs is before what waits, whatever its age.
        for place, job in enumerate(sorted(jobs, key=lambda job: (job.state in _QUEUEING, job.id)))
        if job.state in _QUEUEING
    }


def changes_with_time(view: JobView) -> bool:
    """Return whether some column of this job says something else a second later."""
    return view.job.is_active or view.job.needs_decision
