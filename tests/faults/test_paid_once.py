"""Submit and billing: whatever the server does to the paid request, it is sent once (faults A)."""

from __future__ import annotations

import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from tests.support.fault_server import (
    RATE_LIMITED,
    Act,
    Call,
    behave,
    kill_after,
    kill_made,
    make_and_say,
    make_and_send,
    reset,
    say,
    vanish,
)
from tests.support.installed_program import ended, workspace

#: The video is made, and the answer says nothing of it. After each one the next waits until it is
#: found, so there is one of a kind; tests/client/test_create.py has all that is unclear.
LOST: dict[str, Act] = {
    "closed": vanish,
    "reset": reset,
    "status 502": make_and_say(502, {"error": {"message": "upstream"}}),
    "status 503": make_and_say(503, {"error": {"message": "unavailable"}}, retry_after="1"),
    "status 409": make_and_say(409, b""),
    "sent elsewhere": make_and_say(302, b"", location="/v1/videos/video_1"),
    "half an answer": make_and_send(b'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{"id"'),
    "no body": make_and_say(202, b""),
    "deep": make_and_say(200, b"[" * 200_000),
    "no id": make_and_say(200, {"id": None, "status": "queued"}),
}


def test_a_lost_answer_is_found_in_the_list_and_not_paid_again(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        for name, act in LOST.items():
            place.server.posts[name] = [act]
        place.ask_for(*LOST)
        done = place.run("wait", timeout=110)
        assert done.code == 0, done.words
        assert place.server.paid == len(LOST)
        place.check_all_saved(len(LOST))
        outcomes = {d["request"]["prompt"]: d["attempts"] for d in place.documents()}
        assert {len(attempts) for attempts in outcomes.values()} == {1}
        assert {attempts[0]["outcome"] for attempts in outcomes.values()} == {"found"}


def test_a_list_that_was_away_once_is_asked_again_by_the_next(tmp_path: Path) -> None:
    """A proxy says 404 while its server restarts: nobody must pay twice for that."""
    with workspace(tmp_path) as place:
        place.server.posts["*"] = [vanish]
        place.server.lists = [say(404, {"detail": "default backend"})]
        done = place.generate("A kite")
        assert done.code == 6, done.words
        assert b"no list" in done.err
        done = place.run("wait")
        assert done.code == 0, done.words
        assert place.server.paid == 1
        place.check_all_saved(1)


def test_a_refusal_beside_paid_requests_under_way_costs_none_of_them_its_answer(
    tmp_path: Path,
) -> None:
    """It makes the program doubt what it knows of the server, and connect to it anew."""
    refused = threading.Event()
    taken = threading.Event()

    def late(call: Call) -> None:
        video = call.make()
        taken.set()
        assert refused.wait(60)
        time.sleep(0.5)  # so long that the connection would be gone, were it not kept
        call.reply(video)

    def refuse(call: Call) -> None:
        call.server.wait_until(lambda server: server.paid == 3)
        assert taken.wait(60)
        say(400, {"error": {"message": "no such size"}})(call)
        refused.set()

    with workspace(tmp_path) as place:
        place.server.can_list = False  # what is lost here is not found again
        # The first is accepted, so that two are under way at once.
        place.server.posts.update({"A": [behave], "B": [refuse], "C": [late]})
        place.ask_for("A", "B", "C")
        done = place.run("wait")
        assert done.code == 1, done.words
        assert place.states() == {"rejected": 1, "saved": 2}
        assert place.server.paid == 3
        place.check()


@pytest.mark.long
def test_a_late_list_is_waited_for_and_the_wait_is_reported(tmp_path: Path) -> None:
    """Half a minute: the list shows nothing at the looks after 2 and 10 seconds."""
    with workspace(tmp_path) as place:
        place.server.posts["*"] = [vanish]
        place.server.lists = [say(200, {"object": "list", "data": [], "has_more": False})] * 2
        done = ended(place.start("generate", "A kite"), 100)
        assert done.code == 0, done.words
        assert b"It is looked for in the list of env until " in done.err
        assert place.server.paid == 1
        place.check_all_saved()


KILLS = {
    "before a word": kill_made,
    "after one byte": kill_after(0),
    "in mid answer": kill_after(0.5),
    "after the answer": kill_after(1),
}


@pytest.mark.parametrize(
    "moment",
    [
        "before a word",
        "in mid answer",
        pytest.param("after one byte", marks=pytest.mark.long),
        pytest.param("after the answer", marks=pytest.mark.long),
    ],
)
def test_a_client_killed_at_the_paid_request_finds_its_video_again(
    tmp_path: Path, moment: str
) -> None:
    with workspace(tmp_path) as place:
        place.server.posts["*"] = [KILLS[moment]]
        place.killed("generate", "A kite")
        assert set(place.states()) <= {"submitting", "queued"}
        done = place.run("wait")
        assert done.code == 0, done.words
        assert place.server.paid == 1
        place.check_all_saved()


def test_a_lost_job_is_not_given_the_video_of_a_twin_whose_answer_is_late(tmp_path: Path) -> None:
    """The first was never made; what the list shows belongs to the second."""
    answer = threading.Event()

    def swallow(call: Call) -> None:
        call.body()

    def late(call: Call) -> None:
        video = call.make()
        assert answer.wait(60)
        call.reply(video)

    with workspace(tmp_path) as place:
        place.server.posts["Twins"] = [swallow, late]
        place.ask_for("Twins", "Twins")
        waiting = place.start("wait")
        place.server.wait_until(lambda server: server.seen("GET", "/videos") != [])
        answer.set()
        place.server.wait_until(lambda _: "saved" in place.states())
        waiting.send_signal(signal.SIGTERM)
        assert ended(waiting).code == 143
        assert place.states() == {"unconfirmed": 1, "saved": 1}
        assert place.server.paid == 2
        place.check()


REFUSED = {
    **{
        f"status {status}": say(status, {"error": {"message": "no", "code": None}})
        for status in (400, 401, 403, 404, 413, 415, 422)
    },
    "quota": say(429, {"error": {"message": "out", "code": "insufficient_quota"}}, retry_after="1"),
}


def test_a_definite_refusal_is_final_and_costs_one_request(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        for name, act in REFUSED.items():
            place.server.posts[name] = [act]
        place.ask_for(*REFUSED)
        done = place.run("wait")
        assert done.code == 5, done.words  # the worst of them: the empty account
        assert place.server.paid == len(REFUSED)
        assert place.server.seen("GET") == []
        assert place.states() == {"rejected": len(REFUSED)}
        place.check()


def test_a_server_that_asks_for_patience_gets_it(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        place.server.posts["*"] = [say(429, RATE_LIMITED, retry_after="2")]
        done = place.generate("A kite")
        assert done.code == 0, done.words
        first, second = place.server.times("POST")
        assert second - first >= 2.0
        (document,) = place.documents()
        assert [a["outcome"] for a in document["attempts"]] == [
            "deferred before any call",
            "accepted",
        ]
        place.check_all_saved()


def test_any_success_with_an_id_is_an_acceptance(tmp_path: Path) -> None:
    answers = {
        f"{status} {word}": (status, word)
        for status, word in (
            (201, "queued"),
            (202, "submitted"),
            (200, "processing"),
            (200, "completed"),
            (200, "ready?"),
        )
    }

    def accept(call: Call) -> None:
        video = call.make()
        status, word = answers[video["prompt"]]
        call.reply({**video, "status": word}, status)

    with workspace(tmp_path) as place:
        place.server.posts["*"] = [accept] * len(answers)
        place.ask_for(*answers)
        done = place.run("wait")
        assert done.code == 0, done.words
        assert place.server.paid == len(answers)
        place.check_all_saved(len(answers))


def test_a_closed_port_means_not_sent(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            closed = f"http://127.0.0.1:{nobody.getsockname()[1]}/v1"
        done = place.generate("A kite", base_url=closed)
        assert done.code == 4, done.words
        assert place.states() == {"not_sent": 1}
        (document,) = place.documents()
        assert document["error"]["spent"] == "no"
        place.check()


@pytest.mark.long
def test_a_server_that_makes_the_video_and_never_answers(tmp_path: Path) -> None:
    """Half a minute of silence, then the list is asked; nothing is sent again."""
    over = threading.Event()

    def keep_silent(call: Call) -> None:
        call.make()
        over.wait(100)

    with workspace(tmp_path) as place:
        place.server.posts["*"] = [keep_silent]
        done = ended(place.start("generate", "A kite"), 100)
        over.set()
        assert done.code == 0, done.words
        assert place.server.paid == 1
        place.check_all_saved()
