"""The serving half of the screen: servers, their profiles, and jobs that were made elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textual import work

from sora_tui.core.problem import ProblemError
from sora_tui.core.server import DIALECT_NAMES
from sora_tui.core.text import clean_line
from sora_tui.i18n import _, ngettext
from sora_tui.tui.writing import WritingApp

if TYPE_CHECKING:
    from sora_tui.core.job import Job
    from sora_tui.core.remote_video import RemoteVideo
    from sora_tui.core.server import Server
    from sora_tui.engine.events import RemoteListed
    from sora_tui.i18n.probe_result import Line
    from sora_tui.tui.dialogs.remote_jobs import RemoteWindow
    from sora_tui.tui.dialogs.servers import ServerWindow


class ServingApp(WritingApp, part=True):
    """Lets a person choose, add and test servers, and take in what was made elsewhere."""

    _servers_shown: ServerWindow | None = None
    _remote_shown: RemoteWindow | None = None

    # Profiles ---------------------------------------------------------------------------------

    def action_server(self) -> None:
        """Choose the server for the next clip."""
        from sora_tui.config.paths import saved_servers_path
        from sora_tui.tui.dialogs.servers import ServerWindow

        settings = self.settings
        window = ServerWindow(
            tuple(settings.servers.values()),
            settings.server.name,
            settings.profile_files,
            str(saved_servers_path()),
            _findings,
        )
        self._servers_shown = window
        self.push_screen(window, self._server_chosen)

    def _server_chosen(self, name: str | None) -> None:
        self._servers_shown = None
        if name is not None:
            self.use_server(name)
            self._glance()

    def on_server_window_wanted(self, event: ServerWindow.Wanted) -> None:
        """Open the form, or remove what the person agreed to remove."""
        if event.verb == "remove":
            self._remove_server(event.name)
            return
        from sora_tui.config.saved_servers import saved_table
        from sora_tui.tui.dialogs.server_form import ServerForm

        try:
            table = saved_table(event.name) if event.verb == "edit" else {}
        except ProblemError as error:
            self._say_in_window(error)
            return
        form = ServerForm(
            name=event.name if event.verb == "edit" else None,
            table=table,
            dialects=DIALECT_NAMES,
            has_variable=self._environ().__contains__,
            test=self._test_profile,
            save=self._save_profile,
        )
        self.push_screen(form, self._profile_saved)

    def _test_profile(self, name: str, table: Mapping[str, Any]) -> Sequence[Line]:
        from sora_tui.config.saved_servers import check_profile

        # Whether the name is free is asked when it is saved.
        return _findings(check_profile(name, table, self._environ(), {}))

    def _save_profile(self, name: str, table: Mapping[str, Any]) -> None:
        from sora_tui.config.saved_servers import check_profile, write_profile

        check_profile(name, table, self._environ(), self.settings.profile_files)
        write_profile(name, table)

    def _profile_saved(self, name: str | None) -> None:
        if name is not None:
            from sora_tui.config.paths import saved_servers_path

            text = _("{name} is kept in {path}. enter uses it.")
            path = clean_line(saved_servers_path(), 200)
            self._reload(text.format(name=clean_line(name, 40), path=path))

    def _remove_server(self, name: str) -> None:
        from sora_tui.config.saved_servers import remove_profile

        try:
            remove_profile(name, self.settings.profile_files)
        except ProblemError as error:
            self._say_in_window(error)
            return
        left = [job for job in self.book.active if job.server.profile == name]
        text = _("{name} is removed.").format(name=clean_line(name, 40))
        if left:
            text += " " + ngettext(
                "{count} unfinished job of it here waits until a profile has its address again.",
                "{count} unfinished jobs of it here wait until a profile has its address again.",
                len(left),
            ).format(count=len(left))
        self._reload(text)

    def _reload(self, said: str) -> None:
        """Read the profiles again: the screen, the window and the engine go on with them."""
        from sora_tui.config.settings import reloaded

        before = self.settings.server
        try:
            fresh = reloaded(self.settings, os.environ)
        except ProblemError as error:
            self._say_in_window(error)
            return
        self.settings = fresh
        if self.engine is not None:
            self.engine.use_servers(fresh.servers)
        if fresh.server != before:
            self.use_server(fresh.server.name)
        if fresh.server.name != before.name:
            text = _("The next clip goes to {server}.")
            said += " " + text.format(server=clean_line(fresh.server.name, 40))
        if self._servers_shown is not None:
            servers = tuple(fresh.servers.values())
            self._servers_shown.show(servers, fresh.server.name, fresh.profile_files, said)

    def _environ(self) -> Mapping[str, str]:
        """The variables a profile may name: of the process, and of the workspace's `.env`."""
        from sora_tui.config.config_files import ENV_NAME, read_env

        written = read_env(self.settings.workspace / ENV_NAME)
        return {**(written.values if written else {}), **os.environ}

    def _say_in_window(self, error: ProblemError) -> None:
        from sora_tui.i18n.problems import sentences

        said = sentences(error.problem)
        if self._servers_shown is not None:
            self._servers_shown.say(f"{said.happened} {said.next}")
        else:
            self.complain(error.problem)

    # Jobs made elsewhere ----------------------------------------------------------------------

    def action_remote(self) -> None:
        """Show what the chosen server has and this folder does not know."""
        from sora_tui.tui.dialogs.remote_jobs import RemoteWindow

        self._remote_shown = RemoteWindow(self.settings.server, self.clock())
        self.push_screen(self._remote_shown, self._remote_closed)
        self.on_remote_window_asked()

    def _remote_closed(self, _nothing: None) -> None:
        self._remote_shown = None

    def on_remote_window_asked(self) -> None:
        """Ask the server, all of its list."""
        if self.engine is not None and self._remote_shown is not None:
            self.engine.list_remote(self._remote_shown.server.name)

    def on_remote_window_wanted(self, event: RemoteWindow.Wanted) -> None:
        """Take these in."""
        if self._remote_shown is not None:
            self._adopt(self._remote_shown.server, event.videos)

    @work(thread=True, group="adopt")
    def _adopt(self, server: Server, videos: Sequence[RemoteVideo]) -> None:
        assert self.engine is not None
        try:
            jobs = self.engine.adopt_remote(server, videos)
        except ProblemError as error:
            self.call_from_thread(self._adopted, [], error)
        else:
            self.call_from_thread(self._adopted, jobs, None)

    def _adopted(self, jobs: list[Job], error: ProblemError | None) -> None:
        from sora_tui.engine.events import JobChanged
        from sora_tui.i18n.problems import sentences

        self.take_jobs([JobChanged(job) for job in jobs])
        window = self._remote_shown
        if window is None:
            return
        if error is not None:
            said = sentences(error.problem)
            window.say(f"{said.happened} {said.next}")
        else:
            window.take_away([job.remote_id for job in jobs if job.remote_id])

    def _glance(self) -> None:
        """See cheaply, when a server is chosen, whether it has jobs that this folder has not."""
        from sora_tui.engine.remote_jobs import ONE_PAGE

        server = self.settings.server
        # A password manager is asked when something is sent, not for a glance.
        ready = server.key is None or server.key.is_at_hand
        if server.simulated or server.insecure or server.lacks_key or not ready:
            return
        if self.engine is not None:
            self.engine.list_remote(server.name, ONE_PAGE)

    def take_remote(self, listed: RemoteListed) -> None:
        """A server said what it has: for its window, or as a hint where none is open."""
        window = self._remote_shown
        if window is not None:
            if window.server.name == listed.server:
                window.show(listed, self.clock())
        elif listed.videos and listed.server == self.settings.server.name:
            count = len(listed.videos)
            text = ngettext(
                "{count} job on {server} is not known here: R shows it.",
                "{count} jobs on {server} are not known here: R shows them.",
                count,
            )
            self.say(text.format(count=count, server=clean_line(listed.server, 40)))


def _findings(server: Server) -> Sequence[Line]:
    """What a server is and can, in words. Blocks for some seconds."""
    from sora_tui.engine.probe_server import probe_server
    from sora_tui.engine.quote import default_quote
    from sora_tui.i18n.probe_result import probe_lines

    return tuple(probe_lines(server, probe_server(server), default_quote(server)))
