"""How many paid requests go to a server whose answers are unclear."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sora_tui.client.videos import VideosClient
from sora_tui.core.job import Consent, Job, JobError, State
from sora_tui.core.problem import Spent
from sora_tui.core.server import Server
from sora_tui.engine import rate_limit
from sora_tui.engine.deferral import DeferralCheck
from sora_tui.engine.engine import Engine
from sora_tui.engine.events import EngineChanged
from sora_tui.engine.quote import quote
from sora_tui.engine.rate_limit import UNCLEAR_WAIT, Allowance, CreateLimit
from sora_tui.engine.recovery import Recovery
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from tests.support.engine_watcher import KITE, Watcher, order, running
from tests.support.job_states import new_job
from tests.support.lossy_server import LossyServer, lossy_server
from tests.support.virtual_time import run

BEGAN = datetime(2026, 11, 22, 10, tzinfo=UTC)
LOST = JobError("answer_unclear", Spent.PERHAPS, status=503)
LAB = Server(name="lab", base_url="", encoding="json", free=True)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path)


# The rule -----------------------------------------------------------------------------------


def lost(after: float, wait: float | None = None, name: str = "a") -> Job:
    """A job whose answer was lost so many seconds after the run began."""
    at = BEGAN + timedelta(seconds=after)
    until = None if wait is None else at + timedelta(seconds=wait)
    job = replace(new_job(), id=f"20261122-101530-{name * 6}")
    return job.submitting(at, "key").unconfirmed(at, LOST, until)


def after(
    *in_doubt: Job,
    accepted: bool = False,
    answered: bool = True,
    under_way: int = 0,
    seconds: float = 0.0,
    went_on: bool = False,
    silent: bool = False,
) -> Allowance:
    """What a limit allows so many seconds after the run began."""

    async def play() -> Allowance:
        limit = CreateLimit(BEGAN)
        limit.under_way = {str(number) for number in range(under_way)}
        if accepted:
            limit.accepted()
        await asyncio.sleep(seconds)
        now, at = asyncio.get_running_loop().time(), BEGAN + timedelta(seconds=seconds)
        if went_on:
            limit.go_on(at)
        if silent:
            limit.allowance(in_doubt, None, at)
            await asyncio.sleep(99)
        return limit.allowance(in_doubt, now if answered else None, at)

    return run(play())


A, B, OLD, OLDER = lost(1, 10), lost(2, 10, "b"), lost(-99, 10), lost(-999, 10, "b")


@pytest.mark.parametrize(
    ("allowed", "room", "kept_by"),
    [
        pytest.param(after(), 1, "", id="the first goes alone"),
        pytest.param(after(under_way=1), 0, "", id="and is waited for"),
        pytest.param(after(accepted=True), 2, "", id="what is accepted opens"),
        pytest.param(after(accepted=True, under_way=1), 1, "", id="a second beside one"),
        pytest.param(after(A, seconds=5), 0, "hold", id="a pause after an unclear answer"),
        pytest.param(after(A, seconds=12), 1, "", id="then one"),
        pytest.param(after(A, seconds=12, under_way=1), 0, "", id="alone"),
        pytest.param(after(A, seconds=12, accepted=True), 1, "", id="and one at a time"),
        pytest.param(after(A, seconds=12, answered=False), 0, "hold", id="nobody is there"),
        pytest.param(
            after(A, seconds=12, answered=False, silent=True), 0, "stop", id="nobody comes"
        ),
        pytest.param(after(A, B, seconds=99), 0, "stop", id="two in doubt"),
        pytest.param(after(A, B, seconds=99, accepted=True), 0, "stop", id="whatever came before"),
        pytest.param(after(A, B, seconds=99, went_on=True), 1, "", id="a person goes on"),
        pytest.param(after(OLD, OLDER, seconds=1), 1, "", id="a later run goes on"),
        pytest.param(after(OLD, OLDER, under_way=1), 0, "", id="with one"),
        pytest.param(after(OLD, OLDER, answered=False), 0, "hold", id="after a question"),
        pytest.param(after(OLD, OLDER, accepted=True), 2, "", id="until one is accepted"),
        pytest.param(after(OLD, A, seconds=99), 0, "stop", id="one more is enough"),
        pytest.param(after(OLD, A, seconds=99, accepted=True), 1, "", id="it worked meanwhile"),
        pytest.param(after(lost(1), seconds=2), 1, "", id="we were killed, not the server"),
        pytest.param(after(lost(1, 9999), seconds=2), 1, "", id="a clock that was set back"),
    ],
)
def test_how_many_paid_requests_may_be_sent(allowed: Allowance, room: int, kept_by: str) -> None:
    assert (allowed.room, allowed.kept_by) == (room, kept_by)


@pytest.mark.parametrize(("answered", "asks"), [(True, False), (False, True)])
def test_a_free_question_is_due_when_the_pause_is_over(answered: bool, asks: bool) -> None:
    assert not after(A, seconds=5, answered=answered).must_ask
    assert after(A, seconds=12, answered=answered).must_ask is asks


def test_an_answer_from_before_the_doubt_is_none() -> None:
    async def play() -> Allowance:
        limit = CreateLimit(BEGAN)
        answered = asyncio.get_running_loop().time()
        await asyncio.sleep(20)
        limit.unclear()
        return limit.allowance([A], answered, BEGAN + timedelta(seconds=20))

    assert run(play()).kept_by == "hold"


# The engine ---------------------------------------------------------------------------------


def states(folder: Folder) -> Counter[State]:
    return Counter(History(folder).load(job_id).state for job_id in History(folder).all_ids())


def order_many(engine: Engine, server: Server, count: int) -> list[Job]:
    price = quote(server, KITE)
    return engine.submit(server, KITE, price, Consent("free", datetime.now(UTC)), count=count)


def wait_for_stop(watcher: Watcher) -> None:
    watcher.wait_for(lambda e: isinstance(e, EngineChanged) and e.stopped)


@pytest.mark.parametrize(("status", "made"), [(503, 0), (503, 1), (500, 1), (None, 1)], ids=str)
def test_a_server_that_is_unclear_for_ever_gets_two_of_fifty(
    folder: Folder, status: int | None, made: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sora_tui.engine.submit.UNCLEAR_WAIT", 0.5)
    with lossy_server(folder.metadata, lose=999, status=status) as server:
        server.copies, server.listless = made, True
        lab = LAB._replace(base_url=server.base_url)
        with running(folder, server=lab) as (engine, watcher):
            order_many(engine, lab, 50)
            wait_for_stop(watcher)
            time.sleep(1.0)  # two rounds of the engine: nothing may come of them
        assert len(server.posts) == 2
        assert states(folder) == {State.UNCONFIRMED: 2, State.PENDING: 48}
        first, second = server.times
        assert second - first >= 0.5
    why = {
        job.error.kind
        for job in History(folder).active()
        if job.state is State.PENDING and job.error
    }
    assert why == {"sending_stopped"}


def test_a_server_that_answers_nothing_either_gets_one(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sora_tui.engine.submit.UNCLEAR_WAIT", 0.2)
    monkeypatch.setattr(rate_limit, "_SILENCE", 1.0)
    with lossy_server(folder.metadata, lose=999, status=503) as server:
        server.copies, server.away = 0, True
        lab = LAB._replace(base_url=server.base_url, dialect="generic")
        with running(folder, server=lab) as (engine, watcher):
            order_many(engine, lab, 3)
            wait_for_stop(watcher)
            assert len(server.posts) == 1
            server.away, server.lose = False, 1  # it is back, and nobody has to go on by hand
            ended = {watcher.wait_for_state(State.FAILED).id for _ in range(2)}
        assert len(ended) == 2
        assert len(server.posts) == 3


def test_a_server_that_was_unclear_once_gets_all_the_others(folder: Folder) -> None:
    with lossy_server(folder.metadata, lose=1, status=500) as server:
        server.copies, server.retry_after = 0, 1
        lab = LAB._replace(base_url=server.base_url, dialect="generic")
        with running(folder, server=lab) as (engine, watcher):
            jobs = {job.id for job in order_many(engine, lab, 50)}
            first = watcher.wait_for_state(State.UNCONFIRMED).id
            while jobs - {first}:
                jobs.discard(watcher.wait_for_state(State.FAILED).id)
        assert len(server.posts) == 50
        assert states(folder) == {State.UNCONFIRMED: 1, State.FAILED: 49}
        keys = Counter(post["Idempotency-Key"] for post in server.posts)
        assert set(keys.values()) == {1}
        assert server.times[1] - server.times[0] >= 1.0


def stop(folder: Folder, server: LossyServer, lab: Server, count: int) -> None:
    """Leave a folder behind in which two answers were unclear, and the rest waits."""
    server.copies, server.listless = 0, True
    with running(folder, server=lab) as (engine, watcher):
        order_many(engine, lab, count)
        wait_for_stop(watcher)


def test_what_waits_goes_on_when_a_person_lets_the_queue_go_on(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sora_tui.engine.submit.UNCLEAR_WAIT", 0.2)
    with lossy_server(folder.metadata, lose=2, status=503) as server:
        server.copies, server.listless = 0, True
        lab = LAB._replace(base_url=server.base_url, dialect="generic")
        with running(folder, server=lab) as (engine, watcher):
            jobs = order_many(engine, lab, 4)
            wait_for_stop(watcher)
            assert len(server.posts) == 2
            with running(folder, server=lab) as (follower, _):  # any process may say so
                follower.pause_queue(False)
                ended = {watcher.wait_for_state(State.FAILED).id for _ in range(2)}
        assert ended == {job.id for job in jobs[2:]}
        assert len(server.posts) == 4


def test_a_cancel_that_comes_while_the_list_is_read_is_kept(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cancelled_meanwhile(
        self: Recovery, client: VideosClient, job: Job, **given: bool
    ) -> DeferralCheck:
        """Stand in for the list: the cancel has to come at exactly this moment."""
        self._active_jobs.put(job.withdrawn(datetime.now(UTC)))
        return DeferralCheck.DOUBT

    monkeypatch.setattr(Recovery, "check_deferral", cancelled_meanwhile)
    with lossy_server(folder.metadata, lose=1, status=429) as server:
        server.copies, server.retry_after = 0, 1
        lab = LAB._replace(base_url=server.base_url, dialect="generic")
        with running(folder, server=lab) as (engine, watcher):
            job = order(engine, KITE, lab)
            watcher.wait_for_state(State.CANCELLED)
    assert History(folder).load(job.id).state is State.CANCELLED


def go_on(engine: Engine, folder: Folder) -> None:
    """Say that what waits is to be sent, as a person does."""
    history = History(folder)
    engine.go_on([job for job in history.active() if job.is_stopped])
    history.close()


def test_a_later_run_that_is_told_to_goes_on_with_one_and_stops_at_the_next_doubt(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sora_tui.engine.submit.UNCLEAR_WAIT", 0.2)
    with lossy_server(folder.metadata, lose=3, status=503) as server:
        lab = LAB._replace(base_url=server.base_url, dialect="generic")
        stop(folder, server, lab, 6)
        assert len(server.posts) == 2
        with running(folder, server=lab) as (engine, watcher):
            go_on(engine, folder)
            watcher.wait_for(lambda _: len(server.posts) == 3)
            wait_for_stop(watcher)
        assert len(server.posts) == 3
        with running(folder, server=lab) as (engine, watcher):
            go_on(engine, folder)
            ended = {watcher.wait_for_state(State.FAILED).id for _ in range(3)}
        assert len(ended) == 3
        assert states(folder) == {State.UNCONFIRMED: 3, State.FAILED: 3}


def test_a_run_that_is_about_something_else_sends_nothing_that_was_stopped(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order to another server, or a screen that was opened again, sent a job that was held."""
    monkeypatch.setattr("sora_tui.engine.submit.UNCLEAR_WAIT", 0.2)
    with lossy_server(folder.metadata, lose=999, status=503) as server:
        lab = LAB._replace(base_url=server.base_url, dialect="generic")
        stop(folder, server, lab, 5)
        assert len(server.posts) == 2
        with running(folder, server=lab):
            time.sleep(2.0)  # two rounds of the engine, and the pause after an unclear answer
        assert len(server.posts) == 2
        # One that a person names is sent, and it alone.
        with running(folder, server=lab) as (engine, watcher):
            history = History(folder)
            last = max(job.id for job in history.active() if job.is_stopped)
            history.close()
            engine.go_on([history.load(last)])
            watcher.wait_for(lambda _: len(server.posts) == 3)
            time.sleep(1.0)
        assert len(server.posts) == 3
        assert History(folder).load(last).state is State.UNCONFIRMED
    assert states(folder) == {State.UNCONFIRMED: 3, State.PENDING: 2}


