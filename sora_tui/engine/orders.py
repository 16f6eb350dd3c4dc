"""Orders: what is to be made, its price, the question it needs, and how it is handed in.

Every way to spend money goes through here, on the command line and on the screen, so that the same
order meets the same limits and needs the same answer everywhere. The texts stay in the faces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple, Protocol

from sora_tui.client.dialect import dialect_of
from sora_tui.core.budget import (
    Charge,
    Spending,
    day_began,
    hours_left,
    over_budget,
    spending,
)
from sora_tui.core.job import Batch, Consent, Job, State
from sora_tui.core.limits import Budget
from sora_tui.core.price import Ask, Price, PriceKind, Retirement, ask_for
from sora_tui.core.probe_result import ProbeResult
from sora_tui.core.problem import Problem, ProblemError, problem, problem_error
from sora_tui.core.request import VideoRequest, check_request
from sora_tui.core.server import Encoding, Server, profile_for, sending_refusal
from sora_tui.engine.capabilities import unsupported, with_known_dialect
from sora_tui.engine.network_path import check_network_path
from sora_tui.engine.probe_server import probe_server
from sora_tui.engine.quote import priced_now, quote, retirement
from sora_tui.workspace.capability_cache import CapabilityCache
from sora_tui.workspace.content_refusals import refusal_before
from sora_tui.workspace.day_records import read_day_records
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History
from sora_tui.workspace.references import Prepared

#: How a line becomes a job: a new one, the same request again, an unconfirmed one sent again, or a
#: job that was never sent, itself.
Way = Literal["new", "again", "resend", "retry"]

#: Seconds for the free questions to a server on this machine.
_PATIENCE: Final = 5.0
_NOT_ASKED: Final = ProbeResult("generic")


class OrderSettings(Protocol):
    """What an order needs of the person's settings; the engine does not read them."""

    @property
    def servers(self) -> Mapping[str, Server]:
        """Every profile by name."""

    @property
    def budget(self) -> Budget:
        """The person's limits."""

    def is_always(self, server: Server, found: str | None) -> bool:
        """Return whether the person once answered "always" to this server's unknown price.

        Args:
            server: The server that would be paid.
            found: The dialect of the server that was found there in this run, if one was.
        """


class JobMaker(Protocol):
    """What an order needs of the engine."""

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
        takes: Sequence[Batch] | None = None,
    ) -> list[Job]:
        """Hand in new jobs; durable on return."""

    def command(self, job_id: str, verb: Literal["retry"], argument: str = "") -> None:
        """Have a job itself tried again; durable on return."""


class Item(NamedTuple):
    """One request of an order, and how many clips are made of it.

    Attributes:
        takes: Which takes of a batch these are, in place of `clips`.
    """

    request: VideoRequest
    prepared: Prepared | None = None
    clips: int = 1
    takes: tuple[Batch, ...] | None = None


class Line(NamedTuple):
    """Clips of one request, at one server, for one price.

    Attributes:
        price: Of one clip.
        ask: The question that this price needs.
        refused: The server refused this prompt before, and the person has not overridden that.
        job: The job that is made again, sent again or tried again.
        found: The dialect of a server of this machine whose price is unknown: as the person wrote
            it, or as a probe found it just now.
        self_run: That server runs its models itself, so that an unknown price needs no question.
        unanswered: Why the probe found nothing.
        override: The person chose before to send this prompt although it was refused.
    """

    server: Server
    request: VideoRequest
    price: Price
    ask: Ask
    clips: int = 1
    prepared: Prepared | None = None
    takes: tuple[Batch, ...] | None = None
    way: Way = "new"
    job: Job | None = None
    refused: Problem | None = None
    found: str | None = None
    self_run: bool = False
    unanswered: Problem | None = None
    override: bool = False


class Total(NamedTuple):
    """The price of a whole order.

    Attributes:
        sums: The known sums by currency; empty if it costs nothing. What a free server reported for
            the same request is included: it needs no question, and limits count it.
        unknown: Clips with an unknown price.
    """

    sums: Mapping[str, Decimal]
    unknown: int


