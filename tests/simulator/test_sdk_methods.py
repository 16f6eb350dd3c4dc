"""Every method of the SDK's `client.videos`, none left out, against the practice server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.resources.videos import Videos
from openai.types import Video

from sora_tui.media.mp4 import inspect_mp4

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API is scheduled")
SMALL: dict[str, Any] = {"size": "128x72", "seconds": "1"}
#: Wrap the others; they are no calls.
WRAPPERS = {"with_raw_response", "with_streaming_response"}


@pytest.fixture
def made(sdk: OpenAI) -> Video:
    return sdk.videos.create_and_poll(prompt="A kite", model="sora-2", **SMALL)


@pytest.fixture
def clip(sdk: OpenAI, made: Video, tmp_path: Path) -> Path:
    path = tmp_path / "kite.mp4"
    sdk.videos.download_content(made.id).write_to_file(path)
    return path


def drives_create(sdk: OpenAI, made: Video, clip: Path) -> None:
    video = sdk.videos.create(prompt="[fails] kite", **SMALL)
    assert (video.object, video.status, video.remixed_from_video_id) == ("video", "queued", None)


def drives_create_and_poll(sdk: OpenAI, made: Video, clip: Path) -> None:
    assert (made.status, made.progress) == ("completed", 100)


def drives_poll(sdk: OpenAI, made: Video, clip: Path) -> None:
    video = sdk.videos.create(prompt="[fails] kite", **SMALL)
    assert sdk.videos.poll(video.id).status == "failed"


def drives_retrieve(sdk: OpenAI, made: Video, clip: Path) -> None:
    assert sdk.videos.retrieve(made.id).to_dict() == made.to_dict()


def drives_list(sdk: OpenAI, made: Video, clip: Path) -> None:
    assert made.id in [video.id for video in sdk.videos.list(limit=2)]


def drives_delete(sdk: OpenAI, made: Video, clip: Path) -> None:
    assert sdk.videos.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError):
        sdk.videos.retrieve(made.id)


def drives_download_content(sdk: OpenAI, made: Video, clip: Path) -> None:
    facts = inspect_mp4(clip)
    assert (facts.width, facts.height, facts.seconds) == (128, 72, 1.0)


def drives_remix(sdk: OpenAI, made: Video, clip: Path) -> None:
    video = sdk.videos.remix(made.id, prompt="At night")
    assert (video.remixed_from_video_id, video.size, video.seconds) == (made.id, "128x72", "1")


def drives_edit(sdk: OpenAI, made: Video, clip: Path) -> None:
    edited = sdk.videos.edit(prompt="In snow", video=clip)
    assert (edited.prompt, edited.size, edited.seconds) == ("In snow", "128x72", "1")
    # The SDK cannot say which video by its id: it looks for a file there (videos-api, 1.2).
    with pytest.raises(RuntimeError):
        sdk.videos.edit(prompt="In snow", video={"id": made.id})
    by_id = {"prompt": "In snow", "video": {"id": made.id}}
    assert sdk.post("/videos/edits", body=by_id, cast_to=Video).prompt == "In snow"


def drives_extend(sdk: OpenAI, made: Video, clip: Path) -> None:
    assert sdk.videos.extend(prompt="On", seconds="4", video=clip).seconds == "5"
    with pytest.raises(RuntimeError):
        sdk.videos.extend(prompt="On", seconds="4", video={"id": made.id})
    by_id = {"prompt": "On", "seconds": "4", "video": {"id": made.id}}
    assert sdk.post("/videos/extensions", body=by_id, cast_to=Video).seconds == "5"


def drives_create_character(sdk: OpenAI, made: Video, clip: Path) -> None:
    mossy = sdk.videos.create_character(name="Mossy", video=clip)
    assert mossy.name == "Mossy"
    named = {"characters": [{"id": mossy.id}]}
    video = sdk.videos.create(prompt="[fails] Mossy walks", extra_body=named, **SMALL)
    assert video.status == "queued"
    body = {"prompt": "[fails] Mossy walks", **SMALL, **named}
    assert sdk.post("/videos", body=body, cast_to=Video).status == "queued"
    for unknown, refusal in (
        ([{"id": "char_0"}], openai.NotFoundError),
        ([{"id": mossy.id}] * 3, openai.BadRequestError),
        (["char_0"], openai.BadRequestError),
    ):
        with pytest.raises(refusal):
            sdk.post("/videos", body={**body, "characters": unknown}, cast_to=Video)


def drives_get_character(sdk: OpenAI, made: Video, clip: Path) -> None:
    mossy = sdk.videos.create_character(name="Mossy", video=clip)
    assert mossy.id is not None
    assert sdk.videos.get_character(mossy.id).name == "Mossy"


METHODS: dict[str, Callable[[OpenAI, Video, Path], None]] = {
    name.removeprefix("drives_"): drive
    for name, drive in list(globals().items())
    if name.startswith("drives_")
}


def test_no_method_is_left_out() -> None:
    public = {name for name in vars(Videos) if not name.startswith("_")}
    assert public - WRAPPERS == set(METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_each_method_works_as_the_sdk_calls_it(
    method: str, sdk: OpenAI, made: Video, clip: Path
) -> None:
    METHODS[method](sdk, made, clip)
