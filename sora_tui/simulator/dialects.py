"""The servers that the simulator can be: a row for each, with the differences from OpenAI.

The facts were read from the servers' sources, measured on running ones, or taken from their
documentation, in November 2026: LiteLLM 1.106.2, 1.108.7 and 1.109.1, vLLM-Omni 0.30.0, SGLang
0.5.23, Aquiles-Image 0.8.3, TensorRT-LLM 0509ccc, new-api 05393ff. The wordings of refusals of
Azure and OpenRouter are guesses, since only the vendors know them.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sora_tui.simulator import auth, clip_responses, create_requests, errors, responses
from sora_tui.simulator.errors import ApiError
from sora_tui.simulator.jobs import Job, Jobs
from sora_tui.simulator.parameters import CreateRequest, openai_create
from sora_tui.simulator.responses import Ids, Video


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one server behaves; the defaults are OpenAI's.

    Attributes:
        prefixes: Beginnings of the paths; the first is that of the base URL.
        routes: Which operations there are.
        pages: Other paths with a fixed answer, from the root.
        open_paths: Regular expression of the paths that need no key; without `key_first` an unknown
            path needs none either.
        key: Checks a key.
        read: Reads a create request.
        judge: Refuses another operation (by its route, with the fields of its body) because of this
            server's limits, before it is read.
        ids: How jobs are named.
        create_status: HTTP status of a successful create.
        video: The video object; `created` is that of the create answer.
        video_status: HTTP status with which a job is shown.
        not_found: The refusal of an unknown id; `no_content` where its clip is asked for.
        content: Returns the clip at a path, None when it has expired.
        list: The answer of the list.
        delete: The answer of a deletion; raises to refuse it.
        error: Puts a refusal into an envelope.
        unknown: Answers an unknown path or method.
        headers: Headers of every answer; `call_headers` of those about videos alone.
        poll_header: Whether a video comes with `openai-poll-after-ms`.
        at_once: How many unfinished jobs there may be.
        durable: Whether jobs survive a restart.
    """

    prefixes: tuple[str, ...] = ("/v1",)
    routes: frozenset[str] = frozenset(("create", "list", "retrieve", "delete", "content", "remix"))
    pages: Mapping[str, Callable[[], Response]] = field(default_factory=dict)
    open_paths: str = "/health"
    key_first: bool = True
    key: auth.KeyCheck = auth.openai_key
    read: Callable[[Request], Awaitable[CreateRequest]] = openai_create
    judge: Callable[[str, Mapping[str, Any]], None] = field(default=lambda operation, fields: None)
    ids: Ids = field(default_factory=lambda: Ids(responses.hex_id("video_", 24)))
    create_status: int = 200
    video: Video = responses.openai_video
    created: Video | None = None
    video_status: Callable[[Job], int] = field(default=lambda job: 200)
    not_found: Callable[[str], ApiError] = field(
        default=lambda given: ApiError(404, f"Video with id '{given}' not found.")
    )
    no_content: Callable[[str], Exception] | None = None
    content: Callable[[Request, Job, Path | None], Response] = clip_responses.openai_content
    list: Callable[[Request, Jobs, Video], dict[str, Any]] = responses.openai_list
    delete: Callable[[Job, Video], dict[str, Any]] = responses.deleted_finished
    error: Callable[[ApiError], Response] = errors.openai_error
    unknown: Callable[[str, str, int], Response] = errors.openai_unknown
    headers: Callable[[], dict[str, str]] = field(
        default=lambda: {"x-request-id": f"req_{secrets.token_hex(16)}"}
    )
    call_headers: Callable[[], dict[str, str]] = dict
    poll_header: bool = False
    at_once: int | None = None
    durable: bool = True


def _json(body: object, status: int = 200) -> Callable[[], Response]:
    return lambda: JSONResponse(body, status)


def _models(*names: str, owner: str, **more: object) -> Callable[[], Response]:
    """Return a list of models as `GET /v1/models` gives it."""
    models = [
        {"id": name, "object": "model", "created": 1759708800, "owned_by": owner} for name in names
    ]
    return _json({"object": "list", "data": models, **more})


def _empty() -> Response:
    return Response()


def _found_nothing(given: str) -> ApiError:
    return ApiError(404, "Video not found")


def _uvicorn() -> dict[str, str]:
    return {"server": "uvicorn"}


