"""What a saved clip looks like: in the inspector, large, in a player and in a browser."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import signal
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO
from urllib.error import URLError

import pytest
from textual.geometry import Size
from textual.pilot import Pilot

from sora_tui.core.job import Job, Output
from sora_tui.media.practice.render import ClipPlan, Previews, render_clip
from sora_tui.tui.dialogs.clip import ClipWindow
from sora_tui.tui.panes.inspector.clip_layout import clip_room
from sora_tui.tui.panes.inspector.clip_preview import ClipView
from tests.support import hostile_media
from tests.support import sample_jobs as sample
from tests.support.pictures import encoded
from tests.support.pictures import picture as drawn
from tests.support.processes import lives, media_workers
from tests.support.pty_session import KEYS, PtySession
from tests.support.tui.workspace_app import WorkspaceApp, screen, settle, workspace_app

#: Generous: the machine may be busy.
PATIENCE = 60.0


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Previews]:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    previews = render_clip(ClipPlan("A kite", 320, 180, 1), path, lambda _share: None)
    return path.read_bytes(), previews


@pytest.fixture(autouse=True)
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SORA_PLAYER"):
        monkeypatch.delenv(name, raising=False)


def saved(data: bytes, number: int = 0, **request: Any) -> Job:
    """A job whose clip has these bytes."""
    job = sample.saved(
        sample.pending(25 + number, **{"seconds": "1", **request}), f"video_{number:04}"
    )
    clip = job.outputs[0]._replace(
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        width=320,
        height=180,
        seconds=1.0,
    )
    return replace(job, outputs=(clip,))


def write(app: WorkspaceApp, job: Job, data: bytes) -> Path:
    path = app.folder.root / job.outputs[0].path
    path.write_bytes(data)
    return path


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


async def until(pilot: Pilot[None], holds: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"{what}\n" + text(pilot)
        await pilot.pause(0.02)


def text(pilot: Pilot[None]) -> str:
    assert isinstance(pilot.app, WorkspaceApp)
    return "\n".join(screen(pilot.app))


def words(pilot: Pilot[None]) -> str:
    """What is written in the inspector, without its pictures and line breaks."""
    assert isinstance(pilot.app, WorkspaceApp)
    inspector = pilot.app.bench.inspector
    assert inspector is not None
    return " ".join(" ".join(line.text for line in inspector._text._lines).split())


def pictures(pilot: Pilot[None]) -> str:
    """Which pictures are on the screen."""
    seen = []
    for view in pilot.app.query(ClipView):
        for name, picture in (("poster", view._poster), ("strip", view._strip)):
            if view.display and picture.display and picture._pixels.cells is not None:
                seen.append(name)
    return " ".join(seen)


# In the inspector -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "both"), [((80, 24), False), ((120, 40), True), ((160, 45), True)]
)
async def test_the_inspector_shows_poster_filmstrip_and_facts(
    tmp_path: Path, rendered: tuple[bytes, Previews], size: tuple[int, int], both: bool
) -> None:
    job = saved(rendered[0])
    app = workspace_app(tmp_path, jobs=[job])
    write(app, job, rendered[0])
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "5")
        await until(pilot, lambda: "made here" in words(pilot), "no facts")
        await until(pilot, lambda: app.bench.inspector._seen.strip, "no strip")  # type: ignore[union-attr]
        said = words(pilot)
        assert "320x180 1.0 s 30 fps H.264 no sound" in said
        assert "complete; asked for 1280x720" in said
        assert "another file" not in said
        await pilot.pause()
        assert "▀▀▀▀▀▀▀▀" in text(pilot)
        if both:
            assert pictures(pilot) == "poster strip"
            assert "E Events" in text(pilot)
            await press(pilot, "E")
            await until(pilot, lambda: "E Events" not in text(pilot), "keys of another page")
            return
        assert pictures(pilot) == "poster"
        assert "v Filmstrip" in text(pilot)
        await press(pilot, "v")
        assert pictures(pilot) == "strip"
        await until(pilot, lambda: "v Poster" in text(pilot), "no way back")
        await press(pilot, "v")
        assert pictures(pilot) == "poster"


async def test_what_the_server_made_is_taken_and_said(
    tmp_path: Path, rendered: tuple[bytes, Previews]
) -> None:
    data, previews = rendered
    job = saved(data)
    beside = (
        Output("thumbnail", "output/a.webp", len(previews.thumbnail), "", 320, 180),
        Output("spritesheet", "output/a.jpg", len(previews.spritesheet), "", None, None),
    )
    job = replace(job, outputs=(*job.outputs, *beside))
    app = workspace_app(tmp_path, jobs=[job])
    write(app, job, data)
    (app.folder.root / "output/a.webp").write_bytes(previews.thumbnail)
    (app.folder.root / "output/a.jpg").write_bytes(previews.spritesheet)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "5")
        await until(pilot, lambda: "pictures from the server" in words(pilot), "no word")
        await until(pilot, lambda: pictures(pilot) == "poster strip", "no strip")
        assert "pictures from the server" in words(pilot)
        assert "thumbnail output/a.webp sheet output/a.jpg" in words(pilot)


@pytest.mark.parametrize("columns", [30, 46, 59, 60, 90])
@pytest.mark.parametrize("rows", [8, 14, 20, 34])
@pytest.mark.parametrize(
    ("width", "height"), [(1280, 720), (720, 1280), (1024, 1024), (100, 4000), (4000, 100)]
)
def test_pictures_have_room_beside_the_facts(
    columns: int, rows: int, width: int, height: int
) -> None:
    clip = sample.saved(sample.pending(25), "video_1").outputs[0]
    room = clip_room(Size(columns, rows), clip._replace(width=width, height=height))
    assert room is not None
    for each in (room.poster, room.strip or room.poster):
        assert 0 < each.width <= columns
        assert 0 < each.height <= rows
    if room.beside:
        assert room.columns <= columns // 2
        assert room.rows <= rows
    else:
        assert room.columns <= columns
        assert room.rows <= rows * 3 // 5


def test_the_frames_of_an_upright_clip_stand_at_its_side() -> None:
    clip = sample.saved(sample.pending(25), "video_1").outputs[0]
    room = clip_room(Size(46, 20), clip._replace(width=720, height=1280))
    assert room is not None and room.abreast
    assert (room.poster, room.strip) == (Size(14, 12), Size(31, 12))


async def test_what_is_said_of_a_clip_goes_with_the_width(tmp_path: Path) -> None:
    """One line, also in a terminal that has just become narrow."""
    app = workspace_app(tmp_path, jobs=[sample.saved(sample.pending(25), "video_0000")])
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "4")
        for width in (160, 80, 160, 100):
            await pilot.resize_terminal(width, 30)
            await until(pilot, lambda: "y copy" in screen(app)[-2], "not one line")
            await until(pilot, lambda: app.bench.status.size.height == 1, "two lines")


async def test_in_a_narrow_pane_what_the_clip_is_comes_first(
    tmp_path: Path, rendered: tuple[bytes, Previews]
) -> None:
    """Above its pictures, before its long name; no figure is parted from its unit."""
    job = saved(rendered[0])
    app = workspace_app(tmp_path, jobs=[job])
    write(app, job, rendered[0])
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "5")
        await until(pilot, lambda: pictures(pilot) == "poster", "no poster")
        assert "complete; asked" in text(pilot)
        assert "30\N{NO-BREAK SPACE}fps" in text(pilot)


async def test_a_server_picture_that_is_no_good_is_replaced_by_our_own(
    tmp_path: Path, rendered: tuple[bytes, Previews]
) -> None:
    data, previews = rendered
    job = saved(data)
    beside = (
        Output("thumbnail", "output/a.webp", 9, "", None, None),
        Output("spritesheet", "output/a.jpg", 9, "", None, None),
    )
    job = replace(job, outputs=(*job.outputs, *beside))
    app = workspace_app(tmp_path, jobs=[job])
    write(app, job, data)
    (app.folder.root / "output/a.webp").write_bytes(b"no picture")
    (app.folder.root / "output/a.jpg").write_bytes(previews.spritesheet)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "5")
        await until(
            pilot, lambda: "filmstrip from the server, poster made here" in words(pilot), "no word"
        )


async def test_a_picture_is_made_once_and_taken_from_the_cache_then(
    tmp_path: Path, rendered: tuple[bytes, Previews], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sora_tui.config.paths import clip_cache
    from sora_tui.media import decoder_client

    asked: list[str] = []
    ask = decoder_client.DecoderClient._ask

    def note(self: decoder_client.DecoderClient, read: object, do: str, *more: object) -> object:
        asked.append(do)
        return ask(self, read, do, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(decoder_client.DecoderClient, "_ask", note)
    job = saved(rendered[0])
    for _ in range(2):
        app = workspace_app(tmp_path, jobs=[job])
        path = write(app, job, rendered[0]) if not asked else app.folder.root / job.outputs[0].path
        async with app.run_test(size=(120, 40)) as pilot:
            await settle(pilot)
            await press(pilot, "escape", "5")
            await until(pilot, lambda: pictures(pilot) == "poster strip", "no pictures")
    assert asked == ["facts", "poster", "filmstrip", "picture", "sheet"]
    kept = sorted(path.name.partition(".")[2] for path in clip_cache().iterdir())
    assert kept == ["json", "poster.jpg", "strip.jpg"]
    assert clip_cache().stat().st_mode & 0o777 == 0o700
    # A cache that came to harm is made anew, and so is one of a file that became another.
    for each in clip_cache().iterdir():
        each.write_bytes(b"rubbish")
    asked.clear()
    app = workspace_app(tmp_path, jobs=[job])
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "5")
        await until(pilot, lambda: pictures(pilot) == "poster strip", "no pictures")
        os.utime(path)
        app.controllers["inspector"].reload()
        await until(pilot, lambda: asked.count("poster") == 2, "not made anew")
    assert asked[:5] == ["facts", "picture", "poster", "sheet", "filmstrip"]


async def test_without_a_cache_it_is_made_each_time(
    tmp_path: Path, rendered: tuple[bytes, Previews], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    job = saved(rendered[0])
    app = workspace_app(tmp_path / "w", jobs=[job])
    write(app, job, rendered[0])
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "5")
        await until(pilot, lambda: pictures(pilot) == "poster strip", "no pictures")


async def test_only_the_job_on_which_the_cursor_rests_is_opened(
    tmp_path: Path, rendered: tuple[bytes, Previews], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    jobs = [saved(rendered[0], number) for number in range(100)]
    app = workspace_app(tmp_path, jobs=jobs)
    for job in jobs:
        write(app, job, rendered[0])
    clips = {job.outputs[0].path: job.id for job in jobs}
    decoder = app.context.decoder
    opens = decoder.open

    def note(output: Output) -> BinaryIO:
        opened.append(clips[output.path])
        return opens(output)

    monkeypatch.setattr(decoder, "open", note)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "4")
        await settle(pilot)
        opened.clear()
        for _ in range(99):
            app.jobs._list.action_move(1)
        last = app.jobs.cursor_id
        await until(
            pilot, lambda: opened and pictures(pilot) == "poster strip", "nothing to be seen"
        )
        assert opened
        assert set(opened) == {last}


async def test_a_cursor_that_comes_back_sees_the_clip_again(
    tmp_path: Path, rendered: tuple[bytes, Previews]
) -> None:
    """To the next job and back before that one's document was read."""
    jobs = [saved(rendered[0], number) for number in range(2)]
    app = workspace_app(tmp_path, jobs=jobs)
    for job in jobs:
        write(app, job, rendered[0])
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "4")
        await until(pilot, lambda: app.bench.inspector.clip_wanted, "no clip")  # type: ignore[union-attr]
        app.jobs._list.action_move(1)
        app.jobs._list.action_move(-1)
        await until(pilot, lambda: pictures(pilot) == "poster strip", "no pictures")


