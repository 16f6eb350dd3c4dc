"""The moments around the paid request at which the disk, or another owner, steps in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sora_tui.core.job import Job, State
from sora_tui.core.limits import Budget
from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.core.server import Server
from sora_tui.engine.active_jobs import ActiveJobs, EventBus
from sora_tui.engine.budget_guard import BudgetGuard
from sora_tui.engine.submit import generate_video
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import commands
from tests.support.clients import client_of
from tests.support.job_states import LATER, new_job
from tests.support.raw_server import RawServer, answer, read_request, send

VIDEO = {"id": "video_1", "object": "video", "status": "queued"}


class NoIntents(History):
    """A disk on which there was room for the answer, and is none for the intent."""

    def save(self, job: Job) -> Job:
        if job.state is State.SUBMITTING:
            raise problem_error("disk_full", path="metadata")
        return super().save(job)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path)


@pytest.fixture
def lost() -> threading.Event:
    """Set when the folder has another owner."""
    return threading.Event()


@pytest.fixture
def server(request: pytest.FixtureRequest, lost: threading.Event) -> Iterator[RawServer]:
    """Answers a paid request; by then the folder has another owner."""
    said = getattr(request, "param", answer(200, VIDEO))
    with RawServer([read_request, lambda line: lost.set(), send(said)]) as server:
        yield server


def reserved(folder: Folder) -> list[str]:
    return [path.name for path in folder.metadata.glob(".*next*")]


async def sent(
    folder: Folder,
    history: History,
    url: str,
    lost: threading.Event,
    meanwhile: Callable[[ActiveJobs, Job], object] = lambda active_jobs, job: None,
) -> None:
    """Send a job that waits; by then somebody may have done something with it."""
    lab = Server("lab", url, dialect="generic", free=True)
    event_bus, budget_guard = EventBus([]), BudgetGuard(Budget(), folder)
    active_jobs = ActiveJobs(
        history, event_bus, budget_guard, lambda: not lost.is_set(), {"lab": lab}
    )
    job = replace(new_job(), server=lab.ref)
    active_jobs.take_in(history.save(job))
    meanwhile(active_jobs, job)
    try:
        async with client_of(lab) as client:
            await generate_video(active_jobs, folder, client, lab, job)
    finally:
        event_bus.flush()
        history.close()


async def test_what_was_taken_back_while_its_file_was_read_is_not_sent(
    folder: Folder, server: RawServer, lost: threading.Event
) -> None:
    def take_back(active_jobs: ActiveJobs, job: Job) -> None:
        active_jobs.put(job.withdrawn(LATER))

    await sent(folder, History(folder), server.url, lost, take_back)
    assert server.requests == []
    with closing(History(folder)) as history:
        assert history.load(new_job().id).state is State.CANCELLED


async def test_an_intent_that_cannot_be_written_sends_nothing_and_gives_its_room_back(
    folder: Folder, server: RawServer, lost: threading.Event
) -> None:
    with pytest.raises(ProblemError, match="disk_full"):
        await sent(folder, NoIntents(folder), server.url, lost)
    assert server.requests == []
    assert reserved(folder) == []


async def test_losing_the_folder_before_the_intent_sends_nothing_and_keeps_the_room(
    folder: Folder, server: RawServer, lost: threading.Event
) -> None:
    """By now it is the room of whoever owns the folder, and sends the job."""
    lost.set()
    with pytest.raises(ProblemError, match="owned_elsewhere"):
        await sent(folder, History(folder), server.url, lost)
    assert server.requests == []
    assert len(reserved(folder)) == 1


@pytest.mark.parametrize(
    ("server", "adopted"),
    [
        pytest.param(answer(200, VIDEO), ["video_1"], id="taken"),
        pytest.param(answer(400, {"error": {"message": "no"}}), [], id="refused"),
    ],
    indirect=["server"],
)
async def test_losing_the_folder_during_the_request_passes_the_id_to_the_new_owner(
    folder: Folder, server: RawServer, lost: threading.Event, adopted: list[str]
) -> None:
    with pytest.raises(ProblemError, match="owned_elsewhere"):
        await sent(folder, History(folder), server.url, lost)
    assert len(server.requests) == 1
    left = [command for _, command in commands(folder)]
    assert [command.argument for command in left if command.verb == "adopt"] == adopted
    assert len(left) == len(adopted)
