"""How a fit is written, in a prompt file, on the command line and in documents; what a name is."""

from __future__ import annotations

from typing import Any

import pytest

from sora_tui.core.problem import ProblemError
from sora_tui.core.request import (
    COVER,
    EXACT,
    MAX_NAME,
    Fit,
    VideoRequest,
    check_request,
    read_fit,
)


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("exact", EXACT),
        ("cover", COVER),
        ("cover:top", Fit("cover", "top")),
        ("contain", Fit("contain")),
        ("contain:blur", Fit("contain", fill="blur")),
        ("contain:white", Fit("contain", fill="white")),
        ("contain:#204060", Fit("contain", fill="#204060")),
        ("stretch", Fit("stretch")),
    ],
)
def test_a_fit_is_one_word_and_back(text: str, fit: Fit) -> None:
    assert read_fit(text) == fit
    assert str(fit) == text


def test_default_values_may_be_written_out() -> None:
    assert read_fit("cover:center") == read_fit("Cover:centre") == COVER
    assert read_fit("contain:black") == Fit("contain")


@pytest.mark.parametrize(
    "text",
    [
        "crop",
        "cover:",
        "cover:up",
        "cover:blur",
        "contain:top",
        "contain:#20406",
        "stretch:top",
    ],
)
def test_an_invalid_fit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        read_fit(text)


def test_the_colour_of_a_fill() -> None:
    assert Fit("contain", fill="#204060").colour == (0x20, 0x40, 0x60)
    assert Fit("contain", fill="white").colour == (255, 255, 255)
    assert Fit("contain", fill="blur").colour == (0, 0, 0)


@pytest.mark.parametrize("name", ["", "  ", "Ann\nBob", "x" * (MAX_NAME + 1)])
def test_a_character_needs_a_name_that_a_prompt_can_say(name: str) -> None:
    with pytest.raises(ProblemError) as refused:
        check_request(VideoRequest(name, operation="character"))
    assert refused.value.problem.code == "character_name"
    check_request(VideoRequest("Ann", operation="character"))


@pytest.mark.parametrize("size", ["1280x7\uff12\uff10", "\u0661280x720", "1280x72\u06f0"])
def test_digits_of_other_scripts_are_no_size(size: str) -> None:
    with pytest.raises(ProblemError) as refused:
        check_request(VideoRequest("a kite", size=size))
    assert refused.value.problem.code == "size_invalid"


@pytest.mark.parametrize(
    "prompt", ["", " \n", "\u200b", "\u2060\ufeff", "\u00ad", "\u3164", "\u2800"]
)
def test_a_prompt_that_nobody_sees_is_empty(prompt: str) -> None:
    with pytest.raises(ProblemError) as refused:
        check_request(VideoRequest(prompt))
    assert refused.value.problem.code == "prompt_empty"


def nested(levels: int) -> object:
    return {} if levels == 0 else {"in": nested(levels - 1)}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"model": "\ud800"}, "request_not_text"),
        ({"params": {"a": "\ud800"}}, "request_not_text"),
        ({"params": {"\ud800": 1}}, "request_not_text"),
        ({"params": {"a": {"b": ["\udfff"]}}}, "request_not_text"),
        ({"params": {"a": nested(900)}}, "request_not_text"),
        ({"params": {"image": "A" * 1_200_000}}, "request_too_large"),
    ],
)
def test_what_no_record_can_hold_is_refused(changes: dict[str, Any], code: str) -> None:
    """Its record could not be read again, and would stand in the way of every other job."""
    request = VideoRequest("A kite", model="sora-2")._replace(**changes)
    with pytest.raises(ProblemError) as refusal:
        check_request(request)
    assert refusal.value.problem.code == code
    check_request(request._replace(model="sora-2", params={"a": nested(50), "b": "A" * 100_000}))
