"""The Videos API as OpenAI's spec has it, over the simulator's own jobs.

Three words in a prompt bring the common misfortunes, so that they can be practised:
`[moderated]` is refused at once (400 `sentinel_block`, nothing starts), `[blocked]` fails on the
way with `moderation_blocked`, `[fails]` fails on the way with `generation_error`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import secrets
import signal
from collections.abc import AsyncIterator
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sora_tui.simulator.errors import ApiError
from sora_tui.simulator.jobs import Job, Jobs
from sora_tui.simulator.parameters import MAX_BODY_BYTES, bounded_int, read_create
from sora_tui.simulator.render import VARIANTS

_MODELS: Final = ("sora-2", "sora-2-pro")


def create_app(jobs: Jobs, key: str) -> ASGIApp:
    """The whole server; the jobs move while it runs."""
    api = _Api(jobs)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        worker = asyncio.create_task(jobs.run())
        worker.add_done_callback(_end_without_worker)
        yield
        worker.cancel()
        await asyncio.wait([worker])

    app = Starlette(
        routes=[
            Route("/health", api.health),
            Route("/v1/models", api.models),
            Route("/v1/videos", api.create, methods=["POST"]),
            Route("/v1/videos", api.list),
            Route("/v1/videos/{video_id}", api.retrieve),
            Route("/v1/videos/{video_id}", api.delete, methods=["DELETE"]),
            Route("/v1/videos/{video_id}/content", api.content),
        ],
        exception_handlers={
            ApiError: _refusal,
            HTTPException: _http_refusal,
            Exception: _fault,
        },
        lifespan=lifespan,
    )
    return _Gate(app, key)


class _Api:
    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    async def health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok", "simulated": True})

    async def models(self, _: Request) -> Response:
        models = [
            {"id": name, "object": "model", "created": 1759708800, "owned_by": "simulator"}
            for name in _MODELS
        ]
        return JSONResponse({"object": "list", "data": models})

    async def create(self, request: Request) -> Response:
        return self._video(self._jobs.create(await read_create(request)))

    async def retrieve(self, request: Request) -> Response:
        return self._video(self._job(request.path_params["video_id"]))

    async def list(self, request: Request) -> Response:
        query = request.query_params
        limit = bounded_int(query.get("limit", "20"), "limit", 0, 100)
        order = query.get("order", "desc")
        if order not in ("asc", "desc"):
            raise ApiError(
                400,
                f"Invalid value: '{order}'. Supported values are: 'asc' and 'desc'.",
                code="invalid_value",
                param="order",
            )
        found = self._jobs.listed(newest_first=order == "desc")
        if after := query.get("after"):
            found = found[found.index(self._job(after)) + 1 :]
        page = found[:limit]
        return JSONResponse(
            {
                "object": "list",
                "data": [job.resource() for job in page],
                "first_id": page[0].id if page else None,
                "last_id": page[-1].id if page else None,
                "has_more": len(found) > len(page),
            }
        )

    async def delete(self, request: Request) -> Response:
        job = self._job(request.path_params["video_id"])
        if not job.finished:
            raise ApiError(400, "Only completed or failed videos can be deleted.")
        self._jobs.delete(job)
        return JSONResponse({"id": job.id, "object": "video.deleted", "deleted": True})

    async def content(self, request: Request) -> Response:
        job = self._job(request.path_params["video_id"])
        variant = request.query_params.get("variant", "video")
        if variant not in VARIANTS:
            raise ApiError(
                400,
                f"Invalid value: '{variant}'. Supported values are: 'video', 'thumbnail', and "
                "'spritesheet'.",
                code="invalid_value",
                param="variant",
            )
        if job.status == "failed":
            raise ApiError(404, "Video generation failed, there is no content to download.")
        if job.status != "completed":
            raise ApiError(
                404, "Video is not ready yet, use GET /v1/videos/{video_id} to check status."
            )
        path = self._jobs.content(job, variant)
        if path is None:
            raise ApiError(404, "Video has expired, its content can no longer be downloaded.")
        return FileResponse(path, media_type=VARIANTS[variant].media_type)

    def _job(self, video_id: str) -> Job:
        job = self._jobs.get(video_id)
        if job is None:
            raise ApiError(404, f"Video with id '{video_id}' not found.")
        return job

    def _video(self, job: Job) -> Response:
        return JSONResponse(
            job.resource(), headers={"openai-poll-after-ms": str(self._jobs.poll_after_ms)}
        )


class _Gate:
    """Checks the key, limits the body, and gives every answer its `x-request-id`."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise ApiError(413, f"Maximum content size limit ({MAX_BODY_BYTES}) exceeded.")
            return message

        async def numbered(message: Message) -> None:
            if message["type"] == "http.response.start":
                identifier = (b"x-request-id", f"req_{secrets.token_hex(16)}".encode())
                message["headers"] = [*message.get("headers", []), identifier]
            await send(message)

        refusal = None if scope["path"] == "/health" else self._key_refusal(Request(scope))
        if refusal is None:
            await self._app(scope, limited, numbered)
            return
        try:
            # A client may only read the answer after it has sent its body.
            while (await limited()).get("more_body"):
                pass
        except ApiError as too_much:
            refusal = too_much
        await refusal.response()(scope, receive, numbered)

    def _key_refusal(self, request: Request) -> ApiError | None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return ApiError(
                401,
                "You didn't provide an API key. You need to provide your API key in an "
                "Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
            )
        if hmac.compare_digest(key.strip().encode(), self._key):
            return None
        return ApiError(401, "Incorrect API key provided.", code="invalid_api_key")


def _end_without_worker(worker: asyncio.Task[None]) -> None:
    """A server whose jobs no longer move (a full disk, say) would be waited for in vain."""
    if not worker.cancelled():
        logging.getLogger(__name__).error("the queue has stopped", exc_info=worker.exception())
        signal.raise_signal(signal.SIGTERM)


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error.response()


async def _http_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    asked = f"{request.method} {request.url.path}"
    message = {
        404: f"Invalid URL ({asked})",
        405: f"Not allowed: {asked} (HINT: Perhaps you meant to use a different HTTP method?)",
    }.get(error.status_code, error.detail)
    response = ApiError(error.status_code, message).response()
    response.headers.update(error.headers or {})
    return response


async def _fault(_: Request, error: Exception) -> Response:
    return ApiError(
        500, f"The server had an error: {type(error).__name__}", type_="server_error"
    ).response()
