"""Has strangers' pictures and clips opened in a process of its own, which they may crash.

A `DecoderClient` keeps one such process (`decoder_process.py`) running from the first need on. The
process takes one request at a time, gets files that are open already, and is killed when it takes
too long; the next request starts a new one. Each answer comes over a socket of its own, and is
checked as strictly as the file.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, BinaryIO, Final, NamedTuple, TypeVar

from sora_tui.core.problem import CODES, Fact, Problem, ProblemError, problem_error
from sora_tui.core.reference_fit import ImageFacts
from sora_tui.core.request import Fit
from sora_tui.core.text import clean_line
from sora_tui.media.cells import MAX_COLUMNS, MAX_ROWS, CellArea, Cells, FitTarget
from sora_tui.media.image_header import FORMATS, inspect_header
from sora_tui.media.mp4 import ClipFacts

T = TypeVar("T")

#: Seconds that a request may take, a start of the process included.
PATIENCE: Final = 15.0
#: Seconds after which a process that was asked to stop is killed.
_STOP: Final = 0.5
#: Seconds between two checks whether the answer is still wanted.
_SLICE: Final = 0.05
#: The most bytes that are taken of one answer: of a reference as it is sent, and of what is shown
#: or stored.
_MAX_SENT: Final = 64 * 2**20
_MAX_SHOWN: Final = 8 * 2**20
_MAX_HEAD: Final = 64 * 1024
#: Twice the pixels of a finer picture: a larger one would slow the terminal down.
_MAX_FINE: Final = 180_000
#: No number in a clip or picture is larger.
_MAX_NUMBER: Final = 2**63
#: How it is started; -P so that it imports nothing from a workspace.
_WORKER: Final = ("-P", "-m", "sora_tui.media.decoder_process")
#: What the process gets of our environment: how to find Python's modules, and no key.
_ENVIRONMENT: Final = (
    *("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "VIRTUAL_ENV"),
    *("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "COVERAGE_PROCESS_START"),
)


class NotWantedError(Exception):
    """The answer was no longer wanted while it was made."""


class ClipReport(NamedTuple):
    """The facts about a clip's file.

    Attributes:
        facts: None where its boxes are damaged.
        damage: Why facts are missing, as `reason` of `clip_damaged`.
        sha256: In hexadecimal; None for a file that takes too long.
    """

    facts: ClipFacts | None
    damage: str | None
    sha256: str | None


class PreparedPicture(NamedTuple):
    """A reference as it is sent.

    Attributes:
        facts: Of the file.
        sha256: Of the file.
        copy: The copy that is sent in its place; None where the file itself is sent.
    """

    facts: ImageFacts
    sha256: str
    copy: bytes | None


class DecodedPicture(NamedTuple):
    """A picture for the screen, and a JPEG of it to store."""

    cells: Cells
    jpeg: bytes


_NO_ROOM: Final = CellArea(1, 1)
#: Beginnings of the codes that the process may report; it must not report any about money.
_ITS_CODES: Final = ("reference_", "picture_not_shown", "clip_not_shown", "size_invalid")
#: The problem code by kind of request, when the process gives no answer.
_CODES: Final = {
    "picture": "picture_not_shown",
    "sheet": "picture_not_shown",
    "reference": "reference_not_opened",
}


def _wanted() -> bool:
    return True


class DecoderClient:
    """One decoder process, for any thread. It starts with the first request."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def picture(
        self,
        file: BinaryIO,
        room: CellArea,
        *,
        aim: FitTarget | None = None,
        is_wanted: Callable[[], bool] = _wanted,
    ) -> Cells:
        """Return a picture scaled to fit `room`.

        Args:
            file: Open at any position, which changes; it stays open.
            room: The space to fill.
            aim: For a picture that is to be sent: the size it is to be brought to.
            is_wanted: Called now and then; when it returns False, the work is stopped.

        Raises:
            ProblemError: reference_not_image, reference_damaged, reference_too_large, or
                picture_not_shown with a `reason`: `too_slow`, `too_large`, `crashed`,
                `not_regular`.
            NotWantedError: `is_wanted` returned False.
        """
        return self._ask(_cells, "picture", file, room, is_wanted, {"aim": str(aim) if aim else ""})

    def reference(self, file: BinaryIO, size: str | None, fit: Fit) -> PreparedPicture:
        """Return a picture checked to its last byte, and the copy to send in its place, if any.

        Args:
            file: The picture, open for reading.
            size: The clip's `width x height`; None takes any picture as it is.
            fit: `exact` refuses a picture of another size.

        Raises:
            ProblemError: those of `image.bring_to`, or reference_not_opened with a `reason` as
                `picture`.
        """
        more = {"size": size or "", "fit": str(fit)}
        return self._ask(_prepared, "reference", file, _NO_ROOM, _wanted, more)

    def facts(self, file: BinaryIO, *, is_wanted: Callable[[], bool] = _wanted) -> ClipReport:
        """Return what a clip says about itself. Arguments and refusals as for `poster`."""
        return self._ask(_report, "facts", file, _NO_ROOM, is_wanted)

    def poster(
        self, file: BinaryIO, room: CellArea, *, is_wanted: Callable[[], bool] = _wanted
    ) -> DecodedPicture:
        """Return the first frame of a clip. Arguments as for `picture`.

        Raises:
            ProblemError: clip_not_shown with a `reason`: those of `picture` and of `clip.poster`.
            NotWantedError: `is_wanted` returned False.
        """
        return self._ask(_decoded, "poster", file, room, is_wanted)

    def filmstrip(
        self, file: BinaryIO, room: CellArea, *, is_wanted: Callable[[], bool] = _wanted
    ) -> DecodedPicture:
        """Return frames from all along a clip, laid out for `room`. As `poster`."""
        return self._ask(_decoded, "filmstrip", file, room, is_wanted)

    def sheet(
        self,
        file: BinaryIO,
        room: CellArea,
        clip: tuple[int, int],
        *,
        beside: int = 0,
        is_wanted: Callable[[], bool] = _wanted,
    ) -> Cells:
        """Return the frames of a contact sheet, laid out for `room`. As `picture`.

        Args:
            file: The sheet, open for reading.
            room: The space to fill.
            clip: Width and height of the clip that the sheet is of.
            beside: Frames beside each other in the sheet; 0 is unknown.
            is_wanted: As in `picture`.
        """
        more = {"width": clip[0], "height": clip[1], "beside": beside}
        return self._ask(_cells, "sheet", file, room, is_wanted, more)

    def stop(self) -> None:
        """End the process, if there is one; a later request starts another."""
        if self._process is not None:
            _end(self._process)  # the request that waits for its answer then ends with an error
        if self._turn.acquire(blocking=False):
            self._close()
            self._turn.release()

    # One request ------------------------------------------------------------------------------

    def _ask(
        self,
        read: Callable[[Mapping[str, Any], list[bytes], CellArea], T],
        do: str,
        file: BinaryIO,
        room: CellArea,
        is_wanted: Callable[[], bool],
        more: Mapping[str, int | str] | None = None,
    ) -> T:
        room = CellArea(
            max(1, min(room.columns, MAX_COLUMNS)), max(1, min(room.rows, MAX_ROWS)), room.fine
        )
        code = _CODES.get(do, "clip_not_shown")
        wish = {"do": do, "code": code, **room._asdict(), **(more or {})}
        while not self._turn.acquire(timeout=_SLICE):
            if not is_wanted():
                raise NotWantedError
        try:
            if not is_wanted():
                raise NotWantedError
            said, parts = self._exchange(wish, file, is_wanted)
            try:
                if "code" in said:
                    refusal = _refusal(said)
                else:
                    return read(said, parts, room)
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                raise self._decoder_gone("crashed") from error
            raise refusal
        except _DecoderGoneError as lost:
            raise problem_error(code, reason=lost.reason) from lost
        finally:
            self._turn.release()

    def _exchange(
        self, wish: Mapping[str, Any], file: BinaryIO, is_wanted: Callable[[], bool]
    ) -> tuple[dict[str, Any], list[bytes]]:
        until = time.monotonic() + PATIENCE
        try:
            asked = self._connected()
            answers, theirs = socket.socketpair()
            with answers:
                with theirs:
                    _send(asked, wish, file.fileno(), theirs.fileno())
                most = _MAX_SENT if wish["do"] == "reference" else _MAX_SHOWN
                return self._answer(answers, until, most, is_wanted)
        except _DecoderGoneError:
            raise
        except TimeoutError as error:
            raise self._decoder_gone("too_slow") from error
        except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
            # Incomplete or invalid: either way this process is not to be trusted any more.
            raise self._decoder_gone("crashed") from error

    def _answer(
        self, answers: socket.socket, until: float, most: int, is_wanted: Callable[[], bool]
    ) -> tuple[dict[str, Any], list[bytes]]:
        stopping = False
        answers.settimeout(_SLICE)
        while True:
            with suppress(TimeoutError):
                head = answers.recv(4)
                break
            if time.monotonic() > until:
                lost = self._decoder_gone("too_slow")
                raise NotWantedError if stopping else lost
            if not stopping and not is_wanted():
                stopping, until = True, time.monotonic() + _STOP
                _send(answers, {"do": "stop"})
        if not head:
            raise self._decoder_gone("crashed")
        length = int.from_bytes(head + _exactly(answers, 4 - len(head), until))
        if length > _MAX_HEAD:
            raise ValueError("an answer that is too long")
        said = json.loads(_exactly(answers, length, until))
        lengths = [_number(length, most) for length in said["parts"]]
        if sum(lengths) > most:
            raise ValueError("an answer that is too long")
        if stopping:
            raise NotWantedError
        return said, [_exactly(answers, length, until) for length in lengths]

    # The process ------------------------------------------------------------------------------

    def _connected(self) -> socket.socket:
        if self._process is not None and self._process.poll() is None and self._socket is not None:
            return self._socket
        self._close()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, *_WORKER],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                # ctrl+c and ctrl+z at the terminal are for the program.
                start_new_session=True,
            )
        self._socket = ours
        return ours

    def _decoder_gone(self, reason: str) -> _DecoderGoneError:
        """End the process and return why; the reason given by how it ended is the better one."""
        process = self._process
        if process is not None:
            # A process that ended by itself gets a moment in which its status can be read.
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.2 if reason == "crashed" else 0)
            if _end(process) == -signal.SIGXCPU:
                reason = "too_slow"
        self._close()
        return _DecoderGoneError(reason)

    def _close(self) -> None:
        if self._process is not None:
            _end(self._process)
        if self._socket is not None:
            self._socket.close()
        self._process = self._socket = None


