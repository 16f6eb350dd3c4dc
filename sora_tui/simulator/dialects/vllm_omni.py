"""vLLM-Omni 0.30.0."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from sora_tui.simulator.create_requests import OPEN_SIZE, any_upload, open_request, sides_of
from sora_tui.simulator.dialect import (
    Dialect,
    found_nothing,
    json_page,
    models_page,
    uvicorn_headers,
)
from sora_tui.simulator.errors import ApiError, fastapi_unknown
from sora_tui.simulator.jobs import Job, Jobs
from sora_tui.simulator.parameters import CreateRequest, data_url, read_body
from sora_tui.simulator.responses import (
    FPS,
    Ids,
    Video,
    deleted,
    hex_id,
    listed_after,
    page,
    seconds_taken,
    whole_number,
)

VLLM_MODEL: Final = "Wan-AI/Wan2.2-T2V-A14B-Diffusers"


async def vllm_create(request: Request) -> CreateRequest:
    """Read a request as vLLM-Omni: multipart only, the served model if any, any size and length."""
    body = await read_body(request)
    fields = body.fields if body.multipart else {}
    if "prompt" not in fields:
        raise ApiError(400, "Field required: prompt", param="prompt")
    seconds, size = str(fields.get("seconds", "4")), fields.get("size")
    if not re.fullmatch(r"[1-9]\d*", seconds):
        raise ApiError(400, r"String should match pattern '^[1-9]\d*$': seconds", param="seconds")
    if size is not None and not re.fullmatch(r"\d+x\d+", str(size)):
        raise ApiError(400, r"String should match pattern '^\d+x\d+$': size", param="size")
    steps = str(fields.get("num_inference_steps", "1"))
    if not steps.isdigit() or not 1 <= int(steps) <= 200:
        raise ApiError(
            400,
            "Input should be greater than or equal to 1 and at most 200: num_inference_steps",
            param="num_inference_steps",
        )
    model = fields.get("model", VLLM_MODEL)
    if model != VLLM_MODEL:
        raise ApiError(
            400,
            f"Model mismatch: request specifies '{model}' but server is running '{VLLM_MODEL}'.",
        )
    drawn = str(size or sides_of(fields) or OPEN_SIZE)
    reference = await any_upload(fields.get("input_reference"))
    if reference is None and "image_reference" in fields:
        reference = _json_reference(str(fields["image_reference"]))
    return open_request(
        fields,
        model=VLLM_MODEL,
        size=drawn,
        seconds=seconds,
        reference=reference,
        asked={"size": size, "quality": fields.get("quality", "default")},
    )


def _json_reference(text: str) -> bytes:
    try:
        return data_url(json.loads(text)["image_url"])
    except (ValueError, KeyError, TypeError):
        raise ApiError(400, "Invalid JSON in image_reference", param="image_reference") from None


def vllm_video(job: Job) -> dict[str, Any]:
    """Return the video object of vLLM-Omni.

    Progress stays 0 until the end; a failure's code is an HTTP status.
    """
    done = job.status == "completed"
    video = {
        **job.resource(),
        "size": job.asked.get("size"),
        "progress": 100 if done else 0,
        "expires_at": None,
        "quality": job.asked.get("quality", "default"),
        "media_type": "video/mp4",
        "file_name": f"{job.id}.mp4" if done else None,
        "inference_time_s": seconds_taken(job),
        "fps": float(FPS) if done else None,
        "num_frames": job.seconds * FPS if done else None,
        "duration_s": float(job.seconds),
        "metrics": None,
        "stage_durations": {},
        "peak_memory_mb": 0.0,
        "action": None,
    }
    if job.error_code:
        video["error"] = {"code": vllm_failure_status(job), "message": job.error_message}
    return video


def vllm_failure_status(job: Job) -> int:
    """Return the HTTP status with which vLLM-Omni answers for this job."""
    if job.status != "failed":
        return 200
    return 400 if job.error_code == "moderation_blocked" else 500


def vllm_list(request: Request, jobs: Jobs, video: Video) -> dict[str, Any]:
    """Return everything where no limit is given; an unknown cursor gives an empty page."""
    limit = whole_number(request, "limit", len(jobs.listed(newest_first=True)), 0, 100, status=400)
    return page(listed_after(request, jobs), limit, video)


def vllm_content(request: Request, job: Job, path: Path | None) -> Response:
    """Return the clip, whatever the variant, as vLLM-Omni does."""
    if job.status == "failed":
        raise ApiError(422, "Video generation failed. Check job status for error details.")
    if job.status != "completed":
        raise ApiError(404, "Generation is still in-progress")
    if path is None:
        raise ApiError(404, "Generated video file not found on disk")
    return FileResponse(path, media_type="video/mp4", filename=f"{job.id}.mp4")


def vllm_error(error: ApiError) -> Response:
    """Return OpenAI's envelope with the HTTP status as an integer code; a wrong key has a text."""
    if error.status == 401:
        return JSONResponse({"error": "Unauthorized"}, 401)
    told = {
        "message": error.message,
        "type": HTTPStatus(error.status).phrase,
        "param": error.param,
        "code": error.status,
    }
    return JSONResponse({"error": told}, error.status)


VLLM_OMNI: Final = Dialect(
    routes=frozenset(("create", "list", "retrieve", "delete", "content")),
    pages={
        "/health": json_page({"status": "healthy"}),
        "/version": json_page({"version": "0.30.0"}),
        "/v1/models": models_page(VLLM_MODEL, owner="vllm"),
    },
    open_paths="(?!/v1).*",
    read=vllm_create,
    ids=Ids(hex_id("video_gen_", 32)),
    video=vllm_video,
    video_status=vllm_failure_status,
    not_found=found_nothing,
    content=vllm_content,
    list=vllm_list,
    delete=deleted,
    error=vllm_error,
    unknown=fastapi_unknown,
    headers=uvicorn_headers,
    durable=False,
)
