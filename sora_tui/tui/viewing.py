"""The viewing half of the screen: what a saved clip looks like, here and outside."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from textual import on, work
from textual.worker import get_current_worker

from sora_tui.core.problem import ProblemError
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.tui.panes.jobs import JobHighlighted
from sora_tui.tui.watching import WatchingApp

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from sora_tui.core.job import Job, Output
    from sora_tui.media.cells import Cells, Room
    from sora_tui.media.helper import Helper
    from sora_tui.media.previews import Previews
    from sora_tui.tui.dialogs.clip import ClipPictureWanted, ClipWindow, Picture, WayCopied
    from sora_tui.tui.panes.inspector.pane import ClipRoomChanged
    from sora_tui.tui.services.clip_server import ClipServer
    from sora_tui.tui.state.clip_preview import ClipSeen, Origin

#: Seconds that the cursor rests on a job before its clip is opened.
_REST: Final = 0.2


def still_wanted() -> Callable[[], bool]:
    """For a worker: what tells, wherever it is asked, whether that worker is to go on."""
    worker = get_current_worker()
    return lambda: not worker.is_cancelled


class ViewingApp(WatchingApp, part=True):
    """Shows the clip of the job that is looked at, once the cursor rests on it."""

    _helper: Helper | None = None
    _previews: Previews | None = None
    #: While its window is open: the job, and who serves its clip.
    _looked_at_clip: Job | None = None
    _server: ClipServer | None = None

    @property
    def helper(self) -> Helper:
        """Opens what strangers made; its process starts at the first need."""
        if self._helper is None:
            from sora_tui.media.helper import Helper

            self._helper = Helper()
        return self._helper

    @property
    def previews(self) -> Previews:
        """Pictures of clips, made once."""
        if self._previews is None:
            from sora_tui.config.places import clip_cache
            from sora_tui.media.previews import Previews

            self._previews = Previews(clip_cache(), self.helper)
        return self._previews

    def stop_looking(self) -> None:
        """The screen is gone: nothing is served any more, and nothing opened."""
        if self._server is not None:
            self._server.close()
        if self._helper is not None:
            self._helper.stop()

    # In the inspector -------------------------------------------------------------------------

    @on(JobHighlighted)
    def _leave_clip(self, event: JobHighlighted) -> None:
        """What was looked at is not wanted any more, unless the cursor came back to it."""
        inspector = self.bench.inspector
        if inspector is not None and inspector.job_id == event.job_id:
            self.view_clip_soon()
            return
        self.workers.cancel_group(self, "clip")
        self.restart("clip", None, self._view_clip)

    def _show_document(self, *args: Any) -> None:
        if self.bench.inspector is not None:
            self.bench.inspector.pictures = self.settings.screen.preview != "off"
        super()._show_document(*args)
        self.view_clip_soon()

    def on_clip_room_changed(self, _event: ClipRoomChanged) -> None:
        """Another room wants other pictures."""
        self.view_clip_soon()

    def on_inspector_turned(self) -> None:
        """Say the keys of what is in front."""
        self.bench.show_keys()

    def view_clip_soon(self) -> None:
        """Look at the clip of the job in the inspector, if nothing else happens for a moment."""
        self.workers.cancel_group(self, "clip")
        inspector = self.bench.inspector
        wanted = inspector is not None and inspector.clip_wanted is not None
        self.restart("clip", _REST if wanted else None, self._view_clip, once=True)

    def _view_clip(self) -> None:
        self.restart("clip", None, self._view_clip)
        inspector = self.bench.inspector
        if inspector is not None and "inspector" in self.bench.seen:
            wanted = inspector.clip_wanted
            if wanted is not None:
                self._look_at(*wanted)

    @work(thread=True, group="clip", exclusive=True)
    def _look_at(self, job: Job, rooms: tuple[Room, Room] | None) -> None:
        from sora_tui.media.helper import NotWantedError
        from sora_tui.tui.state.clip_preview import ClipSeen

        is_wanted = still_wanted()

        def tell(seen: ClipSeen) -> ClipSeen:
            if is_wanted():
                self.call_from_thread(self._take_clip, job.id, seen)
            return seen

        seen = ClipSeen()
        try:
            with self._opened(job.outputs[0]) as file:
                report = self.previews.report(file, is_wanted)
                output = job.outputs[0]
                changed = report.sha256 is not None and report.sha256 != output.sha256
                seen = seen._replace(report=report, changed=changed and output.sha256 != "")
                if rooms is None:
                    tell(seen)
                    return
                poster, origin = self._poster(job, file, rooms[0], is_wanted)
                seen = tell(seen._replace(poster=poster, poster_from=origin))
                strip, origin = self._strip(job, file, rooms[1], seen, is_wanted)
                tell(seen._replace(strip=strip, strip_from=origin))
        except NotWantedError:
            return  # the cursor went on
        except ProblemError as error:
            tell(seen._replace(problem=error.problem))

    def _take_clip(self, job_id: str, seen: ClipSeen) -> None:
        if self.bench.inspector is not None:
            self.bench.inspector.show_clip(job_id, seen)
            self.bench.show_keys()

    # Outside, and on the whole screen ---------------------------------------------------------

    def look(self, job: Job) -> None:
        """Open a clip in a player where there is a display; else offer ways to it."""
        from sora_tui.tui.services.player import play, player

        if not job.outputs:
            self.say(_("There is no clip of this job to look at."))
            return
        try:
            file = self._opened(job.outputs[0])
        except ProblemError as error:
            self.say(_happened(error))
            return
        path = clean_line(job.outputs[0].path, 200)
        command = player(self.settings.player, os.environ)
        if command is not None:
            try:
                play(
                    command,
                    self.folder.root / job.outputs[0].path,
                    self.settings.without_keys(os.environ),
                )
            except OSError as error:
                text = _("{program} could not be started: {reason}.")
                program = clean_line(command[0], 60)
                self.say(text.format(program=program, reason=error.strerror or ""))
            else:
                file.close()
                self.say(_("Opened {path}").format(path=path))
                return
        self._open_clip_window(job, file)

    def _open_clip_window(self, job: Job, file: BinaryIO) -> None:
        """Serve the clip as long as the window is open; the window closes the file."""
        from sora_tui.tui.dialogs.clip import ClipWindow, Way
        from sora_tui.tui.services.clip_server import ClipServer
        from sora_tui.tui.services.player import here, scp_line

        clip = self.folder.root / job.outputs[0].path
        ways = [Way("y", _("fetch it:"), clean_line(scp_line(clip), 400))]
        try:
            self._server = ClipServer(file, clip.suffix.lower())
        except OSError as error:
            file.close()
            self.say(_("The clip cannot be served here: {reason}.").format(reason=error.strerror))
        else:
            ways.append(Way("t", _("or on your own machine:"), self._server.tunnel(here())))
            ways.append(Way("u", _("and in a browser there:"), self._server.url))
        self._looked_at_clip = job
        self.push_screen(ClipWindow(ways), self._window_closed)

    def _window_closed(self, _nothing: None) -> None:
        self.workers.cancel_group(self, "clip window")
        self.stop_serving()

    @work(thread=True, group="stop serving")
    def _stop(self, server: ClipServer) -> None:
        server.close()

    def stop_serving(self) -> None:
        """The clip is served no more, and who fetches it is cut off."""
        server, self._server = self._server, None
        if server is not None:
            self._stop(server)

    def on_way_copied(self, event: WayCopied) -> None:
        """Put it on the clipboard."""
        self.copy_text(event.line)

    def on_clip_picture_wanted(self, event: ClipPictureWanted) -> None:
        """Make the picture for the room that the window has."""
        from sora_tui.tui.dialogs.clip import ClipWindow

        window = self.screen
        if isinstance(window, ClipWindow) and self._looked_at_clip is not None:
            self._show_large(window, self._looked_at_clip, event.picture, window.room)

    @work(thread=True, group="clip window", exclusive=True)
    def _show_large(self, window: ClipWindow, job: Job, picture: Picture, room: Room) -> None:
        from sora_tui.media.helper import NotWantedError

        is_wanted = still_wanted()

        cells, said = None, ""
        try:
            with self._opened(job.outputs[0]) as file:
                if picture == "poster":
                    cells, _origin = self._poster(job, file, room, is_wanted)
                else:
                    cells, _origin = self._strip(job, file, room, None, is_wanted)
        except NotWantedError:
            return  # another picture, or none
        except ProblemError as error:
            said = _happened(error)
        if is_wanted():
            self.call_from_thread(window.show, picture, cells, said)

    def _poster(
        self, job: Job, file: BinaryIO, room: Room, is_wanted: Callable[[], bool]
    ) -> tuple[Cells, Origin]:
        made = self._of_server(
            job, "thumbnail", lambda theirs: self.helper.picture(theirs, room, is_wanted=is_wanted)
        )
        if made is not None:
            return made, "server"
        return self.previews.poster(file, room, is_wanted), "here"

    def _strip(
        self,
        job: Job,
        file: BinaryIO,
        room: Room,
        seen: ClipSeen | None,
        is_wanted: Callable[[], bool],
    ) -> tuple[Cells, Origin]:
        clip = _shape(job.outputs[0], seen)
        made = self._of_server(
            job,
            "spritesheet",
            lambda theirs: self.helper.sheet(theirs, room, clip, is_wanted=is_wanted),
        )
        if made is not None:
            return made, "server"
        return self.previews.filmstrip(file, room, clip, is_wanted), "here"

    def _opened(self, output: Output) -> BinaryIO:
        from sora_tui.workspace.outputs import open_output  # brings hashlib

        return open_output(self.folder, output)

    def _of_server(self, job: Job, variant: str, show: Callable[[BinaryIO], Cells]) -> Cells | None:
        """The picture that came with the clip; None where there is none, or none that can be read.

        What is made of the clip itself takes its place then, and says so.
        """
        output = next((each for each in job.outputs if each.variant == variant), None)
        if output is None:
            return None
        try:
            with self._opened(output) as theirs:
                return show(theirs)
        except ProblemError:
            return None


def _happened(error: ProblemError) -> str:
    from sora_tui.i18n.problems import sentences

    return sentences(error.problem).happened


def _shape(output: Output, seen: ClipSeen | None) -> tuple[int, int]:
    """Width and height of a clip, as its file says it, else its document."""
    facts = seen.report.facts if seen is not None and seen.report is not None else None
    if facts is not None and facts.width and facts.height:
        return facts.width, facts.height
    return (output.width or 16, output.height or 9)
