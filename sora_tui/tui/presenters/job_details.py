"""What the inspector says of a job: its facts, its life event by event, and its document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sora_tui.core.job import Job, State
from sora_tui.core.lineage import Lineage
from sora_tui.core.problem import Problem
from sora_tui.core.text import clean, clean_line
from sora_tui.i18n import _, formatting
from sora_tui.i18n.costs import reported_words
from sora_tui.i18n.formatting import clock, money
from sora_tui.i18n.lineage import operation_words, relation_words
from sora_tui.i18n.output_check import output_words
from sora_tui.i18n.problems import job_sentences, sentences
from sora_tui.tui.presenters import job_columns as job_rows
from sora_tui.tui.presenters.job_status import server_name
from sora_tui.tui.state.job_view import JobView, changes_with_time
from sora_tui.tui.state.text_lines import Line, Span
from sora_tui.workspace.legacy_records import record_path

if TYPE_CHECKING:
    from sora_tui.tui.state.clip_preview import ClipSeen

#: A document longer than this (characters) is shown up to here.
MAX_SHOWN: Final = 4_000_000
_LABEL_WIDTH: Final = 11
_TIME_WIDTH: Final = 12

_TONES: Final = {
    State.SAVED: "ok",
    State.UNCONFIRMED: "warn",
    State.NOT_SENT: "error",
    State.REJECTED: "error",
    State.FAILED: "error",
    State.EXPIRED: "error",
    State.GONE: "error",
}


def facts(
    view: JobView,
    now: datetime,
    ascii: bool = False,
    seen: ClipSeen | None = None,
    lineage: Lineage | None = None,
) -> list[Line]:
    """State, the sentences of what went wrong, money, and everything else that is known.

    Args:
        view: The job to show.
        now: The present time.
        ascii: Use ASCII signs only.
        seen: What was found out about the clip's file by now.
        lineage: What it came from and became; None: not known yet.
    """
    job = view.job
    headline = f"{job_rows.sign(view, ascii)} {job.state_word.upper()}"
    tone = _TONES.get(job.state, "strong")
    lines = [Line(headline, spans=((0, len(headline), tone),))]
    # Of a lost answer the page of the decision says it, money first.
    told = None if job.state is State.UNCONFIRMED else job_sentences(job)
    if told is not None:
        lines += [Line(part) for part in (told.happened, told.money, told.next)]
        if words := _unsaid(job, told.happened):
            lines.append(Line(_("The server says: {words}").format(words=words)))
    lines.append(Line(""))
    if lineage is not None:
        lines += [_fact(label, value) for label, value in _relations(job, lineage)]
    if job.outputs:
        lines += _clip(job, seen)
    lines += [_fact(label, value) for label, value in _facts(view, now) if value]
    lines += [Line(""), *_prompt(job)]
    return lines


def _unsaid(job: Job, said: str) -> str:
    """Return the server's own words that the sentences leave out; empty where there are none.

    Only what came with an HTTP status is surely the server's: in a record of an earlier version the
    message of any other reason may be its facts, such as a host and a number.
    """
    if job.error is None or job.error.status is None:
        return ""
    words = clean_line(job.error.message).rstrip(". ")
    return "" if words in said else words


def events(job: Job) -> list[Line]:
    """The job's life, oldest first: every step, and every try to send the paid request."""
    return [_event(at, word, note) for at, word, note in _life(job)]


def timeline(job: Job) -> list[Line]:
    """The same with the day, and with the time that passed since the beginning."""
    life = _life(job)
    if not life:
        return []
    began, lines = life[0][0], []
    shown = ""
    for at, word, note in life:
        if (today := formatting.day(at)) != shown:
            shown = today
            lines.append(Line(today, spans=((0, len(today), "muted"),)))
        seconds = (at - began).total_seconds()
        since = (
            f"+{formatting.decimals(f'{seconds:.1f}')} s" if seconds < 60 else f"+{clock(seconds)}"
        )
        lines.append(_event(at, word, note, since if seconds > 0 else ""))
    return lines


