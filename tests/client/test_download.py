"""Downloads from servers that cut, crawl, lie, point elsewhere or never end."""

from __future__ import annotations

import base64
import gzip
import json
import threading
import time
import zlib
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sora_tui.client import download
from sora_tui.client.download import download_video_from_api
from sora_tui.client.fetcher import Fetcher
from sora_tui.client.server_error import ServerError
from sora_tui.core.problem import Spent
from tests.support.clients import Received, at
from tests.support.raw_server import (
    Line,
    RawServer,
    Request,
    answer,
    drip,
    hang,
    read_head,
    read_request,
    replies,
    reset,
    send,
    wait_for,
)

CLIP = b"\0\0\0\x18ftypisom" + bytes(range(256)) * 2000


def fetch(
    url: str,
    urls: Sequence[str] = (),
    limit: int = 10**7,
    stop: threading.Event | None = None,
    **changes: Any,
) -> tuple[bytes, int | None]:
    """The bytes and the announced size of video `a/b`."""
    sink = Received()
    body = download_video_from_api(
        at(url, **changes),
        "a/b",
        sink,
        addresses=urls,
        on_body=sink.bodies.append,
        stop=stop or threading.Event(),
        limit=limit,
    )
    assert sink.bodies == [body]
    return bytes(sink.data), body.total


def refused(url: str, urls: Sequence[str] = (), **more: Any) -> ServerError:
    with pytest.raises(ServerError) as failure:
        fetch(url, urls, **more)
    assert failure.value.error.spent is Spent.YES
    return failure.value


def asked_for(server: RawServer) -> list[Request]:
    """The requests for the clip; a look at the job may follow a refusal."""
    return [request for request in server.requests if request.target.endswith("/content")]


def test_the_clip_comes_whole_and_without_a_variant() -> None:
    with RawServer(replies(answer(200, CLIP, content_type="text/plain"))) as server:
        assert fetch(server.url) == (CLIP, len(CLIP))
        assert server.requests[0].target == "/v1/videos/a%2Fb/content"
        assert server.requests[0].headers["accept-encoding"] == "identity"
        assert server.requests[0].headers["authorization"] == "Bearer sk-secret"


def test_a_clip_without_a_length() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (CLIP[:5], CLIP[5:]))
    with RawServer([read_request, send(head + body + b"0\r\n\r\n")]) as server:
        assert fetch(server.url) == (CLIP, None)


@pytest.mark.parametrize("at_byte", [0, 5, len(CLIP) // 2, len(CLIP) - 1])
@pytest.mark.parametrize("end", [lambda line: None, reset], ids=["closed", "reset"])
def test_a_short_body_is_an_interruption(at_byte: int, end: Any) -> None:
    whole = answer(200, CLIP)
    cut = whole[: len(whole) - len(CLIP) + at_byte]
    with RawServer([read_request, send(cut), end]) as server:
        assert refused(server.url).error.kind == "download_interrupted"
        assert server.connections == 1


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind", "missing"),
    [
        (200, {"content_type": "text/html"}, "<html><title>Log in</title>", "refused", False),
        (200, {"content_type": "video/mp4"}, '{"error": "no"}', "refused", False),
        (200, {"content_type": "application/json"}, "no", "refused", False),
        (200, {"content_type": "video/mp4"}, "", "refused", False),
        (200, {"content_encoding": "gzip"}, b"\x1f\x8b" * 50, "interrupted", False),
        (200, {"content_encoding": "br"}, b"\x1f\x8b" * 50, "refused", False),
        (400, {}, {"detail": "not ready"}, "refused", False),
        (404, {}, {"detail": "not found"}, "refused", True),
        (409, {}, "", "refused", False),
        (401, {}, {"error": "Unauthorized"}, "refused", False),
        (425, {}, "", "interrupted", False),
        (429, {"retry_after": "9"}, "", "interrupted", False),
        (500, {}, "Internal Server Error", "interrupted", False),
        (410, {}, "", "expired", False),
        (404, {}, {"error": {"code": "video_expired", "message": "gone"}}, "expired", True),
    ],
)
def test_an_answer_that_is_no_clip_is_refused(
    status: int, headers: dict[str, str], body: Any, kind: str, missing: bool
) -> None:
    with RawServer(replies(answer(status, body, **headers))) as server:
        failure = refused(server.url)
    assert failure.error.kind == ("remote_expired" if kind == "expired" else f"download_{kind}")
    assert (failure.error.status in {status, None}, failure.not_found) == (True, missing)
    assert failure.retry_after == (9 if status == 429 else None)


def test_the_cap_holds_with_and_without_a_length() -> None:
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + CLIP * 3
    for data in (answer(200, CLIP), endless):
        with RawServer([read_request, send(data), hang]) as server:
            assert refused(server.url, limit=len(CLIP) - 1).error.kind == "download_too_large"


def test_a_crawling_body_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "SLOW_FOR", 0.5)
    whole = answer(200, CLIP)
    start = len(whole) - len(CLIP) + 100
    for conversation in (
        [read_request, send(whole[:start]), drip(CLIP[100:], 0.02)],
        [read_request, drip(whole, 0.02)],
        [read_request, hang],
    ):
        with RawServer(conversation) as server:
            began = time.monotonic()
            failure = refused(server.url)
            assert time.monotonic() - began < 5
        assert (failure.error.kind, "slower" in failure.error.message) == (
            "download_interrupted",
            True,
        )


