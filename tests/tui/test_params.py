"""Parameters beyond the standard on screen: reached by keyboard, judged where they are typed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sora_tui.core.server import Server
from sora_tui.tui.dialogs.params import ParamsWindow
from sora_tui.tui.panes.prompts import PromptOpened
from tests.support.sample_jobs import NOW
from tests.support.tui.workspace_app import PAID, WorkspaceApp, screen, settle, workspace_app
from tests.tui.test_snapshots import SnapCompare, after, utc

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
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.post_message(PromptOpened("prompts/mine.md"))
        await settle(pilot)
        assert "size 832x480" in "".join(screen(app))  # the first landscape of Wan
        await pilot.press(*OPEN)
        await settle(pilot)
        assert isinstance(app.screen, ParamsWindow)
        await pilot.press("down", "down", "enter", *"30", "enter")
        await settle(pilot)
        assert app.editor.draft.params == {
            "seed": 7,
            "brand_new": [1, 2],
            "num_inference_steps": 30,
        }
        await pilot.press("escape")
        await settle(pilot)
        assert "params 3›" in "".join(screen(app))
        await pilot.press("ctrl+s")
        await settle(pilot)
    set_line = "brand_new = [1, 2]\nnum_inference_steps = 30\n"
    assert mine.read_text() == FRONT.replace("brand_new = [1, 2]\n", set_line)


async def test_a_wrong_value_says_why_and_is_not_taken(tmp_path: Path) -> None:
    app = app_of(tmp_path, front="A kite\n")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press(*OPEN)
        await settle(pilot)
        await pilot.press("down", "down", "enter", *"500", "enter")
        await settle(pilot)
        assert "out of its range: 500" in " ".join("".join(screen(app)).split())
        assert app.editor.draft.params == {}
        await pilot.press("escape", "up", "enter", *"seven")
        await settle(pilot)
        assert "another kind of value" in " ".join("".join(screen(app)).split())
        await pilot.press("escape", "escape")
        await settle(pilot)
        assert not isinstance(app.screen, ParamsWindow)


async def test_switches_words_presets_and_free_ones(tmp_path: Path) -> None:
    app = app_of(tmp_path, front="A kite\n")
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press(*OPEN)
        await settle(pilot)
        assert isinstance(app.screen, ParamsWindow)
        window = app.screen
        window._list.move_to("generate_sound")
        await pilot.press("enter")
        assert (await params(app, pilot))["generate_sound"] is True
        await pilot.press("enter", "enter")
        assert "generate_sound" not in await params(app, pilot)
        window._list.move_to("quality")
        await pilot.press("enter", "enter")
        assert (await params(app, pilot))["quality"] == "high"
        await pilot.press("d")
        await pilot.press("n", *'odd={"a":[1]}', "enter")
        assert await params(app, pilot) == {"odd": {"a": [1]}}
        await pilot.press("p")
        assert (await params(app, pilot))["fps"] == 16
        await pilot.press("escape", "f5")
        await settle(pilot)
    ((_server, request, _consent, _count),) = app.fake.orders
    assert request.params["odd"] == {"a": [1]}
    assert request.params["guidance_scale"] == 4.0  # the preset's, over the profile's


async def params(app: WorkspaceApp, pilot: object) -> dict[str, object]:
    await settle(pilot)  # type: ignore[arg-type]
    return dict(app.editor.draft.params)


async def test_a_wrong_value_of_the_file_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    front = "+++\n[params]\nnum_inference_steps = 500\n+++\nA kite\n"
    app = app_of(tmp_path, front=front)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "out of its range: 500" in " ".join("".join(screen(app)).split())
        await pilot.press("f5")
        await settle(pilot)
    assert app.fake.orders == []


async def test_a_word_for_a_size_becomes_the_size_when_the_field_is_left(tmp_path: Path) -> None:
    app = app_of(tmp_path, front="A kite\n")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("tab", "tab", "tab", *"portrait")
        await settle(pilot)
        assert app.editor.draft.size == "480x832"
        await pilot.press("tab")
        await settle(pilot)
        assert "480x832" in "".join(screen(app))
        await pilot.press("shift+tab", "right")
        await settle(pilot)
        assert app.editor.draft.size == "1280x720"
        # Another model offers other sizes.
        await pilot.press("shift+tab", "shift+tab", *"ltx-2", "tab", "tab", "right")
        await settle(pilot)
        assert app.editor.draft.size == "768x512"


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
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "ended at api.openai.com on 2026-09-24" in " ".join("".join(screen(app)).split())
        await pilot.press("f5")
        await settle(pilot)
        shown = " ".join("".join(screen(app)).split())
        assert "Pay about $0.40 on api.openai.com?" in shown
        assert "ended at api.openai.com on 2026-09-24" in shown
    assert app.fake.orders == []
