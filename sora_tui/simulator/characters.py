"""Characters: a name for what an uploaded clip shows, stored beside the jobs."""

from __future__ import annotations

import json
import re
import secrets
import time
from pathlib import Path
from typing import Any


class Characters:
    """The characters of one folder, a file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, name: str) -> dict[str, Any]:
        """Create a character and return it as a VideoCharacterResource of the spec."""
        character_id = f"char_{secrets.token_hex(12)}"
        character = {"id": character_id, "name": name, "created_at": int(time.time())}
        self._path(character_id).write_text(json.dumps(character), encoding="utf-8")
        return character

    def get(self, character_id: str) -> dict[str, Any] | None:
        """Return the character of this id; None where there is none."""
        if not re.fullmatch(r"char_[0-9a-f]{24}", character_id):
            return None
        path = self._path(character_id)
        return json.loads(path.read_bytes()) if path.exists() else None

    def _path(self, character_id: str) -> Path:
        return self._folder / f"{character_id}.character"
