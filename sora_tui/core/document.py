"""A job as its metadata document (schema 1) and back. A pure mapping; the disk is elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from urllib.parse import urlsplit

from sora_tui.core.cookie import Cookie
from sora_tui.core.job import (
    Attempt,
    Batch,
    Consent,
    Cost,
    Event,
    FolderMark,
    Job,
    JobError,
    Notes,
    Output,
    State,
)
from sora_tui.core.number import amount
from sora_tui.core.problem import CODES, Spent, problem_error
from sora_tui.core.remote_video import read_video
from sora_tui.core.request import (
    Character,
    Operation,
    Reference,
    SourceFile,
    VideoRequest,
    read_fit,
)
from sora_tui.core.secret import Secret
from sora_tui.core.server import ServerRef

if TYPE_CHECKING:
    from sora_tui.core.recovery import RecoverySearch

SCHEMA: Final = 1
T = TypeVar("T")

_FIELDS: Final = frozenset({"schema", *Job.__annotations__}) - {"extra"}
#: The objects inside a document whose unknown fields are kept too.
_PARTS: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(kind.__annotations__)
    for name, kind in {
        "server": ServerRef,
        "request": VideoRequest,
        "cost": Cost,
        "error": JobError,
        "consent": Consent,
        "batch": Batch,
        "notes": Notes,
        "handed_in": FolderMark,
    }.items()
} | {"search": frozenset({"began", "at", "looks", "listed", "found", "refused", "cut", "failure"})}
#: The rows inside a document, and the fields that identify a row: its unknown fields are kept as
#: well, for as long as the row exists.
_ROWS: Final[Mapping[str, tuple[frozenset[str], tuple[str, ...]]]] = {
    "outputs": (frozenset(Output.__annotations__), ("variant", "sha256")),
    "events": (frozenset({"at", "state", "note"}), ("at", "state", "note")),
    "attempts": (frozenset(Attempt.__annotations__), ("at", "key")),
    "cookies": (frozenset(Cookie.__annotations__), ("name", "path")),
    "request.reference": (frozenset(Reference.__annotations__), ("path", "sha256")),
    "request.source_file": (frozenset(SourceFile.__annotations__), ("path", "sha256")),
    "request.characters": (frozenset(Character.__annotations__), ("id",)),
    "search.found": (frozenset({"id", "created_at", "same", "near", "other"}), ("id",)),
}
#: The name under which `Job.extra` keeps those fields; no document has it.
_IN_ROWS: Final = "(rows)"
#: Where a later version's word for what was spent is kept, for as long as the error is the same.
_SPENT: Final = "error.spent"
_OF_ERROR: Final = ("kind", "code", "message")


def to_document(job: Job) -> dict[str, Any]:
    """Return the document of a job: JSON types, times in RFC 3339 UTC, never a key or a header.

    It is for people and scripts: cookies have no values here. `job_document.encode` writes them
    too.
    """
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "id": job.id,
        "state": job.state.value,
        "created_at": _stamp(job.created_at),
        "updated_at": _stamp(job.updated_at),
        "server": job.server._asdict(),
        "request": request_document(job.request),
        "remote": dict(job.remote.document) if job.remote else None,
        "remote_id": job.remote_id,
        "outputs": [_output(output) for output in job.outputs],
        **({"clips_missing": job.clips_missing} if job.clips_missing else {}),
        "cost": {
            "estimated": _number(job.cost.estimated),
            "reported": _number(job.cost.reported),
            "currency": job.cost.currency,
            **_rate(job.cost),
        },
        "error": _error(job.error) if job.error else None,
        "simulated": job.simulated,
        "events": [
            {"at": _stamp(e.at), "state": e.word or e.state.value, "note": e.note}
            for e in job.events
        ],
        "attempts": [{**a._asdict(), "at": _stamp(a.at)} for a in job.attempts],
        "consent": _consent(job.consent),
        "not_before": _stamp(job.not_before),
        "expires_at": _stamp(job.expires_at),
        "clock_skew": job.clock_skew,
        "parent": job.parent,
        "batch": job.batch._asdict() if job.batch else None,
        "notes": {**job.notes._asdict(), "tags": list(job.notes.tags)},
        # Only a lost answer is searched for: other documents have the fields of schema 1 alone.
        **({"search": _search(job.search)} if job.search else {}),
        **({"handed_in": job.handed_in._asdict()} if job.handed_in else {}),
        # Few jobs have cookies.
        **({"cookies": [_cookie(cookie) for cookie in job.cookies]} if job.cookies else {}),
    }
    for name, value in job.extra.items():
        if name == _IN_ROWS:
            _add_to_rows(document, value)
        elif name not in _PARTS:
            document[name] = value
        elif document.get(name) is not None:  # an error that is over takes its unknown fields along
            document[name] |= value
    return document


def stored_document(job: Job) -> dict[str, Any]:
    """Return the document as the file has it: with the values of the job's cookies."""
    document = to_document(job)
    if job.cookies:
        document["cookies"] = [
            {**_cookie(cookie), "value": cookie.value.reveal()} for cookie in job.cookies
        ]
        # Not in `to_document`: some of them may be secrets.
        unknown = job.extra.get(_IN_ROWS, {}).get("cookies", {})
        _add_to_rows(document, {"cookies": unknown})
    return document