class Order(NamedTuple):
    """An order as it was when the person asked for it.

    Attributes:
        ask: The question that has to be answered before anything is sent.
        today: What the day has cost; None without limits, or where all is practice.
        unsupported: A server of the order lacks the operation.
        blocked: Why nothing of it may be sent: a missing key, an unencrypted connection, a limit.
        retirements: Of the models in it whose maker announced their end.
        budget: The limits that were applied.
        free_name: A name for a profile that says of one of its servers that it is free.
        undecided: Earlier jobs at these servers that are unconfirmed and not decided; each of them
            may be billed.
    """

    lines: tuple[Line, ...]
    ask: Ask
    budget: Budget
    today: Spending | None = None
    unsupported: Problem | None = None
    blocked: Problem | None = None
    retirements: tuple[Retirement, ...] = ()
    free_name: str = ""
    undecided: int = 0

    @property
    def clips(self) -> int:
        """How many jobs it makes; each is one paid request."""
        return sum(line.clips for line in self.lines)

    @property
    def outputs(self) -> int:
        """How many clips it makes: one request may make several (`n`, `num_outputs`)."""
        return sum(line.clips * line.price.clips for line in self.lines)

    @property
    def refused(self) -> Problem | None:
        """The first prompt in it that its server refused before."""
        return next((line.refused for line in self.lines if line.refused is not None), None)

    @property
    def total(self) -> Total:
        """The price of the whole order."""
        sums: dict[str, Decimal] = {}
        unknown = 0
        for line in self.lines:
            sum, currency = line.price.sum, line.price.currency
            if sum is None:
                unknown += line.clips
            elif sum or line.price.kind is not PriceKind.FREE:
                sums[currency] = sums.get(currency, Decimal(0)) + sum * line.clips
        return Total(sums, unknown)

    @property
    def price(self) -> Price:
        """The price of the whole order, if it is in one currency; unknown prices are left out."""
        sums, unknown = self.total
        kinds = {line.price.kind for line in self.lines}
        if sums and PriceKind.PRICED not in kinds and not unknown:
            currency, sum = next(iter(sums.items()))
            return Price(PriceKind.FREE, sum, currency)
        if sums:
            currency, sum = next(iter(sums.items()))
            dated = next((line.price.dated for line in self.lines if line.price.dated), "")
            return Price(PriceKind.PRICED, sum, currency, dated=dated)
        currency = self.lines[0].price.currency if self.lines else "USD"
        if unknown:
            unclear = next((line.price.unclear for line in self.lines if line.price.unclear), "")
            return Price(PriceKind.UNKNOWN, None, currency, unclear=unclear)
        return Price(PriceKind.FREE, Decimal(0), currency)

    @property
    def servers(self) -> tuple[Server, ...]:
        """Each server of the order, once."""
        return tuple({line.server.name: line.server for line in self.lines}.values())

    def check(self) -> None:
        """Refuse what must not be sent, whatever the person answers.

        Raises:
            ProblemError: base_url_insecure, key_missing, operation_unsupported, over_budget or
                price_unknown; key_unusable or config_invalid where no request could be sent.
                Nothing was sent.
        """
        for why in (self.unsupported, self.blocked):
            if why is not None:
                raise ProblemError(why)
        for server in self.servers:
            check_network_path(server)


class Answer(NamedTuple):
    """A person's answer to an order.

    Attributes:
        yes: Agreed to it.
        max_spend: Agreed to at most this sum for the whole order, in the currency of its price.
        despite_refusal: Agreed to send prompts that the server refused before.
    """

    yes: bool = False
    max_spend: Decimal | None = None
    despite_refusal: bool = False


def prepare(
    folder: Folder,
    items: Iterable[Item],
    server: Server,
    settings: OrderSettings,
    now: datetime,
    *,
    unsent: Iterable[Job] = (),
) -> Order:
    """Price new clips, and find out what prevents sending them. Sends nothing.

    Args:
        folder: The workspace.
        items: The clips to price, each with its number.
        server: The server that clips go to unless they name another.
        settings: The settings of the workspace.
        now: The time that decides which day is counted.
        unsent: Jobs of an earlier run that were never sent, and are tried again with this order.

    Raises:
        ProblemError: A request is invalid (prompt_empty, size_invalid, ...), or profile_unknown.
    """
    book = _PriceBook(folder, settings)
    lines = [book.line_of(job) for job in unsent]
    for each in items:
        check_request(each.request)
        clips = each.clips if each.takes is None else len(each.takes)
        line = book.line(server, each.request)
        lines.append(line._replace(clips=clips, prepared=each.prepared, takes=each.takes))
    return book.order(lines, now)


