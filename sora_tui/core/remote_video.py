"""A video object as a server sends it; only an id and a status word are required."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sora_tui.core.clip_addresses import ClipAddress, clip_addresses, output_count
from sora_tui.core.number import MAX_DIGITS, amount, number
from sora_tui.core.text import clean, clean_line

#: The longest id that is accepted. Gateways encode routing in theirs (242 characters seen).
MAX_ID: Final = 1024
#: A video object larger than this (bytes of JSON) is kept by its known fields only.
MAX_DOCUMENT: Final = 64 * 1024


#: The form of an id of LiteLLM, once it is decoded.
_LITELLM_ID: Final = re.compile(r"litellm:.*?;video_id:([^;]+)")
_LITELLM_ROUTE: Final = re.compile(r"litellm:custom_llm_provider:([^;]+);model_id:([^;]*)")
#: A number in this interval is milliseconds since 1970: the years 1973 to 2286.
_MILLISECONDS: Final = (1e11, 1e13)
#: The latest time that is accepted (the year 2200), in seconds since 1970.
LAST_MOMENT: Final = 7.258e9
_LONGEST_DATE: Final = 40
#: No clip is longer, in seconds.
_LONGEST: Final = 86_400.0


class Phase(StrEnum):
    """What a status word means."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"

    @property
    def is_final_without_clip(self) -> bool:
        """Whether there will be no clip."""
        return self in {Phase.FAILED, Phase.CANCELLED, Phase.EXPIRED}


#: Words of known servers for a job that waits, runs or is done, native APIs included (videos-api,
#: section 4; native-apis, section 0). They mean the same everywhere. A word that is not here is
#: shown, and the job is polled again.
PHASES: Final[Mapping[str, Phase]] = {
    **dict.fromkeys(
        (
            "queued",
            "pending",
            "submitted",
            "not_start",
            "created",
            "accepted",
            "in_queue",
            "starting",
            "throttled",
            "suspended",
            "queueing",
        ),
        Phase.QUEUED,
    ),
    **dict.fromkeys(
        (
            "in_progress",
            "processing",
            "running",
            "generating",
            "postprocessing",
            "preprocessing",
            "post_processing",
            "pre_processing",
            "preparing",
            "canceling",
            "cancelling",
        ),
        Phase.IN_PROGRESS,
    ),
    **dict.fromkeys(
        ("completed", "complete", "succeeded", "succeed", "success", "done", "finished"),
        Phase.COMPLETED,
    ),
}
#: Final words of the API and of the gateways before it. A word that ends a job at one service means
#: something else at another, so a server's own final words stand in its dialect.
FINAL_WORDS: Final[Mapping[str, Phase]] = {
    "failed": Phase.FAILED,
    "cancelled": Phase.CANCELLED,
    "canceled": Phase.CANCELLED,
    "expired": Phase.EXPIRED,
}
_BETWEEN_WORDS: Final = re.compile(r"[\s_-]+")

#: Phases after which nothing more happens at the server, whatever becomes of the clip.
FINAL_PHASES: Final = frozenset({Phase.COMPLETED, Phase.FAILED, Phase.CANCELLED, Phase.EXPIRED})

_KNOWN: Final = (
    "id",
    "object",
    "model",
    "status",
    "progress",
    "created_at",
    "completed_at",
    "expires_at",
    "prompt",
    "size",
    "seconds",
    "remixed_from_video_id",
    "error",
)


#: Further fields for what a clip costs, in `usage`, in the object itself and in `metadata`.
_COSTS: Final = ("total_cost", "cost_usd", "total_cost_usd")
#: Of a cost that is an object: the fields for its sum.
_TOTALS: Final = ("total", "total_cost", "amount", "value")
_SIGNS: Final = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP"}
_CURRENCY: Final = re.compile(r"[A-Za-z]{3}")
#: As text, because compiling it at import would delay the first frame.
_WITH_CURRENCY: Final = r"(US\$|[$€£]|[A-Za-z]{3})?\s*([0-9.]{1,30})\s*([$€£]|[A-Za-z]{3})?"

_NO_FIELDS: Final[Mapping[str, Any]] = MappingProxyType({})


class RemoteError(NamedTuple):
    """Why a server says a job failed; its own code and words, cleaned."""

    code: str | None
    message: str


