"""Any order of events: orders, answers, kills, a second process, a full disk, a clock that jumps.

The engine is the real one, documents and lock lie on a real disk. Server, clip and time are not
real: a hundred stories of many hours have to pass in a minute. The same faults on the installed
program, over real sockets, are in tests/faults.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import importlib
import json
import os
import pkgutil
import shutil
import stat
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import sora_tui.engine
from sora_tui.client.download import ClipBody, ClipSink
from sora_tui.client.outcome import (
    Accepted,
    CreateOutcome,
    Later,
    NotSent,
    Rejected,
    Unclear,
)
from sora_tui.client.server_error import ServerError
from sora_tui.client.videos import Poll, Upload, VideoPage
from sora_tui.core.job import Consent, Job, JobError, State
from sora_tui.core.limits import Budget
from sora_tui.core.problem import ProblemError, Spent
from sora_tui.core.remote_video import RemoteVideo, read_video
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server
from sora_tui.engine import downloads, server_worker
from sora_tui.engine.engine import Engine
from sora_tui.engine.events import EngineFault
from sora_tui.engine.quote import quote
from sora_tui.engine.session import EngineSession
from sora_tui.workspace import atomic, outputs
from sora_tui.workspace import folder as folder_module
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import Command, Verb, send_command
from tests.support.installed_program import clip
from tests.support.virtual_time import VirtualLoop

T = TypeVar("T")

LAB = Server("lab", "http://127.0.0.1:9/v1", free=True, model="model-1")
EPOCH = datetime(2026, 11, 22, 10, tzinfo=UTC)
PROMPTS = ("A kite", "A boat", "A pier")
#: What the server does with a paid request; `made` tells that it costs money.
ANSWERS = {
    "accepts": True,
    "loses the answer": True,
    "says 500": True,
    "says 429 and lies": True,
    "says 429 without a reason and lies": True,
    "never answers": True,
    "is lost on the way": False,
    "says 429": False,
    "says 429 without a reason": False,
    "refuses": False,
    "is not there": False,
}
#: A prompt, how many clips, what the server does with the next paid requests, and how many seconds
#: then pass: too few for an answer, enough for one, for a second try, for a saved clip.
ORDERS = st.tuples(
    st.sampled_from(PROMPTS),
    st.sampled_from([2, 1, 3]),
    st.lists(st.sampled_from(sorted(ANSWERS, reverse=True)), min_size=2, max_size=4),
    st.sampled_from([0.15, 3.0, 0.05, 40.0]),
)
CHANGES = (
    *(("list_mode", mode) for mode in ("ok", "none", "500", "silent")),
    *((what, value) for what in ("down", "disk_full") for value in (True, False, False)),
    *(("clock", hours) for hours in (-240, -1, 1, 8760)),
    *(("contents", then) for then in (("cut",), ("late", "nothing"), ("nothing",) * 3)),
)
Order = tuple[str, int, list[str], float]
#: Answers after which the same order may be sent once more by itself, or by a person's retry.
AGAIN = {
    "is not there",
    *(f"says 429{more}" for more in ("", " and lies", " without a reason")),
    "says 429 without a reason and lies",
}

_real_write_all = atomic.write_all
_real_allocate = atomic.allocate


class World:
    """Time, disk and server of one story."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.jumped = timedelta()
        self.ever_jumped = False
        self.disk_full = False
        self.list_mode = "ok"
        self.list_ever_silent = False
        self.down = False
        self.answers: list[str] = []
        self.contents: list[str] = []
        self.videos: list[dict[str, Any]] = []
        self.sent: dict[str, list[str]] = {}  # job id -> what the server did each time
        self.root = Path(tempfile.mkdtemp(prefix="any-order-"))
        self.broken: list[str] = []

    def clock(self) -> float:
        """Seconds on the clock of whoever is running."""
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return self.now

    def utc(self) -> datetime:
        return EPOCH + timedelta(seconds=self.clock()) + self.jumped

    def server_time(self) -> int:
        return int((EPOCH + timedelta(seconds=self.clock())).timestamp())

    # The server -----------------------------------------------------------------------------

    def video(self, video_id: str) -> dict[str, Any] | None:
        return next((video for video in self.videos if video["id"] == video_id), None)

    def told(self, video: Mapping[str, Any]) -> RemoteVideo:
        done = self.clock() >= video["done_at"]
        document = {name: value for name, value in video.items() if name != "done_at"}
        found = read_video({**document, "status": "completed" if done else "in_progress"})
        assert found is not None
        return found


#: The story that is being told: the stand-ins below have no other way to it.
world: World


