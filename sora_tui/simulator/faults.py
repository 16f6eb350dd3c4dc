"""Scripted faults: a TOML file says which requests they apply to, and what happens to those.

    [[fault]]
    method = "POST"            # any, if missing
    path = "/v1/videos/*"      # * is one part of the path; any, if missing
    nth = 1                    # of the requests that fit so far; or [1, 3]; all, if missing
    status = 503               # and what happens to it: see `Fault`

Of the faults that apply to a request, the first one is used.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sora_tui.simulator import socket_faults
from sora_tui.simulator.triggers import TRIGGERS

#: `pretend` of a create request is a trigger; of another request about a video, one of these.
PRETENCES: Final = {
    "lost": "the server does not know this video",
    "stale": "the video is shown as it was when it was created",
    "expired": "the clip can no longer be fetched",
}
_PRETENDED: Final = "sora_tui.pretended"
_FRAMING: Final = ("content-length", "transfer-encoding", "connection")


class FaultsError(ValueError):
    """A faults file is wrong; the message says which fault, which key and what it may be."""


@dataclass(frozen=True)
class Fault:
    """What happens to a request.

    Attributes:
        method, path, nth: Which requests it applies to.
        status, headers, body, json: Answer this instead of the server (200 if only a body is
            given).
        pretend: Let the server itself act as if: a word of `TRIGGERS` (create) or `PRETENCES`.
        delay: Seconds before the answer begins.
        bytes_per_second: Send the body at this rate.
        cut: Send this many bytes of the body, then close the connection; with `reset` break it,
            with `hang` send nothing more.
        reset: Break the connection with RST instead of an answer.
        hang: Never answer.
        carried_out: Whether the server does what was asked, although its answer is lost or
            replaced.
    """

    method: str | None = None
    path: str | None = None
    nth: tuple[int, ...] = ()
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    pretend: str | None = None
    delay: float = 0.0
    bytes_per_second: int | None = None
    cut: int | None = None
    reset: bool = False
    hang: bool = False
    carried_out: bool = True

    def meets(self, method: str, path: str) -> bool:
        """Return whether it applies to such requests."""
        if self.method not in (None, method):
            return False
        if self.path is None:
            return True
        pattern = "[^/]+".join(map(re.escape, self.path.split("*")))
        return re.fullmatch(pattern, path) is not None


def load_faults(path: Path) -> list[Fault]:
    """Return the faults of a file.

    Raises:
        FaultsError: Not readable, no TOML, or a wrong entry.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe would block without end
            raise FaultsError(f"{path}: it is no file")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FaultsError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FaultsError(f"{path}: not UTF-8") from None
    try:
        return parse_faults(text)
    except FaultsError as error:
        raise FaultsError(f"{path}: {error}") from None


def parse_faults(text: str) -> list[Fault]:
    """Return the faults of a TOML text.

    Raises:
        FaultsError: No TOML, or a wrong entry.
    """
    import tomllib  # the built-in server has no faults and starts at once

    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FaultsError(f"not TOML: {error}") from None
    entries = tables.pop("fault", [])
    if tables or not isinstance(entries, list):
        raise FaultsError("there is nothing but [[fault]] tables in such a file")
    return [_fault(number, entry) for number, entry in enumerate(entries, 1)]


def pretended(scope: Scope) -> str | None:
    """Return what a fault makes the server pretend at this request."""
    word: str | None = scope.get(_PRETENDED)
    return word


class Faults:
    """Applies the faults of a list to the requests of an app; counts the requests of each."""

    def __init__(self, app: ASGIApp, faults: list[Fault]) -> None:
        self._app = app
        self._faults = faults
        self._met = [0] * len(faults)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, with the fault that is due, if any."""
        fault = self._due(scope) if scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
            return
        scope[_PRETENDED] = fault.pretend
        replaced = fault.status is not None
        silent = (fault.reset or fault.hang) and fault.cut is None
        shaped = _shaped(fault, scope, receive, send)
        if fault.carried_out:
            await self._app(scope, receive, _nothing if replaced or silent else shaped)
        else:
            while (await receive()).get("more_body"):  # many clients read only after they have sent
                pass
        if silent:
            await asyncio.sleep(fault.delay)
            await (socket_faults.reset if fault.reset else socket_faults.hang)(scope, receive)
        elif replaced:
            await _send_scripted(fault, shaped)

    def _due(self, scope: Scope) -> Fault | None:
        due = None
        for number, fault in enumerate(self._faults):
            if fault.meets(scope["method"], scope["path"]):
                self._met[number] += 1
                if due is None and (not fault.nth or self._met[number] in fault.nth):
                    due = fault
        return due


async def _nothing(message: Message) -> None:
    """Drop a message: the server's own answer is not sent."""


async def _send_scripted(fault: Fault, send: Send) -> None:
    headers = {"content-length": str(len(fault.body)), **fault.headers}
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": fault.status, "headers": pairs})
    await send({"type": "http.response.body", "body": fault.body})


