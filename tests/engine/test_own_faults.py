"""A fault of ours, or a list that fails: never a second request, never a job forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sora_tui.client.videos import VideosClient
from sora_tui.core.job import Consent, JobError, State
from sora_tui.core.problem import Spent
from sora_tui.core.server import Server
from sora_tui.engine import clip_files, downloads, server_worker, session, submit
from sora_tui.engine.engine import Engine
from sora_tui.engine.events import EngineFault, JobChanged
from sora_tui.engine.quote import quote
from sora_tui.media.clip_probe import ClipProbe, probe_clip
from sora_tui.workspace.capability_cache import CapabilityCache
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import waiting
from sora_tui.workspace.queue_pause import set_paused
from tests.support.engine_watcher import Watcher, order, running
from tests.support.fault_server import RATE_LIMITED, Call, FaultServer, say, vanish
from tests.support.installed_program import clip
from tests.support.job_states import new_job
from tests.support.stored_jobs import put


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path)


@pytest.fixture
def server(folder: Folder) -> Iterator[FaultServer]:
    with FaultServer(clip(), folder.metadata) as server:
        yield server


@pytest.fixture
def lab(server: FaultServer) -> Server:
    return Server("lab", server.base_url, free=True)


def hang_up(call: Call) -> None:
    """Not a word."""


def wait_for_hold(watcher: Watcher, code: str) -> JobChanged:
    event = watcher.wait_for(
        lambda e: (
            isinstance(e, JobChanged)
            and e.retry is not None
            and e.retry.problem is not None
            and e.retry.problem.code == code
        )
    )
    assert isinstance(event, JobChanged)
    return event


def faults(watcher: Watcher) -> list[EngineFault]:
    return [event for event in watcher.seen if isinstance(event, EngineFault)]


def test_a_fault_of_ours_behind_the_intent_leaves_a_doubt(
    folder: Folder, server: FaultServer, lab: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("behind the first byte, as far as anybody knows")

    monkeypatch.setattr(VideosClient, "send", broken)
    with running(folder, lab) as (engine, watcher):
        order(engine, server=lab)
        job = watcher.wait_for_state(State.UNCONFIRMED)
        assert job.error is not None
        assert (job.error.kind, job.error.message) == ("internal_fault", "RuntimeError")
        assert [fault.problem.code for fault in faults(watcher)] == ["internal_fault"]
        assert [attempt.outcome for attempt in job.attempts] == ["unconfirmed"]
    assert server.paid == 0


def test_a_fault_of_ours_before_the_intent_lets_the_job_wait(
    folder: Folder, server: FaultServer, lab: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("nothing was written yet")

    with monkeypatch.context() as patched, running(folder, lab) as (engine, watcher):
        patched.setattr(submit, "check_room", broken)
        order(engine, server=lab)
        assert wait_for_hold(watcher, "internal_fault").job.state is State.PENDING
        assert faults(watcher)
    assert server.paid == 0
    with running(folder, lab) as (_, watcher):
        watcher.wait_for_state(State.SAVED)
    assert server.paid == 1


def test_a_deferred_job_waits_while_its_list_does_not_come(
    folder: Folder, server: FaultServer, lab: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list hangs up, and once more when asked anew. An error would be an answer."""
    monkeypatch.setattr(server_worker, "_LOCAL_WAIT", 0.2)
    server.posts["*"] = [say(429, RATE_LIMITED, retry_after="1")]
    server.lists = [hang_up, hang_up, say(500, {"error": "no list today"})]
    with running(folder, lab) as (engine, watcher):
        order(engine, server=lab)
        assert wait_for_hold(watcher, "server_unreachable").job.state is State.PENDING
        assert server.paid == 1
        watcher.wait_for_state(State.SAVED)
    assert server.paid == 2


