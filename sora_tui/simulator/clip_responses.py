"""How OpenAI hands out a finished clip, and what it says before and after."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from sora_tui.simulator.errors import ApiError
from sora_tui.simulator.jobs import Job
from sora_tui.simulator.render import VARIANTS


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
    clip = openai_clip(job, path).with_suffix(VARIANTS[variant].suffix)
    return FileResponse(clip, media_type=VARIANTS[variant].media_type)


def openai_clip(job: Job, path: Path | None) -> Path:
    """Return the path of a clip.

    Raises:
        ApiError: 404 while there is none, and when it has expired.
    """
    if job.status == "failed":
        raise ApiError(404, "Video generation failed, there is no content to download.")
    if job.status != "completed":
        raise ApiError(
            404, "Video is not ready yet, use GET /v1/videos/{video_id} to check status."
        )
    if path is None:
        raise ApiError(404, "Video has expired, its content can no longer be downloaded.")
    return path
