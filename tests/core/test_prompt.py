"""Prompt files: settings and text come back as they were written, and mistakes have a line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_tui.core.problem import ProblemError
from sora_tui.core.prompt import (
    Prompt,
    edit_source,
    fill,
    format_prompt,
    parse_prompt,
    script_text,
    split_at_variables,
    variables_in,
)

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


#: Front matter as people write it: comments, odd spaces, tables, strings over several lines.
_COMMENTS = st.sampled_from(["", "# a note", '   # model = "x"', "\t"])
_STATEMENTS = st.sampled_from(
    [
        'model = "sora-2"  # the small one',
        "seconds=8",
        "  size   = '1280x720'",
        'lens = "35 mm" # not # ours',
        'notes = """\n[not a table]\nsize = "9x9" """',
        "tags = [\n  'night',  # dark\n  'fox',\n]",
        "count = 2",
        "camera.height = 1.5",
        '"odd key" = 3',
    ]
)
_TABLES = st.sampled_from(
    ["[params]\nseed = 3 # lucky\n# size = 1", '[variables]\nanimal = "fox"\n', "[[shots]]\nof = 1"]
)


@st.composite
def front_matters(draw: st.DrawFn) -> str:
    plain = draw(st.lists(_STATEMENTS, max_size=5, unique_by=lambda said: said.split("=")[0]))
    tables = draw(st.lists(_TABLES, max_size=3, unique=True))
    said = [part for line in (*plain, *tables) for part in (draw(_COMMENTS), line)]
    return "\n".join([*said, draw(_COMMENTS)]) + "\n"


@given(
    front_matters(),
    prompts.filter(lambda text: not text.startswith("+++")),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\ufeff"]),
    st.sampled_from(["model", "seconds", "size", "reference", "count"]),
    st.text(signs.filter(lambda sign: sign != "\n"), max_size=12),
)
def test_one_changed_setting_changes_one_line(
    front: str, text: str, newline: str, mark: str, name: str, value: str
) -> None:
    source = mark + f"+++\n{front}+++\n\n{text}\n\n".replace("\n", newline)
    there = parse_prompt(source)
    assert edit_source(source, there) == source, "nothing changed, so no byte does"
    wanted = Prompt(there.text, {**there.settings, name: value})
    edited = edit_source(source, wanted)
    assert parse_prompt(edited) == wanted
    before, after = source.split(newline), edited.split(newline)
    if name in there.settings:
        changed = [old for old, new in zip(before, after, strict=True) if old != new]
        assert all(line.lstrip().startswith(name) for line in changed)
        assert len(changed) == (there.settings[name] != value)
    else:
        [new] = [line for line in after if after.count(line) > before.count(line)]
        after.remove(new)
        assert after == before


@given(prompts, settings, prompts, settings)
def test_any_edit_reads_as_it_was_meant(
    text: str, found: dict[str, Any], new_text: str, new: dict[str, Any]
) -> None:
    source = format_prompt(Prompt(text, found))
    assert parse_prompt(edit_source(source, Prompt(new_text, new))) == Prompt(new_text, new)
    assert edit_source(source, Prompt(text, found)) == source


def test_what_stands_around_a_value_stays() -> None:
    source = (
        "+++\r\n# mine\r\nseconds = 8   # long\r\ntags = ['a',\r\n 'b']\r\n\r\n[params]\r\n"
        "seed = 1\r\n+++\r\nA fox.   \r\n"
    )
    prompt = parse_prompt(source)
    longer = Prompt("Two\nfoxes.", {**prompt.settings, "seconds": "12", "size": "64x36"})
    assert edit_source(source, longer) == (
        "+++\r\n# mine\r\nseconds = \"12\"   # long\r\ntags = ['a',\r\n 'b']\r\n"
        'size = "64x36"\r\n'
        "\r\n[params]\r\nseed = 1\r\n+++\r\nTwo\r\nfoxes.   \r\n"
    )
    without = Prompt(prompt.text, {k: v for k, v in prompt.settings.items() if k != "tags"})
    assert edit_source(source, without) == source.replace("tags = ['a',\r\n 'b']\r\n", "")
    seeded = Prompt(prompt.text, {**prompt.settings, "params": {"seed": 2}})
    assert parse_prompt(edit_source(source, seeded)) == seeded
    assert "# long" in edit_source(source, seeded)


def test_a_quoted_key_is_written_anew_and_its_neighbours_stay() -> None:
    source = '+++\n# mine\n"odd key" = 3 # three\nsize = "64x36"\n+++\n\nA fox.\n'
    there = parse_prompt(source)
    edited = edit_source(source, Prompt(there.text, {**there.settings, "odd key": 4}))
    assert parse_prompt(edited).settings == {"odd key": 4, "size": "64x36"}
    assert edited.startswith('+++\n# mine\nsize = "64x36"\n')


def test_variables_are_named_once_each() -> None:
    assert variables_in("{{b}} {{ a }} {{b}} {{ not this }}") == ("b", "a")


@pytest.mark.parametrize(
    ("front", "changes", "after"),
    [
        (
            "[params]\nseed = 0x07 # lucky\n# end\n",
            {"seed": 8},
            "[params]\nseed = 8 # lucky\n# end\n",
        ),
        (
            "[params]\n# of\nseed = 7\n\n[variables]\na = 'x'\n",
            {"fps": 16},
            "[params]\n# of\nseed = 7\nfps = 16\n\n[variables]\na = 'x'\n",
        ),
        (
            "a = 1\n[params]\nseed = 7\nfps = 0x10\n",
            {"seed": None},
            "a = 1\n[params]\nfps = 0x10\n",
        ),
        ("[params]\n", {"seed": 7}, "[params]\nseed = 7\n"),
        ("[params] # p\r\nseed = 7\r\n", {"fps": 1}, "[params] # p\r\nseed = 7\r\nfps = 1\r\n"),
    ],
)
def test_inside_a_table_only_what_changed_is_written(
    front: str, changes: dict[str, Any], after: str
) -> None:
    source = f"+++\n{front}+++\n\nA kite.\n"
    settings = dict(parse_prompt(source).settings)
    params = {**settings.get("params", {}), **changes}
    settings["params"] = {name: value for name, value in params.items() if value is not None}
    assert edit_source(source, Prompt("A kite.", settings)) == f"+++\n{after}+++\n\nA kite.\n"


def test_a_table_with_tables_in_it_is_written_anew_and_means_the_same() -> None:
    source = "+++\n[params]\nseed = 7\n[params.lora]\nname = 'x'\n+++\n\nA kite.\n"
    wanted = {"params": {"seed": 8, "lora": {"name": "x", "list": [{"a": 1}]}}}
    edited = edit_source(source, Prompt("A kite.", wanted))
    assert parse_prompt(edited).settings == wanted


def test_a_text_is_told_apart_from_its_variables() -> None:
    assert split_at_variables("A {{ animal }} in {{place}}.") == [
        ("A ", None),
        ("{{ animal }}", "animal"),
        (" in ", None),
        ("{{place}}", "place"),
        (".", None),
    ]
    assert split_at_variables("A fox.") == [("A fox.", None)]
