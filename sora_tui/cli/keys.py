"""`sora-tui keys`: every key of the screen, by the ids that `[keys]` in sora-tui.toml knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from sora_tui.cli import exits
from sora_tui.cli.console import Console
from sora_tui.config.settings import Settings

#: Rows with id, place, place_words, keys, shown and words, and what is wrong with the settings.
KeyTable = tuple[Sequence[dict[str, Any]], Sequence[str]]
ListKeys = Callable[[Settings], KeyTable]


def run(list_keys: ListKeys, settings: Settings, console: Console) -> int:
    """Print them; 2 when `[keys]` says something that cannot be."""
    rows, complaints = list_keys(settings)
    wide = max(len(row["id"]) for row in rows)
    wide_keys = max(len(row["shown"]) for row in rows)
    for place, group in groupby(rows, key=lambda row: str(row["place_words"])):
        console.result(place)
        for row in group:
            console.document({name: row[name] for name in ("id", "place", "keys")})
            console.result(f"  {row['id']:<{wide}}  {row['shown']:<{wide_keys}}  {row['words']}")
    for complaint in complaints:
        console.note(complaint)
    return exits.WRONG_USE if complaints else exits.DONE
