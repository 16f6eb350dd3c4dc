"""OpenRouter. Wordings of refusals are a guess."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from sora_tui.simulator.auth import bearer_key, same_key
from sora_tui.simulator.create_requests import open_request
from sora_tui.simulator.dialect import Dialect, json_page
from sora_tui.simulator.errors import ApiError
from sora_tui.simulator.jobs import Job
from sora_tui.simulator.parameters import JSON, CreateRequest, data_url, read_body
from sora_tui.simulator.responses import Ids, hex_id

OPENROUTER_MODELS: Final = ("google/veo-3.1", "openai/sora-2-pro")


async def openrouter_create(request: Request) -> CreateRequest:
    """Read a request as OpenRouter: JSON in a schema of its own; unknown fields are ignored."""
    body = await read_body(request)
    fields = body.fields
    if body.media_type != JSON:
        raise ApiError(400, "Invalid request: the body must be JSON")
    model = fields.get("model")
    if model not in OPENROUTER_MODELS:
        raise ApiError(400, f"{model} is not a valid model ID")
    if not isinstance(fields.get("prompt"), str) or not fields["prompt"]:
        raise ApiError(400, "Invalid request: prompt: Required")
    duration = fields.get("duration", 4)
    if not isinstance(duration, int) or isinstance(duration, bool):
        raise ApiError(400, "Invalid request: duration: Expected number, received string")
    size = fields.get("size") or _framed(
        str(fields.get("resolution", "720p")), str(fields.get("aspect_ratio", "16:9"))
    )
    reference = None
    if frames := fields.get("frame_images"):
        try:
            reference = data_url(frames[0]["image_url"]["url"])
        except (KeyError, IndexError, TypeError):
            raise ApiError(400, "Invalid request: frame_images.0.image_url: Required") from None
    return open_request(
        fields, model=model, size=str(size), seconds=str(duration), reference=reference
    )


def _framed(resolution: str, ratio: str) -> str:
    """Return the size of a resolution such as 720p (its shorter side) in a ratio such as 16:9."""
    side, ratios = re.fullmatch(r"(\d{3,4})p", resolution), re.fullmatch(r"(\d+):(\d+)", ratio)
    if side is None or ratios is None:
        raise ApiError(400, "Invalid request: resolution or aspect_ratio: Invalid enum value")
    short, (across, up) = int(side[1]), (int(ratios[1]), int(ratios[2]))
    long = round(short * max(across, up) / min(across, up) / 2) * 2
    return f"{long}x{short}" if across >= up else f"{short}x{long}"


def openrouter_key(headers: Headers, key: str) -> ApiError | None:
    """Return the refusal of a key that is missing or wrong, as OpenRouter words it."""
    given = bearer_key(headers)
    if given is None:
        return ApiError(401, "No auth credentials found")
    return None if same_key(given, key) else ApiError(401, "User not found.")


def openrouter_video(job: Job) -> dict[str, Any]:
    """Return the video object of OpenRouter: no object, no progress, no time of creation."""
    here = f"/api/v1/videos/{job.id}"
    status = {"queued": "pending"}.get(job.status, job.status)
    video: dict[str, Any] = {"id": job.id, "polling_url": here, "status": status}
    if job.error_code:
        video["error"] = job.error_message
    if job.expires_at is not None:
        video["unsigned_urls"] = [f"{job.origin}{here}/content?index=0"]
        video["expires_at"] = int(job.expires_at)
        video["usage"] = {"cost": 0, "is_byok": False}
    return video


def openrouter_content(request: Request, job: Job, path: Path | None) -> Response:
    """Return the clip by index, as OpenRouter does: 409 before it is ready, 410 once expired."""
    if request.query_params.get("index", "0") != "0":
        raise ApiError(404, "No output with this index")
    if job.status != "completed":
        raise ApiError(409, f"Video is not ready: {job.status}")
    if path is None:
        raise ApiError(410, "Video content has expired")
    return FileResponse(path, media_type="video/mp4")


def openrouter_error(error: ApiError) -> Response:
    """Return `{"error": {code, message}}` with the HTTP status as an integer code."""
    return JSONResponse({"error": {"code": error.status, "message": error.message}}, error.status)


def openrouter_unknown(method: str, path: str, status: int) -> Response:
    """Answer an unknown path as OpenRouter does."""
    return openrouter_error(ApiError(404, "Not Found"))


OPENROUTER: Final = Dialect(
    prefixes=("/api/v1",),
    routes=frozenset(("create", "retrieve", "content")),
    pages={
        "/api/v1/models": json_page({"data": [{"id": n} for n in OPENROUTER_MODELS]}),
        "/api/v1/videos/models": json_page(
            {
                "data": [
                    {
                        "id": name,
                        "supported_durations": [4, 8, 12],
                        "supported_resolutions": ["720p", "1080p"],
                        "supported_aspect_ratios": ["16:9", "9:16"],
                        "supported_sizes": ["1280x720", "720x1280"],
                        "pricing_skus": {},
                    }
                    for name in OPENROUTER_MODELS
                ]
            }
        ),
    },
    open_paths="/api/v1(/videos)?/models",
    key=openrouter_key,
    read=openrouter_create,
    ids=Ids(hex_id("", 24)),
    create_status=202,
    video=openrouter_video,
    not_found=lambda given: ApiError(404, "Job not found"),
    content=openrouter_content,
    error=openrouter_error,
    unknown=openrouter_unknown,
    headers=dict,
)
