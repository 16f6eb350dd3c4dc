"""The free calls: looking, listing, deleting, and what each server makes of them."""

from __future__ import annotations

import asyncio
import json
import time
from email.utils import formatdate
from typing import Any

import pytest

from sora_tui.client import transport
from sora_tui.client.server_error import ServerError
from sora_tui.core.problem import Spent
from sora_tui.core.remote_video import Phase
from tests.support.clients import at, client_of
from tests.support.raw_server import RawServer, answer, drip, hang, read_request, replies, send

VIDEO = {"id": "video_1", "object": "video", "status": "in_progress", "progress": 40}


async def test_a_poll_reads_the_video_and_the_interval_each_time() -> None:
    answers = (
        answer(200, VIDEO, **{"openai-poll-after-ms": "2000"}),
        answer(200, VIDEO, **{"openai-poll-after-ms": "900"}),
        answer(200, VIDEO),
    )
    with RawServer(replies(*answers)) as server:
        async with client_of(at(server.url, query={"api-version": "preview"})) as client:
            looks = [await client.retrieve("a/b+c==?") for _ in answers]
        assert [look.after for look in looks] == [2, 1, None]
        assert looks[0].video.progress == 40
        assert server.connections == 1
        assert server.requests[0].target == "/v1/videos/a%2Fb%2Bc%3D%3D%3F?api-version=preview"


async def test_a_poll_answer_with_the_whole_clip_in_it_is_read_without_it() -> None:
    """The answer is far larger than any that is read; the download takes the clip out of it."""
    clip = "QUJD" * 2**20
    told = {"id": "v", "data": [{"b64_json": clip}], "url": f"data:video/mp4;base64,{clip}"}
    with RawServer(replies(answer(200, {**told, "status": "completed"}))) as server:
        async with client_of(at(server.url)) as client:
            video = (await client.retrieve("v")).video
    assert (video.phase, video.addresses, video.outputs) == (Phase.COMPLETED, (), 1)
    assert len(str(video.document)) < 500


@pytest.mark.parametrize(
    "body",
    [
        {**VIDEO, "status": "failed", "error": {"code": 400, "message": "CUDA out of memory"}},
        {
            "error": {
                "message": 'litellm.BadRequestError: {"id": "video_gen_1", "object": "video", '
                '"status": "failed", "error": {"code": 400, "message": "CUDA out of memory"}}'
            }
        },
    ],
    ids=["vllm-omni", "litellm before it"],
)
async def test_a_failed_job_may_come_as_an_error(body: Any) -> None:
    with RawServer(replies(answer(400, body))) as server:
        async with client_of(at(server.url)) as client:
            video = (await client.retrieve("video_1")).video
    assert video.phase is Phase.FAILED
    assert video.error is not None
    assert video.error.message == "CUDA out of memory"


@pytest.mark.parametrize(
    ("status", "body", "kind", "not_found"),
    [
        (404, {"detail": "Video not found"}, "remote_gone", True),
        (400, {"code": "task_not_exist", "message": "x", "data": None}, "remote_gone", True),
        (401, {"error": "Unauthorized"}, "key_refused", False),
        (429, "", "server_busy", False),
        (503, "", "server_busy", False),
        (500, "Internal Server Error", "server_failed", False),
        (200, "<html>log in</html>", "answer_unusable", False),
        (302, "", "request_refused", False),
        (422, "", "request_refused", False),
        (500, {"error": {"message": "api_base not set"}}, "server_failed", False),
        (502, "<html><title>Bad Gateway</title></html>", "server_failed", False),
        (408, "", "server_failed", False),
        (403, {"error": {"type": "key_model_access_denied"}}, "key_without_grant", False),
        (401, {"error": {"type": "team_model_access_denied"}}, "key_without_grant", False),
        (403, {"error": {"code": "insufficient_permissions"}}, "key_without_grant", False),
        (
            401,
            {"error": {"message": "Missing scopes: api.videos.read"}},
            "key_without_grant",
            False,
        ),
        (403, {"message": "该令牌无权访问模型 sora-2"}, "key_without_grant", False),
        (403, {"error": {"code": "insufficient_user_quota"}}, "quota_exhausted", False),
        (403, "", "key_refused", False),
    ],
)
async def test_an_answer_without_a_video_says_why(
    status: int, body: Any, kind: str, not_found: bool
) -> None:
    with RawServer(replies(answer(status, body, retry_after="7", x_request_id="r"))) as server:
        async with client_of(at(server.url)) as client:
            with pytest.raises(ServerError) as failure:
                await client.retrieve("video_1")
    error = failure.value.error
    assert (error.kind, error.status, error.spent) == (kind, status, Spent.NO)
    assert (failure.value.not_found, failure.value.retry_after) == (not_found, 7)
    assert error.request_id == "r"


async def test_a_dead_kept_connection_is_replaced_once() -> None:
    """Aquiles-Image drops the line after a 500; a free call is simply made again."""
    with RawServer(
        [*replies(answer(500, "Internal Server Error")), read_request],
        replies(answer(200, VIDEO)),
    ) as server:
        async with client_of(at(server.url)) as client:
            with pytest.raises(ServerError):
                await client.retrieve("video_1")
            assert (await client.retrieve("video_1")).video.id == "video_1"


@pytest.mark.parametrize(
    "silence",
    [
        [hang],
        [read_request, drip(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000, 0.05)],
        [read_request, send(answer(200, content_length="999")), drip(b" " * 999, 0.05)],
    ],
    ids=["mute", "headers drip", "body drips"],
)
async def test_a_call_ends_at_its_deadline(
    silence: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "CALL_DEADLINE", 0.5)
    with RawServer(silence) as server:
        async with client_of(at(server.url)) as client, asyncio.timeout(5):
            with pytest.raises(ServerError):
                await client.retrieve("video_1")


