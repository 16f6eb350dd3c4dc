"""The options of one order: command line over prompt front matter over settings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from sora_tui.config.profiles import seconds, size
from sora_tui.config.settings import Settings
from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.core.prompt import variables_in
from sora_tui.core.request import MAX_COUNT, OPERATIONS, Fit, Operation, read_fit

T = TypeVar("T")

#: Every name of a front matter that is read; tables of parameters and variables have names of their
#: own.
NAMES: Final = frozenset(
    {"model", "seconds", "size", "reference", "fit", "count", "tags", "params", "variables"}
    | {"characters", "operation", "source"}
)
#: What each setting has to be.
_ALLOWED: Final[Mapping[str, str]] = {
    "model": "must be text in quotes",
    "seconds": "must be a number of seconds, such as 4",
    "size": "must be width x height in pixels, such as 1280x720",
    "reference": "must be text in quotes",
    "fit": "must be one of: exact, cover, cover:top, contain, contain:blur, stretch",
    "count": f"must be a whole number from 1 to {MAX_COUNT}",
    "params": "must be a table",
    "variables": "must be a table",
    "characters": "must be a list of names in quotes",
    "operation": "must be one of: " + ", ".join(OPERATIONS),
    "source": "must be text in quotes",
}
#: What the same setting is called as a variable or an option.
_ELSEWHERE: Final[Mapping[str, str]] = {
    "duration": "seconds",
    "reference_image": "reference",
    "var": "variables",
    "vars": "variables",
}


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
    """Return the options in a prompt's front matter. Unknown names are left to `check_names`.

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
            facts = {"key": name, "value": str(written[name]), "reason": _ALLOWED[name]}
            raise problem_error("front_matter_broken", path=path, **facts) from None

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


def check_names(
    written: Mapping[str, Any], path: str, parameters: Collection[str] = frozenset()
) -> None:
    """Refuse a name in a front matter that is likely a setting mistyped, or out of its table.

    A clip would be paid for without that setting. Other names are the person's own notes.

    Args:
        written: The front matter, parsed.
        path: The file, for the refusal.
        parameters: Parameters of the server; they belong into `[params]`.

    Raises:
        ProblemError: front_matter_name, with the name that is likely meant.
    """
    unknown = [name for name in written if name not in NAMES]
    if not unknown:
        return
    from sora_tui.core.nearest import nearest  # most files have no other names

    for name in unknown:
        if (near := _ELSEWHERE.get(name) or nearest(name, NAMES)) is not None:
            raise problem_error("front_matter_name", path=path, name=name, near=near)
        if name in parameters:
            near = f"[params] {name}"
            raise problem_error("front_matter_name", path=path, name=name, near=near)


def unused_variables(given: Mapping[str, str], text: str) -> tuple[str, ...]:
    """Return the names of values that a prompt has no variable for.

    Raises:
        ProblemError: variable_unknown for one that is likely a variable of it, mistyped: the clip
            would be paid for without that value.
    """
    from sora_tui.core.nearest import nearest  # only a mistake needs it

    asked = variables_in(text)
    unused = tuple(name for name in given if name not in asked)
    for name in unused:
        near = nearest(name, (one for one in asked if one not in given))
        if near is not None:
            raise problem_error("variable_unknown", name=name, near=near)
    return unused


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
