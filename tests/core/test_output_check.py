"""What was made against what was asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sora_tui.core.job import Job, Output
from sora_tui.core.output_check import differences, is_checkable
from sora_tui.i18n.output_check import output_words
from tests.support.sample_jobs import pending, saved


def made(asked: dict[str, Any], **clip: Any) -> Job:
    """A saved job that asked for this and got that."""
    job = saved(pending(30))
    output = job.outputs[0]._replace(width=1280, height=720, seconds=5.0, fps=24.0)
    request = job.request._replace(size="1280x720", seconds="5", params={})
    return replace(job, request=request._replace(**asked), outputs=(output._replace(**clip),))


@pytest.mark.parametrize(
    ("asked", "clip"),
    [
        ({}, {}),
        ({}, {"seconds": 5.06}),  # 81 frames at 16 a second
        ({"size": None, "seconds": None}, {"width": 640, "seconds": 2.0}),
        ({"params": {"fps": 24}}, {"fps": 23.976}),
        ({"params": {"num_frames": 97, "fps": 24}}, {"seconds": 4.04}),
        ({"params": {"num_frames": 97}}, {"seconds": 4.04}),  # nobody knows how long that is
        ({"params": {"fps": "as you like"}}, {}),
        ({}, {"width": None, "seconds": None, "fps": None}),
        ({"operation": "remix", "source_video": "video_1"}, {"width": 640}),
    ],
)
def test_no_difference_where_the_clip_is_as_asked_or_not_known(
    asked: dict[str, Any], clip: dict[str, Any]
) -> None:
    assert differences(made(asked, **clip)) == ()
    assert output_words(made(asked, **clip)) == ""


def test_each_difference_is_named() -> None:
    job = made({"params": {"fps": 16}}, height=704, seconds=8.0)
    assert [(each.what, each.asked, each.made) for each in differences(job)] == [
        ("size", "1280x720", "1280x704"),
        ("seconds", "5", "8"),
        ("fps", "16", "24"),
    ]
    assert output_words(job) == (
        "made 1280x704 in place of 1280x720, 8 s in place of 5 s, 24 fps in place of 16 fps"
    )


def test_only_the_clip_is_judged() -> None:
    job = made({})
    thumbnail = Output("thumbnail", "output/x.webp", 10, "ff", width=320, height=180)
    assert differences(replace(job, outputs=(thumbnail, *job.outputs))) == ()
    assert differences(replace(job, outputs=(thumbnail,))) == ()


@pytest.mark.parametrize(
    ("asked", "judged"),
    [
        ({}, True),
        ({"size": None}, True),
        ({"size": None, "seconds": None, "params": {"fps": 24}}, True),
        ({"size": None, "seconds": None}, False),
        ({"operation": "remix", "source_video": "video_1"}, False),
    ],
)
def test_a_clip_is_checkable_only_where_something_was_asked(
    asked: dict[str, Any], judged: bool
) -> None:
    assert is_checkable(made(asked)) is judged
