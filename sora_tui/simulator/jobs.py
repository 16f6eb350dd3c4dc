"""The simulator's jobs: their records on disk, the queue, and how they progress over time.

One clip is rendered at a time. At speed 1 a job waits a second in the queue and takes about eight
more for four seconds of video; the clip itself is drawn meanwhile in a thread.

A folder holds `<id>.json` (the record), `<id>.reference` (the picture as it arrived) and the files
of `VARIANTS`; `<id>.character` is the record of a character. After a restart on the same folder,
unfinished durable jobs go on. A running job that is deleted stops at its next frame.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import threading
import time
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, Literal

from sora_tui.media.practice.render import ClipPlan
from sora_tui.simulator.parameters import CreateRequest
from sora_tui.simulator.render import VARIANTS, render_files
from sora_tui.simulator.triggers import FAILURES

Status = Literal["queued", "in_progress", "completed", "failed"]

#: How long a finished clip can be fetched, in seconds, as at OpenAI.
EXPIRY_SECONDS: Final = 3600

#: How long a clip of the trigger `expires` can be fetched, at speed 1.
_SOON_SECONDS: Final = 60.0

_QUEUE_SECONDS: Final = 1.0

#: Fields of a request that change the picture (`drawing_of`).
_DRAWING: Final = ("seed", "negative_prompt", "fps")


@dataclass
class Job:
    """One video job. Times are Unix seconds; `reference` says that a picture came with it."""

    id: str
    model: str
    prompt: str
    width: int
    height: int
    seconds: int
    created_at: float
    reference: bool = False
    status: Status = "queued"
    progress: int = 0
    started_at: float | None = None
    completed_at: float | None = None
    error_code: str | None = None
    error_message: str | None = None
    remixed_from: str | None = None
    trigger: str | None = None
    origin: str = ""
    kept_seconds: float = EXPIRY_SECONDS
    asked: dict[str, Any] = field(default_factory=dict)
    #: Fields of the record that a later version wrote; they are kept.
    later: dict[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> str:
        """Width x height, in pixels."""
        return f"{self.width}x{self.height}"

    @property
    def finished(self) -> bool:
        """Whether the job is completed or failed."""
        return self.status in ("completed", "failed")

    @property
    def expires_at(self) -> float | None:
        """When the clip is deleted, in seconds since 1970; None while there is none."""
        return None if self.completed_at is None else self.completed_at + self.kept_seconds

    @property
    def expired(self) -> bool:
        """Whether the clip has been deleted by now."""
        return self.expires_at is not None and self.expires_at < time.time()

    def as_created(self) -> Job:
        """Return the job as it was created: the answer of a replica that is out of date."""
        return replace(self, status="queued", progress=0, completed_at=None, error_code=None)

    def resource(self) -> dict[str, Any]:
        """Return the VideoResource of the spec, with all of its thirteen fields."""
        error = {"code": self.error_code, "message": self.error_message}
        return {
            "id": self.id,
            "object": "video",
            "model": self.model,
            "status": self.status,
            "progress": self.progress,
            "created_at": int(self.created_at),
            "completed_at": self.completed_at and int(self.completed_at),
            "expires_at": self.expires_at and int(self.expires_at),
            "prompt": self.prompt,
            "size": self.size,
            "seconds": str(self.seconds),
            "remixed_from_video_id": self.remixed_from,
            "error": error if self.error_code else None,
        }


class Jobs:
    """All jobs of one folder, oldest first, and the worker that moves them (`run`).

    `durable` jobs survive the process; others are lost with it, and their files are left behind.
    """

    def __init__(self, folder: Path, speed: float, *, durable: bool = True) -> None:
        self._folder = folder
        self._speed = speed
        self._durable = durable
        for part in folder.glob("*.part"):  # left by a process that was killed
            part.unlink(missing_ok=True)
        records = folder.glob("*.json") if durable else ()
        jobs = [job for path in records if (job := _loaded(path)) is not None]
        self._jobs = {job.id: job for job in sorted(jobs, key=lambda job: job.created_at)}
        self._wake = asyncio.Event()
        self._stopped = threading.Event()
        self._rendered = 0.0
        self._drop_expired()

    @property
    def poll_after_ms(self) -> int:
        """How long a client should wait before it asks again."""
        return max(20, round(750 / self._speed))

    @property
    def busy(self) -> int:
        """How many jobs are unfinished."""
        return sum(not job.finished for job in self._jobs.values())

    def create(
        self,
        job_id: str,
        wanted: CreateRequest,
        *,
        trigger: str | None = None,
        remixed_from: str | None = None,
        origin: str = "",
    ) -> Job:
        """Put a job in the queue; a durable one is on disk when this returns.

        `origin` is where the client reaches this server, for answers with whole addresses.
        """
        soon = trigger == "expires"
        job = Job(
            id=job_id,
            model=wanted.model,
            prompt=wanted.prompt,
            width=wanted.width,
            height=wanted.height,
            seconds=wanted.seconds,
            created_at=time.time(),
            reference=wanted.reference is not None,
            remixed_from=remixed_from,
            trigger=trigger,
            origin=origin,
            kept_seconds=_SOON_SECONDS / self._speed if soon else EXPIRY_SECONDS,
            asked=wanted.asked,
        )
        if wanted.reference is not None:
            self._path(job, ".reference").write_bytes(wanted.reference)
        self._jobs[job.id] = job
        self._save(job)
        self._wake.set()
        return job

    def get(self, job_id: str) -> Job | None:
        """Return the job of this id, if there is one."""
        return self._jobs.get(job_id)

    def listed(self, newest_first: bool) -> list[Job]:
        """Return every job, in the order of the list."""
        jobs = list(self._jobs.values())
        return jobs[::-1] if newest_first else jobs

    def delete(self, job: Job) -> None:
        """Delete a job and its files; a running one stops."""
        del self._jobs[job.id]
        self._unlink(job)

    def _unlink(self, job: Job) -> None:
        for suffix in (".json", ".reference", *(variant.suffix for variant in VARIANTS.values())):
            self._path(job, suffix).unlink(missing_ok=True)

    def content(self, job: Job, variant: str) -> Path | None:
        """Return the file of a completed job, or None when it has expired."""
        path = self._path(job, VARIANTS[variant].suffix)
        return path if path.exists() and not job.expired else None

    async def run(self) -> None:
        """Work through the queue without end; cancelling stops a rendering at its next frame."""
        try:
            while True:
                job = next((job for job in self._jobs.values() if not job.finished), None)
                if job is None:
                    self._wake.clear()
                    await self._wake.wait()
                else:
                    await self._work(job)
                    self._drop_expired()
        finally:
            self._stopped.set()

    async def _work(self, job: Job) -> None:
        now = time.time()
        if job.started_at is None:
            queued_until = job.created_at + _QUEUE_SECONDS / self._speed
            await asyncio.sleep(min(_QUEUE_SECONDS, queued_until - now))  # clocks may be set back
            job.started_at = now = time.time()
        if not self._known(job):
            return
        job.status = "in_progress"
        self._save(job)
        began = time.monotonic() - max(0.0, now - job.started_at)
        due = (5 + 0.75 * job.seconds) / self._speed * (10 if job.trigger == "slow" else 1)
        if job.trigger in FAILURES:
            await self._progress(job, began, due, until=0.7)
            job.error_code, job.error_message = FAILURES[job.trigger]
        elif job.trigger == "forgotten":
            await self._progress(job, began, due, until=0.5)
            if self._known(job):
                self.delete(job)
        else:
            self._rendered = 0.0
            rendering = asyncio.create_task(asyncio.to_thread(self._render, job))
            await self._progress(job, began, due, rendering=rendering)
            try:
                await rendering
            except Exception:
                if self._known(job):
                    logging.getLogger(__name__).exception("rendering %s failed", job.id)
                    job.error_code, job.error_message = FAILURES["fails"]
        if not self._known(job):
            self._unlink(job)
            return
        if job.error_code:
            job.status = "failed"
        else:
            job.status, job.progress, job.completed_at = "completed", 100, time.time()
        self._save(job)

    async def _progress(
        self,
        job: Job,
        began: float,
        due: float,
        *,
        until: float = 1.0,
        rendering: asyncio.Task[None] | None = None,
    ) -> None:
        """Raise `job.progress` unevenly, until the share of the time and the clip are reached.

        It is never ahead of the rendering, and never goes back after a restart.
        """
        pace = random.Random(job.id)  # noqa: S311 - repeatable on purpose
        knots = [0.0, *accumulate(pace.uniform(0.2, 1.8) for _ in range(8))]
        while True:
            if not self._known(job) and (rendering is None or rendering.done()):
                return
            share = (time.monotonic() - began) / due
            ends = share >= until and (rendering is None or rendering.done())
            # A machine that stalls must not end a job of 70 % at 0 %: the last step counts too.
            share = min(share, until if rendering is None else self._rendered)
            step, within = divmod(min(share, 0.999) * 8, 1)
            knot = knots[int(step)] + within * (knots[int(step) + 1] - knots[int(step)])
            progress = max(job.progress, int(99 * knot / knots[-1]))
            noteworthy = progress // 10 > job.progress // 10
            job.progress = progress
            if ends:
                return
            if noteworthy:
                self._save(job)
            await asyncio.sleep(min(0.1, due / 40))

    def _render(self, job: Job) -> None:
        reference = self._path(job, ".reference").read_bytes() if job.reference else None
        drawing = {name: job.asked[name] for name in _DRAWING if name in job.asked}
        plan = ClipPlan(
            job.prompt, job.width, job.height, job.seconds, job.id, reference, **drawing
        )

        def on_frame(share: float) -> None:
            if self._stopped.is_set() or not self._known(job):
                raise InterruptedError("the simulator ends, or the job was dropped")
            self._rendered = share

        render_files(plan, self._path(job, ""), on_frame)

    def _known(self, job: Job) -> bool:
        return self._jobs.get(job.id) is job

    def _path(self, job: Job, suffix: str) -> Path:
        return self._folder / f"{job.id}{suffix}"

    def _save(self, job: Job) -> None:
        if not (self._durable and self._known(job)):
            return
        part = self._path(job, f".json.{os.getpid()}.part")
        record = asdict(job)
        part.write_text(json.dumps({**record.pop("later"), **record}), encoding="utf-8")
        part.replace(self._path(job, ".json"))

    def _drop_expired(self) -> None:
        for job in [job for job in self._jobs.values() if job.expired]:
            for variant in VARIANTS.values():
                self._path(job, variant.suffix).unlink(missing_ok=True)


def _loaded(path: Path) -> Job | None:
    """Return the job of a record, or None if it is none: then it is left alone.

    A later version may have written more fields than this one knows.
    """
    known = {each.name for each in fields(Job)} - {"later"}
    try:
        record = json.loads(path.read_bytes())
        later = {name: value for name, value in record.items() if name not in known}
        own = {name: value for name, value in record.items() if name in known}
        return Job(**own, later=later)
    except (ValueError, TypeError, AttributeError):
        return None
