"""TensorRT-LLM (`trtllm-serve`) at 0509ccc."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from sora_tui.simulator.create_requests import OPEN_SIZE, any_upload, open_request
from sora_tui.simulator.dialect import Dialect, json_page, models_page, uvicorn_headers
from sora_tui.simulator.errors import ApiError, fastapi_unknown
from sora_tui.simulator.jobs import Job, Jobs
from sora_tui.simulator.parameters import JSON, MULTIPART, CreateRequest, data_url, read_body
from sora_tui.simulator.responses import FPS, Ids, Video, hex_id

TRT_MODEL: Final = "Wan-AI/Wan2.1-T2V-14B-Diffusers"
#: Fields of TensorRT-LLM's newer protocol, which refuses any other name.
_TRT_FIELDS: Final = {
    *("prompt", "model", "seconds", "size", "fps", "frame_rate", "n", "num_frames", "seed"),
    *("num_inference_steps", "guidance_scale", "guidance_rescale", "negative_prompt"),
    *("output_format", "response_format", "extra_params", "input_reference"),
    *("image_reference", "video_reference", "audio_reference"),
}


async def trt_create(request: Request) -> CreateRequest:
    """Read a request as TensorRT-LLM: both encodings, no unknown fields, at most 60 seconds."""
    body = await read_body(request)
    fields = body.fields
    if body.media_type not in (MULTIPART, JSON):
        raise ApiError(
            400,
            f"Unsupported content-type: {body.media_type}. Use 'application/json' or "
            "'multipart/form-data'",
        )
    if "prompt" not in fields:
        raise ApiError(400, "'prompt' is required")
    if unknown := sorted(fields.keys() - _TRT_FIELDS):
        raise ApiError(422, f"Extra inputs are not permitted: {unknown[0]}", param=unknown[0])
    try:
        seconds = float(fields.get("seconds", 4))
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 < seconds <= 60:
        raise ApiError(422, "Input should be a number greater than 0 and at most 60: seconds")
    if seconds % 1:
        raise ApiError(400, "this simulator only draws whole seconds")
    size = str(fields.get("size", "auto"))
    picture = fields.get("image_reference", fields.get("input_reference"))
    reference = await any_upload(picture) if isinstance(picture, UploadFile) else None
    if reference is None and picture is not None:
        reference = data_url(picture)
    return open_request(
        fields,
        model=str(fields.get("model") or TRT_MODEL),
        size=OPEN_SIZE if size == "auto" else size,
        seconds=str(int(seconds)),
        reference=reference,
        asked={"path": fields.get("response_format") == "path"},
    )


def trt_video(job: Job) -> dict[str, Any]:
    """Return the video object of TensorRT-LLM.

    It has `generating` and `postprocessing`, no progress, `duration`, and the error as a text.
    """
    status: str = job.status
    if status == "in_progress":
        status = "postprocessing" if job.progress >= 90 else "generating"
    return {
        "created_at": int(job.created_at),
        "id": job.id,
        "model": job.model,
        "object": "video",
        "prompt": job.prompt,
        "status": status,
        "completed_at": job.completed_at and int(job.completed_at),
        "error": job.error_message if job.error_code else None,
        "expires_at": None,
        "progress": None,
        "remixed_from_video_id": None,
        "duration": float(job.seconds),
        "fps": FPS,
        "size": job.size,
    }


def trt_list(request: Request, jobs: Jobs, video: Video) -> dict[str, Any]:
    """Return everything; there are neither cursor nor parameters."""
    return {"object": "list", "data": [video(job) for job in jobs.listed(newest_first=False)]}


def deleted_flag(job: Job, video: Video) -> dict[str, Any]:
    """Return only a flag, as TensorRT-LLM does."""
    return {"deleted": True}


def trt_content(request: Request, job: Job, path: Path | None) -> Response:
    """Return the clip, or its path on the server when the request asked for that."""
    if job.status != "completed":
        raise ApiError(400, f"Video {job.id} is not ready (status: {trt_video(job)['status']})")
    if path is None:
        raise ApiError(404, f"Video {job.id} not found")
    if job.asked.get("path"):
        return JSONResponse({"id": job.id, "output_path": f"/outputs/{job.id}.mp4"})
    return FileResponse(path, media_type="video/mp4", filename=f"{job.id}.mp4")


def flat_error(error: ApiError) -> Response:
    """Return a refusal as TensorRT-LLM does: the members of the error are those of the answer."""
    types = {404: "NotFoundError", 500: "InternalServerError"}
    told = {
        "object": "error",
        "message": error.message,
        "type": types.get(error.status, "BadRequestError"),
        "param": None,
        "code": error.status,
    }
    return JSONResponse(told, error.status)


def _empty() -> Response:
    return Response()


TRT_LLM: Final = Dialect(
    routes=frozenset(("create", "list", "retrieve", "delete", "content")),
    pages={
        "/health": _empty,
        "/version": json_page({"version": "1.3.0"}),
        "/v1/models": models_page(TRT_MODEL, owner="tensorrt_llm"),
    },
    open_paths=".*",
    read=trt_create,
    ids=Ids(hex_id("video_", 32)),
    create_status=202,
    video=trt_video,
    not_found=lambda given: ApiError(404, f"Video {given} not found"),
    content=trt_content,
    list=trt_list,
    delete=deleted_flag,
    error=flat_error,
    unknown=fastapi_unknown,
    headers=uvicorn_headers,
    durable=False,
)
