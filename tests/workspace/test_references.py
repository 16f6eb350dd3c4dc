"""Pictures: only from `input_reference/`, judged by content, sent to the byte as agreed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from sora_tui.core.problem import ProblemError
from sora_tui.core.reference_fit import ImageFacts, badge
from sora_tui.core.request import COVER, EXACT, Fit
from sora_tui.media import decoder_client
from sora_tui.media.decoder_client import DecoderClient, PreparedPicture
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.references import Prepared, Shelf, keep, read_reference_image, sent_bytes
from tests.support.pictures import encoded, picture

_SIZE = "64x36"


DECODER = DecoderClient()


@pytest.fixture(scope="module", autouse=True)
def stop_helper() -> Iterator[None]:
    yield
    DECODER.stop()


def read(folder: Folder, path: str | Path, size: str | None, fit: Fit) -> Prepared:
    return read_reference_image(folder, path, size, fit, DECODER)


def _draw(path: Path, format_: str = "PNG", width: int = 64, height: int = 36) -> bytes:
    data = encoded(picture(width, height), format_)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return data


def _url(folder: Folder) -> str:
    return "https://lab.example.org/pier.png"


def _data_url(folder: Folder) -> str:
    return "data:image/png;base64,iVBORw0KGgo="


def _nothing(folder: Folder) -> str:
    return "nope.png"


def _null(folder: Folder) -> str:
    return "pier\0.png"


def _outside(folder: Folder) -> Path:
    _draw(folder.root / "pier.png")
    return folder.root / "pier.png"


def _dots(folder: Folder) -> str:
    _draw(folder.root / "pier.png")
    return "input_reference/../pier.png"


def _same_beginning(folder: Folder) -> Path:
    evil = folder.root / "input_reference_evil" / "pier.png"
    _draw(evil)
    return evil


def _link_to_a_file_outside(folder: Folder) -> str:
    _draw(folder.root / "secret.png")
    (folder.references / "pier.png").symlink_to(folder.root / "secret.png")
    return "pier.png"


def _link_to_a_folder_outside(folder: Folder) -> str:
    _draw(folder.root / "elsewhere" / "pier.png")
    (folder.references / "sub").symlink_to(folder.root / "elsewhere")
    return "input_reference/sub/pier.png"


def _link_in_a_circle(folder: Folder) -> str:
    (folder.references / "pier.png").symlink_to(folder.references / "pier.png")
    return "pier.png"


def _fifo(folder: Folder) -> str:
    os.mkfifo(folder.references / "pier.png")
    return "pier.png"


def _folder(folder: Folder) -> str:
    (folder.references / "sub").mkdir()
    return "sub"


def _the_folder_itself(folder: Folder) -> Path:
    return folder.references


def _text(folder: Folder) -> str:
    (folder.references / "pier.png").write_text("<svg/>")
    return "pier.png"


def _cut(folder: Folder) -> str:
    path = folder.references / "pier.jpg"
    path.write_bytes(_draw(path, "JPEG", 640, 360)[:-2000])
    return "pier.jpg"


def _huge(folder: Folder) -> str:
    with (folder.references / "pier.png").open("wb") as file:
        file.truncate(51 * 1024 * 1024)
    return "pier.png"


def _another_size(folder: Folder) -> str:
    _draw(folder.references / "pier.png", width=65)
    return "pier.png"


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_url, "reference_is_url"),
        (_data_url, "reference_is_url"),
        (_nothing, "reference_missing"),
        (_null, "reference_missing"),
        (_outside, "reference_outside"),
        (_dots, "reference_outside"),
        (_same_beginning, "reference_outside"),
        (_link_to_a_file_outside, "reference_outside"),
        (_link_to_a_folder_outside, "reference_outside"),
        (_link_in_a_circle, "reference_missing"),
        (_fifo, "reference_not_file"),
        (_folder, "reference_not_file"),
        (_the_folder_itself, "reference_outside"),
        (_text, "reference_not_image"),
        (_cut, "reference_damaged"),
        (_huge, "reference_too_big"),
        (_another_size, "reference_wrong_size"),
    ],
)
@pytest.mark.timeout(10)
def test_bad_references_are_refused_by_name(
    folder: Folder, make: Callable[[Folder], str | Path], code: str
) -> None:
    path = make(folder)
    with pytest.raises(ProblemError) as caught:
        read(folder, path, _SIZE, EXACT)
    assert caught.value.problem.code == code
    assert "pier" in str(caught.value.problem.facts["path"]) or make in {
        *(_nothing, _folder, _the_folder_itself, _data_url),
    }
    assert not list(folder.sent.iterdir())


@pytest.mark.parametrize("fit", [EXACT, COVER])
@pytest.mark.parametrize(
    ("format_", "mime"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")]
)
def test_a_picture_that_fits_is_sent_to_the_byte(
    folder: Folder, format_: str, mime: str, fit: Fit
) -> None:
    data = _draw(folder.references / "wrongly-named.gif", format_)
    prepared = read(folder, "wrongly-named.gif", _SIZE, fit)
    assert prepared.reference.sha256 == hashlib.sha256(data).hexdigest()
    assert (prepared.mime, prepared.as_png) == (mime, False)
    keep(folder, prepared)
    assert sent_bytes(folder, prepared.reference) == (data, mime)
    assert (folder.references / "wrongly-named.gif").read_bytes() == data


@pytest.mark.parametrize("format_", ["GIF", "BMP"])
def test_gif_and_bmp_travel_as_png(folder: Folder, format_: str) -> None:
    data = _draw(folder.references / "sub" / "pier", format_)
    prepared = read(folder, "sub/pier", _SIZE, EXACT)
    assert (prepared.mime, prepared.as_png) == ("image/png", True)
    assert (prepared.width, prepared.height) == (64, 36)
    assert prepared.filename == "pier.png"
    assert (folder.references / "sub" / "pier").read_bytes() == data


def test_a_fit_makes_the_same_copy_each_time_and_tells_what_is_cut(folder: Folder) -> None:
    data = _draw(folder.references / "pier.png", width=128, height=96)
    first, again = (read(folder, "pier.png", _SIZE, COVER) for _ in range(2))
    assert first == again
    assert (first.width, first.height, first.mime) == (64, 36, "image/jpeg")
    assert first.reference.fit == COVER
    assert first.cut == pytest.approx(0.25)
    assert (folder.references / "pier.png").read_bytes() == data


def test_every_way_to_name_a_picture_is_the_same(folder: Folder) -> None:
    _draw(folder.references / "pier.png")
    _draw(folder.root / "pier.png", width=99)  # of the same name, where it must not be looked for
    (folder.references / "link.png").symlink_to("pier.png")
    names = ("pier.png", "input_reference/pier.png", folder.references / "pier.png", "link.png")
    prepared = [read(folder, name, _SIZE, EXACT) for name in names]
    assert {one.reference.path for one in prepared} == {"input_reference/pier.png"}


def test_what_was_agreed_is_what_is_sent(folder: Folder) -> None:
    _draw(folder.references / "pier.png")
    prepared = read(folder, "pier.png", None, EXACT)
    with pytest.raises(ProblemError, match="reference_missing"):
        sent_bytes(folder, prepared.reference)
    keep(folder, prepared)
    (folder.references / "pier.png").write_text("something else by now")
    assert sent_bytes(folder, prepared.reference)[0] == prepared.data
    (kept,) = folder.sent.iterdir()
    kept.write_bytes(prepared.data + b"x")
    with pytest.raises(ProblemError, match="reference_changed"):
        sent_bytes(folder, prepared.reference)
    keep(folder, prepared)
    assert sent_bytes(folder, prepared.reference)[0] == prepared.data


@pytest.mark.timeout(10)
def test_the_list_holds_files_and_their_headers_and_follows_nothing(folder: Folder) -> None:
    _draw(folder.references / "b" / "dawn.gif", "GIF")
    _draw(folder.references / "a.png")
    (folder.references / "notes.txt").write_text("x")
    (folder.references / ".hidden.png").write_text("x")
    (folder.references / "link").symlink_to(folder.root)
    os.mkfifo(folder.references / "pipe.png")
    shelf = Shelf(folder)
    listed = [(file.path, file.facts and file.facts.format) for file in shelf.read(shelf.files())]
    assert listed == [("a.png", "PNG"), ("b/dawn.gif", "GIF"), ("notes.txt", None)]


def test_what_a_picture_says_late_in_its_header_is_read_too(folder: Folder) -> None:
    """That it is animated, behind a colour profile longer than what is read of most files."""
    frames = [picture(64, 36), picture(32, 18).resize((64, 36))]
    profile = {"icc_profile": os.urandom(9000), "save_all": True, "append_images": frames[1:]}
    (folder.references / "late.png").write_bytes(encoded(frames[0], "PNG", **profile))
    (folder.references / "plain.png").write_bytes(encoded(frames[0], "PNG"))
    shelf = Shelf(folder)
    read = {file.path: badge(file.facts, None).reason for file in shelf.read(shelf.files())}
    assert read == {"late.png": "reference_animated", "plain.png": None}


def test_a_jpeg_with_a_long_profile_has_a_size_in_the_list(folder: Folder) -> None:
    data = encoded(picture(160, 90), "JPEG", icc_profile=b"p" * 600_000)
    (folder.references / "print.jpg").write_bytes(data)
    shelf = Shelf(folder)
    (file,) = shelf.read(shelf.files())
    assert file.facts is not None
    assert (file.facts.width, file.facts.height) == (160, 90)


def test_a_header_is_read_once_until_the_file_changes(folder: Folder) -> None:
    hour_ago = time.time() - 3600

    def draw(name: str, width: int = 64) -> None:
        _draw(folder.references / name, width=width)
        os.utime(folder.references / name, (hour_ago, hour_ago))

    draw("old/pier.png")
    draw("dawn.png")
    shelf = Shelf(folder)
    assert [file.was_read for file in shelf.files()] == [False, False]
    first = shelf.read(shelf.files())
    assert shelf.files() == first, "nothing is left to read"
    assert not shelf.is_stale()
    draw("old/new.png", width=99)
    assert shelf.is_stale(), "also when it is a nested folder that got a file"
    left = [file for file in shelf.files() if not file.was_read]
    assert [file.path for file in left] == ["old/new.png"]
    shelf.read(left)
    draw("dawn.png", width=32)
    (changed,) = shelf.read([file for file in shelf.files() if not file.was_read])
    assert changed.facts is not None
    assert changed.facts.width == 32


def test_a_file_that_is_still_being_copied_is_looked_at_again(folder: Folder) -> None:
    whole = _draw(folder.references / "pier.png")
    (folder.references / "pier.png").write_bytes(whole[:10])
    shelf = Shelf(folder)
    (cut,) = shelf.read(shelf.files())
    assert cut.facts is None
    (folder.references / "pier.png").write_bytes(whole)
    assert shelf.is_stale()
    (found,) = shelf.read(shelf.files())
    assert found.facts is not None
    (folder.references / "pier.png").unlink()
    assert shelf.files() == []


@pytest.mark.parametrize(
    ("facts", "size", "kind", "cut"),
    [
        (ImageFacts("PNG", 64, 36), _SIZE, "ok", None),
        (ImageFacts("PNG", 64, 36), None, "ok", None),
        (ImageFacts("GIF", 64, 36, frames=9), _SIZE, "png", None),
        (ImageFacts("JPEG", 128, 96), _SIZE, "fit", 0.25),
        (ImageFacts("JPEG", 64, 36, turned=True), _SIZE, "fit", 0.0),
        (ImageFacts("WEBP", 64, 36, frames=9), _SIZE, "no", None),
        (ImageFacts("PNG", 30_000, 30_000), _SIZE, "no", None),
        (None, _SIZE, "no", None),
    ],
)
def test_badges_follow_the_size(
    facts: ImageFacts | None, size: str | None, kind: str, cut: float | None
) -> None:
    shown = badge(facts, size)
    assert (shown.kind, shown.cut) == (kind, cut)
    assert (shown.reason is not None) is (kind == "no")


def test_a_picture_is_never_opened_here(folder: Folder) -> None:
    """Whoever sends a bomb or a broken file is refused by the process with limits."""
    script = (
        "import sys; from pathlib import Path;"
        "from sora_tui.core.request import COVER;"
        "from sora_tui.workspace.folder import open_folder;"
        "from sora_tui.workspace.references import read_reference_image;"
        f"folder = open_folder(Path({str(folder.root)!r}));"
        "made = read_reference_image(folder, 'a.png', '64x36', COVER);"
        "print(made.width, made.height, 'PIL' in sys.modules)"
    )
    _draw(folder.references / "a.png", width=99, height=50)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.split() == [b"64", b"36", b"False"]


def test_a_picture_that_takes_too_much_is_refused_in_words(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    _draw(folder.references / "a.png")
    monkeypatch.setattr(decoder_client, "PATIENCE", 0.0)
    with pytest.raises(ProblemError) as refused:
        read_reference_image(folder, "a.png", None, EXACT)
    assert refused.value.problem.code == "reference_not_opened"
    assert refused.value.problem.facts == {"path": "input_reference/a.png", "reason": "too_slow"}


def test_a_picture_that_changes_while_it_is_read_is_not_sent(folder: Folder) -> None:
    data = _draw(folder.references / "a.png")

    class Slow(DecoderClient):
        def reference(self, file: BinaryIO, size: str | None, fit: Fit) -> PreparedPicture:
            found = super().reference(file, size, fit)
            (folder.references / "a.png").write_bytes(data[:-1] + b"x")
            return found

    slow = Slow()
    try:
        with pytest.raises(ProblemError) as refused:
            read_reference_image(folder, "a.png", None, EXACT, slow)
    finally:
        slow.stop()
    assert refused.value.problem.code == "reference_changed"
