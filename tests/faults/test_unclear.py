"""A server whose answers to paid requests are unclear is not sent the whole order."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.support.fault_server import Act, Call, behave, kill_client, make_and_say, say
from tests.support.installed_program import Workspace, ended, workspace

UNAVAILABLE = {"error": {"message": "The service is temporarily unavailable."}}


def write(place: Workspace, lines: int) -> None:
    prompts = (json.dumps({"prompt": f"Kite {number}"}) for number in range(lines))
    (place.root / "shots.jsonl").write_text("".join(f"{line}\n" for line in prompts))


def check_nothing_twice(place: Workspace) -> None:
    prompts = Counter(video["prompt"] for video in place.server.videos)
    assert set(prompts.values()) <= {1}
    place.check()


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(make_and_say(503, UNAVAILABLE, retry_after="1"), id="and makes them"),
        pytest.param(
            say(503, UNAVAILABLE, retry_after="1"), id="and makes none", marks=pytest.mark.long
        ),
    ],
)
def test_a_batch_into_a_server_that_is_never_available_costs_two_doubts(
    tmp_path: Path, act: Act
) -> None:
    with workspace(tmp_path) as place:
        place.server.can_list = False
        place.server.posts["*"] = [act] * 99
        write(place, 50)
        done = place.run("batch", "shots.jsonl")
        assert done.code == 6, done.words
        assert place.states() == {"unconfirmed": 2, "pending": 48}
        assert place.server.paid == 2
        assert done.err.count(b"nothing more is sent to it") == 1, done.words
        assert b"48 jobs go on. Come back with: sora-tui wait" in done.err, done.words
        # The same file once more orders nothing twice.
        done = place.run("batch", "shots.jsonl")
        assert done.code == 6, done.words
        assert place.server.paid == 3
        assert place.states() == {"unconfirmed": 3, "pending": 47}
        # The server is well again: what waits goes, and what is in doubt stays so.
        place.server.posts["*"] = []
        done = place.run("wait")
        assert done.code == 6, done.words
        assert place.states() == {"unconfirmed": 3, "saved": 47}
        assert place.server.paid == 50
        check_nothing_twice(place)


def test_the_next_owner_after_a_kill_does_not_send_the_rest_blindly(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        place.server.can_list = False
        refuse = say(503, UNAVAILABLE, retry_after="1")

        def refuse_and_kill(call: Call) -> None:
            refuse(call)
            kill_client(call)

        place.server.posts["*"] = [refuse_and_kill, *[refuse] * 99]
        write(place, 12)
        place.killed("batch", "shots.jsonl")
        for doubts in (2, 3):
            done = place.run("wait")
            assert done.code == 6, done.words
            assert place.states() == {"unconfirmed": doubts, "pending": 12 - doubts}
            assert place.server.paid == doubts


def test_another_process_of_the_folder_says_why_nothing_is_sent(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        place.server.can_list = False
        refuse = say(503, UNAVAILABLE, retry_after="1")
        never_done = [lambda call: call.reply({**call.server.video("video_1"), "status": "queued"})]
        place.server.gets["video_1"] = never_done * 9999
        place.server.posts["*"] = [behave, refuse, refuse, refuse, *[behave] * 99]
        owner = place.start("generate", "A long one", "--count", "4")
        place.server.wait_until(lambda _: place.states().get("unconfirmed") == 2)
        assert place.server.paid == 3
        # It has a job of its own, and the owner sends for it.
        done = place.generate("Another's")
        assert done.code == 6, done.words
        assert b"nothing more is sent to it" in done.err
        assert place.server.paid == 3
        # To wait for it is to say go on, to whoever owns the folder; one goes first.
        newest = place.documents()[-1]["id"]
        waiting = place.start("wait", newest)
        place.server.wait_until(lambda server: server.paid == 4)
        done = ended(waiting)
        assert done.code == 6, done.words
        # The one that was named was sent, and it alone.
        states = {each["id"]: each["state"] for each in place.documents()}
        assert (states[newest], list(states.values()).count("pending")) == ("unconfirmed", 1)
        place.server.posts["*"] = [behave] * 99
        (left,) = (id for id, state in states.items() if state == "pending")
        done = place.run("wait", left)
        assert done.code == 0, done.words
        owner.kill()
        ended(owner)
        assert len(place.server.videos) == 2  # two of the four takes
        place.check()
