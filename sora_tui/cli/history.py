"""`sora-tui jobs` and `sora-tui show`: what happened here, newest first."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from rich.cells import cell_len, set_cell_size

from sora_tui.cli.console import Console
from sora_tui.cli.report import difference_document, path_of
from sora_tui.cli.unconfirmed_words import candidate_lines, resolution_commands
from sora_tui.config.settings import Settings
from sora_tui.core.budget import is_not_billed
from sora_tui.core.document import to_document
from sora_tui.core.job import Cost, Job, State
from sora_tui.core.text import clean, clean_line, folded
from sora_tui.i18n import _
from sora_tui.i18n.costs import reported_words
from sora_tui.i18n.formatting import money
from sora_tui.i18n.lineage import operation_words, relation_words
from sora_tui.i18n.output_check import output_words
from sora_tui.i18n.problems import job_sentences, sentences
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.legacy_records import record_path

#: Documents read at once while looking for those that match.
_PAGE = 200


def jobs(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """List jobs."""
    history = History(open_folder(settings.workspace))
    known = {state.value for state in State}
    for word in args.state or ():
        if word not in known:
            choices = ", ".join(sorted(known))
            console.note(
                _("There is no state {word}. There are: {choices}").format(
                    word=clean_line(word), choices=choices
                )
            )
            return 2
    found = list(islice(_matching(history, args.state, args.search), args.limit))
    for job in found:
        console.document({**to_document(job), **difference_document(job)})
    broken = history.broken()
    if not found and (args.state or args.search):
        console.note(_("No jobs match."))
    elif not found and not broken:  # records that cannot be read are jobs all the same
        console.note(_("No jobs yet."))
    elif found:
        for line in _table(found):
            console.result(line)
    for why in broken:
        console.note(" ".join((sentences(why).happened, sentences(why).next)))
    return 0


def show(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Show one job.

    Raises:
        ProblemError: job_unknown, job_ambiguous, document_broken or document_newer.
    """
    folder = open_folder(settings.workspace)
    history = History(folder)
    job_id = history.find(args.job)
    job = history.load(job_id)
    if console.as_json:
        lineage = history.lineage(job)
        document = json.loads(history.load_text(job_id))
        relation = {"from": lineage.origins, "became": lineage.derived}
        document["lineage"] = {way: [one._asdict() for one in relation[way]] for way in relation}
        console.document({**document, **difference_document(job)})
        return 0
    for line in facts_lines(job, folder, history):
        console.result(line)
    return 0


def _matching(history: History, states: list[str] | None, search: str | None) -> Iterator[Job]:
    words = folded(search or "")
    offset = 0
    while page := history.newest(_PAGE, offset):
        offset += _PAGE
        for job in page:
            if states and job.state.value not in states:
                continue
            batch = job.batch.id if job.batch else ""
            searched = f"{job.id} {job.remote_id or ''} {batch} {job.request.prompt}"
            if words in folded(searched):
                yield job


def _table(found: list[Job]) -> Iterator[str]:
    """Aligned columns; the prompt takes what is left of a terminal's line, or all of it."""
    heads = (_("ID"), _("STATE"), _("CREATED"), _("COST"), _("MODEL"), _("SIZE"), _("SEC"))
    rows = [heads, *(_cells(job) for job in found)]
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(heads))]
    prompts = (_("PROMPT"), *(clean_line(job.request.prompt) for job in found))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for row, prompt in zip(rows, prompts, strict=True):
        line = "  ".join(set_cell_size(cell, w) for cell, w in zip(row, widths, strict=True))
        line = f"{line}  {prompt}".rstrip()
        too_long = width is not None and cell_len(line) > width
        yield set_cell_size(line, width).rstrip() if width and too_long else line


def _cells(job: Job) -> tuple[str, ...]:
    request = job.request
    return (
        job.id,
        job.state_word,
        _local(job.created_at),
        _cost(job),
        clean_line(request.model or "-", 24),
        clean_line(request.size or "-", 12),
        clean_line(request.seconds or "-", 6),
    )


def _cost(job: Job) -> str:
    cost: Cost = job.cost
    if job.is_free:
        return _("free")
    if cost.reported is not None:
        return reported_words(job)
    if is_not_billed(job):
        return "0"
    if cost.estimated is None:
        return _("unknown")
    mark = "?" if job.state in {State.UNCONFIRMED, State.ABANDONED} else ""
    return f"~{money(cost.estimated, cost.currency)}{mark}"


def facts_lines(job: Job, folder: Folder, history: History) -> Iterator[str]:
    """Everything about one job, line by line."""
    request, lineage = job.request, history.lineage(job)
    reference = request.reference
    facts = (
        (_("job"), job.id),
        (_("state"), job.state_word + ("  SIMULATED" if job.simulated else "")),
        (_("server"), f"{job.server.profile}  {job.server.base_url}"),
        (_("video id"), job.remote_id),
        (_("request id"), job.request_id),
        (_("model"), request.model),
        (_("seconds"), request.seconds),
        (_("size"), request.size),
        (_("picture"), f"{reference.path}  {reference.fit}" if reference else None),
        (_("parameters"), json.dumps(dict(request.params)) if request.params else None),
        (_("made as"), operation_words(request) if request.source_file else None),
        *((_("from"), relation_words(relation)) for relation in lineage.origins),
        *((_("became"), relation_words(relation)) for relation in lineage.derived),
        (_("cost"), _cost(job)),
        (_("batch"), f"{job.batch.id}  {job.batch.index}" if job.batch else None),
        (_("created"), _local(job.created_at)),
        (_("expires"), _local(job.expires_at) if job.expires_at else None),
        (_("clip"), path_of(job, folder)),
        ("sha256", job.outputs[0].sha256 if job.outputs else None),
        (_("differs"), output_words(job)),
        (_("record"), record_path(job)),
        # Servers do not always say it of a job that was made elsewhere.
        (_("prompt"), None if request.prompt.strip() else _("not known")),
    )
    shown = [(name, clean_line(value)) for name, value in facts if value]
    width = max(cell_len(name) for name, value in shown)
    for name, value in shown:
        yield f"{set_cell_size(name, width)}  {value}"
    yield ""
    if request.prompt.strip():
        yield from (clean(request.prompt, 40_000), "")
    for event in job.events:
        yield f"{_local(event.at)}  {event.state_word:<11}  {clean_line(event.note)}".rstrip()
    said = job_sentences(job)
    if said is not None:
        yield from ("", said.happened, said.money, said.next)
    if job.state is State.UNCONFIRMED:
        from sora_tui.engine.remote_jobs import without_taken  # few jobs are lost

        job = without_taken(folder, history, job)
        yield from ("", *candidate_lines(job), *resolution_commands(job))


def _local(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"
