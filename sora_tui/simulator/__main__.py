"""Starts the simulator as a process of its own and prints where it listens.

With `--json` the first and only line on stdout is `{"base_url": ..., "key": ...}`, written when
connections are accepted. Nothing is logged.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import json
import os
import secrets
import shlex
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn

from sora_tui.simulator.dialects import DIALECTS
from sora_tui.simulator.faults import Fault, FaultsError, load_faults
from sora_tui.simulator.server import configuration, listen
from sora_tui.simulator.triggers import TRIGGERS

_LAST_PORT: Final = 65535


def main() -> None:
    """Serve until a signal, or with `--parent-pipe` until stdin ends."""
    parser = _parser()
    options = parser.parse_args()
    os.umask(0o077)  # records and clips are the person's own
    with tempfile.TemporaryDirectory(prefix="sora-simulator-") as temporary:
        folder = options.data or Path(temporary)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            # A server that cannot store anything would answer 500 to every request.
            parser.error(f"argument --data: {error.strerror}")
        try:
            listener, base_url = listen(options.host, options.port, options.dialect)
        except UnicodeError:  # a name that no host can have
            parser.error("argument --host: there is no such host")
        except OSError as error:
            number = error.errno or 0
            if number in {errno.EADDRINUSE, errno.EACCES}:
                parser.error(f"argument --port: {os.strerror(number)}")
            # Failed lookups of a name have numbers below 0.
            reason = os.strerror(number) if number > 0 else "there is no such host"
            parser.error(f"argument --host: {reason}")
        ended_by = asyncio.run(_serve(options, folder, listener, base_url))
    sys.exit(128 + ended_by if ended_by else 0)


async def _serve(
    options: argparse.Namespace, folder: Path, listener: socket.socket, base_url: str
) -> int:
    """Serve; return the signal that ended it, 0 if none did."""
    key = options.key or f"sim-{secrets.token_urlsafe(18)}"
    config = configuration(
        folder,
        key=key,
        speed=options.speed,
        dialect=options.dialect,
        faults=options.faults,
        # The signal ends the server in an orderly way, and becomes the exit code.
        on_worker_end=lambda: signal.raise_signal(signal.SIGTERM),
    )
    if options.json:
        greeting = json.dumps({"base_url": base_url, "key": key})
    else:
        greeting = (
            f"A practice server for the Videos API: {base_url} (nothing is charged)\n"
            f"export SORA_BASE_URL={base_url} SORA_API_KEY={shlex.quote(key)}"
        )
    server = _Server(config, greeting, child=options.parent_pipe)
    await server.serve(sockets=[listener])
    return server.ended_by


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, greeting: str, *, child: bool) -> None:
        super().__init__(config)
        self._greeting = greeting
        self._child = child
        self.ended_by = 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(self._greeting + "\n")
        sys.stdout.flush()
        if self._child:
            threading.Thread(target=_end_with_parent, args=(self,), daemon=True).start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # uvicorn would raise the signal again and end before the temporary folder is removed.
        # ctrl+c reaches the whole process group: a child leaves it to its parent to end it.
        if not (self._child and sig == signal.SIGINT):
            self.should_exit, self.ended_by = True, sig


def _end_with_parent(server: uvicorn.Server) -> None:
    """End when stdin ends, which it does even when the parent is killed."""
    while os.read(0, 4096):
        pass
    server.should_exit = True
    hard = threading.Timer(0.8, os._exit, (0,))
    hard.daemon = True
    hard.start()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sora_tui.simulator",
        description="A video server to practise on.",
        epilog="words in a prompt:\n"
        + "\n".join(f"  [{word}]".ljust(15) + told for word, told in TRIGGERS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=_port, default=0, help="0 takes a free one")
    parser.add_argument("--data", type=Path, help="keep jobs and clips in this folder")
    parser.add_argument(
        "--dialect", choices=tuple(DIALECTS), default="openai", help="the server to behave like"
    )
    parser.add_argument(
        "--faults", type=_faults, default=[], help="misbehave as this TOML file says"
    )
    parser.add_argument("--speed", type=_speed, default=1.0, help="10 is ten times as quick")
    parser.add_argument("--key", help="the API key to ask for; made up if missing")
    parser.add_argument("--json", action="store_true", help="say where it listens as JSON")
    parser.add_argument("--parent-pipe", action="store_true", help="end when stdin ends")
    return parser


def _faults(path: str) -> list[Fault]:
    try:
        return load_faults(Path(path))
    except FaultsError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdecimal() else -1
    if not 0 <= port <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"from 0 to {_LAST_PORT}, not {text}")
    return port


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.01 <= speed <= 1000:
        raise argparse.ArgumentTypeError(f"from 0.01 to 1000, not {text}")
    return speed


if __name__ == "__main__":
    main()