class _DecoderGoneError(Exception):
    """The process has ended."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _end(process: subprocess.Popen[bytes]) -> int:
    """Kill the process and its forks, if they live; return its exit code."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):  # macOS, of one that has ended
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def _send(asked: socket.socket, wish: Mapping[str, Any], *fds: int) -> None:
    data = json.dumps(wish).encode()
    socket.send_fds(asked, [len(data).to_bytes(4) + data], fds)


def _exactly(answers: socket.socket, length: int, until: float) -> bytes:
    """Return exactly `length` bytes, however slowly they come, but not after `until`."""
    data = bytearray()
    while len(data) < length:
        answers.settimeout(max(until - time.monotonic(), 0.001))
        more = answers.recv(length - len(data))
        if not more:
            raise ValueError("an answer that is cut short")
        data += more
    return bytes(data)


def _number(value: object, most: int = _MAX_NUMBER) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError("no number that we know")
    return value


def _measure(value: object) -> float:
    if not isinstance(value, int | float) or not 0 <= value <= _MAX_NUMBER:  # NaN fails this too
        raise ValueError("no measure that we know")
    return float(value)


def _refusal(said: Mapping[str, Any]) -> ProblemError:
    code, facts = said["code"], said.get("facts")
    if not (code in CODES and code.startswith(_ITS_CODES)) or not isinstance(facts, dict):
        raise ValueError("no refusal that we know")
    known: dict[str, Fact] = {
        clean_line(name, 40): clean_line(value, 200) if isinstance(value, str) else _number(value)
        for name, value in facts.items()
    }
    return ProblemError(Problem(code, known, CODES[code]))


