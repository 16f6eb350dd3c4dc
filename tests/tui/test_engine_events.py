"""What the engine says reaches the screen: the newest of each kind, in its order, in one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sora_tui.core.problem import problem
from sora_tui.engine.events import (
    EngineChanged,
    EngineFault,
    JobChanged,
    JobRemoved,
    RecordsFound,
    RemoteListed,
)
from sora_tui.tui.context import Signals
from sora_tui.tui.state.engine_events import EngineEvents
from tests.support import sample_jobs as sample


def collected() -> tuple[EngineEvents, list[Callable[[], object]], list[tuple[str, Any]]]:
    """Return the events, what waits for the thread of the screen, and what was published."""
    signals, calls, published = Signals(), [], []  # type: ignore[var-annotated]
    for name in (
        "engine_changed",
        "engine_failed",
        "remote_listed",
        "records_found",
        "jobs_changed",
        "jobs_removed",
    ):
        getattr(signals, name).subscribe(lambda value, name=name: published.append((name, value)))
    return EngineEvents(signals, calls.append), calls, published


def test_only_the_newest_of_a_job_is_published_and_one_call_publishes_all() -> None:
    events, calls, published = collected()
    first, other = sample.pending(60, number=1), sample.pending(50, number=2)
    later = sample.in_progress(first, 40)
    for job in (first, other, later):
        events.put(JobChanged(job))
    assert (len(calls), published) == (1, [])
    calls.pop()()
    assert published == [("jobs_changed", [JobChanged(later), JobChanged(other)])]
    events.put(JobChanged(first))
    assert len(calls) == 1, "the next one is announced again"


def test_each_kind_has_a_signal_and_jobs_come_last() -> None:
    events, calls, published = collected()
    job = sample.pending(60)
    fault, listed = problem("disk_full", path="x"), RemoteListed("lab")
    events.put(JobRemoved("20261122-101530-000000"))
    events.put(JobChanged(job))
    events.put(RecordsFound(1))
    events.put(EngineFault(fault, "report"))
    events.put(listed)
    events.put(EngineChanged(owner=False))
    events.put(EngineChanged(owner=True))
    events.put(RecordsFound(3))
    calls.pop()()
    assert published == [
        ("records_found", 3),
        ("engine_failed", fault),
        ("remote_listed", listed),
        ("engine_changed", EngineChanged(owner=True)),
        ("jobs_changed", [JobChanged(job)]),
        ("jobs_removed", frozenset({"20261122-101530-000000"})),
    ]


def test_a_job_that_was_removed_is_not_shown_as_changed() -> None:
    events, calls, published = collected()
    job = sample.pending(60)
    events.put(JobChanged(job))
    events.put(JobRemoved(job.id))
    calls.pop()()
    assert published == [("jobs_removed", frozenset({job.id}))]


def test_an_event_after_the_end_of_the_screen_is_dropped() -> None:
    def closed(_call: Callable[[], object]) -> None:
        raise RuntimeError("Event loop is closed")

    EngineEvents(Signals(), closed).put(RecordsFound(1))
