"""How a video in a server's list compares with a job: its time and its other properties."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

from sora_tui.core.job import Job
from sora_tui.core.remote_video import RemoteVideo, inner_id
from sora_tui.core.request import VideoRequest
from sora_tui.core.sizes import is_tier, tier_of
from sora_tui.core.text import clean

#: Clocks differ, and a `created_at` has whole seconds.
_BEFORE: Final = timedelta(seconds=5)
#: How long after the first byte a server may still have created the job.
_AFTER: Final = timedelta(minutes=5)
#: A candidate may be made this much before or after: clocks drift, queues are long.
_NEAR_BEFORE: Final = timedelta(minutes=5)
_NEAR_AFTER: Final = timedelta(minutes=30)
#: With the same prompt, a clock may be wrong by this much: a time zone, or a day.
_FAR: Final = timedelta(hours=26)
#: Time zones differ by multiples of this.
_ZONE: Final = timedelta(minutes=15)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
#: What vendors add to a model's name: a date, or a word for the newest.
_VERSION: Final = re.compile(r"[-@:_](20\d\d-?\d\d-?\d\d|latest)$")
_SECONDS: Final = re.compile(r"\s*s(ec(ond)?s?)?\.?$", re.IGNORECASE)
#: This many characters of a prompt that was cut are enough to recognize it.
_ENOUGH_OF_A_PROMPT: Final = 30
#: A server that rewrites a prompt keeps this share of its words.
_ENOUGH_OF_ITS_WORDS: Final = 0.6
_WORD: Final = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|[^\\W_\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]{3,}"
)

#: A clock that is wrong by more seconds (300 years) is not used; a machine without a battery
#: starts in 1970.
_MOST_SKEW: Final = 300 * 365 * 86_400.0

When = Literal["then", "near", "zone", "far", "unknown", "never"]


class Comparison(NamedTuple):
    """What a video in a list has in common with a job.

    Attributes:
        when: How its time of creation fits the times at which the job can have been made: `then`,
            `near` them, off by a time `zone`, `far` off but within a day, `unknown` where the
            server does not report it, `never`.
        same: Which of `model`, `size`, `seconds`, `prompt` are reported as they were sent.
        near: Which are reported in another form.
        other: Which are reported and differ.
        has_its_source: It was made of the video that the job names, as far as the server reports
            it.
    """

    when: When
    same: tuple[str, ...]
    near: tuple[str, ...]
    other: tuple[str, ...]
    has_its_source: bool

    @property
    def has_prompt(self) -> bool:
        """Whether the prompt is reported, and is the job's."""
        return "prompt" in self.same or "prompt" in self.near


def compare(job: Job, video: RemoteVideo, skew: float | None) -> Comparison:
    """Compare a video with a job.

    Args:
        job: The job, as its document has it.
        video: What the server says of the video.
        skew: The server's clock minus ours now, in seconds; the skew that the job recorded when
            it was sent counts first.
    """
    same, near, other = [], [], []
    for name, there, here in _pairs(job.request, video):
        if _is_same(name, there, here):
            same.append(name)
        elif _is_near(name, there, here):
            near.append(name)
        else:
            other.append(name)
    return Comparison(
        _when(job, video, skew),
        tuple(same),
        tuple(near),
        tuple(other),
        _has_its_source(job.request, video),
    )


def earliest_creation(job: Job, skew: float | None) -> datetime:
    """Return the earliest moment, on the server's clock, at which the job can have been made."""
    return min(first for first, _last in _times(job, _skew(job, skew)))


def _pairs(request: VideoRequest, video: RemoteVideo) -> Iterator[tuple[str, str, str]]:
    """Yield the properties of a video that were asked for and are reported: name, there, here.

    For an operation only the prompt is sent; an extension is reported with the length of the whole.
    """
    told = {
        "model": (video.model, request.model),
        "size": (video.size, request.size),
        "seconds": (video.seconds, request.seconds),
        "prompt": (video.prompt, request.prompt),
    }
    for name, (there, here) in told.items():
        is_sent = request.operation == "create" or name == "prompt"
        if there and here and (is_sent or _is_same(name, there, here)):
            yield name, there, here


def _is_same(name: str, there: str, here: str) -> bool:
    if name == "seconds":
        return _same_length(there, here)
    return there.strip() == _as_kept(here) if name == "prompt" else there == here


