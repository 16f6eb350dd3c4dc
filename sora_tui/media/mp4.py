"""Facts of an MP4 file from its boxes alone.

No decoder runs: a clip is judged in about 50 microseconds, whatever its length, and a hostile
file costs at most one read of `MAX_MOOV_BYTES` (ISO/IEC 14496-12 names the boxes).
"""

from __future__ import annotations

import os
import struct
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from sora_tui.core.problem import Fact, ProblemError, problem
from sora_tui.core.sniff import sniff

#: Enough for the index of hours of video; more would only cost memory.
MAX_MOOV_BYTES: Final = 8 * 2**20
#: Ten weeks; a longer length in a file is an error.
MAX_SECONDS: Final = 6_048_000
#: Most boxes in a container; a fragmented stream of hours has some thousand fragments.
MAX_BOXES: Final = 20_000


class ClipFacts(NamedTuple):
    """What an MP4 says about itself.

    Attributes:
        width: Pixels of the first video track, as displayed: after a turn.
        height: As `width`.
        seconds: Length of the video track; 0.0 if it is missing (fragmented) or impossible.
        fps: Mean frames per second; 0.0 if the file does not say.
        codec: Four characters of the sample entry, e.g. `avc1`.
        audio: There is a sound track.
        faststart: The index comes before the media data, so playing can begin while loading.
        complete: All samples that the index lists fit into the media data.
        bytes: Size of the file.
        tracks: How many there are, of any kind.
        trailing: Bytes after the last box that belong to none.
    """

    width: int
    height: int
    seconds: float
    fps: float
    codec: str
    audio: bool
    faststart: bool
    complete: bool
    bytes: int
    tracks: int = 1
    trailing: int = 0


def inspect_mp4(path: Path) -> ClipFacts:
    """Read the facts of an MP4 file; raises what `read_mp4` raises."""
    with path.open("rb") as file:
        return read_mp4(file)


def read_mp4(file: BinaryIO) -> ClipFacts:
    """Return the facts of an open MP4 file.

    Raises:
        ClipDamagedError: `clip_damaged`; its fact `reason` is one of `not_mp4` (no `ftyp` first),
            `cut_off` (a box reaches past the end of the file), `no_index`
            (not exactly one `moov`), `no_media` (no `mdat`), `no_video` (no video track),
            `index_broken` (wrong sizes inside `moov`), `too_many_boxes`, `index_too_large`.
        OSError: The file cannot be read.
    """
    size = os.fstat(file.fileno()).st_size
    boxes, trailing = _top_level(file, size)
    kinds = [box.kind for box in boxes]
    if kinds.count(b"moov") != 1:
        raise _damaged("no_index", found=kinds.count(b"moov"))
    if b"mdat" not in kinds:
        raise _damaged("no_media")
    index = boxes[kinds.index(b"moov")]
    if index.end - index.start > MAX_MOOV_BYTES:
        raise _damaged("index_too_large", bytes=index.end - index.start)
    file.seek(index.start)
    moov = file.read(index.end - index.start)
    try:
        tracks = [_track(trak) for kind, trak in _contents(memoryview(moov)) if kind == b"trak"]
    except (struct.error, LookupError):
        raise _damaged("index_broken") from None
    video = next((track for track in tracks if track.handler == b"vide"), None)
    if video is None:
        raise _damaged("no_video")
    media = [box for box in boxes if box.kind == b"mdat"]
    starts = [box.start for box in media]
    # By bisection: a file may have thousands of tracks and of boxes.
    places = [
        (offset, bisect_right(starts, offset) - 1) for t in tracks for offset in t.chunk_bounds
    ]
    return ClipFacts(
        width=video.width,
        height=video.height,
        seconds=likely_length(video.ticks / video.timescale) if video.timescale else 0.0,
        fps=round(video.samples * video.timescale / video.ticks, 3) if video.ticks else 0.0,
        codec=video.codec,
        audio=any(track.handler == b"soun" for track in tracks),
        faststart=kinds.index(b"moov") < kinds.index(b"mdat"),
        complete=sum(track.sample_bytes for track in tracks)
        <= sum(box.end - box.start for box in media)
        and all(place >= 0 and offset < media[place].end for offset, place in places),
        bytes=size,
        tracks=len(tracks),
        trailing=trailing,
    )


def likely_length(seconds: float) -> float:
    """Return a length in seconds that a file gives, or 0.0 for one that no clip has."""
    return seconds if seconds <= MAX_SECONDS else 0.0


class _Box(NamedTuple):
    kind: bytes
    start: int  # of the content, after the header
    end: int


class _Track(NamedTuple):
    handler: bytes
    width: int = 0
    height: int = 0
    codec: str = ""
    timescale: int = 0
    ticks: int = 0
    samples: int = 0
    sample_bytes: int = 0
    chunk_bounds: tuple[int, ...] = ()  # lowest and highest chunk offset in the file


