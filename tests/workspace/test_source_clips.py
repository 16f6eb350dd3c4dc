"""Clips to begin with: by job or by file, kept to what was agreed to; and who came of whom."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sora_tui.core.document import from_document, to_document
from sora_tui.core.job import Consent, Cost, Job, Output
from sora_tui.core.lineage import Lineage, Relation
from sora_tui.core.problem import ProblemError
from sora_tui.core.remote_video import RemoteVideo, read_video
from sora_tui.core.request import Character, Operation, SourceFile, VideoRequest
from sora_tui.core.server import Server, ServerRef
from sora_tui.media.practice.render import ClipPlan, render_clip
from sora_tui.workspace.characters import characters_at, find_characters
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.source_clips import MAX_BYTES, clip_bytes, find_source

AT = datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)
LAB = Server("lab", "https://lab.example.org/v1")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path / "workspace")


@pytest.fixture
def history(folder: Folder) -> History:
    return History(folder)


def clip_in(folder: Folder, name: str, width: int = 64) -> Path:
    path = folder.root / name
    render_clip(ClipPlan("A kite", width, 48, 1), path, lambda share: None)
    return path


def remote(video_id: str, **more: object) -> RemoteVideo:
    found = read_video({"id": video_id, "status": "completed", **more})
    assert found is not None
    return found


def job_of(
    number: int,
    request: VideoRequest | None = None,
    *,
    video_id: str | None = None,
    at: ServerRef = LAB.ref,
    parent: str | None = None,
) -> Job:
    """A job that its server has made."""
    when = AT + timedelta(seconds=number)
    job = Job.new(
        f"{when:%Y%m%d-%H%M%S}-00000{number}",
        when,
        at,
        request or VideoRequest("A kite", model="sora-2", seconds="4", size="1280x720"),
        cost=Cost(Decimal(0)),
        consent=Consent("free", when),
        parent=parent,
        once_more=parent is not None,
    )
    return job.submitting(when, "key").accepted(when, remote(video_id or f"video_{number}"))


def saved(job: Job, path: str) -> Job:
    output = Output("video", path, 1000, "0" * 64)
    return job.downloading(job.created_at).saved(job.created_at, (output,))


def refusal(folder: Folder, said: str, operation: Operation = "edit") -> str:
    with pytest.raises(ProblemError) as refused:
        find_source(folder, History(folder), said, operation)
    return refused.value.problem.code


def test_a_job_is_named_by_its_video_and_a_file_goes_along(
    folder: Folder, history: History
) -> None:
    made = saved(job_of(1), "output/20261122-101531Z_video_1.mp4")
    history.save(made)
    clip = clip_in(folder, made.outputs[0].path)
    clip_in(folder, "mine.mp4", 32)
    by_id = find_source(folder, history, "@last", "extend")
    request = by_id.request("extend", "on", model="other", seconds="8")
    assert (request.source_video, request.source_file) == ("video_1", None)
    assert (request.model, request.seconds, request.size) == ("sora-2", "8", "1280x720")
    assert request.source_job == made.id
    # The clip's file: sent along, and its job is known by the name.
    for said in (made.outputs[0].path, clip.name, str(clip)):
        by_file = find_source(folder, history, said, "edit").request(
            "edit", "snow", model="wan", seconds=None
        )
        assert (by_file.source_video, by_file.source_job) == (None, made.id)
        assert (by_file.model, by_file.seconds, by_file.size) == ("sora-2", "1", "64x48")
        assert by_file.source_file is not None
        assert by_file.source_file.path == made.outputs[0].path
        assert clip_bytes(folder, by_file.source_file) == clip.read_bytes()
    own = find_source(folder, history, "mine.mp4", "edit").request(
        "edit", "snow", model="wan", seconds=None
    )
    assert (own.source_job, own.model, own.size) == (None, "wan", "32x48")
    # A character is always made of the file, and has neither length nor size.
    mossy = find_source(folder, history, made.id, "character").request(
        "character", "Mossy", model=None, seconds=None
    )
    assert mossy.source_file is not None
    assert (mossy.source_job, mossy.size, mossy.seconds) == (made.id, None, None)


def test_a_source_that_is_no_clip_is_refused(
    folder: Folder, history: History, tmp_path: Path
) -> None:
    (folder.root / "text.mp4").write_text("no clip")
    (folder.root / "folder.mp4").mkdir()
    clip_in(folder, "../elsewhere.mp4")
    (folder.root / "link.mp4").symlink_to(tmp_path / "elsewhere.mp4")
    with (folder.root / "big.mp4").open("wb") as big:
        big.truncate(MAX_BYTES + 1)
    os.mkfifo(folder.root / "pipe.mp4")
    history.save(job_of(1, VideoRequest("Mossy", operation="character"), video_id="char_1"))
    assert refusal(folder, "text.mp4") == "source_not_clip"
    assert refusal(folder, "folder.mp4") == "source_not_clip"
    assert refusal(folder, "pipe.mp4") == "source_not_clip"
    assert refusal(folder, "link.mp4") == "source_outside"
    assert refusal(folder, str(tmp_path / "elsewhere.mp4")) == "source_outside"
    assert refusal(folder, "big.mp4") == "source_too_big"
    assert refusal(folder, "gone.mp4") == "source_missing"
    assert refusal(folder, "") == "job_unknown"
    assert refusal(folder, "@last") == "step_illegal", "a character is no clip"
    history.save(job_of(2))
    assert refusal(folder, "@last", "character") == "source_missing", "its clip is not here"


def test_other_bytes_than_were_agreed_to_are_not_sent(folder: Folder, history: History) -> None:
    clip = clip_in(folder, "mine.mp4")
    source = find_source(folder, history, "mine.mp4", "edit").file
    assert source is not None
    clip.write_bytes(clip.read_bytes() + b"\0")
    with pytest.raises(ProblemError) as changed:
        clip_bytes(folder, source)
    assert changed.value.problem.code == "source_changed"
    with pytest.raises(ProblemError) as outside:
        clip_bytes(folder, source._replace(path="../mine.mp4"))
    assert outside.value.problem.code == "source_missing"


@pytest.mark.parametrize("indexed", [True, False])
def test_lineage_is_the_same_with_and_without_an_index(folder: Folder, indexed: bool) -> None:
    first = job_of(1)
    of_first = {"source_job": first.id, "source_video": "video_1"}
    remix = job_of(2, VideoRequest("At night", operation="remix", **of_first))  # type: ignore[arg-type]
    again = job_of(3, remix.request, parent=remix.id)
    mossy = job_of(4, VideoRequest("Mossy", operation="character", source_job=first.id))
    walk = job_of(
        5, VideoRequest("Mossy walks", characters=(Character("Mossy", "char_4", mossy.id),))
    )
    elsewhere = Job.adopted(
        "20261122-101536-000006",
        AT,
        LAB.ref,
        remote("video_6", remixed_from_video_id="video_2"),
    )
    jobs = (first, remix, again, mossy, walk, elsewhere)
    writer = History(folder)
    for job in jobs:
        assert from_document(to_document(job)) == job
        writer.save(job)
    writer.close()
    if not indexed:
        folder.index_file.unlink()
    history = History(folder)
    assert history.lineage(first) == Lineage(
        derived=(
            Relation(remix.id, "remix"),
            Relation(again.id, "remix"),
            Relation(mossy.id, "character"),
        )
    )
    assert history.lineage(remix) == Lineage(
        (Relation(first.id, "remix"),),
        (Relation(again.id, "again"), Relation(elsewhere.id, "remix")),
    )
    assert history.lineage(again).origins == (
        Relation(first.id, "remix"),
        Relation(remix.id, "again"),
    )
    assert history.lineage(mossy).derived == (Relation(walk.id, "with"),)
    assert history.lineage(elsewhere).origins == (Relation(remix.id, "remix"),)
    assert [job.id for job in history.characters()] == [mossy.id]


def test_a_character_is_known_to_the_server_that_made_it(history: History) -> None:
    wish = VideoRequest("Mossy", operation="character", source_file=SourceFile("a.mp4", "00"))
    older, newer = (job_of(n, wish, video_id=f"char_{n}") for n in (1, 2))
    other = LAB._replace(name="other", base_url="https://other.example.org/v1")
    for job in (older, newer, job_of(3, wish, video_id="char_3", at=other.ref)):
        history.save(job)
    mossy = Character("Mossy", "char_2", newer.id)
    assert find_characters(history, LAB, ["Mossy", newer.id, "char_2"]) == (mossy,)
    assert [c.id for c in find_characters(history, LAB, ["char_1"])] == ["char_1"]
    assert [job.id for job in characters_at(history, LAB.origin)] == [newer.id]
    with pytest.raises(ProblemError) as unknown:
        find_characters(history, LAB, ["char_3"])
    assert unknown.value.problem.facts == {"name": "char_3", "server": "lab"}
