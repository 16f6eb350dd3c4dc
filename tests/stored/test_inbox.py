"""A process of an older version asks in its words, and the owner of today does what was asked.

The old process is its files: requests and commands as it wrote them, put into a folder whose owner
is the program of today. The other way round, what is written for the same actions today has the
fields of the stored files, names and types, so that an old owner understands it.
"""

from __future__ import annotations

import json
import re
import shutil
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from sora_tui.core.job import Batch, Consent, Job, State
from sora_tui.core.server import Server
from sora_tui.workspace import inbox
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.folder_mark import folder_mark
from sora_tui.workspace.history import History
from tests.stored.make import AT, COMMANDS, FILES, LAB_URL, MARK, PARENT, ask_the_owner
from tests.stored.shapes import shape
from tests.support.engine_watcher import running, until
from tests.support.fault_server import FaultServer, say

STORED: Final = FILES / "workspace/metadata"
WAITING: Final = STORED / ".inbox"


def replay(folder: Folder, server: FaultServer) -> None:
    """Put what the old process left into a folder, with the server and the mark of this one.

    The machine decides the port of a server and the inode of a mark: those alone are replaced.
    """
    shutil.copy(STORED / ".mark", folder.mark_file)
    mark = folder_mark(folder)
    assert mark.token == MARK.token
    wanted = {f"{job_id}.json" for job_id in (PARENT, *(command[0] for command in COMMANDS))}
    for path in (*STORED.glob("2*.json"), *WAITING.iterdir()):
        if path.parent == STORED and path.name not in wanted:
            continue
        text = path.read_text().replace(LAB_URL, server.base_url)
        document = json.loads(text)
        if document.get("handed_in"):
            document["handed_in"] = mark._asdict()
        copy = folder.metadata / path.relative_to(STORED)
        copy.write_text(json.dumps(document))
        copy.chmod(0o600)


def documents(folder: Folder) -> dict[str, Job]:
    """Return every job by the last six letters of its id; none while one is half written."""
    with closing(History(folder)) as history:
        return {
            job_id.rpartition("-")[2]: job
            for job_id, job in history.load_each(history.all_ids()).items()
            if isinstance(job, Job)
        }


def test_the_owner_of_today_does_what_an_old_process_asked(tmp_path: Path) -> None:
    folder = open_folder(tmp_path / "films")
    with FaultServer(b"", folder.metadata, looks=10**6) as server:
        server.videos += [
            {"id": f"video_{n}", "status": "queued"} for n in ("found", "gone00", "77")
        ]
        server.gets["video_failed"] += [say(200, {"id": "video_failed", "deleted": True})]
        replay(folder, server)
        lab = Server("lab", server.base_url, "generic", free=True)

        def is_done() -> bool:
            jobs = documents(folder)
            sent = ("notsnt", "stoppd", "inbox0", "inbox1", "inbox2")
            return not [*folder.inbox.iterdir()] and all(jobs[name].remote_id for name in sent)

        with running(folder, lab):
            until(is_done, "end of what was asked")
        jobs = documents(folder)
        posts = server.seen("POST")
    assert server.broken == []

    # Requests: two takes of one order, a remix once more, and a video that was made elsewhere.
    assert [jobs[name].batch for name in ("inbox0", "inbox1")] == [
        Batch("20261122-101530-inbox0", 1, 2),
        Batch("20261122-101530-inbox0", 2, 2),
    ]
    assert jobs["inbox0"].consent == Consent("priced", AT, Decimal("0.4"), max_spend=Decimal("1.5"))
    remix = jobs["inbox2"]
    assert (remix.parent, remix.is_once_more) == (PARENT, True)
    assert remix.request.source_video == "video_saved0"
    assert (jobs["inbox3"].is_adopted, jobs["inbox3"].remote_id) == (True, "video_77")
    # Two takes, a remix, and the two jobs that were to be sent after all.
    targets = sorted(request.target for request in posts)
    assert targets == ["/v1/videos"] * 4 + ["/v1/videos/video_saved0/remix"]

    # Commands.
    assert jobs["pendng"].state is State.CANCELLED
    assert jobs["unconf"].state is State.ABANDONED
    assert jobs["search"].remote_id == "video_found"
    assert "asked for again" in [event.note for event in jobs["expire"].events]
    assert jobs["gone00"].state in {State.QUEUED, State.IN_PROGRESS}
    assert {"saved0", "failed"}.isdisjoint(jobs)
    assert {path.stem.rpartition("-")[2] for path in folder.trash.iterdir()} == {"saved0", "failed"}


def test_an_order_of_before_can_be_taken_back_before_it_is_claimed(stored: Folder) -> None:
    waiting = [job.id for job in inbox.waiting(stored)]
    assert waiting == [f"20261122-101530-inbox{number}" for number in range(4)]
    assert inbox.withdraw(stored, waiting[0])
    assert (stored.trash / f"{waiting[0]}.json").is_file()
    assert [job.id for job in inbox.claim(stored)] == waiting[1:]


def test_commands_of_before_are_read_in_their_order(stored: Folder) -> None:
    read = [command for _path, command in inbox.commands(stored)]
    assert read == [inbox.Command(*each) for each in COMMANDS]
    assert list(stored.conflicts.iterdir()) == []


def test_what_is_asked_today_has_the_fields_that_an_old_owner_reads(tmp_path: Path) -> None:
    folder = open_folder(tmp_path / "films")
    ask_the_owner(folder)
    before, now = left_in(WAITING), left_in(folder.inbox)
    assert [shape(document) for document in now] == [shape(document) for document in before]
    # And the words that decide.
    for name in ("state", "verb", "argument", "schema"):
        assert [each.get(name) for each in now] == [each.get(name) for each in before]
    for part, name in (("request", "operation"), ("consent", "kind"), ("server", "dialect")):
        words = [[(each.get(part) or {}).get(name) for each in asked] for asked in (before, now)]
        assert words[0] == words[1]
    assert [event["note"] for each in now for event in each.get("events", ())] == [
        event["note"] for each in before for event in each.get("events", ())
    ]


def test_files_in_the_inbox_have_the_names_that_an_old_owner_looks_for(tmp_path: Path) -> None:
    folder = open_folder(tmp_path / "films")
    ask_the_owner(folder)
    request, command = r"[0-9]{8}-[0-9]{6}-[0-9a-z]{6}\.json", r"[0-9]{20}-[0-9a-f]{8}\.cmd\.json"
    for place in (WAITING, folder.inbox):
        names = [path.name for path in place.iterdir()]
        assert sum(bool(re.fullmatch(request, name)) for name in names) == 4
        assert sum(bool(re.fullmatch(command, name)) for name in names) == len(COMMANDS)


def left_in(place: Path) -> list[dict[str, Any]]:
    """Return commands, then requests, each in the order in which they were left."""
    documents: list[dict[str, Any]] = [
        json.loads(path.read_bytes()) for path in sorted(place.iterdir())
    ]
    for document in documents:
        if document.get("handed_in"):
            document["handed_in"]["machine"] = "many containers have none"
    return documents
