"""Refusals, and the envelopes that more than one server puts them into."""

from __future__ import annotations

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
    return JSONResponse({"error": openai_body(error)}, error.status)


def detail_error(error: ApiError) -> Response:
    """Return FastAPI's `{"detail": text}`; a wrong value is 422 with a list."""
    if error.status != 422:
        return JSONResponse({"detail": error.message}, error.status)
    where = ["query" if error.code == "query" else "body", error.param]
    told = {"type": error.type, "loc": where, "msg": error.message}
    return JSONResponse({"detail": [told]}, 422)


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


def server_fault() -> Response:
    """Return the 500 of a handler that raised, as Starlette and so FastAPI send it."""
    return PlainTextResponse("Internal Server Error", 500)


def openai_body(error: ApiError) -> dict[str, object]:
    """Return the members of an error as OpenAI names them."""
    return {
        "message": error.message,
        "type": error.type,
        "param": error.param,
        "code": error.code,
    }
