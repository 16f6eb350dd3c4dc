"""What answers about one job do to that job, and never to the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sora_tui.core.document import to_document
from sora_tui.core.job import Job, State
from sora_tui.core.remote import RemoteVideo
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server
from sora_tui.engine import run
from sora_tui.engine.events import EngineFault, JobChanged
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from tests.engine.watching import KITE, Watcher, order, running
from tests.faults.harness import clip
from tests.faults.server import Call, FaultServer, behave


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path)


@pytest.fixture
def server(folder: Folder) -> Iterator[FaultServer]:
    with FaultServer(clip(), folder.metadata) as server:
        yield server


@pytest.fixture
def lab(server: FaultServer) -> Server:
    return Server("lab", server.base_url, free=True, dialect="generic")


def wait_for_hold(watcher: Watcher, job: Job, code: str) -> JobChanged:
    """Wait until the engine says that it waits with this job, and why."""

    def is_held(event: object) -> bool:
        return (
            isinstance(event, JobChanged)
            and event.job.id == job.id
            and event.retry is not None
            and event.retry.problem is not None
            and event.retry.problem.code == code
        )

    seen = next((event for event in watcher.seen if is_held(event)), None)
    event = seen or watcher.wait_for(is_held)
    assert isinstance(event, JobChanged)
    return event


# One answer that cannot be handled -----------------------------------------------------------


def test_an_answer_that_breaks_us_holds_its_own_job_and_no_other(
    folder: Folder, server: FaultServer, lab: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Now and at the next start; the paid request is never sent again."""
    progressed = Job.progressed

    def broken(job: Job, at: Any, remote: RemoteVideo) -> Job:
        if job.request.prompt == "bad":
            raise OverflowError("int too large to convert to float")
        return progressed(job, at, remote)

    monkeypatch.setattr(Job, "progressed", broken)
    with running(folder, lab) as (engine, watcher):
        bad = order(engine, VideoRequest(prompt="bad"), lab)
        good = order(engine, KITE, lab)
        assert watcher.wait_for_end(good.id).state is State.SAVED
        wait_for_hold(watcher, bad, "answer_fault")
        assert not [event for event in watcher.seen if isinstance(event, EngineFault)]
    with running(folder, lab) as (engine, watcher):
        wait_for_hold(watcher, bad, "answer_fault")
        other = order(engine, KITE, lab)
        assert watcher.wait_for_end(other.id).state is State.SAVED
    kept = History(folder).load(bad.id)
    assert kept.state is State.QUEUED
    notes = [event.note for event in kept.events]
    assert notes.count("an answer was not handled: OverflowError") == 1
    assert server.paid == 3
    monkeypatch.undo()
    with running(folder, lab) as (_, watcher):
        assert watcher.wait_for_end(bad.id).state is State.SAVED
    assert server.paid == 3


def test_a_document_that_breaks_us_at_the_start_stops_no_other(
    folder: Folder, server: FaultServer, lab: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.gets["video_1"] = [lambda call: call.reply({}, 500)] * 3
    with running(folder, lab) as (engine, watcher):
        bad = order(engine, VideoRequest(prompt="bad"), lab)
        watcher.wait_for_job(bad.id, lambda job: job.remote_id is not None)
    as_found = run._as_found

    def broken(job: Job) -> Job:
        if job.request.prompt == "bad":
            raise OverflowError
        return as_found(job)

    monkeypatch.setattr(run, "_as_found", broken)
    with running(folder, lab) as (engine, watcher):
        wait_for_hold(watcher, bad, "answer_fault")
        good = order(engine, KITE, lab)
        assert watcher.wait_for_end(good.id).state is State.SAVED


@pytest.mark.parametrize("field", ["progress", "expires_at", "created_at", "seconds", "usage"])
def test_a_number_that_is_none_in_any_field_loses_no_clip(
    folder: Folder, server: FaultServer, lab: Server, field: str
) -> None:
    def odd(call: Call) -> None:
        value = '{"cost": 1e999}' if field == "usage" else "1" + "0" * 400
        call.reply(f'{{"id": "video_1", "status": "queued", "{field}": {value}}}'.encode())

    server.gets["video_1"] = [odd]
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        assert watcher.wait_for_end(job.id).state is State.SAVED
    assert server.paid == 1


# The replica that has the job -----------------------------------------------------------------


def test_the_cookie_of_the_create_answer_goes_with_its_job_and_no_other(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    """Polls, download and the next process; what is shown and logged has no value of it."""

    def at_replica_b(call: Call) -> None:
        call.reply(call.make(), set_cookie="LB=B-4f1c9a7be2; Path=/")

    def sticky(call: Call) -> None:
        video_id = call.request.target.split("/")[3]
        if call.request.headers.get("cookie") != "LB=B-4f1c9a7be2":
            call.reply({"error": {"message": "not found"}}, 404, set_cookie="LB=A; Path=/")
        elif call.request.target.endswith("/content"):
            call.reply(server.clip, content_type="video/mp4")
        else:
            call.reply(server.look(video_id))

    def busy(call: Call) -> None:
        call.reply({}, 500)

    server.posts["*"] = [at_replica_b, behave]
    server.gets["video_1"] = [busy, busy, *[sticky] * 20]
    server.contents["video_1"] = [sticky] * 5
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        watcher.wait_for_job(job.id, lambda job: job.remote_id is not None)
    history = History(folder)
    assert [cookie.name for cookie in history.load(job.id).cookies] == ["LB"]
    document = folder.metadata / f"{job.id}.json"
    assert "B-4f1c9a7be2" in document.read_text()
    assert document.stat().st_mode & 0o777 == 0o600
    shown = (
        history.load_text(job.id),
        str(to_document(history.load(job.id))),
        str(history.load(job.id)),
    )
    assert not [text for text in shown if "4f1c9a7be2" in text]
    assert all("LB" in text for text in shown)
    with running(folder, lab) as (engine, watcher):
        assert watcher.wait_for_end(job.id).state is State.SAVED
        other = order(engine, KITE, lab)
        assert watcher.wait_for_end(other.id).state is State.SAVED
    cookies = {r.target: r.headers.get("cookie") for _, r in server.calls}
    assert {cookie for target, cookie in cookies.items() if "video_1" not in target} == {None}
