"""Which clips come home first, and how many at once: nothing that expires soon waits its turn."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import av
import pytest

from sora_tui.client.server_error import ServerError
from sora_tui.core.document import from_document
from sora_tui.core.job import Job, JobError, State
from sora_tui.core.job_id import JobIds
from sora_tui.core.limits import Budget
from sora_tui.core.problem import Spent
from sora_tui.core.remote_video import read_video
from sora_tui.core.server import Server
from sora_tui.engine import downloads
from sora_tui.engine.active_jobs import ActiveJobs, EventBus
from sora_tui.engine.budget_guard import BudgetGuard
from sora_tui.engine.events import EngineEvent, EngineFault, JobChanged
from sora_tui.i18n.output_check import output_words
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from tests.engine.completed_jobs import completed_jobs
from tests.support.engine_watcher import running
from tests.support.fault_server import Act, Call, FaultServer, clip_cut, say
from tests.support.installed_program import clip
from tests.support.job_states import new_job
from tests.support.pictures import webm
from tests.support.raw_server import answer
from tests.support.stored_jobs import put

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


def asked(server: FaultServer) -> list[int]:
    """The numbers of the clips that were asked for, in that order."""
    return [
        int(request.target.split("/")[-2].removeprefix("video_"))
        for request in server.seen("GET", "/content")
    ]


def test_what_expires_soon_goes_before_a_hundred_others(
    folder: Folder, server: FaultServer
) -> None:
    profile = completed_jobs(
        folder, server, [SOON.get(n, None if n % 2 else 60.0 + n) for n in range(COUNT)]
    )
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


def test_a_download_that_breaks_off_is_shown_and_retried(
    folder: Folder, server: FaultServer
) -> None:
    profile = completed_jobs(folder, server, [60])
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
    "refusal",
    [say(410), say(404, {"error": {"message": "The video has expired"}})],
    ids=["410", "in words"],
)
def test_a_server_that_says_so_twice_ends_a_clip(
    folder: Folder, server: FaultServer, refusal: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "_END_AGAIN", 0.01)
    profile = completed_jobs(folder, server, [60])
    server.contents["*"] = [refusal] * 2
    with running(folder, profile) as (_, watcher):
        expired = watcher.wait_for_state(State.EXPIRED)
    assert expired.error is not None
    assert asked(server) == [0, 0]


@pytest.mark.parametrize(
    ("refusal", "times"),
    [
        (say(410), 1),
        (say(403, {"error": {"code": "api_key_expired", "message": "This key has expired"}}), 3),
        (say(401, {"error": {"code": "token_expired", "message": "The token expired"}}), 3),
        (
            say(
                502, {"error": {"code": "cert_expired", "message": "upstream certificate expired"}}
            ),
            3,
        ),
        (say(403, {"error": {"code": "url_expired", "message": "The signed URL expired"}}), 3),
    ],
    ids=["one 410", "a key", "a token", "a certificate", "an address"],
)
def test_no_answer_alone_ends_a_clip_nor_one_about_the_way_to_it(
    folder: Folder, server: FaultServer, refusal: Act, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "_END_AGAIN", 0.01)
    monkeypatch.setattr(downloads, "_wait", lambda kind, failures: 0.01)
    profile = completed_jobs(folder, server, [60])
    server.contents["*"] = [refusal] * times
    with running(folder, profile) as (_, watcher):
        watcher.wait_for_state(State.SAVED)


def test_a_late_file_is_waited_for_and_then_believed_lost(
    folder: Folder, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Completed, and 404 for its content: servers are late, but not for ever."""
    monkeypatch.setattr(downloads, "_MISS_WAITS", (0.01,))
    monkeypatch.setattr(downloads, "MISS_TIME", 0.0)
    profile = completed_jobs(folder, server, [None])
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
    profile = completed_jobs(folder, server, [60])
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
    profile = completed_jobs(folder, server, [60])
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
    profile = completed_jobs(folder, server, [60])
    told: list[EngineEvent] = []
    with closing(History(folder)) as history:
        event_bus, budget_guard = EventBus([told.append]), BudgetGuard(Budget(), folder)
        active_jobs = ActiveJobs(history, event_bus, budget_guard, lambda: True, {"lab": profile})

        async def connect(job: Job) -> Server:
            leaving.stop()
            return profile

        leaving = downloads.Downloads(active_jobs, folder, connect, lambda job: None)
        (job,) = history.active()
        active_jobs.take_in(job)
        leaving.want(job)
        work = asyncio.create_task(leaving.work())
        async with asyncio.timeout(60):
            while history.load(job.id).error is None:  # noqa: ASYNC110 -- the disk tells
                await asyncio.sleep(0.01)
        event_bus.flush()
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
        ("clip_damaged", 1, 10.0),
        ("clip_damaged", 2, 20.0),
        ("clip_damaged", 7, 300.0),
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
    profile = completed_jobs(folder, server, [60])
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
    profile = completed_jobs(folder, server, [60])
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

    profile = completed_jobs(folder, server, [60])
    server.contents["*"] = [removed]
    with running(folder, profile) as (_, watcher):
        saved = watcher.wait_for_state(State.SAVED)
        assert not [event for event in watcher.seen if isinstance(event, EngineFault)]
    assert (folder.root / saved.outputs[0].path).read_bytes() == server.clip


