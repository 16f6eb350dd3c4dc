"""What each server is known to do unlike the others, one statement after the other."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sora_tui.media.practice.render import ClipPlan, render_clip
from sora_tui.simulator.dialects.trt_llm import trt_video
from sora_tui.simulator.jobs import Job
from tests.support.dialect_driver import SMALL, Driver, driving
from tests.support.pictures import encoded, picture

JPEG = encoded(picture(64, 48), "JPEG")
DATA_URL = "data:image/jpeg;base64," + base64.b64encode(JPEG).decode()
UPLOAD = ("r.jpg", JPEG, "image/jpeg")


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Driver]]:
    """One server for each dialect, for tests that do not need it empty; started at first need."""
    with contextlib.ExitStack() as stack:

        class Started(dict[str, Driver]):
            def __missing__(self, dialect: str) -> Driver:
                self[dialect] = stack.enter_context(driving(dialect, speed=300))
                return self[dialect]

        yield Started()


def plain(url: str, **headers: str) -> httpx.Response:
    """An answer to somebody with these headers and no others."""
    return httpx.get(url, headers=headers, verify=False)  # loading certificates takes 20 ms


def stranger(driver: Driver, **headers: str) -> httpx.Response:
    return plain(f"{driver.server.base_url}/videos/video_0", **headers)


def told(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


# LiteLLM -----------------------------------------------------------------------------------------


def test_litellm_hides_the_upstream_in_its_ids(servers: dict[str, Driver]) -> None:
    driver = servers["litellm"]
    video_id = driver.created("A kite")
    assert 138 <= len(video_id) <= 152
    inner = base64.b64decode(video_id.removeprefix("video_")).decode()
    assert inner.startswith("litellm:custom_llm_provider:openai;model_id:sora-2;video_id:video_")
    shown = driver.get(video_id).json()["id"]
    assert shown != video_id
    assert "model_id:;" in base64.b64decode(shown.removeprefix("video_")).decode()
    assert "api.openai.com" in told(driver.get(shown), 500)["error"]["message"]


def test_litellm_1_109_keeps_one_long_id(servers: dict[str, Driver]) -> None:
    driver = servers["litellm-1.109"]
    video_id = driver.created("A kite")
    assert 236 <= len(video_id) <= 260
    assert driver.get(video_id).json()["id"] == video_id
    remixed = told(driver.http.post(f"/videos/{video_id}/remix", json={"prompt": "Again"}), 200)
    assert driver.get(remixed["id"]).status_code == 200
    assert re.fullmatch(r"video_[0-9a-f]{32}", remixed["remixed_from_video_id"])


def test_litellm_1_106_gives_a_remix_a_useless_id(servers: dict[str, Driver]) -> None:
    driver = servers["litellm"]
    video_id = driver.created("A kite")
    answer = driver.http.post(f"/videos/{video_id}/remix", json={"prompt": "Again"})
    assert driver.get(told(answer, 200)["id"]).status_code == 500


@pytest.mark.parametrize("dialect", ["litellm", "litellm-1.109"])
def test_litellm_tells_the_usage_at_creation_only(servers: dict[str, Driver], dialect: str) -> None:
    driver = servers[dialect]
    video = driver.post("A kite").json()
    assert video["usage"] == {"duration_seconds": 1.0}
    assert "prompt" not in video
    assert driver.get(video["id"]).json()["usage"] is None


@pytest.mark.parametrize(
    ("dialect", "version"), [("litellm", "1.106.2"), ("litellm-1.109", "1.109.1")]
)
def test_litellm_has_headers_of_its_own(
    servers: dict[str, Driver], dialect: str, version: str
) -> None:
    driver = servers[dialect]
    answer = driver.post("A kite")
    assert answer.headers["x-litellm-version"] == version
    assert answer.headers["x-litellm-call-id"]
    assert answer.headers["x-litellm-model-api-base"]
    assert "openai-poll-after-ms" not in answer.headers
    assert "x-request-id" not in answer.headers
    refused = driver.post("A kite", model="nobody")
    assert refused.headers["x-litellm-version"] == version
    for silent in ("/models", "/nothing"):
        assert not [name for name in driver.http.get(silent).headers if name.startswith("x-")]


@pytest.mark.parametrize(("dialect", "packed"), [("litellm", True), ("litellm-1.109", False)])
def test_litellm_content(servers: dict[str, Driver], dialect: str, packed: bool) -> None:
    driver = servers[dialect]
    video_id = driver.finished()
    clip = driver.get(video_id, "/content?variant=thumbnail", **{"accept-encoding": "identity"})
    assert clip.content[4:8] == b"ftyp", "the variant is ignored"
    assert clip.headers["content-type"] == "video/mp4"
    assert clip.headers["content-disposition"] == f"attachment; filename=video_{video_id}.mp4"
    part = driver.get(video_id, "/content", range="bytes=0-9")
    assert (part.status_code, part.content) == (200, clip.content)
    answer = driver.get(video_id, "/content", **{"accept-encoding": "gzip"})
    assert answer.content == clip.content
    assert (answer.headers.get("content-encoding") == "gzip") == packed
    assert (int(answer.headers["content-length"]) != len(answer.content)) == packed


def test_litellm_list_repeats_itself() -> None:
    with driving("litellm", speed=1000) as driver:
        for number in range(22):
            driver.created(f"[fails] {number}")
        refused = told(driver.http.get("/videos"), 400)["error"]
        assert "LLM Provider NOT provided" in refused["message"]
        assert driver.http.get("/videos?custom_llm_provider=openai").status_code == 500
        named = "/videos?custom_llm_provider=hosted_vllm"
        first = told(driver.http.get(f"{named}&limit=5&order=asc"), 200)
        assert (len(first["data"]), first["has_more"]) == (20, True)
        header = {"custom-llm-provider": "hosted_vllm"}
        after = {"after": first["last_id"]}
        second = told(driver.http.get("/videos", params=after, headers=header), 200)
        assert [video["id"] for video in second["data"]] == [v["id"] for v in first["data"]]


@pytest.mark.parametrize("dialect", ["litellm", "litellm-1.109"])
def test_litellm_wraps_what_the_upstream_refuses(servers: dict[str, Driver], dialect: str) -> None:
    driver = servers[dialect]
    error = told(driver.post("[moderated]"), 400)["error"]
    assert error["code"] == "400"
    prefix, inner = error["message"].split(" - ", 1)
    assert prefix == "litellm.BadRequestError: OpenAIException"
    original, _ = json.JSONDecoder().raw_decode(inner)
    assert original["error"]["code"] == "sentinel_block"
    early = told(driver.get(driver.created("[slow] kite"), "/content"), 404)["error"]
    assert (early["code"], "not ready" in early["message"]) == ("404", True)


@pytest.mark.parametrize("dialect", ["litellm", "litellm-1.109"])
def test_litellm_knows_its_models_and_chokes_on_a_reference_by_url(
    servers: dict[str, Driver], dialect: str
) -> None:
    driver = servers[dialect]
    error = told(driver.post("A kite", model="nobody"), 400)["error"]
    assert "Invalid model name passed in model=nobody" in error["message"]
    wanted = {**SMALL[dialect], "prompt": "A", "input_reference": {"image_url": DATA_URL}}
    error = told(driver.http.post("/videos", json=wanted), 400)["error"]
    assert "'dict' object has no attribute 'read'" in error["message"]


@pytest.mark.parametrize("dialect", ["litellm", "litellm-1.109"])
def test_litellm_routes(servers: dict[str, Driver], dialect: str) -> None:
    driver = servers[dialect]
    assert told(driver.delete("video_0"), 405) == {"detail": "Method Not Allowed"}
    assert told(driver.http.get("/nothing"), 404) == {"detail": "Not Found"}
    root = driver.server.base_url.removesuffix("/v1")
    key = {"authorization": f"Bearer {driver.server.key}"}
    assert plain(f"{root}/health/liveliness").json() == "I'm alive!"
    assert plain(f"{root}/models", **key).json()["data"][0]["id"] == "sora-2"
    files = {name: (None, value) for name, value in {**SMALL["litellm"], "prompt": "A"}.items()}
    assert httpx.post(f"{root}/videos", files=files, headers=key, verify=False).status_code == 200


@pytest.mark.parametrize("dialect", ["litellm", "litellm-1.109"])
def test_litellm_keys(servers: dict[str, Driver], dialect: str) -> None:
    driver = servers[dialect]
    assert told(stranger(driver), 401)["error"]["type"] == "auth_error"
    base = driver.server.base_url
    assert plain(f"{base}/nothing").status_code == 404, "what there is not needs no key"
    assert plain(f"{base}/models").status_code == 401
    wrong = stranger(driver, authorization="Bearer wrong")
    assert told(wrong, 400)["error"]["type"] == "no_db_connection"


# vLLM-Omni ---------------------------------------------------------------------------------------


def test_vllm_takes_multipart_alone(servers: dict[str, Driver]) -> None:
    answer = servers["vllm-omni"].http.post("/videos", json={"prompt": "A kite"})
    assert told(answer, 400)["error"]["message"] == "Field required: prompt"


def test_vllm_fields(servers: dict[str, Driver]) -> None:
    driver = servers["vllm-omni"]
    error = told(driver.post("A kite", model="sora-2"), 400)["error"]
    assert error["message"].startswith("Model mismatch: request specifies 'sora-2'")
    assert (error["type"], error["code"], error["param"]) == ("Bad Request", 400, None)
    served = driver.http.get("/models").json()["data"][0]["id"]
    assert driver.post("A kite", model=served, nonsense="ignored").status_code == 200
    assert driver.post("A kite", seconds="0").status_code == 400
    assert driver.post("A kite", size="wide").status_code == 400
    assert driver.post("A kite", num_inference_steps="201").status_code == 400
    assert driver.post("A kite", seconds="7", input_reference=UPLOAD).status_code == 200
    reference = json.dumps({"image_url": DATA_URL})
    assert driver.post("A kite", image_reference=reference).status_code == 200
    without = driver.post("A kite", size=None, width=64, height=64).json()
    assert (without["size"], without["quality"]) == (None, "default")


def test_vllm_answers_a_failed_job_with_its_status(servers: dict[str, Driver]) -> None:
    driver = servers["vllm-omni"]
    for word, status in (("[fails]", 500), ("[blocked]", 400)):
        video = told(driver.ended(driver.created(f"{word} kite")), status)
        assert (video["object"], video["status"], video["progress"]) == ("video", "failed", 0)
        assert video["error"]["code"] == status
        content = driver.get(video["id"], "/content")
        assert "Check job status" in told(content, 422)["error"]["message"]


def test_vllm_content(servers: dict[str, Driver]) -> None:
    driver = servers["vllm-omni"]
    early = told(driver.get(driver.created("[slow] kite"), "/content"), 404)["error"]
    assert early["message"] == "Generation is still in-progress"
    video_id = driver.finished()
    clip = driver.get(video_id, "/content?variant=spritesheet")
    assert (clip.content[4:8], clip.headers["content-type"]) == (b"ftyp", "video/mp4")
    assert clip.headers["accept-ranges"] == "bytes"
    assert clip.headers["etag"]
    assert driver.get(video_id, "/content", range="bytes=0-9").status_code == 206


def test_vllm_deletion_cancels() -> None:
    with driving("vllm-omni", speed=1) as driver:
        video_id = driver.created("[slow] kite", seconds="60")
        answer = told(driver.delete(video_id), 200)
        assert answer == {"id": video_id, "object": "video.deleted", "deleted": True}
        assert told(driver.get(video_id), 404)["error"]["message"] == "Video not found"
        assert driver.http.get("/videos").json()["data"] == []


def test_vllm_list(servers: dict[str, Driver]) -> None:
    driver = servers["vllm-omni"]
    driver.created("[fails]")
    assert driver.http.get("/videos?limit=101").status_code == 400
    page = told(driver.http.get("/videos?after=video_gen_0"), 200)
    assert (page["data"], page["first_id"], page["has_more"]) == ([], None, False)


def test_vllm_keys_and_pages(servers: dict[str, Driver]) -> None:
    driver = servers["vllm-omni"]
    for key in ({}, {"authorization": "Bearer wrong"}):
        assert told(stranger(driver, **key), 401) == {"error": "Unauthorized"}
    root = driver.server.base_url.removesuffix("/v1")
    assert plain(f"{root}/version").json() == {"version": "0.30.0"}
    assert plain(f"{root}/health").json() == {"status": "healthy"}
    assert driver.http.get("/models").json()["data"][0]["owned_by"] == "vllm"
    assert told(driver.get("video_0", "/remix"), 404) == {"detail": "Not Found"}


@pytest.mark.parametrize("dialect", ["vllm-omni", "sglang", "aquiles", "trt-llm"])
def test_a_restart_loses_the_jobs(dialect: str, tmp_path: Path) -> None:
    with driving(dialect, data=tmp_path) as before:
        video_id = before.created("A kite")
    with driving(dialect, data=tmp_path) as after:
        assert after.get(video_id).status_code == 404


def test_a_gateway_keeps_its_jobs(tmp_path: Path) -> None:
    with driving("new-api", data=tmp_path) as before:
        video_id = before.created("A kite")
    with driving("new-api", data=tmp_path) as after:
        assert after.ended(video_id).json()["status"] == "completed"


# SGLang ------------------------------------------------------------------------------------------


def test_sglang_reads_multipart_as_json(servers: dict[str, Driver]) -> None:
    driver = servers["sglang"]
    assert "size" in told(driver.post("A kite", size="12"), 400)["detail"]
    problem = told(driver.post("A kite", seconds="abc"), 422)["detail"][0]
    assert (problem["loc"], problem["type"]) == (["body", "seconds"], "int_parsing")
    assert told(driver.post(""), 400) == {"detail": "prompt is required"}
    assert driver.post("A kite", input_reference=UPLOAD).status_code == 200


def test_sglang_json(servers: dict[str, Driver]) -> None:
    driver = servers["sglang"]
    small = {"prompt": "A kite", "seconds": 1, "size": "64x64"}
    assert told(driver.http.post("/videos", json=small), 200)["seconds"] == "1"
    by_url = {**small, "reference_url": DATA_URL}
    assert driver.http.post("/videos", json=by_url).status_code == 200
    as_object = {**small, "input_reference": {"image_url": DATA_URL}}
    refused = told(driver.http.post("/videos", json=as_object), 400)["detail"]
    assert "Input should be a valid string" in refused
    as_path = driver.http.post("/videos", json={**small, "input_reference": "/tmp/none.png"})
    assert "Failed to process image source" in told(as_path, 400)["detail"]
    assert told(driver.http.post("/videos", json={}), 400)["detail"].startswith("Invalid request")


def test_sglang_sizes_are_free(servers: dict[str, Driver]) -> None:
    driver = servers["sglang"]
    assert driver.post("A kite", size=None).json()["size"] == "832x480"
    assert driver.post("A kite", size=None, width=80, height=48).json()["size"] == "80x48"


def test_sglang_progress_and_failure(servers: dict[str, Driver]) -> None:
    driver = servers["sglang"]
    seen: list[int] = []
    video = driver.ended(
        driver.created("[fails] kite [slow]"), lambda video: seen.append(video["progress"])
    ).json()
    assert video["error"] == {"message": "The video could not be generated. Please try again."}
    assert 0 < video["progress"] <= 99
    assert video["progress"] >= max(seen)
    assert "prompt" not in video


def test_sglang_variants_are_numbers(servers: dict[str, Driver]) -> None:
    driver = servers["sglang"]
    video_id = driver.finished()
    assert driver.get(video_id, "/content").status_code == 200
    assert driver.get(video_id, "/content?variant=0").status_code == 200
    refused = told(driver.get(video_id, "/content?variant=video"), 404)
    assert refused == {"detail": "Video variant video not found"}


def test_sglang_deletion_shows_the_video(servers: dict[str, Driver]) -> None:
    driver = servers["sglang"]
    video = told(driver.delete(driver.created("[slow] kite")), 200)
    assert (video["object"], video["status"]) == ("video", "deleted")
    assert "deleted" not in video
    assert told(driver.delete(video["id"]), 404) == {"detail": "Video not found"}


def test_sglang_asks_for_no_key(servers: dict[str, Driver]) -> None:
    driver = servers["sglang"]
    assert told(stranger(driver), 404) == {"detail": "Video not found"}
    assert told(driver.http.get("/videos?limit=0"), 422)["detail"][0]["loc"] == ["query", "limit"]
    root = driver.server.base_url.removesuffix("/v1")
    assert plain(f"{root}/server_info").json()["version"] == "0.5.23"
    assert plain(f"{root}/model_info").json()["model_type"] == "diffusion"
    assert plain(f"{root}/v1/models").json()["data"][0]["owned_by"] == "sglang"


def test_sglang_with_cloud_storage(servers: dict[str, Driver]) -> None:
    driver = servers["sglang-cloud"]
    video_id = driver.finished()
    video = driver.get(video_id).json()
    assert video["urls"] == [video["url"]]
    assert (video["file_path"], video["file_paths"]) == (None, [None])
    refused = told(driver.get(video_id, "/content"), 400)["detail"]
    assert refused.endswith(f"Please use the cloud URL: {video['url']}")
    assert plain(video["url"]).content[4:8] == b"ftyp"


# Aquiles-Image -----------------------------------------------------------------------------------


def test_aquiles_does_one_job_at_a_time() -> None:
    with driving("aquiles", speed=20) as driver:
        video_id = driver.created("[fails] kite")
        refused = told(driver.post("Another"), 503)["detail"]
        assert refused.startswith("The limit of 1 concurrent tasks has been reached")
        video = driver.ended(video_id).json()
        assert (video["progress"], video["error"]["code"]) == (0, "generation_error")
        assert driver.post("[fails] another").status_code == 200


def test_aquiles_breaks_and_drops_the_connection(servers: dict[str, Driver]) -> None:
    driver = servers["aquiles"]
    port = httpx.URL(driver.server.base_url).port
    assert port is not None
    head = f"GET /v1/videos/video_0/content HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        line.sendall(head.encode())
        answer = b""
        while data := line.recv(65536):
            answer += data
    assert answer.startswith(b"HTTP/1.1 500")
    assert b"text/plain" in answer
    assert answer.endswith(b"Internal Server Error")
    assert b"connection: close" not in answer.lower(), "nothing announces it"


def test_aquiles_fields(servers: dict[str, Driver]) -> None:
    driver = servers["aquiles"]
    assert driver.post("A kite", size="64x64").status_code == 500
    whole = {"prompt": "A", "size": "720x1280", "seconds": 4}
    assert driver.http.post("/videos", json=whole).status_code == 500
    refused = driver.post("A kite", model="wan2.2", input_reference=UPLOAD)
    assert told(refused, 400)["detail"] == "'wan2.2' does not support input_reference."
    gif = ("r.gif", JPEG, "image/gif")
    refused = driver.post("A kite", model="ltx-2.3", input_reference=gif)
    assert told(refused, 400)["detail"] == "Unsupported image format."


def test_aquiles_content_is_for_everybody_and_the_rest_needs_a_header() -> None:
    with driving("aquiles") as driver:
        assert told(stranger(driver), 401) == {"detail": "Not authenticated"}
        wrong = stranger(driver, authorization="Bearer wrong")
        assert told(wrong, 403) == {"detail": "Invalid API key"}
        video_id = driver.finished("A kite", input_reference=UPLOAD)
        url = f"{driver.server.base_url}/videos/{video_id}/content?variant=thumbnail"
        clip = plain(url)
        assert (clip.status_code, clip.content[4:8]) == (200, b"ftyp")
        assert "content-disposition" not in clip.headers
        root = driver.server.base_url.removesuffix("/v1")
        assert plain(f"{root}/health").json()["status"] == "ok"
        assert told(driver.get("video_0"), 404) == {"detail": "Video not found"}
        assert plain(f"{root}/videos").status_code == 401, "without /v1 too"
        assert plain(f"{root}/nothing").status_code == 404, "what there is not needs no key"
        page = told(driver.http.get("/videos?after=video_0"), 200)
        assert page["first_id"] == video_id, "an unknown cursor begins anew"
        assert driver.http.post(f"/videos/{video_id}/remix").status_code == 404


# TensorRT-LLM ------------------------------------------------------------------------------------


def test_trt_words(servers: dict[str, Driver]) -> None:
    driver = servers["trt-llm"]
    seen: list[str] = []
    video = driver.ended(
        driver.created("[slow] kite"), lambda video: seen.append(video["status"])
    ).json()
    assert {"queued", "generating"} & set(seen)
    assert (video["duration"], video["progress"]) == (1.0, None)
    assert "seconds" not in video
    failed = driver.ended(driver.created("[blocked] kite")).json()
    assert failed["error"] == "Your request was blocked by our moderation system."


def test_trt_calls_the_end_postprocessing() -> None:
    job = Job("video_0", "m", "A kite", 64, 64, 1, 0.0, status="in_progress", progress=89)
    assert trt_video(job)["status"] == "generating"
    job.progress = 90
    assert trt_video(job)["status"] == "postprocessing"


def test_trt_refuses_in_a_flat_envelope(servers: dict[str, Driver]) -> None:
    driver = servers["trt-llm"]
    assert told(driver.get("video_0"), 404) == {
        "object": "error",
        "message": "Video video_0 not found",
        "type": "NotFoundError",
        "param": None,
        "code": 404,
    }
    early = told(driver.get(driver.created("[slow] kite"), "/content"), 400)
    assert re.search(r"is not ready \(status: (queued|generating)\)$", early["message"])
    assert "extra_body" in told(driver.post("A kite", extra_body="1"), 422)["message"]
    assert driver.post("A kite", seconds="61").status_code == 422
    assert "whole seconds" in told(driver.post("A kite", seconds="1.5"), 400)["message"]
    assert driver.post("A kite", size="auto").json()["size"] == "832x480"


def test_trt_gives_a_path_when_asked(servers: dict[str, Driver]) -> None:
    driver = servers["trt-llm"]
    video_id = driver.finished("A kite", response_format="path")
    assert told(driver.get(video_id, "/content"), 200) == {
        "id": video_id,
        "output_path": f"/outputs/{video_id}.mp4",
    }


def test_trt_deletes_with_one_word_and_lists_without_cursors(servers: dict[str, Driver]) -> None:
    driver = servers["trt-llm"]
    ids = [driver.created("[fails]") for _ in range(2)]
    page = told(driver.http.get("/videos?limit=1"), 200)
    assert page.keys() == {"object", "data"}
    assert set(ids) <= {video["id"] for video in page["data"]}
    assert told(driver.delete(ids[0]), 200) == {"deleted": True}
    root = driver.server.base_url.removesuffix("/v1")
    assert (plain(f"{root}/health").status_code, plain(f"{root}/health").text) == (200, "")
    assert "version" in plain(f"{root}/version").json()


# new-api -----------------------------------------------------------------------------------------


def test_new_api_is_flat(servers: dict[str, Driver]) -> None:
    driver = servers["new-api"]
    unknown = told(driver.get("task_0"), 400)
    assert unknown == {"code": "task_not_exist", "message": "task_not_exist", "data": None}
    refused = told(driver.post("[moderated] kite"), 400)
    assert (refused["code"], refused["data"]) == ("fail_to_fetch_task", None)
    assert json.loads(refused["message"])["error"]["code"] == "sentinel_block"


def test_new_api_video(servers: dict[str, Driver]) -> None:
    driver = servers["new-api"]
    created = driver.post("A kite").json()
    assert created["task_id"] == created["id"]
    assert "error" not in created, "what is empty is left out"
    done = driver.ended(created["id"]).json()
    assert driver.http.get(done["metadata"]["url"]).content[4:8] == b"ftyp"
    failed = driver.ended(driver.created("[fails]")).json()
    assert failed["error"]["message"]


def test_new_api_content(servers: dict[str, Driver]) -> None:
    driver = servers["new-api"]
    assert told(driver.get("task_0", "/content"), 404)["error"]["message"] == "Task not found"
    early = told(driver.get(driver.created("[slow] kite"), "/content"), 400)["error"]
    assert early["message"].startswith("Task is not completed yet, current status: ")
    assert early.keys() == {"message", "type"}
    video_id = driver.finished()
    clip = driver.get(video_id, "/content")
    part = driver.get(video_id, "/content", range="bytes=10-19")
    assert (part.status_code, part.content) == (206, clip.content[10:20])
    assert clip.headers["cache-control"] == "public, max-age=86400"


def test_new_api_routes_and_keys(servers: dict[str, Driver]) -> None:
    driver = servers["new-api"]
    missing = told(driver.http.get("/videos"), 404)["error"]
    assert missing["message"] == "Invalid URL (GET /v1/videos)"
    assert plain(f"{driver.server.base_url}/videos").status_code == 404
    assert driver.delete("task_0").status_code == 404
    video_id = driver.finished()
    remixed = driver.http.post(f"/videos/{video_id}/remix", json={"prompt": "Again"})
    assert told(remixed, 200)["remixed_from_video_id"] == video_id
    refused = told(stranger(driver, authorization="Bearer wrong"), 401)["error"]
    assert (refused["type"], refused["code"]) == ("new_api_error", "")
    assert driver.http.get("/models").json()["success"] is True
    root = driver.server.base_url.removesuffix("/v1")
    assert plain(f"{root}/api/status").json()["data"]["system_name"] == "New API"
    assert driver.http.get("/models").headers["x-oneapi-request-id"]


# Azure -------------------------------------------------------------------------------------------


def test_azure(servers: dict[str, Driver]) -> None:
    driver = servers["azure"]
    assert "Access denied" in told(stranger(driver), 401)["error"]["message"]
    for key in ({"api-key": driver.server.key}, {"authorization": f"Bearer {driver.server.key}"}):
        assert told(stranger(driver, **key), 404)["error"]["code"] is None
    missing = told(driver.post("A kite", model="nobody"), 404)["error"]
    assert missing["type"] == "video_generation_user_error"
    assert missing["message"].startswith("The API deployment 'nobody' for this resource does not")
    as_json = driver.http.post("/videos", json={"prompt": "A", "model": "sora-2"})
    assert told(as_json, 400)["error"]["code"] == "unsupported_content_type"
    preview = driver.http.get("/videos?api-version=preview")
    assert preview.headers["apim-request-id"]
    root = driver.server.base_url.removesuffix("/v1")
    assert driver.http.get("/models").json()["data"][0]["id"] == "sora-2"
    assert plain(f"{root}/health").status_code == plain(f"{root}/nothing").status_code == 401
    lost = plain(f"{root}/videos", **{"api-key": driver.server.key})
    assert told(lost, 404)["error"] == {"code": "404", "message": "Resource not found"}


# OpenRouter --------------------------------------------------------------------------------------


def test_openrouter_has_a_schema_of_its_own(servers: dict[str, Driver]) -> None:
    driver = servers["openrouter"]
    created = told(driver.post("A kite"), 202)
    assert created.keys() == {"id", "polling_url", "status"}
    assert created["status"] == "pending"
    done = driver.ended(created["id"]).json()
    assert done["usage"] == {"cost": 0, "is_byok": False}
    assert created["polling_url"] == f"/api/v1/videos/{created['id']}"
    clip = driver.http.get(done["unsigned_urls"][0])
    assert clip.content[4:8] == b"ftyp"
    assert driver.get(created["id"], "/content?index=1").status_code == 404
    failed = driver.ended(driver.created("[fails]")).json()
    assert failed["error"] == "The video could not be generated. Please try again."
    assert driver.get(failed["id"], "/content").status_code == 409


def test_openrouter_fields(servers: dict[str, Driver]) -> None:
    driver = servers["openrouter"]
    form = driver.http.post("/videos", files={"prompt": (None, "A kite")})
    assert told(form, 400)["error"]["code"] == 400
    assert "model" in told(driver.post("A kite", model="nobody"), 400)["error"]["message"]
    assert "duration" in told(driver.post("A kite", duration="4"), 400)["error"]["message"]
    framed = driver.post("A", size=None, resolution="480p", aspect_ratio="9:16", duration=1)
    assert framed.status_code == 202
    first = [{"type": "image_url", "image_url": {"url": DATA_URL}, "frame_type": "first_frame"}]
    assert driver.post("A kite", frame_images=first, seconds="ignored").status_code == 202
    assert driver.post("A kite", frame_images=[{}]).status_code == 400
    models = plain(f"{driver.server.base_url}/videos/models").json()["data"]
    assert models[0]["supported_durations"]
    assert told(stranger(driver), 401)["error"]["message"] == "No auth credentials found"
    assert told(driver.http.get("/videos"), 404)["error"]["code"] == 404


def test_litellm_passes_operations_on_and_loses_uploads_without_a_model(
    servers: dict[str, Driver], tmp_path: Path
) -> None:
    driver = servers["litellm-1.109"]
    clip = tmp_path / "clip.mp4"
    render_clip(ClipPlan("A kite", 128, 72, 1), clip, lambda share: None)
    data = clip.read_bytes()

    def upload(path: str, **fields: str) -> httpx.Response:
        parts = {"video": ("clip.mp4", data, "video/mp4")}
        return driver.http.post(f"/videos/{path}", data=fields, files=parts)

    edit, model = {"prompt": "[fails] snow"}, {"model": "sora-2"}
    lost = "Cannot connect to host api.openai.com"
    assert lost in told(upload("edits", **edit), 500)["error"]["message"]
    edited = told(upload("edits", **edit, **model), 200)["id"]
    assert driver.get(edited).status_code == 200
    assert lost in told(upload("characters", name="Mossy"), 500)["error"]["message"]
    mossy = told(upload("characters", name="Mossy", **model), 200)
    assert re.fullmatch(r"char_[0-9a-f]{24}", mossy["id"])
    assert driver.http.get(f"/videos/characters/{mossy['id']}").status_code == 500
    refused = told(upload("extensions", prompt="on", seconds="4", **model), 404)
    assert "Video with id '' not found." in refused["error"]["message"]
