"""Which jobs a list shows, and in what order: a value, read from what a person types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple, get_args

from sora_tui.core.job import Job, State
from sora_tui.core.text import folded

Sort = Literal["newest", "oldest", "state", "expires", "cost", "server"]
SORTS: Final[tuple[Sort, ...]] = get_args(Sort)

#: The order of a list by state: what needs a person first, then what moves, then what went wrong.
STATE_ORDER: Final = (
    State.UNCONFIRMED,
    State.DOWNLOADING,
    State.COMPLETED,
    State.IN_PROGRESS,
    State.SUBMITTING,
    State.QUEUED,
    State.PENDING,
    State.NOT_SENT,
    State.FAILED,
    State.REJECTED,
    State.EXPIRED,
    State.GONE,
    State.SAVED,
    State.CANCELLED,
    State.ABANDONED,
    State.UNKNOWN,
)
#: Characters of a prompt that are searched; nobody remembers a prompt by the rest.
_MAX_SEARCHED: Final = 4_000


class JobFilter(NamedTuple):
    """A filter and an order.

    Attributes:
        words: Each occurs somewhere in what `searched` returns, without regard to case.
        states: Beginnings of a state's word, one of which must match; empty matches any state.
        servers: Beginnings of a profile's name, likewise.
    """

    words: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    sort: Sort = "newest"

    @classmethod
    def read(cls, text: str, sort: Sort = "newest") -> JobFilter:
        """Return the filter that a person typed: `fox state:failed server:lab`. Never refuses."""
        words: dict[str, list[str]] = {"": [], "state": [], "server": []}
        for word in folded(text).split():
            field, colon, value = word.partition(":")
            if colon and field in {"state", "server"}:
                words[field] += [value] if value else []
            else:
                words[""].append(word)
        return cls(tuple(words[""]), tuple(words["state"]), tuple(words["server"]), sort)

    @property
    def is_limiting(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.words or self.states or self.servers)

    def matches(self, state: str, profile: str | None, text: str) -> bool:
        """Return whether a job of this state, server and searched text is in the list."""
        return (
            (not self.states or state.startswith(self.states))
            and (not self.servers or folded(profile or "").startswith(self.servers))
            and all(word in text for word in self.words)
        )

    def includes(self, job: Job) -> bool:
        """Return whether a job is in the list."""
        text = searched(job) if self.words else ""
        return self.matches(job.state.value, job.server.profile, text)


def searched(job: Job) -> str:
    """Return the text that a filter's words are looked for in.

    It has ids, prompt, model, size, server and notes.
    """
    request, notes = job.request, job.notes
    parts = (
        job.id,
        job.remote_id,
        job.batch.id if job.batch else None,
        request.model,
        request.size,
        job.server.profile,
        *notes.tags,
        notes.text,
        request.prompt[:_MAX_SEARCHED],
    )
    return folded(" ".join(part for part in parts if part))


def with_live(ids: Sequence[str], job_filter: JobFilter, live: Iterable[Job]) -> list[str]:
    """Return the ids that the disk gave, corrected by the jobs that moved since they were read.

    New ids are inserted by age; in an order that is not by age, they come first.
    """
    moved = {job.id: job_filter.includes(job) for job in live}
    if not moved:
        return list(ids)
    known = set(ids)
    kept = [id for id in ids if moved.get(id, True)]
    for id in sorted(id for id, fits in moved.items() if fits and id not in known):
        kept.insert(insert_position(id, kept, job_filter.sort), id)
    return kept


def insert_position(job_id: str, ids: Sequence[str], sort: Sort) -> int:
    """Return where a new job belongs among others: near the end that new ones come in at."""
    if sort == "oldest":
        at = len(ids)
        while at and ids[at - 1] > job_id:
            at -= 1
        return at
    at = 0
    while sort == "newest" and at < len(ids) and ids[at] > job_id:
        at += 1
    return at
