"""`sora-tui cost`: sums by day, server and model, from the documents."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sora_tui.core.job import Attempt, Cost, State
from sora_tui.core.server import ServerRef
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History
from tests.cli.conftest import Shell
from tests.support.sample_jobs import pending


@pytest.fixture
def spent(tmp_path: Path) -> Shell:
    """Three clips of two days, and one that was practice."""
    history = History(open_folder(tmp_path))
    now = datetime.now(UTC)
    costs = (
        (0, Cost(Decimal("0.40"))),
        (0, Cost(Decimal("0.40"), Decimal("0.38"))),
        (3, Cost()),
    )
    for number, (days, cost) in enumerate(costs, start=1):
        job = pending(paid=True, number=number)
        at = now - timedelta(days=days)
        history.save(
            replace(
                job,
                state=State.FAILED,
                created_at=at,
                updated_at=at,
                simulated=False,
                server=ServerRef("gw", "https://gw.example.org/v1"),
                cost=cost,
                attempts=(Attempt(at, "key", "accepted", 200),),
            )
        )
    history.save(pending(number=8))
    history.close()
    return Shell(tmp_path, {})


def test_estimated_reported_and_unknown_are_kept_apart(spent: Shell) -> None:
    ran = spent.inside("cost")
    assert ran.code == 0, ran.err
    gw = next(line for line in ran.out.splitlines() if line.startswith("gw"))
    assert gw.split() == ["gw", "3", "~$0.40", "$0.38", "1"]
    assert ran.out.splitlines()[-1] == (
        "3 clips: about $0.40, estimated; $0.38, says the server; 1 unknown"
    )


def test_since_and_json(spent: Shell) -> None:
    lines = spent.inside("cost", "--json").documents
    assert [line["clips"] for line in lines] == [1, 2]
    (today,) = spent.inside("cost", "--json", "--since", "2d").documents
    assert (today["estimated"], today["reported"], today["unknown"]) == (0.4, 0.38, 0)
    assert spent.inside("cost", "--since", "today").out.count("\n") > 3
    for day in ("2999-01-01", "soon", "d", "-1d", "99999999d"):
        assert spent.inside("cost", f"--since={day}").code == 2, day


def test_deleting_a_record_refunds_nothing(spent: Shell) -> None:
    history = History(open_folder(spent.workspace))
    history.own()
    history.trash(min(spent.workspace.glob("metadata/2*.json")).stem)
    history.close()
    assert "3 clips" in spent.inside("cost").out


def test_what_surely_cost_nothing_is_not_called_unknown(tmp_path: Path) -> None:
    """A refused order at a server without a price had `unknown` for its cost."""
    history = History(open_folder(tmp_path))
    for number, state in enumerate((State.REJECTED, State.NOT_SENT, State.SAVED), start=1):
        job = pending(paid=True, number=number)
        history.save(replace(job, state=state, simulated=False, cost=Cost()))
    history.close()
    rows = Shell(tmp_path, {}).inside("jobs").out.splitlines()[1:]
    costs = {row.split()[1]: row.split()[4] for row in rows}
    assert costs == {"rejected": "0", "not_sent": "0", "saved": "unknown"}
