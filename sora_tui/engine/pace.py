"""How often a server is asked: one gate per server, and the time of each job's next look."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sora_tui.client.server_error import ServerError

#: More requests than this inside httpx at once and its pool, not the network, is the bottleneck.
MAX_IN_FLIGHT: Final = 8
#: Requests a second that no known server minds, and how many may come at once.
RATE: Final = 5.0
BURST: Final = 20
#: Seconds between two looks at a job that has been stuck for a day, at least (fault 42).
SLOWEST: Final = 60.0
_DAY: Final = 86_400.0
_BACKOFF_FIRST: Final = 1.0
_BACKOFF_MOST: Final = 60.0


class Gate:
    """Every request to one server but the paid one passes here.

    At most `MAX_IN_FLIGHT` at once, `RATE` a second with bursts of `BURST`, and one shared pause:
    when the server says 429 or cannot be reached, all wait, and the first one through is a probe.
    """

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(MAX_IN_FLIGHT)
        self._tokens = float(BURST)
        self._filled_at = asyncio.get_running_loop().time()
        self._open_at = 0.0
        self._no_probe = asyncio.Event()
        self._no_probe.set()
        self.failures = 0

    @asynccontextmanager
    async def passage(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it. After a failure one request goes, until it is answered.

        Whatever the request was for, a server that answers it with Retry-After is left alone for
        so long; only where it denies one job it speaks of that job.
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
        """Seconds until the gate opens again; 0 when it is open."""
        return max(0.0, self._open_at - asyncio.get_running_loop().time())

    def opened(self) -> None:
        """The server answered."""
        self.failures = 0

    def failed(self, retry_after: float | None) -> float:
        """The server did not answer, or asked for rest. Returns the pause, in seconds.

        Requests that were under way together fail together: while a pause is on, another failure
        may lengthen it by what the server asks, and counts no further.

        Args:
            retry_after: What the server asked for, in seconds; None waits by our own backoff:
                doubling from 1 to 60 s, with full jitter so that many clients do not come as one.
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


def next_look(elapsed: float, progress: float | None, hint: float | None) -> float:
    """Seconds until a job is worth asking about again.

    A third of the time that progress lets expect, without progress a tenth of the time so far;
    at most half the time so far, because a first percent says little; between 2 and 30 s. A
    server that gives a hint is asked as often as that, if it is worth it. A job that takes hours
    is asked less and less often, once a minute after a day. Ten percent of chance keeps many jobs
    apart.

    Args:
        elapsed: Seconds since it was accepted.
        progress: Percent, 0..100.
        hint: Seconds the server asked to wait (`openai-poll-after-ms`), 1..60: a floor.
    """
    if progress is not None and 0 < progress < 100:
        wait = min(0.35 * elapsed * (100 - progress) / progress, elapsed / 2)
    else:
        wait = elapsed / 10
    most = max(30.0, min(elapsed / 40, SLOWEST))
    floor = max(2.0 if hint is None else hint, min(SLOWEST * elapsed / _DAY, SLOWEST))
    chance = random.uniform(-0.1, 0.1)  # noqa: S311 -- no secret
    return max(min(wait, most) * (1 + chance), floor * (1 + abs(chance)))
