"""Downloads a clip from an address that comes with another status than "completed", and checks it.

A server may call a job failed, or report an unknown status, and give the clip's address all the
same. The file there is taken only if it is a whole clip, and not one that we sent ourselves.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from sora_tui.client.server_error import ServerError
from sora_tui.core.clip_addresses import strings_in
from sora_tui.core.job import Job, Output
from sora_tui.core.problem import ProblemError
from sora_tui.core.remote_video import Phase, RemoteVideo
from sora_tui.core.server import Server
from sora_tui.engine.active_jobs import ActiveJobs, utc_now
from sora_tui.engine.clip_files import PartSink, published
from sora_tui.engine.downloads import MAX_BYTES
from sora_tui.engine.threads import in_daemon_thread
from sora_tui.media.clip_probe import probe_clip
from sora_tui.workspace.atomic import disk_refusals
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.outputs import PartFile

#: Kinds that are known to be videos; of other kinds only the bytes are known.
_CLIPS: Final = frozenset({".mp4", ".mov", ".webm", ".mkv", ".avi"})
#: Seconds between two downloads for one job, doubled each time.
_AGAIN: Final = 10.0
_AGAIN_MOST: Final = 300.0
#: How often addresses beside a final word are tried while the connection breaks.
_TRIES: Final = 3


class AddressResult(StrEnum):
    """What follows for the status that came with the addresses."""

    SAVED = "saved"
    TRY_AGAIN = "look again"
    NO_CLIP = "no clip"


class _Found(NamedTuple):
    sha256: str = ""
    output: Output | None = None
    interrupted: bool = False


@dataclass(slots=True)
class _Attempts:
    count: int = 0
    again: float = 0.0
    sha256: str = ""


class AddressDownloads:
    """The downloads from addresses of one server's jobs."""

    def __init__(self, active_jobs: ActiveJobs, folder: Folder) -> None:
        self._active_jobs = active_jobs
        self._folder = folder
        self._attempts: dict[str, _Attempts] = {}
        #: Jobs with such a download running: other news about them can wait.
        self.busy: set[str] = set()

    async def bring_home(self, server: Server, job: Job, video: RemoteVideo) -> AddressResult:
        """Save the clip at the addresses beside this status, if there is one.

        Beside a final word a whole clip is taken as it is. Beside an unknown status it may be a
        preview that grows: it is taken when the same bytes came twice.

        Args:
            server: The profile with the job's cookies.
            job: The job, as its document has it.
            video: The server's latest answer about the job, with the addresses.

        Raises:
            ProblemError: The disk refuses it.
        """
        looks = self._attempts.setdefault(job.id, _Attempts())
        now = asyncio.get_running_loop().time()
        is_ending = video.phase.is_final_without_clip
        if not is_ending and now < looks.again:
            return AddressResult.NO_CLIP
        self.busy.add(job.id)
        try:
            found = await self._attempt(server, job, video, None if is_ending else looks.sha256)
        finally:
            self.busy.discard(job.id)
        looks.count, looks.sha256 = looks.count + 1, found.sha256
        looks.again = now + min(_AGAIN * 2.0 ** min(looks.count - 1, 10), _AGAIN_MOST)
        current = self._active_jobs.jobs.get(job.id)
        if found.output is not None and current is not None:
            at = utc_now()
            made = current.progressed(at, video._replace(phase=Phase.COMPLETED))
            self._active_jobs.put(made.downloading(at).saved(at, (found.output,)))
            return AddressResult.SAVED
        if is_ending and found.interrupted and looks.count < _TRIES:
            return AddressResult.TRY_AGAIN
        return AddressResult.NO_CLIP

    async def _attempt(
        self, server: Server, job: Job, video: RemoteVideo, before: str | None
    ) -> _Found:
        sent = _sent(self._active_jobs, job)
        stop = threading.Event()

        def fetch() -> _Found:
            # The part is opened and closed in this thread alone, as in `downloads`.
            part = PartFile(self._folder, job.id)
            try:
                return _fetched(part, self._folder, server, job, video.urls, before, sent, stop)
            finally:
                part.discard()

        try:
            return await in_daemon_thread(fetch, f"address of {job.id}")
        except asyncio.CancelledError:
            stop.set()
            raise


def _fetched(
    part: PartFile,
    folder: Folder,
    server: Server,
    job: Job,
    urls: Sequence[str],
    before: str | None,
    sent: frozenset[str],
    stop: threading.Event,
) -> _Found:
    """Return what is there; a clip is published if its SHA-256 is `before`, any if that is None."""
    from sora_tui.client.download import download_video_from_api  # brings httpx

    try:
        download_video_from_api(
            server,
            job.remote_id or "",
            PartSink(part, lambda size: None),
            addresses=urls,
            sent=strings_in(job.request.params),
            on_body=lambda body: None,
            stop=stop,
            limit=MAX_BYTES,
        )
    except ServerError as failure:
        return _Found(interrupted=failure.error.kind == "download_interrupted")
    part.sync_and_close()
    with disk_refusals(part.path):  # the person may have removed the folder meanwhile
        inspected = probe_clip(part.path)
    is_whole = inspected.suffix in _CLIPS and inspected.warning in {
        None,
        "not_checked",
        "trailing_bytes",
    }
    if not is_whole or part.sha256 in sent:
        return _Found()
    if before is not None and before != part.sha256:
        return _Found(part.sha256)
    return _Found(part.sha256, published(part, folder, job, keeps=True))


def _sent(active_jobs: ActiveJobs, job: Job) -> frozenset[str]:
    """Return the SHA-256 of what the job started from: a server may show it beside its status."""
    request = job.request
    sent = {part.sha256 for part in (request.reference, request.source_file) if part is not None}
    if request.source_job is not None:
        try:
            source = active_jobs.history.load(request.source_job)
        except ProblemError:
            return frozenset(sent)
        sent |= {output.sha256 for output in source.outputs}
    return frozenset(sent)
