"""What a face sees of an engine, for tests."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sora_tui.core.job import Consent, Job, State
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server, simulator
from sora_tui.engine.engine import Engine
from sora_tui.engine.events import EngineChanged, EngineEvent, JobChanged
from sora_tui.engine.quote import quote
from sora_tui.workspace.folder import Folder

KITE = VideoRequest(prompt="A kite over a grey sea", model="sora-2", seconds="1", size="320x180")


class Watcher:
    """Collects events and waits for the one that is wanted."""

    def __init__(self, engine: Engine) -> None:
        self._events: queue.Queue[EngineEvent] = queue.Queue()
        self.seen: list[EngineEvent] = []
        engine.subscribe(self._events.put)

    def wait_for(self, wanted: Callable[[EngineEvent], bool], timeout: float = 60) -> EngineEvent:
        end = time.monotonic() + timeout
        while True:
            event = self._events.get(timeout=max(end - time.monotonic(), 0.01))
            self.seen.append(event)
            if wanted(event):
                return event

    def wait_to_own(self) -> None:
        self.wait_for(lambda e: isinstance(e, EngineChanged) and e.owner)

    def wait_for_state(self, *states: State) -> Job:
        event = self.wait_for(lambda e: isinstance(e, JobChanged) and e.job.state in states)
        assert isinstance(event, JobChanged)
        return event.job

    def wait_for_job(self, job_id: str, wanted: Callable[[Job], bool]) -> Job:
        """Wait until one job is as wanted, or find that it was.

        Of several jobs under way, another one may be there first: what it told meanwhile counts.
        """

        def it(event: EngineEvent) -> bool:
            return isinstance(event, JobChanged) and event.job.id == job_id and wanted(event.job)

        event = next((e for e in self.seen if it(e)), None) or self.wait_for(it)
        assert isinstance(event, JobChanged)
        return event.job

    def wait_for_end(self, job_id: str) -> Job:
        return self.wait_for_job(job_id, lambda job: job.is_final)

    def wait_for_record_in_trash(self, folder: Folder, job_id: str, timeout: float = 20) -> None:
        until((folder.trash / f"{job_id}.json").exists, "record in the trash", timeout)


def until(true: Callable[[], bool], what: str, timeout: float = 60) -> None:
    """Wait for what no event tells."""
    end = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < end, f"no {what} in {timeout} s"
        time.sleep(0.02)


@contextmanager
def running(
    folder: Folder, server: Server | None = None, speed: float = 50
) -> Iterator[tuple[Engine, Watcher]]:
    chosen = server or simulator()
    engine = Engine(folder, {chosen.name: chosen}, simulator_speed=speed)
    watcher = Watcher(engine)
    engine.start()
    try:
        yield engine, watcher
    finally:
        assert engine.stop(timeout=10)


def order(engine: Engine, request: VideoRequest = KITE, server: Server | None = None) -> Job:
    chosen = server or simulator()
    price = quote(chosen, request)
    consent = Consent(price.kind.value, datetime.now(UTC), price.sum)
    return engine.submit(chosen, request, price, consent)[0]
