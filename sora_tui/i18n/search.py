"""What the search for a lost answer has found, in words for both faces."""

from __future__ import annotations

from sora_tui.core.job import Job
from sora_tui.core.search import Candidate
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _

_SAME = {
    "model": N_("model"),
    "size": N_("size"),
    "seconds": N_("seconds"),
    "prompt": N_("prompt"),
}


def found_words(job: Job) -> str:
    """One line: where was looked, since when, and what that says; the candidates come below it."""
    facts = {"server": clean_line(job.server.profile, 60), "time": "", "count": 0}
    search = job.search
    if search is None:
        return _("The list of {server} has not been asked yet.").format(**facts)
    if not search.listed:
        return _("{server} has no list to look for it in.").format(**facts)
    sent = job.attempts[-1].at if job.attempts else job.created_at
    facts |= {"time": f"{sent.astimezone():%H:%M}", "count": search.looks}
    if search.found:
        return _("Found on {server} since {time}:").format(**facts)
    if search.is_in_vain:
        return _("Not in the list of {server}, asked {count} times: probably never made.").format(
            **facts
        )
    return _("Nothing like it in the list of {server} so far.").format(**facts)


def same_words(candidate: Candidate) -> str:
    """`same size and prompt`: what the server tells of it and was asked for."""
    names = [_(_SAME[name]) for name in candidate.same if name in _SAME]
    if not names:
        return _("the server tells nothing more of it")
    if len(names) == 1:
        return _("same {name}").format(name=names[0])
    return _("same {names} and {name}").format(names=", ".join(names[:-1]), name=names[-1])


def created_words(candidate: Candidate) -> str:
    """When it was made, on the person's own clock."""
    return f"{candidate.created_at.astimezone():%H:%M:%S}"
