"""How pictures and words to somebody who comes back look, at the sizes that matter."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from textual.pilot import Pilot

from sora_tui.core.job import Output
from sora_tui.i18n import set_language
from sora_tui.media.practice.render import ClipPlan, render_clip
from sora_tui.tui.dialogs.fit import FitWindow
from sora_tui.tui.dialogs.picture import PictureWindow
from sora_tui.tui.panes.inspector.clip_preview import ClipView
from sora_tui.tui.services import last_seen
from sora_tui.tui.widgets.picture import PictureView
from sora_tui.workspace import drafts, prompts
from tests.support import hostile_media
from tests.support import sample_jobs as sample
from tests.support.pictures import encoded, picture
from tests.support.pty_session import ROOT
from tests.support.sample_jobs import busy
from tests.support.tui.driver import settle
from tests.support.tui.host import screen_text, until
from tests.support.tui.snapshots import SnapCompare, after, utc
from tests.support.tui.workspace_app import PAID, WorkspaceApp, workspace_app

__all__ = ["utc"]  # the fixture holds here, too


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorkspaceApp:
    # What the screen itself writes would show the day of this run.
    monkeypatch.setattr(drafts, "_modified", lambda _path: sample.NOW.timestamp())
    monkeypatch.setattr(prompts, "_modified", lambda _status: sample.NOW)
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


async def in_place(pilot: Pilot[None], *views: PictureView) -> None:
    """Wait until each picture fills its room, and goes on doing so."""
    calm = 0
    while calm < 3:
        await settle(pilot)
        fills = [
            view.cells is not None
            and (view.cells.columns == view.size.width or view.cells.rows == view.size.height)
            for view in views
        ]
        calm = calm + 1 if all(fills) else 0
        await pilot.pause(0.05)


def test_a_picture_on_the_whole_screen(app: WorkspaceApp, snap_compare: SnapCompare) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await after("escape", "2", "home", "down", "space")(pilot)
        window = app.screen
        assert isinstance(window, PictureWindow)
        await in_place(pilot, window.view)

    assert snap_compare(app, terminal_size=(40, 13), run_before=look)


@pytest.mark.parametrize(("size", "keys"), [((80, 24), ("up",)), ((120, 40), ("right", "down"))])
def test_a_fit_is_seen_before_it_is_made(
    app: WorkspaceApp, size: tuple[int, int], keys: tuple[str, ...], snap_compare: SnapCompare
) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await after("escape", "2", "slash", *"lighthouse", "enter", "f", *keys)(pilot)
        window = app.screen
        assert isinstance(window, FitWindow)
        await in_place(pilot, window.whole, window.fitted)

    assert snap_compare(app, terminal_size=size, run_before=look)


@pytest.fixture
def filmed(tmp_path: Path) -> WorkspaceApp:
    """A clip that is saved, with a thumbnail and a sheet of its server: those are pixels of ours.

    How many bytes a codec makes of a clip depends on its version: the file is filled up.
    """
    path = tmp_path / "clip.mp4"
    render_clip(ClipPlan("A kite", 1280, 720, 4), path, lambda _share: None)
    clip = path.read_bytes()
    clip += hostile_media.box(b"free", bytes(3_000_000 - 8 - len(clip)))
    sheet = Image.new("RGB", (640, 270))
    for number in range(12):
        frame = picture(160, 90).point(lambda level, light=0.3 + number / 12: level * light)
        sheet.paste(frame, (160 * (number % 4), 90 * (number // 4)))
    parts = {
        "thumbnail": encoded(picture(1280, 720), "PNG"),
        "spritesheet": encoded(sheet, "PNG"),
    }
    job = sample.saved(sample.pending(25), "video_1")
    whole = job.outputs[0]._replace(
        bytes=len(clip), sha256=hashlib.sha256(clip).hexdigest(), width=1280, height=720
    )
    beside = [
        Output(name, f"output/{name}.png", len(data), "", None, None)
        for name, data in parts.items()
    ]
    made = workspace_app(tmp_path, jobs=[replace(job, outputs=(whole, *beside))])
    (made.folder.root / whole.path).write_bytes(clip)
    for output in beside:
        (made.folder.root / output.path).write_bytes(parts[output.variant])
    return made


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_clip_in_the_inspector(
    filmed: WorkspaceApp, size: tuple[int, int], snap_compare: SnapCompare
) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await after("escape", "5")(pilot)
        poster, strip = filmed.query_one(ClipView).query(PictureView)
        both = size != (80, 24)
        seen = (lambda: strip.cells) if both else (lambda: "v Filmstrip" in screen_text(filmed))
        await until(pilot, seen, "no filmstrip")
        await in_place(pilot, poster)

    assert snap_compare(filmed, terminal_size=size, run_before=look)


def test_welcome_back(
    app: WorkspaceApp, monkeypatch: pytest.MonkeyPatch, snap_compare: SnapCompare
) -> None:
    before = sample.NOW - timedelta(hours=1)
    monkeypatch.setattr(last_seen, "last_seen", lambda _workspace: before)
    assert snap_compare(app, terminal_size=(80, 24), run_before=after())
