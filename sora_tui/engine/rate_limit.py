"""How often a server is called, and how many paid requests it gets at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final, Literal, NamedTuple

from sora_tui.client.decode import MAX_WAIT
from sora_tui.client.server_error import ServerError
from sora_tui.core.job import Job

#: With more requests than this at once, httpx and its pool are the bottleneck, not the network.
MAX_IN_FLIGHT: Final = 8
#: Requests a second that every known server allows, and how many may come at once.
RATE: Final = 5.0
BURST: Final = 20
#: Seconds between two polls of a job that has been stuck for a day, at least (fault 42).
SLOWEST: Final = 60.0
_DAY: Final = 86_400.0
#: Most paid requests to one server whose answer is unknown: those in flight, and those whose answer
#: was unclear and is not decided yet. Two, so that one that hangs does not delay the next.
MAX_IN_DOUBT: Final = 2
#: Pause after an unclear answer that names no time, in seconds.
UNCLEAR_WAIT: Final = 10.0
#: Seconds for which a free question may stay unanswered after that, before the jobs get a reason to
#: wait.
_SILENCE: Final = 30.0
_BACKOFF_FIRST: Final = 1.0
_BACKOFF_MOST: Final = 60.0


class RateLimiter:
    """Every request to one server but the paid one waits its turn here.

    At most `MAX_IN_FLIGHT` at once, `RATE` a second with bursts of `BURST`, and one shared pause:
    when the server says 429 or cannot be reached, all wait, and the first request is a test.
    """

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(MAX_IN_FLIGHT)
        self._tokens = float(BURST)
        self._filled_at = asyncio.get_running_loop().time()
        self._open_at = 0.0
        self._no_probe = asyncio.Event()
        self._no_probe.set()
        self.failures = 0
        #: Loop time of the last answer; None before the first.
        self.answered_at: float | None = None

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it. After a failure one request goes, until it is answered.

        Whatever the request was for, a server that answers it with Retry-After is not called for
        that time; only where it denies one job, this is about that job alone.
        """
        async with self._slots:
            await self._turn()
            is_probe = bool(self.failures)
            if is_probe:
                self._no_probe.clear()
            try:
                yield
            except ServerError as failure:
                if failure.retry_after is not None and not failure.not_found:
                    self.failed(failure.retry_after)
                raise
            finally:
                if is_probe:
                    self._no_probe.set()

    @property
    def paused_for(self) -> float:
        """Return the seconds until the pause is over; 0 without a pause."""
        return max(0.0, self._open_at - asyncio.get_running_loop().time())

    def opened(self) -> None:
        """Note that the server answered."""
        self.failures = 0
        self.answered_at = asyncio.get_running_loop().time()

    def failed(self, retry_after: float | None) -> float:
        """Note that the server did not answer, or asked for a pause; return the pause in seconds.

        Requests in flight together fail together: during a pause, another failure may lengthen it
        by what the server asks, and does not count further.

        Args:
            retry_after: What the server asked for, in seconds; None waits by our own backoff:
                doubling from 1 to 60 s, with full jitter so that many clients do not come at once.
        """
        if self.paused_for:
            asked = asyncio.get_running_loop().time() + (retry_after or 0.0)
            self._open_at = max(self._open_at, asked)
            return self.paused_for
        self.failures += 1
        ceiling = min(_BACKOFF_FIRST * 2 ** min(self.failures - 1, 10), _BACKOFF_MOST)
        pause = random.uniform(ceiling / 2, ceiling) if retry_after is None else retry_after  # noqa: S311
        self._open_at = max(self._open_at, asyncio.get_running_loop().time() + pause)
        return pause

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            self._tokens = min(BURST, self._tokens + (now - self._filled_at) * RATE)
            self._filled_at = now
            wait = max(self._open_at - now, (1 - self._tokens) / RATE)
            if wait > 0:
                await asyncio.sleep(wait)
            elif self.failures and not self._no_probe.is_set():
                await self._no_probe.wait()
            else:
                self._tokens -= 1
                return


class Allowance(NamedTuple):
    """How many paid requests may begin now, and why not more.

    Attributes:
        kept_by: `hold` until the pause is over and a free question was answered, `stop` until a
            person or a later run resumes; empty where nothing is in doubt.
        must_ask: A free question is due.
        until: Loop time at which the pause is over.
        doubts: Jobs in doubt.
    """

    room: int
    kept_by: Literal["", "hold", "stop"] = ""
    must_ask: bool = False
    until: float = 0.0
    doubts: int = 0


