"""What answers about one job do to that job, and never to the others."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from sora_tui.client.probe import run_probe
from sora_tui.core.budget import cost_of
from sora_tui.core.digest import sha256_of
from sora_tui.core.document import from_document, to_document
from sora_tui.core.job import Cost, Job, State
from sora_tui.core.remote_video import RemoteVideo
from sora_tui.core.request import SourceFile, VideoRequest
from sora_tui.core.server import Server
from sora_tui.engine import address_downloads, poll_plan, poller, session
from sora_tui.engine.events import EngineFault, JobChanged
from sora_tui.i18n.problems import job_sentences, sentences
from sora_tui.i18n.recovery import found_words
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from tests.support.engine_watcher import KITE, Watcher, order, running, until
from tests.support.fault_server import Act, Call, FaultServer, behave, say, vanish
from tests.support.installed_program import clip
from tests.support.raw_server import RawServer, Step, answer, read_request, send


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path)


@pytest.fixture
def server(folder: Folder) -> Iterator[FaultServer]:
    with FaultServer(clip(), folder.metadata) as server:
        yield server


@pytest.fixture
def lab(server: FaultServer) -> Server:
    return Server("lab", server.base_url, free=True, dialect="generic")


def wait_for_hold(watcher: Watcher, job: Job, code: str) -> JobChanged:
    """Wait until the engine says that it waits with this job, and why."""

    def is_held(event: object) -> bool:
        return (
            isinstance(event, JobChanged)
            and event.job.id == job.id
            and event.retry is not None
            and event.retry.problem is not None
            and event.retry.problem.code == code
        )

    seen = next((event for event in watcher.seen if is_held(event)), None)
    event = seen or watcher.wait_for(is_held)
    assert isinstance(event, JobChanged)
    return event


# One answer that cannot be handled -----------------------------------------------------------


def test_an_answer_that_breaks_us_holds_its_own_job_and_no_other(
    folder: Folder, server: FaultServer, lab: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Now and at the next start; the paid request is never sent again."""
    progressed = Job.progressed

    def broken(job: Job, at: Any, remote: RemoteVideo) -> Job:
        if job.request.prompt == "bad":
            raise OverflowError("int too large to convert to float")
        return progressed(job, at, remote)

    monkeypatch.setattr(Job, "progressed", broken)
    with running(folder, lab) as (engine, watcher):
        bad = order(engine, VideoRequest(prompt="bad"), lab)
        good = order(engine, KITE, lab)
        assert watcher.wait_for_end(good.id).state is State.SAVED
        wait_for_hold(watcher, bad, "answer_fault")
        assert not [event for event in watcher.seen if isinstance(event, EngineFault)]
    with running(folder, lab) as (engine, watcher):
        wait_for_hold(watcher, bad, "answer_fault")
        other = order(engine, KITE, lab)
        assert watcher.wait_for_end(other.id).state is State.SAVED
    kept = History(folder).load(bad.id)
    assert kept.state is State.QUEUED
    notes = [event.note for event in kept.events]
    assert notes.count("an answer was not handled: OverflowError") == 1
    assert server.paid == 3
    monkeypatch.undo()
    with running(folder, lab) as (_, watcher):
        assert watcher.wait_for_end(bad.id).state is State.SAVED
    assert server.paid == 3


