"""What counts as spent in each state, and which orders a limit lets pass."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sora_tui.core.budget import (
    NOTHING,
    Charge,
    DayRecords,
    DayTotal,
    Spending,
    cost_of,
    day_began,
    hours_left,
    over_budget,
    spending,
    spending_by_server,
    spent_at,
)
from sora_tui.core.document import from_document, to_document
from sora_tui.core.job import Consent, Cost, Job, JobError, State
from sora_tui.core.job_id import creation_time
from sora_tui.core.limits import Budget
from sora_tui.core.price import Price, PriceKind
from sora_tui.core.problem import ProblemError, Spent
from sora_tui.core.server import Server, ServerRef
from tests.support.job_states import ERROR, LATER, START, in_state, new_job, video

SUM = Decimal("0.40")
HELD = Spending(estimated=SUM)
PERHAPS = JobError("moderation_after", Spent.PERHAPS)
LAB = Server("lab", "https://lab.example.org/v1")
HERE = Server("here", "http://127.0.0.1:8000/v1")
PRICED = Price(PriceKind.PRICED, SUM)
UNKNOWN = Price(PriceKind.UNKNOWN, None)
LOST = Spending(unreadable=("metadata/20261122-101530-000aaa.json",))
UNCLEAR = Price(PriceKind.UNKNOWN, None, unclear="n")


def unreported(job: Job) -> Job:
    return replace(job, cost=Cost(SUM))


@pytest.mark.parametrize("state", State)
def test_money_that_may_be_spent_counts_as_spent(state: State) -> None:
    job = replace(unreported(in_state(state)), remote_id="video_1", error=PERHAPS)
    nothing = state in {State.NOT_SENT, State.REJECTED}
    assert cost_of(job, "USD") == (NOTHING if nothing else HELD)
    reported = replace(job, cost=Cost(SUM, Decimal("0.35")))
    assert cost_of(reported, "USD") == (NOTHING if nothing else Spending(reported=Decimal("0.35")))


ENDED = [State.FAILED, State.CANCELLED, State.GONE, State.ABANDONED]


@pytest.mark.parametrize("state", ENDED)
def test_a_definite_word_that_nothing_was_billed_is_believed(state: State) -> None:
    free = JobError("generation_failed", Spent.NO)
    job = replace(unreported(in_state(state)), remote_id="video_1", error=free)
    assert cost_of(job, "USD") == NOTHING


def test_what_was_taken_back_before_it_was_sent_costs_nothing() -> None:
    assert cost_of(new_job().withdrawn(LATER), "USD") == NOTHING
    refused = new_job().submitting(LATER, "key").not_sent(LATER, ERROR)
    assert cost_of(refused.abandoned(LATER), "USD") == NOTHING


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        (Cost(None), Spending(unknown=1)),
        (Cost(Decimal(0)), NOTHING),
        (Cost(SUM, None, "EUR"), Spending(unknown=1)),
        (Cost(None, Decimal(0)), NOTHING),
    ],
)
def test_unknown_sums_are_counted_and_never_added(cost: Cost, expected: Spending) -> None:
    assert cost_of(replace(new_job(), cost=cost), "USD") == expected


def test_practice_counts_nowhere() -> None:
    assert cost_of(replace(in_state(State.SAVED), simulated=True), "USD") == NOTHING


def test_the_day_of_a_job_is_the_day_it_was_sent() -> None:
    waiting = new_job()
    sent = waiting.submitting(START + timedelta(days=2), "key")
    assert spent_at(sent) == START + timedelta(days=2)
    since = START + timedelta(days=1)
    jobs = (waiting, unreported(sent), unreported(in_state(State.SAVED)))
    assert spending(DayRecords(jobs), since, "USD") == HELD + HELD


NEVER = datetime(1, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({}, START + timedelta(days=2)),
        ({"attempt": NEVER}, START),
        ({"attempt": START - timedelta(days=1)}, START),  # nothing is sent before it is made
        ({"created_at": NEVER}, START + timedelta(days=2)),
        ({"created_at": START + timedelta(days=999)}, START + timedelta(days=2)),  # a wrong clock
        ({"attempt": NEVER, "created_at": NEVER}, creation_time("20261122-101530-000aaa")),
    ],
)
def test_a_time_that_cannot_be_hides_no_money(
    times: dict[str, datetime], expected: datetime
) -> None:
    job = replace(new_job(), id="20261122-101530-000aaa").submitting(START + timedelta(2), "key")
    attempt = job.attempts[-1]._replace(at=times.get("attempt", job.attempts[-1].at))
    made = times.get("created_at", job.created_at)
    job = replace(job, attempts=(attempt,), created_at=made)
    assert spent_at(job) == expected
    assert spent_at(replace(job, id="x", attempts=(), created_at=NEVER)) > LATER, "each day"


@pytest.mark.parametrize(
    ("clips", "told", "expected"),
    [
        (1, {}, "0.40"),
        (1, {"seconds": "4"}, "0.40"),
        (1, {"seconds": "2"}, "0.40"),
        (1, {"seconds": "16"}, "1.60"),
        (1, {"seconds": "16.0 s"}, "1.60"),
        (1, {"seconds": "ages"}, "0.40"),
        (1, {"outputs": 3}, "1.20"),
        (4, {"outputs": 4}, "0.40"),  # the estimate is for all of them
        (2, {"outputs": 4}, "0.80"),
        (1, {"outputs": 3, "seconds": "8"}, "2.40"),
    ],
)
def test_what_the_server_tells_it_made_is_counted(
    clips: int, told: dict[str, Any], expected: str
) -> None:
    cost = Cost(SUM, None, "USD", Decimal("0.10") / clips, clips)
    job = replace(in_state(State.QUEUED), cost=cost, remote=video("queued")._replace(**told))
    assert cost_of(job, "USD").estimated == Decimal(expected)
    extended = replace(job, request=job.request._replace(operation="extend"))
    if "outputs" not in told:
        assert cost_of(extended, "USD") == HELD, "the length of the whole was not asked for"
    reported = replace(job, cost=cost._replace(reported=Decimal("0.05")))
    assert cost_of(reported, "USD").total == Decimal("0.05")
    again = from_document(to_document(job))
    assert again.cost == cost


@pytest.mark.parametrize(
    ("cost", "base_url", "found", "stops"),
    [
        (Cost(None), "https://lab.example.org/v1", None, True),
        (Cost(SUM, None, "EUR"), "https://lab.example.org/v1", None, True),
        (Cost(None, SUM, "EUR"), "https://lab.example.org/v1", None, True),
        (Cost(SUM), "https://lab.example.org/v1", None, False),
        (Cost(Decimal(0), None, "EUR"), "https://lab.example.org/v1", None, False),
        (Cost(None), "http://127.0.0.1:8000/v1", "vllm-omni", False),
        (Cost(None), "http://127.0.0.1:8000/v1", None, True),
        (Cost(None), "https://lab.example.org/v1", "vllm-omni", True),
        (Cost(SUM, None, "EUR"), "http://127.0.0.1:8000/v1", "vllm-omni", True),
    ],
)
def test_a_job_of_the_day_that_no_limit_can_hold_stops_the_next(
    cost: Cost, base_url: str, found: str | None, stops: bool
) -> None:
    agreed = Consent("unknown", START, found=found)
    ref = ServerRef("lab", base_url)
    job = replace(in_state(State.SAVED), cost=cost, server=ref, consent=agreed)
    spent = spending(DayRecords((job,)), START, "USD")
    why = over_budget(Budget(per_day=Decimal(9)), [Charge(LAB, PRICED)], spent)
    assert (why and (why.code, why.facts["id"])) == (("day_unpriced", job.id) if stops else None)
    assert over_budget(Budget(per_job=Decimal(9)), [Charge(LAB, PRICED)], spent) is None
    waiting = replace(new_job(), cost=cost, server=ref)
    assert spending(DayRecords((waiting,)), START, "USD").unpriced == (), "it is asked about later"


def test_a_cost_in_another_currency_takes_the_place_of_the_estimate() -> None:
    done = video("completed")._replace(cost=Decimal("0.90"), currency="EUR")
    job = unreported(in_state(State.QUEUED)).progressed(LATER, done)
    assert job.cost == Cost(None, Decimal("0.90"), "EUR")
    assert cost_of(job, "EUR") == Spending(reported=Decimal("0.90"))
    assert cost_of(job, "USD") == Spending(unknown=1)
    same = unreported(in_state(State.QUEUED)).progressed(LATER, done._replace(currency="USD"))
    assert same.cost == Cost(SUM, Decimal("0.90"), "USD")


@pytest.mark.parametrize("sum", [-5, float("nan"), float("inf"), "-0.1"])
@pytest.mark.parametrize("name", ["estimated", "reported", "per_second"])
def test_a_record_with_a_sum_that_is_none_cannot_be_read(name: str, sum: object) -> None:
    document = to_document(unreported(in_state(State.SAVED)))
    document["cost"][name] = sum
    with pytest.raises(ProblemError):  # and one of today stops paid orders
        from_document(document)


def test_each_server_has_a_sum_of_its_own() -> None:
    saved = unreported(in_state(State.SAVED))
    other = replace(saved, server=ServerRef("gw", "https://gw.example.org/v1"))
    refused = replace(in_state(State.REJECTED), server=ServerRef("no", "https://no.example.org"))
    sums = spending_by_server([saved, other, saved, refused], START, "USD")
    assert sums == {"lab": HELD + HELD, "gw": HELD}


@pytest.mark.parametrize(
    ("budget", "price", "count", "spent", "code", "setting"),
    [
        (Budget(), PRICED, 100, HELD, None, None),
        (Budget(per_day=Decimal("0.80")), PRICED, 1, HELD, None, None),
        (Budget(per_day=Decimal("0.79")), PRICED, 1, HELD, "over_budget", "per_day"),
        (Budget(per_day=Decimal("0.80")), PRICED, 2, HELD, "over_budget", "per_day"),
        (Budget(per_day=Decimal("0.80")), PRICED, 2, NOTHING, None, None),
        (Budget(per_job=Decimal("0.39")), PRICED, 1, NOTHING, "over_budget", "per_job"),
        (Budget(per_job=Decimal("0.40")), PRICED, 9, HELD, None, None),
        (Budget(per_day=Decimal(0)), PRICED, 1, NOTHING, "over_budget", "per_day"),
        (Budget(per_day=Decimal(0)), Price(PriceKind.FREE, Decimal(0)), 1, HELD, None, None),
        (Budget(per_day=Decimal(9)), UNKNOWN, 1, NOTHING, "price_unknown", None),
        (Budget(per_day=Decimal(9)), PRICED, 1, LOST, "day_unreadable", None),
        (Budget(per_job=Decimal(9)), PRICED, 1, LOST, None, None),
        (Budget(per_day=Decimal(9)), Price(PriceKind.FREE, Decimal(0)), 1, LOST, None, None),
        (Budget(per_day=Decimal(9)), UNCLEAR, 1, NOTHING, "price_unclear", None),
        (Budget(per_day=Decimal(9), currency="EUR"), PRICED, 1, NOTHING, "price_unknown", None),
    ],
)
def test_an_order_fits_its_limits_or_says_which_one_it_breaks(
    budget: Budget,
    price: Price,
    count: int,
    spent: Spending,
    code: str | None,
    setting: str | None,
) -> None:
    why = over_budget(budget, [Charge(LAB, price, count)], spent)
    assert (why.code if why else None) == code
    assert (why.facts.get("setting") if why else None) == setting


def test_a_server_of_this_machine_may_be_silent_about_its_price() -> None:
    budget = Budget(per_day=Decimal(1))
    assert over_budget(budget, [Charge(HERE, UNKNOWN, self_run=True)], NOTHING) is None
    why = over_budget(budget, [Charge(HERE, UNCLEAR, self_run=True)], NOTHING)
    assert why is not None, "its rate is known, and what it makes is not"


def test_the_day_begins_at_the_midnight_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    try:
        assert day_began(datetime(2026, 11, 22, 23, 30, tzinfo=UTC)) == datetime(
            2026, 11, 22, 23, 0, tzinfo=UTC
        )
        # The clocks went back at three: midnight was in summer time, now is not.
        assert day_began(datetime(2026, 10, 25, 12, 0, tzinfo=UTC)) == datetime(
            2026, 10, 24, 22, 0, tzinfo=UTC
        )
    finally:
        monkeypatch.undo()
        time.tzset()


def test_in_the_total_of_a_day_a_job_counts_once_as_it_is_now() -> None:
    job = unreported(in_state(State.IN_PROGRESS))
    empty = DayTotal(day_began(spent_at(job)), "USD")
    records = DayRecords((job,), LOST.unreadable)
    total = empty.with_records(records)
    assert (empty.spent, total.spent) == (NOTHING, LOST + HELD)
    reported = replace(job, cost=Cost(SUM, Decimal("0.35")))
    assert total.with_jobs([job, reported]).spent == LOST + Spending(reported=Decimal("0.35"))
    assert total.with_jobs([in_state(State.REJECTED)]).spent == LOST
    later = empty._replace(day=spent_at(job) + timedelta(seconds=1))
    assert later.with_jobs([job]).spent == NOTHING


def test_reported_sums_settle_what_was_reserved() -> None:
    job = new_job().submitting(LATER, "key")
    assert cost_of(job, "USD") == HELD
    # `video` says usage.cost 0.4, as a float would come
    done = job.accepted(LATER, video("completed"))
    assert cost_of(done, "USD") == Spending(reported=Decimal("0.4"))


@pytest.mark.parametrize(
    ("zone", "now", "hours"),
    [
        ("UTC", datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC), 1),
        ("UTC", datetime(2028, 2, 29, 0, 0, tzinfo=UTC), 24),
        ("Asia/Kathmandu", datetime(2026, 12, 31, 18, 0, tzinfo=UTC), 1),
        ("Europe/Paris", datetime(2026, 10, 24, 22, 0, tzinfo=UTC), 25),  # the clock is set back
    ],
)
def test_the_rest_of_the_day_is_that_of_the_own_clock(
    monkeypatch: pytest.MonkeyPatch, zone: str, now: datetime, hours: int
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert hours_left(now) == hours
    finally:
        monkeypatch.undo()
        time.tzset()
