"""Reads the tables of this package: prices, parameters and models as TOML files beside the code."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

_HERE: Final = Path(__file__).parent


def read_data_file(name: str) -> dict[str, Any]:
    """Return a whole file. Callers keep what they made of it; no first frame needs a table."""
    return tomllib.loads((_HERE / name).read_text(encoding="utf-8"))
