"""What each server shows of a job: its ids, its video object, its list and its deletion."""

from __future__ import annotations

import base64
import re
import secrets
import uuid
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Final, NamedTuple

from starlette.datastructures import UploadFile
from starlette.requests import Request

from sora_tui.simulator.errors import ApiError
from sora_tui.simulator.jobs import Job, Jobs
from sora_tui.simulator.parameters import bounded_int

_FPS: Final = 30


class Ids(NamedTuple):
    """The functions that make a job's id in the create answer, in later answers, and read it."""

    new: Callable[[], str]
    created: Callable[[Job], str] = attrgetter("id")
    polled: Callable[[Job], str] = attrgetter("id")
    read: Callable[[str], str] = str


def hex_id(prefix: str, digits: int) -> Callable[[], str]:
    """Return a function that makes ids of a prefix and `digits` random hex digits."""
    return lambda: prefix + secrets.token_hex(digits // 2)


def uuid_id() -> str:
    """Return a random UUID as an id."""
    return str(uuid.uuid4())


def task_id() -> str:
    """Return an id of new-api: `task_` and 32 letters and digits."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return "task_" + "".join(secrets.choice(alphabet) for _ in range(32))


def litellm_id(job: Job) -> str:
    """Return an id of LiteLLM: provider, model and the upstream's id in standard base64."""
    return _hidden(job.model, job.id)


def litellm_poll_id(job: Job) -> str:
    """Return the id in a poll's answer of LiteLLM 1.106: without the model, so it is useless."""
    return _hidden("", job.id)


def litellm_long_id(job: Job) -> str:
    """Return an id of LiteLLM 1.109: with the deployment's SHA-256, the same in each answer."""
    return _hidden(job.model, f"{job.id};deployment_id:{'5e' * 32}")


def litellm_read(text: str) -> str:
    """Return the upstream's id. An id without a model goes to the vendor itself, and fails.

    Raises:
        ApiError: 500.
    """
    try:
        inner = base64.b64decode(text.removeprefix("video_"), validate=True).decode()
    except ValueError:
        inner = ""
    found = re.search(r";model_id:([^;]+);video_id:([^;]+)", inner)
    if found is None:
        raise _vendor_unreachable()
    return found[2]


def openai_video(job: Job) -> dict[str, Any]:
    """Return the video object of OpenAI, with the request's other fields."""
    return {**job.resource(), **job.asked}


def litellm_judge(operation: str, fields: Mapping[str, Any]) -> None:
    """Refuse uploads as LiteLLM 1.108.7 does: only their model says which server they are for.

    Raises:
        ApiError: 500 where there is none; 404 for an extension, whose clip LiteLLM loses.
    """
    uploaded = isinstance(fields.get("video"), UploadFile)
    if operation == "read_character" or (uploaded and not fields.get("model")):
        raise _vendor_unreachable()
    if operation == "extend" and uploaded:
        raise ApiError(404, "Video with id '' not found.")


def litellm_video(job: Job) -> dict[str, Any]:
    """Return the video object of LiteLLM: without the prompt."""
    video = {**job.resource(), "usage": None}
    del video["prompt"]
    return video


def litellm_created(job: Job) -> dict[str, Any]:
    """Return the create answer of LiteLLM, the only one with the usage."""
    return {**litellm_video(job), "usage": {"duration_seconds": float(job.seconds)}}


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
        "inference_time_s": _took(job),
        "fps": float(_FPS) if done else None,
        "num_frames": job.seconds * _FPS if done else None,
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
        "inference_time_s": _took(job),
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
        "fps": _FPS,
        "size": job.size,
    }


def new_api_video(job: Job) -> dict[str, Any]:
    """Return the video object of new-api: no prompt, and no empty fields."""
    video = {**job.resource(), "task_id": job.id}
    del video["prompt"]
    if job.status == "completed":
        video["metadata"] = {"url": f"{job.origin}/v1/videos/{job.id}/content"}
    return {name: value for name, value in video.items() if value is not None}


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


Video = Callable[[Job], dict[str, Any]]


def openai_list(request: Request, jobs: Jobs, video: Video) -> dict[str, Any]:
    """Return a page by cursor; an unknown cursor is refused."""
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
    found = jobs.listed(newest_first=order == "desc")
    if after := query.get("after"):
        cursor = jobs.get(after)
        if cursor is None:
            raise ApiError(404, f"Video with id '{after}' not found.")
        found = found[found.index(cursor) + 1 :]
    return _page(found, limit, video)


