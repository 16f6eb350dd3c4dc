"""Access to the sockets under the answers: ASGI can neither break a connection nor slow it down."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_TRANSPORT: Final = "sora_tui.transport"


class Connections:
    """The open connections of one server by the client's address."""

    def __init__(self) -> None:
        self._open: dict[Any, asyncio.Transport] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """Return uvicorn's own protocol, which also reports connections that open or close."""
        wires = self._open

        class Recorded(H11Protocol):
            def connection_made(  # type: ignore[override]  # as uvicorn does
                self, transport: asyncio.Transport
            ) -> None:
                super().connection_made(transport)
                self._address = transport.get_extra_info("peername")[:2]
                # asyncio does this only for sockets that name their protocol; without it every
                # answer waits 40 ms for an acknowledgement between its head and its body.
                line = transport.get_extra_info("socket")
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                wires[self._address] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                wires.pop(self._address, None)
                super().connection_lost(exc)

        return Recorded

    def under(self, app: ASGIApp) -> ASGIApp:
        """Return the same app with its connections known, as `close`, `reset` and `hang` need."""

        async def wired(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                # A client may have disconnected before its request is handled.
                scope[_TRANSPORT] = self._open.get(tuple(scope["client"]))
            await app(scope, receive, send)

        return wired


async def close(scope: Scope, receive: Receive) -> None:
    """Send what is written, then end the connection as a server that is shut down does."""
    transport: asyncio.Transport | None = scope[_TRANSPORT]
    if transport is not None:
        transport.close()
    await hang(scope, receive)


async def reset(scope: Scope, receive: Receive) -> None:
    """Send what is written, then RST, as a server that crashes does."""
    transport: asyncio.Transport | None = scope[_TRANSPORT]
    if transport is not None:
        while transport.get_write_buffer_size() and not transport.is_closing():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.02)  # what the kernel still holds is lost with the reset
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    await hang(scope, receive)


async def hang(scope: Scope, receive: Receive) -> None:
    """Send nothing more until one side ends the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


def gone(scope: Scope) -> bool:
    """Return whether the client has disconnected."""
    transport: asyncio.Transport | None = scope[_TRANSPORT]
    return transport is None or transport.is_closing()
