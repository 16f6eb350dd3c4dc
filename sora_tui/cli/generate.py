"""`sora-tui generate`: a prompt becomes a file, or a reason."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from sora_tui.cli.consent import agree, order_words, question_on_terminal
from sora_tui.cli.day import check_budget
from sora_tui.cli.dry_run import show_order
from sora_tui.cli.follow import running, wait_for_completion
from sora_tui.cli.progress import progress_for
from sora_tui.cli.report import report
from sora_tui.cli.speech import Speech
from sora_tui.cli.usual import usual_of
from sora_tui.config.choices import Choices, count, from_front_matter, from_settings
from sora_tui.config.profiles import seconds, size
from sora_tui.config.settings import Settings
from sora_tui.core.job import Job
from sora_tui.core.price import Price, PriceKind
from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.core.prompt import Prompt, fill, parse_prompt
from sora_tui.core.request import EXACT, VideoRequest, check_request, unmentioned
from sora_tui.core.server import Server
from sora_tui.core.text import clean_line
from sora_tui.engine.engine import Engine
from sora_tui.engine.knowledge import as_known, unsupported
from sora_tui.engine.quote import quote
from sora_tui.i18n import _
from sora_tui.i18n.amounts import money
from sora_tui.i18n.problems import sentences
from sora_tui.workspace.characters import find_characters
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.learnt import Memory
from sora_tui.workspace.prompts import read_prompt
from sora_tui.workspace.references import Prepared, read_reference_image
from sora_tui.workspace.verdicts import refusal_before

#: Its maker announced the end of this endpoint.
_ENDING_HOST = "api.openai.com"


def run(args: argparse.Namespace, settings: Settings, speech: Speech) -> int:
    """Everything before the first byte may refuse; nothing is written until all agreed.

    Raises:
        ProblemError: Nothing was sent and no document was written.
    """
    folder = open_folder(settings.workspace)
    prompt, prompt_file = _prompt(args, folder)
    written = from_front_matter(prompt.settings, prompt_file or "-")
    own = _said(args).over(written)
    choices = own.over(from_settings(settings))
    prepared = None
    if choices.reference is not None:
        prepared = read_reference_image(
            folder, choices.reference, choices.size, choices.fit or EXACT
        )
    history = History(folder)
    text = fill(prompt.text, choices.variables)
    operation = choices.operation or "create"
    if operation != "create":
        from sora_tui.cli.derive import derived

        source = choices.source or ""
        request, at = derived(folder, settings, operation, source, text, own.seconds)
        return place(args, at, folder, request, None, choices.count or 1, speech)
    server = settings.server
    request = VideoRequest(
        prompt=text,
        model=choices.model,
        seconds=choices.seconds,
        size=choices.size,
        reference=prepared.reference if prepared else None,
        params=choices.params,
        variables=choices.variables,
        prompt_file=prompt_file,
        characters=find_characters(history, server, choices.characters),
    )
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
    for warning in settings.warnings:
        if warning.code != "base_url_insecure":  # check_sendable says it
            said = sentences(warning)
            speech.note(f"{said.happened} {said.next}")
    settings.check_sendable()
    if not folder.writable:
        raise problem_error("folder_not_writable", path=str(folder.metadata))
    refused = refusal_before(folder, server.origin, request)
    if refused is not None and not args.send_refused:
        raise ProblemError(refused)
    today = check_budget(folder, settings.budget, server, price, clips)
    consent = agree(
        server,
        request,
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
    enough = _is_with_server if args.no_wait else _is_at_rest
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


def _is_at_rest(job: Job) -> bool:
    return job.is_final


def _is_with_server(job: Job) -> bool:
    return job.remote_id is not None or job.is_final


def _prompt(args: argparse.Namespace, folder: Folder) -> tuple[Prompt, str | None]:
    """The prompt and the file it came from, as documents name it."""
    if args.text is not None and args.file is not None:
        _wrong_use(_("give TEXT or -f FILE, not both"))
    if args.text is not None:
        return Prompt(args.text), None
    if args.file == "-":
        try:
            return parse_prompt(sys.stdin.read()), None
        except UnicodeDecodeError:
            raise problem_error("prompt_unreadable", path="-", reason="not UTF-8") from None
    path = folder.prompt_md if args.file is None else _found(args.file, folder)
    resolved = path.resolve()
    inside = resolved.is_relative_to(folder.root)
    return read_prompt(path), folder.relative(resolved) if inside else path.name


def _found(name: str, folder: Folder) -> Path:
    """The file a person means: where he stands, in the workspace, or in prompts/."""
    places = (Path(name), folder.root / name, folder.prompts / name, folder.prompts / f"{name}.md")
    return next((place for place in places if place.is_file()), Path(name))


def _said(args: argparse.Namespace) -> Choices:
    """What the command line says."""
    return Choices(
        model=args.model,
        seconds=None if args.seconds is None else seconds(args.seconds),
        size=None if args.size is None else size(args.size),
        reference=args.reference_image,
        fit=args.fit,
        count=None if args.count is None else count(args.count),
        params={name: _value(text) for name, text in _pairs(args.param).items()},
        variables=_pairs(args.var),
        characters=tuple(args.character or ()),
    )


def _pairs(said: list[str]) -> Mapping[str, str]:
    pairs: dict[str, str] = {}
    for pair in said:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise problem_error("param_invalid", name=pair, reason=_("no = in it"))
        pairs[name] = value
    return pairs


def _value(text: str) -> Any:
    """JSON where it is JSON, the text itself otherwise."""

    def no_number(name: str) -> NoReturn:
        raise ValueError(name)  # NaN and Infinity are words here: no server takes them

    try:
        return json.loads(text, parse_constant=no_number)
    except (ValueError, RecursionError):
        return text


def _announce(
    server: Server, request: VideoRequest, price: Price, clips: int, speech: Speech
) -> None:
    order = order_words(request, clips)
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
    if server.host == _ENDING_HOST:
        speech.note(
            _(
                "OpenAI announced the end of this endpoint for 2026-09-24; it may refuse. Other"
                " servers: SORA_BASE_URL."
            )
        )


def _wrong_use(message: str) -> NoReturn:
    sys.stderr.write(f"sora-tui generate: {message}\n")
    sys.exit(2)
