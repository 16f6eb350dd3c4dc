"""What was spent, by day, server and model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sora_tui.core.job import Attempt, Cost, Job, JobError, State
from sora_tui.core.problem import Spent
from sora_tui.core.server import ServerRef
from sora_tui.core.spending_report import merge_groups, spending_report
from tests.support.sample_jobs import pending

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
EVER = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def sent(
    at: datetime = NOON,
    server: str = "gw",
    model: str | None = "sora-2",
    state: State = State.SAVED,
    **changes: Any,
) -> Job:
    job = pending(paid=True)
    return replace(
        job,
        state=state,
        simulated=False,
        server=ServerRef(server, f"https://{server}.example.org/v1"),
        request=job.request._replace(model=model),
        cost=changes.pop("cost", Cost(Decimal("0.40"))),
        attempts=(Attempt(at, "key", "accepted", 200),),
        **changes,
    )


def test_sums_are_kept_apart_by_day_server_model_and_currency() -> None:
    jobs = [
        sent(),
        sent(cost=Cost(Decimal("0.40"), Decimal("0.38"))),
        sent(NOON - timedelta(days=1)),
        sent(server="lab", model=None, cost=Cost()),
        sent(cost=Cost(Decimal("0.30"), currency="EUR")),
    ]
    kept = spending_report(jobs, EVER)
    assert [(str(a.day), a.server, a.model, a.currency) for a in kept] == [
        ("2026-11-24", "gw", "sora-2", "USD"),
        ("2026-11-25", "gw", "sora-2", "EUR"),
        ("2026-11-25", "gw", "sora-2", "USD"),
        ("2026-11-25", "lab", "", "USD"),
    ]
    by_server = merge_groups(kept, "server", "currency")
    gw = by_server["gw", "USD"]
    assert (gw.clips, gw.spent.estimated, gw.spent.reported) == (
        3,
        Decimal("0.80"),
        Decimal("0.38"),
    )
    assert by_server["lab", "USD"].spent.unknown == 1
    assert by_server["gw", "EUR"].spent.estimated == Decimal("0.30")


def test_only_what_was_sent_since_then_counts() -> None:
    old, practice = sent(NOON - timedelta(days=9)), replace(sent(), simulated=True)
    waits = replace(pending(paid=True), simulated=False)
    kept = spending_report([old, practice, waits, sent()], NOON - timedelta(days=1))
    assert sum(tally.clips for tally in kept.values()) == 1


@pytest.mark.parametrize(
    ("job", "clips"),
    [
        (sent(state=State.REJECTED), 0),
        (sent(state=State.NOT_SENT, cost=Cost()), 0),
        (sent(state=State.CANCELLED), 0),
        (sent(state=State.FAILED, error=JobError("generation_failed", Spent.NO)), 0),
        (sent(state=State.FAILED, error=JobError("generation_failed", Spent.PERHAPS)), 1),
        (sent(state=State.UNCONFIRMED), 1),
        (sent(cost=Cost(Decimal(0))), 1),
    ],
)
def test_what_surely_was_not_billed_is_no_clip_that_was_paid(job: Job, clips: int) -> None:
    kept = spending_report([job], EVER)
    assert sum(total.clips for total in kept.values()) == clips
