"""How each server reads a key, and how it refuses one."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from starlette.datastructures import Headers

from sora_tui.simulator.errors import ApiError

#: Returns what is wrong with the key in these headers, or None.
KeyCheck = Callable[[Headers, str], ApiError | None]


def openai_key(headers: Headers, key: str) -> ApiError | None:
    """Return the refusal of a key that is missing or wrong, as OpenAI words it."""
    given = _bearer(headers)
    if given is None:
        return ApiError(
            401,
            "You didn't provide an API key. You need to provide your API key in an "
            "Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        )
    if _same(given, key):
        return None
    return ApiError(401, "Incorrect API key provided.", code="invalid_api_key")


def azure_key(headers: Headers, key: str) -> ApiError | None:
    """Return the refusal of a key in `api-key`, or as Bearer, as Azure words it."""
    if _same(headers.get("api-key") or _bearer(headers) or "", key):
        return None
    return ApiError(
        401,
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to "
        "provide a valid key for an active subscription and use a correct regional API endpoint "
        "for your resource.",
        by_gateway=True,
    )


def litellm_key(headers: Headers, key: str) -> ApiError | None:
    """Return the refusal of a key by LiteLLM: without a database a wrong key is no 401."""
    given = _bearer(headers)
    if given is None:
        return ApiError(
            401,
            "Authentication Error, No api key passed in.",
            type_="auth_error",
            param="None",
            by_gateway=True,
        )
    if _same(given, key):
        return None
    return ApiError(400, "No connected db.", type_="no_db_connection", by_gateway=True)


def aquiles_key(headers: Headers, key: str) -> ApiError | None:
    """Return the refusal of a key that is missing or wrong, as Aquiles words it."""
    given = _bearer(headers)
    if given is None:
        return ApiError(401, "Not authenticated")
    return None if _same(given, key) else ApiError(403, "Invalid API key")


def new_api_key(headers: Headers, key: str) -> ApiError | None:
    """Return the refusal of a key that is missing or wrong, as New API words it."""
    given = _bearer(headers)
    if given is not None and _same(given, key):
        return None
    return ApiError(401, "Invalid token", type_="new_api_error")


def openrouter_key(headers: Headers, key: str) -> ApiError | None:
    """Return the refusal of a key that is missing or wrong, as OpenRouter words it."""
    given = _bearer(headers)
    if given is None:
        return ApiError(401, "No auth credentials found")
    return None if _same(given, key) else ApiError(401, "User not found.")


def _bearer(headers: Headers) -> str | None:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def _same(given: str, key: str) -> bool:
    return hmac.compare_digest(given.encode(), key.encode())
