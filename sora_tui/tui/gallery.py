"""The reference pictures of the folder: read in slices, watched while seen."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from textual import work
from textual.worker import get_current_worker

from sora_tui.core.problem import Problem, problem
from sora_tui.core.text import clean_line
from sora_tui.tui.viewing import ViewingApp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sora_tui.core.reference_fit import ReferenceFile
    from sora_tui.tui.terminal.graphics.detect import Graphics
    from sora_tui.workspace.references import Shelf

#: Headers read between two looks at what is in sight: 30 ms.
_SLICE: Final = 1000
#: Seconds between two looks at the folders, while the list is seen.
_POLL: Final = 2.0


class GalleryApp(ViewingApp, part=True):
    """Keeps the list of reference pictures."""

    _pictures: Mapping[str, ReferenceFile] = {}  # replaced whole, never changed
    _shelf: Shelf | None = None
    #: How pictures are shown here, once that is known.
    graphics: Graphics | None = None

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
        self._pictures = {file.path: file for file in files}
        pane, draft = self.bench.references, self.bench.editor.draft
        if pane is not None:
            if "SSH_CONNECTION" in os.environ:
                from sora_tui.tui.services.player import here

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
        from sora_tui.core.reference_fit import badge

        file = self._pictures.get(path)
        if file is None or not file.was_read:
            return None
        reason = badge(file.facts, None).reason
        return None if reason is None else problem(reason, path=clean_line(path, 200))

    # The terminal -----------------------------------------------------------------------------

    @work(thread=True, group="graphics", exclusive=True)
    def find_graphics(self) -> None:
        """Find out how pictures are shown here; after another terminal has taken over, again."""
        from sora_tui.tui.terminal.graphics.detect import graphics

        self.call_from_thread(
            self._use_graphics, graphics(self.settings.screen.preview, os.environ)
        )

    def _use_graphics(self, found: Graphics) -> None:
        if found == self.graphics:
            return
        self.graphics = found
        self.sent_pictures = None
        if found.way == "kitty":
            from sora_tui.tui.terminal.graphics.kitty import SentPictures

            self.sent_pictures = SentPictures(self.send_sequence, tmux=found.tmux)
        self.screen.refresh(layout=True)

    def on_app_focus(self) -> None:
        """In tmux the terminal may be another one by now."""
        super().on_app_focus()
        if "TMUX" in os.environ:
            self.find_graphics()

    def action_redraw(self) -> None:
        """Paint everything anew, on whatever terminal this is by now."""
        super().action_redraw()
        self.find_graphics()
