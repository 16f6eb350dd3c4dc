"""The engine finds out whom it speaks to before it pays, and keeps what working shows."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from sora_tui.core.job import State
from sora_tui.core.problem import problem_error
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server, simulator
from sora_tui.engine.capabilities import Capabilities, with_known_dialect
from sora_tui.engine.events import JobChanged
from sora_tui.engine.probe_server import probe_server
from sora_tui.workspace.capability_cache import CapabilityCache
from sora_tui.workspace.folder import Folder, open_folder
from tests.support.engine_watcher import order, running
from tests.support.raw_server import Line, RawServer, answer, read_request
from tests.support.server_answers import SHAPES, UNKNOWN, Shape, answering, clip

KITE = VideoRequest("A kite", seconds="8")
NOT_NOW = answer(404, {"detail": "Not Found"})


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path / "workspace")


class Lab:
    """A server of some shape that takes jobs and works on them until it is told to end."""

    def __init__(self, shape: Shape, made: bytes | None = None) -> None:
        self.done = threading.Event()
        self._shape = shape
        self._made = made
        self._count = 0
        self.server = RawServer([self._talk])

    def _talk(self, line: Line) -> None:
        while True:
            read_request(line)
            assert line.request is not None
            line.socket.sendall(self._answer(line.request.method, line.request.target))

    def _answer(self, method: str, target: str) -> bytes:
        path = target.partition("?")[0]
        if method == "POST":
            self._count += 1
            return self._made or answer(200, clip() | {"id": f"video_{self._count}"})
        if path.startswith("/v1/videos/video_") and len(path) < 30:
            word = "failed" if self.done.is_set() else "in_progress"
            return answer(200, clip(word) | {"id": path.rpartition("/")[2]})
        unknown = self._shape.get(UNKNOWN) if path.startswith("/v1/videos/") else None
        return self._shape.get(path) or unknown or NOT_NOW

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.server.requests]

    @property
    def questions(self) -> int:
        """How often it was asked what it is."""
        return [request.target for request in self.server.requests].count("/v1/models")


def remembered(folder: Folder) -> dict[str, Any]:
    found = json.loads((folder.metadata / ".servers.json").read_bytes())["servers"]
    (known,) = found.values()
    assert isinstance(known, dict)
    return known


def test_whom_it_speaks_to_is_found_before_the_first_paid_request_and_once(
    folder: Folder,
) -> None:
    lab = Lab(SHAPES["vllm-omni"][0])
    with lab.server:
        server = Server("lab", lab.server.url, free=True)
        for _ in range(2):
            with running(folder, server) as (engine, watcher):
                job_id = order(engine, KITE, server).id
                watcher.wait_for(
                    lambda event, job_id=job_id: (
                        isinstance(event, JobChanged)  # type: ignore[misc]
                        and event.job.id == job_id
                        and event.job.remote_id is not None
                    )
                )
    assert lab.questions == 1
    first = lab.methods.index("POST")
    assert first >= 5
    assert lab.methods.count("POST") == 2
    assert set(lab.methods) == {"GET", "POST"}
    assert remembered(folder)["dialect"] == "vllm-omni"
    assert remembered(folder)["evidence"]


@pytest.mark.parametrize(
    "changes", [{"dialect": "generic"}, {"dialect": "aquiles"}, {"base_url": "simulator:"}]
)
def test_facts_in_the_profile_are_not_probed(folder: Folder, changes: dict[str, str]) -> None:
    lab = Lab({})
    with lab.server:
        server = Server(**{"name": "lab", "base_url": lab.server.url, "free": True, **changes})  # type: ignore[arg-type]
        if server.simulated:
            assert Capabilities(simulator(), CapabilityCache(folder)).can("list")
            return
        with running(folder, server) as (engine, watcher):
            order(engine, KITE, server)
            watcher.wait_for_state(State.QUEUED)
    assert lab.questions == 0
    assert lab.methods[0] == "POST"


@pytest.mark.parametrize(("dialect", "at_once"), [("aquiles", 1), ("generic", 3)])
def test_a_server_that_takes_one_at_a_time_gets_one_at_a_time(
    folder: Folder, dialect: str, at_once: int
) -> None:
    lab = Lab({})
    with lab.server:
        server = Server("lab", lab.server.url, dialect=dialect, free=True)
        with running(folder, server) as (engine, watcher):
            for _ in range(3):
                order(engine, KITE, server)
            for _ in range(at_once):
                watcher.wait_for_state(State.IN_PROGRESS)
            assert lab.methods.count("POST") == at_once
            lab.done.set()
            for _ in range(3):
                watcher.wait_for_state(State.FAILED)
    assert lab.methods.count("POST") == 3


def test_a_refused_request_makes_it_ask_again_whom_it_speaks_to(folder: Folder) -> None:
    lab = Lab(SHAPES["sglang"][0], made=answer(400, {"detail": "seconds: no"}))
    with lab.server:
        server = Server("lab", lab.server.url, free=True)
        with running(folder, server) as (engine, watcher):
            order(engine, KITE, server)
            watcher.wait_for_state(State.REJECTED)
        with running(folder, server) as (engine, watcher):
            order(engine, KITE, server)
            watcher.wait_for_state(State.REJECTED)
    assert lab.questions == 2
    assert lab.methods.count("POST") == 2


def test_a_refused_prompt_is_no_reason_to_doubt_the_server(folder: Folder) -> None:
    blocked = answer(400, {"error": {"message": "no", "code": "sentinel_block"}})
    lab = Lab(SHAPES["sglang"][0], made=blocked)
    with lab.server:
        server = Server("lab", lab.server.url, free=True)
        with running(folder, server) as (engine, watcher):
            for prompt in ("A kite", "A boat"):
                job = order(engine, VideoRequest(prompt, seconds="8"), server)
                assert watcher.wait_for_end(job.id).state is State.REJECTED
    assert (lab.questions, lab.methods.count("POST")) == (1, 2)


def test_a_job_right_after_a_refusal_is_sent_in_the_same_dialect(folder: Folder) -> None:
    lab = Lab(SHAPES["sglang"][0], made=answer(400, {"detail": "seconds: no"}))
    with lab.server:
        server = Server("lab", lab.server.url, free=True)
        with running(folder, server) as (engine, watcher):
            for _ in range(2):
                order(engine, KITE, server)
                watcher.wait_for_state(State.REJECTED)
    assert lab.questions == 2
    asked = [request.target for request in lab.server.requests if request.method == "GET"]
    posts = [request for request in lab.server.requests if request.method == "POST"]
    assert len(posts) == 2
    # All questions come before the request they are asked for.
    assert lab.server.requests[-1] is posts[1], asked


async def test_a_server_that_does_not_answer_holds_nothing_up(folder: Folder) -> None:
    cache = CapabilityCache(folder)
    nobody = Server("lab", "http://127.0.0.1:9/v1")
    capabilities = Capabilities(nobody, cache)
    await capabilities.probe()
    assert (capabilities.server, capabilities.can("list")) == (nobody, None)
    assert with_known_dialect(nobody, cache) is nobody


async def test_what_cannot_be_kept_is_no_failure(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise problem_error("disk_full", path="metadata")

    monkeypatch.setattr("sora_tui.workspace.capability_cache.write_atomic", full)
    capabilities = Capabilities(Server("lab", "http://127.0.0.1:9/v1"), CapabilityCache(folder))
    capabilities.record("list", False)
    assert capabilities.can("list") is False
    assert "not kept" in caplog.text


async def test_experience_stands_above_the_table(folder: Folder) -> None:
    capabilities = Capabilities(
        Server("lab", "http://127.0.0.1:9/v1", dialect="new-api"), CapabilityCache(folder)
    )
    assert [capabilities.can("list"), capabilities.can("remix")] == [False, True]
    capabilities.record("list", True)
    capabilities.record("remix", False)
    assert [capabilities.can("list"), capabilities.can("remix")] == [True, False]
    capabilities.probe_again()
    assert [capabilities.can("list"), capabilities.can("remix")] == [False, True]


@pytest.mark.parametrize("name", SHAPES)
def test_each_server_is_examined(name: str) -> None:
    with answering(SHAPES[name][0]) as server:
        found = probe_server(Server("lab", server.url))
    assert (found.dialect, found.reached) == (name, True)
    assert found.evidence


@pytest.mark.parametrize(("spoken", "remembered"), [("generic", {"remix": False}), ("litellm", {})])
def test_an_operation_that_is_not_there_is_remembered_but_not_of_a_gateway(
    folder: Folder, spoken: str, remembered: dict[str, bool]
) -> None:
    """Behind a gateway another model may well have it."""
    lab = Lab({}, answer(404, {"detail": "Not Found"}))
    remix = VideoRequest("At night", operation="remix", source_video="video_1")
    with lab.server as raw:
        server = Server("lab", raw.url, dialect=spoken)
        with running(folder, server=server) as (engine, watcher):
            order(engine, remix, server)
            refused = watcher.wait_for_state(State.REJECTED)
            assert refused.error is not None
            assert (refused.error.kind, refused.error.spent) == ("operation_unsupported", "no")
            order(engine, remix, server)
            if remembered:
                watcher.wait_for(lambda event: "operation_unsupported" in str(event))
            else:
                watcher.wait_for_state(State.REJECTED)
        facts = CapabilityCache(folder).of(server.origin).facts
        assert {name: facts[name] for name in facts if name == "remix"} == remembered
        sent = [request for request in raw.requests if request.method == "POST"]
        assert len(sent) == (1 if remembered else 2)


def test_what_a_server_serves_says_what_it_takes(folder: Folder) -> None:
    from sora_tui.engine.model_schema import model_schema_for

    lab = Server("lab", "http://127.0.0.1:9/v1")
    assert model_schema_for(folder, lab, None).title == ""
    CapabilityCache(folder).record_probe(
        lab.origin, "vllm-omni", (), ["Wan-AI/Wan2.2-TI2V-5B-Diffusers"]
    )
    schema = model_schema_for(folder, lab, None)  # no model is sent there, and it has one
    assert (schema.title, schema.sizes[0]) == ("Wan 2.2 TI2V 5B", "1280x704")
    assert schema.models == ("Wan-AI/Wan2.2-TI2V-5B-Diffusers",)
    steps = schema.parameter("num_inference_steps")
    assert steps is not None and steps.high == 200
    own = lab._replace(models=("ltx-2",), dialect="vllm-omni")
    assert model_schema_for(folder, own, None).title == "LTX-2"