async def test_who_goes_on_stops_what_was_begun(
    tmp_path: Path, rendered: tuple[bytes, Previews], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sora_tui.media.decoder_client import DecoderClient, NotWantedError

    jobs = [saved(rendered[0], number) for number in range(2)]
    app = workspace_app(tmp_path, jobs=jobs)
    for job in jobs:
        write(app, job, rendered[0])
    begun, stopped = [], []

    def slow(
        self: DecoderClient, file: object, room: object, *, is_wanted: Callable[[], bool]
    ) -> object:
        begun.append(1)
        end = time.monotonic() + PATIENCE
        while is_wanted():
            assert time.monotonic() < end
            time.sleep(0.01)
        stopped.append(1)
        raise NotWantedError

    monkeypatch.setattr(DecoderClient, "filmstrip", slow)
    async with app.run_test(size=(160, 45)) as pilot:
        # Not `settle`: the first clip may be looked at already, which here has no end.
        await until(pilot, lambda: app.bench.inspector, "no inspector")
        await press(pilot, "escape", "4")
        await until(pilot, lambda: begun, "not begun")
        assert not stopped
        await press(pilot, "down")
        await until(pilot, lambda: len(begun) == 2, "the next one not begun")
        assert len(stopped) == 1
        await press(pilot, "up")
        await until(pilot, lambda: len(stopped) == 2, "not stopped")


async def test_with_pictures_off_there_are_facts(
    tmp_path: Path, rendered: tuple[bytes, Previews]
) -> None:
    job = saved(rendered[0])
    (tmp_path / "sora-tui.toml").write_text('preview = "off"\n')
    app = workspace_app(tmp_path, jobs=[job])
    write(app, job, rendered[0])
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "5")
        await until(pilot, lambda: "H.264 no sound" in words(pilot), "no facts")
        assert pictures(pilot) == ""
        assert "▀" not in text(pilot)


