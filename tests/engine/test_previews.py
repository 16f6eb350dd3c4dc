"""The pictures that a server made of a clip: fetched after it, and never at its cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sora_tui.core.job import Job, State
from sora_tui.core.problem import ProblemError
from sora_tui.core.server import Server
from sora_tui.engine.events import EngineFault, JobChanged
from sora_tui.workspace.capability_cache import CapabilityCache
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from tests.engine.test_downloads import made
from tests.support.engine_watcher import Watcher, order, running, until
from tests.support.fault_server import Act, Call, FaultServer, clip_cut, say
from tests.support.installed_program import clip
from tests.support.pictures import encoded, picture
from tests.support.raw_server import answer

THUMBNAIL = encoded(picture(64, 36), "WEBP")
SHEET = encoded(picture(256, 108), "JPEG")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path / "workspace")


@pytest.fixture
def server(folder: Folder) -> Iterator[FaultServer]:
    with FaultServer(clip(), folder.metadata) as server:
        yield server


def the_clip(call: Call) -> None:
    call.socket.sendall(answer(200, call.server.clip, content_type="video/mp4"))


def give(data: bytes, kind: str = "image/webp") -> Act:
    return lambda call: call.socket.sendall(answer(200, data, content_type=kind))


def saying_all(folder: Folder, server: FaultServer, count: int = 1) -> Server:
    """A server that speaks as the one that has variants."""
    return made(folder, server, [60] * count)._replace(dialect="openai")


def variants(server: FaultServer) -> list[str]:
    return [
        request.target.partition("variant=")[2] or "clip"
        for request in server.seen("GET", "/content")
    ]


def made_jobs(folder: Folder) -> list[str]:
    return sorted(path.stem for path in folder.metadata.glob("2*.json"))


def wait(watcher: Watcher, wanted: Callable[[Job], bool]) -> Job:
    event = watcher.wait_for(lambda e: isinstance(e, JobChanged) and wanted(e.job))
    assert isinstance(event, JobChanged)
    return event.job


def test_thumbnail_and_spritesheet_come_after_the_clip_and_are_outputs(
    folder: Folder, server: FaultServer
) -> None:
    profile = saying_all(folder, server)
    server.contents["*"] = [the_clip, give(THUMBNAIL), give(SHEET, "image/jpeg")]
    with running(folder, profile) as (_, watcher):
        job = wait(watcher, lambda job: len(job.outputs) == 3)
    assert variants(server) == ["clip", "thumbnail", "spritesheet"]
    assert [output.variant for output in job.outputs] == ["video", "thumbnail", "spritesheet"]
    clip_path, thumbnail, sheet = (folder.root / output.path for output in job.outputs)
    assert thumbnail == clip_path.with_suffix(".webp")
    assert sheet == clip_path.with_suffix(".jpg")
    assert (thumbnail.read_bytes(), sheet.read_bytes()) == (THUMBNAIL, SHEET)
    assert (job.outputs[2].width, job.outputs[2].height) == (256, 108)
    history = History(folder)
    assert history.load(job.id).outputs == job.outputs
    history.close()
    assert not list(folder.output.glob(".*.part"))


@pytest.mark.parametrize(
    ("act", "lacks"),
    [
        (the_clip, True),  # whatever is asked for
        (give(b"GIF89a and so on and on", "image/gif"), True),
        (say(404, {"error": {"message": "no such variant"}}), True),
        (say(400, {"error": {"message": "Invalid value"}}), True),
        (say(501), True),
        (give(b"\x89PNG\r\n\x1a\n" + b"\0" * 40), True),
        (say(500), False),
        (say(429), False),
        (say(401), False),
        (clip_cut(0.0), False),
        (give(b""), False),
    ],
)
def test_what_goes_wrong_leaves_the_clip_as_it_is(
    folder: Folder, server: FaultServer, act: Act, lacks: bool
) -> None:
    """What is surely not there is not asked for again; what may come another time is."""
    profile = saying_all(folder, server, 2)
    asked: list[str] = []

    def by_target(call: Call) -> None:
        if "variant=" in call.request.target:
            asked.append(call.request.target)
            act(call)
        else:
            the_clip(call)

    server.contents["*"] = [by_target] * 6
    with running(folder, profile) as (_, watcher):
        server.wait_until(lambda server: len(variants(server)) >= (3 if lacks else 6))
        for job_id in made_jobs(folder):
            watcher.wait_for_job(job_id, lambda job: job.state is State.SAVED)
        learnt = {"thumbnail": False} if lacks else {}
        until(lambda: CapabilityCache(folder).of(profile.origin).facts == learnt, "lesson")
        until(lambda: not list(folder.output.glob(".*.part")), "end of the last try")
    if lacks:
        assert len(asked) == 1, "neither the sheet, nor anything of the next job"
    assert CapabilityCache(folder).of(profile.origin).facts == learnt
    history = History(folder)
    for job in history.newest(9):
        assert job.state is State.SAVED
        assert [output.variant for output in job.outputs] == ["video"]
    history.close()
    assert not any(isinstance(event, EngineFault) for event in watcher.seen)
    assert not list(folder.output.glob(".*.part"))


def test_a_server_of_another_kind_is_not_asked(folder: Folder, server: FaultServer) -> None:
    profile = made(folder, server, [60, 60])
    server.contents["*"] = [the_clip, the_clip]
    with running(folder, profile) as (_, watcher):
        for _number in range(2):
            watcher.wait_for_state(State.SAVED)
    assert variants(server) == ["clip", "clip"]


def test_a_record_thrown_away_meanwhile_does_not_come_back(
    folder: Folder, server: FaultServer
) -> None:
    profile = saying_all(folder, server)
    history = History(folder)

    def after_deletion(call: Call) -> None:
        engine.command(job.id, "delete")
        watcher.wait_for(lambda event: getattr(event, "job_id", None) == job.id)
        give(THUMBNAIL)(call)

    server.contents["*"] = [the_clip, after_deletion, say(500)]
    with running(folder, profile) as (engine, watcher):
        job = next(iter(history.active()))
        server.wait_until(lambda server: len(variants(server)) == 3)
    with pytest.raises(ProblemError):
        history.load(job.id)
    history.close()


def test_the_practice_server_has_them(folder: Folder) -> None:
    with running(folder) as (engine, watcher):
        order(engine)
        job = wait(watcher, lambda job: len(job.outputs) == 3)
    assert [output.path.rpartition(".")[2] for output in job.outputs] == ["mp4", "webp", "jpg"]
