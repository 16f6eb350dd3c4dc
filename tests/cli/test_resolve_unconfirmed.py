"""A lost answer decided by `wait`, as processes: POSTs change by 0, 1 and 0."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sora_tui.cli.unconfirmed_words import resolution_commands
from sora_tui.core.recovery import Candidate, RecoverySearch
from sora_tui.engine.remote_jobs import unconfirmed_by_candidate
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History
from tests.support.job_states import ERROR, LATER, START, new_job
from tests.support.lossy_server import lossy_server
from tests.support.pty_session import KEYS
from tests.support.shell import Shell
from tests.support.stored_jobs import put, saved
from tests.support.unconfirmed_job import Lost, lose


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lost]:
    """One such job, with two videos in the server's list that could be it."""
    workspace = tmp_path_factory.mktemp("lost")
    with lossy_server(workspace / "metadata") as server:
        server.copies = 2
        yield lose(workspace, server)


@pytest.fixture
def it(once: Lost, tmp_path: Path) -> Lost:
    """The same job in a workspace of its own, on a server that is as it was then."""
    workspace = tmp_path / "workspace"
    shutil.copytree(once.shell.workspace, workspace)
    server = once.server
    server.documents, server.copies = workspace / "metadata", 1
    del server.posts[1:], server.videos[:-2]
    return replace(once, shell=Shell(workspace, {}))


def test_without_a_terminal_it_is_left_and_the_ways_are_named(it: Lost) -> None:
    for ran in (it.ran, it.shell("wait")):
        assert ran.code == 6, ran.err
        told = ran.err[ran.err.index("It may be running, and billed (about $0.10)") :]
        assert told.index("It may be running") < told.index("The answer was lost")
        assert "video_0" in told
        assert "same model, size, seconds and prompt" in told
        for way in ("--adopt VIDEO_ID", "--send-again", "--give-up"):
            assert f"sora-tui wait {it.job_id} {way}" in told
    told = it.shell.inside("show", it.job_id).out
    assert "Found on lab since" in told
    assert "--send-again  (may be billed twice)" in told
    shown = it.shell.inside("show", it.job_id, "--json").documents[0]
    assert {found["id"] for found in shown["search"]["found"]} == {"video_0", "video_1"}
    assert len(it.server.posts) == 1


def test_adopt_sends_nothing(it: Lost) -> None:
    wrong = it.shell("wait", it.job_id, "--adopt", "video_of_another_server")
    assert wrong.code == 2
    assert "does not know a video video_of_another_server" in wrong.err
    assert it.document()["state"] == "unconfirmed"
    ran = it.shell("wait", it.job_id, "--adopt", "video_1")
    assert ran.code == 1, "this server's clips fail, but it is the job's own end"
    assert it.document()["remote_id"] == "video_1"
    assert len(it.server.posts) == 1


def test_send_again_sends_one_and_asks_for_its_own_consent(it: Lost) -> None:
    refused = it.shell("wait", it.job_id, "--send-again")
    assert refused.code == 2
    assert "nobody has agreed to it" in refused.err
    assert "about $0.10  the first request may have reached the server: then both" in refused.err
    assert it.document()["state"] == "unconfirmed"
    assert len(it.server.posts) == 1
    ran = it.shell("wait", it.job_id, "--send-again", "--yes")
    assert ran.code == 1, ran.err
    first, second = (it.document(path.stem) for path in it.shell.documents)
    assert (first["state"], second["parent"]) == ("abandoned", first["id"])
    assert second["request"] == first["request"]
    assert second["consent"]["sum"] == 0.1
    assert len(it.server.posts) == 2
    again = it.shell("wait", it.job_id, "--send-again", "--yes")
    assert again.code == 2
    assert "the job is abandoned" in again.err
    assert len(it.server.posts) == 2


