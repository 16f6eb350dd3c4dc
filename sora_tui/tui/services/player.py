"""Looking at a finished clip: a player where there is a screen, otherwise how to fetch the file."""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sora_tui.core.job import Job


def player(setting: str, environ: Mapping[str, str]) -> list[str] | None:
    """The command that opens a clip on this desktop, or None where nobody would see it.

    Args:
        setting: The `player` setting; empty leaves it to the desktop.
        environ: Variables of the process; they tell whether there is a desktop.
    """
    if not has_display(environ):
        return None
    if setting:
        return shlex.split(setting)
    program = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    return None if program is None else [program]


def has_display(environ: Mapping[str, str]) -> bool:
    """Whether a window would be seen by the person who sits at this terminal."""
    if sys.platform == "darwin":
        # Over SSH the window would open on somebody else's screen.
        return "SSH_CONNECTION" not in environ
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def play(command: Sequence[str], clip: Path, environ: Mapping[str, str]) -> None:
    """Open a clip and do not wait for it; it goes on when we end.

    Args:
        command: The program and its arguments.
        clip: The file to open.
        environ: Of the player; no key belongs in there.

    Raises:
        OSError: the program cannot be started.
    """
    subprocess.Popen(
        [*command, str(clip)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(environ),
        start_new_session=True,
    )


def scp_line(clip: Path) -> str:
    """The command that fetches a clip, to be typed on the person's own machine."""
    return f"scp {here()}:{shlex.quote(str(clip))} ."


def here() -> str:
    """This machine and account as scp on another machine names them."""
    return f"{_user()}@{socket.gethostname()}"


def what_to_copy(job: Job, root: Path, environ: Mapping[str, str]) -> str:
    """What a person wants of a job: its clip's path, the scp line over SSH, or a report.

    The report is for a server's support: no key, no prompt.
    """
    if job.outputs:
        clip = root / job.outputs[0].path
        return scp_line(clip) if "SSH_CONNECTION" in environ else str(clip)
    if job.error is None:
        return job.remote_id or job.id
    sent = job.attempts[-1].at if job.attempts else job.created_at
    return (
        f"video {job.remote_id or '-'}  request {job.request_id or '-'}  "
        f"model {job.request.model or '-'}  {sent:%Y-%m-%d %H:%M:%S} UTC  "
        f"{job.error.code or job.error.kind}"
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no entry in the password file, as in some containers
        return str(os.getuid())
