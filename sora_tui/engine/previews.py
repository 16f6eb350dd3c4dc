"""Fetches what a server made of a clip that is saved: its thumbnail, then its spritesheet.

They were not paid for: each is asked for once, one job after another, after the clip is saved, and
only where the server is known to have them. A failure is noted in the log, and the screen makes
its own pictures.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Final

from sora_tui.client.server_error import ServerError
from sora_tui.core.job import Job, Output, State
from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.core.reference_fit import MAX_PIXELS
from sora_tui.core.server import Server
from sora_tui.core.sniff import sniff
from sora_tui.engine.active_jobs import ActiveJobs, utc_now
from sora_tui.engine.capabilities import SURELY_NO_ROUTE, Capabilities
from sora_tui.engine.threads import in_daemon_thread
from sora_tui.media.image_header import HEADER_BYTES, inspect_header
from sora_tui.workspace.capability_cache import CapabilityCache
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.outputs import PartFile, output_name

VARIANTS: Final = ("thumbnail", "spritesheet")
#: The size in bytes of a sheet of frames in full size as PNG.
MAX_BYTES: Final = 16 * 2**20
#: Enough of a body to distinguish a picture from a clip.
_HEAD: Final = 16
_SUFFIX: Final = {"webp": ".webp", "jpeg": ".jpg", "png": ".png"}
#: Answers that are about this moment, or about the key, and not about the variant.
_PASSING: Final = frozenset({401, 403, 408, 425, 429})

_log = logging.getLogger("sora_tui.engine")


class Previews:
    """The jobs whose pictures may exist, and the worker that fetches them."""

    def __init__(
        self,
        active_jobs: ActiveJobs,
        folder: Folder,
        cache: CapabilityCache,
        connect: Callable[[Job], Awaitable[Server]],
    ) -> None:
        self._active_jobs = active_jobs
        self._folder = folder
        self._cache = cache
        self._connect = connect
        self._wanted: asyncio.Queue[Job] = asyncio.Queue()
        self._stop = threading.Event()

    def want(self, job: Job) -> None:
        """Fetch the pictures of a saved job, if its server is known to have them."""
        profile = self._active_jobs.server_of(job)
        if profile is not None and Capabilities(profile, self._cache).can("thumbnail"):
            self._wanted.put_nowait(job)

    def stop(self) -> None:
        """End a transfer at its next chunk."""
        self._stop.set()

    async def work(self) -> None:
        """Run the worker: one job after another."""
        while True:
            job = await self._wanted.get()
            profile = self._active_jobs.server_of(job)
            for variant in VARIANTS:
                # Asked each time: the first job may have shown that there are none.
                if profile is None or not Capabilities(profile, self._cache).can("thumbnail"):
                    break
                try:
                    await self._fetch(job, variant)
                except ServerError as failure:
                    _log.info("%s of %s: %s", variant, job.id, failure.error.message)
                    if _is_lacking(failure):
                        Capabilities(profile, self._cache).record("thumbnail", False)
                except _NoPictureError:
                    _log.info("%s of %s: no picture came", variant, job.id)
                    Capabilities(profile, self._cache).record("thumbnail", False)
                except ProblemError as error:
                    _log.info("%s of %s: %s", variant, job.id, error)

    async def _fetch(self, job: Job, variant: str) -> None:
        server = await self._connect(job)
        output = await in_daemon_thread(
            lambda: self._bring_home(server, job, variant), f"{variant} {job.id}"
        )
        # As it is by now: a person may have written notes meanwhile, or deleted the record.
        current = self._active_jobs.history.load(job.id)
        if current.state is State.SAVED:
            self._active_jobs.put(current.with_preview(utc_now(), output))

    def _bring_home(self, server: Server, job: Job, variant: str) -> Output:
        from sora_tui.client.download import download_video_from_api  # brings httpx

        part = PartFile(self._folder, job.id)
        try:
            download_video_from_api(
                server,
                job.remote_id or "",
                _PictureSink(part),
                variant=variant,
                on_body=lambda _body: None,
                stop=self._stop,
                limit=MAX_BYTES,
            )
            return _published(part, self._folder, job, variant)
        finally:
            part.discard()


class _PictureSink:
    """The part of a picture; anything but a picture is refused by its first bytes."""

    def __init__(self, part: PartFile) -> None:
        self._part = part
        self._head = b""

    @property
    def size(self) -> int:
        return self._part.bytes

    def write(self, chunk: bytes) -> None:
        if len(self._head) < _HEAD:
            self._head += chunk
            # Some servers give the whole clip, whatever is asked for.
            if len(self._head) >= _HEAD and sniff(self._head) not in _SUFFIX:
                raise _NoPictureError
        self._part.write(chunk)

    def restart(self) -> None:
        self._head = b""
        self._part.restart()


class _NoPictureError(Exception):
    """Something other than a picture came."""


def _published(part: PartFile, folder: Folder, job: Job, variant: str) -> Output:
    """Check a picture that came by its header, and give it its name."""
    part.sync_and_close()
    facts = inspect_header(part.beginning(HEADER_BYTES))
    if facts is None or facts.format.lower() not in _SUFFIX:
        raise _NoPictureError
    if facts.width * facts.height > MAX_PIXELS:
        raise problem_error("reference_too_large", limit=MAX_PIXELS)
    path = part.publish(output_name(job, _SUFFIX[facts.format.lower()]))
    return Output(
        variant=variant,
        path=folder.relative(path),
        bytes=part.bytes,
        sha256=part.sha256,
        width=facts.width,
        height=facts.height,
    )


def _is_lacking(failure: ServerError) -> bool:
    """Return whether a refusal means that there are no such pictures, given that the clip came."""
    status = failure.error.status
    if status is None or status in _PASSING:
        return False
    return status in SURELY_NO_ROUTE or 400 <= status < 500
