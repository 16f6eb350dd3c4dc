"""Settings as they are written down: `.env` and `sora-tui.toml`, with the place of each value."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sora_tui.core.problem import Problem, ProblemError, problem, problem_error

TOML_NAME: Final = "sora-tui.toml"
ENV_NAME: Final = ".env"

#: In single quotes a dollar sign is a dollar sign, as in a shell.
_SINGLE_QUOTED: Final = re.compile(r"^[^=]*=[ \t]*'")
#: A key is random: a dollar sign and braces in it name no other variable.
_NEVER_EXPANDED: Final = "_KEY"

_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class EnvFile(NamedTuple):
    """A `.env` file.

    Attributes:
        values: What it sets; a name without `=` is not there.
        lines: The line of each name, counted from 1.
    """

    path: Path
    values: Mapping[str, str] = _NONE
    lines: Mapping[str, int] = _NONE

    @property
    def readable_by_others(self) -> bool:
        """Whether the group or anybody else has a right on the file."""
        return bool(self.path.stat().st_mode & 0o077)


class TomlFile(NamedTuple):
    """A `sora-tui.toml` file."""

    path: Path
    values: Mapping[str, Any]
    source: str

    def invalid(self, table: str, key: str, reason: str) -> ProblemError:
        """The refusal of one setting, with its file, its dotted name and its line."""
        place = line_of(self.source, table, key)
        dotted = f"{table}.{key}" if table else key
        facts: dict[str, str | int] = {} if place is None else {"line": place}
        return problem_error(
            "config_invalid", path=str(self.path), key=dotted, reason=reason, **facts
        )


def read_env(path: Path) -> EnvFile | None:
    """The `.env` file, or None where there is none. Nothing enters `os.environ`.

    Raises:
        ProblemError: config_broken, naming the line that is no setting.
    """
    if not _is_there(path):
        return None
    text = _text(path)
    # Only who has a .env pays for this import, before the first frame.
    from dotenv import dotenv_values
    from dotenv.parser import parse_stream

    lines: dict[str, int] = {}
    literal: set[str] = set()
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            raise problem_error(
                "config_broken",
                path=str(path),
                line=binding.original.line,
                reason="not NAME=value",
            )
        if binding.key is not None:
            # A statement begins with the blank lines before it.
            blank = len(binding.original.string) - len(binding.original.string.lstrip("\r\n"))
            lines[binding.key] = binding.original.line + blank
            if _SINGLE_QUOTED.search(binding.original.string):
                literal.add(binding.key)
    found = dotenv_values(stream=io.StringIO(text))
    found |= {
        name: value
        for name, value in dotenv_values(stream=io.StringIO(text), interpolate=False).items()
        if name in literal or name.endswith(_NEVER_EXPANDED)
    }
    return EnvFile(path, {name: said for name, said in found.items() if said is not None}, lines)


def read_own_toml(path: Path) -> tuple[TomlFile | None, Problem | None]:
    """Read a file of the person's own, unless another account keeps it from this process.

    HOME then belongs to that account: `sudo -E`, `docker run --user`. Its settings are not this
    person's, and nothing may stop for them. A file of this account that cannot be read is refused:
    a limit on spending may stand in it.

    Returns:
        The file, and settings_unreadable where another account keeps it.

    Raises:
        ProblemError: config_broken, naming the line.
    """
    try:
        owner = path.stat().st_uid
    except PermissionError:
        return None, problem("settings_unreadable", path=str(path.parent))
    except OSError:
        return read_toml(path), None  # nothing is there, or a link that leads nowhere
    if owner != os.geteuid() and not os.access(path, os.R_OK):
        return None, problem("settings_unreadable", path=str(path), owner=owner)
    return read_toml(path), None


def read_toml(path: Path) -> TomlFile | None:
    """The `sora-tui.toml` file, or None where there is none.

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
        # Python 3.14 has the line as an attribute; the text has it in every version.
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else len(text.splitlines())
        raise problem_error("config_broken", path=str(path), line=line, reason=str(error)) from None


def line_of(source: str, table: str, key: str) -> int | None:
    """The line, from 1, where a TOML text sets `key` inside `[table]`; None where it hides."""
    current = ""
    for number, line in enumerate(source.splitlines(), start=1):
        header = re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line)
        if header:
            current = header[1].replace('"', "")
        elif current == table and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return None


def _is_there(path: Path) -> bool:
    """Whether there is such a file.

    What stands there and is no file is no reason to go on without: limits may be in it.

    Raises:
        ProblemError: folder_unreadable or config_broken where nobody may know that, or where it is
            a folder, a pipe or a link that leads nowhere.
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
