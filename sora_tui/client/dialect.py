"""How known servers differ from the API's document, as data: one row per server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sora_tui.core.server import Server


@dataclass(frozen=True, slots=True)
class Dialect:
    """The habits of one server.

    Attributes:
        hosts: Host names that tell it apart without being asked.
        bearer_without_key: What stands for the key where none is configured. Aquiles-Image answers
            401 when the header is missing even though it has no key (videos-api, divergence 23).
    """

    name: str
    hosts: frozenset[str] = frozenset()
    bearer_without_key: str | None = "none"


GENERIC: Final = Dialect("generic")

DIALECTS: Final[Mapping[str, Dialect]] = {
    row.name: row
    for row in (
        GENERIC,
        Dialect("openai", hosts=frozenset({"api.openai.com"}), bearer_without_key=None),
    )
}


def dialect_of(server: Server) -> Dialect:
    """The row of this server: by its host, otherwise by the profile's word for it."""
    for row in DIALECTS.values():
        if server.host in row.hosts:
            return row
    # `openai` on another host is a server that only speaks like it: the dummy key stays out.
    return DIALECTS.get(server.dialect, GENERIC)