@pytest.mark.parametrize(
    ("speed", "cut_at"), [(download.MIN_SPEED, None), (download.MIN_SPEED - 1, 30.0)]
)
def test_a_transfer_is_cut_when_it_crawled_for_half_a_minute_and_not_before(
    monkeypatch: pytest.MonkeyPatch, speed: int, cut_at: float | None
) -> None:
    class Clock(threading.Event):
        """Each tick takes as long as it says, by a clock of its own."""

        now = 1000.0

        def wait(self, timeout: float | None = None) -> bool:
            assert timeout is not None
            self.now += timeout
            transfer.received = int((self.now - 1000.0) * speed)
            return self.now >= 1100.0 or bool(cut)

    clock, cut = Clock(), list[float]()
    line = SimpleNamespace(cut=lambda: cut.append(clock.now - 1000.0))
    transfer = download._Transfer(
        at("http://127.0.0.1:9/v1"), Received(), lambda body: None, threading.Event(), 10**7
    )
    monkeypatch.setattr(download, "time", SimpleNamespace(monotonic=lambda: clock.now))
    transfer._watch(cast(Fetcher, line), clock)
    assert cut == ([] if cut_at is None else [cut_at])


def test_an_error_page_without_end_is_read_no_further() -> None:
    read: list[str] = []

    def pad(line: Line) -> None:
        for _ in range(512):
            line.socket.sendall(b" " * 2**16)
        read.append("32 MB")

    page = b"HTTP/1.1 502 Bad\r\n\r\n<title>Bad gateway</title>"
    with RawServer([read_request, send(page), pad]) as server:
        failure = refused(server.url)
    assert read == []
    assert (failure.error.status, failure.error.message) == (502, "Bad gateway")


def test_what_is_stopped_before_it_has_a_connection_needs_none_cut() -> None:
    with RawServer(replies(answer(200, CLIP))) as server:
        fetcher = Fetcher(at(server.url))
        fetcher.cut()
        with fetcher.get(f"{server.url}/videos/v/content") as incoming:
            assert b"".join(incoming.chunks) == CLIP
        fetcher.close()


def test_stop_wakes_a_transfer_that_waits_for_a_mute_server() -> None:
    stop, asked = threading.Event(), threading.Event()

    def stop_when_asked() -> None:
        asked.wait(10)
        stop.set()

    stopper = threading.Thread(target=stop_when_asked)
    stopper.start()
    with RawServer([read_request, lambda line: asked.set(), hang]) as server:
        began = time.monotonic()
        failure = refused(server.url, stop=stop)
        assert time.monotonic() - began < 5
    stopper.join()
    assert (failure.error.kind, failure.error.message) == ("download_interrupted", "stopped")


