"""The clip that an edit, an extension or a character is made of: named by its id, or uploaded."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.requests import Request

from sora_tui.media.mp4 import ClipDamagedError, inspect_mp4
from sora_tui.simulator.errors import ApiError
from sora_tui.simulator.jobs import Job
from sora_tui.simulator.parameters import (
    JSON,
    MULTIPART,
    Body,
    CreateRequest,
    drawing_of,
    missing,
    prompt_of,
    read_body,
    seconds_of,
    size_of,
    text_of,
    unsupported,
    wrong_type,
)

MAX_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class _Source:
    """What a new clip takes over from the clip it is made of."""

    width: int
    height: int
    seconds: int
    model: str = "sora-2"


async def read_edit(request: Request, job_of: Callable[[str], Job]) -> CreateRequest:
    """Read an edit: the same clip with another prompt (CreateVideoEditJsonBody, …MultipartBody).

    Raises:
        ApiError: 400, with the parameter's name; 404 for an unknown id.
    """
    body = await _body(request)
    source = await _source(body, job_of)
    prompt, asked = prompt_of(body.fields), drawing_of(body.fields)
    size = (source.width, source.height)
    return CreateRequest(prompt, source.model, *size, source.seconds, asked=asked)


async def read_extension(request: Request, job_of: Callable[[str], Job]) -> CreateRequest:
    """Read an extension: the clip and more seconds (CreateVideoExtendJsonBody, …MultipartBody).

    Raises:
        ApiError: As `read_edit`; and where the whole would be longer than can be drawn.
    """
    body = await _body(request)
    source = await _source(body, job_of)
    prompt = prompt_of(body.fields)
    if body.fields.get("seconds") is None:
        raise missing("seconds")
    more = seconds_of(text_of(body.fields, "seconds", ""))
    whole = seconds_of(str(source.seconds + more))
    asked = drawing_of(body.fields)
    return CreateRequest(prompt, source.model, source.width, source.height, whole, asked=asked)


async def read_character(request: Request) -> str:
    """Return the name of a character; its clip is checked, not kept (CreateVideoCharacterBody).

    Raises:
        ApiError: 400, with the parameter's name.
    """
    body = await read_body(request)
    if not body.multipart:
        raise unsupported(body, f"'{MULTIPART}'")
    clip, name = body.fields.get("video"), body.fields.get("name")
    if clip is None:
        raise missing("video")
    if not isinstance(clip, UploadFile):
        raise wrong_type("video", "a file", clip)
    if name is None:
        raise missing("name")
    name = text_of(body.fields, "name", "")
    if not 1 <= len(name) <= MAX_NAME:
        raise ApiError(
            400,
            f"Invalid 'name': expected a string of 1 to {MAX_NAME} characters, but got one of "
            f"{len(name)} instead.",
            code="invalid_value",
            param="name",
        )
    await _uploaded(clip)
    return name


async def _body(request: Request) -> Body:
    body = await read_body(request)
    if body.media_type not in (MULTIPART, JSON):
        raise unsupported(body, f"'{MULTIPART}' or '{JSON}'")
    return body


async def _source(body: Body, job_of: Callable[[str], Job]) -> _Source:
    """Return the clip, by file or by id. A form has it as `video[id]`, or written as JSON."""
    video: Any = body.fields.get("video")
    if body.multipart and "video[id]" in body.fields:
        video = {"id": body.fields["video[id]"]}
    elif body.multipart and isinstance(video, str) and video.lstrip().startswith("{"):
        try:
            video = json.loads(video)
        except (ValueError, RecursionError):
            raise wrong_type("video", "an object", video) from None
    if video is None:
        raise missing("video")
    if isinstance(video, UploadFile):
        return await _uploaded(video)
    if not isinstance(video, dict) or not isinstance(video.get("id"), str):
        expected = "a file or an object with an id" if body.multipart else "an object with an id"
        raise wrong_type("video", expected, video)
    job = job_of(video["id"])
    if job.status != "completed":
        raise ApiError(400, f"Video with id '{job.id}' is not completed.", param="video")
    return _Source(job.width, job.height, job.seconds, job.model)


async def _uploaded(clip: UploadFile) -> _Source:
    with tempfile.TemporaryDirectory(prefix="sora-tui-upload-") as folder:
        path = Path(folder) / "clip.mp4"
        path.write_bytes(await clip.read())
        try:
            facts = inspect_mp4(path)
        except ClipDamagedError:
            raise ApiError(
                400,
                "Invalid file 'video': this is no MP4 that can be read.",
                code="invalid_video_file",
                param="video",
            ) from None
    width, height = size_of(f"{facts.width}x{facts.height}")
    return _Source(width, height, seconds_of(str(max(1, round(facts.seconds)))))
