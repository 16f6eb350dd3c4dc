"""Practice servers for other people's tests: a pytest fixture, and the context manager behind it.

    from sora_tui.simulator.testing import simulator  # in conftest.py

    def test_a_refusal_is_told(simulator):
        server = simulator(dialect="litellm")
        client = MyClient(server.base_url, server.key)
        ...
        assert server.posts == {"/v1/videos": 1}

Each server runs in a thread of the test's process, on a free port of 127.0.0.1, and ends with the
test. This is the only module of the project that needs pytest.
"""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from sora_tui.simulator.faults import load_faults, parse_faults
from sora_tui.simulator.server import configuration, listen


@dataclass(frozen=True)
class Received:
    """A request as it came in; names of headers are in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Simulator:
    """A running practice server. `requests` are in the order in which they came in."""

    base_url: str
    key: str
    requests: list[Received] = field(default_factory=list)

    def count(self, method: str) -> Counter[str]:
        """Return how many requests with this method came in, by path."""
        return Counter(each.path for each in self.requests if each.method == method)

    @property
    def posts(self) -> Counter[str]:
        """How many POSTs came in, by path: `{"/v1/videos": 1}` is one paid request."""
        return self.count("POST")


@contextmanager
def serve(
    *,
    dialect: str = "openai",
    faults: str | Path | None = None,
    speed: float = 100,
    key: str = "sk-practice",
    data: Path | None = None,
) -> Iterator[Simulator]:
    """Run a practice server until the `with` block ends.

    Args:
        dialect: The server to behave like, a word of `--dialect`.
        faults: What goes wrong: a TOML text, or the path of such a file.
        speed: 1 is about eight seconds for a clip of four; 100 is the time that drawing takes.
        key: The API key to ask for.
        data: Keep jobs and clips in this folder; another server can go on with them.

    Raises:
        KeyError: There is no such dialect.
        FaultsError: The faults are wrong.
        RuntimeError: The server did not start.
    """
    scripted = load_faults(faults) if isinstance(faults, Path) else parse_faults(faults or "")
    with ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="sora-simulator-")
        folder = data or Path(stack.enter_context(temporary))
        folder.mkdir(parents=True, exist_ok=True)
        listener, base_url = listen("127.0.0.1", 0, dialect)
        stack.enter_context(listener)
        running = Simulator(base_url, key)
        server: uvicorn.Server

        def end() -> None:
            server.should_exit = True

        config = configuration(
            folder,
            key=key,
            speed=speed,
            dialect=dialect,
            faults=scripted,
            on_worker_end=end,
            around=lambda app: _noting(app, running.requests),
        )
        started = threading.Event()
        server = _Server(config, started)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        if not started.wait(30):
            raise RuntimeError("the practice server did not start")
        try:
            yield running
        finally:
            end()
            thread.join(10)


#: Starts a practice server that ends with the test; takes the options of `serve`.
Start = Callable[..., Simulator]


@pytest.fixture
def simulator() -> Iterator[Start]:
    """Start as many practice servers as a test asks for, and end them with it."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(serve(**options))


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: threading.Event) -> None:
        super().__init__(config)
        self._ready = started

    async def startup(self, sockets: object = None) -> None:
        await super().startup(sockets)  # type: ignore[arg-type]
        self._ready.set()


def _noting(app: ASGIApp, requests: list[Received]) -> ASGIApp:
    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            query = scope["query_string"].decode("latin-1")
            headers = dict(Headers(scope=scope))
            requests.append(Received(scope["method"], scope["path"], query, headers))
        await app(scope, receive, send)

    return noting
