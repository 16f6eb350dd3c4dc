"""The day's money and remembered refusals on the screen, with documents on a real disk."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from textual.widgets import TextArea

from sora_tui.core.job import Job, JobError
from sora_tui.core.limits import Budget
from sora_tui.core.problem import Spent
from tests.support.sample_jobs import ago, pending, saved, submitting
from tests.support.tui.workspace_app import (
    PAID,
    PROMPT,
    WorkspaceApp,
    screen,
    settle,
    workspace_app,
)
from tests.tui.test_app import press

ROOMY = Budget(per_day=Decimal(10))


def refused() -> Job:
    job = submitting(pending(600, paid=True, number=7, prompt=PROMPT))
    return job.rejected(ago(600), JobError("moderation_before", Spent.NO, "sentinel_block"))


def screen_with(root: Path, budget: Budget, *jobs: Job) -> WorkspaceApp:
    app = workspace_app(root, servers=[PAID], jobs=jobs)
    app.settings = app.settings._replace(budget=budget)
    return app


async def test_the_banner_and_the_question_say_what_the_day_has_cost(tmp_path: Path) -> None:
    app = screen_with(tmp_path, ROOMY, saved(pending(300, paid=True)))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert screen(app)[0].rstrip().endswith("today $0.40 of $10.00")
        await press(pilot, "f5")
        said = "\n".join(screen(app))
        assert "Pay about $0.40 on gw.example.org?" in said
        assert said.count("today $0.40 of $10.00") == 2
        await press(pilot, "y")
        assert screen(app)[0].rstrip().endswith("today $0.80 of $10.00")


async def test_an_order_beyond_the_limit_is_not_even_asked_for(tmp_path: Path) -> None:
    app = screen_with(tmp_path, Budget(per_day=Decimal("0.50")), saved(pending(300, paid=True)))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "f5")
        said = " ".join("\n".join(screen(app)).split())
        assert "This goes over the limit of $0.50: about $0.40" in said
        await press(pilot, "y")
        assert app.fake.orders == []


@pytest.mark.parametrize(("key", "orders"), [("s", 1), ("y", 0), ("a", 0), ("escape", 0)])
async def test_a_prompt_that_was_refused_here_is_sent_by_a_word_of_its_own(
    tmp_path: Path, key: str, orders: int
) -> None:
    app = screen_with(tmp_path, Budget(), refused())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "f5")
        said = "\n".join(screen(app))
        here = ago(600).astimezone()
        assert f"This prompt was refused here on {here:%Y-%m-%d}" in said
        assert "Not sent." in said
        assert "s send all the same" in said
        await press(pilot, key)
        assert [order[2].despite_refusal for order in app.fake.orders] == [True] * orders
        assert isinstance(app.focused, TextArea) is (key != "escape"), "esc leads to the commands"
