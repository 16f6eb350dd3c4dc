"""Our adaptations of httpx: only this module uses private parts of it, or of httpcore below.

`tests/client/test_httpx_compat.py` fails when a new version of one of them changes such a part.
Every module of ours takes `httpx` from here, so that it is never imported in another way.
"""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Mapping
from typing import Any, Final

from sora_tui.client.early_response import EarlyResponseBackend

_COMMAND_LINE: Final = "httpx._main"


def _keep_command_line_out() -> None:
    """Let httpx be imported without its command line.

    Where click and rich are installed, as Textual has them, httpx would bring it along: 3 MB that
    every screen and every cron job would carry. It is left out as where click is missing.
    """
    if "httpx" not in sys.modules:
        sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment]


_keep_command_line_out()
import httpx as httpx  # noqa: E402  # after the line above; the second name is for mypy


def _keep_addresses_out_of_logs() -> None:
    """Silence two loggers that write whole addresses: user names and query keys with them."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


_keep_addresses_out_of_logs()


def hear_early_responses(client: httpx.AsyncClient) -> None:
    """Let every connection of this client, direct or through a proxy, read early answers.

    httpcore takes another network backend, but httpx has no public way to pass one on.
    """
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.AsyncHTTPTransport):
            transport._pool._network_backend = EarlyResponseBackend()


def second_handle(event: str, facts: Mapping[str, Any]) -> socket.socket | None:
    """Return a second handle on the socket of a connection, when a trace tells of a new one.

    httpx hands no socket out, and closing a response from another thread does not wake the one
    that reads it; shutting the line down does. `event` and `facts` are those of httpcore's
    extension `trace`.
    """
    if not event.endswith("connect_tcp.complete"):
        return None
    line: socket.socket = facts["return_value"].get_extra_info("socket")
    return line.dup()
