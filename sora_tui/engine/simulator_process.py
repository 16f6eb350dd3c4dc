"""The simulator as a child process: started when it is needed, ended with its parent."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import sys
from typing import Final

from sora_tui.core.problem import problem_error
from sora_tui.core.secret import Secret
from sora_tui.core.server import Server
from sora_tui.workspace.folder import Folder

#: Importing the server and the renderer takes a second or two on a small machine.
_START_TIMEOUT: Final = 30.0
_STOP_TIMEOUT: Final = 1.0


class SimulatorProcess:
    """Runs `python -m sora_tui.simulator` for this workspace.

    Its jobs are kept in the workspace, so that unfinished ones go on at the next start; its port
    and key are new each time. It ends when the pipe to its standard input closes, which a kill
    of this process does too.
    """

    def __init__(self, folder: Folder, speed: float = 1.0) -> None:
        self._folder = folder
        self._speed = speed
        self._child: asyncio.subprocess.Process | None = None
        self._address: tuple[str, Secret] | None = None

    async def connect(self, server: Server) -> Server:
        """Return the profile with the address and key of the simulator; start it if necessary.

        Raises:
            ProblemError: simulator_failed; folder_not_writable where it cannot store anything.
        """
        if self._child is None or self._child.returncode is not None or self._address is None:
            self._address = await self._start()
        base_url, key = self._address
        return server._replace(base_url=base_url, key=key)

    async def stop(self) -> None:
        """Close the pipe, and kill the process after a second."""
        child, self._child = self._child, None
        if child is None or child.returncode is not None:
            return
        assert child.stdin is not None
        child.stdin.close()
        try:
            await asyncio.wait_for(child.wait(), _STOP_TIMEOUT)
        except TimeoutError:
            child.kill()
            await child.wait()

    async def _start(self) -> tuple[str, Secret]:
        place = self._folder.simulator
        if place.exists() and not os.access(place, os.R_OK | os.W_OK | os.X_OK):
            reason = os.strerror(errno.EACCES)
            raise problem_error("folder_not_writable", path=str(place), reason=reason)
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", "-m", "sora_tui.simulator"),  # nothing may be imported from a workspace
            *("--data", str(self._folder.simulator), "--speed", str(self._speed)),
            *("--json", "--parent-pipe"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            # ctrl+c at the terminal is for the program, not for the server that it uses.
            start_new_session=True,
        )
        self._child = child
        assert child.stdout is not None
        line = b""
        try:
            line = await asyncio.wait_for(child.stdout.readline(), _START_TIMEOUT)
        except TimeoutError:
            child.kill()
        try:
            said = json.loads(line)
            return said["base_url"], Secret(said["key"])
        except (ValueError, KeyError, TypeError):
            status = "no answer" if child.returncode is None else str(child.returncode)
            raise problem_error("simulator_failed", status=status) from None
