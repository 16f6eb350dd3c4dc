"""Edits by file, extensions and characters are paid once, whatever happens on the way."""

from __future__ import annotations

import hashlib
import json
import signal
from pathlib import Path

import pytest

from tests.support.fault_server import RATE_LIMITED, Act, kill_made, kill_unread, say, vanish
from tests.support.installed_program import Workspace, clip, ended, workspace


@pytest.fixture
def mine() -> bytes:
    return clip()


def with_clip(place: Workspace, data: bytes) -> str:
    (place.root / "mine.mp4").write_bytes(data)
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(("act", "made"), [(kill_unread, 0), (kill_made, 1)])
def test_killed_between_the_intent_of_an_edit_by_file_and_its_answer(
    tmp_path: Path, mine: bytes, act: Act, made: int
) -> None:
    with workspace(tmp_path) as place:
        sha256 = with_clip(place, mine)
        place.server.posts["*"] = [act]
        place.killed("edit", "mine.mp4", "in snow")
        [document] = place.documents()
        assert document["state"] == "submitting"
        assert document["request"]["source_file"] == {"path": "mine.mp4", "sha256": sha256}
        waiting = place.start("wait")
        place.server.wait_until(lambda server: server.seen("GET", "/videos") != [])
        if (
            made
        ):  # found in the list by its prompt: the size that the server tells was not asked for
            assert ended(waiting).code == 0
            [document] = place.documents()
            assert (document["state"], document["remote_id"]) == ("saved", "video_1")
        else:
            waiting.send_signal(signal.SIGINT)
            assert ended(waiting).code == 130
            assert place.states() == {"unconfirmed": 1}
        assert [post.target for post in place.server.seen("POST")] == ["/v1/videos/edits"]
        parts = place.server.seen("POST")[0].parts if made else {}
        assert {name: part.filename for name, part in parts.items()} == (
            {"prompt": None, "video": "mine.mp4"} if made else {}
        )
        place.check()


def test_a_lost_answer_to_an_extension_by_id_is_found_though_it_is_longer(tmp_path: Path) -> None:
    def longer(call: object) -> None:
        vanish(call)  # type: ignore[arg-type]
        place.server.videos[-1]["seconds"] = "12"

    with workspace(tmp_path) as place:
        assert place.generate("A kite", "--seconds", "4").code == 0
        place.server.posts["*"] = [longer]
        done = place.run("extend", "@last", "higher and higher", "--seconds", "8")
        assert done.code == 0, done.words
        assert place.server.paid == 2
        place.check_all_saved(2)
        newest = place.documents()[-1]
        assert [attempt["outcome"] for attempt in newest["attempts"]] == ["found"]
        assert newest["request"]["source_job"] == place.documents()[0]["id"]


def test_a_clip_that_changed_after_it_was_agreed_to_is_not_sent(
    tmp_path: Path, mine: bytes
) -> None:
    with workspace(tmp_path) as place:
        with_clip(place, mine)
        place.server.posts["*"] = [say(429, RATE_LIMITED, retry_after="1")]
        running = place.start("edit", "mine.mp4", "in snow")
        place.server.wait_until(lambda server: server.paid == 1)
        with_clip(place, mine + b"\0\0\0\x08free")
        assert ended(running).code == 2
        [document] = place.documents()
        assert document["state"] == "not_sent"
        assert document["error"]["kind"] == "source_changed"
        assert document["error"]["spent"] == "no"
        assert place.server.paid == 1


def test_a_lost_character_is_looked_for_by_id_alone_and_never_sent_again(
    tmp_path: Path, mine: bytes
) -> None:
    with workspace(tmp_path) as place:
        with_clip(place, mine)
        place.server.posts["*"] = [vanish]
        done = place.run("character", "Mossy", "mine.mp4")
        assert done.code == 6, done.words
        [document] = place.documents()
        assert document["state"] == "unconfirmed", "a video of the same moment is no character"
        made = json.dumps({"id": "char_1", "name": "Mossy", "created_at": 1}).encode()
        place.server.contents["characters"] = [lambda call: call.reply(made)]
        done = place.run("wait", "@last", "--adopt", "char_1")
        assert done.code == 0, done.words
        [document] = place.documents()
        assert (document["state"], document["remote_id"]) == ("completed", "char_1")
        assert place.server.paid == 1


def test_a_missing_operation_is_refused_once_and_remembered(tmp_path: Path, mine: bytes) -> None:
    with workspace(tmp_path) as place:
        with_clip(place, mine)
        place.server.posts["*"] = [say(404, {"detail": "Not Found"})]
        done = place.run("character", "Mossy", "mine.mp4")
        assert done.code == 2, done.words
        assert b"cannot do this: character" in done.err
        assert place.states() == {"rejected": 1}
        done = place.run("character", "Mossy", "mine.mp4", "--dry-run")
        assert done.code == 2, done.words
        assert place.server.paid == 1
        assert place.states() == {"rejected": 1}
