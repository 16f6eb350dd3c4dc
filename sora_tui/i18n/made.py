"""What is said of a clip that is not the one that was asked for."""

from __future__ import annotations

from collections.abc import Iterable

from sora_tui.core.job import Job
from sora_tui.core.made import Difference, differences
from sora_tui.core.text import clean_line
from sora_tui.i18n import _


def made_words(job: Job) -> str:
    """`made 1280x704 in place of 1280x720, 5 s in place of 8 s`; nothing where all is as asked."""
    said = ", ".join(
        _("{made} in place of {asked}").format(made=_amount(each, each.made), asked=_asked(each))
        for each in differences(job)
    )
    return _("made {what}").format(what=said) if said else ""


def asked_words(found: Iterable[Difference]) -> str:
    """What was asked for and is not so: `1280x720, 8 s`."""
    return ", ".join(map(_asked, found))


def _asked(each: Difference) -> str:
    return _amount(each, clean_line(each.asked, 20))


def _amount(each: Difference, figure: str) -> str:
    if each.what == "seconds":
        return _("{count} s").format(count=figure)
    return f"{figure} fps" if each.what == "fps" else figure
