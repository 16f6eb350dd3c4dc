"""The servers: choose one for the next clip; add, change, test and remove profiles."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from sora_tui.core.problem import Problem, ProblemError
from sora_tui.core.server import DIALECT_NAMES
from sora_tui.core.text import clean_line
from sora_tui.i18n import _, ngettext

if TYPE_CHECKING:
    from sora_tui.i18n.probe_result import Line
    from sora_tui.tui.context import Context
    from sora_tui.tui.dialogs.server_form import (
        ProfileSaveWanted,
        ProfileTestWanted,
        ServerForm,
    )
    from sora_tui.tui.dialogs.servers import ServerChangeWanted, ServerTestWanted, ServerWindow


class Servers:
    """Reads and writes profiles; the screen and the engine go on with what is written."""

    def __init__(self, context: Context) -> None:
        self._context = context
        #: While they are open.
        self._dialog: ServerWindow | None = None
        self._form: ServerForm | None = None

    # Choosing ---------------------------------------------------------------------------------

    def open(self) -> None:
        """Choose the server for the next clip."""
        from sora_tui.config.paths import saved_servers_path
        from sora_tui.tui.dialogs.servers import ServerWindow

        settings = self._context.session.settings
        self._dialog = ServerWindow(
            tuple(settings.servers.values()),
            settings.server.name,
            settings.profile_files,
            str(saved_servers_path()),
        )
        self._context.ui.open_dialog(self._dialog, self._chosen)

    def _chosen(self, name: str | None) -> None:
        self._dialog = None
        if name is not None:
            self._use(name)
            self._ask_for_jobs()

    def _use(self, name: str) -> None:
        try:
            self._context.session.use_server(name)
        except ProblemError as error:
            self._context.ui.complain(error.problem)

    def _ask_for_jobs(self) -> None:
        """Ask cheaply whether the server has jobs that this folder has not."""
        from sora_tui.engine.remote_jobs import ONE_PAGE

        session = self._context.session
        server = session.settings.server
        # A password manager is asked when something is sent, not for this.
        ready = server.key is None or server.key.is_at_hand
        if server.simulated or server.insecure or server.lacks_key or not ready:
            return
        if session.engine is not None:
            session.engine.list_remote(server.name, ONE_PAGE)

    # Profiles ---------------------------------------------------------------------------------

    def change(self, intent: ServerChangeWanted) -> None:
        """Open the form, or remove what the person agreed to remove."""
        if intent.verb == "remove":
            self._remove(intent.name)
        else:
            self._open_form(intent.name if intent.verb == "edit" else None)

    def _open_form(self, name: str | None) -> None:
        from sora_tui.config.saved_servers import saved_table
        from sora_tui.tui.dialogs.server_form import ServerForm

        try:
            table = {} if name is None else saved_table(name)
        except ProblemError as error:
            self._show_problem(error.problem)
            return
        self._form = ServerForm(
            name=name,
            table=table,
            dialects=DIALECT_NAMES,
            has_variable=self._environ().__contains__,
        )
        self._context.ui.open_dialog(self._form, self._form_left)

    def save(self, intent: ProfileSaveWanted) -> None:
        """Write the profile of the form, if it is right."""
        from sora_tui.config.saved_servers import check_profile, write_profile

        form, places = self._form, self._context.session.settings.profile_files
        if form is None:
            return
        try:
            check_profile(intent.name, intent.table, self._environ(), places)
            write_profile(intent.name, intent.table)
        except ProblemError as error:
            form.show_problem(error.problem)
        else:
            form.close(intent.name)

    def _form_left(self, name: str | None) -> None:
        self._form = None
        if name is not None:
            from sora_tui.config.paths import saved_servers_path

            text = _("{name} is kept in {path}. enter uses it.")
            path = clean_line(saved_servers_path(), 200)
            self._read_again(text.format(name=clean_line(name, 40), path=path))

    def _remove(self, name: str) -> None:
        from sora_tui.config.saved_servers import remove_profile

        try:
            remove_profile(name, self._context.session.settings.profile_files)
        except ProblemError as error:
            self._show_problem(error.problem)
            return
        left = [job for job in self._context.store.active if job.server.profile == name]
        text = _("{name} is removed.").format(name=clean_line(name, 40))
        if left:
            text += " " + ngettext(
                "{count} unfinished job of it here waits until a profile has its address again.",
                "{count} unfinished jobs of it here wait until a profile has its address again.",
                len(left),
            ).format(count=len(left))
        self._read_again(text)

    def _read_again(self, said: str) -> None:
        """Read the profiles again: the screen, the dialog and the engine go on with them."""
        from sora_tui.config.settings import reloaded

        session = self._context.session
        before = session.settings.server
        try:
            settings = reloaded(session.settings, os.environ)
        except ProblemError as error:
            self._show_problem(error.problem)
            return
        session.settings = settings
        if session.engine is not None:
            session.engine.use_servers(settings.servers)
        if settings.server != before:
            self._use(settings.server.name)
        if settings.server.name != before.name:
            text = _("The next clip goes to {server}.")
            said += " " + text.format(server=clean_line(settings.server.name, 40))
        if self._dialog is not None:
            servers = tuple(settings.servers.values())
            self._dialog.show(servers, settings.server.name, settings.profile_files, said)

    def _environ(self) -> Mapping[str, str]:
        """Return the variables a profile may name: of the process, and of the folder's `.env`."""
        from sora_tui.config.config_files import ENV_NAME, read_env

        written = read_env(self._context.session.settings.workspace / ENV_NAME)
        return {**(written.values if written else {}), **os.environ}

    def _show_problem(self, problem: Problem) -> None:
        if self._dialog is not None:
            self._dialog.show_problem(problem)
        else:
            self._context.ui.complain(problem)

    # Tests ------------------------------------------------------------------------------------

    def test(self, intent: ServerTestWanted) -> None:
        """Ask a server of the list a few free questions."""
        from sora_tui.tui.services.server_check import findings

        dialog, server = self._dialog, intent.server
        if dialog is not None:
            show = partial(dialog.show_result, server.name)
            self._context.ui.run(partial(findings, server), show, group="test", latest=True)

    def test_form(self, intent: ProfileTestWanted) -> None:
        """Ask the server that stands in the form."""
        form = self._form
        if form is not None:
            self._context.ui.run(
                partial(self._test_profile, intent),
                form.show_result,
                group="test form",
                latest=True,
                failed=form.show_problem,
            )

    def _test_profile(self, intent: ProfileTestWanted) -> Sequence[Line]:
        from sora_tui.tui.services.server_check import profile_findings

        return profile_findings(intent.name, intent.table, self._environ())
