"""What the day has cost, kept up to date by what jobs do: sums by job, not the jobs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sora_tui.core.budget import NOTHING, DayRecords, Spending, cost_of, day_began, spent_at
from sora_tui.core.job import Job


class DayMoney:
    """The money of one day.

    Attributes:
        day: When it began.
    """

    def __init__(self, now: datetime, currency: str) -> None:
        self.day = day_began(now)
        self._currency = currency
        self._sums: dict[str, Spending] = {}
        self._unreadable: tuple[str, ...] = ()

    def read(self, records: DayRecords) -> None:
        """Take in what the documents tell at the beginning."""
        self._unreadable = records.unreadable
        self.note(records.jobs)

    def note(self, jobs: Iterable[Job]) -> None:
        """These jobs are so now."""
        for job in jobs:
            cost = cost_of(job, self._currency)
            if cost != NOTHING and spent_at(job) >= self.day:
                self._sums[job.id] = cost
            else:
                self._sums.pop(job.id, None)

    @property
    def spent(self) -> Spending:
        """The sum."""
        return sum(self._sums.values(), Spending(unreadable=self._unreadable))