class RemoteVideo(NamedTuple):
    """One video object.

    Attributes:
        status: The server's own word.
        progress: Percent, 0..100, or None where the server does not say.
        addresses: Where the clips lie, as the server wrote it, for servers whose /content refuses.
        outputs: How many clips it has.
        cost: What the server says it charged, where it does, and `currency` in which, if it says.
        document: The object as it came, capped in size.
    """

    id: str
    status: str
    phase: Phase
    progress: float | None = None
    model: str | None = None
    size: str | None = None
    seconds: str | None = None
    prompt: str | None = None
    created_at: datetime | None = None
    completed_at: datetime | None = None
    expires_at: datetime | None = None
    error: RemoteError | None = None
    addresses: tuple[ClipAddress, ...] = ()
    outputs: int = 1
    cost: Decimal | None = None
    currency: str | None = None
    document: Mapping[str, Any] = _NO_FIELDS

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses of its first clip, the best first."""
        return tuple(address.text for address in self.addresses if address.output == 0)


def read_video(
    document: object, final_words: Mapping[str, Phase] = FINAL_WORDS
) -> RemoteVideo | None:
    """Return the video object in a server's answer, or None where there is no usable one.

    Args:
        document: Parsed JSON. A mapping with a usable `id` and a `status` is enough; every other
            field may be missing, null or of another type (videos-api, divergence 8).
        final_words: The words that end a job without a clip at the server that says this.
    """
    if not isinstance(document, Mapping):
        return None
    video_id = document.get("id")
    if not isinstance(video_id, str) or not is_usable_id(video_id):
        return None
    status = clean_line(document.get("status") or "", 60)
    addresses = clip_addresses(document)
    charge = charge_in(document)
    word = _BETWEEN_WORDS.sub("_", status.lower())
    return RemoteVideo(
        id=video_id,
        status=status,
        phase=PHASES.get(word) or final_words.get(word, Phase.UNKNOWN),
        progress=_percent(document.get("progress")),
        model=_word(document.get("model")),
        size=_word(document.get("size")),
        seconds=_length(document.get("seconds", document.get("duration"))),
        prompt=clean(document["prompt"], 40_000) if _word(document.get("prompt")) else None,
        created_at=moment(document.get("created_at", document.get("created"))),
        completed_at=moment(document.get("completed_at")),
        expires_at=moment(document.get("expires_at")),
        error=_error(document.get("error")),
        addresses=addresses,
        outputs=output_count(document, addresses),
        cost=None if charge is None else charge.sum,
        currency=None if charge is None else charge.currency,
        document=_capped(document, addresses),
    )


def moment(value: object) -> datetime | None:
    """Return a point in UTC: Unix seconds or milliseconds, as a number or as text, or an ISO date.

    Every usual form is read, because a lost answer is found by the time its video was made. A value
    that is no time (null, 1e14, NaN) gives None. A date without a zone is UTC.
    """
    first, last = _MILLISECONDS
    seconds = number(value)
    if seconds is not None and first < seconds < last:
        seconds /= 1000
    if seconds is None and isinstance(value, str):
        try:
            at = datetime.fromisoformat(value[:_LONGEST_DATE])
            seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    is_one = seconds is not None and 0 < seconds <= LAST_MOMENT
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and is_one else None


def is_usable_id(value: str) -> bool:
    """Return whether this can be the id of a video."""
    # A control character or a lone surrogate would break the address line and the document.
    return 0 < len(value) <= MAX_ID and value.isprintable() and value not in {".", ".."}


class Route(NamedTuple):
    """The server behind a gateway, as the gateway wrote it into an id."""

    provider: str
    model: str


def route_of(video_id: str) -> Route | None:
    """Return the server that made a video, where the gateway's id names it (LiteLLM); else None."""
    found = _LITELLM_ROUTE.match(_decoded(video_id))
    return Route(found[1], found[2]) if found else None


def inner_id(video_id: str) -> str:
    """Return the id at the server behind a gateway, for comparing; else the id itself.

    LiteLLM 1.108.7 wraps that id in Base64 with what it needs to find the server, and wraps it in
    one way at create and in another in its list.
    """
    found = _LITELLM_ID.match(_decoded(video_id))
    return found[1] if found else video_id


def _decoded(video_id: str) -> str:
    try:
        return b64decode(video_id.removeprefix("video_") + "==").decode()
    except ValueError:
        return ""


def _word(value: object) -> str | None:
    """Return what may be a word or a number, as text."""
    if isinstance(value, str):
        return clean_line(value, 200) or None
    found = number(value, -(10.0**MAX_DIGITS), 10.0**MAX_DIGITS)
    if found is None:
        return None
    return str(value) if isinstance(value, int) else f"{found:g}"


