"""How often a server is asked."""

from __future__ import annotations

import asyncio

import pytest

from sora_tui.engine.pace import BURST, MAX_IN_FLIGHT, Gate, next_look


@pytest.mark.parametrize(
    ("elapsed", "progress", "hint", "low", "high"),
    [
        (10, 50, None, 3.1, 3.9),  # a third of the ten seconds to come
        (1, 99, None, 1.8, 2.2),  # never more often than every two seconds by ourselves
        (1000, 1, None, 27, 33),  # never less often than every half minute
        (8, 1, None, 3.6, 4.4),  # a first percent says little
        (100, None, None, 9, 11),  # silence: a tenth of the time so far
        (1, 99, 5.0, 4.5, 5.5),  # the server's wish is a floor
        (1, 99, 1.0, 0.9, 1.1),
    ],
)
def test_the_next_look(
    elapsed: float, progress: float | None, hint: float | None, low: float, high: float
) -> None:
    assert all(low <= next_look(elapsed, progress, hint) <= high for _ in range(50))


async def test_no_more_than_eight_requests_are_under_way() -> None:
    gate = Gate()
    inside = most = 0

    async def ask() -> None:
        nonlocal inside, most
        async with gate.passage():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(*(ask() for _ in range(BURST)))
    assert most == MAX_IN_FLIGHT


async def test_one_pause_is_shared_and_grows_until_an_answer() -> None:
    gate = Gate()
    pauses = [gate.failed(None) for _ in range(8)]
    assert pauses[0] <= 1.0
    assert 30.0 <= pauses[-1] <= 60.0
    assert gate.paused_for > 25
    gate.opened()
    assert gate.failures == 0


async def test_the_gate_opens_when_the_server_said() -> None:
    gate = Gate()
    gate.failed(0.2)
    loop = asyncio.get_running_loop()
    before = loop.time()
    async with gate.passage():
        assert loop.time() - before >= 0.19
