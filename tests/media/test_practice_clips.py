"""Practice clips are what was ordered, whatever the size, the script of the prompt or the shape."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from sora_tui.media.clip import to_image
from sora_tui.media.mp4 import inspect_mp4
from sora_tui.media.practice.render import ClipPlan, render_clip
from tests.support.pictures import encoded, picture

PROMPTS = {
    "latin": "Un renard dans la neige à l'aube, très lentement, et une seconde ligne " * 20,
    "japanese": "霧の中の山",
    "one long word": "a" * 500,
    "nothing but space": " \n\t",
    "control characters": "\x1b[31mred\x1b[0m \u202eback",
}


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
@pytest.mark.parametrize("size", [(16, 16), (270, 482), (322, 180)])
def test_size_length_and_previews_are_exact(
    tmp_path: Path, prompt: str, size: tuple[int, int]
) -> None:
    path = tmp_path / "clip.mp4"
    heard: list[float] = []
    previews = render_clip(ClipPlan(prompt, *size, seconds=1, fps=12), path, heard.append)
    facts = inspect_mp4(path)
    assert ((facts.width, facts.height), facts.seconds, facts.fps) == (size, 1.0, 12.0)
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 12
    assert heard == sorted(heard)
    assert heard[-1] == 1
    assert Image.open(BytesIO(previews.thumbnail)).size == size
    assert Image.open(BytesIO(previews.spritesheet)).format == "JPEG"


def test_clips_of_one_plan_are_equal_and_labels_tell_them_apart(tmp_path: Path) -> None:
    def rendered(label: str) -> bytes:
        path = tmp_path / "clip.mp4"
        plan = ClipPlan("the same", 640, 360, 1, label, encoded(picture(64, 36), "PNG"), fps=5)
        render_clip(plan, path, lambda share: None)
        return path.read_bytes()

    assert rendered("video_1") == rendered("video_1")
    assert rendered("video_1") != rendered("video_2")


@pytest.mark.parametrize("reference", [None, encoded(picture(64, 36), "PNG")])
def test_seed_and_negative_prompt_choose_the_picture(
    tmp_path: Path, reference: bytes | None
) -> None:
    def last_frame(**asked: Any) -> bytes:
        path = tmp_path / "clip.mp4"
        plan = ClipPlan("one prompt", 320, 180, 2, "video_1", reference, fps=5, **asked)
        render_clip(plan, path, lambda share: None)
        with av.open(str(path)) as container:
            *_, last = container.decode(video=0)
        picture = to_image(last.planes[0], "L")
        return picture.crop((110, 0, 320, 80)).tobytes()  # beside the plate, above the words

    assert last_frame(seed=7) == last_frame(seed=7)
    one, other, without, said = (
        last_frame(seed=7),
        last_frame(seed=8),
        last_frame(),
        last_frame(negative_prompt="people"),
    )
    assert len({one, other, without, said}) == 4


def test_odd_sizes_are_refused_and_rendering_can_be_stopped(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with pytest.raises(ValueError, match="321x180"):
        render_clip(ClipPlan("odd", 321, 180, 1), path, lambda share: None)

    def stop(share: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        render_clip(ClipPlan("stopped", 320, 180, 60), path, stop)
