"""What every test stands on: a clock, a zone and an environment of the run's own, and quiet,
repeatable hypothesis runs."""

from __future__ import annotations

import gc
import logging
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from hypothesis import settings

from tests.support import clock, environment
from tests.support.moments import MOMENTS, Moment

# Two busy cores make any deadline lie. The suite runs at every change: few examples, always the
# same, so that a red run means the change. `make test-long` looks for new ones.
settings.register_profile("suite", deadline=None, max_examples=25, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

# A shell's background jobs ignore ctrl+c, and every process that a test starts would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Draw the clock and the zone of the run; its workers inherit them with the environment."""
    environment.clear()  # in the workers, too, that get a size of the terminal
    if hasattr(config, "workerinput"):
        return
    try:
        drawn = clock.draw()
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    if drawn is not None:
        clock.begin(drawn)


def pytest_report_header() -> str:
    """Say the clock of the run, and how to take it again."""
    drawn = os.environ[clock.VARIABLE]
    return f"clock: {drawn}; to take it again: {clock.VARIABLE}={drawn}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Say the clock again where a reader of a failure looks for it: -q prints no header."""
    if exitstatus:
        terminalreporter.write_line(pytest_report_header())


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for no garbage while the tests are collected, nor later among what was collected.

    There are seven workers, and each of them has all tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take the rooms' files, and the tests of a file, in an order that is drawn with the clock.

    Files stay whole: what they share, such as a practice server, is started once.
    """
    if os.environ[clock.VARIABLE] == clock.REAL:
        return
    chance = random.Random(os.environ[clock.VARIABLE])  # the same in all workers
    ranks = {path: chance.random() for path in dict.fromkeys(item.path for item in items)}
    items.sort(key=lambda item: (ranks[item.path], chance.random()))


@pytest.fixture(scope="session", autouse=True)
def home_of_the_run(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is older than a test, such as a server for a whole file, sees no home of anybody."""
    os.environ["HOME"] = str(tmp_path_factory.mktemp("home"))


@pytest.fixture(autouse=True)
def own_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No settings and no home of anybody; the current folder is `tmp_path`."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in ("CONFIG", "CACHE", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=MOMENTS.values(), ids=list(MOMENTS))
def moment(request: pytest.FixtureRequest) -> Iterator[Moment]:
    """A test that shows a time runs at each frozen moment: with this zone, and a clock that
    stands still."""
    frozen: Moment = request.param
    # A number: a datetime would set its own zone.
    at = frozen.at.timestamp()
    with clock.zone(clock.ZONES[frozen.zone]), time_machine.travel(at, tick=False):
        yield frozen


@pytest.fixture(autouse=True)
def whole_day() -> None:
    """A test sees one day: the money of a day begins at nothing when the next one does.

    A run that was drawn before midnight waits here once in each worker.
    """
    clock.wait_for_midnight(within=10)


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """The program's log, started by a test in this process, ends with it."""
    log = logging.getLogger("sora_tui")
    before = (log.level, log.propagate, log.handlers[:])
    yield
    log.setLevel(before[0])
    log.propagate, log.handlers = before[1:]
