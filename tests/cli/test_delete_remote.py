"""`delete --remote`: the video goes at its server, and that server's habit is named before."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from decimal import Decimal

import pytest

from sora_tui.cli.remote_delete import MEANS
from sora_tui.core.job import Cost
from sora_tui.core.probe_result import DeleteMeans
from sora_tui.core.remote_video import read_video
from sora_tui.core.server import ServerRef
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History
from tests.cli.conftest import Shell
from tests.support.job_states import new_job
from tests.support.raw_server import Line, RawServer, answer, read_request
from tests.support.server_answers import clip

BOAT = ("generate", "A paper boat", "--model", "sora-2", "--seconds", "1", "--size", "320x180")


def test_the_video_goes_there_and_the_record_here(shell: Shell) -> None:
    assert shell(*BOAT).code == 0
    job = History(open_folder(shell.workspace)).newest(1)[0]
    ran = shell("delete", "@last", "--remote", "--yes", "--json")
    assert ran.code == 0, ran.err
    (said,) = ran.documents
    assert (said["event"], said["job"]) == ("deleted", job.id)
    assert said["stays"] == [output.path for output in job.outputs]
    assert all((shell.workspace / path).exists() for path in said["stays"])
    assert (shell.workspace / said["record"]).exists()
    again = shell("wait", "--json")
    assert again.code == 0
    assert shell.documents == [shell.workspace / said["record"]]


def test_a_server_that_cannot_keeps_the_record(shell: Shell) -> None:
    def talk(line: Line) -> None:
        while True:
            read_request(line)
            assert line.request is not None
            is_look = line.request.target.startswith("/v1/videos/video_1")
            told = clip("failed") if is_look else {"data": []}
            made = {"POST": clip("failed"), "GET": told}.get(line.request.method)
            refused = answer(405, {"detail": "Method Not Allowed"}, allow="GET")
            line.socket.sendall(answer(200, made) if made else refused)

    with RawServer([talk]) as server:
        environ = {"SORA_BASE_URL": server.url}
        assert shell("generate", "A boat", "--yes", **environ).code == 1
        ran = shell("delete", "@last", "--remote", "--yes", "--json", **environ)
        assert ran.code == 4
        (problem,) = ran.documents
        assert problem["code"] == "delete_refused"
        assert problem["facts"]["message"] == "405 Method Not Allowed"
        assert "without --remote" in ran.err
        assert len(shell.documents) == 1
        assert shell("delete", "@last", "--yes", **environ).code == 0


def test_nothing_is_done_without_an_answer_or_for_what_is_not_there(shell: Shell) -> None:
    assert shell.inside("delete", "@last", "--remote").code == 2
    assert shell(*BOAT).code == 0
    ran = shell.inside("delete", "@last", "--remote")
    assert ran.code == 2
    assert "--yes" in ran.err
    assert len(shell.documents) == 1


@pytest.mark.parametrize(
    ("dialect", "means"),
    [
        ("openai", "deletes"),
        ("vllm-omni", "cancels"),
        ("sglang", "forgets"),
        ("litellm", "none"),
        ("generic", "unknown"),
    ],
)
@pytest.mark.parametrize("status", ["failed", "in_progress"])
def test_the_question_says_what_that_server_does(
    shell: Shell,
    monkeypatch: pytest.MonkeyPatch,
    dialect: str,
    means: DeleteMeans,
    status: str,
) -> None:
    url = "http://127.0.0.1:9/v1"
    (shell.workspace / "sora-tui.toml").write_text(
        f'[servers.lab]\nbase_url = "{url}"\ndialect = "{dialect}"\n'
    )
    video = read_video(clip(status))
    assert video is not None
    job = replace(new_job(), server=ServerRef("lab", url))
    job = job.submitting(job.created_at, "key").accepted(job.created_at, video, 200)
    job = job.progressed(job.created_at, video)  # told again: only then an end counts
    with closing(History(open_folder(shell.workspace))) as history:
        history.save(job)
    asked: list[str] = []

    def decline(question: str) -> str:
        asked.append(question)
        return "n"

    monkeypatch.setattr("sora_tui.cli.commands.delete.question_on_terminal", lambda: decline)
    assert shell.inside("delete", "@last", "--remote").code == 2
    (question,) = asked
    assert MEANS[means].format(host="127.0.0.1") in question
    assert ("No clip will come" in question) == (status == "in_progress")
    assert len(shell.documents) == 1


@pytest.mark.parametrize(
    ("dialect", "free", "stops"),
    [("vllm-omni", True, True), ("vllm-omni", False, True), ("sglang", True, False)],
)
def test_what_is_under_way_is_told_the_command_that_ends_it(
    shell: Shell, dialect: str, free: bool, stops: bool
) -> None:
    """`cancel` is the word that a person tries first; a server that goes on is not named for it."""
    url = "http://127.0.0.1:9/v1"
    (shell.workspace / "sora-tui.toml").write_text(
        f'[servers.lab]\nbase_url = "{url}"\ndialect = "{dialect}"\n'
    )
    video = read_video({"id": "video_1", "status": "queued"})
    assert video is not None
    cost = Cost(estimated=Decimal(0 if free else "0.40"))
    job = replace(new_job(), server=ServerRef("lab", url), cost=cost)
    job = job.submitting(job.created_at, "key").accepted(job.created_at, video, 200)
    with closing(History(open_folder(shell.workspace))) as history:
        history.save(job)
    way = f"sora-tui delete {job.id} --remote --yes"
    for verb, names_way in (("delete", True), ("cancel", stops)):
        ran = shell.inside(verb, job.id)
        assert ran.code == 2
        assert (way in ran.err) is names_way
        assert ("may be billed" in ran.err) is not free
