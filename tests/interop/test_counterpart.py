"""What a person does, against a server that somebody else wrote: each test is a column of the
conformance table in docs/servers.md."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from sora_tui.client.download import download_video_from_api
from sora_tui.client.outcome import Accepted, Rejected
from sora_tui.client.server_error import ServerError
from sora_tui.client.videos import Upload, VideosClient
from sora_tui.core.remote_video import Phase, RemoteVideo
from sora_tui.core.request import Operation, SourceFile, VideoRequest
from tests.interop.conftest import COMMAND, Row, Workspace
from tests.interop.counterpart import Counterpart
from tests.interop.relay import lose_first_answer
from tests.support.clients import Received

pytestmark = [pytest.mark.interop, pytest.mark.timeout(180)]
T = TypeVar("T")

#: Statuses by which a server says that it has no such call.
NO_SUCH_THING = {400, 404, 405, 501}


def asked(counterpart: Counterpart, call: Callable[[VideosClient], Awaitable[T]]) -> T:
    """One errand of our own client."""

    async def run() -> T:
        # The program has found out whom it speaks to before it sends anything.
        spoken = counterpart.dialect or "auto"
        client = VideosClient(counterpart.server._replace(dialect=spoken))
        try:
            return await call(client)
        finally:
            await client.aclose()

    return asyncio.run(run())


def request_to(counterpart: Counterpart, prompt: str) -> VideoRequest:
    return VideoRequest(
        prompt, model=counterpart.model, seconds=counterpart.seconds, size=counterpart.size
    )


async def made(client: VideosClient, request: VideoRequest) -> str:
    """The id of a video made past any workspace."""
    async with asyncio.timeout(60):
        while True:
            outcome = await client.create(request, None, "interop")
            if isinstance(outcome, Accepted):
                return outcome.video.id
            await asyncio.sleep(1)  # Aquiles takes one at a time


async def rested(client: VideosClient, video_id: str) -> RemoteVideo:
    """The video once it goes no further."""
    async with asyncio.timeout(90):
        while True:
            video = (await client.retrieve(video_id)).video
            if video.phase not in {Phase.QUEUED, Phase.IN_PROGRESS, Phase.UNKNOWN}:
                return video
            await asyncio.sleep(0.3)


def fetched(counterpart: Counterpart, video_id: str) -> bytes:
    sink = Received()
    download_video_from_api(
        counterpart.server,
        video_id,
        sink,
        on_body=sink.bodies.append,
        stop=threading.Event(),
        limit=100_000_000,
    )
    return bytes(sink.data)


def clip_of(workspace: Workspace, document: dict[str, Any]) -> bytes:
    """The saved clip; its hash is the document's."""
    (output,) = document["outputs"]
    body: bytes = (workspace.folder / output["path"]).read_bytes()
    assert hashlib.sha256(body).hexdigest() == output["sha256"]
    assert body[4:8] == b"ftyp"
    return body


def states(document: dict[str, Any]) -> list[str]:
    return [event["state"] for event in document["events"]]


@pytest.mark.column("found out")
def test_doctor_finds_out_which_server_this_is(workspace: Workspace, row: Row) -> None:
    done = workspace.run("doctor")
    facts = {said["check"]: said for said in map(json.loads, done.stdout.splitlines())}
    assert facts["reach"]["ok"], done.stdout
    assert facts["dialect"]["value"] == (workspace.counterpart.dialect or "generic")
    row.cells["found out"] = facts["dialect"]["value"]


@pytest.mark.column("create")
def test_a_prompt_becomes_a_clip(workspace: Workspace) -> None:
    done = workspace.generate("A kite over a grey sea")
    assert done.returncode == 0, done.stderr
    document = workspace.document
    assert document["state"] == "saved"
    assert [attempt["outcome"] for attempt in document["attempts"]] == ["accepted"]
    width, height = (int(side) for side in workspace.counterpart.size.split("x"))
    (output,) = document["outputs"]
    assert (output["width"], output["height"]) == (width, height)
    clip_of(workspace, document)


@pytest.mark.column("poll")
def test_a_job_is_watched_until_it_is_done(workspace: Workspace) -> None:
    done = workspace.generate("A slow train through snow")
    assert done.returncode == 0, done.stderr
    assert {"queued", "in_progress"} & set(states(workspace.document))
    assert "completed" in states(workspace.document)
    assert workspace.document["remote"]["status"] == "completed"


@pytest.mark.column("picture")
def test_a_picture_goes_along(workspace: Workspace) -> None:
    done = workspace.generate("A lighthouse at night", "-r", "lighthouse.jpg", "--fit", "cover")
    assert done.returncode == 0, done.stderr
    assert workspace.document["request"]["reference"]["path"] == "input_reference/lighthouse.jpg"
    clip_of(workspace, workspace.document)