def retry(folder: Folder, jobs: Iterable[Job], settings: OrderSettings, now: datetime) -> Order:
    """Price making the same again, each job at the server that it was made for.

    A job that was never sent is tried again itself: nothing was paid for it. For any other a new
    job is made, and the old one stays as it is.

    Raises:
        ProblemError: profile_unknown.
    """
    book = _PriceBook(folder, settings)
    return book.order([book.line_of(job) for job in jobs], now)


def resend(folder: Folder, job: Job, settings: OrderSettings, now: datetime) -> Order:
    """Price sending an unconfirmed job again: it may be paid twice.

    Raises:
        ProblemError: profile_unknown.
    """
    book = _PriceBook(folder, settings)
    return book.order([book.line_of(job, resend=True)], now)


def open_question(order: Order, answer: Answer) -> Ask:
    """Return what still has to be asked after this answer.

    Raises:
        ProblemError: As `Order.check`; refused_before; server_unreachable or key_refused where
            the probe found that; consent_unknown or over_budget for a `max_spend` that is not
            enough. Nothing was sent.
    """
    order.check()
    if order.refused is not None and not answer.despite_refusal:
        raise ProblemError(order.refused)
    agreed = answer.yes or answer.max_spend is not None
    unanswered = (line.unanswered for line in order.lines if line.ask is Ask.UNKNOWN)
    if not agreed and (why := next((one for one in unanswered if one), None)) is not None:
        raise ProblemError(why)  # whatever is answered, nothing can be sent there
    most, total = answer.max_spend, order.total
    if most is not None:
        if total.unknown:
            # A limit that cannot be checked must not count as one.
            raise ProblemError(_consent_unknown(order))
        for currency, sum in total.sums.items():
            if sum > most:
                facts = {"sum": str(sum), "limit": str(most), "currency": currency}
                raise problem_error("over_budget", **facts, setting="--max-spend")
    return Ask.NOTHING if agreed else order.ask


def consent(order: Order, answer: Answer, at: datetime) -> Consent:
    """Return what the person agreed to at `at` (UTC), for the whole order.

    `submit` gives each clip its own part of it.

    Raises:
        ProblemError: As `open_question`; consent_price or consent_unknown where the answer leaves
            the question open. Nothing was sent.
    """
    asked, price = open_question(order, answer), order.price
    if asked is Ask.SUM:
        facts = {"sum": str(price.sum), "currency": price.currency}
        raise problem_error("consent_price", **facts, host=_hosts(order))
    if asked is Ask.UNKNOWN:
        raise ProblemError(_consent_unknown(order))
    return Consent(
        price.kind.value, at, price.sum, price.currency, answer.max_spend, answer.despite_refusal
    )


def submit(engine: JobMaker, order: Order, consent: Consent) -> list[Job]:
    """Hand in an order that was agreed to; durable on return.

    Returns:
        The new jobs; one that is tried again itself is not among them.

    Raises:
        ProblemError: disk_full or folder_not_writable; lines before that are handed in.
    """
    share = None
    if consent.max_spend is not None and len(order.lines) == 1:
        # A part of a limit for several prices would be too small for one and too large for another.
        share = consent.max_spend / order.clips
    jobs: list[Job] = []
    for line in order.lines:
        if line.way == "retry":
            assert line.job is not None, "see _PriceBook.line_of"
            engine.command(line.job.id, "retry")
            continue
        price = line.price
        own = consent._replace(
            kind=price.kind.value,
            sum=price.sum,
            currency=price.currency,
            max_spend=share,
            despite_refusal=line.override or consent.despite_refusal,
            found=line.found if line.self_run else None,
        )
        jobs += engine.submit(
            line.server,
            line.request,
            price,
            own,
            line.prepared,
            line.clips,
            parent=None if line.job is None else line.job.id,
            once_more=line.way == "again",
            takes=line.takes,
        )
    return jobs


