"""What a clip costs, and which consent that needs: the rule, without a table."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_UP, Decimal
from enum import StrEnum
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


class Measures(NamedTuple):
    """The names of parameters that change how much one request makes, as `folded` writes them.

    Attributes:
        clips: How many clips.
        seconds: How long each is, in seconds; `frames` likewise, in frames.
        rate: Frames of one second.
        unclear: They lengthen or multiply too, in a unit that nobody knows.
        harmless: They only sound like it.
        default_rate: Frames of one second where none are said; None is not known.
    """

    clips: frozenset[str] = frozenset()
    seconds: frozenset[str] = frozenset()
    frames: frozenset[str] = frozenset()
    rate: frozenset[str] = frozenset()
    unclear: frozenset[str] = frozenset()
    harmless: frozenset[str] = frozenset()
    default_rate: Decimal | None = None

    def has(self, name: str) -> bool:
        """Return whether this is one of the names."""
        key = folded(name)
        return any(key in names for names in self[:5])


_SECONDS_ALONE: Final = Measures()


class Amount(NamedTuple):
    """How much one request makes.

    Attributes:
        clips: How many clips.
        seconds: How long each is at most; None is not known.
        unclear: The first parameter that says something of it that cannot be worked out.
    """

    clips: int = 1
    seconds: Decimal | None = None
    unclear: str = ""


class Price(NamedTuple):
    """The price of one request.

    Attributes:
        sum: For all that it makes; None when unknown. Of a free server what it reported last for
            the same, otherwise 0.
        per_second: The rate it was computed from.
        dated: The day of the table it comes from, if any.
        clips: How many clips the request makes; `sum` is for all of them.
        unclear: A rate is known, and this parameter makes that no sum can be worked out.
        reports: The server says what it charges, though its profile calls it free.
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
#: More than anybody orders, in clips, frames or seconds: what is beyond is a slip or an attack.
_MOST: Final = 1_000_000
_NUMBER: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_PARTS: Final = re.compile(r"[\[\].]")
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
#: Words of names that count clips, seconds or frames.
_AMOUNT_WORDS: Final = frozenset(
    (
        *("second", "seconds", "sec", "secs", "duration", "length", "frame", "frames", "minutes"),
        *("num", "number", "count", "output", "outputs", "candidate", "candidates", "copies"),
        *("sample", "samples", "batch", "best", "repeat", "repeats", "clip", "clips", "videos"),
    )
)
_SEPARATORS: Final = re.compile(r"[\s_-]+")
_SIZE_NAME: Final = re.compile(r"([0-9]{3,4})[pP]?")


def price_of(
    server: Server,
    request: VideoRequest,
    table: PriceTable | None,
    measures: Measures = _SECONDS_ALONE,
) -> Price:
    """Return the price of one request on this server, for all the clips that it makes.

    The profile's own prices come first, then `table`, which belongs to the server's host. A
    length that is not sent or not known leaves the price unknown: nothing is guessed.

    Args:
        request: With the profile's own parameters or without: they are added in both cases.
        measures: Which parameters multiply or lengthen.
    """
    params = sent_params(server, request)
    amount = amount_of(request.seconds, params, measures)
    if server.simulated or server.free:
        return Price(PriceKind.FREE, Decimal(0), server.currency, clips=amount.clips)
    model = request.model or _text(params.get("model"))
    sizes = _sizes(request.size, params)
    rate = _highest(server.prices.get(model, server.prices.get("*", {})), sizes)
    currency, dated = server.currency, ""
    if rate is None and table is not None:
        rate = _highest(table.per_second.get(model, {}), sizes)
        currency, dated = table.currency, table.dated
    if rate is None or amount.seconds is None or amount.unclear:
        unclear = "" if rate is None else amount.unclear
        return Price(PriceKind.UNKNOWN, None, currency, clips=amount.clips, unclear=unclear)
    total = rounded(rate * amount.seconds * amount.clips)
    return Price(PriceKind.PRICED, total, currency, rate, dated, amount.clips)


def sent_params(server: Server, request: VideoRequest) -> dict[str, Any]:
    """Return everything that goes along, the profile's own parameters and its query included."""
    return {**server.query, **server.with_own(request.params)}


def amount_of(seconds: str | None, params: Mapping[str, Any], measures: Measures) -> Amount:
    """Return how much a request makes.

    Where two parameters say the same thing in different ways, the one that makes more counts: which
    of them a server follows is not known, and a limit must hold for either.

    Args:
        seconds: The request's own length.
        params: All parameters that are sent; None is not sent.
    """
    counts: list[Decimal] = [Decimal(1)]
    lengths = [] if seconds is None else [_number(seconds)]
    frames: list[Decimal] = []
    rates: list[Decimal] = []
    unclear = framed = ""
    for name, value in params.items():
        key = folded(name)
        if value is None:
            continue
        number = _number(value)
        wrong = number is None
        if key in measures.clips:
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
                or _has_inside(value, measures)
                or _is_part_of_one(name, measures)
                or _sounds_like_one(name, number, measures)
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
    """Return the name of a parameter as `Measures` has it: `num_frames` and `numFrames` are one."""
    return _SEPARATORS.sub("", _plain(name)).lower()


def _plain(name: str) -> str:
    """A name without signs that nobody sees, and with full-width letters as others write them."""
    visible = (sign for sign in unicodedata.normalize("NFKC", name))
    return "".join(sign for sign in visible if unicodedata.category(sign) != "Cf")


def _is_part_of_one(name: str, measures: Measures) -> bool:
    """Whether a form puts one of the names into something: `n[]`, `extra[n]`, `input.n`."""
    parts = [part for part in _PARTS.split(name) if part]
    return (len(parts) > 1 or parts != [name]) and any(map(measures.has, parts))


def _sounds_like_one(name: str, number: Decimal | None, measures: Measures) -> bool:
    """Whether an unknown name, by its words, may multiply or lengthen.

    One of a thing is what is made anyway; what a person pays must not hang on a list of names.
    """
    if number is None or number <= 1 or folded(name) in measures.harmless or not measures.clips:
        return False
    words = {word.lower() for word in _WORD.findall(_plain(name))}
    return not words.isdisjoint(_AMOUNT_WORDS)


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
                continue  # no JSON: a server cannot read a name out of it either
        if isinstance(one, Mapping):
            if any(measures.has(str(name)) for name, inner in one.items() if inner is not None):
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