def test_an_owner_makes_a_missing_output_folder_again(folder: Folder, server: FaultServer) -> None:
    profile = completed_jobs(folder, server, [60])
    shutil.rmtree(folder.output)
    with running(folder, profile) as (_, watcher):
        watcher.wait_for_state(State.SAVED)
        assert not [event for event in watcher.seen if isinstance(event, EngineFault)]


@pytest.mark.parametrize("left", [-7200, -60, 60])
def test_one_denial_ends_no_clip_whatever_a_clock_says(
    folder: Folder, server: FaultServer, monkeypatch: pytest.MonkeyPatch, left: float
) -> None:
    monkeypatch.setattr(downloads, "_MISS_WAITS", (0.01,))
    profile = completed_jobs(folder, server, [left / 60])
    server.contents["*"] = [say(404)] * 12
    with running(folder, profile) as (_, watcher):
        watcher.wait_for_state(State.SAVED)
    assert len(asked(server)) == 13


def test_denials_are_spread_over_ten_minutes() -> None:
    waits = downloads._MISS_WAITS
    assert sum(waits) >= downloads.MISS_TIME == 600
    assert len(waits) + 1 >= downloads.MAX_MISSES


@pytest.mark.parametrize("status", [404, 425, 429, 500, 503])
def test_no_clip_is_asked_for_earlier_than_its_server_wants(
    folder: Folder, server: FaultServer, status: int
) -> None:
    profile = completed_jobs(folder, server, [60, 60] if status == 429 else [60])
    server.contents["video_0"] = [say(status, {}, retry_after="60")]
    with running(folder, profile) as (_, watcher):
        event = watcher.wait_for(lambda e: isinstance(e, JobChanged) and e.retry is not None)
    assert isinstance(event, JobChanged)
    assert event.retry is not None
    assert event.retry.until - datetime.now(UTC) > timedelta(seconds=30)
    assert asked(server).count(0) == 1


async def test_a_server_that_finds_us_too_fast_is_left_alone_for_every_clip(
    folder: Folder, server: FaultServer
) -> None:
    profile = completed_jobs(folder, server, [1, 2])
    with closing(History(folder)) as history:
        active_jobs = ActiveJobs(
            history, EventBus([]), BudgetGuard(Budget(), folder), lambda: True, {"lab": profile}
        )
        queue = downloads.Downloads(active_jobs, folder, _never, lambda job: None)
        for job in history.active():
            active_jobs.take_in(job)
            queue.want(job)
        first = queue._next()
        assert first is not None
        await queue._failed(
            first,
            downloads._Tries(),
            0,
            JobError("download_interrupted", Spent.YES, status=429),
            ServerError(JobError("download_interrupted", Spent.YES, status=429), retry_after=20),
        )
        assert queue._next() is None
        now = asyncio.get_running_loop().time()
        assert [round(due - now) for _, due in queue._due()] == [20, 20]