def without_cookies(document: Any) -> Any:
    """Return a stored document without the values of cookies, for showing it."""
    cookies = document.get("cookies") if isinstance(document, Mapping) else None
    if not isinstance(cookies, list):
        return document
    shown = [
        {name: value for name, value in cookie.items() if name != "value"}
        for cookie in cookies
        if isinstance(cookie, Mapping)
    ]
    return {**document, "cookies": shown}


def from_document(document: object) -> Job:
    """Return the job in a document.

    Fields that this version does not know are kept in `extra`, those of an inner object under its
    name. A word that it does not know (a state, an error kind, an operation) does not make a
    document unreadable: it is kept, and the rest is shown.

    Raises:
        ProblemError: document_newer for a higher schema; document_broken, naming the field, for
            anything that is not a job.
    """
    if not isinstance(document, Mapping):
        raise problem_error("document_broken", field="document", reason="not an object")
    schema = document.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise problem_error("document_newer", schema=schema)
    read = _Reader(document)
    remote = document.get("remote")
    return Job(
        id=read("id", str),
        state=read("state", _read_state),
        created_at=read("created_at", _moment),
        updated_at=read("updated_at", _moment),
        server=read("server", _read_server),
        request=read("request", _read_request),
        simulated=bool(document.get("simulated", False)),
        remote=read_video(remote),
        remote_id=read.maybe("remote_id", str),
        outputs=read.each("outputs", _read_output),
        clips_missing=read.maybe("clips_missing", _count) or 0,
        cost=read.maybe("cost", _read_cost) or Cost(),
        error=read.maybe("error", _read_error),
        events=read.each("events", _read_event),
        attempts=read.each("attempts", _read_attempt),
        consent=read.maybe("consent", _read_consent),
        not_before=read.maybe("not_before", _moment),
        expires_at=read.maybe("expires_at", _moment),
        clock_skew=read.maybe("clock_skew", float),
        search=read.maybe("search", _read_search),
        parent=read.maybe("parent", str),
        batch=read.maybe("batch", _read_batch),
        notes=read.maybe("notes", _read_notes) or Notes(),
        handed_in=read.maybe("handed_in", _read_mark),
        cookies=tuple(cookie for cookie in read.each("cookies", _read_cookie) if cookie),
        extra=_unknown(document),
    )


def _unknown(document: Mapping[str, Any]) -> dict[str, Any]:
    extra = {name: value for name, value in document.items() if name not in _FIELDS}
    for name, known in _PARTS.items():
        part = document.get(name)
        if isinstance(part, Mapping) and not part.keys() <= known:
            extra[name] = {key: value for key, value in part.items() if key not in known}
    if rows := _unknown_in_rows(document):
        extra[_IN_ROWS] = rows
    if _read_state(document.get("state")) is State.UNKNOWN:
        extra["state"] = document["state"]
    return extra


