"""What jobs have to tell a person who looks elsewhere: in a notification, and in the title."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from sora_tui.core.job import Job, State
from sora_tui.core.text import clean_line
from sora_tui.i18n import ngettext

_FAILURES: Final = frozenset(
    {State.FAILED, State.REJECTED, State.EXPIRED, State.GONE, State.NOT_SENT}
)


def title(running: int, needs_you: int) -> str:
    """The window's title: what goes on, for whoever sees only that."""
    parts = []
    if running:
        parts.append(ngettext("{count} running", "{count} running", running).format(count=running))
    if needs_you:
        parts.append(
            ngettext("{count} needs you", "{count} need you", needs_you).format(count=needs_you)
        )
    return f"sora-tui {', '.join(parts)}".rstrip()


def set_title(text: str) -> str:
    """The sequence that makes `text` the window's title (XTerm's OSC 2)."""
    return f"\x1b]2;{clean_line(text, 80)}\x07"


def news(jobs: Iterable[Job]) -> str:
    """What these jobs, each just come into its state, have to tell; empty if that is nothing."""
    done, failed, asking, cast = [], [], [], []
    for job in jobs:
        if job.needs_decision:
            asking.append(job)
        elif job.state is State.SAVED:
            done.append(job)
        elif job.state is State.COMPLETED and job.is_final:
            cast.append(job)
        elif job.state in _FAILURES:
            failed.append(job)
    parts = [
        _several(asking, lambda n: ngettext("{count} job needs you", "{count} jobs need you", n)),
        _several(failed, lambda n: ngettext("{count} job failed", "{count} jobs failed", n)),
        _several(done, lambda n: ngettext("{count} clip saved", "{count} clips saved", n)),
        _several(cast, lambda n: ngettext("{count} character made", "{count} characters made", n)),
    ]
    return ", ".join(part for part in parts if part)


def _several(jobs: list[Job], words: Callable[[int], str]) -> str:
    if not jobs:
        return ""
    said = words(len(jobs)).format(count=len(jobs))
    return f"{said}: {clean_line(jobs[0].request.prompt, 60)}" if len(jobs) == 1 else said
