"""The driver of the other tests fails where it must, and names what was on the screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sample_jobs import pending, saved
from tests.support.tui import host
from tests.support.tui.driver import open_screen
from tests.support.tui.workspace_app import PAID, PROMPT, workspace_app


async def test_a_story_selects_presses_and_finds_the_question(tmp_path: Path) -> None:
    jobs = [
        saved(pending(100, paid=True, number=1, prompt="A fox")),
        saved(pending(200, paid=True, number=2, prompt="A kite")),
    ]
    async with open_screen(workspace_app(tmp_path, jobs=jobs, servers=[PAID])) as screen:
        assert screen.prompt == PROMPT
        assert not screen.dialog.is_there
        await screen.jobs.select("A kite").press("r").expect_question("about $0.40").press("y")
        assert [order[1].prompt for order in screen.engine.orders] == ["A kite"]
        await screen.expect_no_question()


async def test_a_text_that_does_not_come_fails_with_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "PATIENCE", 0.05)
    async with open_screen(workspace_app(tmp_path)) as screen:
        with pytest.raises(AssertionError, match=r"no 'A kite' in the jobs .*\n.*SIMULATOR"):
            await screen.jobs.expect("A kite")
        with pytest.raises(AssertionError, match="still 'SIMULATOR' in the banner"):
            await screen.banner.expect_gone("SIMULATOR")
        with pytest.raises(AssertionError, match="no 'Pay' in the question"):
            await screen.press("f5").expect_question("Pay")
        with pytest.raises(AssertionError, match="no job 'A kite'"):
            await screen.jobs.select("A kite")


async def test_steps_that_are_not_awaited_fail(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="never awaited"):
        async with open_screen(workspace_app(tmp_path)) as screen:
            screen.expect("This stands nowhere")
