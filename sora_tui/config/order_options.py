"""The options of one order: command line over prompt front matter over settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sora_tui.config.profiles import seconds, size
from sora_tui.config.settings import Settings
from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.core.request import MAX_COUNT, OPERATIONS, Fit, Operation, read_fit

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person wants of a clip, checked. None means: not given here.

    Attributes:
        size: `width x height`.
        reference: The picture as the person names it.
        count: Clips of this order, 1..`MAX_COUNT`.
        characters: Names of those that appear.
        operation: What is done with `source`, a job or an MP4; None for a new clip.
    """

    model: str | None = None
    seconds: str | None = None
    size: str | None = None
    reference: str | None = None
    fit: Fit | None = None
    count: int | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    characters: tuple[str, ...] = ()
    operation: Operation | None = None
    source: str | None = None

    def over(self, weaker: Choices) -> Choices:
        """Return these options, completed by the weaker ones; tables are merged."""
        return Choices(
            model=self.model or weaker.model,
            seconds=self.seconds or weaker.seconds,
            size=self.size or weaker.size,
            reference=self.reference or weaker.reference,
            fit=self.fit or weaker.fit,
            count=self.count or weaker.count,
            params={**weaker.params, **self.params},
            variables={**weaker.variables, **self.variables},
            characters=self.characters or weaker.characters,
            operation=self.operation or weaker.operation,
            source=self.source or weaker.source,
        )


def from_settings(settings: Settings) -> Choices:
    """Return the options that environment, files and profile give."""
    return Choices(
        model=settings.model,
        seconds=settings.seconds,
        size=settings.size,
        reference=settings.reference,
        params=settings.server.params,
    )


def from_front_matter(written: Mapping[str, Any], path: str) -> Choices:
    """Return the options in a prompt's front matter. Unknown names are left alone.

    Args:
        written: The front matter, parsed.
        path: The file, for the refusal.

    Raises:
        ProblemError: front_matter_broken, naming file and key.
    """

    def read(name: str, convert: Callable[[Any], T]) -> T | None:
        if name not in written:
            return None
        try:
            return convert(written[name])
        except (ProblemError, TypeError, ValueError):
            raise problem_error(
                "front_matter_broken", path=path, key=name, reason=str(written[name])
            ) from None

    return Choices(
        model=read("model", _text),
        seconds=read("seconds", seconds),
        size=read("size", size),
        reference=read("reference", _text),
        fit=read("fit", _fit),
        count=read("count", count),
        params=read("params", _table) or {},
        variables=read("variables", _texts) or {},
        characters=read("characters", _names) or (),
        operation=read("operation", operation),
        source=read("source", _text),
    )


def operation(value: Any) -> Operation:
    """Return the operation that a value names.

    Raises:
        ValueError: It names none.
    """
    for known in OPERATIONS:
        if value == known:
            return known
    raise ValueError(value)


def count(value: Any) -> int:
    """Return a number of clips.

    Raises:
        ProblemError: count_invalid.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_COUNT:
        raise problem_error("count_invalid", count=str(value), limit=MAX_COUNT)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _fit(value: Any) -> Fit:
    return read_fit(_text(value))


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(value)
    return dict(value)


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(value)
    return tuple(map(_text, value))


def _texts(value: Any) -> dict[str, str]:
    return {name: str(said) for name, said in _table(value).items()}
