"""What is known of a job whose answer was lost: from the server's list, and a person's attempts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sora_tui.core.problem import Fact, Problem, problem

#: Candidates kept in a document; with more, a person decides by id.
MAX_CANDIDATES: Final = 20
#: When the list is asked, in seconds after the loss: a server needs a moment to list what it has
#: made, and some need a minute. Later searches come every minute, for as long as a process runs.
SEARCH_DELAYS: Final = (2.0, 10.0, 30.0, 60.0, 120.0)
#: A job that is not in the list after this many searches over this time was probably never made
#: (reliability notes, REC).
_ENOUGH_SEARCHES: Final = 3
_ENOUGH_TIME: Final = timedelta(seconds=SEARCH_DELAYS[-1] - SEARCH_DELAYS[0] - 3.0)


class Candidate(NamedTuple):
    """A video in the server's list that may be an unconfirmed job.

    Attributes:
        created_at: None where the server does not say.
        same: Which of `model`, `size`, `seconds`, `prompt` the server reports as they were sent.
        near: Which of them it reports in a similar form: `openai/sora-2` for `sora-2`, a prompt
            that was cut; and `time` for a video that was made a little before or after.
        other: Which of them it reports with another value; `time` for a video that was not made
            when the job was sent, `id` for one whose id another job had before.
    """

    id: str
    created_at: datetime | None
    same: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    other: tuple[str, ...] = ()

    @property
    def is_exact(self) -> bool:
        """Whether its prompt agrees, and nothing contradicts it."""
        return not self.near and not self.other and "prompt" in self.same


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
        """The same as a `Problem`, for the texts of the faces."""
        facts: dict[str, Fact] = {"video": self.video}
        if self.job is not None:
            facts["job"] = self.job
        return problem(self.code, **facts)


class RecoverySearch(NamedTuple):
    """The search for one job.

    Attributes:
        began: The first reading of the list, in UTC.
        at: The last one.
        searches: How many there were.
        listed: False where the server has no list.
        cut: Rows after which the last reading ended; 0 where it read as far as the job can stand.
        found: The candidates of the last reading, best first.
        refused: The last adoption that did not work.
        failure: Why the last reading brought no list: a code of `problem.CODES`; empty where it
            did.
    """

    began: datetime
    at: datetime
    searches: int = 0
    listed: bool = True
    found: tuple[Candidate, ...] = ()
    refused: Refusal | None = None
    cut: int = 0
    failure: str = ""

    def is_exhausted(self, unconfirmed_since: datetime, *, has_unknown_past: bool) -> bool:
        """Return whether another search soon would not help, so that a person has to decide.

        Args:
            unconfirmed_since: When the answer was lost.
            has_unknown_past: The job may have been sent long ago: one search is enough.
        """
        if not self.listed or any(candidate.is_exact for candidate in self.found):
            return True
        return (
            has_unknown_past or (self.at - unconfirmed_since).total_seconds() >= SEARCH_DELAYS[-1]
        )

    @property
    def was_probably_never_created(self) -> bool:
        """Whether it was probably never made: searched often and long enough, and not found."""
        often = self.searches >= _ENOUGH_SEARCHES and self.at - self.began >= _ENOUGH_TIME
        return self.listed and not self.found and not self.cut and often

    def news(self, before: RecoverySearch | None) -> str:
        """Return what this search found and the one before did not, in English; else empty."""
        if self.refused is not None and (before is None or before.refused != self.refused):
            return f"adopt {self.refused.video}: {self.refused.code}"
        told = self._summary()
        return "" if before is not None and before._summary() == told else told

    def _summary(self) -> str:
        if self.failure and not self.searches:
            return f"list asked: it did not come ({self.failure})"
        if not self.listed:
            return "this server has no list to look into"
        if self.was_probably_never_created:
            return "list asked again and again: not there"
        named = ", ".join(candidate.id for candidate in self.found[:3])
        more = ", ..." if len(self.found) > 3 else ""
        one = "candidate" if len(self.found) == 1 else "candidates"
        return f"list asked: {len(self.found)} {one}{': ' if named else ''}{named}{more}"
