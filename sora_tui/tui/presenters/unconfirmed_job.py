"""What the screen says of a lost answer: money first, what was found, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from sora_tui.core.job import Job
from sora_tui.core.price import Price
from sora_tui.core.problem import Problem
from sora_tui.core.server import Server
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.i18n.costs import resend_question, resend_reason
from sora_tui.i18n.problems import job_sentences, sentences
from sora_tui.i18n.recovery import created_words, found_words, same_words
from sora_tui.tui.presenters.order import Question
from sora_tui.tui.state.text_lines import Line

#: From this width on (cells) two ways stand side by side: the page fits into ten rows.
_TWO_COLUMNS = 70


def decision(job: Job, chosen: int, width: int) -> list[Line]:
    """The money, what happened, the candidates with a cursor, and the keys.

    Args:
        job: The unconfirmed job.
        chosen: Index of the candidate under the cursor.
        width: Cells there are.
    """
    lines = []
    if (told := job_sentences(job)) is not None:
        lines += [Line(told.money, spans=((0, len(told.money), "warn"),)), Line(told.happened)]
    lines += [Line(""), Line(found_words(job))]
    found = job.search.found if job.search else ()
    for index, candidate in enumerate(found):
        mark = ">" if index == chosen else " "
        head = f"{mark} {_short(candidate.id)}"
        text = f"{head}  {created_words(candidate)}  {same_words(candidate)}"
        lines.append(Line(text, 2, ((0, len(head), "strong"),) if index == chosen else ()))
    if job.search is not None and job.search.refused is not None:
        said = sentences(job.search.refused.problem)
        text = f"{said.happened} {said.money}"
        lines.append(Line(text, spans=((0, len(text), "warn"),)))
    return [*lines, *_ways(job, bool(found), width)]


def question_again(
    job: Job,
    price: Price,
    server: Server,
    refused: Problem | None = None,
    known: Sequence[str] = (),
) -> Question:
    """The question before the same request is paid once more.

    Args:
        job: The unconfirmed job.
        price: The price of one clip.
        server: The server that the clip would go to.
        refused: The server refused this prompt before; that wants a key of its own.
        known: What else a person should know: the day's money, the end of a model.
    """
    order = ", ".join(part for part in (job.request.model, job.request.size) if part)
    said = [resend_reason(job), clean_line(order, 60), *known]
    answers = _("y send   any other key: no")
    if refused is not None:
        said.insert(0, _("this prompt was refused there before"))
        answers = _("s send all the same   any other key: no")
    return Question(
        resend_question(price, server.host),
        "  ".join(part for part in said if part),
        answers,
        yes="" if refused is None else "sS",
    )


def question_give_up() -> Question:
    """The question before a job is given up."""
    return Question(
        _("Give it up? If it runs, its clip is not fetched."),
        _("the record stays"),
        _("y give up   any other key: no"),
    )


def _ways(job: Job, can_adopt: bool, width: int) -> list[Line]:
    free = job.is_free
    ways = [
        (
            "s",
            _("send again (may make a second clip)")
            if free
            else _("send again (may be billed twice)"),
        ),
        ("x", _("give up (a record stays)")),
        ("p", _("paste a video id")),
    ]
    if can_adopt:
        ways.insert(0, ("a", _("adopt it (no new cost)")))
    if width < _TWO_COLUMNS:
        return [Line(""), *(_way([way], 0) for way in ways)]
    column = max(cell_len(words) for _key, words in ways[::2]) + 4
    return [_way(ways[at : at + 2], column) for at in range(0, len(ways), 2)]


def _way(ways: Sequence[tuple[str, str]], column: int) -> Line:
    text, spans = "", []
    for key, words in ways:
        spans.append((len(text) + 2, len(text) + 3, "accent"))
        text += f"  {key}  {words}" + " " * max(column - cell_len(words), 0)
    return Line(text.rstrip(), 5, tuple(spans))


def _short(video_id: str) -> str:
    """Head and tail of a long id: gateways' ids are alike in the middle."""
    shown = clean_line(video_id, 1100)
    return shown if len(shown) <= 24 else f"{shown[:14]}…{shown[-8:]}"
