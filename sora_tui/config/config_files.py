"""Reads `.env` and `sora-tui.toml`, with the place of each value."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sora_tui.core.problem import Problem, ProblemError, problem, problem_error

TOML_NAME: Final = "sora-tui.toml"
ENV_NAME: Final = ".env"

#: In single quotes a dollar sign is a dollar sign, as in a shell.
_SINGLE_QUOTED: Final = re.compile(r"^[^=]*=[ \t]*'")
#: A key is random: a dollar sign and braces in it are not the name of another variable.
_NEVER_EXPANDED: Final = "_KEY"

_REFERENCE: Final = re.compile(r"\$\{\s*(\w+)")

_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class EnvFile(NamedTuple):
    """A `.env` file.

    Attributes:
        values: What it sets; a name without `=` is left out.
        lines: The line of each name, counted from 1.
        used: Names that other lines of it take up, as `${NAME}`.
    """

    path: Path
    values: Mapping[str, str] = _NONE
    lines: Mapping[str, int] = _NONE
    used: frozenset[str] = frozenset()

    @property
    def readable_by_others(self) -> bool:
        """Whether the group or other accounts have a right on the file."""
        return bool(self.path.stat().st_mode & 0o077)


class TomlFile(NamedTuple):
    """A `sora-tui.toml` file."""

    path: Path
    values: Mapping[str, Any]
    source: str

    def unknown(self, table: str, key: str, known: Iterable[str]) -> ProblemError:
        """Return the refusal of a setting that does not exist, with the one likely meant."""
        from sora_tui.core.nearest import nearest  # only a mistake needs it

        near = nearest(key, known)
        more = {} if near is None else {"near": near}
        return self.invalid(table, key, "no such setting", **more)

    def invalid(self, table: str, key: str, reason: str, **more: str) -> ProblemError:
        """Return the refusal of one setting, with its file, its dotted name and its line.

        Args:
            table: The table that it stands in; empty for the top.
            key: Its name.
            reason: What is allowed, or why it is refused.
            more: Other facts of config_invalid.
        """
        place = line_of(self.source, table, key)
        dotted = f"{table}.{key}" if table else key
        facts: dict[str, str | int] = {**more} if place is None else {**more, "line": place}
        return problem_error(
            "config_invalid", path=str(self.path), key=dotted, reason=reason, **facts
        )


def read_env(path: Path) -> EnvFile | None:
    """Return the `.env` file, or None where there is none. Nothing enters `os.environ`.

    Raises:
        ProblemError: config_broken, naming the line that is no setting.
    """
    if not _is_there(path):
        return None
    text = _text(path)
    # Only a workspace with a .env pays for these imports, before the first frame.
    from dotenv.parser import parse_stream

    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            raise problem_error(
                "config_broken",
                path=str(path),
                line=binding.original.line,
                reason="not NAME=value",
            )
        if binding.key is None:
            continue
        # A statement begins with the blank lines before it.
        written = binding.original.string
        lines[binding.key] = binding.original.line + len(written) - len(written.lstrip("\r\n"))
        if binding.value is None:
            values.pop(binding.key, None)
        elif _SINGLE_QUOTED.search(written) or binding.key.endswith(_NEVER_EXPANDED):
            values[binding.key] = binding.value
        else:
            values[binding.key] = _expanded(binding.value, values)
    return EnvFile(path, values, lines, frozenset(_REFERENCE.findall(text)))


def _expanded(text: str, values: Mapping[str, str]) -> str:
    """Return the text with each `${NAME}` replaced by the value set above it in the same file.

    A variable of the process is never used: an address in a stranger's file could carry a key away.
    An unknown name stays as it is written, so that a refusal shows it.
    """
    from dotenv.variables import Variable, parse_variables

    parts: list[str] = []
    for atom in parse_variables(text):
        if isinstance(atom, Variable) and atom.default is None and atom.name not in values:
            parts.append(f"${{{atom.name}}}")
        else:
            parts.append(atom.resolve(values))
    return "".join(parts)


def read_own_toml(path: Path) -> tuple[TomlFile | None, Problem | None]:
    """Read a file of the person's own, unless it belongs to another account.

    HOME is then that account's: `sudo -E`, `docker run --user`. Its settings are not this person's,
    so they must not stop anything. A file of this account that cannot be read is refused, because a
    limit on spending may be in it.

    Returns:
        The file, and settings_unreadable where another account denies access to it.

    Raises:
        ProblemError: config_broken, naming the line.
    """
    try:
        owner = path.stat().st_uid
    except PermissionError:
        return None, problem("settings_unreadable", path=str(path.parent))
    except OSError:
        return read_toml(path), None  # nothing is there, or a broken link
    if owner != os.geteuid() and not os.access(path, os.R_OK):
        return None, problem("settings_unreadable", path=str(path), owner=owner)
    return read_toml(path), None


def read_toml(path: Path) -> TomlFile | None:
    """Return the `sora-tui.toml` file, or None where there is none.

    Raises:
        ProblemError: config_broken, naming the line.
    """
    if not _is_there(path):
        return None
    text = _text(path)
    import tomllib  # only who has a file pays for it, before the first frame

    try:
        return TomlFile(path, tomllib.loads(text), text)
    except tomllib.TOMLDecodeError as error:
        from sora_tui.core.toml_fault import toml_fault  # only a mistake needs it

        line, reason = toml_fault(error, len(text.splitlines()))
        raise problem_error("config_broken", path=str(path), line=line, reason=reason) from None


def line_of(source: str, table: str, key: str) -> int | None:
    """Return the line, from 1, where a TOML text sets `key` in `[table]`; None if not found."""
    current = ""
    for number, line in enumerate(source.splitlines(), start=1):
        header = re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line)
        if header:
            current = header[1].replace('"', "")
        elif current == table and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return None


def _is_there(path: Path) -> bool:
    """Return whether there is such a file.

    Something else under that name is refused, not ignored: limits may be in it.

    Raises:
        ProblemError: folder_unreadable or config_broken where that cannot be found out, or where it
            is a folder, a pipe or a broken link.
    """
    try:
        if not os.path.lexists(path):
            return False
        if stat.S_ISREG(path.stat().st_mode):
            return True
        raise problem_error("config_broken", path=str(path), reason="no file")
    except PermissionError as error:
        reason = error.strerror or ""
        raise problem_error("folder_unreadable", path=str(path.parent), reason=reason) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise problem_error("config_broken", path=str(path), reason=reason) from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise problem_error("config_broken", path=str(path), reason="not UTF-8") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise problem_error("config_broken", path=str(path), reason=reason) from None
