"""The person's limits, held at the last moment before a paid request."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sora_tui.core.job import Cost, Job, State
from sora_tui.core.job_id import JobIds
from sora_tui.core.limits import Budget
from sora_tui.core.server import Server
from sora_tui.engine.budget_guard import BudgetGuard
from sora_tui.engine.engine import Engine
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from tests.support.engine_watcher import Watcher, order
from tests.support.lossy_server import lossy_server
from tests.support.stored_jobs import wish

#: One clip of 4 seconds costs 0.40.
LAB = Server("lab", "https://lab.example.org/v1", prices={"sora-2": {"*": Decimal("0.10")}})


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path)


def sent(second: int, at: datetime) -> Job:
    return replace(wish(second), updated_at=at).submitting(at, "key")


def test_the_day_has_what_documents_say_and_every_step_since(folder: Folder) -> None:
    now = datetime.now(UTC)
    budget_guard = BudgetGuard(Budget(per_day=Decimal("1.00")), folder)
    history = History(folder)
    budget_guard.note(history.save(sent(1, now)))
    asked = wish(9)
    assert budget_guard.refusal(LAB, asked, now) is None
    budget_guard.note(wish(2))  # it waits: its own turn comes
    assert budget_guard.refusal(LAB, asked, now) is None
    budget_guard.note(history.save(sent(3, now)))
    why = budget_guard.refusal(LAB, asked, now)
    assert why is not None
    assert (why.code, why.facts["spent"], why.facts["limit"]) == ("over_budget", "0.80", "1.00")
    assert budget_guard.refusal(LAB, asked, now + timedelta(days=1)) is None, "another day"
    history.close()


def test_a_record_of_today_that_cannot_be_read_stops_until_it_is_mended(folder: Folder) -> None:
    """Also one that came after the first question of the day was answered, by a next start."""
    now = datetime.now(UTC)
    budget = Budget(per_day=Decimal("9.00"))
    history = History(folder)
    paid = history.save(replace(sent(1, now), id=JobIds().next(now)))
    history.close()
    path = folder.metadata / f"{paid.id}.json"
    whole = path.read_bytes()
    path.write_bytes(whole[:300])
    budget_guard = BudgetGuard(budget, folder)
    for _ in range(2):
        why = budget_guard.refusal(LAB, wish(9), now)
        assert why is not None
        assert (why.code, why.facts["path"]) == ("day_unreadable", f"metadata/{paid.id}.json")
    assert BudgetGuard(Budget(per_job=Decimal("9.00")), folder).refusal(LAB, wish(9), now) is None
    path.write_bytes(whole)
    assert budget_guard.refusal(LAB, wish(9), now) is None


def test_a_job_without_a_price_counts_by_the_one_that_its_profile_has_by_now(
    folder: Folder,
) -> None:
    now = datetime.now(UTC)
    history = History(folder)
    ref = LAB.ref
    history.save(replace(sent(1, now), cost=Cost(), server=ref))
    history.close()
    asked = replace(wish(9), server=ref)
    for per_day, prices, code in (
        ("9.00", {}, "day_unpriced"),
        ("0.80", LAB.prices, None),
        ("0.79", LAB.prices, "over_budget"),
    ):
        servers = {"lab": LAB._replace(prices=prices)}
        why = BudgetGuard(Budget(per_day=Decimal(per_day)), folder, servers).refusal(
            LAB, asked, now
        )
        assert (why.code if why else None) == code
    free = {"lab": LAB._replace(prices={}, free=True)}
    assert (
        BudgetGuard(Budget(per_day=Decimal("0.40")), folder, free).refusal(LAB, asked, now) is None
    )


def test_without_a_limit_nothing_is_counted(folder: Folder) -> None:
    assert BudgetGuard(Budget(), folder).refusal(LAB, wish(), datetime.now(UTC)) is None


def test_an_owner_sends_nothing_beyond_its_own_limits(folder: Folder) -> None:
    """The person was asked by another process, which may have had other limits."""
    with lossy_server(folder.metadata, lose=0) as server:
        prices = {"*": {"*": Decimal("0.10")}}
        lab = Server("lab", server.base_url, dialect="generic", encoding="json", prices=prices)
        engine = Engine(folder, {"lab": lab}, budget=Budget(per_job=Decimal("0.05")))
        watcher = Watcher(engine)
        engine.start()
        try:
            job = order(engine, server=lab)
            left = watcher.wait_for_job(job.id, lambda job: job.error is not None)
        finally:
            assert engine.stop(timeout=10)
        assert server.posts == []
    assert left.state is State.PENDING
    assert left.error is not None
    assert left.error.kind == "over_budget"
