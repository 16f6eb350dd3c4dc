"""What the simulator refuses, and in which words: those of knowledge about the real API."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import httpx
import pytest

from tests.support.pictures import encoded, picture
from tests.support.simulator_process import Simulator

JPEG = encoded(picture(64, 48), "JPEG")


@pytest.fixture
def http(simulator: Simulator) -> httpx.Client:
    return httpx.Client(
        base_url=simulator.base_url, headers={"authorization": f"Bearer {simulator.key}"}
    )


def error(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["x-request-id"].startswith("req_")
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert body["error"]["type"] == "invalid_request_error"
    return dict(body["error"])


@pytest.mark.parametrize(
    ("fields", "message", "code", "param"),
    [
        ({}, "Missing required parameter: 'prompt'.", "missing_required_parameter", "prompt"),
        ({"prompt": ""}, "Invalid 'prompt': empty string.", "empty_string", "prompt"),
        ({"prompt": "a" * 32_001}, "string too long", "string_above_max_length", "prompt"),
        (
            {"prompt": "a", "seconds": 4},
            "Invalid type for 'seconds': expected a string, but got an integer instead.",
            "invalid_type",
            "seconds",
        ),
        ({"prompt": "a", "seed": -1}, "Expected a value >= 0", "integer_below_min_value", "seed"),
        ({"prompt": "a", "seed": "x"}, "expected an integer", "invalid_type", "seed"),
        ({"prompt": "a", "seed": True}, "but got a boolean", "invalid_type", "seed"),
        ({"prompt": "a", "fps": "61"}, "Expected a value <= 60", "integer_above_max_value", "fps"),
        ({"prompt": "a", "negative_prompt": 1}, "a string", "invalid_type", "negative_prompt"),
        ({"prompt": "a", "seconds": "61"}, "Invalid value: '61'.", "invalid_value", "seconds"),
        ({"prompt": "a", "size": "721x1280"}, "even width", "invalid_value", "size"),
        ({"prompt": "a", "size": "8x8"}, "Invalid value: '8x8'", "invalid_value", "size"),
        (
            {"prompt": "a", "input_reference": base64.b64encode(JPEG).decode()},
            "Invalid type for 'input_reference': expected an object, but got a string instead.",
            "invalid_type",
            "input_reference",
        ),
        (
            {"prompt": "a", "input_reference": {"image_url": "https://example.org/a.png"}},
            "only takes base64 data URLs",
            "invalid_image_url",
            "input_reference.image_url",
        ),
        ({"prompt": "[moderated]"}, "Hmmm something didn't look right", "sentinel_block", None),
    ],
)
def test_json_refusals(
    http: httpx.Client, fields: dict[str, Any], message: str, code: str, param: str | None
) -> None:
    told = error(http.post("/videos", json=fields), 400)
    assert message in told["message"]
    assert (told["code"], told["param"]) == (code, param)


@pytest.mark.parametrize(
    ("part", "message", "code"),
    [
        (
            (None, "a string"),
            "Invalid type for 'input_reference': expected a file, but got a string instead.",
            "invalid_type",
        ),
        (
            ("a.jpg", JPEG, "image/jpeg"),
            "Inpaint image must match the requested width and height",
            None,
        ),
        (
            ("a.gif", encoded(picture(64, 48), "GIF"), "image/gif"),
            "unsupported mimetype ('image/gif')",
            "unsupported_file_mimetype",
        ),
        (("a.jpg", JPEG[:-20], "image/jpeg"), "Invalid image file", "invalid_image_file"),
    ],
)
def test_multipart_reference_refusals(
    http: httpx.Client, part: Any, message: str, code: str | None
) -> None:
    answer = http.post("/videos", data={"prompt": "a"}, files={"input_reference": part})
    told = error(answer, 400)
    assert message in told["message"]
    assert told["code"] == code


def ids(http: httpx.Client) -> list[str]:
    """The jobs that there are; how far they are changes meanwhile."""
    return [video["id"] for video in http.get("/videos").json()["data"]]


def test_nothing_refused_became_a_job(http: httpx.Client) -> None:
    known = ids(http)
    error(http.post("/videos", json={"prompt": "[moderated]"}), 400)
    error(
        http.post("/videos", content=b"{nonsense", headers={"content-type": "application/json"}),
        400,
    )
    error(http.post("/videos", content=b"x", headers={"content-type": "text/plain"}), 400)
    assert ids(http) == known


def test_the_key_is_asked_for_everywhere_but_health(simulator: Simulator) -> None:
    for key in ({}, {"authorization": "Bearer wrong"}, {"authorization": simulator.key}):
        with httpx.Client(base_url=simulator.base_url, headers=key) as stranger:
            large = json.dumps({"prompt": "a" * 3_000_000})
            told = error(stranger.post("/videos", content=large), 401)
            assert told["code"] == ("invalid_api_key" if "wrong" in str(key) else None)
            error(stranger.get("/videos"), 401)
            error(stranger.get("/models"), 401)
    assert httpx.get(simulator.base_url.removesuffix("/v1") + "/health").json()["simulated"]


def test_unknown_things_and_limits(http: httpx.Client) -> None:
    assert "not found" in error(http.get("/videos/video_0"), 404)["message"]
    error(http.get("/videos?after=video_0"), 404)
    error(http.delete("/videos/video_0"), 404)
    assert error(http.get("/videos?limit=101"), 400)["code"] == "integer_above_max_value"
    assert error(http.get("/videos?order=up"), 400)["param"] == "order"
    assert error(http.get("/video"), 404)["message"] == "Invalid URL (GET /v1/video)"
    error(http.put("/videos"), 405)


def test_a_body_without_end_is_cut_off(http: httpx.Client) -> None:
    def endless() -> Any:
        while True:
            yield b"x" * 2**20

    headers = {"content-type": "application/json"}
    # The connection may be closed while we are still sending: as good as the answer.
    with contextlib.suppress(httpx.TransportError):
        error(http.post("/videos", content=endless(), headers=headers), 413)
    assert http.get("/videos").status_code == 200


def test_content_and_deletion_wait_for_the_end(http: httpx.Client) -> None:
    wanted = {"prompt": "slow", "size": "1792x1024", "seconds": "12"}
    video = http.post("/videos", json=wanted).json()["id"]
    assert "not ready" in error(http.get(f"/videos/{video}/content"), 404)["message"]
    assert "Only completed or failed" in error(http.delete(f"/videos/{video}"), 400)["message"]
    assert error(http.get(f"/videos/{video}/content?variant=gif"), 400)["param"] == "variant"
