"""From the prompt in the editor to jobs: variables, price, the question, handing in."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

from sora_tui.core.problem import ProblemError, problem
from sora_tui.core.text import clean_line
from sora_tui.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sora_tui.core.job import Job
    from sora_tui.core.problem import Problem
    from sora_tui.engine.orders import Order
    from sora_tui.tui.context import Context
    from sora_tui.tui.panes.editor.pane import EditorPane
    from sora_tui.tui.panes.editor.settings_bar import GenerateButton
    from sora_tui.tui.panes.editor.variables_form import ValuesDeclined, ValuesGiven
    from sora_tui.tui.services.draft_orders import Prompted
    from sora_tui.tui.state.draft import Draft

#: A generate key again within this many seconds is the same press: keyboards repeat.
_SAME_PRESS: Final = 0.8


class Orders:
    """Sends the prompt in the editor, once, after the question that its price needs.

    What has to be asked, and whether a limit forbids it, is decided in `engine/orders.py`.

    Attributes:
        pressed_at: When generate was pressed last, in seconds of the monotonic clock.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.pressed_at = 0.0
        #: What the question by the prompt is about.
        self._order: Order | None = None
        #: From the press until the order is handed in, refused or declined.
        self._sending = False
        context.signals.jobs_added.subscribe(self._handed_in)

    @property
    def _pane(self) -> EditorPane:
        return self._context.ui.workbench.editor

    # What is asked for ------------------------------------------------------------------------

    def press(self, _intent: GenerateButton.Pressed) -> None:
        """Do what the key does: the button was pressed."""
        self.generate()

    def generate(self) -> None:
        """Make the clips, after the question that their price needs."""
        session, pane = self._context.session, self._pane
        now = time.monotonic()
        again, self.pressed_at = now - self.pressed_at < _SAME_PRESS, now
        if again:
            return
        if pane.filling:
            pane.submit_values()
        elif pane.asking:
            pane.focus_pane()
        elif self._sending or session.engine is None:
            return
        elif not pane.count_is_valid:
            from sora_tui.core.request import MAX_COUNT

            self._context.ui.complain(problem("count_invalid", limit=MAX_COUNT))
        elif not session.folder.writable:
            known = problem("folder_not_writable", path=str(session.folder.root))
            self._context.ui.complain(session.folder.refusal or known)
        else:
            self._begin(pane.draft)

    def _begin(self, draft: Draft) -> None:
        from sora_tui.tui.state.draft import sent_text, variables_of

        ui = self._context.ui
        try:
            values = variables_of(draft, self._context.session.settings)
        except ProblemError as error:
            ui.complain(error.problem)
            return
        if values:
            ui.workbench.show_pane("editor")
            self._pane.say("")
            self._pane.ask_values(sent_text(draft), values)
        else:
            self._prepare(draft)

    # Variables --------------------------------------------------------------------------------

    def take_values(self, intent: ValuesGiven) -> None:
        """Send it with these values for its variables."""
        self._set_values(intent.values)
        self._prepare(self._pane.draft)

    def leave_values(self, intent: ValuesDeclined) -> None:
        """Send nothing; the values that were given are kept for the next time."""
        self._set_values(intent.values)
        self._context.ui.say(_("Not sent, nothing spent."))

    def _set_values(self, values: Mapping[str, str]) -> None:
        from sora_tui.workspace.variable_values import save_values

        draft = self._pane.draft
        given = {**draft.values, **values}
        if given != draft.values:
            self._pane.set_values(given)
            if draft.file is not None:
                save = partial(save_values, self._context.session.folder, draft.file, given)
                self._context.ui.run(save, group="values")

    # The question -----------------------------------------------------------------------------

    def _prepare(self, draft: Draft) -> None:
        from sora_tui.tui.services.draft_orders import prepare

        context, session = self._context, self._context.session
        self._sending = True
        server = session.settings.server
        if server.is_loopback and not server.simulated:
            # A server of this machine may be asked what it is; one that hangs takes some seconds.
            text = _("Asking {name} ...").format(name=clean_line(server.name, 40))
            context.ui.say(text)
        call = partial(prepare, session.folder, session.settings, draft, session.clock())
        context.ui.run(
            lambda: call(context.decoder.decoder),
            self._ask,
            group="order",
            failed=self._refused,
        )

    def _ask(self, prompted: Prompted) -> None:
        from sora_tui.core.price import Ask
        from sora_tui.i18n.lineage import operation_words
        from sora_tui.tui.presenters.order import note_of, question_for, today_of

        order = prompted.order
        if order.ask is Ask.NOTHING and order.refused is None:
            self._hand_in(order, always=False)
            return
        self._order = order
        (line,) = order.lines
        ui = self._context.ui
        ui.say("")
        ui.workbench.show_pane("editor")
        self._pane.say("")
        self._pane.ask(
            question_for(
                order.ask,
                prompted.draft,
                line.price,
                line.server,
                today_of(order),
                order.refused,
                note=note_of(order, self._context.session.clock()),
                source=operation_words(line.request, short=True),
            ),
            line.request.prompt,
        )

    def agree(self, intent: EditorPane.ConsentGiven) -> None:
        """Hand in what the question was about."""
        order, self._order = self._order, None
        if order is not None:
            self._hand_in(order, intent.always)

    def decline(self, _intent: EditorPane.ConsentDeclined) -> None:
        """Send nothing."""
        self._order = None
        self._sending = False
        self._context.ui.say(_("Not sent, nothing spent."))

    # Handing in -------------------------------------------------------------------------------

    def _hand_in(self, order: Order, always: bool) -> None:
        from sora_tui.tui.services.draft_orders import remember_always, submit

        session = self._context.session
        engine = session.running_engine

        def hand_in() -> list[Job]:
            if always:
                remember_always(order)
            return submit(engine, order, session.clock())

        added = self._context.signals.jobs_added
        self._context.ui.run(hand_in, added.publish, group="order", failed=self._refused)

    def _refused(self, problem: Problem) -> None:
        self._sending = False
        self._context.ui.say("")
        self._context.ui.complain(problem)

    def _handed_in(self, _jobs: list[Job]) -> None:
        """The order is on its way: the next one may come."""
        self._sending = False
        self._pane.say("")
