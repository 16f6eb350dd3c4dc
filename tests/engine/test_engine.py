"""The engine against the real practice server: a prompt becomes a file, come what may."""

from __future__ import annotations

import hashlib
import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from sora_tui.core.job import Consent, Job, State
from sora_tui.core.price import Price, PriceKind
from sora_tui.core.problem import ProblemError, Spent, problem_error
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server
from sora_tui.engine import engine as engine_module
from sora_tui.engine import session
from sora_tui.engine.engine import Engine
from sora_tui.engine.events import EngineChanged, EngineFault, JobChanged
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import claim, hand_in
from sora_tui.workspace.lock import OwnerLock
from tests.support.engine_watcher import KITE, Watcher, order, running
from tests.support.installed_program import clip
from tests.support.job_states import ERROR, START, video
from tests.support.raw_server import RawServer, answer, replies
from tests.support.stored_jobs import put, wish

NOWHERE = Server(name="lab", base_url="http://127.0.0.1:9/v1", free=True)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path / "workspace")


def test_a_prompt_becomes_a_checked_file_and_a_true_record(folder: Folder) -> None:
    with running(folder) as (engine, watcher):
        job = order(engine)
        saved = watcher.wait_for_state(State.SAVED)
    output = saved.outputs[0]
    clip = folder.root / output.path
    document = folder.metadata / f"{job.id}.json"
    told = json.loads(document.read_text())
    assert saved.id == job.id
    assert hashlib.sha256(clip.read_bytes()).hexdigest() == output.sha256
    assert (output.width, output.height, output.seconds) == (320, 180, 1.0)
    assert clip.name.startswith(f"{job.created_at:%Y%m%d-%H%M%S}Z_video_")
    assert [e["state"] for e in told["events"]][:2] == ["pending", "submitting"]
    assert [e["state"] for e in told["events"]][-3:] == ["completed", "downloading", "saved"]
    assert told["simulated"] is True
    assert told["server"]["base_url"] == "simulator:"
    assert len(told["attempts"]) == 1
    assert stat.S_IMODE(document.stat().st_mode) == 0o600
    assert not list(folder.output.glob(".*.part"))


def test_a_clip_that_was_left_behind_is_finished_at_the_next_start(folder: Folder) -> None:
    with running(folder, speed=2) as (engine, watcher):
        job = order(engine)
        watcher.wait_for_state(State.QUEUED, State.IN_PROGRESS)
    assert History(folder).load(job.id).state in {State.QUEUED, State.IN_PROGRESS}
    with running(folder) as (_, watcher):
        saved = watcher.wait_for_state(State.SAVED)
    assert saved.id == job.id
    assert len(saved.attempts) == 1


def test_the_second_engine_of_a_folder_watches_and_hands_over(folder: Folder) -> None:
    with running(folder) as (_, owner):
        owner.wait_to_own()
        with running(folder) as (follower, watcher):
            job = order(follower)
            saved = watcher.wait_for_state(State.SAVED)
            states = [e for e in watcher.seen if isinstance(e, EngineChanged)]
    assert saved.id == job.id
    assert len(saved.attempts) == 1
    assert states
    assert not any(state.owner for state in states)


def test_a_follower_takes_over_when_the_owner_leaves(folder: Folder) -> None:
    with running(folder) as (owner, first):
        first.wait_to_own()
        with running(folder) as (heir, watcher):
            owner.stop(10)
            watcher.wait_to_own()
            order(heir)
            assert watcher.wait_for_state(State.SAVED)


def test_an_order_nobody_could_send_is_refused_before_anything_is_written(folder: Folder) -> None:
    with running(folder) as (engine, _), pytest.raises(ProblemError) as refused:
        order(engine, VideoRequest(prompt=" \n"))
    assert refused.value.problem.code == "prompt_empty"
    assert not list(folder.metadata.glob("2*.json"))


def test_a_job_of_a_server_that_is_configured_nowhere_is_left_alone(folder: Folder) -> None:
    with running(folder) as (engine, watcher):
        order(engine, server=NOWHERE)
        event = watcher.wait_for(lambda e: isinstance(e, JobChanged) and e.retry is not None)
    assert isinstance(event, JobChanged)
    assert event.job.state is State.PENDING
    assert event.retry is not None
    assert event.retry.why == "profile_unknown"


def test_a_job_without_a_profile_can_be_cancelled(folder: Folder) -> None:
    with running(folder) as (engine, watcher):
        job = order(engine, server=NOWHERE)
        watcher.wait_for_job(job.id, lambda job: job.error is not None)
        engine.command(job.id, "cancel")
        assert watcher.wait_for_end(job.id).state is State.CANCELLED


def test_before_it_is_started_an_engine_is_at_rest_and_takes_orders(folder: Folder) -> None:
    engine = Engine(folder, {})
    assert engine.stop()
    engine.use_servers({"lab": NOWHERE})
    engine.list_remote("lab")
    job = order(engine, server=NOWHERE)
    watcher = Watcher(engine)
    engine.start()
    try:
        assert watcher.wait_for_end(job.id).state is State.NOT_SENT
    finally:
        assert engine.stop(timeout=10)


