"""What a terminal answers never becomes a key, however late and in whatever pieces it comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

from sora_tui.tui.terminal.input_filter import InputFilter
from sora_tui.tui.terminal.keyboard import KeyParser

ANSWERS = (
    "\x1b[?62;4c",  # DA1
    "\x1b[>41;2500;0c",  # DA2
    "\x1bP!|00000000\x1b\\",  # DA3
    "\x1b_Gi=31;OK\x1b\\",  # Kitty
    "\x1b_Gi=1;ENOENT:no such picture\x1b\\",
    "\x1bP>|kitty(0.41.1)\x1b\\",  # XTVERSION
    "\x1bP1+r5463=\x1b\\",  # XTGETTCAP
    "\x1b]11;rgb:1212/1212/1212\x1b\\",  # background
    "\x1b]4;1;rgb:cd/00/00\x07",
    "\x1b[6;20;10t",  # cell size
    "\x1b[8;24;80t",
    "\x1b[?1u",  # keyboard
    "\x1b[0n",
    "\x1b[?997;1n",  # dark or light
)
#: What Textual listens to.
HEARD = (
    *("\x1b[?2026;2$y", "\x1b[48;24;80;480;800t", "\x1b[12;40R", "\x1b[I", "\x1b[O"),
    *("\x1b[<0;10;20M", "\x1b[<35;10;-1m", "\x1b[200~", "\x1b[201~", "\x1b[97;5u", "\x1b[1;5A"),
)
answers = some.sampled_from(ANSWERS)


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("pause", [0.0, 0.05, 1.5])
def test_no_piece_of_an_answer_gets_through(answer: str, pause: float) -> None:
    for cut in range(len(answer) + 1):
        replies = InputFilter()
        typed = replies.take(answer[:cut], 0.0)
        typed += replies.rest(pause)
        typed += replies.take(answer[cut:], pause)
        typed += replies.rest(pause + 9)
        alone = answer[:cut] if pause > 1 else ""
        # What came alone was taken for keys; the rest of the answer is none.
        assert typed == (alone if len(alone) <= 2 else ""), f"cut after {cut}"


@given(some.lists(answers | some.sampled_from([*HEARD, "q", "é", "\x1b4"]), max_size=6))
def test_keys_between_answers_stay_in_their_order(parts: list[str]) -> None:
    replies = InputFilter()
    typed = "".join(replies.take(part, 0.0) for part in parts)
    assert typed == "".join(part for part in parts if part not in ANSWERS)


@given(answers, some.integers(1, 6), some.sampled_from(["\x1b[A", "\x1b[?62;4c"]))
def test_an_answer_that_another_sequence_cuts_off_is_none_the_less(
    answer: str, lost: int, after: str
) -> None:
    replies = InputFilter()
    cut = answer[: max(len(answer) - lost, 4)]
    typed = replies.take(cut + after, 0.0) + replies.rest(9)
    assert typed in ("", "\x1b[A")


@pytest.mark.parametrize("sequence", [*ANSI_SEQUENCES_KEYS, *HEARD])
def test_every_key_gets_through_whole(sequence: str) -> None:
    replies = InputFilter()
    assert replies.take(sequence, 0.0) + replies.rest(0.2) == sequence


def test_alt_with_the_letters_of_commands_stays_a_key() -> None:
    for key in ("\x1bP", "\x1b]", "\x1b_", "\x1b["):
        replies = InputFilter()
        assert replies.take(key, 0.0) == ""
        assert replies.rest(0.05) == ""
        assert replies.rest(0.2) == key


def test_what_follows_a_lost_end_is_heard_again() -> None:
    replies = InputFilter()
    assert replies.take("\x1b_Gi=31;OK", 0.0) == ""
    assert replies.rest(3.0) == ""
    assert replies.take("q", 3.1) == "q"


def test_the_parser_of_the_screen_hears_keys_only() -> None:
    parser = KeyParser(False, ())
    heard = [*parser.feed("".join(ANSWERS)), *parser.feed("q\x1b[A")]
    assert [event.key for event in heard if isinstance(event, events.Key)] == ["q", "up"]
    assert len(heard) == 2
