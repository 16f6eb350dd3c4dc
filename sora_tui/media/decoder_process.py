"""The decoder process: opens strangers' pictures and clips with little memory, time and rights.

`decoder_client.py` starts it as `python -m sora_tui.media.decoder_process` with a socket as its
standard input. A request is the length of a JSON object, the object, and two open files: what is to
be opened, and a socket for the answer. The answer is the length of a JSON object, the object, and
the bytes whose lengths it names.

Each request is answered by a fork that has all libraries loaded and can open nothing: no file, no
socket, no pipe. So damage by a stranger's file ends with the fork. The fork may crash: the process
that asked is told.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import resource
import select
import signal
import socket
import stat
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NoReturn

from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.core.request import read_fit
from sora_tui.media.cells import Cells, picture_cells, read_aim, to_cells
from sora_tui.media.clip import filmstrip, poster
from sora_tui.media.clip_probe import read_clip
from sora_tui.media.contact_sheet import laid_out, sheet_of, tiles_in
from sora_tui.media.image import bring_to, first_frame

if TYPE_CHECKING:
    from PIL.Image import Image

#: Address space in bytes: for 64 megapixels of a PNG with transparency, and the libraries.
_MEMORY: Final = 1280 * 2**20
#: Seconds of processor time for one request: twice what 64 megapixels take; and for requests that
#: read a whole file.
_CPU: Final = 5
_CPU_LONGER: Final = 10
_LONGER: Final = frozenset({"facts", "filmstrip"})
#: Seconds after which a fork that only sleeps ends, whether or not its answer is waited for.
_LIFE: Final = 20
#: Most open files: its own three, and two that come with a request.
_FILES: Final = 5
#: The most bytes that are read of a picture.
_MAX_BYTES: Final = 50 * 2**20
#: Files up to this many bytes are hashed: that takes a second.
_MAX_HASHED: Final = 512 * 2**20
#: A sheet is scaled to at most this many pixels on its longer side before it is split.
_SHEET_SIDE: Final = 4000
#: Modules that the libraries import when needed: with a stranger's bytes open, none can be.
_OF_PILLOW: Final = (
    *("MpoImagePlugin", "TiffImagePlugin", "WebPImagePlugin"),
    *("ImageCms", "ImageDraw", "ImageFilter", "ImageOps"),
)
_OF_PYAV: Final = ("audio.stream", "subtitles.stream", "video.stream")
#: Linux: prctl(2) and landlock(7); these numbers are the same on every machine.
_DIE_WITH_PARENT: Final = 1
_NO_NEW_PRIVILEGES: Final = 38
_CREATE_RULESET: Final = 444
_RESTRICT_SELF: Final = 446
_LIBC: Final = ctypes.CDLL(None)

Answer = tuple[dict[str, Any], list[bytes]]
Work = Callable[[BinaryIO, Mapping[str, Any], Callable[[], object]], Answer]


class _Stopped(Exception):  # noqa: N818 -- nothing went wrong
    """The answer is no longer wanted."""


def main() -> None:
    """Answer requests until the other end of the socket closes."""
    _load()
    _confine()
    with socket.socket(fileno=sys.stdin.fileno()) as asked:
        while (request := _receive(asked)) is not None:
            wish, fds = request
            child = os.fork()
            if child == 0:
                asked.close()
                _answer_once(wish, *fds)
            for fd in fds:
                os.close(fd)
            _pid, status = os.waitpid(child, 0)
            if os.WIFSIGNALED(status):  # the process that asked is told by which signal
                os.kill(os.getpid(), os.WTERMSIG(status))
            elif status:
                sys.exit(1)


def _load() -> None:
    from PIL import Image as Pillow

    Pillow.preinit()
    for name in _OF_PILLOW:
        import_module(f"PIL.{name}")
    with suppress(ImportError):  # clip.py reports it
        for name in _OF_PYAV:
            import_module(f"av.{name}")


def _confine() -> None:
    """Give up rights that a decoder does not need."""
    _limit(resource.RLIMIT_AS, _MEMORY)
    _limit(resource.RLIMIT_NOFILE, _FILES)
    _limit(resource.RLIMIT_FSIZE, 0)  # it may not write to any file
    _limit(resource.RLIMIT_CORE, 0)
    os.nice(5)
    if sys.platform == "linux":
        with suppress(OSError):  # the first to be killed when the machine runs out of memory
            Path("/proc/self/oom_score_adj").write_text("1000")
        _lock_away()


def _limit(name: int, limit: int, hard: int | None = None) -> None:
    with suppress(OSError, ValueError):  # macOS refuses some
        resource.setrlimit(name, (limit, limit if hard is None else hard))


def _lock_away() -> None:
    """Forbid opening or deleting any file, connecting to any port, signalling any process.

    It needs a kernel with Landlock; an older version of Landlock forbids fewer of these.
    """
    _LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    version = _LIBC.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return
    files = (1 << 12 + min(version, 3) + (version > 4)) - 1
    handled = (ctypes.c_uint64 * 3)(files, 3 * (version > 3), 3 * (version > 5))
    ruleset = _LIBC.syscall(_CREATE_RULESET, handled, ctypes.sizeof(handled), 0)
    if ruleset >= 0:
        _LIBC.syscall(_RESTRICT_SELF, ruleset, 0)
        os.close(ruleset)


def _receive(asked: socket.socket) -> tuple[Mapping[str, Any], list[int]] | None:
    """Return the next request and its two files; None at the end."""
    head, fds, _flags, _address = socket.recv_fds(asked, 4, 2)
    if not head:
        return None
    head += _exactly(asked, 4 - len(head))
    return json.loads(_exactly(asked, int.from_bytes(head))), fds


def _exactly(asked: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length and (more := asked.recv(length - len(data))):
        data += more
    return data


def _answer_once(wish: Mapping[str, Any], file_fd: int, answer_fd: int) -> NoReturn:
    """Answer one request in the fork, and end."""
    failed = 1
    try:
        if sys.platform == "linux":
            _LIBC.prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
        _limit(resource.RLIMIT_NOFILE, 0)
        _limit(resource.RLIMIT_NPROC, 0)
        seconds = _CPU_LONGER if wish["do"] in _LONGER else _CPU
        _limit(resource.RLIMIT_CPU, seconds, seconds + 1)  # the first one's signal says why
        signal.alarm(_LIFE)
        with os.fdopen(file_fd, "rb") as file, socket.socket(fileno=answer_fd) as asked:
            said, parts = _answer(wish, file, asked)
            head = json.dumps({**said, "parts": list(map(len, parts))}).encode()
            with suppress(ConnectionError):  # the answer is no longer waited for
                asked.sendall(len(head).to_bytes(4) + head + b"".join(parts))
        failed = 0
    finally:
        os._exit(failed)


def _answer(wish: Mapping[str, Any], file: BinaryIO, asked: socket.socket) -> Answer:
    def go_on() -> None:
        if select.select([asked], [], [], 0)[0]:
            raise _Stopped

    code = wish["code"]
    try:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise problem_error(code, reason="not_regular")
        file.seek(0)
        return _WORK[wish["do"]](file, wish, go_on)
    except _Stopped:
        return {"stopped": True}, []
    except ProblemError as error:
        return {"code": error.problem.code, "facts": dict(error.problem.facts)}, []
    except MemoryError:
        return {"code": code, "facts": {"reason": "too_large"}}, []


def _facts(file: BinaryIO, _wish: Mapping[str, Any], go_on: Callable[[], object]) -> Answer:
    """Return what a clip says about itself, or what is wrong with it; and its SHA-256."""
    said: dict[str, Any] = {}
    try:
        facts, _suffix = read_clip(file)
        said["clip"] = facts._asdict()
    except ProblemError as error:
        said["damage"] = str(error.problem.facts["reason"])
    if os.fstat(file.fileno()).st_size <= _MAX_HASHED:
        file.seek(0)
        digest = hashlib.sha256()
        while chunk := file.read(2**20):
            digest.update(chunk)
            go_on()
        said["sha256"] = digest.hexdigest()
    return said, []


def _poster(file: BinaryIO, wish: Mapping[str, Any], _go_on: Callable[[], object]) -> Answer:
    image = poster(file)
    return _shown(to_cells(image, *_room(wish), fine=wish["fine"]), _jpeg(image))


def _filmstrip(file: BinaryIO, wish: Mapping[str, Any], go_on: Callable[[], object]) -> Answer:
    frames = filmstrip(file, go_on)
    return _shown(laid_out(frames, *_room(wish), fine=wish["fine"]), _jpeg(sheet_of(frames)))


def _picture(file: BinaryIO, wish: Mapping[str, Any], _go_on: Callable[[], object]) -> Answer:
    aim = read_aim(wish["aim"]) if wish["aim"] else None
    data = file.read(_MAX_BYTES)
    return _shown(picture_cells(data, *_room(wish), fine=wish["fine"], aim=aim))


def _reference(file: BinaryIO, wish: Mapping[str, Any], _go_on: Callable[[], object]) -> Answer:
    data = file.read(_MAX_BYTES)
    facts, made = bring_to(data, wish["size"] or None, read_fit(wish["fit"]))
    said = {"picture": facts._asdict(), "sha256": hashlib.sha256(data).hexdigest()}
    return said, [] if made is None else [made]


def _sheet(file: BinaryIO, wish: Mapping[str, Any], _go_on: Callable[[], object]) -> Answer:
    sheet = first_frame(file.read(_MAX_BYTES), _SHEET_SIDE)
    tiles = tiles_in(sheet, wish["width"], wish["height"], wish["beside"])
    return _shown(laid_out(tiles, *_room(wish), fine=wish["fine"]))


_WORK: Final[
    Mapping[str, Callable[[BinaryIO, Mapping[str, Any], Callable[[], object]], Answer]]
] = {
    "facts": _facts,
    "poster": _poster,
    "filmstrip": _filmstrip,
    "picture": _picture,
    "reference": _reference,
    "sheet": _sheet,
}


def _room(wish: Mapping[str, Any]) -> tuple[int, int]:
    return int(wish["columns"]), int(wish["rows"])


def _shown(cells: Cells, *parts: bytes) -> Answer:
    return {"columns": cells.columns, "rows": cells.rows}, [cells.rgb, cells.png, *parts]


def _jpeg(image: Image) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


if __name__ == "__main__":
    main()
