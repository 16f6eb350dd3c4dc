"""The keys that do something for a job, the most useful first: a command, and a message id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from sora_tui.core.job import Job, State
from sora_tui.i18n import N_
from sora_tui.tui.state.job_verbs import JobVerb, is_possible

if TYPE_CHECKING:
    from sora_tui.core.lineage import Lineage

Keys = tuple[tuple[str, str], ...]

_EDIT_ANY: Final = ("edit_job", N_("Edit"))
_ANY_JOB: Final = (_EDIT_ANY, ("diff_job", N_("Diff")))
_DERIVES: Final = (
    ("remix_job", N_("Remix")),
    ("extend_job", N_("Extend")),
    ("change_clip", N_("Change")),
    ("make_character", N_("Character")),
)
_PAGES: Final[Mapping[str, tuple[str, str]]] = {
    "facts": ("inspector.facts", N_("Facts")),
    "events": ("inspector.events", N_("Events")),
    "json": ("inspector.json", "JSON"),
}
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
        job: The highlighted job.
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
    return (("list.select", N_("Inspect")), *first, *possible, *rest, *more, *_derives(job))


def keys_in_inspector(job: Job, page: str, turn: str | None, lineage: Lineage | None) -> Keys:
    """Return the keys for the job in the inspector.

    Args:
        job: The job that is shown.
        page: In front, a name of `_PAGES`.
        turn: Message id of the picture that could take the place of the one that is seen.
        lineage: What the job came from and became; None: not known yet.
    """
    keys: list[tuple[str, str]] = []
    if is_possible(job, "look"):
        keys.append(("inspector.look", N_("Look")))
    if turn is not None:
        keys.append(("inspector.view", turn))
    if is_possible(job, "retry"):
        keys.append(("inspector.retry", N_("Again")))
    keys.append(("inspector.copy", N_("Copy")))
    if lineage is not None and lineage.origins:
        keys.append(("origin", N_("Where from")))
    if lineage is not None and lineage.derived:
        keys.append(("became", N_("What became")))
    pages = (pair for name, pair in _PAGES.items() if name != page)
    return (*keys, *_ANY_JOB, *pages, *_derives(job))


def keys_in_tree() -> Keys:
    """Return the keys for the document as a tree."""
    return (
        ("list.select", N_("Open")),
        ("tree.copy_value", N_("Copy value")),
        ("tree.copy_path", N_("Copy path")),
        _PAGES["facts"],
        _PAGES["events"],
    )


def keys_to_decide(*, has_candidates: bool) -> Keys:
    """Return the keys for a job whose answer was lost.

    Args:
        has_candidates: Videos were found that may be its own.
    """
    ways = (
        ("inspector.send", N_("Send again")),
        ("inspector.give_up", N_("Give up")),
        ("inspector.paste", N_("Paste an id")),
    )
    return (("inspector.adopt", N_("Adopt")), *ways) if has_candidates else ways


def _derives(job: Job) -> Keys:
    return _DERIVES if job.has_remote_clip else ()
