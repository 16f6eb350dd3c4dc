"""How pictures and words to somebody who comes back look, at the sizes that matter."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot

from sora_tui.i18n import set_language
from sora_tui.tui import returning
from sora_tui.tui.fit_window import FitWindow
from tests.media.pictures import encoded, picture
from tests.pty_session import ROOT
from tests.tui import sample_jobs as sample
from tests.tui.test_snapshots import SnapCompare, after, busy, utc
from tests.tui.workspace_app import PAID, WorkspaceApp, settle, workspace_app

__all__ = ["utc"]  # the fixture holds here, too


@pytest.fixture
def app(tmp_path: Path) -> WorkspaceApp:
    made = workspace_app(tmp_path, jobs=busy(True), servers=[PAID])
    folder = made.folder.references
    for name in ("dawn.jpg", "lighthouse.jpg", "alley.png"):
        shutil.copy(ROOT / "input_reference" / name, folder)
    (folder / "holiday/2025").mkdir(parents=True)
    (folder / "holiday/2025/beach.gif").write_bytes(encoded(picture(1280, 720), "GIF"))
    (folder / "scan.bmp").write_bytes(b"BM cut off")
    frames = [picture(64, 36), picture(32, 18).resize((64, 36))]
    (folder / "waves.webp").write_bytes(
        encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    )
    for file in folder.rglob("*"):
        os.utime(file, (0, 0))  # nothing is still being copied
    return made


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 45)])
def test_every_badge(app: WorkspaceApp, size: tuple[int, int], snap_compare: SnapCompare) -> None:
    keys = ("escape", "2", "home", "down", "down", "down", "enter")
    assert snap_compare(app, terminal_size=size, run_before=after(*keys))


def test_badges_in_french(app: WorkspaceApp, snap_compare: SnapCompare) -> None:
    set_language("fr")
    try:
        keys = ("escape", "2", "end")
        assert snap_compare(app, terminal_size=(80, 24), run_before=after(*keys))
    finally:
        set_language("en")


def test_a_search_without_a_hit(app: WorkspaceApp, snap_compare: SnapCompare) -> None:
    keys = ("escape", "2", "slash", *"fox")
    assert snap_compare(app, terminal_size=(80, 24), run_before=after(*keys))


def test_no_pictures_over_ssh(tmp_path: Path, snap_compare: SnapCompare) -> None:
    made = workspace_app(tmp_path)

    async def place(pilot: Pilot[None]) -> None:
        await after("escape", "2")(pilot)
        assert made.bench.references is not None
        made.bench.references.set_place("ann@box", "/srv/w/input_reference")
        await settle(pilot)

    assert snap_compare(made, terminal_size=(80, 24), run_before=place)


def test_a_picture_on_the_whole_screen(app: WorkspaceApp, snap_compare: SnapCompare) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await after("escape", "2", "home", "down", "space")(pilot)
        while app._looking is None or "▀" not in app.export_screenshot():
            await pilot.pause(0.1)

    assert snap_compare(app, terminal_size=(40, 13), run_before=look)


@pytest.mark.parametrize(("size", "keys"), [((80, 24), ("up",)), ((120, 40), ("right", "down"))])
def test_a_fit_is_seen_before_it_is_made(
    app: WorkspaceApp, size: tuple[int, int], keys: tuple[str, ...], snap_compare: SnapCompare
) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await after("escape", "2", "slash", *"lighthouse", "enter", "f", *keys)(pilot)
        window = app.screen
        assert isinstance(window, FitWindow)
        while not (window.whole.cells and window.made.cells) or app.workers:
            await pilot.pause(0.1)
        await settle(pilot)

    assert snap_compare(app, terminal_size=size, run_before=look)


def test_welcome_back(
    app: WorkspaceApp, monkeypatch: pytest.MonkeyPatch, snap_compare: SnapCompare
) -> None:
    before = sample.NOW - timedelta(hours=1)
    monkeypatch.setattr(returning, "last_seen", lambda _workspace: before)
    assert snap_compare(app, terminal_size=(80, 24), run_before=after())
