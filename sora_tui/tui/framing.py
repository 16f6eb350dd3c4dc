"""The framing half of the screen: its colours, signs and keys, and how the panes share the room."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.filter import ANSIToTruecolor, LineFilter
from textual.screen import Screen

from sora_tui.config.screen import is_ascii_wanted, takes_utf8
from sora_tui.config.settings import Settings
from sora_tui.tui.commands import table as keys
from sora_tui.tui.layout.workbench import Ground, Workbench
from sora_tui.tui.state.session import utc_now
from sora_tui.tui.theme.themes import OURS, theme_at_start
from sora_tui.tui.writing import WritingApp
from sora_tui.workspace.folder import Folder

if TYPE_CHECKING:
    from sora_tui.tui.engine_api import EngineApi

#: Seconds after the last change until it is written: a key held down is one change.
_SETTLED: Final = 1.0


class FramedApp(WritingApp, part=True):
    """Looks and listens as the person wants it, and remembers what was changed on the screen."""

    KEYS: ClassVar[tuple[keys.Key, ...]] = keys.KEYS
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings(keys.KEYS)]

    def __init__(
        self,
        settings: Settings,
        folder: Folder,
        *,
        crash_folder: Path,
        make_engine: Callable[[Settings, Folder], EngineApi],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(
            settings, folder, crash_folder=crash_folder, make_engine=make_engine, clock=clock
        )
        own_keys = self.context.own_keys
        if own_keys:
            self.set_keymap(own_keys)
        taken = [key.keys for key in keys.KEYS] + list(own_keys.values())
        self.alt_keys = [name for each in taken for name in each.split(",") if "alt+" in name]
        self._ascii: LineFilter | None = None
        if is_ascii_wanted(settings.screen.signs, os.environ):
            from sora_tui.tui.terminal.ascii_filter import AsciiFilter

            self._ascii = AsciiFilter(letters=takes_utf8(os.environ))
        for theme in OURS.values():
            self.register_theme(theme)
        # Textual took TEXTUAL_THEME for its own before ours were known to it.
        self.set_reactive(FramedApp.theme, "")
        self.theme, _unknown = theme_at_start(
            self.available_themes,
            settings.screen.theme,
            self.context.memory.now,
            os.environ,
            few_colours=self.no_color or self.console.color_system in {None, "standard"},
        )

    def refresh_css(self, animate: bool = True) -> None:
        """Style all anew in other colours; before the first widget there is nothing to style."""
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    def get_default_screen(self) -> Screen[None]:
        """What everything stands on."""
        return Ground(id="_default")

    def compose(self) -> ComposeResult:
        """One widget that arranges all others."""
        bench = Workbench(
            self.context.memory.now.layout, self.context.own_keys, ascii=self._ascii is not None
        )
        # Before it is mounted: later it would be styled once more.
        bench.banner.show(self.settings.server)
        yield bench

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's, and the one that draws in ASCII."""
        # This one puts true colours in place of the terminal's own, which only themes have where it
        # sleeps; and it makes a second strip of every line.
        filters = [f for f in super().get_line_filters() if not isinstance(f, ANSIToTruecolor)]
        return filters if self._ascii is None else [*filters, self._ascii]
