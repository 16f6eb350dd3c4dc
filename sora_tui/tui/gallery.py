"""The pictures on the screen: read in slices, watched while seen, looked at in the cells."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from textual import work
from textual.worker import get_current_worker

from sora_tui.core.problem import Problem, ProblemError, problem
from sora_tui.core.text import clean_line
from sora_tui.tui.viewing import ViewingApp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sora_tui.core.job import Job
    from sora_tui.tui.look_window import LookMoved, LookWindow
    from sora_tui.tui.panes.references import LookAsked
    from sora_tui.workspace.references import ReferenceFile, Shelf

#: Headers read between two looks at what is in sight: 30 ms.
_SLICE: Final = 1000
#: Seconds between two looks at the folders, while the list is seen.
_POLL: Final = 2.0


class GalleryApp(ViewingApp):
    """Keeps the list of reference pictures, and shows one."""

    _pictures: Mapping[str, ReferenceFile] = {}  # replaced whole, never changed
    _shelf: Shelf | None = None
    #: The picture in the window: of the list (its path), or of a job.
    _looking: str | Job | None = None

    # The list ---------------------------------------------------------------------------------

    @work(thread=True, group="pictures", exclusive=True)
    def read_pictures(self) -> None:
        """Names first, then headers, those in sight before all others."""
        from sora_tui.workspace.references import Shelf

        worker = get_current_worker()
        shelf = self._shelf = self._shelf or Shelf(self.folder)
        files = shelf.files()
        self.call_from_thread(self._take_pictures, files)
        left = {file.path: file for file in files if not file.was_read}
        while left and not worker.is_cancelled:
            near = [path for path in self.call_from_thread(self._in_sight) if path in left]
            wanted = near or list(left)[:_SLICE]
            read = shelf.read([left.pop(path) for path in wanted])
            self.call_from_thread(self._take_facts, read)

    def _in_sight(self) -> list[str]:
        return [] if self.bench.references is None else self.bench.references.in_sight

    def _take_pictures(self, files: Sequence[ReferenceFile]) -> None:
        from sora_tui.tui.looking import here

        self._pictures = {file.path: file for file in files}
        pane, draft = self.bench.references, self.bench.editor.draft
        if pane is not None:
            if "SSH_CONNECTION" in os.environ:
                pane.set_place(here(), str(self.folder.references))
            pane.show(files, draft.size, draft.reference)
            pane.set_fit(draft.fit)
        self.pictures_changed()

    def _take_facts(self, files: Sequence[ReferenceFile]) -> None:
        self._pictures = {**self._pictures, **{file.path: file for file in files}}
        if self.bench.references is not None:
            self.bench.references.update(files)
        self.pictures_changed()

    def on_picture_highlighted(self) -> None:
        """Other keys mean something now."""
        self.bench.show_keys()

    def pictures_changed(self) -> None:
        """For whoever shows what is known of the chosen picture."""

    def retune(self) -> None:
        """Ask the folders while somebody sees the list, and nobody at all otherwise."""
        super().retune()
        watched = "references" in self.bench.seen and self._looked_at is not False
        if watched != ("pictures" in self._alarms):
            self.restart("pictures", _POLL if watched else None, self._poll_pictures)

    @work(thread=True, group="poll", exclusive=True)
    def _poll_pictures(self) -> None:
        if self._shelf is not None and self._shelf.is_stale():
            self.call_from_thread(self.read_pictures)

    def refusal_of(self, path: str) -> Problem | None:
        """Why this picture cannot be sent to any size, as far as its header tells."""
        from sora_tui.workspace.references import badge

        file = self._pictures.get(path)
        if file is None or not file.was_read:
            return None
        reason = badge(file.facts, None).reason
        return None if reason is None else problem(reason, path=clean_line(path, 200))

    # Looking ----------------------------------------------------------------------------------

    def on_look_asked(self, event: LookAsked) -> None:
        """Show a picture of the list."""
        self._open_window(event.path)

    def look_at_clip(self, job: Job) -> None:
        """Show the first frame of a job's clip, where no player can."""
        self._open_window(job)

    def _open_window(self, subject: str | Job) -> None:
        from sora_tui.tui.look_window import LookWindow, keys_line

        self._looking, in_list = subject, isinstance(subject, str)
        self.push_screen(LookWindow(keys_line(in_list), in_list=in_list), self._window_left)

    def _window_left(self, use: bool | None) -> None:
        from sora_tui.tui.panes.references import ReferenceChosen

        if use and isinstance(self._looking, str):
            self.post_message(ReferenceChosen(self._looking))
        self._looking = None

    def on_look_moved(self, event: LookMoved) -> None:
        """Decode what is wanted, for the room there is."""
        from sora_tui.tui.look_window import LookWindow

        window = self.screen
        if not isinstance(window, LookWindow):
            return
        pane = self.bench.references
        if isinstance(self._looking, str) and event.by and pane is not None:
            self._looking = pane.move(event.by) or self._looking
        if self._looking is not None and window.view.size.height > 0:
            window.name_it(self._name_of(self._looking))
            size = window.view.size
            self._decode(window, self._looking, size.width, size.height)

    def _name_of(self, subject: str | Job) -> str:
        if not isinstance(subject, str):
            from sora_tui.tui.looking import scp_line

            return clean_line(scp_line(self.folder.root / subject.outputs[0].path), 400)
        file = self._pictures.get(subject)
        words = clean_line(subject, 200)
        if file is not None and file.facts is not None:
            words += f"  {file.facts.width}x{file.facts.height}"
        return words

    @work(thread=True, group="look", exclusive=True)
    def _decode(self, window: LookWindow, subject: str | Job, columns: int, rows: int) -> None:
        from sora_tui.media.cells import decode
        from sora_tui.workspace.references import open_picture
        from sora_tui.workspace.regular import open_regular

        worker, words, cells = get_current_worker(), self._name_of(subject), None
        try:
            if isinstance(subject, str):
                with open_picture(self.folder, subject) as file:
                    cells = decode(file, "picture", columns, rows)
            else:
                with open_regular(self.folder.root / subject.outputs[0].path) as file:
                    cells = decode(file, "clip", columns, rows)
        except (ProblemError, OSError) as error:
            words = f"{words}  {self._why(error)}"
        if not worker.is_cancelled:
            self.call_from_thread(window.show, words, cells)

    def _why(self, error: ProblemError | OSError) -> str:
        from sora_tui.i18n.problems import sentences

        if isinstance(error, ProblemError):
            return sentences(error.problem).happened
        return error.strerror or type(error).__name__
