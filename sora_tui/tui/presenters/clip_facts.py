"""What a person reads about the file of a saved clip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from sora_tui.core.output_check import differences, is_checkable
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.i18n.formatting import bytes_words, decimals
from sora_tui.i18n.output_check import asked_words
from sora_tui.i18n.problems import sentences
from sora_tui.i18n.reasons import REASONS

if TYPE_CHECKING:
    from sora_tui.core.job import Job
    from sora_tui.tui.state.clip_preview import ClipSeen

_CODECS: Final = {
    "avc1": "H.264",
    "avc3": "H.264",
    "hvc1": "H.265",
    "hev1": "H.265",
    "av01": "AV1",
    "vp09": "VP9",
    "mp4v": "MPEG-4",
    "MJPG": "MJPEG",
}


def clip_lines(job: Job, seen: ClipSeen | None) -> Iterator[tuple[str, str, str]]:
    """Yield label, words and tone of each fact about the clip itself."""
    output = job.outputs[0]
    report = seen.report if seen is not None else None
    facts = report.facts if report is not None else None
    width = facts.width if facts else output.width
    height = facts.height if facts else output.height
    seconds = facts.seconds if facts else output.seconds
    fps = facts.fps if facts else output.fps
    codec = (facts.codec if facts else output.codec) or ""
    # A figure and its unit stay in one line.
    said = [
        bytes_words(facts.bytes if facts else output.bytes).replace(" ", "\N{NO-BREAK SPACE}"),
        f"{width}x{height}" if width and height else "",
        decimals(f"{seconds:.1f}") + "\N{NO-BREAK SPACE}s" if seconds else "",
        decimals(f"{fps:g}") + "\N{NO-BREAK SPACE}fps" if fps else "",
        _CODECS.get(codec, clean_line(codec, 8)),
    ]
    if facts is not None:
        said.append(_("with sound") if facts.audio else _("no sound"))
    yield _("clip"), "  ".join(part for part in said if part), ""
    if seen is None:
        return
    if seen.problem is not None and seen.report is None:
        yield "", sentences(seen.problem).happened, "error"
        yield "", sentences(seen.problem).next, ""
        return
    if seen.changed:
        yield "", _("another file than was downloaded: its SHA-256 differs"), "warn"
    yield from _wholeness(job, seen)
    if seen.problem is not None and not _is_said(seen):
        yield "", sentences(seen.problem).happened, "warn"
    made = _makers(seen)
    if made:
        yield _("pictures"), made, ""


def _wholeness(job: Job, seen: ClipSeen) -> Iterator[tuple[str, str, str]]:
    assert seen.report is not None
    facts, damage = seen.report.facts, seen.report.damage
    if facts is None or not facts.complete:
        code = damage or "cut_off"
        reason = _(REASONS[code]) if code in REASONS else clean_line(code, 40)
        is_cut = code == "cut_off"
        said = _("not complete: {reason}") if is_cut else _("no clip that can be shown: {reason}")
        yield "", said.format(reason=reason), "error"
        return
    clip = job.outputs[0]._replace(
        width=facts.width, height=facts.height, seconds=facts.seconds or None
    )
    asked = asked_words(differences(job, clip))
    if asked:
        yield "", _("complete; asked for {asked}").format(asked=asked), "warn"
    else:
        yield "", _("complete, as asked") if is_checkable(job) else _("complete"), "ok"


def _is_said(seen: ClipSeen) -> bool:
    """Whether what is wrong with the file already tells why there are no pictures."""
    if seen.report is None or seen.problem is None:
        return False
    reason = seen.problem.facts.get("reason")
    return reason is not None and reason == seen.report.damage


def _makers(seen: ClipSeen) -> str:
    if seen.poster is None and seen.strip is None:
        return ""
    if seen.strip is None or seen.poster is None or seen.poster_from == seen.strip_from:
        maker = seen.poster_from if seen.poster is not None else seen.strip_from
        return _("from the server") if maker == "server" else _("made here")
    if seen.poster_from == "server":
        return _("poster from the server, filmstrip made here")
    return _("filmstrip from the server, poster made here")
