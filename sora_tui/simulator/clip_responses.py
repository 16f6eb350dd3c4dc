"""How each server sends a finished clip, and what it answers before and after."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from sora_tui.simulator.create_requests import HandlerFault
from sora_tui.simulator.errors import ApiError
from sora_tui.simulator.jobs import Job
from sora_tui.simulator.render import VARIANTS
from sora_tui.simulator.responses import sglang_cloud_video, trt_video


def openai_content(request: Request, job: Job, path: Path | None) -> Response:
    """Return one of three variants, as OpenAI does."""
    variant = request.query_params.get("variant", "video")
    if variant not in VARIANTS:
        raise ApiError(
            400,
            f"Invalid value: '{variant}'. Supported values are: 'video', 'thumbnail', and "
            "'spritesheet'.",
            code="invalid_value",
            param="variant",
        )
    clip = _openai_clip(job, path).with_suffix(VARIANTS[variant].suffix)
    return FileResponse(clip, media_type=VARIANTS[variant].media_type)


def litellm_content(request: Request, job: Job, path: Path | None) -> Response:
    """Return the whole clip, buffered, whatever the variant: LiteLLM has no ranges."""
    body = _openai_clip(job, path).read_bytes()
    name = f"attachment; filename=video_{request.path_params['video_id']}.mp4"
    return Response(body, media_type="video/mp4", headers={"content-disposition": name})


def gzipped_content(request: Request, job: Job, path: Path | None) -> Response:
    """Return the clip compressed, as LiteLLM 1.106 does: Content-Length is not the clip's."""
    answer = litellm_content(request, job, path)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return answer
    import gzip  # no other server needs it

    headers = {
        "content-disposition": answer.headers["content-disposition"],
        "content-encoding": "gzip",
        "vary": "Accept-Encoding",
    }
    return Response(gzip.compress(answer.body, 1), media_type="video/mp4", headers=headers)


def vllm_content(request: Request, job: Job, path: Path | None) -> Response:
    """Return the clip, whatever the variant, as vLLM-Omni does."""
    if job.status == "failed":
        raise ApiError(422, "Video generation failed. Check job status for error details.")
    if job.status != "completed":
        raise ApiError(404, "Generation is still in-progress")
    if path is None:
        raise ApiError(404, "Generated video file not found on disk")
    return FileResponse(path, media_type="video/mp4", filename=f"{job.id}.mp4")


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


def aquiles_content(request: Request, job: Job, path: Path | None) -> Response:
    """Return the clip, whatever the variant; without a clip Aquiles-Image's handler breaks."""
    if job.status != "completed" or path is None:
        raise HandlerFault
    return FileResponse(path, media_type="video/mp4")


def trt_content(request: Request, job: Job, path: Path | None) -> Response:
    """Return the clip, or its path on the server when the request asked for that."""
    if job.status != "completed":
        raise ApiError(400, f"Video {job.id} is not ready (status: {trt_video(job)['status']})")
    if path is None:
        raise ApiError(404, f"Video {job.id} not found")
    if job.asked.get("path"):
        return JSONResponse({"id": job.id, "output_path": f"/outputs/{job.id}.mp4"})
    return FileResponse(path, media_type="video/mp4", filename=f"{job.id}.mp4")


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


def openrouter_content(request: Request, job: Job, path: Path | None) -> Response:
    """Return the clip by index, as OpenRouter does: 409 before it is ready, 410 once expired."""
    if request.query_params.get("index", "0") != "0":
        raise ApiError(404, "No output with this index")
    if job.status != "completed":
        raise ApiError(409, f"Video is not ready: {job.status}")
    if path is None:
        raise ApiError(410, "Video content has expired")
    return FileResponse(path, media_type="video/mp4")


def _openai_clip(job: Job, path: Path | None) -> Path:
    if job.status == "failed":
        raise ApiError(404, "Video generation failed, there is no content to download.")
    if job.status != "completed":
        raise ApiError(
            404, "Video is not ready yet, use GET /v1/videos/{video_id} to check status."
        )
    if path is None:
        raise ApiError(404, "Video has expired, its content can no longer be downloaded.")
    return path
