"""What a job says in each column of the job list: pure text, made from values and a given now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sora_tui.core.eta import seconds_left
from sora_tui.core.job import NEEDS_DECISION, Job, State
from sora_tui.core.output_check import Difference, differences
from sora_tui.core.problem import Spent
from sora_tui.core.request import EXACT
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.i18n.formatting import amount, clock, decimals, megabyte_digits, megabytes, span
from sora_tui.tui.presenters.job_reasons import reason, waits_because
from sora_tui.tui.state.job_view import JobView, changes_with_time

if TYPE_CHECKING:
    from sora_tui.engine.events import Transfer

#: Below this many seconds to its expiry a clip is in danger.
EXPIRY_ALARM: Final = 10 * 60


#: A sign for each state.
_SIGNS: Final[Mapping[State, str]] = {
    State.PENDING: "·",
    State.SUBMITTING: "▶",
    State.QUEUED: "·",
    State.IN_PROGRESS: "▶",
    State.COMPLETED: "⇣",
    State.DOWNLOADING: "⇣",
    State.SAVED: "✓",
    State.UNCONFIRMED: "?",
    State.NOT_SENT: "✗",
    State.REJECTED: "✗",
    State.FAILED: "✗",
    State.EXPIRED: "✗",
    State.GONE: "✗",
    State.CANCELLED: "✗",
    State.ABANDONED: "✗",
    State.UNKNOWN: "?",
}
#: Signs that take a word on a terminal without them. For all others `terminal/ascii_filter.py`
#: puts one ASCII sign, in the same cell, after the screen is laid out.
_WORDS: Final[Mapping[str, str]] = {"✓": "ok", "✂": "fit", "≠": "!="}
_EIGHTHS: Final = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")

_NEVER_ACCEPTED: Final = frozenset({State.NOT_SENT, State.REJECTED})
_NO_CLIP: Final = frozenset({State.FAILED, State.EXPIRED, State.GONE})


def _spelled(sign: str, ascii: bool) -> str:
    """Return a sign, or on a terminal without it the word for it if there is one."""
    return _WORDS.get(sign, sign) if ascii else sign


def sign(view: JobView, ascii: bool = False) -> str:
    """The one letter that stands for the state."""
    if view.retry is not None:
        return "~"
    if view.job.state is State.COMPLETED and view.job.is_final:
        return _spelled("✓", ascii)
    return _spelled(_SIGNS[view.job.state], ascii)


def state(view: JobView, ascii: bool = False) -> str:
    """Sign and word. The words are those of the document, so they are never translated."""
    mark = sign(view, ascii)
    if view.retry is not None:
        return f"{mark} retry {view.retry.count}"
    return f"{mark} {view.job.state_word}"


def progress(view: JobView, now: datetime, width: int, ascii: bool = False) -> str:  # noqa: PLR0911 -- the screen is being rebuilt
    """How far it is, in at most `width` cells, as the server says it and no further."""
    job = view.job
    if view.retry is not None or _waits_until(job, now) is not None:
        return _again(view, now, width)
    if job.state is State.IN_PROGRESS:
        percent = job.remote.progress if job.remote else None
        if percent is not None:
            return bar(percent, width, ascii)
        return _no_figure(view, now, width)
    if job.state is State.DOWNLOADING:
        return _received(view.transfer, width)
    if job.state is State.SAVED:
        return _kept(job, width, ascii)
    if view.ahead:
        return _("behind {count}").format(count=view.ahead)
    if job.error is not None:
        return reason(job.error, width)
    return {
        State.PENDING: _("waiting"),
        State.QUEUED: _("waiting"),
        State.SUBMITTING: _("sending"),
        State.COMPLETED: _("waiting") if job.is_active else _("done"),
        State.ABANDONED: _("given up"),
        State.CANCELLED: _("withdrawn"),
    }.get(job.state, "-")


def bar(percent: float, width: int, ascii: bool = False) -> str:
    """A bar and its figure: `███▌·····   38%`, `width` cells in all; full at 100 only.

    Args:
        percent: 0..100.
        width: At least 8.
        ascii: Whole cells only; `terminal/ascii_filter.py` has no signs for parts of one.
    """
    cells = width - 6
    full, part = divmod(int(percent / 100 * cells * 8), 8)
    done = "█" * full + ("" if ascii else _EIGHTHS[part])
    return f"{done:·<{cells}}  {int(percent):3}%"


def elapsed(view: JobView, now: datetime) -> str:
    """Time since it was asked for; for a finished job, the time it took."""
    job = view.job
    end = now if changes_with_time(view) else entered(job)
    return clock((end - job.created_at).total_seconds())


def left(view: JobView, now: datetime) -> str:
    """An estimate of the time to the next landmark; `you` when a person holds it up."""
    job = view.job
    if job.state in NEEDS_DECISION:
        return _("you")
    if view.retry is not None:
        return "-"
    seconds = None
    if job.state is State.IN_PROGRESS:
        percent = job.remote.progress if job.remote else None
        # A percentage counts from the start of the work, a usual length from the acceptance.
        since = entered(job) if percent and percent >= 5 else _accepted(job)
        seconds = seconds_left((now - since).total_seconds(), percent, view.typical_seconds)
    elif job.state is State.QUEUED and view.typical_seconds is not None:
        whole = view.typical_seconds * ((view.ahead or 0) + 1)
        seconds = seconds_left((now - _accepted(job)).total_seconds(), None, whole)
    elif job.state is State.DOWNLOADING and view.transfer and view.transfer.total:
        share = 100 * view.transfer.received / view.transfer.total
        seconds = seconds_left((now - entered(job)).total_seconds(), share, None)
    if seconds is None:
        return "-"
    return f"~{clock(round(seconds))}" if seconds < 120 else f"~{span(seconds)}"


def expires(view: JobView, now: datetime) -> str:
    """How long the clip can still be fetched; `kept` once it is hashed on this disk."""
    job = view.job
    if job.state is State.SAVED:
        return _("kept") if job.outputs else "-"
    if job.state in {State.EXPIRED, State.GONE}:
        return _("gone")
    if job.expires_at is None or not job.is_active:
        return "-"
    seconds = max((job.expires_at - now).total_seconds(), 0.0)
    return f"! {span(seconds)}" if seconds < EXPIRY_ALARM else span(seconds)


def in_danger(view: JobView, now: datetime) -> bool:
    """Whether its clip is soon to be lost at the server."""
    job = view.job
    if job.expires_at is None or not job.is_active:
        return False
    return (job.expires_at - now).total_seconds() < EXPIRY_ALARM


def cost(view: JobView) -> str:  # noqa: PLR0911 -- the screen is being rebuilt
    """What it costs, with how sure that is: `~` estimated, `?` nobody knows, `!` for nothing."""
    job = view.job
    if job.state in _NEVER_ACCEPTED or (job.remote_id is None and job.state is State.CANCELLED):
        return "0"
    if job.is_free:
        return _("free")
    if job.state is State.PENDING and (view.retry is not None or job.not_before is not None):
        return "0"
    if job.cost.reported is not None:
        said = ("" if job.is_cost_final else "~") + amount(job.cost.reported)
        if job.is_perhaps_charged:
            return f"{amount(job.cost.reported)}?"
    elif job.cost.estimated is None:
        return _("unknown")
    elif job.state in {State.UNCONFIRMED, State.ABANDONED}:
        return f"{amount(job.cost.estimated)}?"
    else:
        said = f"~{amount(job.cost.estimated)}"
    if job.state in _NO_CLIP and job.error is not None and job.error.spent is not Spent.NO:
        return f"{said.removeprefix('~')} !"
    return said


def reference(view: JobView, ascii: bool = False) -> str:
    """Whether a picture was sent: as it is, or fitted."""
    used = view.job.request.reference
    if used is None:
        return "-"
    return _spelled("✓" if used.fit == EXACT else "✂", ascii)


def prompt(view: JobView) -> str:
    """The prompt on one line."""
    said = clean_line(view.job.request.prompt, 300)
    if view.job.request.operation == "character":
        return _("character {name}").format(name=said)
    return said


def take(job: Job) -> str:
    """Which take of its prompt it is: `2/4`; nothing where there is only one."""
    batch = job.batch
    return f"{batch.index}/{batch.of}" if batch is not None and batch.of > 1 else ""


def are_takes(job: Job, other: JobView | None) -> bool:
    """Whether both are takes of one prompt, in one order."""
    batch, others = job.batch, None if other is None else other.job.batch
    return (
        batch is not None
        and others is not None
        and (batch.id, batch.line) == (others.id, others.line)
    )


def grouped(text: str, take: str, above: bool, below: bool) -> str:
    """The prompt of a take among its neighbours: said once, below it the takes alone.

    Args:
        text: The prompt.
        take: Number of the take, as shown.
        above: The row above is a take of the same prompt; `below` likewise.
        below: The row below is a take of the same prompt.
        ascii: Use ASCII signs only.
    """
    if not take:
        return text
    mark = "└ " if above and not below else "│ " if above else "┌ " if below else ""
    return f"{mark}{take}" if above else f"{mark}{take} {text}"


def entered(job: Job) -> datetime:
    """When the job came into the state it is in (remarks in the record do not count)."""
    at = job.updated_at
    for event in reversed(job.events):
        if event.state is not job.state:
            break
        at = event.at
    adopted = len(job.events) == 1 and job.events[0].note == "adopted"
    return job.created_at if adopted else at


def _accepted(job: Job) -> datetime:
    if job.events and job.events[0].note == "adopted":
        return job.created_at
    with_server = {State.QUEUED, State.IN_PROGRESS}
    return next((event.at for event in job.events if event.state in with_server), job.created_at)


def _waits_until(job: Job, now: datetime) -> datetime | None:
    waits = job.state is State.PENDING and job.not_before is not None and job.not_before > now
    return job.not_before if waits else None


def _again(view: JobView, now: datetime, width: int) -> str:
    until = view.retry.until if view.retry else _waits_until(view.job, now)
    wait = span((until - now).total_seconds()) if until else ""
    again = _("again in {time}").format(time=wait)
    if view.retry is None:
        return again if len(again) <= width else wait
    why = waits_because(view.retry)
    both = f"{why}, {again}"
    if len(both) <= width:
        return both
    short = _("{why}, in {time}").format(why=why, time=wait)
    return short if len(short) <= width else again


def _no_figure(view: JobView, now: datetime, width: int) -> str:
    if view.typical_seconds is not None:
        usual = _("usual {time}").format(
            time=_("{count} s").format(count=round(view.typical_seconds))
        )
        both = _("no figure, {usual}").format(usual=usual)
        return both if len(both) <= width else usual
    running = clock((now - _accepted(view.job)).total_seconds())
    both = _("no figure, {time}").format(time=running)
    return both if len(both) <= width else running


def _received(transfer: Transfer | None, width: int) -> str:
    if transfer is None:
        return _("starting")
    if not transfer.total:
        return megabytes(transfer.received)
    percent = min(100 * transfer.received // transfer.total, 100)
    received, total = megabyte_digits(transfer.received), megabytes(transfer.total)
    whole = _("{received} of {total}").format(received=received, total=total) + f"  {percent}%"
    return whole if len(whole) <= width else f"{received}/{total}"


def _kept(job: Job, width: int, ascii: bool) -> str:
    if not job.outputs:
        return "-"
    output = job.outputs[0]
    said = megabytes(output.bytes)
    if other := differences(job):
        return _otherwise(other, said, width, ascii)
    if output.seconds is not None:
        said = _("{count} s").format(count=decimals(f"{output.seconds:.1f}")) + f"  {said}"
    hashed = f"{said}  #{output.sha256[:4]}"
    return hashed if output.sha256 and len(hashed) <= width else said


def _otherwise(other: tuple[Difference, ...], size: str, width: int, ascii: bool) -> str:
    """A clip that is not as it was asked for: how it is, as much of it as fits."""
    units = {"size": "{count}", "seconds": _("{count} s"), "fps": "{count} fps"}
    words = [units[each.what].format(count=each.made) for each in other]
    mark = _spelled("≠", ascii)
    whole = " ".join((mark, *words))
    forms = (f"{whole}  {size}", whole, f"{mark} {words[0]}")
    return next((form for form in forms if len(form) <= width), forms[-1])


def is_otherwise(job: Job) -> bool:
    """Whether its clip is not as it was asked for."""
    return bool(differences(job))