class CreateLimit:
    """How many paid requests go to one server at once, of any profile.

    A server that fails while it makes a video may charge for each try. So the first request goes
    alone until the server has accepted one; an unclear answer stops all others, until its pause is
    over and the server has answered a free question, and then one goes alone; while two are in
    doubt nothing is sent. What is in doubt is read from the jobs: another process, or the owner
    after a kill, comes to the same result.
    """

    def __init__(self, began: datetime) -> None:
        """Begin with nothing under way.

        Args:
            began: When this run began, in UTC. Answers lost before count as one doubt, and only
                until the server accepts a request again: starting a run means to resume.
        """
        self.under_way: set[str] = set()
        #: Called when there may be room for another request.
        self.on_room: list[Callable[[], None]] = []
        self._began = began
        self._has_accepted = False
        self._asked_since = asyncio.get_running_loop().time()
        self._silent_since: float | None = None

    def ended(self, job_id: str) -> None:
        """Note that a request is answered, or was not sent after all."""
        self.under_way.discard(job_id)
        for tell in self.on_room:
            tell()

    def accepted(self) -> None:
        """Note that the server accepted a request."""
        self._has_accepted = True

    def unclear(self) -> None:
        """Note an unclear answer: what the server answered before is no longer evidence."""
        self._asked_since = asyncio.get_running_loop().time()
        self._silent_since = None

    def go_on(self, at: datetime) -> None:
        """Begin again as a later run does: a person wants waiting jobs sent."""
        self._began, self._has_accepted, self._silent_since = at, False, None

    def allowance(
        self, in_doubt: Sequence[Job], answered_at: float | None, at: datetime
    ) -> Allowance:
        """Return what may be sent now.

        Args:
            in_doubt: The unconfirmed jobs of this server that are not decided.
            answered_at: Loop time of the server's last answer to a free question.
            at: Now, in UTC.
        """
        now = asyncio.get_running_loop().time()
        recent = [job for job in in_doubt if _sent_at(job) >= self._began]
        earlier = [job for job in in_doubt if job not in recent]
        doubts = len(recent) + (1 if earlier and not self._has_accepted else 0)
        free = (MAX_IN_DOUBT if self._has_accepted else 1) - len(self.under_way)
        if not doubts:
            self._silent_since = None
            return Allowance(max(free, 0))
        if doubts >= MAX_IN_DOUBT:
            return Allowance(0, "stop", doubts=doubts)
        until = now + max(_pause_left(job, at) for job in (recent or earlier))
        asked, is_over = answered_at is not None and answered_at >= self._asked_since, until <= now
        if asked and is_over:
            self._silent_since = None
            return Allowance(0 if self.under_way else 1, doubts=doubts)
        must_ask = is_over and not asked
        if must_ask and self._silent_since is None:
            self._silent_since = now
        is_silent = must_ask and now - (self._silent_since or now) > _SILENCE
        return Allowance(0, "stop" if is_silent else "hold", must_ask, until, doubts)


def _sent_at(job: Job) -> datetime:
    return job.attempts[-1].at if job.attempts else job.created_at


def _pause_left(job: Job, at: datetime) -> float:
    """Return the seconds until the pause after an unclear answer ends; a clock may be set back."""
    left = 0.0 if job.not_before is None else (job.not_before - at).total_seconds()
    return left if 0 < left <= MAX_WAIT else 0.0


def poll_delay(elapsed: float, progress: float | None, hint: float | None) -> float:
    """Return the seconds until a job is to be polled again.

    It is a third of the time that the progress predicts, without progress a tenth of the time so
    far; at most half the time so far, because a first percent says little; between 2 and 30 s. A
    server that gives a hint is polled as often as that, where it is useful. A job that takes hours
    is polled less and less often, once a minute after a day. Ten percent of chance spreads many
    jobs over time.

    Args:
        elapsed: Seconds since it was accepted.
        progress: Percent, 0..100.
        hint: Seconds the server asked to wait (`openai-poll-after-ms`), 1..60: a minimum.
    """
    if progress is not None and 0 < progress < 100:
        wait = min(0.35 * elapsed * (100 - progress) / progress, elapsed / 2)
    else:
        wait = elapsed / 10
    most = max(30.0, min(elapsed / 40, SLOWEST))
    floor = max(2.0 if hint is None else hint, min(SLOWEST * elapsed / _DAY, SLOWEST))
    chance = random.uniform(-0.1, 0.1)  # noqa: S311 -- no secret
    return max(min(wait, most) * (1 + chance), floor * (1 + abs(chance)))
