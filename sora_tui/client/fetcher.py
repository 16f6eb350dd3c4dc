"""GETs of a download: synchronous, for a worker thread, and cut short from another thread."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from sora_tui.client.content_coding import CodingError, Decoder
from sora_tui.client.httpx_compat import httpx, second_handle
from sora_tui.client.response import NoResponseError
from sora_tui.client.transport import (
    CALL_DEADLINE,
    CONNECT_TIMEOUT,
    FAULTS,
    classify_fault,
    client_options,
    fault_words,
    log_call,
    lower_names,
)
from sora_tui.core.server import Server, origin_of


class Incoming(NamedTuple):
    """An answer whose body is still being received.

    Attributes:
        headers: By lower-case name.
        chunks: The body, decompressed where it came compressed; raises NoResponseError where it
            breaks.
        received: Returns the bytes received so far.
    """

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]
    received: Callable[[], int]


class Fetcher:
    """The connections of one download. Belongs to one thread; `cut` may be called from another."""

    def __init__(self, server: Server) -> None:
        """Prepare the connections without opening any."""
        self._server = server
        #: By origin: each may need another proxy, or none.
        self._clients: dict[str, httpx.Client] = {}
        self._line: socket.socket | None = None

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()
        self._hold(None)

    def cut(self) -> None:
        """End the running transfer: its thread wakes from any wait."""
        if self._line is not None:
            with contextlib.suppress(OSError):  # it ended by itself
                self._line.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def get(
        self,
        url: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[Incoming]:
        """Yield the answer to one GET; redirects are returned as they are.

        Args:
            url: The absolute address.
            query: Parameters to add to the address.
            headers: Headers with which a part is asked for.

        Raises:
            NotSentError, NoResponseError: There is no answer.
            ProblemError: As `Wire`.
        """
        began = time.monotonic()
        client = self._client_for(url)
        try:
            request = client.build_request(
                "GET",
                url,
                params=query or None,
                headers=dict(headers or {}),
                extensions={"trace": self._trace},
            )
            response = client.send(request, stream=True)
        except FAULTS as fault:
            raise classify_fault(fault) from fault
        told = lower_names(response.headers)
        try:
            yield Incoming(
                response.status_code,
                told,
                _chunks(response, Decoder(told.get("content-encoding", ""))),
                lambda: response.num_bytes_downloaded,
            )
        finally:
            response.close()
            size = response.num_bytes_downloaded
            log_call(request, response.status_code, began, size, told)

    def _client_for(self, url: str) -> httpx.Client:
        origin = origin_of(url)
        if origin not in self._clients:
            timeout = httpx.Timeout(CALL_DEADLINE, connect=CONNECT_TIMEOUT)
            self._clients[origin] = httpx.Client(
                **client_options(self._server, url), timeout=timeout
            )
        return self._clients[origin]

    def _trace(self, event: str, facts: Mapping[str, Any]) -> None:
        line = second_handle(event, facts)
        if line is not None:
            self._hold(line)

    def _hold(self, line: socket.socket | None) -> None:
        earlier, self._line = self._line, line
        if earlier is not None:
            earlier.close()


def _chunks(response: httpx.Response, decoder: Decoder) -> Iterator[bytes]:
    try:
        if decoder.unreadable:
            return
        for chunk in response.iter_raw():
            yield from decoder.pieces(chunk)
        if not decoder.is_whole:
            raise NoResponseError("the compressed answer is cut off")
    except CodingError as fault:
        raise NoResponseError(str(fault)) from fault
    except FAULTS as fault:
        raise NoResponseError(fault_words(fault)) from fault
