"""What servers but OpenAI share in reading a create request.

All can only draw what the simulator can: even sides, whole seconds, pictures as base64 data URLs.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.datastructures import UploadFile

from sora_tui.simulator.errors import ApiError
from sora_tui.simulator.parameters import (
    CreateRequest,
    checked_picture,
    prompt_of,
    seconds_of,
    size_of,
)

GATEWAY_MODELS: Final = ("sora-2", "sora-2-pro")

OPEN_SIZE: Final = "832x480"


class HandlerFault(Exception):  # noqa: N818 - no refusal: the handler itself broke
    """A handler raised: 500 in plain text, and the connection is closed."""


def open_request(
    fields: dict[str, Any],
    *,
    model: str,
    size: str,
    seconds: str,
    reference: bytes | None,
    asked: dict[str, Any] | None = None,
) -> CreateRequest:
    """Return a request whose reference may have any size."""
    width, height = size_of(size)
    if reference is not None:
        checked_picture(reference)
    return CreateRequest(
        prompt_of(fields), model, width, height, seconds_of(seconds), reference, asked or {}
    )


def sides_of(fields: dict[str, Any]) -> str | None:
    """Return the size that the fields `width` and `height` give, None without both."""
    width, height = fields.get("width"), fields.get("height")
    return f"{width}x{height}" if width and height else None


async def any_upload(part: Any) -> bytes | None:
    """Return an uploaded file, None where there is none.

    Raises:
        ApiError: 400 where the part is a text.
    """
    if part is None:
        return None
    if not isinstance(part, UploadFile):
        raise ApiError(400, "Value error, Expected UploadFile, received: <class 'str'>")
    return await part.read()
