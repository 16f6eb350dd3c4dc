"""A `[servers.NAME]` table of sora-tui.toml as a Server value, every key checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeVar, get_args

from sora_tui.config.api_keys import CommandKey, key_of
from sora_tui.config.config_files import TomlFile
from sora_tui.core.address import normal_address
from sora_tui.core.number import amount
from sora_tui.core.problem import Problem, ProblemError, problem
from sora_tui.core.request import VideoRequest, check_request, hidden_in, width_height, with_point
from sora_tui.core.server import (
    DIALECT_NAMES,
    SIMULATOR_NAME,
    Auth,
    Encoding,
    ReferenceForm,
    Server,
    is_header,
)

T = TypeVar("T")

#: What is allowed where a value is refused with this problem.
_ALLOWED: Final[Mapping[str, str]] = {
    "seconds_invalid": "must be a number of seconds, such as 4",
    "size_invalid": "must be width x height in pixels, such as 1280x720",
}
KEYS: Final = frozenset(
    {
        "base_url",
        "dialect",
        "api_key_env",
        "api_key_command",
        "auth",
        "headers",
        "query",
        "encoding",
        "reference_field",
        "reference_form",
        "max_active",
        "default_model",
        "default_seconds",
        "default_size",
        "models",
        "sizes",
        "seconds",
        "prices",
        "currency",
        "free",
        "allow_http",
        "params",
    }
)
#: Headers that would put a key into the file.
_KEY_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "api-key", "x-api-key"})


class Profile(NamedTuple):
    """A server as one file describes it.

    Attributes:
        variable: The variable that holds its key (`api_key_env`).
        command: The command that prints its key, where no variable is named.
        says_price: The profile itself says whether it is free, or its prices.
    """

    server: Server
    variable: str | None = None
    command: str | None = None
    says_price: bool = False

    @property
    def key_from(self) -> str | None:
        """Where its key is looked for: a variable's name or `api_key_command`."""
        return self.variable or (None if self.command is None else "api_key_command")


def read_profiles(file: TomlFile, environ: Mapping[str, str]) -> dict[str, Profile]:
    """Return every profile of one file as it is written; `trust.py` limits those of a folder.

    Args:
        file: The TOML file, parsed.
        environ: Variables that `api_key_env` may name.

    Raises:
        ProblemError: config_invalid, naming file, key and line.
    """
    servers = file.values.get("servers", {})
    if not isinstance(servers, Mapping):
        raise file.invalid("", "servers", "must be tables: [servers.NAME]")
    return {name: _profile(file, name, environ) for name in servers}


def _profile(file: TomlFile, name: str, environ: Mapping[str, str]) -> Profile:
    table = f"servers.{name}"
    values = file.values["servers"][name]
    if not isinstance(values, Mapping):
        raise file.invalid("servers", name, "must be a table")
    if name == SIMULATOR_NAME:
        raise file.invalid(table, "base_url", "simulator is the name of the built-in server")
    for key in values:
        if key not in KEYS:
            raise file.unknown(table, key, KEYS)
    read = _Table(file, table, values)
    server = Server(
        name=name,
        base_url=read.required("base_url", lambda value: normal_address(_string(value))),
        dialect=read("dialect", _one_of(DIALECT_NAMES), "auto"),
        auth=read("auth", _one_of(get_args(Auth)), None),
        headers=read("headers", _headers, {}),
        query=read("query", _strings_by_name, {}),
        encoding=read("encoding", _one_of(get_args(Encoding)), None),
        reference_field=read("reference_field", _string, None),
        reference_form=read("reference_form", _one_of(get_args(ReferenceForm)), None),
        max_active=read("max_active", _at_least_one, None),
        model=read("default_model", _string, None),
        seconds=read("default_seconds", seconds, None),
        size=read("default_size", size, None),
        models=read("models", _each(_string), ()),
        sizes=read("sizes", _each(_pixels), ()),
        seconds_choices=read("seconds", _each(seconds), ()),
        prices=read("prices", _prices, {}),
        currency=read("currency", _string, "USD"),
        free=read("free", _boolean, False),
        allow_http=read("allow_http", _boolean, False),
        params=read("params", _params, {}),
    )
    variable = read("api_key_env", _string, None)
    command = read("api_key_command", _string, None)
    says_price = server.free or "prices" in values or values.get("free") is False
    if variable is not None:
        server = server._replace(key=key_of(environ.get(variable)))
        return Profile(server, variable, says_price=says_price)
    if command is not None:
        server = server._replace(key=CommandKey(name, command))
    return Profile(server, command=command, says_price=says_price)


