"""Where everything stands: banner, tabs, panes, job strip, status and keys at any terminal size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from sora_tui.config.memory import Layout
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _, ngettext
from sora_tui.tui.commands.table import first_key
from sora_tui.tui.intent import Intent
from sora_tui.tui.layout.arrangement import (
    SMALLEST,
    Shape,
    has_jobs_below,
    resized,
    room_at,
    shape_of,
)
from sora_tui.tui.panes.editor.pane import EditorPane
from sora_tui.tui.panes.jobs import JobsPane
from sora_tui.tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from sora_tui.core.server import Server
    from sora_tui.tui.layout.too_small import Notice
    from sora_tui.tui.panes.inspector.pane import InspectorPane
    from sora_tui.tui.panes.prompts import PromptsPane
    from sora_tui.tui.panes.references import ReferencesPane
    from sora_tui.tui.state.draft import Draft

#: Pane names in the order of their numbers.
PANES: Final[Mapping[str, str]] = {
    "prompts": N_("Prompts"),
    "references": N_("References"),
    "editor": N_("Editor"),
    "jobs": N_("Jobs"),
    "inspector": N_("Inspector"),
}
_NUMBERED: Final = tuple(enumerate(PANES.items(), 1))
#: The two panes that share a column.
_SIDE: Final = frozenset({"prompts", "references"})
_USUAL: Final = Layout()
_NO_KEYS: Final[Mapping[str, str]] = {}
#: From so many columns on the banner says more.
_WIDE: Final = 150


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


class Banner(Widget):
    """Which server the next clip goes to. Word and colour differ for practice and for money."""

    def __init__(self, key: str, *, id: str) -> None:
        super().__init__(id=id)
        self._key = key
        self._server: Server | None = None
        self._paid = False
        self._counts = (0, 0)
        self._today = ""

    def show(self, server: Server, *, paid: bool = False) -> None:
        """Name the server; one that charges says so in word and colour."""
        if (server, paid) != (self._server, self._paid):
            self._server, self._paid = server, paid
            # Styled when it is mounted.
            self.set_class(server.simulated, "-simulated", update=self.is_attached)
            self.set_class(paid, "-paid", update=self.is_attached)
            self.refresh()

    def show_counts(self, running: int, needs_you: int) -> None:
        """How many jobs run and wait for the person, where there is room."""
        if (running, needs_you) != self._counts:
            self._counts = (running, needs_you)
            self.refresh()

    def show_today(self, today: str) -> None:
        """What the day has cost, in words."""
        if today != self._today:
            self._today = today
            self.refresh()

    def render(self) -> Content:
        """One line, the name of the server always in it."""
        server = self._server
        if server is None:
            return Content(" sora-tui")
        if server.simulated:
            word, words = _("SIMULATOR"), _("practice server here; nothing is charged")
            right = _("{key} real").format(key=self._key)
        else:
            word = clean_line(server.name, 30)
            place = server.base_url if self.size.width >= _WIDE else server.host
            words = "  ".join(clean_line(part, 60) for part in (place, server.dialect))
            way = _("paid  {key} server") if self._paid else _("{key} server")
            right = self._today or way.format(key=self._key)
        width = self.size.width
        left = Content.assemble((" sora-tui  ", ""), (f" {word} ", "bold reverse"), f"  {words}")
        if width >= _WIDE:
            right = f"{_counts_words(*self._counts)}   {right}"
        room = width - len(right) - 2
        left = left.truncate(max(room, 0), ellipsis=True, pad=True)
        return Content.assemble(left, " ", right, " ")


def _counts_words(running: int, needs_you: int) -> str:
    parts = [ngettext("{count} running", "{count} running", running).format(count=running)]
    if needs_you:
        parts.append(
            ngettext("{count} needs you", "{count} need you", needs_you).format(count=needs_you)
        )
    return "  ".join(parts)


class TabChosen(Intent):
    """A click on a pane's name."""

    owner = "panes"
    method = "open_tab"

    def __init__(self, pane: str) -> None:
        super().__init__()
        self.pane = pane


class TabLine(Widget):
    """The panes by number; the one with the focus in brackets, so not by colour alone."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._active = "editor"
        self._file = ""

    def show(self, active: str, file: str) -> None:
        """Which pane is in front, and which file is in the editor."""
        if (active, file) != (self._active, self._file):
            self._active, self._file = active, file
            self.refresh()

    def render(self) -> Content:
        """Names in full where they fit, their numbers anyway; the file where there is room."""
        line = Content(" ")
        for name, label in self._labels():
            style = "bold $text-accent" if name == self._active else "$foreground-muted"
            line += Content.styled(label, style) + "  "
        room = self.size.width - line.cell_length - 1
        file = clean_line(self._file.removeprefix("prompts/"), 60)
        return line + Content(f"{file:>{room}} ") if len(file) <= room else line

    def on_click(self, event: events.Click) -> None:
        """Go to the pane that was clicked."""
        end = 1
        for name, label in self._labels():
            end += len(label) + 2
            if event.x < end:
                self.post_message(TabChosen(name))
                return

    def _labels(self) -> list[tuple[str, str]]:
        words = {name: f"{number} {_(words)}" for number, (name, words) in _NUMBERED}
        if sum(len(label) + 2 for label in words.values()) > self.size.width - 3:
            numbers = {name: str(number) for number, (name, _words) in _NUMBERED}
            words = numbers | {self._active: words[self._active]}
        return [(n, f"[{label}]" if n == self._active else label) for n, label in words.items()]


class StatusLine(Static):
    """What the highlighted job says, or what the app has just done."""

    class WidthChanged(Message):
        """What the job says may be said in other words."""

    def __init__(self, *, id: str) -> None:
        super().__init__("", id=id, markup=False)
        self._width = 0
        self._job = ""
        self._said = ""

    def show_job(self, text: str) -> None:
        """What the highlighted job says; seen while the app has nothing to say."""
        if text != self._job:
            self._job = text
            self._draw()

    def say(self, text: str) -> None:
        """What the app has to say; empty gives the line back to the job."""
        if text != self._said:
            self._said = text
            self.set_class(bool(text), "-said")
            self._draw()

    def on_resize(self, event: events.Resize) -> None:
        """Another width breaks it elsewhere, and has room for more words, or less."""
        before, self._width = self._width, event.size.width
        if self._width != before and (self._said or self._job):
            self._draw()
            self.post_message(self.WidthChanged())

    def _draw(self) -> None:
        self.update(whole_words(self._said or self._job, self.app.size.width - 2))


def whole_words(text: str, width: int) -> str:
    """A text for `width` cells; with a path or a command in it broken at the edge only."""
    width = max(width, 1)
    if max((len(word) for word in text.split()), default=0) <= width // 2:
        return text
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))


class Ground(Screen[None]):
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
        self.editor = EditorPane(id="editor", classes="pane")
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
        self._notice: Notice | None = None
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

    def arrange_anew(self) -> None:
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
        if shape is Shape.NOTICE:
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
        from sora_tui.tui.layout.too_small import Notice

        if self._notice is None:
            self._notice = Notice()
            if self.is_mounted:
                self.mount(self._notice)
        self._notice.display = True
        self._notice.show_size(size)

    def _arrange(self, size: Size) -> None:
        """Show what this size holds. Inline styles only: a class would restyle every widget."""
        if shape_of(size) is Shape.NOTICE:
            self._show_notice(size)
            # Under the notice everything stays, or what is typed would lose its place.
            size = SMALLEST
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