def _litellm_headers(version: str) -> Callable[[], dict[str, str]]:
    return lambda: {
        "x-litellm-call-id": str(uuid.uuid4()),
        "x-litellm-version": version,
        "x-litellm-model-api-base": "https://upstream.example/v1",
    }


def _aquiles_health() -> Response:
    told = {"status": "ok", "model": create_requests.AQUILES_MODEL, "mode": "video"}
    return JSONResponse({**told, "timestamp": int(time.time()), "devices": []})


_OPENAI: Final = Dialect(
    routes=frozenset(("create", "list", "retrieve", "delete", "content", "remix"))
    | {"edit", "extend", "character", "read_character"},
    pages={
        "/health": _json({"status": "ok", "simulated": True}),
        "/v1/models": _models("sora-2", "sora-2-pro", owner="simulator"),
    },
    poll_header=True,
)

_LITELLM: Final = Dialect(
    prefixes=("/v1", ""),
    routes=frozenset(("create", "list", "retrieve", "content", "remix"))
    | {"edit", "extend", "character", "read_character"},
    pages={
        "/health/liveliness": _json("I'm alive!"),
        "/health/liveness": _json("I'm alive!"),
        "/health/readiness": _json({"status": "healthy", "db": "Not connected"}),
        "/v1/models": _models(*create_requests.GATEWAY_MODELS, owner="openai"),
        "/models": _models(*create_requests.GATEWAY_MODELS, owner="openai"),
    },
    open_paths="/health/.*",
    key_first=False,
    key=auth.litellm_key,
    read=create_requests.litellm_create,
    judge=responses.litellm_judge,
    ids=Ids(
        responses.hex_id("video_", 32),
        responses.litellm_id,
        responses.litellm_poll_id,
        responses.litellm_read,
    ),
    video=responses.litellm_video,
    created=responses.litellm_created,
    content=clip_responses.gzipped_content,
    list=responses.litellm_list,
    error=errors.litellm_error,
    unknown=errors.fastapi_unknown,
    headers=dict,
    call_headers=_litellm_headers("1.106.2"),
)

_SGLANG: Final = Dialect(
    routes=frozenset(("create", "list", "retrieve", "delete", "content")),
    pages={
        "/health": _json({"status": "ok"}),
        "/server_info": _json(
            {
                "model_path": create_requests.SGLANG_MODEL,
                "served_model_name": create_requests.SGLANG_MODEL,
                "tp_size": 1,
                "dp_size": 1,
                "version": "0.5.23",
            }
        ),
        "/model_info": _json(
            {
                "model_path": create_requests.SGLANG_MODEL,
                "is_generation": True,
                "model_type": "diffusion",
                "architectures": ["WanPipeline"],
            }
        ),
        "/v1/models": _models(create_requests.SGLANG_MODEL, owner="sglang"),
    },
    open_paths=".*",
    read=create_requests.sglang_create,
    ids=Ids(responses.uuid_id),
    video=responses.sglang_video,
    not_found=_found_nothing,
    content=clip_responses.sglang_content,
    list=responses.sglang_list,
    delete=responses.deleted_video,
    error=errors.detail_error,
    unknown=errors.fastapi_unknown,
    headers=_uvicorn,
    durable=False,
)

