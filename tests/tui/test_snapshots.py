"""How the screen looks: the mocks that matter, at the sizes that matter, with a still clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from sora_tui.core.job import Job
from sora_tui.core.limits import Budget
from sora_tui.tui.controllers import editor
from tests.support import sample_jobs as sample
from tests.support.tui.workspace_app import PAID, UNPRICED, settle, workspace_app

SnapCompare = Callable[..., bool]


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    # Whether a draft is safe yet must not depend on how long a picture takes.
    monkeypatch.setattr(editor, "_AUTOSAVE", 60.0)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def busy(paid: bool = False) -> list[Job]:
    return [
        sample.in_progress(sample.pending(25, paid, 9), 38),
        sample.downloading(sample.pending(130, paid, 6, prompt="A paper boat"), 240),
        sample.searched(
            sample.unconfirmed(sample.pending(240, True, 5, prompt="Neon fox, rain, low angle")),
            "video_9c1e",
        ),
        sample.saved(sample.pending(500, paid, 2, prompt="Lighthouse, storm")),
        sample.rejected(sample.pending(600, True, 1, prompt="Crowd outside a stadium")),
        sample.queued(sample.pending(20, paid, 0, prompt="Snow market, handheld")),
    ]


def after(*keys: str) -> Callable[[Pilot[Any]], Any]:
    async def run(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)

    return run


def test_first_start(tmp_path: Path, snap_compare: SnapCompare) -> None:
    app = workspace_app(tmp_path)
    assert snap_compare(app, terminal_size=(80, 24), run_before=after())


def test_mock_a_busy_simulator(tmp_path: Path, snap_compare: SnapCompare) -> None:
    app = workspace_app(tmp_path, jobs=busy())
    assert snap_compare(app, terminal_size=(80, 24), run_before=after())


def test_mock_a2_the_question_before_paying(tmp_path: Path, snap_compare: SnapCompare) -> None:
    app = workspace_app(tmp_path, jobs=busy(True), servers=[PAID])
    app.settings = app.settings._replace(budget=Budget(per_day=Decimal(10)))
    assert snap_compare(app, terminal_size=(80, 24), run_before=after("f5"))


def test_a_server_that_does_not_say_its_price(tmp_path: Path, snap_compare: SnapCompare) -> None:
    app = workspace_app(tmp_path, servers=[UNPRICED])
    assert snap_compare(app, terminal_size=(120, 40), run_before=after("f5"))


def test_mock_b_everything_at_once(tmp_path: Path, snap_compare: SnapCompare) -> None:
    app = workspace_app(tmp_path, jobs=busy(True), servers=[PAID])
    app.settings = app.settings._replace(budget=Budget(per_day=Decimal(10)))
    keys = ("escape", "4", "down", "down", "down")
    assert snap_compare(app, terminal_size=(160, 45), run_before=after(*keys))
