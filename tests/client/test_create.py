"""The paid request: sent once, and read for what it means for the money."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from sora_tui.client import transport
from sora_tui.client.outcome import Accepted, CreateOutcome, Later, NotSent, Rejected, Unclear
from sora_tui.client.request_body import build_request
from sora_tui.client.videos import Upload
from sora_tui.core.problem import Spent
from sora_tui.core.remote_video import Phase
from sora_tui.core.request import Operation, VideoRequest
from sora_tui.core.secret import Secret
from sora_tui.core.server import Server
from tests.support.clients import at, client_of
from tests.support.raw_server import (
    RawServer,
    Step,
    answer,
    drip,
    hang,
    pause,
    read_body,
    read_head,
    read_request,
    replies,
    reset,
    send,
)

REQUEST = VideoRequest("a fox in the rain", model="sora-2", seconds="4", size="1280x720")
VIDEO = {"id": "video_1", "object": "video", "status": "queued"}
PICTURE = Upload(os.urandom(200_000), "image/webp", "fox.webp", "input_reference/fox.webp")
#: More than the buffers of two sockets take, so that it cannot leave before the server reads.
LARGE = replace(PICTURE, data=bytes(12_000_000))


async def create(
    url: str, upload: Upload | None = None, request: VideoRequest = REQUEST, **changes: Any
) -> CreateOutcome:
    async with client_of(at(url, **changes)) as client:
        return await client.create(request, upload, "job-1")


# What an answer means -----------------------------------------------------------------------

REFUSED: list[tuple[int, Any, str]] = [
    (400, {"error": {"message": "Inpaint image must match", "code": None}}, "request_refused"),
    (400, {"error": {"message": "Hmmm", "code": "sentinel_block"}}, "moderation_before"),
    (400, {"error": {"message": "no DB", "type": "no_db_connection"}}, "key_refused"),
    (401, {"error": {"message": "Incorrect", "code": "invalid_api_key"}}, "key_refused"),
    (401, {"error": "Unauthorized"}, "key_refused"),
    (402, {"message": "pay first"}, "quota_exhausted"),
    (403, {"detail": "Invalid API key"}, "key_refused"),
    (403, {"error": {"message": "Blocked by our content policy"}}, "moderation_before"),
    (403, {"code": "insufficient_user_quota", "message": "empty"}, "quota_exhausted"),
    (404, {"detail": "Not Found"}, "request_refused"),
    (405, "", "request_refused"),
    (425, "", "request_refused"),
    (413, "<html><title>413 Request Entity Too Large</title></html>", "request_refused"),
    (415, b"\xff\xfe", "request_refused"),
    (422, {"detail": [{"loc": ["body", "seconds"], "msg": "bad"}]}, "request_refused"),
    (429, {"error": {"message": "no money", "code": "insufficient_quota"}}, "quota_exhausted"),
    (307, "", "request_refused"),
    (
        400,
        {
            "error": {
                "message": "litellm.BadRequestError: OpenAIException - "
                '{"error": {"message": "Blocked.", "code": "moderation_blocked"}}\n\nLiteLLM: x',
                "code": "400",
            }
        },
        "moderation_before",
    ),
]


@pytest.mark.parametrize(("status", "body", "kind"), REFUSED)
async def test_definite_refusals_cost_nothing(status: int, body: Any, kind: str) -> None:
    with RawServer(replies(answer(status, body, x_request_id="req_7"))) as server:
        outcome = await create(server.url)
        assert isinstance(outcome, Rejected)
        assert (outcome.error.kind, outcome.error.spent) == (kind, Spent.NO)
        assert (outcome.error.status, outcome.error.request_id) == (status, "req_7")
        assert len(server.requests) == 1


REPEATED = "litellm.RateLimitError: slow down LiteLLM Retried: 2 times, LiteLLM Max Retries: 2"
#: The marks of LiteLLM stand behind the words of another server, which are what is shown.
WRAPPED = 'litellm.RateLimitError: OpenAIException - {"error": {"message": "Rate limit reached"}}'
WRAPPED_AND_REPEATED = f"{WRAPPED} LiteLLM Retried: 2 times, LiteLLM Max Retries: 2"
FALLEN_BACK = f"{WRAPPED}. Received Model Group=a\nError doing the fallback: litellm.Timeout"
WITH_A_VIDEO = (
    "litellm.APIError: OpenAIException - "
    '{"id": "video_7", "object": "video", "status": "queued", "progress": 0}'
)
UNCLEAR: list[tuple[int, Any]] = [
    *[(status, {"error": {"message": REPEATED}}) for status in (400, 429)],
    *[(status, {"error": {"message": "oops"}}) for status in (408, 409, 500, 502, 503, 504, 524)],
    *[(status, "") for status in (303, 304, 424, 460, 499, *range(520, 531), 600)],
    (202, ""),
    (503, "<html><title>503 Service Temporarily Unavailable</title></html>"),
    (429, {"error": {"message": WRAPPED_AND_REPEATED}}),
    (429, {"error": {"message": FALLEN_BACK}}),
    *[(status, {"error": {"message": WITH_A_VIDEO}}) for status in (400, 429)],
    *[(200, body) for body in ("", "{}", "[]", "null", '"ok"', "<html>hello</html>", '{"id":')],
    *[(200, {"id": wrong, "status": "queued"}) for wrong in ("", None, 7, ["a"], "x" * 10_000_000)],
    (200, {"code": "success", "data": None}),
    (200, "[" * 200_000),
    (200, '{"id": ' + "9" * 5000 + "}"),
]


@pytest.mark.parametrize(("status", "body"), UNCLEAR)
async def test_everything_else_may_have_cost_money(status: int, body: Any) -> None:
    with RawServer(replies(answer(status, body))) as server:
        outcome = await create(server.url)
        assert isinstance(outcome, Unclear)
        assert (outcome.error.spent, outcome.error.status) == (Spent.PERHAPS, status)
        assert len(server.requests) == 1


async def test_what_a_server_repeats_of_our_secrets_is_taken_out() -> None:
    """It goes into documents and onto screens: the key, its own headers, and keys of a query."""
    secrets = {"api_key": "a key/9 of a query", "api-version": "2025-04-01-preview"}
    told = {
        "message": "no: sk-12345678, team-12345678, a%20key%2F9%20of%20a%20query in " + str(secrets)
    }
    with RawServer(replies(answer(400, {"error": told}))) as server:
        outcome = await create(
            server.url, key=Secret("sk-12345678"), headers={"X": "team-12345678"}, query=secrets
        )
    assert isinstance(outcome, Rejected)
    assert outcome.error.message == (
        "no: [redacted], [redacted], [redacted] in "
        "{'api_key': '[redacted]', 'api-version': '2025-04-01-preview'}"
    )


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_to_a_video_says_that_one_was_made(status: int) -> None:
    """Many frameworks answer a form so; one to a page that asks who we are made nothing."""
    made = answer(status, b"", location="/v1/videos/video_7")
    asked = answer(status, b"", location="/login?next=/v1/videos")
    with RawServer(replies(made), replies(asked), replies(answer(status))) as server:
        assert isinstance(await create(server.url), Unclear)
        assert isinstance(await create(server.url), Rejected)
        unsaid = Unclear if status in {301, 302} else Rejected
        assert isinstance(await create(server.url), unsaid)
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    "where",
    [
        "/v1/videos/video_7",
        "/v1/videos/video_7/",
        "/v1/video/video_7?wait=1",
        "/v1/tasks/task_7",
        "/v1/task/task_7#status",
        "/api/jobs/7",
        "/v1/generations/gen_7",
        "/v1/video/generations/gen_7",
        "/v1/predictions/p7",
        "https://cdn.example/TASKS/7",
    ],
)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_to_what_was_made_is_never_a_refusal(status: int, where: str) -> None:
    with RawServer(replies(answer(status, b"", location=where))) as server:
        assert isinstance(await create(server.url), Unclear)


@pytest.mark.parametrize(
    "where",
    [
        "/v1/videos",
        "/v1/videos/",
        "/v2/video/generations",
        "/v2/videos/generation/?a=1",
        "/login",
        "/v1/tasks",
        "/v1/mytasks/7",
        "/",
    ],
)
async def test_a_redirect_to_another_address_of_the_route_made_nothing(where: str) -> None:
    with RawServer(replies(answer(307, b"", location=where))) as server:
        assert isinstance(await create(server.url), Rejected)


@pytest.mark.parametrize(
    "document",
    [
        {"id": "req_1", "error": {"message": "upstream timed out", "code": "timeout"}},
        {"id": "req_1", "error": "no"},
        {"id": "chat_1", "object": "chat.completion", "choices": [{"message": {}}]},
        {"id": "chat_1", "choices": []},
        {"id": "req_1", "error": {"message": "x"}, "status": ""},
        {"id": "req_1", "error": {"message": "x"}, "status": None},
    ],
)
async def test_an_id_of_something_else_is_no_job(document: dict[str, Any]) -> None:
    """Its id would be asked for, and found nowhere, and the job be gone."""
    with RawServer(replies(answer(200, document))) as server:
        assert isinstance(await create(server.url), Unclear)


@pytest.mark.parametrize(
    "document",
    [
        {"id": "video_1"},
        {"id": "video_1", "error": None},
        {"id": "video_1", "error": {}},
        {"id": "video_1", "error": "", "status": None},
        {"id": "video_1", "error": {"message": "no"}, "status": "failed"},
    ],
)
async def test_an_id_without_an_error_is_a_job(document: dict[str, Any]) -> None:
    with RawServer(replies(answer(200, document))) as server:
        assert isinstance(await create(server.url), Accepted)


@pytest.mark.parametrize(
    ("status", "body", "phase"),
    [
        (200, VIDEO, Phase.QUEUED),
        (201, {"id": "task_9", "status": "submitted"}, Phase.QUEUED),
        (202, {"id": "a/b+c==", "status": "processing", "seconds": 4}, Phase.IN_PROGRESS),
        (200, {"id": "video_1", "status": "failed", "error": "text"}, Phase.FAILED),
        (200, {"id": "d", "status": "completed", "data": [{"b64_json": "AA"}]}, Phase.COMPLETED),
        # vLLM-Omni answers with the status that the failure would have had.
        (400, {**VIDEO, "status": "failed", "error": {"code": 400, "message": "no"}}, Phase.FAILED),
    ],
)
async def test_a_video_object_is_accepted_under_any_status(
    status: int, body: Any, phase: Phase
) -> None:
    with RawServer(replies(answer(status, body))) as server:
        outcome = await create(server.url)
    assert isinstance(outcome, Accepted)
    assert (outcome.video.id, outcome.video.phase, outcome.status) == (body["id"], phase, status)


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"retry_after": "2"}, 2),
        (429, {"retry_after_ms": "2500", "retry_after": "9"}, 2.5),
        (429, {}, 15),
        (429, {"retry_after": "nan"}, 15),
        (429, {"retry_after": "-5"}, 15),
        (429, {"retry_after": "1e12"}, 300),
        (429, {"llm_provider-retry-after": "4"}, 4),
        (429, {"retry_after": "0"}, 1),
        (429, {"retry_after": "2.5"}, 2.5),
        (
            429,
            {
                "date": "Sun, 22 Nov 2026 10:00:00 GMT",
                "retry_after": "Sun, 22 Nov 2026 10:00:30 GMT",
            },
            30,
        ),
    ],
)
async def test_not_now_says_when(status: int, headers: dict[str, str], wait: float) -> None:
    with RawServer(replies(answer(status, {"error": "slow down"}, **headers))) as server:
        outcome = await create(server.url)
    assert isinstance(outcome, Later)
    assert (outcome.wait, outcome.error.kind, outcome.error.spent) == (
        wait,
        "server_busy",
        Spent.NO,
    )


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry_after": "7"}, 7),
        ({"retry_after": "0.2"}, 1),
        ({"retry_after": "1e12"}, 300),
        ({"retry_after": "soon"}, None),
        (
            {
                "date": "Sun, 22 Nov 2026 10:00:00 GMT",
                "retry_after": "Sun, 22 Nov 2026 10:00:30 GMT",
            },
            30,
        ),
    ],
)
async def test_a_server_that_is_not_available_may_have_made_it_whenever_it_wants_to_be_asked_again(
    headers: dict[str, str], wait: float | None
) -> None:
    with RawServer(replies(answer(503, {"error": "unavailable"}, **headers))) as server:
        outcome = await create(server.url)
    assert isinstance(outcome, Unclear)
    assert (outcome.wait, outcome.error.spent) == (wait, Spent.PERHAPS)


OPENAI_LIMIT = (
    "Rate limit reached for sora-2 in organization org-x on requests per min (RPM): Limit 5,"
    " Used 5, Requested 1. Please try again in 12s."
)


@pytest.mark.parametrize(
    ("body", "names_limit", "is_proven"),
    [
        (
            {"error": {"message": "Rate limit reached for requests", "type": "requests"}},
            True,
            False,
        ),
        ({"error": {"message": OPENAI_LIMIT, "type": "requests"}}, True, True),
        ({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, True, False),
        ({"error": "Rate limit exceeded: 5 per 1 minute"}, True, True),
        ({"detail": "Too many concurrent requests for this model"}, True, False),
        ({"message": "Request was throttled. Expected available in 5 seconds."}, True, True),
        ({"detail": "Request was throttled."}, True, True),
        ({"error": "Rate limit exceeded: 5 per 1 minute. The video was made."}, True, False),
        ({"error": "Rate limit reached: 5 requests per minute"}, True, False),
        ({"error": {"message": "You may have 2 videos at once", "code": "429"}}, True, False),
        ({"error": {"message": "您已达到请求数限制"}}, True, True),
        ({"error": {"message": WRAPPED, "code": "429"}}, True, False),
        ({"error": {"message": "busy"}}, False, False),
        ({"error": {"message": "Too Many Requests", "code": "429"}}, False, False),
        (
            {"error": {"message": "litellm.RateLimitError: OpenAIException - upstream"}},
            False,
            False,
        ),
        ({"error": {"message": "No deployments available for selected model."}}, False, False),
        ("<html><title>429 Too Many Requests</title>rate limit</html>", False, False),
        ("rate limit exceeded", False, False),
        ("", False, False),
    ],
)
async def test_not_now_names_a_limit_in_the_servers_own_words_or_not(
    body: Any, names_limit: bool, is_proven: bool
) -> None:
    with RawServer(replies(answer(429, body))) as server:
        outcome = await create(server.url)
    assert isinstance(outcome, Later)
    assert (outcome.names_limit, outcome.is_proven) == (names_limit, is_proven)


async def test_hostile_words_come_clean_and_short() -> None:
    words = "\x1b]52;c;aGk=\x07\u202eno\u2028" + "x" * 100_000
    with RawServer(
        replies(answer(400, {"error": {"message": words, "code": "a\x1b[2J"}}))
    ) as server:
        outcome = await create(server.url)
    assert isinstance(outcome, Rejected)
    assert outcome.error.message.startswith("]52;c;aGk=no")
    assert len(outcome.error.message) == 2000
    assert outcome.error.code == "a[2J"


# What happens on the wire -------------------------------------------------------------------


async def test_not_sent_when_nobody_listens() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/v1", "http://no.such.host.invalid/v1"):
        outcome = await create(url)
        assert isinstance(outcome, NotSent)
        assert (outcome.error.kind, outcome.error.spent) == ("server_unreachable", Spent.NO)


async def test_not_sent_when_the_handshake_fails() -> None:
    with RawServer([send(b"HTTP/1.1 400 this is no TLS\r\n\r\n"), hang]) as server:
        assert isinstance(await create(server.url.replace("http:", "https:")), NotSent)
        assert server.requests == []


async def test_not_sent_when_the_connection_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT", 0.2)
    with RawServer([hang]) as server:
        assert isinstance(await create(server.url.replace("http:", "https:")), NotSent)
        assert server.requests == []


async def test_not_sent_when_the_proxy_opens_no_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(replies(answer(407))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert isinstance(await create("https://video.example.invalid/v1"), NotSent)
        assert [request.method for request in proxy.requests] == ["CONNECT"]
        assert "authorization" not in proxy.requests[0].headers


LOST: dict[str, list[Step]] = {
    "reset after the head": [read_head, reset],
    "closed without an answer": [read_request],
    "reset without an answer": [read_request, reset],
    "cut in the status line": [read_request, send(b"HTTP/1.1 2")],
    "cut in the headers": [read_request, send(b"HTTP/1.1 200 OK\r\nContent-Le")],
    "no HTTP": [read_request, send(b"SSH-2.0-OpenSSH_9.2\r\n")],
    "endless headers": [read_request, send(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 50_000)],
}


@pytest.mark.parametrize("conversation", LOST.values(), ids=LOST)
async def test_a_lost_answer_is_never_sent_for_again(conversation: list[Step]) -> None:
    with RawServer(conversation) as server:
        outcome = await create(server.url)
        assert isinstance(outcome, Unclear)
        assert (outcome.error.kind, outcome.error.spent) == ("answer_lost", Spent.PERHAPS)
        assert server.connections == 1


@pytest.mark.parametrize(
    "silence", [hang, drip(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000, 0.05)], ids=["mute", "drip"]
)
async def test_the_wait_for_an_answer_ends(silence: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "ANSWER_TIMEOUT", 0.5)
    monkeypatch.setattr(transport, "PAID_DEADLINE", 1.0)
    with RawServer([read_request, silence]) as server:
        async with asyncio.timeout(5):
            outcome = await create(server.url)
    assert isinstance(outcome, Unclear)
    assert outcome.error.kind == "answer_lost"


@pytest.mark.parametrize("head_only", [True, False])
async def test_a_body_that_breaks_off_after_an_error_status_still_refuses(head_only: bool) -> None:
    body = b"" if head_only else b'{"error": {"mess'
    with RawServer([read_request, send(answer(400, body, content_length="500"))]) as server:
        assert isinstance(await create(server.url), Rejected)


@pytest.mark.parametrize("then", [reset, hang, lambda line: None], ids=["reset", "mute", "close"])
@pytest.mark.parametrize("encoding", ["multipart", "json"])
async def test_a_refusal_is_heard_while_the_picture_is_still_being_sent(
    then: Step, encoding: str
) -> None:
    with RawServer([read_head, send(answer(413, "too large")), pause(0.2), then]) as server:
        outcome = await create(server.url, LARGE, encoding=encoding)
    assert isinstance(outcome, Rejected)
    assert outcome.error.status == 413


async def test_a_server_that_dies_under_the_upload_leaves_a_doubt() -> None:
    with RawServer([read_head, reset]) as server:
        assert isinstance(await create(server.url, LARGE), Unclear)
        assert server.connections == 1


async def test_an_upload_that_is_cancelled_leaves_no_reader_behind() -> None:
    begun = threading.Event()
    with RawServer([read_head, lambda line: begun.set(), pause(600)]) as server:
        sending = asyncio.create_task(create(server.url, LARGE))
        assert await asyncio.to_thread(begun.wait, 60)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(60):
                await sending
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_an_interim_answer_does_not_stop_the_sending() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"
    steps = [read_head, send(interim), read_body, send(answer(200, VIDEO))]
    with RawServer(steps) as server:
        assert isinstance(await create(server.url, LARGE), Accepted)
        assert server.requests[0].parts["input_reference"].data == LARGE.data


async def test_redirects_are_not_followed() -> None:
    with RawServer(replies(answer(200, VIDEO))) as other:
        elsewhere = answer(307, "", location=f"{other.url}/videos")
        with RawServer(replies(elsewhere)) as server:
            outcome = await create(server.url)
        assert other.connections == 0
    assert isinstance(outcome, Rejected)
    assert other.url in outcome.error.message


async def test_each_paid_request_has_a_connection_of_its_own() -> None:
    """On a kept one, a server that closes after its reply would leave the next in doubt."""
    with RawServer(replies(answer(200, VIDEO))) as server:
        async with client_of(at(server.url)) as client:
            for _ in range(20):
                assert isinstance(await client.create(REQUEST, None, "k"), Accepted)
        assert server.connections == 20


async def test_a_gzip_bomb_is_not_opened() -> None:
    with RawServer(replies(answer(200, b"\x1f\x8b" * 100, content_encoding="gzip"))) as server:
        assert isinstance(await create(server.url), Unclear)
        assert server.requests[0].headers["accept-encoding"] == "identity"


# What is sent -------------------------------------------------------------------------------


async def test_only_what_is_set_is_sent_and_nested_values_as_json() -> None:
    request = VideoRequest(
        "a fox\nin the räin \udcff",
        params={"seed": 7, "lora": {"a": [1]}, "turbo": True, "no": None},
    )
    with RawServer(replies(answer(200, VIDEO))) as server:
        await create(server.url, request=request, params={"seed": 1, "quality": "high"})
        sent = server.requests[0]
    assert (sent.method, sent.target) == ("POST", "/v1/videos")
    assert sent.headers["content-type"].startswith("multipart/form-data")
    assert {name: part.data.decode() for name, part in sent.parts.items()} == {
        "prompt": "a fox\nin the räin ?",
        "seed": "7",
        "lora": '{"a": [1]}',
        "turbo": "true",
        "quality": "high",
    }
    assert all(part.filename is None for part in sent.parts.values())
    assert sent.headers["idempotency-key"] == sent.headers["x-client-request-id"] == "job-1"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("field", ["input_reference", "input"])
async def test_the_picture_arrives_byte_for_byte_as_a_file(field: str) -> None:
    with RawServer(replies(answer(200, VIDEO))) as server:
        assert isinstance(await create(server.url, PICTURE, reference_field=field), Accepted)
        part = server.requests[0].parts[field]
    assert sha256(part.data) == sha256(PICTURE.data)
    assert (part.filename, part.mime) == ("fox.webp", "image/webp")


FORMS: dict[str, Callable[[Any], bytes]] = {
    "object": lambda said: base64.b64decode(
        said["image_url"].removeprefix("data:image/webp;base64,"), validate=True
    ),
    "string": lambda said: base64.b64decode(said, validate=True),
}


@pytest.mark.parametrize("field", ["input_reference", "input"])
@pytest.mark.parametrize("form", [*FORMS, "path"])
async def test_the_picture_arrives_byte_for_byte_in_json(form: str, field: str) -> None:
    with RawServer(replies(answer(200, VIDEO))) as server:
        outcome = await create(
            server.url, PICTURE, encoding="json", reference_field=field, reference_form=form
        )
        said = server.requests[0].json
    assert isinstance(outcome, Accepted)
    assert {name: said[name] for name in ("prompt", "model", "seconds", "size")} == {
        "prompt": REQUEST.prompt,
        "model": "sora-2",
        "seconds": "4",
        "size": "1280x720",
    }
    if form == "path":
        assert said[field] == "input_reference/fox.webp"
    else:
        assert sha256(FORMS[form](said[field])) == sha256(PICTURE.data)


# Operations on a video that is there ----------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "target", "body"),
    [
        ("remix", "/v1/videos/a%2Fb/remix", {}),
        ("edit", "/v1/videos/edits", {"video": {"id": "a/b"}}),
        ("extend", "/v1/videos/extensions", {"video": {"id": "a/b"}, "seconds": "4"}),
    ],
)
async def test_an_operation_names_its_source_and_is_sent_once(
    operation: Operation, target: str, body: dict[str, Any]
) -> None:
    request = REQUEST._replace(operation=operation, source_video="a/b", params={"seed": 7})
    with RawServer(replies(answer(200, VIDEO))) as server:
        outcome = await create(server.url, request=request)
        (sent,) = server.requests
    assert isinstance(outcome, Accepted)
    assert (sent.method, sent.target) == ("POST", target)
    assert sent.json == {"prompt": REQUEST.prompt, "seed": 7, **body}
    assert sent.headers["idempotency-key"] == "job-1"


@pytest.mark.parametrize("status", [500, 502])
async def test_an_operation_whose_answer_is_unclear_is_not_sent_again(status: int) -> None:
    request = REQUEST._replace(operation="remix", source_video="video_0")
    with RawServer(replies(answer(status, "oops"))) as server:
        assert isinstance(await create(server.url, request=request), Unclear)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("operation", "source"), [("character", "video_0"), ("remix", None), ("edit", "")]
)
async def test_no_operation_without_its_source(operation: Operation, source: str | None) -> None:
    request = REQUEST._replace(operation=operation, source_video=source)
    with RawServer(replies(answer(200, VIDEO))) as server:
        assert isinstance(await create(server.url, request=request), NotSent)
        assert server.requests == []


def test_a_parameter_of_the_profile_that_was_taken_out_is_not_sent_by_its_record_either() -> None:
    server = Server("lab", "http://127.0.0.1:1/v1", params={"n": 4, "seed": 1})
    asked = REQUEST._replace(params={"n": None})
    record = asked._replace(params=server.with_own(asked.params))
    for request in (asked, record):
        fields = build_request(server, request).fields
        assert "n" not in fields
        assert fields["seed"] == 1