def test_a_list_that_fails_is_looked_into_later(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    server.posts["*"] = [vanish]
    server.lists = [say(503, retry_after="1")]
    with running(folder, lab) as (engine, watcher):
        order(engine, server=lab)
        watcher.wait_for_state(State.SAVED)
    assert server.paid == 1


def test_a_list_that_refuses_this_one_question_is_not_remembered_as_missing(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    """A 400 may be about us; who remembers "no list" for ever finds no lost answer again."""
    server.posts["*"] = [vanish]
    server.lists = [say(400, {"error": {"message": "limit: no"}})] * 9
    with running(folder, lab) as (engine, watcher):
        job = order(engine, server=lab)
        told = watcher.wait_for_job(job.id, lambda job: bool(job.search))
    assert told.search is not None
    assert not told.search.listed
    assert CapabilityCache(folder).of(lab.origin).facts.get("list") is not False


@pytest.mark.parametrize("named", ["..", "a\x1b]0;b"])
def test_an_id_that_can_be_none_is_not_even_asked_for(
    folder: Folder, server: FaultServer, lab: Server, named: str
) -> None:
    server.posts["*"] = [say(500)]
    with running(folder, lab) as (engine, watcher):
        job = order(engine, server=lab)
        watcher.wait_for_state(State.UNCONFIRMED)
        engine.command(job.id, "adopt", named)
        event = watcher.wait_for(
            lambda e: isinstance(e, JobChanged) and bool(e.job.search and e.job.search.refused)
        )
        assert isinstance(event, JobChanged)
        assert event.job.search and event.job.search.refused
        assert event.job.search.refused.code == "video_unknown"
    assert [r for r in server.seen("GET") if not r.target.startswith("/v1/videos?")] == []


def test_what_replaces_a_record_that_cannot_be_read_is_not_sent(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    """Whether the first was found meanwhile, nobody can say."""
    now = datetime.now(UTC)
    parent = replace(new_job(), server=lab.ref, created_at=now, updated_at=now)
    parent = parent.submitting(now, "key").unconfirmed(now, JobError("answer_lost", Spent.PERHAPS))
    put(folder, parent)
    with running(folder, lab) as (engine, watcher):
        watcher.wait_to_own()
    (folder.metadata / f"{parent.id}.json").write_text("{")
    with running(folder, lab) as (engine, watcher):
        price, consent = quote(lab, parent.request), Consent("unknown", now)
        (job,) = engine.submit(lab, parent.request, price, consent, parent=parent.id)
        ended = watcher.wait_for(
            lambda e: isinstance(e, JobChanged) and e.job.id == job.id and e.job.is_final
        )
        assert isinstance(ended, JobChanged)
        assert ended.job.state is State.CANCELLED
        assert "cannot be read" in ended.job.events[-1].note
    assert server.paid == 0


def test_a_fault_of_ours_in_a_download_does_not_forget_the_clip(
    folder: Folder, server: FaultServer, lab: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspect, broken = probe_clip, [True]

    def once(path: Path) -> ClipProbe:
        if broken.pop() if broken else False:
            raise RuntimeError("a clip we cannot read")
        return inspect(path)

    monkeypatch.setattr(clip_files, "probe_clip", once)
    monkeypatch.setattr(downloads, "_SLOW", 0.2)
    monkeypatch.setattr(session, "_AGAIN", 0.1)
    with running(folder, lab) as (engine, watcher):
        order(engine, server=lab)
        saved = watcher.wait_for_state(State.SAVED)
        held = [event for event in watcher.seen if isinstance(event, JobChanged) and event.retry]
        assert {event.retry.why for event in held if event.retry} >= {"answer_fault"}
        assert faults(watcher) == []  # the other jobs go on
    assert server.paid == 1
    assert (folder.root / saved.outputs[0].path).read_bytes() == server.clip
    assert list(folder.output.glob(".*")) == []


def test_what_a_person_leaves_in_the_inbox_stops_nobody(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    strange = {"0-a.cmd.json": "{", "1-b.cmd.json": '{"job_id": "x", "verb": "explode"}'}
    for name, text in strange.items():
        (folder.inbox / name).write_text(text)
    with running(folder, lab) as (engine, watcher):
        order(engine, server=lab)
        watcher.wait_for_state(State.SAVED)
        assert faults(watcher) == []
    assert sorted(path.name for path in folder.conflicts.iterdir()) == sorted(strange)
    with closing(History(folder)) as history:
        assert len(history.newest(5)) == 1


def test_a_request_that_cannot_be_built_does_not_count_as_sent(
    folder: Folder, server: FaultServer, lab: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise UnicodeEncodeError("utf-8", "caf\udce9.png", 3, 4, "surrogates not allowed")

    # What an encoder cannot take is not known: those that were have their own tests.
    monkeypatch.setattr(VideosClient, "prepare", broken)
    with running(folder, lab) as (engine, watcher):
        job = order(engine, server=lab)
        assert wait_for_hold(watcher, "internal_fault").job.attempts == ()
        assert [fault.problem.spent for fault in faults(watcher)] == [Spent.NO]
        engine.stop()
        assert [back.state for back in engine.take_back()] == [State.CANCELLED]
    with running(folder, lab) as (_, watcher), closing(History(folder)) as history:
        watcher.wait_to_own()
        assert history.load(job.id).state is State.CANCELLED
    assert server.paid == 0


def test_an_order_that_nobody_claimed_is_taken_back(folder: Folder, lab: Server) -> None:
    engine = Engine(folder, {lab.name: lab})
    order(engine, server=lab)
    assert [job.state for job in engine.take_back()] == [State.CANCELLED]
    assert waiting(folder) == []
    assert engine.take_back() == []  # once is enough


def test_an_order_that_was_sent_is_not_taken_back(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    with running(folder, lab) as (engine, watcher):
        order(engine, server=lab)
        watcher.wait_for_state(State.SAVED)
        engine.stop()
        assert [job.state for job in engine.take_back()] == [State.SAVED]


def test_another_owner_is_asked_to_take_an_order_back(folder: Folder, lab: Server) -> None:
    set_paused(folder, True)
    with running(folder, lab) as (_, watcher):
        watcher.wait_to_own()
        other = Engine(folder, {lab.name: lab})
        job = order(other, server=lab)
        watcher.wait_for_job(job.id, lambda now: now.state is State.PENDING)
        assert [back.state for back in other.take_back()] == [State.CANCELLED]
