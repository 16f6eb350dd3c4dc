"""A server that answers the paid request with the clip itself, as Dynamo does."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from sora_tui.core.job import State
from sora_tui.core.server import Server
from sora_tui.workspace.folder import Folder, open_folder
from tests.engine.watching import order, running
from tests.faults.harness import clip
from tests.rawserver import Line, RawServer, answer, read_request


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
