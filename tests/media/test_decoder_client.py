"""The decoder process: what it makes, what it refuses, and that it alone pays for a bad file."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from sora_tui.core.problem import ProblemError
from sora_tui.core.request import Fit
from sora_tui.i18n.reasons import REASONS
from sora_tui.media import decoder_client as helper_module
from sora_tui.media.cells import CellArea, Cells, FitTarget
from sora_tui.media.clip_probe import read_clip
from sora_tui.media.decoder_client import DecoderClient, NotWantedError, read_report
from sora_tui.media.image import check_image
from tests.support import hostile_media
from tests.support.decoders import patch_decoder
from tests.support.pictures import decoded, encoded, picture
from tests.support.processes import lives

ROOM = CellArea(80, 24)
HAS_LANDLOCK = sys.platform == "linux" and ctypes.CDLL(None).syscall(444, None, 0, 1) > 0
PICTURES = dict(hostile_media.pictures())


@pytest.fixture(scope="module")
def shared() -> Iterator[DecoderClient]:
    decoder = DecoderClient()
    yield decoder
    decoder.stop()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile_media.clip(tmp_path_factory.mktemp("clip") / "clip.mp4")


def refusal(error: pytest.ExceptionInfo[ProblemError]) -> str:
    """Code and reason; the reason must have words of its own."""
    found = error.value.problem
    reason = found.facts.get("reason")
    if found.code in {"clip_not_shown", "picture_not_shown"}:
        assert reason in REASONS
    return f"{found.code} {reason or ''}".strip()


# What it makes --------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_every_format_is_shown(shared: DecoderClient, tmp_path: Path, format_: str) -> None:
    path = tmp_path / "picture"
    path.write_bytes(encoded(picture(64, 36), format_))
    with path.open("rb") as file:
        cells = shared.picture(file, CellArea(16, 12))
    assert (cells.columns, cells.rows) == (16, 4)
    assert sum(cells.rgb[:3]) < 300, "the corner is blue"
    middle = cells.line(2)[0][3 * 4 : 3 * 4 + 3]
    assert middle[0] > 180, "the disc is yellow"


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_a_turned_picture_stands_upright_at_any_size(
    shared: DecoderClient, tmp_path: Path, format_: str
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned"
    path.write_bytes(encoded(picture(640, 360), format_, exif=exif.tobytes()))
    with path.open("rb") as file:
        cells = shared.picture(file, CellArea(40, 20))
    assert cells.columns < 2 * cells.rows, "it is a portrait"


def test_a_picture_with_a_palette_and_a_hole_is_shown_on_black(
    shared: DecoderClient, tmp_path: Path
) -> None:
    image = picture(600, 400).quantize(8, dither=Image.Dither.NONE)
    path = tmp_path / "palette.png"
    path.write_bytes(encoded(image, "PNG", transparency=image.getpixel((599, 0))))
    with path.open("rb") as file:
        cells = shared.picture(file, CellArea(30, 10))
    assert cells.line(0)[0][-3:] == b"\0\0\0", "the hole"
    assert cells.line(5)[0][21] > 180, "the disc is yellow"


def test_the_finer_picture_comes_where_it_is_asked_for(
    shared: DecoderClient, tmp_path: Path
) -> None:
    path = tmp_path / "picture"
    path.write_bytes(encoded(picture(640, 360), "JPEG"))
    with path.open("rb") as file:
        cells = shared.picture(file, CellArea(16, 12, fine=True))
    assert len(cells.rgb) == 6 * cells.columns * cells.rows
    assert check_image(cells.png).format == "PNG"


def test_a_picture_is_drawn_as_its_fit_target_says(shared: DecoderClient, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(encoded(Image.new("RGB", (300, 300), "white"), "PNG"))
    aim = FitTarget(1280, 720, Fit("stretch"), copy=True)
    with path.open("rb") as file:
        cells = shared.picture(file, CellArea(32, 9), aim=aim)
    assert (cells.columns, cells.rows) == (32, 9)


def test_a_clip_has_a_poster_and_a_filmstrip_and_facts(shared: DecoderClient, clip: Path) -> None:
    with clip.open("rb") as file:
        poster, strip = shared.poster(file, ROOM), shared.filmstrip(file, CellArea(80, 24))
        report = shared.facts(file)
        assert not file.closed, "the file is still ours"
    assert (poster.cells.columns, poster.cells.rows) == (80, 22)
    assert len(set(poster.cells.rgb)) > 10, "something is to be seen"
    assert check_image(poster.jpeg).width == 320
    assert (strip.cells.columns, strip.cells.rows) == (59, 24), "three beside, four above"
    assert check_image(strip.jpeg).height == 3 * 180
    assert report.facts is not None
    assert (report.facts.width, report.facts.seconds, report.facts.complete) == (320, 1.0, True)
    assert report.damage is None
    assert report.sha256 is not None
    assert len(report.sha256) == 64


def test_the_frames_of_a_filmstrip_are_spread_over_the_clip(
    shared: DecoderClient, clip: Path
) -> None:
    """The counter in the picture moves: no two frames are alike."""
    from io import BytesIO

    from sora_tui.media.contact_sheet import tiles_in

    with clip.open("rb") as file:
        sheet = Image.open(BytesIO(shared.filmstrip(file, ROOM).jpeg))
    tiles = tiles_in(sheet, 320, 180, 4)
    assert len(tiles) == 12
    assert len({tile.tobytes() for tile in tiles}) == 12


@pytest.mark.parametrize("beside", [4, 0])
def test_a_kept_sheet_is_laid_out_anew_for_another_room(
    shared: DecoderClient, clip: Path, tmp_path: Path, beside: int
) -> None:
    with clip.open("rb") as file:
        made = shared.filmstrip(file, CellArea(100, 3))
    assert made.cells.rows <= 3, "all beside each other"
    (tmp_path / "sheet").write_bytes(made.jpeg)
    with (tmp_path / "sheet").open("rb") as file:
        again = shared.sheet(file, CellArea(100, 3), (320, 180), beside=beside)
        other = shared.sheet(file, CellArea(40, 30), (320, 180), beside=beside)
    assert (again.columns, again.rows) == (made.cells.columns, made.cells.rows)
    assert other.rows > 10


def test_a_cut_clip_shows_what_came(shared: DecoderClient, clip: Path, tmp_path: Path) -> None:
    data = clip.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) * 2 // 3])
    with (tmp_path / "cut.mp4").open("rb") as file:
        report = shared.facts(file)
        poster, strip = shared.poster(file, ROOM), shared.filmstrip(file, ROOM)
    assert report.facts is None
    assert report.damage == "cut_off"
    assert poster.cells.rows == 22
    assert strip.cells.rows > 5


@pytest.mark.parametrize("quarters", range(4))
def test_a_clip_that_a_phone_held_sideways_stands_upright(
    shared: DecoderClient, tmp_path: Path, quarters: int
) -> None:
    """Its poster, its filmstrip, and the sides that are said of it."""
    path = tmp_path / "turned.mp4"
    path.write_bytes(hostile_media.turned(hostile_media.encoded_clip("libx264", "mp4"), quarters))
    with path.open("rb") as file:
        report = shared.facts(file)
        poster, strip = (
            shared.poster(file, CellArea(20, 20)),
            shared.filmstrip(file, CellArea(80, 24)),
        )
    assert report.facts is not None
    sides = (36, 64) if quarters % 2 else (64, 36)
    assert (report.facts.width, report.facts.height) == sides
    sheet = decoded(strip.jpeg)
    assert (sheet.width, sheet.height) == (4 * sides[0], 3 * sides[1])
    # The disc is on the left half: turned clockwise it goes up, right, down.
    places = ((16, 18), (18, 16), (48, 18), (18, 48))
    assert _is_yellow(decoded(poster.jpeg), places[quarters])
    assert not _is_yellow(decoded(poster.jpeg), places[(quarters + 2) % 4])
    assert _is_yellow(sheet, places[quarters])


# What it refuses ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PICTURES)
def test_no_bad_picture_gets_through(shared: DecoderClient, tmp_path: Path, name: str) -> None:
    (tmp_path / "bad").write_bytes(PICTURES[name]())
    with (tmp_path / "bad").open("rb") as file, pytest.raises(ProblemError) as refused:
        shared.picture(file, ROOM)
    assert refusal(refused).startswith(("reference_", "picture_not_shown"))


def test_no_bad_clip_gets_through(shared: DecoderClient, clip: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    for name, data in hostile_media.clips(clip.read_bytes()):
        bad.write_bytes(data)
        with bad.open("rb") as file:
            with pytest.raises(ProblemError) as refused:
                shared.poster(file, ROOM)
            assert refusal(refused).startswith("clip_not_shown"), name
            with pytest.raises(ProblemError):
                shared.filmstrip(file, ROOM)


def test_what_is_not_opened_has_a_word_of_its_own(
    shared: DecoderClient, clip: Path, tmp_path: Path
) -> None:
    """A form that nobody here decodes is not called damaged."""
    bad = tmp_path / "bad"
    for reason, data in hostile_media.clips_of_other_kinds(clip.read_bytes()):
        bad.write_bytes(data)
        with bad.open("rb") as file, pytest.raises(ProblemError) as refused:
            shared.poster(file, ROOM)
        assert refusal(refused) == f"clip_not_shown {reason}"


@pytest.mark.long
def test_a_large_picture_below_the_limit_is_shown(shared: DecoderClient, tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(hostile_media.png_of_nothing(8_000, 7_900))
    with (tmp_path / "large.png").open("rb") as file:
        assert shared.picture(file, ROOM).rows == 24
    alpha = Image.new("RGBA", (8_000, 7_900), (255, 0, 0, 128))
    (tmp_path / "alpha.png").write_bytes(encoded(alpha, "PNG", compress_level=1))
    with (tmp_path / "alpha.png").open("rb") as file:
        assert shared.picture(file, ROOM).rgb[:3] == b"\x80\0\0", "half red over black"


def test_a_hundred_tracks_are_too_many(shared: DecoderClient, tmp_path: Path) -> None:
    with hostile_media.many_tracks(tmp_path / "tracks.mp4", 100).open("rb") as file:
        with pytest.raises(ProblemError) as refused:
            shared.poster(file, ROOM)
        report = shared.facts(file)
    assert refusal(refused) == "clip_not_shown too_many_tracks"
    assert report.facts is not None
    assert report.facts.tracks == 100


def test_an_index_that_lies_about_its_media_leads_nowhere(
    shared: DecoderClient, tmp_path: Path
) -> None:
    """Thousands of boxes and of tracks: looked up, not searched through."""
    track = _track()
    moov = hostile_media.box(b"moov", track * 15_000)
    data = hostile_media.box(b"ftyp", b"isom") + hostile_media.box(b"mdat", b"") * 10_000 + moov
    (tmp_path / "tracks.mp4").write_bytes(data)
    began = time.process_time()
    with (tmp_path / "tracks.mp4").open("rb") as file:
        report = shared.facts(file)
    assert report.facts is not None
    assert report.facts.tracks == 15_000
    assert time.process_time() - began < 5


def test_only_regular_files_are_read(shared: DecoderClient, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/zero"), Path("/dev/null")):
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as file, pytest.raises(ProblemError) as refused:
            shared.picture(file, ROOM)
        assert refusal(refused) == "picture_not_shown not_regular"


def test_a_file_without_end_is_read_to_a_limit(shared: DecoderClient, tmp_path: Path) -> None:
    """A terabyte of nothing behind a good head."""
    jpeg, mp4 = tmp_path / "jpeg", tmp_path / "mp4"
    jpeg.write_bytes(encoded(picture(9, 9), "JPEG")[:200])
    mp4.write_bytes(b"\0\0\0\x18ftypisom" + b"\0" * 12)
    for path in (jpeg, mp4):
        os.truncate(path, 2**40)
    with jpeg.open("rb") as file, pytest.raises(ProblemError):
        shared.picture(file, ROOM)
    with mp4.open("rb") as file:
        with pytest.raises(ProblemError):
            shared.poster(file, ROOM)
        assert shared.facts(file).sha256 is None, "not hashed to its end"


def test_bytes_changed_by_chance_never_reach_further_than_the_helper(
    shared: DecoderClient, clip: Path, tmp_path: Path
) -> None:
    good = clip.read_bytes()
    moov, mdat = good.index(b"moov"), good.index(b"mdat")
    bad = tmp_path / "bad"
    variants = [
        *hostile_media.flipped(good, moov + 4, mdat - 4, 60),
        *hostile_media.flipped(good, mdat + 4, len(good), 20),
    ]
    for data in variants:
        bad.write_bytes(data)
        with bad.open("rb") as file:
            for make in (shared.poster, shared.filmstrip):
                try:
                    assert make(file, ROOM).cells.rows > 0
                except ProblemError as error:
                    assert error.problem.code == "clip_not_shown"
            shared.facts(file)
    jpeg = encoded(picture(300, 200), "JPEG")
    for data in hostile_media.flipped(jpeg, 2, len(jpeg), 60):
        bad.write_bytes(data)
        with bad.open("rb") as file:
            try:
                assert shared.picture(file, ROOM).rows > 0
            except ProblemError as error:
                assert error.problem.code in {
                    "reference_not_image",
                    "reference_damaged",
                    "reference_too_large",
                }


# What becomes of the process ------------------------------------------------------------------


def patched(monkeypatch: pytest.MonkeyPatch, patch: str) -> DecoderClient:
    """A decoder whose process does something else with a picture."""
    patch_decoder(monkeypatch, patch)
    return DecoderClient()


@pytest.mark.parametrize(
    ("patch", "reason"),
    [
        ("w._WORK['picture'] = lambda *a: bytearray(3 * 2**30)", "too_large"),
        ("w._WORK['picture'] = lambda *a: os.abort()", "crashed"),
        ("w._WORK['picture'] = lambda *a: os._exit(0)", "crashed"),
        ("w._WORK['picture'] = lambda *a: 1 / 0", "crashed"),
        ("w._CPU = 0\ndef spin(*a):\n while True: pass\nw._WORK['picture'] = spin", "too_slow"),
        ("w._WORK['picture'] = lambda *a: time.sleep(600)", "too_slow"),
        ("w._WORK['picture'] = lambda *a: ({'columns': 9, 'rows': 9}, [b'x', b''])", "crashed"),
        ("w._WORK['picture'] = lambda *a: ({'columns': 10**9, 'rows': 1}, [b'', b''])", "crashed"),
        ("w._WORK['picture'] = lambda *a: ({'columns': 'a', 'rows': []}, [b'', b''])", "crashed"),
        ("w._WORK['picture'] = lambda *a: ({'code': 'no such', 'facts': {}}, [])", "crashed"),
        ("w._WORK['picture'] = lambda *a: ({'code': {}, 'facts': 3}, [])", "crashed"),
        ("w._WORK['picture'] = lambda *a: ({'a': 'b' * 10**6}, [])", "crashed"),
        ("w._WORK['picture'] = lambda *a: ({}, [b'x' * (65 * 2**20)])", "crashed"),
        ("w._WORK['picture'] = lambda *a: ({'columns': 1e999, 'rows': 1}, [b'', b''])", "crashed"),
        (
            "w._WORK['picture'] = lambda *a: ({'columns': 1, 'rows': 1}, [b'6 byte', BOMB])",
            "crashed",
        ),
        ("w._WORK['picture'] = lambda *a: ({'code': 'disk_full', 'facts': {}}, [])", "crashed"),
        (
            "w._WORK['picture'] = lambda *a: (\n"
            " {'code': 'reference_damaged', 'facts': {'limit': 1e999}}, [])",
            "crashed",
        ),
        ("w._WORK['picture'] = lambda *a: ({'stopped': True}, [])", "crashed"),
        ("w.json.dumps = lambda *a: '[' * 60_000", "crashed"),
        ("w.json.dumps = lambda *a: '{\"parts\": [' + '9' * 5_000 + ']}'", "crashed"),
        ("w.json.dumps = lambda *a: str({str(n): n for n in range(5_000)})", "crashed"),
        (
            "def drip(wish, file, answer):\n"
            " answers = w.socket.socket(fileno=answer)\n"
            " answers.sendall((9_999).to_bytes(4))\n"
            " while answers.send(b' '): time.sleep(0.2)\n"
            "w._answer_once = drip",
            "too_slow",
        ),
        ("w.json.dumps = lambda *a: '[[['", "crashed"),
        ("w.json.dumps = lambda *a: '{\"parts\": [-1]}'", "crashed"),
    ],
)
def test_whatever_happens_to_it_there_is_a_word_and_another_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, patch: str, reason: str
) -> None:
    if "time.sleep" in patch:
        monkeypatch.setattr(helper_module, "PATIENCE", 1.5)
    decoder = patched(monkeypatch, patch)
    (tmp_path / "good").write_bytes(encoded(picture(64, 36), "PNG"))
    with (tmp_path / "good").open("rb") as file:
        with pytest.raises(ProblemError) as refused:
            decoder.picture(file, ROOM)
        assert refusal(refused) == f"picture_not_shown {reason}"
        monkeypatch.undo()
        decoder.stop()
        assert isinstance(decoder.picture(file, ROOM), Cells), "the next one is as good as new"
    decoder.stop()


@pytest.mark.parametrize(
    "told",
    [
        {"width": 10**300},
        {"width": -1},
        {"height": 1.5},
        {"seconds": float("nan")},
        {"seconds": float("inf")},
        {"fps": 1e300},
        {"bytes": "many"},
    ],
)
def test_facts_are_numbers_that_a_clip_can_have(clip: Path, told: dict[str, object]) -> None:
    with clip.open("rb") as file:
        facts = read_clip(file)[0]._asdict()
    assert read_report({"clip": facts}).facts is not None
    with pytest.raises((ValueError, LookupError, TypeError, AttributeError)):
        read_report({"clip": {**facts, **told}})


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_process_that_somebody_ends_or_stops_while_it_works_is_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: signal.Signals
) -> None:
    monkeypatch.setattr(helper_module, "PATIENCE", 1.5 if number == signal.SIGSTOP else 60)
    (tmp_path / "good").write_bytes(encoded(picture(64, 36), "PNG"))
    decoder = patched(monkeypatch, "w._WORK['facts'] = lambda *a: time.sleep(600)")
    with (tmp_path / "good").open("rb") as file:
        decoder.picture(file, ROOM)
        assert decoder._process is not None
        pid = decoder._process.pid
        threading.Timer(0.3, os.kill, (pid, number)).start()
        with pytest.raises(ProblemError) as refused:
            decoder.facts(file)
        slow = "clip_not_shown too_slow"
        assert refusal(refused) == (slow if number == signal.SIGSTOP else "clip_not_shown crashed")
        assert decoder.picture(file, ROOM).rows > 0
        assert not lives(pid)
    decoder.stop()


def test_a_process_that_is_killed_between_two_pictures_is_replaced(
    shared: DecoderClient, tmp_path: Path
) -> None:
    (tmp_path / "good").write_bytes(encoded(picture(64, 36), "PNG"))
    with (tmp_path / "good").open("rb") as file:
        shared.picture(file, ROOM)
        assert shared._process is not None
        for _ in range(5):
            before = shared._process.pid
            os.kill(before, signal.SIGKILL)
            os.waitid(os.P_PID, before, os.WEXITED | os.WNOWAIT)
            assert shared.picture(file, ROOM).rows > 0
            assert shared._process.pid != before


def test_one_decoder_process_serves_all_requests(shared: DecoderClient, tmp_path: Path) -> None:
    (tmp_path / "good").write_bytes(encoded(picture(64, 36), "PNG"))
    pids = set()
    for _ in range(5):
        with (tmp_path / "good").open("rb") as file:
            shared.picture(file, ROOM)
        assert shared._process is not None
        pids.add(shared._process.pid)
    assert len(pids) == 1


def test_what_nobody_wants_any_more_is_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Between two frames at once; and where there is no between, by a kill."""
    going_on = "def strip(file, wish, go_on):\n while True: go_on(); time.sleep(0.01)\n"
    deaf = "def strip(file, wish, go_on): time.sleep(600)\n"
    (tmp_path / "good").write_bytes(b"")
    for patch, survives in ((going_on, True), (deaf, False)):
        decoder = patched(monkeypatch, patch + "w._WORK['filmstrip'] = strip")
        wanted = threading.Event()
        threading.Timer(0.3, wanted.set).start()
        with (tmp_path / "good").open("rb") as file, pytest.raises(NotWantedError):
            decoder.filmstrip(file, ROOM, is_wanted=lambda: not wanted.is_set())  # noqa: B023
        assert (decoder._process is not None) is survives
        decoder.stop()


