"""The names and types of what a JSON file holds, its values left out."""

from __future__ import annotations

from typing import Any


def shape(value: Any) -> Any:
    """Return the same with the name of its type in place of each value."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value).__name__
