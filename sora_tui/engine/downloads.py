"""Fetches clips: earliest expiry first, three at once, checked before they are published.

Only the server's answers end a clip, never a clock of ours: a definite word twice (410, "expired"),
or denials over ten minutes. If a check of ours refuses a clip, it is asked for once more; if the
same bytes come again, they are what the server has, and are kept with a warning.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sora_tui.client.server_error import ServerError
from sora_tui.core.clip_addresses import strings_in
from sora_tui.core.job import Job, JobError, Output, State
from sora_tui.core.problem import CODES, ProblemError
from sora_tui.core.server import Server
from sora_tui.engine.active_jobs import ActiveJobs, local_error, utc_now
from sora_tui.engine.clip_files import (
    DamagedError,
    PartSink,
    clip_numbers,
    knows_its_end,
    published,
    variant_of,
)
from sora_tui.engine.events import Retry, Transfer
from sora_tui.engine.threads import in_daemon_thread
from sora_tui.media.clip_probe import probe_clip
from sora_tui.workspace.atomic import disk_refusals
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.outputs import PartFile

if TYPE_CHECKING:
    from sora_tui.client.download import ClipBody  # brings httpx

WORKERS: Final = 3
#: A clip of 20 s at 1080p has some 60 MB; more than this is an endless body of a faulty server.
MAX_BYTES: Final = 2 * 1024**3
#: A completed job whose content is missing: servers may be late, but not for ever. The clip is
#: given up after this many denials over this many seconds.
MAX_MISSES: Final = 6
MISS_TIME: Final = 600.0
#: Seconds after each denial; the last one repeats.
_MISS_WAITS: Final = (2.0, 8.0, 30.0, 80.0, 180.0, 300.0)
#: One answer never ends a clip, whatever it says: a second one does, this many seconds later.
_ENOUGH_ENDS: Final = 2
_END_AGAIN: Final = 5.0
#: Tries with doubling waits; after them, one every five minutes.
_EAGER_TRIES: Final = 6
_SLOW: Final = 300.0
_DISK_WAIT: Final = 30.0
#: A damaged clip may still be being written: the second try comes after this many seconds.
_DAMAGED_AGAIN: Final = 10.0
#: After this many equal copies that are shorter than the server says, they are what it has.
_SAME_SHORT: Final = 3
_PUBLISHED_EVERY: Final = 0.2
_DEFINITE: Final = frozenset({"download_refused", "download_too_large", "remote_expired"})
#: Refusals after which a clip behind the first one is given up: many servers give only one.
_EXTRA_TRIES: Final = 3
#: Different copies from a server that reports no length, after which the next one is kept if the
#: check finds nothing wrong with it.
_MAX_COPIES: Final = 4

Connect = Callable[[Job], Awaitable[Server]]


@dataclass(slots=True)
class _Tries:
    """What is kept of a job between its tries.

    Attributes:
        failures: Tries in a row without progress.
        misses: Denials in a row, the first of them at `missed_at` (loop time).
        ends: Answers that the clip is no longer kept.
        part: The file with what came before the connection broke, to be resumed.
        body: What the server said of it.
        copies: SHA-256 of copies that came completely and were not kept.
        doubtful: The last of these, which is kept if the server has no other.
        refused: Refusals of a clip behind the first one.
        short: SHA-256 of the last part that was too short, and how often it came in a row.
        lacks: Clips behind the first one that this server gives no way to fetch.
    """

    failures: int = 0
    misses: int = 0
    missed_at: float = 0.0
    ends: int = 0
    part: Path | None = None
    kept: int = 0
    body: ClipBody | None = None
    copies: list[str] = field(default_factory=list)
    doubtful: Path | None = None
    refused: int = 0
    short: tuple[str, int] = ("", 0)
    lacks: set[int] = field(default_factory=set)

    def keep(self, part: PartFile, kind: str) -> None:
        """Keep the part of a broken transfer, if the rest can be asked for."""
        can_go_on = self.body is not None and self.body.validator is not None
        if not can_go_on or not part.bytes or kind == "download_too_large":
            self.body, self.kept = None, 0
            return
        self.part = part.path
        if part.bytes > self.kept:
            self.failures = self.misses = 0  # a connection that always breaks still gets there
        self.kept = part.bytes

    def doubt(self, part: PartFile) -> None:
        """Keep a copy that came completely and was refused, until there is a better one or none."""
        self.copies = [*self.copies[-_MAX_COPIES:], part.sha256]
        if self.doubtful is not None:
            self.doubtful.unlink(missing_ok=True)
        self.doubtful, self.body, self.kept = part.path, None, 0

    def forget_output(self) -> None:
        """Begin with another clip of the job."""
        self.failures = self.misses = self.refused = self.kept = self.ends = 0
        self.discard()

    def discard(self) -> None:
        """Remove its files."""
        for path in (self.part, self.doubtful):
            if path is not None:
                path.unlink(missing_ok=True)
        self.part = self.doubtful = self.body = None
        self.copies.clear()
        self.short = ("", 0)


class Downloads:
    """The queue of completed jobs, and the workers that download them."""

    def __init__(
        self,
        active_jobs: ActiveJobs,
        folder: Folder,
        connect: Connect,
        on_saved: Callable[[Job], object],
    ) -> None:
        """Begin with an empty queue.

        Args:
            active_jobs: The jobs of this engine; writes their documents.
            folder: The workspace.
            connect: Opens a client for a server.
            on_saved: Called for each job that is saved.
        """
        self._on_saved = on_saved
        self._active_jobs = active_jobs
        self._folder = folder
        self._connect = connect
        self._waiting: dict[str, float] = {}  # job id -> loop time when it may start
        self._tries: dict[str, _Tries] = {}
        self._rests: dict[str, float] = {}  # origin -> loop time until which it wants no request
        self._changed = asyncio.Event()
        self._stop = threading.Event()
        self.at_work = 0

    def want(self, job: Job) -> None:
        """Put a completed job in the queue; one that is too large waits for a person."""
        if job.is_too_large:
            return
        self._waiting.setdefault(job.id, 0.0)
        self._changed.set()

    def stop(self) -> None:
        """End transfers at their next chunk."""
        self._stop.set()
        for job_id in self._waiting:  # the others remove theirs when they end
            if (tries := self._tries.get(job_id)) is not None:
                tries.discard()

    async def work(self) -> None:
        """Run one worker: download the job that expires first, without end."""
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
                # Not even the step back could be written; the job is still active.
                self._waiting[job.id] = asyncio.get_running_loop().time() + _DISK_WAIT
                wait = timedelta(seconds=_DISK_WAIT)
                self._active_jobs.report_blocked(job, error.problem, wait, durably=False)
            except Exception as error:  # noqa: BLE001 -- a fault of ours: reported; others go on
                self._waiting[job.id] = asyncio.get_running_loop().time() + _SLOW
                self._active_jobs.report_fault(job, error)
            finally:
                self.at_work -= 1

    def _next(self) -> Job | None:
        now = asyncio.get_running_loop().time()
        ready = [job for job, due in self._due() if due <= now]
        never = datetime.max.replace(tzinfo=UTC)
        return min(ready, key=lambda job: (job.expires_at or never, job.id), default=None)

    def _due(self) -> list[tuple[Job, float]]:
        """Return each waiting job, and when it may be asked for, in loop time."""
        waiting = (
            (self._active_jobs.jobs.get(job_id), due) for job_id, due in self._waiting.items()
        )
        return [
            (job, max(due, self._rests.get(job.server.origin, 0.0)))
            for job, due in waiting
            if job is not None
        ]

    async def _until_due(self) -> None:
        now = asyncio.get_running_loop().time()
        due = min((due for _, due in self._due()), default=None)
        # Not wait_for: before Python 3.12 it loses a cancellation that comes with the wake-up.
        with suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else max(due - now, 0.05)):
                await self._changed.wait()

    async def _fetch(self, job: Job) -> None:
        tries = self._tries.setdefault(job.id, _Tries())
        output: int | None = 0
        try:
            server = await self._connect(job)
            if job.state is State.COMPLETED:
                job = self._active_jobs.put(job.downloading(utc_now()))
            while (output := _next_output(server, job, tries)) is not None:
                one = await self._transfer(server, job, tries, output)
                tries.forget_output()
                if one is None:  # it does not count: under any number it gives the same clip
                    tries.lacks |= {
                        n
                        for n in clip_numbers(server, job)
                        if n >= output and not _addresses(job, n)
                    }
                    tries.lacks.add(output)
                    continue
                after = job.fetched(utc_now(), one)
                if _next_output(server, after, tries) is not None:
                    after = self._active_jobs.put(after)
                job = after
            self._save(job, tries)
        except ServerError as failure:
            await self._failed(job, tries, output or 0, failure.error, failure)
        except ProblemError as failure:
            await self._failed(job, tries, output or 0, local_error(failure.problem))
        except DamagedError as damage:
            error = JobError("clip_damaged", CODES["clip_damaged"], message=damage.reason)
            await self._failed(job, tries, output or 0, error)

    def _save(self, job: Job, tries: _Tries) -> None:
        """Record that every available clip is saved."""
        notes = [
            f"{each.variant} is kept though the check refused it: {each.warning}"
            for each in job.outputs
            if each.warning is not None
        ]
        if tries.lacks:
            notes.append(f"{len(tries.lacks)} more that this server gives no way to fetch")
        before = self._active_jobs.jobs.get(job.id, job)
        # The last clip is noted by the step itself.
        events = before.events if len(job.outputs) > len(before.outputs) else job.events
        job = replace(job, events=events).saved(
            utc_now(), job.outputs, "; ".join(notes), clips_missing=len(tries.lacks)
        )
        job = self._active_jobs.put(job)
        self._tries.pop(job.id, None)
        self._on_saved(job)

    async def _transfer(
        self, server: Server, job: Job, tries: _Tries, output: int
    ) -> Output | None:
        """Fetch one clip; return None for a clip that the job has already."""
        loop = asyncio.get_running_loop()
        told_at = 0.0

        def tell(received: int) -> None:
            nonlocal told_at
            now = loop.time()
            if now - told_at >= _PUBLISHED_EVERY:
                told_at = now
                transfer = Transfer(received, tries.body.total if tries.body else None)
                loop.call_soon_threadsafe(self._active_jobs.show_transfer, job, transfer)

        def learn(body: ClipBody) -> None:
            tries.body = body

        def bring_home() -> Output | None:
            # Opened and closed in this thread alone: a descriptor that another thread closes may
            # belong to a document a moment later.
            part = self._part(job, tries)
            try:
                return fetch(part)
            finally:
                part.close()
                if part.path not in {tries.part, tries.doubtful}:
                    part.discard()
                if self._stop.is_set():
                    tries.discard()

        def fetch(part: PartFile) -> Output | None:
            from sora_tui.client.download import download_video_from_api  # brings httpx

            try:
                body = download_video_from_api(
                    server,
                    job.remote_id or "",
                    PartSink(part, tell),
                    output=output,
                    addresses=_addresses(job, output),
                    sent=strings_in(job.request.params),
                    resume=tries.body if part.bytes else None,
                    on_body=learn,
                    stop=self._stop,
                    limit=MAX_BYTES,
                )
            except ServerError as failure:
                is_cut = failure.error.kind == "download_interrupted" and not self._stop.is_set()
                if is_cut and (whole := self._short(part, job, tries, output)) is not None:
                    return whole
                tries.keep(part, failure.error.kind)
                raise
            return self._judged(part, job, tries, output, has_end=body.has_end)

        return await in_daemon_thread(bring_home, f"download {job.id}")

    def _part(self, job: Job, tries: _Tries) -> PartFile:
        """Open the part of an earlier try, or a new one."""
        path, tries.part = tries.part, None
        if path is not None:
            try:
                return PartFile.reopened(self._folder, path)
            except FileNotFoundError:
                tries.body, tries.kept = None, 0
        return PartFile(self._folder, job.id)

    def _short(self, part: PartFile, job: Job, tries: _Tries, output: int) -> Output | None:
        """Publish a part that is shorter than the server says each time, if it is a whole clip."""
        total = tries.body.total if tries.body is not None else None
        if total is None or not 0 < part.bytes < total:
            return None
        digest = part.sha256
        before, times = tries.short
        tries.short = (digest, times + 1 if digest == before else 1)
        if tries.short[1] < _SAME_SHORT:
            return None
        part.sync_and_close()
        with disk_refusals(part.path):
            found = probe_clip(part.path)
        if found.warning is not None or not knows_its_end(found):
            return None
        return published(part, self._folder, job, output, doubt="length_differs")

    def _judged(
        self, part: PartFile, job: Job, tries: _Tries, output: int, *, has_end: bool
    ) -> Output | None:
        """Publish a clip that came, or have it asked for once more; blocks on the disk."""
        digest = part.sha256
        if output and any(each.sha256 == digest for each in job.outputs if each.is_clip):
            return None
        came_before = digest in tries.copies
        # Bytes after the clip that differ each time: more tries do not help.
        is_last = len(tries.copies) > _MAX_COPIES
        if not has_end and not came_before and len(tries.copies) < _MAX_COPIES:
            part.sync_and_close()
            tries.doubt(part)
            message = "no length was told: asked for once more"
            raise ServerError(
                JobError("download_interrupted", CODES["download_interrupted"], message=message)
            )
        try:
            return published(
                part,
                self._folder,
                job,
                output,
                keeps=came_before or is_last,
                doubt=None if has_end else "length_unknown",
            )
        except DamagedError:
            tries.doubt(part)
            raise

    async def _failed(  # noqa: C901, PLR0912 -- what follows from each kind of failure, in one place
        self,
        job: Job,
        tries: _Tries,
        output: int,
        error: JobError,
        failure: ServerError | None = None,
    ) -> None:
        now, loop = utc_now(), asyncio.get_running_loop()
        tries.failures += 1
        if failure is not None and failure.not_found:
            tries.missed_at = tries.missed_at if tries.misses else loop.time()
            tries.misses += 1
        if job.state is State.DOWNLOADING:
            job = self._active_jobs.put(job.interrupted(now, error))
            self._waiting.pop(job.id, None)  # the step put it there; it is not due yet
        if self._stop.is_set():
            tries.discard()
            return
        if error.kind == "remote_expired":
            tries.ends += 1
        is_over = tries.ends >= _ENOUGH_ENDS or (
            failure is not None
            and failure.not_found
            and tries.misses >= MAX_MISSES
            and loop.time() - tries.missed_at >= MISS_TIME
        )
        wait = _wait(error.kind, tries.failures)
        if output and error.kind in _DEFINITE:
            tries.refused += 1
            if is_over or tries.refused >= _EXTRA_TRIES or error.kind == "download_too_large":
                tries.forget_output()
                tries.lacks.add(output)
                wait = 0.0
        elif is_over:
            await self._end(job, tries, error)
            return
        elif error.kind == "download_too_large":
            tries.discard()
            self._tries.pop(job.id, None)
            return
        elif error.kind == "remote_expired":
            wait = _END_AGAIN
        elif failure is not None and failure.not_found:
            wait = _MISS_WAITS[min(tries.misses, len(_MISS_WAITS)) - 1]
        if failure is not None and failure.retry_after is not None:
            wait = max(wait, failure.retry_after)
            if error.status == 429:  # we are too fast, whichever clip it is
                self._rests[job.server.origin] = loop.time() + failure.retry_after
        self._waiting[job.id] = loop.time() + wait
        self._changed.set()
        until = now + timedelta(seconds=wait)
        why = str(error.status or error.kind)
        rests = loop.time() + wait <= self._rests.get(job.server.origin, 0.0)
        for other in (job, *(other for other, _ in self._due() if rests)):
            if other.server.origin == job.server.origin:
                count = self._tries.get(other.id, tries).failures
                self._active_jobs.show_retry(other, Retry(count, until, why, error.problem))

    async def _end(self, job: Job, tries: _Tries, error: JobError) -> None:
        """Give up a clip that is no longer available; a copy that came before is kept."""
        path, tries.doubtful = tries.doubtful, None
        if path is None:
            tries.discard()
            self._tries.pop(job.id, None)
            self._active_jobs.put(job.expired(utc_now(), error))
            return

        def keep() -> Output:
            part = PartFile.reopened(self._folder, path)
            try:
                return published(part, self._folder, job, keeps=True)
            finally:
                part.close()

        output = await in_daemon_thread(keep, f"publish {job.id}")
        tries.discard()
        job = self._active_jobs.put(job.downloading(utc_now()))
        self._save(replace(job, outputs=(*job.outputs, output)), tries)


def _next_output(server: Server, job: Job, tries: _Tries) -> int | None:
    """Return the first clip that is still to be fetched, from 0; None where there is none."""
    have = {output.variant for output in job.outputs}
    wanted = (
        n for n in clip_numbers(server, job) if n not in tries.lacks and variant_of(n) not in have
    )
    return next(wanted, None)


def _addresses(job: Job, output: int) -> list[str]:
    """Return the addresses at which a clip lies, as the server reported them."""
    if job.remote is None:
        return []
    return [address.text for address in job.remote.addresses if address.output == output]


def _wait(kind: str, failures: int) -> float:
    if kind == "disk_full":
        return _DISK_WAIT
    if kind == "clip_damaged" and failures <= _EAGER_TRIES:
        return min(_DAMAGED_AGAIN * 2.0 ** (failures - 1), 60.0)
    return _SLOW if failures > _EAGER_TRIES else min(2.0 ** (failures - 1), 60.0)