class FakeClient:
    """In place of `VideosClient`: what the wire would bring, without the wire."""

    clock_skew = None

    def __init__(self, server: Server) -> None:
        self.server = server

    async def aclose(self) -> None:
        pass

    def prepare(
        self, request: VideoRequest, upload: Upload | None, key: str
    ) -> tuple[VideoRequest, str]:
        return request, key

    async def send(self, paid: tuple[VideoRequest, str], sink: object) -> CreateOutcome:
        request, key = paid
        job_id = key.rpartition("-")[0]
        _check_intent(job_id, key)
        await asyncio.sleep(0.1)
        does = world.answers.pop(0) if world.answers else "accepts"
        if world.down:
            does = "is not there"
        sent = world.sent.setdefault(job_id, [])
        sent.append(does)
        if ANSWERS[does]:
            video = {
                "id": f"video_{len(world.videos)}",
                "object": "video",
                "created_at": world.server_time(),
                "prompt": request.prompt,
                "model": request.model,
                "seconds": request.seconds,
                "size": request.size,
                "done_at": world.clock() + 20.0,
            }
            video = {name: value for name, value in video.items() if value is not None}
            video["job"] = job_id
            world.videos.append(video)
        made = world.videos[-1] if world.videos else {}
        await asyncio.sleep(0.1)  # who is killed now has paid and does not know it
        return await _answer(does, made)

    async def retrieve(self, video_id: str, cookies: object = ()) -> Poll:
        await asyncio.sleep(0.1)
        if world.down:
            raise _failure(None, "server_unreachable")
        video = world.video(video_id)
        if video is None:
            raise _failure(404, "remote_gone")
        return Poll(world.told(video), None)

    async def models(self) -> tuple[str, ...]:
        await asyncio.sleep(0.1)
        if world.down or world.list_mode == "silent":
            raise _failure(None, "server_unreachable")
        return ()

    async def list(self, after: str | None = None, limit: int = 100) -> VideoPage:
        await asyncio.sleep(0.1)
        if world.down or world.list_mode == "silent":
            raise _failure(None, "server_unreachable")
        if world.list_mode != "ok":
            raise _failure(405 if world.list_mode == "none" else 500, "request_refused")
        rows = tuple(world.told(video) for video in reversed(world.videos))
        return VideoPage(rows, rows[-1].id if rows else None, False, -world.jumped.total_seconds())


async def _answer(does: str, video: Mapping[str, Any]) -> CreateOutcome:  # noqa: PLR0911 -- one return an answer
    match does:
        case "accepts":
            return Accepted(world.told(video), 200)
        case "loses the answer" | "is lost on the way":
            return Unclear(JobError("answer_lost", Spent.PERHAPS))
        case "says 500":
            return Unclear(JobError("answer_unclear", Spent.PERHAPS, status=500))
        case "says 429" | "says 429 and lies":
            return Later(2.0, JobError("server_busy", Spent.NO, status=429))
        case "says 429 without a reason" | "says 429 without a reason and lies":
            return Later(2.0, JobError("server_busy", Spent.NO, status=429), names_limit=False)
        case "refuses":
            return Rejected(JobError("request_refused", Spent.NO, status=400))
        case "is not there":
            return NotSent(JobError("server_unreachable", Spent.NO))
        case _:
            await asyncio.sleep(30)
            return Unclear(JobError("answer_lost", Spent.PERHAPS))


def _failure(status: int | None, kind: str) -> ServerError:
    return ServerError(JobError(kind, Spent.NO, status=status), not_found=status == 404)


def _check_intent(job_id: str, key: str) -> None:
    """Invariant I1, at the moment the paid request leaves."""
    document = json.loads((world.root / "metadata" / f"{job_id}.json").read_text())
    if document["state"] != "submitting" or document["attempts"][-1]["key"] != key:
        world.broken.append(f"{key} left before its intent was durable")


