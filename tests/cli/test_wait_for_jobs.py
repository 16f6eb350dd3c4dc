"""Waiting for jobs: what is over already, and clocks that are set back.

The engine is not started: what is asked is what the wait makes of records and events.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue

import pytest

from sora_tui.cli import wait_for_jobs
from sora_tui.cli.console import Console
from sora_tui.cli.progress import progress_for
from sora_tui.cli.report import report
from sora_tui.cli.wait_for_jobs import Item, Leave, Outcome, wait_for_completion
from sora_tui.core.job import Job, JobError, State
from sora_tui.core.problem import Spent
from sora_tui.engine.engine import Engine
from sora_tui.engine.events import EngineChanged, JobChanged
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import commands
from sora_tui.workspace.lock import Holder
from tests.support.job_states import ERROR, LATER, OUTPUT, START, new_job, video
from tests.support.stored_jobs import put

SENT = new_job().submitting(START, "key")
TAKEN = SENT.accepted(LATER, video("queued"), 200)
HIDDEN = JobError("job_hidden", Spent.PERHAPS, message="no grant", status=403)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path)


def waited(folder: Folder, *items: Item) -> Outcome:
    """Wait for the one job; a wait that would not end is ended by a signal."""
    queue: SimpleQueue[Item] = SimpleQueue()
    for item in (*items, Leave(signal.SIGTERM)):
        queue.put(item)
    console = Console(as_json=False)
    progress = progress_for(console, lambda job: None)
    engine, history = Engine(folder, {}), History(folder)
    return wait_for_completion(engine, queue, history, [SENT.id], progress, console)


def home(job: Job) -> Job:
    done = job.progressed(LATER, video("completed"))
    return done.downloading(LATER).saved(LATER, (OUTPUT,))


@pytest.mark.parametrize(
    "end",
    [
        lambda: home(TAKEN),
        lambda: TAKEN.progressed(LATER, video("failed")).progressed(LATER, video("failed")),
        lambda: SENT.rejected(LATER, ERROR),
        lambda: SENT.unconfirmed(LATER, ERROR).abandoned(LATER),
        lambda: new_job().withdrawn(LATER),
        lambda: SENT.not_sent(LATER, ERROR),
    ],
    ids=["saved", "failed", "rejected", "abandoned", "cancelled", "not_sent"],
)
def test_a_wait_for_what_is_over_ends(folder: Folder, end: Callable[[], Job]) -> None:
    job = end()
    put(folder, job)
    outcome = waited(folder)
    assert outcome.signal is None
    assert outcome.jobs[job.id].state is job.state


def test_a_clock_that_is_set_back_ends_no_wait_too_late(folder: Folder) -> None:
    ahead = timedelta(hours=1)
    before = new_job().submitting(START + ahead, "key").accepted(LATER + ahead, video("queued"))
    after = home(before)
    assert after.updated_at < before.updated_at
    assert before.is_before(after)
    assert not after.is_before(before)
    outcome = waited(folder, JobChanged(before), JobChanged(after), JobChanged(before))
    assert (outcome.signal, outcome.jobs[before.id].state) == (None, State.SAVED)


def test_what_an_owner_cannot_ask_about_ends_the_wait_of_a_follower(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner wrote the reason down; only what stands for a while is believed."""
    follows = EngineChanged(owner=False)
    hidden = TAKEN.status_refused(LATER, HIDDEN)
    outcome = waited(folder, follows, JobChanged(hidden), JobChanged(hidden))
    assert (outcome.signal, outcome.left) == (signal.SIGTERM, {})
    monkeypatch.setattr(wait_for_jobs, "_KEPT_LONG", 0.0)
    outcome = waited(folder, follows, JobChanged(hidden))
    assert outcome.signal is None
    assert outcome.left[hidden.id].code == "job_hidden"


def test_what_another_run_ordered_is_left_as_it_is(folder: Folder) -> None:
    """A limit of the day: tomorrow there is room again."""
    job = new_job().blocked(LATER, JobError("over_budget", Spent.NO))
    put(folder, job)
    outcome = waited(folder, EngineChanged(owner=False), JobChanged(job))
    assert outcome.left[job.id].code == "over_budget"
    assert outcome.jobs[job.id].state is State.PENDING
    assert list(commands(folder)) == []


def test_ctrl_c_reports_that_another_process_goes_on(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl+c said nothing about a job that was handed in and not taken yet."""
    follows = EngineChanged(owner=False, holder=Holder(77, "render", START, "running"))
    for items, told in (
        (
            (follows,),
            f"1 job is handed in and not sent yet: the sora-tui that has this folder sends"
            f" it. To take it back: sora-tui cancel {SENT.id}\n",
        ),
        ((follows, JobChanged(TAKEN)), "1 job goes on in another sora-tui (pid 77 on render)."),
    ):
        report(waited(folder, *items), folder, Console(as_json=False))
        assert told in capsys.readouterr().err
