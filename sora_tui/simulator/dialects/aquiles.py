"""Aquiles-Image 0.8.3."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

from starlette.datastructures import Headers, UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from sora_tui.simulator.auth import bearer_key, same_key
from sora_tui.simulator.create_requests import HandlerFault, open_request
from sora_tui.simulator.dialect import (
    Dialect,
    found_nothing,
    json_page,
    models_page,
    uvicorn_headers,
)
from sora_tui.simulator.errors import ApiError, detail_error, fastapi_unknown
from sora_tui.simulator.jobs import Job, Jobs
from sora_tui.simulator.parameters import JSON, MULTIPART, CreateRequest, read_body
from sora_tui.simulator.responses import Ids, Video, deleted, hex_id, page, whole_number

AQUILES_MODEL: Final = "ltx-2"
_SORA_SIZES: Final = ("1024x1792", "1280x720", "1792x1024", "720x1280")


async def aquiles_create(request: Request) -> CreateRequest:
    """Read a request as Aquiles-Image: a wrong value gives a 500 and a closed connection."""
    body = await read_body(request)
    fields = body.fields
    size, seconds = fields.get("size", _SORA_SIZES[-1]), fields.get("seconds", "4")
    wrong = not isinstance(fields.get("prompt"), str) or not isinstance(seconds, str)
    if wrong or size not in _SORA_SIZES or body.media_type not in (MULTIPART, JSON):
        raise HandlerFault
    model = str(fields.get("model", "sora-2"))
    part, reference = fields.get("input_reference"), None
    if body.multipart and part is not None:
        if not model.startswith(("ltx-2", "minimax-h3")):
            raise ApiError(400, f"'{model}' does not support input_reference.")
        if not isinstance(part, UploadFile):
            raise HandlerFault
        if part.content_type not in ("image/jpeg", "image/png", "image/webp"):
            raise ApiError(400, "Unsupported image format.")
        reference = await part.read()
    return open_request(
        fields,
        model=model,
        size=size,
        seconds=seconds,
        reference=reference,
        asked={"quality": fields.get("quality", "standard")},
    )


def aquiles_key(headers: Headers, key: str) -> ApiError | None:
    """Return the refusal of a key that is missing or wrong, as Aquiles words it."""
    given = bearer_key(headers)
    if given is None:
        return ApiError(401, "Not authenticated")
    return None if same_key(given, key) else ApiError(403, "Invalid API key")


def aquiles_video(job: Job) -> dict[str, Any]:
    """Return the video object of Aquiles-Image.

    Its status is `processing`, progress goes in steps of ten up to 90, and every failure has the
    same code.
    """
    words = {"in_progress": "processing"}
    progress = {"completed": 100, "failed": 0}.get(job.status, job.progress // 10 * 10)
    error = {"code": "generation_error", "message": job.error_message} if job.error_code else None
    return {
        "id": job.id,
        "object": "video",
        "model": job.model,
        "status": words.get(job.status, job.status),
        "progress": progress,
        "created_at": int(job.created_at),
        "size": job.size,
        "seconds": str(job.seconds),
        "quality": job.asked.get("quality", "standard"),
        "error": error,
        "prompt": job.prompt,
    }


def aquiles_list(request: Request, jobs: Jobs, video: Video) -> dict[str, Any]:
    """Return a page, always newest first; an unknown cursor gives the first page again."""
    limit = whole_number(request, "limit", 20, 0, 10**6, status=422)
    found = jobs.listed(newest_first=True)
    cursor = jobs.get(request.query_params.get("after", ""))
    return page(found[found.index(cursor) + 1 :] if cursor else found, limit, video)


def aquiles_content(request: Request, job: Job, path: Path | None) -> Response:
    """Return the clip, whatever the variant; without a clip Aquiles-Image's handler breaks."""
    if job.status != "completed" or path is None:
        raise HandlerFault
    return FileResponse(path, media_type="video/mp4")


def _aquiles_health() -> Response:
    told = {"status": "ok", "model": AQUILES_MODEL, "mode": "video"}
    return JSONResponse({**told, "timestamp": int(time.time()), "devices": []})


AQUILES: Final = Dialect(
    prefixes=("/v1", ""),
    routes=frozenset(("create", "list", "retrieve", "delete", "content")),
    pages={
        "/health": _aquiles_health,
        "/v1/health": _aquiles_health,
        "/v1/model/type": json_page({"type": "Video"}),
        "/v1/models": models_page(AQUILES_MODEL, owner="custom"),
        "/models": models_page(AQUILES_MODEL, owner="custom"),
    },
    key_first=False,
    open_paths="(/v1)?(/health|/model/type|/videos/[^/]+/content)",
    key=aquiles_key,
    read=aquiles_create,
    ids=Ids(hex_id("video_", 12)),
    video=aquiles_video,
    not_found=found_nothing,
    no_content=lambda given: HandlerFault(),
    content=aquiles_content,
    list=aquiles_list,
    delete=deleted,
    error=detail_error,
    unknown=fastapi_unknown,
    headers=uvicorn_headers,
    at_once=1,
    durable=False,
)