def test_an_answer_that_comes_too_late_costs_no_new_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The cursor goes on again and again; what was made for it is thrown away."""
    late = (
        "def late(file, wish, go_on):\n"
        " try:\n"
        "  while True: go_on(); time.sleep(0.01)\n"
        " except w._Stopped: pass\n"
        " return {'columns': 1, 'rows': 1}, [b'r' * 6, b'', b'j' * 2**22]\n"
        "w._WORK['poster'] = late"
    )
    decoder = patched(monkeypatch, late)
    (tmp_path / "good").write_bytes(encoded(picture(64, 36), "PNG"))
    with (tmp_path / "good").open("rb") as file:
        decoder.picture(file, ROOM)
        assert decoder._process is not None
        pid = decoder._process.pid
        asked = iter([True, True, True])
        with pytest.raises(NotWantedError):
            decoder.poster(file, ROOM, is_wanted=lambda: next(asked, False))
        assert decoder.picture(file, ROOM).rows > 0
        assert decoder._process.pid == pid
    decoder.stop()


def test_a_request_that_waits_for_its_turn_can_be_cancelled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "good").write_bytes(b"")
    decoder = DecoderClient()
    with decoder._turn, (tmp_path / "good").open("rb") as file, pytest.raises(NotWantedError):
        decoder.picture(file, ROOM, is_wanted=lambda: False)


#: What somebody would try who steers a decoder: each of these has to fail.
TRIED = {
    "read": "open('/etc/passwd')",
    "write": "open(PLACE + '/written', 'w')",
    "socket": "socket.socket()",
    "datagrams": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "pair": "socket.socketpair()",
    "pipe": "os.pipe()",
    "copy": "os.dup(1)",
    "listing": "os.listdir('/')",
    "library": "import_module('zoneinfo')",
    "a file closed": "os.close(1), open('/etc/passwd')",
}
if os.geteuid() != 0:  # root may, where nobody took that from it
    TRIED["more"] = "w.resource.setrlimit(w.resource.RLIMIT_NOFILE, (9, 9))"
#: What a kernel with Landlock refuses, too.
TRIED_BY_NAME = {
    "unlink": "os.unlink(PLACE + '/good')",
    "rename": "os.rename(PLACE + '/good', PLACE + '/bad')",
    "folder": "os.mkdir(PLACE + '/folder')",
    "program": "os.execv('/bin/true', ['/bin/true'])",
}


def reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tried: dict[str, str]
) -> dict[str, object]:
    """What became of each try, made by the process while it has a stranger's file."""
    program = (
        "import socket\n"
        "from importlib import import_module\n"
        f"PLACE = {str(tmp_path)!r}\n"
        f"TRIED = {tried!r}\n"
        "def tries(file, wish, go_on):\n"
        " said = {}\n"
        " for name, code in TRIED.items():\n"
        "  try: eval(code); said[name] = 'yes'\n"
        "  except (OSError, ValueError) as error: said[name] = 'no'\n"
        " said['keys'] = str('never-shown' in ' '.join(os.environ.values()))\n"
        " said['cwd'] = os.getcwd()\n"
        " raise w.problem_error('picture_not_shown', **said)\n"
        "w._WORK['picture'] = tries"
    )
    decoder = patched(monkeypatch, program)
    (tmp_path / "good").write_bytes(b"")
    with (tmp_path / "good").open("rb") as file, pytest.raises(ProblemError) as told:
        decoder.picture(file, ROOM)
    decoder.stop()
    return dict(told.value.problem.facts)