# What came to harm ----------------------------------------------------------------------------


async def test_a_file_that_goes_and_comes_back_as_another_has_a_word_each_time(
    tmp_path: Path, rendered: tuple[bytes, Previews]
) -> None:
    job = saved(rendered[0], size="320x180")
    app = workspace_app(tmp_path, jobs=[job])
    path = write(app, job, rendered[0])
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "5")
        await until(pilot, lambda: "complete, as asked" in words(pilot), "no facts")
        path.rename(path.with_suffix(".away"))
        app.controllers["inspector"].reload()
        await until(
            pilot, lambda: "not where it was saved any more: output/" in words(pilot), "no word"
        )
        assert pictures(pilot) == ""
        path.write_bytes(rendered[0].replace(b"isom", b"iso2"))
        app.controllers["inspector"].reload()
        await until(pilot, lambda: "another file than was downloaded" in words(pilot), "no word")
        await until(pilot, lambda: pictures(pilot) == "poster strip", "no pictures")
        path.write_bytes(rendered[0][: len(rendered[0]) // 2])
        app.controllers["inspector"].reload()
        await until(pilot, lambda: "not complete: it is cut off" in words(pilot), "no word")
        path.unlink()
        path.with_suffix(".away").rename(path)
        app.controllers["inspector"].reload()
        await until(pilot, lambda: "complete, as asked" in words(pilot), "no facts")


@pytest.mark.parametrize("what", ["link", "fifo", "folder", "outside", "device", "nul"])
async def test_what_is_no_file_of_this_folder_is_not_opened(
    tmp_path: Path, rendered: tuple[bytes, Previews], what: str
) -> None:
    (tmp_path / "elsewhere.mp4").write_bytes(rendered[0])
    job = saved(rendered[0])
    path = {
        "outside": "../elsewhere.mp4",
        "device": "/dev/zero",
        "nul": "output/a\0b.mp4",
    }.get(what, job.outputs[0].path)
    job = replace(job, outputs=(job.outputs[0]._replace(path=path),))
    app = workspace_app(tmp_path / "w", jobs=[job])
    place = app.folder.root / job.outputs[0].path
    if what == "link":
        place.symlink_to(tmp_path / "elsewhere.mp4")
    elif what == "fifo":
        os.mkfifo(place)
    elif what == "folder":
        place.mkdir()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "5")
        await until(pilot, lambda: "no file of this folder" in words(pilot), "no word")
        assert pictures(pilot) == ""
        await press(pilot, "o")
        await until(pilot, lambda: "no file of" in "".join(screen(app)[-4:]), "no word below")
        assert not isinstance(app.screen, ClipWindow)


async def test_output_behind_a_link_of_the_persons_own_is_fine(
    tmp_path: Path, rendered: tuple[bytes, Previews]
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "w").mkdir()
    (tmp_path / "w/output").symlink_to(tmp_path / "disk")
    job = saved(rendered[0])
    app = workspace_app(tmp_path / "w", jobs=[job])
    write(app, job, rendered[0])
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "5")
        await until(pilot, lambda: pictures(pilot) == "poster strip", "no pictures")


