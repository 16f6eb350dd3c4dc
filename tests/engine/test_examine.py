"""What a few free questions tell about a server."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from sora_tui.core.findings import ABILITIES, Findings
from sora_tui.core.server import Secret, Server, simulator
from sora_tui.engine.examine import examine
from tests.rawserver import Line, RawServer, answer, read_request
from tests.simulated import start_simulator


def answering(answers: Mapping[str, bytes], otherwise: bytes) -> RawServer:
    """A server that answers each path with the same bytes; a query does not count."""

    def reply(line: Line) -> None:
        while True:
            read_request(line)
            assert line.request is not None
            path = line.request.target.partition("?")[0]
            known = next((said for end, said in answers.items() if path == end), otherwise)
            line.socket.sendall(known)

    return RawServer([reply])


def examined(
    answers: Mapping[str, bytes],
    otherwise: bytes = answer(404, {"detail": "Not Found"}),
    **changes: Any,
) -> tuple[Findings, RawServer]:
    with answering(answers, otherwise) as server:
        profile = replace(Server("lab", server.url, key=Secret("sk-secret-key")), **changes)
        return examine(profile, timeout=5), server


def models(owner: str) -> bytes:
    return answer(200, {"object": "list", "data": [{"id": "wan2.2", "owned_by": owner}]})


EMPTY_LIST = answer(200, {"object": "list", "data": [], "has_more": False})


def test_the_simulator_is_known_without_asking() -> None:
    found = examine(simulator())
    assert (found.dialect, found.reached, found.key, found.problem) == (
        "openai",
        True,
        "none",
        None,
    )
    assert set(found.can) == set(ABILITIES)
    assert found.can["list"]
    assert found.delete_means == "deletes"


def test_a_running_simulator_is_found_and_asked_by_get_alone() -> None:
    with start_simulator() as running:
        found = examine(Server("sim", running.base_url, key=Secret(running.key)))
        wrong = examine(Server("sim", running.base_url, key=Secret("sk-wrong-key")))
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


def test_nobody_there() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    found = examine(Server("lab", f"http://127.0.0.1:{port}/v1"), timeout=5)
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
def test_what_must_not_be_asked_is_not(changes: dict[str, Any], code: str) -> None:
    found, server = examined({}, **changes)
    assert found.problem is not None
    assert found.problem.code == code
    assert not found.reached
    assert server.requests == []
