"""What a person does with the queue as a whole, and with records while the engine runs."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sora_tui.core.job import Consent, State
from sora_tui.core.price import Price, PriceKind
from sora_tui.core.server import simulator
from sora_tui.engine.events import EngineChanged, JobChanged, JobRemoved
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.queue_pause import is_paused
from tests.support.engine_watcher import KITE, order, running


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path / "workspace")


def test_a_paused_queue_sends_nothing_also_after_a_new_start(folder: Folder) -> None:
    with running(folder) as (engine, watcher):
        engine.pause_queue(True)
        watcher.wait_for(lambda e: isinstance(e, EngineChanged) and e.paused)
        job = order(engine)
        watcher.wait_for_state(State.PENDING)
    assert is_paused(folder)
    with running(folder) as (engine, watcher):
        watcher.wait_for(lambda e: isinstance(e, EngineChanged) and e.owner and e.paused)
        time.sleep(1.2)  # a round of the engine: nothing may come of it
        assert History(folder).load(job.id).state is State.PENDING
        engine.pause_queue(False)
        saved = watcher.wait_for_state(State.SAVED)
    assert (saved.id, len(saved.attempts)) == (job.id, 1)


def test_what_is_deleted_leaves_every_screen(folder: Folder) -> None:
    with running(folder) as (owner, first):
        job = order(owner)
        first.wait_for_state(State.SAVED)
        with running(folder) as (follower, second):
            second.wait_for(lambda e: isinstance(e, EngineChanged))
            follower.command(job.id, "delete")
            for watcher in (first, second):
                watcher.wait_for(lambda e: isinstance(e, JobRemoved))
    assert (folder.trash / f"{job.id}.json").exists()


def test_notes_written_by_hand_are_taken_within_a_moment(folder: Folder) -> None:
    with running(folder) as (engine, watcher):
        engine.pause_queue(True)
        job = order(engine)
        watcher.wait_for_state(State.PENDING)
        path = folder.metadata / f"{job.id}.json"
        edited = json.loads(path.read_text())
        edited["notes"] = {"rating": 4, "tags": ["sea"], "text": "once more"}
        path.write_text(json.dumps(edited))
        noticed = watcher.wait_for(lambda e: isinstance(e, JobChanged) and e.job.notes.rating == 4)
        assert isinstance(noticed, JobChanged)
        engine.pause_queue(False)
        saved = watcher.wait_for_state(State.SAVED)
    assert saved.notes == noticed.job.notes
    assert saved.notes.tags == ("sea",)
    assert History(folder).load(job.id).notes == saved.notes


def test_a_job_that_is_over_may_be_asked_for_once_more(folder: Folder) -> None:
    with running(folder) as (engine, watcher):
        first = order(engine)
        done = watcher.wait_for_state(State.SAVED)
        assert done.id == first.id
        price, consent = Price(PriceKind.FREE, None), Consent("unknown", datetime.now(UTC))
        (again,) = engine.submit(simulator(), KITE, price, consent, parent=first.id, once_more=True)
        saved = watcher.wait_for_end(again.id)
    assert (saved.state, saved.parent) == (State.SAVED, first.id)
    # Its previews may have come meanwhile; nothing else may.
    kept = History(folder).load(first.id)
    assert (kept.state, kept.attempts) == (State.SAVED, done.attempts)
    assert kept.outputs[0] == done.outputs[0]
