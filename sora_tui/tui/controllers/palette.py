"""What the keys do here, and everything that can be done, found by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from sora_tui.core.problem import ProblemError
from sora_tui.i18n import _
from sora_tui.tui.theme.themes import OURS

if TYPE_CHECKING:
    from sora_tui.tui.context import Context
    from sora_tui.tui.dialogs.command_palette import Entry


class Palette:
    """Opens the help of the active pane, and the palette."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def show_help(self) -> None:
        """Show what the keys do here; enter does it."""
        ui = self._context.ui
        hint = _("Letters act outside text: esc leaves it. Tab goes on, shift+tab back.")
        title = _("Keys: {pane}").format(pane=ui.workbench.active_title)
        self._open(title, _each_key_once(ui.entries_here()), hint)

    def show_all(self) -> None:
        """Show everything that can be done, of all panes, and what there is to choose from."""
        ui, settings, signals = (
            self._context.ui,
            self._context.session.settings,
            self._context.signals,
        )
        server, theme = settings.server.name, ui.theme
        themes = sorted(ui.themes, key=lambda name: (name not in OURS, name))
        use_theme = signals.theme_chosen.publish
        entries = [
            *ui.entries_everywhere(),
            *(_choice(_("Server"), name, server, self._use_server) for name in settings.servers),
            *(_choice(_("Theme"), name, theme, use_theme) for name in themes),
        ]
        self._open(_("What do you want to do?"), entries, "")

    def _use_server(self, name: str) -> None:
        try:
            self._context.session.use_server(name)
        except ProblemError as error:
            self._context.ui.complain(error.problem)

    def _open(self, title: str, entries: Sequence[Entry], hint: str) -> None:
        from sora_tui.tui.dialogs.command_palette import Finder

        self._context.ui.open_dialog(Finder(title, entries, hint=hint), _run)


def _run(entry: Entry | None) -> None:
    if entry is not None:
        entry.run()


def _choice(kind: str, name: str, now: str, use: Callable[[str], object]) -> Entry:
    from sora_tui.tui.dialogs.command_palette import Entry

    return Entry("*" if name == now else "", f"{kind}: {name}", "", partial(use, name))


def _each_key_once(entries: Iterable[Entry]) -> list[Entry]:
    """Keep what the keys do here: an inner table has a key before an outer one."""
    taken: set[str] = set()
    here = []
    for entry in entries:
        free = set(entry.keys.split()) - taken
        taken |= free
        if free:
            here.append(entry)
    return here
