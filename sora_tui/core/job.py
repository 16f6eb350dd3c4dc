"""A job: one clip that is paid for, on its way to becoming a file. Read this first.

A `Job` is a value. Every legal step is a method that returns the next value; nothing else sets a
state. `STEPS` is the whole map:

    pending -> submitting -> queued -> in_progress -> completed -> downloading -> saved

with the side exits `not_sent` (provably never left), `unconfirmed` (the answer is lost: it may have
reached the server), `rejected` (a definite refusal), `failed`, `expired`, `gone` (the server forgot
it), `cancelled` and `abandoned` (by the user).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sora_tui.core.cookie import MAX_COOKIES, Cookie
from sora_tui.core.problem import CODES, Fact, Problem, Spent, problem_error
from sora_tui.core.remote_video import FINAL_PHASES, Phase, RemoteVideo, cost_in, inner_id
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import ServerRef
from sora_tui.core.text import clean_line

if TYPE_CHECKING:  # few jobs have one, and every start imports this module
    from sora_tui.core.recovery import RecoverySearch

#: How the note of a deletion that the server refused begins.
_KEPT: Final = "not deleted at the server: "
#: Beyond this many events the oldest but the first are dropped: a server that says 429 for a day
#: must not make a document grow without end.
MAX_EVENTS: Final = 200
_ADOPTED: Final = "adopted"
_TOO_LARGE: Final = "download_too_large"


class State(StrEnum):
    """Where a job is. The screen, documents and `--state` use these words."""

    PENDING = "pending"
    SUBMITTING = "submitting"
    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    DOWNLOADING = "downloading"
    SAVED = "saved"
    NOT_SENT = "not_sent"
    UNCONFIRMED = "unconfirmed"
    REJECTED = "rejected"
    FAILED = "failed"
    EXPIRED = "expired"
    GONE = "gone"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"
    #: A document of a later version has a word that this one does not know. It is shown and kept
    #: as it is; no step leads here or away.
    UNKNOWN = "unknown"


#: The state of a job at a server, by the phase that the server reports.
_REMOTE: Final[Mapping[Phase, State]] = {
    Phase.QUEUED: State.QUEUED,
    Phase.UNKNOWN: State.QUEUED,
    Phase.IN_PROGRESS: State.IN_PROGRESS,
    Phase.COMPLETED: State.COMPLETED,
    Phase.FAILED: State.FAILED,
    Phase.CANCELLED: State.CANCELLED,
    Phase.EXPIRED: State.EXPIRED,
}
_ANY_REMOTE: Final = frozenset(_REMOTE.values())
_IN_FLIGHT: Final = frozenset({State.QUEUED, State.IN_PROGRESS})
#: States of a job that a server reports for the first time. A final word counts when it is
#: repeated.
_ALIVE: Final = _IN_FLIGHT | {State.COMPLETED}

STEPS: Final[Mapping[State, frozenset[State]]] = {
    State.PENDING: frozenset(
        {State.SUBMITTING, State.NOT_SENT, State.CANCELLED, State.UNCONFIRMED, State.REJECTED}
    ),
    State.SUBMITTING: _ALIVE | {State.PENDING, State.NOT_SENT, State.UNCONFIRMED, State.REJECTED},
    State.NOT_SENT: frozenset({State.PENDING, State.ABANDONED}),
    State.UNCONFIRMED: _ALIVE | {State.ABANDONED},
    State.QUEUED: _ANY_REMOTE | {State.GONE},
    State.IN_PROGRESS: _ANY_REMOTE - {State.QUEUED} | {State.GONE},
    State.COMPLETED: frozenset({State.DOWNLOADING, State.EXPIRED, State.GONE}),
    State.DOWNLOADING: frozenset({State.COMPLETED, State.SAVED, State.EXPIRED, State.GONE}),
    State.GONE: _ALIVE | {State.ABANDONED},
    State.SAVED: frozenset(),
    State.REJECTED: frozenset(),
    State.FAILED: _ALIVE,
    State.EXPIRED: frozenset({State.COMPLETED}),
    State.CANCELLED: _ALIVE,
    State.ABANDONED: frozenset(),
    State.UNKNOWN: frozenset(),
}

_ONCE_MORE: Final = "asked for once more"
#: Outcomes of an attempt that a server deferred: it named a limit; it named none; its words are
#: known to come before anything is made. A later version may know more of them.
_DEFERRED: Final = "deferred"
_DEFERRED_BARE: Final = "deferred, no limit named"
_DEFERRED_PROVEN: Final = "deferred before any call"

#: States in which the engine has work with a job.
ACTIVE: Final = frozenset(
    {
        State.PENDING,
        State.SUBMITTING,
        State.QUEUED,
        State.IN_PROGRESS,
        State.COMPLETED,
        State.DOWNLOADING,
    }
)
#: States of a job that is over without a clip here.
_WITHOUT_CLIP: Final = frozenset(
    {State.FAILED, State.CANCELLED, State.EXPIRED, State.GONE, State.ABANDONED, State.REJECTED}
)
#: States in which a person has to decide.
NEEDS_DECISION: Final = frozenset({State.UNCONFIRMED})


class Event(NamedTuple):
    """One entry in the history of a job.

    Attributes:
        word: The state as a later version wrote it, where `state` is unknown.
    """

    at: datetime
    state: State
    note: str = ""
    word: str = ""

    @property
    def state_word(self) -> str:
        """The state as a person reads it: a later version's word where there is one."""
        return clean_line(self.word, 24) or self.state.value