def _life(job: Job) -> list[tuple[datetime, str, str]]:
    steps = [
        (
            event.at,
            f"{event.state_word:<12}",
            clean_line(event.note, 500),
        )
        for event in job.events
    ]
    tries = [
        (
            attempt.at,
            _("try {number}").format(number=number),
            _outcome(attempt.outcome, attempt.status),
        )
        for number, attempt in enumerate(job.attempts, start=1)
    ]
    return sorted([*steps, *tries], key=lambda entry: entry[0])


def document(text: str, problem: Problem | None) -> tuple[list[Line], int]:
    """A document's own text, and the index of the line to look at first.

    A problem with a `line` among its facts marks that line and says below it what is wrong there.
    """
    shown = clean(text, MAX_SHOWN).expandtabs(4).rstrip("\n")
    lines = [Line(line, indent=len(line) - len(line.lstrip(" ")) + 2) for line in shown.split("\n")]
    if problem is None:
        return lines, 0
    told = sentences(problem)
    head = [
        Line(told.happened, spans=((0, len(told.happened), "error"),)),
        Line(told.next),
        Line(""),
    ]
    number = problem.facts.get("line")
    if not isinstance(number, int) or not 1 <= number <= len(lines):
        return head + lines, 0
    wrong = lines[number - 1]
    lines[number - 1] = Line(wrong.text or " ", 0, ((0, max(len(wrong.text), 1), "mark"),))
    lines.insert(number, _pointer(problem, len(wrong.text)))
    # A few lines before it, so that it is read where it stands; the message, if it is near.
    return head + lines, max(number + len(head) - 6, 0)


_TOKEN: Final = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*"?)(?P<colon>\s*:)?'
    r"|(?P<figure>-?\d[\d.eE+-]*)"
    r"|(?P<word>\b(?:true|false|null)\b)"
)


def json_spans(line: str) -> tuple[Span, ...]:
    """Where the names, strings, figures and words of a line of JSON are."""
    return tuple(_spans(line))


def _spans(line: str) -> Iterator[Span]:
    for match in _TOKEN.finditer(line):
        if match["string"]:
            tone = "accent" if match["colon"] else "ok"
            yield match.start("string"), match.end("string"), tone
        else:
            yield match.start(), match.end(), "warn" if match["figure"] else "muted"


def _relations(job: Job, lineage: Lineage) -> Iterator[tuple[str, str]]:
    """What it is made of, and with the keys that lead there who it came from and what it became."""
    if job.request.source_file is not None:
        yield _("made as"), operation_words(job.request)
    for label, key, found in (
        (_("from"), "u", lineage.origins),
        (_("became"), "w", lineage.derived),
    ):
        for number, relation in enumerate(found):
            yield (
                "" if number else label,
                relation_words(relation) + ("" if number else f"  ({key})"),
            )


def _facts(view: JobView, now: datetime) -> Iterator[tuple[str, str]]:
    job, request, remote = view.job, view.job.request, view.job.remote
    yield _("server"), f"{server_name(job)} ({clean_line(job.server.base_url, 200)})"
    yield _("model"), clean_line(request.model or "", 100)
    yield _("seconds"), clean_line(request.seconds or "", 20)
    yield _("size"), clean_line(request.size or "", 20)
    if request.reference is not None:
        yield _("reference"), f"{clean_line(request.reference.path, 300)}, {request.reference.fit}"
    for name, value in request.params.items():
        if value is None:  # the profile has a value for it, and it was not sent
            continue
        shown = json.dumps(value, ensure_ascii=False, default=str)
        yield _("parameter"), clean_line(f"{name} = {shown}", 500)
    for name, text in request.variables.items():
        yield _("variable"), clean_line(f"{name} = {text}", 500)
    yield _("cost"), _cost(job)
    # What changes each second stands in the list; here it would repaint for nothing.
    yield _("elapsed"), "" if changes_with_time(view) else job_rows.elapsed(view, now)
    yield _("expires"), _expiry(view, now)
    if job.outputs:
        yield "sha256", clean_line(job.outputs[0].sha256, 64)
    yield _("differs"), output_words(job)
    yield _("video id"), clean_line(job.remote_id or "", 1100)
    if remote is not None and remote.status:
        yield _("it says"), remote.status
    if job.error is not None:
        error = (job.error.code, str(job.error.status or ""), job.error.request_id)
        # What became of a lost answer nobody knows: an error is not what it is.
        label = _("answer") if job.state is State.UNCONFIRMED else _("error")
        yield label, clean_line("  ".join(part for part in error if part), 300)
    yield _("created"), formatting.second(job.created_at)
    yield _("parent"), clean_line(job.parent or "", 100)
    if job.batch is not None:
        take = _("take {take} of {id}").format(
            take=job_rows.take(job) or str(job.batch.index), id=job.batch.id
        )
        yield _("batch"), clean_line(take, 120)
    notes = (*(f"#{tag}" for tag in job.notes.tags), job.notes.text)
    yield _("notes"), clean_line("  ".join(part for part in notes if part), 1000)
    yield _("record"), clean_line(record_path(job), 300)


