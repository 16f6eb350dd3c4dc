"""The writing half of the screen: the draft, its price, the question, and handing the order in."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from textual import events, on, work

from sora_tui.core.problem import ProblemError, problem
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.tui.panes.editor.pane import EditorPane
from sora_tui.tui.watching import WatchingApp

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import RenderableType
    from textual.timer import Timer

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
    from sora_tui.workspace.drafts import Drafts
    from sora_tui.workspace.prompts import PromptFile, PromptShelf

#: Seconds after the last keystroke until the draft is on the disk.
_AUTOSAVE: Final = 0.3
#: A generate key again within this many seconds is the same press: keyboards repeat.
_SAME_PRESS: Final = 0.8


class WritingApp(WatchingApp, part=True):
    """Lets a person write a prompt, see its price, and send it, once."""

    #: Given out when the first draft comes.
    drafts: Drafts | None = None
    #: What stands in the editor while its file says something else.
    unkept: Draft | None = None
    #: That is in safety.
    _is_safe = True
    draft_restored: datetime | None = None
    """When the text in the editor was put in safety, if it comes from a draft."""
    _autosave: Timer | None = None
    #: Writes are numbered: none goes over a newer one.
    _asked = 0
    _written_at = 0
    _prompt_shelf: PromptShelf | None = None
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
        from sora_tui.workspace.drafts import Drafts

        signals = self.context.signals
        self.context.references.changed.subscribe(lambda _changed: self.show_price())
        signals.jobs_added.subscribe(self._handed_in)
        signals.rewrite_wanted.subscribe(self.edit_waiting)
        signals.server_changed.subscribe(self._show_on_server)
        self.drafts = Drafts(self.folder)
        opened = self._in_pixels(open_first(self.folder, self.drafts, self.settings))
        await self.editor.wake(opened.draft)
        self._take_opened(opened)
        return opened.problem

    async def complete_editor(self, problem: Problem | None) -> None:
        """Bring settings and price of the first draft, and say what `problem` it has."""
        from sora_tui.tui.state.draft import known_values

        self._know(self.editor.draft.model)
        await self.editor.bring_settings(known_values(self.settings.server, self.schema))
        self._judge(problem, *self.settings.warnings)

    def open(self, opened: Opened) -> bool:
        """Put another prompt into the editor; what stands there is put away first.

        Returns:
            Whether it is there: not while a question waits, nor where the disk refuses.
        """
        from sora_tui.tui.state.draft import known_values

        if self.waits_for_answer():
            return False
        try:
            self.put_away()
        except ProblemError as error:
            self.complain(error.problem)  # and it stays where it is seen
            return False
        opened = self._in_pixels(opened)
        self._know(opened.draft.model)
        self.editor.show(opened.draft, known_values(self.settings.server, self.schema))
        self._take_opened(opened)
        self._judge(opened.problem)
        return True

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
            model: The name of the model.
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

    def waits_for_answer(self) -> bool:
        """Whether a question about this prompt is open: it must not be answered about another."""
        if self.editor.asking:
            self.say(_("A question waits for its answer by the prompt."))
            self.bench.show_pane("editor")
            self.editor.focus_pane()
        return self.editor.asking

    def _take_opened(self, opened: Opened) -> None:
        self._is_safe = True
        self.unkept = opened.draft if opened.restored is not None else None
        self.draft_restored = opened.restored
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

    @work(thread=True, group="files", exclusive=True)
    def refresh_files(self) -> None:
        """Read the folder of prompts again."""
        self.call_from_thread(self._take_files, self.list_prompts())

    def _take_files(self, prompts: list[PromptFile]) -> None:
        if self.bench.prompts is not None:
            self.bench.prompts.show(prompts, self.clock())

    def list_prompts(self) -> list[PromptFile]:
        """Every prompt file; blocks."""
        from sora_tui.workspace.prompts import PromptShelf

        if self._prompt_shelf is None:
            self._prompt_shelf = PromptShelf(self.folder)
        return self._prompt_shelf.list()

    # The draft --------------------------------------------------------------------------------

    def search_prompts(self, words: str) -> set[str]:
        """The paths of the listed prompt files that have all these words; blocks."""
        return set() if self._prompt_shelf is None else self._prompt_shelf.search(words)

    @on(EditorPane.DraftChanged)
    def note_change(self) -> None:
        """The editor holds something that is not on the disk."""
        draft = self._owned(self.editor.draft)
        self.unkept, self._is_safe = draft, False
        # Not anew with each key: who types for an hour is saved all the while.
        if self._autosave is None:
            self._autosave = self.set_timer(_AUTOSAVE, self.make_safe)
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
            self.refresh_files()
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

    @on(events.AppBlur)
    def make_safe(self) -> None:
        """Put what was typed on the disk, now. Who looks elsewhere may end us from there."""
        self._stop_autosave()
        if self.unkept is not None and not self._is_safe:
            self._write(self.unkept, kept=False)

    def make_safe_now(self) -> None:
        """The same, and it is there when this returns: the process is about to stop."""
        from sora_tui.tui.services.prompt_files import make_safe

        self._stop_autosave()
        draft = self.unkept
        if draft is None or draft.file is None or self.drafts is None or self._is_safe:
            return
        self._asked += 1
        try:
            with self.drafts.lock:
                self._written_at = self._asked
                make_safe(self.drafts, draft)
        except ProblemError as error:
            self.complain(error.problem)
        else:
            self._is_safe = True
            self.editor.mark_safe()

    def put_away(self) -> None:
        """Another prompt comes: after this what the editor holds is on the disk.

        The few milliseconds of the disk are waited for: nothing may come in between.

        Raises:
            ProblemError: disk_full or folder_not_writable.
        """
        after = self.last_words()
        if after is not None:
            self.editor.rebase(after)
            self.editor.mark_safe()

    def exit(
        self,
        result: None = None,
        return_code: int = 0,
        message: RenderableType | None = None,
    ) -> None:
        """Leave; a letter that stands in the editor, and of which no message came yet, counts."""
        has_editor = self.is_running and self.drafts is not None
        draft = self.editor.draft_or_none if has_editor else None
        told = self.unkept or self.editor.opened if draft is not None else None
        if draft is not None and told is not None and draft.text != told.text:
            self.unkept, self._is_safe = self._owned(draft), False
        super().exit(result, return_code, message)

    def last_words(self) -> Draft | None:
        """The same at the end, when the screen and its loop may be gone: they are not touched.

        Returns:
            What was written, None where nothing had to be.

        Raises:
            ProblemError: disk_full or folder_not_writable.
        """
        from sora_tui.tui.services.prompt_files import put_away

        draft, self.unkept = self.unkept, None
        if draft is None or draft.file is None or self.drafts is None:
            return None
        self._asked += 1
        try:
            with self.drafts.lock:
                self._written_at = self._asked
                after = put_away(self.folder, self.drafts, draft)
        except ProblemError:
            self.unkept, self._is_safe = draft, False
            raise
        self._is_safe = True
        return after

    def _stop_autosave(self) -> None:
        if self._autosave is not None:
            self._autosave.stop()
            self._autosave = None

    def action_save_prompt(self) -> None:
        """Keep prompt and settings in their file."""
        self._stop_autosave()
        draft = self._owned(self.editor.draft)
        if draft.file is not None:
            self._write(draft, kept=True)

    def _write(self, draft: Draft, *, kept: bool) -> None:
        self._asked += 1
        self._write_in_turn(draft, kept, self._asked)

    @work(thread=True, group="draft")
    def _write_in_turn(self, draft: Draft, kept: bool, number: int) -> None:
        from sora_tui.tui.services.prompt_files import keep, make_safe

        assert self.drafts is not None
        after = draft
        try:
            with self.drafts.lock:
                if number < self._written_at:
                    return  # something newer is on the disk already
                self._written_at = number
                if kept:
                    after = keep(self.folder, self.drafts, draft)
                else:
                    make_safe(self.drafts, draft)
        except ProblemError as error:
            self.call_from_thread(self.complain, error.problem)
        else:
            self.call_from_thread(self._written, draft, after, kept)

    def _written(self, draft: Draft, after: Draft, kept: bool) -> None:
        if self.editor.draft.file != draft.file:
            return  # another prompt came meanwhile
        current = self.unkept in (None, draft)
        if current:
            self._is_safe = True
            self.editor.mark_safe()
        if not kept:
            return
        self.editor.rebase(after)
        self.unkept = None if current else self.editor.draft
        self.show_file()
        if after.file != draft.file:
            text = _("{file} was changed by another program and stays; yours is kept in {mine}.")
            self.say(text.format(file=draft.file, mine=after.file))
        else:
            self.say(_("Kept {file}").format(file=draft.file))
        self.refresh_files()

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

    # A job that waits, written anew -----------------------------------------------------------

    def edit_waiting(self, job: Job) -> None:
        """Take a waiting job back and put its prompt and settings into the editor."""
        from sora_tui.tui.services.prompt_files import Opened
        from sora_tui.tui.state.draft import draft_of_request

        if not self.open(Opened(draft_of_request(job.request))):
            return
        self.command(job.id, "cancel")
        self.bench.show_pane("editor")
        self.editor.focus_pane()
        self.say(_("Taken back, nothing was sent. Change it here; F5 sends it as a new job."))

    # Another server ---------------------------------------------------------------------------

    def use_server(self, name: str) -> None:
        """Send the next clip elsewhere; the draft stays, jobs of other servers go on."""
        try:
            self.session.use_server(name)
        except ProblemError as error:
            self.complain(error.problem)

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
