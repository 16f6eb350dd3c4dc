"""Which job came from which, and how, as the documents say it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from sora_tui.core.job import Job
from sora_tui.core.remote_video import inner_id

#: An operation on the clip of a job; `again`: the same request once more; `with`: a clip that a
#: character appears in.
RelationKind = Literal["remix", "edit", "extend", "character", "again", "with"]


class Relation(NamedTuple):
    """One step between two jobs; `id` is the job at its other end."""

    id: str
    how: RelationKind


class Lineage(NamedTuple):
    """What one job came from, and what became of it, oldest first."""

    origins: tuple[Relation, ...] = ()
    derived: tuple[Relation, ...] = ()


def origins_of(job: Job) -> tuple[Relation, ...]:
    """Return what a job's own document says it came from.

    The id is a job's id; for a remix that was made elsewhere and adopted, it is the id of the
    source video (`inner_id`), which is all that the server tells.
    """
    request, found = job.request, []
    if request.source_job is not None and request.operation != "create":
        found.append(Relation(request.source_job, request.operation))
    elif job.remote is not None:
        source = job.remote.document.get("remixed_from_video_id")
        if isinstance(source, str) and source:
            found.append(Relation(inner_id(source), "remix"))
    found += [Relation(character.job, "with") for character in request.characters]
    if job.parent is not None:
        found.append(Relation(job.parent, "again"))
    return tuple(found)


def relations_to(job: Job, other: Job) -> tuple[Relation, ...]:
    """Return how `other` came from `job`; nothing where it did not."""
    named = {job.id, inner_id(job.remote_id or "")}
    return tuple(
        Relation(other.id, relation.how) for relation in origins_of(other) if relation.id in named
    )
