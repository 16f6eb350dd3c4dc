"""The window over the workbench with every key."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from sora_tui.i18n import N_, _
from sora_tui.tui.keys import KEYS

_WINDOW_CSS = """
{name} {{ align: center middle; background: $background 60%; }}
{name} > .window {{
    border: solid $border;
    background: $surface;
    width: 78;
    max-width: 100%;
    height: auto;
    max-height: 100%;
    padding: 0 1;
}}
"""


class HelpWindow(ModalScreen[None]):
    """Every key of the table, and the ways of the lists and the text."""

    DEFAULT_CSS = _WINDOW_CSS.format(name="HelpWindow")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f1,question_mark,enter", "dismiss", N_("Close"), show=False)
    ]

    def compose(self) -> ComposeResult:
        """One text that scrolls."""
        with VerticalScroll(classes="window") as window:
            yield Static(_help_text(), markup=False)
        window.border_title = Content(_("Keys"))
        window.border_subtitle = Content(_("esc closes"))


def _help_text() -> Content:
    rows = [(key.shown, _(key.words)) for key in KEYS]
    rows += [
        ("tab  shift+tab", _("Next and previous field or pane")),
        ("←  →", _("In the settings: known values; typing gives any other")),
        ("↑ ↓  j k  g G", _("In a list: move; enter chooses")),
    ]
    wide = max(len(shown) for shown, _words in rows) + 3
    lines = [Content.styled(f"{shown:<{wide}}", "bold $accent") + words for shown, words in rows]
    hint = _("Single keys act outside text: esc leaves the text first.")
    return Content("\n").join([*lines, Content(""), Content.styled(hint, "$foreground-muted")])