async def test_a_bad_clip_costs_a_word_and_nothing_else(
    tmp_path: Path, rendered: tuple[bytes, Previews]
) -> None:
    good = rendered[0]
    bad = [
        *hostile_media.clips(good),
        *hostile_media.clips_of_other_kinds(good),
        ("tracks", hostile_media.many_tracks(tmp_path / "tracks.mp4", 100).read_bytes()),
    ]
    jobs = [saved(data, number) for number, (_name, data) in enumerate(bad)]
    app = workspace_app(tmp_path / "w", jobs=jobs)
    for job, (_name, data) in zip(jobs, bad, strict=True):
        write(app, job, data)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "5")
        for job, (name, _data) in zip(jobs, bad, strict=True):
            file = Path(job.outputs[0].path).name
            await until(pilot, lambda: file in words(pilot), f"not at {name}")  # noqa: B023
            await until(
                pilot,
                lambda: re.search("not complete: |cannot be shown here: |no clip ", words(pilot)),
                f"no word for {name}",
            )
            assert words(pilot).count("it is neither MP4 nor AVI") < 2, "one word, said once"
            assert app.is_running
            app.jobs._list.action_move(1)
            await pilot.pause()


async def test_a_helper_that_dies_over_a_clip_costs_a_word_and_is_not_tried_again(
    tmp_path: Path, rendered: tuple[bytes, Previews], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sora_tui.media import decoder_client

    started: list[int] = []
    program = (
        "import os, sora_tui.media.decoder_process as w\n"
        "w._WORK['poster'] = lambda *a: os.abort()\n"
    )
    monkeypatch.setattr(decoder_client, "_WORKER", ("-P", "-c", program + "w.main()"))
    connected = decoder_client.DecoderClient._connected

    def note(self: decoder_client.DecoderClient) -> object:
        found = connected(self)
        assert self._process is not None
        started.append(self._process.pid)
        return found

    monkeypatch.setattr(decoder_client.DecoderClient, "_connected", note)
    job = saved(rendered[0])
    app = workspace_app(tmp_path, jobs=[job])
    write(app, job, rendered[0])
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "5")
        await until(pilot, lambda: "the process that should open it broke off" in words(pilot), "")
        assert "complete; asked for" in words(pilot), "the facts are there all the same"
        before = len(started)
        app.context.signals.document_shown.publish(None)
        await settle(pilot)
        await press(pilot, "E", "f")
        await until(pilot, lambda: not app.context.ui.has_timer("clip"), "still to be looked at")
        await settle(pilot)
        assert len(started) == before


