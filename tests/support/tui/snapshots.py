"""What a stored screen is drawn with: a still zone, and keys that are pressed before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from textual.pilot import Pilot

from sora_tui.tui.controllers import editor
from tests.support.tui.driver import press, settle

SnapCompare = Callable[..., bool]


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    # Whether a draft is safe yet must not depend on how long a picture takes.
    monkeypatch.setattr(editor, "_AUTOSAVE", 60.0)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def after(*keys: str) -> Callable[[Pilot[Any]], Any]:
    async def run(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await press(pilot, *keys)

    return run
