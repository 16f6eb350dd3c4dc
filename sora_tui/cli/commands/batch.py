"""`sora-tui batch FILE`: many clips in one order, sent once, however often the file is run."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from sora_tui.cli import exits
from sora_tui.cli.arguments import add_sending, at_least_one
from sora_tui.cli.build_request import build_request, note_mistyped
from sora_tui.cli.consent import agree, question_on_terminal
from sora_tui.cli.console import Console
from sora_tui.cli.dry_run import check_dry_run
from sora_tui.cli.order_input import found_prompt
from sora_tui.cli.place_order import is_at_rest, is_with_server, print_retirements, print_warnings
from sora_tui.cli.progress import Progress, TextLines, progress_for
from sora_tui.cli.report import report
from sora_tui.cli.streams import read_input
from sora_tui.cli.typical_time import typical_time_of
from sora_tui.cli.wait_for_jobs import Outcome, go_on, running, taking_back, wait_for_completion
from sora_tui.config.order_options import (
    check_names,
    from_front_matter,
    from_settings,
    unused_variables,
)
from sora_tui.config.settings import Settings
from sora_tui.core.batch import (
    Line,
    at_line,
    batch_id,
    earlier_batch_id,
    read_lines,
    stands_for,
    takes_of,
    was_sent,
)
from sora_tui.core.budget import NOTHING, Spending, cost_of
from sora_tui.core.job import Consent, Job, State
from sora_tui.core.price import Price, PriceKind
from sora_tui.core.problem import Problem, ProblemError, problem_error
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server
from sora_tui.core.text import clean_line, left_out
from sora_tui.engine.engine import Engine
from sora_tui.engine.model_schema import model_schema_for
from sora_tui.engine.orders import Item, Order, prepare, submit
from sora_tui.engine.orders import Line as OrderLine
from sora_tui.i18n import _, ngettext
from sora_tui.i18n.costs import free_words
from sora_tui.i18n.formatting import labelled, left_out_words, money, semicolons
from sora_tui.workspace.batches import handing_in, jobs_of_batch
from sora_tui.workspace.find_file import existing
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.prompts import read_prompt
from sora_tui.workspace.references import Prepared
from sora_tui.workspace.safe_open import open_named

#: With this many jobs or more, a line for each change is easier to follow than bars.
_MANY: Final = 12
#: Most ids in a command that is offered.
_NAMED: Final = 3


class _Asked(NamedTuple):
    """A line of the file as a request.

    Attributes:
        clips: How many clips are made of it.
    """

    line: Line
    request: VideoRequest
    prepared: Prepared | None
    clips: int


class _Rest(NamedTuple):
    """What is still to be sent of a batch.

    Attributes:
        lines: The line of the file for each of `items`.
        items: What was not handed in before.
        before: The jobs that stand for all the rest.
    """

    lines: tuple[Line, ...]
    items: tuple[Item, ...]
    before: tuple[Job, ...]

    @property
    def unsent(self) -> list[Job]:
        """Jobs of an earlier run that were provably never sent."""
        return [job for job in self.before if job.state is State.NOT_SENT]


EXAMPLES: Final = (
    "sora-tui batch shots.jsonl",
    "sora-tui batch shots.toml --max-active 2 --max-spend 5",
    "sora-tui batch shots.jsonl --name second-try --dry-run",
    """echo '{"prompt": "A kite", "seconds": 4, "count": 2}' >> shots.jsonl""",
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    command.add_argument("batch", metavar=_("FILE"), help=_("the lines; - is stdin, as JSON"))
    command.add_argument(
        "--name",
        metavar=_("NAME"),
        help=_("what the batch is known by; another one sends all of it again (the file's name)"),
    )
    command.add_argument(
        "--max-active", type=at_least_one, metavar="N", help=_("send at most N jobs at once")
    )
    add_sending(command)


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Check every line, show the whole price, ask for consent once, and send what was not sent.

    Raises:
        ProblemError: Nothing was sent by this run.
    """
    folder, path = open_folder(settings.workspace), Path(args.batch)
    given = args.name or path.stem
    name, earlier = batch_id(given), earlier_batch_id(given)
    asked = _checked(path, folder, settings, console)
    if asked is None:
        return exits.WRONG_USE
    server = _limited(settings.server, args.max_active)
    servers = {**settings.servers, server.name: server}
    settings = settings._replace(servers=servers)
    print_warnings(settings, console)
    if args.dry_run:
        rest = _rest_of(folder, server, (name, earlier), asked, console)
        order = _prepare(folder, rest, server, settings)
        if order.unsupported is not None:
            raise ProblemError(order.unsupported)
        _announce(path, name, order, rest, console)
        return _show(args, path, order, rest, console)
    folder.check_writable()
    engine = Engine(folder, servers, budget=settings.budget, alone=settings.alone)
    jobs: list[Job] = []
    with taking_back(engine, console), handing_in(folder, alone=settings.alone):
        rest = _rest_of(folder, server, (name, earlier), asked, console)
        order = _prepare(folder, rest, server, settings)
        if order.lines:
            print_retirements(order, console)
            order.check()
            if not args.send_refused and _tell_refused(path, order, rest, console):
                return exits.MODERATED
        _announce(path, name, order, rest, console)
        if order.lines:
            jobs = submit(engine, order, _agree(args, order))
    before = rest.before
    retried = (line.job for line in order.lines if line.way == "retry" and line.job is not None)
    unsent = {job.id: job.updated_at for job in retried}
    going = [job.id for job in before if not job.is_final or job.needs_decision]
    followed = [*going, *unsent, *(job.id for job in jobs)]
    enough = is_with_server if args.no_wait else is_at_rest

    def is_enough(job: Job) -> bool:
        return enough(job) and job.updated_at != unsent.get(job.id)

    history = History(folder)
    stopped = go_on(engine, history, going)
    with running(engine, console) as items:
        progress = _progress(len(followed), history, console)
        outcome = wait_for_completion(
            engine, items, history, followed, progress, console, is_enough, stopped
        )
    code = report(outcome, folder, console)
    others = [job for job in before if job.id not in outcome.jobs]
    _sum_up(outcome, others, console)
    if outcome.signal is not None:
        return code
    return exits.worst([code, *(exits.exit_of(job) for job in others if job.is_final)])