# Outside --------------------------------------------------------------------------------------


async def fetched(url: str, **headers: str) -> bytes:
    def fetch() -> bytes:
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return bytes(answer.read())

    return await asyncio.to_thread(fetch)


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_without_a_display_the_clip_is_seen_here_and_served_until_closed(
    tmp_path: Path, rendered: tuple[bytes, Previews], size: tuple[int, int]
) -> None:
    job = saved(rendered[0])
    app = workspace_app(tmp_path, jobs=[job])
    write(app, job, rendered[0])
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "escape", "4", "o")
        await until(pilot, lambda: "▀▀▀▀▀▀" in text(pilot), "no picture")
        shown = text(pilot)
        assert "scp " in shown
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\S+/clip\.mp4", shown)
        assert found is not None, "the address in one piece"
        assert f"ssh -N -L {found[1]}:127.0.0.1:{found[1]} " in shown
        assert await fetched(found[0]) == rendered[0]
        assert await fetched(found[0], Range="bytes=100-199") == rendered[0][100:200]
        before = shown
        await press(pilot, "v")
        await until(pilot, lambda: text(pilot) != before and "▀▀▀▀▀▀" in text(pilot), "no strip")
        await press(pilot, "escape")
        await settle(pilot)
        assert not isinstance(app.screen, ClipWindow)
        with pytest.raises(URLError):
            await fetched(found[0])


async def test_each_line_is_copied_by_its_key(
    tmp_path: Path, rendered: tuple[bytes, Previews], monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[str] = []
    job = saved(rendered[0])
    app = workspace_app(tmp_path, jobs=[job])
    write(app, job, rendered[0])
    monkeypatch.setattr(app.context.ui, "copy", copied.append)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "4", "o", "y", "t", "u")
        await until(pilot, lambda: len(copied) == 3, "not copied")
        assert [line[:10] for line in copied] == [
            copied[0][:10],
            "ssh -N -L ",
            "http://127",
        ]
        assert copied[0].startswith("scp ")
        assert copied[0].endswith(".mp4 .")


