"""The window of the servers: which one gets the next clip; add, edit, test and remove one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Literal

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from sora_tui.core.problem import Problem
from sora_tui.core.server import Server
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _
from sora_tui.i18n.answers import yes_key
from sora_tui.i18n.probe_result import Line
from sora_tui.i18n.problems import sentences
from sora_tui.tui.dialogs.server_form import result_text
from sora_tui.tui.intent import Intent
from sora_tui.tui.widgets.virtual_list import Cell, Column, VirtualList

#: The last row, which is no profile: a name cannot be empty.
_ADD: Final = ""

Verb = Literal["add", "edit", "remove"]


class ServerChangeWanted(Intent):
    """The person wants a profile added, changed or, having agreed, removed."""

    owner = "servers"
    method = "change"

    def __init__(self, verb: Verb, name: str) -> None:
        super().__init__()
        self.verb: Verb = verb
        self.name = name


class ServerTestWanted(Intent):
    """The person wants a server tested; `ServerWindow.show_result` takes what was found."""

    owner = "servers"
    method = "test"

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server


class ServerWindow(ModalScreen[str | None]):
    """The profiles; enter sends the next clip there."""

    DEFAULT_CSS = """
    ServerWindow { align: center middle; background: $background 60%; }
    ServerWindow > .window {
        border: solid $border; background: $surface; width: 78; max-width: 100%;
        height: auto; max-height: 100%; padding: 0 1;
    }
    ServerWindow VirtualList { max-height: 10; min-height: 2; }
    ServerWindow VerticalScroll { height: auto; max-height: 10; margin: 1 0 0 0; }
    ServerWindow #said { height: auto; color: $foreground-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f2", "leave", N_("Close"), show=False),
        Binding("a", "want('add')", N_("Add a server"), show=False),
        Binding("e", "want('edit')", N_("Edit this server"), show=False),
        Binding("t", "test", N_("Test this server"), show=False),
        Binding("d,delete", "remove", N_("Remove this server"), show=False),
    ]

    def __init__(
        self,
        servers: Sequence[Server],
        current: str,
        files: Mapping[str, str],
        own_place: str,
    ) -> None:
        """These profiles.

        Args:
            servers: The profiles to list.
            current: The name of the one that gets the next clip.
            files: Where each is written (`Settings.files`).
            own_place: The file that may be changed from here.
        """
        super().__init__()
        self._own_place = own_place
        self._asking = ""
        self._moves_by_itself = False
        self._servers: dict[str, Server] = {}
        self._files = dict(files)
        self._current = current
        self._take(servers)
        self._list = VirtualList(
            (
                Column("now", "", 1),
                Column("name", "", 13),
                Column("place", "", None, min_width=20),
                Column("dialect", "", 10, drop=1),
                Column("key", "", 13, drop=2),
            ),
            self._row,
        )

    def compose(self) -> ComposeResult:
        """The list, and below it what there is to say."""
        with Vertical(classes="window") as window:
            yield self._list
            with VerticalScroll(can_focus=False):
                yield Static("", id="said", markup=False)
        window.border_title = Content(_("Server for the next clip"))
        window.border_subtitle = Content(_("enter use  a add  e edit  t test  d remove  esc back"))

    def on_mount(self) -> None:
        """The cursor stands on the one in use."""
        self._show_rows()
        self._list.move_to(self._current)
        self._list.focus()

    def show(
        self, servers: Sequence[Server], current: str, files: Mapping[str, str], message: str
    ) -> None:
        """The profiles as they are now, and what was done; the cursor goes to a new one."""
        before, stood_on = set(self._servers), self._list.cursor_id
        self._files, self._current = dict(files), current
        self._take(servers)
        self._show_rows()
        for name in self._servers.keys() - before:
            self._list.move_to(name)
        self._list.update_rows()
        # The cursor that moves by itself says nothing over what was done.
        self._moves_by_itself = self._list.cursor_id != stood_on
        self.say(message)

    # Keys -------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """While a question stands, the next key is its answer, and nothing else."""
        if self._asking:
            name, self._asking = self._asking, ""
            event.stop()
            event.prevent_default()
            if event.character == yes_key():
                self.say("")
                self.post_message(ServerChangeWanted("remove", name))
            else:
                self.say(_("Nothing was removed."))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No binding takes the answer to a question."""
        return not self._asking

    def action_leave(self) -> None:
        """The server stays as it is."""
        self.dismiss(None)

    def action_want(self, verb: Verb) -> None:
        """Add one, or change the one under the cursor."""
        name = "" if verb == "add" else (self._list.cursor_id or "")
        if verb == "edit" and not name:
            verb = "add"
        if verb == "add" or self._is_ours(name):
            self.post_message(ServerChangeWanted(verb, name))

    def action_remove(self) -> None:
        """Ask first."""
        name = self._list.cursor_id
        if name and self._is_ours(name):
            self._asking = name
            self.say(
                _(
                    "Remove {name}? Jobs that were sent there stay. y remove, any other key: no"
                ).format(name=clean_line(name, 40))
            )

    def action_test(self) -> None:
        """Ask the server under the cursor a few free questions."""
        name = self._list.cursor_id
        if name:
            self.say(_("Asking {name} ...").format(name=clean_line(name, 40)))
            self.post_message(ServerTestWanted(self._servers[name]))

    def show_result(self, name: str, lines: Sequence[Line]) -> None:
        """Show what a test found, while the cursor stands on its server."""
        if self.is_attached and self._list.cursor_id == name:
            self._show_message(Content(f"{clean_line(name, 40)}: ") + result_text(lines))

    @on(VirtualList.Selected)
    def _selected(self, event: VirtualList.Selected) -> None:
        event.stop()
        if self._asking:
            return
        if event.row_id == _ADD:
            self.post_message(ServerChangeWanted("add", ""))
        else:
            self.dismiss(event.row_id)

    @on(VirtualList.Highlighted)
    def _highlighted(self, event: VirtualList.Highlighted) -> None:
        event.stop()
        if self._moves_by_itself:
            self._moves_by_itself = False
            return
        self._asking = ""
        self.say(self._about(event.row_id or ""))

    # Values -----------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Something about what was done."""
        self._show_message(Content(text))

    def show_problem(self, problem: Problem) -> None:
        """Show what happened, and what to do."""
        said = sentences(problem)
        self.say(f"{said.happened} {said.next}")

    def _show_message(self, text: Content) -> None:
        self.query_one("#said", Static).update(text)

    def _take(self, servers: Sequence[Server]) -> None:
        self._servers = {server.name: server for server in servers}

    def _show_rows(self) -> None:
        rows = [*self._servers, _ADD]
        self._list.styles.height = len(rows)
        self._list.set_rows(rows)

    def _is_ours(self, name: str) -> bool:
        place = self._files.get(name, "")
        if place == self._own_place:
            return True
        text = _("The simulator is built in.")
        if place:
            text = _("{name} is written in {path}: change it there.")
        self.say(text.format(name=clean_line(name, 40), path=clean_line(place, 200)))
        return False

    def _about(self, name: str) -> str:
        server = self._servers.get(name)
        if server is None:
            return _("Its key stays in a variable or with a command; it is never written.")
        if server.insecure:
            return _("The way there is not encrypted, and the profile does not allow that.")
        if "api_key_env" in server.ignored:
            return _("Its key was not given for this address: nothing can be sent there.")
        if server.lacks_key:
            variable = clean_line(server.key_from, 60)
            return _("{variable} is not set: nothing can be sent there.").format(variable=variable)
        return ""

    def _row(self, name: str) -> Mapping[str, Cell]:
        server = self._servers.get(name)
        if server is None:
            return {"name": Cell(_("add ..."), "accent")}
        practice = _("practice, nothing is charged")
        return {
            "now": Cell("*" if name == self._current else ""),
            "name": Cell(clean_line(name, 40)),
            "place": Cell(clean_line(practice if server.simulated else server.base_url, 200)),
            "dialect": Cell(clean_line(server.dialect, 20), "muted"),
            "key": _key_cell(server),
        }


def _key_cell(server: Server) -> Cell:
    if server.lacks_key:
        return Cell(_("key missing"), "warn")
    if server.simulated:
        return Cell("")
    if server.key is None:
        return Cell(_("no key"), "muted")
    return Cell(clean_line(server.key_from or "", 40), "muted")
