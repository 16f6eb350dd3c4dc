"""The paid request is sent once, whatever becomes of its answer."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sora_tui.core.job import State
from sora_tui.core.problem import Spent
from sora_tui.core.request import VideoRequest
from sora_tui.core.secret import Secret
from sora_tui.core.server import Server
from sora_tui.engine import server_worker
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from tests.support.engine_watcher import KITE, order, running
from tests.support.lossy_server import lossy_server

#: Words that name a limit; the second are known to come before anything is made.
LIMIT = "Rate limit reached"
PROVEN_LIMIT = "Rate limit exceeded: 5 per 1 minute"
LAB = Server(name="lab", base_url="", key=Secret("sk-lab-0123456789"), encoding="json", free=True)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path)


def made(request: VideoRequest, id: str) -> dict[str, Any]:
    """A video in the server's list, made this moment."""
    fields = ("prompt", "model", "seconds", "size")
    told = {name: getattr(request, name) for name in fields}
    return {**told, "id": id, "status": "queued", "created_at": int(time.time())}


@pytest.mark.parametrize("status", [None, 500, 502, 504, 408, 409])
def test_a_lost_answer_is_found_in_the_list_and_never_paid_again(
    folder: Folder, status: int | None
) -> None:
    with lossy_server(folder.metadata, status=status) as server:
        lab = LAB._replace(base_url=server.base_url)
        with running(folder, server=lab) as (engine, watcher):
            job = order(engine, server=lab)
            watcher.wait_for_state(State.UNCONFIRMED)
            found = watcher.wait_for_state(State.FAILED)
        assert found.id == job.id
        assert found.remote_id == "video_0"
        assert len(server.posts) == 1
        assert server.intents == [["submitting"]]
        assert [attempt.outcome for attempt in found.attempts] == ["found"]


def test_lost_twins_are_found_when_the_list_has_them_all(folder: Folder) -> None:
    with lossy_server(folder.metadata, lose=2) as server:
        lab = LAB._replace(base_url=server.base_url)
        with running(folder, server=lab) as (engine, watcher):
            jobs = {order(engine, server=lab).id for _ in range(2)}
            while jobs:
                jobs.discard(watcher.wait_for_state(State.FAILED).id)
        assert len(server.posts) == 2
    assert {job.remote_id for job in History(folder).newest(9)} == {"video_0", "video_1"}


def test_two_equal_unconfirmed_jobs_and_three_videos_are_left_to_a_person(folder: Folder) -> None:
    with lossy_server(folder.metadata, lose=2) as server:
        server.videos = [made(KITE, "video_of_another")]
        lab = LAB._replace(base_url=server.base_url)
        with running(folder, server=lab) as (engine, watcher):
            jobs = [order(engine, server=lab) for _ in range(2)]
            for _ in jobs:
                watcher.wait_for(lambda e: "list asked" in str(e))
        assert len(server.posts) == 2
    assert {History(folder).load(job.id).state for job in jobs} == {State.UNCONFIRMED}


def test_a_job_found_half_sent_is_not_sent_again(folder: Folder) -> None:
    with lossy_server(folder.metadata) as server:
        lab = LAB._replace(base_url=server.base_url)
        with running(folder, server=lab) as (engine, watcher):
            job = order(engine, KITE, server=lab)
            watcher.wait_for_state(State.UNCONFIRMED)
        # What a kill between the intent and the answer leaves behind:
        document = folder.metadata / f"{job.id}.json"
        told = json.loads(document.read_text())
        told["state"] = "submitting"
        document.write_text(json.dumps(told))
        with running(folder, server=lab) as (_, watcher):
            found = watcher.wait_for_state(State.FAILED)
        assert found.remote_id == "video_0"
        assert len(server.posts) == 1


def test_the_key_is_nowhere_on_disk(folder: Folder) -> None:
    with lossy_server(folder.metadata, lose=0) as server:
        lab = LAB._replace(base_url=server.base_url)
        with running(folder, server=lab) as (engine, watcher):
            order(engine, server=lab)
            watcher.wait_for_state(State.FAILED)
        assert server.posts[0]["Authorization"] == "Bearer sk-lab-0123456789"
        assert server.posts[0]["Idempotency-Key"]
    for path in folder.root.rglob("*"):
        if path.is_file():
            assert b"sk-lab" not in path.read_bytes()


def test_a_server_that_defers_and_makes_the_clip_is_not_paid_again(folder: Folder) -> None:
    with lossy_server(folder.metadata, status=429) as server:
        server.retry_after, server.words = 1, LIMIT
        lab = LAB._replace(base_url=server.base_url)
        with running(folder, server=lab) as (engine, watcher):
            order(engine, server=lab)
            found = watcher.wait_for_state(State.FAILED)
        assert found.remote_id == "video_0"
        assert len(server.posts) == 1
        assert [event.state for event in found.events][:4] == [
            State.PENDING,
            State.SUBMITTING,
            State.PENDING,
            State.UNCONFIRMED,
        ]