class ClipDamagedError(ProblemError):
    """`clip_damaged`: this is not a clip, or not a whole one."""


def _damaged(reason: str, **facts: Fact) -> ClipDamagedError:
    return ClipDamagedError(problem("clip_damaged", reason=reason, **facts))


def _top_level(file: BinaryIO, size: int) -> tuple[list[_Box], int]:
    """Return all boxes of the file, and how many bytes are left after the last one.

    The rest belongs to no box: it is shorter than a header, or its kind is no name. Players ignore
    it; a sparse file that was not filled to its end looks the same.
    """
    boxes: list[_Box] = []
    at = 0
    while at < size:
        file.seek(at)
        header = file.read(16)
        if not boxes and header[4:8] != b"ftyp":
            raise _damaged("not_mp4", looks_like=sniff(header))
        if boxes and (len(header) < 8 or min(header[4:8]) < ord(" ")):
            return boxes, size - at
        box = _box(header, size - at)
        if box is None or min(box.kind) < ord(" "):
            raise _damaged("cut_off", bytes=size)
        boxes.append(_Box(box.kind, at + box.start, at + box.end))
        if len(boxes) > MAX_BOXES:
            raise _damaged("too_many_boxes")
        at += box.end
    if not boxes:
        raise _damaged("not_mp4", looks_like="empty")
    return boxes, 0


def _box(header: bytes | memoryview, room: int) -> _Box | None:
    """Return the box that begins with `header`, or None if it cannot lie within `room` bytes."""
    if len(header) < 8:
        return None
    length, kind = struct.unpack_from(">I4s", header)
    start = 8
    if length == 1 and len(header) >= 16:
        (length,) = struct.unpack_from(">Q", header, 8)
        start = 16
    elif length == 0:  # up to the end of what contains it
        length = room
    return _Box(kind, start, length) if start <= length <= room else None


def _contents(container: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield kind and content of each box directly inside a container."""
    for _ in range(MAX_BOXES):
        if len(container) < 8:  # QuickTime may end a container with four zero bytes
            return
        box = _box(container, len(container))
        if box is None:
            raise _damaged("index_broken")
        yield box.kind, container[box.start : box.end]
        container = container[box.end :]
    raise _damaged("too_many_boxes")


def _track(trak: memoryview) -> _Track:
    boxes = dict(_contents(trak))
    mdia = dict(_contents(boxes[b"mdia"]))
    handler = bytes(mdia[b"hdlr"][8:12])
    if handler not in (b"vide", b"soun"):
        return _Track(handler)
    table = dict(_contents(dict(_contents(mdia[b"minf"]))[b"stbl"]))
    entry = table[b"stsd"][8:]  # after version and count
    width, height = struct.unpack_from(">HH", entry, 32) if handler == b"vide" else (0, 0)
    if _lies_on_its_side(boxes.get(b"tkhd")):
        width, height = height, width
    mdhd = mdia[b"mdhd"]
    (timescale,) = struct.unpack_from(">I", mdhd, 20 if mdhd[0] == 1 else 12)
    # Row by row: a file may have a million, and as a list they would take twenty times its memory.
    ticks = samples = 0
    for count, delta in _rows(table[b"stts"], ">II"):
        ticks, samples = ticks + count * delta, samples + count
    wide = b"co64" in table
    bounds: tuple[int, ...] = ()
    for (at,) in _rows(table[b"co64" if wide else b"stco"], ">Q" if wide else ">I"):
        bounds = (min(at, bounds[0]), max(at, bounds[1])) if bounds else (at, at)
    return _Track(
        handler,
        width,
        height,
        bytes(entry[4:8]).decode("latin-1"),
        timescale,
        ticks=ticks,
        samples=samples,
        sample_bytes=_sample_bytes(table.get(b"stsz")),
        chunk_bounds=bounds,
    )


def _lies_on_its_side(tkhd: memoryview | None) -> bool:
    """Return whether a track's matrix turns it by a quarter, as phones do it (section 8.3.2)."""
    if tkhd is None:
        return False
    a, b, _u, c, d = struct.unpack_from(">5i", tkhd, 52 if tkhd[0] == 1 else 40)
    return bool(a == d == 0 != b == -c)


def _rows(table: memoryview, row: str, header: int = 4) -> Iterator[tuple[int, ...]]:
    """Yield the rows of a table box: `header` bytes, a 32-bit count, then that many rows."""
    (count,) = struct.unpack_from(">I", table, header)
    rows = table[header + 4 : header + 4 + count * struct.calcsize(row)]
    if len(rows) < count * struct.calcsize(row):
        raise _damaged("index_broken")
    return struct.iter_unpack(row, rows)


def _sample_bytes(stsz: memoryview | None) -> int:
    if stsz is None:
        return 0
    each, count = struct.unpack_from(">II", stsz, 4)
    return each * count if each else sum(length for (length,) in _rows(stsz, ">I", header=8))
