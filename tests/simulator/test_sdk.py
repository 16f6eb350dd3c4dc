"""OpenAI's own client, unchanged, drives the simulator through the whole life of a job."""

from __future__ import annotations

import time
from pathlib import Path

import av
import openai
import pytest
from openai import OpenAI
from openai.types import Video
from PIL import Image, ImageChops, ImageStat

from sora_tui.core.sniff import sniff
from sora_tui.media.mp4 import inspect_mp4
from tests.support.pictures import encoded, picture

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API is scheduled")


def decoded(path: Path, *wanted: int) -> tuple[int, list[Image.Image]]:
    """How many frames the clip has, and those asked for."""
    kept = []
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in wanted:
                kept.append(frame.to_image())  # type: ignore[no-untyped-call]  # PyAV
    return number + 1, kept


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean over pixels and channels, 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


def created(sdk: OpenAI, prompt: str, **options: object) -> Video:
    return sdk.videos.create_and_poll(prompt=prompt, size="1280x720", **options)  # type: ignore[arg-type]


def test_a_prompt_becomes_a_clip_of_exactly_the_asked_size_and_length(
    sdk: OpenAI, tmp_path: Path
) -> None:
    video = created(sdk, "A paper boat in the rain", model="sora-2", seconds="4")
    assert (video.status, video.progress, video.size, video.seconds) == (
        "completed",
        100,
        "1280x720",
        "4",
    )
    assert video.completed_at is not None
    assert video.expires_at == video.completed_at + 3600
    path = tmp_path / "clip.mp4"
    sdk.videos.download_content(video.id).write_to_file(path)
    facts = inspect_mp4(path)
    assert (facts.width, facts.height, facts.seconds, facts.fps) == (1280, 720, 4.0, 30.0)
    assert facts.complete
    assert facts.faststart
    count, (first, later) = decoded(path, 0, 60)
    assert count == 120
    assert difference(first, later) > 1

    for variant, kind in (("thumbnail", "webp"), ("spritesheet", "jpeg")):
        body = sdk.videos.download_content(video.id, variant=variant).content  # type: ignore[arg-type]
        assert sniff(body) == kind

    assert sdk.videos.delete(video.id).deleted
    with pytest.raises(openai.NotFoundError):
        sdk.videos.retrieve(video.id)


def test_the_first_frame_shows_the_reference(sdk: OpenAI, tmp_path: Path) -> None:
    original = picture(1280, 720)
    reference = encoded(original, "PNG")
    video = created(
        sdk, "It moves", seconds="4", input_reference=("ref.png", reference, "image/png")
    )
    path = tmp_path / "clip.mp4"
    sdk.videos.download_content(video.id).write_to_file(path)
    _, (first, last) = decoded(path, 0, 119)
    # Where no lettering stands.
    middle = (0, 150, 1280, 400)
    assert difference(first.crop(middle), original.crop(middle)) < 4
    assert difference(last.crop(middle), original.crop(middle)) > 8


def test_lists_page_by_cursor_in_both_orders(sdk: OpenAI) -> None:
    ids = [sdk.videos.create(prompt=f"[fails] {n}", seconds="4").id for n in range(5)]
    newest = [video.id for video in sdk.videos.list(limit=2)]
    assert newest[:5] == ids[::-1]
    oldest = [video.id for video in sdk.videos.list(limit=3, order="asc", after=ids[1])]
    assert oldest == ids[2:]
    assert sdk.videos.list(limit=0).data == []


def test_progress_rises_and_failures_name_their_code(sdk: OpenAI) -> None:
    for word, code in (("[blocked]", "moderation_blocked"), ("[fails]", "generation_error")):
        video = sdk.videos.create(prompt=f"{word} please")
        seen = [(video.status, video.progress)]
        while video.status in ("queued", "in_progress"):
            time.sleep(0.01)
            video = sdk.videos.retrieve(video.id)
            seen.append((video.status, video.progress))
        assert video.status == "failed"
        assert video.error is not None
        assert video.error.code == code
        assert [progress for _, progress in seen] == sorted(progress for _, progress in seen)
        assert seen[0] == ("queued", 0)
