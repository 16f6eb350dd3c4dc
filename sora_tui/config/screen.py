"""`theme`, `signs`, `preview` and `[keys]` of sora-tui.toml: how the screen looks and its keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from sora_tui.config.config_files import TomlFile
from sora_tui.core.problem import ProblemError

Symbols = Literal["auto", "ascii", "unicode"]
SYMBOLS: Final[tuple[Symbols, ...]] = ("auto", "ascii", "unicode")
Preview = Literal["auto", "halfblock", "kitty", "off"]
PREVIEWS: Final[tuple[Preview, ...]] = ("auto", "halfblock", "kitty", "off")
#: The names that this module reads at the top of sora-tui.toml.
NAMES: Final = frozenset({"theme", "signs", "preview", "keys"})


class ScreenSettings(NamedTuple):
    """What was chosen for the screen.

    Attributes:
        theme: The name of a theme; None leaves it to the screen.
        symbols: Which characters may be drawn; `auto` goes by the locale.
        preview: How pictures are shown; `auto` goes by the terminal.
        keys: By the id of a binding: its keys, separated by commas. Only the screen knows whether
            there is such a binding.
    """

    theme: str | None = None
    symbols: Symbols = "auto"
    preview: Preview = "auto"
    keys: Mapping[str, str] = MappingProxyType({})


def read_screen(*files: TomlFile | None) -> ScreenSettings:
    """Return what these files set, the weakest first: a later file overrides each setting and key.

    Raises:
        ProblemError: config_invalid, naming file, key and line.
    """
    screen = ScreenSettings()
    for file in files:
        if file is not None:
            screen = _over(screen, file)
    return screen


def is_ascii_wanted(symbols: Symbols, environ: Mapping[str, str]) -> bool:
    """Return whether the screen is to be drawn in ASCII.

    A locale without an encoding (C, POSIX, none at all) says nothing about the terminal; Python
    assumes UTF-8 then, and so do we.
    """
    return symbols == "ascii" or (symbols == "auto" and not takes_utf8(environ))


def takes_utf8(environ: Mapping[str, str]) -> bool:
    """Return whether the locale's encoding is UTF-8, or none is named."""
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next((environ[name] for name in names if environ.get(name)), "")
    encoding = locale.partition("@")[0].partition(".")[2]
    return not encoding or encoding.lower().replace("-", "") == "utf8"


def _over(screen: ScreenSettings, file: TomlFile) -> ScreenSettings:
    theme, signs = file.values.get("theme"), file.values.get("signs")
    preview = file.values.get("preview")
    keys = file.values.get("keys", {})
    if theme is not None:
        if not isinstance(theme, str) or not theme:
            raise file.invalid("", "theme", "must be the name of a theme in quotes")
        screen = screen._replace(theme=theme)
    if signs is not None:
        if signs not in SYMBOLS:
            raise _not_among(file, "signs", signs, SYMBOLS)
        screen = screen._replace(symbols=signs)
    if preview is not None:
        if preview not in PREVIEWS:
            raise _not_among(file, "preview", preview, PREVIEWS)
        screen = screen._replace(preview=preview)
    if not isinstance(keys, Mapping):
        raise file.invalid("", "keys", "must be a table: [keys]")
    return screen._replace(keys={**screen.keys, **dict(_flat(keys, "", file))})


def _not_among(file: TomlFile, name: str, value: Any, choices: Sequence[str]) -> ProblemError:
    from sora_tui.config.profiles import NotAmongError, nearest_choice  # only a mistake needs it

    return file.invalid("", name, str(NotAmongError(choices)), **nearest_choice(value, choices))


def _flat(table: Mapping[str, Any], above: str, file: TomlFile) -> Iterator[tuple[str, str]]:
    """Yield dotted names with their keys: `jobs.cancel = "x"` is a nested table in TOML."""
    for name, value in table.items():
        id = f"{above}{name}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{id}.", file)
        elif isinstance(value, str) and all(key.strip() for key in value.split(",")):
            yield id, ",".join(key.strip() for key in value.split(","))
        else:
            raise file.invalid("keys", id, 'must be keys in quotes, as in "f5,ctrl+r"')
