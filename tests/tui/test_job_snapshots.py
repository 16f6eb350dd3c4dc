"""How jobs and inspector look: empty, busy, in trouble, filtered, marked, asked, in French."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from sora_tui.core.job import Job
from sora_tui.engine.events import EngineChanged, JobChanged, Retry, Transfer
from sora_tui.i18n import set_language
from tests.support import sample_jobs as sample
from tests.support.tui.workspace_app import PAID, WorkspaceApp, settle, workspace_app
from tests.tui.test_snapshots import SnapCompare, busy, utc

__all__ = ["utc"]

SMALL, MIDDLE, LARGE = (80, 24), (120, 40), (200, 60)
TO_JOBS = ("escape", "4")


@pytest.fixture
def french() -> Iterator[None]:
    set_language("fr")
    yield
    set_language("en")


def history() -> list[Job]:
    """A morning of work at a gateway, and some practice."""
    prompts = (
        "Golden hour, glass, rack focus",
        "A kite over a grey sea",
        "Snow market, warm lamps",
    )
    older = [
        sample.saved(sample.pending(3000 + 400 * n, n % 3 > 0, n, prompt=prompts[n % 3]))
        for n in range(12)
    ]
    trouble = [
        sample.refused_after(sample.pending(900, True, 14, prompt="Portrait of a famous singer")),
        sample.not_sent(sample.pending(1000, True, 15, prompt="City rain, neon, slow pan")),
    ]
    return [*busy(True), *trouble, *older]


def at(root: Path, *jobs: Job) -> WorkspaceApp:
    return workspace_app(root, jobs=jobs or history(), servers=[PAID])


def after(*keys: str, typed: str = "") -> Callable[[Pilot[Any]], Any]:
    async def run(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, WorkspaceApp)
        await settle(pilot)
        transfers = {"downloading": Transfer(1_100_000, 3_000_000)}
        waits = Retry(2, sample.NOW + timedelta(seconds=8), "503")
        for job in app.context.store.live:
            retry = waits if job.state == "queued" else None
            app.fake.say(JobChanged(job, transfers.get(job.state.value), retry))
        app.fake.say(EngineChanged(owner=True, running=3, workers=2, downloads=1))
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        await pilot.press(*typed)
        await settle(pilot)

    return run


@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE], ids=["80", "120", "200"])
def test_busy(tmp_path: Path, snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(at(tmp_path), terminal_size=size, run_before=after(*TO_JOBS, "down"))


def test_empty(tmp_path: Path, snap_compare: SnapCompare) -> None:
    app = workspace_app(tmp_path)
    assert snap_compare(app, terminal_size=MIDDLE, run_before=after(*TO_JOBS))


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80", "200"])
def test_in_trouble(tmp_path: Path, snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    keys = (*TO_JOBS, *["down"] * 6, "enter")
    assert snap_compare(at(tmp_path), terminal_size=size, run_before=after(*keys))


def test_filtered(tmp_path: Path, snap_compare: SnapCompare) -> None:
    run = after(*TO_JOBS, "slash", typed="kite state:saved")
    assert snap_compare(at(tmp_path), terminal_size=SMALL, run_before=run)


def test_nothing_matches(tmp_path: Path, snap_compare: SnapCompare) -> None:
    run = after(*TO_JOBS, "slash", typed="fox state:failed")
    assert snap_compare(at(tmp_path), terminal_size=MIDDLE, run_before=run)


def test_marked(tmp_path: Path, snap_compare: SnapCompare) -> None:
    keys = (*TO_JOBS, "down", "down", "space", "space", "space", "up")
    assert snap_compare(at(tmp_path), terminal_size=MIDDLE, run_before=after(*keys))


def test_the_question_before_deleting(tmp_path: Path, snap_compare: SnapCompare) -> None:
    assert snap_compare(at(tmp_path), terminal_size=SMALL, run_before=after(*TO_JOBS, "A", "d"))


def test_the_price_of_once_more(tmp_path: Path, snap_compare: SnapCompare) -> None:
    keys = (*TO_JOBS, *["down"] * 6, "r")
    assert snap_compare(at(tmp_path), terminal_size=MIDDLE, run_before=after(*keys))


def test_a_paused_queue(tmp_path: Path, snap_compare: SnapCompare) -> None:
    waits = sample.pending(5, True, 20, prompt="Waits for its turn")
    app = at(tmp_path, waits, *history())
    assert snap_compare(app, terminal_size=SMALL, run_before=after(*TO_JOBS, "p"))


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=["80", "120"])
def test_the_document_as_a_tree(
    tmp_path: Path, snap_compare: SnapCompare, size: tuple[int, int]
) -> None:
    keys = (*TO_JOBS, *["down"] * 4, "enter", "J", *["down"] * 5)
    assert snap_compare(at(tmp_path), terminal_size=size, run_before=after(*keys))


def test_events(tmp_path: Path, snap_compare: SnapCompare) -> None:
    keys = (*TO_JOBS, *["down"] * 4, "enter", "E")
    assert snap_compare(at(tmp_path), terminal_size=MIDDLE, run_before=after(*keys))


@pytest.mark.usefixtures("french")
def test_busy_in_french(tmp_path: Path, snap_compare: SnapCompare) -> None:
    assert snap_compare(at(tmp_path), terminal_size=MIDDLE, run_before=after(*TO_JOBS, "down"))


@pytest.mark.usefixtures("french")
def test_the_question_before_deleting_in_french(tmp_path: Path, snap_compare: SnapCompare) -> None:
    assert snap_compare(at(tmp_path), terminal_size=SMALL, run_before=after(*TO_JOBS, "A", "d"))
