"""What a person learns who looks elsewhere, or comes back: title, notification, welcome."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from sora_tui.core.job import Job
from sora_tui.tui.presenters.job_news import news, set_title, title

if TYPE_CHECKING:
    from sora_tui.tui.context import Context


class Alerts:
    """Writes to the terminal past the screen: the window may be covered by another one."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._title = title(0, 0)
        self._has_welcomed = False
        context.store.changed.subscribe(lambda _changed: self._update_title())
        context.signals.jobs_moved.subscribe(self._notify)
        context.signals.jobs_moved.subscribe(self._note_seen)
        context.signals.terminal_resumed.subscribe(lambda _back: self.show_title())
        context.signals.history_read.subscribe(lambda _read: self._welcome())
        self._update_title()

    # The title of the window ------------------------------------------------------------------

    def _update_title(self) -> None:
        text = title(*self._context.store.counts)
        if text != self._title:
            self._title = text
            self.show_title()

    def show_title(self) -> None:
        """Write the title again: another program may have changed it."""
        self._context.ui.send_sequence(set_title(self._title))

    # A notification ---------------------------------------------------------------------------

    def _notify(self, moved: list[Job]) -> None:
        """Tell of jobs that have just ended or need the person, unless they look at us."""
        text = news(moved)
        session = self._context.session
        if text and session.settings.notify != "off" and not session.has_focus:
            self._context.ui.run(
                partial(self._sequence, text), self._context.ui.send_sequence, group="notify"
            )

    def _sequence(self, text: str) -> str:
        from sora_tui.tui.services.notifier import ask_tmux, notification

        notify = self._context.session.settings.notify
        return notification(text, notify, os.environ, ask_tmux(os.environ))

    def _note_seen(self, moved: list[Job]) -> None:
        """Remember that the person saw these end: a kill must not make news of them."""
        if news(moved) and self._context.session.has_focus is not False:
            self._context.ui.run(self._mark_seen, lambda _done: None, group="seen")

    def _mark_seen(self) -> None:
        from sora_tui.tui.services.last_seen import mark_seen

        with suppress(OSError):  # a state folder that cannot be written: older news comes again
            mark_seen(self._context.session.folder.root)

    # A welcome --------------------------------------------------------------------------------

    def _welcome(self) -> None:
        """Tell what happened since this person's last screen, once the history is read."""
        if not self._has_welcomed:
            self._has_welcomed = True
            self._context.ui.run(self._note_visit, self._show_welcome, group="seen")

    def _note_visit(self) -> datetime | None:
        """Return when the person was here last, and remember that they are here now."""
        from sora_tui.tui.services.last_seen import last_seen, mark_seen

        root = self._context.session.folder.root
        before = last_seen(root)
        with suppress(OSError):  # a state folder that cannot be written: no welcome next time
            mark_seen(root)
        return before

    def _show_welcome(self, before: datetime | None) -> None:
        from sora_tui.tui.presenters.welcome_back import welcome

        context = self._context
        restored, now = context.editor.draft_restored, context.session.clock()
        text = welcome(context.store.newest(), before, restored, now)
        if text:
            context.ui.say(text)
