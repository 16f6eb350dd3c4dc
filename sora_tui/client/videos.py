"""One method per endpoint of the Videos API, and what each answer means."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from sora_tui.client.answer import Answer, File, LostError, NotSentError
from sora_tui.client.body import asked_of
from sora_tui.client.decode import (
    LIST_LIMIT,
    Refusal,
    http_date,
    poll_after,
    read_json,
    refusal_in,
    request_id,
    retry_after,
    video_in,
    wrapped_video,
)
from sora_tui.client.dialect import dialect_of, fitted, turned_away, was_repeated
from sora_tui.client.inline import InlineClip
from sora_tui.client.outcome import (
    Accepted,
    CreateOutcome,
    Later,
    NotSent,
    Rejected,
    Unclear,
)
from sora_tui.client.server_error import ServerError
from sora_tui.core.cookie import Cookie
from sora_tui.core.job import JobError
from sora_tui.core.moderation import is_moderation
from sora_tui.core.number import amount
from sora_tui.core.problem import Spent
from sora_tui.core.remote import Phase, RemoteVideo, read_video
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server
from sora_tui.core.text import clean, clean_line

#: Wait after a 429 that does not say how long, in seconds.
DEFAULT_WAIT: Final = 15.0

#: Codes that say the account is empty, not that we are too fast (OpenAI, new-api, gateways).
_QUOTA_MARKS: Final = ("quota", "billing", "insufficient_")
#: Codes that say the key is wrong, under whatever status (LiteLLM answers 400 without its base).
_KEY_CODES: Final = frozenset({"invalid_api_key", "no_db_connection", "auth_error"})
#: By these a server refuses before it acts (RFC 9110, 6585, 7725). Not 424, by which a gateway
#: tells that a model failed at work (Azure ML); nor what no RFC knows: proxies say 460 and 499 of
#: a request that they gave up on.
_REFUSALS: Final = frozenset({301, 302, 307, 308, *range(400, 432), 451} - {408, 409, 424})
_VIDEO_MADE: Final = re.compile(r"/videos/[^/?#]+/?(?:[?#]|$)")
#: new-api answers 400 for an id it does not know.
_UNKNOWN_ID_CODES: Final = frozenset({"task_not_exist"})


@dataclass(frozen=True, slots=True)
class Upload:
    """The picture or the clip of a request.

    Attributes:
        path: Where it lies for a server that shares our disk (SGLang), relative to the workspace.
    """

    data: bytes = field(repr=False)
    mime: str
    filename: str
    path: str


class Poll(NamedTuple):
    """One look at a job; `after`: seconds the server wants until the next one, 1..60."""

    video: RemoteVideo
    after: float | None


class VideoPage(NamedTuple):
    """One page of the list, newest first.

    Attributes:
        last_id: Cursor of the next page.
        skew: Seconds that the server's clock is ahead of ours, to about one second.
    """

    videos: tuple[RemoteVideo, ...]
    last_id: str | None
    has_more: bool
    skew: float | None


class VideosClient:
    """A server's `/videos`. Belongs to one event loop; at most 8 calls at once make sense."""

    def __init__(self, server: Server) -> None:
        """Nothing is sent yet.

        Args:
            server: With a real http(s) address, never `simulator:`.

        Raises:
            ProblemError: base_url_invalid or config_invalid.
        """
        self.server = server
        self._fitted = fitted(server)
        self._dialect = dialect_of(server)
        # httpx is 7 MB that a screen full of finished jobs need not carry.
        from sora_tui.client.transport import Wire

        self._wire = Wire(server)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.aclose()

    async def create(
        self,
        request: VideoRequest,
        upload: Upload | None,
        key: str,
        sink: Callable[[bytes], object] | None = None,
    ) -> CreateOutcome:
        """The paid request, sent once. Raises nothing the network or a server could cause.

        Args:
            upload: The prepared picture or clip, where the request has one.
            key: Goes along as `Idempotency-Key` and `X-Client-Request-Id`: no server is known to
                honour it, and it harms none.
            sink: Takes the clip, where the answer has it in it (`Accepted.has_clip`); what it got
                is otherwise none.
        """
        clip = None if sink is None else InlineClip(sink)
        headers = {"Idempotency-Key": key, "X-Client-Request-Id": key}
        if not _has_source(request, upload):
            error = JobError("internal_fault", Spent.NO, message=f"{request.operation} of nothing")
            return NotSent(error)
        asked = asked_of(self.server, request)
        fields = dict(asked.fields)
        try:
            if asked.encoding == "json":
                if upload is not None:
                    fields[asked.file_field] = self._reference(upload)
                answer = await self._wire.post_paid(asked.path, headers, document=fields, clip=clip)
            else:
                form = self._in_form(fields)
                files: dict[str, File] = {}
                if upload is not None:
                    files[asked.file_field] = (upload.filename, upload.data, upload.mime)
                answer = await self._wire.post_paid(
                    asked.path, headers, form=form, files=files, clip=clip
                )
        except NotSentError as fault:
            return NotSent(JobError("server_unreachable", Spent.NO, message=clean(fault, 400)))
        except LostError as fault:
            return Unclear(JobError("answer_lost", Spent.PERHAPS, message=clean(fault, 400)))
        outcome = self._with_cost(outcome_of(answer), answer)
        if isinstance(outcome, Accepted) and request.operation == "character":
            return replace(outcome, video=_as_made(outcome.video))
        if isinstance(outcome, Accepted) and clip is not None and clip.whole:
            video = outcome.video
            if not video.status:  # LocalAI's shape: an id and the clip, and no word on how it goes
                video = video._replace(status="completed", phase=Phase.COMPLETED)
            return replace(outcome, video=video, has_clip=video.phase is Phase.COMPLETED)
        return outcome

    def _with_cost(self, outcome: CreateOutcome, answer: Answer) -> CreateOutcome:
        """What a header says it costs; 0 is what LiteLLM says of a model without a price."""
        said = answer.headers.get(self._dialect.cost_header, "")
        if not isinstance(outcome, Accepted) or self.server.currency != "USD":
            return outcome
        cost = amount(said)
        if not cost or outcome.video.cost is not None:
            return outcome
        return replace(outcome, video=outcome.video._replace(cost=cost))

    async def retrieve(self, video_id: str, cookies: Sequence[Cookie] = ()) -> Poll:
        """One look at a job.

        Args:
            cookies: The job's own.

        Raises:
            ServerError: No video object came. A failed job that comes with an error status is a
                video object (divergence 3).
        """
        path = f"/videos/{quote(video_id, safe='')}"
        answer = await self._call("GET", path, cookies=cookies)
        document = _document(answer)
        if _is_success(answer):
            video = read_video(document)
        else:
            video = video_in(document) or wrapped_video(document)
        if video is None:
            raise _server_error(answer)
        said, floor = poll_after(answer.headers), self._dialect.poll_floor
        return Poll(video, max(said or 0.0, floor) or None)

    async def character(self, character_id: str) -> RemoteVideo:
        """A character by its id, as a video that is completed.

        Raises:
            ServerError: No character came.
        """
        answer = await self._call("GET", f"/videos/characters/{quote(character_id, safe='')}")
        found = read_video(_document(answer)) if _is_success(answer) else None
        if found is None:
            raise _server_error(answer)
        return _as_made(found)

    async def list(self, after: str | None = None, limit: int = 100) -> VideoPage:
        """One page of the server's jobs. Rows that are no video objects are left out.

        Args:
            after: `last_id` of the page before.
            limit: 1..100.

        Raises:
            ServerError: No list came; many servers have none (405, 404, 501, 400).
        """
        query = {"limit": str(limit), "order": "desc"} | ({"after": after} if after else {})
        answer = await self._call("GET", "/videos", query, LIST_LIMIT)
        rows = _rows(answer)
        document = _document(answer)
        videos = tuple(video for row in rows if (video := read_video(row)) is not None)
        said = document if isinstance(document, Mapping) else {}
        last_id = said.get("last_id")
        if not isinstance(last_id, str) or not last_id:
            last_id = videos[-1].id if videos else None
        server_time = http_date(answer.headers.get("date"))
        return VideoPage(
            videos=videos,
            last_id=last_id,
            has_more=said.get("has_more") is True,
            skew=None if server_time is None else server_time - time.time(),
        )

    async def delete(self, video_id: str, cookies: Sequence[Cookie] = ()) -> None:
        """Delete a job at the server; one it does not know is deleted (divergence 17).

        Raises:
            ServerError: It refused. 404, 405 and 501: this server cannot.
        """
        path = f"/videos/{quote(video_id, safe='')}"
        answer = await self._call("DELETE", path, cookies=cookies)
        if _is_success(answer):
            return
        failure = _server_error(answer)
        # A missing route may answer 404 as well (new-api): what can be looked at is not gone.
        if not failure.not_found or not await self._has_forgotten(video_id, cookies):
            raise failure

    async def _has_forgotten(self, video_id: str, cookies: Sequence[Cookie]) -> bool:
        try:
            await self.retrieve(video_id, cookies)
        except ServerError as failure:
            return failure.not_found
        return False

    async def models(self) -> tuple[str, ...]:
        """The names of `GET /models`, as the server orders them.

        Raises:
            ServerError: No list came.
        """
        return _names(_rows(await self._call("GET", "/models", limit=LIST_LIMIT)))

    async def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        limit: int = 2**20,
        cookies: Sequence[Cookie] = (),
    ) -> Answer:
        try:
            return await self._wire.call(method, path, query, limit, cookies=cookies)
        except (NotSentError, LostError) as fault:
            error = JobError("server_unreachable", Spent.NO, message=clean(fault, 400))
            raise ServerError(error) from fault

    def _in_form(self, fields: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
        """The fields as text, for a form; objects and lists as this server reads them."""
        flat = _bracketed(fields) if self._dialect.nested == "brackets" else fields.items()
        return [
            (name, value if isinstance(value, str) else json.dumps(value, default=str))
            for name, value in flat
        ]

    def _reference(self, upload: Upload) -> object:
        form = self._fitted.reference_form
        if form == "path":
            return upload.path
        data = base64.b64encode(upload.data).decode()
        if form == "string":
            return data
        url = f"data:{upload.mime};base64,{data}"
        if form == "frame":
            image = {"type": "image_url", "image_url": {"url": url}}
            return [{**image, "frame_type": "first_frame"}]
        return {"image_url": url}


def outcome_of(answer: Answer) -> CreateOutcome:
    """What the answer to a paid request means for the money.

    A refusal counts as definite only where the protocol leaves no other reading, or a server's own
    words leave none. 408, 409 and every 5xx may come from a proxy that lost sight of a server at
    work, and a 303, or any redirect to a video, points to something that was made (RFC 9110,
    15.4.4): these are unclear. So is whatever a gateway says that tried more than once.
    """
    status = answer.status
    document = _document(answer)
    video = read_video(document) if _is_success(answer) else video_in(document)
    if video is not None:
        cookies = answer.cookies
        return Accepted(video, status, request_id(answer.headers), cookies=cookies)
    refusal = refusal_in(answer.body)
    if was_repeated(refusal.message):
        return Unclear(_error("answer_unclear", Spent.PERHAPS, answer, refusal))
    wait = retry_after(answer.headers)
    turned = turned_away(status, refusal.message)
    is_later = turned.later if turned else status == 429 or (status == 503 and wait is not None)
    if is_later:
        if _is_quota(refusal):
            return Rejected(_error("quota_exhausted", Spent.NO, answer, refusal))
        return Later(wait or DEFAULT_WAIT, _error("server_busy", Spent.NO, answer, refusal))
    if turned or (status in _REFUSALS and not _points_to_a_video(answer)):
        return Rejected(_error(_refusal_kind(status, refusal), Spent.NO, answer, refusal))
    return Unclear(_error("answer_unclear", Spent.PERHAPS, answer, refusal))


def _points_to_a_video(answer: Answer) -> bool:
    """Whether a redirect leads to something that was made, or may do so and does not say.

    307 and 308 ask for the same request elsewhere: what has no address was still not done.
    """
    where = answer.headers.get("location")
    if where is None:
        return answer.status in {301, 302}
    return 300 <= answer.status < 400 and _VIDEO_MADE.search(where) is not None


def _bracketed(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """`a[b]` for objects and `a[]` for lists, as the SDK of OpenAI writes them (videos-api 1.2)."""
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from _bracketed({f"{name}[{key}]": inner for key, inner in value.items()})
        elif isinstance(value, list | tuple):
            for inner in value:
                yield from _bracketed({f"{name}[]": inner})
        else:
            yield name, value


def _has_source(request: VideoRequest, upload: Upload | None) -> bool:
    """Whether an operation on a clip has one: it must not be paid for without."""
    if request.operation == "create":
        return True
    if request.source_file is not None:
        return upload is not None and request.operation != "remix"
    return bool(request.source_video) and request.operation != "character"


def _as_made(character: RemoteVideo) -> RemoteVideo:
    """A character is there with the answer; it has no status (VideoCharacterResource)."""
    if character.phase is Phase.FAILED:
        return character
    return character._replace(status="completed", phase=Phase.COMPLETED)


def model_names(answer: Answer) -> tuple[str, ...]:
    """The names in an answer of `GET /models`; none where it is no list."""
    try:
        return _names(_rows(answer))
    except ServerError:
        return ()


def is_key_refusal(answer: Answer) -> bool:
    """Whether a server refuses the key, under whatever status."""
    if not 400 <= answer.status < 500:
        return False
    return _refusal_kind(answer.status, refusal_in(answer.body)) == "key_refused"


def _names(rows: Sequence[object]) -> tuple[str, ...]:
    names = (row.get("id") for row in rows if isinstance(row, Mapping))
    return tuple(
        dict.fromkeys(clean_line(name, 200) for name in names if isinstance(name, str) and name)
    )


def _refusal_kind(status: int, refusal: Refusal) -> str:
    if is_moderation(refusal.code, refusal.message):
        return "moderation_before"
    if status == 402 or _is_quota(refusal):
        return "quota_exhausted"
    if status in {401, 403} or refusal.code in _KEY_CODES:
        return "key_refused"
    return "request_refused"


def _is_quota(refusal: Refusal) -> bool:
    return any(mark in (refusal.code or "") for mark in _QUOTA_MARKS)


def _is_success(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _document(answer: Answer) -> object:
    try:
        return read_json(answer.body)
    except ValueError:
        return None


def _rows(answer: Answer) -> list[object]:
    """The rows of a list answer: under `data`, or bare."""
    document = _document(answer)
    rows = document.get("data") if isinstance(document, Mapping) else document
    if not _is_success(answer) or not isinstance(rows, list):
        raise _server_error(answer)
    return rows


def _error(kind: str, spent: Spent, answer: Answer, refusal: Refusal) -> JobError:
    message = refusal.message
    if 300 <= answer.status < 400 and "location" in answer.headers:
        message = clean_line(f"redirected to {answer.headers['location']}")
    return JobError(
        kind,
        spent,
        code=refusal.code,
        message=message,
        status=answer.status,
        request_id=request_id(answer.headers),
    )


def _server_error(answer: Answer) -> ServerError:
    """An answer to a free call that is of no use; the call itself cost nothing."""
    refusal = refusal_in(answer.body)
    not_found = answer.status == 404 or refusal.code in _UNKNOWN_ID_CODES
    if _is_success(answer):
        kind = "answer_unclear"
    elif not_found:
        kind = "remote_gone"
    elif answer.status in {429, 503}:
        kind = "server_busy"
    elif answer.status >= 500 or answer.status == 408:
        kind = "server_unreachable"
    else:
        kind = _refusal_kind(answer.status, refusal)
    return ServerError(
        _error(kind, Spent.NO, answer, refusal),
        retry_after=retry_after(answer.headers),
        not_found=not_found,
    )
