"""Cookies of one job: read from the answer to its create, sent with its own requests alone.

httpx's own store is switched off (`NO_STORE`): with every other request it would send what the
answer to one job, or to a free question, set. Otherwise RFC 6265 applies, made stricter: a cookie
goes to the origin that set it and to no other host of its domain, and ends with its job.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final
from urllib.parse import urlsplit

from sora_tui.core.cookie import MAX_COOKIES, Cookie
from sora_tui.core.number import number
from sora_tui.core.secret import Secret
from sora_tui.core.server import Server

#: Most characters of name and value together; every browser takes as many.
MAX_LENGTH: Final = 4096
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}")
#: A value that a header can carry and that needs no quoting.
_VALUE: Final = re.compile(r"[!-+\--:<-~]*")


def no_store() -> CookieJar:
    """Return a store for httpx that keeps nothing."""
    return CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))


def cookies_in(set_cookies: Iterable[str], url: str) -> tuple[Cookie, ...]:
    """Return the cookies that an answer from `url` sets; of one name the last counts.

    Left out is what does not belong to the host, what is removed at once, and what is no cookie.
    """
    found: dict[tuple[str, str], Cookie] = {}
    parts = urlsplit(url)
    for line in set_cookies:
        pair, *attributes = line.split(";")
        name, equals, value = (part.strip() for part in pair.partition("="))
        told = {
            key.strip().lower(): said.strip()
            for key, _, said in (attribute.partition("=") for attribute in attributes)
        }
        if not (equals and _NAME.fullmatch(name) and _VALUE.fullmatch(value)):
            continue
        if len(name) + len(value) > MAX_LENGTH or not _is_of(
            told.get("domain", ""), parts.hostname
        ):
            continue
        path = told.get("path", "")
        if not path.startswith("/") or not path.isprintable():
            path = parts.path.rpartition("/")[0] or "/"  # RFC 6265, 5.1.4
        found.pop((name, path), None)
        lives = number(told["max-age"], -1e12) if "max-age" in told else 1.0
        if lives is None or lives > 0:
            found[name, path] = Cookie(name, Secret(value), path, "secure" in told)
    return tuple(found.values())[-MAX_COOKIES:]


def cookie_header(cookies: Sequence[Cookie], url: str) -> str | None:
    """Return the `Cookie` header for an address of the same origin; None where none is sent."""
    parts = urlsplit(url)
    # A cookie that is Secure, set through `ssh -L`, goes back over the same tunnel.
    is_safe = parts.scheme == "https" or Server("", url).is_loopback
    going = [
        cookie
        for cookie in sorted(cookies, key=lambda cookie: -len(cookie.path))
        if _is_below(parts.path or "/", cookie.path) and (is_safe or not cookie.secure)
    ]
    return "; ".join(f"{cookie.name}={cookie.value.reveal()}" for cookie in going) or None


def _is_of(domain: str, host: str | None) -> bool:
    domain = domain.lower().lstrip(".")
    host = (host or "").lower()
    return not domain or host == domain or host.endswith(f".{domain}")


def _is_below(path: str, cookie_path: str) -> bool:
    return path == cookie_path or path.startswith(cookie_path.rstrip("/") + "/")
