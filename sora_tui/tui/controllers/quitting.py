"""Leaving: for good, and to the shell for a while. Nothing is lost by either."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from sora_tui.i18n import _

if TYPE_CHECKING:
    from sora_tui.tui.context import Context

#: Two ctrl+c within this many seconds quit.
_TWICE: Final = 2.0
#: Seconds that a paid request in flight may take before the program lets the shell have it.
_LAST_ANSWER: Final = 120.0


class Quitting:
    """Ends the program, or stops it until the shell brings it back."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._interrupted_at = -_TWICE

    def leave(self) -> None:
        """Quit without a question: nothing is lost."""
        self._context.ui.quit()

    def interrupt(self) -> None:
        """Quit at the second ctrl+c."""
        now = time.monotonic()
        if now - self._interrupted_at < _TWICE:
            self._context.ui.quit()
        self._interrupted_at = now
        self._context.ui.say(_("ctrl+c once more quits; jobs lose nothing."))

    def suspend(self) -> None:
        """Stop as the shell does; the folder is free for another program meanwhile."""
        self._context.ui.run(self._suspend, group="suspend", latest=True)

    def _suspend(self) -> None:
        ui, engine = self._context.ui, self._context.session.engine
        ui.from_worker(self._context.signals.suspending.publish, None)
        if engine is not None:
            engine.stop(_LAST_ANSWER)
        ui.from_worker(ui.stop_process)
        if engine is not None:  # here again after fg
            engine.start()
        ui.from_worker(self._context.signals.resumed.publish, None)