def test_taking_the_folder_over_does_not_resume_stopped_jobs(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screen that is open beside a batch, whose process is then killed, was not asked."""
    monkeypatch.setattr("sora_tui.engine.submit.UNCLEAR_WAIT", 0.2)
    with lossy_server(folder.metadata, lose=999, status=503) as server:
        server.copies, server.listless = 0, True
        lab = LAB._replace(base_url=server.base_url, dialect="generic")
        owner = Engine(folder, {"lab": lab})
        first = Watcher(owner)
        owner.start()
        first.wait_to_own()
        with running(folder, server=lab) as (_, second):
            second.wait_for(lambda e: isinstance(e, EngineChanged) and not e.owner)
            order_many(owner, lab, 6)
            wait_for_stop(first)
            assert owner.stop(timeout=10)
            second.wait_to_own()
            wait_for_stop(second)
            time.sleep(1.0)  # two rounds of the engine: nothing may come of them
        assert len(server.posts) == 2
    assert states(folder) == {State.UNCONFIRMED: 2, State.PENDING: 4}


def test_two_profiles_of_one_server_share_its_doubts(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sora_tui.engine.submit.UNCLEAR_WAIT", 0.2)
    with lossy_server(folder.metadata, lose=999, status=503) as server:
        server.copies, server.listless = 0, True
        labs = [LAB._replace(base_url=server.base_url, name=name) for name in ("lab", "team")]
        engine = Engine(folder, {lab.name: lab for lab in labs})
        watcher = Watcher(engine)
        engine.start()
        for lab in labs:
            order_many(engine, lab, 3)
        wait_for_stop(watcher)
        time.sleep(1.0)  # two rounds of the engine: nothing may come of them
        assert engine.stop(timeout=10)
        assert len(server.posts) == 2


def test_two_profiles_of_one_server_take_turns(folder: Folder) -> None:
    with lossy_server(folder.metadata, lose=0) as server:
        labs = [LAB._replace(base_url=server.base_url, name=name) for name in ("lab", "team")]
        engine = Engine(folder, {lab.name: lab for lab in labs})
        watcher = Watcher(engine)
        engine.start()
        jobs = {job.id for lab in labs for job in order_many(engine, lab, 3)}
        while jobs:
            jobs.discard(watcher.wait_for_state(State.FAILED).id)
        assert engine.stop(timeout=10)
        assert len(server.posts) == 6


def test_what_is_sent_in_place_of_a_lost_job_goes_first_and_counts_for_it(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sora_tui.engine.submit.UNCLEAR_WAIT", 0.2)
    with lossy_server(folder.metadata, lose=2, status=503) as server:
        server.copies, server.listless = 0, True
        lab = LAB._replace(base_url=server.base_url, dialect="generic")
        with running(folder, server=lab) as (engine, watcher):
            jobs = order_many(engine, lab, 3)
            wait_for_stop(watcher)
            price, consent = quote(lab, KITE), Consent("free", datetime.now(UTC))
            (again,) = engine.submit(lab, KITE, price, consent, parent=jobs[0].id)
            done = watcher.wait_for_state(State.FAILED)
        assert done.id == again.id
    assert History(folder).load(jobs[0].id).state is State.ABANDONED


def test_the_pause_is_in_the_record_for_the_next_owner(folder: Folder) -> None:
    with lossy_server(folder.metadata, lose=1, status=503) as server:
        server.copies, server.listless = 0, True
        lab = LAB._replace(base_url=server.base_url, dialect="generic")
        with running(folder, server=lab) as (engine, watcher):
            job = order(engine, server=lab)
            watcher.wait_for_state(State.UNCONFIRMED)
    kept = History(folder).load(job.id)
    assert kept.not_before is not None
    assert (kept.not_before - kept.attempts[-1].at).total_seconds() >= UNCLEAR_WAIT
