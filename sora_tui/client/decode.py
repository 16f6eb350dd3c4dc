"""Turns bytes from a server into JSON, errors and waits, within limits, raising nothing else."""

from __future__ import annotations

import ast
import json
import math
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from sora_tui.core.number import MAX_DIGITS, number
from sora_tui.core.remote_video import FINAL_WORDS, LAST_MOMENT, Phase, RemoteVideo, read_video
from sora_tui.core.text import clean, clean_line

#: Largest answers read, in bytes (reliability, mechanism CAP).
JSON_LIMIT: Final = 1024 * 1024
LIST_LIMIT: Final = 4 * JSON_LIMIT
#: Deeper values are dropped: writing them again would exhaust the stack.
MAX_DEPTH: Final = 32

#: Characters of an error text that are searched for a wrapped error, and then kept.
_SEARCHED: Final = 16_384
_MESSAGE: Final = 2000
#: Most levels that are unwrapped: LiteLLM before a gateway before a server wraps three times.
_MAX_WRAPS: Final = 3

_MIN_WAIT, MAX_WAIT = 1.0, 300.0
_MAX_POLL_WAIT: Final = 60.0

_TITLE: Final = re.compile(r"<(title|h1)[^>]*>([^<]{1,400})", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^>]{0,400}>")


class Refusal(NamedTuple):
    """A server's own code and words, from any envelope; both cleaned.

    Attributes:
        message: Of the server that refused: where a gateway passes on what another one answered,
            the innermost text.
        outer: What the server that was asked says itself, with all that it passes on. A gateway
            writes there that it tried more than once.
        has_envelope: It is an object of JSON that names an error, not a page or a word.
    """

    code: str | None
    message: str
    outer: str = ""
    has_envelope: bool = False


def read_json(body: bytes) -> Any:
    """Return parsed JSON with bounded depth, and null for impossible numbers.

    Those are NaN, infinity and whole numbers of more than 20 digits: one of them beside an id that
    was paid for must not make the whole answer unreadable.

    Raises:
        ValueError: The bytes are no JSON, or nested deeper than the parser can follow.
    """
    try:
        parsed = json.loads(body, parse_int=_whole)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return _pruned(parsed, MAX_DEPTH)


def video_in(
    document: object, final_words: Mapping[str, Phase] = FINAL_WORDS
) -> RemoteVideo | None:
    """Return the video object that an error answer is (vLLM-Omni answers a failed job so).

    An error with an id of its own is distinguished from a job by the object's name, or by a status
    word that servers use for jobs.
    """
    video = read_video(document, final_words)
    if video is None or not isinstance(document, Mapping):
        return None
    is_job = document.get("object") == "video" or video.phase is not Phase.UNKNOWN
    return video if is_job else None


def wrapped_video(
    document: object, final_words: Mapping[str, Phase] = FINAL_WORDS
) -> RemoteVideo | None:
    """Return a video object embedded as text in an error message (LiteLLM before vLLM-Omni)."""
    for inner in _wrapped(_read_envelope(document).message):
        if (video := video_in(inner, final_words)) is not None:
            return video
    return None


def refusal_in(body: bytes) -> Refusal:
    """Return code and message of an error answer, whatever its shape.

    Known: an `error` object or text, FastAPI's `detail` as text or list, flat `message` and
    `code`, plain text, HTML, nothing (videos-api, divergences 4 to 6). A message that wraps
    another server's answer gives the innermost code and message.
    """
    try:
        document = read_json(body)
    except ValueError:
        said = Refusal(None, _readable(body))
    else:
        said = _read_envelope(document)._replace(has_envelope=isinstance(document, Mapping))
    return _unwrapped(said)._replace(outer=said.message, has_envelope=said.has_envelope)


def retry_after(headers: Mapping[str, str], most: float = MAX_WAIT) -> float | None:
    """Return seconds to wait, 1..`most`, by `retry-after-ms` or `retry-after` (RFC 9110, 10.2.3).

    LiteLLM passes on only `llm_provider-retry-after`. A date is counted from the server's own
    clock. None where there is no usable value: NaN, a negative number, other words.
    """
    milliseconds = number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _clamp(milliseconds / 1000, most)
    for name in ("retry-after", "llm_provider-retry-after"):
        said = headers.get(name)
        seconds = number(said)
        if seconds is not None:
            return _clamp(seconds, most)
        until = http_date(said)
        if until is not None:
            return _clamp(until - (http_date(headers.get("date")) or time.time()), most)
    return None


