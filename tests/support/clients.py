"""Profiles and clients for the tests of this room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sora_tui.client.download import ClipBody
from sora_tui.client.videos import VideosClient
from sora_tui.core.secret import Secret
from sora_tui.core.server import Server


def at(url: str, **changes: Any) -> Server:
    """A profile with a key."""
    return Server("lab", url, key=Secret("sk-secret"))._replace(**changes)


@asynccontextmanager
async def client_of(server: Server) -> AsyncIterator[VideosClient]:
    """A client that is closed at the end."""
    client = VideosClient(server)
    try:
        yield client
    finally:
        await client.aclose()


class Received:
    """What a download gave, and what it was told of each body."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)
        self.bodies: list[ClipBody] = []
        self.restarts = 0

    @property
    def size(self) -> int:
        return len(self.data)

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.data += chunk

    def restart(self) -> None:
        """Begin again."""
        self.restarts += 1
        self.data.clear()
