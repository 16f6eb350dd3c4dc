"""What OpenAI shows of a job, and what servers share: ids, video object, list and deletion."""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, NamedTuple

from starlette.requests import Request

from sora_tui.simulator.errors import ApiError
from sora_tui.simulator.jobs import Job, Jobs
from sora_tui.simulator.parameters import bounded_int

FPS: Final = 30


class Ids(NamedTuple):
    """The functions that make a job's id in the create answer, in later answers, and read it."""

    new: Callable[[], str]
    created: Callable[[Job], str] = attrgetter("id")
    polled: Callable[[Job], str] = attrgetter("id")
    read: Callable[[str], str] = str


def hex_id(prefix: str, digits: int) -> Callable[[], str]:
    """Return a function that makes ids of a prefix and `digits` random hex digits."""
    return lambda: prefix + secrets.token_hex(digits // 2)


def uuid_id() -> str:
    """Return a random UUID as an id."""
    return str(uuid.uuid4())


def openai_video(job: Job) -> dict[str, Any]:
    """Return the video object of OpenAI, with the request's other fields."""
    return {**job.resource(), **job.asked}


Video = Callable[[Job], dict[str, Any]]


def openai_list(request: Request, jobs: Jobs, video: Video) -> dict[str, Any]:
    """Return a page by cursor; an unknown cursor is refused."""
    query = request.query_params
    limit = bounded_int(query.get("limit", "20"), "limit", 0, 100)
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise ApiError(
            400,
            f"Invalid value: '{order}'. Supported values are: 'asc' and 'desc'.",
            code="invalid_value",
            param="order",
        )
    found = jobs.listed(newest_first=order == "desc")
    if after := query.get("after"):
        cursor = jobs.get(after)
        if cursor is None:
            raise ApiError(404, f"Video with id '{after}' not found.")
        found = found[found.index(cursor) + 1 :]
    return page(found, limit, video)


def deleted(job: Job, video: Video) -> dict[str, Any]:
    """Return the answer to a deletion, as OpenAI words it."""
    return {"id": job.id, "object": "video.deleted", "deleted": True}


def deleted_finished(job: Job, video: Video) -> dict[str, Any]:
    """Delete a finished video, as OpenAI does; any other is refused."""
    if not job.finished:
        raise ApiError(400, "Only completed or failed videos can be deleted.")
    return deleted(job, video)


def page(found: list[Job], limit: int, video: Video) -> dict[str, Any]:
    """Return the first `limit` of these jobs, as OpenAI shows a page of its list."""
    shown = [video(job) for job in found[:limit]]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": len(found) > len(shown),
    }


def listed_after(request: Request, jobs: Jobs) -> list[Job]:
    """Return the jobs behind the cursor of a request; none where nothing has its id."""
    query = request.query_params
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise ApiError(
            422,
            "Input should be 'asc' or 'desc'",
            code="query",
            param="order",
            type_="literal_error",
        )
    found = jobs.listed(newest_first=order == "desc")
    if (after := query.get("after")) is None:
        return found
    cursor = jobs.get(after)
    return [] if cursor is None else found[found.index(cursor) + 1 :]


def whole_number(
    request: Request, name: str, default: int, low: int, high: int, *, status: int
) -> int:
    """Return a number of the query; `status` is that of the refusal."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?\d{1,9}", text) or not low <= int(text) <= high:
        message = f"Input should be an integer from {low} to {high}"
        raise ApiError(status, message, code="query", param=name, type_="int_range")
    return int(text)


def seconds_taken(job: Job) -> float | None:
    """Return how long the work on a job took, None while it is not done."""
    if job.completed_at is None or job.started_at is None:
        return None
    return round(job.completed_at - job.started_at, 3)
