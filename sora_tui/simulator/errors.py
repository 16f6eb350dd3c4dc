"""Refusals in OpenAI's envelope, with OpenAI's wording where it is known."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response


class ApiError(Exception):
    """Becomes `{"error": {message, type, param, code}}` with this HTTP status."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        type_: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message, "type": type_, "param": param, "code": code}

    def response(self) -> Response:
        # Without this the rest of a body that is too large would still be read.
        headers = {"connection": "close"} if self.status == 413 else None
        return JSONResponse({"error": self.body}, self.status, headers)