def test_a_server_that_is_not_available_may_have_made_it(folder: Folder) -> None:
    """It says when to come again, and its list tells no prompts: it was paid three times."""
    with lossy_server(folder.metadata, lose=9, status=503) as server:
        server.retry_after, server.tells_prompts = 1, False
        lab = LAB._replace(base_url=server.base_url)
        with running(folder, server=lab) as (engine, watcher):
            order(engine, server=lab)
            lost = watcher.wait_for_state(State.UNCONFIRMED)
            told = watcher.wait_for_job(lost.id, lambda job: bool(job.search and job.search.found))
        assert told.search is not None
        assert [candidate.id for candidate in told.search.found] == ["video_0"]
        assert len(server.posts) == 1


@pytest.mark.parametrize(
    ("words", "tells_prompts", "list_status", "paid"),
    [
        pytest.param("busy", True, 405, 1, id="no list, no limit named"),
        pytest.param("busy", False, None, 1, id="a list without prompts, no limit named"),
        pytest.param("busy", True, 429, 1, id="a list that is busy too, no limit named"),
        pytest.param(LIMIT, True, 405, 1, id="no list, a limit named"),
        pytest.param(LIMIT, True, 429, 1, id="a list that is busy too, a limit named"),
        pytest.param(LIMIT, True, 500, 1, id="a list that fails, a limit named"),
        pytest.param(LIMIT, False, None, 2, id="no prompts, a limit named"),
        pytest.param(PROVEN_LIMIT, True, 405, 2, id="no list, known to come first"),
        pytest.param(PROVEN_LIMIT, True, 429, 2, id="a list that is busy too, known to come first"),
    ],
)
def test_not_now_is_believed_by_its_words_where_no_list_can_tell(
    folder: Folder,
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    tells_prompts: bool,
    list_status: int | None,
    paid: int,
) -> None:
    monkeypatch.setattr(server_worker, "LIST_DELAY", 0.5)
    monkeypatch.setattr(server_worker, "SEARCH_DELAYS", (1.0,))
    monkeypatch.setattr(server_worker, "_LIST_AGAIN", 0.5)
    with lossy_server(folder.metadata, status=429) as server:
        server.retry_after, server.copies, server.words = 1, 0, words
        server.tells_prompts, server.list_status = tells_prompts, list_status
        server.videos = [made(KITE, "v1") | {"created_at": 1}]  # long ago
        lab = LAB._replace(base_url=server.base_url)
        with running(folder, server=lab) as (engine, watcher):
            order(engine, server=lab)
            watcher.wait_for_state(State.FAILED if paid == 2 else State.UNCONFIRMED)
        assert len(server.posts) == paid


@pytest.mark.parametrize("words", ["busy", LIMIT])
@pytest.mark.parametrize("late", [True, False])
def test_a_list_that_is_late_is_given_its_time_before_a_not_now_is_believed(
    folder: Folder, late: bool, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_worker, "LIST_DELAY", 3.0)
    with lossy_server(folder.metadata, status=429) as server:
        server.retry_after, server.words = 1, words
        if late:
            server.lists_after = 2.5  # later than the look that Retry-After allows
        else:
            server.copies = 0
        lab = LAB._replace(base_url=server.base_url)
        with running(folder, server=lab) as (engine, watcher):
            order(engine, server=lab)
            watcher.wait_for_state(State.FAILED)
        assert len(server.posts) == (1 if late else 2)


@pytest.mark.parametrize("told", [True, False])
def test_a_busy_server_is_believed_unless_a_video_may_be_this_one(
    folder: Folder, told: bool
) -> None:
    with lossy_server(folder.metadata, status=429) as server:
        server.retry_after, server.copies, server.words = 1, 0, PROVEN_LIMIT
        server.videos = [made(KITE._replace(prompt="Another's"), "v1")]
        if not told:
            server.videos.append(made(KITE, "v2"))
            del server.videos[1]["prompt"]
        lab = LAB._replace(base_url=server.base_url)
        with running(folder, server=lab) as (engine, watcher):
            order(engine, server=lab)
            watcher.wait_for_state(State.FAILED if told else State.UNCONFIRMED)
        assert len(server.posts) == (2 if told else 1)


def test_a_put_off_job_that_is_not_believed_is_not_sent_again(folder: Folder) -> None:
    with lossy_server(folder.metadata, status=429) as server:
        server.retry_after, server.copies, server.words = 1, 0, PROVEN_LIMIT
        server.videos = [made(KITE, "v1") | {"prompt": f"  {KITE.prompt.upper()} "}]
        lab = LAB._replace(base_url=server.base_url)
        with running(folder, server=lab) as (engine, watcher):
            order(engine, server=lab)
            watcher.wait_for_state(State.UNCONFIRMED)
        assert len(server.posts) == 1


