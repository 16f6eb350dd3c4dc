"""The job list by keyboard: filter, sort, mark, cancel, retry, delete, edit, pause, follow."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from sora_tui.core.job import Job, State
from sora_tui.core.job_filter import JobFilter
from sora_tui.engine.events import JobRemoved
from sora_tui.i18n import set_language
from sora_tui.tui.widgets.json_tree import JsonTree
from sora_tui.tui.widgets.virtual_list import Cell, VirtualList
from sora_tui.workspace.history import History
from sora_tui.workspace.job_document import encode
from tests.support import sample_jobs as sample
from tests.support.sample_jobs import NOW
from tests.support.tui.driver import press, screen_lines, screen_text, settle
from tests.support.tui.workspace_app import PAID, WorkspaceApp, workspace_app

SIZE = (120, 40)


@pytest.fixture(autouse=True)
def utc_english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    set_language("en")
    yield
    monkeypatch.undo()
    time.tzset()


def some_jobs() -> list[Job]:
    """Newest first."""
    return [
        sample.pending(10, True, 9, prompt="Waits at the gateway"),
        sample.in_progress(sample.pending(20, True, 8, prompt="Runs at the gateway"), 40),
        sample.saved(sample.pending(100, prompt="A fox in the rain")),
        sample.refused_after(sample.pending(200, True, 6, prompt="A fox at night")),
        sample.unconfirmed(sample.pending(300, True, 5, prompt="Lost fox")),
        sample.rejected(sample.pending(400, True, 4, prompt="A crowd")),
        sample.not_sent(sample.pending(500, True, 3, prompt="Never left")),
        sample.saved(sample.pending(600, prompt="A kite")),
    ]


async def begin(pilot: Pilot[Any]) -> None:
    await settle(pilot)
    await press(pilot, "escape", "4")


async def look_for(pilot: Pilot[Any], words: str, *keys: str) -> None:
    await pilot.press("slash", *words)
    await press(pilot, *keys)
    await settle(pilot)


def listed(app: WorkspaceApp) -> list[str]:
    """The prompts in the list, as the rows stand."""
    views = [app.jobs.view(job_id) for job_id in app.jobs.query_one(VirtualList).row_ids]
    return [view.job.request.prompt if view else "?" for view in views]


def text(app: WorkspaceApp) -> str:
    return screen_text(app)


async def test_the_filter_finds_by_words_state_and_server(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=some_jobs(), servers=[PAID])
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot)
        await look_for(pilot, "fox")
        assert listed(app) == ["A fox in the rain", "A fox at night", "Lost fox"]
        assert "3 of 8 match  esc clears  newest first" in text(app)
        await press(pilot, "enter")
        assert app.jobs.query_one(VirtualList).has_focus
        await look_for(pilot, " state:fail", "enter")
        assert listed(app) == ["A fox at night"]
        await press(pilot, "escape")
        assert len(listed(app)) == 8
        await look_for(pilot, "SERVER:team state:sub", "down")
        assert listed(app) == []
        assert '0 of 8 match "SERVER:team state:sub"  esc clears' in text(app)
        await press(pilot, "slash", "escape")
        assert len(listed(app)) == 8
        assert not app.jobs.query("#filter")


async def test_a_filtered_list_follows_what_jobs_do(tmp_path: Path) -> None:
    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot)
        await look_for(pilot, "state:pending", "enter")
        assert listed(app) == ["Waits at the gateway"]
        new = sample.pending(1, True, 1, prompt="Newer")
        app.fake.tell(new)
        await settle(pilot)
        assert listed(app) == ["Newer", "Waits at the gateway"]
        assert app.jobs.cursor_id == jobs[0].id
        app.fake.tell(sample.submitting(jobs[0]))
        for _ in range(30):
            await pilot.pause(0.1)
            if listed(app) == ["Newer"]:
                break
        assert listed(app) == ["Newer"], "what fits no more leaves within a second or two"


async def test_sorting_keeps_the_cursor_on_its_job(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=some_jobs(), servers=[PAID])
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot)
        await press(pilot, "down", "down")
        assert app.jobs.cursor_view
        here = app.jobs.cursor_view.job.id
        newest = listed(app)
        orders = {}
        for _ in range(6):
            await press(pilot, "s")
            assert app.jobs.cursor_id == here
            orders[app.jobs.job_filter.sort] = listed(app)
        assert orders["oldest"] == newest[::-1]
        assert orders["state"][:3] == ["Lost fox", "Runs at the gateway", "Waits at the gateway"]
        assert orders["server"][:2] == ["A fox in the rain", "A kite"]
        assert set(orders["cost"][-2:]) == {"A fox in the rain", "A kite"}
        assert orders["newest"] == newest


async def test_deleting_names_what_goes_and_can_be_declined(tmp_path: Path) -> None:
    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot)
        await press(pilot, "A", "d")
        assert "Move 5 records to metadata/.trash/?" in text(app)
        assert "2 clips stay, in output/" in text(app)
        assert "3 under way or undecided stay" in text(app)
        await press(pilot, "x")
        assert app.fake.commands == []
        assert "Nothing was changed." in text(app)
        await press(pilot, "escape")
        assert not app.jobs.marks
        app.jobs.select(jobs[2].id)
        await press(pilot, "delete", "y")
        assert app.fake.commands == [(jobs[2].id, "delete", "")]
        for listener in app.fake.listeners:
            listener(JobRemoved(jobs[2].id))
        await settle(pilot)
        assert "A fox in the rain" not in listed(app)


async def test_marks_stay_on_their_jobs_and_bulk_goes_by_them(tmp_path: Path) -> None:
    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot)
        await press(pilot, "down", "down", "space", "space")
        assert app.jobs.marks == {jobs[2].id, jobs[3].id}
        assert "2 marked" in text(app)
        app.fake.tell(sample.pending(1, True, 1, prompt="Newer"))
        await settle(pilot)
        assert app.jobs.marks == {jobs[2].id, jobs[3].id}
        assert app.jobs.cursor_id == jobs[4].id
        await press(pilot, "d", "y")
        assert [c[:2] for c in app.fake.commands] == [
            (jobs[2].id, "delete"),
            (jobs[3].id, "delete"),
        ]


async def test_cancel_means_what_it_says(tmp_path: Path) -> None:
    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot)
        await press(pilot, "c")
        assert "Take 1 job back? It was not sent, nothing is billed." in text(app)
        await press(pilot, "n", "down", "c")
        assert "cannot be stopped from here: it goes on, is billed" in text(app).replace("\n", " ")
        assert app.fake.commands == []
        await press(pilot, "up", "c", "y")
        assert app.fake.commands == [(jobs[0].id, "cancel", "")]


async def test_again_names_its_price_and_makes_a_child(tmp_path: Path) -> None:
    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot)
        app.jobs.select(jobs[3].id)
        await press(pilot, "r")
        assert "Make 1 new clip on team-gw: about $0.40?" in text(app)
        assert "this prompt was refused there before" in text(app)
        assert "the first one may have been billed too" in text(app)
        await press(pilot, "y")
        assert app.fake.orders == [], "a refused prompt wants another key"
        await press(pilot, "r", "s")
        (server, request, consent, count) = app.fake.orders[0]
        assert (server.name, request, count) == ("team-gw", jobs[3].request, 1)
        assert consent.despite_refusal
        assert str(consent.sum) == "0.40"
        child = app.jobs.view(app.jobs.query_one(VirtualList).row_ids[0])
        assert child is not None
        assert child.job.parent == jobs[3].id
        assert child.job.is_once_more


async def test_free_again_asks_nothing_and_many_are_asked(tmp_path: Path) -> None:
    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs)
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot)
        app.jobs.select(jobs[2].id)
        await press(pilot, "r")
        assert len(app.fake.orders) == 1
        app.jobs.select(jobs[2].id)
        await press(pilot, "space")
        app.jobs.select(jobs[7].id)
        await press(pilot, "space", "r")
        assert "Make 2 new clips on simulator: free?" in text(app)
        await press(pilot, "y")
        assert len(app.fake.orders) == 3


async def test_what_never_left_is_tried_again_itself_after_its_price(tmp_path: Path) -> None:
    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot)
        app.jobs.select(jobs[6].id)
        await press(pilot, "r")
        assert app.fake.commands == [], "no single key pays"
        assert "about $0.40" in text(app)
        await press(pilot, "y")
        assert app.fake.commands == [(jobs[6].id, "retry", "")]
        assert app.fake.orders == []


async def test_a_waiting_job_is_edited_as_a_draft(tmp_path: Path) -> None:
    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot)
        await press(pilot, "e")
        assert app.fake.commands == [(jobs[0].id, "cancel", "")]
        assert app.editor.draft.text == "Waits at the gateway"
        assert app.editor.draft.seconds == "4"
        assert app.bench.active == "editor"


async def test_the_queue_pauses_and_goes_on(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=some_jobs(), servers=[PAID])
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot)
        await press(pilot, "p")
        assert app.fake.paused
        assert "PAUSED, p goes on" in text(app)
        assert "· pending      paused" in text(app)
        assert ("jobs.pause", "Resume queue") in app.jobs.keys
        await press(pilot, "p")
        assert not app.fake.paused
        assert "PAUSED" not in text(app)


async def test_follow_goes_to_the_newest_until_the_cursor_is_moved(tmp_path: Path) -> None:
    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot)
        await press(pilot, "down", "f")
        assert app.jobs.cursor_id == jobs[0].id
        newer = sample.pending(2, True, 1, prompt="Newer")
        app.fake.tell(newer)
        await settle(pilot)
        assert app.jobs.cursor_id == newer.id
        assert "following" in text(app)
        await press(pilot, "down")
        assert "following" not in text(app)
        app.fake.tell(sample.pending(1, True, 2, prompt="Newest"))
        await settle(pilot)
        assert app.jobs.cursor_id == jobs[0].id


async def test_a_long_history_is_paged_and_never_held(tmp_path: Path) -> None:
    app = workspace_app(tmp_path)
    data = encode(sample.saved(sample.pending(0, prompt="Old one")))
    name = sample.pending(0).id.encode()
    for number in range(900):
        job = sample.pending(1000 + number, number=number % 90)
        path = app.folder.metadata / f"{job.id}.json"
        path.write_bytes(data.replace(name, job.id.encode()))
    owner = History(app.folder)
    owner.own()
    owner.close()
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot)
        assert "all 900" in text(app)
        assert len(app.context.store.newest()) < 300
        await press(pilot, "G")
        assert "✓ saved" in screen_lines(app)[-4]
        last = app.jobs.cursor_view
        assert last is not None
        assert last.job.request.prompt == "Old one"
        (app.folder.metadata / f"{app.jobs.cursor_id}.json").unlink()
        await press(pilot, *["pageup"] * 3)
        await look_for(pilot, "nothing", "escape")
        await press(pilot, "G")
        assert "…" not in text(app)


async def test_broken_and_old_records_stand_among_the_others(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=some_jobs())
    broken = sample.pending(50).id
    (app.folder.metadata / f"{broken}.json").write_text('{"schema": 1,')
    old = {"video_id": "video_1", "prompt": "An old fox", "status": "timeout", "timestamp": 1e9}
    (app.folder.metadata / "video_1.json").write_text(json.dumps(old))
    owner = History(app.folder)
    owner.own()
    owner.close()
    async with app.run_test(size=(160, 45)) as pilot:
        await begin(pilot)
        assert f"{broken}.json" in text(app)
        app.jobs.select(broken)
        await settle(pilot)
        assert "cannot be read" in text(app)
        await press(pilot, "G")
        assert "An old fox" in text(app)
        assert "left by the old script" in text(app)
        await press(pilot, "enter", "J")
        assert "timeout" in text(app)


async def test_the_document_is_a_tree_of_values_and_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = sample.saved(sample.pending(100, prompt="A long one. " * 30))
    app = workspace_app(tmp_path, jobs=[replace(job, extra={"odd name": {"x": [1, None]}})])
    copied: list[str] = []
    monkeypatch.setattr(app.context.ui, "copy", copied.append)
    async with app.run_test(size=(160, 45)) as pilot:
        await begin(pilot)
        await press(pilot, "enter", "J")
        tree = app.query_one(JsonTree)
        assert tree.has_focus
        assert "profile" in text(app)
        tree.move_to(".events")
        await press(pilot, "enter")
        tree.move_to(".events[0]")
        await press(pilot, "space", "down", "down", "y", "Y")
        assert copied == ["pending", ".events[0].state"]
        tree.move_to(".request.prompt")
        rows = tree.row_count
        await press(pilot, "enter")
        assert tree.row_count > rows + 5
        await press(pilot, "down", "y", "Y")
        assert copied[2:] == [job.request.prompt, ".request.prompt"]
        await press(pilot, "plus")
        assert tree.move_to('.["odd name"].x[1]')
        await press(pilot, "minus", "y")
        assert all(node.depth == 0 for node in tree._shown.values())
        # What was opened stays so with the document of the next second.
        before = tree.cursor_id
        path = app.folder.metadata / f"{job.id}.json"
        path.write_text(path.read_text().replace('"rating": null', '"rating": 5'))
        app.controllers["inspector"].reload()
        await settle(pilot)
        assert tree.cursor_id == before


async def test_a_filter_that_is_typed_at_once_leaves_no_job_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way = sample.in_progress(sample.pending(9000, prompt="Long under way"), 40)
    old = [sample.saved(sample.pending(100 + n, number=n)) for n in range(45)]
    begun, may_go_on, matching = threading.Event(), threading.Event(), History.matching

    def slow(history: History, job_filter: JobFilter) -> list[str]:
        if not begun.is_set():  # the first reading only: another one takes its place
            begun.set()
            assert may_go_on.wait(10)
        return matching(history, job_filter)

    monkeypatch.setattr(History, "matching", slow)
    app = workspace_app(tmp_path, jobs=[under_way, *old])
    async with app.run_test(size=SIZE) as pilot:
        while not begun.is_set():
            await pilot.pause()
        await pilot.press("escape", "4", "slash", "x", "escape")
        may_go_on.set()
        await settle(pilot)
        assert app.context.store.counts == (1, 0)


async def test_retry_is_an_overlay_on_the_row(tmp_path: Path) -> None:
    from sora_tui.engine.events import JobChanged, Retry

    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot)
        retry = Retry(2, NOW + timedelta(seconds=8), "503")
        for listener in app.fake.listeners:
            listener(JobChanged(jobs[1], None, retry))
        await settle(pilot)
        assert "~ retry 2      503, in 8 s" in text(app) or "503, again in 8 s" in text(app)
        view = app.jobs.view(jobs[1].id)
        assert view is not None
        assert view.job.state is State.IN_PROGRESS


async def test_a_thousand_jobs_at_work_cost_what_is_in_sight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    jobs = [
        sample.in_progress(sample.pending(20 + n, number=n % 90, prompt=f"Job {n}"), n % 100)
        for n in range(1000)
    ]
    app = workspace_app(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await begin(pilot)
        app.fake.tell(*jobs)
        await settle(pilot)
        assert app.context.store.counts == (1000, 0)
        assert "1000 running" in text(app)
        drawn: list[str] = []
        row = app.jobs._row

        def watched(job_id: str) -> Mapping[str, Cell]:
            drawn.append(job_id)
            return row(job_id)

        monkeypatch.setattr(app.jobs.query_one(VirtualList), "_row_source", watched)
        await press(pilot, "G")
        where = app.jobs.cursor_id, round(app.jobs.query_one(VirtualList).scroll_y)
        drawn.clear()
        app.controllers["jobs"].tick()
        app.fake.tell(*jobs)
        await settle(pilot)
        assert (app.jobs.cursor_id, round(app.jobs.query_one(VirtualList).scroll_y)) == where
        assert len(set(drawn)) < 30, "the others are not even asked"
