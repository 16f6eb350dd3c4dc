"""One simulator for the tests of this folder that need nothing special."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openai import OpenAI

from tests.support.simulator_process import Simulator, start_simulator


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with start_simulator(speed=100) as running:
        yield running


@pytest.fixture
def sdk(simulator: Simulator) -> Iterator[OpenAI]:
    with OpenAI(base_url=simulator.base_url, api_key=simulator.key, max_retries=0) as client:
        yield client