def read_report(document: Mapping[str, Any]) -> ClipReport:
    """Return the report in a JSON object.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: It is no report.
    """
    digest = document.get("sha256")
    return ClipReport(
        facts=_clip_facts(document["clip"]) if document.get("clip") else None,
        damage=clean_line(document["damage"], 40) if document.get("damage") else None,
        sha256=clean_line(digest, 64) if digest is not None else None,
    )


def _report(said: Mapping[str, Any], _parts: list[bytes], _room: CellArea) -> ClipReport:
    return read_report(said)


def _prepared(said: Mapping[str, Any], parts: list[bytes], _room: CellArea) -> PreparedPicture:
    told = said["picture"]
    if told["format"] not in FORMATS or len(parts) > 1:
        raise ValueError("no picture that we know")
    facts = ImageFacts(
        told["format"],
        _number(told["width"]),
        _number(told["height"]),
        _number(told["frames"]),
        bool(told["turned"]),
    )
    return PreparedPicture(facts, clean_line(said["sha256"], 64), parts[0] if parts else None)


def _decoded(said: Mapping[str, Any], parts: list[bytes], room: CellArea) -> DecodedPicture:
    return DecodedPicture(_cells(said, parts[:2], room), parts[2])


def _cells(said: Mapping[str, Any], parts: list[bytes], room: CellArea) -> Cells:
    columns, rows = _number(said["columns"], room.columns), _number(said["rows"], room.rows)
    rgb, png = parts
    if not columns * rows or len(rgb) != 6 * columns * rows:
        raise ValueError("no picture of the size it says")
    if png:  # the terminal opens it
        fine = inspect_header(png)
        if fine is None or fine.format != "PNG" or fine.width * fine.height > _MAX_FINE:
            raise ValueError("no picture for a terminal")
    return Cells(columns, rows, rgb, png)


def _clip_facts(said: Mapping[str, Any]) -> ClipFacts:
    """Return the facts in a JSON object, each checked for its type."""
    return ClipFacts(
        width=_number(said["width"]),
        height=_number(said["height"]),
        seconds=_measure(said["seconds"]),
        fps=_measure(said["fps"]),
        codec=clean_line(said["codec"], 8),
        audio=bool(said["audio"]),
        faststart=bool(said["faststart"]),
        complete=bool(said["complete"]),
        bytes=_number(said["bytes"]),
        tracks=_number(said["tracks"]),
    )
