"""The person's own editor on a copy of the prompt."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path


def editor_command(environ: Mapping[str, str]) -> list[str] | None:
    """The words of $VISUAL, then $EDITOR; None where neither is set: nothing is guessed."""
    for name in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(environ.get(name, ""))
        except ValueError:  # a quotation mark without its fellow
            continue
        if words:
            return words
    return None


def _decoded(data: bytes) -> str:
    """What an editor wrote: UTF-8, or else the 8-bit encoding that such an editor mostly has.

    Nothing that a person wrote is lost; a wrong accent is seen in the editor at once.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def edit(command: list[str], text: str, environ: Mapping[str, str]) -> str | None:
    """Let the person edit `text` and wait for the end; None where that failed.

    Args:
        command: The editor and its arguments.
        text: The text to edit.
        environ: Of the editor, which runs plug-ins of strangers: no key belongs in there.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="sora-tui-") as folder:
            path = Path(folder) / "prompt.md"
            path.write_text(text + "\n", encoding="utf-8")
            subprocess.run([*command, str(path)], check=True, env=dict(environ))
            return _decoded(path.read_bytes()).rstrip("\r\n")
    except (OSError, subprocess.CalledProcessError):
        return None
