"""What was found out about each server while working with it; disposable, kept for a day."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sora_tui.core.text import clean_line
from sora_tui.workspace.atomic import write_atomic
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.safe_open import safe_open

#: Servers are updated and replaced: what was found out is valid for this many seconds.
FORGOTTEN_AFTER: Final = 24 * 3600.0
#: Most servers kept, and most bytes read: a larger file is not ours.
_MOST_SERVERS: Final = 200
_MOST_BYTES: Final = 1024 * 1024
#: Most names of models kept of one server; gateways list hundreds.
_MOST_MODELS: Final = 40


class CachedCapabilities(NamedTuple):
    """What is kept about one server.

    Attributes:
        dialect: Found by a probe; None where there was no probe, or it found nothing.
        evidence: The reasons for the dialect.
        models: The names that it listed then.
        facts: What working with it showed, by name: `list` False, `delete` False, ...
        at: Unix seconds of the last entry.
    """

    dialect: str | None = None
    evidence: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    facts: Mapping[str, bool] = MappingProxyType({})
    at: float = 0.0


class CapabilityCache:
    """`metadata/.servers.json`, by origin. Any process may read it; only the owner writes."""

    def __init__(self, folder: Folder) -> None:
        self._path = folder.metadata / ".servers.json"
        self._servers: dict[str, CachedCapabilities] = {}
        self._read()

    def of(self, origin: str) -> CachedCapabilities:
        """Return what is known about a server; empty once it is too old."""
        cached = self._servers.get(origin)
        fresh = cached is not None and 0 <= time.time() - cached.at < FORGOTTEN_AFTER
        return cached if cached is not None and fresh else CachedCapabilities()

    def record_probe(
        self, origin: str, dialect: str, evidence: tuple[str, ...], models: Sequence[str] = ()
    ) -> None:
        """Record which dialect a server speaks and what it lists; facts from working with it stay.

        Raises:
            ProblemError: disk_full, folder_not_writable or folder_missing.
        """
        self._keep(
            origin,
            self.of(origin)._replace(
                dialect=dialect,
                evidence=evidence,
                models=tuple(models[:_MOST_MODELS]),
            ),
        )

    def record(self, origin: str, fact: str, value: bool) -> None:
        """Record that a server can, or cannot, do something; the newest experience counts.

        Raises:
            ProblemError: disk_full, folder_not_writable or folder_missing.
        """
        known = self.of(origin)
        if known.facts.get(fact) is not value:
            self._keep(origin, known._replace(facts={**known.facts, fact: value}))

    def forget(self, origin: str) -> None:
        """Forget a server that proved to be another than assumed, so that it is probed again.

        Raises:
            ProblemError: disk_full, folder_not_writable or folder_missing.
        """
        if self._servers.pop(origin, None) is not None:
            self._write()

    def _keep(self, origin: str, cached: CachedCapabilities) -> None:
        self._servers.pop(origin, None)  # the newest stands last
        self._servers[origin] = cached._replace(at=time.time())
        self._write()

    def _write(self) -> None:
        newest = list(self._servers.items())[-_MOST_SERVERS:]
        document = {
            origin: {
                "dialect": cached.dialect,
                "evidence": list(cached.evidence),
                "models": list(cached.models),
                "facts": dict(cached.facts),
                "at": cached.at,
            }
            for origin, cached in newest
        }
        write_atomic(self._path, json.dumps({"servers": document}, indent=2).encode() + b"\n")

    def _read(self) -> None:
        try:
            with safe_open(self._path) as file:
                said = json.loads(file.read(_MOST_BYTES))["servers"]
            self._servers = {
                str(origin): _read_entry(entry)
                for origin, entry in list(said.items())[-_MOST_SERVERS:]
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._servers = {}  # disposable: what cannot be read is found out again


def _read_entry(entry: Any) -> CachedCapabilities:
    dialect = entry.get("dialect")
    return CachedCapabilities(
        dialect=clean_line(dialect, 40) if isinstance(dialect, str) else None,
        evidence=tuple(clean_line(line, 200) for line in entry.get("evidence", ())[:20]),
        models=tuple(clean_line(name, 200) for name in entry.get("models", ())[:_MOST_MODELS]),
        facts={
            str(name): value for name, value in entry["facts"].items() if isinstance(value, bool)
        },
        at=float(entry["at"]),
    )
