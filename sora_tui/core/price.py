"""What a clip costs, and which consent that needs: the rule, without the price tables."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_UP, Decimal
from enum import StrEnum
from itertools import chain
from types import MappingProxyType
from typing import Any, Final, NamedTuple

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


class Retirement(NamedTuple):
    """The day on which a model's maker switches it off.

    Attributes:
        model: Empty where every model of the host ends.
        host: The host whose maker announced it.
        own: It is the server's own announcement; another server may go on with the model.
    """

    model: str
    day: date
    host: str
    own: bool

    def is_past(self, today: date) -> bool:
        """Return whether that day has come."""
        return today >= self.day


class Measures(NamedTuple):
    """The names of parameters that change how much one request makes, as `folded` writes them.

    Attributes:
        clips: Parameters for the number of clips.
        seconds: Parameters for the length of each in seconds; `frames` likewise, in frames.
        rate: Parameters for the frames of one second.
        unclear: Parameters that lengthen or multiply in an unknown unit.
        numbers: Parameters that do so where their value is a number.
        words: A number under a name that has one of these words in it does so too, unless the name
            is in `harmless`.
        lists: A list under one of these names makes as many as it has entries.
        harmless: Names with such a word that do not change how much is made.
        default_rate: Frames of one second where none are given; None if it is not known.
    """

    clips: frozenset[str] = frozenset()
    seconds: frozenset[str] = frozenset()
    frames: frozenset[str] = frozenset()
    rate: frozenset[str] = frozenset()
    unclear: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    harmless: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    default_rate: Decimal | None = None

    def has(self, key: str) -> bool:
        """Return whether this folded name is known to change how much is made."""
        known = (self.clips, self.seconds, self.frames, self.rate, self.unclear)
        return any(key in names for names in known)

    def may_count(self, key: str, value: object) -> bool:
        """Return whether this may change how much is made, as far as the folded name tells."""
        if isinstance(value, list | tuple) and key in self.lists and len(value) > 1:
            return True
        if key in self.harmless or not _has_number(value):
            return False
        if _number(value) == 1 and not any(unit in key for unit in _LONG_UNITS):
            return False  # One of a thing is what is made anyway.
        return key in self.numbers or any(word in key for word in self.words)

    def has_in(self, name: str, value: object) -> bool:
        """Return whether this is, or may be, in a name of several parts: `input.n`, `extra[n]`."""
        return any(self.has(part) or self.may_count(part, value) for part in _parts(name))


_SECONDS_ALONE: Final = Measures()
_NO_QUERY: Final[Mapping[str, str]] = MappingProxyType({})


_LONG_UNITS: Final = ("minute", "hour", "time")


class Amount(NamedTuple):
    """How much one request makes.

    Attributes:
        clips: How many clips.
        seconds: The longest that each may be; None if it is not known.
        unclear: The first parameter from which the amount cannot be computed.
    """

    clips: int = 1
    seconds: Decimal | None = None
    unclear: str = ""


class Price(NamedTuple):
    """The price of one request.

    Attributes:
        sum: For all clips of the request; None when unknown. For a free server it is what it
            reported last for the same request, otherwise 0.
        per_second: The rate it was computed from.
        dated: The day of the table it comes from, if any.
        clips: How many clips the request makes; `sum` is for all of them.
        unclear: The parameter because of which no sum can be computed, though a rate is known.
        reports: The server reports costs, though its profile calls it free.
    """

    kind: PriceKind
    sum: Decimal | None
    currency: str = "USD"
    per_second: Decimal | None = None
    dated: str = ""
    clips: int = 1
    unclear: str = ""
    reports: bool = False


#: Sums are written into documents as numbers, and must come back as they were agreed to.
_SMALLEST: Final = Decimal("0.000001")
#: More clips, frames or seconds than any person orders: beyond it is a mistake or an attack.
_MOST: Final = 1_000_000
#: Names under which servers read the model.
_MODEL_NAMES: Final = frozenset({"model", "modelname", "modelid", "engine"})
_NUMBER: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
#: What some server may read as a number: `+4`, `1e3`, `0x3e8`, `4s`, digits of other scripts.
_NUMBER_LIKE: Final = re.compile(r"[+-]?[.,]?\d")
#: What stands between the parts of a name that a server takes apart.
_JOINTS: Final = re.compile(r"[\[\](){}.:/>]+")
_SIZE_NAME: Final = re.compile(r"([0-9]{3,4})[pP]?")


def price_of(
    server: Server,
    request: VideoRequest,
    table: PriceTable | None,
    measures: Measures = _SECONDS_ALONE,
) -> Price:
    """Return the price of one request on this server, for all the clips that it makes.

    The profile's own prices count before `table`, which belongs to the server's host. `table`
    counts first where the prices come from a folder alone, because the folder may be a stranger's.
    A length that is not sent or not known leaves the price unknown: nothing is guessed.

    Args:
        server: The server that would make the clips.
        request: With the profile's own parameters or without: they are added in both cases.
        table: Prices that come with this program, or None.
        measures: Which parameters multiply or lengthen.
    """
    params = server.with_own(request.params)
    amount = amount_of(request.seconds, params, measures, server.query)
    if server.simulated or server.free:
        return Price(PriceKind.FREE, Decimal(0), server.currency, clips=amount.clips)
    model = request.model or _text(params.get("model"))
    sizes = _sizes(request.size, params)
    rate = _highest(server.prices.get(model, server.prices.get("*", {})), sizes)
    currency, dated = server.currency, ""
    if table is not None and (rate is None or server.foreign_prices):
        of_host = _highest(table.per_second.get(model, {}), sizes)
        if rate is None or of_host is not None:
            rate, currency, dated = of_host, table.currency, table.dated
    other_model = _other_model(model, params)
    if rate is None or amount.seconds is None or amount.unclear or other_model:
        unclear = "" if rate is None else amount.unclear or other_model
        return Price(PriceKind.UNKNOWN, None, currency, clips=amount.clips, unclear=unclear)
    total = rounded(rate * amount.seconds * amount.clips)
    return Price(PriceKind.PRICED, total, currency, rate, dated, amount.clips)


def _other_model(model: str, params: Mapping[str, Any]) -> str:
    """Return the parameter that names another model than the priced one; empty where none does.

    Some servers read `Model`, or `model` inside an object such as `extra_body`.
    """
    for name, value in params.items():
        left: list[tuple[str, object]] = [(name, value)]
        while left:
            key, one = left.pop()
            if isinstance(one, Mapping):
                left.extend((str(inner), each) for inner, each in one.items())
            elif folded(key) in _MODEL_NAMES and isinstance(one, str) and one not in {"", model}:
                return name
    return ""


def amount_of(
    seconds: str | None,
    params: Mapping[str, Any],
    measures: Measures,
    query: Mapping[str, str] = _NO_QUERY,
) -> Amount:
    """Return how much a request makes.

    Where two parameters say the same in different ways, the one that makes more counts: it is not
    known which of them a server follows, and a limit must hold for either.

    Args:
        seconds: The request's own length.
        params: All parameters that are sent; None is not sent.
        measures: Which parameters multiply or lengthen.
        query: What the profile adds to every address: servers read parameters there too.
    """
    counts: list[Decimal] = [Decimal(1)]
    lengths = [] if seconds is None else [_number(seconds)]
    frames: list[Decimal] = []
    rates: list[Decimal] = []
    unclear = framed = ""
    for name, value in chain(query.items(), params.items()):
        if value is None:
            continue
        key = folded(name)
        number = _number(value)
        wrong = number is None
        if _JOINTS.search(unicodedata.normalize("NFKC", name)):
            wrong = measures.has_in(name, value) or _has_inside(value, measures)
        elif key in measures.clips:
            wrong = number is None or number % 1 != 0
            counts += [] if number is None or wrong else [number]
        elif key in measures.seconds:
            lengths += [] if number is None else [number]
        elif key in measures.frames:
            framed = framed or name
            frames += [] if number is None else [number]
        elif key in measures.rate:
            rates += [] if number is None else [number]
        else:
            wrong = (
                key in measures.unclear
                or measures.may_count(key, value)
                or _has_inside(value, measures)
            )
        unclear = unclear or (name if wrong else "")
    if frames:
        rate = min(rates, default=measures.default_rate)
        unclear = unclear or ("" if rate else framed)
        lengths += [most / rate for most in frames if rate]
    known = [length for length in lengths if length is not None]
    longest = max(known, default=None) if len(known) == len(lengths) else None
    return Amount(int(max(counts)), longest, unclear)


def rounded(sum: Decimal) -> Decimal:
    """Return a sum with no more digits than a document keeps, rounded up."""
    return sum if sum == sum.quantize(_SMALLEST) else sum.quantize(_SMALLEST, ROUND_UP)


def folded(name: str) -> str:
    """Return the name of a parameter as `Measures` has it: `num_frames` and `numFrames` are one.

    Full-width letters are the same letters (NFKC); characters other than letters and digits are
    dropped.
    """
    if not name.isascii():
        name = unicodedata.normalize("NFKC", name)
    return "".join(character for character in name.casefold() if character.isalnum())


def _parts(name: str) -> list[str]:
    """Return the folded parts of a name: of `extra[n]` they are `extra` and `n`."""
    parts = _JOINTS.split(unicodedata.normalize("NFKC", name))
    return [key for key in map(folded, parts) if key]


def _has_number(value: object) -> bool:
    """Return whether this is what a server may read as a number, or a list with one."""
    if isinstance(value, str):
        return _NUMBER_LIKE.match(unicodedata.normalize("NFKC", value).strip()) is not None
    if isinstance(value, Sequence):
        return any(_has_number(one) for one in value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: object) -> Decimal | None:
    """Return a number above 0 that a server would read as the same number; None for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        if _NUMBER.fullmatch(value.strip()) is None:
            return None
        number = Decimal(value.strip())
    elif not 0 < value <= _MOST:  # no infinity, and no whole number of a thousand digits
        return None
    else:
        number = Decimal(str(value))
    return number if 0 < number <= _MOST else None


