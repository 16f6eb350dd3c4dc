"""What the search for a lost answer has found, in words for both faces."""

from __future__ import annotations

from sora_tui.core.job import Job
from sora_tui.core.recovery import Candidate
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _, ngettext
from sora_tui.i18n.formatting import minute, second_of_day, time_of_day

_SAME = {
    "model": N_("model"),
    "size": N_("size"),
    "seconds": N_("seconds"),
    "prompt": N_("prompt"),
    "time": N_("time"),
}
_OTHER = {
    "model": N_("another model"),
    "size": N_("another size"),
    "seconds": N_("another length"),
    "prompt": N_("another prompt"),
    "time": N_("another time"),
    "id": N_("an id that another job had"),
}


def found_words(job: Job) -> str:  # noqa: PLR0911 -- one return a sentence
    """Return one line: which list was searched, since when, and the result, without candidates."""
    facts = {"server": clean_line(job.server.profile, 60), "time": "", "count": 0}
    search = job.search
    if search is None:
        return _("The list of {server} has not been asked yet.").format(**facts)
    if search.failure == "answer_unusable" and not search.found:
        return _("{server} was asked for its list, and its answer cannot be read.").format(**facts)
    if search.failure and not search.found:
        return _("{server} was asked for its list, and gave none so far.").format(**facts)
    if not search.listed:
        return _("{server} has no list to look for it in.").format(**facts)
    sent = job.created_at if job.has_unknown_past else job.attempts[-1].at
    facts |= {"time": time_of_day(sent), "count": search.searches, "rows": search.cut}
    if any(not candidate.near and not candidate.other for candidate in search.found):
        return _("Found on {server} since {time}:").format(**facts)
    if search.found:
        return _("Not to the letter in the list of {server}, but near it:").format(**facts)
    if search.cut:
        return _(
            "Nothing like it in the first {rows} rows of the list of {server}; it has more."
        ).format(**facts)
    if search.was_probably_never_created:
        return _("Not in the list of {server}, asked {count} times: probably never made.").format(
            **facts
        )
    return _("Nothing like it in the list of {server} so far.").format(**facts)


def search_words(job: Job, until: str) -> str:
    """Return one line: that a lost answer is searched for, and until when.

    A job that waited in a copied folder has no lost answer: it waits for consent.

    Args:
        job: The unconfirmed job.
        until: A time on the person's own clock.
    """
    if not job.attempts:
        return _(
            "{job} was not sent from here, and perhaps from elsewhere: the list of {server} is"
            " looked into until {time}. Then it waits for your yes. Ctrl+c leaves it; sora-tui"
            " wait goes on."
        ).format(job=job.id, server=clean_line(job.server.profile, 60), time=until)
    return _(
        "The answer to {job} is lost. It is looked for in the list of {server} until {time}."
        " Ctrl+c leaves it; sora-tui wait goes on."
    ).format(job=job.id, server=clean_line(job.server.profile, 60), time=until)


def same_words(candidate: Candidate) -> str:
    """Return `same size and prompt, another model`: how the candidate compares with the request."""
    parts = []
    same = [_(_SAME[name]) for name in candidate.same if name in _SAME]
    near = [_(_SAME[name]) for name in candidate.near if name in _SAME]
    if len(same) == 1:
        parts.append(_("same {name}").format(name=same[0]))
    elif same:
        text = _("same {names} and {name}")
        parts.append(text.format(names=", ".join(same[:-1]), name=same[-1]))
    if len(near) == 1:
        parts.append(_("nearly the same {name}").format(name=near[0]))
    elif near:
        text = _("nearly the same {names} and {name}")
        parts.append(text.format(names=", ".join(near[:-1]), name=near[-1]))
    parts += [_(_OTHER[name]) for name in candidate.other if name in _OTHER]
    return ", ".join(parts) or _("the server tells nothing more of it")


def created_words(candidate: Candidate) -> str:
    """Return when it was made, on the person's own clock; with the day if it is another time."""
    if candidate.created_at is None:
        return _("no time")
    made = candidate.created_at
    return minute(made) if "time" in candidate.other else second_of_day(made)


def undecided_words(count: int) -> str:
    """Return that earlier jobs at the same server are unconfirmed and not decided."""
    return ngettext(
        "{count} earlier job there is unconfirmed, and may be billed.",
        "{count} earlier jobs there are unconfirmed, and may be billed.",
        count,
    ).format(count=count)
