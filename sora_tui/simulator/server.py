"""Starts the simulator on a socket."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from sora_tui.simulator.app import create_app
from sora_tui.simulator.characters import Characters
from sora_tui.simulator.dialects import DIALECTS
from sora_tui.simulator.faults import Fault
from sora_tui.simulator.jobs import Jobs
from sora_tui.simulator.socket_faults import Connections

#: The address by which this machine reaches a server that listens on all addresses.
_OWN: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104


def listen(host: str, port: int, dialect: str) -> tuple[socket.socket, str]:
    """Return a listening socket (port 0 takes a free one), and the base URL of the API there.

    For every address of the machine (0.0.0.0, ::) the URL is that of the machine itself, because
    clients cannot connect to those.

    Raises:
        OSError: The port is taken or not allowed; no interface has that address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=128)
    prefix = DIALECTS[dialect].prefixes[0]
    called = _OWN.get(host, f"[{host}]" if family is socket.AF_INET6 else host)
    return listener, f"http://{called}:{listener.getsockname()[1]}{prefix}"


def configuration(
    folder: Path,
    *,
    key: str,
    speed: float,
    dialect: str,
    faults: list[Fault],
    on_worker_end: Callable[[], None],
    around: Callable[[ASGIApp], ASGIApp] = lambda app: app,
) -> uvicorn.Config:
    """Return uvicorn's settings for a server of this dialect, whose jobs live in `folder`.

    `around` may wrap the app, to watch it.
    """
    row = DIALECTS[dialect]
    wires = Connections()
    jobs = Jobs(folder, speed, durable=row.durable)
    app = create_app(row, jobs, Characters(folder), key, faults, on_worker_end)
    return uvicorn.Config(
        wires.under(around(app)),
        # Always these two: what a client sees must not depend on what else is installed.
        http=wires.protocol(),
        loop="asyncio",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # a forwarded address is not that of the connection
        server_header=False,
        lifespan="on",
        ws="none",
        timeout_graceful_shutdown=1,
    )