def _shaped(fault: Fault, scope: Scope, receive: Receive, send: Send) -> Send:
    """Return a `send` that delays, slows and cuts the answer."""
    left = fault.cut
    ended = False

    async def shaped(message: Message) -> None:
        nonlocal left, ended
        if ended:
            return
        if message["type"] == "http.response.start":
            await asyncio.sleep(fault.delay)
            await send(message)
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if left is not None and len(body) >= left:
            await _drip(fault, scope, send, body[:left], more=True)
            ended = True
            end = (
                socket_faults.reset
                if fault.reset
                else socket_faults.hang
                if fault.hang
                else socket_faults.close
            )
            await end(scope, receive)
            return
        left = None if left is None else left - len(body)
        await _drip(fault, scope, send, body, more=more)

    return shaped


async def _drip(fault: Fault, scope: Scope, send: Send, body: bytes, *, more: bool) -> None:
    rate = fault.bytes_per_second
    if rate is not None:
        piece = max(1, rate // 20)
        for start in range(0, len(body), piece):
            part = body[start : start + piece]
            await send({"type": "http.response.body", "body": part, "more_body": True})
            await asyncio.sleep(len(part) / rate)
            if socket_faults.gone(scope):
                return
        body = b""
    await send({"type": "http.response.body", "body": body, "more_body": more})


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _kind(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind)


def _text(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _nth(value: Any) -> bool:
    return all(map(_whole(1, 10**9), value if isinstance(value, list) else [value]))


def _headers(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return all(
        re.fullmatch(r"[\w-]+", name, re.ASCII)
        and isinstance(text, str)
        and re.fullmatch(r"[\t -~\xa0-\xff]*", text)
        for name, text in value.items()
    )


def _delay(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= 3600


#: Keys of a fault: a check of the value, and what it must be, in words.
_KEYS: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    "method": (_text(r"[A-Z]+"), "a word in capitals such as GET"),
    "path": (_text(r"/.*"), "a path from the root, such as /v1/videos/*"),
    "nth": (_nth, "a number from 1, or a list of such"),
    "status": (_whole(200, 599), "a whole number from 200 to 599"),
    "headers": (_headers, "a table of names and texts, as HTTP has them"),
    "body": (_kind(str), "a text"),
    "json": (_kind(object), "any value"),
    "pretend": (
        lambda value: value in [*TRIGGERS, *PRETENCES],
        f"one of {', '.join([*TRIGGERS, *PRETENCES])}",
    ),
    "delay": (_delay, "seconds from 0 to 3600"),
    "bytes_per_second": (_whole(1, 10**9), "a whole number from 1"),
    "cut": (_whole(0, 10**12), "a whole number from 0"),
    "reset": (_kind(bool), "true or false"),
    "hang": (_kind(bool), "true or false"),
    "carried_out": (_kind(bool), "true or false"),
}
_ACTS: Final = _KEYS.keys() - {"method", "path", "nth", "carried_out"}


def _fault(number: int, entry: Any) -> Fault:
    """Return the fault in one table of the file."""
    if not isinstance(entry, dict):
        raise FaultsError(f"fault {number} is no table")
    for key, value in entry.items():
        if key not in _KEYS:
            raise FaultsError(f"fault {number}: unknown key {key}; known: {', '.join(_KEYS)}")
        fits, expected = _KEYS[key]
        if not fits(value):
            raise FaultsError(f"fault {number}: {key} must be {expected}")
    answered = not entry.keys().isdisjoint(("status", "headers", "body", "json"))
    broken = bool(entry.get("reset") or entry.get("hang"))
    silent = broken and "cut" not in entry
    carried_out = entry.get("carried_out", not (answered or silent))
    contradictions = {
        f"nothing happens; give one of {', '.join(sorted(_ACTS))}": not any(
            entry.get(key) not in (None, False) for key in _ACTS
        ),
        "body or json, not both": "body" in entry and "json" in entry,
        "reset or hang, not both": bool(entry.get("reset") and entry.get("hang")),
        "an answer and none at all; add cut, or leave one out": answered and silent,
        "pretend leaves the answer to the server; no status, headers or body": answered
        and "pretend" in entry,
        "what is not carried out needs a status, a body, reset or hang": not (
            carried_out or answered or silent
        ),
        "an answer with status 204 or 304 has no body": entry.get("status") in (204, 304)
        and not entry.keys().isdisjoint(("body", "json")),
        "the length and end of an answer are set by cut, reset and hang, not by headers": any(
            name.lower() in _FRAMING for name in entry.get("headers", {})
        ),
    }
    for told, holds in contradictions.items():
        if holds:
            raise FaultsError(f"fault {number}: {told}")
    values = {**entry, "carried_out": carried_out}
    if answered:
        values.setdefault("status", 200)
    if "json" in values:
        values["body"] = json.dumps(values.pop("json"))
        values["headers"] = {"content-type": "application/json", **entry.get("headers", {})}
    values["body"] = values.get("body", "").encode()
    nth = values.get("nth", [])
    values["nth"] = tuple(nth) if isinstance(nth, list) else (nth,)
    return Fault(**values)
