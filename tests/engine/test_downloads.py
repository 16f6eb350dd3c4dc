"""Which clips come home first, and how many at once: nothing that expires soon waits its turn."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sora_tui.core.job import Job, State
from sora_tui.core.job_id import JobIds
from sora_tui.core.limits import Budget
from sora_tui.core.remote import read_video
from sora_tui.core.server import Server
from sora_tui.engine import downloads
from sora_tui.engine.desk import Announcer, Desk
from sora_tui.engine.events import EngineEvent, EngineFault, JobChanged
from sora_tui.engine.purse import Purse
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from tests.core.lives import new_job
from tests.engine.watching import running
from tests.faults.harness import clip
from tests.faults.server import Act, Call, FaultServer, clip_cut, say
from tests.media.test_webm import webm
from tests.rawserver import answer
from tests.workspace.jobs import put

AT_ONCE = 3
COUNT = 103
#: The last to be asked for, one in the middle and the first: neither age nor name helps them.
SOON = {COUNT - 1: 8, 50: 9, 0: 10}  # minutes that are left, by number


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path / "workspace")


@pytest.fixture
def server(folder: Folder) -> Iterator[FaultServer]:
    with FaultServer(clip(), folder.metadata) as server:
        yield server


class Counter:
    """Serves clips, and counts how many are on their way."""

    def __init__(self, *, hold: int = 0) -> None:
        self.most = 0
        self.let_go = threading.Event()
        self._now = 0
        self._hold = hold
        self._mutex = threading.Lock()

    def act(self, call: Call) -> None:
        """A clip; the first `hold` ones only when the test says so."""
        with self._mutex:
            self._now += 1
            self.most = max(self.most, self._now)
            held, self._hold = self._hold > 0, self._hold - 1
        if held:
            assert self.let_go.wait(30)
        data = answer(200, call.server.clip, content_type="video/mp4")
        call.socket.sendall(data[:-1])
        with self._mutex:
            self._now -= 1
        call.socket.sendall(data[-1:])


def made(folder: Folder, server: FaultServer, minutes: Sequence[float | None]) -> Server:
    """The profile of jobs that another run saw completed, oldest first.

    Args:
        minutes: For each job, how long its clip can still be had; None where nobody said.
    """
    profile = Server("lab", server.base_url, free=True)
    ids, now = JobIds(), datetime.now(UTC) - timedelta(hours=1)
    jobs = []
    for number, left in enumerate(minutes):
        video = {"id": f"video_{number}", "status": "completed"}
        until = None if left is None else (datetime.now(UTC) + timedelta(minutes=left)).timestamp()
        remote = read_video(video if until is None else {**video, "expires_at": until})
        assert remote is not None
        at = now + timedelta(seconds=number)
        job = replace(new_job(), id=ids.next(at), created_at=at, updated_at=at, server=profile.ref)
        jobs.append(job.submitting(at, "key").accepted(at, remote, 200))
        assert jobs[-1].state is State.COMPLETED
        server.videos.append({**video, "created_at": int(at.timestamp())})
    put(folder, *jobs)
    return profile


def asked(server: FaultServer) -> list[int]:
    """The numbers of the clips that were asked for, in that order."""
    return [
        int(request.target.split("/")[-2].removeprefix("video_"))
        for request in server.seen("GET", "/content")
    ]


def test_what_expires_soon_goes_before_a_hundred_others(
    folder: Folder, server: FaultServer
) -> None:
    profile = made(folder, server, [SOON.get(n, None if n % 2 else 60.0 + n) for n in range(COUNT)])
    counter = Counter(hold=AT_ONCE)
    server.contents["*"] = [counter.act] * COUNT
    with running(folder, profile):
        server.wait_until(lambda server: len(asked(server)) >= AT_ONCE)
        assert sorted(asked(server)) == sorted(SOON)
        counter.let_go.set()
        server.wait_until(lambda server: len(asked(server)) == COUNT)
    numbers = asked(server)
    stamped = [n for n in range(COUNT) if n not in SOON and n % 2 == 0]
    # Three workers ask at once: one that is held up on the way comes some places later.
    rank = {number: place for place, number in enumerate(stamped)}
    for place, number in enumerate(numbers[AT_ONCE : AT_ONCE + len(stamped)]):
        assert abs(rank[number] - place) < 5 * AT_ONCE
    assert counter.most == AT_ONCE
    assert sorted(numbers) == list(range(COUNT))


def test_what_breaks_off_is_told_and_fetched_again(folder: Folder, server: FaultServer) -> None:
    profile = made(folder, server, [60])
    server.contents["*"] = [clip_cut(0.5)]
    with running(folder, profile) as (_, watcher):
        event = watcher.wait_for(lambda e: isinstance(e, JobChanged) and e.retry is not None)
        saved = watcher.wait_for_state(State.SAVED)
    assert isinstance(event, JobChanged)
    assert event.job.state is State.COMPLETED
    assert event.retry is not None
    assert (event.retry.count, event.retry.why) == (1, "download_interrupted")
    assert (folder.root / saved.outputs[0].path).read_bytes() == server.clip
    assert asked(server) == [0, 0]
    assert not list(folder.output.glob(".*.part"))


@pytest.mark.parametrize(
    ("left", "refusal"),
    [
        pytest.param(60, say(410), id="the server says so"),
        pytest.param(-1, say(404, {"error": {"message": "no such file"}}), id="its time is over"),
    ],
)
def test_a_clip_that_is_no_longer_to_be_had_is_not_asked_for_for_ever(
    folder: Folder, server: FaultServer, left: float, refusal: Act
) -> None:
    profile = made(folder, server, [left])
    server.contents["*"] = [refusal]
    with running(folder, profile) as (_, watcher):
        expired = watcher.wait_for_state(State.EXPIRED)
    assert expired.error is not None
    assert asked(server) == [0]


def test_a_late_file_is_waited_for_and_then_believed_lost(
    folder: Folder, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Completed, and 404 for its content: servers are late, but not for ever."""
    monkeypatch.setattr(downloads, "_wait", lambda kind, failures: 0.01)
    profile = made(folder, server, [None])
    server.contents["*"] = [say(404)] * 20
    with running(folder, profile) as (_, watcher):
        watcher.wait_for_state(State.EXPIRED)
    assert len(asked(server)) == downloads.MAX_MISSES


