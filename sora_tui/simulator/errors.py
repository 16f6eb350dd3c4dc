"""Refusals, and the envelope in which each server sends them."""

from __future__ import annotations

import json
import secrets
from http import HTTPStatus

from starlette.responses import JSONResponse, PlainTextResponse, Response


class ApiError(Exception):
    """A refusal before it is put into a server's envelope.

    `by_gateway` means that a gateway refuses in its own words, not in those of the server behind
    it.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        type_: str = "invalid_request_error",
        by_gateway: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.type = type_
        self.by_gateway = by_gateway


def moderated() -> ApiError:
    """Return OpenAI's refusal of a prompt before anything starts."""
    return ApiError(
        400,
        "Hmmm something didn't look right with your request. Please try again later or "
        "visit help.openai.com if the issue persists.",
        code="sentinel_block",
    )


def openai_error(error: ApiError) -> Response:
    """Return a refusal as `{"error": {message, type, param, code}}`."""
    return JSONResponse({"error": _openai_body(error)}, error.status)


def detail_error(error: ApiError) -> Response:
    """Return FastAPI's `{"detail": text}`; a wrong value is 422 with a list (SGLang, Aquiles)."""
    if error.status != 422:
        return JSONResponse({"detail": error.message}, error.status)
    where = ["query" if error.code == "query" else "body", error.param]
    told = {"type": error.type, "loc": where, "msg": error.message}
    return JSONResponse({"detail": [told]}, 422)


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


def litellm_error(error: ApiError) -> Response:
    """Return LiteLLM's refusal: upstream's JSON as text in the message, the status as text."""
    message = error.message
    if not error.by_gateway:
        kind = "InternalServerError" if error.status >= 500 else "BadRequestError"
        inner = json.dumps({"error": _openai_body(error)}, separators=(",", ":"))
        message = (
            f"litellm.{kind}: OpenAIException - {inner}\n\nLiteLLM: model group 'sora-2' failed "
            "with the error above. No fallback was attempted."
        )
    param = error.param if error.by_gateway else None
    told = {"message": message, "type": error.type, "param": param, "code": str(error.status)}
    return JSONResponse({"error": told}, error.status)


def new_api_error(error: ApiError) -> Response:
    """Return new-api's flat `{code, message, data}`, with the upstream's answer as text in it.

    The content route and the key check use an envelope without code, or with an empty one.
    """
    if error.type == "new_api_error":
        message = f"{error.message} (request id: {secrets.token_hex(10)})"
        told = {"code": "", "message": message, "type": error.type}
        return JSONResponse({"error": told}, error.status)
    if error.by_gateway and error.code is None:
        return JSONResponse({"error": {"message": error.message, "type": error.type}}, error.status)
    code, message = error.code, error.message
    if not error.by_gateway:
        code, message = "fail_to_fetch_task", json.dumps({"error": _openai_body(error)})
    return JSONResponse({"code": code, "message": message, "data": None}, error.status)


def azure_error(error: ApiError) -> Response:
    """Return OpenAI's envelope; the front of the service sends only a text code and a message."""
    if not error.by_gateway:
        return openai_error(error)
    told = {"code": str(error.status), "message": error.message}
    return JSONResponse({"error": told}, error.status)


def openrouter_error(error: ApiError) -> Response:
    """Return `{"error": {code, message}}` with the HTTP status as an integer code."""
    return JSONResponse({"error": {"code": error.status, "message": error.message}}, error.status)


def openai_unknown(method: str, path: str, status: int) -> Response:
    """Answer an unknown path or method as OpenAI does."""
    message = {
        404: f"Invalid URL ({method} {path})",
        405: f"Not allowed: {method} {path} "
        "(HINT: Perhaps you meant to use a different HTTP method?)",
    }.get(status, HTTPStatus(status).phrase)
    return openai_error(ApiError(status, message))


def fastapi_unknown(method: str, path: str, status: int) -> Response:
    """Answer an unknown path or method as every server built with FastAPI does."""
    return JSONResponse({"detail": HTTPStatus(status).phrase}, status)


def new_api_unknown(method: str, path: str, status: int) -> Response:
    """Answer 404 for a known path with another method, too: the framework gin knows no 405."""
    message = f"Invalid URL ({method} {path})"
    told = {"message": message, "type": "invalid_request_error", "param": "", "code": ""}
    return JSONResponse({"error": told}, 404)


def azure_unknown(method: str, path: str, status: int) -> Response:
    """Answer an unknown path as Azure does."""
    return azure_error(ApiError(404, "Resource not found", by_gateway=True))


def openrouter_unknown(method: str, path: str, status: int) -> Response:
    """Answer an unknown path as OpenRouter does."""
    return openrouter_error(ApiError(404, "Not Found"))


def server_fault() -> Response:
    """Return the 500 of a handler that raised, as Starlette and so FastAPI send it."""
    return PlainTextResponse("Internal Server Error", 500)


def _openai_body(error: ApiError) -> dict[str, object]:
    return {
        "message": error.message,
        "type": error.type,
        "param": error.param,
        "code": error.code,
    }
