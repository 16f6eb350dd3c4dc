"""What every test stands on: an environment of its own, and quiet, repeatable hypothesis runs."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Two busy cores make any deadline lie. The suite runs at every change: few examples, always the
# same, so that a red run means the change. `make test-long` looks for new ones.
settings.register_profile("suite", deadline=None, max_examples=25, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

# A shell's background jobs ignore ctrl+c, and every process that a test starts would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: Of the person who runs the tests, none of these may reach them.
_PERSONAL = ("VISUAL", "EDITOR", "OPENAI_API_KEY", "LC_ALL", "LC_MESSAGES", "LANGUAGE", "NO_COLOR")


@pytest.fixture(autouse=True)
def own_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No settings, no home, no proxy of anybody; the current folder is `tmp_path`."""
    for name in list(os.environ):
        if name.startswith("SORA_") or name.lower().endswith("_proxy") or name in _PERSONAL:
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in ("CONFIG", "CACHE", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """The program's log, started by a test in this process, ends with it."""
    log = logging.getLogger("sora_tui")
    before = (log.level, log.propagate, log.handlers[:])
    yield
    log.setLevel(before[0])
    log.propagate, log.handlers = before[1:]
