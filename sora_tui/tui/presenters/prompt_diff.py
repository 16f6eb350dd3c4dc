"""Two prompts with their settings, compared line by line and word by word."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Final, NamedTuple

from rich.cells import cell_len

from sora_tui.core.job import Job
from sora_tui.core.request import EXACT, VideoRequest
from sora_tui.core.text import clean, clean_line
from sora_tui.i18n import _
from sora_tui.i18n.lineage import operation_words
from sora_tui.tui.state.text_lines import Line, Span, wrap

_WORD: Final = re.compile(r"\w+|[^\w\s]")
#: Lines with more words than this are compared as wholes: it would be felt.
_MOST_WORDS: Final = 2000
#: Lines that have less than this in common are two lines, not one that was changed.
_ALIKE: Final = 0.5
_BETWEEN: Final = " │ "


class Comparison(NamedTuple):
    """What is compared, older first, with a name for each side."""

    before_name: str
    after_name: str
    before: tuple[str, ...]
    after: tuple[str, ...]


class _Pair(NamedTuple):
    """Two lines that stand for each other; None: there is none on that side.

    Attributes:
        changed: The characters that differ, from and to, on each side; all of them where None.
    """

    before: str | None
    after: str | None
    changed: tuple[tuple[Span, ...], tuple[Span, ...]] = ((), ())


def comparisons(
    job: Job, jobs: Sequence[Job], editor: VideoRequest, server: str
) -> list[Comparison]:
    """What a job's prompt can be compared with, the most telling first.

    For a refused one that is the last prompt which the same server took before, of the same file
    if there is one; then, as for any job, what stands in the editor.

    Args:
        job: The job whose prompt is compared.
        jobs: Newest first.
        editor: What the editor would send, its variables filled in.
        server: The name of the profile that it would go to.
    """
    name = _("job {job}").format(job=job.id)
    mine = _lines_of_job(job)
    found = [Comparison(name, _("editor"), mine, _lines(editor, server))]
    passed = [
        other
        for other in jobs
        if other.id < job.id
        and other.server.origin == job.server.origin
        and other.was_content_refused is False
    ]
    if job.was_content_refused and passed:
        same_file = [o for o in passed if o.request.prompt_file == job.request.prompt_file]
        last = (same_file or passed)[0]
        passed_name = _("job {job}, which passed").format(job=last.id)
        found.insert(0, Comparison(passed_name, name, _lines_of_job(last), mine))
    return found


def between(first: Job, second: Job) -> Comparison:
    """Two jobs, the older one first."""
    older, newer = sorted((first, second), key=lambda job: job.id)
    before, after = (_("job {job}").format(job=job.id) for job in (older, newer))
    return Comparison(before, after, _lines_of_job(older), _lines_of_job(newer))


def unified(comparison: Comparison) -> tuple[Line, ...]:
    """One column: `-` and `+` before the lines that differ, the words that differ marked."""
    lines: list[Line] = []
    for block in _blocks(comparison):
        same = [pair for pair in block if pair.before == pair.after]
        lines += [Line(f"  {pair.before}", indent=2) for pair in same]
        if not same:
            lines += [_signed("-", p.before, p.changed[0]) for p in block if p.before is not None]
            lines += [_signed("+", p.after, p.changed[1]) for p in block if p.after is not None]
    return tuple(lines)


def side_by_side(comparison: Comparison, width: int) -> tuple[Line, ...]:
    """Two columns in `width` cells, older on the left."""
    room = (width - len(_BETWEEN)) // 2
    lines = []
    for block in _blocks(comparison):
        for pair in block:
            same = pair.before == pair.after
            left = _column("  " if same else "- ", pair.before, pair.changed[0], room)
            right = _column("  " if same else "+ ", pair.after, pair.changed[1], room)
            lines += [_joined(a, b, room) for a, b in zip_longest(left, right, fillvalue=Line(""))]
    return tuple(lines)


def _lines_of_job(job: Job) -> tuple[str, ...]:
    return _lines(job.request, job.server.profile)


def _lines(request: VideoRequest, server: str) -> tuple[str, ...]:
    """Everything that is sent, a line each, so that whatever differs shows."""
    said = {
        _("server"): server,
        _("model"): request.model or _("default"),
        _("seconds"): request.seconds or _("default"),
        _("size"): request.size or _("default"),
        _("ref"): _reference(request),
    }
    if request.operation != "create":
        said[_("from")] = operation_words(request)
    if request.characters:
        said[_("with")] = ", ".join(character.name for character in request.characters)
    for name, value in sorted(request.params.items()):
        if value is not None:
            said[name] = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    wide = max(len(label) for label in said) + 2
    settings = [
        f"{clean_line(label, 40):<{wide}}{clean_line(value, 200)}" for label, value in said.items()
    ]
    return (*settings, "", *clean(request.prompt.strip(), 200_000).split("\n"))


def _reference(request: VideoRequest) -> str:
    """The picture and how it is fitted."""
    if request.reference is None:
        return _("none")
    path = request.reference.path.removeprefix("input_reference/")
    fit = request.reference.fit
    return path if fit == EXACT else f"{path}  {fit}"


def _blocks(comparison: Comparison) -> Iterator[list[_Pair]]:
    before, after = comparison.before, comparison.after
    for kind, i, i_end, j, j_end in SequenceMatcher(a=before, b=after).get_opcodes():
        if kind == "equal":
            yield [_Pair(line, line) for line in before[i:i_end]]
        else:
            pairs = zip_longest(before[i:i_end], after[j:j_end])
            yield [_Pair(a, b, _changed(a, b)) for a, b in pairs]


def _changed(before: str | None, after: str | None) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Where two lines differ, word by word; nowhere where one is missing."""
    if before is None or after is None:
        return (), ()
    old, new = list(_WORD.finditer(before)), list(_WORD.finditer(after))
    if len(old) + len(new) > _MOST_WORDS:
        return (), ()
    matcher = SequenceMatcher(a=[word[0] for word in old], b=[word[0] for word in new])
    if matcher.quick_ratio() < _ALIKE or matcher.ratio() < _ALIKE:
        return (), ()
    left: list[Span] = []
    right: list[Span] = []
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        if kind != "equal":
            left += _marked(old[i:i_end])
            right += _marked(new[j:j_end])
    return tuple(left), tuple(right)


