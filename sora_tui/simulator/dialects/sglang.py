"""SGLang 0.5.23, with and without cloud storage."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from sora_tui.simulator.create_requests import OPEN_SIZE, any_upload, open_request, sides_of
from sora_tui.simulator.dialect import (
    Dialect,
    found_nothing,
    json_page,
    models_page,
    uvicorn_headers,
)
from sora_tui.simulator.errors import ApiError, detail_error, fastapi_unknown
from sora_tui.simulator.jobs import Job, Jobs
from sora_tui.simulator.parameters import CreateRequest, data_url, read_body
from sora_tui.simulator.responses import (
    Ids,
    Video,
    listed_after,
    page,
    seconds_taken,
    uuid_id,
    whole_number,
)

SGLANG_MODEL: Final = "Wan-AI/Wan2.1-T2V-1.3B-Diffusers"


async def sglang_create(request: Request) -> CreateRequest:
    """Read a request as SGLang: both encodings.

    Multipart values are read as JSON; a reference in JSON is a path.
    """
    body = await read_body(request)
    fields, reference = dict(body.fields), None
    if body.multipart:
        if not fields.get("prompt"):
            raise ApiError(400, "prompt is required")
        if not re.fullmatch(r"[+-]?\d+", str(fields.get("seconds", "4"))):
            raise _detail("seconds", "integer, unable to parse string as an integer", "int_parsing")
        reference = await any_upload(fields.pop("input_reference", None))
        size = fields.get("size", OPEN_SIZE)
        if isinstance(size, str) and size.isdigit():
            raise _invalid_body("size", "Input should be a valid string")
    elif "prompt" not in fields:
        raise _invalid_body("prompt", "Field required")
    elif not isinstance(path := fields.get("input_reference"), str | None):
        raise _invalid_body("input_reference", "Input should be a valid string")
    elif path is not None:
        raise ApiError(400, f"Failed to process image source: no such file: {path}")
    elif not re.fullmatch(r"\d+", str(fields.get("seconds", 4))):
        raise _invalid_body("seconds", "Input should be a valid integer")
    if url := fields.get("reference_url"):
        reference = data_url(url)
    return open_request(
        fields,
        model=str(fields.get("model") or SGLANG_MODEL),
        size=str(fields.get("size") or sides_of(fields) or OPEN_SIZE),
        seconds=str(fields.get("seconds", 4)),
        reference=reference,
    )


def _detail(param: str, expected: str, type_: str) -> ApiError:
    return ApiError(422, f"Input should be a valid {expected}", param=param, type_=type_)


def _invalid_body(field: str, message: str) -> ApiError:
    return ApiError(
        400,
        "Invalid request body: 1 validation error for VideoGenerationsRequest\n"
        f"{field}\n  {message}",
    )


def sglang_video(job: Job) -> dict[str, Any]:
    """Return the video object of SGLang: no prompt, file paths; a failure has no code."""
    done = job.status == "completed"
    path = f"/outputs/{job.id}.mp4"
    video = {
        **job.resource(),
        "expires_at": None,
        "quality": "standard",
        "url": None,
        "urls": [None] if done else None,
        "file_path": None if job.status == "failed" else path,
        "file_paths": [path] if done else None,
        "num_outputs": 1 if done else None,
        "peak_memory_mb": 0.0 if done else None,
        "inference_time_s": seconds_taken(job),
        "revised_prompt": None,
        "action": None,
        "error": {"message": job.error_message} if job.error_code else None,
    }
    del video["prompt"]
    return video


def sglang_cloud_video(job: Job) -> dict[str, Any]:
    """Return the video object of SGLang with cloud storage: addresses in place of file paths."""
    video = {**sglang_video(job), "file_path": None}
    if job.status == "completed":
        url = f"{job.origin}/v1/cloud/{job.id}.mp4"
        video.update(url=url, urls=[url], file_paths=[None])
    return video


def sglang_list(request: Request, jobs: Jobs, video: Video) -> dict[str, Any]:
    """Return a page with a limit of 1 to 100; an unknown cursor gives an empty page."""
    limit = whole_number(request, "limit", 20, 1, 100, status=422)
    return page(listed_after(request, jobs), limit, video)


def deleted_video(job: Job, video: Video) -> dict[str, Any]:
    """Return the video once more, with a status of its own, as SGLang does."""
    return {**video(job), "status": "deleted"}


def sglang_content(request: Request, job: Job, path: Path | None) -> Response:
    """Return the clip as SGLang does: the variant is the number of an output, and there is one."""
    if not job.finished:
        raise ApiError(404, "Generation is still in-progress")
    variant = request.query_params.get("variant")
    if variant not in (None, "0") or path is None:
        raise ApiError(404, f"Video variant {variant} not found")
    return FileResponse(path, media_type="video/mp4", filename=f"{job.id}.mp4")


def sglang_cloud_content(request: Request, job: Job, path: Path | None) -> Response:
    """Refuse as SGLang with cloud storage does: the clip is elsewhere."""
    if url := sglang_cloud_video(job)["url"]:
        raise ApiError(
            400, f"Video has been uploaded to cloud storage. Please use the cloud URL: {url}"
        )
    return sglang_content(request, job, None)


SGLANG: Final = Dialect(
    routes=frozenset(("create", "list", "retrieve", "delete", "content")),
    pages={
        "/health": json_page({"status": "ok"}),
        "/server_info": json_page(
            {
                "model_path": SGLANG_MODEL,
                "served_model_name": SGLANG_MODEL,
                "tp_size": 1,
                "dp_size": 1,
                "version": "0.5.23",
            }
        ),
        "/model_info": json_page(
            {
                "model_path": SGLANG_MODEL,
                "is_generation": True,
                "model_type": "diffusion",
                "architectures": ["WanPipeline"],
            }
        ),
        "/v1/models": models_page(SGLANG_MODEL, owner="sglang"),
    },
    open_paths=".*",
    read=sglang_create,
    ids=Ids(uuid_id),
    video=sglang_video,
    not_found=found_nothing,
    content=sglang_content,
    list=sglang_list,
    delete=deleted_video,
    error=detail_error,
    unknown=fastapi_unknown,
    headers=uvicorn_headers,
    durable=False,
)

SGLANG_CLOUD: Final = replace(
    SGLANG,
    routes=SGLANG.routes | {"cloud"},
    video=sglang_cloud_video,
    content=sglang_cloud_content,
)
