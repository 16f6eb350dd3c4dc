"""The final report on jobs: files on stdout, reasons on stderr, and the exit code."""

from __future__ import annotations

import shlex
import signal
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sora_tui.cli import exits
from sora_tui.cli.console import Console
from sora_tui.cli.unconfirmed_words import candidate_lines, resolution_commands
from sora_tui.cli.wait_for_jobs import fate_words
from sora_tui.core.document import to_document
from sora_tui.core.job import Job, State
from sora_tui.core.output_check import differences
from sora_tui.core.text import clean_line
from sora_tui.engine.remote_jobs import without_taken
from sora_tui.i18n import _, ngettext
from sora_tui.i18n.formatting import bytes_words
from sora_tui.i18n.output_check import output_words
from sora_tui.i18n.problems import job_sentences
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History

if TYPE_CHECKING:
    from sora_tui.cli.wait_for_jobs import Outcome


def report(outcome: Outcome, folder: Folder, console: Console) -> int:
    """Report the state of every job and return the exit code of the worst."""
    codes = []
    for job in outcome.jobs.values():
        console.document({**to_document(job), **difference_document(job)})
        if job.id not in outcome.left:
            _tell(job, folder, console)
            codes.append(exits.exit_of(job) if job.is_final else exits.DONE)
    free = {job.id for job in outcome.jobs.values() if job.is_free}
    left = dict.fromkeys((why, job_id in free) for job_id, why in outcome.left.items())
    for why, is_free in (*left, *((fault, False) for fault in outcome.faults)):
        console.problem(why, free=is_free)
        codes.append(exits.BY_PROBLEM[why.code])
    for job in outcome.jobs.values():
        if outcome.faults and job.state is State.CANCELLED:
            console.note(fate_words(job))
    if outcome.signal is not None or outcome.left or outcome.faults:
        _tell_what_goes_on(outcome, console)
    if outcome.signal is not None:
        return 128 + outcome.signal if outcome.signal != signal.SIGINT else exits.INTERRUPTED
    return exits.worst(codes)


def path_of(job: Job, folder: Folder) -> str | None:
    """Return the clip's path from the current folder, for a person or a pipe; None without one."""
    video = next((output for output in job.outputs if output.variant == "video"), None)
    return None if video is None else _shown(folder.root / video.path)


def _shown(path: Path) -> str:
    try:
        here = Path.cwd()
    except OSError:  # the folder was removed
        return str(path)
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def difference_document(job: Job) -> dict[str, Any]:
    """Return where the clip differs from the request, for JSON; empty where it does not."""
    found = [each._asdict() for each in differences(job)]
    return {"differences": found} if found else {}


def _tell(job: Job, folder: Folder, console: Console) -> None:
    for output in job.outputs:
        if output.is_clip:
            path = _shown(folder.root / output.path)
            console.note(
                _("Saved {path}  {size}  sha256 {sha256}").format(
                    path=path, size=bytes_words(output.bytes), sha256=output.sha256[:12]
                )
            )
            console.result(path)
    if other := output_words(job):
        console.note(f"{job.id}  {other}")
    if job.request.operation == "character" and job.state is State.COMPLETED:
        name = clean_line(job.request.prompt, 80)
        console.note(
            _(
                "{name} is {id} on {server}. Use it: sora-tui generate --character {quoted}"
                ' "... {name} ..."'
            ).format(
                name=name,
                quoted=shlex.quote(name),
                id=clean_line(job.remote_id or ""),
                server=clean_line(job.server.profile, 60),
            )
        )
        console.result(job.remote_id or "")
    said = job_sentences(job)
    if said is not None and job.error is not None and job.state is not State.SAVED:
        console.note(f"{job.id}  {job.state.value}")
        console.sentences(said, job.error.spent)
    if job.state is State.UNCONFIRMED:
        with closing(History(folder)) as history:
            job = without_taken(folder, history, job)
        for line in (*candidate_lines(job), *resolution_commands(job)):
            console.note(line)


def _tell_what_goes_on(outcome: Outcome, console: Console) -> None:
    going = [job for job in outcome.jobs.values() if job.is_active]
    simulated = sum(job.simulated for job in going)
    real = len(going) - simulated
    holder = outcome.holder
    if going and holder is not None:
        console.note(
            ngettext(
                "{count} job goes on in another sora-tui (pid {pid} on {host}). Come back with:"
                " sora-tui wait",
                "{count} jobs go on in another sora-tui (pid {pid} on {host}). Come back with:"
                " sora-tui wait",
                len(going),
            ).format(count=len(going), pid=holder.pid, host=clean_line(holder.host, 60))
        )
    _tell_unclaimed(outcome, console)
    if holder is not None:
        return
    if real:
        console.note(
            ngettext(
                "{count} job goes on. Come back with: sora-tui wait",
                "{count} jobs go on. Come back with: sora-tui wait",
                real,
            ).format(count=real)
        )
    if simulated:
        console.note(
            ngettext(
                "{count} simulated job is paused and goes on with: sora-tui wait",
                "{count} simulated jobs are paused and go on with: sora-tui wait",
                simulated,
            ).format(count=simulated)
        )


def _tell_unclaimed(outcome: Outcome, console: Console) -> None:
    """Report jobs that are handed in and that no process has taken: they will be sent."""
    if not outcome.unclaimed:
        return
    console.note(
        ngettext(
            "{count} job is handed in and not sent yet: the sora-tui that has this folder sends"
            " it. To take it back: {command}",
            "{count} jobs are handed in and not sent yet: the sora-tui that has this folder sends"
            " them. To take them back: {command}",
            len(outcome.unclaimed),
        ).format(
            count=len(outcome.unclaimed),
            command="sora-tui cancel " + " ".join(outcome.unclaimed),
        )
    )