async def test_where_there_is_a_display_the_persons_player_opens_it(
    tmp_path: Path, rendered: tuple[bytes, Previews], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    script = "import sys; open(sys.argv[1], 'w').write(' '.join(sys.argv[2:]))"
    monkeypatch.setenv("DISPLAY", ":0")
    job = saved(rendered[0])
    player = f'"{sys.executable}" -c "{script}" {told} --loop'
    app = workspace_app(tmp_path, jobs=[job], environ={"SORA_PLAYER": player})
    clip = write(app, job, rendered[0])
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "4", "o")
        await until(pilot, lambda: "Opened output/" in text(pilot), "no word")
        await until(pilot, lambda: told.exists() and told.read_text(), "not opened")
        assert told.read_text() == f"--loop {clip}"
        assert not isinstance(app.screen, ClipWindow)


async def test_a_player_that_is_not_there_is_named_and_the_clip_seen_here(
    tmp_path: Path, rendered: tuple[bytes, Previews], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    job = saved(rendered[0])
    app = workspace_app(tmp_path, jobs=[job], environ={"SORA_PLAYER": "no-such-player"})
    write(app, job, rendered[0])
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "4", "o")
        await until(pilot, lambda: isinstance(app.screen, ClipWindow), "no window")
        await press(pilot, "escape")
        assert "no-such-player could not be started" in text(pilot)


# The process of the screen --------------------------------------------------------------------


def test_the_screen_itself_never_loads_a_decoder(
    tmp_path: Path, rendered: tuple[bytes, Previews]
) -> None:
    """Seen from outside, while poster and filmstrip are on the screen: no library is mapped."""
    job = saved(rendered[0])
    app = workspace_app(tmp_path, jobs=[job])
    write(app, job, rendered[0])
    argv = [sys.executable, "-m", "sora_tui", "--workspace", str(tmp_path)]
    with PtySession(argv, cols=120, rows=40, env={"TMUX": None}) as session:
        session.wait_for("saved", timeout=PATIENCE)
        session.wait_quiet(0.5, timeout=PATIENCE)
        session.send(KEYS["escape"])
        session.wait_quiet(0.5, timeout=PATIENCE)
        session.send("5")
        session.wait_for("made here", timeout=PATIENCE)
        session.wait_until(lambda: session.screen_text().count("▀") > 200, PATIENCE, "pictures")
        maps = Path(f"/proc/{session.process.pid}/maps").read_text()
        assert "libav" not in maps
        assert "_imaging" not in maps
        session.send(KEYS["ctrl+q"])
        assert session.wait_exit(PATIENCE) == 0


def put_picture(folder: Path) -> None:
    (folder / "input_reference").mkdir()
    (folder / "input_reference" / "a.png").write_bytes(encoded(drawn(64, 36), "PNG"))


@pytest.mark.parametrize("end", ["quit", "SIGTERM", "SIGKILL"])
def test_who_opens_pictures_ends_with_the_screen(tmp_path: Path, end: str) -> None:
    put_picture(tmp_path)
    argv = [sys.executable, "-m", "sora_tui", "--workspace", str(tmp_path)]
    with PtySession(argv, env={"TMUX": None}) as session:
        session.wait_for("draft safe", timeout=PATIENCE)
        session.send(KEYS["escape"])
        session.wait_quiet(0.5, timeout=PATIENCE)
        session.send("2")
        session.wait_for("a.png", timeout=PATIENCE)
        session.send(" ")
        pid = session.process.pid
        session.wait_until(lambda: media_workers(pid) != [], PATIENCE, "nobody opens the picture")
        workers = media_workers(pid)
        if end == "quit":
            session.wait_for("▀", timeout=PATIENCE)
            session.send(KEYS["ctrl+q"])
        else:
            session.process.send_signal(signal.Signals[end])
        session.wait_exit(PATIENCE)
        last = time.monotonic() + PATIENCE
        while any(map(lives, workers)):
            assert time.monotonic() < last, "it outlived the screen"
            time.sleep(0.02)


async def test_in_tests_it_ends_with_each_app(tmp_path: Path) -> None:
    put_picture(tmp_path)
    app = workspace_app(tmp_path)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "escape", "2", "space")
        decoder = app.context.decoder
        await until(pilot, lambda: decoder.decoder._process is not None, "no process")
        process = decoder.decoder._process
        assert process is not None
    assert process.poll() is not None
