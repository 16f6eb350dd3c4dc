"""Opens clips and pictures that strangers made, in a process with limits. Blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

from sora_tui.core.problem import ProblemError

if TYPE_CHECKING:
    from sora_tui.core.job import Job, Output
    from sora_tui.media.cells import CellArea, Cells
    from sora_tui.media.decoder_client import DecoderClient
    from sora_tui.media.previews import Previews
    from sora_tui.tui.state.clip_preview import ClipSeen, Origin
    from sora_tui.workspace.folder import Folder


class Decoder:
    """The decoding process of a screen, and the pictures of clips that it made."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._decoder_client: DecoderClient | None = None
        self._previews: Previews | None = None

    @property
    def decoder_client(self) -> DecoderClient:
        """The process; it starts at the first need."""
        if self._decoder_client is None:
            from sora_tui.media.decoder_client import DecoderClient

            self._decoder_client = DecoderClient()
        return self._decoder_client

    @property
    def was_used(self) -> bool:
        """Whether anything was opened."""
        return self._decoder_client is not None

    @property
    def previews(self) -> Previews:
        """Pictures of clips, made once and kept in the person's cache."""
        if self._previews is None:
            from sora_tui.config.paths import clip_cache
            from sora_tui.media.previews import Previews

            self._previews = Previews(clip_cache(), self.decoder_client)
        return self._previews

    def stop(self) -> None:
        """End the process."""
        if self._decoder_client is not None:
            self._decoder_client.stop()

    def open(self, output: Output) -> BinaryIO:
        """Open a file of a job.

        Raises:
            ProblemError: It is gone, or is no file of this folder.
        """
        from sora_tui.workspace.outputs import open_output  # brings hashlib

        return open_output(self._folder, output)

    def poster(
        self, job: Job, file: BinaryIO, room: CellArea, is_wanted: Callable[[], bool]
    ) -> tuple[Cells, Origin]:
        """Return one picture of a clip, and whether the server made it.

        Raises:
            ProblemError: The clip cannot be decoded.
            NotWantedError: `is_wanted` said no.
        """
        made = self._of_server(
            job,
            "thumbnail",
            lambda theirs: self.decoder_client.picture(theirs, room, is_wanted=is_wanted),
        )
        if made is not None:
            return made, "server"
        return self.previews.poster(file, room, is_wanted), "here"

    def strip(
        self,
        job: Job,
        file: BinaryIO,
        room: CellArea,
        seen: ClipSeen | None,
        is_wanted: Callable[[], bool],
    ) -> tuple[Cells, Origin]:
        """Return a filmstrip of a clip, and whether the server made it.

        Raises:
            ProblemError: The clip cannot be decoded.
            NotWantedError: `is_wanted` said no.
        """
        clip = _shape(job.outputs[0], seen)
        made = self._of_server(
            job,
            "spritesheet",
            lambda theirs: self.decoder_client.sheet(theirs, room, clip, is_wanted=is_wanted),
        )
        if made is not None:
            return made, "server"
        return self.previews.filmstrip(file, room, clip, is_wanted), "here"

    def _of_server(self, job: Job, variant: str, show: Callable[[BinaryIO], Cells]) -> Cells | None:
        """The picture that came with the clip; None where there is none, or none that can be read.

        What is made of the clip itself takes its place then, and says so.
        """
        output = next((each for each in job.outputs if each.variant == variant), None)
        if output is None:
            return None
        try:
            with self.open(output) as theirs:
                return show(theirs)
        except ProblemError:
            return None


def _shape(output: Output, seen: ClipSeen | None) -> tuple[int, int]:
    """Width and height of a clip, as its file says it, else its document."""
    facts = seen.report.facts if seen is not None and seen.report is not None else None
    if facts is not None and facts.width and facts.height:
        return facts.width, facts.height
    return (output.width or 16, output.height or 9)
