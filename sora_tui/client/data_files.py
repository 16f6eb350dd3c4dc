"""Reads the tables of this room: prices, parameters and models as TOML files beside the code."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

_HERE: Final = Path(__file__).parent


def read_data_file(name: str) -> dict[str, Any]:
    """A whole file; whoever asks keeps what it made of it: no table is needed for a first frame."""
    return tomllib.loads((_HERE / name).read_text(encoding="utf-8"))
