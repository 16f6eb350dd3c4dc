"""The process that opens strangers' files: what it is asked for, and one that does other things."""

from __future__ import annotations

from typing import Any

import pytest

from sora_tui.media import decoder_client
from sora_tui.media.decoder_client import DecoderClient

_PROGRAM = """
import os, time, sora_tui.media.decoder_process as w
BOMB = b"\\x89PNG\\r\\n\\x1a\\n\\0\\0\\0\\rIHDR" + (30_000).to_bytes(4) * 2 + bytes(99)
{patch}
w.main()
"""


def patch_decoder(monkeypatch: pytest.MonkeyPatch, patch: str) -> None:
    """Let every decoder process that starts from now on run this before it works; `w` is it."""
    program = _PROGRAM.format(patch=patch)
    monkeypatch.setattr(decoder_client, "_WORKER", ("-P", "-c", program))


def noted_requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with what decoder processes are asked for."""
    asked: list[str] = []
    for do in ("facts", "poster", "filmstrip", "picture", "sheet", "reference"):
        monkeypatch.setattr(DecoderClient, do, _noted(asked, do))
    return asked


def _noted(asked: list[str], do: str) -> Any:
    request = getattr(DecoderClient, do)

    def noted(client: DecoderClient, *arguments: Any, **options: Any) -> Any:
        asked.append(do)
        return request(client, *arguments, **options)

    return noted
