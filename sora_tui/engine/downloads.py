"""Bringing clips home: earliest expiry first, three at once, checked before they are published."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sora_tui.client.server_error import ServerError
from sora_tui.core.job import Job, JobError, Output, State
from sora_tui.core.problem import Problem, ProblemError, problem_error
from sora_tui.core.server import Server
from sora_tui.engine.desk import Desk, utc_now
from sora_tui.engine.events import Retry, Transfer
from sora_tui.engine.threads import in_daemon_thread
from sora_tui.media.kinds import inspect_clip
from sora_tui.workspace.atomic import disk_refusals
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.outputs import PartFile, output_name

WORKERS: Final = 3
#: A clip of 20 s at 1080p has some 60 MB; this is a lying server's endless body.
MAX_BYTES: Final = 2 * 1024**3
#: A completed job whose content is not there: servers are late, but not for ever.
MAX_MISSES: Final = 6
#: Tries with doubling waits; after them, one every five minutes.
_EAGER_TRIES: Final = 6
_SLOW: Final = 300.0
_DISK_WAIT: Final = 30.0
_TOLD_EVERY: Final = 0.2

Connect = Callable[[Job], Awaitable[Server]]


@dataclass(slots=True)
class _Tries:
    failures: int = 0
    misses: int = 0


class Downloads:
    """The queue of completed jobs and the workers that empty it."""

    def __init__(
        self,
        desk: Desk,
        folder: Folder,
        connect: Connect,
        on_saved: Callable[[Job], object],
    ) -> None:
        """An empty queue.

        Args:
            on_saved: Hears of each clip that is safe.
        """
        self._on_saved = on_saved
        self._desk = desk
        self._folder = folder
        self._connect = connect
        self._waiting: dict[str, float] = {}  # job id -> loop time when it may start
        self._tries: dict[str, _Tries] = {}
        self._changed = asyncio.Event()
        self._stop = threading.Event()
        self.at_work = 0

    def want(self, job: Job) -> None:
        """Put a completed job in the queue."""
        self._waiting.setdefault(job.id, 0.0)
        self._changed.set()

    def stop(self) -> None:
        """Let transfers end at their next chunk."""
        self._stop.set()

    async def work(self) -> None:
        """One worker's life: the job that expires first, again and again."""
        while True:
            job = self._next()
            if job is None:
                self._changed.clear()
                await self._until_due()
                continue
            del self._waiting[job.id]
            self.at_work += 1
            try:
                await self._fetch(job)
            except ProblemError as error:
                # Not even the step back could be written; the desk still has the job.
                self._waiting[job.id] = asyncio.get_running_loop().time() + _DISK_WAIT
                wait = timedelta(seconds=_DISK_WAIT)
                self._desk.hold(job, error.problem, wait, durably=False)
            except Exception:
                # A fault of ours is reported by whoever runs us; the job must not be forgotten.
                self._waiting[job.id] = asyncio.get_running_loop().time() + _SLOW
                raise
            finally:
                self.at_work -= 1

    def _next(self) -> Job | None:
        now = asyncio.get_running_loop().time()
        ready = [
            job
            for job_id, due in self._waiting.items()
            if due <= now and (job := self._desk.jobs.get(job_id)) is not None
        ]
        never = datetime.max.replace(tzinfo=UTC)
        return min(ready, key=lambda job: (job.expires_at or never, job.id), default=None)

    async def _until_due(self) -> None:
        now = asyncio.get_running_loop().time()
        due = min(self._waiting.values(), default=None)
        # Not wait_for: before Python 3.12 it forgets a cancellation that comes with the waking.
        with suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else max(due - now, 0.05)):
                await self._changed.wait()

    async def _fetch(self, job: Job) -> None:
        try:
            server = await self._connect(job)
            if job.state is State.COMPLETED:
                job = self._desk.put(job.downloading(utc_now()))
            output = await self._transfer(server, job)
            job = self._desk.put(job.saved(utc_now(), (output,)))
            self._tries.pop(job.id, None)
            self._on_saved(job)
        except ServerError as failure:
            self._failed(job, failure.error, missing=failure.not_found)
        except ProblemError as failure:
            self._failed(job, _error_of(failure.problem), missing=False)

    async def _transfer(self, server: Server, job: Job) -> Output:
        loop = asyncio.get_running_loop()
        total: int | None = None
        received, told_at = 0, 0.0

        def learn_total(size: int | None) -> None:
            nonlocal total
            total = size

        def take(part: PartFile, chunk: bytes) -> None:
            nonlocal received, told_at
            part.write(chunk)
            received += len(chunk)
            now = loop.time()
            if now - told_at >= _TOLD_EVERY:
                told_at = now
                transfer = Transfer(received, total)
                loop.call_soon_threadsafe(self._desk.show_transfer, job, transfer)

        def bring_home() -> Output:
            # Opened and closed in this thread alone: a descriptor that another thread closes may
            # be a document's a moment later.
            part = PartFile(self._folder, job.id)
            try:
                return fetch(part)
            finally:
                part.discard()

        def fetch(part: PartFile) -> Output:
            from sora_tui.client.download import download_video_from_api  # brings httpx

            download_video_from_api(
                server,
                job.remote_id or "",
                lambda chunk: take(part, chunk),
                urls=job.remote.urls if job.remote else (),
                on_total=learn_total,
                stop=self._stop,
                limit=MAX_BYTES,
            )
            return published(part, self._folder, job)

        return await in_daemon_thread(bring_home, f"download {job.id}")

    def _failed(self, job: Job, error: JobError, *, missing: bool) -> None:
        now = utc_now()
        tries = self._tries.setdefault(job.id, _Tries())
        tries.failures += 1
        tries.misses += missing
        if job.state is State.DOWNLOADING:
            job = self._desk.put(job.interrupted(now, error))
        if self._stop.is_set():
            return
        too_late = job.expires_at is not None and now > job.expires_at
        if error.kind == "remote_expired" or (missing and (too_late or tries.misses >= MAX_MISSES)):
            self._desk.put(job.expired(now, error))
            return
        wait = _wait(error.kind, tries.failures)
        self._waiting[job.id] = asyncio.get_running_loop().time() + wait
        self._changed.set()
        until = now + timedelta(seconds=wait)
        why = str(error.status or error.kind)
        self._desk.show_retry(job, Retry(tries.failures, until, why, error.problem))


def published(part: PartFile, folder: Folder, job: Job) -> Output:
    """A clip that came whole, looked at and given its name; blocks on the disk.

    Raises:
        ProblemError: clip_damaged, or what the disk refuses.
    """
    part.sync_and_close()
    with disk_refusals(part.path):  # somebody may have removed the folder meanwhile
        facts, suffix = inspect_clip(part.path)
    if facts is not None and not facts.complete:  # a box that reaches to the end, wherever it came
        raise problem_error("clip_damaged", reason="cut_off")
    path = part.publish(output_name(job, suffix))
    output = Output(
        variant="video",
        path=path.relative_to(folder.root).as_posix(),
        bytes=part.bytes,
        sha256=part.sha256,
    )
    if facts is None:
        return output
    return output._replace(
        width=facts.width,
        height=facts.height,
        seconds=facts.seconds,
        fps=facts.fps,
        codec=facts.codec,
    )


def _wait(kind: str, failures: int) -> float:
    if kind == "disk_full":
        return _DISK_WAIT
    return _SLOW if failures > _EAGER_TRIES else min(2.0 ** (failures - 1), 60.0)


def _error_of(problem: Problem) -> JobError:
    reason = problem.facts.get("reason", "")
    return JobError(problem.code, problem.spent, message=str(reason))
