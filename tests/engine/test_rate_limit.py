"""How often a server is asked."""

from __future__ import annotations

import asyncio

import pytest

from sora_tui.engine.rate_limit import BURST, MAX_IN_FLIGHT, RateLimiter, poll_delay
from tests.support.virtual_time import run


@pytest.mark.parametrize(
    ("elapsed", "progress", "hint", "low", "high"),
    [
        (10, 50, None, 3.1, 3.9),  # a third of the ten seconds to come
        (1, 99, None, 1.8, 2.2),  # never more often than every two seconds by ourselves
        (1000, 1, None, 27, 33),  # never less often than every half minute
        (8, 1, None, 3.6, 4.4),  # a first percent says little
        (100, None, None, 9, 11),  # silence: a tenth of the time so far
        (1, 99, 5.0, 5.0, 5.5),  # the server's wish is a floor
        (1, 99, 1.0, 1.0, 1.1),
        (86_400, 99.999, 1.0, 60, 66),  # stuck for a day: once a minute
    ],
)
def test_the_next_look(
    elapsed: float, progress: float | None, hint: float | None, low: float, high: float
) -> None:
    assert all(low <= poll_delay(elapsed, progress, hint) <= high for _ in range(50))


async def test_no_more_than_eight_requests_are_under_way() -> None:
    rate_limiter = RateLimiter()
    inside = most = 0

    async def ask() -> None:
        nonlocal inside, most
        async with rate_limiter.slot():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(*(ask() for _ in range(BURST)))
    assert most == MAX_IN_FLIGHT


def test_one_pause_is_shared_and_grows_until_an_answer() -> None:
    async def fail_eight_times() -> None:
        rate_limiter = RateLimiter()
        for failure in range(8):
            pause = rate_limiter.failed(None)
            assert 0.5 * min(2**failure, 60) <= pause <= min(2**failure, 60)
            # What was under way together fails together: it counts once.
            assert rate_limiter.failed(None) == pytest.approx(pause)
            assert rate_limiter.failures == failure + 1
            await asyncio.sleep(pause)
            assert not rate_limiter.paused_for
        rate_limiter.opened()
        assert rate_limiter.failures == 0

    run(fail_eight_times())


def test_after_a_failure_one_request_goes_until_it_is_answered() -> None:
    async def ask(rate_limiter: RateLimiter, gone: list[float]) -> None:
        async with rate_limiter.slot():
            gone.append(asyncio.get_running_loop().time())
            await asyncio.sleep(3)
        rate_limiter.opened()

    async def fail_once() -> list[float]:
        rate_limiter, gone = RateLimiter(), list[float]()
        rate_limiter.failed(2)
        since = asyncio.get_running_loop().time()
        await asyncio.gather(*(ask(rate_limiter, gone) for _ in range(4)))
        return [at - since for at in gone]

    assert run(fail_once()) == pytest.approx([2, 5, 5, 5], abs=0.01)


async def test_the_pause_ends_when_the_server_said() -> None:
    rate_limiter = RateLimiter()
    rate_limiter.failed(0.2)
    loop = asyncio.get_running_loop()
    before = loop.time()
    async with rate_limiter.slot():
        assert loop.time() - before >= 0.19
