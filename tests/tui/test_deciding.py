"""A lost answer on the whole screen: found by keyboard, decided by keyboard, paid by two keys."""

from __future__ import annotations

import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest
from textual.pilot import Pilot

from sora_tui.core.job import State
from sora_tui.core.limits import Budget
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History
from tests.cli.test_resolve_unconfirmed import lose
from tests.support.lossy_server import lossy_server
from tests.support.pty_session import KEYS, PtySession
from tests.support.sample_jobs import pending, searched, unconfirmed
from tests.support.tui.workspace_app import PAID, WorkspaceApp, screen, settle, workspace_app

LOST = searched(unconfirmed(pending(242, paid=True)), "video_1", "video_2")
FREE = searched(unconfirmed(pending(300)), "video_3")


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


def text(app: WorkspaceApp) -> str:
    return "\n".join(screen(app))


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_it_is_adopted_by_one_key(tmp_path: Path, size: tuple[int, int]) -> None:
    app = workspace_app(tmp_path, jobs=[LOST], servers=[PAID])
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "4", "enter")
        assert "> video_1" in text(app)
        assert "send again (may be billed twice)" in text(app)
        assert "Adopt" in screen(app)[-1]
        await press(pilot, "down", "a")
        assert app.fake.commands == [(LOST.id, "adopt", "video_2")]
        assert app.fake.orders == []


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_sending_again_names_the_sum_and_takes_two_keys(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    app = workspace_app(tmp_path, jobs=[LOST], servers=[PAID])
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "4", "enter", "s")
        assert "Pay about $0.40 on gw.example.org" in text(app)
        assert "y send" in text(app)
        await press(pilot, "n")
        assert app.fake.orders == []
        await press(pilot, "s", "y")
        [(server, request, consent, count)] = app.fake.orders
        assert (server, request, count) == (PAID, LOST.request, 1)
        assert (consent.kind, consent.sum) == ("priced", Decimal("0.40"))
        child = app.context.store.newest()[0].job
        assert child.parent == LOST.id
        await press(pilot, "y")
        assert len(app.fake.orders) == 1


async def test_sending_again_asks_the_limits_first(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=[LOST], servers=[PAID])
    app.settings = app.settings._replace(budget=Budget(per_job=Decimal("0.39")))
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "4", "enter", "s")
        assert "This goes over the limit of $0.39: about $0.40" in " ".join(text(app).split())
        await press(pilot, "y")
        assert app.fake.orders == []


async def test_giving_up_asks_and_a_free_server_is_not_said_to_bill(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=[FREE])
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "4", "enter")
        assert "may make a second clip" in text(app)
        assert "billed" not in text(app)
        await press(pilot, "x", "escape")
        assert app.fake.commands == []
        await press(pilot, "x", "y")
        assert app.fake.commands == [(FREE.id, "abandon", "")]


def test_the_real_engine_sends_once_more_and_never_by_itself(tmp_path: Path) -> None:
    with lossy_server(tmp_path / "metadata") as server:
        server.copies = 2
        job_id = lose(tmp_path, server).job_id
        with PtySession([sys.executable, "-m", "sora_tui"], cwd=tmp_path) as session:
            session.wait_for("pollers 1")  # all panes stand, the engine works
            session.send(KEYS["escape"])
            time.sleep(0.3)  # a lone escape is told from a sequence by silence
            session.send("4")
            session.wait_for("[4 Jobs]")
            session.send(KEYS["enter"])
            session.wait_for("a  adopt it (no new cost)")
            session.send("p")
            session.wait_for("video id, then enter")
            session.send("video_of_another_server" + KEYS["enter"])
            session.wait_for("does not know a video")
            session.send("s")
            session.wait_for("Pay about $0.10 on 127.0.0.1, perhaps for the second time?")
            assert len(server.posts) == 1
            session.send("y")
            session.wait_for("ABANDONED")
            session.wait_for("✗ failed")
            session.send("q")
            assert session.wait_exit() == 0
        assert len(server.posts) == 2
    history = History(open_folder(tmp_path))
    assert [job.state for job in history.newest(9)] == [State.FAILED, State.ABANDONED]
    assert history.newest(1)[0].parent == job_id
