"""The jobs as the screen knows them: newest first, with what helps to say how long they take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from sora_tui.core.eta import typical_seconds
from sora_tui.core.job import Job, State
from sora_tui.tui.state.job_view import JobView, changes_with_time, counts
from sora_tui.tui.state.signal import Signal

if TYPE_CHECKING:
    from sora_tui.engine.events import JobChanged

#: Finished jobs that are kept at hand; the rest of a long history stays on the disk.
_KEPT: Final = 60

#: What jobs are alike in, as far as the time they take goes: profile, model, size, seconds.
Kind = tuple[str, str | None, str | None, str | None]


def kind_of(job: Job) -> Kind:
    """The kind of a job."""
    request = job.request
    return (job.server.profile, request.model, request.size, request.seconds)


class JobBook:
    """Views by job id: all that live, and the others that were asked for last.

    Holds no truth: documents do, and the engine says what changed.

    Attributes:
        changed: Announces that other jobs are at hand, or the same ones in another state.
    """

    def __init__(self) -> None:
        self.changed: Signal[None] = Signal()
        self._views: dict[str, JobView] = {}
        #: Those that change with time.
        self._live: dict[str, JobView] = {}
        self._typical_time: dict[Kind, float | None] = {}

    def load(self, jobs: Iterable[Job]) -> list[JobView]:
        """Take in jobs from the disk; what the engine said of a live one already is newer."""
        loaded = []
        for job in jobs:
            if job.id not in self._live:
                self._put(self._dressed(JobView(job)))
            loaded.append(self._views[job.id])
        self._forget_some()
        self.changed.publish(None)
        return loaded

    def apply(self, events: Iterable[JobChanged]) -> list[JobView]:
        """Take in changes; the views of these jobs as they are now."""
        changed = [self._dressed(JobView(e.job, e.transfer, e.retry)) for e in events]
        for view in changed:
            self._put(view)
        self._forget_some()
        self.changed.publish(None)
        return changed

    def remove(self, job_ids: Iterable[str]) -> None:
        """Drop jobs that are gone."""
        for job_id in job_ids:
            self._drop(job_id)
        self.changed.publish(None)

    def learn(self, past: Mapping[Kind, list[float]]) -> list[JobView]:
        """Take in how long such jobs took, in seconds; the views that know more now."""
        for kind, seconds in past.items():
            self._typical_time[kind] = typical_seconds(seconds)
        changed = [self._dressed(view) for view in self._live.values() if kind_of(view.job) in past]
        for view in changed:
            self._put(view)
        return changed

    def is_new_in(self, job: Job, state: State) -> bool:
        """Whether a job that was known in another state has come into this one."""
        before = self._views.get(job.id)
        return job.state is state and before is not None and before.job.state is not state

    def moved(self, events: Iterable[JobChanged]) -> list[Job]:
        """Jobs that were known in another state, as they come."""
        return [event.job for event in events if self.is_new_in(event.job, event.job.state)]

    def unknown_kinds(self) -> set[Kind]:
        """Kinds of jobs under way whose usual time was not asked for yet."""
        return {kind_of(view.job) for view in self._live.values()} - self._typical_time.keys()

    def newest(self) -> list[JobView]:
        """Every view at hand, newest first."""
        return [self._views[id] for id in sorted(self._views, reverse=True)]

    def get(self, job_id: str | None) -> JobView | None:
        """The view of a job, if it is at hand."""
        return None if job_id is None else self._views.get(job_id)

    @property
    def live(self) -> list[Job]:
        """Jobs that are under way or need the person."""
        return [view.job for view in self._live.values()]

    @property
    def counts(self) -> tuple[int, int]:
        """How many run, and how many need the person."""
        return counts(self._live.values())

    @property
    def active(self) -> list[Job]:
        """Jobs the engine still has work with, oldest first."""
        return sorted((job for job in self.live if job.is_active), key=lambda job: job.id)

    @property
    def moves(self) -> bool:
        """Whether anything on the screen changes with time alone."""
        return bool(self._live)

    def _put(self, view: JobView) -> None:
        self._drop(view.job.id)  # the last one in is the last one to be forgotten
        self._views[view.job.id] = view
        if changes_with_time(view):
            self._live[view.job.id] = view

    def _drop(self, job_id: str) -> None:
        self._views.pop(job_id, None)
        self._live.pop(job_id, None)

    def _forget_some(self) -> None:
        over = len(self._views) - len(self._live) - _KEPT
        if over > 0:
            resting = (id for id in self._views if id not in self._live)
            for job_id in [id for id, _ in zip(resting, range(over), strict=False)]:
                del self._views[job_id]

    def _dressed(self, view: JobView) -> JobView:
        return view._replace(typical_seconds=self._typical_time.get(kind_of(view.job)))