async def _never(job: Job) -> Server:
    raise AssertionError("nobody asks in this test")


def ranged(share: float, *, dies: int, etag: str = '"one"') -> Act:
    """A clip in ranges over a line that dies after this share of the file, so many times."""
    left = [dies]

    def act(call: Call) -> None:
        clip = call.server.clip
        begin = 0
        if call.request.headers.get("if-range") == etag:
            begin = int(call.request.headers["range"].removeprefix("bytes=").rstrip("-"))
        span = f"bytes {begin}-{len(clip) - 1}/{len(clip)}"
        headers = {"etag": etag, **({"content_range": span} if begin else {})}
        data = answer(206 if begin else 200, clip[begin:], **headers)
        left[0] -= 1
        cut = begin + int(len(clip) * share)
        call.socket.sendall(data if left[0] < 0 else data[: len(data) - max(len(clip) - cut, 0)])

    return act


def test_a_line_that_dies_every_time_brings_a_clip_home(
    folder: Folder, server: FaultServer
) -> None:
    """Each try begins where the last one ended, and none of them counts as in vain."""
    profile = completed_jobs(folder, server, [60])
    act = ranged(0.3, dies=100)
    server.contents["*"] = [act] * 100
    with running(folder, profile) as (_, watcher):
        saved = watcher.wait_for_state(State.SAVED)
        tries = [e.retry.count for e in watcher.seen if isinstance(e, JobChanged) and e.retry]
    (output,) = saved.outputs
    assert (folder.root / output.path).read_bytes() == server.clip
    assert output.sha256 == hashlib.sha256(server.clip).hexdigest()
    assert len(asked(server)) == 4
    assert set(tries) == {1}
    assert not list(folder.output.glob(".*.part"))


def test_a_file_that_changed_meanwhile_is_not_put_together(
    folder: Folder, server: FaultServer
) -> None:
    profile = completed_jobs(folder, server, [60])
    server.contents["*"] = [ranged(0.5, dies=1), ranged(0.5, dies=0, etag='"two"')]
    with running(folder, profile) as (_, watcher):
        saved = watcher.wait_for_state(State.SAVED)
    assert (folder.root / saved.outputs[0].path).read_bytes() == server.clip
    assert [r.headers.get("if-range") for r in server.seen("GET", "/content")] == [None, '"one"']


def test_a_part_that_was_tidied_away_is_no_fault_of_ours(
    folder: Folder, server: FaultServer
) -> None:
    profile = completed_jobs(folder, server, [60])

    def tidied(call: Call) -> None:
        ranged(0.5, dies=1)(call)

    server.contents["*"] = [tidied]
    with running(folder, profile) as (_, watcher):
        watcher.wait_for(lambda e: isinstance(e, JobChanged) and e.retry is not None)
        for path in folder.output.glob(".*.part"):
            path.unlink()
        saved = watcher.wait_for_state(State.SAVED)
        assert not [event for event in watcher.seen if isinstance(event, EngineFault)]
    assert (folder.root / saved.outputs[0].path).read_bytes() == server.clip


