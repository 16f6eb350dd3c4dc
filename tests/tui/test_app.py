"""The screen by keyboard alone: write, pick, generate, agree, decline, keep, quit."""

from __future__ import annotations

import os
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from textual.widgets import TextArea

from sora_tui.core.request import COVER
from sora_tui.tui.panes.editor.pane import EditorPane
from tests.support import sample_jobs
from tests.support.pictures import PICTURES
from tests.support.tui.driver import open_screen
from tests.support.tui.workspace_app import PAID, PROMPT, UNPRICED, workspace_app


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_a_newcomer_makes_a_clip_with_one_key(tmp_path: Path, size: tuple[int, int]) -> None:
    app = workspace_app(tmp_path)
    async with open_screen(app, size) as screen:
        shown = screen.text
        assert "SIMULATOR" in shown
        assert "nothing is charged" in shown
        assert "No jobs yet. F5 makes a clip" in shown
        assert screen.prompt == PROMPT
        assert isinstance(app.focused, TextArea)
        await screen.press("f5")
        [(server, request, consent, count)] = screen.engine.orders
        assert (server.name, request.prompt, consent.kind, count) == (
            "simulator",
            PROMPT,
            "free",
            1,
        )
        assert "· pending" in screen.text, "the job is in the list at once"


async def test_one_press_is_one_order_however_long_the_key_is_held(tmp_path: Path) -> None:
    app = workspace_app(tmp_path)
    async with open_screen(app) as screen:
        await screen.pilot.press("f5", "f5", "f5")
        await screen.press("f5", "ctrl+r")
        assert len(screen.engine.orders) == 1


async def test_writing_over_a_sample_leaves_the_sample_alone(tmp_path: Path) -> None:
    app = workspace_app(tmp_path)
    async with open_screen(app) as screen:
        await screen.press("!")
        assert "untitled-1" in screen.lines[1]
        await screen.press("ctrl+s")
    assert (tmp_path / "prompts/harbour.md").read_text() == PROMPT + "\n"
    kept = (tmp_path / "prompts/untitled-1.md").read_text()
    assert kept.endswith(PROMPT + "!\n")
    assert 'size = "1280x720"' in kept


async def test_front_matter_that_is_not_ours_survives(tmp_path: Path) -> None:
    app = workspace_app(tmp_path)
    file = tmp_path / "prompt.md"
    file.write_text('+++\nseconds = "8"\nlens = "35 mm"\n+++\n\n# mine\nA fox.\n')
    async with open_screen(app) as screen:
        await screen.press("ctrl+s", "f5")
    assert 'lens = "35 mm"' in file.read_text()
    assert "# mine" in file.read_text(), "a comment is not sent, and not lost either"
    assert screen.engine.orders[0][1].prompt == "A fox."
    assert screen.engine.orders[0][1].seconds == "8"


async def test_settings_step_and_take_any_value_that_can_be_meant(tmp_path: Path) -> None:
    app = workspace_app(tmp_path)
    async with open_screen(app) as screen:
        await screen.press("tab", "right", "tab", "right", "tab", *"1024x", "enter")
        assert "1024x" in screen.text
        assert "1024x" in "\n".join(screen.lines[8:13]), "the refusal names the value at once"
        await screen.press(*(["shift+tab"] * 3), *"x")  # params, clips, then back on size
        await screen.press(*(["backspace"] * 2), *"1024x576", "enter", "enter")
        request = screen.engine.orders[0][1]
        assert (request.model, request.seconds, request.size) == ("sora-2-pro", "8", "1024x576")


@pytest.mark.parametrize(
    ("key", "orders"), [("y", 1), ("n", 0), ("escape", 0), ("enter", 0), ("a", 0)]
)
async def test_a_priced_clip_needs_a_second_key(tmp_path: Path, key: str, orders: int) -> None:
    app = workspace_app(tmp_path, servers=[PAID])
    async with open_screen(app) as screen:
        await screen.press("f5")
        assert "Pay about $0.40 on gw.example.org?" in screen.text
        assert not screen.engine.orders
        await screen.press(key)
        assert len(screen.engine.orders) == orders
        if orders:
            assert screen.engine.orders[0][2].sum == Decimal("0.40")
        assert "model" in screen.text, "the settings are back"
        # Escape leads to the commands from everywhere, any other no back into the text.
        assert isinstance(app.focused, EditorPane if key == "escape" else TextArea)


async def test_always_is_remembered_for_the_address_not_for_the_name(tmp_path: Path) -> None:
    moved = UNPRICED._replace(base_url="https://other.example.org/v1")
    for server, keys, asked, orders in (
        (UNPRICED, ("a",), True, 1),
        (UNPRICED, (), False, 1),
        (moved, ("n",), True, 0),
    ):
        app = workspace_app(tmp_path, servers=[server])
        async with open_screen(app) as screen:
            await screen.press("f5")
            assert ("does not say what it charges" in screen.text) is asked
            await screen.press(*keys)
            assert len(screen.engine.orders) == orders


