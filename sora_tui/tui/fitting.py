"""The fitting half of the gallery: references looked at as they would be sent, and fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work

from sora_tui.core.problem import ProblemError
from sora_tui.core.request import COVER, EXACT, Fit, width_height
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.tui.gallery import GalleryApp
from sora_tui.tui.viewing import still_wanted

if TYPE_CHECKING:
    from sora_tui.media.cells import Aim, Room
    from sora_tui.tui.dialogs.fit import FitPicturesWanted, FitWindow
    from sora_tui.tui.dialogs.picture import Answer, LookMoved, LookWindow
    from sora_tui.tui.panes.references import FitAsked, LookAsked


class FittingApp(GalleryApp, part=True):
    """Shows what becomes of a reference before it is made."""

    #: The picture of the list that is in a window, by its path.
    _looking: str | None = None

    # Looking ----------------------------------------------------------------------------------

    def on_look_asked(self, event: LookAsked) -> None:
        """Show a picture of the list."""
        from sora_tui.tui.dialogs.picture import LookWindow, keys_line

        if self.settings.screen.preview == "off":
            self.say(_('Pictures are off: preview = "off" in sora-tui.toml.'))
            return
        self._looking = event.path
        self.push_screen(LookWindow(keys_line()), self._look_left)

    def _look_left(self, answer: Answer | None) -> None:
        from sora_tui.tui.panes.references import FitAsked, ReferenceChosen

        path, self._looking = self._looking, None
        if path is not None and answer == "use":
            self.post_message(ReferenceChosen(path))
        elif path is not None and answer == "fit":
            self.post_message(FitAsked(path))

    def on_look_moved(self, event: LookMoved) -> None:
        """Decode what is wanted, for the room there is."""
        from sora_tui.tui.dialogs.picture import LookWindow

        window = self.screen
        if not isinstance(window, LookWindow):
            return
        pane = self.bench.references
        if self._looking is not None and event.by and pane is not None:
            self._looking = pane.move(event.by) or self._looking
        if self._looking is not None and window.view.size.height > 0:
            fit = self.fit_of(self._looking)
            words = self._words_of(self._looking, fit)
            window.name_it(words)
            aim = self._aim(self._looking, fit)
            self._look(window, self._looking, words, window.view.room, aim)

    @work(thread=True, group="look", exclusive=True)
    def _look(self, window: LookWindow, path: str, words: str, room: Room, aim: Aim | None) -> None:
        from sora_tui.i18n.problems import sentences
        from sora_tui.media.helper import NotWantedError
        from sora_tui.workspace.references import open_picture

        is_wanted, cells = still_wanted(), None
        try:
            with open_picture(self.folder, path) as file:
                cells = self.helper.picture(file, room, aim=aim, is_wanted=is_wanted)
        except NotWantedError:
            return  # another one is
        except ProblemError as error:
            words = f"{clean_line(path, 200)}  {sentences(error.problem).happened}"
        if is_wanted():
            self.call_from_thread(window.show, words, cells)

    # Fitting ----------------------------------------------------------------------------------

    def on_fit_asked(self, event: FitAsked) -> None:
        """Let the person choose how this picture is brought to the size."""
        from sora_tui.tui.dialogs.fit import FitWindow

        if (refusal := self.refusal_of(event.path)) is not None:
            self.complain(refusal)
            return
        fit = self.fit_of(event.path)
        file, aim = self._pictures.get(event.path), self._aim(event.path, fit)
        if file is None or file.facts is None or aim is None:
            self.say(_("This picture is sent as it is: there is nothing to fit."))
            return
        self._looking = event.path
        window = FitWindow(clean_line(event.path, 60), file.facts, (aim.width, aim.height), fit)
        self.push_screen(window, self._fit_left)

    def _fit_left(self, fit: Fit | None) -> None:
        path, self._looking = self._looking, None
        self.workers.cancel_group(self, "look")
        if fit is not None:
            self.bench.editor.show_reference(path, fit)

    def on_fit_pictures_wanted(self, event: FitPicturesWanted) -> None:
        """Make both pictures for the room there is."""
        from sora_tui.tui.dialogs.fit import FitWindow

        window = self.screen
        if self.settings.screen.preview == "off" or self._looking is None:
            return
        aim = self._aim(self._looking, event.fit)
        if isinstance(window, FitWindow) and window.made.size.height > 0 and aim is not None:
            self._show_fit(window, self._looking, window.made.room, aim)

    @work(thread=True, group="look", exclusive=True)
    def _show_fit(self, window: FitWindow, path: str, room: Room, aim: Aim) -> None:
        from sora_tui.i18n.problems import sentences
        from sora_tui.media.helper import NotWantedError
        from sora_tui.workspace.references import open_picture

        is_wanted = still_wanted()
        try:
            with open_picture(self.folder, path) as file:
                for view, made in ((window.made, True), (window.whole, False)):
                    cells = self.helper.picture(
                        file, room, aim=aim._replace(made=made), is_wanted=is_wanted
                    )
                    if is_wanted():
                        self.call_from_thread(view.show, cells)
        except NotWantedError:
            return  # another fit is
        except ProblemError as error:
            self.call_from_thread(window.complain, sentences(error.problem).happened)

    def fit_of(self, path: str) -> Fit:
        """How this picture is brought to the size if it is sent: as is set, and as it needs."""
        from sora_tui.core.reference_fit import badge

        draft, file = self.bench.editor.draft, self._pictures.get(path)
        if draft.fit != EXACT or draft.reference in {path, f"input_reference/{path}"}:
            return draft.fit
        judged = badge(file.facts if file else None, draft.size)
        return COVER if judged.kind == "fit" else EXACT

    def _aim(self, path: str, fit: Fit) -> Aim | None:
        """The frame that this picture is to fill; None where it is sent as it is."""
        from sora_tui.core.reference_fit import badge
        from sora_tui.media.cells import Aim

        size, file = self.bench.editor.draft.size, self._pictures.get(path)
        if size is None or badge(file.facts if file else None, size).kind != "fit":
            return None
        return Aim(*width_height(size), fit)

    def _words_of(self, path: str, fit: Fit) -> str:
        """What a picture is, and what sending it does to it."""
        from sora_tui.core.reference_fit import badge
        from sora_tui.tui.panes.references import effect

        size, file = self.bench.editor.draft.size, self._pictures.get(path)
        words = clean_line(path, 200)
        if file is not None and file.facts is not None:
            words += f"  {file.facts.width}x{file.facts.height}  "
            words += effect(file, badge(file.facts, size), size, fit)
        return words