def test_the_decoder_has_no_keys_and_can_open_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No file, no socket: not by a library that wants to, nor by a decoder that is steered."""
    monkeypatch.setenv("SORA_API_KEY", "sk-never-shown")
    monkeypatch.setenv("LAB_KEY", "sk-never-shown")
    said = reported(monkeypatch, tmp_path, TRIED)
    assert (said.pop("keys"), said.pop("cwd")) == ("False", "/")
    assert said == dict.fromkeys(TRIED, "no")


@pytest.mark.skipif(not HAS_LANDLOCK, reason="this kernel has no Landlock")
def test_the_decoder_can_name_no_file_where_the_kernel_has_landlock(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What needs no descriptor: to delete a file, to rename it, to run one."""
    said = reported(monkeypatch, tmp_path, TRIED_BY_NAME)
    assert said.items() >= dict.fromkeys(TRIED_BY_NAME, "no").items()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good"]


def test_the_decoder_keeps_nothing_of_one_file_for_the_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not in its memory, and no answer that nobody asked for."""
    program = (
        "w.seen = 0\n"
        "def look(file, wish, go_on):\n"
        " w.seen += 1\n"
        " return {'columns': w.seen, 'rows': 1}, [b'r' * 6 * w.seen, b'', b'more' * 100]\n"
        "w._WORK['poster'] = look"
    )
    decoder = patched(monkeypatch, program)
    (tmp_path / "good").write_bytes(b"")
    with (tmp_path / "good").open("rb") as file:
        assert [decoder.poster(file, ROOM).cells.columns for _ in range(3)] == [1, 1, 1]
        assert decoder._process is not None
    decoder.stop()


def test_the_decoder_ends_when_its_client_is_killed(tmp_path: Path) -> None:
    """A kill of the program takes the decoder along."""
    program = (
        "import os, sys\nfrom sora_tui.media.decoder_client import *\n"
        "h = DecoderClient()\n"
        "h.facts(open(sys.argv[1], 'rb'))\n"
        "print(h._process.pid, flush=True)\nos.kill(os.getpid(), 9)"
    )
    (tmp_path / "file").write_bytes(b"")
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "file"], capture_output=True, check=False
    )
    pid = int(done.stdout)
    until = time.monotonic() + 60
    while lives(pid):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_decoder_client_never_imports_a_decoder(clip: Path) -> None:
    """Neither PyAV nor Pillow comes into the process that asks, whatever it asks for."""
    program = (
        "import sys\nfrom sora_tui.media.decoder_client import *\n"
        "h = DecoderClient()\n"
        "file = open(sys.argv[1], 'rb')\n"
        "h.facts(file), h.poster(file, CellArea(9, 9)), h.filmstrip(file, CellArea(90, 9))\n"
        "h.stop()\nprint({'av', 'PIL'} & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, clip], capture_output=True, text=True, check=False
    )
    assert done.stdout == "set()\n", done.stderr


def test_without_pyav_there_are_facts_and_a_word(
    monkeypatch: pytest.MonkeyPatch, clip: Path
) -> None:
    decoder = patched(monkeypatch, "import sys; sys.modules['av'] = None")
    with clip.open("rb") as file:
        with pytest.raises(ProblemError) as refused:
            decoder.poster(file, ROOM)
        assert refusal(refused) == "clip_not_shown no_decoder"
        assert decoder.facts(file).facts is not None
    decoder.stop()


def _is_yellow(image: Image.Image, place: tuple[int, int]) -> bool:
    pixel = image.getpixel(place)
    assert isinstance(pixel, tuple)
    return pixel[0] > 180


def _track() -> bytes:
    """The least that counts as a picture track, its media far away."""
    stbl = hostile_media.box(
        b"stbl",
        hostile_media.box(b"stsd", b"\0" * 8 + b"\0\0\0\x56avc1" + b"\0" * 40)
        + hostile_media.box(b"stts", b"\0" * 8)
        + hostile_media.box(b"stco", struct.pack(">IIII", 0, 2, 2**31, 2**31)),
    )
    mdia = hostile_media.box(
        b"mdia",
        hostile_media.box(b"mdhd", b"\0" * 24)
        + hostile_media.box(b"hdlr", b"\0" * 8 + b"vide" + b"\0" * 12)
        + hostile_media.box(b"minf", stbl),
    )
    return hostile_media.box(b"trak", mdia)
