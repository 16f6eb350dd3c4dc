"""The writing half of the screen: the draft, its price, the question, and handing the order in."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from textual import on, work

from sora_tui.core.problem import ProblemError, problem
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.tui.panes.editor.pane import EditorPane
from sora_tui.tui.state.editor_session import Before, DraftWanted
from sora_tui.tui.watching import WatchingApp

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sora_tui.config.settings import Settings
    from sora_tui.core.job import Job
    from sora_tui.core.parameters import ModelSchema
    from sora_tui.core.problem import Problem
    from sora_tui.core.server import Server
    from sora_tui.engine.orders import Order
    from sora_tui.tui.dialogs.params import ParamsWindow
    from sora_tui.tui.panes.editor.prompt_area import PromptText
    from sora_tui.tui.services.draft_orders import Prompted
    from sora_tui.tui.services.prompt_files import Opened
    from sora_tui.tui.state.draft import Draft

#: Seconds after the last keystroke until the draft is on the disk.
_AUTOSAVE: Final = 0.3
#: A generate key again within this many seconds is the same press: keyboards repeat.
_SAME_PRESS: Final = 0.8


class WritingApp(WatchingApp, part=True):
    """Lets a person write a prompt, see its price, and send it, once."""

    _order: Order | None = None
    #: What is known of server and model, and which those were.
    _schema: ModelSchema | None = None
    _offered: tuple[Server, str | None] | None = None
    _sending = False
    #: The message by the prompt is about a value in it.
    _refuses = False
    _pressed_at = 0.0

    @property
    def editor(self) -> EditorPane:
        """The editor pane."""
        return self.bench.editor

    # Files ------------------------------------------------------------------------------------

    async def open_first_draft(self) -> Problem | None:
        """Fill the editor for the first time; why it is not what it should be."""
        from sora_tui.tui.services.prompt_files import open_first

        signals = self.context.signals
        self.context.references.changed.subscribe(lambda _changed: self.show_price())
        signals.jobs_added.subscribe(self._handed_in)
        signals.draft_wanted.subscribe(self.open_wanted)
        signals.focus_changed.subscribe(self._focus_changed)
        signals.server_changed.subscribe(self._show_on_server)
        self.context.editor.view = self.editor
        drafts = self.context.saver.drafts
        opened = self._in_pixels(open_first(self.folder, drafts, self.settings))
        await self.editor.wake(opened.draft)
        self._take_opened(opened)
        return opened.problem

    async def complete_editor(self, problem: Problem | None) -> None:
        """Bring settings and price of the first draft, and say what `problem` it has."""
        from sora_tui.tui.state.draft import known_values

        self._know(self.editor.draft.model)
        await self.editor.bring_settings(known_values(self.settings.server, self.schema))
        self._judge(problem, *self.settings.warnings)

    def open_wanted(self, wanted: DraftWanted) -> None:
        """Put another prompt into the editor; what stands there is put away first."""
        from sora_tui.tui.state.draft import known_values

        if self.bench.show_question():
            self._refuse(wanted)
            return
        try:
            opened = wanted.load()
            if not wanted.is_edit:
                self.put_away()
        except ProblemError as error:
            self.complain(error.problem)  # and it stays where it is seen
            self._refuse(wanted)
            return
        opened = self._in_pixels(opened)
        self._know(opened.draft.model)
        self.editor.show(opened.draft, known_values(self.settings.server, self.schema))
        if wanted.is_edit:
            self.note_change()
        else:
            self._take_opened(opened)
            self._judge(opened.problem)
        editor = self.context.editor
        if wanted.undo is not None:
            editor.undo = wanted.undo
        editor.redo = wanted.redo
        if wanted.then is not None:
            wanted.then()

    def _refuse(self, wanted: DraftWanted) -> None:
        if wanted.refused is not None:
            wanted.refused()

    # What server and model take ------------------------------------------------------------------

    @property
    def schema(self) -> ModelSchema:
        """What is known of the chosen model on this server."""
        if self._schema is None:
            self._know(None)
        assert self._schema is not None, "see _know"
        return self._schema

    def _know(self, model: str | None, *, anew: bool = False) -> bool:
        """Look up what is known of this model; whether that is something else than before.

        Args:
            anew: The server may have been recognized meanwhile.
        """
        from sora_tui.engine.model_schema import model_schema_for

        about = (self.settings.server, model)
        if about == self._offered and not anew:
            return False
        before, self._offered = self._schema, about
        self._schema = model_schema_for(self.folder, self.settings.server, model)
        return self._schema != before

    def _in_pixels(self, opened: Opened) -> Opened:
        """A draft whose file has a word for its size, with the size that it means here."""
        from sora_tui.core.sizes import is_alias
        from sora_tui.tui.state.draft import in_pixels

        draft = opened.draft
        if draft.size is None or not is_alias(draft.size):
            return opened
        self._know(draft.model)
        return opened._replace(draft=in_pixels(draft, self.schema))

    def on_params_field_opened(self) -> None:
        """Show what may be sent beyond the standard."""
        from sora_tui.tui.dialogs.params import ParamsWindow

        draft = self.editor.draft
        self._know(draft.model, anew=True)
        window = ParamsWindow(self.schema, draft.params, self.settings.server.params)
        self.push_screen(window, lambda _closed: self.editor.focus_params())

    def on_params_window_changed(self, event: ParamsWindow.Changed) -> None:
        """A parameter was set, or is no longer sent."""
        self.editor.set_params(event.params)

    def _take_opened(self, opened: Opened) -> None:
        editor = self.context.editor
        editor.is_safe = True
        editor.unkept = opened.draft if opened.restored is not None else None
        editor.draft_restored = opened.restored
        # ctrl+z goes back to the file as it was kept, and no further.
        editor.undo = () if opened.before is None else (Before(opened.before),)
        self.bench.show_choices(opened.draft)
        self.show_file()
        if opened.restored is not None:
            time = f"{opened.restored.astimezone():%H:%M}"
            self.say(_("draft of {time} restored (ctrl+z undoes)").format(time=time))

    def _judge(self, *known: Problem | None) -> None:
        """The price of what stands in the editor; what else is known of it has the last word."""
        self.show_price()
        for said in known:
            if said is not None:
                self.complain(said)

    def show_file(self) -> None:
        """Which file is in the editor."""
        self.bench.show_file(self.editor.draft.file)

    # The draft --------------------------------------------------------------------------------

    @on(EditorPane.DraftChanged)
    def note_change(self) -> None:
        """The editor holds something that is not on the disk."""
        draft = self._owned(self.editor.draft)
        self.context.editor.unkept, self.context.editor.is_safe = draft, False
        # Not set again with each key: who types for an hour is saved all the while.
        if not self.context.ui.has_timer("autosave"):
            self.context.ui.every("autosave", _AUTOSAVE, self.make_safe, once=True)
        self.bench.show_choices(draft)
        self.say("")
        self.editor.say("")
        self.show_price()

    def _owned(self, draft: Draft) -> Draft:
        """The draft in a file that may be written, which a sample's first edit makes."""
        from sora_tui.tui.services.prompt_files import own_file

        try:
            owned = own_file(self.folder, draft)
        except ProblemError as error:
            self.complain(error.problem)
            return draft
        if owned.file != draft.file:
            self.editor.rebase(owned)
            self.show_file()
            self.context.signals.prompts_changed.publish(None)
        return owned

    def show_price(self) -> None:
        """Price and picture of what stands in the editor; a wrong value says so at once."""
        from sora_tui.engine.quote import quote, retirement
        from sora_tui.i18n.retirement import retirement_words
        from sora_tui.i18n.takes import same_seed_words
        from sora_tui.tui.presenters.order import picture_of
        from sora_tui.tui.state.draft import as_written, check_draft, known_values, request_of

        draft, server, price, wish = self.editor.draft, self.settings.server, None, None
        if self._know(draft.model):
            self.editor.set_choices(known_values(server, self.schema))
        try:
            wish = request_of(as_written(draft, self.settings), self.settings)
            price = quote(server, wish, self.folder)
            check_draft(draft, self.settings)
            self.schema.check({**server.params, **draft.params})
        except ProblemError as error:
            self.complain(error.problem)
            self._refuses = True
        else:
            if self._refuses:
                self.editor.say("")
            self._refuses = False
        end = retirement(server, draft.model)
        alike = "" if wish is None else same_seed_words(wish, draft.count)
        note = "; ".join(filter(None, (alike, retirement_words(end, self.clock().date()))))
        picture = picture_of(draft, self.context.references.files)
        urgent = bool(alike) or (end is not None and end.own)
        self.editor.show_facts(picture, price, server, note, urgent=urgent)
        self.bench.banner.show(server, paid=price is not None and bool(price.sum))

    def _focus_changed(self, has_focus: bool) -> None:
        # Who works in another window may end us from there.
        if not has_focus:
            self.make_safe()

    def make_safe(self) -> None:
        """Put what was typed on the disk, now."""
        self._stop_autosave()
        editor = self.context.editor
        if editor.unkept is not None and not editor.is_safe:
            self._write(editor.unkept, kept=False)

    def make_safe_now(self) -> None:
        """The same, and it is there when this returns: the process is about to stop."""
        self._stop_autosave()
        try:
            if self.context.saver.make_safe():
                self.editor.mark_safe()
        except ProblemError as error:
            self.complain(error.problem)

    def put_away(self) -> None:
        """Another prompt comes: after this what the editor holds is on the disk.

        The few milliseconds of the disk are waited for: nothing may come in between.

        Raises:
            ProblemError: disk_full or folder_not_writable.
        """
        after = self.context.saver.put_away()
        if after is not None:
            self.editor.mark_kept(after)

    def exit(
        self,
        result: None = None,
        return_code: int = 0,
        message: RenderableType | None = None,
    ) -> None:
        """Leave; a letter that stands in the editor, and of which no message came yet, counts."""
        editor = self.context.editor
        draft = editor.draft if self.is_running else None
        told = editor.unkept or self.editor.opened if draft is not None else None
        if draft is not None and told is not None and draft.text != told.text:
            editor.unkept, editor.is_safe = self._owned(draft), False
        super().exit(result, return_code, message)

    def _stop_autosave(self) -> None:
        self.context.ui.every("autosave", None, self.make_safe)

    def action_save_prompt(self) -> None:
        """Keep prompt and settings in their file."""
        self._stop_autosave()
        draft = self._owned(self.editor.draft)
        if draft.file is not None:
            self._write(draft, kept=True)

    def _write(self, draft: Draft, *, kept: bool) -> None:
        write = self.context.saver.write_call(draft, kept=kept)
        self.context.ui.run(write, partial(self._written, draft, kept), group="draft")

    def _written(self, draft: Draft, kept: bool, after: Draft | None) -> None:
        if after is None or self.editor.draft.file != draft.file:
            return  # something newer is on the disk, or another prompt came meanwhile
        editor = self.context.editor
        current = editor.unkept in (None, draft)
        if current:
            editor.is_safe = True
            self.editor.mark_safe()
        if not kept:
            return
        self.editor.rebase(after)
        editor.unkept = None if current else self.editor.draft
        self.show_file()
        if after.file != draft.file:
            text = _("{file} was changed by another program and stays; yours is kept in {mine}.")
            self.say(text.format(file=draft.file, mine=after.file))
        else:
            self.say(_("Kept {file}").format(file=draft.file))
        self.context.signals.prompts_changed.publish(None)

    def on_prompt_text_left(self) -> None:
        """The text is left: no need to wait."""
        self.make_safe()

    def on_prompt_text_left_out(self, event: PromptText.LeftOut) -> None:
        """Tell what a paste lost, once the message of the edit, which clears the line, is past."""
        self.call_after_refresh(self.tell_left_out, event.characters)

    def tell_left_out(self, characters: tuple[str, ...]) -> None:
        """Name the characters that a text brought and no prompt may have; nothing for none."""
        from sora_tui.i18n.formatting import left_out_words

        if characters:
            self.say(left_out_words(characters))

    # Sending ----------------------------------------------------------------------------------

    @on(EditorPane.GenerateAsked)
    def action_generate(self) -> None:
        """Make the clips, after the question that their price needs."""
        now = time.monotonic()
        again, self._pressed_at = now - self._pressed_at < _SAME_PRESS, now
        if again:
            return
        if self.editor.filling:
            self.editor.submit_values()
        elif self.editor.asking:
            self.editor.focus_pane()
        elif self._sending or self.engine is None:
            return
        elif not self.editor.count_is_valid:
            from sora_tui.config.order_options import MAX_COUNT

            self.complain(problem("count_invalid", limit=MAX_COUNT))
        elif not self.folder.writable:
            known = problem("folder_not_writable", path=str(self.folder.root))
            self.complain(self.folder.refusal or known)
        else:
            self._begin(self.editor.draft)

    def _begin(self, draft: Draft) -> None:
        from sora_tui.tui.state.draft import sent_text, variables_of

        try:
            values = variables_of(draft, self.settings)
        except ProblemError as error:
            self.complain(error.problem)
            return
        if values:
            self.bench.show_pane("editor")
            self.editor.say("")
            self.editor.ask_values(sent_text(draft), values)
        else:
            self._sending = True
            self._prepare(draft)

    @on(EditorPane.ValuesGiven)
    def _values_given(self, event: EditorPane.ValuesGiven) -> None:
        self._take_values(event.values)
        self._sending = True
        self._prepare(self.editor.draft)

    @on(EditorPane.ValuesDeclined)
    def _values_declined(self, event: EditorPane.ValuesDeclined) -> None:
        self._take_values(event.values)
        self.say(_("Not sent, nothing spent."))

    def _take_values(self, values: Mapping[str, str]) -> None:
        given = {**self.editor.draft.values, **values}
        if given != self.editor.draft.values:
            self.editor.set_values(given)
            self._remember(self.editor.draft.file, given)

    @work(thread=True, group="values")
    def _remember(self, file: str | None, values: Mapping[str, str]) -> None:
        from sora_tui.workspace.variable_values import save_values

        try:
            if file is not None:
                save_values(self.folder, file, values)
        except ProblemError as error:
            self.call_from_thread(self.complain, error.problem)

    @work(thread=True, group="order")
    def _prepare(self, draft: Draft) -> None:
        from sora_tui.tui.services.draft_orders import prepare

        server = self.settings.server
        if server.is_loopback and not server.simulated:
            # A server of this machine may be asked what it is; one that hangs takes some seconds.
            text = _("Asking {name} ...").format(name=clean_line(server.name, 40))
            self.call_from_thread(self.say, text)
        try:
            prompted = prepare(
                self.folder, self.settings, draft, self.clock(), self.context.decoder.decoder
            )
        except ProblemError as error:
            self.call_from_thread(self._refused, error)
        else:
            self.call_from_thread(self._prepared, prompted)

    def _prepared(self, prompted: Prompted) -> None:
        from sora_tui.core.price import Ask
        from sora_tui.i18n.lineage import operation_words
        from sora_tui.tui.presenters.order import note_of, question_for, today_of

        order = prompted.order
        if order.ask is Ask.NOTHING and order.refused is None:
            self._hand_in(order, always=False)
            return
        self._order = order
        (line,) = order.lines
        self.say("")
        self.bench.show_pane("editor")
        self.editor.say("")
        self.editor.ask(
            question_for(
                order.ask,
                prompted.draft,
                line.price,
                line.server,
                today_of(order),
                order.refused,
                note=note_of(order, self.clock()),
                made_of=operation_words(line.request, short=True),
            ),
            line.request.prompt,
        )

    @on(EditorPane.ConsentGiven)
    def _agreed(self, event: EditorPane.ConsentGiven) -> None:
        order, self._order = self._order, None
        if order is not None:
            self._hand_in(order, event.always)

    @on(EditorPane.ConsentDeclined)
    def _declined(self) -> None:
        self._order = None
        self._sending = False
        self.say(_("Not sent, nothing spent."))

    @work(thread=True, group="order")
    def _hand_in(self, order: Order, always: bool) -> None:
        from sora_tui.tui.services.draft_orders import remember_always, submit

        assert self.engine is not None
        try:
            if always:
                remember_always(order)
            jobs = submit(self.engine, order, self.clock())
        except ProblemError as error:
            self.call_from_thread(self._refused, error)
        else:
            self.call_from_thread(self.context.signals.jobs_added.publish, jobs)

    def _refused(self, error: ProblemError) -> None:
        self._sending = False
        self.say("")
        self.complain(error.problem)

    def _handed_in(self, _jobs: list[Job]) -> None:
        """The order is on its way: the next one may come."""
        self._sending = False
        self.editor.say("")

    # Another server ---------------------------------------------------------------------------

    def _show_on_server(self, before: Settings) -> None:
        """Show what the draft means on this server, and what it costs."""
        from sora_tui.tui.state.draft import known_values, moved

        draft = moved(self.editor.draft, before, self.settings)
        self._know(draft.model)
        self.editor.show_settings(draft, known_values(self.settings.server, self.schema))
        self.bench.show_choices(draft)
        self.show_price()
        for warning in self.settings.warnings:
            self.complain(warning)