def test_one_limit_holds_for_all_that_is_sent_again(
    it: Lost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(it.server, "listless", True)
    folder = open_folder(it.shell.workspace)
    with closing(History(folder)) as history:
        lost = history.load(it.job_id)
    other = replace(lost, id=f"{it.job_id[:-6]}zzzzzz")
    put(folder, other)
    words = ("wait", it.job_id, other.id, "--send-again", "--max-spend", "0.15")
    ran = it.shell(*words)
    assert ran.code == 5, ran.err
    assert "$0.05" in ran.err
    assert len(it.server.posts) == 2
    assert it.document(other.id)["state"] == "unconfirmed"


def test_a_new_order_says_beforehand_what_is_not_decided_there(it: Lost) -> None:
    told = "1 earlier job there is unconfirmed, and may be billed. Decide: sora-tui wait"
    for words in (("generate", "Another kite", "--dry-run"), ("generate", "Another kite")):
        assert told in it.shell.inside(*words).err
    (it.shell.workspace / "shots.jsonl").write_text('{"prompt": "Another kite"}\n')
    assert told in it.shell.inside("batch", "shots.jsonl").err
    refused = it.shell("wait", it.job_id, "--send-again")
    assert told not in refused.err, "it is the one that is decided"
    assert len(it.server.posts) == 1


def test_give_up_sends_nothing(it: Lost) -> None:
    ran = it.shell("wait", "@last", "--give-up")
    assert ran.code == 0, ran.err
    assert it.document()["state"] == "abandoned"
    assert len(it.server.posts) == 1
    assert it.shell("wait").code == 0


@pytest.mark.parametrize(
    ("answers", "posts", "state"),
    [
        (("a", "2"), 1, "failed"),
        (("p video_0",), 1, "failed"),
        (("s", "y"), 2, "abandoned"),
        (("s", "n", "x"), 1, "abandoned"),
        (("",), 1, "unconfirmed"),
    ],
)
def test_a_terminal_is_asked(it: Lost, answers: tuple[str, ...], posts: int, state: str) -> None:
    with it.terminal("wait") as session:
        questions = {"2": "Which one? 1-2", "y": "Pay about $0.10", "n": "Pay about $0.10"}
        asked = "a adopt (no new cost), s send again (may be billed twice), x give up"
        for number, answer in enumerate(answers):
            question = questions.get(answer, asked)
            times = 1 + answers[:number].count("n")
            session.wait_until(
                lambda question=question, times=times: (  # type: ignore[misc]  # bound now
                    session.screen_text().count(question) >= times
                ),
                30,
                question,
            )
            session.send(f"{answer}\n")
        code = session.wait_exit(60)
        text = session.screen_text()
        assert "It may be running, and billed (about $0.10)" in text
        assert it.document()["state"] == state
        assert len(it.server.posts) == posts
        assert (code == 6) == (state == "unconfirmed")


def test_ctrl_c_leaves_the_question(it: Lost) -> None:
    with it.terminal("wait") as session:
        session.wait_for("x give up", 30)
        session.send(KEYS["ctrl+c"])
        assert session.wait_exit(10) == 130
        assert it.document()["state"] == "unconfirmed"
        assert len(it.server.posts) == 1


def test_a_question_ends_when_the_job_is_found_meanwhile(it: Lost) -> None:
    with it.terminal("wait") as session:
        session.wait_for("x give up", 30)
        # Another terminal decides:
        assert it.shell("wait", it.job_id, "--adopt", "video_0").code == 1
        assert session.wait_exit(60) == 1
        assert "was found" in session.screen_text()
        assert len(it.server.posts) == 1


def test_a_server_without_a_list_says_so_and_leaves_it_to_the_person(tmp_path: Path) -> None:
    with lossy_server(tmp_path / "metadata") as server:
        server.listless = True
        it = lose(tmp_path, server)
        assert it.ran.code == 6
        assert "lab has no list to look for it in" in it.ran.err
        server.videos[0]["prompt"] = "Somebody else's dog"
        ran = it.shell("wait", it.job_id, "--adopt", "video_0")
        assert (ran.code, it.document()["remote_id"]) == (1, "video_0")
        assert "prompt is another one than this job's: Somebody else's dog" in ran.err
        assert len(server.posts) == 1


def test_a_candidate_that_another_job_has_by_now_is_not_offered(tmp_path: Path) -> None:
    """The record of a search that is over offered what `adopt` had taken in meanwhile."""
    found = tuple(Candidate(f"video_{number}", None, (), (), ()) for number in (1, 2))
    search = RecoverySearch(LATER, LATER, listed=True, searches=1, found=found)
    lost = new_job().submitting(START, "key").unconfirmed(LATER, ERROR).searched(LATER, search)
    other = saved(1, remote_id="video_1")
    folder = open_folder(tmp_path)
    put(folder, lost, replace(other, server=lost.server))
    shown = Shell(tmp_path, {}).inside("show", lost.id).out
    assert "video_1" not in shown.partition("Found on")[2]
    assert f"sora-tui wait {lost.id} --adopt video_2 " in shown
    with closing(History(folder)) as history:
        assert unconfirmed_by_candidate(folder, history, lost.server.origin) == {"video_2": lost.id}


def test_without_a_candidate_the_command_that_shows_ids_is_named() -> None:
    lost = new_job().submitting(START, "key").unconfirmed(LATER, ERROR)
    profile = lost.server.profile
    commands = list(resolution_commands(lost))
    assert commands[0] == f"Which ids it may be: sora-tui adopt --server {profile}"
