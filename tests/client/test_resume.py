"""A transfer goes on where it broke off, or begins again; never are two files put together."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sora_tui.client.download import ClipBody, download_video_from_api
from sora_tui.client.server_error import ServerError
from tests.support.clients import Received, at
from tests.support.raw_server import RawServer, answer, read_request, replies, send

CLIP = b"\0\0\0\x18ftypisom" + bytes(range(256)) * 400
HALF = 40_000
ETAG = '"one"'
OLD = "Mon, 30 Nov 2026 10:00:00 GMT"
NOW = "Mon, 30 Nov 2026 10:00:01 GMT"


def fetch(
    server: RawServer, sink: Received, resume: ClipBody | None = None, **more: Any
) -> ClipBody:
    return download_video_from_api(
        at(server.url),
        "v",
        sink,
        resume=resume,
        on_body=sink.bodies.append,
        stop=threading.Event(),
        limit=more.pop("limit", 10**7),
        **more,
    )


def broken(server: RawServer, **more: Any) -> tuple[Received, ClipBody]:
    """A transfer that broke off, and what the server said of it."""
    sink = Received()
    with pytest.raises(ServerError) as failure:
        fetch(server, sink, **more)
    assert failure.value.error.kind == "download_interrupted"
    return sink, sink.bodies[-1]


def whole(**headers: str) -> bytes:
    return answer(200, CLIP, etag=ETAG, **headers)


def rest(start: int = HALF, **headers: str) -> bytes:
    span = {"content_range": f"bytes {start}-{len(CLIP) - 1}/{len(CLIP)}", "etag": ETAG}
    return answer(206, CLIP[start:], **{**span, **headers})


def cut(data: bytes) -> list[Any]:
    """The head and the first `HALF` bytes of an answer with the whole clip."""
    return [read_request, send(data[: len(data) - len(CLIP) + HALF])]


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"etag": ETAG}, ETAG),
        ({"etag": 'W/"one"'}, None),
        ({"etag": "one"}, None),
        ({"etag": 'W/"one"', "last_modified": OLD, "date": NOW}, None),
        ({"last_modified": OLD, "date": NOW}, OLD),
        ({"last_modified": NOW, "date": NOW}, None),
        ({"last_modified": OLD}, None),
        ({"last_modified": "yesterday", "date": NOW}, None),
        ({"etag": ETAG, "accept_ranges": "none"}, None),
        ({}, None),
    ],
)
def test_the_validator_with_which_the_rest_is_asked_for(
    headers: dict[str, str], validator: str | None
) -> None:
    """RFC 9110, 13.1.5: weak tags are none, and a date only if it is strong and alone."""
    with RawServer(cut(answer(200, CLIP, **headers))) as server:
        sink, body = broken(server)
    assert bytes(sink.data) == CLIP[:HALF]
    assert body.validator == validator
    gives = answer(200, CLIP, **headers)
    with RawServer(replies(gives)) as again:
        told = body._replace(url=f"{again.url}/videos/v/content")
        fetch(again, sink, told)
        asked = again.requests[0].headers
    assert bytes(sink.data) == CLIP
    assert asked.get("if-range") == validator
    assert asked.get("range") == (f"bytes={HALF}-" if validator else None)


@pytest.mark.parametrize(
    ("second", "restarts", "asked"),
    [
        pytest.param(rest(), 0, 1, id="the rest"),
        pytest.param(rest(content_range=f"bytes {HALF}-{len(CLIP) - 1}/*"), 0, 1, id="no total"),
        pytest.param(whole(), 1, 1, id="the whole"),
        pytest.param(answer(200, CLIP, etag='"two"'), 1, 1, id="another file"),
        pytest.param(rest(HALF - 1), 1, 2, id="another start"),
        pytest.param(rest(0), 1, 2, id="a 206 from the beginning"),
        pytest.param(rest(etag='"two"'), 1, 2, id="the rest of another file"),
        pytest.param(
            rest(content_range=f"bytes {HALF}-{len(CLIP) - 1}/{len(CLIP) + 9}"), 1, 2, id="longer"
        ),
        pytest.param(rest(content_range="bytes x-y/z"), 1, 2, id="no range at all"),
        pytest.param(answer(206, CLIP[HALF:], etag=ETAG), 1, 2, id="no range said"),
        pytest.param(rest(content_encoding="gzip"), 1, 2, id="compressed"),
        pytest.param(answer(416), 1, 2, id="416"),
        pytest.param(answer(416, content_range=f"bytes */{len(CLIP)}"), 1, 2, id="416 in vain"),
    ],
)
def test_every_answer_to_a_question_for_the_rest(second: bytes, restarts: int, asked: int) -> None:
    # On the same connection, or on a new one where the body of the first answer was left unread.
    answers = replies(second, whole()), replies(whole())
    with RawServer(cut(whole()), *answers) as server:
        sink, body = broken(server)
        end = fetch(server, sink, body)
    assert bytes(sink.data) == CLIP
    assert (sink.restarts, len(server.requests) - 1) == (restarts, asked)
    assert (end.total, end.has_end) == (len(CLIP), True)
    assert server.requests[1].headers["range"] == f"bytes={HALF}-"
    if asked == 2:
        assert "range" not in server.requests[2].headers


def test_a_part_that_was_whole_already_is_whole() -> None:
    with RawServer(replies(answer(416, content_range=f"bytes */{len(CLIP)}"))) as server:
        sink = Received(CLIP)
        body = ClipBody(f"{server.url}/videos/v/content", len(CLIP), ETAG)
        assert fetch(server, sink, body) == body
    assert bytes(sink.data) == CLIP


def test_a_server_that_gives_a_range_in_pieces_is_asked_for_the_next() -> None:
    end = HALF + 9_999
    span = f"bytes {HALF}-{end}/{len(CLIP)}"
    piece = answer(206, CLIP[HALF : end + 1], etag=ETAG, content_range=span)
    with RawServer(cut(whole()), replies(piece), replies(rest(end + 1))) as server:
        sink, body = broken(server)
        with pytest.raises(ServerError):
            fetch(server, sink, body)
        assert bytes(sink.data) == CLIP[: end + 1]
        fetch(server, sink, body)
    assert bytes(sink.data) == CLIP
    assert sink.restarts == 0


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_a_refusal_of_the_rest_leaves_the_part_as_it_is(status: int) -> None:
    with RawServer(cut(whole()), replies(answer(status), answer(404)), replies(rest())) as server:
        sink, body = broken(server)
        with pytest.raises(ServerError):
            fetch(server, sink, body)
        assert bytes(sink.data) == CLIP[:HALF]
        fetch(server, sink, body)
    assert bytes(sink.data) == CLIP
    assert sink.restarts == 0


def test_the_question_goes_along_where_a_redirect_leads_and_the_key_does_not() -> None:
    with RawServer(cut(whole()), replies(rest())) as storage:
        here = answer(302, location=f"http://127.0.0.1:{storage.port}/clip?sig=1")
        with RawServer(replies(here)) as server:
            sink, body = broken(server)
            fetch(server, sink, body)
        assert storage.requests[1].headers["if-range"] == ETAG
        assert "authorization" not in storage.requests[1].headers
    assert bytes(sink.data) == CLIP
    assert sink.restarts == 0


def test_the_rest_from_another_address_is_not_put_behind_this_part() -> None:
    with RawServer(replies(whole())) as storage, RawServer(replies(answer(404))) as server:
        sink = Received(CLIP[:HALF])
        body = ClipBody(f"{server.url}/videos/v/content", len(CLIP), ETAG)
        fetch(server, sink, body, addresses=[f"http://127.0.0.1:{storage.port}/clip"])
        assert "range" not in storage.requests[0].headers
    assert bytes(sink.data) == CLIP
    assert sink.restarts == 1


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"content_range": f"bytes 0-{len(CLIP) - 1}/{len(CLIP)}"}, True),
        ({"content_range": f"bytes 0-{len(CLIP) - 1}/{len(CLIP) * 2}"}, False),
        ({"content_range": f"bytes 0-{len(CLIP) - 1}/*"}, True),
        ({"content_range": f"bytes 1-{len(CLIP)}/*"}, False),
        ({"content_range": f"bytes 1-{len(CLIP)}/{len(CLIP) + 1}"}, False),
        ({}, True),
    ],
)
@pytest.mark.parametrize("status", [206, 200])
def test_a_part_that_was_not_asked_for_is_no_clip(
    status: int, headers: dict[str, str], taken: bool
) -> None:
    with RawServer(replies(answer(status, CLIP, **headers))) as server:
        sink = Received()
        if taken:
            fetch(server, sink)
            assert bytes(sink.data) == CLIP
        else:
            with pytest.raises(ServerError) as failure:
                fetch(server, sink)
            assert "a part that nobody asked for" in failure.value.error.message
            assert not sink.data
