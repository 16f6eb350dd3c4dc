"""From a draft to jobs: check, picture, price, consent, hand-in. Blocks: for worker threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sora_tui.config.settings import Settings
from sora_tui.core.budget import day_began, over_budget, spending
from sora_tui.core.job import Consent, Job
from sora_tui.core.limits import Budget
from sora_tui.core.price import Ask, Price, ask_for
from sora_tui.core.problem import Problem, ProblemError, problem_error
from sora_tui.core.remote import RemoteVideo
from sora_tui.core.request import VideoRequest, check_request
from sora_tui.core.server import Server
from sora_tui.engine.engine import Verb
from sora_tui.engine.events import EngineEvent
from sora_tui.engine.offers import offer_for
from sora_tui.engine.quote import ending, quote
from sora_tui.engine.way import check_way
from sora_tui.i18n.endings import ending_words
from sora_tui.tui.draft import Draft, request_of
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.references import Prepared, read_reference_image
from sora_tui.workspace.verdicts import refusal_before

if TYPE_CHECKING:
    from sora_tui.media.helper import Helper


class EngineLike(Protocol):
    """What the screen needs of the engine."""

    def start(self) -> None:
        """Begin; returns at once."""

    def stop(self, timeout: float = 2.5) -> bool:
        """Leave; whether everything is durable."""

    def subscribe(self, listener: Callable[[EngineEvent], None]) -> Callable[[], None]:
        """Hear of changes, in the engine's thread."""

    def submit(
        self,
        server: Server,
        request: VideoRequest,
        price: Price,
        consent: Consent,
        prepared: Prepared | None = None,
        count: int = 1,
        *,
        parent: str | None = None,
        once_more: bool = False,
    ) -> list[Job]:
        """Hand in one order, or a job sent again; durable on return."""

    def command(self, job_id: str, verb: Verb, argument: str = "") -> None:
        """Ask for something to be done with a job; durable on return."""

    def use_servers(self, servers: Mapping[str, Server]) -> None:
        """Go on with other profiles."""

    def list_remote(self, name: str, pages: int | None = None) -> None:
        """Have a `RemoteListed` told."""

    def adopt_remote(self, server: Server, videos: Iterable[RemoteVideo]) -> list[Job]:
        """Take jobs in that were made elsewhere; durable on return."""

    def pause_queue(self, paused: bool) -> None:
        """Stop sending pending jobs, or go on; durable on return."""


class Order(NamedTuple):
    """Everything that is sent, as it was when the person asked for it.

    Attributes:
        price: Of one clip.
        ask: The question that has to be answered first.
        refused: The server refused this prompt before: that is asked first, and with it the price.
        today: What the day has cost, in words; empty without limits.
        note: A warning about the model, in words.
    """

    draft: Draft
    server: Server
    request: VideoRequest
    price: Price
    ask: Ask
    prepared: Prepared | None
    refused: Problem | None = None
    today: str = ""
    note: str = ""


def prepare(
    folder: Folder, settings: Settings, draft: Draft, now: datetime, helper: Helper
) -> Order:
    """Read the picture, check everything that can be known before a server is asked.

    Raises:
        ProblemError: whatever keeps it from being sent, the person's limits included; nothing was.
    """
    from sora_tui.config.consents import is_always

    settings.check_sendable()
    check_way(settings.server)
    request = request_of(draft, settings)
    offer = offer_for(folder, settings.server, request.model)
    request = request._replace(params=offer.check(request.params))
    check_request(request)
    if draft.operation != "create" or draft.characters:
        request = _with_source(folder, settings, draft, request)
        draft = replace(draft, model=request.model, seconds=request.seconds)
    prepared = None
    if draft.reference is not None and draft.operation == "create":
        prepared = read_reference_image(folder, draft.reference, draft.size, draft.fit, helper)
        request = request._replace(reference=prepared.reference)
    server = settings.server
    price = quote(server, request)
    ask = ask_for(price, server, always=is_always(server.origin))
    today = check_budget(folder, settings.budget, server, price, draft.count, now)
    refused = refusal_before(folder, server.origin, request)
    note = ending_words(ending(server, request.model), now.date())
    return Order(draft, server, request, price, ask, prepared, refused, today, note)


def _with_source(
    folder: Folder, settings: Settings, draft: Draft, request: VideoRequest
) -> VideoRequest:
    """The request with the clip that it starts from, or the characters that appear.

    Raises:
        ProblemError: as `find_source` and `find_characters`; operation_unsupported;
            source_elsewhere for a clip that another server has.
    """
    from sora_tui.engine.knowledge import unsupported
    from sora_tui.workspace.characters import find_characters
    from sora_tui.workspace.history import History
    from sora_tui.workspace.learnt import Memory
    from sora_tui.workspace.sources import find_source

    server, history = settings.server, History(folder)
    try:
        if draft.operation == "create":
            named = find_characters(history, server, draft.characters)
            request = request._replace(characters=named)
        else:
            source = find_source(folder, history, draft.made_of or "", draft.operation)
            maker = source.job
            if source.file is None and maker and maker.server.origin != server.origin:
                host = maker.server.profile
                raise problem_error("source_elsewhere", job=maker.id, host=host)
            made = source.request(
                draft.operation, request.prompt, model=draft.model, seconds=draft.seconds
            )
            request = made._replace(
                prompt_file=request.prompt_file,
                params=request.params,
                variables=request.variables,
            )
    finally:
        history.close()
    if (missing := unsupported(server, Memory(folder), request)) is not None:
        raise ProblemError(missing)
    return request


def check_budget(
    folder: Folder, budget: Budget, server: Server, price: Price, count: int, now: datetime
) -> str:
    """What the day has cost, in words, if it leaves room for so many clips.

    Raises:
        ProblemError: over_budget.
    """
    if not budget.is_set or server.simulated:
        return ""
    from sora_tui.i18n.spending import today_words
    from sora_tui.workspace.ledger import jobs_of_the_day

    day = day_began(now)
    spent = spending(jobs_of_the_day(folder, day), day, budget.currency)
    if (why := over_budget(budget, server, price, count, spent)) is not None:
        raise ProblemError(why)
    return today_words(spent, budget)


def hand_in(engine: EngineLike, order: Order, at: datetime) -> list[Job]:
    """Give an order that was agreed to at `at` (UTC) to the engine; durable on return.

    Raises:
        ProblemError: disk_full or folder_not_writable; nothing was sent.
    """
    price = order.price
    despite = order.refused is not None
    consent = Consent(price.kind.value, at, price.sum, price.currency, despite_refusal=despite)
    return engine.submit(
        order.server, order.request, price, consent, order.prepared, order.draft.count
    )


def remember_always(server: Server) -> None:
    """Keep the answer "always"; where it cannot be written it holds for this time only."""
    from sora_tui.config.consents import remember

    with suppress(OSError):
        remember(server.origin)
