"""Words for sizes."""

from __future__ import annotations

import pytest

from sora_tui.core.problem import ProblemError
from sora_tui.core.sizes import size_of, tier_of

WAN = ("832x480", "480x832", "1280x720", "720x1280")


@pytest.mark.parametrize(
    ("word", "known", "size"),
    [
        ("landscape", WAN, "832x480"),
        ("portrait", WAN, "480x832"),
        ("720p", WAN, "1280x720"),
        ("480p", WAN, "832x480"),
        ("landscape", (), "1280x720"),
        ("portrait", ("1280x704", "704x1280"), "704x1280"),
        ("square", ("1280x704",), "720x720"),
        ("1080p", (), "1920x1080"),
        ("540p", (), "960x540"),
        ("640x360", WAN, "640x360"),
    ],
)
def test_a_word_means_the_first_known_size_that_fits(
    word: str, known: tuple[str, ...], size: str
) -> None:
    assert size_of(word, known) == size


@pytest.mark.parametrize("word", ["", "large", "720", "p", "0p", "12x", "landscape "])
def test_other_words_are_no_sizes(word: str) -> None:
    with pytest.raises(ProblemError) as refused:
        size_of(word, WAN)
    assert refused.value.problem.code == "size_invalid"


def test_a_tier_is_the_shorter_side() -> None:
    assert (tier_of("1280x720"), tier_of("720x1280"), tier_of("wide")) == ("720p", "720p", None)
