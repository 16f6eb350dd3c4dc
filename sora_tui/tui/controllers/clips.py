"""What a saved clip looks like: in the inspector, on the whole screen, and in a player."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

from sora_tui.core.problem import ProblemError
from sora_tui.core.text import clean_line
from sora_tui.i18n import _

if TYPE_CHECKING:
    from sora_tui.core.job import Job
    from sora_tui.media.cells import CellArea
    from sora_tui.tui.context import Context
    from sora_tui.tui.dialogs.clip import ClipPictureWanted, ClipWindow, Picture, WayCopied
    from sora_tui.tui.panes.inspector.intents import ClipRoomChanged
    from sora_tui.tui.services.clip_server import ClipServer
    from sora_tui.tui.state.clip_preview import ClipSeen

#: Seconds that the cursor rests on a job before its clip is opened.
_REST: Final = 0.2


class Clips:
    """Shows the clip of the highlighted job, once the cursor rests on it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        #: While its dialog is open: the job, and the server of its clip.
        self._shown: Job | None = None
        self._dialog: ClipWindow | None = None
        self._server: ClipServer | None = None
        inspector = context.ui.workbench.inspector
        if inspector is not None:
            inspector.pictures = context.session.settings.screen.preview != "off"
        context.signals.job_highlighted.subscribe(self._highlighted)
        context.signals.document_shown.subscribe(lambda _shown: self._show_soon())
        context.signals.clip_wanted.subscribe(self.open)
        context.signals.ending.subscribe(lambda _ending: self._close_server())

    # In the inspector -------------------------------------------------------------------------

    def _highlighted(self, job_id: str | None) -> None:
        """Drop the clip that was shown, unless the cursor came back to it."""
        ui = self._context.ui
        inspector = ui.workbench.inspector
        if inspector is not None and inspector.job_id == job_id:
            self._show_soon()
            return
        ui.cancel("clip")
        ui.every("clip", None, self._show)

    def change_room(self, _intent: ClipRoomChanged) -> None:
        """Draw other pictures for another room."""
        self._show_soon()

    def _show_soon(self) -> None:
        """Open the clip of the job in the inspector, if nothing else happens for a moment."""
        ui = self._context.ui
        ui.cancel("clip")
        inspector = ui.workbench.inspector
        wanted = inspector is not None and inspector.clip_wanted is not None
        ui.every("clip", _REST if wanted else None, self._show, once=True)

    def _show(self) -> None:
        ui = self._context.ui
        ui.every("clip", None, self._show)
        inspector = ui.workbench.inspector
        if inspector is not None and "inspector" in ui.workbench.seen:
            wanted = inspector.clip_wanted
            if wanted is not None:
                ui.run(partial(self._read, *wanted), group="clip", latest=True)

    def _read(self, job: Job, rooms: tuple[CellArea, CellArea] | None) -> None:
        from sora_tui.media.decoder_client import NotWantedError
        from sora_tui.tui.state.clip_preview import ClipSeen

        ui, decoder = self._context.ui, self._context.decoder
        is_wanted = ui.wanted()

        def tell(seen: ClipSeen) -> ClipSeen:
            if is_wanted():
                ui.from_worker(self._take, job.id, seen)
            return seen

        seen = ClipSeen()
        try:
            with decoder.open(job.outputs[0]) as file:
                report = decoder.previews.report(file, is_wanted)
                output = job.outputs[0]
                changed = report.sha256 is not None and report.sha256 != output.sha256
                seen = seen._replace(report=report, changed=changed and output.sha256 != "")
                if rooms is None:
                    tell(seen)
                    return
                poster, origin = decoder.poster(job, file, rooms[0], is_wanted)
                seen = tell(seen._replace(poster=poster, poster_from=origin))
                strip, origin = decoder.strip(job, file, rooms[1], seen, is_wanted)
                tell(seen._replace(strip=strip, strip_from=origin))
        except NotWantedError:
            return  # the cursor went on
        except ProblemError as error:
            tell(seen._replace(problem=error.problem))

    def _take(self, job_id: str, seen: ClipSeen) -> None:
        workbench = self._context.ui.workbench
        if workbench.inspector is not None:
            workbench.inspector.show_clip(job_id, seen)
            workbench.show_keys()

    # Outside, and on the whole screen ---------------------------------------------------------

    def open(self, job: Job) -> None:
        """Open a clip in a player where there is a display; else offer ways to it."""
        from sora_tui.tui.services.player import play, player

        ui, session = self._context.ui, self._context.session
        if not job.outputs:
            ui.say(_("There is no clip of this job to look at."))
            return
        try:
            file = self._context.decoder.open(job.outputs[0])
        except ProblemError as error:
            ui.say(_happened(error))
            return
        path = clean_line(job.outputs[0].path, 200)
        command = player(session.settings.player, os.environ)
        if command is not None:
            clip = session.folder.root / job.outputs[0].path
            try:
                play(command, clip, session.settings.without_keys(os.environ))
            except OSError as error:
                text = _("{program} could not be started: {reason}.")
                program = clean_line(command[0], 60)
                ui.say(text.format(program=program, reason=error.strerror or ""))
            else:
                file.close()
                ui.say(_("Opened {path}").format(path=path))
                return
        self._open_dialog(job, file)

    def _open_dialog(self, job: Job, file: BinaryIO) -> None:
        """Serve the clip as long as the dialog is open; the server closes the file."""
        from sora_tui.tui.dialogs.clip import ClipWindow, Way
        from sora_tui.tui.services.clip_server import ClipServer
        from sora_tui.tui.services.player import here, scp_line

        ui = self._context.ui
        clip = self._context.session.folder.root / job.outputs[0].path
        ways = [Way("y", _("fetch it:"), clean_line(scp_line(clip), 400))]
        try:
            self._server = ClipServer(file, clip.suffix.lower())
        except OSError as error:
            file.close()
            ui.say(_("The clip cannot be served here: {reason}.").format(reason=error.strerror))
        else:
            ways.append(Way("t", _("or on your own machine:"), self._server.tunnel(here())))
            ways.append(Way("u", _("and in a browser there:"), self._server.url))
        self._shown, self._dialog = job, ClipWindow(ways)
        ui.open_dialog(self._dialog, self._closed)

    def _closed(self, _nothing: None) -> None:
        self._shown = self._dialog = None
        self._context.ui.cancel("clip window")
        server, self._server = self._server, None
        if server is not None:
            # Its thread may be in the middle of a transfer.
            self._context.ui.run(server.close, group="stop serving")

    def _close_server(self) -> None:
        if self._server is not None:
            self._server.close()

    def copy_way(self, intent: WayCopied) -> None:
        """Put the line of a way on the clipboard."""
        self._context.ui.copy(intent.line)

    def draw(self, intent: ClipPictureWanted) -> None:
        """Make the picture for the room that the dialog has."""
        if self._dialog is not None and self._shown is not None:
            draw = partial(
                self._decode, self._dialog, self._shown, intent.picture, self._dialog.room
            )
            self._context.ui.run(draw, group="clip window", latest=True)

    def _decode(self, dialog: ClipWindow, job: Job, picture: Picture, room: CellArea) -> None:
        from sora_tui.media.decoder_client import NotWantedError

        ui, decoder = self._context.ui, self._context.decoder
        is_wanted = ui.wanted()
        cells, said = None, ""
        try:
            with decoder.open(job.outputs[0]) as file:
                if picture == "poster":
                    cells, _origin = decoder.poster(job, file, room, is_wanted)
                else:
                    cells, _origin = decoder.strip(job, file, room, None, is_wanted)
        except NotWantedError:
            return  # another picture, or none
        except ProblemError as error:
            said = _happened(error)
        if is_wanted():
            ui.from_worker(dialog.show, picture, cells, said)


def _happened(error: ProblemError) -> str:
    from sora_tui.i18n.problems import sentences

    return sentences(error.problem).happened
