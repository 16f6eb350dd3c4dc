"""What a clip costs, which question that needs, and how long it still takes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_tui.core.eta import seconds_left, usual_seconds
from sora_tui.core.price import Ask, Price, PriceKind, PriceTable, ask_for, price_of
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server, simulator

WISH = VideoRequest(prompt="A kite", model="sora-2", seconds="8", size="1280x720")
LAB = Server("lab", "https://lab.example.org/v1")
HERE = Server("here", "http://127.0.0.1:8000/v1")
TABLE = PriceTable(
    {"sora-2": {"*": Decimal("0.10")}, "pro": {"1792x1024": Decimal("0.50")}}, dated="2026-11-01"
)


def test_practice_is_free_whatever_a_table_says() -> None:
    assert price_of(simulator(), WISH, TABLE).kind is PriceKind.FREE
    assert price_of(LAB._replace(free=True), WISH, TABLE) == Price(PriceKind.FREE, Decimal(0))


def test_the_table_of_the_host_names_sum_rate_and_day() -> None:
    assert price_of(LAB, WISH, TABLE) == Price(
        PriceKind.PRICED, Decimal("0.80"), "USD", Decimal("0.10"), "2026-11-01"
    )


def test_the_profile_knows_better_than_the_table() -> None:
    own = LAB._replace(prices={"*": {"*": Decimal("0.02")}}, currency="EUR")
    assert price_of(own, WISH, TABLE) == Price(
        PriceKind.PRICED, Decimal("0.16"), "EUR", Decimal("0.02")
    )


@pytest.mark.parametrize(
    "wish",
    [
        WISH._replace(model="unheard-of"),
        WISH._replace(model="pro"),  # priced, but not at this size
        WISH._replace(seconds=None),
        WISH._replace(seconds="a while"),
        WISH._replace(model=None),
    ],
)
def test_nothing_is_guessed(wish: VideoRequest) -> None:
    price = price_of(LAB, wish, TABLE)
    assert (price.kind, price.sum) == (PriceKind.UNKNOWN, None)


@pytest.mark.parametrize(
    ("kind", "server", "self_run", "always", "ask"),
    [
        (PriceKind.FREE, LAB, False, False, Ask.NOTHING),
        (PriceKind.PRICED, LAB, False, False, Ask.SUM),
        (PriceKind.PRICED, LAB, False, True, Ask.SUM),  # "always" was said of unknown prices only
        (PriceKind.PRICED, HERE, True, True, Ask.SUM),
        (PriceKind.PRICED, LAB._replace(free=True), False, False, Ask.NOTHING),
        (PriceKind.UNKNOWN, LAB, False, False, Ask.UNKNOWN),
        (PriceKind.UNKNOWN, LAB, False, True, Ask.NOTHING),
        (PriceKind.UNKNOWN, HERE, False, False, Ask.UNKNOWN),
        (PriceKind.UNKNOWN, HERE, False, True, Ask.NOTHING),
        (PriceKind.UNKNOWN, HERE, True, False, Ask.NOTHING),
    ],
)
def test_the_question_follows_the_class_of_price(
    kind: PriceKind, server: Server, self_run: bool, always: bool, ask: Ask
) -> None:
    assert ask_for(Price(kind, None), server, self_run=self_run, always=always) is ask


positive = st.floats(0.001, 1e6)


@given(positive, st.none() | st.floats(0, 100), st.none() | positive)
def test_time_left_is_never_negative_and_over_at_the_end(
    elapsed: float, progress: float | None, usual: float | None
) -> None:
    left = seconds_left(elapsed, progress, usual)
    assert left is None or left >= 0
    if progress == 100:
        assert left == 0


@pytest.mark.parametrize(
    ("elapsed", "progress", "usual", "left"),
    [
        (30, 25, None, 90),
        (30, 25, 1000, 90),  # what the server says counts more than what was usual
        (30, 2, 83, 53),  # too early to count on
        (30, None, 83, 53),
        (90, None, 83, None),  # longer than usual: nothing honest can be said
        (30, None, None, None),
    ],
)
def test_time_left_by_example(
    elapsed: float, progress: float | None, usual: float | None, left: float | None
) -> None:
    assert seconds_left(elapsed, progress, usual) == left


def test_usual_is_the_middle_not_the_mean() -> None:
    assert usual_seconds([80, 83, 900]) == 83
    assert usual_seconds([]) is None
