"""Checks a clip that was received completely, and gives it its name in `output/`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from sora_tui.core.clip_addresses import MAX_OUTPUTS
from sora_tui.core.job import Job, Output
from sora_tui.core.problem import problem_error
from sora_tui.core.server import Server
from sora_tui.engine.quote import quote
from sora_tui.media.clip_probe import UNKNOWN, ClipProbe, probe_clip
from sora_tui.workspace.atomic import disk_refusals
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.outputs import PartFile, output_name

LengthDoubt = Literal["length_unknown", "length_differs"]

#: The `variant` of a job's first clip; the others are `video-2`, `video-3` ...
FIRST: Final = "video"


def variant_of(output: int) -> str:
    """Return the name of a job's clip in the record, counted from 0."""
    return FIRST if output == 0 else f"{FIRST}-{output + 1}"


def knows_its_end(found: ClipProbe) -> bool:
    """Return whether its own index shows that a clip is whole; a fragmented MP4 has no such one."""
    return found.facts is None or found.facts.seconds > 0


class PartSink:
    """A part of a download, as the client fills it; knows how many bytes it has."""

    def __init__(self, part: PartFile, tell: Callable[[int], object]) -> None:
        self._part = part
        self._tell = tell

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return self._part.bytes

    def write(self, chunk: bytes) -> None:
        """Append the next bytes."""
        self._part.write(chunk)
        self._tell(self._part.bytes)

    def restart(self) -> None:
        """Drop what it holds."""
        self._part.restart()


def clip_numbers(server: Server, job: Job) -> range:
    """Return the numbers of the clips that a job has, or that were asked for, from 0."""
    made = job.remote.outputs if job.remote is not None else 1
    asked = 1 if job.is_adopted else quote(server, job.request).clips
    return range(min(max(made, asked), MAX_OUTPUTS))


class DamagedError(Exception):
    """The check refused a clip; if the same bytes come again, they are kept all the same.

    Attributes:
        reason: `ClipProbe.warning`.
        is_media: Players know its kind, and only this check does not.
    """

    def __init__(self, found: ClipProbe) -> None:
        super().__init__(found.warning)
        self.reason = found.warning or ""
        self.is_media = found.warning == "not_checked" and found.suffix != UNKNOWN


def published(
    part: PartFile,
    folder: Folder,
    job: Job,
    output: int = 0,
    *,
    keeps: bool = False,
    doubt: LengthDoubt | None = None,
) -> Output:
    """Publish a clip that was received completely. Blocks on the disk.

    Args:
        part: The file that the clip was received into.
        folder: The workspace.
        job: The job, as its document has it.
        output: Which clip of the job, from 0.
        keeps: Keep what the check refuses, under its true kind and with a warning: it is what the
            server has.
        doubt: What was wrong with the length that the server gave; an unknown length is ignored if
            the clip's own index shows that it is whole.

    Raises:
        DamagedError: The check refused it; the part is left as it is.
        ProblemError: The disk refuses it.
    """
    part.sync_and_close()
    with disk_refusals(part.path):  # the person may have removed the folder meanwhile
        found = probe_clip(part.path)
    if found.warning is not None and not keeps:
        raise DamagedError(found)
    if part.bytes == 0:
        raise problem_error("clip_damaged", reason="empty")
    warning = found.warning
    if warning is None and (doubt == "length_differs" or (doubt and not knows_its_end(found))):
        warning = doubt
    path = part.publish(output_name(job, found.suffix, output))
    record = Output(
        variant=variant_of(output),
        path=path.relative_to(folder.root).as_posix(),
        bytes=part.bytes,
        sha256=part.sha256,
        warning=warning,
    )
    if found.facts is None:
        return record
    facts = found.facts
    return record._replace(
        width=facts.width,
        height=facts.height,
        seconds=facts.seconds,
        fps=facts.fps,
        codec=facts.codec,
    )
