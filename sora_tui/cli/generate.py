"""`sora-tui generate`: a prompt becomes a file, or a reason."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, NoReturn

from sora_tui.cli.build_request import build_request, param_pairs, with_params
from sora_tui.cli.consent import agree, order_words, question_on_terminal
from sora_tui.cli.console import Console
from sora_tui.cli.dry_run import show_order
from sora_tui.cli.progress import progress_for
from sora_tui.cli.report import report
from sora_tui.cli.streams import complain, read_input
from sora_tui.cli.typical_time import typical_time_of
from sora_tui.cli.wait_for_jobs import running, taking_back, wait_for_completion
from sora_tui.config.order_options import Choices, count, from_front_matter, from_settings
from sora_tui.config.profiles import seconds, size
from sora_tui.config.settings import Settings
from sora_tui.core.job import Job
from sora_tui.core.price import PriceKind
from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.core.prompt import Prompt, parse_prompt
from sora_tui.core.request import VideoRequest, unmentioned
from sora_tui.core.text import clean_line, left_out
from sora_tui.engine.engine import Engine
from sora_tui.engine.orders import Item, Order, prepare, submit
from sora_tui.i18n import _
from sora_tui.i18n.costs import free_words
from sora_tui.i18n.formatting import left_out_words, money
from sora_tui.i18n.problems import sentences
from sora_tui.i18n.retirement import retirement_words
from sora_tui.i18n.takes import same_seed_words
from sora_tui.workspace.find_file import existing
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.prompts import read_prompt
from sora_tui.workspace.references import Prepared

#: Warnings that `main` prints, and one that `Order.check` turns into a refusal.
_SAID_ELSEWHERE: Final = frozenset({"base_url_insecure", "settings_unreadable"})


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Everything before the first byte may refuse; nothing is written until all agreed.

    Raises:
        ProblemError: Nothing was sent and no document was written.
    """
    folder = open_folder(settings.workspace)
    prompt, prompt_file, own = order_input(args, folder, console)
    if own.operation not in {None, "create"}:
        from sora_tui.cli.derive import derive

        return derive(args, settings, folder, prompt.text, prompt_file, own, console)
    choices, server = own.over(from_settings(settings)), settings.server
    schema, choices = with_params(folder, server, choices.model, choices, args.preset, args.param)
    request, prepared = build_request(folder, server, schema, prompt.text, prompt_file, choices)
    return place_order(args, settings, folder, request, prepared, choices.count or 1, console)


def place_order(
    args: argparse.Namespace,
    settings: Settings,
    folder: Folder,
    request: VideoRequest,
    prepared: Prepared | None,
    clips: int,
    console: Console,
) -> int:
    """Name the price, have it agreed to, send, wait and report.

    Raises:
        ProblemError: Nothing was sent and no document was written.
    """
    server = settings.server
    order = prepare(folder, [Item(request, prepared, clips)], server, settings, datetime.now(UTC))
    if order.unsupported is not None:
        raise ProblemError(order.unsupported)
    if args.dry_run:
        show_order(folder, order, console)
        return 0
    print_warnings(settings, console)
    print_retirements(order, console)
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
    """What a person should know before anything is sent."""
    for warning in settings.warnings:
        if warning.code not in _SAID_ELSEWHERE:
            said = sentences(warning)
            console.note(f"{said.happened} {said.next}")


def print_retirements(order: Order, console: Console) -> None:
    """Say which models of an order end, or have ended, and which of its clips come out alike."""
    for end in order.retirements:
        if note := retirement_words(end, date.today()):
            console.note(note)
    for line in order.lines:
        if note := same_seed_words(line.request, line.clips):
            console.note(note)


def is_at_rest(job: Job) -> bool:
    """Whether nothing more happens to it by itself."""
    return job.is_final


def is_with_server(job: Job) -> bool:
    """Whether its remote id is known, for who does not wait."""
    return job.remote_id is not None or job.is_final


def order_input(
    args: argparse.Namespace, folder: Folder, console: Console
) -> tuple[Prompt, str | None, Choices]:
    """The prompt, the file it came from as documents name it, and what both of them choose.

    Raises:
        ProblemError: prompt_missing, prompt_unreadable, front_matter_broken, or what is wrong with
            an option.
    """
    prompt, file = _prompt(args, folder)
    if gone := left_out(prompt.text):
        console.note(left_out_words(gone))
    return prompt, file, _options(args).over(from_front_matter(prompt.settings, file or "-"))


def _prompt(args: argparse.Namespace, folder: Folder) -> tuple[Prompt, str | None]:
    if args.text is not None and args.file is not None:
        _wrong_use(args.command, _("give TEXT or -f FILE, not both"))
    if args.text is None and args.file is None and args.command != "generate":
        _wrong_use(args.command, _("give TEXT or -f FILE"))
    if args.text == "-":
        _wrong_use(args.command, _("- is no prompt; -f - reads one from standard input"))
    if args.text is not None:
        return Prompt(args.text), None
    if args.file == "-":
        try:
            return parse_prompt(read_input()), None
        except UnicodeDecodeError:
            raise problem_error("prompt_unreadable", path="-", reason="not UTF-8") from None
        except OSError as error:  # a stream that was opened for writing
            reason = error.strerror or type(error).__name__
            raise problem_error("prompt_unreadable", path="-", reason=reason) from None
    path = folder.prompt_md if args.file is None else found_prompt(args.file, folder)
    prompt = read_prompt(path)  # before `resolve`: what is missing is missing in no folder
    resolved = path.resolve()
    inside = resolved.is_relative_to(folder.root)
    return prompt, folder.relative(resolved) if inside else path.name


def found_prompt(name: str, folder: Folder) -> Path:
    """The file a person means: where he stands, in the workspace, or in prompts/."""
    places = (Path(name), folder.root / name, folder.prompts / name, folder.prompts / f"{name}.md")
    found = (there for place in places if (there := _existing(place)) is not None)
    return next((path for path in found if path.is_file()), Path(name))


def _existing(place: Path) -> Path | None:
    try:
        return existing(place)
    except OSError:  # a folder on the way is closed to us
        return None


def _options(args: argparse.Namespace) -> Choices:
    """What the command line says."""
    return Choices(
        model=args.model,
        seconds=None if args.seconds is None else seconds(args.seconds),
        size=None if args.size is None else size(args.size),
        reference=args.reference_image,
        fit=args.fit,
        count=None if args.count is None else count(args.count),
        variables=param_pairs(args.var),
        characters=tuple(args.character or ()),
    )


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
    cost = _("price unknown")
    if price.kind is PriceKind.FREE:
        cost = free_words(price)
    elif price.sum is not None:
        cost = _("about {sum}").format(sum=money(price.sum, price.currency))
    console.note(
        _("Sending to {host}: {order}, {cost}").format(host=server.host, order=words, cost=cost)
    )


def _wrong_use(command: str, message: str) -> NoReturn:
    program = f"sora-tui {command}"
    hint = _("Help: {command} --help").format(command=program)
    complain(f"{program}: {message}\n{hint}")
    sys.exit(2)
