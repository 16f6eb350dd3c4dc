"""The address of a server: one spelling for each, and what makes it unusable."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from sora_tui.core.problem import ProblemError, problem_error

_PORTS: Final = {"http": 80, "https": 443}
#: Addresses that a server may listen on, but that a client cannot call.
_ANY: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 -- compared, not bound
#: Ends of an address that belong to one request.
_ROUTE: Final = "/videos"


def normal_address(address: str) -> str:
    """Return a base address as RFC 3986 (6.2.2, 6.2.3) has its one spelling.

    Scheme and host without case, the default port and a closing slash left out; a closing
    `/videos`, which every request adds itself, is taken off.

    Raises:
        ProblemError: base_url_invalid, with a `reason` of `i18n/reasons.REASONS`. User and
            password are refused too: they would stand in every document.
    """
    if any(character in address for character in " \"'`<>") or not address.isprintable():
        raise _unusable(address.partition("@")[2] or address, "address_blank")
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _unusable(address.partition("@")[2], "address_scheme") from None
    if parts.username is not None or parts.password is not None:
        raise _unusable(host or "", "address_user")
    if parts.scheme not in _PORTS or not host or port == 0:
        raise _unusable(address, "address_scheme")
    if parts.query or address.endswith("?"):
        raise _unusable(_plain(parts), "address_query")
    if parts.fragment or address.endswith("#"):
        raise _unusable(_plain(parts), "address_fragment")
    if host in _ANY:
        raise _unusable(address, "address_any")
    return _plain(parts)


def _plain(parts: SplitResult) -> str:
    host = (parts.hostname or "").removesuffix(".")
    shown = f"[{host}]" if ":" in host else host
    if parts.port is not None and parts.port != _PORTS.get(parts.scheme):
        shown = f"{shown}:{parts.port}"
    path = parts.path.rstrip("/")
    while path.endswith(_ROUTE):
        path = path.removesuffix(_ROUTE).rstrip("/")
    return urlunsplit((parts.scheme, shown, path, "", ""))


def _unusable(shown: str, reason: str) -> ProblemError:
    return problem_error("base_url_invalid", base_url=shown, reason=reason)
