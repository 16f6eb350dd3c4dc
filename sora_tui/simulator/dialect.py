"""How a server that the simulator imitates differs from OpenAI, and what several share."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sora_tui.simulator.auth import KeyCheck, openai_key
from sora_tui.simulator.clip_responses import openai_content
from sora_tui.simulator.errors import ApiError, openai_error, openai_unknown
from sora_tui.simulator.jobs import Job, Jobs
from sora_tui.simulator.parameters import CreateRequest, openai_create
from sora_tui.simulator.responses import (
    Ids,
    Video,
    deleted_finished,
    hex_id,
    openai_list,
    openai_video,
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one server behaves; the defaults are OpenAI's.

    Attributes:
        prefixes: Beginnings of the paths; the first is that of the base URL.
        routes: Which operations there are.
        pages: Other paths with a fixed answer, from the root.
        open_paths: Regular expression of the paths that need no key; without `key_first` an unknown
            path needs none either.
        key: Checks a key.
        read: Reads a create request.
        judge: Refuses another operation (by its route, with the fields of its body) because of this
            server's limits, before it is read.
        ids: How jobs are named.
        create_status: HTTP status of a successful create.
        video: The video object; `created` is that of the create answer.
        video_status: HTTP status with which a job is shown.
        not_found: The refusal of an unknown id; `no_content` where its clip is asked for.
        content: Returns the clip at a path, None when it has expired.
        list: The answer of the list.
        delete: The answer of a deletion; raises to refuse it.
        error: Puts a refusal into an envelope.
        unknown: Answers an unknown path or method.
        headers: Headers of every answer; `call_headers` of those about videos alone.
        poll_header: Whether a video comes with `openai-poll-after-ms`.
        at_once: How many unfinished jobs there may be.
        durable: Whether jobs survive a restart.
    """

    prefixes: tuple[str, ...] = ("/v1",)
    routes: frozenset[str] = frozenset(("create", "list", "retrieve", "delete", "content", "remix"))
    pages: Mapping[str, Callable[[], Response]] = field(default_factory=dict)
    open_paths: str = "/health"
    key_first: bool = True
    key: KeyCheck = openai_key
    read: Callable[[Request], Awaitable[CreateRequest]] = openai_create
    judge: Callable[[str, Mapping[str, Any]], None] = field(default=lambda operation, fields: None)
    ids: Ids = field(default_factory=lambda: Ids(hex_id("video_", 24)))
    create_status: int = 200
    video: Video = openai_video
    created: Video | None = None
    video_status: Callable[[Job], int] = field(default=lambda job: 200)
    not_found: Callable[[str], ApiError] = field(
        default=lambda given: ApiError(404, f"Video with id '{given}' not found.")
    )
    no_content: Callable[[str], Exception] | None = None
    content: Callable[[Request, Job, Path | None], Response] = openai_content
    list: Callable[[Request, Jobs, Video], dict[str, Any]] = openai_list
    delete: Callable[[Job, Video], dict[str, Any]] = deleted_finished
    error: Callable[[ApiError], Response] = openai_error
    unknown: Callable[[str, str, int], Response] = openai_unknown
    headers: Callable[[], dict[str, str]] = field(
        default=lambda: {"x-request-id": f"req_{secrets.token_hex(16)}"}
    )
    call_headers: Callable[[], dict[str, str]] = dict
    poll_header: bool = False
    at_once: int | None = None
    durable: bool = True


def json_page(body: object, status: int = 200) -> Callable[[], Response]:
    """Return a page with a fixed answer."""
    return lambda: JSONResponse(body, status)


def models_page(*names: str, owner: str, **more: object) -> Callable[[], Response]:
    """Return a list of models as `GET /v1/models` gives it."""
    models = [
        {"id": name, "object": "model", "created": 1759708800, "owned_by": owner} for name in names
    ]
    return json_page({"object": "list", "data": models, **more})


def found_nothing(given: str) -> ApiError:
    """Return the refusal of an unknown id in words that several servers use."""
    return ApiError(404, "Video not found")


def uvicorn_headers() -> dict[str, str]:
    """Return the headers of a server that runs under uvicorn and adds none."""
    return {"server": "uvicorn"}
