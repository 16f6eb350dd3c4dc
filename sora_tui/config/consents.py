"""Servers whose unknown price was accepted for ever, by origin."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from sora_tui.config.paths import settings_folder
from sora_tui.config.private_file import read_private, write_private
from sora_tui.core.server import Server


def consents_path() -> Path:
    """Return the file of stored answers, in the platform's folder for settings."""
    return settings_folder() / "consents.json"


def is_always(server: Server, found: str | None) -> bool:
    """Return whether the person once answered "always" for this server.

    It goes by origin (scheme, host and port): a changed address asks again. On this machine another
    server may listen there by now, so there the answer is valid only for the server found then.

    Args:
        server: The server that would be paid.
        found: The dialect of the server that was found there in this run, if one was.
    """
    remembered = _read()
    if server.is_loopback:
        return found is not None and remembered.loopback.get(server.origin) == found
    return server.origin in remembered.always


def agreed_origins() -> frozenset[str]:
    """Return every origin that the person once answered "always" for."""
    remembered = _read()
    return remembered.always | remembered.loopback.keys()


def remember(server: Server, found: str | None) -> None:
    """Store the answer "always".

    Args:
        server: The server that the answer is about.
        found: As for `is_always`; for a server of this machine nothing is stored without it.

    Raises:
        OSError: The file cannot be written; the answer is then valid for this time only.
    """
    always, loopback = _read()
    if not server.is_loopback:
        always |= {server.origin}
    elif found is not None:
        loopback = {**loopback, server.origin: found}
    document = {"always": sorted(always), "loopback": dict(loopback)}
    write_private(consents_path(), json.dumps(document, indent=2))


class _Remembered(NamedTuple):
    """The content of the file.

    Attributes:
        always: Origins of other machines. An entry for this machine, by an earlier version, does
            not count: it is not known which server it was about.
        loopback: The dialect of the server that was found, by origin.
    """

    always: frozenset[str] = frozenset()
    loopback: Mapping[str, str] = MappingProxyType({})


def _read() -> _Remembered:
    try:
        document = json.loads(read_private(consents_path()))
        loopback = document.get("loopback", {})
        return _Remembered(
            frozenset(str(origin) for origin in document["always"]),
            {str(origin): str(found) for origin, found in loopback.items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # An unreadable file holds no answers: the person is asked again.
        return _Remembered()
