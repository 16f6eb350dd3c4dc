"""Every day and time that a command says, on each frozen date and in each zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sora_tui.cli.commands.adopt import _local
from sora_tui.core.job import Attempt, Cost, Job, State
from sora_tui.core.problem import Problem
from sora_tui.i18n.problems import sentences
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History
from tests.cli.conftest import Shell
from tests.support import sample_jobs as sample
from tests.support.moments import Moment


@pytest.fixture(autouse=True)
def now(moment: Moment, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The moment is also that of the sample jobs."""
    monkeypatch.setattr(sample, "NOW", moment.at)
    return moment.at


def sent(number: int, at: datetime) -> Job:
    """A paid job that went at a moment and failed."""
    job = sample.pending(paid=True, number=number)
    return replace(
        job,
        state=State.FAILED,
        created_at=at,
        updated_at=at,
        cost=Cost(Decimal("0.40")),
        attempts=(Attempt(at, "key", "accepted", 200),),
    )


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    yield Shell(tmp_path, {})


def keep(shell: Shell, *jobs: Job) -> None:
    history = History(open_folder(shell.workspace))
    for job in jobs:
        history.save(job)
    history.close()


def test_a_job_is_shown(moment: Moment, shell: Shell) -> None:
    job = sample.completed(sample.pending(20 * 3600, paid=True), expires_in=3600)
    keep(shell, job)
    said = shell.inside("show", job.id).out
    form = "%Y-%m-%d %H:%M:%S"
    assert job.expires_at is not None
    assert moment.shown(job.created_at, form) in said
    assert moment.shown(job.expires_at, form) in said
    for event in job.events:
        assert f"{moment.shown(event.at, form)}  {event.state.value}" in said


def test_money_belongs_to_the_day_of_the_reader(
    moment: Moment, now: datetime, shell: Shell
) -> None:
    """A clip a minute before midnight is yesterday's, a minute after it today's."""
    here = moment.shown(now, "%H:%M:%S").split(":")
    midnight = now - timedelta(hours=int(here[0]), minutes=int(here[1]), seconds=int(here[2]))
    minute = timedelta(minutes=1)
    keep(shell, sent(1, midnight - minute), sent(2, midnight + minute))
    lines = shell.inside("cost", "--json").documents
    days = [moment.shown(at, "%Y-%m-%d") for at in (midnight - minute, midnight + minute)]
    assert [line["day"] for line in lines] == days
    [line] = shell.inside("cost", "--json", "--since", "today").documents
    assert (line["day"], line["clips"]) == (days[1], 1)
    assert shell.inside("cost", "--json", "--since", days[1]).documents == [line]
    assert len(shell.inside("cost", "--json", "--since", "2d").documents) == 2


def test_a_refusal_says_when_it_was(moment: Moment, now: datetime) -> None:
    said = sentences(Problem("refused_before", {"at": now.isoformat(), "job": "x"}))
    assert moment.shown(now, "%Y-%m-%d %H:%M") in said.happened


def test_what_a_server_lists(moment: Moment, now: datetime) -> None:
    assert _local(now) == moment.shown(now, "%Y-%m-%d %H:%M")
