"""The gate for foreign text holds whatever is thrown at it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_tui.core.text import clean, clean_line

#: Turns reading direction around (Unicode Bidirectional Algorithm, UAX 9, explicit formatting).
BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
#: Letters, and far too often those that a terminal or a reader trips over.
nasty = st.text(
    st.characters() | st.sampled_from("\x1b\x9b\r\n\t\x00\u202e\u2066\u200f\ufeff\ud800e\u0301"),
    max_size=200,
)


@given(nasty, st.integers(1, 120))
def test_nothing_that_a_terminal_acts_on_gets_through(text: str, limit: int) -> None:
    said = clean(text, limit)
    assert len(said) <= limit
    for sign in said:
        assert sign in "\n\t" or unicodedata.category(sign) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(sign) not in BIDI
    said.encode()  # a lone surrogate would raise


@given(nasty, st.integers(1, 120))
def test_what_is_clean_stays_as_it_is(text: str, limit: int) -> None:
    said = clean(text, limit)
    assert clean(said, limit) == said


@given(nasty)
def test_one_line_is_one_line(text: str) -> None:
    said = clean_line(text)
    assert said == " ".join(said.split())
    assert len(said.splitlines()) <= 1


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=200))
def test_honest_text_passes_unchanged(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\x1b]0;title\x07rm\x1b[2J", "]0;titlerm[2J"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("one\r\ntwo\rthree", "one\ntwothree"),
        ("Z" + "\u0301" * 40, "Z" + "\u0301" * 4),
        ("كتاب, é, 👩‍🚀", "كتاب, é, 👩‍🚀"),
        (42, "42"),
        ("x" * 5000, "x" * 3999 + "…"),
    ],
)
def test_clean_by_example(text: object, said: str) -> None:
    assert clean(text) == said
