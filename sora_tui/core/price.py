"""What a clip costs, and which consent that needs: the rule, without a table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import NamedTuple

from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server
from sora_tui.core.sizes import tier_of


class PriceKind(StrEnum):
    """The three classes of price."""

    FREE = "free"
    PRICED = "priced"
    UNKNOWN = "unknown"


class PriceTable(NamedTuple):
    """Prices per generated second, by model, then by size (`"*"` for any).

    Attributes:
        dated: The day of the table, for the person to judge it by.
    """

    per_second: Mapping[str, Mapping[str, Decimal]]
    currency: str = "USD"
    dated: str = ""


class Ending(NamedTuple):
    """The day on which a model's maker switches it off.

    Attributes:
        model: Empty where all that the host has ends.
        host: Whose announcement it is.
        own: It is the server's own; another server may go on with the model.
    """

    model: str
    day: date
    host: str
    own: bool

    def is_past(self, today: date) -> bool:
        """Whether it is over."""
        return today >= self.day


class Price(NamedTuple):
    """The price of one clip.

    Attributes:
        sum: For one clip; 0 when free, None when unknown.
        per_second: The rate it was computed from.
        dated: The day of the table it comes from, if any.
    """

    kind: PriceKind
    sum: Decimal | None
    currency: str = "USD"
    per_second: Decimal | None = None
    dated: str = ""


def price_of(server: Server, request: VideoRequest, table: PriceTable | None) -> Price:
    """The price of one clip of this request on this server.

    The profile's own prices come first, then `table`, which belongs to the server's host. A
    length that is not sent or not known leaves the price unknown: nothing is guessed.
    """
    if server.simulated or server.free:
        return Price(PriceKind.FREE, Decimal(0), server.currency)
    model = request.model or ""
    rate = _rate(server.prices.get(model, server.prices.get("*", {})), request.size)
    currency, dated = server.currency, ""
    if rate is None and table is not None:
        rate = _rate(table.per_second.get(model, {}), request.size)
        currency, dated = table.currency, table.dated
    seconds = _decimal(request.seconds)
    if rate is None or seconds is None:
        return Price(PriceKind.UNKNOWN, None, currency)
    return Price(PriceKind.PRICED, rate * seconds, currency, rate, dated)


def _rate(by_size: Mapping[str, Decimal], size: str | None) -> Decimal | None:
    """The rate of this very size, else of its tier (`720p`, by the shorter side), else of any."""
    rate = by_size.get(size or "")
    if rate is None and size and (tier := tier_of(size)):
        rate = by_size.get(tier)
    return by_size.get("*") if rate is None else rate


class Ask(StrEnum):
    """What must be asked before anything is sent."""

    NOTHING = "nothing"
    SUM = "sum"
    UNKNOWN = "unknown"


def ask_for(price: Price, server: Server, *, self_run: bool, always: bool) -> Ask:
    """Return which question this price needs.

    Args:
        self_run: The server runs its models itself on this machine: an unknown price is none.
        always: The person once said: always on this server, whatever it charges.
    """
    if price.kind is PriceKind.FREE or server.free:
        return Ask.NOTHING
    if price.kind is PriceKind.PRICED:
        return Ask.SUM
    return Ask.NOTHING if self_run or always else Ask.UNKNOWN


def _decimal(text: str | None) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None
