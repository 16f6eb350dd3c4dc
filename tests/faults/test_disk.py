"""Full and unwritable disks: refused before anything is paid, and no paid answer is forgotten."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sora_tui.core.job import State
from sora_tui.core.secret import Secret
from sora_tui.core.server import Server
from sora_tui.engine.events import EngineFault
from sora_tui.workspace.folder import open_folder
from tests.support.engine_watcher import running
from tests.support.fault_server import Act, Call, kill_client
from tests.support.installed_program import KEY, ended, workspace


@contextmanager
def small_disk(place: Path, options: str = "size=2m") -> Iterator[None]:
    """A file system of its own for a folder; only root may do that."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "none", str(place)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path) -> Path:
    """Fill a disk to the last byte; removing the file frees it."""
    ballast = place / "ballast"
    with suppress_full(), ballast.open("wb", buffering=0) as file:
        while file.write(b"\0" * 4096):
            pass
    return ballast


@contextmanager
def suppress_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        assert error.errno == 28, error


def test_a_full_disk_refuses_before_anything_is_paid(tmp_path: Path) -> None:
    with workspace(tmp_path) as place, small_disk(place.root):
        assert place.run("jobs").code == 0  # makes the folders
        ballast = fill(place.root)
        done = place.generate("A kite")
        assert done.code == 5, done.words
        assert place.server.calls == []
        ballast.unlink()
        done = place.generate("A kite")
        assert done.code == 0, done.words
        assert place.server.paid == 1


def test_files_that_may_not_grow_refuse_before_anything_is_paid(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, 16_384))

    with workspace(tmp_path) as place:
        done = ended(place.start("generate", "A kite", preexec=limit))
        assert done.code == 5, done.words
        assert place.server.calls == []


@pytest.mark.parametrize("then", [None, kill_client], ids=["full", "full and killed"])
def test_the_answer_to_a_paid_request_fits_a_disk_that_filled_up_meanwhile(
    tmp_path: Path, then: Act | None
) -> None:
    with workspace(tmp_path) as place, small_disk(place.root):
        place.server.can_list = False  # so that only the document can know the id

        def fill_up(call: Call) -> None:
            video = call.make()
            fill(place.root)
            call.reply(video)

        def look(call: Call) -> None:
            if then is not None:
                then(call)
            call.reply({"error": {"message": "busy"}}, 503)

        place.server.posts["*"] = [fill_up]
        place.server.gets["*"] = [look]
        process = place.start("generate", "A kite")
        place.server.hunt(process.pid)
        done = ended(process)
        (document,) = place.documents()
        assert document["remote_id"] == "video_1", done.words
        (place.root / "ballast").unlink()
        done = place.run("wait")
        assert done.code == 0, done.words
        assert place.server.paid == 1
        place.check_all_saved()
        assert not list(place.metadata.glob(".*.next"))


def test_a_disk_that_fills_up_under_a_download_loses_nothing(tmp_path: Path) -> None:
    with workspace(tmp_path) as place, small_disk(place.root):

        def fill_up(call: Call) -> None:
            fill(place.root)
            call.reply(call.server.clip, content_type="video/mp4")

        place.server.contents["*"] = [fill_up]
        done = place.generate("A kite")
        assert done.code == 5, done.words
        assert not list((place.root / "output").iterdir())
        (place.root / "ballast").unlink()
        done = place.run("wait")
        assert done.code == 0, done.words
        assert place.server.paid == 1
        place.check_all_saved()


def test_an_engine_that_starts_on_a_full_disk_begins_when_there_is_room(tmp_path: Path) -> None:
    with workspace(tmp_path) as place, small_disk(place.root):
        place.server.contents["*"] = [kill_client]
        place.killed("generate", "A kite")
        for index in place.metadata.glob(".index*"):
            index.unlink()  # it would be given up, and make room
        ballast = fill(place.root)
        lab = Server(name="env", base_url=place.server.base_url, key=Secret(KEY))
        with running(open_folder(place.root), server=lab) as (_, watcher):
            fault = watcher.wait_for(lambda event: isinstance(event, EngineFault))
            assert isinstance(fault, EngineFault)
            assert fault.problem.code == "disk_full"
            ballast.unlink()
            watcher.wait_for_state(State.SAVED)
        assert place.server.paid == 1
        place.check_all_saved()


def test_documents_that_cannot_be_written_refuse_before_anything_is_paid(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        assert place.run("jobs").code == 0
        with small_disk(place.metadata, "ro,size=64k"):
            done = place.generate("A kite")
            assert done.code == 5, done.words
        assert place.server.calls == []
