"""What the job list knows of its jobs: most of a long history is not at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sora_tui.core.problem import Problem
from sora_tui.tui.state.job_view import JobView, changes_with_time, queue_positions

#: Jobs that are kept at hand besides those that change with time.
_KEPT: Final = 200


class ListedJobs:
    """Views by job id, and which of the others were asked for.

    Attributes:
        live: The few that change with time: ticks, counts and queues look at no others.
        broken: Why documents cannot be read, by job id.
    """

    def __init__(self) -> None:
        self.live: dict[str, JobView] = {}
        self.broken: dict[str, Problem] = {}
        self._views: dict[str, JobView] = {}
        self._positions: Mapping[str, int] = {}
        #: Asked for; the answer is on its way.
        self._wanted: set[str] = set()

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._views

    def get(self, job_id: str) -> JobView | None:
        """Return a job with its place in the queue, if it is at hand."""
        view = self._views.get(job_id)
        return None if view is None else view._replace(ahead=self._positions.get(job_id))

    def replace(self, views: Iterable[JobView]) -> None:
        """Know these and no others."""
        self._views = {}
        self.merge(views)

    def merge(self, views: Iterable[JobView]) -> None:
        """Know these too; whatever was asked for is asked for again when it comes into sight."""
        self._wanted.clear()
        self._views |= {view.job.id: view for view in views}
        self.live = {id: view for id, view in self._views.items() if changes_with_time(view)}

    def put(self, view: JobView) -> None:
        """Know a job as it is now."""
        job_id = view.job.id
        self._views[job_id] = view
        self.broken.pop(job_id, None)
        if changes_with_time(view):
            self.live[job_id] = view
        else:
            self.live.pop(job_id, None)

    def answer(
        self, asked: Sequence[str], views: Iterable[JobView], broken: Mapping[str, Problem]
    ) -> None:
        """Take what was read of the jobs that were asked for."""
        self._wanted.difference_update(asked)
        self.broken |= broken
        for view in views:
            self.put(view)

    def keep_near(self, in_sight: Iterable[str]) -> None:
        """Forget jobs at rest that are not in sight, once there are many."""
        if len(self._views) > _KEPT + len(self.live):
            near = {*in_sight, *self.live}
            self._views = {id: view for id, view in self._views.items() if id in near}

    def remove(self, job_ids: Iterable[str]) -> None:
        """Forget jobs that are gone."""
        for job_id in job_ids:
            self._views.pop(job_id, None)
            self.live.pop(job_id, None)
            self.broken.pop(job_id, None)

    def queue(self) -> None:
        """Find out how many jobs come before each that waits."""
        self._positions = queue_positions(self.live.values())

    def is_wanted(self, job_id: str) -> bool:
        """Return whether a job was asked for, and the answer is on its way."""
        return job_id in self._wanted

    def want(self, in_sight: Iterable[str]) -> tuple[str, ...]:
        """Return those in sight that nothing is known of: they count as asked for from now."""
        known = self._views.keys() | self.broken.keys() | self._wanted
        unknown = tuple(id for id in in_sight if id not in known)
        self._wanted.update(unknown)
        return unknown
