"""The clip that an operation starts from: of a job of this folder, or a file in it."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Final, NamedTuple

from sora_tui.core.digest import sha256_of
from sora_tui.core.job import Job
from sora_tui.core.problem import problem_error
from sora_tui.core.request import Operation, SourceFile, VideoRequest
from sora_tui.media.mp4 import ClipDamagedError, inspect_mp4
from sora_tui.workspace.find_file import existing
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History
from sora_tui.workspace.safe_open import safe_open

#: Largest source clip in bytes: it is held in memory while it is sent.
MAX_BYTES: Final = 200 * 1024 * 1024
#: Most files that are offered; an older one has to be named.
_LISTED: Final = 1000
#: Characters of an output's name that say when its job was made: `20261122-101530`.
_STAMP: Final = 15


class Source(NamedTuple):
    """A clip that something is made of.

    Attributes:
        job: The job that made it; None for a clip that came from elsewhere.
        file: What is sent along; None where the server has the clip and gets its id.
        size: `width x height` of the clip, where it is known.
        seconds: Its length, where it is known.
    """

    job: Job | None
    file: SourceFile | None = None
    size: str | None = None
    seconds: str | None = None

    def request(
        self, operation: Operation, prompt: str, *, model: str | None, seconds: str | None
    ) -> VideoRequest:
        """Return the request to make something of this clip.

        Model, size and length are those of the clip, because the price depends on them.

        Args:
            operation: What to make of the clip.
            prompt: The prompt of the new clip.
            model: Used where the clip does not say its own.
            seconds: How much longer an extension is to be; None: as long as the clip.
        """
        job = self.job
        made = operation != "character"
        model = (job.request.model if job else None) or model
        return VideoRequest(
            prompt=prompt,
            model=model,
            seconds=(seconds if operation == "extend" else None) or self.seconds if made else None,
            size=self.size if made else None,
            operation=operation,
            source_video=job.remote_id if job is not None and self.file is None else None,
            source_file=self.file,
            source_job=None if job is None else job.id,
        )


def find_source(folder: Folder, history: History, name: str, operation: Operation) -> Source:
    """Return the clip that a person names: a file in this folder, or else a job, as for `show`.

    A job's clip is named by its id at its server; only a character is always made of the file.

    Raises:
        ProblemError: job_unknown or job_ambiguous; step_illegal for a job whose clip was not made;
            source_missing, source_outside, source_not_clip or source_too_big.
    """
    places = (Path(name), folder.root / name, folder.output / name)
    file = next((found for place in places if (found := existing(place))), None) if name else None
    if file is not None and operation != "remix":
        return _of_file(folder, history, file)
    if operation != "remix" and Path(name).suffix.lower() == ".mp4":
        raise problem_error("source_missing", path=name)
    job = history.load(history.find(name))
    if not job.has_remote_clip:
        raise problem_error("step_illegal", job=job.id, state=job.state.value)
    if operation == "character":
        clip = next((output.path for output in job.outputs if output.variant == "video"), None)
        if clip is None:
            raise problem_error("source_missing", path=job.id)
        return _of_file(folder, history, folder.root / clip, job)
    remote, asked = job.remote, job.request
    return Source(
        job,
        size=(remote.size if remote else None) or asked.size,
        seconds=(remote.seconds if remote else None) or asked.seconds,
    )


def list_clips(folder: Folder) -> list[str]:
    """Return the MP4 files of the workspace, newest first, as `find_source` takes them. Blocks."""
    places = (folder.root, folder.output, folder.references)
    found = [path for place in places for path in place.glob("[!.]*.mp4") if path.is_file()]
    found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    return [folder.relative(path) for path in found[:_LISTED]]


def clip_bytes(folder: Folder, source: SourceFile) -> bytes:
    """Return the bytes of the clip that was agreed to. Blocks.

    Raises:
        ProblemError: source_missing, source_outside, source_too_big; source_changed when the hash
            of the file differs.
    """
    data = _read(folder, folder.root / source.path)
    if sha256_of(data) != source.sha256:
        raise problem_error("source_changed", path=source.path)
    return data


def _of_file(folder: Folder, history: History, path: Path, job: Job | None = None) -> Source:
    data = _read(folder, path)
    real = path.resolve()
    shown = folder.relative(real)
    try:
        facts = inspect_mp4(real)
    except ClipDamagedError as error:
        reason = str(error.problem.facts.get("reason", "")).replace("_", " ")
        raise problem_error("source_not_clip", path=shown, reason=reason) from None
    return Source(
        job or _maker(folder, history, shown),
        SourceFile(shown, sha256_of(data)),
        size=f"{facts.width}x{facts.height}",
        # Rounded up: parts of a second are not generated, and a price must not be too low.
        seconds=str(math.ceil(facts.seconds)) if facts.seconds else None,
    )


def _read(folder: Folder, path: Path) -> bytes:
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        raise problem_error("source_missing", path=path.name) from None
    if not real.is_relative_to(folder.root):
        raise problem_error("source_outside", path=str(path))
    shown = folder.relative(real)
    try:
        with safe_open(real) as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_BYTES:
                raise problem_error("source_too_big", path=shown, bytes=size, limit=MAX_BYTES)
            return file.read(size)
    except FileNotFoundError:
        raise problem_error("source_missing", path=shown) from None
    except OSError as error:
        raise problem_error("source_not_clip", path=shown, reason=error.strerror or "") from None


def _maker(folder: Folder, history: History, path: str) -> Job | None:
    """Return the job whose clip this file is: its name begins with the time of the job."""
    stamp = path.removeprefix("output/")[:_STAMP]
    named = [job_id for job_id in history.all_ids() if stamp and job_id.startswith(stamp)]
    jobs = (job for job in history.load_each(named).values() if isinstance(job, Job))
    return next((job for job in jobs if path in {output.path for output in job.outputs}), None)
