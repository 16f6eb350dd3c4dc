"""The job list by keyboard: filter, sort, mark, cancel, retry, delete, edit, pause, follow."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sora_tui.core.job import Job, State
from sora_tui.core.job_filter import JobFilter
from sora_tui.engine.events import JobRemoved
from sora_tui.i18n import set_language
from sora_tui.tui.state.job_view import JobView
from sora_tui.tui.widgets.json_tree import JsonTree
from sora_tui.tui.widgets.virtual_list import VirtualList
from sora_tui.workspace.history import History
from sora_tui.workspace.job_document import encode
from tests.support import sample_jobs as sample
from tests.support.sample_jobs import NOW
from tests.support.tui.driver import open_screen
from tests.support.tui.workspace_app import PAID, workspace_app

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


async def test_the_filter_finds_by_words_state_and_server(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=some_jobs(), servers=[PAID])
    async with open_screen(app, SIZE) as screen:
        await screen.jobs.go()
        await screen.press("slash").type("fox")
        assert screen.listed == ["A fox in the rain", "A fox at night", "Lost fox"]
        assert "3 of 8 match  esc clears  newest first" in screen.text
        await screen.press("enter")
        assert app.jobs.query_one(VirtualList).has_focus
        await screen.press("slash").type(" state:fail").press("enter")
        assert screen.listed == ["A fox at night"]
        await screen.press("escape")
        assert len(screen.listed) == 8
        await screen.press("slash").type("SERVER:team state:sub").press("down")
        assert screen.listed == []
        assert '0 of 8 match "SERVER:team state:sub"  esc clears' in screen.text
        await screen.press("slash", "escape")
        assert len(screen.listed) == 8
        assert not app.jobs.query("#filter")


async def test_a_filtered_list_follows_what_jobs_do(tmp_path: Path) -> None:
    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    async with open_screen(app, SIZE) as screen:
        await screen.jobs.go()
        await screen.press("slash").type("state:pending").press("enter")
        assert screen.listed == ["Waits at the gateway"]
        await screen.tell(sample.pending(1, True, 1, prompt="Newer"))
        assert screen.listed == ["Newer", "Waits at the gateway"]
        assert screen.highlighted == jobs[0].id
        await screen.tell(sample.submitting(jobs[0]))
        gone = "what fits no more leaves within a second or two"
        await screen.until(lambda: screen.listed == ["Newer"], f"not: {gone}", 3)


async def test_sorting_keeps_the_cursor_on_its_job(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=some_jobs(), servers=[PAID])
    async with open_screen(app, SIZE) as screen:
        await screen.jobs.go()
        await screen.press("down", "down")
        here = screen.highlighted
        newest = screen.listed
        orders = {}
        for _ in range(6):
            await screen.press("s")
            assert screen.highlighted == here
            orders[app.jobs.job_filter.sort] = screen.listed
        assert orders["oldest"] == newest[::-1]
        assert orders["state"][:3] == ["Lost fox", "Runs at the gateway", "Waits at the gateway"]
        assert orders["server"][:2] == ["A fox in the rain", "A kite"]
        assert set(orders["cost"][-2:]) == {"A fox in the rain", "A kite"}
        assert orders["newest"] == newest


async def test_deleting_names_what_goes_and_can_be_declined(tmp_path: Path) -> None:
    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    async with open_screen(app, SIZE) as screen:
        await screen.jobs.go()
        await screen.press("A", "d")
        assert "Move 5 records to metadata/.trash/?" in screen.text
        assert "2 clips stay, in output/" in screen.text
        assert "3 under way or undecided stay" in screen.text
        await screen.press("x")
        assert screen.engine.commands == []
        assert "Nothing was changed." in screen.text
        await screen.press("escape")
        assert "marked" not in screen.jobs.text
        await screen.jobs.select("A fox in the rain").press("delete", "y")
        assert screen.engine.commands == [(jobs[2].id, "delete", "")]
        await screen.tell(JobRemoved(jobs[2].id))
        assert "A fox in the rain" not in screen.listed


async def test_marks_stay_on_their_jobs_and_bulk_goes_by_them(tmp_path: Path) -> None:
    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    async with open_screen(app, SIZE) as screen:
        await screen.jobs.go()
        await screen.press("down", "down", "space", "space")
        assert app.jobs.marks == {jobs[2].id, jobs[3].id}
        assert "2 marked" in screen.text
        await screen.tell(sample.pending(1, True, 1, prompt="Newer"))
        assert app.jobs.marks == {jobs[2].id, jobs[3].id}
        assert screen.highlighted == jobs[4].id
        await screen.press("d", "y")
        assert [c[:2] for c in screen.engine.commands] == [
            (jobs[2].id, "delete"),
            (jobs[3].id, "delete"),
        ]


async def test_cancel_means_what_it_says(tmp_path: Path) -> None:
    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    async with open_screen(app, SIZE) as screen:
        await screen.jobs.go()
        await screen.press("c")
        assert "Take 1 job back? It was not sent, nothing is billed." in screen.text
        await screen.press("n", "down", "c")
        assert "cannot be stopped from here: it goes on, is billed" in screen.words
        assert screen.engine.commands == []
        await screen.press("up", "c", "y")
        assert screen.engine.commands == [(jobs[0].id, "cancel", "")]


async def test_again_names_its_price_and_makes_a_child(tmp_path: Path) -> None:
    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    async with open_screen(app, SIZE) as screen:
        await screen.jobs.select("A fox at night").press("r")
        assert "Make 1 new clip on team-gw: about $0.40?" in screen.text
        assert "this prompt was refused there before" in screen.text
        assert "the first one may have been billed too" in screen.text
        await screen.press("y")
        assert screen.engine.orders == [], "a refused prompt wants another key"
        await screen.press("r", "s")
        (server, request, consent, count) = screen.engine.orders[0]
        assert (server.name, request, count) == ("team-gw", jobs[3].request, 1)
        assert consent.despite_refusal
        assert str(consent.sum) == "0.40"
        assert screen.newest_job.parent == jobs[3].id
        assert screen.newest_job.is_once_more


async def test_free_again_asks_nothing_and_many_are_asked(tmp_path: Path) -> None:
    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs)
    async with open_screen(app, SIZE) as screen:
        await screen.jobs.select("A fox in the rain").press("r")
        assert len(screen.engine.orders) == 1
        await screen.jobs.select("A fox at night").press("up", "space", "G", "space", "r")
        assert "Make 2 new clips on simulator: free?" in screen.text
        await screen.press("y")
        assert len(screen.engine.orders) == 3


async def test_what_never_left_is_tried_again_itself_after_its_price(tmp_path: Path) -> None:
    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    async with open_screen(app, SIZE) as screen:
        await screen.jobs.select("Never left").press("r")
        assert screen.engine.commands == [], "no single key pays"
        assert "about $0.40" in screen.text
        await screen.press("y")
        assert screen.engine.commands == [(jobs[6].id, "retry", "")]
        assert screen.engine.orders == []


async def test_a_waiting_job_is_edited_as_a_draft(tmp_path: Path) -> None:
    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    async with open_screen(app, SIZE) as screen:
        await screen.jobs.go()
        await screen.press("e")
        assert screen.engine.commands == [(jobs[0].id, "cancel", "")]
        assert screen.draft.text == "Waits at the gateway"
        assert screen.draft.seconds == "4"
        assert app.bench.active == "editor"


async def test_the_queue_pauses_and_goes_on(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=some_jobs(), servers=[PAID])
    async with open_screen(app, SIZE) as screen:
        await screen.jobs.go()
        await screen.press("p")
        assert screen.engine.paused
        assert "PAUSED, p goes on" in screen.text
        assert "· pending      paused" in screen.text
        assert ("jobs.pause", "Resume queue") in app.jobs.keys
        await screen.press("p")
        assert not screen.engine.paused
        assert "PAUSED" not in screen.text


async def test_follow_goes_to_the_newest_until_the_cursor_is_moved(tmp_path: Path) -> None:
    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    async with open_screen(app, SIZE) as screen:
        await screen.jobs.go()
        await screen.press("down", "f")
        assert screen.highlighted == jobs[0].id
        newer = sample.pending(2, True, 1, prompt="Newer")
        await screen.tell(newer)
        assert screen.highlighted == newer.id
        assert "following" in screen.text
        await screen.press("down")
        assert "following" not in screen.text
        await screen.tell(sample.pending(1, True, 2, prompt="Newest"))
        assert screen.highlighted == jobs[0].id


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
    async with open_screen(app, SIZE) as screen:
        await screen.jobs.go()
        assert "all 900" in screen.text
        assert len(app.context.store.newest()) < 300
        await screen.press("G")
        assert "✓ saved" in screen.lines[-4]
        assert screen.listed[-1] == "Old one"
        (app.folder.metadata / f"{screen.highlighted}.json").unlink()
        await screen.press(*["pageup"] * 3)
        await screen.press("slash").type("nothing").press("escape")
        await screen.press("G")
        assert "…" not in screen.text


async def test_broken_and_old_records_stand_among_the_others(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, jobs=some_jobs())
    broken = sample.pending(50).id
    (app.folder.metadata / f"{broken}.json").write_text('{"schema": 1,')
    old = {"video_id": "video_1", "prompt": "An old fox", "status": "timeout", "timestamp": 1e9}
    (app.folder.metadata / "video_1.json").write_text(json.dumps(old))
    owner = History(app.folder)
    owner.own()
    owner.close()
    async with open_screen(app, (160, 45)) as screen:
        await screen.jobs.go()
        assert f"{broken}.json" in screen.text
        await screen.press("home", "down", "down")
        assert screen.highlighted == broken
        assert "cannot be read" in screen.text
        await screen.press("G")
        assert "An old fox" in screen.text
        assert "left by the old script" in screen.text
        await screen.press("enter", "J")
        assert "timeout" in screen.text


async def test_the_document_is_a_tree_of_values_and_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = sample.saved(sample.pending(100, prompt="A long one. " * 30))
    app = workspace_app(tmp_path, jobs=[replace(job, extra={"odd name": {"x": [1, None]}})])
    copied: list[str] = []
    monkeypatch.setattr(app.context.ui, "copy", copied.append)
    async with open_screen(app, (160, 45)) as screen:
        await screen.jobs.go()
        await screen.press("enter", "J")
        tree = app.query_one(JsonTree)
        assert tree.has_focus
        assert "profile" in screen.text
        tree.move_to(".events")
        await screen.press("enter")
        tree.move_to(".events[0]")
        await screen.press("space", "down", "down", "y", "Y")
        assert copied == ["pending", ".events[0].state"]
        tree.move_to(".request.prompt")
        rows = tree.row_count
        await screen.press("enter")
        assert tree.row_count > rows + 5
        await screen.press("down", "y", "Y")
        assert copied[2:] == [job.request.prompt, ".request.prompt"]
        await screen.press("plus")
        assert tree.move_to('.["odd name"].x[1]')
        await screen.press("minus", "y")
        assert [path for path in tree.row_ids if path.count(".") + path.count("][") > 1] == []
        # What was opened stays so with the document of the next second.
        before = tree.cursor_id
        path = app.folder.metadata / f"{job.id}.json"
        path.write_text(path.read_text().replace('"rating": null', '"rating": 5'))
        app.controllers["inspector"].reload()
        await screen.settle()
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
    async with open_screen(app, SIZE, at_rest=False) as screen:
        await screen.until(begun.is_set, "nothing is read")
        await screen.press_fast("escape", "4", "slash", "x", "escape")
        may_go_on.set()
        await screen.settle()
        assert app.context.store.counts == (1, 0)


async def test_retry_is_an_overlay_on_the_row(tmp_path: Path) -> None:
    from sora_tui.engine.events import JobChanged, Retry

    jobs = some_jobs()
    app = workspace_app(tmp_path, jobs=jobs, servers=[PAID])
    async with open_screen(app, SIZE) as screen:
        await screen.jobs.go()
        retry = Retry(2, NOW + timedelta(seconds=8), "503")
        await screen.tell(JobChanged(jobs[1], None, retry))
        assert "~ retry 2      503, in 8 s" in screen.text or "503, again in 8 s" in screen.text
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
    async with open_screen(app, SIZE) as screen:
        await screen.jobs.go()
        await screen.tell(*jobs)
        assert app.context.store.counts == (1000, 0)
        assert "1000 running" in screen.text
        drawn: list[str] = []
        view = app.jobs.view

        def watched(job_id: str) -> JobView | None:
            drawn.append(job_id)
            return view(job_id)

        monkeypatch.setattr(app.jobs, "view", watched)
        await screen.press("G")
        where = screen.highlighted, round(app.jobs.query_one(VirtualList).scroll_y)
        drawn.clear()
        app.controllers["jobs"].tick()
        await screen.tell(*jobs)
        assert (screen.highlighted, round(app.jobs.query_one(VirtualList).scroll_y)) == where
        assert len(set(drawn)) < 30, "the others are not even asked"
