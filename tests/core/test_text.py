"""The gate for foreign text holds whatever is thrown at it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_tui.core.text import clean, clean_line, is_blank, left_out, prompt_text, same_name

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
def test_a_cleaned_line_has_no_line_breaks(text: str) -> None:
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
        ("one\r\ntwo\rthree\u2028four\x85five", "one\ntwo\nthree\nfour\nfive"),
        ("Z" + "\u0301" * 40, "Z" + "\u0301" * 4),
        ("كتاب, é, 👩‍🚀", "كتاب, é, 👩‍🚀"),
        (42, "42"),
        ("x" * 5000, "x" * 3999 + "…"),
    ],
)
def test_clean_by_example(text: object, said: str) -> None:
    assert clean(text) == said


SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


@pytest.mark.parametrize(
    ("text", "sent", "gone"),
    [
        ("boats\rlow sun\r\rbell", "boats\nlow sun\n\nbell", ()),
        ("a\r\nb\n\rc", "a\nb\n\nc", ()),
        ("a\x0bb\x0cc\u2029d", "a\nb\nc\nd", ()),
        (f"the {SCOTLAND} flag", f"the {SCOTLAND} flag", ()),
        ("\u05d0\u200f! \u0643\u061c", "\u05d0\u200f! \u0643\u061c", ()),
        ("family \U0001f468\u200d\U0001f469", "family \U0001f468\u200d\U0001f469", ()),
        ("\ufeffa\u202eb\u202ec", "abc", ("U+FEFF", "U+202E")),
        ("hidden \U000e0068\U000e0069 words", "hidden  words", ("U+E0068", "U+E0069")),
        ("\x1b[31mred", "[31mred", ("U+001B",)),
        ("half \ud83d", "half ", ("U+D83D",)),
    ],
)
def test_what_a_prompt_keeps_and_what_is_left_out(
    text: str, sent: str, gone: tuple[str, ...]
) -> None:
    assert prompt_text(text) == sent
    assert left_out(text) == gone


@given(nasty)
def test_a_prompt_is_the_same_when_it_is_taken_twice(text: str) -> None:
    sent = prompt_text(text)
    assert prompt_text(sent) == sent
    assert left_out(sent) == ()
    sent.encode()


@pytest.mark.parametrize("code", [0x20, 0xA0, 0xAD, 0x115F, 0x200B, 0x2060, 0x2800, 0x3164, 0xFEFF])
def test_invisible_characters_are_blank(code: int) -> None:
    assert is_blank(chr(code) * 2)
    assert not is_blank(f"{chr(code)}\U0001f98a")
    assert is_blank("\ufe0f\u200d")


def test_names_are_the_same_however_they_are_composed() -> None:
    assert same_name("caf\u00e9.png", "cafe\u0301.png")
    assert not same_name("cafe.png", "caf\u00e9.png")
