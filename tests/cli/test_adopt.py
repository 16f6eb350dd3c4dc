"""`adopt`: jobs made elsewhere on the same server, listed and taken in by real processes."""

from __future__ import annotations

import json
import urllib.request
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from sora_tui.core.document import from_document
from sora_tui.core.job import Job
from sora_tui.core.remote_video import read_video
from sora_tui.core.server import ServerRef
from sora_tui.i18n.problems import job_sentences
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History
from tests.support.raw_server import Line, RawServer, answer, read_request, send
from tests.support.shell import Shell
from tests.support.simulator_process import Simulator

WISH = {"prompt": "A kite elsewhere", "model": "sora-2", "seconds": "1", "size": "320x180"}


@pytest.fixture
def elsewhere(simulator: Simulator) -> str:
    """A job that another client made; its id."""
    request = urllib.request.Request(
        f"{simulator.base_url}/videos",
        json.dumps(WISH).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {simulator.key}"},
    )
    with urllib.request.urlopen(request) as made:
        return str(json.load(made)["id"])


def test_a_job_made_elsewhere_is_listed_adopted_and_saved(shell: Shell, elsewhere: str) -> None:
    listed = shell("adopt", "--json")
    assert listed.code == 0, listed.err
    (found,) = [line for line in listed.documents if line["id"] == elsewhere]
    assert (found["event"], found["prompt"], found["perhaps"]) == ("remote", WISH["prompt"], None)
    assert not shell.documents, "listing takes nothing in"
    ran = shell("adopt", elsewhere)
    assert ran.code == 0, ran.err
    assert Path(shell.workspace, ran.out.strip()).stat().st_size > 1000
    (document,) = [json.loads(path.read_text()) for path in shell.documents]
    assert (document["state"], document["remote_id"]) == ("saved", elsewhere)
    assert (document["attempts"], document["consent"]) == ([], None)
    assert elsewhere not in shell.inside("adopt").out
    again = shell.inside("adopt", elsewhere)
    assert (again.code, f"another job of this folder, {document['id']}." in again.err) == (2, True)
    # In the trash it stays known.
    assert shell.inside("delete", "@last", "--yes").code == 0
    assert elsewhere not in shell.inside("adopt").out


def test_no_wait_leaves_adopted_jobs_to_the_next_owner(shell: Shell, elsewhere: str) -> None:
    ran = shell.inside("adopt", elsewhere, "--no-wait", "--json")
    assert ran.code == 0
    (told,) = ran.documents
    assert told["id"] == elsewhere
    assert shell.inside("adopt", elsewhere).code == 2, "the inbox counts as well"
    waited = shell("wait")
    assert waited.code == 0, waited.err
    assert f"_{elsewhere}" in waited.out


def test_an_unknown_id_is_said_and_the_others_are_taken(shell: Shell, elsewhere: str) -> None:
    ran = shell.inside("adopt", "video_nowhere", elsewhere, "--no-wait")
    assert ran.code == 2
    assert "does not know a video video_nowhere" in ran.err
    assert len(shell.documents) == 1


@pytest.mark.parametrize("named", ["@last", "20261122-101530-7f3k2m"])
def test_a_job_is_no_id_of_a_video(shell: Shell, named: str) -> None:
    ran = shell.inside("adopt", named)
    assert ran.code == 2
    assert f"sora-tui wait {named} --adopt VIDEO_ID" in ran.err


def test_a_server_without_a_list_says_what_is_left_to_do(shell: Shell) -> None:
    with RawServer([read_request, send(answer(405, {"detail": "Method Not Allowed"}))]) as server:
        ran = shell.inside("adopt", SORA_BASE_URL=server.url)
    assert ran.code == 1
    assert "sora-tui adopt ID" in ran.err


def test_an_empty_list_and_the_own_simulator(shell: Shell) -> None:
    ran = shell.inside("adopt", "--server", "simulator", "--all")
    assert (ran.code, ran.out) == (0, "")
    assert "no job to adopt" in ran.err


def test_a_job_whose_prompt_nobody_tells_has_no_blank_lines_for_it(shell: Shell) -> None:
    at, server = datetime.now(UTC), ServerRef("gw", "https://gw.example.org/v1")
    remote = read_video({"id": "video_1", "status": "failed", "model": "sora-2"})
    assert remote is not None
    with closing(History(open_folder(shell.workspace))) as history:
        history.save(Job.adopted("20261122-101530-aaaaaa", at, server, remote))
    lines = shell.inside("show", "@last").out.splitlines()
    assert "prompt    not known" in lines
    assert all(any(pair) for pair in pairwise(lines)), "two blank lines"
    table = shell.inside("jobs").out.splitlines()
    assert [line.rstrip() for line in table] == table


def test_an_adopted_job_has_the_prompt_of_the_list_and_what_free_says(shell: Shell) -> None:
    """LiteLLM's answer about one job has no prompt, its list has."""
    video = {"id": "video_1", "object": "video", "status": "failed", "model": "wan"}
    listed = {"object": "list", "data": [{**video, "prompt": "A kite"}], "has_more": False}

    def talk(line: Line) -> None:
        while True:
            read_request(line)
            assert line.request is not None
            told = video if "video_1" in line.request.target else listed
            line.socket.sendall(answer(200, told))

    with RawServer(*[[talk]] * 4) as server:
        assert shell.inside("servers", "add", "lab", server.url, "--free").code == 0
        ran = shell.inside("adopt", "video_1", "--no-wait", "--server", "lab")
        assert ran.code == 0, ran.err
    (document,) = [json.loads(path.read_text()) for path in shell.documents]
    assert (document["request"]["prompt"], document["cost"]["estimated"]) == ("A kite", 0)
    said = job_sentences(from_document(document))
    assert said is not None
    assert said.money == "Nothing is charged on this server."
