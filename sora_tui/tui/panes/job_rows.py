"""The columns of the job list, and the cells of one job."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sora_tui.core.job import State
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.tui.presenters import job_columns
from sora_tui.tui.state.job_view import JobView
from sora_tui.tui.widgets.virtual_list import Cell, Column, Tone

_TONES: Final[Mapping[State, Tone]] = {
    State.PENDING: "muted",
    State.QUEUED: "muted",
    State.SUBMITTING: "accent",
    State.IN_PROGRESS: "accent",
    State.COMPLETED: "accent",
    State.DOWNLOADING: "accent",
    State.SAVED: "ok",
    State.UNCONFIRMED: "warn",
    State.CANCELLED: "muted",
    State.ABANDONED: "muted",
    State.UNKNOWN: "warn",
}
#: Of a row whose document is on its way from the disk.
UNREAD: Final[Mapping[str, Cell]] = {"state": Cell("…", "muted")}


def columns(*, roomy: bool) -> tuple[Column, ...]:
    """Return the columns; `drop` is the order in which they give way as the width falls."""
    more = int(roomy)
    return (
        Column("state", _("STATE"), 14),
        Column("progress", _("PROGRESS"), _bar_width(roomy)),
        Column("elapsed", _("ELAPSED"), 7, drop=1),
        Column("left", _("LEFT"), 7 + more),
        Column("expires", _("EXPIRES"), 8 + more),
        Column("cost", _("COST"), 7 + more),
        Column("server", _("SERVER"), 9, drop=2),
        Column("model", _("MODEL"), 10, drop=3),
        Column("size", _("SIZE"), 9, drop=4),
        Column("sec", _("SEC"), 3, drop=5),
        Column("ref", _("REF"), 3, drop=6),
        # Wide enough that 80 columns are those that must never go.
        Column("prompt", _("PROMPT"), None, min_width=20),
    )


def row(
    view: JobView, prompt: str, now: datetime, *, roomy: bool, paused: bool, ascii: bool
) -> Mapping[str, Cell]:
    """Return the cells of a job.

    Args:
        view: The job to show.
        prompt: See `prompt_among`.
        now: The present moment.
        roomy: The pane is wide enough for a longer bar.
        paused: A person stopped the queue.
        ascii: Use ASCII signs only.
    """
    job, request = view.job, view.job.request
    tone: Tone = "warn" if view.retry else _TONES.get(job.state, "error")
    spent = job_columns.cost(view)
    progress = job_columns.progress(view, now, _bar_width(roomy), ascii)
    if paused and job.state is State.PENDING:
        progress = _("paused")
    return {
        "state": Cell(job_columns.state(view, ascii), tone),
        "progress": Cell(progress, "warn" if job_columns.is_otherwise(job) else ""),
        "elapsed": Cell(job_columns.elapsed(view, now)),
        "left": Cell(job_columns.left(view, now), "warn" if job.needs_decision else ""),
        "expires": Cell(
            job_columns.expires(view, now), "error" if job_columns.in_danger(view, now) else ""
        ),
        "cost": Cell(spent, "warn" if spent.endswith(("?", "!")) else ""),
        "server": Cell(clean_line(job.server.profile, 40)),
        "model": Cell(clean_line(request.model or "-", 40)),
        "size": Cell(clean_line(request.size or "-", 20)),
        "sec": Cell(clean_line(request.seconds or "-", 10)),
        "ref": Cell(job_columns.reference(view, ascii)),
        "prompt": Cell(prompt),
    }


def prompt_among(view: JobView, above: JobView | None, below: JobView | None) -> str:
    """Return the prompt; of several takes that stand together only the first says it."""
    take = job_columns.take(view.job)
    if not take:
        return job_columns.prompt(view)
    return job_columns.grouped(
        job_columns.prompt(view),
        take,
        job_columns.are_takes(view.job, above),
        job_columns.are_takes(view.job, below),
    )


def broken_row(job_id: str) -> Mapping[str, Cell]:
    """Return the cells of a document that cannot be read."""
    return {
        "state": Cell("✗ broken", "error"),
        "progress": Cell(_("not readable")),
        "prompt": Cell(f"{job_id}.json"),
    }


def _bar_width(roomy: bool) -> int:
    return 21 if roomy else 15