async def test_an_endless_answer_is_cut() -> None:
    with RawServer(replies(answer(200, b"[" + b" " * 30_000_000))) as server:
        async with client_of(at(server.url)) as client:
            with pytest.raises(ServerError, match="answer_unusable"):
                await client.retrieve("video_1")


ROW = {"id": "v1", "status": "queued"}
LIST_SHAPES: dict[str, Any] = {
    "OpenAI": {"object": "list", "data": [ROW], "has_more": False},
    "bare": [ROW],
    "data": {"data": [ROW]},
    "items": {"items": [ROW], "total": 1},
    "jobs": {"jobs": [ROW]},
    "tasks": {"code": 0, "data": {"tasks": [ROW], "has_more": False}},
    "videos": {"videos": [ROW]},
    "result": {"result": {"records": [ROW]}},
    "null first": {"data": None, "items": [ROW]},
}


@pytest.mark.parametrize("shape", LIST_SHAPES.values(), ids=LIST_SHAPES)
async def test_a_list_is_read_in_every_usual_shape(shape: Any) -> None:
    with RawServer(replies(answer(200, shape))) as server:
        async with client_of(at(server.url)) as client:
            page = await client.list()
    assert ([video.id for video in page.videos], page.last_id) == (["v1"], "v1")
    assert not page.has_more


@pytest.mark.parametrize(
    "shape",
    [
        {"object": "list", "data": []},
        {"object": "list", "data": None, "has_more": False},
        {"data": None, "total": 0},
        [],
    ],
)
async def test_a_list_without_rows_is_one(shape: Any) -> None:
    with RawServer(replies(answer(200, shape))) as server:
        async with client_of(at(server.url)) as client:
            assert (await client.list()).videos == ()


@pytest.mark.parametrize("shape", [{}, {"data": "none"}, {"data": None}, "no", 1, {"id": "v"}, ""])
async def test_an_answer_that_is_no_list_is_unusable(shape: Any) -> None:
    body = shape if isinstance(shape, str) else json.dumps(shape)
    with RawServer(replies(answer(200, body))) as server:
        async with client_of(at(server.url)) as client:
            with pytest.raises(ServerError) as failure:
                await client.list()
    assert failure.value.error.kind == "answer_unusable"


@pytest.mark.parametrize(
    ("told", "rows", "has_more"),
    [
        ({}, 1, False),
        ({}, 19, False),
        ({}, 20, True),
        ({}, 100, True),
        ({"has_more": None}, 100, True),
        ({"has_more": False}, 100, False),
        ({"has_more": "false"}, 100, False),
        ({"has_more": "true"}, 1, True),
        ({"hasMore": True}, 1, True),
        ({"has_next": False}, 100, False),
    ],
)
async def test_whether_there_is_another_page_where_that_is_told_or_not(
    told: dict[str, Any], rows: int, has_more: bool
) -> None:
    page = {"data": [{**ROW, "id": f"v{number}"} for number in range(rows)], **told}
    with RawServer(replies(answer(200, page))) as server:
        async with client_of(at(server.url)) as client:
            assert (await client.list()).has_more is has_more


async def test_a_page_of_the_list() -> None:
    page = {
        "object": "list",
        "data": [VIDEO, {"id": 7}, None, {"id": "video_0", "status": "completed"}],
        "last_id": "video_0",
        "has_more": True,
    }
    ahead = formatdate(time.time() + 120, usegmt=True)
    with RawServer(
        replies(answer(200, page, date=ahead), answer(200, {"data": [VIDEO]}))
    ) as server:
        async with client_of(at(server.url)) as client:
            first = await client.list()
            second = await client.list(after=first.last_id, limit=5)
        assert [video.id for video in first.videos] == ["video_1", "video_0"]
        assert (first.last_id, first.has_more) == ("video_0", True)
        assert first.skew == pytest.approx(120, abs=3)
        assert (second.last_id, second.has_more, second.skew) == ("video_1", False, None)
        assert [request.target for request in server.requests] == [
            "/v1/videos?limit=100&order=desc",
            "/v1/videos?limit=5&order=desc&after=video_0",
        ]


@pytest.mark.parametrize("status", [400, 404, 405, 501])
async def test_a_server_without_a_list_is_told_by_its_status(status: int) -> None:
    with RawServer(replies(answer(status, {"detail": "Method Not Allowed"}))) as server:
        async with client_of(at(server.url)) as client:
            with pytest.raises(ServerError) as failure:
                await client.list()
    assert failure.value.error.status == status


@pytest.mark.parametrize(
    ("status", "body", "gone"),
    [
        (200, {"id": "v", "deleted": True}, True),
        (200, {"id": "v", "status": "deleted"}, True),
        (204, "", True),
        (404, {"detail": "Video not found"}, True),
        (405, {"detail": "Method Not Allowed"}, False),
        (409, {"detail": "Cancellation in progress"}, False),
    ],
)
async def test_deleting(status: int, body: Any, gone: bool) -> None:
    look = answer(404, {"detail": "Video not found"})
    with RawServer(replies(answer(status, body), look)) as server:
        async with client_of(at(server.url)) as client:
            if gone:
                await client.delete("v")
            else:
                with pytest.raises(ServerError):
                    await client.delete("v")
        assert server.requests[0].method == "DELETE"


async def test_names_of_models() -> None:
    rows = {"data": [{"id": "sora-2"}, {"id": 7}, {"id": "sora-2"}, {"id": "wan\x1b[2J"}]}
    with RawServer(replies(answer(200, rows))) as server:
        async with client_of(at(server.url)) as client:
            assert await client.models() == ("sora-2", "wan[2J")
