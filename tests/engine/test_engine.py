"""The engine against the real practice server: a prompt becomes a file, come what may."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

import pytest

from sora_tui.core.job import State
from sora_tui.core.problem import ProblemError
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server
from sora_tui.engine.events import EngineChanged, JobChanged
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from tests.engine.watching import order, running


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
    stranger = Server(name="lab", base_url="http://127.0.0.1:9/v1", free=True)
    with running(folder) as (engine, watcher):
        order(engine, server=stranger)
        event = watcher.wait_for(lambda e: isinstance(e, JobChanged) and e.retry is not None)
    assert isinstance(event, JobChanged)
    assert event.job.state is State.PENDING
    assert event.retry is not None
    assert event.retry.why == "profile_unknown"


def test_a_server_that_is_not_there_leaves_the_job_not_sent_and_a_retry_sends_it(
    folder: Folder,
) -> None:
    nowhere = Server(name="lab", base_url="http://127.0.0.1:9/v1", free=True)
    with running(folder, server=nowhere) as (engine, watcher):
        job = order(engine, server=nowhere)
        left = watcher.wait_for_state(State.NOT_SENT)
        assert left.error is not None
        assert left.error.kind == "server_unreachable"
        engine.command(job.id, "retry")
        again = watcher.wait_for_state(State.NOT_SENT)
        while len(again.attempts) < 2:
            again = watcher.wait_for_state(State.NOT_SENT)
    assert [attempt.outcome for attempt in again.attempts] == ["not_sent", "not_sent"]
