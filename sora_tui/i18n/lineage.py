"""What a job is made of and what was derived from it, in words for both faces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from sora_tui.core.job_id import JOB_ID
from sora_tui.core.lineage import Relation, RelationKind
from sora_tui.core.request import VideoRequest
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _

_HOW: Final[Mapping[RelationKind, str]] = {
    "remix": N_("remix"),
    "edit": N_("edited"),
    "extend": N_("extension"),
    "character": N_("character"),
    "again": N_("once more"),
    "with": N_("character in it"),
}
_OF: Final[Mapping[str, str]] = {
    "remix": N_("remix of {source}"),
    "edit": N_("edit of {source}"),
    "extend": N_("extension of {source}"),
    "character": N_("character {name} of {source}"),
}


def operation_words(request: VideoRequest, *, short: bool = False) -> str:
    """Return `remix of 20261122-101530-7f3k2m`, `edit of holiday.mp4`; nothing for a new clip.

    Args:
        request: What is asked for.
        short: Name a job by the end of its id, as the screen does.
    """
    if request.operation == "create":
        return ""
    source = request.source_file.path if request.source_file else request.source_job
    if short and source and JOB_ID.fullmatch(source):
        source = f"…{source[-6:]}"
    form = _OF.get(request.operation)
    if form is None:  # the word of a later version
        return clean_line(request.operation, 40)
    said = _(form).format(
        source=clean_line(source or request.source_video or "?", 200),
        name=clean_line(request.prompt, 80),
    )
    return clean_line(said)  # the name is still to be written


def with_words(characters: Iterable[str]) -> str:
    """Return `with Mossy, Tom`, by name; nothing where there are none."""
    names = [clean_line(name, 80) for name in characters]
    return _("with {names}").format(names=", ".join(names)) if names else ""


def relation_words(relation: Relation) -> str:
    """Return `20261122-101530-7f3k2m, remix`."""
    return f"{clean_line(relation.id, 200)}, {_(_HOW[relation.how])}"
