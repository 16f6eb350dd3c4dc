"""Something new out of a clip, and the characters that appear in one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sora_tui.core.problem import ProblemError, problem
from sora_tui.core.request import VideoRequest
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.tui.state.editor_session import Before, DraftWanted

if TYPE_CHECKING:
    from sora_tui.core.job import Job
    from sora_tui.core.request import Operation
    from sora_tui.core.server import Server
    from sora_tui.tui.context import Context
    from sora_tui.tui.state.draft import Draft


class Derive:
    """Lets the person write in the editor what is to become of a clip."""

    def __init__(self, context: Context) -> None:
        self._context = context

    # Out of a clip ----------------------------------------------------------------------------

    def refuse(self, _operation: Operation) -> str | None:
        """Return why that cannot be done now."""
        view = self._context.ui.workbench.jobs.cursor_view
        return None if view is not None and view.job.has_remote_clip else "no clip on a server"

    def begin(self, operation: Operation) -> None:
        """Begin what is to be made of the highlighted job's clip."""
        from sora_tui.core.server import profile_for
        from sora_tui.tui.state.draft import draft_of_clip

        ui, settings = self._context.ui, self._context.session.settings
        view = ui.workbench.jobs.cursor_view
        if view is None or not view.job.has_remote_clip or ui.workbench.show_question():
            return
        job, server = view.job, settings.server
        if operation != "character":
            # Only the server that has the clip can be told its id.
            maker = profile_for(settings.servers, job.server)
            if maker is None:
                ui.complain(problem("profile_unknown", name=job.server.profile))
                return
            server = maker
        self._write_about(draft_of_clip(job, operation), f"…{job.id[-6:]}", server)

    def choose_clip(self) -> None:
        """Begin with an MP4 of the folder instead of a job."""
        from sora_tui.workspace.source_clips import list_clips

        find = partial(list_clips, self._context.session.folder)
        self._context.ui.run(find, self._show_clips, group="own clips", latest=True)

    def _show_clips(self, clips: list[str]) -> None:
        from sora_tui.tui.dialogs.clip_files import ClipsWindow

        ui = self._context.ui
        if not ui.workbench.show_question():
            ui.open_dialog(ClipsWindow(clips), self._clip_chosen)

    def _clip_chosen(self, chosen: tuple[str, Operation] | None) -> None:
        if chosen is not None:
            from sora_tui.tui.state.draft import draft_of_file

            settings = self._context.session.settings
            path, operation = chosen
            draft = draft_of_file(path, operation, settings)
            self._write_about(draft, clean_line(path, 40), settings.server)

    def _write_about(self, draft: Draft, source: str, server: Server) -> None:
        """Put the draft into the editor, with what to write; ctrl+z goes back.

        Args:
            draft: What is to be written about the clip.
            source: The clip, in words.
            server: Where it will be sent. Another one than the chosen one is named, in the colour
                of money, and ctrl+z brings the chosen one back.
        """
        from sora_tui.engine.capabilities import unsupported
        from sora_tui.tui.services.prompt_files import Opened
        from sora_tui.workspace.capability_cache import CapabilityCache

        context, session = self._context, self._context.session
        request = VideoRequest("-", operation=draft.operation)
        missing = unsupported(server, CapabilityCache(session.folder), request)
        if missing is not None:
            context.ui.complain(missing)  # before anything is written for nothing
            return
        before, chosen = context.ui.workbench.editor.draft, session.settings.server.name
        moves = server.name != chosen
        if moves and not self._use_server(server.name):
            return
        wanted = DraftWanted(
            lambda: Opened(draft),
            undo=(Before(before, chosen if moves else None),),
            then=partial(self._show_hint, draft.operation, source, server if moves else None),
            refused=partial(self._use_server, chosen) if moves else None,
        )
        context.signals.draft_wanted.publish(wanted)

    def _use_server(self, name: str) -> bool:
        try:
            self._context.session.use_server(name)
        except ProblemError as error:
            self._context.ui.complain(error.problem)
            return False
        return True

    def _show_hint(self, operation: Operation, source: str, moved_to: Server | None) -> None:
        workbench = self._context.ui.workbench
        workbench.show_pane("editor")
        workbench.editor.focus_pane()
        text = _hint(operation, source)
        if moved_to is not None:
            goes = _("This goes to {server}, which made the clip.")
            text = f"{goes.format(server=clean_line(moved_to.name, 40))} {text}"
        workbench.editor.say(text, paid=moved_to is not None)

    # Characters -------------------------------------------------------------------------------

    def choose_characters(self) -> None:
        """Choose the characters that appear, of those that this server has."""
        self._context.ui.run(
            self._read_characters, self._show_characters, group="characters", latest=True
        )

    def _read_characters(self) -> list[Job]:
        from sora_tui.workspace.characters import characters_at
        from sora_tui.workspace.history import History

        session = self._context.session
        history = History(session.folder)
        try:
            return characters_at(history, session.settings.server.origin)
        finally:
            history.close()

    def _show_characters(self, known: list[Job]) -> None:
        from sora_tui.tui.dialogs.characters import CharactersWindow

        ui = self._context.ui
        if ui.workbench.show_question():
            return
        draft = ui.workbench.editor.draft
        if draft.operation != "create":
            ui.say(_("Characters appear in new clips alone: 1, then n begins one."))
            return
        server = self._context.session.settings.server
        ui.open_dialog(CharactersWindow(known, draft.characters, server), self._characters_chosen)

    def _characters_chosen(self, names: tuple[str, ...] | None) -> None:
        editor = self._context.ui.workbench.editor
        if names is not None and names != editor.draft.characters:
            editor.show_characters(names)


def _hint(operation: Operation, source: str) -> str:
    """Return what to write, in place of a label that the editor has not."""
    text = {
        "remix": _("Remix of {job}: change the words; F5 makes a new clip. ctrl+z goes back."),
        "edit": _("Edit of {job}: write what is to change; F5 makes a new clip. ctrl+z goes back."),
        "extend": _("Extension of {job}: write how it goes on; F5 makes it. ctrl+z goes back."),
        "character": _("Character of {job}: write its name alone; F5 makes it. ctrl+z goes back."),
    }[operation]
    return text.format(job=source)
