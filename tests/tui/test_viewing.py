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

from sora_tui.core.job import Job, Output
from sora_tui.media.practice.render import ClipPlan, Previews, render_clip
from sora_tui.tui.panes.inspector.clip_layout import clip_room
from sora_tui.tui.widgets.virtual_list import VirtualList
from tests.support import hostile_media
from tests.support import sample_jobs as sample
from tests.support.decoders import noted_requests, patch_decoder
from tests.support.pictures import encoded
from tests.support.pictures import picture as drawn
from tests.support.processes import lives, media_workers
from tests.support.pty_session import KEYS, PtySession
from tests.support.tui.driver import open_screen
from tests.support.tui.workspace_app import WorkspaceApp, workspace_app

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
    async with open_screen(app, size) as screen:
        await screen.press("escape", "5")
        await screen.inspector.expect("made here")
        await screen.inspector.expect(
            "320x180 1.0 s 30 fps H.264 no sound", "complete; asked for 1280x720"
        )
        assert "another file" not in screen.inspector.words
        assert "▀▀▀▀▀▀▀▀" in screen.text
        if both:
            assert screen.pictures == "poster strip"
            assert "E Events" in screen.text
            await screen.press("E")
            await screen.expect_gone("E Events")
            return
        assert screen.pictures == "poster"
        assert "v Filmstrip" in screen.text
        await screen.press("v")
        assert screen.pictures == "strip"
        await screen.expect("v Poster")
        await screen.press("v")
        assert screen.pictures == "poster"


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
    async with open_screen(app, (120, 40)) as screen:
        await screen.press("escape", "5")
        await screen.inspector.expect("pictures from the server")
        await screen.until(lambda: screen.pictures == "poster strip", "no strip")
        assert "pictures from the server" in screen.inspector.words
        await screen.press("z").expect("thumbnail output/a.webp sheet output/a.jpg")


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
    async with open_screen(app, (160, 45)) as screen:
        await screen.press("escape", "4")
        for width in (160, 80, 160, 100):
            await screen.resize(width, 30)
            await screen.until(lambda: "y copy" in screen.lines[-2], "not one line")
            await screen.until(lambda: app.bench.status.size.height == 1, "two lines")


async def test_in_a_narrow_pane_what_the_clip_is_comes_first(
    tmp_path: Path, rendered: tuple[bytes, Previews]
) -> None:
    """Above its pictures, before its long name; no figure is parted from its unit."""
    job = saved(rendered[0])
    app = workspace_app(tmp_path, jobs=[job])
    write(app, job, rendered[0])
    async with open_screen(app, (100, 30)) as screen:
        await screen.press("escape", "5")
        await screen.until(lambda: screen.pictures == "poster", "no poster")
        assert "complete; asked" in screen.text
        assert "30\N{NO-BREAK SPACE}fps" in screen.text


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
    async with open_screen(app, (120, 40)) as screen:
        await screen.press("escape", "5")
        await screen.inspector.expect("filmstrip from the server, poster made here")


