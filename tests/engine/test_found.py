"""Orders found at a start, answers that name another job's video, and a folder that was removed."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from sora_tui.core.job import Consent, Cost, Job, State
from sora_tui.core.price import Price, PriceKind
from sora_tui.core.secret import Secret
from sora_tui.core.server import Server
from sora_tui.engine.active_jobs import utc_now
from sora_tui.engine.events import EngineFault
from sora_tui.workspace import folder_mark as mark_module
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.folder_mark import folder_mark
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import hand_in
from tests.support.engine_watcher import KITE, Watcher, order, running
from tests.support.fault_server import Act, Call, FaultServer, say, wait_for
from tests.support.installed_program import clip


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path)


@pytest.fixture
def server(folder: Folder) -> Iterator[FaultServer]:
    with FaultServer(clip(), folder.metadata) as server:
        yield server


@pytest.fixture
def lab(server: FaultServer) -> Server:
    return Server("lab", server.base_url, key=Secret("sk-lab-0123456789"), free=True)


def found(folder: Folder, lab: Server, *letters: str) -> list[Job]:
    """Orders of one prompt that an owner claimed, and did not send before it ended."""
    history, jobs = History(folder), []
    for letter in letters:
        at = datetime.now(UTC)
        job = Job.new(
            *(f"20261122-101530-{letter * 6}", at, lab.ref, KITE),
            cost=Cost(Decimal(0)),
            consent=Consent("free", at),
        )
        jobs.append(history.save(replace(job, handed_in=folder_mark(folder))))
    history.close()
    return jobs


def rest(watcher: Watcher, job_id: str) -> Job:
    """The job once nothing more happens to it, and nobody has to decide."""
    return watcher.wait_for_job(job_id, lambda job: job.is_final and not job.needs_decision)


def made(server: FaultServer, count: int = 1) -> None:
    """Videos of that prompt in the list, that nobody here knows."""
    for _ in range(count):
        at = int(datetime.now(UTC).timestamp())
        known = {name: getattr(KITE, name) for name in ("prompt", "model", "seconds", "size")}
        number = len(server.videos) + 1
        server.videos.append(
            {"id": f"video_{number}", "status": "queued", "created_at": at, **known}
        )


def test_what_the_list_has_already_is_not_sent_by_a_folder_that_was_rolled_back(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    jobs = found(folder, lab, "a", "b", "c")
    made(server, 2)
    with running(folder, lab) as (_, watcher):
        ended = [rest(watcher, job.id) for job in jobs]
    assert {job.state for job in ended} == {State.SAVED}
    assert {job.remote_id for job in ended} == {"video_1", "video_2", "video_3"}
    assert len(server.seen("POST")) == 1, "two were there already"


def test_the_video_of_a_lost_twin_keeps_the_others_from_nothing(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    """A kill in an order of three: one had been sent, and its answer was lost."""
    first, *others = found(folder, lab, "a", "b", "c")
    history = History(folder)
    history.save(first.submitting(utc_now(), f"{first.id}-1"))
    history.close()
    made(server)
    with running(folder, lab) as (_, watcher):
        ended = [rest(watcher, job.id) for job in (first, *others)]
    assert {job.state for job in ended} == {State.SAVED}
    assert ended[0].attempts[-1].outcome == "found"
    assert len(server.seen("POST")) == 2


@pytest.mark.parametrize("answer", [say(404), say(500), say(405)])
def test_where_there_is_no_list_to_look_into_it_is_sent(
    folder: Folder, server: FaultServer, lab: Server, answer: Act
) -> None:
    (job,) = found(folder, lab, "a")
    server.lists = [answer] * 9
    with running(folder, lab) as (_, watcher):
        assert rest(watcher, job.id).state is State.SAVED
    assert server.paid == 1


@pytest.mark.parametrize("claimed", [True, False], ids=["found", "in the inbox"])
def test_another_machine_asks(
    folder: Folder,
    server: FaultServer,
    lab: Server,
    monkeypatch: pytest.MonkeyPatch,
    claimed: bool,
) -> None:
    machine = folder.root / "machine-id"
    machine.write_text("1" * 32)
    monkeypatch.setattr(mark_module, "_MACHINE_FILES", (str(machine),))
    (job,) = found(folder, lab, "a")
    if not claimed:
        (folder.metadata / f"{job.id}.json").unlink()
        hand_in(folder, job)
    machine.write_text("2" * 32)
    with running(folder, lab) as (engine, watcher):
        lost = watcher.wait_for_job(job.id, lambda job: bool(job.search and job.search.searches))
        assert lost.state is State.UNCONFIRMED
        assert lost.error is not None
        assert lost.error.kind == "past_unknown"
        assert lost.search is not None
        assert lost.search.is_exhausted(
            lost.unconfirmed_since, has_unknown_past=lost.has_unknown_past
        )
        (again,) = engine.submit(
            *(lab, job.request, Price(PriceKind.FREE, None), Consent("free", utc_now())),
            parent=job.id,
        )
        assert rest(watcher, again.id).state is State.SAVED
    assert server.paid == 1
    assert History(folder).load(job.id).state is State.ABANDONED


def test_an_answer_with_the_id_of_another_job_is_not_believed(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    def repeat(call: Call) -> None:
        call.reply({**call.make(), "id": "video_1"})

    with running(folder, lab) as (engine, watcher):
        first = order(engine, KITE._replace(prompt="first"), lab)
        rest(watcher, first.id)
        server.posts["second"] = [repeat]
        second = order(engine, KITE._replace(prompt="second"), lab)
        lost = watcher.wait_for_job(second.id, lambda job: job.state is State.UNCONFIRMED)
        assert lost.error is not None
        assert (lost.error.kind, lost.error.message) == ("answer_repeated", "video_1")
        saved = rest(watcher, second.id)
    assert (saved.state, saved.remote_id) == (State.SAVED, "video_2"), "the list has the true one"
    assert server.paid == 2


def test_an_id_that_is_given_to_another_video_after_a_delete_is_for_a_person(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    def vanish_with_an_old_id(call: Call) -> None:
        video = call.make()
        video |= {"id": "video_1", "created_at": video["created_at"] + 5}
        del server.videos[0]

    with running(folder, lab) as (engine, watcher):
        first = order(engine, server=lab)
        rest(watcher, first.id)
        engine.command(first.id, "delete")
        watcher.wait_for_record_in_trash(folder, first.id)
        server.posts["*"] = [vanish_with_an_old_id]
        second = order(engine, server=lab)
        lost = watcher.wait_for_job(second.id, lambda job: bool(job.search and job.search.found))
        assert lost.search is not None
        assert [(c.id, c.other) for c in lost.search.found] == [("video_1", ("id",))]
        engine.command(second.id, "adopt", "video_1")
        assert rest(watcher, second.id).state is State.SAVED
    assert server.paid == 2


def test_what_is_paid_while_the_folder_is_removed_is_kept(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    go_on = threading.Event()
    server.posts["*"] = [wait_for(go_on)]
    with running(folder, lab) as (engine, watcher):
        job = order(engine, server=lab)
        server.wait_until(lambda server: server.paid == 1)
        shutil.rmtree(folder.metadata)
        go_on.set()
        saved = rest(watcher, job.id)
        assert (saved.state, saved.remote_id) == (State.SAVED, "video_1")
    assert History(folder).load(job.id).remote_id == "video_1"


def test_an_id_that_can_be_kept_nowhere_is_said(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    go_on = threading.Event()
    server.posts["*"] = [wait_for(go_on)]
    with running(folder, lab) as (engine, watcher):
        order(engine, server=lab)
        server.wait_until(lambda server: server.paid == 1)
        shutil.rmtree(folder.metadata)
        folder.metadata.write_text("a file in its place")
        go_on.set()
        told = watcher.wait_for(
            lambda e: isinstance(e, EngineFault) and e.problem.code == "answer_not_kept"
        )
        assert isinstance(told, EngineFault)
        assert told.problem.facts["video"] == "video_1"
        folder.metadata.unlink()
