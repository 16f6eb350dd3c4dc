"""Who may ask: how OpenAI reads and refuses a key, and what other servers share of it."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from starlette.datastructures import Headers

from sora_tui.simulator.errors import ApiError

#: Returns what is wrong with the key in these headers, or None.
KeyCheck = Callable[[Headers, str], ApiError | None]


def openai_key(headers: Headers, key: str) -> ApiError | None:
    """Return the refusal of a key that is missing or wrong, as OpenAI words it."""
    given = bearer_key(headers)
    if given is None:
        return ApiError(
            401,
            "You didn't provide an API key. You need to provide your API key in an "
            "Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        )
    if same_key(given, key):
        return None
    return ApiError(401, "Incorrect API key provided.", code="invalid_api_key")


def bearer_key(headers: Headers) -> str | None:
    """Return the key of an Authorization header, None where there is none."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def same_key(given: str, key: str) -> bool:
    """Return whether two keys are the same, in a time that tells nothing of them."""
    return hmac.compare_digest(given.encode(), key.encode())
