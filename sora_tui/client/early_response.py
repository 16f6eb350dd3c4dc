"""A connection that reads while it still sends, so that an early refusal is received.

A proxy that finds an upload too large answers 413 at the first packet and resets. httpcore reads
only after it has written everything: by then the reset has discarded the answer, and a definite
refusal, free of charge, would look like a paid request whose answer was lost.
"""

# httpcore's interface hands a timeout down to each call.
# ruff: noqa: ASYNC109

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any, Final

import anyio
import httpcore

_CHUNK: Final = 64 * 1024
#: Bytes of `HTTP/1.1 413`: needed before a status can be read.
_STATUS_LENGTH: Final = 12
#: Longest round trip that is waited for, in seconds.
_LONGEST_ROUND_TRIP: Final = 1.0
_ENDED: Final = "the server ended the connection before the request"


class EarlyResponseBackend(httpcore.AsyncNetworkBackend):
    """Opens TCP connections of this kind, for asyncio."""

    def __init__(self) -> None:
        self._plain = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect as httpcore's own backend does."""
        stream = await self._plain.connect_tcp(host, port, timeout, local_address, socket_options)
        return _EarlyResponseStream(stream)

    async def sleep(self, seconds: float) -> None:
        """Sleep as httpcore's own backend does."""
        await self._plain.sleep(seconds)


class _EarlyResponseStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._listener: asyncio.Task[bytes] | None = None
        self._heard = b""
        self._wrote = False

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send, unless the server has already given its final answer.

        Raises:
            httpcore.WriteError: It has; httpcore then reads the answer.
            httpcore.ConnectError: The server ended the connection before the first byte was sent.
        """
        listener = self._listen()
        # One turn of the loop, so that data is read before a write can meet the reset after it:
        # asyncio then closes the socket, with bytes that were not read.
        await asyncio.sleep(0)
        if not self._wrote and listener.done() and not self._heard:
            fault = listener.exception()
            if fault is not None or not listener.result():
                raise httpcore.ConnectError(str(fault or "") or _ENDED) from fault
        self._wrote = True
        writer = asyncio.create_task(self._stream.write(buffer, timeout))
        try:
            while not writer.done():
                listener = self._listen()
                await asyncio.wait({writer, listener}, return_when=asyncio.FIRST_COMPLETED)
                if listener.done() and self._is_final(listener):
                    raise httpcore.WriteError("answered before the request was complete")
            await writer
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what was received while sending, then what comes."""
        if self._heard:
            heard, self._heard = self._heard, b""
            return heard
        if self._listener is None:
            return await self._stream.read(max_bytes, timeout)
        listener, self._listener = self._listener, None
        try:
            async with asyncio.timeout(timeout):
                return await listener
        except TimeoutError:
            raise httpcore.ReadTimeout from None

    async def aclose(self) -> None:
        """Close the connection, and stop reading."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Return the connection, encrypted.

        In TLS 1.3 our part of the handshake ends before the server has checked it. If the server
        refuses because it wants a certificate of ours, this comes a round trip later: that long is
        waited, so that no prompt follows and the outcome is certain.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        encrypted = _EarlyResponseStream(
            await self._stream.start_tls(ssl_context, server_hostname, timeout)
        )
        round_trip = min(loop.time() - began, _LONGEST_ROUND_TRIP)
        await asyncio.wait({encrypted._listen()}, timeout=round_trip)
        return encrypted

    def get_extra_info(self, info: str) -> Any:
        """Return what the stream below returns."""
        return self._stream.get_extra_info(info)

    def _listen(self) -> asyncio.Task[bytes]:
        if self._listener is None:
            self._listener = asyncio.create_task(self._next_bytes())
        return self._listener

    async def _next_bytes(self) -> bytes:
        try:
            return await self._stream.read(_CHUNK)
        except anyio.BusyResourceError as fault:  # TLS wanted to write while we were writing
            raise httpcore.ReadError(str(fault)) from fault

    def _is_final(self, listener: asyncio.Task[bytes]) -> bool:
        """Return whether to stop sending. `100 Continue` and similar answers mean to go on."""
        if listener.exception() is not None:
            return True
        said = self._heard + listener.result()
        goes_on = len(said) < _STATUS_LENGTH or said[9:10] == b"1"
        if listener.result() and goes_on:
            self._heard, self._listener = said, None
            return False
        return True