def poll_after(headers: Mapping[str, str]) -> float | None:
    """Return seconds until the next poll, 1..60, where the server says (`openai-poll-after-ms`)."""
    milliseconds = number(headers.get("openai-poll-after-ms"))
    return None if milliseconds is None else _clamp(milliseconds / 1000, _MAX_POLL_WAIT)


def http_date(text: str | None) -> float | None:
    """Return an HTTP date as Unix seconds; None for a text that is none."""
    if not text:
        return None
    from email.utils import parsedate_to_datetime  # few servers send one

    try:
        at = parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return number(at, most=LAST_MOMENT)


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the id that the server's support asks for, from the first header known to have it."""
    for name in ("x-request-id", "x-litellm-call-id", "apim-request-id", "x-oneapi-request-id"):
        if said := clean_line(headers.get(name, ""), 200):
            return said
    return None


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= MAX_DIGITS else None


_DECODER: Final = json.JSONDecoder(parse_int=_whole)


def _pruned(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        return {name: _pruned(item, depth - 1) for name, item in value.items()} if depth else None
    if isinstance(value, list):
        return [_pruned(item, depth - 1) for item in value] if depth else None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and abs(value) >= 10**MAX_DIGITS:  # of a repr: see `_literal`
        return None
    return value


def _read_envelope(document: object) -> Refusal:
    if isinstance(document, str):
        return Refusal(None, clean(document, _SEARCHED))
    if not isinstance(document, Mapping):
        return Refusal(None, "")
    code = _code(document)
    for name in ("error", "message", "detail", "error_description", "title"):
        said = document.get(name)
        if isinstance(said, Mapping):
            inner = _read_envelope(said)
            code = inner.code or code
            said = inner.message
        elif isinstance(said, list):
            said = "; ".join(_validation(item) for item in said[:10])
        if isinstance(said, str) and said.strip():
            return Refusal(code, clean(said, _SEARCHED))
    return Refusal(code, "")


def _validation(item: object) -> str:
    """Return one entry of FastAPI's `detail` list: where, and what is wrong there."""
    if not isinstance(item, Mapping):
        return clean_line(item)
    place = item.get("loc")
    where = ".".join(map(str, place)) if isinstance(place, list) else clean_line(place or "")
    said = clean_line(item.get("msg", ""))
    return f"{where}: {said}" if where else said


def _code(document: Mapping[str, Any]) -> str | None:
    """Return the more precise of code and type: gateways put the HTTP status in place of a code."""
    values = (document.get(name) for name in ("code", "type"))
    said = [clean_line(v, 120) for v in values if v and isinstance(v, str | int) and v is not True]
    words = [word for word in said if word and not word.isdecimal()]
    return next(iter(words or [word for word in said if word]), None)


def _unwrapped(refusal: Refusal) -> Refusal:
    # vLLM-Omni 0.30.0 writes FastAPI's list as text, one entry a line.
    entries = [entry for entry in _wrapped(refusal.message) if {"loc", "msg"} <= entry.keys()]
    if entries:
        refusal = Refusal(refusal.code, "; ".join(map(_validation, entries)))
    for _ in range(_MAX_WRAPS):
        inner = next(
            (
                found
                for document in _wrapped(refusal.message)
                if (found := _read_envelope(document)).message or found.code
            ),
            None,
        )
        if inner is None:
            break
        refusal = Refusal(inner.code or refusal.code, inner.message or refusal.message)
        if not inner.message:
            break
    return Refusal(refusal.code, clean(refusal.message.strip(), _MESSAGE))


def _wrapped(message: str) -> Iterator[Mapping[str, Any]]:
    """Yield every mapping that is written in a text, as JSON or as Python's repr of it."""
    text = message[:_SEARCHED]
    start, tries = text.find("{"), 0
    while start >= 0 and tries < 8:
        tries += 1
        try:
            found, _ = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            line = text[start:].partition("\n")[0]  # a repr has no line breaks
            found = _literal(line[: line.rfind("}") + 1])
        if isinstance(found, dict):
            yield _pruned(found, MAX_DEPTH)
        start = text.find("{", start + 1)


def _literal(text: str) -> object:
    """Read a Python literal: the SDK writes `Error code: 400 - {'error': …}`, which is no JSON."""
    try:
        return ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _readable(body: bytes) -> str:
    """Return plain text as it is; of a page of HTML its title, or its words."""
    text = body[:_SEARCHED].decode("utf-8", "replace").strip()
    if not text.startswith("<"):
        return text
    title = _TITLE.search(text)
    return clean_line(title[2] if title else _TAG.sub(" ", text), _MESSAGE)


def _clamp(seconds: float, most: float) -> float:
    return min(max(seconds, _MIN_WAIT), most)
