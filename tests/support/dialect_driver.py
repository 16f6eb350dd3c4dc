"""Drives a practice server in any dialect, over a socket, the way a client of that server would."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote

import httpx

from sora_tui.simulator.testing import Simulator, serve

#: What a small request is on each server.
SMALL: Final[dict[str, dict[str, Any]]] = {
    "openai": {"seconds": "1", "size": "64x64"},
    "litellm": {"seconds": "1", "size": "64x64", "model": "sora-2"},
    "litellm-1.109": {"seconds": "1", "size": "64x64", "model": "sora-2"},
    "vllm-omni": {"seconds": "1", "size": "64x64"},
    "sglang": {"seconds": "1", "size": "64x64"},
    "sglang-cloud": {"seconds": "1", "size": "64x64"},
    "aquiles": {"seconds": "1", "size": "720x1280", "model": "ltx-2"},
    "trt-llm": {"seconds": "1", "size": "64x64"},
    "new-api": {"seconds": "1", "size": "64x64", "model": "sora-2"},
    "azure": {"seconds": "1", "size": "64x64", "model": "sora-2"},
    "openrouter": {"duration": 1, "size": "64x64", "model": "google/veo-3.1"},
}


class Driver:
    """A client that knows which server it has."""

    def __init__(self, dialect: str, server: Simulator, http: httpx.Client) -> None:
        self.dialect = dialect
        self.server = server
        self.http = http

    def post(self, prompt: str, **fields: Any) -> httpx.Response:
        """A create request in the server's favourite encoding; None leaves a field out."""
        wanted = {"prompt": prompt, **SMALL[self.dialect], **fields}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        if self.dialect == "openrouter":
            return self.http.post("/videos", json=wanted)
        parts = {
            name: value if isinstance(value, tuple) else (None, str(value))
            for name, value in wanted.items()
        }
        return self.http.post("/videos", files=parts)

    def created(self, prompt: str, **fields: Any) -> str:
        """The id that a create request gave."""
        answer = self.post(prompt, **fields)
        assert answer.status_code in (200, 202), answer.text
        return str(answer.json()["id"])

    def get(self, video_id: str, below: str = "", **headers: str) -> httpx.Response:
        return self.http.get(f"/videos/{quote(video_id, safe='')}{below}", headers=headers)

    def delete(self, video_id: str) -> httpx.Response:
        return self.http.delete(f"/videos/{quote(video_id, safe='')}")

    def ended(
        self, video_id: str, seen: Callable[[dict[str, Any]], object] = lambda video: None
    ) -> httpx.Response:
        """The answer in which the job is at its end; `seen` hears of those before."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            answer = self.get(video_id)
            if answer.json().get("status") in ("completed", "failed"):
                return answer
            seen(answer.json())
            time.sleep(0.005)
        raise AssertionError(answer.text)

    def finished(self, prompt: str = "A kite", **fields: Any) -> str:
        """The create id of a job that is at its end."""
        video_id = self.created(prompt, **fields)
        self.ended(video_id)
        return video_id


@contextmanager
def driving(dialect: str, **options: Any) -> Iterator[Driver]:
    """A practice server of this dialect, and a client for it that has the key."""
    with serve(dialect=dialect, **options) as server:
        headers = {"authorization": f"Bearer {server.key}"}
        # Certificates take 20 ms to load, and nothing here is encrypted. Aquiles drops
        # connections without a word: a kept one may be dead.
        limits = httpx.Limits(max_keepalive_connections=0 if dialect == "aquiles" else None)
        with httpx.Client(
            base_url=server.base_url, headers=headers, limits=limits, verify=False
        ) as http:
            yield Driver(dialect, server, http)
