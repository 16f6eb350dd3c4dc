"""An order from the command line: its price, the consent, the jobs, and their results."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime
from typing import Final

from sora_tui.cli.consent import agree, order_words, question_on_terminal
from sora_tui.cli.console import Console
from sora_tui.cli.dry_run import check_dry_run, show_order
from sora_tui.cli.progress import progress_for
from sora_tui.cli.report import report
from sora_tui.cli.typical_time import typical_time_of
from sora_tui.cli.wait_for_jobs import running, taking_back, wait_for_completion
from sora_tui.config.settings import Settings
from sora_tui.core.job import Job
from sora_tui.core.problem import ProblemError
from sora_tui.core.request import VideoRequest, unmentioned
from sora_tui.core.text import clean_line
from sora_tui.engine.engine import Engine
from sora_tui.engine.orders import Item, Order, prepare, submit
from sora_tui.i18n import _
from sora_tui.i18n.costs import price_words
from sora_tui.i18n.problems import sentences
from sora_tui.i18n.recovery import undecided_words
from sora_tui.i18n.retirement import retirement_words
from sora_tui.i18n.takes import same_seed_words
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History
from sora_tui.workspace.references import Prepared

#: Warnings that `main` prints, and one that `Order.check` turns into a refusal.
_SAID_ELSEWHERE: Final = frozenset({"base_url_insecure", "settings_unreadable"})


def place_order(
    args: argparse.Namespace,
    settings: Settings,
    folder: Folder,
    request: VideoRequest,
    prepared: Prepared | None,
    clips: int,
    console: Console,
) -> int:
    """Show the price, ask for consent, send, wait and report.

    Raises:
        ProblemError: Nothing was sent and no document was written.
    """
    server = settings.server
    order = prepare(folder, [Item(request, prepared, clips)], server, settings, datetime.now(UTC))
    if order.unsupported is not None:
        raise ProblemError(order.unsupported)
    print_warnings(settings, console)
    print_retirements(order, console)
    if args.dry_run:
        show_order(folder, order, console)
        check_dry_run(args, order)
        return 0
    order.check()
    folder.check_writable()
    consent = agree(
        order,
        order_words(request, order.outputs),
        yes=args.yes,
        max_spend=args.max_spend,
        ask=question_on_terminal(),
        despite_refusal=args.send_refused,
    )
    _announce(order, request, console)
    engine = Engine(folder, settings.servers, budget=settings.budget, alone=settings.alone)
    history = History(folder)
    enough = is_with_server if args.no_wait else is_at_rest
    with taking_back(engine, console):
        with running(engine, console) as items:
            jobs = submit(engine, order, consent)
            outcome = wait_for_completion(
                engine,
                items,
                history,
                [job.id for job in jobs],
                progress_for(console, typical_time_of(history)),
                console,
                enough,
            )
        if args.no_wait:
            for job in outcome.jobs.values():
                console.result(job.id)
        return report(outcome, folder, console)


def print_warnings(settings: Settings, console: Console) -> None:
    """Print what a person should know before anything is sent."""
    for warning in settings.warnings:
        if warning.code not in _SAID_ELSEWHERE:
            said = sentences(warning)
            console.note(f"{said.happened} {said.next}")


def print_retirements(order: Order, console: Console) -> None:
    """Print what of an order a person should know: ends of models, like clips, open doubts."""
    if order.undecided:
        console.note(undecided_words(order.undecided) + " " + _("Decide: sora-tui wait"))
    for end in order.retirements:
        if note := retirement_words(end, date.today()):
            console.note(note)
    for line in order.lines:
        if note := same_seed_words(line.request, line.clips):
            console.note(note)


def is_at_rest(job: Job) -> bool:
    """Return whether nothing more happens to it by itself."""
    return job.is_final


def is_with_server(job: Job) -> bool:
    """Return whether its remote id is known: enough for a person who does not wait."""
    return job.remote_id is not None or job.is_final


def _announce(order: Order, request: VideoRequest, console: Console) -> None:
    server, price, words = order.lines[0].server, order.price, order_words(request, order.outputs)
    # Before anything is handed in: an output that cannot be written ends the command here.
    console.document(
        {
            "event": "order",
            "server": server.name,
            "operation": request.operation,
            "model": request.model,
            "clips": order.outputs,
            "price": {
                "kind": price.kind.value,
                "sum": None if price.sum is None else float(price.sum),
                "currency": price.currency,
            },
        }
    )
    for character in unmentioned(request):
        console.note(
            _("The prompt does not mention {name}: servers find a character by its name.").format(
                name=clean_line(character, 80)
            )
        )
    if server.simulated:
        console.note(
            _("SIMULATOR: practice server here; nothing is charged.  {order}").format(order=words)
        )
        return
    text = _("Sending to {host}: {order}, {cost}")
    console.note(text.format(host=server.host, order=words, cost=price_words(price)))
