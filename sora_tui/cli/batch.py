"""`sora-tui batch FILE`: many clips in one order, sent once, however often the file is started."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from sora_tui.cli import exits
from sora_tui.cli.consent import agree, question_on_terminal
from sora_tui.cli.day import check_orders
from sora_tui.cli.follow import Outcome, go_on, running, wait_for_completion
from sora_tui.cli.generate import found_prompt, is_at_rest, is_with_server, tell_warnings
from sora_tui.cli.progress import PlainLines, Progress, progress_for
from sora_tui.cli.report import report
from sora_tui.cli.speech import Speech
from sora_tui.cli.usual import usual_of
from sora_tui.cli.wish import wish_of
from sora_tui.config.choices import from_front_matter, from_settings
from sora_tui.config.settings import Settings
from sora_tui.core.batch import Line, at_line, batch_id, read_lines, takes_of, was_sent
from sora_tui.core.budget import NOTHING, Spending, cost_of
from sora_tui.core.job import Batch, Consent, Job, State
from sora_tui.core.price import Price, PriceKind
from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server
from sora_tui.core.text import clean_line
from sora_tui.engine.engine import Engine
from sora_tui.engine.offers import offer_for
from sora_tui.engine.quote import ending, quote
from sora_tui.i18n import _, ngettext
from sora_tui.i18n.amounts import money
from sora_tui.i18n.endings import ending_words
from sora_tui.workspace.batches import handing_in, jobs_of_batch
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.prompts import read_prompt
from sora_tui.workspace.references import Prepared
from sora_tui.workspace.verdicts import refusal_before

#: From this many jobs on a line for each change is easier to follow than a bar for each job.
_MANY: Final = 12


class _Wish(NamedTuple):
    """A line of the file, ready to be sent.

    Attributes:
        takes: Clips of it that were not sent before.
    """

    line: Line
    request: VideoRequest
    prepared: Prepared | None
    price: Price
    takes: tuple[Batch, ...]


_Asked = tuple[Line, VideoRequest, Prepared | None, int]


def run(args: argparse.Namespace, settings: Settings, speech: Speech) -> int:
    """Check every line, name the whole price, have it agreed to once, send what was not sent.

    Raises:
        ProblemError: Nothing was sent by this start.
    """
    folder, path = open_folder(settings.workspace), Path(args.batch)
    name = batch_id(args.name or path.stem)
    asked = _checked(path, folder, settings, args.send_refused, speech)
    if asked is None:
        return exits.WRONG_USE
    if args.dry_run:
        wishes, before = _open_takes(folder, settings.server, name, asked)
        _announce(path, name, wishes, before, speech)
        for wish in wishes:
            speech.result(_line_words(wish))
        speech.result(_("Nothing was sent."))
        return exits.DONE
    tell_warnings(settings, speech)
    settings.check_sendable()
    if not folder.writable:
        raise problem_error("folder_not_writable", path=str(folder.metadata))
    server = _limited(settings.server, args.max_active)
    servers = {**settings.servers, server.name: server}
    engine = Engine(folder, servers, budget=settings.budget, alone=settings.alone)
    with handing_in(folder, alone=settings.alone):
        wishes, before = _open_takes(folder, server, name, asked)
        _announce(path, name, wishes, before, speech)
        consent = _agree(args, settings, folder, server, wishes, speech) if wishes else None
        jobs = _submit(engine, server, wishes, consent)
        unsent = {job.id: job.updated_at for job in before if job.state is State.NOT_SENT}
        for job_id in unsent:
            engine.command(job_id, "retry")  # agreed to before, and provably not paid
    going = [job.id for job in before if not job.is_final or job.needs_you]
    followed = [*going, *unsent, *(job.id for job in jobs)]
    enough = is_with_server if args.no_wait else is_at_rest

    def is_enough(job: Job) -> bool:
        return enough(job) and job.updated_at != unsent.get(job.id)

    history = History(folder)
    stopped = go_on(engine, history, going)
    with running(engine, speech) as items:
        progress = _progress(len(followed), history, speech)
        outcome = wait_for_completion(
            engine, items, history, followed, progress, speech, is_enough, stopped
        )
    code = report(outcome, folder, speech)
    rest = [job for job in before if job.id not in outcome.jobs]
    _sum_up(outcome, rest, speech)
    if outcome.signal is not None:
        return code
    return exits.worst([code, *(exits.exit_of(job) for job in rest if job.is_final)])


def _checked(
    path: Path, folder: Folder, settings: Settings, send_refused: bool, speech: Speech
) -> list[_Asked] | None:
    """Every line as a request; None where one cannot be, and each of those is told.

    Raises:
        ProblemError: batch_unreadable.
    """
    lines, wrong = read_lines(_read(path), toml=path.suffix == ".toml")
    if not lines and not wrong:
        raise problem_error("batch_unreadable", path=str(path), reason="no line in it")
    asked: list[_Asked] = []
    for line in lines:
        try:
            asked.append((line, *_asked(folder, settings, line, send_refused)))
        except ProblemError as error:
            wrong.append(at_line(line.number, error))
    for said in sorted((error.problem for error in wrong), key=lambda p: int(p.facts["row"])):
        speech.problem(replace(said, facts={**said.facts, "batch": str(path)}))
    return None if wrong else asked


def _progress(count: int, history: History, speech: Speech) -> Progress:
    """Bars where they can be looked over, a line for each change otherwise."""
    usual = usual_of(history)
    if count > _MANY and not speech.as_json:
        return PlainLines(speech, usual)
    return progress_for(speech, usual)


def _read(path: Path) -> str:
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "not UTF-8" if isinstance(error, ValueError) else (error.strerror or "")
        raise problem_error("batch_unreadable", path=str(path), reason=reason) from None


def _asked(
    folder: Folder, settings: Settings, line: Line, send_refused: bool
) -> tuple[VideoRequest, Prepared | None, int]:
    """The request of a line, its picture, and how many clips are made of it."""
    said, server = line.said, settings.server
    try:
        choices = from_front_matter(said, "")
    except ProblemError as error:  # it is no prompt file, whose words these are
        facts = error.problem.facts
        raise problem_error("batch_syntax", reason=f"{facts['key']}: {facts['reason']}") from None
    text, file = str(said.get("prompt", "")), None
    if "file" in said:
        path = found_prompt(said["file"], folder)
        prompt, resolved = read_prompt(path), path.resolve()
        inside = resolved.is_relative_to(folder.root)
        file = folder.relative(resolved) if inside else path.name
        text = prompt.text
        choices = choices.over(from_front_matter(prompt.settings, file))
    choices = choices.over(from_settings(settings))
    offer = offer_for(folder, server, choices.model)
    request, prepared = wish_of(folder, server, offer, text, file, choices)
    refused = refusal_before(folder, server.origin, request)
    if refused is not None and not send_refused:
        raise ProblemError(refused)
    return request, prepared, choices.count or 1


def _open_takes(
    folder: Folder,
    server: Server,
    name: str,
    asked: Sequence[_Asked],
) -> tuple[list[_Wish], list[Job]]:
    """What is still to be sent, and the jobs that stand for the rest."""
    mine = [job for job in jobs_of_batch(folder, name) if job.server.origin == server.origin]
    before = {(job.batch.line, job.batch.index): job for job in mine if job.batch and was_sent(job)}
    lines = [(line, request, count) for line, request, _prepared, count in asked]
    wishes: list[_Wish] = []
    standing: list[Job] = []
    for (line, request, prepared, _count), takes in zip(
        asked, takes_of(name, lines, server.origin), strict=True
    ):
        sent = [(take.line, take.index) for take in takes if (take.line, take.index) in before]
        standing += [before[key] for key in sent]
        rest = tuple(take for take in takes if (take.line, take.index) not in before)
        if rest:
            wishes.append(_Wish(line, request, prepared, quote(server, request), rest))
    return wishes, standing


def _limited(server: Server, most: int | None) -> Server:
    """The profile with a smaller number of jobs at once, for as long as this process sends."""
    if most is None:
        return server
    return server._replace(max_active=min(most, server.max_active or most))


def _prices(wishes: Sequence[_Wish]) -> list[Price]:
    return [wish.price for wish in wishes for _take in wish.takes]


def _whole(prices: Sequence[Price]) -> tuple[Price, int]:
    """The price of all together, and how many of them nobody knows the price of."""
    unknown = sum(price.kind is PriceKind.UNKNOWN for price in prices)
    total = sum((price.sum for price in prices if price.sum is not None), Decimal(0))
    kind = PriceKind.PRICED if total else PriceKind.UNKNOWN if unknown else PriceKind.FREE
    known = None if kind is PriceKind.UNKNOWN else total
    return Price(kind, known, prices[0].currency if prices else "USD"), unknown if total else 0


def _agree(
    args: argparse.Namespace,
    settings: Settings,
    folder: Folder,
    server: Server,
    wishes: Sequence[_Wish],
    speech: Speech,
) -> Consent:
    for model in dict.fromkeys(wish.request.model for wish in wishes):
        if note := ending_words(ending(server, model), date.today()):
            speech.note(note)
    prices = _prices(wishes)
    price, unknown = _whole(prices)
    return agree(
        server,
        _clips(len(prices)),
        price,
        1,
        unknown=unknown,
        yes=args.yes,
        max_spend=args.max_spend,
        ask=question_on_terminal(),
        today=check_orders(folder, settings.budget, server, prices),
        despite_refusal=args.send_refused,
    )


def _submit(
    engine: Engine, server: Server, wishes: Sequence[_Wish], consent: Consent | None
) -> list[Job]:
    """Hand all of it in, each clip with its own part of the consent."""
    jobs: list[Job] = []
    for wish in wishes:
        assert consent is not None, "there is one where there are wishes"
        price = wish.price
        own = consent._replace(kind=price.kind.value, sum=price.sum, max_spend=None)
        jobs += engine.submit(server, wish.request, price, own, wish.prepared, takes=wish.takes)
    return jobs


# Words ---------------------------------------------------------------------------------------


def _announce(
    path: Path, name: str, wishes: Sequence[_Wish], before: Sequence[Job], speech: Speech
) -> None:
    prices = _prices(wishes)
    price, unknown = _whole(prices)
    speech.document(
        {
            "event": "batch",
            "id": name,
            "file": str(path),
            "to_send": len(prices),
            "sent_before": len(before),
            "price": {
                "kind": price.kind.value,
                "sum": None if price.sum is None else float(price.sum),
                "currency": price.currency,
                "unknown": unknown or (len(prices) if price.kind is PriceKind.UNKNOWN else 0),
            },
        }
    )
    parts = [_("{clips} to send").format(clips=_clips(len(prices)))]
    if before:
        text = ngettext("{count} sent before", "{count} sent before", len(before))
        parts.append(text.format(count=len(before)))
    if prices:
        parts.append(_price_words(price, unknown))
    speech.note(f"{name}: " + ", ".join(parts))


def _price_words(price: Price, unknown: int) -> str:
    if price.kind is PriceKind.FREE:
        return _("free")
    if price.sum is None:
        return _("price unknown")
    said = _("about {sum}").format(sum=money(price.sum, price.currency))
    if unknown:
        more = ngettext("{count} unknown", "{count} unknown", unknown).format(count=unknown)
        said = f"{said} + {more}"
    return said


def _line_words(wish: _Wish) -> str:
    request, count = wish.request, len(wish.takes)
    price, _unknown = _whole([wish.price] * count)
    parts = (
        _("line {number}").format(number=wish.line.number),
        _clips(count),
        request.model,
        _("{count} s").format(count=request.seconds) if request.seconds else None,
        request.size,
        _price_words(price, 0),
        clean_line(request.prompt, 60),
    )
    return "  ".join(part for part in parts if part)


def _sum_up(outcome: Outcome, rest: Sequence[Job], speech: Speech) -> None:
    """One line for all of it, those that were done before included."""
    jobs = [*outcome.jobs.values(), *rest]
    states = Counter(job.state for job in jobs)
    # Practice clips cost nothing in any currency.
    currency = next((job.cost.currency for job in jobs if not job.simulated), "USD")
    spent = sum((cost_of(job, currency) for job in jobs), NOTHING)
    told: dict[str, Any] = {state.value: count for state, count in sorted(states.items())}
    speech.document(
        {
            "event": "batch_end",
            "clips": len(jobs),
            "states": told,
            "estimated": float(spent.estimated),
            "reported": float(spent.reported),
            "unknown": spent.unknown,
            "currency": currency,
        }
    )
    speech.note(f"{_clips(len(jobs))}: " + "; ".join(_summary(states, spent, currency)))


def _summary(states: Counter[State], spent: Spending, currency: str) -> Iterator[str]:
    yield ", ".join(f"{count} {state.value}" for state, count in sorted(states.items()))
    if spent.estimated:
        yield _("about {sum}, estimated").format(sum=money(spent.estimated, currency))
    if spent.reported:
        yield _("{sum}, says the server").format(sum=money(spent.reported, currency))
    if spent.unknown:
        unknown = ngettext("{count} unknown", "{count} unknown", spent.unknown)
        yield unknown.format(count=spent.unknown)


def _clips(count: int) -> str:
    return ngettext("{count} clip", "{count} clips", count).format(count=count)
