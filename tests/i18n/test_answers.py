"""A question names the letter that agrees, and no other agrees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sora_tui.i18n import set_language
from sora_tui.i18n.answers import is_yes, yes_key


@pytest.fixture(params=["en", "fr"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    set_language(request.param)
    yield request.param
    set_language("en")


def test_what_agrees_is_what_the_question_names(language: str) -> None:
    mine, theirs = {"en": ("y yes Y YES", "o oui"), "fr": ("o oui O OUI", "y yes")}[language]
    assert all(is_yes(f" {answer}\n") for answer in mine.split())
    assert not any(is_yes(answer) for answer in [*theirs.split(), "", "\n", "yup", "yy", "j"])
    assert yes_key() == mine[0]
