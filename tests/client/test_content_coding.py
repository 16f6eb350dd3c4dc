"""Answers that come compressed though nobody asked for it: read within the caps, or named."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_tui.client.content_coding import PIECE, CodingError, Decoder
from sora_tui.client.outcome import Accepted, Rejected, Unclear
from sora_tui.client.server_error import ServerError
from sora_tui.core.request import VideoRequest
from tests.support.clients import at, client_of
from tests.support.raw_server import RawServer, answer, replies


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, Any] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZIP": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "gzip, gzip": lambda data: gzip.compress(gzip.compress(data)),
    "deflate, identity, gzip": lambda data: gzip.compress(zlib.compress(data)),
    "identity": bytes,
    "": bytes,
}


def unpacked(coding: str, body: bytes, size: int = 7) -> bytes:
    decoder = Decoder(coding)
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(out for piece in pieces for out in decoder.pieces(piece))


@pytest.mark.parametrize("coding", PACKERS)
@given(data=st.binary(max_size=400), size=st.integers(1, 500))
def test_every_known_coding_gives_what_was_packed(coding: str, data: bytes, size: int) -> None:
    assert unpacked(coding, PACKERS[coding](data), size) == data


def test_several_members_of_gzip_are_one_body_and_padding_is_none() -> None:
    body = gzip.compress(b"one ") + gzip.compress(b"two") + bytes(9)
    for size in (1, 5, 1000):
        assert unpacked("gzip", body, size) == b"one two"


def test_a_header_that_a_middlebox_left_behind_means_nothing() -> None:
    assert unpacked("gzip", b'{"id": "v"}') == b'{"id": "v"}'


def test_a_stream_that_is_cut_off_is_not_whole_and_a_broken_one_raises() -> None:
    whole = gzip.compress(b"a kite" * 100)
    decoder = Decoder("gzip")
    list(decoder.pieces(whole[:-1]))
    assert not decoder.is_whole
    list(decoder.pieces(whole[-1:]))
    assert decoder.is_whole
    with pytest.raises(CodingError):
        unpacked("gzip", whole[:-8] + bytes(8))


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br", ", ".join(["gzip"] * 9)])
def test_a_coding_that_is_not_known_is_named(coding: str) -> None:
    assert Decoder(coding).unreadable


def test_a_bomb_is_unpacked_a_piece_at_a_time() -> None:
    bomb = gzip.compress(bytes(64 * 2**20), 9)
    tracemalloc.start()
    try:
        sizes = [len(piece) for piece in Decoder("gzip").pieces(bomb)]
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert max(sizes) <= PIECE
    assert sum(sizes) == 64 * 2**20
    assert peak < 2**20


VIDEO = {"id": "video_1", "object": "video", "status": "queued"}


@pytest.mark.parametrize("coding", ["gzip", "deflate", "x-gzip"])
@pytest.mark.parametrize(
    ("status", "document", "outcome"),
    [(200, VIDEO, Accepted), (400, {"error": {"message": "no such model"}}, Rejected)],
)
async def test_a_paid_answer_that_comes_compressed_is_read(
    coding: str, status: int, document: dict[str, Any], outcome: type
) -> None:
    body = PACKERS[coding](json.dumps(document).encode())
    with RawServer(replies(answer(status, body, content_encoding=coding))) as server:
        async with client_of(at(server.url)) as client:
            result = await client.create(VideoRequest(prompt="A kite"), None, "key")
    assert isinstance(result, outcome)
    assert len(server.requests) == 1


async def test_an_answer_that_cannot_be_unpacked_says_why() -> None:
    data = answer(200, b"\x8b\x05\x80", content_encoding="br")
    with RawServer(replies(data, data)) as server:
        async with client_of(at(server.url)) as client:
            result = await client.create(VideoRequest(prompt="A kite"), None, "key")
            with pytest.raises(ServerError) as failure:
                await client.retrieve("video_1")
    assert isinstance(result, Unclear)
    assert "compressed" in result.error.message
    assert "(br)" in failure.value.error.message


async def test_an_answer_beyond_its_limit_is_read_no_further() -> None:
    body = gzip.compress(b'{"id": "' + b"x" * 50 * 2**20 + b'"}', 9)
    with RawServer(replies(answer(200, body, content_encoding="gzip"))) as server:
        async with client_of(at(server.url)) as client:
            tracemalloc.start()
            try:
                with pytest.raises(ServerError):
                    await client.retrieve("video_1")
                _now, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
    assert peak < 12 * 2**20
