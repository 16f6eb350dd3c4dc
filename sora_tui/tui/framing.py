"""The framing half of the screen: its colours, signs and keys, and how the panes share the room."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.dom import DOMNode
from textual.filter import ANSIToTruecolor, LineFilter
from textual.screen import Screen

from sora_tui.config.memory import recall, remember
from sora_tui.config.screen import is_ascii_wanted, takes_utf8
from sora_tui.config.settings import Settings
from sora_tui.i18n import _
from sora_tui.tui.commands import table as keys
from sora_tui.tui.layout.workbench import PANES, Ground, Workbench
from sora_tui.tui.state.session import utc_now
from sora_tui.tui.theme.themes import OURS, theme_at_start
from sora_tui.tui.widgets.virtual_list import VirtualList
from sora_tui.tui.writing import WritingApp
from sora_tui.workspace.folder import Folder

if TYPE_CHECKING:
    from sora_tui.tui.dialogs.command_palette import Entry
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
        self.memory = recall(folder.root)
        self._memory_kept = self.memory
        self._own_keys: dict[str, str] = {}
        if settings.screen.keys:
            from sora_tui.tui.commands.keymap import normal

            self._own_keys = {id: normal(keys) for id, keys in settings.screen.keys.items()}
            self.set_keymap(self._own_keys)
        taken = [key.keys for key in keys.KEYS] + list(self._own_keys.values())
        self.alt_keys = [name for each in taken for name in each.split(",") if "alt+" in name]
        self._ascii: LineFilter | None = None
        if is_ascii_wanted(settings.screen.signs, os.environ):
            from sora_tui.tui.terminal.ascii_filter import AsciiFilter

            self._ascii = AsciiFilter(letters=takes_utf8(os.environ))
        for theme in OURS.values():
            self.register_theme(theme)
        # Textual took TEXTUAL_THEME for its own before ours were known to it.
        self.set_reactive(FramedApp.theme, "")
        self.theme, self._no_theme = theme_at_start(
            self.available_themes,
            settings.screen.theme,
            self.memory,
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
        bench = Workbench(self.memory.layout, self._own_keys, ascii=self._ascii is not None)
        # Before it is mounted: later it would be styled once more.
        bench.banner.show(self.settings.server)
        yield bench

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's, and the one that draws in ASCII."""
        # This one puts true colours in place of the terminal's own, which only themes have where it
        # sleeps; and it makes a second strip of every line.
        filters = [f for f in super().get_line_filters() if not isinstance(f, ANSIToTruecolor)]
        return filters if self._ascii is None else [*filters, self._ascii]

    def complain_of_frame(self) -> None:
        """Say which settings of the screen mean nothing."""
        said = []
        if self._no_theme is not None:
            text = _('There is no theme "{name}"; the palette ({key}) lists them.')
            said.append(text.format(name=self._no_theme, key="^P"))
        if self._own_keys:
            from sora_tui.tui.commands.keymap import complaints

            said += complaints(self._own_keys)
        if said:
            self.say(" ".join(said))

    # What a person changes --------------------------------------------------------------------

    def action_zoom(self) -> None:
        """Give the active pane the whole screen, or give it back."""
        self.bench.toggle_zoom()
        self.retune()

    def action_resize_pane(self, columns: int, rows: int) -> None:
        """Make the active pane wider and higher."""
        self.bench.resize_active(columns, rows)
        self._remember_layout()

    def action_arrange_anew(self) -> None:
        """Show all panes at their usual size."""
        self.bench.arrange_anew()
        self.retune()
        self._remember_layout()

    def action_hide_pane(self) -> None:
        """Put the active pane out of sight."""
        hidden = self.bench.active
        if hidden == "editor":
            self.say(_("The editor stays; 1, 2, 4 and 5 go to panes that can be hidden."))
            return
        self.bench.hide_active()
        # Into the text only if nothing else is left: who pressed a letter means the next one so.
        rest = self.bench.seen - {hidden, "editor"}
        self.action_pane(next((name for name in ("jobs", *PANES) if name in rest), "editor"))
        self._remember_layout()

    def action_pane(self, name: str) -> None:
        """Go to a pane."""
        self.bench.show_pane(name)
        pane = self.bench.active_pane
        if pane is not None:
            pane.focus_pane()
        self.retune()
        self.read_document()
        self._remember_layout()

    def use_theme(self, name: str) -> None:
        """Draw in these colours from now on, next time too."""
        self.theme = name
        wished = self.settings.screen.theme
        self.memory = self.memory._replace(theme=name, instead_of=wished)
        self._keep_soon()

    # Finding ----------------------------------------------------------------------------------

    def action_help(self) -> None:
        """What the keys do here; enter does it."""
        from sora_tui.tui.widgets.scroll_text import LongText

        chain = [self] if self.focused is None else self.focused.ancestors_with_self
        # The pane's own keys, then those of everywhere; how lists move is known to most.
        shared = [node for node in chain if isinstance(node, VirtualList | LongText)]
        nodes = [*(node for node in chain if node not in shared), *shared]
        hint = _("Letters act outside text: esc leaves it. Tab goes on, shift+tab back.")
        title = _("Keys: {pane}").format(pane=_(PANES[self.bench.active]))
        self._find(title, _each_key_once(self._offers(nodes)), hint)

    def action_palette(self) -> None:
        """Everything that can be done, of all panes, and what there is to choose from."""
        bench = self.bench
        panes = (bench.prompts, bench.references, bench.editor, bench.jobs, bench.inspector)
        offers = self._offers([self, *(pane for pane in panes if pane is not None)])
        offers += [
            self._choice(_("Server"), name, self.settings.server.name, self.use_server)
            for name in self.settings.servers
        ]
        offers += [
            self._choice(_("Theme"), name, self.theme, self.use_theme)
            for name in sorted(self.available_themes, key=lambda name: (name not in OURS, name))
        ]
        self._find(_("What do you want to do?"), offers, "")

    def _choice(self, kind: str, name: str, now: str, use: Callable[[str], object]) -> Entry:
        from sora_tui.tui.dialogs.command_palette import Entry

        return Entry("*" if name == now else "", f"{kind}: {name}", "", partial(use, name))

    def _offers(self, nodes: Iterable[DOMNode]) -> list[Entry]:
        from sora_tui.tui.dialogs.command_palette import entries_of

        def run(action: str, node: DOMNode) -> object:
            return self.call_later(self.run_action, action, node)

        return entries_of(nodes, self._own_keys, run)

    def _find(self, title: str, offers: Sequence[Entry], hint: str) -> None:
        from sora_tui.tui.dialogs.command_palette import Finder

        def chosen(entry: Entry | None) -> None:
            if entry is not None:
                entry.run()

        self.push_screen(Finder(title, offers, hint=hint), chosen)

    # Memory -----------------------------------------------------------------------------------

    def _remember_layout(self) -> None:
        self.memory = self.memory._replace(layout=self.bench.arranged)
        self._keep_soon()

    def _keep_soon(self) -> None:
        if self.memory != self._memory_kept:
            self.restart("memory", _SETTLED, self._keep, once=True)

    @work(thread=True, group="memory", exclusive=True)
    def _keep(self) -> None:
        try:
            self.keep_memory()
        except OSError as error:
            text = _("The layout holds for this time only: {reason}")
            self.call_from_thread(self.say, text.format(reason=error.strerror))

    def keep_memory(self) -> None:
        """Write down what was changed.

        Raises:
            OSError: It cannot be written.
        """
        if self.memory != self._memory_kept:
            remember(self.folder.root, self.memory)
            self._memory_kept = self.memory


def _each_key_once(offers: Iterable[Entry]) -> list[Entry]:
    """What the keys do here: an inner table has a key before an outer one."""
    taken: set[str] = set()
    here = []
    for offer in offers:
        free = set(offer.keys.split()) - taken
        taken |= free
        if free:
            here.append(offer)
    return here
