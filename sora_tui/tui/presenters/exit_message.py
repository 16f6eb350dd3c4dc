"""The last lines, on the normal screen: what goes on, and how to come back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sora_tui.core.job import Job
from sora_tui.core.text import clean_line
from sora_tui.i18n import _, ngettext
from sora_tui.i18n.formatting import time_of_day


def exit_message(active: Sequence[Job], crashed: bool, report: Path | None) -> Iterator[str]:
    """What a person should know when the screen is gone.

    Args:
        active: Jobs the engine still has work with.
        crashed: It ended on a fault of our own.
        report: Where the report of that fault lies, if it could be written.
    """
    if crashed:
        yield _(
            "sora-tui stopped on its own fault. Jobs and draft are safe; nothing was sent twice."
        )
        again = _("Start again: sora-tui")
        if report is None:
            yield again
        else:
            yield _("Report without keys or prompts: {path}.").format(path=report) + " " + again
        return
    simulated = [job for job in active if job.simulated]
    if simulated:
        yield ngettext(
            "{count} simulated job is paused and goes on next time.",
            "{count} simulated jobs are paused and go on next time.",
            len(simulated),
        ).format(count=len(simulated))
    real = [job for job in active if not job.simulated]
    if real:
        yield _real(real)


def _real(jobs: Sequence[Job]) -> str:
    names = sorted({clean_line(job.server.profile, 40) for job in jobs})
    text = ngettext(
        "{count} job goes on at {servers}. Come back with sora-tui, or: sora-tui wait.",
        "{count} jobs go on at {servers}. Come back with sora-tui, or: sora-tui wait.",
        len(jobs),
    ).format(count=len(jobs), servers=", ".join(names))
    ends = [job.expires_at for job in jobs if job.expires_at is not None]
    if ends:
        first = time_of_day(min(ends))
        text += " " + _("First clip expires {time}.").format(time=first)
    return text
