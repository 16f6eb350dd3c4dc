"""The day's money in the words of a banner."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from sora_tui.core.budget import NOTHING, Spending
from sora_tui.core.limits import Budget
from sora_tui.core.problem import problem
from sora_tui.i18n import set_language
from sora_tui.i18n.problems import sentences
from sora_tui.i18n.spending import today_words

TEN = Budget(per_day=Decimal(10))
SPENT = Spending(Decimal("1.20"), Decimal(2))


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    set_language("en")


@pytest.mark.parametrize(
    ("spent", "budget", "words"),
    [
        (SPENT, TEN, "today $3.20 of $10.00"),
        (NOTHING, TEN, "today $0.00 of $10.00"),
        (Spending(Decimal("0.4"), unknown=2), TEN, "today $0.40 + 2 unknown of $10.00"),
        (SPENT, Budget(), "today $3.20"),
        (Spending(unknown=1), Budget(), "today $0.00 + 1 unknown"),
        (NOTHING, Budget(), ""),
        (
            Spending(unreadable=("metadata/a.json",)),
            Budget(),
            "today $0.00 + 1 record that cannot be read",
        ),
        (SPENT, Budget(Decimal(10), currency="EUR"), "today 3.20 EUR of 10.00 EUR"),
    ],
)
def test_what_the_banner_says_of_today(spent: Spending, budget: Budget, words: str) -> None:
    assert today_words(spent, budget) == words


def test_a_broken_limit_names_sum_day_and_limit() -> None:
    facts = {"sum": "0.40", "limit": "10", "spent": "9.80", "currency": "USD"}
    why = problem("over_budget", **facts, hours=5, setting="per_day")
    said = sentences(why)
    assert said.happened == (
        "This goes over the limit of $10.00: about $0.40,"
        " and $9.80 of today is spent or reserved already in this folder."
        " The day ends at midnight here, in 5 h."
    )
    assert said.next == (
        "Raise the limit (per_day under [budget] in sora-tui.toml), or ask for fewer or shorter"
        " clips."
    )
    set_language("fr")
    happened = sentences(why).happened
    assert "10,00\u00a0$" in happened
    assert "0,40\u00a0$" in happened
    assert "9,80\u00a0$" in happened
