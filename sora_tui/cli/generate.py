"""`sora-tui generate`: a prompt becomes a file, or a reason."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path
from typing import NoReturn

from sora_tui.cli.consent import agree, order_words, question_on_terminal
from sora_tui.cli.day import check_budget
from sora_tui.cli.dry_run import show_order
from sora_tui.cli.follow import running, wait_for_completion
from sora_tui.cli.progress import progress_for
from sora_tui.cli.report import report
from sora_tui.cli.speech import Speech
from sora_tui.cli.streams import complain, read_input
from sora_tui.cli.usual import usual_of
from sora_tui.cli.wish import pairs, wish_of, with_params
from sora_tui.config.choices import Choices, count, from_front_matter, from_settings
from sora_tui.config.profiles import seconds, size
from sora_tui.config.settings import Settings
from sora_tui.core.job import Job
from sora_tui.core.price import Price, PriceKind
from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.core.prompt import Prompt, parse_prompt
from sora_tui.core.request import VideoRequest, check_request, unmentioned
from sora_tui.core.server import Server
from sora_tui.core.text import clean_line
from sora_tui.engine.engine import Engine
from sora_tui.engine.knowledge import as_known, unsupported
from sora_tui.engine.quote import ending, quote
from sora_tui.engine.way import check_way
from sora_tui.i18n import _
from sora_tui.i18n.amounts import money
from sora_tui.i18n.endings import ending_words
from sora_tui.i18n.problems import sentences
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.learnt import Memory
from sora_tui.workspace.prompts import read_prompt
from sora_tui.workspace.references import Prepared
from sora_tui.workspace.verdicts import refusal_before


def run(args: argparse.Namespace, settings: Settings, speech: Speech) -> int:
    """Everything before the first byte may refuse; nothing is written until all agreed.

    Raises:
        ProblemError: Nothing was sent and no document was written.
    """
    folder = open_folder(settings.workspace)
    prompt, prompt_file, own = asked(args, folder)
    if own.operation not in {None, "create"}:
        from sora_tui.cli.derive import derive

        return derive(args, settings, folder, prompt.text, prompt_file, own, speech)
    choices, server = own.over(from_settings(settings)), settings.server
    offer, choices = with_params(folder, server, choices.model, choices, args.preset, args.param)
    request, prepared = wish_of(folder, server, offer, prompt.text, prompt_file, choices)
    return place(args, settings, folder, request, prepared, choices.count or 1, speech)


def place(
    args: argparse.Namespace,
    settings: Settings,
    folder: Folder,
    request: VideoRequest,
    prepared: Prepared | None,
    clips: int,
    speech: Speech,
) -> int:
    """Name the price, have it agreed to, send, wait and report.

    Raises:
        ProblemError: Nothing was sent and no document was written.
    """
    check_request(request)
    server = settings.server
    memory = Memory(folder)
    missing = unsupported(server, memory, request)
    if missing is not None:
        raise ProblemError(missing)
    price = quote(server, request)
    if args.dry_run:
        show_order(as_known(server, memory), request, prepared, price, clips, speech)
        return 0
    tell_warnings(settings, speech)
    if note := ending_words(ending(server, request.model), date.today()):
        speech.note(note)
    settings.check_sendable()
    check_way(settings.server)
    folder.check_writable()
    refused = refusal_before(folder, server.origin, request)
    if refused is not None and not args.send_refused:
        raise ProblemError(refused)
    today = check_budget(folder, settings.budget, server, price, clips)
    consent = agree(
        server,
        order_words(request, clips),
        price,
        clips,
        yes=args.yes,
        max_spend=args.max_spend,
        ask=question_on_terminal(),
        today=today,
        despite_refusal=args.send_refused,
    )
    _announce(server, request, price, clips, speech)
    engine = Engine(folder, settings.servers, budget=settings.budget, alone=settings.alone)
    history = History(folder)
    enough = is_with_server if args.no_wait else is_at_rest
    with running(engine, speech) as items:
        jobs = engine.submit(server, request, price, consent, prepared, clips)
        outcome = wait_for_completion(
            engine,
            items,
            history,
            [job.id for job in jobs],
            progress_for(speech, usual_of(history)),
            speech,
            enough,
        )
    if args.no_wait:
        for job in outcome.jobs.values():
            speech.result(job.id)
    return report(outcome, folder, speech)


def tell_warnings(settings: Settings, speech: Speech) -> None:
    """What a person should know before anything is sent."""
    for warning in settings.warnings:
        if warning.code != "base_url_insecure":  # check_sendable says it
            said = sentences(warning)
            speech.note(f"{said.happened} {said.next}")


def is_at_rest(job: Job) -> bool:
    """Whether nothing more happens to it by itself."""
    return job.is_final


def is_with_server(job: Job) -> bool:
    """Whether its remote id is known, for who does not wait."""
    return job.remote_id is not None or job.is_final


def asked(args: argparse.Namespace, folder: Folder) -> tuple[Prompt, str | None, Choices]:
    """The prompt, the file it came from as documents name it, and what both of them choose.

    Raises:
        ProblemError: prompt_missing, prompt_unreadable, front_matter_broken, or what is wrong with
            an option.
    """
    prompt, file = _prompt(args, folder)
    return prompt, file, _said(args).over(from_front_matter(prompt.settings, file or "-"))


def _prompt(args: argparse.Namespace, folder: Folder) -> tuple[Prompt, str | None]:
    if args.text is not None and args.file is not None:
        _wrong_use(args.command, _("give TEXT or -f FILE, not both"))
    if args.text is None and args.file is None and args.command != "generate":
        _wrong_use(args.command, _("give TEXT or -f FILE"))
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
    return next((place for place in places if _is_file(place)), Path(name))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder on the way is closed to us
        return False


def _said(args: argparse.Namespace) -> Choices:
    """What the command line says."""
    return Choices(
        model=args.model,
        seconds=None if args.seconds is None else seconds(args.seconds),
        size=None if args.size is None else size(args.size),
        reference=args.reference_image,
        fit=args.fit,
        count=None if args.count is None else count(args.count),
        variables=pairs(args.var),
        characters=tuple(args.character or ()),
    )


def _announce(
    server: Server, request: VideoRequest, price: Price, clips: int, speech: Speech
) -> None:
    order = order_words(request, clips)
    # Before anything is handed in: an output that cannot be written ends the command here.
    speech.document(
        {
            "event": "order",
            "server": server.name,
            "operation": request.operation,
            "model": request.model,
            "clips": clips,
            "price": {
                "kind": price.kind.value,
                "sum": None if price.sum is None else float(price.sum * clips),
                "currency": price.currency,
            },
        }
    )
    for character in unmentioned(request):
        speech.note(
            _("The prompt does not mention {name}: servers find a character by its name.").format(
                name=clean_line(character, 80)
            )
        )
    if server.simulated:
        speech.note(
            _("SIMULATOR: practice server here; nothing is charged.  {order}").format(order=order)
        )
        return
    cost = _("price unknown")
    if price.kind is PriceKind.FREE:
        cost = _("free")
    elif price.sum is not None:
        cost = _("about {sum}").format(sum=money(price.sum * clips, price.currency))
    speech.note(
        _("Sending to {host}: {order}, {cost}").format(host=server.host, order=order, cost=cost)
    )


def _wrong_use(command: str, message: str) -> NoReturn:
    program = f"sora-tui {command}"
    hint = _("Help: {command} --help").format(command=program)
    complain(f"{program}: {message}\n{hint}")
    sys.exit(2)
