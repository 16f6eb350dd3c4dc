"""What was spent, by day, server and model: estimated, reported and unknown sums kept apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from sora_tui.core.budget import NOTHING, Spending, cost_of, is_not_billed, spent_at
from sora_tui.core.job import Job, State


class SpendingGroup(NamedTuple):
    """What sums are grouped by; the day is that of the person's own clock."""

    day: date
    server: str
    model: str
    currency: str


class GroupTotal(NamedTuple):
    """The sums of one group.

    Attributes:
        clips: Jobs that may have been billed, or were made for nothing.
    """

    clips: int = 0
    spent: Spending = NOTHING

    def __add__(self, other: object) -> GroupTotal:
        if not isinstance(other, GroupTotal):
            return NotImplemented
        return GroupTotal(self.clips + other.clips, self.spent + other.spent)


def spending_report(jobs: Iterable[Job], since: datetime) -> dict[SpendingGroup, GroupTotal]:
    """Return the sums of all jobs that were sent since a moment, in order.

    Practice jobs do not count, nor those that were surely not billed: refused or never sent.
    """
    kept: dict[SpendingGroup, GroupTotal] = {}
    for job in jobs:
        at = spent_at(job)
        if job.simulated or job.is_adopted or job.state is State.PENDING or at < since:
            continue
        if not job.attempts or is_not_billed(job):
            continue
        currency = job.cost.currency
        account = SpendingGroup(
            at.astimezone().date(), job.server.profile, job.request.model or "", currency
        )
        kept[account] = kept.get(account, GroupTotal()) + GroupTotal(1, cost_of(job, currency))
    return dict(sorted(kept.items()))


def merge_groups(
    kept: Mapping[SpendingGroup, GroupTotal], *names: str
) -> dict[tuple[str, ...], GroupTotal]:
    """Return the same sums grouped by fewer names: `merge_groups(kept, "server", "currency")`."""
    sums: dict[tuple[str, ...], GroupTotal] = {}
    for account, tally in kept.items():
        key = tuple(str(getattr(account, name)) for name in names)
        sums[key] = sums.get(key, GroupTotal()) + tally
    return sums
