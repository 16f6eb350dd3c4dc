"""What we rely on in httpx and httpcore without their promise; a new version may change it.

What it is for is tested where it is used: early answers in `test_create.py`, downloads that are cut
in `test_download.py`.
"""

from __future__ import annotations

import inspect
import logging
import subprocess
import sys
from typing import Any

import httpcore
import pytest

from sora_tui.client.early_response import EarlyResponseBackend, _EarlyResponseStream
from sora_tui.client.httpx_compat import hear_early_responses, httpx, second_handle
from tests.support.raw_server import RawServer, answer, replies


def test_httpx_comes_without_its_command_line() -> None:
    script = (
        "import sys, sora_tui.client.transport, httpx;"
        "print(*sorted({'click', 'rich', 'pygments'} & sys.modules.keys()), httpx.Client.__name__)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["Client"]


@pytest.mark.parametrize("name", ["httpx", "httpcore"])
def test_no_address_is_logged(name: str) -> None:
    assert not logging.getLogger(name).isEnabledFor(logging.INFO)


@pytest.mark.parametrize("proxy", [None, "http://127.0.0.1:9"])
async def test_every_connection_hears_early_answers(proxy: str | None) -> None:
    async with httpx.AsyncClient(proxy=proxy, trust_env=False) as client:
        hear_early_responses(client)
        for url in ("http://lab.example.org", "https://lab.example.org"):
            pool: Any = client._transport_for_url(httpx.URL(url))._pool  # type: ignore[attr-defined]
            assert isinstance(pool._network_backend, EarlyResponseBackend)


@pytest.mark.parametrize(
    ("base", "ours", "unused"),
    [
        (httpcore.AsyncNetworkBackend, EarlyResponseBackend, {"connect_unix_socket"}),
        (httpcore.AsyncNetworkStream, _EarlyResponseStream, set()),
    ],
)
def test_httpcore_asks_for_what_we_have(base: type, ours: type, unused: set[str]) -> None:
    for name, method in inspect.getmembers(base, inspect.isfunction):
        if name not in unused:
            assert name in vars(ours)
            assert inspect.signature(method).parameters.keys() == (
                inspect.signature(getattr(ours, name)).parameters.keys()
            )


def test_a_new_connection_hands_out_its_socket() -> None:
    handles = []

    def trace(event: str, facts: Any) -> None:
        line = second_handle(event, facts)
        if line is not None:
            handles.append(line)

    with RawServer(replies(answer(200, {}))) as server, httpx.Client(trust_env=False) as client:
        response = client.get(server.url, extensions={"trace": trace})
        assert response.status_code == 200
        [line] = handles
        with line:
            assert line.getpeername()[1] == httpx.URL(server.url).port