def vllm_list(request: Request, jobs: Jobs, video: Video) -> dict[str, Any]:
    """Return everything where no limit is given; an unknown cursor gives an empty page."""
    limit = _whole(request, "limit", len(jobs.listed(newest_first=True)), 0, 100, status=400)
    return _page(_after(request, jobs), limit, video)


def sglang_list(request: Request, jobs: Jobs, video: Video) -> dict[str, Any]:
    """Return a page with a limit of 1 to 100; an unknown cursor gives an empty page."""
    limit = _whole(request, "limit", 20, 1, 100, status=422)
    return _page(_after(request, jobs), limit, video)


def aquiles_list(request: Request, jobs: Jobs, video: Video) -> dict[str, Any]:
    """Return a page, always newest first; an unknown cursor gives the first page again."""
    limit = _whole(request, "limit", 20, 0, 10**6, status=422)
    found = jobs.listed(newest_first=True)
    cursor = jobs.get(request.query_params.get("after", ""))
    return _page(found[found.index(cursor) + 1 :] if cursor else found, limit, video)


def trt_list(request: Request, jobs: Jobs, video: Video) -> dict[str, Any]:
    """Return everything; there are neither cursor nor parameters."""
    return {"object": "list", "data": [video(job) for job in jobs.listed(newest_first=False)]}


def litellm_list(request: Request, jobs: Jobs, video: Video) -> dict[str, Any]:
    """Return the list for a named provider; limit, after and order never reach the upstream."""
    headers, query = request.headers, request.query_params
    provider = query.get("custom_llm_provider") or headers.get("custom-llm-provider")
    if provider is None:
        raise ApiError(
            400,
            "litellm.BadRequestError: LLM Provider NOT provided. Pass in the LLM provider you are "
            "trying to call. You passed model=",
            by_gateway=True,
        )
    if provider != "hosted_vllm":
        raise _vendor_unreachable()
    return _page(jobs.listed(newest_first=True), 20, video)


def deleted(job: Job, video: Video) -> dict[str, Any]:
    """Return the answer to a deletion, as OpenAI words it."""
    return {"id": job.id, "object": "video.deleted", "deleted": True}


def deleted_finished(job: Job, video: Video) -> dict[str, Any]:
    """Delete a finished video, as OpenAI does; any other is refused."""
    if not job.finished:
        raise ApiError(400, "Only completed or failed videos can be deleted.")
    return deleted(job, video)


def deleted_video(job: Job, video: Video) -> dict[str, Any]:
    """Return the video once more, with a status of its own, as SGLang does."""
    return {**video(job), "status": "deleted"}


def deleted_flag(job: Job, video: Video) -> dict[str, Any]:
    """Return only a flag, as TensorRT-LLM does."""
    return {"deleted": True}


def _page(found: list[Job], limit: int, video: Video) -> dict[str, Any]:
    page = [video(job) for job in found[:limit]]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": len(found) > len(page),
    }


def _after(request: Request, jobs: Jobs) -> list[Job]:
    query = request.query_params
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise ApiError(
            422,
            "Input should be 'asc' or 'desc'",
            code="query",
            param="order",
            type_="literal_error",
        )
    found = jobs.listed(newest_first=order == "desc")
    if (after := query.get("after")) is None:
        return found
    cursor = jobs.get(after)
    return [] if cursor is None else found[found.index(cursor) + 1 :]


def _whole(request: Request, name: str, default: int, low: int, high: int, *, status: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?\d{1,9}", text) or not low <= int(text) <= high:
        message = f"Input should be an integer from {low} to {high}"
        raise ApiError(status, message, code="query", param=name, type_="int_range")
    return int(text)


def _took(job: Job) -> float | None:
    if job.completed_at is None or job.started_at is None:
        return None
    return round(job.completed_at - job.started_at, 3)


def _vendor_unreachable() -> ApiError:
    """Return the error of a proxy that used the vendor's address, not the configured one."""
    return ApiError(
        500,
        "litellm.InternalServerError: InternalServerError: OpenAIException - Cannot connect to "
        "host api.openai.com:443",
        type_="internal_server_error",
        by_gateway=True,
    )


def _hidden(model: str, upstream: str) -> str:
    inner = f"litellm:custom_llm_provider:openai;model_id:{model};video_id:{upstream}"
    return "video_" + base64.b64encode(inner.encode()).decode()