def test_what_the_sink_raises_comes_through() -> None:
    class Full(Received):
        def write(self, chunk: bytes) -> None:
            raise OSError(28, "no space")

    with (
        RawServer(replies(answer(200, CLIP))) as server,
        pytest.raises(OSError, match="no space"),
    ):
        download_video_from_api(
            at(server.url),
            "v",
            Full(),
            on_body=lambda body: None,
            stop=threading.Event(),
            limit=10**7,
        )


def test_redirects_lose_the_key_on_another_origin() -> None:
    with RawServer(replies(answer(200, CLIP))) as storage:
        there = answer(302, location=f"http://127.0.0.1:{storage.port}/clip?sig=1")
        here = answer(307, location="../moved")
        with RawServer(replies(here), replies(there)) as server:
            headers = {"X-Org": "lab"}
            assert fetch(server.url, auth="api-key", headers=headers)[0] == CLIP
            assert [r.target for r in server.requests] == [
                "/v1/videos/a%2Fb/content",
                "/v1/videos/moved",
            ]
            assert all(r.headers["api-key"] == "sk-secret" for r in server.requests)
            assert all(r.headers["x-org"] == "lab" for r in server.requests)
        assert storage.requests[0].target == "/clip?sig=1"
        assert "sk-secret" not in str(storage.requests[0].headers)
        assert "x-org" not in storage.requests[0].headers


@pytest.mark.parametrize(
    "location",
    [
        "http://storage.example.invalid/clip",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "https://user:word@127.0.0.1/x",
        "http://127.0.0.1:99999/",
        "http://[::1",
    ],
)
def test_redirects_that_are_not_followed(location: str) -> None:
    with RawServer(replies(answer(302, location=location))) as server:
        assert refused(server.url).error.kind in {"download_refused", "download_interrupted"}
        assert len(asked_for(server)) == 1


def test_redirects_end() -> None:
    with RawServer(replies(*[answer(302, location="content")] * 10)) as server:
        assert refused(server.url).error.kind == "download_refused"
        assert len(asked_for(server)) == download.MAX_HOPS + 1


def test_direct_addresses_follow_where_content_gives_nothing() -> None:
    """SGLang with cloud storage answers 400 'Please use the cloud URL'."""
    with RawServer(replies(answer(200, CLIP))) as storage:
        url = f"http://127.0.0.1:{storage.port}/clip?sig=1"
        with RawServer(replies(answer(400, {"detail": "use the cloud URL"}))) as server:
            assert fetch(server.url, ["http://far.example.invalid/x", url])[0] == CLIP
        assert "authorization" not in storage.requests[0].headers


def test_no_other_address_once_bytes_were_given_away() -> None:
    whole = answer(200, CLIP)
    with (
        RawServer(replies(whole)) as storage,
        RawServer([read_head, send(whole[:-9])]) as server,
    ):
        url = f"http://127.0.0.1:{storage.port}/clip"
        assert refused(server.url, [url]).error.kind == "download_interrupted"
        assert storage.connections == 0


def test_a_stop_between_chunks_gives_no_further_chunk() -> None:
    stop, go_on = threading.Event(), threading.Event()
    whole = answer(200, CLIP)
    got: list[bytes] = []

    class Sink(Received):
        def write(self, chunk: bytes) -> None:
            got.append(chunk)
            stop.set()
            go_on.set()

    half = len(whole) // 2
    with (
        RawServer(
            [read_request, send(whole[:half]), wait_for(go_on), send(whole[half:])]
        ) as server,
        pytest.raises(ServerError, match="stopped"),
    ):
        download_video_from_api(
            at(server.url), "v", Sink(), on_body=lambda body: None, stop=stop, limit=10**7
        )
    assert len(got) == 1


@pytest.mark.parametrize(
    ("said", "target"),
    [
        ("/files/a.mp4", "/files/a.mp4"),
        ("files/a.mp4", "/v1/files/a.mp4"),
        ("./files/a.mp4?sig=1", "/v1/files/a.mp4?sig=1"),
        ("/v1/files/a.mp4", "/v1/files/a.mp4"),
        ("/files/my clip.mp4?a=b c", "/files/my%20clip.mp4?a=b%20c"),
    ],
)
def test_a_relative_address_is_the_servers_own_and_gets_the_key(said: str, target: str) -> None:
    with RawServer(replies(answer(404)), replies(answer(200, CLIP))) as server:
        assert fetch(server.url, [said])[0] == CLIP
        assert server.requests[1].target == target
        assert server.requests[1].headers["authorization"] == "Bearer sk-secret"


