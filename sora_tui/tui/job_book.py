"""The jobs as the screen knows them: newest first, with what helps to say how long they take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sora_tui.core.eta import usual_seconds
from sora_tui.core.job import Job, State
from sora_tui.engine.events import JobChanged
from sora_tui.tui.job_rows import JobView, changes_with_time, counts

#: What jobs are alike in, as far as the time they take goes: profile, model, size, seconds.
Kind = tuple[str, str | None, str | None, str | None]


def kind_of(job: Job) -> Kind:
    """The kind of a job."""
    request = job.request
    return (job.server.profile, request.model, request.size, request.seconds)


class JobBook:
    """Views by job id. Holds no truth: documents do, and the engine says what changed."""

    def __init__(self) -> None:
        self._views: dict[str, JobView] = {}
        self._usual: dict[Kind, float | None] = {}

    def load(self, jobs: Iterable[Job]) -> None:
        """Take in jobs from the disk; what the engine said already is newer."""
        for job in jobs:
            if job.id not in self._views:
                self._views[job.id] = self._dressed(JobView(job))

    def apply(self, events: Iterable[JobChanged]) -> list[JobView]:
        """Take in changes; the views of these jobs as they are now."""
        changed = [self._dressed(JobView(e.job, e.transfer, e.retry)) for e in events]
        self._views |= {view.job.id: view for view in changed}
        return changed

    def learn(self, past: Mapping[Kind, list[float]]) -> list[JobView]:
        """Take in how long such jobs took, in seconds; the views that know more now."""
        for kind, seconds in past.items():
            self._usual[kind] = usual_seconds(seconds)
        changed = [
            self._dressed(view)
            for view in self._views.values()
            if changes_with_time(view) and kind_of(view.job) in past
        ]
        self._views |= {view.job.id: view for view in changed}
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
        kinds = {kind_of(view.job) for view in self._views.values() if changes_with_time(view)}
        return kinds - self._usual.keys()

    def newest(self) -> list[JobView]:
        """Every view, newest first."""
        return [self._views[id] for id in sorted(self._views, reverse=True)]

    def get(self, job_id: str | None) -> JobView | None:
        """The view of a job, if it is known."""
        return None if job_id is None else self._views.get(job_id)

    @property
    def counts(self) -> tuple[int, int]:
        """How many run, and how many need the person."""
        return counts(self._views.values())

    @property
    def active(self) -> list[Job]:
        """Jobs the engine still has work with, oldest first."""
        jobs = (view.job for view in self._views.values() if view.job.is_active)
        return sorted(jobs, key=lambda job: job.id)

    @property
    def moves(self) -> bool:
        """Whether anything on the screen changes with time alone."""
        return any(changes_with_time(view) for view in self._views.values())

    def _dressed(self, view: JobView) -> JobView:
        return replace(view, usual=self._usual.get(kind_of(view.job)))