GIF = b"GIF89a" + bytes(700)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is damaged is asked for again at once."""
    monkeypatch.setattr(downloads, "_DAMAGED_AGAIN", 0.05)


def odd(folder: Folder, kind: str) -> tuple[bytes, str, str]:
    """A body that the check does not like, its suffix and the warning."""
    whole = clip()
    media = whole.index(b"mdat") - 4
    return {
        "gif": (GIF, ".gif", "not_checked"),
        "webp": (b"RIFF\x10\0\0\0WEBPVP8 " + bytes(90), ".webp", "not_checked"),
        "zip": (b"PK\x03\x04" + bytes(90), ".zip", "not_checked"),
        "quicktime": (whole[media:] + whole[:media], ".mov", "not_checked"),
        "unknown": (bytes(range(1, 200)), ".bin", "not_checked"),
        "zeros behind": (whole + bytes(8), ".mp4", "trailing_bytes"),
        "three bytes behind": (whole + b"abc", ".mp4", "trailing_bytes"),
        "cut": (whole[:-999], ".mp4", "cut_off"),
        "half a webm": (webm(folder.root / "x").read_bytes()[:-9], ".mkv", "cut_off"),
    }[kind]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    "kind",
    [
        "gif",
        "webp",
        "zip",
        "quicktime",
        "unknown",
        "zeros behind",
        "three bytes behind",
        "cut",
        "half a webm",
    ],
)
def test_a_clip_that_comes_twice_alike_is_kept_with_a_warning(
    folder: Folder, server: FaultServer, kind: str
) -> None:
    """A check of ours may warn; it may not throw away what was paid for."""
    body, suffix, warning = odd(folder, kind)
    profile = completed_jobs(folder, server, [60])
    server.contents["*"] = [partial(_send, answer(200, body, content_type="video/mp4"))] * 9
    with running(folder, profile) as (_, watcher):
        saved = watcher.wait_for_state(State.SAVED)
    (output,) = saved.outputs
    assert (folder.root / output.path).read_bytes() == body
    assert (Path(output.path).suffix, output.warning) == (suffix, warning)
    assert asked(server) == [0, 0]
    assert not list(folder.output.glob(".*.part"))
    read = from_document(json.loads((folder.metadata / f"{saved.id}.json").read_text()))
    assert read.outputs == saved.outputs
    assert warning in read.events[-1].note
    assert "no player" in output_words(saved)


@pytest.mark.usefixtures("at_once")
def test_a_damaged_copy_that_was_followed_by_a_good_one_is_not_kept(
    folder: Folder, server: FaultServer
) -> None:
    profile = completed_jobs(folder, server, [60])
    damaged = answer(200, server.clip[:-999], content_type="video/mp4")
    server.contents["*"] = [lambda call: call.socket.sendall(damaged)]
    with running(folder, profile) as (_, watcher):
        saved = watcher.wait_for_state(State.SAVED)
    (output,) = saved.outputs
    assert output.warning is None
    assert [path.name for path in folder.output.iterdir()] == [Path(output.path).name]


def test_a_doubtful_copy_is_kept_where_the_server_then_has_none(
    folder: Folder, server: FaultServer
) -> None:
    profile = completed_jobs(folder, server, [60])
    server.contents["*"] = [
        partial(_send, answer(200, GIF, content_type="video/mp4")),
        *[say(410)] * 2,
    ]
    with running(folder, profile) as (_, watcher):
        saved = watcher.wait_for_state(State.SAVED)
    (output,) = saved.outputs
    assert (folder.root / output.path).read_bytes() == GIF
    assert output.warning == "not_checked"


def endless(body: bytes) -> Act:
    """An answer that ends where the connection does: nobody can tell whether it is all."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\nconnection: close\r\n\r\n"
    return lambda call: call.socket.sendall(head + body)


WORDS = {
    "words": b"The clip is being made. Please come back in a minute.",
    "a page": b"\n" * 40 + b"<!DOCTYPE html><title>502 Bad Gateway</title><p>nginx",
    "another alphabet": "Видео ещё не готово, подождите".encode(),
    "UTF-16": "The clip is being made".encode("utf-16"),
}


@pytest.mark.parametrize("kind", ["video/mp4", "application/octet-stream"])
@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_words_are_never_saved_as_a_clip(
    folder: Folder, server: FaultServer, monkeypatch: pytest.MonkeyPatch, words: bytes, kind: str
) -> None:
    monkeypatch.setattr(downloads, "_wait", lambda kind, failures: 0.01)
    profile = completed_jobs(folder, server, [60])
    server.contents["*"] = [partial(_send, answer(200, words, content_type=kind))] * 6
    with running(folder, profile) as (_, watcher):
        saved = watcher.wait_for_state(State.SAVED)
    (output,) = saved.outputs
    assert (output.warning, Path(output.path).suffix) == (None, ".mp4")
    assert len(asked(server)) == 7


