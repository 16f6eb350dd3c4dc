"""OpenAI's own client against each dialect: it works where it works with the real server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types import Video

from tests.support.dialect_driver import SMALL, Driver, driving

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API is scheduled")

#: No client for OpenAI's API can create there, or download.
OTHERS = ("openrouter", "sglang-cloud")


@pytest.fixture(scope="module", params=[name for name in SMALL if name not in OTHERS])
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    with driving(request.param, speed=300) as driver:
        yield driver


@pytest.fixture
def sdk(driver: Driver) -> Iterator[OpenAI]:
    server = driver.server
    with OpenAI(base_url=server.base_url, api_key=server.key, max_retries=0) as client:
        yield client


def created(driver: Driver, sdk: OpenAI, prompt: str) -> Video:
    options: dict[str, Any] = SMALL[driver.dialect]
    return sdk.videos.create(prompt=prompt, **options)


def ended(sdk: OpenAI, video_id: str) -> Video:
    deadline = time.monotonic() + 30
    while True:
        video = sdk.videos.retrieve(video_id)
        if video.status in ("completed", "failed"):
            return video
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_create_poll_and_download(driver: Driver, sdk: OpenAI) -> None:
    video_id = created(driver, sdk, "A kite").id
    assert ended(sdk, video_id).status == "completed"
    clip = sdk.videos.download_content(video_id).read()
    assert clip[4:8] == b"ftyp"


def test_a_failure(driver: Driver, sdk: OpenAI) -> None:
    video_id = created(driver, sdk, "[fails] kite").id
    if driver.dialect == "vllm-omni":
        with pytest.raises(openai.InternalServerError):
            ended(sdk, video_id)
    else:
        assert ended(sdk, video_id).status == "failed"


def test_the_list(driver: Driver, sdk: OpenAI) -> None:
    match driver.dialect:
        case "litellm" | "litellm-1.109":
            with pytest.raises(openai.BadRequestError):
                sdk.videos.list()
        case "new-api":
            with pytest.raises(openai.NotFoundError):
                sdk.videos.list()
        case _:
            video_id = created(driver, sdk, "[fails] kite").id
            assert video_id in [video.id for video in islice(sdk.videos.list(), 20)]


@pytest.mark.parametrize(
    ("dialect", "word"), [("aquiles", "processing"), ("trt-llm", "generating")]
)
def test_the_sdks_poll_takes_an_unknown_status_for_the_end(dialect: str, word: str) -> None:
    with driving(dialect, speed=20) as driver:
        server = driver.server
        with OpenAI(base_url=server.base_url, api_key=server.key, max_retries=0) as sdk:
            video_id = created(driver, sdk, "A [slow] kite").id
            deadline = time.monotonic() + 10
            while sdk.videos.retrieve(video_id).status != word:
                assert time.monotonic() < deadline
            assert sdk.videos.poll(video_id, poll_interval_ms=10).status == word
