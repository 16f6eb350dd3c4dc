"""Serves one clip on a loopback port, for a browser at the other end of an SSH tunnel.

One file, opened before the first request and read by its descriptor: no path, no folder, no other
file can be asked for. The address has a random word in it, because other people's programs on this
machine reach the port as well. Imported at need: `http.server` is not for the first frame.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, BinaryIO, Final

#: Bytes that are read and sent at once.
_CHUNK: Final = 256 * 1024
#: Browsers open several connections; more than these are turned away.
_MOST_AT_ONCE: Final = 16
#: Seconds that a connection may be idle: a player that is paused reads no further.
_IDLE: Final = 3600.0
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
#: A name that a page elsewhere makes lead here is not one of these (DNS rebinding).
_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_TYPES: Final = {
    ".mp4": "video/mp4",
    ".avi": "video/x-msvideo",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
}


class ClipServer:
    """Serves the file from its making until `close`.

    Attributes:
        port: On 127.0.0.1.
        path: What follows the port in the address.
    """

    def __init__(self, file: BinaryIO, suffix: str) -> None:
        """Begin to serve.

        Args:
            file: Read by its descriptor alone, and closed by `close`.
            suffix: Of its name, e.g. `.mp4`.

        Raises:
            OSError: There is no port.
        """
        self._file = file
        self.path = f"/{secrets.token_urlsafe(12)}/clip{suffix}"
        self._server = _Server(file, self.path, _TYPES.get(suffix, "video/mp4"))
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="clip server", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """The address, the same at both ends of the tunnel."""
        return f"http://127.0.0.1:{self.port}{self.path}"

    def tunnel(self, here: str) -> str:
        """The command that opens the tunnel, to be typed on the person's own machine.

        Args:
            here: This machine and account as SSH on another machine names them.
        """
        return f"ssh -N -L {self.port}:127.0.0.1:{self.port} {here}"

    def close(self) -> None:
        """Serve no more: who is connected is cut off. Does nothing the second time."""
        if self._file.closed:
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    address_family = socket.AF_INET

    def __init__(self, file: BinaryIO, path: str, media_type: str) -> None:
        self._file, self.path, self.media_type = file, path, media_type
        self.size = os.fstat(file.fileno()).st_size
        self._connected: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        """As usual, but without asking the resolver for the name of this machine."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def descriptor(self) -> int:
        """Another one for the file, the caller's to close.

        Raises:
            ValueError: The file is closed.
        """
        with self._lock:
            return os.dup(self._file.fileno())

    def verify_request(self, request: Any, client_address: Any) -> bool:
        with self._lock:
            if len(self._connected) >= _MOST_AT_ONCE:
                return False
            self._connected.add(request)
        return True

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connected.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        with self._lock:
            for request in self._connected:
                try:
                    request.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # gone already
            self._file.close()
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks is no news, and the screen is no place for it."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sora-tui"
    sys_version = ""
    timeout = _IDLE
    server: _Server
    error_message_format = ""

    def do_GET(self) -> None:
        """The clip, or the part of it that is asked for."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """What a GET would say."""
        self._answer(with_body=False)

    def log_message(self, format: str, *args: Any) -> None:
        """The terminal is the screen's."""

    def _answer(self, *, with_body: bool) -> None:
        host = self.headers.get("Host", "").lower()
        name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
        is_ours = secrets.compare_digest(self.path.encode(), self.server.path.encode())
        if name not in _HOSTS or not is_ours:
            self.send_error(404)
            return
        size = self.server.size
        try:
            part, status = _part(self.headers.get("Range"), size), 206
        except ValueError:
            part, status = (0, size), 200
        if part is None:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start, end = part
        self.send_response(status)
        self.send_header("Content-Type", self.server.media_type)
        self.send_header("Content-Length", str(end - start))
        self.send_header("Accept-Ranges", "bytes")
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        if with_body:
            self._send(start, end)

    def _send(self, start: int, end: int) -> None:
        # A descriptor of its own: the file may be closed while this goes on, and its number may
        # be another file's a moment later.
        fd = self.server.descriptor()
        try:
            while start < end and (data := os.pread(fd, min(_CHUNK, end - start), start)):
                self.wfile.write(data)
                start += len(data)
        finally:
            os.close(fd)
        # Somebody may have cut the file shorter, and what was promised does not come.
        self.close_connection = start < end


def _part(wanted: str | None, size: int) -> tuple[int, int] | None:
    """Start and end (behind the last byte) of what a `Range` header asks for; None: nothing there.

    Raises:
        ValueError: It is not one range of bytes: then it counts as not said (RFC 9110, 14.2).
    """
    match = _RANGE.fullmatch(wanted.strip()) if wanted else None
    if match is None:
        raise ValueError("not one range of bytes")
    first, last = match.groups()
    if not first and not last:
        raise ValueError("a range without an end")
    if not first:  # the last so many
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            raise ValueError("a range that ends before it begins")
    return (start, end) if start < end else None
