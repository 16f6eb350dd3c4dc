"""The writing half of the screen: the draft, its price, the question, and handing the order in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from textual import on, work

from sora_tui.core.problem import ProblemError, problem
from sora_tui.i18n import _, ngettext
from sora_tui.tui.gallery import GalleryApp
from sora_tui.tui.panes.editor import EditorPane

if TYPE_CHECKING:
    from sora_tui.core.job import Job
    from sora_tui.core.request import Fit
    from sora_tui.tui.draft import Draft
    from sora_tui.tui.ordering import Order
    from sora_tui.workspace.prompts import PromptFile

#: Seconds after the last keystroke until the draft is on the disk.
_AUTOSAVE: Final = 1.0
#: A generate key again within this many seconds is the same press: keyboards repeat.
_SAME_PRESS: Final = 0.8


class WritingApp(GalleryApp):
    """Lets a person write a prompt, see its price, and send it, once."""

    #: What was typed since it was last made safe; whoever ends the program writes it.
    unsafe_draft: Draft | None = None
    _order: Order | None = None
    _sending = False
    _pressed_at = 0.0

    @property
    def editor(self) -> EditorPane:
        """The editor pane."""
        return self.bench.editor

    # Files ------------------------------------------------------------------------------------

    async def open_first_draft(self) -> None:
        """Fill the editor for the first time."""
        from sora_tui.tui.draft import known_values
        from sora_tui.tui.prompt_desk import open_first
        from sora_tui.workspace.prompts import draft_time

        draft, problem = open_first(self.folder, self.settings)
        self.draft_restored = draft_time(self.folder, draft.file) if draft.file else None
        await self.editor.wake(draft, known_values(self.settings.server))
        self.show_file()
        self.show_price()
        for said in (*self.settings.warnings, problem):
            if said is not None:
                self.complain(said)

    def open_draft(self, draft: Draft) -> None:
        """Put another prompt into the editor; what stands there is made safe first."""
        from sora_tui.tui.draft import known_values

        self._make_safe()
        self.editor.show(draft, known_values(self.settings.server))
        self.show_file()
        self.show_price()

    def show_file(self) -> None:
        """Which file is in the editor."""
        self.bench.show_file(self.editor.draft.file)

    @work(thread=True, group="files", exclusive=True)
    def refresh_files(self) -> None:
        """Read the folder of prompts again."""
        from sora_tui.workspace.prompts import list_prompts

        self.call_from_thread(self._take_files, list_prompts(self.folder))

    def _take_files(self, prompts: list[PromptFile]) -> None:
        if self.bench.prompts is not None:
            self.bench.prompts.show(prompts, self.clock())

    def pictures_changed(self) -> None:
        """The chosen picture may be another one, or known by now."""
        self.show_price()

    # The draft --------------------------------------------------------------------------------

    @on(EditorPane.DraftChanged)
    def _draft_changed(self, event: EditorPane.DraftChanged) -> None:
        from sora_tui.tui.prompt_desk import own_file

        draft = own_file(self.folder, event.draft)
        if draft.file != event.draft.file:
            self.editor.show_file(draft.file)
            self.show_file()
        self.unsafe_draft = draft
        self.restart("autosave", _AUTOSAVE, self._make_safe, once=True)
        self.bench.show_choices(draft)
        self.say("")
        self.show_price()

    def show_price(self) -> None:
        """Price and picture of what stands in the editor; a wrong value says so at once."""
        from sora_tui.engine.quote import quote
        from sora_tui.tui.draft import check_draft, request_of
        from sora_tui.tui.order import picture_of

        draft, server, price = self.editor.draft, self.settings.server, None
        try:
            price = quote(server, request_of(draft, self.settings))
            check_draft(draft, self.settings)
        except ProblemError as error:
            self.complain(error.problem)
        else:
            self.editor.say("")
        self.editor.show_facts(picture_of(draft, self._pictures), price, server)
        self.bench.banner.show(server, paid=price is not None and bool(price.sum))

    def _make_safe(self) -> None:
        if self.unsafe_draft is not None:
            self._write(self.unsafe_draft, kept=False)

    def action_save_prompt(self) -> None:
        """Keep prompt and settings in their file."""
        from sora_tui.tui.prompt_desk import own_file

        self.restart("autosave", None, self._make_safe)
        draft = own_file(self.folder, self.editor.draft)
        self.editor.show_file(draft.file)
        self._write(draft, kept=True)

    @work(thread=True, group="draft")
    def _write(self, draft: Draft, *, kept: bool) -> None:
        from sora_tui.tui.prompt_desk import keep, make_safe

        try:
            (keep if kept else make_safe)(self.folder, draft)
        except ProblemError as error:
            self.call_from_thread(self.complain, error.problem)
        else:
            self.call_from_thread(self._written, draft, kept)

    def _written(self, draft: Draft, kept: bool) -> None:
        if kept or self.unsafe_draft in (None, draft):
            self.unsafe_draft = None
            self.editor.mark_safe()
        if kept:
            self.say(_("Kept {file}").format(file=draft.file))
        self.refresh_files()

    def needed_fit(self, path: str) -> Fit:
        """How a picture gets to the chosen size: as it is where that does."""
        from sora_tui.workspace.references import badge

        file = self._pictures.get(path)
        judged = badge(file.facts if file else None, self.editor.draft.size)
        return "cover" if judged.kind == "fit" else "exact"

    # Sending ----------------------------------------------------------------------------------

    @on(EditorPane.GenerateAsked)
    def action_generate(self) -> None:
        """Make the clips, after the question that their price needs."""
        now = time.monotonic()
        again, self._pressed_at = now - self._pressed_at < _SAME_PRESS, now
        if self.editor.asking:
            self.editor.focus_pane()
        elif again or self._sending or self.engine is None:
            return
        elif not self.editor.count_is_valid:
            from sora_tui.config.choices import MAX_COUNT

            self.complain(problem("count_invalid", limit=MAX_COUNT))
        elif not self.folder.writable:
            self.complain(problem("folder_not_writable", path=str(self.folder.root)))
        else:
            self._sending = True
            self._prepare(self.editor.draft)

    @work(thread=True, group="order")
    def _prepare(self, draft: Draft) -> None:
        from sora_tui.tui.ordering import prepare

        try:
            order = prepare(self.folder, self.settings, draft, self.clock())
        except ProblemError as error:
            self.call_from_thread(self._refused, error)
        else:
            self.call_from_thread(self._prepared, order)

    def _prepared(self, order: Order) -> None:
        from sora_tui.core.price import Ask
        from sora_tui.tui.order import question_for

        if order.ask is Ask.NOTHING and order.refused is None:
            self._hand_in(order, always=False)
            return
        self._order = order
        self.bench.show_pane("editor")
        self.editor.ask(
            question_for(
                order.ask, order.draft, order.price, order.server, order.today, order.refused
            )
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
        from sora_tui.tui.ordering import hand_in, remember_always

        assert self.engine is not None
        try:
            if always:
                remember_always(order.server)
            jobs = hand_in(self.engine, order, self.clock())
        except ProblemError as error:
            self.call_from_thread(self._refused, error)
        else:
            self.call_from_thread(self.show_handed_in, jobs)

    def _refused(self, error: ProblemError) -> None:
        self._sending = False
        self.complain(error.problem)

    def show_handed_in(self, jobs: list[Job]) -> None:
        """New jobs are on their way."""
        self._sending = False
        self.editor.say("")
        self.book.load(jobs)
        known = [view for job in jobs if (view := self.book.get(job.id)) is not None]
        self.jobs.change(known, self.clock())
        text = ngettext("{count} clip is on its way.", "{count} clips are on their way.", len(jobs))
        self.say(text.format(count=len(jobs)))
        self.show_status()
        self.show_today(jobs)
        self.retune()

    # Another server ---------------------------------------------------------------------------

    def use_server(self, name: str) -> None:
        """Send the next clip elsewhere; the draft stays, jobs of other servers go on."""
        from sora_tui.tui.draft import known_values, moved

        before = self.settings
        try:
            self.settings = before.on(name)
        except ProblemError as error:
            self.complain(error.problem)
            return
        draft = moved(self.editor.draft, before, self.settings)
        self.editor.show_settings(draft, known_values(self.settings.server))
        self.jobs.set_simulated(self.settings.server.simulated)
        self.bench.show_choices(draft)
        left = [job for job in self.book.active if job.server.profile == before.server.name]
        self.say(self._beside(left) if name != before.server.name else "")
        self.show_price()
        self.show_today()
        for warning in self.settings.warnings:
            self.complain(warning)

    def _beside(self, left: list[Job]) -> str:
        if not left:
            return ""
        text = ngettext(
            "{count} job of the other server goes on beside it.",
            "{count} jobs of the other server go on beside it.",
            len(left),
        )
        return text.format(count=len(left))
