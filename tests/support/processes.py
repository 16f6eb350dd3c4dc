"""What other processes there are, as Linux tells it."""

from __future__ import annotations

from pathlib import Path


def lives(pid: int) -> bool:
    """Whether it runs; one that ended and was not waited for does not."""
    state, _parent = _stat(pid)
    return state not in {"", "Z"}


def media_workers(parent: int) -> list[int]:
    """The processes that open strangers' files for this one."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    children = (pid for pid in pids if _stat(pid)[1] == parent and lives(pid))
    return [pid for pid in children if b"sora_tui.media.decoder_process" in _read(pid, "cmdline")]


def _stat(pid: int) -> tuple[str, int]:
    """State and parent; empty and 0 for a process that is gone (proc(5))."""
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return (fields[0].decode(), int(fields[1])) if fields else ("", 0)


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
