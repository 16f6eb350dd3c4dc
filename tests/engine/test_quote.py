"""A server that asks nothing and reports costs: its last report is the estimate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sora_tui.core.job import Cost, Job
from sora_tui.core.limits import Budget
from sora_tui.core.price import PriceKind
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server
from sora_tui.engine.budget_guard import BudgetGuard
from sora_tui.engine.quote import quote
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from tests.support.stored_jobs import saved, wish

GATEWAY = Server("lab", "https://lab.example.org/v1", free=True)
WISH = wish().request


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path)


def keep(folder: Folder, jobs: Iterable[Job], *, trash: bool = False) -> None:
    history = History(folder)
    history.own()
    for job in jobs:
        history.save(job)
        if trash:
            history.trash(job.id)
    history.close()


def reported(second: int, sum: str, currency: str = "USD", **changes: Any) -> Job:
    job = saved(second)
    at = datetime.now(UTC)
    return replace(
        job,
        cost=Cost(Decimal(0), Decimal(sum), currency),
        request=job.request._replace(**changes),
        attempts=(job.attempts[0]._replace(at=at),),
    )


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize("trash", [True, False])
@pytest.mark.parametrize(
    ("request_", "sum"),
    [
        (WISH, "0.20"),
        (WISH._replace(prompt="A crane"), "0.20"),
        (WISH._replace(params={"n": 2}), "0.40"),
        (WISH._replace(seconds="8"), "0.80"),
        (WISH._replace(params={"duration": 8}), "0.80"),
        (WISH._replace(size="1920x1080"), "0"),
        (WISH._replace(model="wan"), "0"),
        (WISH._replace(seconds=None), "0"),
    ],
)
def test_the_last_report_for_the_same_is_the_estimate(
    folder: Folder, request_: VideoRequest, sum: str, trash: bool, indexed: bool
) -> None:
    jobs = [reported(1, "0.10"), reported(2, "0.80", seconds="8"), reported(3, "0.20")]
    keep(folder, [*jobs, reported(4, "9.00", "EUR")], trash=trash)
    if not indexed:
        folder.index_file.unlink()
    price = quote(GATEWAY, request_, folder)
    assert (price.kind, price.sum, price.reports) == (PriceKind.FREE, Decimal(sum), True)


def test_a_server_that_reports_nothing_is_free(folder: Folder) -> None:
    keep(folder, [saved(1)])
    assert quote(GATEWAY, WISH, folder).reports is True, "its jobs tell a cost of 0.40"
    other = Server("other", "https://other.example.org/v1", free=True)
    price = quote(other, WISH, folder)
    assert (price.kind, price.sum, price.reports) == (PriceKind.FREE, Decimal(0), False)
    limit = Budget(per_day=Decimal("0.10"))
    assert BudgetGuard(limit, folder).refusal(other, wish(9), datetime.now(UTC)) is None


@pytest.mark.parametrize(
    ("per_day", "request_", "refused"),
    [
        ("1.00", WISH, False),
        ("0.90", WISH, True),  # 0.80 is reported, and one more would cost 0.20
        ("0.90", WISH._replace(size="1920x1080"), False),  # nobody knows, and there is room
        ("0.80", WISH._replace(size="1920x1080"), True),  # the reports have reached it
    ],
)
def test_a_day_whose_reports_reached_the_limit_refuses_there_too(
    folder: Folder, per_day: str, request_: VideoRequest, refused: bool
) -> None:
    keep(folder, [reported(second, "0.20") for second in range(1, 5)])
    job = replace(wish(9), request=request_)
    why = BudgetGuard(Budget(per_day=Decimal(per_day)), folder).refusal(
        GATEWAY, job, datetime.now(UTC)
    )
    assert (None if why is None else why.code) == ("over_budget" if refused else None)


def test_the_limit_of_a_clip_holds_there_too(folder: Folder) -> None:
    keep(folder, [reported(1, "0.20")])
    budget_guard = BudgetGuard(Budget(per_job=Decimal("0.19")), folder)
    why = budget_guard.refusal(GATEWAY, wish(9), datetime.now(UTC))
    assert why is not None
    assert why.facts["setting"] == "per_job"
