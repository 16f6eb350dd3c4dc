"""What a job says in whole sentences: the line below the list, times and money for a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final

from rich.cells import cell_len

from sora_tui.core.job import Job, State
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.i18n.formatting import clock, megabytes, span, time_or_minute
from sora_tui.i18n.output_check import output_words
from sora_tui.i18n.problems import job_sentences
from sora_tui.tui.presenters.job_columns import entered, in_danger
from sora_tui.tui.presenters.job_reasons import waits_because
from sora_tui.tui.state.job_view import JobView

#: Characters of a clip's path up to the end of its time: `output/20261122-101530Z_`.
_STAMPED: Final = 24


def status(view: JobView, now: datetime, width: int, leave: str | None = "") -> str:
    """What there is to say of one job, the fullest form that fits into `width` cells.

    The last form, and the shortest, is given even where it does not fit.

    Args:
        view: The job to show.
        now: The present time.
        width: Width that is available, in cells.
        leave: Comes before a key that acts on the job: what must be pressed first, if anything;
            None: no key acts on it now.
    """
    said = ""
    for said in _forms(view, now, leave):
        if cell_len(said) <= width:
            break
    return said


def server_name(job: Job) -> str:
    """What a person calls the server of a job."""
    return _("the simulator") if job.simulated else clean_line(job.server.profile, 60)


def _forms(view: JobView, now: datetime, leave: str | None) -> Iterator[str]:
    """The same message, from the fullest form to the shortest."""
    job = view.job
    if view.retry is not None:
        yield from _retry_forms(view, now)
    elif job.state is State.SAVED:
        yield from _saved_forms(job, leave)
    elif (told := job_sentences(job)) is not None:
        yield f"{told.happened} {told.money} {told.next}"
        yield f"{told.happened} {told.money}"
        if leave is not None:
            yield f"{told.money} {leave}" + _("5 says why, and what to do")
            if job.needs_decision:
                yield f"{told.money} {leave}" + _("5 decides")
        yield told.money
    else:
        yield from _quiet_forms(view, now)


def _retry_forms(view: JobView, now: datetime) -> Iterator[str]:
    assert view.retry is not None
    facts = {
        "server": server_name(view.job),
        "why": waits_because(view.retry),
        "time": span((view.retry.until - now).total_seconds()),
    }
    yield _("{server}: {why}; asked again by itself in {time}, you need not do anything").format(
        **facts
    )
    yield _("{server}: {why}; again by itself in {time}").format(**facts)


def _saved_forms(job: Job, leave: str | None) -> Iterator[str]:
    if not job.outputs:
        yield _("Saved")
        return
    if other := output_words(job):
        path = clean_line(job.outputs[0].path, 200)
        yield _("Saved {path}").format(path=path) + f"  {other}"
        yield _("Saved") + f"  {other}"
        return
    output = job.outputs[0]
    path = clean_line(output.path, 200)
    saved, size = _("Saved {path}").format(path=path), megabytes(output.bytes)
    if leave is not None:
        keys, few = (
            leave + said for said in (_("o look here  y copy scp line"), _("o look  y copy"))
        )
        if output.sha256:
            yield f"{saved}  {size}  sha256 {output.sha256[:4]}...  {keys}"
        yield f"{saved}  {size}  {keys}"
        yield f"{saved}  {size}  {few}"
        # The next key is worth more than the end of a name that `y` copies whole.
        cut = _("Saved {path}").format(path=f"{path[:_STAMPED]}…{PurePosixPath(path).suffix}")
        yield f"{cut}  {size}  {keys}"
        yield f"{cut}  {size}  {few}"
        yield _("Saved") + f"  {size}  {few}"
        yield _("Saved") + f"  {few}"
        return
    yield f"{saved}  {size}"
    yield saved


def _left_by_script(job: Job) -> str:
    word = clean_line(job.events[0].note.partition(": ")[2], 40).replace("{", "").replace("}", "")
    text = _("left by the old script, whose last word was: WORD; nobody watches it")
    return text.replace("WORD", word)


def _quiet_forms(view: JobView, now: datetime) -> Iterator[str]:
    job = view.job
    facts = {
        "server": server_name(job),
        "elapsed": clock((now - job.created_at).total_seconds()),
        "time": time_or_minute(job.created_at, now),
        "end": time_or_minute(entered(job), now),
    }
    forms = {
        State.PENDING: (_("waiting to be sent to {server} since {time}; c takes it back"),),
        State.SUBMITTING: (
            _("being sent to {server}, once; its answer is awaited"),
            _("being sent to {server}"),
        ),
        State.QUEUED: (
            _("waiting on {server} for {elapsed}, sent {time}; you may quit, it resumes"),
            _("waiting on {server} for {elapsed}; you may quit, it resumes"),
            _("waiting on {server} for {elapsed}"),
        ),
        State.IN_PROGRESS: (
            _("running on {server} for {elapsed}, started {time}; you may quit, it resumes"),
            _("running on {server} for {elapsed}; you may quit, it resumes"),
            _("running on {server} for {elapsed}"),
        ),
        State.COMPLETED: (
            _("made on {server}; the clip waits to be fetched"),
            _("made on {server}"),
        )
        if job.is_active
        else (
            _("a character on {server}: 3, esc, then @ lets it appear in a clip"),
            _("a character on {server}"),
        ),
        State.DOWNLOADING: (
            _("coming from {server} since {end}; you may quit, it resumes"),
            _("coming from {server}"),
        ),
        State.CANCELLED: (_("taken back at {end}, before it was sent; nothing was billed"),)
        if job.remote_id is None
        else (_("cancelled on {server} at {end}"),),
        State.ABANDONED: (_left_by_script(job),)
        if job.events[0].note.startswith("old script")
        else (_("given up at {end}; this record stays"),),
        State.UNKNOWN: (
            _("a newer sora-tui wrote this record; what this one does not know stays as it is"),
            _("a newer sora-tui wrote this record"),
        ),
    }
    if job.state in {State.COMPLETED, State.DOWNLOADING} and in_danger(view, now):
        text = _("the clip expires on {server} in {left} and is being saved first")
        assert job.expires_at is not None, "see in_danger"
        left = span((job.expires_at - now).total_seconds())
        yield text.format(left=left, **facts)
    for form in forms.get(job.state, ("",)):
        yield form.format(**facts)
