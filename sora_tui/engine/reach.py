"""Is a server there, and does it take the key: one free question, for doctor and the servers."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from sora_tui.client.outcome import ServerError
from sora_tui.client.videos import VideosClient
from sora_tui.core.problem import Problem
from sora_tui.core.server import Server


@dataclass(frozen=True, slots=True)
class Reach:
    """What a server said.

    Attributes:
        milliseconds: From the question to the answer, connection included.
        models: Names of `GET /models`; empty where the server has no such list.
        problem: Why it did not answer as it should; None where all is well.
    """

    milliseconds: float
    models: tuple[str, ...] = ()
    problem: Problem | None = None


def reach(server: Server) -> Reach:
    """Ask `GET /models`, or the list of videos where there is none. Blocks for some seconds.

    Args:
        server: With a real address, never the built-in simulator.

    Raises:
        ProblemError: key_missing, base_url_invalid or config_invalid: nothing was asked.
    """
    return asyncio.run(_ask(server))


async def _ask(server: Server) -> Reach:
    client = VideosClient(server)
    began = time.monotonic()
    models: tuple[str, ...] = ()
    why: Problem | None = None
    try:
        models = await client.models()
    except ServerError as failure:
        if failure.not_found or failure.error.status in {400, 405, 501}:
            # Many servers have no list of models; the list of videos needs the key as well.
            why = await _list(client)
        else:
            why = failure.error.problem
    finally:
        await client.aclose()
    return Reach((time.monotonic() - began) * 1000, models, why)


async def _list(client: VideosClient) -> Problem | None:
    try:
        await client.list(limit=1)
    except ServerError as failure:
        if failure.error.kind in {"key_refused", "server_unreachable", "server_busy"}:
            return failure.error.problem
    return None
