"""Hostile words and planted keys: inert on the streams, nowhere on disk (invariants I6 and I7)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.fault_server import make_and_say, say
from tests.support.installed_program import KEY, workspace

#: Clipboard, title, screen, link, C1, bidi, bell, a broken surrogate pair.
PAYLOADS = (
    "\x1b]52;c;cHduZWQ=\x07",
    "\x1b]0;title\x07",
    "\x1b[2J",
    "\x1b]8;;http://x\x1b\\",
    "\x9b2J",
    "\u202eevil",
    "\u2066",
    "\x07\x08\x7f",
    "\ud800",
)
HOSTILE = "".join(f"<{payload}>" for payload in PAYLOADS)
#: What of it a terminal would act on.
ACTIVE = [p.encode() for p in ("\x1b", "\x07", "\x08", "\x7f", "\x9b", "\u202e", "\u2066")]


@pytest.mark.parametrize("words", [(), ("--json",)], ids=["plain", "json"])
def test_hostile_words_of_a_server_reach_no_stream(tmp_path: Path, words: tuple[str, ...]) -> None:
    error = {"error": {"message": HOSTILE, "code": HOSTILE, "type": HOSTILE}}
    failed = {
        "id": "video_hostile",
        "object": "video",
        "status": "failed",
        "model": HOSTILE,
        "size": HOSTILE,
        "extra": HOSTILE,
        **error,
    }
    with workspace(tmp_path) as place:
        place.server.posts["refused"] = [say(400, error, **{"x-request-id": "r\x9b2J"})]
        place.server.posts["failed"] = [make_and_say(200, failed)]
        place.server.gets["video_hostile"] = [say(200, failed)]
        said = [place.generate("refused", *words), place.generate("failed", *words)]
        said += [place.run("jobs", *words)]
        said += [place.run("show", f"@{n}", *words) for n in (1, 2)]
        assert [done.code for done in said] == [1, 1, 0, 0, 0], said
        for done in said:
            for line in done.out.decode().splitlines() if words else ():
                json.loads(line)
            for payload in ACTIVE:
                assert payload not in done.out + done.err, done.words


def test_a_key_that_the_server_repeats_is_written_nowhere(tmp_path: Path) -> None:
    words = f"Incorrect API key provided: {KEY}. You can find yours at ..."
    with workspace(tmp_path) as place:
        place.server.posts["refused"] = [say(401, {"error": {"message": words, "code": "bad"}})]
        failed = {"id": "v_1", "status": "failed", "error": words, "debug": words}
        place.server.posts["failed"] = [make_and_say(200, failed)]
        place.server.gets["v_1"] = [say(200, failed)]
        for prompt in ("refused", "failed"):
            done = place.generate(prompt, "--debug")
            assert done.code in {1, 4}, done.words
        place.check()