def unmet(server: Server, price: Price, consent: Consent | None) -> Problem | None:
    """Return why this consent does not cover the price of a clip; None where it does.

    The engine checks it again right before it sends: a price may have risen since.
    """
    most = None if consent is None else consent.max_spend
    if price.kind is PriceKind.UNKNOWN and consent is not None:
        # A limit that cannot be checked must not count as one; consent to a sum or to a free clip
        # is no consent to an unknown price; and what was sent without a question because of the
        # server that was found must not go to one that the profile calls another by now.
        is_other = consent.found is not None and server.dialect not in {"auto", consent.found}
        if most is not None or consent.kind != PriceKind.UNKNOWN or is_other:
            return problem("consent_unknown", host=server.host)
    if price.kind is PriceKind.FREE and most is not None and price.sum and price.sum > most:
        facts = {"sum": str(price.sum), "limit": str(most), "currency": price.currency}
        return problem("over_budget", **facts)
    if price.kind is PriceKind.PRICED:
        limit = None if consent is None else (consent.sum or consent.max_spend)
        if limit is None or price.sum is None:
            return problem("consent_price", sum=str(price.sum), currency=price.currency)
        if price.sum > limit:
            facts = {"sum": str(price.sum), "limit": str(limit), "currency": price.currency}
            return problem("over_budget", **facts)
    return None


class Preview(NamedTuple):
    """The paid request of a line, as it would go out.

    Attributes:
        server: With what is known of it by now.
        path: Below the base address, percent-encoded.
        fields: Only what is set.
        file_field: The field for a picture or a clip.
    """

    server: Server
    path: str
    fields: Mapping[str, Any]
    encoding: Encoding
    file_field: str


def preview(folder: Folder, line: Line) -> Preview:
    """Return what would be sent for a clip of this line. Sends nothing."""
    from sora_tui.client.request_body import build_request  # not every order is previewed

    server = with_known_dialect(line.server, CapabilityCache(folder))
    asked = build_request(server, line.request)
    return Preview(server, asked.path, asked.fields, asked.encoding, asked.file_field)


def spent_today(folder: Folder, settings: OrderSettings, now: datetime) -> Spending:
    """Return what the day has cost by now, on all servers together."""
    day = day_began(now)
    records = read_day_records(folder, day)
    jobs = tuple(priced_now(job, settings.servers) for job in records.jobs)
    return spending(records._replace(jobs=jobs), day, settings.budget.currency)