def _fetch(server: Server, video_id: str, sink: ClipSink, **_: Any) -> ClipBody:
    """In place of the download: the clip, half of it, or none."""
    comes = world.contents.pop(0) if world.contents else "whole"
    if world.down or comes == "nothing":
        raise ServerError(JobError("download_interrupted", Spent.YES))
    if comes == "late":
        raise _failure(404, "remote_gone")
    data = clip()
    sink.write(data if comes == "whole" else data[: len(data) // 2])
    if comes == "cut":
        raise ServerError(JobError("download_interrupted", Spent.YES))
    return ClipBody("http://127.0.0.1:9/v1/videos/content")


async def _at_once(work: Callable[[], T], name: str) -> T:
    """In place of a thread: virtual time would not wait for one."""
    await asyncio.sleep(0)
    return work()


def _write_all(fd: int, data: bytes) -> None:
    if world.disk_full and Path(f"/proc/self/fd/{fd}").readlink().suffix != ".next":
        raise OSError(errno.ENOSPC, "the disk of this story is full")
    _real_write_all(fd, data)


def _allocate(fd: int, size: int) -> None:
    if world.disk_full:
        raise OSError(errno.ENOSPC, "the disk of this story is full")
    _real_allocate(fd, size)


class Process:
    """One life of the engine, on a loop whose time is the story's."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self.loop.now = world.now
        self.loop.set_exception_handler(lambda loop, context: None)
        folder = open_folder(world.root)
        self.run = EngineSession(
            folder, {"lab": LAB}, 1.0, [self._hear], budget=Budget(), alone=True
        )
        self.task = self.loop.create_task(self.run._main())

    def _hear(self, event: object) -> None:
        if isinstance(event, EngineFault) and event.problem.code == "internal_fault":
            world.broken.append(event.report)

    def pass_time(self, seconds: float) -> None:
        async def rest() -> None:
            await asyncio.wait({self.task}, timeout=seconds)

        self.loop.run_until_complete(rest())
        if self.task.done() and (fault := self.task.exception()) is not None:
            raise fault

    def kill(self) -> None:
        """Its loop never turns again, and the system takes its lock and closes its files."""
        self.run._lock.release()
        if hasattr(self.run, "_history"):  # a kill may come before it
            self.run._history.close()
        self.loop.close()
        _GRAVEYARD.append(self)

    def leave(self) -> None:
        self.run.ask_to_stop()
        self.loop.run_until_complete(self.task)


#: Killed processes are kept: were they collected, their `finally` blocks would run after all.
_GRAVEYARD: list[Process] = []


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    for found in pkgutil.iter_modules(sora_tui.engine.__path__, "sora_tui.engine."):
        module = importlib.import_module(found.name)
        if hasattr(module, "utc_now"):
            monkeypatch.setattr(module, "utc_now", lambda: world.utc())
    monkeypatch.setattr(server_worker, "VideosClient", FakeClient)
    monkeypatch.setattr("sora_tui.client.download.download_video_from_api", _fetch)
    monkeypatch.setattr(downloads, "in_daemon_thread", _at_once)
    # A disk that cannot be synced for real is a hundred times quicker; tests/faults sync for real.
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    for module in (atomic, outputs, folder_module):
        monkeypatch.setattr(module, "write_all", _write_all)
        if hasattr(module, "allocate"):
            monkeypatch.setattr(module, "allocate", _allocate)


class Story(RuleBasedStateMachine):
    """What may happen to a workspace, in any order, and what holds all the while."""

    def __init__(self) -> None:
        super().__init__()
        global world
        world = World()
        self.processes: list[Process] = []
        self.ordered: set[str] = set()
        self.agreed_to: Counter[str] = Counter()  # clips by prompt

    # What happens ---------------------------------------------------------------------------

    @initialize(order=ORDERS)
    def start(self, order: Order) -> None:
        self.processes.append(Process())
        self.an_order_comes(order)

    @rule(order=ORDERS)
    def an_order_comes(self, order: Order) -> None:
        prompt, count, answers, seconds = order
        world.answers += answers
        self._order(VideoRequest(prompt=prompt, model="model-1", seconds="4"), count)
        self.time_passes(seconds)

    @rule(change=st.sampled_from(CHANGES))
    def the_world_changes(self, change: tuple[str, object]) -> None:
        what, value = change
        if what == "clock":
            assert isinstance(value, int)
            world.jumped += timedelta(hours=value)
            world.ever_jumped = True
        else:
            setattr(world, what, list(value) if isinstance(value, tuple) else value)
        world.list_ever_silent |= world.list_mode != "ok"

    @rule(seconds=st.sampled_from([0.05, 0.2, 1.0, 3.0, 15.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        end = world.now + seconds
        while world.now < end:
            step = min(1.0, end - world.now)
            for process in self.processes:
                process.pass_time(step)
            world.now += step

    @precondition(lambda self: len(self.processes) < 3)
    @rule()
    def another_process_comes(self) -> None:
        self.processes.append(Process())

    @precondition(lambda self: self.processes)
    @rule(which=st.integers(0, 2), another=st.booleans())
    def one_is_killed(self, which: int, another: bool) -> None:
        self.processes.pop(which % len(self.processes)).kill()
        if another:
            self.processes.append(Process())

    @precondition(lambda self: self.processes)
    @rule(which=st.integers(0, 2), another=st.booleans())
    def one_leaves(self, which: int, another: bool) -> None:
        with suppress(ProblemError):
            self.processes.pop(which % len(self.processes)).leave()
        if another:
            self.processes.append(Process())

    @rule(verb=st.sampled_from(["cancel", "retry", "abandon"]), which=st.integers(0, 9))
    def a_person_says(self, verb: Verb, which: int) -> None:
        jobs = self._jobs()
        if jobs:
            with suppress(ProblemError):  # a full disk does not take it
                send_command(open_folder(world.root), Command(jobs[which % len(jobs)].id, verb))

    @rule(which=st.integers(0, 9), video=st.integers(0, 9))
    def a_person_names_a_video(self, which: int, video: int) -> None:
        lost = [job for job in self._jobs() if job.needs_decision]
        if lost and world.videos:
            video_id = world.videos[video % len(world.videos)]["id"]
            with suppress(ProblemError):
                command = Command(lost[which % len(lost)].id, "adopt", video_id)
                send_command(open_folder(world.root), command)

    @rule(which=st.integers(0, 9))
    def a_person_sends_again(self, which: int) -> None:
        lost = [job for job in self._jobs() if job.needs_decision]
        if lost:
            job = lost[which % len(lost)]
            self._order(job.request, 1, parent=job.id)

    # What holds -----------------------------------------------------------------------------

    @invariant()
    def nothing_is_broken(self) -> None:
        assert world.broken == []

    @invariant()
    def nothing_is_paid_twice(self) -> None:
        """Alike orders may take each other's clips: what counts is that none is made too many."""
        for job_id, sent in world.sent.items():
            assert all(does in AGAIN for does in sent[:-1]), (job_id, sent)
        if world.ever_jumped or world.list_ever_silent:
            return  # who says "later", lies, and has no list that tells, is believed
        made = Counter(video["prompt"] for video in world.videos)
        assert made <= self.agreed_to, (made, world.sent)

    @invariant()
    def every_document_is_whole_and_private(self) -> None:
        ids: Counter[str] = Counter()
        for path in (world.root / "metadata").glob("2*.json"):
            document = json.loads(path.read_bytes())
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            ids.update([document["remote_id"]] if document["remote_id"] else [])
            for output in document["outputs"]:
                data = (world.root / output["path"]).read_bytes()
                assert hashlib.sha256(data).hexdigest() == output["sha256"]
                assert data == clip()
        assert all(count == 1 for count in ids.values()), "two jobs share a video"

    @invariant()
    def no_order_is_forgotten(self) -> None:
        metadata = world.root / "metadata"
        for job_id in self.ordered:
            places = (metadata, metadata / ".inbox", metadata / ".trash")
            assert any((place / f"{job_id}.json").exists() for place in places), job_id

    # The end --------------------------------------------------------------------------------

    def teardown(self) -> None:
        """The next start, alone, with a healthy world, brings home what can be brought home."""
        try:
            for process in self.processes:
                process.kill()
            world.disk_full = world.down = False
            world.list_mode, world.answers, world.contents = "ok", [], []
            self.processes = [Process()]
            self.time_passes(15.0)
            for _ in range(12):
                self.time_passes(40.0)
            self.nothing_is_broken()
            self.nothing_is_paid_twice()
            self.every_document_is_whole_and_private()
            self.no_order_is_forgotten()
            for job in self._jobs():
                assert job.is_final or job.needs_decision or job.state is State.PENDING, job
                if job.remote_id is not None:
                    assert job.state in {State.SAVED, State.EXPIRED, State.GONE}, job
            self.processes.pop().leave()
        finally:
            shutil.rmtree(world.root)

    # Helpers --------------------------------------------------------------------------------

    def _jobs(self) -> Sequence[Job]:
        history = History(open_folder(world.root))
        try:
            return [history.load(job_id) for job_id in history.all_ids()]
        finally:
            history.close()

    def _order(self, request: VideoRequest, count: int, parent: str | None = None) -> None:
        engine = Engine(open_folder(world.root), {"lab": LAB})
        consent = Consent("unknown", world.utc())
        with suppress(ProblemError):  # the disk is full, and that was said
            jobs = engine.submit(
                LAB, request, quote(LAB, request), consent, count=count, parent=parent
            )
            self.ordered |= {job.id for job in jobs}
            self.agreed_to[request.prompt] += count


@pytest.mark.parametrize(
    ("stories", "phases"),
    [
        # A story that fails is told as it is: to find the shortest one takes minutes.
        pytest.param(25, [Phase.generate], id="a few"),
        pytest.param(600, [*Phase], id="many", marks=[pytest.mark.long, pytest.mark.timeout(1800)]),
    ],
)
def test_nothing_is_paid_twice_or_lost_in_any_order(
    stand_ins: None, stories: int, phases: list[Phase]
) -> None:
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=stories,
            stateful_step_count=25,
            phases=phases,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
