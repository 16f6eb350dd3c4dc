"""A batch file that is started again: killed, changed, or twice at once, no clip is paid twice."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.support.fault_server import kill_client, kill_unread, say
from tests.support.installed_program import ended, workspace

LINES: list[dict[str, object]] = [
    {"prompt": "A kite", "count": 2},
    {"prompt": "A {{animal}}", "variables": {"animal": "fox"}, "params": {"seed": 7}},
    {"prompt": "A kite"},
]


def write(path: Path, lines: list[dict[str, object]]) -> None:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def test_killed_half_way_the_same_file_sends_the_rest(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        write(place.root / "shots.jsonl", LINES)
        # When it asks for the second clip, its only one under way, no paid request is on its way.
        place.server.gets["video_2"] = [kill_client]
        place.killed("batch", "shots.jsonl", "--max-active", "1")
        assert place.server.paid == 2
        done = place.run("batch", "shots.jsonl")
        assert done.code == 0, done.words
        assert place.server.paid == 4
        place.check_all_saved(4)
        assert b"4 clips: 4 saved" in done.err
        done = place.run("batch", "shots.jsonl", "--json")
        assert done.code == 0, done.words
        assert place.server.paid == 4
        first = json.loads(done.out.splitlines()[0])
        assert (first["to_send"], first["sent_before"]) == (0, 4)


def test_a_line_whose_answer_was_lost_is_looked_for_and_not_sent_again(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        write(place.root / "shots.jsonl", LINES[1:2])
        place.server.posts["*"] = [kill_unread]
        place.killed("batch", "shots.jsonl")
        place.server.posts["*"] = []
        again = place.start("batch", "shots.jsonl")
        place.server.wait_until(lambda server: server.seen("GET", "/videos") != [])
        again.send_signal(signal.SIGINT)
        done = ended(again)
        assert done.code == 130, done.words
        assert place.server.paid == 1
        assert place.states() == {"unconfirmed": 1}
        place.check()


def test_lines_may_be_put_in_moved_and_changed(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        shots = place.root / "shots.jsonl"
        write(shots, LINES)
        assert place.run("batch", "shots.jsonl").code == 0
        write(shots, [{"prompt": "New"}, LINES[2], {**LINES[0], "count": 3}, LINES[1]])
        assert place.run("batch", "shots.jsonl").code == 0
        assert place.server.paid == 4 + 2  # the new line, and one more take of the first
        prompts = [document["request"]["prompt"] for document in place.documents()]
        assert sorted(prompts) == ["A fox", "A kite", "A kite", "A kite", "A kite", "New"]
        # Under another name it is another order.
        assert place.run("batch", "shots.jsonl", "--name", "again").code == 0
        assert place.server.paid == 6 + 6
        place.check()


@pytest.mark.long
def test_what_was_taken_back_or_trashed_unsent_is_sent_and_what_was_paid_is_not(
    tmp_path: Path,
) -> None:
    with workspace(tmp_path) as place:
        write(place.root / "shots.jsonl", LINES[:1])
        assert place.run("batch", "shots.jsonl").code == 0
        one, other = place.documents()
        assert place.run("delete", one["id"], "--yes").code == 0
        path = place.metadata / f"{other['id']}.json"
        other |= {"state": "cancelled", "remote_id": None, "remote": None, "outputs": []}
        path.write_text(json.dumps(other))
        assert place.run("batch", "shots.jsonl").code == 0
        assert place.server.paid == 3


def test_what_failed_is_not_sent_again_and_not_forgotten(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        write(place.root / "shots.jsonl", LINES[1:2])
        place.server.posts["*"] = [say(400, {"error": {"message": "no", "code": "bad"}})]
        for _each in range(2):
            done = place.run("batch", "shots.jsonl")
            assert done.code == 1, done.words
            assert b"1 clip: 1 rejected" in done.err
        assert len(place.server.seen("POST", "/videos")) == 1


def test_two_at_once_send_it_once(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        write(place.root / "shots.jsonl", LINES)
        both = [place.start("batch", "shots.jsonl") for _each in range(2)]
        codes = sorted(ended(process, 60).code for process in both)
        # The later one waits for nothing: it is refused, or finds all of it sent.
        assert codes in ([0, 0], [0, 4])
        assert place.server.paid == 4
        place.check_all_saved(4)


@pytest.mark.long
def test_a_document_that_nobody_can_read_stops_the_batch_it_may_be_of(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        write(place.root / "shots.jsonl", LINES[1:2])
        assert place.run("batch", "shots.jsonl").code == 0
        [document] = place.metadata.glob("2*.json")
        document.write_text(document.read_text()[:-20])
        done = place.run("batch", "shots.jsonl")
        assert done.code == 1, done.words
        assert place.server.paid == 1


def test_one_bad_line_and_nothing_is_sent(tmp_path: Path) -> None:
    with workspace(tmp_path) as place:
        shots = place.root / "shots.jsonl"
        write(shots, LINES)
        shots.write_text(shots.read_text() + '\n{"prompt": "A {{b}}"}\n')
        done = place.run("batch", "shots.jsonl", "--json")
        assert done.code == 2, done.words
        problem = json.loads(done.out.splitlines()[0])
        assert (problem["code"], problem["facts"]["row"]) == ("batch_line", 5)
        assert place.server.paid == 0
        assert not list(place.metadata.glob("**/2*.json"))
