"""LiteLLM 1.106.2 to 1.109.1, a proxy in front of other servers."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from starlette.datastructures import Headers, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sora_tui.simulator.auth import bearer_key, same_key
from sora_tui.simulator.clip_responses import openai_clip
from sora_tui.simulator.create_requests import GATEWAY_MODELS
from sora_tui.simulator.dialect import Dialect, json_page, models_page
from sora_tui.simulator.errors import ApiError, fastapi_unknown, openai_body
from sora_tui.simulator.jobs import Job, Jobs
from sora_tui.simulator.parameters import CreateRequest, judged, read_body
from sora_tui.simulator.responses import Ids, Video, hex_id, page


async def litellm_create(request: Request) -> CreateRequest:
    """Read a request as LiteLLM: it has its own model names and passes the rest on as multipart."""
    body = await read_body(request)
    model = body.fields.get("model")
    if model not in GATEWAY_MODELS:
        raise ApiError(
            400,
            f"/videos: Invalid model name passed in model={model}. Call `/v1/models` to view "
            "available models for your key.",
            by_gateway=True,
        )
    if isinstance(body.fields.get("input_reference"), dict):
        raise ApiError(
            400,
            "Invalid request format: litellm.InternalServerError: InternalServerError: "
            "OpenAIException - Failed to send bytes into the underlying connection: "
            "AttributeError(\"'dict' object has no attribute 'read'\") LiteLLM Retried: 2 times",
            by_gateway=True,
        )
    if isinstance(seconds := body.fields.get("seconds"), int):
        body.fields["seconds"] = str(seconds)
    return await judged(body)


def litellm_key(headers: Headers, key: str) -> ApiError | None:
    """Return the refusal of a key by LiteLLM: without a database a wrong key is no 401."""
    given = bearer_key(headers)
    if given is None:
        return ApiError(
            401,
            "Authentication Error, No api key passed in.",
            type_="auth_error",
            param="None",
            by_gateway=True,
        )
    if same_key(given, key):
        return None
    return ApiError(400, "No connected db.", type_="no_db_connection", by_gateway=True)


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
    return page(jobs.listed(newest_first=True), 20, video)


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


def litellm_content(request: Request, job: Job, path: Path | None) -> Response:
    """Return the whole clip, buffered, whatever the variant: LiteLLM has no ranges."""
    body = openai_clip(job, path).read_bytes()
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


def litellm_error(error: ApiError) -> Response:
    """Return LiteLLM's refusal: upstream's JSON as text in the message, the status as text."""
    message = error.message
    if not error.by_gateway:
        kind = "InternalServerError" if error.status >= 500 else "BadRequestError"
        inner = json.dumps({"error": openai_body(error)}, separators=(",", ":"))
        message = (
            f"litellm.{kind}: OpenAIException - {inner}\n\nLiteLLM: model group 'sora-2' failed "
            "with the error above. No fallback was attempted."
        )
    param = error.param if error.by_gateway else None
    told = {"message": message, "type": error.type, "param": param, "code": str(error.status)}
    return JSONResponse({"error": told}, error.status)


def _litellm_headers(version: str) -> Callable[[], dict[str, str]]:
    return lambda: {
        "x-litellm-call-id": str(uuid.uuid4()),
        "x-litellm-version": version,
        "x-litellm-model-api-base": "https://upstream.example/v1",
    }


LITELLM: Final = Dialect(
    prefixes=("/v1", ""),
    routes=frozenset(("create", "list", "retrieve", "content", "remix"))
    | {"edit", "extend", "character", "read_character"},
    pages={
        "/health/liveliness": json_page("I'm alive!"),
        "/health/liveness": json_page("I'm alive!"),
        "/health/readiness": json_page({"status": "healthy", "db": "Not connected"}),
        "/v1/models": models_page(*GATEWAY_MODELS, owner="openai"),
        "/models": models_page(*GATEWAY_MODELS, owner="openai"),
    },
    open_paths="/health/.*",
    key_first=False,
    key=litellm_key,
    read=litellm_create,
    judge=litellm_judge,
    ids=Ids(
        hex_id("video_", 32),
        litellm_id,
        litellm_poll_id,
        litellm_read,
    ),
    video=litellm_video,
    created=litellm_created,
    content=gzipped_content,
    list=litellm_list,
    error=litellm_error,
    unknown=fastapi_unknown,
    headers=dict,
    call_headers=_litellm_headers("1.106.2"),
)

LITELLM_1_109: Final = replace(
    LITELLM,
    ids=Ids(
        hex_id("video_", 32),
        litellm_long_id,
        litellm_long_id,
        litellm_read,
    ),
    content=litellm_content,
    call_headers=_litellm_headers("1.109.1"),
)