def _has_inside(value: object, measures: Measures) -> bool:
    """Return whether an object, a list or their JSON text has one of the names in it.

    Servers take such objects (`extra_params`, `extra_body`) apart into parameters.
    """
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str) and one.lstrip()[:1] in {"{", "["}:
            try:
                one = json.loads(one)
            except (ValueError, RecursionError):
                continue  # No JSON: a server cannot read a name from it either.
        if isinstance(one, Mapping):
            told = ((str(name), inner) for name, inner in one.items() if inner is not None)
            if any(measures.has_in(name, inner) for name, inner in told):
                return True
            left.extend(one.values())
        elif isinstance(one, Sequence) and not isinstance(one, str | bytes):
            left.extend(one)
    return False


def _sizes(size: str | None, params: Mapping[str, Any]) -> tuple[str | None, ...]:
    """Return every size that a request names, parameters included; one None where it names none."""
    told = {folded(name): value for name, value in params.items() if value is not None}
    width, height = _number(told.get("width")), _number(told.get("height"))
    named = (
        size,
        _text(told.get("size")),
        f"{width}x{height}" if width and height else "",
        _tier_word(_text(told.get("resolution"))),
    )
    return tuple(dict.fromkeys(name for name in named if name)) or (None,)


def _tier_word(word: str) -> str:
    """Return a resolution as tables name sizes: `720P` and `720` are `720p`, others as they are."""
    match = _SIZE_NAME.fullmatch(word)
    return f"{match[1]}p" if match else word.lower()


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _highest(by_size: Mapping[str, Decimal], sizes: Iterable[str | None]) -> Decimal | None:
    """Return the highest of the rates of these sizes; None where one of them has no rate."""
    rates = [_rate(by_size, size) for size in sizes]
    known = [rate for rate in rates if rate is not None]
    return max(known) if known and len(known) == len(rates) else None


def _rate(by_size: Mapping[str, Decimal], size: str | None) -> Decimal | None:
    """Return the rate of this very size, else of its tier (`720p`), else of any size.

    The tier goes by the shorter side.
    """
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
        price: The price of the order.
        server: The server that would be paid.
        self_run: The server runs its models itself on this machine: an unknown price needs no
            question.
        always: The person once answered "always" for this server, whatever it charges.
    """
    if price.kind is PriceKind.FREE or server.free:
        return Ask.NOTHING
    if price.kind is PriceKind.PRICED:
        return Ask.SUM
    return Ask.NOTHING if self_run or always else Ask.UNKNOWN
