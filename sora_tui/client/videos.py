"""One method per endpoint of the Videos API, and what each answer means."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

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
from sora_tui.client.dialect import dialect_of, turned_away, was_repeated, with_dialect_defaults
from sora_tui.client.inline_clip import InlineClip
from sora_tui.client.outcome import (
    Accepted,
    CreateOutcome,
    Later,
    NotSent,
    Rejected,
    Unclear,
)
from sora_tui.client.request_body import build_request
from sora_tui.client.response import File, NoResponseError, NotSentError, Response
from sora_tui.client.server_error import ServerError
from sora_tui.core.cookie import Cookie
from sora_tui.core.job import JobError
from sora_tui.core.moderation import is_moderation
from sora_tui.core.number import amount
from sora_tui.core.problem import Spent
from sora_tui.core.remote_video import Phase, RemoteVideo, read_video, route_of
from sora_tui.core.request import Operation, VideoRequest
from sora_tui.core.server import Server
from sora_tui.core.text import clean, clean_line

if TYPE_CHECKING:
    from sora_tui.client.transport import Built

#: Wait after a 429 that names no time, in seconds.
DEFAULT_WAIT: Final = 15.0

#: Codes that say the account is empty, not that we are too fast (OpenAI, new-api, gateways).
_QUOTA_MARKS: Final = ("quota", "billing", "budget", "insufficient_")
#: Words that name a limit: a rate, a number at once, a quota. "Too many requests" is only the name
#: of the status, which a proxy writes too, and `RateLimitError` is what LiteLLM makes of any 429
#: that it gets.
_LIMIT: Final = re.compile(
    r"rate[ _-]limit|concurren|quota|throttl"
    r"|too[ _]many[ _](concurrent|parallel|active|running|pending|queued|open)"
    r"|\b(per|each|every)[ _-](second|minute|min|hour|day|week|month)|\b[rt]p[msd]\b"
    r"|\d ?/ ?(s|sec|min|minute|h|hour|day)\b"
    r"|\b(limit|maximum|max)[ _](number[ _])?(of|is|reached|exceeded|hit)\b|\blimit of \d"
    r"|\b(request|token|video|job|task|generation|user|account|project)s?[ _]limit"
    r"|(requests|videos|jobs|tasks|generations)[ _](at (once|a time|the same time)|in parallel)"
    r"|queue (is )?full|请求数限制|速率限制|频率限制|并发|限流|配额",
    re.IGNORECASE,
)
#: Codes that say the key is wrong, under any status (LiteLLM answers 400 without its database).
_KEY_CODES: Final = frozenset({"invalid_api_key", "no_db_connection", "auth_error"})
#: Codes and words by which a server says that the key is valid, but has no right to this:
#: `*_model_access_denied` of LiteLLM, `insufficient_permissions` and "missing scopes" of OpenAI,
#: `PermissionDenied` of Azure; the Chinese words are new-api's.
_NO_GRANT_CODE: Final = re.compile(
    r"model_access_denied$|insufficient_?permission|permission_?denied|missing_?scope"
    r"|model_not_allowed|model_forbidden",
    re.IGNORECASE,
)
_NO_GRANT: Final = re.compile(
    r"not (available|allowed) (for|with) this (api )?key|(key|token|team|user|project) (is )?not"
    r" (allowed|authori[sz]ed) to (access|use) (this |the )?model|does not have access to (the )?"
    r"model|insufficient permissions|missing scopes?\b|无权(访问|使用)",
    re.IGNORECASE,
)
#: Statuses with which a server refuses before it acts (RFC 9110, 6585, 7725). Not 424, with which a
#: gateway says that a model failed while working (Azure ML); nor statuses of no RFC: proxies send
#: 460 and 499 for a request that they gave up.
_REFUSALS: Final = frozenset({301, 302, 307, 308, *range(400, 432), 451} - {408, 409, 424})
_VIDEO_MADE: Final = re.compile(
    r"/(?:videos?|tasks?|jobs?|generations?|predictions?)/(?!generations?/?(?:[?#]|$))[^/?#]+/?(?:[?#]|$)",
    re.IGNORECASE,
)
#: Names under which servers put the rows of a list.
_ROW_NAMES: Final = (
    "data",
    "items",
    "videos",
    "results",
    "result",
    "list",
    "jobs",
    "tasks",
    "generations",
    "records",
    "rows",
    "entries",
    "page",
)
#: Names by which servers say that there is another page.
_MORE_NAMES: Final = ("has_more", "hasMore", "has_next", "hasNext", "more")
#: Beside these, null in place of rows means no rows: a nil slice of Go.
_LIST_SIGNS: Final = ("has_more", "hasMore", "total", "total_count", "count", "first_id", "last_id")
#: Fewest rows that servers put on a page.
_A_PAGE: Final = 20
#: How a message names the model that was asked: `model 'sora-2'`, `model=openai/sora-2`.
_MODEL_NAMED: Final = re.compile(r"\bmodel(?:=| ?: ?| )['\"`]([\w./:-]+)['\"`]|\bmodel=([\w./:-]+)")
#: new-api answers 400 for an id it does not know.
_UNKNOWN_ID_CODES: Final = frozenset({"task_not_exist"})


@dataclass(frozen=True, slots=True)
class Upload:
    """The picture or the clip of a request.

    Attributes:
        path: Where it is stored, for a server that shares our disk (SGLang), relative to the
            workspace.
    """

    data: bytes = field(repr=False)
    mime: str
    filename: str
    path: str


class PaidRequest(NamedTuple):
    """A paid request with headers and body: nothing of ours can fail while it is sent.

    Attributes:
        built: None for an operation on a clip that has no clip: it must not be paid for.
    """

    operation: Operation
    built: Built | None


class Poll(NamedTuple):
    """The answer to one poll of a job.

    Attributes:
        after: Seconds until the next poll, as the server asks, 1..60.
        cookies: What the answer set; they replace the job's of the same name.
    """

    video: RemoteVideo
    after: float | None
    cookies: tuple[Cookie, ...] = ()


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
    """A server's `/videos`. Belongs to one event loop; more than 8 calls at once are no use."""

    def __init__(self, server: Server) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            server: With a real http(s) address, never `simulator:`.

        Raises:
            ProblemError: base_url_invalid or config_invalid.
        """
        self.server = server
        self._fitted = with_dialect_defaults(server)
        self._dialect = dialect_of(server)
        # httpx is 7 MB that a screen full of finished jobs need not load.
        from sora_tui.client.transport import Wire

        self._wire = Wire(server)

    @property
    def clock_skew(self) -> float | None:
        """The server's clock minus ours, in seconds, to about one second, if it is known."""
        return self._wire.clock_skew

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.aclose()

    async def create(
        self,
        request: VideoRequest,
        upload: Upload | None,
        key: str,
        sink: Callable[[int, bytes], object] | None = None,
    ) -> CreateOutcome:
        """Send the paid request once and return its outcome.

        It raises nothing that the network or a server could cause.

        Args:
            request: What is asked for.
            upload: The prepared picture or clip, where the request has one.
            key: Sent as `Idempotency-Key` and `X-Client-Request-Id`: no server is known to honour
                it, and none is disturbed by it.
            sink: Takes the number and the bytes of each clip in the answer (`Accepted.clips`); what
                it got of other clips is incomplete.
        """
        return await self.send(self.prepare(request, upload, key), sink)

    def prepare(self, request: VideoRequest, upload: Upload | None, key: str) -> PaidRequest:
        """Build the whole paid request, before it counts as sent.

        A failure here is a fault of ours, and provably nothing was sent.
        """
        if not _has_source(request, upload):
            return PaidRequest(request.operation, None)
        headers = {"Idempotency-Key": key, "X-Client-Request-Id": key}
        asked = build_request(self.server, request)
        fields = dict(asked.fields)
        if asked.encoding == "json":
            if upload is not None:
                fields[asked.file_field] = self._reference(upload)
            built = self._wire.paid_request(asked.path, headers, document=fields)
        else:
            files: dict[str, File] = {}
            if upload is not None:
                files[asked.file_field] = (upload.filename, upload.data, upload.mime)
            form = self._in_form(fields)
            built = self._wire.paid_request(asked.path, headers, form=form, files=files)
        return PaidRequest(request.operation, built)

    async def send(
        self, paid: PaidRequest, sink: Callable[[int, bytes], object] | None = None
    ) -> CreateOutcome:
        """Send what `prepare` built, once. Raises nothing that the network or a server could cause.

        Args:
            paid: The request, ready to go out.
            sink: As for `create`.
        """
        if paid.built is None:
            error = JobError("internal_fault", Spent.NO, message=f"{paid.operation} of nothing")
            return NotSent(error)
        clip = None if sink is None else InlineClip(sink)
        try:
            answer = await self._wire.post_paid(paid.built, clip)
        except NotSentError as fault:
            return NotSent(JobError(fault.kind, Spent.NO, message=clean(fault, 400)))
        except NoResponseError as fault:
            return Unclear(JobError("answer_lost", Spent.PERHAPS, message=clean(fault, 400)))
        outcome = self._with_cost(outcome_of(answer), answer)
        if isinstance(outcome, Accepted) and paid.operation == "character":
            return replace(outcome, video=_as_made(outcome.video))
        if isinstance(outcome, Accepted) and clip is not None and clip.whole:
            video = outcome.video
            if not video.status:  # localAI's form: an id and the clip, without a status
                video = video._replace(status="completed", phase=Phase.COMPLETED)
            is_done = video.phase is Phase.COMPLETED
            return replace(outcome, video=video, clips=tuple(sorted(clip.whole)) if is_done else ())
        return outcome

    def _with_cost(self, outcome: CreateOutcome, answer: Response) -> CreateOutcome:
        """Return the outcome with the cost in a header; LiteLLM sends 0 where it has no price."""
        said = answer.headers.get(self._dialect.cost_header, "")
        if not isinstance(outcome, Accepted) or self.server.currency != "USD":
            return outcome
        cost = amount(said)
        if not cost or outcome.video.cost is not None:
            return outcome
        return replace(outcome, video=outcome.video._replace(cost=cost))

    async def retrieve(self, video_id: str, cookies: Sequence[Cookie] = ()) -> Poll:
        """Poll a job.

        Args:
            video_id: The server's id of the video.
            cookies: The job's own.

        Raises:
            ServerError: No video object came. A failed job that comes with an error status is a
                video object (divergence 3).
        """
        path = f"/videos/{quote(video_id, safe='')}"
        answer = await self._call("GET", path, cookies=cookies, without_clips=True)
        document, endings = _document(answer), self._dialect.final_words
        if _is_success(answer):
            video = read_video(document, endings)
        else:
            video = video_in(document, endings) or wrapped_video(document, endings)
        if video is None:
            failure = _server_error(answer)
            failure.asked = asked_instead(video_id, answer) if failure.not_found else ""
            raise failure
        said = poll_after(answer.headers) or retry_after(answer.headers)
        after = max(said or 0.0, self._dialect.poll_floor) or None
        return Poll(video, after, answer.cookies)

    async def character(self, character_id: str) -> RemoteVideo:
        """Return a character by its id, as a video that is completed.

        Raises:
            ServerError: No character came.
        """
        answer = await self._call("GET", f"/videos/characters/{quote(character_id, safe='')}")
        found = read_video(_document(answer)) if _is_success(answer) else None
        if found is None:
            raise _server_error(answer)
        return _as_made(found)

    async def list(self, after: str | None = None, limit: int = 100) -> VideoPage:
        """Return one page of the server's jobs. Rows that are no video objects are left out.

        Args:
            after: `last_id` of the page before.
            limit: 1..100.

        Raises:
            ServerError: No list came; many servers have none (405, 404, 501, 400).
        """
        query = {"limit": str(limit), "order": "desc"} | ({"after": after} if after else {})
        answer = await self._call("GET", "/videos", query, LIST_LIMIT)
        rows = _rows(answer)
        said = _about_page(_document(answer))
        read = (read_video(row, self._dialect.final_words) for row in rows)
        videos = tuple(video for video in read if video is not None)
        last_id = said.get("last_id")
        if not isinstance(last_id, str) or not last_id:
            last_id = videos[-1].id if videos else None
        server_time = http_date(answer.headers.get("date"))
        return VideoPage(
            videos=videos,
            last_id=last_id,
            has_more=_has_more(said, len(rows)),
            skew=None if server_time is None else server_time - time.time(),
        )

    async def delete(self, video_id: str, cookies: Sequence[Cookie] = ()) -> None:
        """Delete a job at the server; an unknown job counts as deleted (divergence 17).

        Raises:
            ServerError: It refused. 404, 405 and 501: this server cannot.
        """
        path = f"/videos/{quote(video_id, safe='')}"
        answer = await self._call("DELETE", path, cookies=cookies)
        if _is_success(answer):
            return
        failure = _server_error(answer)
        # A missing route may answer 404 as well (new-api): a video that can be polled is not gone.
        if not failure.not_found or not await self._has_forgotten(video_id, cookies):
            raise failure

    async def _has_forgotten(self, video_id: str, cookies: Sequence[Cookie]) -> bool:
        try:
            await self.retrieve(video_id, cookies)
        except ServerError as failure:
            return failure.not_found
        return False

    async def models(self) -> tuple[str, ...]:
        """Return the names of `GET /models`, as the server orders them.

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
        *,
        without_clips: bool = False,
    ) -> Response:
        try:
            return await self._wire.call(
                method, path, query, limit, cookies=cookies, without_clips=without_clips
            )
        except (NotSentError, NoResponseError) as fault:
            error = JobError(fault.kind, Spent.NO, message=clean(fault, 400))
            raise ServerError(error) from fault

    def _in_form(self, fields: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
        """Return the fields as text for a form, objects and lists in the form this server reads."""
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


def outcome_of(answer: Response) -> CreateOutcome:
    """Return the outcome that the answer to a paid request means.

    A refusal counts as definite only where the protocol, or a server's own words, allow no other
    meaning. 408, 409 and every 5xx may come from a proxy that lost the connection to a working
    server, and a 303, or any redirect to a video, points to something that was made (RFC 9110,
    15.4.4): these are unclear. `Retry-After` does not change that: a proxy adds it to a 503 without
    knowing what happens behind it. Also unclear is the answer of a gateway that tried more than
    once, or that passes a video on.
    """
    status = answer.status
    document = _document(answer)
    is_job = _is_success(answer) and not _is_no_job(document)
    video = read_video(document) if is_job else video_in(document)
    if video is not None:
        cookies = answer.cookies
        return Accepted(video, status, request_id(answer.headers), cookies=cookies)
    refusal, wait = refusal_in(answer.body), retry_after(answer.headers)
    unclear = Unclear(_error("answer_unclear", Spent.PERHAPS, answer, refusal), wait)
    handed_on = wrapped_video(document)
    if was_repeated(refusal.outer) or (handed_on and handed_on.phase is not Phase.FAILED):
        return unclear
    turned = turned_away(status, refusal.message, refusal.outer)
    if turned.later if turned else status == 429:
        if _is_quota(refusal):
            return Rejected(_error("quota_exhausted", Spent.NO, answer, refusal))
        error = _error("server_busy", Spent.NO, answer, refusal)
        names_limit = turned is not None or _names_limit(refusal)
        return Later(wait or DEFAULT_WAIT, error, names_limit, turned is not None)
    if turned or (status in _REFUSALS and not _points_to_a_video(answer)):
        return Rejected(_error(_refusal_kind(status, refusal), Spent.NO, answer, refusal))
    return unclear


def _names_limit(refusal: Refusal) -> bool:
    """Return whether a server's own error object says which limit was reached."""
    said = f"{refusal.code or ''} {refusal.message}"
    return refusal.has_envelope and _LIMIT.search(said) is not None