def _length(value: object) -> str | None:
    """Return seconds as a server writes them, "8s" included; None for a value that is no length."""
    found = number(value, 0.001, _LONGEST)
    if found is not None:
        return clean_line(value, 200) if isinstance(value, str) else _word(value)
    if not isinstance(value, str):
        return None
    try:
        float(value)  # as Python reads it: NaN, infinity, endless digits, digits of other scripts
    except ValueError:
        return clean_line(value, 200) or None
    return None


def _percent(value: object) -> float | None:
    found = number(value.strip().rstrip("%") if isinstance(value, str) else value, -1000.0, 1000.0)
    return None if found is None else min(max(found, 0.0), 100.0)


def _error(value: object) -> RemoteError | None:
    """Return an error that is an object, a plain string or null (divergences, rows 5 and 6)."""
    if isinstance(value, str) and value.strip():
        return RemoteError(None, clean(value, 2000))
    if not isinstance(value, Mapping) or not value:
        return None
    said = [word for word in map(_word, (value.get("code"), value.get("type"))) if word]
    # Servers repeat the HTTP status as the code; then the type is more precise.
    code = next((word for word in said if not word.isdecimal()), next(iter(said), None))
    return RemoteError(code, clean(value.get("message") or "", 2000))


class Charge(NamedTuple):
    """What a server says that it charged.

    Attributes:
        currency: As the server gives it, such as `USD`; None where it gives none.
    """

    sum: Decimal
    currency: str | None = None


def charge_in(document: Mapping[str, Any]) -> Charge | None:
    """Return what a video object itself says it costs; None where it says nothing.

    `usage.cost` and `cost` count first; if other names give different sums, the largest counts. A
    sum that is not money (credits) is no cost.
    """
    usage, metadata = (
        inner if isinstance(inner, Mapping) else {}
        for inner in (document.get("usage"), document.get("metadata"))
    )
    for holder in (usage, document):
        if (usual := _charge(holder, "cost")) is not None:
            return usual
    others = (
        *((usage, name) for name in _COSTS),
        *((document, name) for name in (*_COSTS, "price")),
        *((metadata, name) for name in ("cost", *_COSTS)),
    )
    told = [charge for place in others if (charge := _charge(*place)) is not None]
    return max(told, key=lambda charge: charge.sum, default=None)


def cost_in(document: Mapping[str, Any]) -> Decimal | None:
    """Return the sum of `charge_in`."""
    charge = charge_in(document)
    return None if charge is None else charge.sum


def _charge(holder: Mapping[str, Any], name: str) -> Charge | None:
    value, currency = holder.get(name), holder.get("currency")
    if isinstance(value, Mapping):
        currency = value.get("currency", currency)
        value = next((value[key] for key in _TOTALS if key in value), None)
    if isinstance(value, str) and (written := re.fullmatch(_WITH_CURRENCY, value.strip())):
        sign, value, code = written.groups()
        currency = _SIGNS.get(sign, sign) or (code and _SIGNS.get(code, code)) or currency
    if name.endswith("usd"):
        currency = "USD"
    sum = amount(value)
    if sum is None or currency is None:
        return None if sum is None else Charge(sum)
    is_money = isinstance(currency, str) and _CURRENCY.fullmatch(currency)
    return Charge(sum, currency.upper()) if is_money else None


def _capped(document: Mapping[str, Any], addresses: Sequence[ClipAddress]) -> Mapping[str, Any]:
    try:
        size = len(json.dumps(document))
    except (ValueError, RecursionError, TypeError):
        size = MAX_DOCUMENT + 1
    if size <= MAX_DOCUMENT:
        return dict(document)
    known = {name: document[name] for name in _KNOWN if name in document}
    kept: dict[str, Any] = {name: value for name, value in known.items() if _is_short(value)}
    # One address a clip: without any of them the clip could not be fetched after a restart.
    first = {address.output: address.text for address in reversed(addresses)}
    if first:
        kept["urls"] = [first.get(number, "") for number in range(max(first) + 1)]
    if (count := output_count(document, addresses)) > 1:
        kept["num_outputs"] = count
    return {**kept, "sora_tui_cut": True}


def _is_short(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= 40_000
    # Python writes no whole number of more than 4,300 digits.
    return value is None or isinstance(value, bool) or _word(value) is not None