class Attempt(NamedTuple):
    """One try to send the paid request.

    Attributes:
        key: The idempotency key that went along.
        outcome: `sending`, then what became of it.
        status: The HTTP status, where one was seen.
        request_id: What the server's support asks for.
    """

    at: datetime
    key: str
    outcome: str = "sending"
    status: int | None = None
    request_id: str | None = None

    @property
    def is_deferred(self) -> bool:
        """Whether the server said "not now"."""
        return self.outcome.startswith(_DEFERRED)


class Output(NamedTuple):
    """A file that a job left behind.

    Attributes:
        variant: `video`, `video-2` and so on for its clips, else the kind of picture.
        path: Relative to the workspace, with `/`.
        warning: Why the check of the download did not find it to be a whole clip, where it was
            kept all the same: `not_checked`, `trailing_bytes` or a `reason` of `clip_damaged`;
            `length_unknown` or `length_differs` where only the server's word on its length is
            missing or wrong.
    """

    variant: str
    path: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    fps: float | None = None
    codec: str | None = None
    warning: str | None = None

    @property
    def is_clip(self) -> bool:
        """Whether it is a clip that was paid for, and not a picture of it."""
        return self.variant == "video" or self.variant.startswith("video-")


class Cost(NamedTuple):
    """Money; estimated and reported sums are kept apart. None is unknown, 0 is free.

    Attributes:
        per_second: The rate of the estimate, and `clips` how many clips it is for: a server may
            tell afterwards that it made more.
    """

    estimated: Decimal | None = None
    reported: Decimal | None = None
    currency: str = "USD"
    per_second: Decimal | None = None
    clips: int = 1

    def with_reported(self, sum: Decimal, currency: str | None) -> Cost:
        """Return the cost with what the server said it charged.

        An estimate in another currency is dropped.
        """
        if currency in {None, self.currency}:
            return self._replace(reported=sum)
        assert currency is not None, "see above"
        free = self.estimated if self.estimated == 0 else None
        return Cost(free, sum, currency)


_NO_FACTS: Final[Mapping[str, Fact]] = MappingProxyType({})


class JobError(NamedTuple):
    """Why a job is in its present state.

    Attributes:
        kind: A code of `problem.CODES`, or of a later version's.
        code: The server's own code.
        message: The server's own words, cleaned.
        status: The HTTP status.
        request_id: What the server's support asks for.
        facts: The facts of a reason of our own: a limit, a path, never words of a server.
    """

    kind: str
    spent: Spent
    code: str | None = None
    message: str = ""
    status: int | None = None
    request_id: str | None = None
    facts: Mapping[str, Fact] = _NO_FACTS

    @property
    def problem(self) -> Problem:
        """The same as a `Problem`, for the texts of the faces."""
        facts: dict[str, Fact] = {**self.facts, "message": self.message}
        if self.code is not None:
            facts["code"] = self.code
        if self.status is not None:
            facts["status"] = self.status
        if self.request_id is not None:
            facts["request_id"] = self.request_id
        if self.kind not in CODES:
            return Problem("word_unknown", facts | {"word": self.kind}, self.spent)
        return Problem(self.kind, facts, self.spent)


class Consent(NamedTuple):
    """What the person agreed to before anything was sent.

    Attributes:
        kind: `free`, `priced` or `unknown`: the class of price that was shown.
        sum: The sum that was named, for this one job.
        max_spend: The limit given with `--max-spend`, for this one job.
        despite_refusal: The person knows that the server refused this prompt before.
        found: The dialect of a server of this machine that runs its models itself, which is why
            an unknown price was not asked about; None otherwise.
    """

    kind: str
    at: datetime
    sum: Decimal | None = None
    currency: str = "USD"
    max_spend: Decimal | None = None
    despite_refusal: bool = False
    found: str | None = None