def test_a_relative_address_is_also_tried_below_the_base_address() -> None:
    missing = replies(answer(404))
    with RawServer(missing, missing, replies(answer(200, CLIP))) as server:
        assert fetch(server.url, ["/files/a.mp4"])[0] == CLIP
        assert [r.target for r in server.requests[1:]] == ["/files/a.mp4", "/v1/files/a.mp4"]


def test_the_key_goes_to_no_other_port_or_host() -> None:
    with RawServer(replies(answer(200, CLIP))) as other, RawServer(replies(answer(404))) as server:
        url = f"http://localhost:{other.port}/clip"
        assert fetch(server.url, [url])[0] == CLIP
        assert "authorization" not in other.requests[0].headers


@pytest.mark.parametrize(
    "page",
    [
        {"url": "{}/clip"},
        {"data": {"task_result": {"videos": [{"url": "{}/clip"}]}}},
        [{"video_url": "{}/clip"}],
        "{}/clip",
        {"output": ["http://127.0.0.1:9/gone", "{}/clip"], "result_url": "{}/clip"},
    ],
)
def test_an_answer_that_stands_for_the_clip_is_followed(page: Any) -> None:
    with RawServer(replies(answer(200, CLIP))) as storage:
        text = json.dumps(page).replace("{}", storage.url)
        body = text.strip('"') if isinstance(page, str) else text
        for kind in ("application/json", "text/plain", "video/mp4"):
            with RawServer(replies(answer(200, body, content_type=kind))) as server:
                assert fetch(server.url)[0] == CLIP


WRITTEN_OUT = base64.b64encode(CLIP).decode()
WITH_A_CLIP: dict[str, dict[str, Any]] = {
    "b64_json": {"data": [{"b64_json": WRITTEN_OUT}]},
    "a data address": {"url": f"data:video/mp4;base64,{WRITTEN_OUT}"},
    "another name": {"result": {"video_base64": WRITTEN_OUT}},
}


@pytest.mark.parametrize("inside", WITH_A_CLIP.values(), ids=WITH_A_CLIP)
def test_a_clip_that_is_written_out_in_an_answer_is_taken(inside: dict[str, Any]) -> None:
    job = {"id": "a/b", "status": "completed", **inside, "more": "x" * 2_000_000}
    with RawServer(replies(answer(200, job))) as server:
        assert fetch(server.url) == (CLIP, None)
    with RawServer(replies(answer(404)), replies(answer(200, job))) as server:
        assert fetch(server.url) == (CLIP, None)
        assert server.requests[1].target == "/v1/videos/a%2Fb"


def test_a_clip_that_is_written_out_and_cut_off_is_asked_for_again() -> None:
    whole = answer(200, {"id": "a/b", **WITH_A_CLIP["b64_json"]})
    with RawServer([read_request, send(whole[:-5000])]) as server:
        assert refused(server.url).error.kind == "download_interrupted"


def test_bytes_in_place_of_a_poll_answer_are_no_clip() -> None:
    with RawServer(replies(answer(404)), replies(answer(200, CLIP))) as server:
        assert refused(server.url).not_found


def test_a_new_poll_brings_the_address_that_is_valid_now() -> None:
    """A signed address dies while the clip lives: Runway and MiniMax renew it at each look."""
    dead = replies(answer(403, "Request has expired"))
    with RawServer(dead, replies(answer(200, CLIP))) as storage:
        job = {"id": "a/b", "status": "completed", "url": f"{storage.url}/new"}
        with RawServer(replies(answer(404)), replies(answer(200, job))) as server:
            assert fetch(server.url, [f"{storage.url}/old"])[0] == CLIP
            assert [r.target for r in server.requests] == [
                "/v1/videos/a%2Fb/content",
                "/v1/videos/a%2Fb",
            ]
        assert [r.target for r in storage.requests] == ["/v1/old", "/v1/new"]


