"""The helper process: opens strangers' pictures and clips, with little memory, time and no more.

`helper.py` starts it as `python -m sora_tui.media.worker` with a socket as its standard input. A
request is the length of a JSON object, the object, and one open file; the answer is the length of a
JSON object, the object, and the bytes whose lengths it names. What it cannot survive it need not:
whoever asked sees it end, and starts another.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import select
import socket
import stat
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.core.request import read_fit
from sora_tui.media.avi import read_clip
from sora_tui.media.cells import Cells, picture_cells, read_aim, to_cells
from sora_tui.media.clip import filmstrip, poster
from sora_tui.media.sheet import laid_out, sheet_of, tiles_in

if TYPE_CHECKING:
    from PIL.Image import Image

#: Address space in bytes: 64 megapixels of a PNG with transparency, and the libraries.
_MEMORY: Final = 1024 * 2**20
#: Seconds of processor time for one request.
_CPU: Final = 10
#: Open files: the libraries want a few while they are loaded.
_FILES: Final = 64
#: After a request that took so much memory (bytes) a fresh process is the smaller one.
_FULL: Final = 400 * 2**20
#: The most that is read of a picture.
_MAX_BYTES: Final = 50 * 2**20
#: Files up to so many bytes are hashed: a second's work.
_MAX_HASHED: Final = 512 * 2**20
#: A sheet is made smaller than so many pixels on its longer side, before it is taken apart.
_SHEET_SIDE: Final = 4000

Answer = tuple[dict[str, Any], list[bytes]]
Work = Callable[[BinaryIO, Mapping[str, Any], Callable[[], object]], Answer]


class _Stopped(Exception):  # noqa: N818 -- nothing went wrong
    """Nobody wants the answer any more."""


def main() -> None:
    """Answer requests until nobody asks any more."""
    _confine()
    with socket.socket(fileno=sys.stdin.fileno()) as asked:
        while (request := _receive(asked)) is not None:
            wish, fd = request
            if fd is None:
                continue  # "stop", when there was nothing left to stop
            with os.fdopen(fd, "rb") as file:
                said, parts = _answer(wish, file, asked)
            is_full = _peak() > _FULL
            head = json.dumps({**said, "parts": list(map(len, parts)), "last": is_full}).encode()
            asked.sendall(len(head).to_bytes(4) + head + b"".join(parts))
            if is_full:
                return


def _confine() -> None:
    """Give up what a decoder does not need."""
    limits = {
        resource.RLIMIT_AS: _MEMORY,
        resource.RLIMIT_NOFILE: _FILES,
        resource.RLIMIT_FSIZE: 0,  # not a byte into any file
        resource.RLIMIT_CORE: 0,
    }
    for name, limit in limits.items():
        with suppress(OSError, ValueError):  # macOS refuses some
            resource.setrlimit(name, (limit, limit))
    os.nice(5)
    with suppress(OSError):  # Linux: the first to go when the machine runs out of memory
        Path("/proc/self/oom_score_adj").write_text("1000")


def _limit_time() -> None:
    """`_CPU` more seconds from now on."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    until = int(usage.ru_utime + usage.ru_stime) + 1 + _CPU
    resource.setrlimit(resource.RLIMIT_CPU, (until, hard))


def _peak() -> int:
    """The most memory that was ever held, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _receive(asked: socket.socket) -> tuple[Mapping[str, Any], int | None] | None:
    """The next wish and its file; None at the end."""
    head, fds, _flags, _address = socket.recv_fds(asked, 4, 1)
    if not head:
        return None
    head += _exactly(asked, 4 - len(head))
    wish = json.loads(_exactly(asked, int.from_bytes(head)))
    return wish, fds[0] if fds else None


def _exactly(asked: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length and (more := asked.recv(length - len(data))):
        data += more
    return data


def _answer(wish: Mapping[str, Any], file: BinaryIO, asked: socket.socket) -> Answer:
    def go_on() -> None:
        if select.select([asked], [], [], 0)[0]:
            raise _Stopped

    _limit_time()
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
    """What a clip says about itself, or what is wrong with it; and its SHA-256."""
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
    from sora_tui.media.image import bring_to

    data = file.read(_MAX_BYTES)
    facts, made = bring_to(data, wish["size"] or None, read_fit(wish["fit"]))
    said = {"picture": facts._asdict(), "sha256": hashlib.sha256(data).hexdigest()}
    return said, [] if made is None else [made]


def _sheet(file: BinaryIO, wish: Mapping[str, Any], _go_on: Callable[[], object]) -> Answer:
    from sora_tui.media.image import first_frame

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
