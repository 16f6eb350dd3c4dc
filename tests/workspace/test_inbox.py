"""Requests: taken exactly once, and never over somebody's document."""

from __future__ import annotations

import json
import stat

import pytest

from sora_tui.core.problem import ProblemError
from sora_tui.workspace import inbox
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.folder_mark import folder_mark
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import Command
from tests.support.child_processes import go, line, python
from tests.support.stored_jobs import document, put, saved, wish

_CLAIM = """
    import sys
    from pathlib import Path
    from sora_tui.workspace.folder import open_folder
    from sora_tui.workspace.inbox import claim

    folder = open_folder(Path(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    while True:
        print(*(job.id for job in claim(folder)), flush=True)
        if not any(folder.inbox.iterdir()):
            break
    print("end", flush=True)
"""


def test_a_request_is_withdrawn_or_claimed_and_never_both(folder: Folder) -> None:
    jobs = [wish(second) for second in range(60)]
    for job in jobs:
        inbox.hand_in(folder, job)
    with python(_CLAIM, folder.root) as owner:
        assert line(owner) == "ready"
        go(owner)
        withdrawn = {job.id for job in reversed(jobs) if inbox.withdraw(folder, job.id)}
        claimed: list[str] = []
        while (said := line(owner)) != "end":
            claimed += said.split()
    assert sorted([*claimed, *withdrawn]) == sorted(job.id for job in jobs)
    assert sorted(claimed) == sorted(History(folder).all_ids())
    assert {path.stem for path in folder.trash.iterdir()} == withdrawn


def test_requests_are_private_whole_and_claimed_in_their_order(folder: Folder) -> None:
    jobs = [inbox.hand_in(folder, wish(second)) for second in (3, 1, 2)]
    assert {job.handed_in for job in jobs} == {folder_mark(folder)}
    (request, *_) = folder.inbox.iterdir()
    assert stat.S_IMODE(request.stat().st_mode) == 0o600
    in_order = sorted(jobs, key=lambda job: job.id)
    assert inbox.waiting(folder) == in_order
    assert inbox.claim(folder) == in_order
    assert inbox.waiting(folder) == inbox.claim(folder) == []


def test_an_invalid_request_is_not_run(folder: Folder) -> None:
    """A broken request is told of among the documents; a taken id keeps its document."""
    history, done, good = History(folder), saved(1), wish(2)
    put(folder, done)
    (folder.inbox / f"{done.id}.json").write_text("{}")
    (folder.inbox / f"{wish(3).id}.json").write_text('{"schema": 1,\n  oops')
    good = inbox.hand_in(folder, good)
    inbox.hand_in(folder, saved(4))
    (folder.inbox / ".half-written.json.0123abcd.tmp").write_text("{")
    assert inbox.claim(folder) == [good]
    assert history.load(done.id) == done
    assert [path.name for path in folder.conflicts.iterdir()] == [f"{done.id}.json"]
    history.newest(10)
    (problem,) = history.broken()
    assert (problem.code, problem.facts["line"], problem.facts["column"]) == (
        "document_broken",
        2,
        3,
    )


def test_commands_come_in_order_and_a_broken_one_is_put_aside(folder: Folder) -> None:
    job = wish()
    sent = [Command(job.id, "adopt", "video_1"), Command(job.id, "cancel")]
    for command in sent:
        inbox.send_command(folder, command)
    (folder.inbox / "0-broken.cmd.json").write_text('{"job_id": "../x", "verb": "cancel"}')
    waiting = inbox.commands(folder)
    assert [command for _, command in waiting] == sent
    assert inbox.commands(folder) == waiting, "not done yet"
    for path, _ in waiting:
        inbox.done(path)
    assert inbox.commands(folder) == []
    assert [path.name for path in folder.conflicts.iterdir()] == ["0-broken.cmd.json"]


def test_an_id_from_outside_is_never_a_path(folder: Folder) -> None:
    (folder.root / "secret.json").write_text(json.dumps({"schema": 1}))
    with pytest.raises(ProblemError) as caught:
        History(folder).load("../secret")
    assert caught.value.problem.code == "job_unknown"
    assert not inbox.withdraw(folder, "../../secret")
    assert document(folder, wish()).parent == folder.metadata
