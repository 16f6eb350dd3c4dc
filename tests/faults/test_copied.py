"""Orders that wait in a folder that is copied, put back or used elsewhere are not paid twice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.installed_program import Ended, Workspace, ended, workspace

PROMPTS = ("A kite", "A boat", "A fox")


def waiting(place: Workspace) -> None:
    """Three orders in the documents of the folder, none of them sent."""
    (place.metadata / ".paused").parent.mkdir(exist_ok=True)
    (place.metadata / ".paused").touch()
    place.ask_for(*PROMPTS)
    owner = place.start("wait")
    place.server.wait_until(lambda _: place.states() == {"pending": 3})
    owner.kill()
    owner.wait()
    (place.metadata / ".paused").unlink()


def wait_in(place: Workspace, root: Path) -> Ended:
    return ended(place.start("wait", environment={"SORA_WORKSPACE": str(root)}), 100)


def documents(root: Path) -> list[dict[str, Any]]:
    return [json.loads(p.read_bytes()) for p in sorted((root / "metadata").glob("2*.json"))]


@pytest.mark.parametrize("can_list", [True, False], ids=["a list", "no list"])
def test_a_copied_folder_pays_none_of_its_orders_again(tmp_path: Path, can_list: bool) -> None:
    with workspace(tmp_path) as place:
        place.server.can_list = can_list
        waiting(place)
        copy = tmp_path / "copy"
        shutil.copytree(place.root, copy)
        first = wait_in(place, copy)
        assert first.code == 6, first.words
        assert b"--send-again" in first.err
        assert b"copied" in first.err
        assert place.server.paid == 0, "the copy asks"
        done = place.run("wait")
        assert done.code == 0, done.words
        assert place.server.paid == 3, "the folder itself does not"
        if not can_list:
            new = ended(
                place.start("generate", "A new one", environment={"SORA_WORKSPACE": str(copy)})
            )
            assert new.code == 0, "what is asked about keeps nothing else back\n" + new.words
            assert place.server.paid == 4
            return
        again = wait_in(place, copy)
        assert again.code == 0, again.words
        assert place.server.paid == 3
        assert {document["state"] for document in documents(copy)} == {"saved"}


def test_a_yes_sends_it_from_the_copy_too(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        waiting(place)
        shutil.copytree(place.root, copy := tmp_path / "copy")
        job_id = documents(copy)[0]["id"]
        done = ended(
            place.start(
                *("wait", job_id, "--send-again", "--yes"),
                environment={"SORA_WORKSPACE": str(copy)},
            )
        )
        assert done.code == 0, done.words
        assert place.server.paid == 1


def test_a_backup_that_is_copied_over_the_folder_sends_nothing_again(tmp_path: Path) -> None:
    """`cp -a backup/. .` writes into the files that are there: the mark keeps its inode."""
    with workspace(tmp_path) as place:
        place.server.can_list = False
        waiting(place)
        shutil.copytree(place.root, backup := tmp_path / "backup")
        inode = (place.metadata / ".mark").stat().st_ino
        done = place.run("wait")
        assert done.code == 0, done.words
        shutil.copytree(backup, place.root, dirs_exist_ok=True)
        assert (place.metadata / ".mark").stat().st_ino == inode
        assert place.states() == {"pending": 3}
        done = place.run("wait")
        assert done.code == 6, done.words
        assert place.server.paid == 3


def test_the_folder_itself_renamed_or_started_again_asks_nothing(tmp_path: Path) -> None:
    """A kill, a reboot, another name: its orders go out, after a look that costs nothing."""
    with workspace(tmp_path) as place:
        waiting(place)
        place.root.rename(renamed := tmp_path / "renamed")
        place.root.symlink_to(renamed)  # the harness looks there
        done = wait_in(place, renamed)
        assert done.code == 0, done.words
        listed = place.server.seen("GET", "/videos")
        assert listed, "looked for before they were sent"
        assert place.server.paid == 3


def test_an_order_of_a_version_without_marks_waits_for_a_yes(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        waiting(place)
        for path in place.metadata.glob("2*.json"):
            document = json.loads(path.read_bytes())
            del document["handed_in"]
            path.write_text(json.dumps(document))
        done = place.run("wait")
        assert done.code == 6, done.words
        assert place.server.paid == 0
        done = ended(place.start("wait", *(d["id"] for d in place.documents()), "--give-up"))
        assert done.code == 0, done.words
