"""new-api at 05393ff, a gateway."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from sora_tui.simulator.auth import bearer_key, same_key
from sora_tui.simulator.create_requests import GATEWAY_MODELS
from sora_tui.simulator.dialect import Dialect, json_page, models_page
from sora_tui.simulator.errors import ApiError, openai_body
from sora_tui.simulator.jobs import Job
from sora_tui.simulator.responses import Ids


def new_api_key(headers: Headers, key: str) -> ApiError | None:
    """Return the refusal of a key that is missing or wrong, as New API words it."""
    given = bearer_key(headers)
    if given is not None and same_key(given, key):
        return None
    return ApiError(401, "Invalid token", type_="new_api_error")


def task_id() -> str:
    """Return an id of new-api: `task_` and 32 letters and digits."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return "task_" + "".join(secrets.choice(alphabet) for _ in range(32))


def new_api_video(job: Job) -> dict[str, Any]:
    """Return the video object of new-api: no prompt, and no empty fields."""
    video = {**job.resource(), "task_id": job.id}
    del video["prompt"]
    if job.status == "completed":
        video["metadata"] = {"url": f"{job.origin}/v1/videos/{job.id}/content"}
    return {name: value for name, value in video.items() if value is not None}


def new_api_content(request: Request, job: Job, path: Path | None) -> Response:
    """Return the clip as new-api does: from the upstream, with ranges; refusals become 502."""
    if job.status != "completed":
        word = {"queued": "QUEUED", "in_progress": "IN_PROGRESS"}.get(job.status, "FAILURE")
        raise ApiError(400, f"Task is not completed yet, current status: {word}", by_gateway=True)
    if path is None:
        raise ApiError(
            502, "Upstream service returned status 404", type_="server_error", by_gateway=True
        )
    cached = {"cache-control": "public, max-age=86400"}
    return FileResponse(path, media_type="video/mp4", headers=cached)


def new_api_error(error: ApiError) -> Response:
    """Return new-api's flat `{code, message, data}`, with the upstream's answer as text in it.

    The content route and the key check use an envelope without code, or with an empty one.
    """
    if error.type == "new_api_error":
        message = f"{error.message} (request id: {secrets.token_hex(10)})"
        told = {"code": "", "message": message, "type": error.type}
        return JSONResponse({"error": told}, error.status)
    if error.by_gateway and error.code is None:
        return JSONResponse({"error": {"message": error.message, "type": error.type}}, error.status)
    code, message = error.code, error.message
    if not error.by_gateway:
        code, message = "fail_to_fetch_task", json.dumps({"error": openai_body(error)})
    return JSONResponse({"code": code, "message": message, "data": None}, error.status)


def new_api_unknown(method: str, path: str, status: int) -> Response:
    """Answer 404 for a known path with another method, too: the framework gin knows no 405."""
    message = f"Invalid URL ({method} {path})"
    told = {"message": message, "type": "invalid_request_error", "param": "", "code": ""}
    return JSONResponse({"error": told}, 404)


NEW_API: Final = Dialect(
    routes=frozenset(("create", "retrieve", "content", "remix")),
    pages={
        "/api/status": json_page({"success": True, "data": {"system_name": "New API"}}),
        "/v1/models": models_page(*GATEWAY_MODELS, owner="openai", success=True),
    },
    open_paths="(?!/v1).*",
    key_first=False,
    key=new_api_key,
    ids=Ids(task_id),
    video=new_api_video,
    not_found=lambda given: ApiError(400, "task_not_exist", code="task_not_exist", by_gateway=True),
    no_content=lambda given: ApiError(404, "Task not found", by_gateway=True),
    content=new_api_content,
    error=new_api_error,
    unknown=new_api_unknown,
    headers=lambda: {"x-oneapi-request-id": secrets.token_hex(16)},
)
