"""Old bytes or new bytes, at every instant; and never anybody else's file."""

from __future__ import annotations

import errno
import os
import random
import stat
import time
from pathlib import Path

import pytest

from sora_tui.core.problem import ProblemError
from sora_tui.workspace.atomic import TEMPORARY, publish, write_atomic
from tests.support.child_processes import line, python

_WRITE_FOR_EVER = """
    import sys
    from itertools import cycle
    from pathlib import Path
    from sora_tui.workspace.atomic import write_atomic

    path = Path(sys.argv[1])
    for letter in cycle((b"a", b"b")):
        write_atomic(path, letter * 300_000)
        print("written", flush=True)
"""


def test_kill_9_leaves_one_whole_file(tmp_path: Path) -> None:
    chance = random.Random(7)
    path = tmp_path / "document.json"
    for _ in range(8):
        with python(_WRITE_FOR_EVER, path) as process:
            assert line(process) == "written"
            time.sleep(chance.uniform(0, 0.01))  # anywhere in one of the next writes
        data = path.read_bytes()
        assert len(data) == 300_000
        assert len(set(data)) == 1
    left = [name.name for name in tmp_path.iterdir() if name != path]
    assert all(TEMPORARY.fullmatch(name) for name in left)


def test_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_atomic(tmp_path / "document.json", b"{}")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "document.json").stat().st_mode) == 0o600


def test_a_full_disk_is_a_problem_and_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "document.json"
    path.write_bytes(b"old")
    code = """
        import resource, sys
        from pathlib import Path
        from sora_tui.core.problem import ProblemError
        from sora_tui.workspace.atomic import write_atomic

        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        try:
            write_atomic(Path(sys.argv[1]), b"x" * 10_000)
        except ProblemError as error:
            print(error.problem.code)
    """
    with python(code, path) as process:
        assert line(process) == "disk_full"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_went_away_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ProblemError) as caught:
        write_atomic(tmp_path / "gone" / "document.json", b"{}")
    assert caught.value.problem.code == "folder_missing"


#: How file systems and security modules refuse a second name for a file.
NO_LINKS = ("EPERM", "EACCES", "EXDEV", "ENOSYS", "EOPNOTSUPP", "EMLINK", "EINVAL")


@pytest.mark.parametrize("refusal", [None, *NO_LINKS])
def test_publishing_never_takes_a_name_that_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: str | None
) -> None:
    if refusal is not None:  # FAT and its kin cannot be mounted in a test

        def refuse(*_: object, **__: object) -> None:
            raise OSError(getattr(errno, refusal), "no hard links here")

        monkeypatch.setattr(os, "link", refuse)
    theirs = tmp_path / "clip.mp4"
    theirs.write_bytes(b"the person's own")
    part = tmp_path / ".part"
    part.write_bytes(b"ours")
    first = publish(part, theirs)
    part.write_bytes(b"another of ours")
    second = publish(part, theirs)
    assert theirs.read_bytes() == b"the person's own"
    assert (first.name, first.read_bytes()) == ("clip-1.mp4", b"ours")
    assert (second.name, second.read_bytes()) == ("clip-2.mp4", b"another of ours")
    assert not part.exists()


def test_a_file_that_cannot_be_moved_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:  # as above: no such mount in a test
        raise OSError(errno.EXDEV, "another device")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    part, target = tmp_path / ".part", tmp_path / "clip.mp4"
    part.write_bytes(b"ours" * 1000)
    assert publish(part, target) == target
    assert target.read_bytes() == b"ours" * 1000
    assert list(tmp_path.iterdir()) == [target]


def test_a_disk_that_refuses_the_move_leaves_no_empty_clip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:  # as above
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    part = tmp_path / ".part"
    part.write_bytes(b"ours")
    with pytest.raises(ProblemError) as caught:
        publish(part, tmp_path / "clip.mp4")
    assert caught.value.problem.code == "disk_full"
    assert list(tmp_path.iterdir()) == [part]


def test_a_publication_cut_short_is_finished_not_doubled(tmp_path: Path) -> None:
    part, target = tmp_path / ".part", tmp_path / "clip.mp4"
    part.write_bytes(b"ours")
    os.link(part, target)  # killed right here; the download was made again
    part.unlink()
    part.write_bytes(b"ours")
    assert publish(part, target) == target
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
