"""The tree of a document, whatever the document is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sora_tui.core.text import clean_line
from sora_tui.tui.widgets.json_tree import copied, nodes, path_of

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None)
@given(documents, st.integers(1, 80))
def test_every_document_has_rows_of_its_own_that_are_safe_to_show(
    value: object, width: int
) -> None:
    document = {"part": value, "again": [value]}
    rows = list(nodes(document, {}, width))
    opened = {row.path: True for row in rows}
    deep = list(nodes(document, opened, width))
    for row in (*rows, *deep):
        assert clean_line(row.shown) == row.shown
        assert clean_line(row.name) == row.name
        copied(row.value).encode()
    paths = [row.path for row in deep]
    assert len(paths) == len(set(paths))
    assert len(deep) >= len(rows)


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("", "events", ".events"),
        (".events", 3, ".events[3]"),
        (".events[3]", "note", ".events[3].note"),
        ("", "odd name", '.["odd name"]'),
        (".a", 'q"', '.a["q\\""]'),
        ("", 0, ".[0]"),
    ],
)
def test_paths_are_those_of_jq(path: str, name: str | int, expected: str) -> None:
    assert path_of(path, name) == expected


def test_strings_are_copied_as_they_are_and_parts_as_json() -> None:
    assert copied("a\nb") == "a\nb"
    assert json.loads(copied({"a": [1, None]})) == {"a": [1, None]}
    assert copied("\ud800") == "?"
