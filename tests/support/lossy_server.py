"""A server that makes the clip and loses the answer: what a dropped connection looks like."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class LossyServer(ThreadingHTTPServer):
    """Remembers every POST, creates a job for it, and hangs up `lose` times before it answers.

    Attributes:
        documents: Where the workspace's documents lie, to look for the intent when a POST comes.
        asked: The path of every GET.
        intents: For each POST, the states found on disk at that very moment.
        listless: Answers 405 when it is asked for its list.
        list_status: Answers with this when it is asked for its list.
        copies: Jobs that are made of one POST: another's, with the same wish, among them; none
            where the server says "later" and means it.
        working: The first job is made, and goes on until this is unset.
        words: What it says with `status`.
        tells_prompts: Its list has them.
        away: Answers every free question with 503.
        lists_after: Seconds after the first POST from when on its list shows anything.
    """

    daemon_threads = True

    def __init__(self, documents: Path, lose: int, status: int | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.documents = documents
        self.lose = lose
        self.status = status
        self.posts: list[dict[str, str]] = []
        self.intents: list[list[str]] = []
        self.videos: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.asked: list[str] = []
        self.retry_after: int | None = None
        self.words = "upstream went away"
        self.listless = False
        self.list_status: int | None = None
        self.copies = 1
        self.working = False
        self.tells_prompts = True
        self.lists_after = 0.0
        self.away = False

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LossyServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.posts.append(dict(self.headers))
        self.server.times.append(time.monotonic())
        states = [json.loads(p.read_text())["state"] for p in self.server.documents.glob("2*.json")]
        self.server.intents.append(states)
        lost = len(self.server.posts) <= self.server.lose
        if self.server.working:
            lost = bool(self.server.videos)
        for _ in range(self.server.copies if lost else max(self.server.copies, 1)):
            video = {
                **body,
                "id": f"video_{len(self.server.videos)}",
                "object": "video",
                "status": "failed",
                "created_at": int(time.time()),
                "error": {"code": "generation_error", "message": "no pixels here"},
            }
            if self.server.working:
                video |= {"status": "in_progress", "error": None}
            self.server.videos.insert(0, video)
        if lost:
            if self.server.status is None:
                self.close_connection = True
                return
            self._answer({"error": {"message": self.server.words}}, self.server.status)
            return
        self._answer(video)

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        name = self.path.partition("?")[0].rpartition("/")[2]
        found = next((video for video in self.server.videos if video["id"] == name), None)
        if self.server.away:
            self._answer({"error": {"message": "away"}}, 503)
        elif found is not None:
            self._answer(found)
        elif name != "videos":
            self._answer({"error": {"message": "no such video"}}, 404)
        elif self.server.listless:
            self._answer({"error": {"message": "no list here"}}, 405)
        elif self.server.list_status is not None:
            self._answer({"error": {"message": "not the list"}}, self.server.list_status)
        else:
            rows = [dict(video) for video in self.server.videos]
            if time.monotonic() - min(self.server.times, default=0.0) < self.server.lists_after:
                rows = []
            for row in rows if not self.server.tells_prompts else ():
                row.pop("prompt", None)
            self._answer({"object": "list", "data": rows, "has_more": False})

    def _answer(self, document: object, status: int = 200) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        if status in {429, 500, 503} and self.server.retry_after is not None:
            self.send_header("retry-after", str(self.server.retry_after))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def lossy_server(
    documents: Path, lose: int = 1, status: int | None = None
) -> Iterator[LossyServer]:
    server = LossyServer(documents, lose, status)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