def _clip(job: Job, seen: ClipSeen | None) -> Iterator[Line]:
    """What a person who made a clip wants to know first: whether it is good, and where it is."""
    from sora_tui.tui.presenters.clip_facts import (
        clip_lines,  # most jobs of the first frame have none
    )

    clip, *beside = job.outputs
    for label, words, tone in clip_lines(job, seen):
        line = _fact(label, words)
        end = len(line.text)
        yield Line(line.text, line.indent, ((_LABEL_WIDTH, end, tone),)) if tone else line
    yield _fact(_("file"), clean_line(clip.path, 300))
    names = {"thumbnail": _("thumbnail"), "spritesheet": _("sheet")}
    for output in beside:
        label = names.get(output.variant, clean_line(output.variant, 10))
        yield _fact(label, clean_line(output.path, 300))


def _cost(job: Job) -> str:
    if job.simulated:
        return _("free, simulated")
    if job.is_free:
        return _("free")
    said = []
    if job.cost.estimated:
        sum = money(job.cost.estimated, job.cost.currency)
        said.append(_("about {sum}, estimated").format(sum=sum))
    said.append(reported_words(job))
    return "; ".join(filter(None, said)) or _("unknown")


def _expiry(view: JobView, now: datetime) -> str:
    said = job_rows.expires(view, now)
    at = view.job.expires_at
    return said if at is None else f"{said}  ({formatting.minute(at)})"


def _prompt(job: Job) -> Sequence[Line]:
    label = _("prompt")
    source = clean_line(job.request.prompt_file or "", 300)
    head = Line(f"{label}  {source}".rstrip(), spans=((0, len(label), "muted"),))
    return [head, *(Line(line) for line in clean(job.request.prompt, 40_000).split("\n"))]


def _fact(label: str, value: str) -> Line:
    text = f"{label:<{_LABEL_WIDTH - 1}} {value}"
    return Line(text, _LABEL_WIDTH, ((0, len(label), "muted"),) if label else ())


def _outcome(outcome: str, status: int | None) -> str:
    said = clean_line(outcome, 40).replace("_", " ")
    return f"{said} {status}" if status is not None else said


def _event(at: datetime, word: str, note: str, since: str | None = None) -> Line:
    time = formatting.tenth_of_day(at)
    if since is not None:
        time = f"{time} {since:>9}"
    width = _TIME_WIDTH if since is None else _TIME_WIDTH + 10
    text = f"{time:<{width}}{word:<14}{note}".rstrip()
    return Line(text, _TIME_WIDTH, ((0, len(time), "muted"),))


def _pointer(problem: Problem, length: int) -> Line:
    column = problem.facts.get("column")
    reason = clean_line(problem.facts.get("reason", ""), 200)
    at = min(column - 1, length) if isinstance(column, int) and 1 <= column <= 60 else 0
    text = f"{' ' * at}^ {reason}"
    return Line(text, spans=((0, len(text), "error"),))
