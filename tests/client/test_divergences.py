"""The thirty ways in which servers differ (videos-api, section 4), one test for each.

A row whose rule is the engine's is tested with the real engine parts; where a test elsewhere goes
deeper, the row here is its shortest proof.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sora_tui.client import decode
from sora_tui.client.download import download_video_from_api
from sora_tui.client.outcome import Accepted, CreateOutcome, Later, Rejected, Unclear
from sora_tui.client.probe import run_probe
from sora_tui.client.server_error import ServerError
from sora_tui.client.videos import Poll, Upload
from sora_tui.core.job import Consent, Cost, Job, State
from sora_tui.core.moderation import is_moderation
from sora_tui.core.problem import Spent
from sora_tui.core.remote_video import Phase, read_video
from sora_tui.core.request import VideoRequest, check_request
from sora_tui.core.server import ServerRef
from sora_tui.core.sniff import sniff
from sora_tui.engine.rate_limit import poll_delay
from sora_tui.workspace.outputs import output_name
from tests.support.clients import Received, at, client_of
from tests.support.polled_server import PolledServer, now, polling
from tests.support.raw_server import RawServer, answer, read_request, replies, send
from tests.support.server_answers import SHAPES, answering, clip
from tests.support.virtual_time import run, until

MP4 = b"\0\0\0\x18ftypisom" + bytes(5000)
REQUEST = VideoRequest("a fox", seconds="8", size="1280x720")
EPOCH = datetime(2026, 11, 22, 10, tzinfo=UTC)


async def created(
    *answers: bytes, request: VideoRequest = REQUEST, upload: Upload | None = None, **profile: Any
) -> tuple[CreateOutcome, Any]:
    """What a paid request comes to, and how it arrived."""
    with RawServer(replies(*answers)) as server:
        async with client_of(at(server.url, **profile)) as client:
            outcome = await client.create(request, upload, "job-1")
        assert len(server.requests) == 1
        return outcome, server.requests[0]


async def looked(*answers: bytes, **profile: Any) -> Poll:
    """The last of so many looks."""
    with RawServer(replies(*answers)) as server:
        async with client_of(at(server.url, **profile)) as client:
            for _ in answers:
                look = await client.retrieve("video_1")
        return look


def job_with(status: str, **more: Any) -> Job:
    """A job that a server has taken."""
    server = ServerRef("lab", "http://127.0.0.1:9/v1")
    consent = Consent("free", EPOCH)
    job = Job.new("20261122-100000-abcdef", EPOCH, server, REQUEST, cost=Cost(), consent=consent)
    video = read_video(clip(status, **more))
    assert video is not None
    return job.submitting(EPOCH, "key").accepted(EPOCH, video)


def fetched(url: str, urls: Sequence[str] = (), **profile: Any) -> bytes:
    """The clip as it is brought home."""
    sink = Received()
    download_video_from_api(
        at(url, **profile),
        "video_1",
        sink,
        addresses=urls,
        on_body=lambda body: None,
        stop=threading.Event(),
        limit=10**6,
    )
    return bytes(sink.data)


def not_fetched(url: str, **more: Any) -> ServerError:
    """Why it is not."""
    with pytest.raises(ServerError) as failure:
        fetched(url, **more)
    return failure.value


WORDS_UNDER_WAY = ["processing", "Pending", "generating", "post-processing", "RUNNING", "queued"]


@pytest.mark.parametrize("word", [*WORDS_UNDER_WAY, "unknown", "klingon"])
async def test_divergence_01_words_of_a_job_under_way_go_on_being_asked_about(word: str) -> None:
    look = await looked(answer(200, clip(word)))
    assert look.video.status == word
    assert job_with("queued").progressed(EPOCH, look.video).is_active


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("succeeded", State.COMPLETED),
        ("success", State.COMPLETED),
        ("done", State.COMPLETED),
    ],
)
async def test_divergence_02_other_words_complete_a_job(word: str, state: State) -> None:
    look = await looked(answer(200, clip(word)))
    assert job_with("queued").progressed(EPOCH, look.video).state is state


@pytest.mark.parametrize(
    ("word", "dialect", "state"),
    [
        ("cancelled", "generic", State.CANCELLED),
        ("canceled", "litellm", State.CANCELLED),
        ("Expired", "openrouter", State.EXPIRED),
        ("deleted", "sglang", State.CANCELLED),
        ("deleted", "generic", State.QUEUED),
        ("cancelled", "vllm-omni", State.QUEUED),
        ("error", "generic", State.QUEUED),
        ("failed", "trt-llm", State.FAILED),
    ],
)
async def test_divergence_02_words_of_its_own_end_a_job_when_they_are_told_again(
    word: str, dialect: str, state: State
) -> None:
    replies_ = replies(*[answer(200, clip(word))] * 2)
    with RawServer(replies_) as server:
        async with client_of(at(server.url, dialect=dialect)) as client:
            first = await client.retrieve("video_1")
            second = await client.retrieve("video_1")
    once = job_with("queued").progressed(EPOCH, first.video)
    assert once.state is State.QUEUED
    assert once.progressed(EPOCH, second.video).state is state


@pytest.mark.parametrize("status", [400, 422, 500])
async def test_divergence_03_a_failed_job_may_come_under_an_error_status(status: int) -> None:
    failed = clip("failed", error={"code": status, "message": "CUDA out of memory"})
    look = await looked(answer(status, failed), dialect="vllm-omni")
    assert look.video.phase is Phase.FAILED
    assert look.video.error is not None
    assert look.video.error.message == "CUDA out of memory"


async def test_divergence_04_a_job_or_an_error_may_be_wrapped_in_the_text_of_another() -> None:
    inner = json.dumps(clip("failed", error={"code": "generation_error", "message": "no"}))
    wrapped = {"error": {"message": f"litellm.BadRequestError: OpenAIException - {inner}"}}
    assert (await looked(answer(400, wrapped), dialect="litellm")).video.phase is Phase.FAILED
    blocked = json.dumps({"error": {"code": "moderation_blocked", "message": "Blocked."}})
    flat = {"code": "fail_to_fetch_task", "message": f"status 400: {blocked}", "data": None}
    outcome, _ = await created(answer(400, flat), dialect="new-api")
    assert isinstance(outcome, Rejected)
    assert (outcome.error.kind, outcome.error.code) == ("moderation_before", "moderation_blocked")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "no fox"}}, "no fox"),
        ({"error": "no fox"}, "no fox"),
        ({"detail": "no fox"}, "no fox"),
        ({"detail": [{"loc": ["body", "seconds"], "msg": "no fox"}]}, "body.seconds: no fox"),
        ({"message": "no fox", "code": 400, "object": "error"}, "no fox"),
        ({"code": "bad", "message": "no fox", "data": None}, "no fox"),
        ("no \x1b[31mfox", "no [31mfox"),
        ("<html><title>no fox</title></html>", "no fox"),
        ("", ""),
    ],
)
async def test_divergence_05_every_envelope_of_an_error_is_read(body: Any, message: str) -> None:
    outcome, _ = await created(answer(400, body))
    assert isinstance(outcome, Rejected)
    assert outcome.error.message == message


@pytest.mark.parametrize(
    ("error", "code", "is_refused"),
    [
        ({"code": 500, "message": "x"}, "500", False),
        ({"code": "404", "message": "x"}, "404", False),
        ({"code": None, "message": "Blocked by our content policy"}, None, True),
        ({"message": "x"}, None, False),
        ("violates the safety rules", None, True),
        ({"code": "moderation_blocked", "message": ""}, "moderation_blocked", True),
        ({"code": "sentinel_block", "message": ""}, "sentinel_block", True),
    ],
)
def test_divergence_06_codes_of_any_kind(error: Any, code: str | None, is_refused: bool) -> None:
    video = read_video(clip("failed", error=error))
    assert video is not None
    assert video.error is not None
    assert video.error.code == code
    assert is_moderation(video.error.code, video.error.message) is is_refused


async def test_divergence_07_the_id_of_create_holds_for_ever_and_is_no_file_name() -> None:
    long = "video_" + "a/b+" * 59 + "=="
    other = read_video(clip("in_progress") | {"id": "video_of_the_poll"})
    assert other is not None
    job = replace(job_with("queued"), remote_id=long).progressed(EPOCH, other)
    assert job.remote_id == long
    name = output_name(job)
    assert len(name) < 60
    assert "/" not in name
    with RawServer(replies(answer(200, clip("queued")))) as server:
        async with client_of(at(server.url)) as client:
            await client.retrieve(long)
        assert server.requests[0].target.count("/") == 3
        assert "+" not in server.requests[0].target


@pytest.mark.parametrize(
    ("fields", "progress", "seconds"),
    [
        ({"progress": None}, None, None),
        ({"progress": "50%", "seconds": 8}, 50, "8"),
        ({"progress": 12.5, "seconds": 8.0}, 12.5, "8"),
        ({"progress": 250, "duration": 5.5}, 100, "5.5"),
        ({"progress": -3, "seconds": "8"}, 0, "8"),
        ({"progress": "soon", "created": 1763800000}, None, None),
    ],
)
def test_divergence_08_only_an_id_and_a_status_are_needed(
    fields: Any, progress: float | None, seconds: str | None
) -> None:
    video = read_video({"id": "v", "status": "queued", **fields})
    assert video is not None
    assert (video.progress, video.seconds) == (progress, seconds)
    assert (video.created_at is not None) is ("created" in fields)


def test_divergence_09_progress_that_stands_still_slows_nothing_and_never_falls() -> None:
    looks = [poll_delay(elapsed, 0, None) for elapsed in (10, 60, 120)]
    assert looks == sorted(looks)
    assert looks[0] < 3
    job = job_with("in_progress", progress=40)
    for told in (0, None, 20):
        video = read_video(clip("in_progress", progress=told))
        assert video is not None
        job = job.progressed(EPOCH, video)
        assert job.remote is not None
        assert job.remote.progress == 40


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_divergence_10_any_success_takes_the_job(status: int) -> None:
    outcome, _ = await created(answer(status, {"id": "v", "status": "pending"}))
    assert isinstance(outcome, Accepted)
    assert outcome.status == status


@pytest.mark.parametrize(
    "where",
    [
        lambda url: {"url": url},
        lambda url: {"urls": [url]},
        lambda url: {"unsigned_urls": [url]},
        lambda url: {"videos": [{"type": "url", "url": url}]},
        lambda url: {"output": {"videos": [{"url": url}]}},
        lambda url: {"metadata": {"url": url}},
        lambda url: {"data": [{"url": url}]},
    ],
)
async def test_divergence_11_done_at_create_and_the_clip_elsewhere(where: Any) -> None:
    with RawServer(replies(answer(200, MP4))) as cdn:
        done = {"id": "v", "status": "completed", **where(f"{cdn.url}/clip.mp4?sig=1")}
        outcome, _ = await created(answer(200, done))
        assert isinstance(outcome, Accepted)
        assert outcome.video.phase is Phase.COMPLETED
        with RawServer(replies(answer(404, {"detail": "Not Found"}))) as server:
            got = await asyncio.to_thread(fetched, server.url, outcome.video.urls)
        assert got == MP4
        assert "authorization" not in cdn.requests[0].headers


async def test_divergence_11_inline_bytes_and_local_files_are_no_address() -> None:
    inline = {"id": "v", "status": "completed", "data": [{"b64_json": "AAAA"}]}
    outcome, _ = await created(answer(200, inline))
    assert isinstance(outcome, Accepted)
    assert outcome.video.phase is Phase.COMPLETED
    local = read_video(clip("completed", url="file:///etc/passwd"))
    assert local is not None
    assert outcome.video.urls == local.urls == ()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, "download_refused"),
        (400, "download_refused"),
        (409, "download_refused"),
        (425, "download_interrupted"),
        (500, "download_interrupted"),
    ],
)
def test_divergence_12_content_that_is_late_loses_nothing(status: int, kind: str) -> None:
    with RawServer(replies(answer(status, "not ready"))) as server:
        failure = not_fetched(server.url)
    assert failure.error.kind == kind
    job = job_with("completed").downloading(EPOCH).interrupted(EPOCH, failure.error)
    assert job.state is State.COMPLETED
    assert job.is_active


def test_divergence_13_no_variant_is_asked_for_and_pictures_are_told_by_their_bytes() -> None:
    with RawServer(replies(answer(200, MP4))) as server:
        fetched(server.url, dialect="sglang")
        assert server.requests[0].target == "/v1/videos/video_1/content"
    assert sniff(MP4) == "mp4"
    assert sniff(b"RIFF\0\0\0\0WEBPVP8 ") == "webp"
    assert sniff(b"\xff\xd8\xff\xe0") == "jpeg"


def test_divergence_14_json_may_hold_the_address_and_nothing_else_passes_for_a_clip() -> None:
    with RawServer(replies(answer(200, MP4, content_type="application/json"))) as cdn:
        with RawServer(replies(answer(200, {"url": f"{cdn.url}/x.mp4"}))) as server:
            assert fetched(server.url) == MP4
            assert server.requests[0].headers["accept-encoding"] == "identity"
        with RawServer(replies(answer(302, "", location=f"{cdn.url}/x.mp4"))) as server:
            assert fetched(server.url) == MP4
        assert all("authorization" not in request.headers for request in cdn.requests)
    path = {"id": "video_1", "output_path": "/data/video_1.mp4"}
    for body in (path, "<html>log in</html>", ""):
        with RawServer(replies(answer(200, body))) as server:
            failure = not_fetched(server.url, dialect="trt-llm")
        assert failure.error.kind == "download_refused"
    with RawServer(replies(answer(200, path))) as server:
        assert "output_path" in not_fetched(server.url).error.message
    with RawServer(replies(answer(200, MP4, content_encoding="br"))) as server:
        assert not_fetched(server.url).error.kind == "download_refused"
    avi = b"RIFF\x10\0\0\0AVI LIST" + bytes(100)
    with RawServer(replies(answer(200, avi, content_type="video/mp4"))) as server:
        assert fetched(server.url) == avi
    assert sniff(avi) == "avi"
    assert output_name(job_with("completed"), ".avi").endswith("_video_1.avi")


def test_divergence_15_a_server_that_sends_us_to_its_cloud_storage() -> None:
    with RawServer(replies(answer(200, MP4))) as cloud:
        url = f"{cloud.url}/bucket/video_1.mp4"
        refusal = answer(
            400, {"detail": f"Video has been uploaded. Please use the cloud URL: {url}"}
        )
        with RawServer(replies(refusal)) as server:
            assert fetched(server.url, [url], dialect="sglang") == MP4


def test_divergence_16_a_list_that_lies_is_walked_no_further(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def play(farm: PolledServer) -> None:
        async with polling(farm, monkeypatch) as (active_jobs, _):
            for _ in range(250):
                active_jobs.put(farm.accept(1e9, "in_progress"))
            await asyncio.sleep(60)

    for farm in (
        PolledServer(ignores_after=True),
        PolledServer(list_status=405),
        PolledServer(list_status=501),
    ):
        run(play(farm))
        assert 1 <= len(farm.pages) <= 30
        if farm.list_status != 200:
            assert len(farm.pages) == 1


@pytest.mark.parametrize(
    ("status", "body", "done"),
    [
        (200, {"id": "v", "object": "video.deleted", "deleted": True}, True),
        (200, clip("deleted"), True),
        (200, {"deleted": True}, True),
        (204, "", True),
        (404, {"detail": "Video not found"}, True),
        (404, {"error": {"message": "Invalid URL (DELETE /v1/videos/v)"}}, False),
        (405, {"detail": "Method Not Allowed"}, False),
        (501, "", False),
        (409, {"detail": "Cancellation in progress. Please try again later."}, False),
    ],
)
async def test_divergence_17_what_a_delete_answers(status: int, body: Any, done: bool) -> None:
    look = answer(404, {"detail": "Video not found"}) if done else answer(200, clip("failed"))
    with RawServer(replies(answer(status, body), look)) as server:
        async with client_of(at(server.url)) as client:
            if done:
                await client.delete("v")
            else:
                with pytest.raises(ServerError) as failure:
                    await client.delete("v")
                assert failure.value.error.status == status
        assert server.requests[0].method == "DELETE"


async def test_divergence_18_what_a_server_cannot_is_known() -> None:
    with answering(SHAPES["sglang"][0]) as server:
        found = await run_probe(at(server.url), 5)
    assert [found.can[name] for name in ("remix", "edit", "extend", "character")] == [False] * 4
    with answering({}) as server:
        found = await run_probe(at(server.url), 5)
    assert found.can["remix"] is None


async def test_divergence_19_each_server_gets_the_encoding_it_reads() -> None:
    picture = Upload(b"picture", "image/png", "fox.png", "input_reference/fox.png")
    for name in ("vllm-omni", "azure", "generic"):
        _, sent = await created(answer(200, clip()), upload=picture, dialect=name)
        assert sent.headers["content-type"].startswith("multipart/form-data")
        assert sent.parts["input_reference"].data == b"picture"
    url = "data:image/png;base64,cGljdHVyZQ=="
    frame = {"type": "image_url", "image_url": {"url": url}, "frame_type": "first_frame"}
    for name, field, form in (
        ("openrouter", "frame_images", [frame]),
        ("openai", "input_reference", {"image_url": url}),
        ("trt-llm", "input_reference", "cGljdHVyZQ=="),
        ("sglang", "input_reference", "input_reference/fox.png"),
    ):
        profile: dict[str, Any] = {"dialect": name} | (
            {} if name == "openrouter" else {"encoding": "json"}
        )
        _, sent = await created(answer(200, clip()), upload=picture, **profile)
        assert sent.json[field] == form


@pytest.mark.parametrize(
    ("name", "seconds", "field", "value"),
    [
        ("openai", "8", "seconds", "8"),
        ("sglang", "8", "seconds", 8),
        ("trt-llm", "4.5", "seconds", 4.5),
        ("openrouter", "20", "duration", 20),
    ],
)
async def test_divergence_20_any_length_and_size_in_the_type_that_is_wanted(
    name: str, seconds: str, field: str, value: object
) -> None:
    request = VideoRequest("a fox", seconds=seconds, size="1344x768")
    check_request(request)
    _, sent = await created(answer(200, clip()), request=request, encoding="json", dialect=name)
    assert (sent.json[field], type(sent.json[field])) == (value, type(value))
    assert sent.json["size"] == "1344x768"
    _, sent = await created(
        answer(200, clip()), request=request, encoding="multipart", dialect=name
    )
    assert sent.parts[field].data == seconds.encode()


async def test_divergence_21_nothing_is_sent_that_was_not_set_and_nests_go_as_json() -> None:
    request = VideoRequest("a fox", params={"lora": {"name": "x", "scale": 0.5}, "seed": 7})
    _, sent = await created(answer(200, clip()), request=request, dialect="vllm-omni")
    fields = {name: part.data.decode() for name, part in sent.parts.items()}
    assert fields == {
        "prompt": "a fox",
        "lora": '{"name": "x", "scale": 0.5}',
        "seed": "7",
    }


async def test_divergence_22_no_model_is_not_sent_and_names_are_offered() -> None:
    _, sent = await created(answer(200, clip()), dialect="vllm-omni")
    assert "model" not in sent.parts
    with answering(SHAPES["vllm-omni"][0]) as server:
        assert (await run_probe(at(server.url), 5)).models == ("wan2.2",)


async def test_divergence_23_every_way_to_show_a_key_and_to_refuse_it() -> None:
    _, sent = await created(answer(200, clip()), dialect="azure")
    assert sent.headers["api-key"] == "sk-secret"
    assert "authorization" not in sent.headers
    assert sent.target == "/v1/videos?api-version=preview"
    _, sent = await created(answer(200, clip()), dialect="aquiles", key=None)
    assert sent.headers["authorization"] == "Bearer none"
    for status, body in (
        (400, {"error": {"message": "No connected db.", "type": "no_db_connection"}}),
        (401, {"error": "Unauthorized"}),
        (403, {"detail": "Invalid API key"}),
    ):
        outcome, _ = await created(answer(status, body))
        assert isinstance(outcome, Rejected)
        assert outcome.error.kind == "key_refused"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 409, 524])
async def test_divergence_24_the_paid_request_goes_out_once(status: int) -> None:
    outcome, _ = await created(answer(status, {"error": {"message": "oops"}}))
    assert isinstance(outcome, Unclear)
    assert outcome.error.spent is Spent.PERHAPS


async def test_divergence_25_every_form_of_retry_after_is_read_in_each_answer() -> None:
    late = {
        "retry-after": "Wed, 21 Oct 2026 07:28:10 GMT",
        "date": "Wed, 21 Oct 2026 07:28:00 GMT",
    }
    for headers, wait in (
        (late, 10.0),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after-ms": "2500", "retry-after": "9"}, 2.5),
        ({"llm_provider-retry-after": "4"}, 4.0),
        ({"retry-after": "99999"}, 300.0),
        (
            {
                "retry-after": "Wed, 21 Oct 2026 07:28:10 GMT",
                "date": "Wed, 21 Oct 2026 07:28:00 GMT",
            },
            10,
        ),
    ):
        assert decode.retry_after(headers) == wait
    hints = [answer(200, clip(), **{"openai-poll-after-ms": said}) for said in ("900000", "50")]
    assert (await looked(hints[0])).after == 60
    assert (await looked(*hints)).after == 1


async def test_divergence_26_a_full_server_says_later_in_its_own_words_only() -> None:
    words = "The limit of 1 concurrent tasks has been reached. Please try again later."
    busy = answer(503, {"detail": words})
    outcome, _ = await created(busy, dialect="aquiles")
    assert isinstance(outcome, Later)
    assert outcome.error.spent is Spent.NO
    outcome, _ = await created(busy, dialect="generic")
    assert isinstance(outcome, Later), "no proxy makes these words up"
    other = answer(503, {"detail": "CUDA out of memory"})
    outcome, _ = await created(other, dialect="aquiles")
    assert isinstance(outcome, Unclear)
    outcome, _ = await created(answer(429, {"detail": words}))
    assert isinstance(outcome, Later)


def test_divergence_27_a_job_that_the_server_lost_is_gone_only_after_ten_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def play(farm: PolledServer) -> float:
        async with polling(farm, monkeypatch) as (active_jobs, _):
            farm.knows_nothing = True
            job = active_jobs.put(farm.accept(60.0))
            began = now()
            await until(lambda: job.id not in active_jobs.jobs)
            return now() - began

    farm = PolledServer()
    assert run(play(farm)) >= 600
    assert len(farm.gets) >= 5


async def test_divergence_28_a_line_that_drops_after_an_error_is_replaced() -> None:
    with RawServer(
        [*replies(answer(500, "Internal Server Error")), read_request],
        [read_request, send(answer(200, clip("in_progress")))],
    ) as server:
        async with client_of(at(server.url, dialect="aquiles")) as client:
            with pytest.raises(ServerError):
                await client.retrieve("video_1")
            assert (await client.retrieve("video_1")).video.phase is Phase.IN_PROGRESS


def test_divergence_29_what_has_expired_is_told_and_the_deadline_kept() -> None:
    with RawServer(replies(answer(410, {"error": {"message": "gone"}}))) as server:
        assert not_fetched(server.url).error.kind == "remote_expired"
    until_then = EPOCH + timedelta(hours=1)
    job = job_with("completed", expires_at=until_then.timestamp())
    assert job.expires_at == until_then


def test_divergence_30_looking_goes_on_through_any_word_and_for_any_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def play(farm: PolledServer) -> None:
        async with polling(farm, monkeypatch) as (active_jobs, _):
            active_jobs.put(farm.accept(7200.0))
            await until(lambda: farm.seen_at != {})

    farm = PolledServer(working="klingon")
    run(play(farm))
    assert farm.delay < 70  # once a minute, and ten percent of chance
