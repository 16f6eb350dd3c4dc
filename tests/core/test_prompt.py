"""Prompt files: settings and text come back as they were written, and mistakes have a line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_tui.core.problem import ProblemError
from sora_tui.core.prompt import Prompt, fill, format_prompt, parse_prompt, script_text

signs = st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n")
texts = st.text(signs, max_size=80) | st.lists(
    st.sampled_from(["+++", "", "# head", "seconds = 4", "A kite"]), max_size=6
).map("\n".join)
#: As an editor keeps them: no blank lines around, no white space at the very end.
prompts = texts.map(lambda text: text.removeprefix("\ufeff").strip("\n").rstrip())
values = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(signs, max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(signs), inner, max_size=3),
    max_leaves=6,
)
settings: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.text(signs, max_size=12), values, max_size=4
)


@given(prompts, settings)
def test_a_prompt_survives_its_file(text: str, found: dict[str, Any]) -> None:
    prompt = Prompt(text, found)
    assert parse_prompt(format_prompt(prompt)) == prompt


@given(prompts, settings)
def test_line_ends_and_byte_order_mark_of_other_systems_change_nothing(
    text: str, found: dict[str, Any]
) -> None:
    source = format_prompt(Prompt(text, found))
    assert parse_prompt("\ufeff" + source.replace("\n", "\r\n")) == Prompt(text, found)


def test_front_matter_is_taken_apart() -> None:
    source = '+++\nmodel = "sora-2"\n\n[variables]\nlight = "dusk"\n+++\n\nA kite at {{light}}.\n'
    assert parse_prompt(source) == Prompt(
        "A kite at {{light}}.", {"model": "sora-2", "variables": {"light": "dusk"}}
    )


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("+++\nseconds = 4\n", 1),
        ("+++\nseconds = 4\nsize = 1280x720\n+++\nA kite", 3),
        ("+++\n\n\nseconds\n+++\n", 4),
    ],
)
def test_broken_front_matter_names_the_line_of_the_file(source: str, line: int) -> None:
    with pytest.raises(ProblemError) as broken:
        parse_prompt(source)
    assert broken.value.problem.code == "front_matter_broken"
    assert broken.value.problem.facts["line"] == line


def test_the_old_script_drops_blank_lines_and_headings() -> None:
    assert script_text("# Title\n\nA kite\n  \n# note\nover the sea # grey\n") == (
        "A kite\nover the sea # grey"
    )


@given(texts)
def test_what_the_old_script_reads_is_in_the_file(text: str) -> None:
    kept = script_text(text).splitlines()
    assert all(line.strip() and not line.startswith("#") for line in kept)
    assert script_text("\n".join(kept)).splitlines() == kept


def test_variables_are_filled_in_and_asked_for() -> None:
    assert fill("{{ animal }} in {{place}}, {{animal}}", {"animal": "fox", "place": "rain"}) == (
        "fox in rain, fox"
    )
    assert fill("{{animal}}", {"animal": "{{place}}"}) == "{{place}}"
    with pytest.raises(ProblemError) as missing:
        fill("{{animal}} in {{place}}", {"animal": "fox"})
    assert missing.value.problem.facts == {"name": "place"}
