"""`verify`, `cancel` and `delete`: what is done, what is refused, and who does it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sora_tui.core.job import Consent, Job, JobError
from sora_tui.core.problem import Spent
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.folder_mark import folder_mark
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import Command, hand_in, send_command
from tests.cli.conftest import COMMAND, Shell
from tests.support.job_states import video
from tests.support.pty_session import PtySession
from tests.support.simulator_process import Simulator

LOST = JobError("answer_lost", Spent.PERHAPS)
OTHER = "20990101-000000-aaaaaa"


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Path:
    """A workspace with one saved job."""
    workspace = tmp_path_factory.mktemp("once")
    environ = {"SORA_BASE_URL": simulator.base_url, "SORA_API_KEY": simulator.key}
    words = ("A paper boat", "--model", "sora-2", "--seconds", "1", "--size", "320x180")
    ran = Shell(workspace, environ)("generate", *words)
    assert ran.code == 0, ran.err
    return workspace


@pytest.fixture
def folder(shell: Shell, once: Path) -> Folder:
    """The shell's workspace, a copy of that one."""
    shutil.copytree(once, shell.workspace, dirs_exist_ok=True)
    return open_folder(shell.workspace)


def last(folder: Folder) -> Job:
    return History(folder).newest(1)[0]


def another(folder: Folder) -> Job:
    """A pending job on the same server, not written anywhere."""
    saved, at = last(folder), datetime.now(UTC)
    consent = Consent("unknown", at)
    return Job.new(OTHER, at, saved.server, saved.request, cost=saved.cost, consent=consent)


def put(folder: Folder, job: Job) -> Path:
    with closing(History(folder)) as history:
        history.save(job)
    return folder.metadata / f"{job.id}.json"


def sent(job: Job) -> Job:
    return job.submitting(job.created_at, "key")


