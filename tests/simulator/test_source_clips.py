"""Clips and characters made of clips: by id, by file, in both encodings, as the spec has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import openai
import pytest
from openai import OpenAI

from sora_tui.media.mp4 import inspect_mp4
from tests.simulator.test_spec import VIDEO
from tests.support.simulator_process import Simulator, start_simulator

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API is scheduled")

#: VideoCharacterResource of OpenAI's published OpenAPI file.
CHARACTER: dict[str, Any] = {
    "type": "object",
    "required": ["id", "name", "created_at"],
    "properties": {
        "id": {"type": ["string", "null"]},
        "name": {"type": ["string", "null"]},
        "created_at": {"type": "integer"},
    },
}
SMALL: dict[str, Any] = {"size": "128x72", "seconds": "1"}
#: The same without the four sizes, which the simulator does not insist on.
ANY_SIZE = {**VIDEO, "properties": {**VIDEO["properties"], "size": {"type": "string"}}}


@pytest.fixture
def http(simulator: Simulator) -> httpx.Client:
    return httpx.Client(
        base_url=simulator.base_url, headers={"authorization": f"Bearer {simulator.key}"}
    )


@pytest.fixture
def clip(sdk: OpenAI, tmp_path: Path) -> tuple[str, Path]:
    """A finished video: its id, and its file."""
    video = sdk.videos.create_and_poll(prompt="A kite", **SMALL)
    path = tmp_path / "kite.mp4"
    sdk.videos.download_content(video.id).write_to_file(path)
    return video.id, path


def length_of(sdk: OpenAI, video_id: str, path: Path) -> float:
    assert sdk.videos.poll(video_id).status == "completed"
    sdk.videos.download_content(video_id).write_to_file(path)
    return inspect_mp4(path).seconds


def test_edit_and_extend_by_id_in_json_and_in_a_form(
    http: httpx.Client, sdk: OpenAI, clip: tuple[str, Path], tmp_path: Path
) -> None:
    source, _ = clip
    by_id = {"id": source}
    for sent in (
        {"json": {"video": by_id, "prompt": "In snow"}},
        {"files": {"video[id]": (None, source), "prompt": (None, "In snow")}},
        {"files": {"video": (None, json.dumps(by_id)), "prompt": (None, "In snow")}},
    ):
        edited = http.post("/videos/edits", **sent).json()
        jsonschema.validate(edited, ANY_SIZE)
        assert (edited["prompt"], edited["size"], edited["seconds"]) == ("In snow", "128x72", "1")
        assert edited["id"] != source
        assert edited["remixed_from_video_id"] is None
    wanted = {"video": by_id, "prompt": "On and on", "seconds": "2"}
    longer = http.post("/videos/extensions", json=wanted).json()
    jsonschema.validate(longer, ANY_SIZE)
    assert longer["seconds"] == "3", "the stitched total"
    assert length_of(sdk, longer["id"], tmp_path / "longer.mp4") == 3.0


def test_edit_and_extend_by_file_through_the_sdk(
    sdk: OpenAI, clip: tuple[str, Path], tmp_path: Path
) -> None:
    _, path = clip
    edited = sdk.videos.edit(prompt="In snow", video=path.read_bytes())
    assert (edited.size, edited.seconds) == ("128x72", "1")
    longer = sdk.videos.extend(prompt="On", seconds="4", video=path.read_bytes())
    assert length_of(sdk, longer.id, tmp_path / "longer.mp4") == 5.0


def test_a_character_is_made_read_and_kept(tmp_path: Path) -> None:
    for round_trip in range(2):
        with start_simulator(tmp_path / "data", 200) as server:
            sdk = OpenAI(base_url=server.base_url, api_key=server.key, max_retries=0)
            if round_trip == 0:
                video = sdk.videos.create_and_poll(prompt="A cat", **SMALL)
                body = sdk.videos.download_content(video.id).read()
                made = sdk.videos.create_character(name="Tom", video=("tom.mp4", body, "video/mp4"))
            assert made.id is not None
            read = sdk.videos.get_character(made.id)
            jsonschema.validate(read.to_dict(), CHARACTER)
            assert (read.id, read.name) == (made.id, "Tom")
            with pytest.raises(openai.NotFoundError):
                sdk.videos.get_character("char_0")
            assert len(list(sdk.videos.list())) == 1, "no video"


@pytest.mark.parametrize(
    ("path", "fields", "status", "said"),
    [
        ("edits", {"prompt": "a"}, 400, "Missing required parameter: 'video'"),
        ("edits", {"prompt": "a", "video": "video_1"}, 400, "expected an object with an id"),
        ("edits", {"prompt": "a", "video": {"id": "video_1"}}, 404, "not found"),
        ("edits", {"video": "{source}"}, 400, "Missing required parameter: 'prompt'"),
        ("extensions", {"video": "{source}", "prompt": "a"}, 400, "parameter: 'seconds'"),
        ("extensions", {"video": "{source}", "prompt": "a", "seconds": "60"}, 400, "to '60'"),
        ("characters", {"name": "Tom"}, 400, "only accepts 'multipart/form-data'"),
    ],
)
def test_what_is_refused_in_json(
    http: httpx.Client,
    clip: tuple[str, Path],
    path: str,
    fields: dict[str, Any],
    status: int,
    said: str,
) -> None:
    if fields.get("video") == "{source}":
        fields = {**fields, "video": {"id": clip[0]}}
    answer = http.post(f"/videos/{path}", json=fields)
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "parts", "said"),
    [
        ("edits", {"prompt": "a", "video": b"no clip"}, "no MP4 that can be read"),
        ("characters", {"name": "Tom", "video": b"no clip"}, "no MP4 that can be read"),
        ("characters", {"name": "Tom", "video": "video_1"}, "expected a file"),
        ("characters", {"name": "Tom"}, "Missing required parameter: 'video'"),
        ("characters", {"name": "T" * 81, "video": b"no clip"}, "1 to 80 characters"),
        ("characters", {"video": b"no clip"}, "Missing required parameter: 'name'"),
    ],
)
def test_what_is_refused_in_a_form(
    http: httpx.Client, path: str, parts: dict[str, str | bytes], said: str
) -> None:
    files: dict[str, Any] = {
        name: ("clip.mp4", value) if isinstance(value, bytes) else (None, value)
        for name, value in parts.items()
    }
    answer = http.post(f"/videos/{path}", files=files)
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]


def test_a_source_must_be_completed(http: httpx.Client) -> None:
    source = http.post("/videos", json={"prompt": "[fails]", **SMALL}).json()["id"]
    answer = http.post("/videos/edits", json={"video": {"id": source}, "prompt": "a"})
    assert answer.status_code == 400
    assert "not completed" in answer.json()["error"]["message"]