async def test_a_picture_of_another_size_is_fitted_and_says_so(tmp_path: Path) -> None:
    app = workspace_app(tmp_path)
    shutil.copy(PICTURES / "lighthouse.jpg", tmp_path / "input_reference")
    async with open_screen(app) as screen:
        await screen.press("escape", "2", "enter")
        await screen.press("3")
        assert "fit cover, cuts 25%" in screen.text
        await screen.press("f5")
        reference = screen.engine.orders[0][1].reference
        assert reference is not None
        assert (reference.path, reference.fit) == ("input_reference/lighthouse.jpg", COVER)


async def test_what_cannot_be_sent_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    app = workspace_app(tmp_path)
    (tmp_path / "prompts/harbour.md").write_text("x" * 32_001 + "\n")
    async with open_screen(app) as screen:
        await screen.press("f5")
        shown = " ".join(screen.text.replace("│", "").split())
        assert "✗ 32001/32000, 1 too many" in shown
        assert "Nothing was sent and nothing was billed." in shown
        assert not screen.engine.orders
        assert screen.prompt == "x" * 32_001


async def test_live_changes_move_neither_cursor_nor_focus(tmp_path: Path) -> None:
    jobs = [sample_jobs.saved(sample_jobs.pending(100 + n, number=n)) for n in range(30)]
    app = workspace_app(tmp_path, jobs=jobs)
    async with open_screen(app) as screen:
        await screen.press("escape", "4", "down", "down")
        before, focused = app.jobs.cursor_id, app.focused
        await screen.tell(sample_jobs.in_progress(sample_jobs.pending(5), 40))
        assert (app.jobs.cursor_id, app.focused) == (before, focused)
        assert "1 running" in screen.text


async def test_a_hand_edit_of_the_document_shows_within_a_second(tmp_path: Path) -> None:
    job = sample_jobs.saved(sample_jobs.pending())
    app = workspace_app(tmp_path, jobs=[job])
    document = tmp_path / "metadata" / f"{job.id}.json"
    async with open_screen(app, (160, 45)) as screen:
        await screen.press("escape", "5", "J")
        document.write_text('{"schema": 1,\n "id": oops}\n')
        for _ in range(30):
            await screen.pilot.pause(0.1)
            if "oops" in screen.text:
                break
        shown = screen.text
        assert "oops" in shown
        assert "line 2" in shown


async def test_letters_are_text_in_the_text_and_keys_outside(tmp_path: Path) -> None:
    app = workspace_app(tmp_path)
    async with open_screen(app) as screen:
        await screen.press(*"q5z")
        assert screen.prompt.endswith("q5z")
        await screen.press("escape", "z")
        assert app.bench.seen == {"editor"}
        await screen.press("escape", "4")
        assert app.bench.active == "jobs"
        await screen.press("q")
        assert app.return_code == 0


async def test_another_server_keeps_the_draft_and_changes_the_banner(tmp_path: Path) -> None:
    app = workspace_app(tmp_path, servers=[PAID])
    async with open_screen(app) as screen:
        await screen.press("!", "f2", "up", "enter")
        assert "SIMULATOR" in screen.lines[0]
        assert screen.prompt == PROMPT + "!"
        await screen.press("f5")
        assert screen.engine.orders[0][0].simulated


async def test_the_persons_editor_gets_the_text_and_gives_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sora_tui.tui.services.external_editor import edit, editor_command

    script = tmp_path / "editor"
    script.write_text('#!/bin/sh\nprintf "%s, edited\\n" "$(cat "$2")" > "$2"\n')
    script.chmod(0o755)
    command = editor_command({"EDITOR": "vim", "VISUAL": f"'{script}' --wait"})
    assert command == [str(script), "--wait"]
    assert edit(command, "A fox", {}) == "A fox, edited"
    assert edit(["false"], "A fox", os.environ) is None
    assert editor_command({}) is None


def test_the_last_lines_say_what_goes_on() -> None:
    from sora_tui.tui.presenters.exit_message import exit_message

    practice = sample_jobs.in_progress(sample_jobs.pending())
    paid = sample_jobs.completed(sample_jobs.pending(paid=True), expires_in=600)
    first, second = exit_message([practice, paid, paid], False, None)
    assert first == "1 simulated job is paused and goes on next time."
    assert second.startswith("2 jobs go on at team-gw. Come back with sora-tui, or: sora-tui wait.")
    told, where = exit_message([], True, Path("crash.txt"))
    assert "nothing was sent twice" in told
    assert "crash.txt" in where
    assert not list(exit_message([], False, None))