def test_a_server_that_says_429_is_not_called_at_another_address_meanwhile() -> None:
    with RawServer(replies(answer(200, CLIP))) as storage:
        refusal = answer(429, retry_after="20")
        with RawServer(replies(refusal), replies(answer(200, CLIP))) as server:
            here, there = f"{server.url}/clip", f"{storage.url}/clip"
            assert refused(server.url, [here]).retry_after == 20
            assert len(server.requests) == 1
        with RawServer(replies(refusal)) as server:
            assert fetch(server.url, [there])[0] == CLIP


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry_after": "20"}, 20),
        ({"retry_after": "900"}, 900),
        ({"retry_after": "999999"}, 3600),
        (
            {
                "date": "Mon, 30 Nov 2026 10:00:00 GMT",
                "retry_after": "Mon, 30 Nov 2026 10:00:45 GMT",
            },
            45,
        ),
        ({"retry_after": "soon"}, None),
    ],
)
@pytest.mark.parametrize("status", [202, 404, 409, 425, 429, 503])
def test_every_answer_may_ask_for_time(
    status: int, headers: dict[str, str], wait: float | None
) -> None:
    with RawServer(replies(answer(status, **headers))) as server:
        assert refused(server.url).retry_after == wait


@pytest.mark.parametrize(
    ("status", "message", "is_over"),
    [
        (404, "The video has expired", True),
        (403, "This file expired an hour ago", True),
        (401, "The video token has expired", False),
        (403, "Your API key has expired", False),
        (404, "not found", False),
    ],
)
def test_words_that_end_a_clip(status: int, message: str, is_over: bool) -> None:
    with RawServer(replies(answer(status, {"error": {"message": message}}))) as server:
        kind = refused(server.url).error.kind
    assert (kind == "remote_expired") == is_over


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("length", [True, False])
def test_a_clip_that_comes_compressed_is_unpacked(coding: str, length: bool) -> None:
    packed = gzip.compress(CLIP) if coding == "gzip" else zlib.compress(CLIP)
    data = answer(200, packed, content_encoding=coding, etag='"a"')
    if not length:
        data = f"HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\n\r\n".encode() + packed
    with RawServer([read_request, send(data)]) as server:
        assert fetch(server.url) == (CLIP, None)
    with RawServer([read_request, send(data[:-9])]) as server:
        assert refused(server.url).error.kind == "download_interrupted"


def test_a_bomb_in_place_of_a_clip_is_unpacked_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_RATIO_FREE", 2**20)
    bomb = gzip.compress(CLIP + bytes(64 * 2**20), 9)
    with RawServer(replies(answer(200, bomb, content_encoding="gzip"))) as server:
        sink = Received()
        with pytest.raises(ServerError, match="download_refused"):
            download_video_from_api(
                at(server.url),
                "v",
                sink,
                on_body=lambda body: None,
                stop=threading.Event(),
                limit=10**9,
            )
    assert sink.size < 8 * 2**20


def test_bytes_that_a_server_calls_text_are_bytes() -> None:
    gif = b"GIF89a" + bytes(300)
    for data in (gif, bytes(range(256)) * 4):
        with RawServer(replies(answer(200, data, content_type="text/plain"))) as server:
            assert fetch(server.url)[0] == data


@pytest.mark.parametrize(
    ("output", "dialect", "targets"),
    [
        (0, "generic", ["content"]),
        (2, "sglang", ["content?variant=2", "content?output_index=2"]),
        (1, "openrouter", ["content?index=1"]),
        (1, "generic", ["content?variant=1", "content?index=1&output_index=1"]),
    ],
)
def test_each_clip_of_a_job_is_asked_for_by_its_number(
    output: int, dialect: str, targets: list[str]
) -> None:
    refusals = [replies(answer(404))] * (len(targets) - 1)
    with RawServer(*refusals, replies(answer(200, CLIP))) as server:
        sink = Received()
        download_video_from_api(
            at(server.url, dialect=dialect),
            "v",
            sink,
            output=output,
            on_body=lambda body: None,
            stop=threading.Event(),
            limit=10**7,
        )
        assert [r.target for r in server.requests] == [f"/v1/videos/v/{each}" for each in targets]
