"""The engine as the screen sees it. Imported for its types alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from sora_tui.core.job import Job
from sora_tui.core.remote_video import RemoteVideo
from sora_tui.core.server import Server
from sora_tui.engine.engine import Verb
from sora_tui.engine.events import EngineEvent
from sora_tui.engine.orders import JobMaker


class EngineApi(JobMaker, Protocol):
    """What the screen needs of the engine."""

    def start(self) -> None:
        """Begin; returns at once."""

    def stop(self, timeout: float = 2.5) -> bool:
        """Stop, and return whether everything is durable."""

    def subscribe(self, listener: Callable[[EngineEvent], None]) -> Callable[[], None]:
        """Call this with each change, in the engine's thread; the result ends it."""

    def command(self, job_id: str, verb: Verb, argument: str = "") -> None:
        """Ask for something to be done with a job; durable on return."""

    def use_servers(self, servers: Mapping[str, Server]) -> None:
        """Go on with other profiles."""

    def list_remote(self, name: str, pages: int | None = None) -> None:
        """Announce what a server has, as `RemoteListed`."""

    def adopt_remote(self, server: Server, videos: Iterable[RemoteVideo]) -> list[Job]:
        """Take in jobs that were made elsewhere; durable on return."""

    def pause_queue(self, paused: bool) -> None:
        """Stop sending pending jobs, or go on; durable on return."""