@contextmanager
def owner(shell: Shell) -> Iterator[subprocess.Popen[str]]:
    """Another process that owns the folder and waits."""
    lock = shell.workspace / "metadata" / ".lock"
    with subprocess.Popen(
        [*COMMAND, "wait"],
        cwd=shell.workspace,
        env={**os.environ, **shell.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            end = time.monotonic() + 20
            while f'"pid": {process.pid}' not in lock.read_text():
                assert time.monotonic() < end
                assert process.poll() is None, process.stdout and process.stdout.read()
                time.sleep(0.05)
            yield process
        finally:
            process.kill()


def test_verify_tells_ok_changed_and_missing(shell: Shell, folder: Folder) -> None:
    output, *pictures = last(folder).outputs
    clip = folder.root / output.path
    good = "".join(f"ok  {each.path}\n" for each in pictures)
    ran = shell.inside("verify")
    assert (ran.code, ran.out) == (0, f"ok  {output.path}\n{good}")
    clip.write_bytes(clip.read_bytes() + b"\0")
    ran = shell.inside("verify", "@last", "--json")
    assert ran.code == 1
    assert (ran.documents[0]["result"], ran.documents[0]["path"]) == ("changed", output.path)
    assert clip.exists()
    clip.unlink()
    ran = shell.inside("verify")
    assert (ran.code, ran.out) == (1, f"missing  {output.path}\n{good}")


def test_verify_vouches_for_nothing_it_cannot_read(shell: Shell, folder: Folder) -> None:
    put(folder, another(folder))
    assert shell.inside("verify").code == 0
    ran = shell.inside("verify", OTHER)
    assert ran.code == 1
    assert "has no file" in ran.err
    (folder.metadata / f"{OTHER}.json").write_text("{")
    assert shell.inside("verify").code == 1


def test_cancel_takes_a_request_back_that_nobody_has_taken(shell: Shell, folder: Folder) -> None:
    hand_in(folder, another(folder))
    ran = shell.inside("cancel", OTHER[:6], "--json")
    assert ran.code == 0, ran.err
    assert [(line["id"], line["state"]) for line in ran.documents] == [(OTHER, "cancelled")]
    assert not list(folder.inbox.iterdir())
    assert (folder.trash / f"{OTHER}.json").exists()


def test_cancel_without_an_owner_sends_nothing(shell: Shell, folder: Folder) -> None:
    third = replace(another(folder), id=OTHER[:-1] + "9")
    put(folder, another(folder))
    put(folder, third)
    ran = shell.inside("cancel", OTHER)
    assert ran.code == 0, ran.err
    job = History(folder).load(OTHER)
    assert (job.state.value, job.attempts) == ("cancelled", ())
    assert History(folder).load(third.id).state.value == "pending", "that was not asked for"
    assert shell.inside("cancel", OTHER).code == 0, "it is what was asked for"


def test_cancel_is_done_by_the_process_that_owns(shell: Shell, folder: Folder) -> None:
    later = datetime.now(UTC) + timedelta(seconds=50)  # the server said: later
    put(folder, replace(another(folder), not_before=later, handed_in=folder_mark(folder)))
    with owner(shell) as process:
        ran = shell.inside("cancel", OTHER)
        assert ran.code == 0, ran.err
        process.wait(20)  # it waited for this job alone
    job = History(folder).load(OTHER)
    assert (job.state.value, job.attempts) == ("cancelled", ())


def test_cancel_says_that_a_server_is_not_stopped(shell: Shell, folder: Folder) -> None:
    job = sent(another(folder))
    put(folder, job.accepted(job.created_at, video("queued")))
    ran = shell.inside("cancel", OTHER)
    assert ran.code == 2
    assert "is not stopped there" in ran.err
    assert "It may be billed" in ran.err
    put(folder, job.unconfirmed(job.created_at, LOST))
    ran = shell.inside("cancel", OTHER)
    assert ran.code == 6
    assert "--give-up" in ran.err
    assert shell.inside("cancel", "@2").code == 2, "a saved job"
    assert not list(folder.inbox.iterdir())


def test_delete_moves_the_record_and_leaves_the_file(shell: Shell, folder: Folder) -> None:
    job = last(folder)
    ran = shell.inside("delete", "@last")
    assert ran.code == 2
    assert "--yes" in ran.err
    lost = sent(another(folder)).unconfirmed(job.created_at, LOST)
    kept = put(folder, lost)
    # Left by a process that was killed: the owner refuses it, whoever sent it.
    send_command(folder, Command(lost.id, "delete"))
    # One that was carried out already and not yet taken away: replay changes nothing.
    send_command(folder, Command(job.id, "delete"))
    ran = shell.inside("delete", job.id, "--yes", "--json")
    assert ran.code == 0, ran.err
    (told,) = ran.documents
    assert (told["event"], told["stays"]) == ("deleted", [output.path for output in job.outputs])
    trashed = json.loads((folder.root / told["record"]).read_text())
    assert trashed["remote_id"] == job.remote_id
    assert (folder.root / job.outputs[0].path).exists()
    assert shell.inside("show", job.id).code == 2
    assert job.remote_id in History(folder).known_remote_ids(job.server.origin)
    assert kept.exists()
    assert not list(folder.inbox.iterdir())


def test_delete_is_refused_for_what_is_not_at_rest(shell: Shell, folder: Folder) -> None:
    job = another(folder)
    submitting = sent(job)
    unconfirmed = submitting.unconfirmed(job.created_at, LOST)
    queued = submitting.accepted(job.created_at, video("queued"))
    for refused in (job, submitting, unconfirmed, queued):
        path = put(folder, refused)
        ran = shell.inside("delete", OTHER, "--yes")
        assert ran.code == 2
        assert refused.state.value in ran.err
        assert path.exists()
    assert not list(folder.inbox.iterdir())


def test_delete_asks_on_a_terminal(shell: Shell, folder: Folder) -> None:
    job = last(folder)
    for answer, code in (("n", 2), ("y", 0)):
        with PtySession(
            [*COMMAND, "delete", "@1"], cols=120, env=shell.environ, cwd=shell.workspace
        ) as session:
            session.wait_for("y delete", 20)
            session.send(f"{answer}\n")
            assert session.wait_exit(20) == code
        assert (folder.metadata / f"{job.id}.json").exists() == (code == 2)


def test_records_that_cannot_be_read_are_not_no_jobs(shell: Shell) -> None:
    shell.inside("jobs")
    (shell.workspace / "metadata" / "20261122-101530-7f3k2m.json").write_text("{")
    ran = shell.inside("jobs")
    assert (ran.code, ran.out) == (0, "")
    assert "No jobs" not in ran.err
    assert "metadata/20261122-101530-7f3k2m.json" in ran.err


@pytest.mark.parametrize("record", ['{"schema": 99}', '{"sch', '{"schema": 1, "id": 7}'])
def test_wait_names_records_that_it_cannot_read(folder: Folder, shell: Shell, record: str) -> None:
    """A paid clip may be behind each of them: nothing is unfinished would be no true word."""
    (folder.metadata / f"{OTHER}.json").write_text(record)
    ran = shell.inside("wait")
    assert ran.code == 1
    assert f"{OTHER}.json" in ran.err
    assert "Nothing is unfinished" not in ran.err
