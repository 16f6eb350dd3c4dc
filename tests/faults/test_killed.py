"""Kill -9 at any point of a job's life: the next `sora-tui wait`, alone, brings it home."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.support.fault_server import Call, clip_cut, kill_client, kill_unread, say
from tests.support.installed_program import ended, workspace


def test_killed_while_the_request_leaves_it_is_asked_for_and_never_sent_again(
    tmp_path: Path,
) -> None:
    with workspace(tmp_path) as place:
        place.server.posts["*"] = [kill_unread]
        place.killed("generate", "A kite")
        waiting = place.start("wait")
        place.server.wait_until(lambda server: server.seen("GET", "/videos") != [])
        waiting.send_signal(signal.SIGINT)
        done = ended(waiting)
        assert done.code == 130, done.words
        assert place.server.paid == 1
        assert place.states() == {"unconfirmed": 1}
        place.check()


def kill_at_look(call: Call) -> None:
    call.server.look("video_1")
    call.kill()


@pytest.mark.parametrize(
    "share",
    [None, 0.5, *(pytest.param(share, marks=pytest.mark.long) for share in (0.0, 0.999, 1.0))],
)
def test_killed_while_the_clip_is_made_or_on_its_way(tmp_path: Path, share: float | None) -> None:
    with workspace(tmp_path) as place:
        if share is None:
            place.server.gets["*"] = [kill_at_look]
        else:
            place.server.contents["*"] = [clip_cut(share, kill_client)]
        place.killed("generate", "A kite")
        done = place.run("wait")
        assert done.code == 0, done.words
        assert place.server.paid == 1
        assert len(place.server.seen("GET", "/content")) <= 2
        place.check_all_saved()
        assert not list((place.root / "output").glob(".*"))


@pytest.mark.long
def test_twice_killed_in_a_row_is_once_paid(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        place.server.contents["*"] = [clip_cut(0.3, kill_client), clip_cut(0.6, kill_client)]
        place.killed("generate", "A kite")
        place.killed("wait")
        done = place.run("wait")
        assert done.code == 0, done.words
        assert place.server.paid == 1
        place.check_all_saved()


@pytest.mark.parametrize("state", ["expired", "gone"])
def test_what_the_server_had_no_longer_is_asked_for_once_more(tmp_path: Path, state: str) -> None:
    """A server that was late, or has found its jobs again: a person asks, and the clip comes."""
    with workspace(tmp_path) as place:
        place.server.contents["*"] = [say(410)] * 2
        assert place.run("generate", "A kite").code == 1
        assert place.states() == {"expired": 1}
        [document] = place.metadata.glob("2*.json")
        document.write_text(document.read_text().replace('"expired"', f'"{state}"'))
        place.server.contents["*"] = [say(410)] * 2 if state == "expired" else []
        place.server.gets["*"] = [say(404)] if state == "gone" else []
        done = place.run("wait", document.stem)
        assert done.code == 1, done.words
        assert place.states() == {state: 1}
        done = place.run("wait", document.stem)
        assert done.code == 0, done.words
        assert place.server.paid == 1
        place.check_all_saved()