class _Table:
    """Reads settings of one table; an error names the setting that is wrong."""

    def __init__(self, file: TomlFile, name: str, values: Mapping[str, Any]) -> None:
        self._file = file
        self._name = name
        self._values = values

    def __call__(self, key: str, convert: Callable[[Any], T], default: T) -> T:
        return self.required(key, convert) if key in self._values else default

    def required(self, key: str, convert: Callable[[Any], T]) -> T:
        if key not in self._values:
            raise self._file.invalid(self._name, key, "missing")
        try:
            return convert(self._values[key])
        except ProblemError as error:
            refused = error.problem
            # Not the address itself: a password may be in it.
            shown = {} if refused.code == "base_url_invalid" else _shown(self._values[key])
            raise self._file.invalid(self._name, key, reason_of(refused), **shown) from None
        except NotAmongError as error:
            shown = _shown(self._values[key])
            near = nearest_choice(self._values[key], error.choices)
            raise self._file.invalid(self._name, key, str(error), **shown, **near) from None
        except (TypeError, ValueError) as error:
            raise self._file.invalid(self._name, key, str(error)) from None


class NotAmongError(ValueError):
    """A value is none of those that a setting takes."""

    def __init__(self, choices: Iterable[object]) -> None:
        self.choices = tuple(map(str, choices))
        super().__init__("must be one of: " + ", ".join(self.choices))


def nearest_choice(value: Any, choices: Iterable[str]) -> dict[str, str]:
    """Return the choice that a value is likely to mean, as the fact `near`; none otherwise."""
    from sora_tui.core.nearest import nearest  # only a mistake needs it

    near = nearest(value, choices) if isinstance(value, str) else None
    return {} if near is None else {"near": near}


def _shown(value: Any) -> dict[str, str]:
    """Return a plain value as the fact `value`; a table or a list is written in other words."""
    return {"value": str(value)} if isinstance(value, str | int | float) else {}


def unknown_profile(name: str, known: Iterable[str]) -> Problem:
    """Return the refusal of a profile that does not exist, with the one likely meant."""
    from sora_tui.core.nearest import nearest  # only a mistake needs it

    names = sorted(known)
    near = nearest(name, names)
    facts = {} if near is None else {"near": near}
    return problem("profile_unknown", name=name, known=", ".join(names), **facts)


def reason_of(refused: Problem) -> str:
    """Return what a setting must be, from the refusal of its value."""
    if "reason" in refused.facts:
        return str(refused.facts["reason"])
    return _ALLOWED.get(refused.code, refused.code)


def seconds(value: Any) -> str:
    """Return a length as it is sent, from 8, 8.5, "8" or "8,5".

    Raises:
        ProblemError: seconds_invalid.
    """
    said = with_point(_number_or_string(value))
    check_request(VideoRequest(prompt="-", seconds=said))
    return said


def size(value: Any) -> str:
    """Return a size `width x height`, or a word for one: `landscape`, `720p` (`core/sizes.py`).

    Raises:
        ProblemError: size_invalid.
    """
    from sora_tui.core.sizes import is_alias  # most starts need no size

    said = _string(value).strip().lower()
    if not is_alias(said):
        check_request(VideoRequest(prompt="-", size=said))
    return said


def _pixels(value: Any) -> str:
    """Return a size `width x height`; words for sizes are refused, since lists define them."""
    said = _string(value)
    width_height(said)
    return said


def _string(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("must be text in quotes")
    return value


def _number_or_string(value: Any) -> str:
    if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return f"{value:g}" if isinstance(value, float) else str(value)
    raise TypeError("must be a number")


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("must be true or false")
    return value


def _at_least_one(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise TypeError("must be a whole number, 1 or more")
    return value


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError("must be a table")
    return dict(value)


def _params(value: Any) -> dict[str, Any]:
    for name in (params := _mapping(value)):
        if hidden_in(name) is not None:
            raise ValueError(f"the name {name!a} has a character that nobody sees")
    return params


def _strings_by_name(value: Any) -> dict[str, str]:
    return {name: _string(said) for name, said in _mapping(value).items()}


def _headers(value: Any) -> dict[str, str]:
    headers = _strings_by_name(value)
    if any(name.lower() in _KEY_HEADERS for name in headers):
        raise ValueError("a key is never written here: use api_key_env")
    for name, value in headers.items():
        if not is_header(name, value):
            raise ValueError(f"{name!a} is no header that a request may have")
    return headers


def _prices(value: Any) -> dict[str, dict[str, Decimal]]:
    """Return prices per second by model, then by size.

    A model's value may be a table by size: `{ "720p" = 0.10, "*" = 0.20 }`.
    """
    return {model: _by_size(price) for model, price in _mapping(value).items()}


def _by_size(value: Any) -> dict[str, Decimal]:
    from sora_tui.core.sizes import is_tier

    table = value if isinstance(value, Mapping) else {"*": value}
    prices: dict[str, Decimal] = {}
    for name, price in table.items():
        if name != "*" and not is_tier(name):
            _pixels(name)
        if (sum := amount(price)) is None:
            raise ValueError("must be 0 or more, per second")
        prices[name] = sum
    return prices


def _each(convert: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    def convert_all(value: Any) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise TypeError("must be a list")
        return tuple(convert(item) for item in value)

    return convert_all


def _one_of(choices: tuple[T, ...]) -> Callable[[Any], T]:
    def convert(value: Any) -> T:
        for choice in choices:
            if value == choice:
                return choice
        raise NotAmongError(choices)

    return convert