class Batch(NamedTuple):
    """One of several clips of one order; the clips of one prompt are its takes.

    Attributes:
        id: Of the order: that of its first job, or the name of a batch file.
        index: Of the take, from 1.
        of: Takes of this prompt; 0 in documents of a version that did not write it.
        line: What identifies the line of a batch file; empty where there is no file.
    """

    id: str
    index: int  # type: ignore[assignment]  # a batch is never searched for a value
    of: int = 0
    line: str = ""


class Notes(NamedTuple):
    """What the person says about a clip; `rating` 0..5."""

    rating: int | None = None
    tags: tuple[str, ...] = ()
    text: str = ""


class FolderMark(NamedTuple):
    """What distinguishes the folder that a job was handed in to from a copy of it.

    A copy has the same token and another inode; on another machine the machine's id differs.

    Attributes:
        token: What the mark file holds; random.
        inode: Of the mark file.
        machine: A hash of the machine's id; None where it has no id, as in most containers.
    """

    token: str
    inode: int
    machine: str | None = None

    def is_same_folder(self, other: FolderMark | None) -> bool:
        """Return whether both are marks of one folder; a missing machine id does not count."""
        if other is None or (self.token, self.inode) != (other.token, other.inode):
            return False
        return None in {self.machine, other.machine} or self.machine == other.machine


