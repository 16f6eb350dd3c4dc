"""A server that makes the video when the request arrives, and then cuts, hangs, lies or kills.

What it does to a request is chosen by the request itself: `posts["A kite"]` is played for the POST
of that prompt, `gets["video_1"]`, `contents["video_1"]` and `lists` for the free calls. Each is a
list of acts, one per request; when it is used up the server behaves. From inside every POST it
looks into the workspace: the intent must be on disk by then (invariant I1).
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

from tests.support.raw_server import Request, answer


@dataclass
class Call:
    """One request as an act sees it: the head is read, the body is not."""

    server: FaultServer
    socket: socket.socket
    request: Request
    rest: bytes
    at: float = field(default_factory=time.monotonic)

    def body(self) -> bytes:
        """The whole body; reads what is still on the way."""
        length = int(self.request.headers.get("content-length", "0"))
        while len(self.rest) < length:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("the client went away before its request was complete")
            self.rest += data
        self.request.body = self.rest
        return self.rest

    def fields(self) -> dict[str, Any]:
        """What a paid request asks for, multipart or JSON; files are left out."""
        self.body()
        if self.request.headers["content-type"].startswith("application/json"):
            return dict(self.request.json)
        parts = self.request.parts.items()
        return {name: part.data.decode() for name, part in parts if part.filename is None}

    def make(self) -> dict[str, Any]:
        """Make the video that is asked for: from here on it costs money."""
        fields = self.fields()
        with self.server.mutex:
            video: dict[str, Any] = {
                "id": f"video_{len(self.server.videos) + 1}",
                "object": "video",
                "status": "queued",
                "progress": 0,
                "created_at": int(time.time()),
                "model": "model-1",
                **{n: fields[n] for n in ("prompt", "model", "seconds", "size") if n in fields},
            }
            self.server.videos.append(video)
        return video

    def reply(self, document: object, status: int = 200, /, **headers: str) -> None:
        """Answer with JSON, or with bytes as they are."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        headers = {"content_type": "application/json", "date": formatdate(usegmt=True), **headers}
        self.socket.sendall(answer(status, body, **headers))

    def kill(self) -> None:
        """Kill the client, the hard way."""
        assert self.server.victim.wait(10)
        os.kill(self.server.victim_pid, signal.SIGKILL)


Act = Callable[[Call], None]

#: A 429 with this body is known to come before anything is made.
RATE_LIMITED = {"error": "Rate limit exceeded: 5 per 1 minute"}


def behave(call: Call) -> None:
    """A create as it should be."""
    call.reply(call.make())


def vanish(call: Call) -> None:
    """Make the video and hang up without a word."""
    call.make()


def reset(call: Call) -> None:
    """Make the video and break the connection."""
    call.make()
    call.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def kill_unread(call: Call) -> None:
    """Kill the client when its head has arrived; nothing is made."""
    call.kill()


def kill_made(call: Call) -> None:
    """Make the video, then kill the client before a word is said."""
    call.make()
    call.kill()


def kill_after(share: float) -> Act:
    """Make the video, send this share of the answer (at least a byte), kill the client."""

    def act(call: Call) -> None:
        data = answer(200, call.make())
        call.socket.sendall(data[: max(int(len(data) * share), 1)])
        call.kill()

    return act


def make_and_say(status: int, document: object = b"", **headers: str) -> Act:
    """Make the video and answer with something else."""

    def act(call: Call) -> None:
        call.make()
        call.reply(document, status, **headers)

    return act


def make_and_send(data: bytes) -> Act:
    """Make the video and send these bytes instead of an answer."""

    def act(call: Call) -> None:
        call.make()
        call.socket.sendall(data)

    return act


def say(status: int, document: object = b"", **headers: str) -> Act:
    """Make nothing and answer so."""

    def act(call: Call) -> None:
        call.body()
        call.reply(document, status, **headers)

    return act


