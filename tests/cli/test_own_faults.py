"""A fault of our own: what it says is true, and starting again pays for nothing twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sora_tui.cli import place_order
from sora_tui.cli.commands import generate
from sora_tui.cli.console import Console
from sora_tui.cli.wait_for_jobs import fate_words, running
from sora_tui.core.job import Consent, Job, State
from sora_tui.core.problem import Spent
from sora_tui.core.server import Server
from sora_tui.engine.engine import Engine
from sora_tui.engine.quote import quote
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.queue_pause import set_paused
from tests.cli.conftest import Shell
from tests.support import job_states
from tests.support.engine_watcher import KITE

LAB = Server("lab", "http://127.0.0.1:9/v1", free=True)


def hand_in(engine: Engine) -> Job:
    price = quote(LAB, KITE)
    return engine.submit(LAB, KITE, price, Consent(price.kind.value, datetime.now(UTC)))[0]


def test_a_command_that_breaks_off_takes_its_order_back_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, console = open_folder(tmp_path), Console(as_json=False)
    set_paused(folder, True)
    engine = Engine(folder, {"lab": LAB})

    def break_off() -> None:
        with running(engine, console):
            hand_in(engine)
            raise RuntimeError("a fault of ours")

    with pytest.raises(RuntimeError):
        break_off()
    assert console.spent is Spent.NO
    assert "was taken back: nothing of it was sent." in capsys.readouterr().err
    assert History(folder).active() == []


@pytest.mark.parametrize("place", ["report", "typical_time_of"])
def test_the_last_words_never_advise_to_start_an_order_again(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def break_off(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    # Behind a clip that is paid and saved, and where the order was just handed in.
    monkeypatch.setattr(place_order, place, break_off)
    if place == "typical_time_of":
        set_paused(open_folder(shell.workspace), True)
    ran = shell.inside("generate", "A kite", "--yes")
    assert ran.code == 70
    saved = next(shell.workspace.glob("output/2*.mp4"), None)
    if place == "report":
        assert saved is not None
        assert f"is done: its clip is saved in output/{saved.name}." in ran.err
        assert "The clip itself is billed" in ran.err
    else:
        assert saved is None
        assert "was taken back: nothing of it was sent." in ran.err
        assert "Nothing was sent and nothing was billed." in ran.err
    assert "again" not in ran.err
    assert "sora-tui jobs shows where each job stands" in ran.err


def test_a_fault_before_anything_says_that_nothing_was_sent(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(generate, "open_folder", break_off)
    ran = shell.inside("generate", "A kite", "--yes")
    assert ran.code == 70
    assert "RuntimeError. Nothing was sent and nothing was billed." in ran.err


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_its_words(state: State) -> None:
    job = replace(job_states.new_job(), state=state)
    words = fate_words(job)
    assert job.id in words
    assert ("nothing of it was sent" in words) == (state is State.CANCELLED)
    assert ("may have been sent" in words) == (state in {State.SUBMITTING, State.UNCONFIRMED})
