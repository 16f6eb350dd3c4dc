"""A lost answer that a person decides: adopt, send again, give up; POSTs change by 0, 1 and 0."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sora_tui.core.job import Consent, Job, State
from sora_tui.core.price import Price, PriceKind
from sora_tui.core.secret import Secret
from sora_tui.core.server import Server
from sora_tui.engine.engine import Engine
from sora_tui.engine.events import EngineEvent, EngineFault, JobChanged
from sora_tui.engine.quote import quote
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.folder_mark import key_of
from sora_tui.workspace.history import History
from tests.support.engine_watcher import Watcher, order, running
from tests.support.fault_server import Act, Call, FaultServer, say, wait_for
from tests.support.installed_program import clip
from tests.support.lossy_server import LossyServer, lossy_server

LAB = Server(name="lab", base_url="", key=Secret("sk-lab-0123456789"), encoding="json", free=True)


def found(call: Call) -> None:
    """A video of that id, made by nobody knows whom."""
    call.reply({"id": "video_7", "object": "video", "status": "queued"})


@dataclass(frozen=True)
class Lost:
    """A job without an answer, its server, and the engine that looked for it."""

    job: Job
    server: LossyServer
    profile: Server
    engine: Engine
    watcher: Watcher

    def wait_for(self, wanted: Callable[[Job], bool]) -> Job:
        event = self.watcher.wait_for(lambda e: isinstance(e, JobChanged) and wanted(e.job))
        assert isinstance(event, JobChanged)
        return event.job

    def send_again(self) -> Job:
        price = Price(PriceKind.FREE, None)
        consent = Consent("unknown", datetime.now(UTC))
        jobs = self.engine.submit(
            self.profile, self.job.request, price, consent, parent=self.job.id
        )
        return jobs[0]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path)


@contextmanager
def lost(folder: Folder, *, copies: int = 2, listless: bool = False) -> Iterator[Lost]:
    """A job whose answer is lost, once the search has said what it found."""
    with lossy_server(folder.metadata) as server:
        server.copies, server.listless = copies, listless
        lab = LAB._replace(base_url=server.base_url)
        with running(folder, server=lab) as (engine, watcher):
            job = order(engine, server=lab)
            watcher.wait_for(lambda e: isinstance(e, JobChanged) and e.job.search is not None)
            server.copies = 1
            yield Lost(engine_job(watcher, job.id), server, lab, engine, watcher)


def engine_job(watcher: Watcher, job_id: str) -> Job:
    jobs = [e.job for e in watcher.seen if isinstance(e, JobChanged) and e.job.id == job_id]
    return jobs[-1]


def wait_until_carried_out(folder: Folder) -> None:
    end = time.monotonic() + 60
    while list(folder.inbox.iterdir()):
        assert time.monotonic() < end, "a command was left"
        time.sleep(0.01)


def test_of_several_candidates_the_person_adopts_one(folder: Folder) -> None:
    with lost(folder) as it:
        search = it.job.search
        assert search is not None
        assert {c.id for c in search.found} == {"video_0", "video_1"}
        assert {c.same for c in search.found} == {("model", "size", "seconds", "prompt")}
        on_disk = History(folder).load(it.job.id)
        assert on_disk.search == search, "any process can show the candidates"
        it.engine.command(it.job.id, "adopt", "video_1")
        found = it.wait_for(lambda job: job.state is State.FAILED)
        assert (found.remote_id, found.search) == ("video_1", None)
        assert len(it.server.posts) == 1


def test_a_video_of_another_job_or_server_is_not_adopted(folder: Folder) -> None:
    with lost(folder) as it:
        other = order(it.engine, server=it.profile)
        taken = it.wait_for(lambda job: job.id == other.id and job.state is State.FAILED)
        for video, code, job in (
            ("video_of_another_server", "video_unknown", None),
            (taken.remote_id, "video_taken", other.id),
        ):
            it.engine.command(it.job.id, "adopt", video or "")
            told = it.wait_for(
                lambda job, video=video: bool(  # type: ignore[misc]  # bound now
                    job.search and job.search.refused and job.search.refused.video == video
                )
            )
            assert told.state is State.UNCONFIRMED
            assert told.search and told.search.refused
            assert (told.search.refused.code, told.search.refused.job) == (code, job)
        assert History(folder).load(it.job.id).search == told.search
        assert len(it.server.posts) == 2


def test_a_decision_that_comes_after_another_changes_nothing(folder: Folder) -> None:
    """Two terminals showed the same question."""
    with lost(folder) as it:
        it.engine.command(it.job.id, "adopt", "video_0")
        it.wait_for(lambda job: job.state is State.FAILED)
        it.engine.command(it.job.id, "adopt", "video_1")
        it.engine.command(it.job.id, "abandon")
        wait_until_carried_out(folder)
        now = History(folder).load(it.job.id)
        assert (now.state, now.remote_id) == (State.FAILED, "video_0")
        assert not any(path.endswith("/video_1") for path in it.server.asked)


@pytest.mark.parametrize("then", [found, say(404, {"error": {"message": "no such video"}})])
def test_what_was_given_up_while_the_server_was_asked_stays_given_up(
    folder: Folder, then: Act
) -> None:
    go_on = threading.Event()
    with FaultServer(clip(), folder.metadata) as server:
        server.can_list = False
        server.posts["*"] = [say(500)]
        server.gets["video_7"] = [wait_for(go_on, then)]
        lab = Server("lab", server.base_url, free=True)
        with running(folder, server=lab) as (engine, watcher):
            job = order(engine, server=lab)
            watcher.wait_for_job(job.id, lambda job: job.state is State.UNCONFIRMED)
            engine.command(job.id, "adopt", "video_7")
            server.wait_until(lambda server: server.seen("GET", "/video_7") != [], 60)
            engine.command(job.id, "abandon")
            watcher.wait_for_job(job.id, lambda job: job.state is State.ABANDONED)
            told: list[EngineEvent] = []
            engine.subscribe(told.append)
            go_on.set()
            wait_until_carried_out(folder)
    assert not [event for event in told if isinstance(event, EngineFault)]
    now = History(folder).load(job.id)
    assert (now.state, now.remote_id) == (State.ABANDONED, None)


def test_sending_again_gives_the_first_one_up_and_pays_once(folder: Folder) -> None:
    with lost(folder) as it:
        # Two terminals, or a key pressed twice:
        children = [it.send_again(), it.send_again()]
        ends: dict[str, Job] = {}
        while len(ends) < len(children):
            end = it.wait_for(lambda job: job.parent == it.job.id and job.is_final)
            ends[end.id] = end
        sent, dropped = (ends[child.id] for child in children)
        assert (sent.state, dropped.state) == (State.FAILED, State.CANCELLED)
        assert sent.request == it.job.request
        first = History(folder).load(it.job.id)
        assert first.state is State.ABANDONED
        assert first.events[-1].note == f"sent again as {children[0].id}"
        assert len(it.server.posts) == 2


def test_what_was_found_meanwhile_is_not_sent_again(folder: Folder) -> None:
    with lost(folder) as it:
        it.engine.command(it.job.id, "adopt", "video_0")
        it.wait_for(lambda job: job.state is State.FAILED)
        child = it.send_again()
        end = it.wait_for(lambda job: job.id == child.id and job.is_final)
        assert end.state is State.CANCELLED
        assert len(it.server.posts) == 1


def test_a_kill_between_giving_up_and_sending_again_loses_nothing(folder: Folder) -> None:
    with lost(folder) as it:
        child = it.send_again()
        it.wait_for(lambda job: job.id == child.id and job.is_final)
    # What a kill right before the intent leaves behind: the parent decided, the child pending.
    (folder.attempts / key_of(child)).unlink()
    history = History(folder)
    history.save(child)
    history.close()
    lab = it.profile
    with lossy_server(folder.metadata, lose=0) as server:
        lab = lab._replace(base_url=server.base_url)
        history.save(replace(child, server=lab.ref))
        with running(folder, server=lab) as (_, watcher):
            sent = watcher.wait_for_state(State.FAILED, State.CANCELLED)
        assert (sent.id, sent.state) == (child.id, State.FAILED)
        assert len(server.posts) == 1


def test_a_job_made_from_a_finished_one_is_sent_although_that_record_is_gone(
    folder: Folder,
) -> None:
    with lossy_server(folder.metadata, lose=0) as server:
        lab = Server("lab", server.base_url, encoding="json", free=True, dialect="generic")
        with running(folder, server=lab) as (engine, watcher):
            first = order(engine, server=lab)
            watcher.wait_for_end(first.id)
            engine.pause_queue(True)
            price = quote(lab, first.request)
            consent = Consent(price.kind.value, datetime.now(UTC), price.sum)
            (again,) = engine.submit(
                lab, first.request, price, consent, parent=first.id, once_more=True
            )
            engine.command(first.id, "delete")
            watcher.wait_for_record_in_trash(folder, first.id)
            engine.pause_queue(False)
            assert watcher.wait_for_end(again.id).state is State.FAILED, "sent"
        assert len(server.posts) == 2


def test_giving_up_keeps_the_record(folder: Folder) -> None:
    with lost(folder) as it:
        it.engine.command(it.job.id, "abandon")
        it.wait_for(lambda job: job.state is State.ABANDONED)
        kept = History(folder).load(it.job.id)
        assert kept.state is State.ABANDONED
        assert kept.search is not None
        assert len(it.server.posts) == 1


def test_where_there_is_no_list_it_stays_and_says_so(folder: Folder) -> None:
    with lost(folder, copies=1, listless=True) as it:
        assert it.job.state is State.UNCONFIRMED
        assert it.job.search is not None
        assert not it.job.search.listed
        assert "no list" in it.job.events[-1].note
        it.engine.command(it.job.id, "adopt", "video_0")
        assert it.wait_for(lambda job: job.state is State.FAILED).remote_id == "video_0"
        assert len(it.server.posts) == 1


def test_a_search_without_candidates_is_noted_too(folder: Folder) -> None:
    with lost(folder, copies=0) as it:
        assert it.job.search is not None
        assert (it.job.search.searches, it.job.search.found) == (1, ())
        assert it.job.events[-1].note == "list asked: 0 candidates"