def _show(args: argparse.Namespace, path: Path, order: Order, rest: _Rest, console: Console) -> int:
    """Show what a dry run would send, line by line, and whether it would be sent.

    Raises:
        ProblemError: The reason why a real run would send nothing.
    """
    for line, priced in zip(rest.lines, _new(order), strict=True):
        console.result(_line_words(line, priced))
    console.result(_("Nothing was sent."))
    if not order.lines:
        return exits.DONE
    order.check()
    if not args.send_refused and _tell_refused(path, order, rest, console):
        return exits.MODERATED
    check_dry_run(args, order)
    return exits.DONE


def _checked(
    path: Path, folder: Folder, settings: Settings, console: Console
) -> list[_Asked] | None:
    """Return every line as a request; None where a line is wrong, after reporting each of these.

    Raises:
        ProblemError: batch_unreadable.
    """
    source = _read(path)
    try:
        lines, wrong = read_lines(source, toml=path.suffix == ".toml")
    except ProblemError as error:
        facts = {**error.problem.facts, "path": str(path)}
        raise ProblemError(replace(error.problem, facts=facts)) from None
    if not lines and not wrong:
        raise problem_error("batch_unreadable", path=str(path), reason="no line in it")
    asked: list[_Asked] = []
    for line in lines:
        try:
            asked.append(_asked(folder, settings, line, console))
        except ProblemError as error:
            wrong.append(at_line(line.number, error))
    for said in sorted((error.problem for error in wrong), key=lambda p: int(p.facts["row"])):
        _tell_line(path, said, console)
    return None if wrong else asked


def _tell_refused(path: Path, order: Order, rest: _Rest, console: Console) -> bool:
    """Report every line whose prompt the server refused before; return whether there is any."""
    for line, priced in zip(rest.lines, _new(order), strict=True):
        if priced.refused is not None:
            _tell_line(path, at_line(line.number, ProblemError(priced.refused)).problem, console)
    return any(priced.refused is not None for priced in _new(order))


def _tell_line(path: Path, said: Problem, console: Console) -> None:
    console.problem(replace(said, facts={**said.facts, "batch": str(path)}))