def _is_near(name: str, there: str, here: str) -> bool:
    """Return whether it is the same in another form."""
    match name:
        case "model":
            return _model(there) == _model(here)
        case "size":
            if is_tier(there.strip().lower()) or is_tier(here):
                return _tier(there) == _tier(here)
            # A word such as `landscape` cannot be compared, so it does not differ.
            return not re.search(r"\d", there) or _sides(there) == _sides(here) is not None
        case "seconds":
            length = _SECONDS.sub("", there)
            return not re.search(r"\d", there) or _same_length(length, here)
        case _:
            return _is_near_prompt(there, here)


def _model(name: str) -> str:
    """Return a model without its vendor and its date: `openai/sora-2`, `sora-2-2025-12-08`."""
    return _VERSION.sub("", name.casefold().rsplit("/", 1)[-1])


def _sides(size: str) -> list[str] | None:
    """Return the numbers of a size that has two: `1280x720`, `1280 × 720`."""
    sides = re.findall(r"\d+", size)
    return sides if len(sides) == 2 else None


def _tier(size: str) -> str | None:
    """Return `720p` for itself and for 1280x720."""
    word = size.strip().lower()
    return word if is_tier(word) else tier_of(word)


def _is_near_prompt(there: str, here: str) -> bool:
    """Return whether two prompts are nearly the same text.

    One may be composed or spaced otherwise, cut, have words around it, or be rewritten with most of
    its words.
    """
    told, asked = _folded(there), _folded(_as_kept(here))
    short, long = sorted((told.rstrip(". …"), asked.rstrip(". …")), key=len)
    if short == long:
        return True
    if not short:
        return False
    cut = len(short) >= _ENOUGH_OF_A_PROMPT and long.startswith(short)
    if cut or long.endswith(short) or (short in long and len(short) * 2 >= len(long)):
        return True
    words, there_too = _words(asked), _words(told)
    return bool(words) and len(words & there_too) >= len(words) * _ENOUGH_OF_ITS_WORDS


def _words(text: str) -> frozenset[str]:
    """Return the words that carry a meaning.

    These are words of three letters or more, and each sign of a script that puts no spaces between
    words.
    """
    return frozenset(_WORD.findall(text))


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _as_kept(prompt: str) -> str:
    """Return a prompt of ours in the form in which `RemoteVideo` keeps one."""
    return clean(prompt, 40_000).strip()


def _when(job: Job, video: RemoteVideo, skew: float | None) -> When:
    """Return how a video's time of creation fits the times at which the job can have been made."""
    made = video.created_at
    if made is None:
        return "unknown"
    if any(first - _BEFORE <= made <= last for first, last in _times(job, _skew(job, skew))):
        return "then"
    # A clock may have been set between the sending and the search.
    skews = {_skew(job, skew), _bearable(skew), 0.0}
    times = [each for seconds in skews for each in _times(job, seconds)]
    if any(first - _NEAR_BEFORE <= made <= last + _NEAR_AFTER for first, last in times):
        return "near"
    if not any(first - _FAR <= made <= last + _FAR for first, last in times):
        return "never"
    off = [(made - first) for first, _last in times]
    zones = (each - round(each / _ZONE) * _ZONE for each in off)
    return "zone" if any(-_BEFORE <= rest <= _AFTER for rest in zones) else "far"


def _times(job: Job, skew: float) -> Iterator[tuple[datetime, datetime]]:
    """Yield the first and last moment, by the server's clock, at which each try can be made."""
    ahead = timedelta(seconds=skew)
    for attempt in job.attempts:
        yield attempt.at + ahead, attempt.at + ahead + _AFTER
    if job.has_unknown_past:
        yield job.created_at + ahead, _LAST - _FAR


def _skew(job: Job, skew: float | None) -> float:
    """Return the server's clock minus ours when the job was sent, as well as it is known."""
    return _bearable(skew if job.clock_skew is None else job.clock_skew)


def _bearable(skew: float | None) -> float:
    return skew if skew is not None and abs(skew) < _MOST_SKEW else 0.0


def _has_its_source(request: VideoRequest, video: RemoteVideo) -> bool:
    """Return whether it was made of the video that the request names, as far as is reported."""
    source = video.document.get("remixed_from_video_id")
    if request.operation == "create":
        return not source
    if request.operation == "remix" and isinstance(source, str) and source:
        return inner_id(source) == inner_id(request.source_video or "")
    return True


def _same_length(told: str | None, asked: str | None) -> bool:
    if told is None or asked is None:
        return True
    try:
        return float(told) == float(asked)
    except ValueError:
        return told == asked
