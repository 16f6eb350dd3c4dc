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


def test_text_around_a_changed_value_stays() -> None:
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


#: Front matter, the settings that change (None: taken out), and the front matter afterwards.
_EDITS: list[tuple[str, dict[str, Any], str]] = [
    # Comments: beside a value, above it, above a table, at the end.
    (
        "# mine\nseconds = 8  # long\n\n# to try\n[params]\nseed = 1\n# end\n",
        {"seconds": "12", "count": 2},
        '# mine\nseconds = "12"  # long\ncount = 2\n\n# to try\n[params]\nseed = 1\n# end\n',
    ),
    ("a = 1 # one\n# of b\nb = 2 # two\n\nc = 3\n", {"b": None}, "a = 1 # one\n# of b\n\nc = 3\n"),
    # Keys in quotes, and numbers in other notations.
    ('# mine\n"odd key" = 0x03 # three\n', {"odd key": 4}, '# mine\n"odd key" = 4 # three\n'),
    ("f = 1_000.5\ng = 0o17\n", {"f": 2.5}, "f = 2.5\ng = 0o17\n"),
    # Inline tables keep their line and their comment.
    (
        "params = { seed = 7, fps = 16 } # of both\n",
        {"params": {"seed": 8, "fps": 16, "cfg": 1.5}},
        "params = { seed = 8, fps = 16, cfg = 1.5} # of both\n",
    ),
    (
        "p = {a = 1, b = {c = 2}} # in\n",
        {"p": {"a": 1, "b": {"c": 3}}},
        "p = {a = 1, b = {c = 3}} # in\n",
    ),
    # Strings over several lines, with what would be TOML outside of one.
    (
        'notes = """\n# no comment\n[no table]"""  # end\nseconds = 8\n',
        {"seconds": 4},
        'notes = """\n# no comment\n[no table]"""  # end\nseconds = 4\n',
    ),
    (
        "notes = '''\na\nb'''  # end\nseconds = 8\n",
        {"notes": "c"},
        'notes = "c"  # end\nseconds = 8\n',
    ),
    ("tags = [\n  'fox', # red\n]\nn = 1\n", {"n": 2}, "tags = [\n  'fox', # red\n]\nn = 2\n"),
    # Dotted keys.
    (
        "camera.height = 1.5 # m\nseconds = 8\nlamp.glass.mm = 35 # d\n",
        {"camera": {"height": 2, "tilt": 1}, "lamp": {"glass": {"mm": 50}}},
        "camera.height = 2 # m\ncamera.tilt = 1\nseconds = 8\nlamp.glass.mm = 50 # d\n",
    ),
    ("a.b = 1\nc = 2 # c\n", {"a": {}}, "c = 2 # c\n\n[a]\n"),
    ("a.b = 1\nc = 2 # c\n", {"a": 3}, "c = 2 # c\na = 3\n"),
    # In pieces: written once, at the end.
    (
        "a.b = 1\nc = 2 # c\na.d = 3\n",
        {"a": {"b": 1, "d": 4}},
        "c = 2 # c\n\n[a]\nb = 1\nd = 4\n",
    ),
    # Tables in tables.
    (
        "[params]\nseed = 7 # lucky\n\n[params.lora] # small\nname = 'x'\n",
        {"params": {"seed": 7, "lora": {"name": "y", "weight": {"of": 1}}}},
        '[params]\nseed = 7 # lucky\n\n[params.lora] # small\nname = "y"\nweight = {of = 1}\n',
    ),
    (
        "[params.lora] # small\nname = 'x'\n",
        {"params": {"seed": 7, "lora": {"name": "x"}}},
        "[params]\nseed = 7\n[params.lora] # small\nname = 'x'\n",
    ),
    ("[a]\nb = 1\n\n[c] # c\nd = 1\n", {"a": 2}, "a = 2\n[c] # c\nd = 1\n"),
    ("a = 1\nb = 2 # b\n", {"a": {"c": 3}}, "b = 2 # b\n\n[a]\nc = 3\n"),
]


def _changed(front: str, changes: dict[str, Any]) -> dict[str, Any]:
    settings = {**parse_prompt(f"+++\n{front}+++\n").settings, **changes}
    return {name: value for name, value in settings.items() if value is not None}


@pytest.mark.parametrize(("front", "changes", "after"), _EDITS)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_an_edit_keeps_the_layout(
    front: str, changes: dict[str, Any], after: str, newline: str
) -> None:
    source, wanted = (
        f"+++\n{text}+++\n\nA fox.\n".replace("\n", newline) for text in (front, after)
    )
    assert edit_source(source, Prompt("A fox.", _changed(front, changes))) == wanted


def test_lines_that_end_in_different_ways_keep_their_ends() -> None:
    source = "+++\r\n# mine\r\nseconds = 8 # s\ncount = 1\r\n\nn = 2\n+++\r\n\nA fox.\r\n"
    edited = edit_source(source, Prompt("A fox.", {"seconds": 4, "count": 1, "n": 2, "new": 3}))
    assert edited == source.replace("8 # s", "4 # s").replace("n = 2\n", "n = 2\nnew = 3\n")


def test_another_order_of_names_in_a_table_is_no_change() -> None:
    source = "+++\n# mine\n[params]\nseed = 7 # lucky\nfps = 16\n+++\n\nA fox.\n"
    assert edit_source(source, Prompt("A fox.", {"params": {"fps": 16, "seed": 7}})) == source
    edited = edit_source(source, Prompt("A fox.", {"params": {"fps": 24, "seed": 7}}))
    assert edited == source.replace("16", "24")


@pytest.mark.parametrize(
    "front", ["seconds = \n", "a = 1\na = 2\n", "[p]\n[p]\n", "'''\n", "=\n", "a.b = 1\na = 2\n"]
)
def test_front_matter_that_cannot_be_read_is_not_written_over(front: str) -> None:
    with pytest.raises(ProblemError, match="front_matter_broken"):
        edit_source(f"+++\n{front}+++\n\nA fox.\n", Prompt("A fox.", {"seconds": 4}))


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


def test_a_table_with_tables_in_it_takes_lists_of_tables() -> None:
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