def wait_for(event: threading.Event, then: Act = behave) -> Act:
    """Make nothing yet; go on when the test says so."""

    def act(call: Call) -> None:
        call.body()
        assert event.wait(60)
        then(call)

    return act


def clip_cut(share: float, then: Act | None = None, *, length: bool = True) -> Act:
    """Send this share of the clip, then hang up, or do what `then` does."""

    def act(call: Call) -> None:
        clip = call.server.clip
        data = answer(200, clip, content_type="video/mp4")
        if not length:
            head = b"HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\nconnection: close\r\n\r\n"
            data = head + clip
        call.socket.sendall(data[: len(data) - len(clip) + int(len(clip) * share)])
        if then is not None:
            then(call)

    return act


def kill_client(call: Call) -> None:
    """Kill the client."""
    call.kill()


class FaultServer:
    """Listens on a free port of 127.0.0.1 until the `with` block ends.

    Attributes:
        posts, gets, contents, lists: Acts, see above. Under "*" for any prompt or id.
        calls: Every request with the time (monotonic) it came.
        broken: What was found wrong on disk while a request was being answered.
        looks: Polls that a video needs until it is completed.
        can_list: Whether there is a list of videos at all.
    """

    def __init__(self, clip: bytes, documents: Path, *, looks: int = 1) -> None:
        self.clip = clip
        self.documents = documents
        self.looks = looks
        self.can_list = True
        self.posts: dict[str, list[Act]] = defaultdict(list)
        self.gets: dict[str, list[Act]] = defaultdict(list)
        self.contents: dict[str, list[Act]] = defaultdict(list)
        self.lists: list[Act] = []
        self.videos: list[dict[str, Any]] = []
        self.calls: list[tuple[float, Request]] = []
        self.broken: list[str] = []
        self.mutex = threading.Lock()
        self.victim = threading.Event()
        self.victim_pid = 0
        self._polls: dict[str, int] = defaultdict(int)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        self._open: list[socket.socket] = []

    def __enter__(self) -> FaultServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    # What tests ask -------------------------------------------------------------------------

    def hunt(self, pid: int) -> None:
        """The process that `kill` acts kill."""
        self.victim_pid = pid
        self.victim.set()

    def seen(self, method: str, suffix: str = "") -> list[Request]:
        """The requests of a method whose path ends so."""
        with self.mutex:
            calls = [request for _, request in self.calls]
        return [
            request
            for request in calls
            if request.method == method and request.target.partition("?")[0].endswith(suffix)
        ]

    @property
    def paid(self) -> int:
        """How many POSTs there were."""
        return len(self.seen("POST"))

    def times(self, method: str) -> list[float]:
        """When the requests of a method came, in monotonic seconds."""
        with self.mutex:
            return [at for at, request in self.calls if request.method == method]

    def wait_until(self, ready: Callable[[FaultServer], bool], timeout: float = 30) -> None:
        """Look every few milliseconds; the clients are other processes."""
        end = time.monotonic() + timeout
        while not ready(self):
            assert time.monotonic() < end, "the client never did"
            time.sleep(0.005)

    # Connections ----------------------------------------------------------------------------

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        unread = b""
        with suppress(OSError), connection:
            while True:
                while b"\r\n\r\n" not in unread:
                    data = connection.recv(65536)
                    if not data:
                        return
                    unread += data
                head, _, unread = unread.partition(b"\r\n\r\n")
                call = Call(self, connection, _request(head), unread)
                if _is_probe(call.request):
                    _probed(call)
                    unread = call.rest
                    continue
                with self.mutex:
                    self.calls.append((call.at, call.request))
                act = self._act(call)
                act(call)
                if act not in _WELL:
                    return
                unread = call.rest[len(call.body()) :]

    def _act(self, call: Call) -> Act:
        path = call.request.target.partition("?")[0].removeprefix("/v1/videos").strip("/")
        if call.request.method == "POST":
            self._check_disk(call.request)
            script = self.posts["*"]
            if any(self.posts.values()):
                prompt = call.fields().get("prompt", "") if not script else ""
                script = script or self.posts[prompt]
            return self._next(script, behave)
        if not path:
            return self._next(self.lists, _list)
        video_id, _, content = path.partition("/")
        if content:
            return self._next(self.contents[video_id] or self.contents["*"], _content)
        return self._next(self.gets[video_id] or self.gets["*"], _look)

    def _next(self, script: list[Act], otherwise: Act) -> Act:
        with self.mutex:
            return script.pop(0) if script else otherwise

    def _check_disk(self, request: Request) -> None:
        """Invariants I1 and I3, at the moment the paid request arrives."""
        key = request.headers.get("idempotency-key", "")
        found = False
        for path in self.documents.glob("[12]*.json"):
            try:
                document = json.loads(path.read_bytes())
            except ValueError:
                self.broken.append(f"{path.name} is torn")
                continue
            if stat.S_IMODE(path.stat().st_mode) != 0o600:
                self.broken.append(f"{path.name} can be read by others")
            attempts = document["attempts"]
            if document["state"] == "submitting" and attempts and attempts[-1]["key"] == key:
                found = True
        if not found:
            self.broken.append(f"POST {key} came before its intent was on disk")

    # The behaviour --------------------------------------------------------------------------

    def video(self, video_id: str) -> dict[str, Any] | None:
        """A video by its id."""
        with self.mutex:
            return next((video for video in self.videos if video["id"] == video_id), None)

    def look(self, video_id: str) -> Mapping[str, Any] | None:
        """The video as a poll or a list shows it: completed after some looks."""
        video = self.video(video_id)
        if video is not None and video["status"] in {"queued", "in_progress"}:
            self._polls[video_id] += 1
            done = self._polls[video_id] >= self.looks
            video["status"] = "completed" if done else "in_progress"
            video["progress"] = 100 if done else 50
        return video


