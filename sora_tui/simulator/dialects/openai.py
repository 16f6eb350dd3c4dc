"""OpenAI, whose way is every default."""

from __future__ import annotations

from typing import Final

from sora_tui.simulator.dialect import Dialect, json_page, models_page

OPENAI: Final = Dialect(
    routes=frozenset(("create", "list", "retrieve", "delete", "content", "remix"))
    | {"edit", "extend", "character", "read_character"},
    pages={
        "/health": json_page({"status": "ok", "simulated": True}),
        "/v1/models": models_page("sora-2", "sora-2-pro", owner="simulator"),
    },
    poll_header=True,
)