@pytest.mark.parametrize(("claimed", "spent"), [(False, Spent.NO), (True, Spent.PERHAPS)])
def test_an_order_that_the_disk_takes_half_of_is_taken_back_or_says_that_it_may_cost(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, claimed: bool, spent: Spent
) -> None:
    handed_in: list[Job] = []

    def filling_up(folder: Folder, job: Job) -> Job:
        if handed_in:
            if claimed:
                assert [job.id for job in claim(folder)] == [handed_in[0].id]
            raise problem_error("disk_full", path="metadata")
        handed_in.append(hand_in(folder, job))
        return handed_in[-1]

    monkeypatch.setattr(engine_module, "hand_in", filling_up)
    with pytest.raises(ProblemError) as refused:
        Engine(folder, {}).submit(
            NOWHERE, KITE, Price(PriceKind.FREE, None), Consent("unknown", START), count=2
        )
    assert refused.value.problem.code == "disk_full"
    assert refused.value.problem.spent is spent
    assert list(folder.inbox.iterdir()) == []
    assert len(list(folder.metadata.glob("2*.json"))) == claimed


def test_a_lock_file_that_was_removed_is_locked_again(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_ROUND", 0.05)
    with running(folder, NOWHERE) as (engine, watcher):
        watcher.wait_to_own()
        folder.lock_file.unlink()
        job = order(engine, server=NOWHERE)
        assert watcher.wait_for_end(job.id).state is State.NOT_SENT
        assert folder.lock_file.exists()
        with running(folder, NOWHERE) as (_, second):
            event = second.wait_for(lambda e: isinstance(e, EngineChanged))
    assert isinstance(event, EngineChanged)
    assert not event.owner


def test_what_the_folder_refuses_is_told_once_and_tried_again(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = 0

    def refusing(lock: OwnerLock) -> bool:
        nonlocal rounds
        rounds += 1
        if rounds <= 3:
            raise problem_error("disk_full", path="metadata")
        return try_acquire(lock)

    try_acquire = OwnerLock.try_acquire
    monkeypatch.setattr(OwnerLock, "try_acquire", refusing)
    monkeypatch.setattr(session, "_ROUND", 0.01)
    with running(folder) as (_, watcher):
        watcher.wait_to_own()
    faults = [event for event in watcher.seen if isinstance(event, EngineFault)]
    assert [fault.problem.code for fault in faults] == ["disk_full"]


@pytest.mark.parametrize(
    ("status", "state"), [("failed", State.FAILED), (None, State.GONE)], ids=["there", "not there"]
)
def test_a_person_can_have_a_forgotten_job_polled_again(
    folder: Folder, status: str | None, state: State
) -> None:
    there = answer(200, {"id": "video_1", "status": status})
    missing = answer(404, {"error": {"message": "no such video"}})
    with RawServer(replies(there if status else missing)) as server:
        lab = Server("lab", server.url, dialect="generic", free=True)
        job = replace(wish(), server=lab.ref).submitting(START, "key")
        put(folder, job.accepted(START, video("queued"), 200).gone(START, ERROR))
        with running(folder, lab) as (engine, watcher):
            watcher.wait_to_own()
            engine.command(job.id, "look")
            looked = watcher.wait_for_job(
                job.id, lambda job: len(job.events) > 4 and job.state is state
            )
    assert looked.state is state
    assert ("asked again" in looked.events[-1].note) is (status is None)


def test_a_person_can_have_an_expired_clip_asked_for_again(folder: Folder) -> None:
    """A server may only have been late."""
    with RawServer(replies(answer(200, clip(), content_type="video/mp4"))) as server:
        lab = Server("lab", server.url, dialect="generic", free=True)
        job = replace(wish(), server=lab.ref).submitting(START, "key")
        put(folder, job.accepted(START, video("completed"), 200).expired(START, ERROR))
        with running(folder, lab) as (engine, watcher):
            watcher.wait_to_own()
            engine.command(job.id, "look")
            saved = watcher.wait_for_job(job.id, lambda job: job.state is State.SAVED)
    assert (folder.root / saved.outputs[0].path).read_bytes() == clip()


def test_a_server_that_is_not_there_leaves_the_job_not_sent_and_a_retry_sends_it(
    folder: Folder,
) -> None:
    with running(folder, server=NOWHERE) as (engine, watcher):
        job = order(engine, server=NOWHERE)
        left = watcher.wait_for_state(State.NOT_SENT)
        assert left.error is not None
        assert left.error.kind == "server_unreachable"
        engine.command(job.id, "retry")
        again = watcher.wait_for_state(State.NOT_SENT)
        while len(again.attempts) < 2:
            again = watcher.wait_for_state(State.NOT_SENT)
    assert [attempt.outcome for attempt in again.attempts] == ["not_sent", "not_sent"]
