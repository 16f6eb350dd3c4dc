"""Parameters beyond the standard: their kinds and bounds, and how a person types them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, NoReturn

from sora_tui.core.problem import Fact, problem_error

#: `json` is an object or a list, which each server wants in its own shape.
Kind = Literal["text", "integer", "number", "switch", "json"]

#: How a person may say yes and no to a switch.
_SWITCH: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "yes", "on", "1", "oui"), True),
    **dict.fromkeys(("false", "no", "off", "0", "non"), False),
}


class Parameter(NamedTuple):
    """One field that a server is known to take beside prompt, model, seconds and size.

    Attributes:
        low: The smallest value that the server accepts, None where there is none; `high` likewise.
        above: `low` itself is refused too.
        choices: Every word it takes; empty for any.
        default: The value that holds where none is sent; None if it is not known.
    """

    name: str
    kind: Kind = "text"
    low: float | None = None
    high: float | None = None
    above: bool = False
    choices: tuple[str, ...] = ()
    default: Any = None

    def read(self, text: str) -> Any:
        """Return the value that a person typed.

        Raises:
            ProblemError: param_kind, param_range or param_choice.
        """
        said = text.strip()
        if self.kind == "switch":
            return self.check(_SWITCH.get(said.lower(), said))
        return self.check(text if self.kind == "text" else free_value(said))

    def check(self, value: Any) -> Any:
        """Return the value as it is sent, if the server takes it.

        Raises:
            ProblemError: param_kind, param_range or param_choice.
        """
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if self.kind == "integer" and is_number and float(value).is_integer():
            value = int(value)
        right = {
            "text": isinstance(value, str),
            "integer": isinstance(value, int) and is_number,
            "number": is_number and math.isfinite(value),
            "switch": isinstance(value, bool),
            "json": isinstance(value, Mapping | Sequence) and not isinstance(value, str),
        }[self.kind]
        if not right:
            self._refuse("param_kind", value, kind=self.kind)
        if self.choices and value not in self.choices:
            self._refuse("param_choice", value, choices=", ".join(self.choices))
        if is_number and not self._is_within(value):
            bounds: dict[str, Fact] = {
                name: f"{bound:g}"
                for name, bound in (("low", self.low), ("high", self.high))
                if bound is not None
            }
            self._refuse("param_range", value, **bounds)
        return value

    def _is_within(self, value: float) -> bool:
        low = self.low is None or value > self.low or (value == self.low and not self.above)
        return low and (self.high is None or value <= self.high)

    def _refuse(self, code: str, value: Any, **facts: Fact) -> NoReturn:
        raise problem_error(code, name=self.name, value=typed(value)[:80], **facts)


class ModelSchema(NamedTuple):
    """What is known of a model on a server: suggestions, never a closed list.

    Attributes:
        title: The model as its makers call it; empty if it is not known.
        models: Names that the server lists, where it was asked or the profile has them.
        sizes: `width x height`, the most usual first.
        seconds: Lengths, the most usual first.
        parameters: What may be sent besides, in the order of a form.
        preset: What the model's makers use for those parameters; sent only if a person chooses it.
    """

    title: str = ""
    models: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    seconds: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    preset: Mapping[str, Any] = MappingProxyType({})

    def parameter(self, name: str) -> Parameter | None:
        """Return the known parameter of this name; None for an unknown one."""
        return next((known for known in self.parameters if known.name == name), None)

    @property
    def names(self) -> frozenset[str]:
        """The names of all known parameters."""
        return frozenset(known.name for known in self.parameters)

    def mistyped(self, params: Mapping[str, Any]) -> dict[str, str]:
        """Return unknown names that are likely known ones mistyped, each with the known one.

        A server may know more than its table: they are sent all the same.
        """
        from sora_tui.core.nearest import nearest  # most orders have no parameters

        known = self.names
        near = {name: nearest(name, known - params.keys()) for name in params if name not in known}
        return {name: found for name, found in near.items() if found is not None}

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters as they are sent.

        Unknown ones stay as they are; None stands for one that is taken out.

        Raises:
            ProblemError: param_kind, param_range or param_choice for the first that is wrong.
        """
        return {
            name: value
            if value is None or (known := self.parameter(name)) is None
            else known.check(value)
            for name, value in params.items()
        }

    def read(self, name: str, text: str) -> Any:
        """Return the value of a parameter that a person typed; None for `null`.

        A known parameter is read by its kind, an unknown one by `free_value`.

        Raises:
            ProblemError: param_kind, param_range or param_choice.
        """
        known = self.parameter(name)
        if known is None or text.strip() == "null":
            return free_value(text)
        return known.read(text)


def free_value(text: str) -> Any:
    """Return the value that a text means: JSON where it is JSON, the text itself otherwise.

    NaN and Infinity stay texts: no server takes them as numbers.
    """

    def no_number(name: str) -> NoReturn:
        raise ValueError(name)

    try:
        return json.loads(text, parse_constant=no_number)
    except (ValueError, RecursionError):
        return text


def typed(value: Any) -> str:
    """Return a value as a person types it, so that `free_value` returns the same again."""
    if isinstance(value, str) and free_value(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