def _unknown_in_rows(document: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for place, (known, own) in _ROWS.items():
        for row in _rows_at(document, place):
            unknown = {key: value for key, value in row.items() if key not in known}
            if unknown:
                found.setdefault(place, {})[_own(row, own)] = unknown
    error = document.get("error")
    if isinstance(error, Mapping) and error.get("spent") not in list(Spent):
        found[_SPENT] = {_own(error, _OF_ERROR): {"spent": error.get("spent")}}
    return found


def _add_to_rows(
    document: dict[str, Any], unknown: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> None:
    """Put the unknown fields of rows back into those that are still there."""
    for place, by_row in unknown.items():
        if place == _SPENT:
            error = document["error"]
            if error is not None:
                error.update(by_row.get(_own(error, _OF_ERROR), {}))
            continue
        is_shown = place == "cookies" and "value" not in next(iter(document.get(place, ())), {})
        for row in _rows_at(document, place) if not is_shown else ():
            for name, value in by_row.get(_own(row, _ROWS[place][1]), {}).items():
                row.setdefault(name, value)


def _rows_at(document: Mapping[str, Any], place: str) -> list[Any]:
    """Return the objects at a place in a document: `outputs`, or `request.reference`."""
    found: Any = document
    for name in place.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    rows = found if isinstance(found, list) else [found]
    return [row for row in rows if isinstance(row, Mapping)]


def _own(row: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """Return the values that identify a row; times in the one form that we write."""
    return "\n".join(
        str(_stamp(_moment(row[name])) if name == "at" and name in row else row.get(name) or "")
        for name in names
    )


class _Reader:
    """Reads fields of a document; an error names the field that is broken."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def __call__(self, name: str, convert: Callable[[Any], T]) -> T:
        if self._document.get(name) is None:
            raise problem_error("document_broken", field=name, reason="missing")
        try:
            return convert(self._document[name])
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise problem_error("document_broken", field=name, reason=_reason(error)) from None

    def maybe(self, name: str, convert: Callable[[Any], T]) -> T | None:
        return None if self._document.get(name) is None else self(name, convert)

    def each(self, name: str, convert: Callable[[Any], T]) -> tuple[T, ...]:
        return self.maybe(name, lambda items: tuple(convert(item) for item in items)) or ()


def _reason(error: Exception) -> str:
    """Return what is wrong with a value, for a person who may repair the file."""
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    if isinstance(error, ValueError | ArithmeticError) and str(error):
        return str(error)
    return "not the kind of value that belongs here"


def _read_state(value: Any) -> State:
    try:
        return State(value)
    except ValueError:
        if not isinstance(value, str) or not value:
            raise
        return State.UNKNOWN


def _stamp(at: datetime | None) -> str | None:
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("no time zone")
    return at.astimezone(UTC)


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _money(value: Any) -> Decimal | None:
    if value is None:
        return None
    sum = amount(value)
    if sum is None:
        raise ValueError(f"no sum of money: {str(value)[:40]}")
    return sum


def request_document(request: VideoRequest) -> dict[str, Any]:
    """Return a request as documents have it: JSON types only."""
    reference = request.reference
    return {
        "operation": request.operation,
        "prompt": request.prompt,
        "prompt_file": request.prompt_file,
        "variables": dict(request.variables),
        "model": request.model,
        "seconds": request.seconds,
        "size": request.size,
        "reference": {**reference._asdict(), "fit": str(reference.fit)} if reference else None,
        "source_video": request.source_video,
        "params": dict(request.params),
        # Few requests have these: the others have the fields of schema 1 alone.
        **({"source_file": request.source_file._asdict()} if request.source_file else {}),
        **({"source_job": request.source_job} if request.source_job is not None else {}),
        **({"characters": [c._asdict() for c in request.characters]} if request.characters else {}),
    }


def _cookie(cookie: Cookie) -> dict[str, Any]:
    return {"name": cookie.name, "path": cookie.path, "secure": cookie.secure}


def _read_cookie(value: Any) -> Cookie | None:
    """Return one of the job's cookies; None for one whose value is missing because it was shown."""
    if not isinstance(value.get("value"), str):
        return None
    return Cookie(
        str(value["name"]),
        Secret(value["value"]),
        str(value.get("path") or "/"),
        value.get("secure") is True,
    )


def _consent(consent: Consent | None) -> dict[str, Any] | None:
    if consent is None:
        return None
    return {
        "kind": consent.kind,
        "at": _stamp(consent.at),
        "sum": _number(consent.sum),
        "currency": consent.currency,
        "max_spend": _number(consent.max_spend),
        "despite_refusal": consent.despite_refusal,
        **({"found": consent.found} if consent.found is not None else {}),
    }


def _search(search: RecoverySearch) -> dict[str, Any]:
    refused = search.refused
    return {
        "began": _stamp(search.began),
        "at": _stamp(search.at),
        "looks": search.searches,
        "listed": search.listed,
        "found": [
            {
                "id": c.id,
                "created_at": _stamp(c.created_at),
                "same": list(c.same),
                # Few have these: the others have the fields of schema 1 alone.
                **({"near": list(c.near)} if c.near else {}),
                **({"other": list(c.other)} if c.other else {}),
            }
            for c in search.found
        ],
        "refused": {**refused._asdict(), "at": _stamp(refused.at)} if refused else None,
        **({"cut": search.cut} if search.cut else {}),
        **({"failure": search.failure} if search.failure else {}),
    }


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _read_server(value: Any) -> ServerRef:
    base_url = str(value["base_url"])
    urlsplit(base_url)  # raises for `http://[::1`, whose host could not be read later
    return ServerRef(str(value["profile"]), base_url, str(value.get("dialect", "auto")))


def _read_request(value: Any) -> VideoRequest:
    reference = value.get("reference")
    operation = value.get("operation", "create")
    if not isinstance(operation, str):
        raise ValueError("operation: not a word")
    return VideoRequest(
        prompt=str(value["prompt"]),
        model=_text(value.get("model")),
        seconds=_text(value.get("seconds")),
        size=_text(value.get("size")),
        reference=None
        if reference is None
        else Reference(
            str(reference["path"]),
            str(reference["sha256"]),
            read_fit(str(reference.get("fit", "exact"))),
        ),
        params=dict(value.get("params") or {}),
        variables={str(k): str(v) for k, v in (value.get("variables") or {}).items()},
        prompt_file=_text(value.get("prompt_file")),
        operation=cast(Operation, operation),  # A later version's word is kept, and never sent.
        source_video=_text(value.get("source_video")),
        source_file=None
        if value.get("source_file") is None
        else SourceFile(str(value["source_file"]["path"]), str(value["source_file"]["sha256"])),
        source_job=_text(value.get("source_job")),
        characters=tuple(
            Character(str(one["name"]), str(one["id"]), str(one["job"]))
            for one in value.get("characters") or ()
        ),
    )


def _output(output: Output) -> dict[str, Any]:
    fields = output._asdict()
    if output.warning is None:
        del fields["warning"]  # Few files have one: the others have the fields of schema 1 alone.
    return fields


def _read_output(value: Any) -> Output:
    return Output(
        variant=str(value["variant"]),
        path=str(value["path"]),
        bytes=int(value["bytes"]),
        sha256=str(value["sha256"]),
        width=_side(value.get("width")),
        height=_side(value.get("height")),
        seconds=_measure(value.get("seconds")),
        fps=_measure(value.get("fps")),
        codec=_text(value.get("codec")),
        warning=_text(value.get("warning")),
    )


def _count(value: Any) -> int:
    """Return a number of things; 0 for a value that is no such number."""
    return value if type(value) is int and 0 < value < 2**31 else 0


def _side(value: Any) -> int | None:
    """Return a side in pixels; None for a value that is no number of pixels of a clip."""
    return value if type(value) is int and 0 < value < 2**32 else None


def _measure(value: Any) -> float | None:
    return value if isinstance(value, int | float) and 0 <= value < 2**32 else None


def _read_cost(value: Any) -> Cost:
    return Cost(
        _money(value.get("estimated")),
        _money(value.get("reported")),
        str(value.get("currency") or "USD"),
        _money(value.get("per_second")),
        max(1, int(value.get("clips") or 1)),
    )


def _rate(cost: Cost) -> dict[str, Any]:
    """Return the rate of an estimate; nothing where there is none."""
    if cost.per_second is None:
        return {}
    return {"per_second": _number(cost.per_second), "clips": cost.clips}


def _error(error: JobError) -> dict[str, Any]:
    """Return an error as it is written; facts only where there are any."""
    written = error._asdict()
    # JSON has no infinity and no NaN, and a reason must never keep a record from being written.
    facts = {
        name: str(fact) if isinstance(fact, float) and not isfinite(fact) else fact
        for name, fact in written.pop("facts").items()
    }
    return {**written, "facts": facts} if facts else written


def _read_error(value: Any) -> JobError:
    spent = value.get("spent")
    return JobError(
        kind=str(value["kind"]),
        spent=Spent(spent) if spent in list(Spent) else Spent.PERHAPS,
        code=_text(value.get("code")),
        message=str(value.get("message") or ""),
        status=value.get("status"),
        request_id=_text(value.get("request_id")),
        facts={
            name: fact
            for name, fact in (value.get("facts") or {}).items()
            if isinstance(fact, str | int | float)
        },
    )


def _read_event(value: Any) -> Event:
    state = _read_state(value["state"])
    word = value["state"] if state is State.UNKNOWN else ""
    return Event(_moment(value["at"]), state, str(value.get("note") or ""), word)


def _read_attempt(value: Any) -> Attempt:
    return Attempt(
        _moment(value["at"]),
        str(value["key"]),
        str(value.get("outcome") or "sending"),
        value.get("status"),
        _text(value.get("request_id")),
    )


def _read_consent(value: Any) -> Consent:
    return Consent(
        kind=str(value["kind"]),
        at=_moment(value["at"]),
        sum=_money(value.get("sum")),
        currency=str(value.get("currency") or "USD"),
        max_spend=_money(value.get("max_spend")),
        despite_refusal=value.get("despite_refusal") is True,
        found=_text(value.get("found")),
    )


def _read_batch(value: Any) -> Batch:
    return Batch(
        str(value["id"]),
        int(value["index"]),
        int(value.get("of") or 0),
        str(value.get("line") or ""),
    )


def _read_notes(value: Any) -> Notes:
    return Notes(
        value.get("rating"),
        tuple(str(tag) for tag in value.get("tags") or ()),
        str(value.get("text") or ""),
    )


def _read_mark(value: Any) -> FolderMark:
    return FolderMark(str(value["token"]), int(value["inode"]), _text(value.get("machine")))


def _read_search(value: Any) -> RecoverySearch:
    from sora_tui.core.recovery import Candidate, RecoverySearch, Refusal

    refused = value.get("refused")
    if refused is not None and refused["code"] not in CODES:
        refused = None  # A reason that this version has no words for.
    return RecoverySearch(
        began=_moment(value["began"]),
        at=_moment(value["at"]),
        searches=int(value.get("looks") or 0),
        listed=bool(value.get("listed", True)),
        found=tuple(
            Candidate(
                str(one["id"]),
                None if one["created_at"] is None else _moment(one["created_at"]),
                *(tuple(map(str, one.get(name) or ())) for name in ("same", "near", "other")),
            )
            for one in value.get("found") or ()
        ),
        refused=None
        if refused is None
        else Refusal(
            _moment(refused["at"]),
            str(refused["video"]),
            str(refused["code"]),
            _text(refused.get("job")),
        ),
        cut=int(value.get("cut") or 0),
        failure=str(value.get("failure") or ""),
    )
