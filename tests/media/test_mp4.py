"""A clip is judged by its boxes: whole ones give their facts, cut and lying ones are refused."""

from __future__ import annotations

import random
import struct
import tracemalloc
from pathlib import Path

import pytest

from sora_tui.core.problem import ProblemError
from sora_tui.core.sniff import sniff
from sora_tui.media.mp4 import inspect_mp4
from sora_tui.media.practice.render import ClipPlan, render_clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    render_clip(ClipPlan("boxes", 64, 48, 1), path, lambda share: None)
    return path.read_bytes()


def reason(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(ProblemError) as refused:
        inspect_mp4(path)
    assert refused.value.problem.code == "clip_damaged"
    return str(refused.value.problem.facts["reason"])


def boxed(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def test_facts_of_a_whole_clip(clip: bytes, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(clip)
    facts = inspect_mp4(path)
    assert (facts.width, facts.height, facts.seconds, facts.fps) == (64, 48, 1.0, 30.0)
    assert (facts.codec, facts.audio, facts.faststart, facts.complete) == (
        "avc1",
        False,
        True,
        True,
    )
    assert facts.bytes == len(clip)


def test_a_clip_cut_anywhere_is_refused(clip: bytes, tmp_path: Path) -> None:
    chance = random.Random(4)
    cuts = [1, 4, 8, len(clip) - 1, *(chance.randrange(1, len(clip)) for _ in range(60))]
    for cut in cuts:
        assert reason(tmp_path / "cut.mp4", clip[:cut]) in (
            "cut_off",
            "not_mp4",
            "no_index",
            "no_media",
        )


def test_lies_and_garbage_have_their_reasons(clip: bytes, tmp_path: Path) -> None:
    path = tmp_path / "lie.mp4"
    ftyp, mdat = boxed(b"ftyp", b"isom"), boxed(b"mdat", b"x")
    moov_at = clip.index(b"moov") - 4
    (moov_length,) = struct.unpack_from(">I", clip, moov_at)
    moov = clip[moov_at : moov_at + moov_length]
    assert reason(path, b"") == "not_mp4"
    assert reason(path, b"<html>Gateway timeout</html>") == "not_mp4"
    assert reason(path, clip + moov) == "no_index"
    assert reason(path, ftyp + mdat) == "no_index"
    assert reason(path, ftyp + moov) == "no_media"
    assert reason(path, ftyp + boxed(b"moov") + mdat) == "no_video"
    assert reason(path, ftyp + boxed(b"moov", boxed(b"trak")) + mdat) == "index_broken"
    # Sizes: too small, past the end, 64 bits of nonsense, inside moov past moov.
    assert reason(path, ftyp + struct.pack(">I4s", 4, b"moov") + mdat) == "cut_off"
    assert reason(path, ftyp + struct.pack(">I4s", 2**31, b"moov") + mdat) == "cut_off"
    assert reason(path, ftyp + struct.pack(">I4sQ", 1, b"moov", 2**63)) == "cut_off"
    lying = boxed(b"moov", struct.pack(">I4s", 2**20, b"trak"))
    assert reason(path, ftyp + lying + mdat) == "index_broken"
    assert reason(path, ftyp + boxed(b"free") * 30_000 + mdat) == "too_many_boxes"


def test_an_index_of_many_rows_takes_no_more_memory_than_its_bytes(tmp_path: Path) -> None:
    """It is read where jobs and keys are."""
    rows = 50_000
    table = boxed(b"stsd", bytes(8) + b"\0\0\0\x56avc1" + bytes(78))
    table += boxed(b"stts", struct.pack(">II", 0, rows) + struct.pack(">II", 1, 7) * rows)
    table += boxed(b"stco", struct.pack(">II", 0, rows) + struct.pack(">I", 9) * rows)
    media = boxed(b"mdhd", bytes(24)) + boxed(b"hdlr", bytes(8) + b"vide" + bytes(12))
    media += boxed(b"minf", boxed(b"stbl", table))
    path = tmp_path / "clip.mp4"
    index = boxed(b"moov", boxed(b"trak", boxed(b"mdia", media)))
    path.write_bytes(boxed(b"ftyp", b"isom") + boxed(b"mdat", bytes(9)) + index)
    tracemalloc.start()
    try:
        assert inspect_mp4(path).tracks == 1
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * len(index)


def test_a_length_that_no_clip_has_is_none(clip: bytes, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    at = clip.index(b"stts") + 12
    path.write_bytes(clip[:at] + b"\xff" * 8 + clip[at + 8 :])
    assert inspect_mp4(path).seconds == 0.0


def test_samples_without_room_make_a_clip_incomplete(clip: bytes, tmp_path: Path) -> None:
    path = tmp_path / "hollow.mp4"
    mdat_at = clip.index(b"mdat") - 4
    path.write_bytes(clip[:mdat_at] + boxed(b"mdat", b"only this"))
    assert not inspect_mp4(path).complete


def test_random_damage_in_the_index_never_crashes(clip: bytes, tmp_path: Path) -> None:
    chance = random.Random(7)
    path = tmp_path / "damaged.mp4"
    moov_at = clip.index(b"moov") - 4
    (length,) = struct.unpack_from(">I", clip, moov_at)
    for _ in range(300):
        damaged = bytearray(clip)
        for _ in range(chance.randrange(1, 6)):
            damaged[moov_at + chance.randrange(length)] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            inspect_mp4(path)
        except ProblemError as refused:
            assert refused.problem.code == "clip_damaged"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x20ftypisom", "mp4"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "webp"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\x1a\x45\xdf\xa3\x9f", "ebml"),
        (b"\n <!DOCTYPE html>", "html"),
        (b'\xef\xbb\xbf{"error": 1}', "json"),
        (b"plain", "other"),
        (b"", "other"),
    ],
)
def test_sniff(head: bytes, kind: str) -> None:
    assert sniff(head) == kind
