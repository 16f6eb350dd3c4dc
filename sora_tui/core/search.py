"""What is known of a job whose answer was lost: the server's list, and what a person tried."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sora_tui.core.problem import Fact, Problem, problem

#: Candidates kept in a document; who has more decides by id.
MAX_CANDIDATES: Final = 20
#: A job that is not in the list after this many looks over this long was probably never made
#: (reliability notes, REC).
_ENOUGH_LOOKS: Final = 3
_ENOUGH_TIME: Final = timedelta(minutes=2)


class Candidate(NamedTuple):
    """A video in the server's list that may be the job.

    Attributes:
        same: What the server tells of it that agrees with what was sent: some of `model`, `size`,
            `seconds`, `prompt`. Nothing that it tells disagrees.
    """

    id: str
    created_at: datetime
    same: tuple[str, ...] = ()


class Refusal(NamedTuple):
    """Why a video that a person named was not adopted.

    Attributes:
        code: A code of `problem.CODES`.
        job: The job that has this video already, if that is why.
    """

    at: datetime
    video: str
    code: str
    job: str | None = None

    @property
    def problem(self) -> Problem:
        """The same for the faces' words."""
        facts: dict[str, Fact] = {"video": self.video}
        if self.job is not None:
            facts["job"] = self.job
        return problem(self.code, **facts)


class Search(NamedTuple):
    """The search for one job.

    Attributes:
        began: The first look at the list, in UTC.
        at: The last one.
        looks: How many there were.
        listed: False where the server has no list to look into.
        found: The candidates of the last look, best first.
        refused: The last adoption that did not work.
    """

    began: datetime
    at: datetime
    looks: int = 0
    listed: bool = True
    found: tuple[Candidate, ...] = ()
    refused: Refusal | None = None

    @property
    def is_in_vain(self) -> bool:
        """Looked for often and long enough, and not there: it was probably never made."""
        often = self.looks >= _ENOUGH_LOOKS and self.at - self.began >= _ENOUGH_TIME
        return self.listed and not self.found and often

    def news(self, before: Search | None) -> str:
        """What this search tells that the one before did not; empty for nothing (in English)."""
        if self.refused is not None and (before is None or before.refused != self.refused):
            return f"adopt {self.refused.video}: {self.refused.code}"
        told = self._told()
        return "" if before is not None and before._told() == told else told

    def _told(self) -> str:
        if not self.listed:
            return "this server has no list to look into"
        if self.is_in_vain:
            return "list asked again and again: not there"
        named = ", ".join(candidate.id for candidate in self.found[:3])
        more = ", ..." if len(self.found) > 3 else ""
        one = "candidate" if len(self.found) == 1 else "candidates"
        return f"list asked: {len(self.found)} {one}{': ' if named else ''}{named}{more}"