#: By the value of `--dialect`.
DIALECTS: Final[Mapping[str, Dialect]] = {
    "openai": _OPENAI,
    "litellm": _LITELLM,
    "litellm-1.109": replace(
        _LITELLM,
        ids=Ids(
            responses.hex_id("video_", 32),
            responses.litellm_long_id,
            responses.litellm_long_id,
            responses.litellm_read,
        ),
        content=clip_responses.litellm_content,
        call_headers=_litellm_headers("1.109.1"),
    ),
    "vllm-omni": Dialect(
        routes=frozenset(("create", "list", "retrieve", "delete", "content")),
        pages={
            "/health": _json({"status": "healthy"}),
            "/version": _json({"version": "0.30.0"}),
            "/v1/models": _models(create_requests.VLLM_MODEL, owner="vllm"),
        },
        open_paths="(?!/v1).*",
        read=create_requests.vllm_create,
        ids=Ids(responses.hex_id("video_gen_", 32)),
        video=responses.vllm_video,
        video_status=responses.vllm_failure_status,
        not_found=_found_nothing,
        content=clip_responses.vllm_content,
        list=responses.vllm_list,
        delete=responses.deleted,
        error=errors.vllm_error,
        unknown=errors.fastapi_unknown,
        headers=_uvicorn,
        durable=False,
    ),
    "sglang": _SGLANG,
    "sglang-cloud": replace(
        _SGLANG,
        routes=_SGLANG.routes | {"cloud"},
        video=responses.sglang_cloud_video,
        content=clip_responses.sglang_cloud_content,
    ),
    "aquiles": Dialect(
        prefixes=("/v1", ""),
        routes=frozenset(("create", "list", "retrieve", "delete", "content")),
        pages={
            "/health": _aquiles_health,
            "/v1/health": _aquiles_health,
            "/v1/model/type": _json({"type": "Video"}),
            "/v1/models": _models(create_requests.AQUILES_MODEL, owner="custom"),
            "/models": _models(create_requests.AQUILES_MODEL, owner="custom"),
        },
        key_first=False,
        open_paths="(/v1)?(/health|/model/type|/videos/[^/]+/content)",
        key=auth.aquiles_key,
        read=create_requests.aquiles_create,
        ids=Ids(responses.hex_id("video_", 12)),
        video=responses.aquiles_video,
        not_found=_found_nothing,
        no_content=lambda given: create_requests.HandlerFault(),
        content=clip_responses.aquiles_content,
        list=responses.aquiles_list,
        delete=responses.deleted,
        error=errors.detail_error,
        unknown=errors.fastapi_unknown,
        headers=_uvicorn,
        at_once=1,
        durable=False,
    ),
    "trt-llm": Dialect(
        routes=frozenset(("create", "list", "retrieve", "delete", "content")),
        pages={
            "/health": _empty,
            "/version": _json({"version": "1.3.0"}),
            "/v1/models": _models(create_requests.TRT_MODEL, owner="tensorrt_llm"),
        },
        open_paths=".*",
        read=create_requests.trt_create,
        ids=Ids(responses.hex_id("video_", 32)),
        create_status=202,
        video=responses.trt_video,
        not_found=lambda given: ApiError(404, f"Video {given} not found"),
        content=clip_responses.trt_content,
        list=responses.trt_list,
        delete=responses.deleted_flag,
        error=errors.flat_error,
        unknown=errors.fastapi_unknown,
        headers=_uvicorn,
        durable=False,
    ),
    "new-api": Dialect(
        routes=frozenset(("create", "retrieve", "content", "remix")),
        pages={
            "/api/status": _json({"success": True, "data": {"system_name": "New API"}}),
            "/v1/models": _models(*create_requests.GATEWAY_MODELS, owner="openai", success=True),
        },
        open_paths="(?!/v1).*",
        key_first=False,
        key=auth.new_api_key,
        ids=Ids(responses.task_id),
        video=responses.new_api_video,
        not_found=lambda given: ApiError(
            400, "task_not_exist", code="task_not_exist", by_gateway=True
        ),
        no_content=lambda given: ApiError(404, "Task not found", by_gateway=True),
        content=clip_responses.new_api_content,
        error=errors.new_api_error,
        unknown=errors.new_api_unknown,
        headers=lambda: {"x-oneapi-request-id": secrets.token_hex(16)},
    ),
    "azure": Dialect(
        prefixes=("/openai/v1",),
        pages={"/openai/v1/models": _models(*create_requests.GATEWAY_MODELS, owner="openai")},
        open_paths="(?!)",
        key=auth.azure_key,
        read=create_requests.azure_create,
        error=errors.azure_error,
        unknown=errors.azure_unknown,
        headers=lambda: {"apim-request-id": str(uuid.uuid4()), "x-ms-region": "Sweden Central"},
        poll_header=True,
    ),
    "openrouter": Dialect(
        prefixes=("/api/v1",),
        routes=frozenset(("create", "retrieve", "content")),
        pages={
            "/api/v1/models": _json(
                {"data": [{"id": n} for n in create_requests.OPENROUTER_MODELS]}
            ),
            "/api/v1/videos/models": _json(
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
                        for name in create_requests.OPENROUTER_MODELS
                    ]
                }
            ),
        },
        open_paths="/api/v1(/videos)?/models",
        key=auth.openrouter_key,
        read=create_requests.openrouter_create,
        ids=Ids(responses.hex_id("", 24)),
        create_status=202,
        video=responses.openrouter_video,
        not_found=lambda given: ApiError(404, "Job not found"),
        content=clip_responses.openrouter_content,
        error=errors.openrouter_error,
        unknown=errors.openrouter_unknown,
        headers=dict,
    ),
}
