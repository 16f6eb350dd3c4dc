"""What a day has cost, and whether one more order still fits the person's limits.

Money is reserved when a job is made and settled when the server says what it charged; estimated,
reported and unknown sums are never mixed. A sum that may have been spent counts as spent.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from sora_tui.core.job import Job, State
from sora_tui.core.job_id import creation_time
from sora_tui.core.limits import Budget
from sora_tui.core.problem import Fact, Problem, Spent, problem
from sora_tui.core.server import Server, is_loopback_host

if TYPE_CHECKING:  # settings have a budget, and every start reads them
    from sora_tui.core.price import Price


@dataclass(frozen=True, slots=True)
class Spending:
    """What jobs cost, in one currency.

    Attributes:
        estimated: Reserved or spent, as far as our price table knows; no server has reported it.
        reported: What servers said they charged.
        unknown: Jobs that may have cost an unknown sum, or a sum in another currency.
        unreadable: The documents, as they are shown, that may belong to these jobs and cannot be
            read: their cost is unknown, and may be any sum.
        unpriced: The ids of the sent jobs among the unknown that a limit of the day cannot hold:
            not those of servers that run their models themselves.
    """

    estimated: Decimal = Decimal(0)
    reported: Decimal = Decimal(0)
    unknown: int = 0
    unreadable: tuple[str, ...] = ()
    unpriced: tuple[str, ...] = ()

    @property
    def total(self) -> Decimal:
        """Everything that is known."""
        return self.estimated + self.reported

    def __add__(self, other: Spending) -> Spending:
        return Spending(
            self.estimated + other.estimated,
            self.reported + other.reported,
            self.unknown + other.unknown,
            self.unreadable + other.unreadable,
            self.unpriced + other.unpriced,
        )


NOTHING = Spending()


def cost_of(job: Job, currency: str) -> Spending:
    """Return what one job counts for.

    These count for nothing: a practice job, one made elsewhere and adopted, a refusal, a request
    that was never sent, and one that ended with a definite word that nothing was billed. A job that
    waits holds its estimate. Every other job holds it too, the failed, unconfirmed, expired and
    abandoned ones included, because servers do bill for those. What a server says wins over what
    was assumed, that it is free included.
    """
    if job.simulated or job.is_adopted or is_not_billed(job):
        return NOTHING
    cost = job.cost
    if cost.reported is not None:
        known = Spending(reported=cost.reported)
    elif cost.estimated is None:
        return Spending(unknown=1)
    else:
        known = Spending(estimated=_as_told(job, cost.estimated))
    return known if cost.currency == currency or not known.total else Spending(unknown=1)


def is_not_billed(job: Job) -> bool:
    """Return whether surely nothing was billed: refused, never sent, or the server said so."""
    never_sent = job.state is State.CANCELLED and job.remote_id is None
    if never_sent or job.state in {State.NOT_SENT, State.REJECTED}:
        return True
    said = job.state in _ENDED and job.error is not None and job.error.spent is Spent.NO
    return said and not job.is_cost_final


def _as_told(job: Job, estimated: Decimal) -> Decimal:
    """Return the estimate, raised where answers report more clips or longer ones than asked for.

    An edit and an extension may report the length of the whole clip, which was not asked for.
    """
    cost, remote = job.cost, job.remote
    if not cost.per_second or remote is None:
        return estimated
    asked = estimated / cost.per_second / cost.clips
    told = _seconds(remote.seconds) if job.request.operation in _OWN_LENGTH else None
    longest = max(asked, told or asked)
    if remote.outputs <= cost.clips and longest == asked:
        return estimated
    return max(estimated, cost.per_second * longest * max(cost.clips, remote.outputs))


def _seconds(told: str | None) -> Decimal | None:
    """Return a length in seconds as servers write it: `16`, `16.0`, `16s`."""
    found = None if told is None else _LENGTH.fullmatch(told.strip())
    return None if found is None else Decimal(found[1])


_OWN_LENGTH = frozenset({"create", "remix"})
_LENGTH = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,9})?) ?(?:s|secs?|seconds?)?", re.IGNORECASE)
_ENDED = frozenset({State.FAILED, State.CANCELLED, State.GONE, State.ABANDONED})


class DayRecords(NamedTuple):
    """What the documents say of the jobs since a moment.

    Attributes:
        unreadable: Documents that may be of such a job and cannot be read, as they are shown.
    """

    jobs: tuple[Job, ...]
    unreadable: tuple[str, ...] = ()


def spending(records: DayRecords, since: datetime, currency: str) -> Spending:
    """Return what these jobs cost since a moment; see `spent_at`."""
    jobs = [job for job in records.jobs if spent_at(job) >= since]
    costs = [cost_of(job, currency) for job in jobs]
    unpriced = tuple(
        job.id
        for job, cost in zip(jobs, costs, strict=True)
        if cost.unknown and job.state is not State.PENDING and not _is_self_run(job)
    )
    return sum(costs, Spending(unreadable=records.unreadable, unpriced=unpriced))


class DayTotal(NamedTuple):
    """What the jobs of one day cost, each as it is now: a job that changes counts once.

    Attributes:
        day: When the day began.
        costs: By job id; the jobs themselves are not kept.
    """

    day: datetime
    currency: str
    costs: Mapping[str, Spending] = MappingProxyType({})
    unreadable: tuple[str, ...] = ()

    def with_records(self, records: DayRecords) -> DayTotal:
        """Return the total with what the documents of the day tell."""
        return self._replace(unreadable=records.unreadable).with_jobs(records.jobs)

    def with_jobs(self, jobs: Iterable[Job]) -> DayTotal:
        """Return the total now that these jobs are as they are."""
        costs = dict(self.costs)
        for job in jobs:
            cost = cost_of(job, self.currency)
            if cost != NOTHING and spent_at(job) >= self.day:
                costs[job.id] = cost
            else:
                costs.pop(job.id, None)
        return self._replace(costs=costs)

    @property
    def spent(self) -> Spending:
        """The sum of all."""
        return sum(self.costs.values(), Spending(unreadable=self.unreadable))


def _is_self_run(job: Job) -> bool:
    """Return whether a job went to a server of this machine that runs its models itself."""
    was_found = job.consent is not None and job.consent.found is not None
    host = urlsplit(job.server.base_url).hostname or ""
    return was_found and job.cost.estimated is None and is_loopback_host(host)


def spending_by_server(
    jobs: Iterable[Job], since: datetime, currency: str
) -> Mapping[str, Spending]:
    """Return the same by name of the server's profile, without servers that cost nothing."""
    sums: dict[str, Spending] = {}
    for job in jobs:
        if spent_at(job) >= since and (cost := cost_of(job, currency)) != NOTHING:
            sums[job.server.profile] = sums.get(job.server.profile, NOTHING) + cost
    return sums