def _marked(words: Sequence[re.Match[str]]) -> list[Span]:
    return [(words[0].start(), words[-1].end(), "mark")] if words else []


def _signed(sign: str, text: str, changed: tuple[Span, ...]) -> Line:
    return Line(f"{sign} {text}", 2, _spans(sign, len(text), changed))


def _spans(sign: str, length: int, changed: tuple[Span, ...]) -> tuple[Span, ...]:
    """The colours of a signed line: its own, with what changed marked in it."""
    tone = "error" if sign == "-" else "ok"
    spans: list[Span] = []
    at = 0
    for start, end, mark in changed:
        spans += [(at, start + 2, tone), (start + 2, end + 2, mark)]
        at = end + 2
    return tuple(span for span in (*spans, (at, length + 2, tone)) if span[0] < span[1])


def _column(sign: str, text: str | None, changed: tuple[Span, ...], room: int) -> list[Line]:
    """One side of a pair as rows of `room` cells."""
    if text is None:
        return []
    sign = sign.strip()
    whole = _signed(sign, text, changed) if sign else Line(f"  {text}", 2)
    rows = []
    for start, end in wrap(whole, room):
        moved = 2 if start else 0
        spans = tuple(
            (max(first, start) - start + moved, min(last, end) - start + moved, tone)
            for first, last, tone in whole.spans
            if max(first, start) < min(last, end)
        )
        rows.append(Line(" " * moved + whole.text[start:end], spans=spans))
    return rows


def _joined(left: Line, right: Line, room: int) -> Line:
    padded = left.text + " " * max(room - cell_len(left.text), 0)
    by = len(padded) + len(_BETWEEN)
    bar = (len(padded), by, "muted")
    moved = tuple((first + by, last + by, tone) for first, last, tone in right.spans)
    return Line(padded + _BETWEEN + right.text, spans=(*left.spans, bar, *moved))
