"""The keys that do something for a job, the most useful first: a command, and a message id."""

from __future__ import annotations

from typing import Final

from sora_tui.core.job import Job, State
from sora_tui.i18n import N_
from sora_tui.tui.state.job_verbs import JobVerb, is_possible

Keys = tuple[tuple[str, str], ...]

_EDIT_ANY: Final = ("edit_job", N_("Edit"))
_ANY_JOB: Final = (_EDIT_ANY, ("diff_job", N_("Diff")))
_DERIVES: Final = (
    ("remix_job", N_("Remix")),
    ("extend_job", N_("Extend")),
    ("change_clip", N_("Change")),
    ("make_character", N_("Character")),
)
#: For the marked jobs.
FOR_MARKED: Final = (
    ("jobs.mark", N_("Mark")),
    ("jobs.retry", N_("Again")),
    ("jobs.delete", N_("Delete")),
    ("jobs.cancel", N_("Take back")),
    ("jobs.clear", N_("Clear marks")),
)
RESUME: Final = (("jobs.pause", N_("Resume queue")),)


def keys_for(job: Job, first: Keys) -> Keys:
    """Return the keys for the highlighted job of the list.

    Args:
        first: Comes before all that is about the job.
    """
    waits = job.state is State.PENDING
    acts: tuple[tuple[JobVerb, str], ...] = (
        ("look", N_("Look")),
        ("edit", N_("Edit")),
        ("cancel", N_("Take back") if waits else N_("Cancel")),
        ("copy", N_("Copy")),
        ("retry", N_("Again")),
        ("delete", N_("Delete")),
    )
    possible = tuple((f"jobs.{verb}", text) for verb, text in acts if is_possible(job, verb))
    rest = (("jobs.filter", N_("Filter")), ("jobs.mark", N_("Mark")), ("jobs.sort", N_("Sort")))
    # The key of a waiting job's edit is the same.
    more = tuple(pair for pair in _ANY_JOB if not (waits and pair is _EDIT_ANY))
    return (("list.select", N_("Inspect")), *first, *possible, *rest, *more, *derives(job))


def derives(job: Job) -> Keys:
    """Return the keys for what can be made of the clip of a job."""
    return _DERIVES if job.has_remote_clip else ()