def _progress(count: int, history: History, console: Console) -> Progress:
    """Return bars where there are few jobs, a line for each change otherwise."""
    typical_time = typical_time_of(history)
    if count > _MANY and not console.as_json:
        return TextLines(console, typical_time)
    return progress_for(console, typical_time)


def _read(path: Path) -> str:
    try:
        if str(path) == "-":
            return read_input()
        with open_named(existing(path) or path) as file:
            return file.read().decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = "not UTF-8" if isinstance(error, ValueError) else (error.strerror or "")
        raise problem_error("batch_unreadable", path=str(path), reason=reason) from None


def _asked(folder: Folder, settings: Settings, line: Line, console: Console) -> _Asked:
    """Return the request of a line, its picture, and how many clips are made of it."""
    said, server = line.settings, settings.server
    try:
        choices = from_front_matter(said, "")
    except ProblemError as error:  # the words are the batch file's, not a prompt file's
        facts = {name: fact for name, fact in error.problem.facts.items() if name != "path"}
        raise problem_error("batch_syntax", **facts) from None
    text, file, front = str(said.get("prompt", "")), None, {}
    if "file" in said:
        path = found_prompt(said["file"], folder)
        prompt, resolved = read_prompt(path), path.resolve()
        inside = resolved.is_relative_to(folder.root)
        file = folder.relative(resolved) if inside else path.name
        text, front = prompt.text, dict(prompt.settings)
    at = labelled(_("line {number}").format(number=line.number), "")
    unused_variables(choices.variables, text)  # those common to all lines need not be in each
    choices = choices.over(from_front_matter(front, file or "")).over(from_settings(settings))
    if gone := left_out(text):
        console.note(at + left_out_words(gone))
    schema = model_schema_for(folder, server, choices.model)
    check_names(front, file or "", schema.names)
    note_mistyped(schema, choices, console, at)
    request, prepared = build_request(folder, server, schema, text, file, choices)
    return _Asked(line, request, prepared, choices.count or 1)


def _rest_of(
    folder: Folder,
    server: Server,
    ids: tuple[str, str],
    asked: Sequence[_Asked],
    console: Console,
) -> _Rest:
    """Return what is still to be sent, and the jobs that stand for the rest.

    Args:
        folder: The workspace.
        server: The server that the batch is for.
        ids: Of the batch, and the one that earlier versions gave it.
        asked: Every clip that the batch file asks for.
        console: Where messages go.
    """
    name = ids[0]
    mine = [job for job in jobs_of_batch(folder, *ids) if job.server.origin == server.origin]
    # Jobs under its own id last: if two stand for one clip, these are surely this file's.
    mine.sort(key=lambda job: job.batch is not None and job.batch.id == name)
    known = {(job.batch.line, job.batch.index): job for job in mine if job.batch and was_sent(job)}
    takes_of_lines = takes_of(
        name, [(each.line, each.request, each.clips) for each in asked], server.origin
    )
    lines: list[Line] = []
    items: list[Item] = []
    before: list[Job] = []
    for each, takes in zip(asked, takes_of_lines, strict=True):
        standing = {
            take: job
            for take in takes
            if (job := known.get((take.line, take.index))) and stands_for(job, name, each.request)
        }
        before += standing.values()
        _tell_other_prompt(each.line, each.request, standing.values(), console)
        rest = tuple(take for take in takes if take not in standing)
        if rest:
            lines.append(each.line)
            items.append(Item(each.request, each.prepared, takes=rest))
    return _Rest(tuple(lines), tuple(items), tuple(before))


def _tell_other_prompt(
    line: Line, request: VideoRequest, before: Iterable[Job], console: Console
) -> None:
    """Report that a line's id was sent before with another prompt, whose clip it has."""
    job = next((job for job in before if job.request.prompt != request.prompt), None)
    if job is None:
        return
    text = _(
        "line {number}: its id was sent before with another prompt ({prompt}, {job}) and is not"
        " sent again. Another id, or --name, makes it another clip."
    )
    prompt = clean_line(job.request.prompt, 60)
    console.note(text.format(number=line.number, prompt=prompt, job=job.id))


