"""One job for a reader: everything about it, line by line, and its cells in a list."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sora_tui.cli.report import path_of
from sora_tui.cli.table import aligned
from sora_tui.cli.unconfirmed_words import candidate_lines, resolution_commands
from sora_tui.core.budget import is_not_billed
from sora_tui.core.job import Cost, Job, State
from sora_tui.core.text import clean, clean_line
from sora_tui.i18n import _
from sora_tui.i18n.costs import reported_words
from sora_tui.i18n.formatting import money, second
from sora_tui.i18n.lineage import operation_words, relation_words
from sora_tui.i18n.output_check import output_words
from sora_tui.i18n.problems import job_sentences
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History
from sora_tui.workspace.legacy_records import record_path


def facts_lines(job: Job, folder: Folder, history: History) -> Iterator[str]:
    """Yield everything about one job, line by line."""
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
        (_("cost"), cost_words(job)),
        (_("batch"), f"{job.batch.id}  {job.batch.index}" if job.batch else None),
        (_("created"), second(job.created_at)),
        (_("expires"), second(job.expires_at) if job.expires_at else None),
        (_("clip"), path_of(job, folder)),
        ("sha256", job.outputs[0].sha256 if job.outputs else None),
        (_("differs"), output_words(job)),
        (_("record"), record_path(job)),
        # Servers do not always report it for a job that was made elsewhere.
        (_("prompt"), None if request.prompt.strip() else _("not known")),
    )
    shown = [(name, clean_line(value)) for name, value in facts if value]
    yield from aligned(shown)
    yield ""
    if request.prompt.strip():
        yield from (clean(request.prompt, 40_000), "")
    for event in job.events:
        yield f"{second(event.at)}  {event.state_word:<11}  {clean_line(event.note)}".rstrip()
    said = job_sentences(job)
    if said is not None:
        yield from ("", said.happened, said.money, said.next)
    if job.state is State.UNCONFIRMED:
        from sora_tui.engine.remote_jobs import without_taken  # few jobs are lost

        job = without_taken(folder, history, job)
        yield from ("", *candidate_lines(job), *resolution_commands(job))


def cost_words(job: Job) -> str:
    """Return what a job costs, or is estimated to; `?` where it may have been billed."""
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
