"""What happened since this person's last screen here, said in one line when they come back."""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from sora_tui.config.paths import state_folder
from sora_tui.core.job import State
from sora_tui.i18n import _, ngettext
from sora_tui.tui.presenters.job_columns import JobView, counts
from sora_tui.tui.presenters.job_status import local_time

_ENDED_BADLY = frozenset({State.FAILED, State.REJECTED, State.EXPIRED, State.GONE})


def last_seen(workspace: Path) -> datetime | None:
    """When this person's last screen on a workspace ended, or began where it could not end."""
    try:
        stamp = _mark(workspace).stat().st_mtime
    except OSError:
        return None
    return datetime.fromtimestamp(stamp, UTC)


def mark_seen(workspace: Path) -> None:
    """Remember that this person sees the workspace now, by the clock that the jobs have.

    Raises:
        OSError: the state folder cannot be written; the next welcome counts from an older time.
    """
    mark = _mark(workspace)
    mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    mark.touch(mode=0o600)
    # A touch alone takes the file system's clock, which may be hours from ours.
    now = time.time()
    os.utime(mark, (now, now))


def welcome(
    views: Iterable[JobView], since: datetime | None, draft: datetime | None, now: datetime
) -> str:
    """What to say to somebody who comes back; empty when there is nothing they do not know.

    Args:
        views: The jobs to show.
        since: Their last screen; None: they were never here.
        draft: When the text in the editor was put in safety, if it was never kept in its file.
        now: The present time.
    """
    if since is None:
        return ""
    views = list(views)
    ended = [view.job.state for view in views if view.job.updated_at > since]
    saved, failed = ended.count(State.SAVED), sum(state in _ENDED_BADLY for state in ended)
    running, asking = counts(views)
    parts = [
        (saved, ngettext("{count} clip downloaded", "{count} clips downloaded", saved)),
        (failed, ngettext("{count} failed", "{count} failed", failed)),
        (running, ngettext("{count} still running", "{count} still running", running)),
    ]
    said = [words.format(count=count) for count, words in parts if count]
    if draft is not None:
        said.append(
            _("draft of {time} restored (ctrl+z undoes)").format(time=local_time(draft, now))
        )
    if asking:
        text = ngettext(
            "{count} job needs you: press 4, enter",
            "{count} jobs need you: press 4, enter",
            asking,
        )
        said.append(text.format(count=asking))
    return _("Welcome back: {news}.").format(news=", ".join(said)) if said else ""


def _mark(workspace: Path) -> Path:
    """A file of this person's own whose time is what is remembered; its name tells no path."""
    # Not SHA-256, which brings OpenSSL: two folders of one number share a welcome at most.
    name = f"{zlib.crc32(str(workspace).encode('utf-8', 'surrogateescape')):08x}"
    return state_folder() / "seen" / name
