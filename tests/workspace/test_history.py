"""Documents: lossless, never silently overwritten, and a broken one harms no other."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from datetime import timedelta

import pytest

from sora_tui.core.job import Job, Notes, State
from sora_tui.core.problem import ProblemError
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History
from sora_tui.workspace.job_document import encode
from tests.support.job_states import LATER, video
from tests.support.stored_jobs import document, put, saved, wish


def _edited(folder: Folder, job: Job, **changes: object) -> None:
    path = document(folder, job)
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_document_is_private_readable_and_loses_nothing(folder: Folder) -> None:
    history, job = History(folder), wish()
    prompt = "Möwen \ud83d über dem Hafen"  # half an emoji, as a broken terminal sends it
    job = replace(job, request=job.request._replace(prompt=prompt), extra={"rate": float("inf")})
    history.save(job)
    path = document(folder, job)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_bytes(), parse_constant=pytest.fail)["rate"] is None
    assert history.load(job.id) == replace(job, extra={"rate": None})
    plain = replace(job, request=job.request._replace(prompt="Möwen"))
    history.save(plain)
    assert '  "state": "pending",\n' in history.load_text(job.id)
    assert "Möwen" in history.load_text(job.id)


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        (b'{\n  "schema": 1,\n  "id": oops\n}', 3, 9, "Expecting value"),
        (b'{\n  "schema": 1,\n  "id": "\xff"\n}', 3, 10, "not UTF-8"),
        (b"[" * 100_000, 1, 1, "nested too deeply"),
        (b"x" * 1_100_000, 1, 1, "larger than 1048576 bytes"),
        (b'{"schema": 1}', 1, 1, "id: missing"),
    ],
    ids=["syntax", "encoding", "depth", "size", "fields"],
)
def test_a_broken_document_is_placed_and_harms_no_other(
    folder: Folder, text: bytes, line: int, column: int, reason: str
) -> None:
    broken, good = wish(1), wish(2)
    put(folder, good)
    document(folder, broken).write_bytes(text)
    script = folder.metadata / "video_68d7512d07848190b3e45da0ecbebcde.json"
    script.write_text('{"id": "video_68d7", "status": "completed"}')
    history = History(folder)
    history.own()
    assert history.newest(10) == [good]
    assert history.active() == [good]
    (problem,) = history.broken()
    assert problem.facts == {
        "path": f"metadata/{broken.id}.json",
        "line": line,
        "column": column,
        "reason": reason,
    }
    assert script.read_text() == '{"id": "video_68d7", "status": "completed"}'


def test_a_document_that_is_no_regular_file_is_broken(folder: Folder) -> None:
    history = History(folder)
    folders, pipe, link = wish(1), wish(2), wish(3)
    document(folder, folders).mkdir()
    os.mkfifo(document(folder, pipe))
    document(folder, link).symlink_to("/etc/hostname")
    for reader in (history, History(folder)):
        assert reader.newest(10) == []
        assert [problem.code for problem in reader.broken()] == ["document_broken"] * 3
        history.own()


def test_a_broken_field_is_named_with_its_line(folder: Folder) -> None:
    history, job = History(folder), wish()
    history.save(job)
    _edited(folder, job, state=7)
    path = document(folder, job)
    path.write_text(json.dumps(json.loads(path.read_text()), indent=2))
    with pytest.raises(ProblemError) as caught:
        history.load(job.id)
    facts = caught.value.problem.facts
    assert (facts["line"], facts["column"]) == (4, 3)
    assert str(facts["reason"]).startswith("state: ")
    path.write_text(
        path.read_text().replace(job.id, wish().id).replace('"state": 7', '"state": "pending"')
    )
    with pytest.raises(ProblemError, match="not the name of the file"):
        history.load(job.id)


def test_an_edit_by_hand_is_kept_and_only_its_notes_win(folder: Folder) -> None:
    history, job = History(folder), wish()
    history.save(job)
    _edited(folder, job, state="saved", notes={"rating": 5, "tags": ["calm"], "text": "the one"})
    sending = job.submitting(LATER, "key")
    history.save(sending)
    now = history.load(job.id)
    assert now.state is State.SUBMITTING
    assert now.notes == Notes(5, ("calm",), "the one")
    (kept,) = folder.conflicts.iterdir()
    assert json.loads(kept.read_text())["state"] == "saved"
    # The engine goes on with the value it has, which knows nothing of the edit.
    history.save(sending.accepted(LATER, video("queued")))
    assert history.load(job.id).notes.rating == 5
    history.save(replace(history.load(job.id), notes=Notes(1)))
    assert history.load(job.id).notes == Notes(1)


def test_a_document_that_says_the_same_is_left_alone(folder: Folder) -> None:
    history, job = History(folder), wish()
    put(folder, job)
    before = document(folder, job).stat()
    history.save(job)
    after = document(folder, job).stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    assert History(folder).count() == 1


def test_short_names_for_jobs(folder: Folder) -> None:
    history, jobs = History(folder), [wish(second) for second in (1, 2, 60)]
    put(folder, *jobs)
    oldest, middle, newest = (job.id for job in jobs)
    assert history.find("@last") == history.find("@1") == newest
    assert history.find("@3") == oldest
    assert history.find(middle) == history.find(middle[:-1]) == middle
    for prefix, code in (
        (oldest[:11], "job_ambiguous"),
        ("@4", "job_unknown"),
        ("1999", "job_unknown"),
        ("", "job_unknown"),
    ):
        with pytest.raises(ProblemError) as caught:
            history.find(prefix)
        assert caught.value.problem.code == code


def test_a_follower_sees_what_the_owner_writes_and_what_a_person_edits(folder: Folder) -> None:
    owner, follower = History(folder), History(folder)
    old, job = saved(1), wish(2)
    put(folder, old)
    assert follower.newest(10) == [old]
    assert follower.poll_changes() == []
    owner.save(job)  # the index comes to be only now
    assert follower.poll_changes() == [job]
    assert follower.poll_changes() == []
    sending = job.submitting(LATER, "key")
    owner.save(sending)
    assert follower.poll_changes() == [sending]
    with document(folder, old).open("r+") as file:  # in place: the folder's time stays
        text = file.read().replace('"rating": null', '"rating": 4')
        file.seek(0)
        file.write(text)
        file.truncate()
    (edited,) = follower.poll_changes()
    assert edited.notes.rating == 4
    document(folder, old).write_text("{")
    assert follower.poll_changes() == []
    assert [problem.code for problem in follower.broken()] == ["document_broken"]


def test_without_an_index_new_documents_are_seen_by_name(folder: Folder) -> None:
    follower, first, second = History(folder), wish(1), wish(2)
    put(folder, first)
    assert follower.newest(10) == [first]
    put(folder, second)
    assert follower.poll_changes() == [second]
    assert follower.poll_changes() == []


def test_a_reserved_answer_is_taken_though_the_clock_was_set_back(folder: Folder) -> None:
    """The record with the later life wins, not the one with the later time."""
    sent = wish().submitting(LATER + timedelta(hours=1), "key")
    put(folder, sent)
    answer = sent.accepted(LATER, video("queued"), 200)
    reserved = folder.metadata / f".{sent.id}.json.next"
    reserved.write_bytes(encode(answer))
    history = History(folder)
    history.own()
    assert history.load(sent.id).remote_id == "video_1"
    assert not reserved.exists()
