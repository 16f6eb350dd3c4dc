"""References seen as they would be sent, chosen, and fitted to the size of the clip."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sora_tui.core.problem import Problem, ProblemError, problem
from sora_tui.core.reference_fit import Badge, badge, fit_if_sent
from sora_tui.core.request import Fit, width_height
from sora_tui.core.text import clean_line
from sora_tui.i18n import _

if TYPE_CHECKING:
    from sora_tui.media.cells import CellArea, FitTarget
    from sora_tui.tui.context import Context
    from sora_tui.tui.dialogs.fit import FitPicturesWanted, FitWindow
    from sora_tui.tui.dialogs.picture import Answer, PictureMoved, PictureWindow
    from sora_tui.tui.panes.references import FitAsked, PictureWanted, ReferenceChosen


class ReferenceFit:
    """Shows what becomes of a reference before it is sent."""

    def __init__(self, context: Context) -> None:
        self._context = context
        #: The picture of the list that is in a dialog, by its path.
        self._shown: str | None = None
        self._picture_dialog: PictureWindow | None = None
        self._fit_dialog: FitWindow | None = None

    def choose(self, intent: ReferenceChosen) -> None:
        """Send this picture, or none; one of another size is fitted, and the badge says so."""
        self._use(intent.path)

    def _use(self, path: str | None) -> None:
        editor = self._context.ui.workbench.editor
        fit = editor.draft.fit
        if path is not None:
            if (refusal := self._refusal_of(path)) is not None:
                self._context.ui.complain(refusal)
                return
            fit = self._fit_of(path)
        editor.show_reference(path, fit)

    # The picture ------------------------------------------------------------------------------

    def show_picture(self, intent: PictureWanted) -> None:
        """Show a picture of the list on the whole screen."""
        from sora_tui.tui.dialogs.picture import PictureWindow, keys_line

        if self._context.session.settings.screen.preview == "off":
            self._context.ui.say(_('Pictures are off: preview = "off" in sora-tui.toml.'))
            return
        self._shown = intent.path
        self._picture_dialog = PictureWindow(keys_line())
        self._context.ui.open_dialog(self._picture_dialog, self._picture_left)

    def _picture_left(self, answer: Answer | None) -> None:
        path, self._shown, self._picture_dialog = self._shown, None, None
        if path is not None and answer == "use":
            self._use(path)
        elif path is not None and answer == "fit":
            self._ask_fit(path)

    def draw_picture(self, intent: PictureMoved) -> None:
        """Decode the picture that is wanted, for the room there is."""
        dialog, pane = self._picture_dialog, self._context.ui.workbench.references
        if dialog is None:
            return
        if self._shown is not None and intent.by and pane is not None:
            self._shown = pane.move(intent.by) or self._shown
        if self._shown is not None and dialog.view.size.height > 0:
            fit = self._fit_of(self._shown)
            words = self._words_of(self._shown, fit)
            dialog.name_it(words)
            aim = self._aim(self._shown, fit)
            draw = partial(self._decode, dialog, self._shown, words, dialog.view.room, aim)
            self._context.ui.run(draw, group="look", latest=True)

    def _decode(
        self, dialog: PictureWindow, path: str, words: str, room: CellArea, aim: FitTarget | None
    ) -> None:
        from sora_tui.i18n.problems import sentences
        from sora_tui.media.decoder_client import NotWantedError
        from sora_tui.workspace.references import open_picture

        context, cells = self._context, None
        is_wanted = context.ui.wanted()
        try:
            with open_picture(context.session.folder, path) as file:
                cells = context.decoder.decoder.picture(file, room, aim=aim, is_wanted=is_wanted)
        except NotWantedError:
            return  # another one is
        except ProblemError as error:
            words = f"{clean_line(path, 200)}  {sentences(error.problem).happened}"
        if is_wanted():
            context.ui.from_worker(dialog.show, words, cells)

    # The fit ----------------------------------------------------------------------------------

    def ask_fit(self, intent: FitAsked) -> None:
        """Let the person choose how this picture is brought to the size."""
        self._ask_fit(intent.path)

    def _ask_fit(self, path: str) -> None:
        from sora_tui.tui.dialogs.fit import FitWindow

        ui = self._context.ui
        if (refusal := self._refusal_of(path)) is not None:
            ui.complain(refusal)
            return
        fit = self._fit_of(path)
        file, aim = self._context.references.files.get(path), self._aim(path, fit)
        if file is None or file.facts is None or aim is None:
            ui.say(_("This picture is sent as it is: there is nothing to fit."))
            return
        self._shown = path
        size = (aim.width, aim.height)
        self._fit_dialog = FitWindow(clean_line(path, 60), file.facts, size, fit)
        ui.open_dialog(self._fit_dialog, self._fit_left)

    def _fit_left(self, fit: Fit | None) -> None:
        path, self._shown, self._fit_dialog = self._shown, None, None
        self._context.ui.cancel("look")
        if fit is not None:
            self._context.ui.workbench.editor.show_reference(path, fit)

    def draw_fit(self, intent: FitPicturesWanted) -> None:
        """Make both pictures for the room there is."""
        dialog = self._fit_dialog
        is_off = self._context.session.settings.screen.preview == "off"
        if is_off or self._shown is None or dialog is None:
            return
        aim = self._aim(self._shown, intent.fit)
        if dialog.fitted.size.height > 0 and aim is not None:
            draw = partial(self._decode_both, dialog, self._shown, dialog.fitted.room, aim)
            self._context.ui.run(draw, group="look", latest=True)

    def _decode_both(self, dialog: FitWindow, path: str, room: CellArea, aim: FitTarget) -> None:
        from sora_tui.i18n.problems import sentences
        from sora_tui.media.decoder_client import NotWantedError
        from sora_tui.workspace.references import open_picture

        context = self._context
        is_wanted = context.ui.wanted()
        try:
            with open_picture(context.session.folder, path) as file:
                for view, made in ((dialog.fitted, True), (dialog.whole, False)):
                    cells = context.decoder.decoder.picture(
                        file, room, aim=aim._replace(copy=made), is_wanted=is_wanted
                    )
                    if is_wanted():
                        context.ui.from_worker(view.show, cells)
        except NotWantedError:
            return  # another fit is
        except ProblemError as error:
            context.ui.from_worker(dialog.complain, sentences(error.problem).happened)

    # What is known of a picture ---------------------------------------------------------------

    def _refusal_of(self, path: str) -> Problem | None:
        """Why this picture cannot be sent to any size, as far as its header tells."""
        file = self._context.references.files.get(path)
        if file is None or not file.was_read:
            return None
        reason = badge(file.facts, None).reason
        return None if reason is None else problem(reason, path=clean_line(path, 200))

    def _judged(self, path: str) -> Badge:
        file = self._context.references.files.get(path)
        return badge(file.facts if file else None, self._context.ui.workbench.editor.draft.size)

    def _fit_of(self, path: str) -> Fit:
        """How this picture is brought to the size if it is sent."""
        draft = self._context.ui.workbench.editor.draft
        is_chosen = draft.reference in {path, f"input_reference/{path}"}
        return fit_if_sent(draft.fit, self._judged(path), is_chosen=is_chosen)

    def _aim(self, path: str, fit: Fit) -> FitTarget | None:
        """The frame that this picture is to fill; None where it is sent as it is."""
        from sora_tui.media.cells import FitTarget

        size = self._context.ui.workbench.editor.draft.size
        if size is None or self._judged(path).kind != "fit":
            return None
        return FitTarget(*width_height(size), fit)

    def _words_of(self, path: str, fit: Fit) -> str:
        """What a picture is, and what sending it does to it."""
        from sora_tui.tui.presenters.reference_fit import effect

        file = self._context.references.files.get(path)
        size = self._context.ui.workbench.editor.draft.size
        words = clean_line(path, 200)
        if file is not None and file.facts is not None:
            words += f"  {file.facts.width}x{file.facts.height}  "
            words += effect(file, badge(file.facts, size), size, fit)
        return words