async def test_a_picture_is_made_once_and_taken_from_the_cache_then(
    tmp_path: Path, rendered: tuple[bytes, Previews], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sora_tui.config.paths import clip_cache

    asked = noted_requests(monkeypatch)
    job = saved(rendered[0])
    for _ in range(2):
        app = workspace_app(tmp_path, jobs=[job])
        path = write(app, job, rendered[0]) if not asked else app.folder.root / job.outputs[0].path
        async with open_screen(app, (120, 40)) as screen:
            await screen.press("escape", "5")
            await screen.until(lambda: screen.pictures == "poster strip", "no pictures")
    assert asked == ["facts", "poster", "filmstrip", "picture", "sheet"]
    kept = sorted(path.name.partition(".")[2] for path in clip_cache().iterdir())
    assert kept == ["json", "poster.jpg", "strip.jpg"]
    assert clip_cache().stat().st_mode & 0o777 == 0o700
    # A cache that came to harm is made anew, and so is one of a file that became another.
    for each in clip_cache().iterdir():
        each.write_bytes(b"rubbish")
    asked.clear()
    app = workspace_app(tmp_path, jobs=[job])
    async with open_screen(app, (120, 40)) as screen:
        await screen.press("escape", "5")
        await screen.until(lambda: screen.pictures == "poster strip", "no pictures")
        os.utime(path)
        app.controllers["inspector"].reload()
        await screen.until(lambda: asked.count("poster") == 2, "not made anew")
    assert asked[:5] == ["facts", "picture", "poster", "sheet", "filmstrip"]


async def test_without_a_cache_it_is_made_each_time(
    tmp_path: Path, rendered: tuple[bytes, Previews], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    job = saved(rendered[0])
    app = workspace_app(tmp_path / "w", jobs=[job])
    write(app, job, rendered[0])
    async with open_screen(app, (120, 40)) as screen:
        await screen.press("escape", "5")
        await screen.until(lambda: screen.pictures == "poster strip", "no pictures")


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
    async with open_screen(app, (160, 45)) as screen:
        await screen.press("escape", "4")
        opened.clear()
        for _ in range(99):
            app.jobs.query_one(VirtualList).action_move(1)
        last = screen.highlighted
        await screen.until(
            lambda: opened and screen.pictures == "poster strip", "nothing to be seen"
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
    async with open_screen(app, (160, 45)) as screen:
        await screen.press("escape", "4")
        await screen.until(lambda: app.bench.inspector.clip_wanted, "no clip")  # type: ignore[union-attr]
        app.jobs.query_one(VirtualList).action_move(1)
        app.jobs.query_one(VirtualList).action_move(-1)
        await screen.until(lambda: screen.pictures == "poster strip", "no pictures")


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
    async with open_screen(app, (160, 45), at_rest=False) as screen:  # work here has no end
        await screen.until(lambda: app.bench.inspector, "no inspector")
        await screen.press_fast("escape", "4")
        await screen.until(lambda: begun, "not begun")
        assert not stopped
        await screen.press_fast("down")
        await screen.until(lambda: len(begun) == 2, "the next one not begun")
        assert len(stopped) == 1
        await screen.press_fast("up")
        await screen.until(lambda: len(stopped) == 2, "not stopped")


async def test_with_pictures_off_there_are_facts(
    tmp_path: Path, rendered: tuple[bytes, Previews]
) -> None:
    job = saved(rendered[0])
    (tmp_path / "sora-tui.toml").write_text('preview = "off"\n')
    app = workspace_app(tmp_path, jobs=[job])
    write(app, job, rendered[0])
    async with open_screen(app, (160, 45)) as screen:
        await screen.press("escape", "5")
        await screen.inspector.expect("H.264 no sound")
        assert screen.pictures == ""
        assert "▀" not in screen.text


# What came to harm ----------------------------------------------------------------------------


async def test_a_file_that_goes_and_comes_back_as_another_has_a_word_each_time(
    tmp_path: Path, rendered: tuple[bytes, Previews]
) -> None:
    job = saved(rendered[0], size="320x180")
    app = workspace_app(tmp_path, jobs=[job])
    path = write(app, job, rendered[0])
    async with open_screen(app, (120, 40)) as screen:
        await screen.press("escape", "5")
        await screen.inspector.expect("complete, as asked")
        path.rename(path.with_suffix(".away"))
        app.controllers["inspector"].reload()
        await screen.inspector.expect("not where it was saved any more: output/")
        assert screen.pictures == ""
        path.write_bytes(rendered[0].replace(b"isom", b"iso2"))
        app.controllers["inspector"].reload()
        await screen.inspector.expect("another file than was downloaded")
        await screen.until(lambda: screen.pictures == "poster strip", "no pictures")
        path.write_bytes(rendered[0][: len(rendered[0]) // 2])
        app.controllers["inspector"].reload()
        await screen.inspector.expect("not complete: it is cut off")
        path.unlink()
        path.with_suffix(".away").rename(path)
        app.controllers["inspector"].reload()
        await screen.inspector.expect("complete, as asked")


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
    async with open_screen(app, (120, 40)) as screen:
        await screen.press("escape", "5")
        await screen.inspector.expect("no file of this folder")
        assert screen.pictures == ""
        await screen.press("o")
        await screen.until(lambda: "no file of" in "".join(screen.lines[-4:]), "no word below")
        assert not screen.dialog.is_there


async def test_output_behind_a_link_of_the_persons_own_is_fine(
    tmp_path: Path, rendered: tuple[bytes, Previews]
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "w").mkdir()
    (tmp_path / "w/output").symlink_to(tmp_path / "disk")
    job = saved(rendered[0])
    app = workspace_app(tmp_path / "w", jobs=[job])
    write(app, job, rendered[0])
    async with open_screen(app, (120, 40)) as screen:
        await screen.press("escape", "5")
        await screen.until(lambda: screen.pictures == "poster strip", "no pictures")


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
    async with open_screen(app, (120, 40)) as screen:
        await screen.press("escape", "5", "4")
        for job, (name, _data) in zip(jobs, bad, strict=True):
            file = Path(job.outputs[0].path).stem
            said = screen.inspector.words
            assert file in said, name
            assert re.search("not complete: |cannot be shown here: |no clip ", said), name
            assert said.count("it is neither MP4 nor AVI") < 2, "one word, said once"
            assert app.is_running
            await screen.press("down")


async def test_a_helper_that_dies_over_a_clip_costs_a_word_and_is_not_tried_again(
    tmp_path: Path, rendered: tuple[bytes, Previews], monkeypatch: pytest.MonkeyPatch
) -> None:
    patch_decoder(monkeypatch, "w._WORK['poster'] = lambda *a: os.abort()")
    asked = noted_requests(monkeypatch)
    job = saved(rendered[0])
    app = workspace_app(tmp_path, jobs=[job])
    write(app, job, rendered[0])
    async with open_screen(app, (120, 40)) as screen:
        await screen.press("escape", "5")
        await screen.inspector.expect("the process that should open it broke off")
        assert "complete; asked for" in screen.inspector.words, "the facts are there all the same"
        before = len(asked)
        app.context.signals.document_shown.publish(None)
        await screen.settle()
        await screen.press("E", "f")
        await screen.until(lambda: not app.context.ui.has_timer("clip"), "still to be looked at")
        await screen.settle()
        assert len(asked) == before


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
    async with open_screen(app, size) as screen:
        await screen.press("escape", "4", "o")
        await screen.expect("▀▀▀▀▀▀")
        shown = screen.text
        assert "scp " in shown
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\S+/clip\.mp4", shown)
        assert found is not None, "the address in one piece"
        assert f"ssh -N -L {found[1]}:127.0.0.1:{found[1]} " in shown
        assert await fetched(found[0]) == rendered[0]
        assert await fetched(found[0], Range="bytes=100-199") == rendered[0][100:200]
        await screen.press("v")
        await screen.until(lambda: screen.text != shown and "▀▀▀▀▀▀" in screen.text, "no strip")
        await screen.press("escape")
        assert not screen.dialog.is_there
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
    async with open_screen(app) as screen:
        await screen.press("escape", "4", "o", "y", "t", "u")
        await screen.until(lambda: len(copied) == 3, "not copied")
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
    async with open_screen(app) as screen:
        await screen.press("escape", "4", "o")
        await screen.expect("Opened output/")
        await screen.until(lambda: told.exists() and told.read_text(), "not opened")
        assert told.read_text() == f"--loop {clip}"
        assert not screen.dialog.is_there


async def test_a_player_that_is_not_there_is_named_and_the_clip_seen_here(
    tmp_path: Path, rendered: tuple[bytes, Previews], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    job = saved(rendered[0])
    app = workspace_app(tmp_path, jobs=[job], environ={"SORA_PLAYER": "no-such-player"})
    write(app, job, rendered[0])
    async with open_screen(app) as screen:
        await screen.press("escape", "4", "o")
        await screen.until(lambda: screen.dialog.is_there, "no window")
        await screen.press("escape")
        assert "no-such-player could not be started" in screen.text


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
    async with open_screen(app) as screen:
        await screen.press("escape", "2", "space")
        workers = media_workers(os.getpid())
        assert workers
    assert not any(map(lives, workers))
