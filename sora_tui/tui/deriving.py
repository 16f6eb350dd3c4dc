"""Something new out of a job's clip, characters in a clip, and the way between kindred jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from textual import work

from sora_tui.core.problem import ProblemError, problem
from sora_tui.core.request import VideoRequest
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.tui.prompting import Before, PromptingApp
from sora_tui.workspace.history import History

if TYPE_CHECKING:
    from sora_tui.core.job import Job
    from sora_tui.core.request import Operation
    from sora_tui.core.server import Server
    from sora_tui.tui.state.draft import Draft


class DerivingApp(PromptingApp, part=True):
    """The editor writes what is to become of a clip; the list is where one walks."""

    #: By job: the one that the last walk from it led to, so that the next one leads further.
    _walked: dict[tuple[str, str], str] = {}  # noqa: RUF012 -- replaced whole, never changed

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what means something for the highlighted job."""
        if action == "derive":
            view = self.jobs.cursor_view
            return view is not None and view.job.has_remote_clip
        if action == "walk":
            return self.jobs.cursor_id is not None
        return super().check_action(action, parameters)

    # Out of a clip ----------------------------------------------------------------------------

    def action_derive(self, operation: Operation) -> None:
        """Write in the editor what is to be made of the highlighted job's clip."""
        from sora_tui.core.server import profile_for
        from sora_tui.tui.state.draft import draft_of_clip

        view = self.jobs.cursor_view
        if view is None or not view.job.has_remote_clip or self.waits_for_answer():
            return
        job, server = view.job, self.settings.server
        if operation != "character":
            # Only the server that has the clip can be told its id.
            maker = profile_for(self.settings.servers, job.server)
            if maker is None:
                self.complain(problem("profile_unknown", name=job.server.profile))
                return
            server = maker
        self._write_about(draft_of_clip(job, operation), f"…{job.id[-6:]}", server)

    @work(thread=True, group="own clips", exclusive=True)
    def action_own_clip(self) -> None:
        """Begin with an MP4 of the folder instead of a job."""
        from sora_tui.workspace.source_clips import list_clips

        self.call_from_thread(self._choose_clip, list_clips(self.folder))

    def _choose_clip(self, clips: list[str]) -> None:
        from sora_tui.tui.dialogs.clip_files import ClipsWindow

        if not self.waits_for_answer():
            self.push_screen(ClipsWindow(clips), self._clip_chosen)

    def _clip_chosen(self, chosen: tuple[str, Operation] | None) -> None:
        if chosen is not None:
            from sora_tui.tui.state.draft import draft_of_file

            path, operation = chosen
            draft = draft_of_file(path, operation, self.settings)
            self._write_about(draft, clean_line(path, 40), self.settings.server)

    def _write_about(self, draft: Draft, source: str, server: Server) -> None:
        """Put the draft into the editor, with what to write; ctrl+z goes back.

        Args:
            draft: What stands in the editor.
            source: What the draft is made of, in words.
            server: Where it will be sent. Another one than the chosen one is named, in the colour
                of money, and ctrl+z brings the chosen one back.
        """
        from sora_tui.engine.capabilities import unsupported
        from sora_tui.tui.services.prompt_files import Opened
        from sora_tui.workspace.capability_cache import CapabilityCache

        request = VideoRequest("-", operation=draft.operation)
        if (missing := unsupported(server, CapabilityCache(self.folder), request)) is not None:
            self.complain(missing)  # before anything is written for nothing
            return
        before, chosen = self.editor.draft, self.settings.server.name
        moves = server.name != chosen
        if moves:
            self.use_server(server.name)
        if not self.open(Opened(draft)):
            if moves:
                self.use_server(chosen)
            return
        self._undo = (Before(before, chosen if moves else None),)
        self.bench.show_pane("editor")
        self.editor.focus_pane()
        said = _hint(draft.operation, source)
        if moves:
            goes = _("This goes to {server}, which made the clip.")
            said = f"{goes.format(server=clean_line(server.name, 40))} {said}"
        self.editor.say(said, paid=moves)

    # Characters -------------------------------------------------------------------------------

    @work(thread=True, group="characters", exclusive=True)
    def action_cast(self) -> None:
        """Choose the characters that appear, of those that this server has."""
        from sora_tui.workspace.characters import characters_at

        history = History(self.folder)
        known = characters_at(history, self.settings.server.origin)
        history.close()
        self.call_from_thread(self._choose, known)

    def _choose(self, known: list[Job]) -> None:
        from sora_tui.tui.dialogs.characters import CharactersWindow

        if self.waits_for_answer():
            return
        if self.editor.draft.operation != "create":
            self.say(_("Characters appear in new clips alone: 1, then n begins one."))
            return
        chosen = self.editor.draft.characters
        window = CharactersWindow(known, chosen, self.settings.server)
        self.push_screen(window, self._chosen)

    def _chosen(self, names: tuple[str, ...] | None) -> None:
        if names is not None and names != self.editor.draft.characters:
            self.editor.show_characters(names)

    # From job to job --------------------------------------------------------------------------

    @work(thread=True, group="walk", exclusive=True)
    def action_walk(self, way: Literal["origins", "made"]) -> None:
        """Go to what the highlighted job came from, or became; again from there: to the next."""
        job_id = self.jobs.cursor_id
        if job_id is None:
            return
        history = History(self.folder)
        try:
            lineage = history.lineage(history.load(job_id))
            ids = [
                relation.id
                for relation in (lineage.origins if way == "origins" else lineage.derived)
            ]
            found = history.load_each(ids)
            there = [id for id in ids if id in found]
        except ProblemError as error:
            self.call_from_thread(self.complain, error.problem)
        else:
            self.call_from_thread(self._go, job_id, way, ids, there)
        finally:
            history.close()

    def _go(self, job_id: str, way: str, ids: list[str], there: list[str]) -> None:
        if not there:
            if ids:
                text = _("The record of {job} is not here any more.")
                self.say(text.format(job=clean_line(ids[0], 80)))
            elif way == "origins":
                self.say(_("It came from no other job."))
            else:
                self.say(_("Nothing was made of it yet."))
            return
        last = self._walked.get((job_id, way))
        target = there[(there.index(last) + 1) % len(there)] if last in there else there[0]
        self._walked = {**self._walked, (job_id, way): target}
        if not self.jobs.select(target):
            text = _("{job} is not in the list: 4, then esc clears the filter.")
            self.say(text.format(job=target))


def _hint(operation: Operation, source: str) -> str:
    """What to write, in place of a label that the editor has not."""
    text = {
        "remix": _("Remix of {job}: change the words; F5 makes a new clip. ctrl+z goes back."),
        "edit": _("Edit of {job}: write what is to change; F5 makes a new clip. ctrl+z goes back."),
        "extend": _("Extension of {job}: write how it goes on; F5 makes it. ctrl+z goes back."),
        "character": _("Character of {job}: write its name alone; F5 makes it. ctrl+z goes back."),
    }[operation]
    return text.format(job=source)