class _PriceBook:
    """Prices lines; capabilities and the day's cost are read once for each order."""

    def __init__(self, folder: Folder, settings: OrderSettings) -> None:
        self._folder = folder
        self._settings = settings
        self._cache = CapabilityCache(folder)
        self._found: dict[tuple[str, str], ProbeResult] = {}

    def line(self, server: Server, request: VideoRequest) -> Line:
        """Return one clip of this request at this server."""
        price, found = quote(server, request, self._folder), _NOT_ASKED
        # If a rate is stated there is a price, and only this request's cannot be computed: then it
        # does not matter which server it is.
        if price.kind is PriceKind.UNKNOWN and server.is_loopback and not price.unclear:
            found = self._findings(server)
        dialect = found.dialect if found.reached else None
        always = self._settings.is_always(server, dialect)
        return Line(
            server,
            request,
            price,
            ask_for(price, server, self_run=found.runs_models, always=always),
            refused=refusal_before(self._folder, server.origin, request),
            found=dialect,
            self_run=found.runs_models,
            unanswered=found.problem if found.is_useless else None,
        )

    def _findings(self, server: Server) -> ProbeResult:
        """Return what listens on this machine: by the person's word, else by a probe.

        It is probed in every run: another server may be there by now, or the other end of a tunnel.
        """
        if server.trusted and server.dialect != "auto":
            row = dialect_of(server)
            return ProbeResult(row.name, reached=True, runs_models=row.runs_models)
        key = (server.name, server.base_url)
        if key not in self._found:
            # A stranger's word for the dialect does not count about money.
            self._found[key] = probe_server(server._replace(dialect="auto"), timeout=_PATIENCE)
        return self._found[key]

    def line_of(self, job: Job, *, resend: bool = False) -> Line:
        """Return the line for a job's request, at the server that it was made for.

        Raises:
            ProblemError: profile_unknown.
        """
        server = profile_for(self._settings.servers, job.server)
        if server is None:
            raise problem_error("profile_unknown", name=job.server.profile)
        line = self.line(server, job.request)._replace(job=job)
        if resend:
            # Keep the override: the user already chose to send this refused prompt.
            override = job.consent is not None and job.consent.despite_refusal
            refused = None if override else line.refused
            return line._replace(way="resend", override=override, refused=refused)
        # A job that was never sent keeps the consent that it has. If that does not cover what is
        # agreed to now, a new job takes its place.
        covered = line.refused is None and unmet(server, line.price, job.consent) is None
        if job.state is State.NOT_SENT and covered:
            return line._replace(way="retry")
        takes = None
        if job.state is State.NOT_SENT and job.batch is not None and job.batch.line:
            takes = (job.batch,)  # it stands for the same clip of the batch file
        return line._replace(way="again", takes=takes)

    def order(self, lines: Sequence[Line], now: datetime) -> Order:
        """Return the order of all these lines, with what prevents it."""
        settings, order = self._settings, Order(tuple(lines), Ask.NOTHING, self._settings.budget)
        asks = {line.ask for line in lines}
        unsupporteds = (unsupported(line.server, self._cache, line.request) for line in lines)
        ends = (retirement(line.server, line.request.model) for line in lines)
        today, over, name = None, None, _free_name(settings.servers)
        if settings.budget.is_set and not all(line.server.simulated for line in lines):
            today = spent_today(self._folder, settings, now)
            charges = (Charge(one.server, one.price, one.clips, one.self_run) for one in lines)
            over = over_budget(settings.budget, charges, today)
            if over is not None and over.facts.get("setting") == "per_day":
                over = replace(over, facts={**over.facts, "hours": hours_left(now)})
            if over is not None and over.code == "price_unknown":
                silent = [line for line in lines if line.price.sum is None and not line.self_run]
                unanswered = (line.unanswered for line in silent)
                over = next((why for why in unanswered if why is not None), over)
                if silent:
                    facts = {"name": name, "url": silent[0].server.address_words}
                    over = replace(over, facts={**facts, **over.facts})
        refusals = (sending_refusal(server) for server in order.servers)
        return order._replace(
            ask=next((ask for ask in (Ask.SUM, Ask.UNKNOWN) if ask in asks), Ask.NOTHING),
            today=today,
            free_name=name,
            unsupported=next((why for why in unsupporteds if why is not None), None),
            blocked=next((why for why in refusals if why is not None), over),
            retirements=tuple(dict.fromkeys(end for end in ends if end is not None)),
            undecided=_undecided(self._folder, lines),
        )


def _undecided(folder: Folder, lines: Sequence[Line]) -> int:
    """Return how many unconfirmed jobs the servers of these lines have, but those sent again."""
    origins = {line.server.origin for line in lines if not line.server.simulated}
    again = {line.job.id for line in lines if line.job is not None}
    if not origins:
        return 0
    with closing(History(folder)) as history:
        return sum(
            job.state is State.UNCONFIRMED and job.server.origin in origins and job.id not in again
            for job in history.active()
        )


def _consent_unknown(order: Order) -> Problem:
    unknown = [line.server for line in order.lines if line.price.sum is None]
    facts = {"name": order.free_name, "url": unknown[0].address_words}
    return problem("consent_unknown", host=_hosts_of(unknown), **facts)


def _hosts(order: Order) -> str:
    return _hosts_of(order.servers)


def _hosts_of(servers: Iterable[Server]) -> str:
    return ", ".join(dict.fromkeys(server.host for server in servers))


def _free_name(servers: Mapping[str, Server]) -> str:
    """Return a name that no profile has yet."""
    names = ("free", *(f"free-{number}" for number in range(2, len(servers) + 3)))
    return next(name for name in names if name not in servers)
