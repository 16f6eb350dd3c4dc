"""The inspector pane: one job as facts, as events, and as the JSON document itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from sora_tui.core.problem import Problem
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _
from sora_tui.tui import job_facts
from sora_tui.tui.job_rows import JobView
from sora_tui.tui.panes.jobs import JobAction, is_possible
from sora_tui.tui.panes.long_text import Line, LongText

Page = Literal["facts", "events", "json"]
PAGES: Final[tuple[Page, ...]] = ("facts", "events", "json")
_NAMES: Final[Mapping[Page, str]] = {"facts": N_("Facts"), "events": N_("Events"), "json": "JSON"}


class InspectorPane(Vertical):
    """What is known of one job. It shows what it is given and asks for nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "page('facts')", N_("Show the facts"), id="inspector.facts"),
        Binding("e", "page('events')", N_("Show the events"), id="inspector.events"),
        Binding("J", "page('json')", N_("Show the JSON document"), id="inspector.json"),
        Binding("left,h", "turn(-1)", N_("Page before"), id="inspector.before", show=False),
        Binding("right,l", "turn(1)", N_("Page after"), id="inspector.after", show=False),
        Binding("o", "act('look')", N_("Look at the clip"), id="inspector.look"),
        Binding("y", "act('copy')", N_("Copy the path or scp line"), id="inspector.copy"),
    ]

    def __init__(self, *, ascii: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._ascii = ascii
        self._page: Page = "facts"
        self._view: JobView | None = None
        self._document: str | None = None
        self._problem: Problem | None = None
        self._now: datetime | None = None
        self._title = ""
        self._text = LongText()

    def compose(self) -> ComposeResult:
        """One text, whatever the page."""
        yield self._text

    def on_mount(self) -> None:
        """Words are chosen now that the language is known."""
        self._show_page(anew=True)
        self.border_subtitle = Content(_("f e J pages  y copy"))

    # Values in --------------------------------------------------------------------------------

    def show(
        self,
        view: JobView | None,
        document: str | None,
        problem: Problem | None,
        now: datetime,
    ) -> None:
        """Show this job. Who reads it keeps the place: only another job starts at the top.

        Args:
            view: None with a `problem`: a document that is no job any more.
            document: The document's own text; None when it has not been read.
            problem: Why the document cannot be read, with `line` and `column` among its facts.
        """
        same = _id(view) == _id(self._view)
        same_text = same and (document, problem) == (self._document, self._problem)
        broke = problem is not None and problem != self._problem
        self._view, self._document, self._problem, self._now = view, document, problem, now
        if broke:
            self._page = "json"
        if self._page == "json" and same_text:
            self._show_title()
        else:
            self._show_page(anew=broke or not same)

    def select_page(self, page: Page) -> None:
        """Turn to a page."""
        if page != self._page:
            self._page = page
            self._show_page(anew=True)

    def focus_pane(self) -> None:
        """Take the keys."""
        self._text.focus()

    # Values out -------------------------------------------------------------------------------

    @property
    def page(self) -> Page:
        """The page in front."""
        return self._page

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The keys that do something here."""
        if self._view is None:
            return ()
        pages = (("f", N_("Facts")), ("e", N_("Events")), ("J", "JSON"), ("y", N_("Copy")))
        return (("o", N_("Look")), *pages) if is_possible(self._view, "look") else pages

    def action_page(self, page: Page) -> None:
        """Turn to a page."""
        self.select_page(page)

    def action_turn(self, by: int) -> None:
        """Turn to the page before or after, round and round."""
        self.select_page(PAGES[(PAGES.index(self._page) + by) % len(PAGES)])

    def action_act(self, verb: str) -> None:
        """Ask for something to be done with the job."""
        if self._view is not None:
            self.post_message(JobAction(self._view.job.id, verb))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what means something for this job; other keys go on to the app."""
        if action != "act":
            return True
        return self._view is not None and is_possible(self._view, str(parameters[0]))

    # Drawing ----------------------------------------------------------------------------------

    def _show_page(self, *, anew: bool) -> None:
        if not self.is_attached:
            return
        self._show_title()
        if self._page == "json" and self._document is not None:
            lines, top = job_facts.document(self._document, self._problem)
            self._text.show(lines, paint=job_facts.json_spans, top=top if anew else None)
        else:
            self._text.show(self._lines(), top=0 if anew else None)

    def _lines(self) -> list[Line]:
        if self._view is None or self._now is None:
            return [Line(_("Choose a job with 4 and the arrows."))]
        if self._page == "json":
            return [Line(_("Its document is not on disk yet."))]
        if self._page == "events":
            return job_facts.events(self._view.job)
        return job_facts.facts(self._view, self._now, self._ascii)

    def _show_title(self) -> None:
        job_id = _id(self._view)
        short = f" …{clean_line(job_id, 80)[-6:]}" if job_id else ""
        named = ((page, _(name)) for page, name in _NAMES.items())
        tabs = " ".join(f"[{name}]" if page == self._page else name for page, name in named)
        title = f"5 {_('Inspector')}{short}  {tabs}"
        if title != self._title:
            self._title = title
            self.border_title = Content(title)


def _id(view: JobView | None) -> str | None:
    return None if view is None else view.job.id
