"""Which job came from which, and how: what the documents say of it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from sora_tui.core.job import Job
from sora_tui.core.remote import inner_id

#: By an operation on its clip; `again`: the same request once more; `with`: a clip that a
#: character appears in.
How = Literal["remix", "edit", "extend", "character", "again", "with"]


class Kin(NamedTuple):
    """One step between two jobs; `id` is the job at its other end."""

    id: str
    how: How


class Lineage(NamedTuple):
    """What one job came from, and what became of it, oldest first."""

    origins: tuple[Kin, ...] = ()
    made: tuple[Kin, ...] = ()


def origins_of(job: Job) -> tuple[Kin, ...]:
    """What a job's own document says it came from.

    The id is a job's; of a remix that was made elsewhere and adopted the server names the source by
    its video, as `inner_id`.
    """
    request, found = job.request, []
    if request.source_job is not None and request.operation != "create":
        found.append(Kin(request.source_job, request.operation))
    elif job.remote is not None:
        source = job.remote.document.get("remixed_from_video_id")
        if isinstance(source, str) and source:
            found.append(Kin(inner_id(source), "remix"))
    found += [Kin(character.job, "with") for character in request.characters]
    if job.parent is not None:
        found.append(Kin(job.parent, "again"))
    return tuple(found)


def made_of(job: Job, other: Job) -> tuple[Kin, ...]:
    """How `other` came from `job`; nothing where it did not."""
    named = {job.id, inner_id(job.remote_id or "")}
    return tuple(Kin(other.id, kin.how) for kin in origins_of(other) if kin.id in named)
