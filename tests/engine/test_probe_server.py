"""What a few free questions tell about a server."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sora_tui.core.probe_result import CAPABILITIES, ProbeResult
from sora_tui.core.secret import Secret
from sora_tui.core.server import Auth, Server, simulator
from sora_tui.engine.probe_server import probe_server
from tests.support.raw_server import RawServer, answer, hang
from tests.support.server_answers import SHAPES, UNKNOWN, VIDEO_NOT_FOUND, answering, models
from tests.support.simulator_process import start_simulator
from tests.support.untrusted_server import untrusted_server


def examined(
    answers: Mapping[str, bytes],
    otherwise: bytes = answer(404, {"detail": "Not Found"}),
    timeout: float = 5,
    **changes: Any,
) -> tuple[ProbeResult, RawServer]:
    with answering(answers, otherwise) as server:
        profile = Server("lab", server.url, key=Secret("sk-secret-key"))._replace(**changes)
        return probe_server(profile, timeout=timeout), server


EMPTY_LIST = answer(200, {"object": "list", "data": [], "has_more": False})


def test_the_simulator_is_known_without_asking() -> None:
    found = probe_server(simulator())
    assert (found.dialect, found.reached, found.key, found.problem) == (
        "simulator",
        True,
        "none",
        None,
    )
    assert set(found.can) == set(CAPABILITIES)
    assert found.can["list"]
    assert found.delete_means == "deletes"


def test_a_running_simulator_is_found_and_asked_by_get_alone() -> None:
    with start_simulator() as running:
        found = probe_server(Server("sim", running.base_url, key=Secret(running.key)))
        wrong = probe_server(Server("sim", running.base_url, key=Secret("sk-wrong-key")))
    assert (found.reached, found.key, found.problem) == (True, "accepted", None)
    assert found.can["list"]
    assert "sora-2" in found.models
    assert found.milliseconds is not None
    assert wrong.key == "refused"
    assert wrong.problem is not None
    assert wrong.problem.code == "key_refused"


def test_no_probe_ever_posts() -> None:
    found, server = examined({"/v1/models": models("vllm"), "/v1/videos": EMPTY_LIST})
    assert found.reached
    assert len(server.requests) >= 4
    assert {request.method for request in server.requests} == {"GET"}
    assert all(request.body == b"" for request in server.requests)


def test_a_server_that_does_not_answer_is_unreachable() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    found = probe_server(Server("lab", f"http://127.0.0.1:{port}/v1"), timeout=60)
    assert (found.reached, found.dialect, found.milliseconds) == (False, "generic", None)
    assert found.problem is not None
    assert found.problem.code == "server_unreachable"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"base_url": "http://lab.example.org/v1"}, "base_url_insecure"),
        ({"key": None, "key_from": "LAB_KEY"}, "key_missing"),
        ({"base_url": "ftp://lab.example.org"}, "base_url_invalid"),
        ({"headers": {"X-Ä": "b"}}, "config_invalid"),
    ],
)
def test_a_profile_that_must_not_send_is_not_probed(changes: dict[str, Any], code: str) -> None:
    found, server = examined({}, **changes)
    assert found.problem is not None
    assert found.problem.code == code
    assert not found.reached
    assert server.requests == []


def test_an_address_without_videos_is_told_so() -> None:
    found, _ = examined({"/v1/models": models("vllm")})
    assert found.reached
    assert found.problem is not None
    assert found.problem.code == "videos_missing"
    found, _ = examined({"/v1/models": models("vllm"), UNKNOWN: VIDEO_NOT_FOUND})
    assert found.problem is None, "it has videos, and no list of them"
    assert found.can["list"] is False


@pytest.mark.parametrize(
    ("status", "body", "can"),
    [
        (200, {"data": []}, True),
        (200, [], True),
        (200, {"code": "success", "data": None}, None),
        (200, "<html>hello</html>", None),
        (400, {"error": "LLM Provider NOT provided"}, False),
        (405, "", False),
        (501, "", False),
        (401, {"error": "Unauthorized"}, None),
        (500, "Internal Server Error", None),
    ],
)
def test_whether_there_is_a_list(status: int, body: Any, can: bool | None) -> None:
    found, _ = examined({"/v1/videos": answer(status, body), UNKNOWN: VIDEO_NOT_FOUND})
    assert found.can["list"] is can


@pytest.mark.parametrize(
    ("key", "auth", "answers", "verdict"),
    [
        ("sk-secret-key", None, {"/v1/models": models("x")}, "accepted"),
        ("sk-secret-key", None, {}, "unknown"),
        ("sk-secret-key", "none", {"/v1/models": models("x")}, "none"),
        (None, None, {"/v1/models": models("x")}, "none"),
        (None, None, {"/v1/models": answer(401, {"detail": "Not authenticated"})}, "refused"),
        ("sk-secret-key", None, {"/v1/videos": answer(403, {"detail": "no"})}, "refused"),
    ],
)
def test_the_key_status_that_a_probe_finds(
    key: str | None, auth: Auth | None, answers: Mapping[str, bytes], verdict: str
) -> None:
    found, _ = examined(answers, key=None if key is None else Secret(key), auth=auth)
    assert found.key == verdict
    assert (found.problem is not None and found.problem.code == "key_refused") == (
        verdict == "refused"
    )


def test_a_server_that_only_says_later_is_busy() -> None:
    found, _ = examined({}, answer(503, "loading"))
    assert found.reached
    assert found.problem is not None
    assert found.problem.code == "server_busy"


def test_what_is_not_answered_in_time_is_not_known() -> None:
    with RawServer([hang]) as mute:
        found = probe_server(Server("lab", mute.url), timeout=0.3)
    assert (found.reached, found.dialect) == (False, "generic")
    assert found.problem is not None
    assert found.problem.code == "server_unreachable"


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ({"version": "0.30.0"}, "0.30.0"),
        ({"version": "1\x1b[2J"}, "1[2J"),
        ({"version": 7}, None),
        ({}, None),
        ([], None),
        ("nonsense", None),
    ],
)
def test_the_version_a_server_tells(said: Any, version: str | None) -> None:
    found, _ = examined({"/v1/models": models("vllm"), "/version": answer(200, said)})
    assert found.version == version


def test_a_query_of_the_profile_opens_the_list_of_a_gateway() -> None:
    shape = {**SHAPES["litellm"][1], "/v1/videos": answer(500, "Internal Server Error")}
    found, _ = examined(shape)
    assert found.can["list"] is False
    found, server = examined(shape, query={"custom_llm_provider": "hosted_vllm"})
    assert found.can["list"] is None
    assert all("custom_llm_provider" in request.target for request in server.requests)


@pytest.mark.parametrize(
    ("pages", "what"),
    [
        ({}, None),
        ({"/system_stats": answer(200, {"system": {"comfyui_version": "0.3.75"}})}, "ComfyUI"),
        (
            {"/api/v2/health": answer(200, {"status": "healthy", "upstream": "ok"})},
            "comfy-api-proxy",
        ),
    ],
)
def test_an_address_one_step_off_is_told_though_the_refusals_name_their_routes(
    pages: dict[str, Any], what: str | None
) -> None:
    """OpenAI's words have the path in them, so no two were alike, and doctor said ok."""
    named = {
        path: answer(404, {"error": {"message": f"Invalid URL (GET {route})"}})
        for path, route in (("/v1/videos", "/v1/videos?limit=1"), (UNKNOWN, "/v1/videos/video_1"))
    }
    found, server = examined({**named, **pages})
    assert found.is_useless
    assert found.problem is not None
    assert found.problem.code == "videos_missing"
    assert found.problem.facts.get("what") == what
    assert {request.method for request in server.requests} == {"GET"}


def test_a_certificate_that_is_not_trusted_is_named(tmp_path: Path) -> None:
    """It was called a server that cannot be reached: "check the network"."""
    with untrusted_server(tmp_path) as url:
        found = probe_server(Server("lab", url), timeout=20)
    assert found.problem is not None
    assert found.problem.code == "certificate_untrusted"
    assert "self-signed" in str(found.problem.facts["message"])
