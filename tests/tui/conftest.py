"""How the tests of the screen wait for it: see `tests/support/tui/rest.py`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.tui.rest import wait_for_the_event_loop


@pytest.fixture(scope="session", autouse=True)
def pilot_waits_for_the_event_loop() -> Iterator[None]:
    """Wait for the event loop, not for the processor."""
    with pytest.MonkeyPatch.context() as patch:
        wait_for_the_event_loop(patch)
        yield
