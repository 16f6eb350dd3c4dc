"""What was spent, by day, server and model: estimated, reported and unknown sums kept apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from sora_tui.core.budget import NOTHING, Spending, cost_of, spent_at
from sora_tui.core.job import Job, State


class Account(NamedTuple):
    """What a sum is kept under; the day is that of the person's own clock."""

    day: date
    server: str
    model: str
    currency: str


class Tally(NamedTuple):
    """What stands in an account.

    Attributes:
        clips: Jobs that were sent, refused ones and those that cost nothing included.
    """

    clips: int = 0
    spent: Spending = NOTHING

    def __add__(self, other: object) -> Tally:
        if not isinstance(other, Tally):
            return NotImplemented
        return Tally(self.clips + other.clips, self.spent + other.spent)


def accounts(jobs: Iterable[Job], since: datetime) -> dict[Account, Tally]:
    """The accounts of all jobs that were sent since a moment, in order; practice is none."""
    kept: dict[Account, Tally] = {}
    for job in jobs:
        at = spent_at(job)
        if job.simulated or job.is_adopted or job.state is State.PENDING or at < since:
            continue
        if not job.attempts:
            continue
        currency = job.cost.currency
        account = Account(
            at.astimezone().date(), job.server.profile, job.request.model or "", currency
        )
        kept[account] = kept.get(account, Tally()) + Tally(1, cost_of(job, currency))
    return dict(sorted(kept.items()))


def together(kept: Mapping[Account, Tally], *names: str) -> dict[tuple[str, ...], Tally]:
    """The same sums by fewer names: `together(kept, "server", "currency")`."""
    sums: dict[tuple[str, ...], Tally] = {}
    for account, tally in kept.items():
        key = tuple(str(getattr(account, name)) for name in names)
        sums[key] = sums.get(key, Tally()) + tally
    return sums