_UNKNOWN_COST: Final = Cost()
_NO_NOTES: Final = Notes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job and its whole life so far. Times are UTC."""

    id: str
    state: State
    created_at: datetime
    updated_at: datetime
    server: ServerRef
    request: VideoRequest
    simulated: bool = False
    remote: RemoteVideo | None = None
    remote_id: str | None = None
    outputs: tuple[Output, ...] = ()
    #: Clips that were made or asked for, and that the server gives no way to fetch.
    clips_missing: int = 0
    cost: Cost = _UNKNOWN_COST
    error: JobError | None = None
    events: tuple[Event, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    consent: Consent | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None
    clock_skew: float | None = None
    search: RecoverySearch | None = None
    parent: str | None = None
    batch: Batch | None = None
    notes: Notes = _NO_NOTES
    #: The mark of the folder that it was handed in to; None in documents of versions without marks.
    handed_in: FolderMark | None = None
    #: Cookies that the answer to the create set; every later request for this job carries them.
    cookies: tuple[Cookie, ...] = ()
    #: Fields of the document that this version does not know; they are kept.
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def was_content_refused(self) -> bool | None:
        """True where the server refused the content, False where it passed, else None."""
        if self.error is not None and self.error.kind in {"moderation_before", "moderation_after"}:
            return True
        is_made = self.remote is not None and self.remote.phase is Phase.COMPLETED
        return False if is_made else None

    @property
    def state_word(self) -> str:
        """The state as the document has it: a later version's word where this version has none."""
        if self.state is State.UNKNOWN:
            return clean_line(self.extra.get("state", self.state.value), 24)
        return self.state.value

    # How a job is created -------------------------------------------------------------------

    @classmethod
    def new(
        cls,
        id: str,
        at: datetime,
        server: ServerRef,
        request: VideoRequest,
        *,
        cost: Cost,
        consent: Consent,
        simulated: bool = False,
        parent: str | None = None,
        once_more: bool = False,
        batch: Batch | None = None,
    ) -> Job:
        """Return a new job that the person agreed to, waiting to be sent.

        Args:
            id: The id of the job.
            at: The time at which it was handed in.
            server: The server that it is for.
            request: What is asked for.
            cost: Its price as it was known before sending.
            consent: What the person agreed to.
            simulated: The server is the built-in simulator.
            parent: The id of the job that this one repeats, if any.
            once_more: The person saw how `parent` had ended, and wants the same again.
            batch: Its place in a batch, if it is part of one.
        """
        return cls(
            id=id,
            state=State.PENDING,
            created_at=at,
            updated_at=at,
            server=server,
            request=request,
            simulated=simulated,
            cost=cost,
            consent=consent,
            parent=parent,
            batch=batch,
            events=(Event(at, State.PENDING, _ONCE_MORE if once_more else ""),),
        )

    @classmethod
    def adopted(
        cls,
        id: str,
        at: datetime,
        server: ServerRef,
        remote: RemoteVideo,
        *,
        simulated: bool = False,
        free: bool = False,
    ) -> Job:
        """Return a job made elsewhere and adopted here, in the state that the server reports.

        Args:
            id: The id of the new job.
            at: The time at which it was adopted.
            server: The server that made it.
            remote: What the server says of the video.
            simulated: The server is the built-in simulator.
            free: The server charges nothing.
        """
        state = _REMOTE[remote.phase]
        return cls(
            id=id,
            state=state,
            created_at=remote.created_at or at,
            updated_at=at,
            server=server,
            request=VideoRequest(
                prompt=remote.prompt or "",
                model=remote.model,
                seconds=remote.seconds,
                size=remote.size,
            ),
            simulated=simulated,
            cost=Cost(estimated=Decimal(0)) if free else _UNKNOWN_COST,
            remote=remote,
            remote_id=remote.id,
            expires_at=remote.expires_at,
            error=_remote_error(remote),
            events=(Event(at, state, _ADOPTED),),
        )

    # Sending --------------------------------------------------------------------------------

    def submitting(self, at: datetime, key: str, clock_skew: float | None = None) -> Job:
        """Return the job with the intent to send; it must be on disk before the first byte leaves.

        Args:
            at: The time of this step.
            key: The idempotency key of this attempt.
            clock_skew: The server's clock minus ours at this moment, in seconds, if it is known.
        """
        attempts = (*self.attempts, Attempt(at, key))
        return self._step(
            State.SUBMITTING,
            at,
            attempts=attempts,
            not_before=None,
            error=None,
            clock_skew=clock_skew,
        )

    def deferred(
        self,
        at: datetime,
        not_before: datetime,
        status: int,
        *,
        names_limit: bool = True,
        is_proven: bool = False,
    ) -> Job:
        """Return the job that the server deferred: a 429, or words of its own that are known.

        Args:
            at: The time of this step.
            not_before: The earliest time of the next attempt.
            status: The HTTP status of the answer.
            names_limit: It named the limit that was reached.
            is_proven: Its words are known to come before anything is made. Without that the
                deferral is believed only where the server's list agrees.
        """
        outcome = _DEFERRED if names_limit else _DEFERRED_BARE
        outcome = _DEFERRED_PROVEN if is_proven else outcome
        return self._step(
            State.PENDING,
            at,
            f"{status}, again after {not_before:%H:%M:%S} UTC",
            not_before=not_before,
            attempts=self._last_attempt(outcome, status),
        )

    def deferral_doubted(self, at: datetime, error: JobError) -> Job:
        """Return the job as unconfirmed: its "not now" is not believed, so it is not sent."""
        if self.state is not State.PENDING or not self.was_deferred:
            raise _illegal(self, State.UNCONFIRMED)
        return self._step(State.UNCONFIRMED, at, error=error, not_before=None)

    def deferred_for_good(self, at: datetime, error: JobError) -> Job:
        """Return the job as refused: "not now" came too often, and nothing shows it was made."""
        if self.state is not State.PENDING or not self.was_deferred:
            raise _illegal(self, State.REJECTED)
        return self._step(State.REJECTED, at, error=error, not_before=None)

    def of_unknown_past(self, at: datetime, error: JobError) -> Job:
        """Return a waiting job as unconfirmed because another folder or process may have sent it.

        It is searched for like a lost answer, and a person decides whether it is sent.
        """
        if self.state is not State.PENDING:
            raise _illegal(self, State.UNCONFIRMED)
        return self._step(State.UNCONFIRMED, at, error=error, not_before=None)

    def blocked(self, at: datetime, error: JobError) -> Job:
        """Return the waiting job with the reason why the workspace's owner does not send it."""
        if self.state is not State.PENDING:
            raise _illegal(self, State.PENDING)
        return replace(self.noted(at, f"waits: {error.kind}"), error=error)

    def unblocked(self, at: datetime) -> Job:
        """Return the pending job without the reason that kept it."""
        if self.state is not State.PENDING:
            raise _illegal(self, State.PENDING)
        return self if self.error is None else replace(self.noted(at, "waits no more"), error=None)

    def not_sent(self, at: datetime, error: JobError) -> Job:
        """Return the job as not sent: the request provably never reached a server."""
        return self._step(State.NOT_SENT, at, error=error, attempts=self._last_attempt("not_sent"))

    def retried(self, at: datetime, handed_in: FolderMark | None = None) -> Job:
        """Return the same job, waiting once more; allowed only because it was never sent.

        Args:
            at: The time of this step.
            handed_in: The mark of the folder in which a person asks for it.
        """
        if self.state is not State.NOT_SENT:
            raise _illegal(self, State.PENDING)
        return self._step(State.PENDING, at, error=None, handed_in=handed_in or self.handed_in)

    def unconfirmed(self, at: datetime, error: JobError, not_before: datetime | None = None) -> Job:
        """Return the job as unconfirmed: its answer is lost, so it may be running, and billed.

        Args:
            at: The time of this step.
            error: What happened to the answer.
            not_before: Nothing else is sent to this server until then; this job is never sent
                again by itself.
        """
        if self.state is not State.SUBMITTING:
            raise _illegal(self, State.UNCONFIRMED)
        attempts = self._last_attempt("unconfirmed", error.status)
        return self._step(
            State.UNCONFIRMED, at, error=error, attempts=attempts, not_before=not_before
        )

    def rejected(self, at: datetime, error: JobError) -> Job:
        """Return the job as definitely refused by the server."""
        attempts = self._last_attempt("rejected", error.status)
        return self._step(State.REJECTED, at, error=error, attempts=attempts)

    def accepted(
        self,
        at: datetime,
        remote: RemoteVideo,
        status: int | None = None,
        request_id: str | None = None,
        cookies: tuple[Cookie, ...] = (),
    ) -> Job:
        """Return the job as accepted: from submitting, or from unconfirmed when it was found."""
        if self.state not in {State.SUBMITTING, State.UNCONFIRMED}:
            raise _illegal(self, _REMOTE[remote.phase])
        outcome = "accepted" if self.state is State.SUBMITTING else "found"
        attempts = self._last_attempt(outcome, status, request_id)
        job = replace(
            self, attempts=attempts, error=None, search=None, not_before=None, cookies=cookies
        )
        return job._at_server(at, remote)

    def with_clock_skew(self, skew: float) -> Job:
        """Return the job with the server's clock minus ours at sending, found out later."""
        return replace(self, clock_skew=skew)

    def searched(self, at: datetime, search: RecoverySearch) -> Job:
        """Return the unconfirmed job with the result of a search; only news gets an event."""
        if self.state is not State.UNCONFIRMED:
            raise _illegal(self, State.UNCONFIRMED)
        news = search.news(self.search)
        job = replace(self, search=search)
        return job.noted(at, news) if news else job

    def withdrawn(self, at: datetime, note: str = "withdrawn before it was sent") -> Job:
        """Return the waiting job as withdrawn."""
        if self.state is not State.PENDING:
            raise _illegal(self, State.CANCELLED)
        return self._step(State.CANCELLED, at, note)

    def abandoned(self, at: datetime) -> Job:
        """Return the unconfirmed job as given up by the person; the record stays."""
        return self._step(State.ABANDONED, at)

    def sent_again(self, at: datetime, child: str) -> Job:
        """Return the job as abandoned for another job with the same request, which it names."""
        if self.state is not State.UNCONFIRMED:
            raise _illegal(self, State.ABANDONED)
        return self._step(State.ABANDONED, at, _sent_again_as(child))

    def was_sent_again_as(self, child: str) -> bool:
        """Return whether `child` replaces this job; a second job must not."""
        return self.state is State.ABANDONED and self.events[-1].note == _sent_again_as(child)

    # At the server --------------------------------------------------------------------------

    def progressed(self, at: datetime, remote: RemoteVideo) -> Job:
        """Return the job after a poll.

        It never goes backwards: a stale replica that says `in_progress` after `completed` changes
        nothing (fault 37), and an unknown word leaves the state as it is. A word that ends the job
        without a clip ends it when the next answer repeats it: a stale replica, or a cache, may say
        it once of a job that runs and is paid for.
        """
        if self.state not in _IN_FLIGHT:
            return self
        return replace(self, error=None)._at_server(at, remote)  # it is answered

    def with_cookies(self, cookies: tuple[Cookie, ...]) -> Job:
        """Return the job with the cookies that a later answer set, in place of the earlier ones."""
        if not cookies:
            return self
        kept = {(cookie.name, cookie.path): cookie for cookie in (*self.cookies, *cookies)}
        return replace(self, cookies=tuple(kept.values())[-MAX_COOKIES:])

    def status_refused(self, at: datetime, error: JobError) -> Job:
        """Return the job with the reason why its server does not report its status."""
        if self.state not in _IN_FLIGHT:
            raise _illegal(self, self.state)
        if self.error == error:
            return self
        note = f"not told how it is: {error.kind}"
        job = self if note in {event.note for event in self.events} else self.noted(at, note)
        return replace(job, updated_at=at, error=error)

    def rediscovered(self, at: datetime, remote: RemoteVideo) -> Job:
        """Return the job as alive: a server that had forgotten or ended it now says otherwise."""
        is_over = self.state is not State.GONE and remote.phase.is_final_without_clip
        if not self.can_recheck_remote or is_over:
            raise _illegal(self, _REMOTE[remote.phase])
        return replace(self, error=None)._at_server(at, remote)

    def final_status_believed(self, at: datetime) -> Job:
        """Return the job ended as the answer to the create said; the server no longer knows it."""
        if not self.ended_at_create:
            raise _illegal(self, State.FAILED)
        assert self.remote is not None
        return self._at_server(at, self.remote)

    def found_under_another_id(self, at: datetime, remote: RemoteVideo) -> Job:
        """Return the job under another id: the server denies the id it gave, and lists this one."""
        if self.state not in _IN_FLIGHT:
            raise _illegal(self, _REMOTE[remote.phase])
        denied = clean_line(self.remote_id or "", 80)
        found = clean_line(remote.id, 80)
        job = self.noted(at, f"the server denies {denied}: its list has the job as {found}")
        return replace(job, remote_id=remote.id, error=None)._at_server(at, remote)

    def gone(self, at: datetime, error: JobError) -> Job:
        """Return the job as gone: the server no longer knows it."""
        return self._step(State.GONE, at, error=error)

    def expired(self, at: datetime, error: JobError) -> Job:
        """Return the job as expired: it was made, and its file is no longer available."""
        return self._step(State.EXPIRED, at, error=error)

    def remote_deleted(self, at: datetime) -> Job:
        """Return the running job as deleted by the server: there will be no clip."""
        if self.state not in _IN_FLIGHT or self.remote is None:
            raise _illegal(self, State.CANCELLED)
        remote = self.remote._replace(status="deleted", phase=Phase.CANCELLED)
        return replace(self, remote=remote)._at_server(at, remote)

    def remote_delete_failed(self, at: datetime, error: JobError) -> Job:
        """Return the job with a note that the server did not delete it when asked to."""
        said = " ".join(str(part) for part in (error.status or error.kind, error.message) if part)
        return self.noted(at, f"{_KEPT}{said}")

    # Download -------------------------------------------------------------------------------

    def downloading(self, at: datetime) -> Job:
        """Return the job with its clip being downloaded."""
        return self._step(State.DOWNLOADING, at, error=None)

    def interrupted(self, at: datetime, error: JobError | None = None) -> Job:
        """Return the job with its transfer ended early; the clip is still at the server."""
        if self.state is not State.DOWNLOADING:
            raise _illegal(self, State.COMPLETED)
        return self._step(State.COMPLETED, at, "download interrupted", error=error)

    def download_retried(self, at: datetime) -> Job:
        """Return the job with its file asked for once more: a server may only have been late."""
        if self.is_too_large:
            return replace(self.noted(at, "asked for again"), error=None)
        if self.state is not State.EXPIRED:
            raise _illegal(self, State.COMPLETED)
        return self._step(State.COMPLETED, at, "asked for again")

    def fetched(self, at: datetime, output: Output) -> Job:
        """Return the job with one of several clips published; others are still to come."""
        if self.state is not State.DOWNLOADING:
            raise _illegal(self, State.SAVED)
        return replace(self.noted(at, f"saved {output.variant}"), outputs=(*self.outputs, output))

    def saved(
        self, at: datetime, outputs: tuple[Output, ...], note: str = "", *, clips_missing: int = 0
    ) -> Job:
        """Return the job as saved: its clips are hashed, checked and published."""
        changes: dict[str, Any] = {"outputs": outputs, "clips_missing": clips_missing}
        return self._step(State.SAVED, at, note, error=None, **changes)

    def with_preview(self, at: datetime, output: Output) -> Job:
        """Return the saved job with a picture of its clip from the server; one of each variant."""
        if self.state is not State.SAVED or output.is_clip:
            raise _illegal(self, State.SAVED)
        others = tuple(each for each in self.outputs if each.variant != output.variant)
        return replace(self, updated_at=at, outputs=(*others, output))

    # Reading --------------------------------------------------------------------------------

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens by itself. A character has no file: completed is its end."""
        if self.state is State.COMPLETED:
            return self.request.operation == "character"
        return self.state not in ACTIVE

    @property
    def is_active(self) -> bool:
        """Whether the engine still has work with it."""
        return not self.is_final

    @property
    def is_too_large(self) -> bool:
        """Whether its clip is larger than the limit: only a person has it asked for again."""
        error = self.error
        return self.state is State.COMPLETED and error is not None and error.kind == _TOO_LARGE

    @property
    def has_unconfirmed_end(self) -> bool:
        """Whether its last status ends it, and has to be repeated to be believed."""
        return (
            self.state in _IN_FLIGHT
            and self.remote is not None
            and self.remote.phase.is_final_without_clip
        )

    @property
    def can_recheck_remote(self) -> bool:
        """Whether its server may be asked once more for a job that it forgot or ended."""
        ended = self.state in {State.GONE, State.FAILED, State.CANCELLED}
        return ended and self.remote_id is not None

    @property
    def ended_at_create(self) -> bool:
        """Whether the answer to the create ended it, and no answer came since."""
        accepted = self.events[-2:-1] and self.events[-2].state is State.SUBMITTING
        return bool(accepted) and self.has_unconfirmed_end

    def knows(self, remote: RemoteVideo) -> bool:
        """Return whether an answer is about this job: by the id of its create, or a later one."""
        ids = (self.remote_id, self.remote.id if self.remote else None)
        return inner_id(remote.id) in {inner_id(known) for known in ids if known}

    def is_before(self, other: Job) -> bool:
        """Return whether another record of this job is a later one.

        Records grow by their last event. Their times do not decide: a clock may be set back.
        """
        events = other.events
        if not self.events or not events or self.events[-1] == events[-1]:
            return False
        return self.events[-1] in events and events[-1] not in self.events

    @property
    def has_remote_clip(self) -> bool:
        """Whether a server has made its clip, so that something else can be made of it."""
        made = self.state in {State.COMPLETED, State.DOWNLOADING, State.SAVED}
        return made and self.remote_id is not None and self.request.operation != "character"

    @property
    def is_adopted(self) -> bool:
        """Whether it was made elsewhere: this workspace never sent it, and spent nothing on it."""
        return bool(self.events) and self.events[0].note == _ADOPTED

    @property
    def is_once_more(self) -> bool:
        """Whether the person asked for it knowing how its parent ended; it does not replace it."""
        return self.parent is not None and self.events[0].note == _ONCE_MORE

    @property
    def is_free(self) -> bool:
        """Whether nothing is charged for it, as far as is known; what a server says wins."""
        return self.simulated or (self.cost.estimated == 0 and not self.cost.reported)

    @property
    def is_cost_final(self) -> bool:
        """Whether the server reported the cost together with the end.

        A cost that it reported before, in the answer to the paid request, is its estimate: a
        gateway does not correct it when the job fails (LiteLLM 1.110).
        """
        return (
            self.cost.reported is not None
            and self.remote is not None
            and self.remote.phase in FINAL_PHASES
            and not self.has_unconfirmed_end
            and cost_in(self.remote.document) is not None
        )

    @property
    def is_perhaps_charged(self) -> bool:
        """Whether a sum was reported before it ended without a clip, and none since."""
        return (
            self.cost.reported is not None
            and self.state in _WITHOUT_CLIP
            and not self.is_cost_final
        )

    @property
    def request_id(self) -> str | None:
        """What the server's support asks for: of the failure, else of the request itself."""
        if self.error is not None and self.error.request_id:
            return self.error.request_id
        return self.attempts[-1].request_id if self.attempts else None

    @property
    def can_delete_remote(self) -> bool:
        """Whether its video can be deleted at the server without losing a clip still to come."""
        if self.request.operation == "character":
            return False  # the API has no way to delete one
        is_at_rest = self.is_final and not self.needs_decision
        return self.remote_id is not None and (is_at_rest or self.state in _IN_FLIGHT)

    @property
    def has_unknown_past(self) -> bool:
        """Whether another folder or process may have sent it, at any moment since it was made."""
        return not self.attempts or (self.error is not None and self.error.kind == "past_unknown")

    @property
    def unconfirmed_since(self) -> datetime:
        """When its answer was lost; of an unknown past, the first moment it can have been sent."""
        if self.has_unknown_past:
            return self.created_at
        at = self.updated_at
        for event in reversed(self.events):
            if event.state is not State.UNCONFIRMED:
                break
            at = event.at
        return at

    @property
    def was_deferred(self) -> bool:
        """Whether a server has said "not now" to it."""
        return any(attempt.is_deferred for attempt in self.attempts)

    @property
    def was_deferred_without_limit(self) -> bool:
        """Whether a server has said "not now" to it without naming a limit."""
        return any(attempt.outcome == _DEFERRED_BARE for attempt in self.attempts)

    @property
    def was_deferred_before_any_call(self) -> bool:
        """Whether each "not now" of the server is known to come before anything is made."""
        deferred = [each.outcome for each in self.attempts if each.is_deferred]
        return bool(deferred) and all(outcome == _DEFERRED_PROVEN for outcome in deferred)

    @property
    def is_stopped(self) -> bool:
        """Whether it waits for a person because answers to other paid requests were unclear."""
        stopped = self.error is not None and self.error.kind == "sending_stopped"
        return stopped and self.state is State.PENDING

    @property
    def needs_decision(self) -> bool:
        """Whether a person has to decide before anything happens."""
        return self.state in NEEDS_DECISION

    @property
    def remote_delete_error(self) -> str | None:
        """Why the server did not delete it, if that was the last thing that happened."""
        note = self.events[-1].note if self.events else ""
        return note.removeprefix(_KEPT) if note.startswith(_KEPT) else None

    # The machine ----------------------------------------------------------------------------

    def noted(self, at: datetime, note: str) -> Job:
        """Return the job in the same state, with one more event in its record."""
        return replace(self, updated_at=at, events=_with(self.events, Event(at, self.state, note)))

    def _at_server(self, at: datetime, remote: RemoteVideo) -> Job:
        to = _REMOTE[remote.phase]
        with_server = self.state in _IN_FLIGHT
        told_before = self.remote.phase if with_server and self.remote else None
        is_first = remote.phase.is_final_without_clip and told_before is not remote.phase
        if is_first:
            to = self.state if with_server else State.QUEUED
        if with_server and (to not in STEPS[self.state] or remote.phase is Phase.UNKNOWN):
            to = self.state
        if self.remote and to in _IN_FLIGHT:
            told = [p for p in (self.remote.progress, remote.progress) if p is not None]
            remote = remote._replace(progress=max(told, default=None))
        cost = (
            self.cost
            if remote.cost is None
            else self.cost.with_reported(remote.cost, remote.currency)
        )
        changes: dict[str, Any] = {
            "remote": remote,
            # The id that create returned, always: some gateways answer polls with another one.
            "remote_id": self.remote_id or remote.id,
            "expires_at": remote.expires_at or self.expires_at,
            "cost": cost,
            "error": self.error if is_first else _remote_error(remote) or self.error,
        }
        note = f"{remote.status}, says the server: asked once more" if is_first else ""
        if to is not self.state:
            return self._step(to, at, note, **changes)
        job = replace(self, updated_at=at, **changes)
        return job.noted(at, note) if note else job

    def _last_attempt(
        self, outcome: str, status: int | None = None, request_id: str | None = None
    ) -> tuple[Attempt, ...]:
        if not self.attempts:
            return ()
        last = self.attempts[-1]._replace(outcome=outcome, status=status, request_id=request_id)
        return (*self.attempts[:-1], last)

    def _step(self, to: State, at: datetime, note: str = "", **changes: Any) -> Job:
        if to not in STEPS[self.state]:
            raise _illegal(self, to)
        events = _with(self.events, Event(at, to, note))
        return replace(self, state=to, updated_at=at, events=events, **changes)


def _with(events: tuple[Event, ...], event: Event) -> tuple[Event, ...]:
    if len(events) < MAX_EVENTS:
        return (*events, event)
    return (events[0], *events[2:], event)


def _sent_again_as(child: str) -> str:
    return f"sent again as {child}"


def _illegal(job: Job, to: State) -> Exception:
    return problem_error("step_illegal", job=job.id, state=job.state.value, to=to.value)


def _remote_error(remote: RemoteVideo) -> JobError | None:
    """Return the error of a job that ended at the server, with what it says about money."""
    code = remote.error.code if remote.error else None
    message = remote.error.message if remote.error else ""
    if remote.phase is Phase.CANCELLED:
        return JobError("remote_cancelled", Spent.PERHAPS, code=code, message=message)
    if remote.phase is Phase.EXPIRED:
        return JobError("remote_expired", Spent.YES, code=code, message=message)
    if remote.phase is not Phase.FAILED:
        return None
    from sora_tui.core.moderation import is_moderation  # its patterns cost the first frame 20 ms

    kind = "moderation_after" if is_moderation(code, message) else "generation_failed"
    return JobError(kind, Spent.PERHAPS, code=code, message=message)
