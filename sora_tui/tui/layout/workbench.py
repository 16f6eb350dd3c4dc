"""Where everything stands: banner, tabs, panes, job strip, status and keys at any terminal size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget

from sora_tui.core.pane_layout import Layout
from sora_tui.i18n import _
from sora_tui.tui.commands.table import first_key
from sora_tui.tui.layout.arrangement import (
    PANES,
    Shape,
    has_jobs_below,
    resized,
    room_at,
    shape_of,
)
from sora_tui.tui.layout.banner import Banner
from sora_tui.tui.layout.status_bar import StatusLine
from sora_tui.tui.layout.tab_bar import TabLine
from sora_tui.tui.panes.editor.pane import EditorPane
from sora_tui.tui.panes.jobs import JobsPane
from sora_tui.tui.state.smallest_terminal import SMALLEST
from sora_tui.tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from sora_tui.tui.layout.too_small import TooSmall
    from sora_tui.tui.panes.inspector.pane import InspectorPane
    from sora_tui.tui.panes.prompts import PromptsPane
    from sora_tui.tui.panes.references import ReferencesPane
    from sora_tui.tui.state.draft import Draft

#: The two panes that share a column.
_SIDE: Final = frozenset({"prompts", "references"})
_USUAL: Final = Layout()
_NO_KEYS: Final[Mapping[str, str]] = {}


class Pane(Protocol):
    """What every pane offers the workbench."""

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """What can be done now, the most useful first: a command or a key, and a message id."""

    def focus_pane(self) -> None:
        """Take the keys."""


class PaneWidget(Pane, Protocol):
    """A pane as the arrangement sees it."""

    display: bool


class MainScreen(Screen[None]):
    """What the workbench stands on. It is covered, so its own lines are not worth drawing."""

    BLANK = True
    _resumed = False

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Style all anew when it comes back; the first time all has just been styled."""
        event.refresh_styles = self._resumed
        self._resumed = True


class Row(Horizontal):
    """Panes side by side, which cover it."""

    BLANK = True


class Column(Vertical):
    """Panes one below the other, which cover it."""

    BLANK = True


