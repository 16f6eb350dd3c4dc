"""How each known server shows itself in its answers to free questions, by its own source.

Versions and places: knowledge in `sora_tui/client/dialect.py`. One server may have several shapes:
behind a proxy that strips headers, with and without what a version added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.support.raw_server import Line, RawServer, answer, read_request

NOT_FOUND: Final = answer(404, {"detail": "Not Found"})
VIDEO_NOT_FOUND: Final = answer(404, {"detail": "Video not found"})
#: What a path ends in that stands for an id nobody has.
UNKNOWN: Final = "unknown"


def models(owner: str, **headers: str) -> bytes:
    """The list of models, as a server of this owner writes it."""
    rows = [{"id": "wan2.2", "object": "model", "created": 1, "owned_by": owner}]
    return answer(200, {"object": "list", "data": rows}, **headers)


Shape = Mapping[str, bytes]

SHAPES: Final[Mapping[str, Sequence[Shape]]] = {
    "openai": [
        {"/v1/models": models("system", **{"openai-version": "2020-10-01"})},
    ],
    "simulator": [{"/v1/models": models("simulator")}],
    "litellm": [
        {
            "/v1/models": models("openai"),
            "/v1/videos": answer(
                400,
                {"error": {"message": "LLM Provider NOT provided", "code": "400"}},
                **{"x-litellm-version": "1.108.7"},
            ),
        },
        {
            "/v1/models": answer(400, {"error": {"type": "no_db_connection", "message": "No DB"}}),
            "/health/liveliness": answer(200, '"I\'m alive!"'),
        },
    ],
    "vllm-omni": [
        {
            "/v1/models": models("vllm"),
            "/version": answer(200, {"version": "0.30.0"}),
            UNKNOWN: answer(
                404,
                {
                    "error": {
                        "message": "Video not found",
                        "type": "Not Found",
                        "param": None,
                        "code": 404,
                    }
                },
            ),
        }
    ],
    "sglang": [
        {"/v1/models": models("sglang"), "/health": answer(200, {"status": "ok"})},
    ],
    "aquiles": [
        {
            "/v1/models": models("custom"),
            "/health": answer(
                503,
                {"status": "loading", "model": "ltx-2", "mode": "video", "timestamp": 1795612800},
            ),
            UNKNOWN: VIDEO_NOT_FOUND,
        }
    ],
    "trt-llm": [
        {
            "/v1/models": models("tensorrt_llm"),
            "/version": answer(200, {"version": "1.3.0"}),
            UNKNOWN: answer(
                404,
                {
                    "object": "error",
                    "message": "Video x not found",
                    "type": "NotFoundError",
                    "param": None,
                    "code": 404,
                },
            ),
        }
    ],
    "new-api": [
        {"/v1/models": models("custom", **{"x-new-api-version": "v1.0.0"})},
        {
            "/v1/models": models("custom", **{"x-oneapi-request-id": "2026"}),
            UNKNOWN: answer(400, {"code": "task_not_exist", "message": "x", "data": None}),
        },
    ],
    "openrouter": [
        {
            "/v1/models": answer(200, {"data": [{"id": "google/veo-3.1"}]}),
            "/v1/videos/models": answer(
                200,
                {
                    "data": [
                        {
                            "id": "google/veo-3.1",
                            "supported_durations": [4, 8],
                            "supported_resolutions": ["720p"],
                        }
                    ]
                },
            ),
            UNKNOWN: answer(404, {"error": {"code": 404, "message": "Job not found"}}),
        }
    ],
    "azure": [
        {"/v1/models": models("system", **{"apim-request-id": "1", "x-ms-region": "Sweden"})}
    ],
}


def answering(shape: Shape, otherwise: bytes = NOT_FOUND) -> RawServer:
    """A server that answers each path with the same bytes, on every connection."""

    def reply(line: Line) -> None:
        while True:
            read_request(line)
            assert line.request is not None
            path = line.request.target.partition("?")[0]
            is_unknown = path.startswith("/v1/videos/") and path.count("/") == 3
            known = shape.get(path) or (shape.get(UNKNOWN) if is_unknown else None)
            line.socket.sendall(known or otherwise)

    return RawServer([reply])


def clip(status: str = "queued", **more: Any) -> dict[str, Any]:
    """A video object."""
    return {"id": "video_1", "object": "video", "status": status, **more}
