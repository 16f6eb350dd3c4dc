"""The way of what the engine says from its thread to the screen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from sora_tui.engine.events import (
    EngineChanged,
    EngineFault,
    JobChanged,
    JobRemoved,
    RecordsFound,
    RemoteListed,
)

if TYPE_CHECKING:
    from sora_tui.engine.events import EngineEvent
    from sora_tui.tui.context import Signals


class EngineEvents:
    """Collects events in the engine's thread, and publishes them in that of the screen.

    Of the events about one job, and of each other kind, only the newest is kept: a screen that is
    busy for a moment has no queue to work off.
    """

    def __init__(
        self, signals: Signals, call_soon: Callable[[Callable[[], object]], object]
    ) -> None:
        """Make an empty collection.

        Args:
            signals: Where the events are announced.
            call_soon: Has a call made in the thread of the screen, and does not wait for it. It
                raises RuntimeError once the screen has ended.
        """
        self._signals = signals
        self._call_soon = call_soon
        self._newest: dict[str, EngineEvent] = {}
        self._lock = threading.Lock()

    def put(self, event: EngineEvent) -> None:
        """Take an event, in any thread, without waiting for the screen."""
        match event:
            case JobChanged():
                key = event.job.id
            case JobRemoved():
                key = event.job_id
            case _:
                key = type(event).__name__
        with self._lock:
            is_first = not self._newest
            self._newest[key] = event
        if is_first:
            with suppress(RuntimeError):  # the screen has ended: nobody reads it any more
                self._call_soon(self._publish)

    def _publish(self) -> None:
        with self._lock:
            events, self._newest = list(self._newest.values()), {}
        signals = self._signals
        for event in events:
            match event:
                case EngineChanged():
                    signals.engine_changed.publish(event)
                case EngineFault():
                    signals.engine_failed.publish(event.problem)
                case RemoteListed():
                    signals.remote_listed.publish(event)
                case RecordsFound():
                    signals.records_found.publish(event.number)
        changed = [event for event in events if isinstance(event, JobChanged)]
        if changed:
            signals.jobs_changed.publish(changed)
        removed = frozenset(event.job_id for event in events if isinstance(event, JobRemoved))
        if removed:
            signals.jobs_removed.publish(removed)
