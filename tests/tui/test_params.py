"""Parameters beyond the standard on screen: reached by keyboard, judged where they are typed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sora_tui.core.server import Server
from sora_tui.tui.panes.prompts import PromptOpened
from tests.support.sample_jobs import NOW
from tests.support.tui.driver import open_screen
from tests.support.tui.snapshots import SnapCompare, after, utc
from tests.support.tui.workspace_app import PAID, WorkspaceApp, workspace_app

__all__ = ["utc"]  # the fixture

LAB = Server(
    "lab",
    "http://127.0.0.1:8091/v1",
    dialect="vllm-omni",
    model="Wan2.2-T2V-A14B",
    params={"guidance_scale": 4.5},
)
#: From the text to the field that opens the window.
OPEN = ("tab", "tab", "tab", "tab", "tab", "enter")
#: A prompt file with everything that an edit must leave alone.
FRONT = (
    "+++\n# mine\nsize = 'landscape'  # wide\n\n[params]\n# of the set\nseed = 0x07  # lucky\n"
    'brand_new = [1, 2]\n\n[variables]\nanimal = "fox"\n+++\n\nA {{animal}}.\n'
)


def app_of(root: Path, *servers: Server, front: str = FRONT) -> WorkspaceApp:
    app = workspace_app(root, servers=servers or [LAB])
    prompt = root / "prompts" / "harbour.md"
    prompt.write_text(front)
    os.utime(prompt, (NOW.timestamp(), NOW.timestamp()))
    return app


async def test_a_value_is_set_and_kept_in_the_file_and_nothing_else_changes(tmp_path: Path) -> None:
    app = app_of(tmp_path)
    mine = tmp_path / "prompts" / "mine.md"
    mine.write_text(FRONT)
    async with open_screen(app) as screen:
        app.post_message(PromptOpened("prompts/mine.md"))
        await screen.settle()
        assert "size 832x480" in screen.text  # the first landscape of Wan
        await screen.press(*OPEN, "down", "down", "enter", *"30", "enter")
        assert screen.draft.params == {
            "seed": 7,
            "brand_new": [1, 2],
            "num_inference_steps": 30,
        }
        await screen.press("escape")
        assert "params 3›" in screen.text
        await screen.press("ctrl+s")
    set_line = "brand_new = [1, 2]\nnum_inference_steps = 30\n"
    assert mine.read_text() == FRONT.replace("brand_new = [1, 2]\n", set_line)


async def test_a_wrong_value_says_why_and_is_not_taken(tmp_path: Path) -> None:
    app = app_of(tmp_path, front="A kite\n")
    async with open_screen(app) as screen:
        await screen.press(*OPEN, "down", "down", "enter", *"500", "enter")
        assert "out of its range: 500" in screen.words
        assert screen.draft.params == {}
        await screen.press("escape", "up", "enter", *"seven")
        assert "another kind of value" in screen.words
        await screen.press("escape", "escape")
        assert not screen.dialog.is_there


async def test_switches_words_presets_and_free_ones(tmp_path: Path) -> None:
    app = app_of(tmp_path, front="A kite\n")
    async with open_screen(app, (120, 40)) as screen:
        await screen.press(*OPEN)
        screen.list.move_to("generate_sound")
        await screen.press("enter")
        assert screen.draft.params["generate_sound"] is True
        await screen.press("enter", "enter")
        assert "generate_sound" not in screen.draft.params
        screen.list.move_to("quality")
        await screen.press("enter", "enter")
        assert screen.draft.params["quality"] == "high"
        await screen.press("d", "n", *'odd={"a":[1]}', "enter")
        assert screen.draft.params == {"odd": {"a": [1]}}
        await screen.press("p")
        assert screen.draft.params["fps"] == 16
        await screen.press("escape", "f5")
    ((_server, request, _consent, _count),) = screen.engine.orders
    assert request.params["odd"] == {"a": [1]}
    assert request.params["guidance_scale"] == 4.0  # the preset's, over the profile's


async def test_a_wrong_value_of_the_file_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    front = "+++\n[params]\nnum_inference_steps = 500\n+++\nA kite\n"
    app = app_of(tmp_path, front=front)
    async with open_screen(app) as screen:
        assert "out of its range: 500" in screen.words
        await screen.press("f5")
    assert screen.engine.orders == []


async def test_a_word_for_a_size_becomes_the_size_when_the_field_is_left(tmp_path: Path) -> None:
    app = app_of(tmp_path, front="A kite\n")
    async with open_screen(app) as screen:
        await screen.press("tab", "tab", "tab", *"portrait")
        assert screen.draft.size == "480x832"
        await screen.press("tab")
        assert "480x832" in screen.text
        await screen.press("shift+tab", "right")
        assert screen.draft.size == "1280x720"
        # Another model offers other sizes.
        await screen.press("shift+tab", "shift+tab", *"ltx-2", "tab", "tab", "right")
        assert screen.draft.size == "768x512"


def test_the_window_is_no_import_of_the_first_frame() -> None:
    import subprocess
    import sys

    script = (
        "import sys, sora_tui.tui.app; print(json.dumps([m for m in sys.modules"
        " if m.split('.')[-1] in {'offers', 'tables', 'params_window', 'prices', 'parameters'}]))"
    )
    told = subprocess.run(
        [sys.executable, "-c", f"import json; {script}"], capture_output=True, text=True
    )
    assert json.loads(told.stdout) == [], told.stderr


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
def test_the_parameters(tmp_path: Path, snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    app = app_of(tmp_path, front=FRONT.replace("{{animal}}", "fox"))
    keys = (*OPEN, "down", "down", "enter", *"500")
    assert snap_compare(app, terminal_size=size, run_before=after(*keys))


async def test_the_end_of_a_model_is_seen_before_anything_is_sent(tmp_path: Path) -> None:
    maker = PAID._replace(name="openai", base_url="https://api.openai.com/v1", prices={})
    app = app_of(tmp_path, maker, front="A kite\n")
    async with open_screen(app) as screen:
        assert "ended at api.openai.com on 2026-09-24" in screen.words
        await screen.press("f5")
        shown = screen.words
        assert "Pay about $0.40 on api.openai.com?" in shown
        assert "ended at api.openai.com on 2026-09-24" in shown
    assert screen.engine.orders == []