@pytest.mark.parametrize("validator", [{}, {"etag": '"v1"'}])
def test_a_clip_that_is_shorter_than_told_every_time_is_kept(
    folder: Folder,
    server: FaultServer,
    monkeypatch: pytest.MonkeyPatch,
    validator: dict[str, str],
) -> None:
    monkeypatch.setattr(downloads, "_wait", lambda kind, failures: 0.01)
    profile = completed_jobs(folder, server, [60])
    length = {"content_length": str(len(server.clip) + 5), **validator}
    wrong = answer(200, server.clip, content_type="video/mp4", **length)
    assert wrong.lower().count(b"content-length") == 1
    server.contents["*"] = [partial(_send, wrong)] * 9
    with running(folder, profile) as (_, watcher):
        saved = watcher.wait_for_state(State.SAVED)
    (output,) = saved.outputs
    assert (output.bytes, output.warning) == (len(server.clip), "length_differs")
    assert len(asked(server)) == downloads._SAME_SHORT
    assert "shorter than its server says" in output_words(saved)


def test_a_clip_that_breaks_off_at_the_same_place_is_not_taken_for_whole(
    folder: Folder, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "_wait", lambda kind, failures: 0.01)
    profile = completed_jobs(folder, server, [60])
    server.contents["*"] = [clip_cut(0.6)] * 5
    with running(folder, profile) as (_, watcher):
        saved = watcher.wait_for_state(State.SAVED)
    assert (saved.outputs[0].warning, len(asked(server))) == (None, 6)


