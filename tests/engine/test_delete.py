"""Deleting a video at its server: what is asked, what the record says, what is remembered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sora_tui.core.job import Job, State
from sora_tui.core.remote_video import read_video
from sora_tui.core.server import Server
from sora_tui.engine.capabilities import delete_means
from sora_tui.engine.events import JobChanged
from sora_tui.workspace.capability_cache import CapabilityCache
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import Command, send_command
from tests.support.engine_watcher import Watcher, running
from tests.support.job_states import new_job
from tests.support.raw_server import Line, RawServer, answer, read_request
from tests.support.server_answers import answering, clip

PATH = "/v1/videos/video_1"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path / "workspace")


def by_method(**answers: bytes) -> RawServer:
    """A server whose one video is answered by method."""

    def reply(line: Line) -> None:
        while True:
            read_request(line)
            assert line.request is not None
            line.socket.sendall(answers.get(line.request.method.lower(), answer(404, "no")))

    return RawServer([reply])


def kept(folder: Folder, server: Server, status: str) -> Job:
    """A job that the server has, or had, as a document on disk."""
    video = read_video(clip(status))
    assert video is not None
    job = replace(new_job(), server=server.ref)
    job = job.submitting(job.created_at, "key").accepted(job.created_at, video, 200)
    if video.phase.is_final_without_clip:
        job = job.progressed(job.created_at, video)  # told again
    with closing(History(folder)) as history:
        history.save(job)
    return job


def deleted(folder: Folder, server: Server, job: Job, until: Callable[[Watcher], object]) -> None:
    """Ask the owner of the folder, and wait."""
    send_command(folder, Command(job.id, "delete", "remote"))
    with running(folder, server) as (_, watcher):
        until(watcher)


def in_trash(folder: Folder, job: Job) -> Callable[[Watcher], object]:
    return lambda watcher: watcher.wait_for_record_in_trash(folder, job.id)


def noted(watcher: Watcher) -> None:
    watcher.wait_for(lambda e: isinstance(e, JobChanged) and e.job.remote_delete_error is not None)


@pytest.mark.parametrize(
    "said",
    [
        answer(200, {"id": "video_1", "object": "video.deleted", "deleted": True}),
        answer(200, clip("deleted")),
        answer(200, {"deleted": True}),
        answer(404, {"detail": "Video not found"}),
    ],
)
def test_a_job_at_rest_is_deleted_there_and_its_record_goes_to_the_trash(
    folder: Folder, said: bytes
) -> None:
    with by_method(delete=said) as there:
        server = Server("lab", there.url, dialect="generic", free=True)
        job = kept(folder, server, "failed")
        deleted(folder, server, job, in_trash(folder, job))
        sent = [request for request in there.requests if request.method == "DELETE"]
    assert [request.target for request in sent] == [PATH]
    assert list(folder.inbox.iterdir()) == []


def test_a_job_under_way_ends_as_cancelled_and_its_record_stays(folder: Folder) -> None:
    with by_method(get=answer(200, clip("in_progress")), delete=answer(200, "{}")) as there:
        server = Server("lab", there.url, dialect="vllm-omni", free=True)
        job = kept(folder, server, "in_progress")
        deleted(folder, server, job, lambda watcher: watcher.wait_for_state(State.CANCELLED))
    with closing(History(folder)) as history:
        now = history.load(job.id)
    assert now.state is State.CANCELLED
    assert now.error is not None
    assert now.error.kind == "remote_cancelled"
    assert not any(request.method == "POST" for request in there.requests)


@pytest.mark.parametrize(
    ("status", "body", "learnt"),
    [
        (405, {"detail": "Method Not Allowed"}, "none"),
        (404, {"error": {"message": "Invalid URL (DELETE /v1/videos/video_1)"}}, "none"),
        (409, {"detail": "Cancellation in progress. Please try again later."}, "unknown"),
        (500, "Internal Server Error", "unknown"),
    ],
)
def test_a_refusal_is_noted_and_the_record_stays(
    folder: Folder, status: int, body: Any, learnt: str
) -> None:
    with by_method(delete=answer(status, body), get=answer(200, clip("failed"))) as there:
        server = Server("lab", there.url, dialect="generic", free=True)
        job = kept(folder, server, "failed")
        deleted(folder, server, job, noted)
    with closing(History(folder)) as history:
        now = history.load(job.id)
    assert now.remote_delete_error is not None
    assert now.remote_delete_error.startswith(str(status))
    assert now.state is State.FAILED
    assert delete_means(server, CapabilityCache(folder)) == learnt


def test_nothing_is_deleted_that_a_server_may_be_working_on_for_us(folder: Folder) -> None:
    with answering({}) as there:
        server = Server("lab", there.url, dialect="generic", free=True)
        job = replace(new_job(), server=server.ref)
        with closing(History(folder)) as history:
            history.save(job.submitting(job.created_at, "key"))
        send_command(folder, Command(job.id, "delete", "remote"))
        with running(folder, server) as (_, watcher):
            watcher.wait_for_state(State.UNCONFIRMED)
            end = time.monotonic() + 20
            while list(folder.inbox.iterdir()):
                assert time.monotonic() < end
                time.sleep(0.02)
        assert not any(request.method == "DELETE" for request in there.requests)
    document = json.loads((folder.metadata / f"{job.id}.json").read_bytes())
    assert document["state"] == "unconfirmed"


def test_the_reason_why_a_deletion_cannot_be_sent_is_noted(folder: Folder) -> None:
    server = Server("lab", "http://127.0.0.1:9/v1", headers={"X-Ä": "b"}, free=True)
    job = kept(folder, server, "failed")
    deleted(folder, server, job, noted)
    with closing(History(folder)) as history:
        assert (history.load(job.id).remote_delete_error or "").startswith("config_invalid")


def test_a_job_of_a_profile_that_is_gone_is_left_alone(folder: Folder) -> None:
    job = kept(folder, Server("old", "http://127.0.0.1:9/v1"), "failed")
    send_command(folder, Command(job.id, "delete", "remote"))
    with running(folder, Server("lab", "http://127.0.0.1:10/v1", free=True)):
        end = time.monotonic() + 20
        while list(folder.inbox.iterdir()):
            assert time.monotonic() < end
            time.sleep(0.02)
    assert (folder.metadata / f"{job.id}.json").exists()
