"""A gzip bomb in place of any answer: 1 MB on the wire, 1 GiB for whoever unpacks it."""

from __future__ import annotations

import sys
import zlib
from pathlib import Path

import pytest

from tests.support.fault_server import Act, Call
from tests.support.installed_program import ended, workspace
from tests.support.raw_server import answer

MIB = 1024 * 1024
#: Runs the words after it and tells their largest resident set, in KiB, on the last line. A
#: process of its own and a small one, because a child starts with its parent's figure.
MEASURED = (
    sys.executable,
    "-c",
    "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]);"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)",
)


def bomb() -> bytes:
    """A valid gzip stream of 1 GiB of zeros."""
    zeros, packer = bytes(MIB), zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    # After a full flush nothing refers to what came before: the same block can come again.
    block, crc = packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH), 0
    for _ in range(1024):
        crc = zlib.crc32(zeros, crc)
    head = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    end = b"\x03\x00" + crc.to_bytes(4, "little") + (1024 * MIB).to_bytes(4, "little")
    return head + block * 1024 + end


def throw(status: int, data: bytes, *, make: bool = False) -> Act:
    """Answer with the bomb, as a server does that compresses whatever it says."""

    def act(call: Call) -> None:
        if make:
            call.make()
        else:
            call.body()
        kind = "video/mp4" if call.request.target.endswith("/content") else "application/json"
        call.socket.sendall(answer(status, data, content_type=kind, content_encoding="gzip"))

    return act


@pytest.mark.long
def test_a_gzip_bomb_in_place_of_every_answer_is_never_unpacked(tmp_path: Path) -> None:
    data = bomb()
    assert len(data) < 1.2 * MIB
    with workspace(tmp_path, looks=3) as place:
        server = place.server
        server.posts["*"] = [throw(200, data, make=True)]
        server.lists = [throw(200, data)]
        server.gets["*"] = [throw(200, data)]
        server.contents["*"] = [throw(status, data) for status in (200, 500)]
        program = place.start("generate", "A kite", before=MEASURED)
        done = ended(program, 100)
        assert done.code == 0, done.words
        assert int(done.out.split()[-1]) < 150 * 1024
        assert not (server.posts["*"] or server.lists or server.gets["*"] or server.contents["*"])
        assert server.paid == 1
        place.check_all_saved()


def test_a_gzip_bomb_as_a_refusal_is_never_unpacked(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        place.server.posts["*"] = [throw(400, bomb())]
        done = ended(place.start("generate", "A kite", before=MEASURED))
        assert done.code != 0
        assert int(done.out.split()[-1]) < 150 * 1024
        assert place.states() == {"rejected": 1}
        place.check()
