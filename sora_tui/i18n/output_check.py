"""Words for a clip that differs from the request, was not checked, or is one of several."""

from __future__ import annotations

from collections.abc import Iterable

from sora_tui.core.job import Job, Output
from sora_tui.core.output_check import Difference, differences
from sora_tui.core.text import clean_line
from sora_tui.i18n import _, ngettext
from sora_tui.i18n.formatting import decimals, semicolons


def output_words(job: Job) -> str:
    """Return what a person should know of a job's clips; empty where all is as asked for.

    For example `made 1280x704 in place of 1280x720, 5 s in place of 8 s`.
    """
    kept = (_warning(output) for output in job.outputs if output.warning is not None)
    return semicolons((_differing(job), *kept, _missing(job)))


def _differing(job: Job) -> str:
    said = ", ".join(
        _("{made} in place of {asked}").format(made=_amount(each, each.made), asked=_asked(each))
        for each in differences(job)
    )
    return _("made {what}").format(what=said) if said else ""


def _warning(output: Output) -> str:
    """Return why a file was kept although the check did not find it to be a whole clip."""
    name = clean_line(output.path.rpartition("/")[2], 120)
    if output.warning == "not_checked":
        return _(
            "{name} is no clip that sora-tui can check; it is kept as the server gave it, and no"
            " player was asked"
        ).format(name=name)
    if output.warning == "trailing_bytes":
        return _(
            "{name} has bytes behind its end; it is kept as the server gave it, and no player was"
            " asked"
        ).format(name=name)
    if output.warning == "length_unknown":
        return _(
            "{name} came twice alike from a server that does not tell its length, and nothing in it"
            " tells whether it is whole"
        ).format(name=name)
    if output.warning == "length_differs":
        return _(
            "{name} is whole by its own index, but shorter than its server says each time; no"
            " player was asked"
        ).format(name=name)
    return _(
        "{name} looks damaged ({reason}); it is kept as the server gave it, and no player was asked"
    ).format(name=name, reason=clean_line(output.warning or "", 40))


def _missing(job: Job) -> str:
    """Return that a server made more clips than it hands out, or fewer than were asked for."""
    missing = job.clips_missing
    if not missing:
        return ""
    here = sum(output.is_clip for output in job.outputs)
    if job.remote is not None and job.remote.outputs > here:
        return ngettext(
            "{count} more paid clip that this server gives no way to fetch",
            "{count} more paid clips that this server gives no way to fetch",
            missing,
        ).format(count=missing)
    return ngettext(
        "{count} clip of the {asked} that were asked for; the server gives no more",
        "{count} clips of the {asked} that were asked for; the server gives no more",
        here,
    ).format(count=here, asked=here + missing)


def asked_words(found: Iterable[Difference]) -> str:
    """Return what was asked for and is different in the clip: `1280x720, 8 s`."""
    return ", ".join(map(_asked, found))


def _asked(each: Difference) -> str:
    return _amount(each, clean_line(each.asked, 20))


def _amount(each: Difference, figure: str) -> str:
    if each.what in {"seconds", "fps"}:
        figure = decimals(figure)
    if each.what == "seconds":
        return _("{count} s").format(count=figure)
    return f"{figure} fps" if each.what == "fps" else figure
