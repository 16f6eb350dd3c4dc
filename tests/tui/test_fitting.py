"""A reference is seen as it will be sent before anybody decides, and badges say what is set."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from sora_tui.core.request import COVER, EXACT, Fit, read_fit
from sora_tui.tui.dialogs.fit import FitWindow
from sora_tui.tui.dialogs.picture import PictureWindow
from sora_tui.tui.widgets.picture import PictureView
from tests.support.pictures import encoded, picture
from tests.support.tui.workspace_app import WorkspaceApp, screen, settle, workspace_app
from tests.tui.test_gallery import PICTURES, press

#: Of the line where a picture will be cut.
LINE = (255, 200, 60)


@pytest.fixture
def app(tmp_path: Path) -> WorkspaceApp:
    """Four pictures: of 9:16, of the clip's size, of 4:3, and of 32:9."""
    made = workspace_app(tmp_path)
    for name in ("alley.png", "dawn.jpg", "lighthouse.jpg"):
        shutil.copy(PICTURES / name, made.folder.references)
    (made.folder.references / "wide.png").write_bytes(encoded(picture(1280, 360), "PNG"))
    return made


@asynccontextmanager
async def running(app: WorkspaceApp) -> AsyncIterator[Pilot[None]]:
    """The screen at rest, until the draft is safe again: no worker meets a screen that is going."""
    async with app.run_test() as pilot:
        await settle(pilot)
        yield pilot
        for _ in range(600):
            if app.context.editor.is_safe:
                break
            await pilot.pause(0.1)
        await settle(pilot)


def text(app: WorkspaceApp) -> str:
    return "\n".join(screen(app))


def colours(view: PictureView) -> set[tuple[int, int, int]]:
    """Every colour of a picture that is shown."""
    rgb = b"" if view.cells is None else view.cells.rgb
    return {(rgb[at], rgb[at + 1], rgb[at + 2]) for at in range(0, len(rgb), 3)}


async def until_seen(pilot: Pilot[None], view: PictureView, *, line: bool) -> None:
    """Wait for a picture with, or without, the line of a cut."""
    for _ in range(600):
        if (seen := colours(view)) and (LINE in seen) == line:
            return
        await pilot.pause(0.1)
    raise AssertionError(f"no picture {'with' if line else 'without'} a line:\n{text(pilot.app)}")  # type: ignore[arg-type]


async def test_a_fit_is_chosen_by_seeing_it(app: WorkspaceApp) -> None:
    async with running(app) as pilot:
        await press(pilot, "escape", "2", "end", "up", "f")
        window = app.screen
        assert isinstance(window, FitWindow)
        assert "lighthouse.jpg  1600x1200 4:3 → 1280x720 16:9" in text(app)
        assert "[fill and cut]" in text(app)
        assert "[centre]" in text(app)
        assert "cuts 25% of the height" in text(app)
        await until_seen(pilot, window.whole, line=True)
        await until_seen(pilot, window.fitted, line=False)
        await press(pilot, "up")
        assert "[top]" in text(app)
        await press(pilot, "right", "down")
        assert "[show all]" in text(app)
        assert "[blurred]" in text(app)
        await until_seen(pilot, window.whole, line=False)
        await press(pilot, "enter")
        draft = app.editor.draft
        assert (draft.reference, draft.fit) == ("lighthouse.jpg", Fit("contain", fill="blur"))


async def test_esc_leaves_picture_and_fit_as_they_were(app: WorkspaceApp) -> None:
    async with running(app) as pilot:
        before = app.editor.draft
        await press(pilot, "escape", "2", "home", "f", "right", "right", "escape")
        assert not isinstance(app.screen, FitWindow)
        assert (app.editor.draft.reference, app.editor.draft.fit) == (None, before.fit)


@pytest.mark.parametrize(
    ("keys", "sides"), [(("home",), "top  [centre]  bottom"), (("end",), "left  [centre]  right")]
)
async def test_only_a_side_that_is_cut_can_stay(
    app: WorkspaceApp, keys: tuple[str, ...], sides: str
) -> None:
    async with running(app) as pilot:
        await press(pilot, "escape", "2", *keys, "f")
        assert sides in text(app)
        await press(pilot, "down", "enter")
        assert str(app.editor.draft.fit) in ("cover:bottom", "cover:right")


async def test_any_colour_can_fill(app: WorkspaceApp) -> None:
    async with running(app) as pilot:
        await press(pilot, "escape", "2", "home", "f", "right", "c", *"20406", "enter")
        assert "20406 is no colour" in text(app)
        await press(pilot, "0", "enter")
        assert "[#204060]" in text(app)
        await press(pilot, "c", "escape", "enter")
        assert app.editor.draft.fit == read_fit("contain:#204060")


async def test_a_picture_of_the_size_has_nothing_to_fit(app: WorkspaceApp) -> None:
    async with running(app) as pilot:
        await press(pilot, "escape", "2", "home", "down", "f")
        assert not isinstance(app.screen, FitWindow)
        assert "there is nothing to fit" in text(app)


async def test_the_picture_is_looked_at_with_its_cut_and_fitted_from_there(
    app: WorkspaceApp,
) -> None:
    async with running(app) as pilot:
        await press(pilot, "escape", "2", "end", "up", "space")
        window = app.screen
        assert isinstance(window, PictureWindow)
        await until_seen(pilot, window.view, line=True)
        assert "1600x1200  4:3  fitted, cuts 25% of the height" in screen(app)[0]
        await press(pilot, "f")
        assert isinstance(app.screen, FitWindow)
        await press(pilot, "enter")
        assert (app.editor.draft.reference, app.editor.draft.fit) == ("lighthouse.jpg", COVER)


@pytest.mark.parametrize(
    ("fit", "badge", "chosen"),
    [
        (EXACT, "cuts 25%", COVER),
        (COVER, "cuts 25%", COVER),
        (Fit("contain", fill="blur"), "adds bars", Fit("contain", fill="blur")),
        (Fit("stretch"), "distorts", Fit("stretch")),
    ],
)
async def test_badges_say_what_choosing_would_do(
    app: WorkspaceApp, fit: Fit, badge: str, chosen: Fit
) -> None:
    async with running(app) as pilot:
        app.editor.show_reference(None, fit)
        await press(pilot, "escape", "2", "end", "up")
        row = next(line for line in screen(app) if "lighthouse.jpg" in line)
        assert badge in row
        await press(pilot, "enter")
        row = next(line for line in screen(app) if "lighthouse.jpg" in line)
        assert badge in row
        assert app.editor.draft.fit == chosen


async def test_with_pictures_off_the_words_stay(tmp_path: Path, app: WorkspaceApp) -> None:
    screen_settings = app.settings.screen._replace(preview="off")
    app.settings = app.settings._replace(screen=screen_settings)
    async with running(app) as pilot:
        await press(pilot, "escape", "2", "end", "up", "space")
        assert not isinstance(app.screen, PictureWindow)
        assert "Pictures are off" in text(app)
        await press(pilot, "f", "right", "right")
        assert "distorted" in text(app)
        await press(pilot, "enter")
        assert app.editor.draft.fit == Fit("stretch")
        assert not app.context.decoder.was_used, "nothing was opened"