def _points_to_a_video(answer: Response) -> bool:
    """Return whether a redirect leads to something that was made, or may do so without saying it.

    307 and 308 ask for the same request elsewhere: without an address nothing was done.
    """
    where = answer.headers.get("location")
    if where is None:
        return answer.status in {301, 302}
    return 300 <= answer.status < 400 and _VIDEO_MADE.search(where) is not None


def _bracketed(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield `a[b]` for objects and `a[]` for lists, as OpenAI's SDK does (videos-api 1.2)."""
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from _bracketed({f"{name}[{key}]": inner for key, inner in value.items()})
        elif isinstance(value, list | tuple):
            for inner in value:
                yield from _bracketed({f"{name}[]": inner})
        else:
            yield name, value


def _has_source(request: VideoRequest, upload: Upload | None) -> bool:
    """Return whether an operation on a clip has a clip: without it must not be paid for."""
    if request.operation == "create":
        return True
    if request.source_file is not None:
        return upload is not None and request.operation != "remix"
    return bool(request.source_video) and request.operation != "character"


def _as_made(character: RemoteVideo) -> RemoteVideo:
    """Return a character as completed; its answer has no status (VideoCharacterResource)."""
    if character.phase is Phase.FAILED:
        return character
    return character._replace(status="completed", phase=Phase.COMPLETED)


def model_names(answer: Response) -> tuple[str, ...]:
    """Return the names in an answer of `GET /models`; none where it is no list."""
    try:
        return _names(_rows(answer))
    except ServerError:
        return ()


def is_key_refusal(answer: Response) -> bool:
    """Return whether a server refuses the key, under any status."""
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
    if status in {400, 401, 403} and _has_no_grant(refusal):
        return "key_without_grant"
    if status == 402 or _is_quota(refusal):
        return "quota_exhausted"
    if status in {401, 403} or refusal.code in _KEY_CODES:
        return "key_refused"
    return "request_refused"


def _has_no_grant(refusal: Refusal) -> bool:
    """Return whether the key is valid, but has no right to what is asked for."""
    return bool(_NO_GRANT_CODE.search(refusal.code or "") or _NO_GRANT.search(refusal.message))


def _is_quota(refusal: Refusal) -> bool:
    return any(mark in (refusal.code or "") for mark in _QUOTA_MARKS)


def _is_success(answer: Response) -> bool:
    return 200 <= answer.status < 300


def _document(answer: Response) -> object:
    try:
        return read_json(answer.body)
    except ValueError:
        return None


def _rows(answer: Response) -> list[object]:
    """Return the rows of a list: under a usual name, perhaps one level down, or bare."""
    found: object = _document(answer)
    is_list = isinstance(found, Mapping) and (
        found.get("object") == "list" or any(name in found for name in _LIST_SIGNS)
    )
    for _ in range(2):
        if isinstance(found, Mapping):
            found = _below(found)
    if _is_success(answer) and found is None and is_list:
        return []
    if not _is_success(answer) or not isinstance(found, list):
        raise _server_error(answer)
    return found


def _below(document: Mapping[str, Any]) -> object:
    """Return the value under the first usual name that has any."""
    values = (document.get(name) for name in _ROW_NAMES)
    return next((value for value in values if isinstance(value, list | Mapping)), None)


def _about_page(document: object) -> Mapping[str, Any]:
    """Return the fields beside the rows of a list, perhaps one level down."""
    if not isinstance(document, Mapping):
        return {}
    inner = _below(document)
    return {**inner, **document} if isinstance(inner, Mapping) else document


def _has_more(said: Mapping[str, Any], rows: int) -> bool:
    """Return whether there is another page; a server that does not say may have one."""
    told = next((said[name] for name in _MORE_NAMES if said.get(name) is not None), None)
    if told is None:
        return rows >= _A_PAGE
    return told is True or str(told).lower() == "true"


def _is_no_job(document: object) -> bool:
    """Return whether an answer with an id is about something else: an error, or a chat."""
    if not isinstance(document, Mapping) or document.get("status"):
        return False
    return bool(document.get("error")) or "choices" in document


def _error(kind: str, spent: Spent, answer: Response, refusal: Refusal) -> JobError:
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


def asked_instead(video_id: str, answer: Response) -> str:
    """Return the server that a gateway asked for a video, if it is the wrong one; else "".

    LiteLLM 1.110 finds the deployment by the upstream model's name, and may take another group that
    has this name: its 404 is then one of the wrong server. The id says which one made the video,
    and `x-litellm-model-name`, or the message, which one was asked.
    """
    route = route_of(video_id)
    if route is None:
        return ""
    asked = clean_line(answer.headers.get("x-litellm-model-name", ""), 120)
    provider, slash, _ = asked.partition("/")
    if slash and provider != route.provider:
        return asked
    message = clean_line(refusal_in(answer.body).message, 2000)
    named = [quoted or bare for quoted, bare in _MODEL_NAMED.findall(message)]
    own = {route.model, route.model.rpartition("/")[2], f"{route.provider}/{route.model}", asked}
    is_another = route.model and named and own.isdisjoint(named)
    return named[0] if is_another else ""


def _server_error(answer: Response) -> ServerError:
    """Return the error for an unusable answer to a free call, which itself cost nothing."""
    refusal = refusal_in(answer.body)
    not_found = answer.status == 404 or refusal.code in _UNKNOWN_ID_CODES
    if _is_success(answer):
        kind = "answer_unusable"
    elif not_found:
        kind = "remote_gone"
    elif answer.status in {429, 503}:
        kind = "server_busy"
    elif answer.status >= 500 or answer.status == 408:
        kind = "server_failed"
    else:
        kind = _refusal_kind(answer.status, refusal)
    return ServerError(
        _error(kind, Spent.NO, answer, refusal),
        retry_after=retry_after(answer.headers),
        not_found=not_found,
    )