def spent_at(job: Job) -> datetime:
    """Return when a job's money is spent: when it was sent. One that waits may be sent any moment.

    Nothing is sent before it is made: an earlier time of an attempt is an error of a clock or of an
    edit, and so is a time before there was a service to send to. A job without any time counts each
    day.
    """
    if job.state is State.PENDING:
        return _ANY_MOMENT
    # A clock that was ahead when the job was made has been set right by the time of its last step.
    made = min(job.created_at, job.updated_at)
    at = max([made, *(attempt.at for attempt in job.attempts[-1:])])
    return at if at >= _FIRST_MOMENT else creation_time(job.id) or _ANY_MOMENT


_FIRST_MOMENT = datetime(2020, 1, 1, tzinfo=UTC)
_ANY_MOMENT = datetime.max.replace(tzinfo=UTC)


def day_began(now: datetime) -> datetime:
    """Return the last midnight on the person's own clock, as a point in time.

    The local day and not the one of UTC: "today" on a screen means the reader's day.
    """
    here = now.astimezone()
    # Made from a naive date again, so that the day of a clock change begins at its own midnight.
    return datetime(here.year, here.month, here.day).astimezone()


def hours_left(now: datetime) -> int:
    """Return the hours until the next midnight on the person's own clock, rounded up: 1 to 25."""
    here = now.astimezone()
    tomorrow = here.date() + timedelta(days=1)
    # From a naive date, as in `day_began`: on the day of a clock change it has another length.
    midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day).astimezone()
    return math.ceil((midnight - here) / timedelta(hours=1))


class Charge(NamedTuple):
    """Clips of one price on one server, as a limit sees them.

    Attributes:
        price: Of one clip.
        self_run: Its server runs its models itself on this machine: that its price is unknown
            breaks no limit.
    """

    server: Server
    price: Price
    clips: int = 1
    self_run: bool = False


def over_budget(budget: Budget, charges: Iterable[Charge], spent: Spending) -> Problem | None:  # noqa: C901, PLR0911 -- the rule about money, read from top to bottom
    """Return why an order breaks a limit, or None where it fits.

    The limit of a clip holds for each line, the limit of the day for the sum of all lines on all
    servers. An unknown price cannot be held to a limit: where one is set, the order is refused.
    Prices, or `free = true`, in the profile make it possible.

    Args:
        budget: The limits that the person set.
        charges: All lines of the order.
        spent: What the day has cost before this order.
    """
    from sora_tui.core.price import PriceKind

    if not budget.is_set:
        return None
    facts: dict[str, Fact] = {"currency": budget.currency}
    total: Decimal | None = None
    reports = False
    for charge in charges:
        price, sum = charge.price, charge.price.sum
        if price.unclear:
            return _unheld(budget, charge.server, price.unclear)
        if sum is None and charge.self_run:
            continue
        if price.kind is PriceKind.FREE and not sum and not price.reports:
            continue
        reports = reports or price.reports
        if sum is None or price.currency != budget.currency:
            return _unheld(budget, charge.server)
        if budget.per_job is not None and sum > budget.per_job:
            facts |= {"sum": str(sum), "limit": str(budget.per_job), "setting": "per_job"}
            return problem("over_budget", **facts)
        total = (total or Decimal(0)) + sum * charge.clips
    if total is None or budget.per_day is None:
        return None
    if spent.unreadable:
        facts |= {"path": spent.unreadable[0], "limit": str(budget.per_day)}
        return problem("day_unreadable", **facts)
    if spent.unpriced:
        facts |= {"id": spent.unpriced[0], "limit": str(budget.per_day)}
        return problem("day_unpriced", **facts)
    # A free server that reports costs may charge for what it has not reported yet.
    if spent.total + total > budget.per_day or (reports and spent.total >= budget.per_day):
        facts |= {"sum": str(total), "limit": str(budget.per_day), "setting": "per_day"}
        return problem("over_budget", **facts, spent=str(spent.total))
    return None


def _unheld(budget: Budget, server: Server, unclear: str = "") -> Problem:
    limit = budget.per_day if budget.per_day is not None else budget.per_job
    facts: dict[str, Fact] = {"limit": str(limit), "currency": budget.currency}
    if unclear:
        return problem("price_unclear", host=server.host, name=unclear, **facts)
    return problem("price_unknown", host=server.host, **facts)
