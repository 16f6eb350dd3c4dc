"""The pictures on the screen: found by themselves, searched, judged in words, looked at."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from sora_tui.core.reference_fit import ImageFacts, ReferenceFile, badge
from sora_tui.core.request import read_fit
from sora_tui.tui.dialogs.picture import PictureWindow
from sora_tui.tui.presenters.reference_fit import effect
from sora_tui.workspace.references import Shelf
from tests.support import sample_jobs as sample
from tests.support.pictures import encoded, picture
from tests.support.tui.workspace_app import WorkspaceApp, screen, settle, workspace_app

PICTURES = Path(__file__).parents[2] / "input_reference"


@pytest.fixture
def app(tmp_path: Path) -> WorkspaceApp:
    made = workspace_app(tmp_path)
    for name in ("dawn.jpg", "lighthouse.jpg", "alley.png"):
        shutil.copy(PICTURES / name, made.folder.references)
    (made.folder.references / "holiday/2025").mkdir(parents=True)
    shutil.copy(PICTURES / "dawn.jpg", made.folder.references / "holiday/2025/beach.jpg")
    return made


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


async def wait_for(app: WorkspaceApp, pilot: Pilot[None], text: str, seconds: float = 5) -> None:
    until = time.monotonic() + seconds
    while text not in "\n".join(screen(app)):
        assert time.monotonic() < until, f"no {text!r}:\n" + "\n".join(screen(app))
        await pilot.pause(0.05)


async def test_a_picture_that_arrives_appears_and_one_that_goes_is_gone(app: WorkspaceApp) -> None:
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "2")
        await wait_for(app, pilot, "holiday/2025/beach.jpg")
        shutil.copy(PICTURES / "dawn.jpg", app.folder.references / "new.jpg")
        await wait_for(app, pilot, "new.jpg")
        (app.folder.references / "new.jpg").unlink()
        until = time.monotonic() + 5
        while "new.jpg" in "\n".join(screen(app)):
            assert time.monotonic() < until
            await pilot.pause(0.05)


async def test_nobody_asks_the_folder_while_the_list_is_not_seen(app: WorkspaceApp) -> None:
    async with app.run_test() as pilot:
        await settle(pilot)
        assert not app.context.ui.has_timer("pictures")
        await press(pilot, "escape", "2")
        assert app.context.ui.has_timer("pictures")
        app.post_message(events.AppBlur())
        await settle(pilot)
        assert not app.context.ui.has_timer("pictures")
        app.post_message(events.AppFocus())
        await press(pilot, "3")
        assert not app.context.ui.has_timer("pictures")


async def test_search_narrows_the_list_and_esc_gives_it_back(app: WorkspaceApp) -> None:
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "2", "slash", *"2025 bea")
        shown = "\n".join(screen(app))
        assert "1 of 4" in shown
        assert "beach.jpg" in shown
        assert "lighthouse" not in shown
        await press(pilot, "enter", "enter")
        assert app.editor.draft.reference is not None
        assert app.editor.draft.reference.endswith("holiday/2025/beach.jpg")
        await press(pilot, "slash", *"xx")
        shown = "\n".join(screen(app))
        assert '0 of 4 match "xx"  esc clears' in shown
        assert "Drop" not in shown
        await press(pilot, "escape")
        assert "lighthouse.jpg" in "\n".join(screen(app))
        await press(pilot, "escape")
        assert app.bench.active == "editor", "esc leads back when nothing is searched"


async def test_the_effect_follows_size_fit_and_cursor(app: WorkspaceApp) -> None:
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "2", "end")
        assert "4:3  fitted, cuts 25% of the height" in "\n".join(screen(app))
        await press(pilot, "enter", "f", "right", "enter")
        assert "4:3  fitted with black bars" in "\n".join(screen(app))
        await press(pilot, "enter", "home")
        assert app.editor.draft.reference is None


@pytest.mark.parametrize(
    ("facts", "size", "fit", "words"),
    [
        (ImageFacts("PNG", 1280, 720), "1280x720", "cover", "sent byte for byte"),
        (ImageFacts("GIF", 1280, 720), "1280x720", "cover", "sent as a PNG"),
        (ImageFacts("PNG", 2560, 720), "1280x720", "cover", "cuts 50% of the width"),
        (ImageFacts("PNG", 2560, 1440), "1280x720", "cover", "nothing is cut"),
        (ImageFacts("PNG", 640, 360), "1280x720", "cover", "nothing is cut, enlarged 2 times"),
        (ImageFacts("PNG", 1000, 600), "1280x720", "cover", "of the height"),
        (ImageFacts("PNG", 1, 1), "1280x720", "cover", "enlarged 1280 times"),
        (ImageFacts("PNG", 9, 9), "1280x720", "contain", "black bars, enlarged 80 times"),
        (ImageFacts("PNG", 9, 9), "1280x720", "stretch", "distorted, enlarged 142.2 times"),
        (ImageFacts("PNG", 9, 9), "1280x720", "exact", "f fits it"),
        (ImageFacts("PNG", 9, 9), "1280x720", "contain", "black bars"),
        (ImageFacts("PNG", 9, 9), "1280x720", "contain:blur", "a blur of itself"),
        (ImageFacts("PNG", 9, 9), "1280x720", "contain:#204060", "bars of #204060"),
        (ImageFacts("WEBP", 9, 9, frames=2), "1280x720", "cover", "animation"),
        (ImageFacts("PNG", 30_000, 30_000), "1280x720", "cover", "64 megapixels"),
        (None, "1280x720", "cover", "no picture"),
        (ImageFacts("PNG", 9, 9), "big", "cover", "sent byte for byte"),
    ],
)
def test_every_badge_has_words(facts: ImageFacts | None, size: str, fit: str, words: str) -> None:
    file = ReferenceFile("a.png", 1, sample.NOW, facts)
    assert words in effect(file, badge(facts, size), size, read_fit(fit))


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_space_shows_the_picture_and_enter_uses_it(
    app: WorkspaceApp, size: tuple[int, int]
) -> None:
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "2", "space")
        await wait_for(app, pilot, "▀▀▀▀")
        assert "alley.png" in screen(app)[0]
        await press(pilot, "down")
        await wait_for(app, pilot, "dawn.jpg")
        await press(pilot, "enter")
        assert not isinstance(app.screen, PictureWindow)
        assert app.editor.draft.reference is not None
        assert app.editor.draft.reference.endswith("dawn.jpg")


async def test_a_damaged_picture_says_so_where_it_would_stand(app: WorkspaceApp) -> None:
    whole = encoded(picture(64, 36), "PNG")
    (app.folder.references / "aaa.png").write_bytes(whole[:60])
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "2", "space")
        await wait_for(app, pilot, "The reference picture is damaged.")
        assert "▀" not in "\n".join(screen(app))
        await press(pilot, "escape")
        assert not isinstance(app.screen, PictureWindow)


async def test_what_cannot_be_sent_is_not_chosen_and_says_why(app: WorkspaceApp) -> None:
    (app.folder.references / "aaa.txt").write_text("no picture")
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "2", "enter")
        shown = " ".join("\n".join(screen(app)).split())
        assert "aaa.txt is not a picture of a known kind" in shown
        assert app.editor.draft.reference is None


async def test_ten_thousand_pictures_hold_up_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names at once, headers in slices: the list is there before all of them are read."""
    app = workspace_app(tmp_path)
    data = encoded(picture(64, 36), "PNG")
    first = app.folder.references / "p0000.png"
    first.write_bytes(data)
    for number in range(1, 3000):
        os.link(first, app.folder.references / f"p{number:04}.png")
    slices: list[int] = []
    read = Shelf.read

    def count(shelf: Shelf, files: list[ReferenceFile]) -> list[ReferenceFile]:
        slices.append(len(files))
        return read(shelf, files)

    monkeypatch.setattr(Shelf, "read", count)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "2")
        await wait_for(app, pilot, "3,000")
    assert sum(slices) == 3000
    assert slices[0] < 100, "what is in sight comes first"
    assert max(slices) <= 1000