def fragmented_clip() -> bytes:
    """The clip as a stream: its index lists no samples."""
    made = io.BytesIO()
    how = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with (
        av.open(io.BytesIO(clip()), "r") as source,
        av.open(made, "w", "mp4", options=how) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return made.getvalue()


@pytest.mark.parametrize("is_fragmented", [True, False])
def test_a_fragmented_clip_without_a_length_is_kept_with_a_warning(
    folder: Folder, server: FaultServer, monkeypatch: pytest.MonkeyPatch, is_fragmented: bool
) -> None:
    """Its own index says nothing of where it ends, and two cut copies may be alike."""
    monkeypatch.setattr(downloads, "_wait", lambda kind, failures: 0.01)
    profile = completed_jobs(folder, server, [60])
    body = fragmented_clip() if is_fragmented else server.clip
    server.contents["*"] = [endless(body)] * 9
    with running(folder, profile) as (_, watcher):
        saved = watcher.wait_for_state(State.SAVED)
    assert saved.outputs[0].warning == ("length_unknown" if is_fragmented else None)


def test_a_clip_without_a_length_is_asked_for_twice(folder: Folder, server: FaultServer) -> None:
    """Of a fragmented clip nothing in its bytes tells whether it is whole."""
    profile = completed_jobs(folder, server, [60])
    server.contents["*"] = [endless(server.clip)] * 9
    with running(folder, profile) as (_, watcher):
        event = watcher.wait_for(lambda e: isinstance(e, JobChanged) and e.retry is not None)
        saved = watcher.wait_for_state(State.SAVED)
    assert isinstance(event, JobChanged)
    assert event.job.error is not None
    assert "no length" in event.job.error.message
    assert asked(server) == [0, 0]
    assert saved.outputs[0].warning is None


def test_copies_without_a_length_that_always_differ_come_to_an_end(
    folder: Folder, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "_wait", lambda kind, failures: 0.01)
    profile = completed_jobs(folder, server, [60])
    free = [(8 + n).to_bytes(4, "big") + b"free" + bytes(n) for n in range(20)]
    server.contents["*"] = [endless(server.clip + padding) for padding in free]
    with running(folder, profile) as (_, watcher):
        watcher.wait_for_state(State.SAVED)
    assert len(asked(server)) == downloads._MAX_COPIES + 1


@pytest.mark.parametrize("length", [True, False])
def test_a_file_that_is_too_large_is_told_once_and_waits_for_a_person(
    folder: Folder, server: FaultServer, monkeypatch: pytest.MonkeyPatch, length: bool
) -> None:
    monkeypatch.setattr(downloads, "MAX_BYTES", 1000)
    monkeypatch.setattr(downloads, "_wait", lambda kind, failures: 0.01)
    profile = completed_jobs(folder, server, [60])
    if not length:
        server.contents["*"] = [endless(server.clip)] * 9
    with running(folder, profile) as (engine, watcher):
        event = watcher.wait_for(lambda e: isinstance(e, JobChanged) and e.job.is_too_large)
        assert isinstance(event, JobChanged)
        monkeypatch.setattr(downloads, "MAX_BYTES", 10**9)
        server.contents["*"] = []
    assert asked(server) == [0]
    with running(folder, profile) as (engine, watcher):
        watcher.wait_to_own()
        engine.command(event.job.id, "look")
        watcher.wait_for_state(State.SAVED)
    assert asked(server) == [0, 0]
    assert not list(folder.output.glob(".*.part"))


async def test_a_file_that_is_too_large_is_not_asked_for_at_the_next_start(
    folder: Folder, server: FaultServer
) -> None:
    profile = completed_jobs(folder, server, [60])
    with closing(History(folder)) as history:
        active_jobs = ActiveJobs(
            history, EventBus([]), BudgetGuard(Budget(), folder), lambda: True, {"lab": profile}
        )
        queue = downloads.Downloads(active_jobs, folder, _never, lambda job: None)
        (job,) = history.active()
        now = datetime.now(UTC)
        error = JobError("download_too_large", Spent.YES, message="3221225472 bytes")
        left = job.downloading(now).interrupted(now, error)
        for found, is_asked in ((left, False), (left.download_retried(now), True)):
            active_jobs.take_in(found)
            queue.want(found)
            assert (queue._next() is not None) == is_asked


# Several clips of one job ---------------------------------------------------------------------


def several(
    folder: Folder, server: FaultServer, document: dict[str, Any], **request: Any
) -> tuple[Server, Job]:
    """One job that is completed, with more in its video object."""
    profile = Server("lab", server.base_url, dialect="sglang", free=True)
    video = {"id": "video_0", "status": "completed", **document}
    remote = read_video(video)
    assert remote is not None
    at = datetime.now(UTC) - timedelta(minutes=1)
    job = replace(new_job(), id=JobIds().next(at), created_at=at, updated_at=at, server=profile.ref)
    job = replace(job, request=job.request._replace(size=None, seconds=None, **request))
    job = job.submitting(at, "key").accepted(at, remote, 200)
    server.videos.append(dict(video))
    put(folder, job)
    return profile, job


def other(number: int) -> bytes:
    """A clip that is told from the others by its padding."""
    return clip() + (8 + number).to_bytes(4, "big") + b"free" + bytes(number)


def by_variant(call: Call) -> None:
    """What SGLang gives: `variant` is the number of an output."""
    query = call.request.target.partition("?")[2]
    number = int(query.removeprefix("variant=") or 0)
    call.socket.sendall(answer(200, other(number), content_type="video/mp4"))


@pytest.mark.parametrize(
    ("document", "params"),
    [
        ({"num_outputs": 3}, {}),
        ({"file_paths": ["/srv/0.mp4", "/srv/1.mp4", "/srv/2.mp4"]}, {}),
        ({}, {"num_outputs_per_prompt": 3}),
        ({}, {"n": 3}),
    ],
)
def test_every_clip_of_a_job_is_fetched(
    folder: Folder, server: FaultServer, document: dict[str, Any], params: dict[str, Any]
) -> None:
    profile, _ = several(folder, server, document, params=params)
    server.contents["*"] = [by_variant] * 9
    with running(folder, profile) as (_, watcher):
        saved = watcher.wait_for_state(State.SAVED)
    assert [output.variant for output in saved.outputs] == ["video", "video-2", "video-3"]
    assert [(folder.root / o.path).read_bytes() for o in saved.outputs] == [*map(other, range(3))]
    assert [Path(o.path).stem.partition("_")[2] for o in saved.outputs] == [
        "video_0",
        "video_0_2",
        "video_0_3",
    ]
    assert len(asked(server)) == 3
    assert output_words(saved) == ""


def test_clips_with_addresses_are_fetched_from_there(folder: Folder, server: FaultServer) -> None:
    addresses = [f"{server.base_url}/videos/clip_{number}/content" for number in range(3)]
    profile, _ = several(folder, server, {"data": [{"url": each} for each in addresses]})
    for number in range(3):
        body = answer(200, other(number))
        server.contents[f"clip_{number}"] = [partial(_send, body)]
    server.contents["video_0"] = [say(404)] * 9
    with running(folder, profile) as (_, watcher):
        saved = watcher.wait_for_state(State.SAVED)
    assert [(folder.root / o.path).read_bytes() for o in saved.outputs] == [*map(other, range(3))]


def _send(data: bytes, call: Call) -> None:
    call.socket.sendall(data)


@pytest.mark.parametrize("refuses", [False, True], ids=["the same clip again", "404"])
def test_a_server_that_gives_only_the_first_says_so_on_the_job(
    folder: Folder, server: FaultServer, monkeypatch: pytest.MonkeyPatch, refuses: bool
) -> None:
    monkeypatch.setattr(downloads, "_wait", lambda kind, failures: 0.01)
    profile, _ = several(folder, server, {"num_outputs": 3})
    if refuses:
        server.contents["*"] = [by_variant, *[say(404)] * 30]
    with running(folder, profile) as (_, watcher):
        saved = watcher.wait_for_state(State.SAVED)
    assert [output.variant for output in saved.outputs] == ["video"]
    assert saved.clips_missing == 2
    assert output_words(saved) == "2 more paid clips that this server gives no way to fetch"
    assert saved.events[-1].note == "2 more that this server gives no way to fetch"


def test_what_was_saved_of_several_is_not_fetched_again(
    folder: Folder, server: FaultServer
) -> None:
    profile, _ = several(folder, server, {"num_outputs": 3})
    hold = threading.Event()

    def held(call: Call) -> None:
        hold.wait(60)

    server.contents["*"] = [by_variant, by_variant, held]
    with running(folder, profile) as (_, watcher):
        watcher.wait_for(lambda e: isinstance(e, JobChanged) and len(e.job.outputs) == 2)
        server.wait_until(lambda server: len(asked(server)) == 3)
    hold.set()
    server.contents["*"] = [by_variant] * 9
    with running(folder, profile) as (_, watcher):
        saved = watcher.wait_for_state(State.SAVED)
    targets = [r.target.partition("?")[2] for r in server.seen("GET", "/content")]
    assert targets == ["", "variant=1", "variant=2", "variant=2"]
    assert [(folder.root / o.path).read_bytes() for o in saved.outputs] == [*map(other, range(3))]


def test_an_address_that_we_sent_is_no_clip_of_ours(folder: Folder, server: FaultServer) -> None:
    """SGLang takes `video_url` as a source; a server may repeat what it was asked."""
    source = f"{server.base_url}/videos/source/content"
    params = {"video_url": source}
    profile, _ = several(folder, server, {"video_url": source}, params=params)
    server.contents["video_0"] = [say(400), by_variant]
    with running(folder, profile) as (_, watcher):
        watcher.wait_for_state(State.SAVED)
    assert not [r for r in server.seen("GET", "/content") if "source" in r.target]