def test_a_clip_that_reaches_to_wherever_it_broke_off_is_fetched_again(
    folder: Folder, server: FaultServer
) -> None:
    """A media box may say "to the end of the file", and a body may come without a length."""
    at = server.clip.index(b"mdat") - 4
    open_ended = server.clip[:at] + bytes(4) + server.clip[at + 4 :]
    profile = made(folder, server, [60])
    head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"
    server.contents["*"] = [lambda call: call.socket.sendall(head + open_ended[:-999])]
    with running(folder, profile) as (_, watcher):
        saved = watcher.wait_for_state(State.SAVED)
    assert (folder.root / saved.outputs[0].path).read_bytes() == server.clip
    assert asked(server) == [0, 0]


def test_a_clip_whose_profile_is_gone_waits_for_it_to_come_back(
    folder: Folder, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "_wait", lambda kind, failures: 0.05)
    profile = made(folder, server, [60])
    stranger = Server("other", "http://127.0.0.1:9/v1", free=True)
    with running(folder, stranger) as (engine, watcher):
        event = watcher.wait_for(
            lambda e: isinstance(e, JobChanged) and e.retry is not None and e.retry.count > 0
        )
        assert isinstance(event, JobChanged)
        assert event.retry is not None
        assert event.retry.why == "profile_unknown"
        assert asked(server) == []
        engine.use_servers({"lab": profile})
        watcher.wait_for_state(State.SAVED)
    assert asked(server) == [0]


async def test_a_transfer_that_ends_because_we_leave_is_no_failure(
    folder: Folder, server: FaultServer
) -> None:
    profile = made(folder, server, [60])
    told: list[EngineEvent] = []
    with closing(History(folder)) as history:
        announcer, purse = Announcer([told.append]), Purse(Budget(), folder)
        desk = Desk(history, announcer, purse, lambda: True, {"lab": profile})

        async def connect(job: Job) -> Server:
            leaving.stop()
            return profile

        leaving = downloads.Downloads(desk, folder, connect, lambda job: None)
        (job,) = history.active()
        desk.take_in(job)
        leaving.want(job)
        work = asyncio.create_task(leaving.work())
        async with asyncio.timeout(60):
            while history.load(job.id).error is None:  # noqa: ASYNC110 -- the disk tells
                await asyncio.sleep(0.01)
        announcer.flush()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        left = history.load(job.id)
    assert left.state is State.COMPLETED
    assert not any(isinstance(event, JobChanged) and event.retry for event in told)
    assert list(folder.output.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "failures", "wait"),
    [
        ("download_interrupted", 1, 1.0),
        ("download_interrupted", 3, 4.0),
        ("download_interrupted", 7, 300.0),
        ("disk_full", 1, 30.0),
        ("disk_full", 7, 30.0),
    ],
)
def test_a_server_is_asked_less_and_less_often_and_a_disk_soon_again(
    kind: str, failures: int, wait: float
) -> None:
    assert downloads._wait(kind, failures) == wait


def test_a_clip_of_another_kind_is_kept_though_nothing_is_known_of_it(
    folder: Folder, server: FaultServer, tmp_path: Path
) -> None:
    profile = made(folder, server, [60])
    sent = webm(tmp_path / "clip").read_bytes()
    reply = answer(200, sent, content_type="video/webm")
    server.contents["*"] = [lambda call: call.socket.sendall(reply)]
    with running(folder, profile) as (_, watcher):
        (output,) = watcher.wait_for_state(State.SAVED).outputs
    assert output.path.endswith(".webm")
    assert (folder.root / output.path).read_bytes() == sent
    assert output.width is None
    assert output.codec is None


def test_a_folder_that_was_tidied_away_is_made_again(folder: Folder, server: FaultServer) -> None:
    profile = made(folder, server, [60])
    server.contents["*"] = [clip_cut(0.5)]
    with running(folder, profile) as (_, watcher):
        watcher.wait_for(lambda e: isinstance(e, JobChanged) and e.retry is not None)
        folder.output.rmdir()
        saved = watcher.wait_for_state(State.SAVED)
    assert (folder.root / saved.outputs[0].path).read_bytes() == server.clip


def test_a_folder_removed_under_a_transfer_is_no_fault_of_ours(
    folder: Folder, server: FaultServer
) -> None:
    """Else the program would stop, with exit 70, for what a person tidied up."""

    def removed(call: Call) -> None:
        shutil.rmtree(folder.output)
        call.reply(call.server.clip)

    profile = made(folder, server, [60])
    server.contents["*"] = [removed]
    with running(folder, profile) as (_, watcher):
        saved = watcher.wait_for_state(State.SAVED)
        assert not [event for event in watcher.seen if isinstance(event, EngineFault)]
    assert (folder.root / saved.outputs[0].path).read_bytes() == server.clip


def test_whoever_takes_over_makes_the_folder_again(folder: Folder, server: FaultServer) -> None:
    profile = made(folder, server, [60])
    shutil.rmtree(folder.output)
    with running(folder, profile) as (_, watcher):
        watcher.wait_for_state(State.SAVED)
        assert not [event for event in watcher.seen if isinstance(event, EngineFault)]