def _is_probe(request: Request) -> bool:
    """Whether this is a free question about the server, not about a job: it is not counted."""
    path, _, query = request.target.partition("?")
    if request.method != "GET":
        return False
    is_list = path == "/v1/videos" and "limit=1" in query.split("&")
    is_other = not path.startswith("/v1/videos") or path == "/v1/videos/models"
    return is_list or is_other or bool(_MADE_UP.search(path))


def _probed(call: Call) -> None:
    if call.request.target.startswith("/v1/videos?") and call.server.can_list:
        call.reply({"object": "list", "data": [], "has_more": False})
    elif _MADE_UP.search(call.request.target):
        _look(call)  # it has videos, though no list of them
    else:
        call.reply({"detail": "Method Not Allowed"}, 405)


def _look(call: Call) -> None:
    video = call.server.look(call.request.target.rpartition("/")[2])
    if video is None:
        call.reply({"error": {"message": "Video not found", "code": None}}, 404)
    else:
        call.reply(video, openai_poll_after_ms="1000")


def _content(call: Call) -> None:
    video = call.server.video(call.request.target.split("/")[-2])
    if video is None:
        call.reply({"error": {"message": "Video not found"}}, 404)
    else:
        call.reply(call.server.clip, content_type="video/mp4")


def _list(call: Call) -> None:
    if not call.server.can_list:
        call.reply({"detail": "Method Not Allowed"}, 405)
        return
    with call.server.mutex:
        ids = [video["id"] for video in reversed(call.server.videos)]
    videos = [call.server.look(video_id) for video_id in ids]
    call.reply({"object": "list", "data": videos, "has_more": False})


_MADE_UP = re.compile(r"/video_[0-9a-f]{32}$")
_WELL = frozenset({behave, _look, _content, _list})


def _request(head: bytes) -> Request:
    first, *rest = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in rest if line)
    return Request(method, target, {n.strip().lower(): v.strip() for n, _, v in pairs})