def test_a_document_that_breaks_us_at_the_start_stops_no_other(
    folder: Folder, server: FaultServer, lab: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.gets["video_1"] = [lambda call: call.reply({}, 500)] * 3
    with running(folder, lab) as (engine, watcher):
        bad = order(engine, VideoRequest(prompt="bad"), lab)
        watcher.wait_for_job(bad.id, lambda job: job.remote_id is not None)
    as_found = session.EngineSession._as_found

    def broken(self: session.EngineSession, job: Job) -> Job:
        if job.request.prompt == "bad":
            raise OverflowError
        return as_found(self, job)

    monkeypatch.setattr(session.EngineSession, "_as_found", broken)
    with running(folder, lab) as (engine, watcher):
        wait_for_hold(watcher, bad, "answer_fault")
        good = order(engine, KITE, lab)
        assert watcher.wait_for_end(good.id).state is State.SAVED


@pytest.mark.parametrize("field", ["progress", "expires_at", "created_at", "seconds", "usage"])
def test_a_number_that_is_none_in_any_field_loses_no_clip(
    folder: Folder, server: FaultServer, lab: Server, field: str
) -> None:
    def odd(call: Call) -> None:
        value = '{"cost": 1e999}' if field == "usage" else "1" + "0" * 400
        call.reply(f'{{"id": "video_1", "status": "queued", "{field}": {value}}}'.encode())

    server.gets["video_1"] = [odd]
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        assert watcher.wait_for_end(job.id).state is State.SAVED
    assert server.paid == 1


def test_the_first_questions_tell_that_a_server_wants_to_be_left_alone() -> None:
    """The list was asked again a moment after its Retry-After."""
    busy: list[Step] = [read_request, send(answer(429, retry_after="6"))]
    with RawServer(*[busy] * 12) as busy_server:
        found = asyncio.run(run_probe(Server("lab", busy_server.url)))
    assert (found.reached, found.retry_after) == (True, 6.0)


@pytest.mark.parametrize(
    ("reply", "failure", "words"),
    [
        (say(200, {"entries_of": []}), "answer_unusable", "cannot be read"),
        (say(500), "server_failed", "gave none so far"),
    ],
    ids=["another shape", "an error"],
)
def test_a_list_that_was_asked_is_not_called_unasked(
    folder: Folder, server: FaultServer, lab: Server, reply: Act, failure: str, words: str
) -> None:
    server.lists = [reply] * 99
    server.posts["*"] = [vanish]
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        lost = watcher.wait_for_job(job.id, lambda now: now.search is not None)
        assert lost.search is not None
        assert (lost.search.failure, lost.search.searches) == (failure, 0)
        assert words in found_words(lost)
        assert from_document(to_document(lost)).search == lost.search
        server.lists.clear()
        watcher.wait_for_job(job.id, lambda now: now.state is State.SAVED)


# The replica that has the job -----------------------------------------------------------------


def test_the_cookie_of_the_create_answer_goes_with_its_job_and_no_other(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    """Polls, download and the next process; what is shown and logged has no value of it."""

    def at_replica_b(call: Call) -> None:
        call.reply(call.make(), set_cookie="LB=B-4f1c9a7be2; Path=/")

    def sticky(call: Call) -> None:
        video_id = call.request.target.split("/")[3]
        if call.request.headers.get("cookie") != "LB=B-4f1c9a7be2":
            call.reply({"error": {"message": "not found"}}, 404, set_cookie="LB=A; Path=/")
        elif call.request.target.endswith("/content"):
            call.reply(server.clip, content_type="video/mp4")
        else:
            call.reply(server.look(video_id))

    def busy(call: Call) -> None:
        call.reply({}, 500)

    server.posts["*"] = [at_replica_b, behave]
    server.gets["video_1"] = [busy, busy, *[sticky] * 20]
    server.contents["video_1"] = [sticky] * 5
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        watcher.wait_for_job(job.id, lambda job: job.remote_id is not None)
    history = History(folder)
    assert [cookie.name for cookie in history.load(job.id).cookies] == ["LB"]
    document = folder.metadata / f"{job.id}.json"
    assert "B-4f1c9a7be2" in document.read_text()
    assert document.stat().st_mode & 0o777 == 0o600
    shown = (
        history.load_text(job.id),
        str(to_document(history.load(job.id))),
        str(history.load(job.id)),
    )
    assert not [text for text in shown if "4f1c9a7be2" in text]
    assert all("LB" in text for text in shown)
    with running(folder, lab) as (engine, watcher):
        assert watcher.wait_for_end(job.id).state is State.SAVED
        other = order(engine, KITE, lab)
        assert watcher.wait_for_end(other.id).state is State.SAVED
    cookies = {r.target: r.headers.get("cookie") for _, r in server.calls}
    assert {cookie for target, cookie in cookies.items() if "video_1" not in target} == {None}


@pytest.mark.usefixtures("soon")
def test_a_cookie_that_a_look_renews_replaces_the_former_one(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    """A load balancer may rotate its cookie with each answer (AWSALB)."""
    current = ["LB=0"]

    def rotate(call: Call) -> None:
        if call.request.headers.get("cookie") != current[0]:
            call.reply({"error": {"message": "not found"}}, 404, set_cookie="LB=lost; Path=/")
            return
        current[0] = f"LB={int(current[0][3:]) + 1}"
        call.reply(server.look("video_1"), set_cookie=f"{current[0]}; Path=/")

    def content(call: Call) -> None:
        assert call.request.headers.get("cookie") == current[0]
        call.reply(server.clip, content_type="video/mp4")

    server.looks = 3
    server.lists = [say(405)] * 99
    server.posts["*"] = [lambda call: call.reply(call.make(), set_cookie="LB=0; Path=/")]
    server.gets["video_1"] = [rotate] * 20
    server.contents["video_1"] = [content]
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        end = watcher.wait_for_end(job.id)
    assert end.state is State.SAVED
    assert [cookie.value.reveal() for cookie in end.cookies] == [current[0][3:]]
    assert not server.contents["video_1"]


# Words that end a job, and words that nobody knows --------------------------------------------


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits between two looks, in tenths of seconds."""
    monkeypatch.setattr(poll_plan, "_ONCE_MORE", 0.2)
    monkeypatch.setattr(poll_plan, "UNKNOWN_AGAIN", 0.2)
    monkeypatch.setattr(poller, "_DENIED_AGAIN", 0.2)
    monkeypatch.setattr(poller, "_REFUSED_AGAIN", 0.2)
    monkeypatch.setattr(poller, "_DENIED_MOST", 0.2)
    monkeypatch.setattr(address_downloads, "_AGAIN", 0.1)


def tell(**changes: Any) -> Act:
    """Answer a look with the video as it is, but for these fields."""

    def act(call: Call) -> None:
        video = call.server.video("video_1") or {}
        call.reply({**video, **changes})

    return act


FAILED = {"status": "failed", "error": {"code": "generation_error", "message": "no pixels"}}
OTHER = {"id": "video_of_somebody_else", "prompt": "another"}


@pytest.mark.parametrize(
    "looks_like",
    [
        [tell(**FAILED)],
        [tell(**OTHER, **FAILED)] * 3,
        [tell(**OTHER, status="completed")] * 2,
        [tell(**OTHER, status="in_progress")],
        [tell(**FAILED), tell(status="in_progress"), tell(**FAILED), tell(status="queued")],
        [tell(**FAILED), say(500), tell(status="in_progress")],
        [tell(status="cancelled"), tell(**FAILED), tell(status="expired")],
        [tell(status="error"), tell(status="deleted"), tell(status="UNKNOWN")],
    ],
    ids=[
        "one failed",
        "another's failed",
        "another's clip",
        "another's",
        "now and then",
        "between errors",
        "three endings",
        "words of others",
    ],
)
@pytest.mark.usefixtures("soon")
def test_what_a_stale_replica_says_ends_no_paid_job(
    folder: Folder, server: FaultServer, lab: Server, looks_like: list[Act]
) -> None:
    server.gets["video_1"] = list(looks_like)
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        assert watcher.wait_for_end(job.id).state is State.SAVED
    assert server.gets["video_1"] == []
    assert server.paid == 1


@pytest.mark.usefixtures("soon")
def test_a_failure_counts_when_a_second_poll_repeats_it(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    """`sora-tui wait JOB` leaves the command that is given here."""
    server.gets["video_1"] = [tell(**FAILED)] * 3
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        failed = watcher.wait_for_end(job.id)
        assert failed.state is State.FAILED
        assert failed.error is not None
        assert failed.error.message == "no pixels"
        engine.command(job.id, "look")
        until(lambda: not server.gets["video_1"], "third look")
        until(lambda: "asked again: failed" in notes(folder, job), "note")
        engine.command(job.id, "look")
        until(lambda: History(folder).load(job.id).state is State.SAVED, "clip")
    assert server.paid == 1


def notes(folder: Folder, job: Job) -> list[str]:
    return [event.note for event in History(folder).load(job.id).events]


@pytest.mark.parametrize("answers", [[tell(**FAILED)], [say(404), say(404)], [say(405), say(405)]])
@pytest.mark.usefixtures("soon")
def test_a_failure_in_the_answer_to_the_create_is_asked_about_first(
    folder: Folder, server: FaultServer, lab: Server, answers: list[Act]
) -> None:
    """A server without a route for looks, or that forgot the job, has said all it says."""
    server.posts["*"] = [lambda call: call.reply({**call.make(), **FAILED})]
    server.gets["video_1"] = list(answers)
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        assert watcher.wait_for_end(job.id).state is State.FAILED
    assert server.gets["video_1"] == []


@pytest.mark.usefixtures("soon")
def test_a_failure_in_the_answer_to_the_create_may_be_wrong(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    server.posts["*"] = [lambda call: call.reply({**call.make(), **FAILED})]
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        assert watcher.wait_for_end(job.id).state is State.SAVED


def at_address(call: Call) -> dict[str, Any]:
    return {"url": f"{call.server.base_url}/videos/video_1/content"}


def tell_with_address(status: str) -> Act:
    return lambda call: tell(status=status, **at_address(call))(call)


def give(data: bytes, kind: str = "video/mp4") -> Act:
    return lambda call: call.reply(data, content_type=kind)


PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)


@pytest.mark.usefixtures("soon")
def test_the_clip_beside_a_failure_is_brought_home_before_the_failure_counts(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    server.gets["video_1"] = [tell_with_address("failed")] * 4
    server.contents["video_1"] = [say(503), say(503), give(clip())]
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        assert watcher.wait_for_end(job.id).state is State.SAVED
    assert History(folder).load(job.id).outputs[0].bytes == len(clip())


@pytest.mark.parametrize("content", [PNG, b"words", clip()[:-40], b""])
@pytest.mark.usefixtures("soon")
def test_what_is_no_whole_clip_beside_a_failure_is_not_kept(
    folder: Folder, server: FaultServer, lab: Server, content: bytes
) -> None:
    server.gets["video_1"] = [tell_with_address("failed")] * 9
    server.contents["video_1"] = [give(content)] * 9
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        assert watcher.wait_for_end(job.id).state is State.FAILED
    assert list(folder.output.iterdir()) == []


@pytest.mark.usefixtures("soon")
def test_a_file_behind_an_unknown_word_is_saved_when_it_came_twice_alike(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    """A picture is none, half a clip is none, a preview that grows is not yet; money stays held."""
    contents = [give(PNG, "image/png"), give(clip()[:-40]), give(clip() + bytes(8)), give(clip())]
    server.gets["video_1"] = [tell_with_address("upscaled")] * 40
    server.contents["video_1"] = [*contents, give(clip()), *[say(404)] * 9]
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        held = wait_for_hold(watcher, job, "status_unknown")
        assert held.job.state is State.QUEUED
        assert held.job.error is None
        assert cost_of(replace(held.job, cost=Cost(Decimal(1))), "USD").estimated == 1
        assert watcher.wait_for_end(job.id).state is State.SAVED
    saved = History(folder).load(job.id)
    assert saved.outputs[0].sha256 == sha256_of(clip())
    assert len(server.contents["video_1"]) == 9


@pytest.mark.usefixtures("soon")
def test_an_unknown_word_never_ends_a_job_and_its_end_is_taken_when_it_comes(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    server.gets["video_1"] = [tell_with_address("upscaled")] * 3
    server.contents["video_1"] = [say(404)] * 3
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        assert watcher.wait_for_end(job.id).state is State.SAVED


@pytest.mark.usefixtures("soon")
def test_the_clip_that_we_sent_is_not_taken_for_the_one_that_was_made(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    mine = folder.output / "mine.mp4"
    mine.write_bytes(clip())
    source = SourceFile("output/mine.mp4", sha256_of(clip()))
    server.gets["video_1"] = [tell_with_address("failed")] * 9
    with running(folder, lab) as (engine, watcher):
        request = VideoRequest(prompt="red", operation="edit", source_file=source)
        job = order(engine, request, lab)
        assert watcher.wait_for_end(job.id).state is State.FAILED
    assert list(folder.output.iterdir()) == [mine]


# What a server denies --------------------------------------------------------------------------


@pytest.mark.usefixtures("soon")
def test_a_denied_job_says_how_often_and_where_it_was_looked_for(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    server.gets["video_1"] = [say(404)] * 3
    rows = {"object": "list", "data": [{"id": "other", "status": "queued"}], "has_more": False}
    server.lists = [lambda call: call.reply(rows)] * 3
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        held = wait_for_hold(watcher, job, "remote_denied")
        assert held.retry is not None
        assert held.retry.problem is not None
        facts = dict(held.retry.problem.facts)
        assert facts == {"count": 1, "most": 5, "minutes": 10, "rows": 1}
        said = sentences(held.retry.problem).happened
        assert "not known there (1 of 5), nor is it in the server's list of 1" in said
        assert watcher.wait_for_end(job.id).state is State.SAVED


def renamed(call: Call, **told: Any) -> None:
    """The list, in which the newest video stands under another id, and is told so."""
    video = {**call.server.videos[-1], "id": "video_renamed", **told}
    video = {name: value for name, value in video.items() if value is not None}
    call.reply({"object": "list", "data": [video], "has_more": False})


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    ("told", "is_found"),
    [
        ({}, True),
        ({"prompt": "another's"}, False),
        ({"prompt": None}, False),
        ({"size": "1x1"}, False),
        ({"seconds": "20"}, False),
        ({"created_at": 1_000_000_000}, False),
    ],
    ids=str,
)
def test_a_job_whose_id_is_denied_is_found_under_the_one_that_the_list_has(
    folder: Folder,
    server: FaultServer,
    lab: Server,
    monkeypatch: pytest.MonkeyPatch,
    told: dict[str, Any],
    is_found: bool,
) -> None:
    monkeypatch.setattr(poller, "_GONE_TIME", timedelta(0))
    server.gets["video_1"] = [say(404)] * 99
    server.lists = [lambda call: renamed(call, **told)] * 99
    done = {"id": "video_renamed", "object": "video", "status": "completed"}
    server.gets["video_renamed"] = [lambda call: call.reply(done)] * 9
    server.contents["video_renamed"] = [give(clip())]
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        ended = watcher.wait_for_end(job.id)
    assert ended.state is (State.SAVED if is_found else State.GONE)
    assert ended.remote_id == ("video_renamed" if is_found else "video_1")
    assert server.paid == 1


def litellm_id(provider: str, model: str) -> str:
    words = f"litellm:custom_llm_provider:{provider};model_id:{model};video_id:video_1"
    return "video_" + b64encode(words.encode()).decode()


@pytest.mark.usefixtures("soon")
def test_a_gateway_that_asks_the_wrong_server_never_makes_a_job_gone(
    folder: Folder, server: FaultServer, lab: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LiteLLM 1.110 with a group that has the name of another group's upstream model."""
    monkeypatch.setattr(poller, "_GONE_TIME", timedelta(0))
    video_id = litellm_id("hosted_vllm", "wan")
    server.posts["*"] = [lambda call: call.reply({**call.make(), "id": video_id})]
    message = "litellm.NotFoundError: ... model group 'wan' failed"
    wrong = say(404, {"error": {"message": message}}, **{"x-litellm-model-name": "openai/sora-2"})
    asked = quote(video_id, safe="")
    server.gets[asked] = [*[wrong] * 8, lambda call: call.reply({"id": video_id, "status": "done"})]
    server.contents[asked] = [give(clip())]
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        held = wait_for_hold(watcher, job, "gateway_misroutes")
        assert held.retry is not None
        assert held.retry.problem is not None
        assert held.retry.problem.facts == {"asked": "openai/sora-2", "made": "hosted_vllm/wan"}
        assert watcher.wait_for_end(job.id).state is State.SAVED


NO_GRANT = {
    "error": {
        "message": "The requested model 'sora-2' is not available for this API key",
        "type": "key_model_access_denied",
        "param": "model",
        "code": "403",
    }
}


@pytest.mark.parametrize(
    ("refusal", "code", "words"),
    [
        (say(403, NO_GRANT), "job_hidden", "is not available for this API key"),
        (say(400, {"error": {"message": "no such tenant", "code": 400}}), "look_refused", "tenant"),
        (say(401, {"error": {"message": "unknown key"}}), "key_refused", "unknown key"),
    ],
)
@pytest.mark.usefixtures("soon")
def test_the_reason_for_an_unknown_status_is_kept_until_it_is_known(
    folder: Folder,
    server: FaultServer,
    lab: Server,
    refusal: Act,
    code: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`show` says it when the process that was refused is gone; other jobs go on beside it."""
    monkeypatch.setattr(poller, "_KEY_WAIT", 0.2)
    server.lists = [say(405)] * 99
    server.gets["video_1"] = [refusal] * 3
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        wait_for_hold(watcher, job, code)
        kept = watcher.wait_for_job(job.id, lambda now: now.error is not None)
        assert kept.error is not None
        assert (kept.error.kind, kept.is_active) == (code, True)
        told = job_sentences(kept)
        assert told is not None
        assert words in told.happened
        assert told.money == "Nothing is charged on this server."
        end = watcher.wait_for_end(job.id)
        assert (end.state, end.error) == (State.SAVED, None)
    assert sum(code in event.note for event in end.events) == 1


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("status", [400, 401, 403])
def test_one_refused_poll_is_no_reason_to_give_up(
    folder: Folder, server: FaultServer, lab: Server, status: int
) -> None:
    """A proxy, or one replica: `generate` ended with exit 4 at the first 403."""
    server.lists = [say(405)] * 99
    server.gets["video_1"] = [say(status, {"error": {"message": "no"}})]
    with running(folder, lab) as (engine, watcher):
        job = order(engine, KITE, lab)
        shown = watcher.wait_for(lambda e: isinstance(e, JobChanged) and e.retry is not None)
        assert isinstance(shown, JobChanged)
        assert shown.retry is not None
        assert (shown.retry.why, shown.retry.problem, shown.job.error) == (str(status), None, None)
        assert watcher.wait_for_end(job.id).state is State.SAVED


@pytest.mark.usefixtures("soon")
def test_a_refusal_about_one_job_keeps_no_other_waiting(
    folder: Folder, server: FaultServer, lab: Server
) -> None:
    server.lists = [say(405)] * 99
    server.gets["video_1"] = [say(403, NO_GRANT)] * 99
    with running(folder, lab) as (engine, watcher):
        hidden = order(engine, KITE, lab)
        wait_for_hold(watcher, hidden, "job_hidden")
        other = order(engine, KITE._replace(prompt="A kite under a bridge"), lab)
        assert watcher.wait_for_end(other.id).state is State.SAVED
    assert server.gets["video_1"]
