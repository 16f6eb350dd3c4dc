"""The profiles that this program writes itself: `servers.toml`, beside the person's own files.

It lies in the platform's folder for settings, not in the workspace: a profile belongs to the person
and is wanted in every workspace; a workspace may come from another person; and only the person's
own files may name an `api_key_command`. Its form is that of sora-tui.toml, and it is the weakest of
the three: a profile or a default that a person wrote by hand counts more. So nothing is written
here that one of the other files would override.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sora_tui.config.api_keys import check_command, check_variable, is_key_like
from sora_tui.config.config_files import TomlFile, read_toml
from sora_tui.config.paths import saved_servers_path
from sora_tui.config.private_file import write_private
from sora_tui.config.profiles import read_profiles, unknown_profile
from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.core.server import SIMULATOR_NAME, Server

_HEADER: Final = (
    "# Written by sora-tui (F2, sora-tui servers); comments in here are lost. No key is kept:\n"
    "# only the name of a variable, or a command that prints it.\n\n"
)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
#: Names of profiles that exist without a file: the simulator's, and SORA_BASE_URL's.
_RESERVED: Final = frozenset({SIMULATOR_NAME, "env"})
#: Parameters of an address that hold a key.
_KEY_QUERIES: Final = frozenset({"api-key", "api_key", "apikey", "key", "token", "code"})


def saved_table(name: str) -> dict[str, Any]:
    """Return the settings of one profile as they are written here.

    Raises:
        ProblemError: profile_unknown; config_broken.
    """
    servers = _read().get("servers", {})
    if name not in servers:
        raise ProblemError(unknown_profile(name, servers))
    return dict(servers[name])


def check_profile(
    name: str,
    table: Mapping[str, Any],
    environ: Mapping[str, str],
    profile_files: Mapping[str, str],
) -> Server:
    """Return the server that these settings would make; nothing is written.

    Args:
        name: The name of the profile.
        table: The settings of the profile.
        environ: Where its key would be looked for.
        profile_files: Where each known profile is written (`Settings.profile_files`).

    Raises:
        ProblemError: config_invalid, naming what is wrong with the name or a setting;
            profile_elsewhere where a person's own file has the name; base_url_insecure.
    """
    if not _NAME.fullmatch(name) or name in _RESERVED:
        reason = "a name of your own: letters, digits, - and _, 40 at most"
        raise problem_error("config_invalid", key="name", reason=reason)
    _refuse_foreign(name, profile_files)
    for key, check in _CHECKS.items():
        if key in table:
            try:
                check(table[key])
            except (ValueError, TypeError) as error:
                raise problem_error("config_invalid", key=key, reason=str(error)) from None
    file = TomlFile(saved_servers_path(), {"servers": {name: table}}, "")
    try:
        profile = read_profiles(file, environ)[name]
    except ProblemError as error:
        facts = dict(error.problem.facts)
        facts.pop("path", None)  # nothing stands in the file yet
        facts["key"] = str(facts["key"]).removeprefix(f"servers.{name}.")
        raise problem_error("config_invalid", **facts) from None
    if profile.server.insecure:
        raise problem_error("base_url_insecure", host=profile.server.host)
    return profile.server._replace(key_from=profile.key_from)


def write_profile(name: str, table: Mapping[str, Any], *, default: bool = False) -> None:
    """Store a profile that `check_profile` accepted; `default` makes it the default server.

    Raises:
        ProblemError: folder_not_writable; config_broken where the file is not TOML any more.
    """

    def change(document: dict[str, Any]) -> None:
        document.setdefault("servers", {})[name] = dict(table)
        if default:
            document["default"] = name

    _change(change)


def remove_profile(name: str, profile_files: Mapping[str, str]) -> None:
    """Remove a profile; jobs that were sent there keep their address.

    Raises:
        ProblemError: profile_unknown; profile_elsewhere; folder_not_writable.
    """
    _refuse_foreign(name, profile_files)
    saved_table(name)

    def change(document: dict[str, Any]) -> None:
        document.get("servers", {}).pop(name, None)
        if document.get("default") == name:
            del document["default"]

    _change(change)


def set_default(name: str) -> None:
    """Make this profile the one that is used where no other is chosen.

    Raises:
        ProblemError: folder_not_writable.
    """
    _change(lambda document: document.update(default=name))


def _refuse_foreign(name: str, places: Mapping[str, str]) -> None:
    place = places.get(name)
    if place is not None and place != str(saved_servers_path()):
        raise problem_error("profile_elsewhere", name=name, path=place)


def _secretless(values: object) -> None:
    """Refuse headers that carry a key in plain text."""
    for value in values.values() if isinstance(values, Mapping) else ():
        if any(is_key_like(word) for word in str(value).split()):
            raise ValueError("that looks like a key; a key is never written here")


def _keyless_query(values: object) -> None:
    for name in values if isinstance(values, Mapping) else ():
        if str(name).lower() in _KEY_QUERIES:
            raise ValueError("a key is never written here: use a variable or a command")
    _secretless(values)


_CHECKS: Final[Mapping[str, Callable[[Any], object]]] = {
    "api_key_env": check_variable,
    "api_key_command": check_command,
    "headers": _secretless,
    "query": _keyless_query,
}


def _read() -> dict[str, Any]:
    file = read_toml(saved_servers_path())
    return dict(file.values) if file else {}


def _change(change: Callable[[dict[str, Any]], object]) -> None:
    """Read, change and replace the file, one process at a time."""
    import tomli_w  # writing is rare

    path = saved_servers_path()
    try:
        with _alone(path):
            document = _read()
            change(document)
            write_private(path, _HEADER + tomli_w.dumps(document))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise problem_error("folder_not_writable", path=str(path.parent), reason=reason) from None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