def _prepare(folder: Folder, rest: _Rest, server: Server, settings: Settings) -> Order:
    return prepare(folder, rest.items, server, settings, datetime.now(UTC), unsent=rest.unsent)


def _new(order: Order) -> list[OrderLine]:
    """Return the lines of an order that are not jobs of an earlier run."""
    return [line for line in order.lines if line.way == "new"]


def _limited(server: Server, most: int | None) -> Server:
    """Return the profile with a smaller number of jobs at once, for this process alone."""
    if most is None:
        return server
    return server._replace(max_active=min(most, server.max_active or most))


def _agree(args: argparse.Namespace, order: Order) -> Consent:
    return agree(
        order,
        _clips(order.outputs),
        yes=args.yes,
        max_spend=args.max_spend,
        ask=question_on_terminal(),
        despite_refusal=args.send_refused,
    )


# Words ---------------------------------------------------------------------------------------


def _announce(path: Path, name: str, order: Order, rest: _Rest, console: Console) -> None:
    price = order.price
    waiting = [job for job in rest.before if job.state is State.PENDING]
    asking = [job for job in rest.before if job.needs_decision]
    apart = {job.id for job in (*waiting, *asking, *rest.unsent)}
    sent = [job for job in rest.before if job.id not in apart]
    console.document(
        {
            "event": "batch",
            "id": name,
            "file": str(path),
            "to_send": order.clips,
            "sent_before": len(sent),
            "waiting": len(waiting),
            "undecided": len(asking),
            "price": {
                "kind": price.kind.value,
                "sum": None if price.sum is None else float(price.sum),
                "currency": price.currency,
                "unknown": order.total.unknown,
            },
        }
    )
    parts = [_("{clips} to send").format(clips=_clips(order.clips))]
    if sent:
        text = ngettext("{count} sent before", "{count} sent before", len(sent))
        parts.append(text.format(count=len(sent)))
    if waiting:
        text = ngettext(
            "{count} handed in before and not sent yet",
            "{count} handed in before and not sent yet",
            len(waiting),
        )
        parts.append(text.format(count=len(waiting)))
    if asking:
        text = ngettext("{count} to be decided by you", "{count} to be decided by you", len(asking))
        parts.append(text.format(count=len(asking)))
    if order.lines:
        parts.append(_price_words(price, order.total.unknown))
    console.note(f"{name}: " + ", ".join(parts))
    if waiting:
        ids = " ".join(job.id for job in waiting[:_NAMED])
        console.note(
            _("They are sent with what was agreed to then. To take back: {command}").format(
                command=f"sora-tui cancel {ids}" + (" ..." if len(waiting) > _NAMED else "")
            )
        )


def _price_words(price: Price, unknown: int) -> str:
    if price.kind is PriceKind.FREE:
        return free_words(price)
    if price.sum is None:
        return _("price unknown")
    said = _("about {sum}").format(sum=money(price.sum, price.currency))
    if unknown:
        more = ngettext("{count} unknown", "{count} unknown", unknown).format(count=unknown)
        said = f"{said} + {more}"
    return said


def _line_words(line: Line, priced: OrderLine) -> str:
    request, count, price = priced.request, priced.clips, priced.price
    whole = price if price.sum is None else price._replace(sum=price.sum * count)
    parts = (
        _("line {number}").format(number=line.number),
        _clips(count * price.clips),
        request.model,
        _("{count} s").format(count=request.seconds) if request.seconds else None,
        request.size,
        _price_words(whole, 0),
        clean_line(request.prompt, 60),
    )
    return "  ".join(part for part in parts if part)


def _sum_up(outcome: Outcome, rest: Sequence[Job], console: Console) -> None:
    """Print one line for the whole batch, clips of earlier runs included."""
    jobs = [*outcome.jobs.values(), *rest]
    states = Counter(job.state for job in jobs)
    # Practice clips cost nothing in any currency.
    currency = next((job.cost.currency for job in jobs if not job.simulated), "USD")
    spent = sum((cost_of(job, currency) for job in jobs), NOTHING)
    told: dict[str, Any] = {state.value: count for state, count in sorted(states.items())}
    console.document(
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
    console.note(labelled(_clips(len(jobs)), semicolons(_summary(states, spent, currency))))


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