def test_where_no_list_can_tell_a_put_off_job_is_sent_when_it_is_time(folder: Folder) -> None:
    with lossy_server(folder.metadata, status=429) as server:
        server.retry_after, server.copies, server.words = 1, 0, PROVEN_LIMIT
        lab = LAB._replace(base_url=server.base_url, dialect="new-api")
        with running(folder, server=lab) as (engine, watcher):
            job = order(engine, server=lab)
            sent = watcher.wait_for_job(job.id, lambda job: job.remote_id is not None)
        assert len(server.posts) == 2
    assert [attempt.outcome for attempt in sent.attempts] == [
        "deferred before any call",
        "accepted",
    ]


def test_a_price_that_rose_since_the_person_agreed_keeps_the_job_waiting(folder: Folder) -> None:
    with lossy_server(folder.metadata, lose=0) as server:
        lab = LAB._replace(
            base_url=server.base_url, free=False, prices={"*": {"*": Decimal("0.10")}}
        )
        dearer = lab._replace(prices={"*": {"*": Decimal("0.11")}})
        with running(folder, server=dearer) as (engine, watcher):
            job = order(engine, server=lab)
            held = watcher.wait_for_job(job.id, lambda job: job.error is not None)
            assert held.state is State.PENDING
            assert held.error is not None
            assert held.error.kind == "over_budget"
            assert server.posts == []
            engine.use_servers({"lab": lab})
            watcher.wait_for_end(job.id)
        assert len(server.posts) == 1


def test_later_for_ever_ends_and_later_for_one_is_later_for_all(folder: Folder) -> None:
    with lossy_server(folder.metadata, lose=99, status=429) as server:
        server.retry_after, server.copies, server.words = 1, 0, PROVEN_LIMIT
        lab = LAB._replace(base_url=server.base_url)
        with running(folder, server=lab) as (engine, watcher):
            job = order(engine, server=lab)
            refused = watcher.wait_for_state(State.REJECTED)
        assert refused.id == job.id
        assert refused.error is not None
        assert refused.error.kind == "server_stayed_busy"
        assert [a.outcome for a in refused.attempts] == [
            "deferred before any call",
            "deferred before any call",
            "rejected",
        ]
        gaps = [b - a for a, b in pairwise(server.times)]
        assert all(gap >= 1.0 for gap in gaps)


def test_later_for_ever_is_a_refusal_only_where_the_list_shows_nothing(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third "later" was believed at once, and the person told that nothing was spent."""
    monkeypatch.setattr(server_worker, "LIST_DELAY", 1.5)
    with lossy_server(folder.metadata, lose=99, status=429) as server:
        server.retry_after, server.copies, server.words = 1, 0, LIMIT
        lab = LAB._replace(base_url=server.base_url)
        with running(folder, server=lab) as (engine, watcher):
            order(engine, server=lab)
            watcher.wait_for(lambda e: len(server.posts) == 2)
            server.copies = 1  # the third is made
            found = watcher.wait_for_state(State.FAILED)
        assert (found.remote_id, len(server.posts)) == ("video_0", 3)
    with lossy_server(folder.metadata, lose=99, status=429) as server:
        server.retry_after, server.copies, server.words = 1, 0, LIMIT
        lab = LAB._replace(base_url=server.base_url)
        with running(folder, server=lab) as (engine, watcher):
            order(engine, server=lab)
            refused = watcher.wait_for_state(State.REJECTED)
        assert len(server.posts) == 3
        assert [a.outcome for a in refused.attempts] == ["deferred"] * 3
        assert refused.error is not None
        assert (refused.error.kind, refused.error.spent) == ("server_stayed_busy", Spent.NO)


def test_a_busy_server_is_asked_by_one_job_until_it_takes_it(folder: Folder) -> None:
    with lossy_server(folder.metadata, lose=2, status=429) as server:
        server.retry_after, server.copies, server.words = 1, 0, PROVEN_LIMIT
        lab = LAB._replace(base_url=server.base_url, max_active=1)
        with running(folder, server=lab) as (engine, watcher):
            jobs = {order(engine, server=lab).id for _ in range(3)}
            while jobs:
                jobs.discard(watcher.wait_for_state(State.FAILED).id)
        assert len(server.posts) == 5


def test_a_server_at_work_for_us_may_put_the_rest_off_as_often_as_it_likes(folder: Folder) -> None:
    with lossy_server(folder.metadata, status=429) as server:
        server.retry_after, server.copies, server.working = 1, 0, True
        server.words = PROVEN_LIMIT
        lab = LAB._replace(base_url=server.base_url)
        with running(folder, server=lab) as (engine, watcher):
            order(engine, server=lab)
            watcher.wait_for_state(State.IN_PROGRESS)
            second = order(engine, server=lab)
            watcher.wait_for(lambda e: len(server.posts) >= 5)
            waiting = History(folder).load(second.id)
            assert waiting.state in {State.PENDING, State.SUBMITTING}
            server.working = False
            server.lose = 0
            server.videos[0] |= {"status": "failed"}
            ended = {watcher.wait_for_state(State.FAILED).id for _ in range(2)}
        assert second.id in ended
