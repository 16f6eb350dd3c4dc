"""A server that answers the paid request with the clip itself, as Dynamo does."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from sora_tui.core.job import State
from sora_tui.core.server import Server
from sora_tui.engine import downloads
from sora_tui.workspace.folder import Folder, open_folder
from tests.support.engine_watcher import order, running
from tests.support.installed_program import clip
from tests.support.raw_server import Line, RawServer, answer, read_request


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path)


def at_once(clip: bytes, **changes: Any) -> bytes:
    """The answer to the create."""
    video = {
        "id": "video_1",
        "object": "video",
        "status": "completed",
        "data": [{"b64_json": b64encode(clip).decode(), "url": None}],
    }
    return answer(200, {**video, **changes})


def serving(created: bytes) -> RawServer:
    """Answers a POST so, and has nothing else: neither a list nor a job nor a clip."""

    def talk(line: Line) -> None:
        while True:
            read_request(line)
            assert line.request is not None
            is_paid = line.request.method == "POST"
            line.socket.sendall(created if is_paid else answer(404, {"detail": "Not Found"}))

    return RawServer([talk])


#: Behind the index, which says where the pictures lie: what pads an MP4 to any size.
PADDING = (3 * 2**20).to_bytes(4, "big") + b"free" + bytes(3 * 2**20 - 8)


@pytest.mark.parametrize("changes", [{}, {"status": None}])
def test_the_clip_of_the_answer_is_saved_whatever_its_size(
    folder: Folder, changes: dict[str, Any]
) -> None:
    body = clip() + PADDING
    with serving(at_once(body, **changes)) as server:
        lab = Server("lab", server.url, dialect="generic", free=True)
        with running(folder, server=lab) as (engine, watcher):
            order(engine, server=lab)
            saved = watcher.wait_for_state(State.SAVED)
        posts = [request for request in server.requests if request.method == "POST"]
    assert len(posts) == 1
    (output,) = saved.outputs
    assert (folder.root / output.path).read_bytes() == body
    document = json.loads((folder.metadata / f"{saved.id}.json").read_text())
    assert [event["state"] for event in document["events"]] == [
        "pending",
        "submitting",
        "completed",
        "downloading",
        "saved",
    ]
    assert len(json.dumps(document)) < 10_000, "the clip is no part of the record"
    assert not [path for path in folder.output.iterdir() if path.name.startswith(".")]


def test_a_damaged_clip_is_told_and_nothing_is_sent_again(folder: Folder) -> None:
    with serving(at_once(b"no clip at all")) as server:
        lab = Server("lab", server.url, dialect="generic", free=True)
        with running(folder, server=lab) as (engine, watcher):
            job = order(engine, server=lab)
            watcher.wait_for_state(State.DOWNLOADING)
        posts = [request for request in server.requests if request.method == "POST"]
    assert len(posts) == 1
    told = json.loads((folder.metadata / f"{job.id}.json").read_text())
    assert any("clip_damaged" in (event.get("note") or "") for event in told["events"])
    assert not list(folder.output.glob("*.mp4"))


def test_every_clip_of_the_answer_is_saved(folder: Folder) -> None:
    """They are nowhere else: such a server has no job that could be asked about."""
    bodies = [clip() + (8 + n).to_bytes(4, "big") + b"free" + bytes(n) for n in range(3)]
    data = [{"b64_json": b64encode(body).decode()} for body in bodies]
    with serving(at_once(b"", data=data)) as server:
        lab = Server("lab", server.url, dialect="generic", free=True)
        with running(folder, server=lab) as (engine, watcher):
            order(engine, server=lab)
            saved = watcher.wait_for_state(State.SAVED)
        assert [r.method for r in server.requests if r.method == "POST"] == ["POST"]
    assert [output.variant for output in saved.outputs] == ["video", "video-2", "video-3"]
    assert [(folder.root / output.path).read_bytes() for output in saved.outputs] == bodies
    assert not [path for path in folder.output.iterdir() if path.name.startswith(".")]


def test_a_clip_of_a_kind_that_is_not_checked_is_kept(folder: Folder) -> None:
    gif = b"GIF89a" + bytes(300)
    with serving(at_once(gif)) as server:
        lab = Server("lab", server.url, dialect="generic", free=True)
        with running(folder, server=lab) as (engine, watcher):
            order(engine, server=lab)
            (output,) = watcher.wait_for_state(State.SAVED).outputs
    assert (Path(output.path).suffix, output.warning) == (".gif", "not_checked")


def test_what_the_answer_did_not_bring_whole_is_asked_for(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "_wait", lambda kind, failures: 0.01)
    monkeypatch.setattr(downloads, "_MISS_WAITS", (0.01,))
    good = {"b64_json": b64encode(clip()).decode()}
    with serving(at_once(b"", data=[good, {"b64_json": "QU*D"}])) as server:
        lab = Server("lab", server.url, dialect="generic", free=True)
        with running(folder, server=lab) as (engine, watcher):
            order(engine, server=lab)
            saved = watcher.wait_for_state(State.SAVED)
        asked = [r.target for r in server.requests if "/content" in r.target]
    assert [output.variant for output in saved.outputs] == ["video"]
    assert saved.clips_missing == 1
    assert asked[0] == "/v1/videos/video_1/content?variant=1"
