"""Probes a server with a few free questions, for doctor, the form and the engine itself."""

from __future__ import annotations

import asyncio

from sora_tui.client.dialect import DIALECTS
from sora_tui.client.probe import run_probe
from sora_tui.core.probe_result import CAPABILITIES, ProbeResult
from sora_tui.core.problem import ProblemError
from sora_tui.core.server import Server


def probe_server(server: Server, *, timeout: float = 10.0) -> ProbeResult:
    """Find out about a server. Blocks, with a loop of its own: for a worker thread.

    Only GETs are sent, so nothing is made and nothing is charged. The simulator is answered for
    without a network.

    Args:
        server: The server to ask.
        timeout: Seconds for all questions together.

    Returns:
        The result; errors of network, server or profile are its `problem`, never an exception.
    """
    if server.simulated:
        return simulator_probe_result(server)
    try:
        return asyncio.run(run_probe(server, timeout))
    except ProblemError as error:  # the address or a header is invalid, or a key command failed
        return ProbeResult("generic", problem=error.problem)


def simulator_probe_result(server: Server) -> ProbeResult:
    """Return what is known of the simulator without asking it."""
    row = DIALECTS[server.dialect]
    return ProbeResult(
        row.name,
        evidence=("built in",),
        reached=True,
        key="none",
        models=(server.model,) if server.model else (),
        can={ability: row.can(ability) for ability in CAPABILITIES},
        delete_means=row.delete_means,
        runs_models=row.runs_models,
    )
