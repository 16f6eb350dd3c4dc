"""What no kill can show: the order of the system calls, and names that are taken."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.support.fault_server import Call
from tests.support.installed_program import ended, workspace

STRACE = shutil.which("strace")
_CALL = re.compile(r'(fsync|rename|sendto)\((?:\d+<([^>]*)>|"([^"]*)")(?:, "([^"]*)")?')


@pytest.mark.skipif(STRACE is None, reason="strace is not installed: no system call can be seen")
def test_the_intent_is_durable_before_the_first_byte_leaves(tmp_path: Path) -> None:
    """A power cut forgets what was not synced; a kill does not, so only the order proves it."""
    assert STRACE is not None
    trace = tmp_path / "trace"
    watch = [STRACE, "-f", "-qqq", "-y", "-o", str(trace), "-e", "trace=fsync,rename,sendto"]
    with workspace(tmp_path) as place:
        done = ended(place.start("generate", "A kite", before=watch))
        assert done.code == 0, done.words
        (document,) = place.documents()
    calls = [match.groups(default="") for match in _CALL.finditer(trace.read_text())]
    post = next(n for n, (name, *_, text) in enumerate(calls) if text.startswith("POST "))
    intent = f"{place.metadata}/{document['id']}.json"
    renamed = max(
        n for n, call in enumerate(calls[:post]) if call[0] == "rename" and call[3] == intent
    )
    part = calls[renamed][2]
    synced = [path for name, path, *_ in calls[:renamed] if name == "fsync"]
    assert part in synced, "the intent was renamed before it was synced"
    folders = [path for name, path, *_ in calls[renamed:post] if name == "fsync"]
    assert str(place.metadata) in folders, "its name was not synced before the request"


def test_a_file_of_the_persons_own_is_never_overwritten(tmp_path: Path) -> None:
    """It appears under the clip's very name while the clip is on its way."""
    taken: list[Path] = []

    with workspace(tmp_path) as place:

        def plant(call: Call) -> None:
            (path,) = place.metadata.glob("2*.json")
            stamp = re.sub(r"[-:]", "", json.loads(path.read_bytes())["created_at"])
            name = f"{stamp[:8]}-{stamp[9:15]}Z_video_1.mp4"
            taken.append(place.root / "output" / name)
            taken[0].write_bytes(b"mine")
            call.reply(call.server.clip, content_type="video/mp4")

        place.server.contents["*"] = [plant]
        done = place.generate("A kite")
        assert done.code == 0, done.words
        assert taken[0].read_bytes() == b"mine"
        taken[0].unlink()
        (document,) = place.documents()
        assert document["outputs"][0]["path"] == f"output/{taken[0].stem}-1.mp4"
        place.check_all_saved()


@pytest.mark.skipif(STRACE is None, reason="strace is not installed: no system call can be failed")
def test_an_order_that_is_refused_half_way_is_not_half_sent(tmp_path: Path) -> None:
    """The second of three requests finds no room: none is sent, or it is said that money may go."""
    assert STRACE is not None
    calls = "rename,renameat,renameat2"
    inject = f"inject={calls}:error=ENOSPC:when=2"
    watch = [STRACE, "-f", "-qqq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", inject]
    with workspace(tmp_path) as place:
        done = ended(place.start("generate", "A kite", "--count", "3", before=watch))
        assert done.code == 5, done.words
        assert place.run("wait").code == 0
        assert place.server.paid == 0 or b"othing was sent" not in done.err, done.words
        place.check()
