"""The colours of the screen, and what is remembered of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from sora_tui.i18n import _
from sora_tui.tui.theme.themes import theme_at_start

if TYPE_CHECKING:
    from sora_tui.tui.context import Context

#: Seconds after the last change until it is written: a key held down is one change.
_SETTLED: Final = 1.0


class Appearance:
    """Says at the start which settings of the screen mean nothing."""

    def __init__(self, context: Context) -> None:
        self._context = context
        context.signals.theme_chosen.subscribe(self._use_theme)
        context.memory.changed.subscribe(self._keep_soon)
        self._complain()

    def _complain(self) -> None:
        context = self._context
        said = []
        wished = context.session.settings.screen.theme
        _theme, unknown = theme_at_start(
            context.ui.themes, wished, context.memory.now, os.environ, few_colours=False
        )
        if unknown is not None:
            text = _('There is no theme "{name}"; the palette ({key}) lists them.')
            said.append(text.format(name=unknown, key="^P"))
        if context.own_keys:
            from sora_tui.tui.commands.keymap import complaints

            said += complaints(context.own_keys)
        if said:
            context.ui.say(" ".join(said))

    def _use_theme(self, name: str) -> None:
        """Draw in these colours from now on, next time too."""
        context = self._context
        context.ui.theme = name
        context.memory.set_theme(name, context.session.settings.screen.theme)

    def _keep_soon(self, _changed: None) -> None:
        self._context.ui.every("memory", _SETTLED, self._keep, once=True)

    def _keep(self) -> None:
        self._context.ui.run(self._write, self._kept, group="memory", latest=True)

    def _write(self) -> str:
        """Write; return why that was not possible."""
        try:
            self._context.memory.keep()
        except OSError as error:
            return error.strerror or ""
        return ""

    def _kept(self, reason: str) -> None:
        if reason:
            text = _("The layout holds for this time only: {reason}")
            self._context.ui.say(text.format(reason=reason))
