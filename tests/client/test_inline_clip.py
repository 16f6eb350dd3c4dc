"""A clip inside an answer is taken out as it passes by, however it is cut, and costs no memory."""

from __future__ import annotations

import json
import tracemalloc
from base64 import b64encode
from collections import defaultdict

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sora_tui.client import inline_clip
from sora_tui.client.inline_clip import InlineClip
from sora_tui.core.problem import problem_error

QUOTED = 'a sign that says "b64_json": "no clip"'


def sifted(clip: InlineClip, body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(clip.sift(piece) for piece in (*pieces, b""))


def document(*clips: str) -> dict[str, object]:
    data = [{"url": None, "b64_json": clip} for clip in clips]
    return {"id": "v", "prompt": QUOTED, "data": data, "status": "completed"}


@example(data=b"\xff\xff\xff", size=1, escaped=True, indent=None)  # cut behind a backslash
@given(
    data=st.binary(min_size=1, max_size=400),
    size=st.integers(1, 90),
    escaped=st.booleans(),
    indent=st.sampled_from([None, 2]),
)
def test_every_way_of_cutting_gives_the_clip_and_the_rest(
    data: bytes, size: int, escaped: bool, indent: int | None
) -> None:
    body = json.dumps(document(b64encode(data).decode(), "QUJD"), indent=indent)
    got: dict[int, bytes] = defaultdict(bytes)
    clip = InlineClip(lambda number, chunk: got.update({number: got[number] + chunk}))
    rest = sifted(clip, (body.replace("/", "\\/") if escaped else body).encode(), size)
    assert got == {0: data, 1: b"ABC"}
    assert clip.whole == {0, 1}
    assert json.loads(rest) == document("", "")


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    "field",
    [
        '"url": "data:video/mp4;base64,@"',
        '"url": "data:video\\/mp4;base64,@"',
        '"urls": ["data:video/webm;codecs=vp9;base64,@"]',
        '"output":"data:application/octet-stream;base64,@"',
        '"b64_json": "data:video/mp4;base64,@"',
        '"video_base64": "@"',
    ],
)
def test_a_clip_in_an_address_is_taken_out_as_well(field: str, size: int) -> None:
    data = bytes(range(256)) * 3
    body = b'{"id": "v", %s, "n": 1}' % field.replace("@", b64encode(data).decode()).encode()
    got = bytearray()
    clip = InlineClip(lambda number, chunk: got.extend(chunk))
    rest = sifted(clip, body, size)
    assert (bytes(got), clip.whole) == (data, {0})
    assert json.loads(rest)["n"] == 1
    assert b64encode(data) not in rest


def test_a_picture_in_an_address_is_no_clip() -> None:
    body = b'{"cover": "data:image/png;base64,QUJD", "url": "data:,QUJD", "prompt": "data:video"}'
    clip = InlineClip(lambda number, chunk: pytest.fail("took something"))
    assert sifted(clip, body, 9) == body


def test_an_answer_without_a_clip_passes_untouched() -> None:
    body = json.dumps({"id": "v", "prompt": QUOTED, "b64_json": None}).encode()
    clip = InlineClip(lambda number, chunk: pytest.fail("took something"))
    assert sifted(clip, body, 7) == body
    assert not clip.whole


@pytest.mark.parametrize("text", ["QUJ", "QU*D", "QQ==QUJD", "", "QUJD\\u002b"])
def test_invalid_base64_is_no_clip_and_the_rest_is_read(text: str) -> None:
    body = json.dumps(document("@")).replace("@", text).encode()
    clip = InlineClip(lambda number, chunk: None)
    assert json.loads(sifted(clip, body, 5))["status"] == "completed"
    assert not clip.whole


def test_a_clip_that_breaks_off_is_not_whole() -> None:
    body = json.dumps(document("QUJD" * 9)).encode()
    clip = InlineClip(lambda number, chunk: None)
    sifted(clip, body[:-40], 5)
    assert not clip.whole


def test_a_disk_that_refuses_does_not_lose_the_answer() -> None:
    def full(number: int, chunk: bytes) -> None:
        raise problem_error("disk_full")

    clip = InlineClip(full)
    assert json.loads(sifted(clip, json.dumps(document("QUJD" * 9)).encode(), 8))["id"] == "v"
    assert not clip.whole


def test_a_clip_without_end_is_bounded_in_memory_and_on_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inline_clip, "INLINE_LIMIT", 2**20)
    taken = 0

    def count(number: int, chunk: bytes) -> None:
        nonlocal taken
        taken += len(chunk)

    clip = InlineClip(count)
    piece = b"QUJD" * 4096
    clip.sift(b'{"data": [{"b64_json": "')
    tracemalloc.start()
    passed = [len(clip.sift(piece)) for _ in range(2000)]  # 32 MB
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20
    assert 2**20 - 2**14 <= taken <= 2**20 + 2**14
    assert (passed[1], passed[-1]) == (0, len(piece)), "the answer's own limit ends it"
    assert not clip.whole
