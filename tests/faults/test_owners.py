"""Many processes on one folder: one owner, and no request lost or sent twice."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from tests.support.fault_server import Call, behave, wait_for
from tests.support.installed_program import ended, workspace


def prompts(count: int) -> list[str]:
    return [f"Kite number {n}" for n in range(count)]


@pytest.mark.parametrize("count", [6, pytest.param(20, marks=pytest.mark.long)])
def test_started_at_once_they_send_each_request_once(tmp_path: Path, count: int) -> None:
    with workspace(tmp_path) as place:
        started = [place.start("generate", prompt) for prompt in prompts(count)]
        for process in started:
            done = ended(process, 300)
            assert done.code == 0, done.words
        assert place.server.paid == count
        place.check_all_saved(count)


@pytest.mark.parametrize("count", [8, pytest.param(20, marks=pytest.mark.long)])
def test_a_killed_owner_leaves_its_queue_to_the_followers(tmp_path: Path, count: int) -> None:
    """The owner hangs in its own POST while the inbox fills; the followers alone save them all."""
    with workspace(tmp_path) as place:
        answer, arrived = threading.Event(), threading.Event()

        def late(call: Call) -> None:
            call.make()
            arrived.set()
            assert answer.wait(60)

        place.server.posts["The owner's"] = [late]
        owner = place.start("generate", "The owner's")
        assert arrived.wait(30)
        os.kill(owner.pid, signal.SIGSTOP)  # so that it claims nothing more
        place.ask_for(*prompts(count - 2))
        followers = [place.start("generate", prompt) for prompt in ("Left", "Right")]
        inbox = place.metadata / ".inbox"
        place.server.wait_until(lambda _: len(list(inbox.glob("2*.json"))) == count)
        owner.kill()
        owner.wait()
        answer.set()
        for process in followers:
            done = ended(process, 300)
            assert done.code == 0, done.words
        done = place.run("wait", timeout=120)
        assert done.code == 0, done.words
        assert place.server.paid == count + 1
        place.check_all_saved(count + 1)


def test_an_owner_that_leaves_ends_the_paid_requests_it_began_and_begins_no_other(
    tmp_path: Path,
) -> None:
    with workspace(tmp_path) as place:
        answer = threading.Event()
        # Two are under way at once when one was accepted.
        place.server.posts["*"] = [behave, wait_for(answer), wait_for(answer)]
        place.ask_for(*prompts(9))
        waiting = place.start("wait")
        place.server.wait_until(lambda server: server.paid == 3)
        waiting.send_signal(signal.SIGTERM)
        threading.Timer(1.0, answer.set).start()
        done = ended(waiting)
        assert done.code == 143, done.words
        assert place.server.paid == 3
        assert sum(place.states().values()) == 9
        assert place.states()["pending"] == 6
        assert not place.states().keys() & {"submitting", "unconfirmed"}
        done = place.run("wait")
        assert done.code == 0, done.words
        assert place.server.paid == 9
        place.check_all_saved(9)


def test_a_removed_lock_file_never_makes_two_owners(tmp_path: Path) -> None:
    """Somebody cleans up dot files while a request is being paid; another process takes over."""
    with workspace(tmp_path) as place:
        answer = threading.Event()

        def late(call: Call) -> None:
            video = call.make()
            assert answer.wait(60)
            call.reply(video)

        place.server.posts["First"] = [late]
        place.server.posts["Second"] = [behave]
        first = place.start("generate", "First")
        place.server.wait_until(lambda server: server.paid == 1)
        (place.metadata / ".lock").unlink()
        second = place.start("generate", "Second")
        place.server.wait_until(lambda server: server.paid == 2)
        answer.set()
        for process in (first, second):
            done = ended(process)
            assert done.code == 0, done.words
        assert place.server.paid == 2
        place.check_all_saved(2)


def test_an_owner_that_cannot_send_says_so_and_the_asker_takes_it_back(tmp_path: Path) -> None:
    """The owner's own configuration does not know the asker's server."""
    with workspace(tmp_path, looks=100) as place:
        owner = place.start("generate", "The owner's")
        place.server.wait_until(lambda server: server.seen("GET") != [])
        done = place.generate("The asker's", base_url="http://127.0.0.1:9/v1")
        assert done.code in {2, 4, 5}, done.words
        owner.kill()
        assert place.server.paid == 1
