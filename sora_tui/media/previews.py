"""Pictures of clips, made once and kept in a cache by the file's identity, not by its name.

Everything here blocks: for a worker thread. The cache is disposable; if it cannot be written, a
picture is only made again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

from sora_tui.core.problem import Problem, ProblemError
from sora_tui.media.cells import KEPT_COLUMNS, CellArea, Cells
from sora_tui.media.decoder_client import ClipReport, DecodedPicture, DecoderClient, read_report

T = TypeVar("T")

#: Most files in the cache; beyond them the oldest third is removed.
_MOST: Final = 3000
_MAX_REPORT: Final = 64 * 1024


class Previews:
    """Previews of clips. A refusal of a clip is remembered, and the clip not tried again."""

    def __init__(self, cache: Path, decoder: DecoderClient) -> None:
        self._cache = cache
        self._decoder = decoder
        self._refused: dict[str, Problem] = {}
        self._was_swept = False

    def report(self, file: BinaryIO, is_wanted: Callable[[], bool]) -> ClipReport:
        """Return what a clip says about itself.

        Args:
            file: Open at any position; it stays open.
            is_wanted: Called now and then; when it returns False, the work is stopped.

        Raises:
            ProblemError: clip_not_shown with a `reason`.
            NotWantedError: `is_wanted` returned False.
        """
        name = f"{identity(file)}.json"
        kept = self._read(name)
        if kept is not None:
            return kept
        made = self._once(name, lambda: self._decoder.facts(file, is_wanted=is_wanted))
        document = {"clip": made.facts._asdict()} if made.facts else {"damage": made.damage}
        self._keep(name, json.dumps({**document, "sha256": made.sha256}).encode())
        return made

    def poster(self, file: BinaryIO, room: CellArea, is_wanted: Callable[[], bool]) -> Cells:
        """Return the first frame, scaled to fit `room`. As `report`."""
        return self._picture(
            f"{identity(file)}.poster.jpg",
            lambda kept: self._decoder.picture(kept, room, is_wanted=is_wanted),
            lambda: self._decoder.poster(file, room, is_wanted=is_wanted),
        )

    def filmstrip(
        self, file: BinaryIO, room: CellArea, clip: tuple[int, int], is_wanted: Callable[[], bool]
    ) -> Cells:
        """Return frames from all along the clip of this width and height. As `report`."""
        return self._picture(
            f"{identity(file)}.strip.jpg",
            lambda kept: self._decoder.sheet(
                kept, room, clip, beside=KEPT_COLUMNS, is_wanted=is_wanted
            ),
            lambda: self._decoder.filmstrip(file, room, is_wanted=is_wanted),
        )

    # The cache --------------------------------------------------------------------------------

    def _picture(
        self, name: str, again: Callable[[BinaryIO], Cells], anew: Callable[[], DecodedPicture]
    ) -> Cells:
        # A cached file that is refused or cannot be read any more is made again.
        with suppress(OSError, ProblemError), self._opened(name) as kept:
            return again(kept)
        made = self._once(name, anew)
        self._keep(name, made.jpeg)
        return made.cells

    def _once(self, name: str, make: Callable[[], T]) -> T:
        """Call `make`, unless that failed before: a hostile file costs one process, not many."""
        if name in self._refused:
            raise ProblemError(self._refused[name])
        try:
            return make()
        except ProblemError as error:
            self._refused[name] = error.problem
            raise

    def _opened(self, name: str) -> BinaryIO:
        fd = os.open(self._cache / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        return os.fdopen(fd, "rb", buffering=0)

    def _read(self, name: str) -> ClipReport | None:
        try:
            with self._opened(name) as kept:
                said: dict[str, Any] = json.loads(kept.read(_MAX_REPORT))
            return read_report(said)
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None

    def _keep(self, name: str, data: bytes) -> None:
        part = self._cache / f".{name}.{os.urandom(4).hex()}"
        with suppress(OSError):
            self._cache.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sweep()
            try:
                with part.open("xb") as file:
                    os.fchmod(file.fileno(), 0o600)
                    file.write(data)
                part.replace(self._cache / name)
            finally:
                part.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove the oldest files, once in the life of this object."""
        if self._was_swept:
            return
        self._was_swept = True
        with os.scandir(self._cache) as found:
            ages = sorted(
                (entry.stat(follow_symlinks=False).st_mtime, entry.path) for entry in found
            )
        for _age, path in ages[: len(ages) * 2 // 3] if len(ages) > _MOST else ():
            Path(path).unlink(missing_ok=True)


def identity(file: BinaryIO) -> str:
    """Return a name for the content of an open file; a change of the file gives another one."""
    of = os.fstat(file.fileno())
    told = (of.st_dev, of.st_ino, of.st_size, of.st_mtime_ns, of.st_ctime_ns)
    return "-".join(f"{number:x}" for number in told)