class Workbench(Widget):
    """All panes in one tree; a terminal's size decides which of them are seen."""

    BLANK = True
    DEFAULT_CSS = """
    Workbench { layout: vertical; layers: panes notice; }
    Workbench > #banner { height: 1; background: $primary-muted; color: $text-primary; }
    Workbench > #banner.-simulated { background: $success-muted; color: $text-success; }
    Workbench > #banner.-paid { background: $warning-muted; color: $text-warning; }
    Workbench > #tabs { height: 1; }
    Workbench > #status { height: auto; max-height: 3; padding: 0 1; color: $foreground-muted; }
    Workbench > #status.-said { color: $text; }
    Workbench > #upper { height: 1fr; }
    Workbench .pane {
        border: solid $border-blurred;
        border-title-color: $foreground-muted;
        border-subtitle-color: $foreground-muted;
        border-subtitle-align: left;
        height: 1fr;
    }
    Workbench .pane:focus, Workbench .pane:focus-within {
        border: solid $border;
        border-title-color: $foreground;
        border-title-style: bold;
    }
    Workbench:nocolor .pane:focus, Workbench:nocolor .pane:focus-within { border: heavy $border; }
    Workbench:ansi > #banner { background: $background; text-style: reverse; }
    Workbench #jobs.-strip, Workbench #jobs.-strip:focus-within { border: none; }
    Workbench #editor { width: 1fr; }
    """

    def __init__(
        self,
        layout: Layout = _USUAL,
        own_keys: Mapping[str, str] = _NO_KEYS,
        *,
        ascii: bool = False,
    ) -> None:
        """Make the workbench.

        Args:
            layout: How the person has arranged it.
            own_keys: Keys by id, where the person has others than the tables.
            ascii: Signs of ASCII letters only.
        """
        super().__init__(id="workbench")
        self.active = "editor"
        self.zoomed = False
        #: How the person has arranged it by now.
        self.arranged = layout
        self._ascii = ascii
        self.banner = Banner(first_key("server", own_keys), id="banner")
        taken = {key for keys in own_keys.values() for key in keys.split(",")}
        self.editor = EditorPane(id="editor", classes="pane", taken=taken)
        self.jobs = JobsPane(id="jobs", classes="pane", ascii=ascii)
        self.status = StatusLine(id="status")
        #: These come with `grow`.
        self.prompts: PromptsPane | None = None
        self.references: ReferencesPane | None = None
        self.inspector: InspectorPane | None = None
        self._tabs = TabLine(id="tabs")
        self._side = Column(id="side")
        self._beyond = Column(id="beyond")
        self._upper = Row(self._side, self.editor, self._beyond, id="upper")
        self._keys = KeyBar(own_keys, id="keys")
        self._notice: TooSmall | None = None
        self._front = "editor"
        #: The last pane but editor and jobs, and the last of those that share a column.
        self._beside = "prompts"
        self._at_side = "prompts"
        self._file: str | None = None

    def compose(self) -> ComposeResult:
        """What the first frame needs; `grow` brings the rest."""
        # Before they are mounted: every change after that is another layout of the first frame.
        self._arrange(self.app.size)
        yield from (self.banner, self._tabs, self._upper, self.jobs, self.status, self._keys)
        if self._notice is not None:
            yield self._notice

    async def grow(self) -> None:
        """Bring the panes that the first frame can do without."""
        from sora_tui.tui.panes.inspector.pane import InspectorPane
        from sora_tui.tui.panes.prompts import PromptsPane
        from sora_tui.tui.panes.references import ReferencesPane

        self.prompts = PromptsPane(id="prompts")
        self.references = ReferencesPane(id="references", ascii=self._ascii)
        self.inspector = InspectorPane(id="inspector", ascii=self._ascii)
        for pane in (self.prompts, self.references, self.inspector):
            pane.add_class("pane")
        self._arrange(self.size)
        await self._side.mount(self.prompts, self.references)
        await self._beyond.mount(self.inspector)
        self.prompts.set_current(self._file)

    @property
    def seen(self) -> set[str]:
        """The names of the panes in sight."""
        return self.panes_at(self.size)

    @property
    def active_pane(self) -> Pane | None:
        """The pane in front; None while it is still on its way."""
        return self._panes[self.active]

    @property
    def active_title(self) -> str:
        """What the pane in front is called."""
        return _(PANES[self.active])

    @property
    def panes(self) -> list[Widget]:
        """Every pane that has come."""
        panes = (self.prompts, self.references, self.editor, self.jobs, self.inspector)
        return [pane for pane in panes if pane is not None]

    @property
    def _panes(self) -> Mapping[str, PaneWidget | None]:
        return {
            "prompts": self.prompts,
            "references": self.references,
            "editor": self.editor,
            "jobs": self.jobs,
            "inspector": self.inspector,
        }

    # Values -----------------------------------------------------------------------------------

    def show_file(self, file: str | None) -> None:
        """Which prompt file is in the editor."""
        self._file = file
        self._tabs.show(self.active, file or "")
        if self.prompts is not None:
            self.prompts.set_current(file)

    def show_choices(self, draft: Draft) -> None:
        """What was chosen in the editor, for the pictures beside it."""
        if self.references is not None:
            self.references.set_size(draft.size)
            self.references.set_chosen(draft.reference)
            self.references.set_fit(draft.fit)

    def show_question(self) -> bool:
        """Bring a question that waits by the prompt into sight; return whether there is one."""
        if self.editor.asking:
            self.status.say(_("A question waits for its answer by the prompt."))
            self.show_pane("editor")
            self.editor.focus_pane()
        return self.editor.asking

    def show_keys(self) -> None:
        """The keys of the active pane in the last line."""
        pane = self.active_pane
        alone = any(
            asked is not None and asked is pane and asked.asking
            for asked in (self.editor, self.jobs, self.inspector)
        )
        self._keys.show(() if pane is None else pane.keys, alone=alone)

    def on_picture_highlighted(self) -> None:
        """Offer the keys of another picture."""
        self.show_keys()

    def on_inspector_turned(self) -> None:
        """Offer the keys of the page in front."""
        self.show_keys()

    # Arrangement ------------------------------------------------------------------------------

    def show_pane(self, name: str) -> None:
        """Bring a pane into sight; the focus is the app's business."""
        self.active = name
        if name != "jobs":
            self._front = name
            if name != "editor":
                self._beside = name
        if name in _SIDE:
            self._at_side = name
        hidden = tuple(each for each in self.arranged.hidden if each != name)
        self.arranged = self.arranged._replace(hidden=hidden)
        self._arrange(self.size)
        self._tabs.show(name, self._file or "")
        self.show_keys()

    def hide_active(self) -> None:
        """Put the active pane out of sight until somebody goes there; the app goes elsewhere."""
        hidden = dict.fromkeys((*self.arranged.hidden, self.active))
        self.arranged = self.arranged._replace(hidden=tuple(hidden))

    def resize_active(self, columns: int, rows: int) -> None:
        """Make the active pane wider and higher, as far as the others can give."""
        if not self.zoomed:
            layout, seen = self.arranged, self.seen
            change = {"columns": columns, "rows": rows}
            self.arranged = resized(layout, self.size, seen, self.active, **change)
            self._arrange(self.size)

    def reset_arrangement(self) -> None:
        """All panes in sight, with the room that the size gives them."""
        self.arranged = Layout()
        self._arrange(self.size)

    def toggle_zoom(self) -> None:
        """Give the active pane everything, or give it back."""
        self.zoomed = not self.zoomed
        self._arrange(self.size)

    def on_resize(self) -> None:
        """Another terminal, another arrangement."""
        self._arrange(self.size)

    def panes_at(self, size: Size) -> set[str]:
        """The names of the panes that a terminal of this size shows now."""
        shape = shape_of(size)
        if shape is Shape.TOO_SMALL:
            return set()
        if self.zoomed or not has_jobs_below(size):
            return {self.active}
        panes = {
            Shape.ONE: {"jobs"},
            Shape.TALL: {"editor", self._beside, "jobs"},
            Shape.TWO: {"editor", self._beside, "jobs"},
            Shape.WIDE: {"editor", self._at_side, "inspector", "jobs"},
        }.get(shape, set(PANES))
        front = {self._front} if shape is Shape.ONE else {self.active}
        return (panes - set(self.arranged.hidden)) | front | {self.active}

    def _show_notice(self, size: Size) -> None:
        from sora_tui.tui.layout.too_small import TooSmall

        if self._notice is None:
            self._notice = TooSmall()
            if self.is_mounted:
                self.mount(self._notice)
        self._notice.display = True
        self._notice.show_size(size)

    def _arrange(self, size: Size) -> None:
        """Show what this size holds. Inline styles only: a class would restyle every widget."""
        if shape_of(size) is Shape.TOO_SMALL:
            self._show_notice(size)
            # Under the notice everything stays, or what is typed would lose its place.
            size = Size(*SMALLEST)
        elif self._notice is not None:
            self._notice.display = False
        shape, seen = shape_of(size), self.panes_at(size)
        for name, pane in self._panes.items():
            if pane is not None:
                pane.display = name in seen
        upper = seen - {"jobs"}
        room = room_at(size, self.arranged, seen)
        self._upper.display = bool(upper)
        self._upper.styles.layout = "vertical" if shape is Shape.TALL else "horizontal"
        shares = "editor" in upper and shape is not Shape.TALL
        self._side.display = bool(upper & _SIDE)
        self._side.styles.width = room.side if shares else "1fr"
        self._beyond.display = "inspector" in upper
        self._beyond.styles.width = room.inspector if shares else "1fr"
        self.editor.styles.height = "2fr" if shape is Shape.TALL else "1fr"
        self.jobs.set_class(shape is Shape.ONE, "-strip")
        self.jobs.styles.height = room.jobs if upper else "1fr"
        self._tabs.display = shape is not Shape.ALL
