"""What happened since this person's last screen here, said in one line when they come back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sora_tui.core.job import State
from sora_tui.i18n import _, ngettext
from sora_tui.i18n.formatting import time_or_minute
from sora_tui.tui.state.job_view import JobView, counts

_ENDED_BADLY = frozenset({State.FAILED, State.REJECTED, State.EXPIRED, State.GONE})


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
            _("draft of {time} restored (ctrl+z undoes)").format(time=time_or_minute(draft, now))
        )
    if asking:
        text = ngettext(
            "{count} job needs you: press 4, enter",
            "{count} jobs need you: press 4, enter",
            asking,
        )
        said.append(text.format(count=asking))
    return _("Welcome back: {news}.").format(news=", ".join(said)) if said else ""
