"""A scripted server on a raw socket: it reads, answers, drips, cuts and resets exactly as told.

A conversation is what happens on one connection, step by step; each further connection takes the
next conversation, and the last one repeats:

    with RawServer([read_request, send(answer(200, b"{}"))], [read_head, reset]) as server:
        ...  # server.url, server.requests, server.connections
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any


@dataclass
class Request:
    """What arrived; `body` grows while it is read. Header names are lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def parts(self) -> dict[str, Part]:
        """The parts of a multipart body by name."""
        boundary = self.headers["content-type"].partition("boundary=")[2].strip('"')
        pieces = self.body.split(f"--{boundary}".encode())[1:-1]
        parts = {}
        for piece in pieces:
            head, _, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            headers = _headers(head.split(b"\r\n"))
            words = dict(
                word.strip().split("=", 1)
                for word in headers["content-disposition"].split(";")
                if "=" in word
            )
            filename = words.get("filename", "").strip('"') or None
            parts[words["name"].strip('"')] = Part(
                data.removesuffix(b"\r\n"), filename, headers.get("content-type")
            )
        return parts

    @property
    def json(self) -> Any:
        """The body of a JSON request."""
        return json.loads(self.body)


@dataclass
class Part:
    """One part of a multipart body."""

    data: bytes
    filename: str | None
    mime: str | None


@dataclass
class Line:
    """One connection, as the steps see it."""

    server: RawServer
    socket: socket.socket
    unread: bytes = b""
    request: Request | None = None

    def more(self) -> bool:
        """Read some bytes; False when the client has closed."""
        data = self.socket.recv(65536)
        self.unread += data
        return bool(data)


Step = Callable[[Line], None]


def read_head(line: Line) -> None:
    """Read a request up to the empty line, and record it."""
    while b"\r\n\r\n" not in line.unread:
        if not line.more():
            raise ConnectionError("closed before a request came")
    head, _, line.unread = line.unread.partition(b"\r\n\r\n")
    first, *rest = head.split(b"\r\n")
    method, target, _ = first.decode().split(" ")
    line.request = Request(method, target, _headers(rest))
    line.server.requests.append(line.request)


def read_body(line: Line) -> None:
    """Read the body that Content-Length announces."""
    assert line.request is not None
    length = int(line.request.headers.get("content-length", "0"))
    while len(line.unread) < length and line.more():
        pass
    line.request.body, line.unread = line.unread[:length], line.unread[length:]


def read_request(line: Line) -> None:
    """Read head and body."""
    read_head(line)
    read_body(line)


def send(data: bytes) -> Step:
    """Send these bytes as they are."""
    return lambda line: line.socket.sendall(data)


def drip(data: bytes, seconds: float) -> Step:
    """Send one byte after the other, `seconds` apart, until the client has enough."""

    def step(line: Line) -> None:
        for at in range(len(data)):
            line.socket.sendall(data[at : at + 1])
            if line.server.closing.wait(seconds):
                return

    return step


def pause(seconds: float) -> Step:
    """Do nothing for a while."""

    def step(line: Line) -> None:
        line.server.closing.wait(seconds)

    return step


def wait_for(event: threading.Event) -> Step:
    """Go on when the test says so."""

    def step(line: Line) -> None:
        event.wait(60)

    return step


def hang(line: Line) -> None:
    """Say nothing more until the client goes away."""
    while line.more():
        pass


def reset(line: Line) -> None:
    """Close with RST, as a crashed or overloaded server does."""
    line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.socket.close()


def answer(
    status: int, body: bytes | str | Mapping[str, Any] | list[Any] = b"", /, **headers: str
) -> bytes:
    """The bytes of an answer; `retry_after="2"` becomes `retry-after: 2`, a name that has a hyphen
    stays. A mapping is sent as JSON. Content-Length is right unless it is given."""
    if not isinstance(body, bytes | str):
        body = json.dumps(body)
        headers.setdefault("content_type", "application/json")
    data = body.encode() if isinstance(body, str) else body
    headers.setdefault("content_length", str(len(data)))
    lines = [
        f"{name if '-' in name else name.replace('_', '-')}: {value}"
        for name, value in headers.items()
    ]
    return "\r\n".join([f"HTTP/1.1 {status} Word", *lines, "", ""]).encode() + data


def replies(*answers: bytes) -> list[Step]:
    """A conversation that reads a request before each of these answers, on one connection."""
    return [step for data in answers for step in (read_request, send(data))]


class RawServer:
    """Listens on a free port of 127.0.0.1 until the `with` block ends."""

    def __init__(self, *conversations: Sequence[Step]) -> None:
        self.conversations = conversations
        self.requests: list[Request] = []
        self.connections = 0
        self.closing = threading.Event()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> RawServer:
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                index = min(self.connections, len(self.conversations) - 1)
                self.connections += 1
                threading.Thread(
                    target=self._talk, args=(connection, self.conversations[index]), daemon=True
                ).start()

    def _talk(self, connection: socket.socket, steps: Sequence[Step]) -> None:
        with suppress(OSError), connection:
            line = Line(self, connection)
            for step in steps:
                step(line)


def _headers(lines: Sequence[bytes]) -> dict[str, str]:
    pairs = (line.decode("latin-1").partition(":") for line in lines if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