@pytest.mark.column("failure")
def test_a_failed_job_says_why(workspace: Workspace) -> None:
    if not workspace.counterpart.fails:
        pytest.skip("nobody can make this server fail on purpose (SORA_INTEROP_FAILS)")
    done = workspace.generate(f"A kite {workspace.counterpart.fails}")
    assert done.returncode == 1, done.stderr
    document = workspace.document
    assert document["state"] == "failed"
    assert document["error"]["message"] in done.stderr
    assert document["error"]["message"]


@pytest.mark.column("refusal")
def test_a_refusal_is_definite_and_free(workspace: Workspace, row: Row) -> None:
    done = workspace.generate("A kite", "--model", "no-such-model", "--no-wait")
    document = workspace.document
    if document["state"] in {"queued", "in_progress"}:
        row.cells["refusal"] = "takes any model"
        assert workspace.run("wait").returncode == 0
    else:
        assert document["state"] == "rejected", done.stderr
        assert done.returncode in {1, 2}
        assert document["error"]["spent"] == "no"
        assert document["error"]["message"]


@pytest.mark.column("download")
def test_the_clip_is_the_server_s_byte_for_byte(workspace: Workspace) -> None:
    done = workspace.generate("A paper boat in a gutter")
    assert done.returncode == 0, done.stderr
    document = workspace.document
    assert clip_of(workspace, document) == fetched(workspace.counterpart, document["remote_id"])


@pytest.mark.column("kill -9")
def test_a_killed_program_goes_on_with_its_job(workspace: Workspace) -> None:
    command = [COMMAND, "generate", "A fox in the rain", *workspace.settings]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command, cwd=workspace.folder, env=workspace.environ, stdin=quiet, stdout=quiet,
        stderr=quiet,
    ) as process:  # fmt: skip
        until = time.monotonic() + 60
        while not _has_remote_id(workspace.folder) and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    before = workspace.document
    assert before["state"] in {"queued", "in_progress"}, "killed too late to prove anything"
    done = workspace.run("wait")
    assert done.returncode == 0, done.stderr
    document = workspace.document
    assert (document["state"], document["remote_id"]) == ("saved", before["remote_id"])
    assert len(document["attempts"]) == 1
    clip_of(workspace, document)


def _has_remote_id(folder: Path) -> bool:
    return any(b'"remote_id": "' in path.read_bytes() for path in folder.glob("metadata/2*.json"))


@pytest.mark.column("lost answer")
def test_a_paid_request_whose_answer_was_lost_is_never_repeated(
    workspace: Workspace, row: Row
) -> None:
    its = workspace.counterpart
    if not its.base_url.startswith("http://"):
        pytest.skip("the relay that loses the answer speaks plain HTTP")
    with lose_first_answer(its.base_url) as address:
        behind = Workspace(workspace.folder, replace(its, base_url=address))
        done = behind.generate(f"Lost and found {time.time_ns()}")
        document = behind.document
    assert len(document["attempts"]) == 1
    if document["state"] == "saved":
        clip_of(behind, document)
        assert done.returncode == 0
        row.cells["lost answer"] = "found"
    else:
        assert document["state"] == "unconfirmed", done.stderr
        assert done.returncode == 6
        assert document["error"]["spent"] == "perhaps"
        row.cells["lost answer"] = "you decide"


@pytest.mark.column("list")
def test_the_list_ends_and_repeats_nothing(counterpart: Counterpart, row: Row) -> None:
    async def pages(client: VideosClient) -> list[str]:
        known = [await made(client, request_to(counterpart, f"kite {n}")) for n in range(2)]
        found: list[str] = []
        page = await client.list(limit=1)
        for _ in range(200):
            found += [video.id for video in page.videos]
            if not page.has_more or set(known) <= set(found):
                break
            page = await client.list(after=page.last_id, limit=1)
        assert set(known) <= set(found)
        assert len(found) == len(set(found))
        for video_id in known:
            await rested(client, video_id)
        return found

    try:
        asked(counterpart, pages)
    except ServerError as error:
        if error.error.status not in NO_SUCH_THING:
            raise
        row.cannot("list", "GET /videos?limit=1&order=desc", error)


