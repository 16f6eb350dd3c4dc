"""A relay before a server that loses the answer to the first paid request, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

#: Belong to one connection, not to the message (RFC 9110, 7.6.1).
_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "host"}


class _Relay(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.lost = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: _Relay

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        line = HTTPConnection(self.server.upstream, timeout=60)
        try:
            line.request(self.command, self.path, body, headers)
            answer = line.getresponse()
            said = answer.read()
        finally:
            line.close()
        if self.command == "POST" and not self.server.lost.is_set():
            self.server.lost.set()
            return  # HTTP/1.0: the connection closes, without a status line
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {*_HOP, "content-length"}:
                self.send_header(name, value)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_DELETE = _pass_on  # noqa: N815 -- the names http.server looks for

    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is its own."""


@contextmanager
def lose_first_answer(base_url: str) -> Iterator[str]:
    """The address of a relay before `base_url`, which is plain HTTP."""
    parts = urlsplit(base_url)
    with _Relay(parts.netloc) as relay:
        thread = threading.Thread(target=relay.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{relay.server_address[1]}{parts.path}"
        finally:
            relay.shutdown()
            thread.join()
