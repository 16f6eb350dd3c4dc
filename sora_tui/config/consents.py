"""The servers that may be used without asking although nobody knows their price, by origin."""

from __future__ import annotations

import json
from pathlib import Path

from sora_tui.config.places import settings_folder
from sora_tui.config.private import write_private


def consents_path() -> Path:
    """The file of remembered answers, in the platform's folder for settings."""
    return settings_folder() / "consents.json"


def is_always(origin: str) -> bool:
    """Whether the person once said: always on this server.

    Args:
        origin: Scheme, host and port (`Server.origin`): a changed address asks again.
    """
    return origin in _read()


def remember(origin: str) -> None:
    """Keep the answer "always".

    Raises:
        OSError: The file cannot be written; the answer then holds for this time only.
    """
    document = {"always": sorted(_read() | {origin})}
    write_private(consents_path(), json.dumps(document, indent=2))


def _read() -> frozenset[str]:
    try:
        document = json.loads(consents_path().read_text(encoding="utf-8"))
        return frozenset(str(origin) for origin in document["always"])
    except (OSError, ValueError, KeyError, TypeError):
        # What cannot be read was not said: the person is asked again.
        return frozenset()