@pytest.mark.column("adopt")
def test_a_video_made_elsewhere_can_be_taken_home(workspace: Workspace, row: Row) -> None:
    its = workspace.counterpart

    async def elsewhere(client: VideosClient) -> str:
        video_id = await made(client, request_to(its, "made past the workspace"))
        video = await rested(client, video_id)
        assert video.phase is Phase.COMPLETED
        return video_id

    video_id = asked(its, elsewhere)
    listed = workspace.run("adopt")
    if listed.returncode == 0:
        assert video_id in listed.stdout
    else:
        row.cells["adopt"] = "by id"
    done = workspace.run("adopt", video_id)
    assert done.returncode == 0, done.stderr
    document = workspace.document
    assert (document["state"], document["remote_id"]) == ("saved", video_id)
    assert clip_of(workspace, document) == fetched(its, video_id)
    again = workspace.run("adopt", video_id)
    assert again.returncode != 0, "taken in twice"
    assert len(list(workspace.folder.glob("metadata/2*.json"))) == 1


@pytest.mark.column("delete")
def test_a_deleted_video_is_gone(workspace: Workspace, row: Row) -> None:
    its = workspace.counterpart
    assert workspace.generate("To be deleted").returncode == 0
    video_id = workspace.document["remote_id"]
    done = workspace.run("delete", "@last", "--remote", "--yes")
    if done.returncode == 0:
        with pytest.raises(ServerError) as gone:
            asked(its, lambda client: client.retrieve(video_id))
        assert gone.value.not_found
    else:
        with pytest.raises(ServerError) as refused:
            asked(its, lambda client: client.delete(video_id))
        assert refused.value.error.status in NO_SUCH_THING
        assert workspace.document["state"] == "saved", "the record stays where the server's stays"
        row.cannot("delete", "DELETE /videos/{id}", refused.value)
    assert list(workspace.folder.glob("output/*.mp4")), "the clip here is never deleted"


@pytest.mark.column("gone")
def test_an_id_it_does_not_know_is_called_unknown(counterpart: Counterpart, row: Row) -> None:
    unknown = "video_00000000000000000000000000000000"
    with pytest.raises(ServerError) as said:
        asked(counterpart, lambda client: client.retrieve(unknown))
    if not said.value.not_found:
        assert said.value.error.status is not None, said.value
        row.cannot("gone", "GET /videos/video_00000…", said.value)


def test_without_a_key_nothing_is_sent_twice(workspace: Workspace) -> None:
    if not workspace.counterpart.key:
        pytest.skip("this server asks for no key")
    wrong = Workspace(workspace.folder, replace(workspace.counterpart, key="sk-wrong-000000"))
    done = wrong.generate("A kite")
    assert done.returncode == 4, done.stderr
    assert wrong.document["error"]["spent"] == "no"
    assert len(wrong.document["attempts"]) == 1
    assert "sk-wrong-000000" not in done.stdout + done.stderr + str(wrong.document)


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        pytest.param(name, words, marks=pytest.mark.column(column), id=column)
        for name, column, words in (
            ("remix", "remix", ("@last", "The same at night")),
            ("edit", "edit", ("@last", "In snow")),
            ("edit", "edit a file", ("mine.mp4", "In snow")),
            ("extend", "extend", ("@last", "On and on", "--seconds", "4")),
            ("character", "character", ("Mossy", "mine.mp4")),
        )
    ],
)
def test_something_new_is_made_of_a_clip(
    workspace: Workspace,
    row: Row,
    request: pytest.FixtureRequest,
    operation: Operation,
    words: tuple[str, ...],
) -> None:
    its = workspace.counterpart
    assert workspace.generate("A kite to begin with").returncode == 0
    source = workspace.document
    (workspace.folder / "mine.mp4").write_bytes(clip_of(workspace, source))
    model = {"SORA_MODEL": its.model} if its.model else {}
    done = workspace.run(operation, *words, "--yes", **model)
    if done.returncode == 0:
        made = workspace.document
        assert made["request"]["operation"] == operation
        assert len(made["attempts"]) == 1
        if operation == "character":
            assert (made["state"], made["outputs"]) == ("completed", [])
        else:
            clip_of(workspace, made)
        return
    # What it cannot do is refused for nothing; its own answer stands for it.
    assert done.returncode == 2, done.stderr
    assert "operation_unsupported" in done.stdout
    by_file = "mine.mp4" in words
    wish = VideoRequest(
        "Mossy",
        model=its.model,
        seconds="4",
        operation=operation,
        source_video=None if by_file else source["remote_id"],
        source_file=SourceFile("mine.mp4", source["outputs"][0]["sha256"]) if by_file else None,
    )
    clip = Upload((workspace.folder / "mine.mp4").read_bytes(), "video/mp4", "mine.mp4", "mine.mp4")
    outcome = asked(its, lambda client: client.create(wish, clip if by_file else None, "interop"))
    assert isinstance(outcome, Rejected), outcome
    column = request.node.get_closest_marker("column").args[0]
    where = {"remix": "{id}/remix", "edit": "edits", "extend": "extensions"}
    path = f"POST /videos/{where.get(operation, 'characters')}"
    row.cannot(column, path, f"{outcome.error.status} {outcome.error.message}")
