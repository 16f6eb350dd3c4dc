"""Azure OpenAI. Wordings of refusals are a guess."""

from __future__ import annotations

import uuid
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sora_tui.simulator.auth import bearer_key, same_key
from sora_tui.simulator.create_requests import GATEWAY_MODELS
from sora_tui.simulator.dialect import Dialect, models_page
from sora_tui.simulator.errors import ApiError, openai_error
from sora_tui.simulator.parameters import MULTIPART, CreateRequest, judged, read_body, unsupported


async def azure_create(request: Request) -> CreateRequest:
    """Read a request as Azure: multipart only; the model is the name of a deployment."""
    body = await read_body(request)
    if not body.multipart:
        raise unsupported(body, f"'{MULTIPART}'")
    model = body.fields.get("model")
    if model not in GATEWAY_MODELS:
        raise ApiError(
            404,
            f"The API deployment '{model}' for this resource does not exist. If you created the "
            "deployment within the last 5 minutes, please wait a moment and try again.",
            type_="video_generation_user_error",
        )
    return await judged(body)


def azure_key(headers: Headers, key: str) -> ApiError | None:
    """Return the refusal of a key in `api-key`, or as Bearer, as Azure words it."""
    if same_key(headers.get("api-key") or bearer_key(headers) or "", key):
        return None
    return ApiError(
        401,
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to "
        "provide a valid key for an active subscription and use a correct regional API endpoint "
        "for your resource.",
        by_gateway=True,
    )


def azure_error(error: ApiError) -> Response:
    """Return OpenAI's envelope; the front of the service sends only a text code and a message."""
    if not error.by_gateway:
        return openai_error(error)
    told = {"code": str(error.status), "message": error.message}
    return JSONResponse({"error": told}, error.status)


def azure_unknown(method: str, path: str, status: int) -> Response:
    """Answer an unknown path as Azure does."""
    return azure_error(ApiError(404, "Resource not found", by_gateway=True))


AZURE: Final = Dialect(
    prefixes=("/openai/v1",),
    pages={"/openai/v1/models": models_page(*GATEWAY_MODELS, owner="openai")},
    open_paths="(?!)",
    key=azure_key,
    read=azure_create,
    error=azure_error,
    unknown=azure_unknown,
    headers=lambda: {"apim-request-id": str(uuid.uuid4()), "x-ms-region": "Sweden Central"},
    poll_header=True,
)
