"""The inspector pane: one job as facts, as events, and as the JSON document itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.content import Content

from sora_tui.core.job import State
from sora_tui.core.problem import Problem
from sora_tui.core.recovery import Candidate
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _
from sora_tui.i18n.answers import yes_key
from sora_tui.tui.commands.table import bindings
from sora_tui.tui.panes.consent_line import ConsentLine
from sora_tui.tui.panes.inspector.intents import (
    ClipRoomChanged,
    InspectorTurned,
    JobDecision,
    PartCopied,
    Verb,
)
from sora_tui.tui.presenters import job_details as job_facts
from sora_tui.tui.presenters.job_keys import keys_in_inspector, keys_in_tree, keys_to_decide
from sora_tui.tui.presenters.order import Question
from sora_tui.tui.presenters.unconfirmed_job import decision, question_give_up
from sora_tui.tui.state.job_view import JobView
from sora_tui.tui.state.text_lines import Line
from sora_tui.tui.widgets.json_tree import JsonTree
from sora_tui.tui.widgets.scroll_text import LongText
from sora_tui.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from textual.widgets import Input

    from sora_tui.core.job import Job
    from sora_tui.core.lineage import Lineage
    from sora_tui.media.cells import CellArea
    from sora_tui.tui.panes.inspector.clip_preview import ClipView
    from sora_tui.tui.state.clip_preview import ClipSeen

Page = Literal["facts", "events", "json"]
PAGES: Final[tuple[Page, ...]] = ("facts", "events", "json")
_NAMES: Final[Mapping[Page, str]] = {"facts": N_("Facts"), "events": N_("Events"), "json": "JSON"}


class InspectorPane(Vertical):
    """What is known of one job. It shows what it is given; a lost answer is decided here."""

    DEFAULT_CSS = """
    InspectorPane > #inspector-body { width: 1fr; height: 1fr; }
    InspectorPane > #video-id { height: 1; border: none; padding: 0 1; }
    """
    WHERE: ClassVar = "inspector"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("inspector")]

    def __init__(self, *, ascii: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._ascii = ascii
        self._page: Page = "facts"
        self._view: JobView | None = None
        self._document: str | None = None
        self._problem: Problem | None = None
        self._now: datetime | None = None
        self._title = ""
        self._text = _Page()
        self._tree = JsonTree()
        self._parsed: object = None
        self._lineage: Lineage | None = None
        self._body = Container(self._text, self._tree, id="inspector-body")
        #: Whether pictures are shown at all.
        self.pictures = True
        #: Comes with the first clip; what is seen of the one of this job.
        self._clip: ClipView | None = None
        self._seen: ClipSeen | None = None
        #: How far each page was read, in rows.
        self._read: dict[Page, float] = {}
        #: Id of the candidate under the cursor, and what a question that stands here is about.
        self._chosen: str | None = None
        self._asked: Verb | None = None

    def compose(self) -> ComposeResult:
        """A text for facts and events, a tree for the document."""
        yield self._body

    def on_mount(self) -> None:
        """Words are chosen now that the language is known."""
        self._show_page(anew=True)
        self.border_subtitle = Content(_("f E J pages  y copy  e edit  D diff"))

    # Values in --------------------------------------------------------------------------------

    def show(
        self,
        view: JobView | None,
        document: str | None,
        problem: Problem | None,
        now: datetime,
        parsed: object = None,
        lineage: Lineage | None = None,
    ) -> None:
        """Show this job. Who reads it keeps the place: only another job starts at the top.

        Args:
            view: None with a `problem`: a document that is no job any more.
            document: The document's own text; None when it has not been read.
            problem: Why the document cannot be read, with `line` and `column` among its facts.
            now: The present time.
            parsed: What the text says, where it is JSON.
            lineage: What the job came from and became; None: not known yet.
        """
        same = _id(view) == _id(self._view)
        lost = view is not None and view.job.state is State.UNCONFIRMED
        if not (same and lost):
            self._close()
        same_text = same and (document, problem) == (self._document, self._problem)
        broke = problem is not None and problem != self._problem
        if not same:
            self._read.clear()
            self._seen = None
        self._parsed = parsed
        self._lineage = lineage
        self._view, self._document, self._problem, self._now = view, document, problem, now
        if broke:
            self._page = "json"
        if self._page == "json" and same_text:
            self._show_title()
        else:
            self._show_page(anew=broke or not same)

    def show_clip(self, job_id: str, seen: ClipSeen) -> None:
        """Show what is seen of this job's clip by now."""
        if job_id == _id(self._view) and seen != self._seen:
            self._seen = seen
            if self._page == "facts":
                self._show_page(anew=False)

    def select_page(self, page: Page) -> None:
        """Turn to a page."""
        if page != self._page:
            self._read[self._page] = self._text.scroll_y
            self._page = page
            self._show_page(anew=True)
            if not self._is_tree:
                self._text.scroll_to(y=self._read.get(page, 0), animate=False, force=True)
            self.post_message(InspectorTurned())
            if page == "facts":
                self.post_message(ClipRoomChanged())

    def focus_pane(self) -> None:
        """Take the keys."""
        (self._tree if self._is_tree else self._text).focus()

    # Values out -------------------------------------------------------------------------------

    @property
    def page(self) -> Page:
        """The page in front."""
        return self._page

    @property
    def job_id(self) -> str | None:
        """Of the job that is shown."""
        return _id(self._view)

    @property
    def job(self) -> Job | None:
        """The job that is shown."""
        return None if self._view is None else self._view.job

    @property
    def clip_wanted(self) -> tuple[Job, tuple[CellArea, CellArea] | None] | None:
        """The job whose clip can be seen here, and the room for its poster and its filmstrip."""
        if self._view is None or not self._view.job.outputs or self._page != "facts":
            return None
        return self._view.job, self._clip.rooms if self._clip is not None else None

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The keys that do something here."""
        if self._view is None:
            return ()
        if self.asking:
            return ((yes_key(), N_("Yes")), ("esc", N_("No")))
        if self._decides:
            return keys_to_decide(has_candidates=bool(self._candidates))
        if self._is_tree:
            return keys_in_tree()
        turn = self._clip.other if self._clip is not None and self._turns else None
        return keys_in_inspector(self._view.job, self._page, turn, self._lineage)

    def action_page(self, page: Page) -> None:
        """Turn to a page."""
        self.select_page(page)

    def action_turn(self, by: int) -> None:
        """Turn to the page before or after, round and round."""
        self.select_page(PAGES[(PAGES.index(self._page) + by) % len(PAGES)])

    def action_view(self) -> None:
        """Show the filmstrip in the poster's place, or the poster again."""
        if self._clip is not None:
            self._clip.turn()
            self.post_message(InspectorTurned())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what means something for this job; other keys go on to the app."""
        if action == "decide":
            return self._decides and (parameters != ("adopt",) or bool(self._candidates))
        return action != "view" or self._turns

    @property
    def _turns(self) -> bool:
        return self._clip is not None and self._page == "facts" and self._clip.turns

    # A lost answer ----------------------------------------------------------------------------

    def ask(self, job_id: str, question: Question) -> None:
        """Put the question whether to send this job again, unless another one is in front."""
        if job_id == _id(self._view) and self._decides:
            self._put(question, "send")

    def action_decide(self, verb: str) -> None:
        """Do what a key says; what costs or loses something asks first."""
        assert self._view is not None
        if verb == "abandon":
            self._put(question_give_up(), "abandon")
        elif verb == "paste":
            self._open_input()
        elif verb == "price":
            self.post_message(JobDecision(self._view.job.id, "price"))
        elif self._candidates:
            chosen = self._candidates[self._cursor].id
            self.post_message(JobDecision(self._view.job.id, "adopt", chosen))

    def choose(self, by: int) -> None:
        """Move the cursor among the candidates."""
        count = len(self._candidates)
        self._chosen = self._candidates[min(max(self._cursor + by, 0), count - 1)].id
        self._show_page(anew=False)

    @property
    def chooses(self) -> bool:
        """Whether up and down choose among candidates."""
        return self._decides and len(self._candidates) > 1

    @property
    def asking(self) -> bool:
        """Whether a question waits for its answer."""
        return self._asked is not None

    @property
    def _is_tree(self) -> bool:
        return self._page == "json" and self._problem is None and self._parsed is not None

    @on(VirtualList.Highlighted)
    @on(VirtualList.Selected)
    def _in_tree(self, event: VirtualList.Highlighted | VirtualList.Selected) -> None:
        event.stop()  # no job was chosen

    @on(JsonTree.Copied)
    def _copied(self, event: JsonTree.Copied) -> None:
        event.stop()
        self.post_message(PartCopied(event.text))

    @property
    def _decides(self) -> bool:
        lost = self._view is not None and self._view.job.state is State.UNCONFIRMED
        return lost and self._page == "facts"

    @property
    def _candidates(self) -> tuple[Candidate, ...]:
        search = self._view.job.search if self._view is not None else None
        return search.found if search is not None else ()

    @property
    def _cursor(self) -> int:
        ids = [candidate.id for candidate in self._candidates]
        return ids.index(self._chosen) if self._chosen in ids else 0

    def _put(self, question: Question, about: Verb) -> None:
        self._close()
        self._asked = about
        self.mount(ConsentLine(question))

    def _open_input(self) -> None:
        from textual.widgets import Input  # its import is not for the first frame

        self._close()
        line = Input(placeholder=_("video id, then enter"), id="video-id", select_on_focus=False)
        self.mount(line)
        line.focus()

    def _close(self) -> None:
        """Take a question or an input line away."""
        self._asked = None
        lines = self.query("ConsentLine, #video-id")
        if lines:
            if self.has_focus_within:
                self.focus_pane()
            lines.remove()

    @on(ConsentLine.Answered)
    def _answered(self, event: ConsentLine.Answered) -> None:
        event.stop()
        about, view = self._asked, self._view
        self._close()
        if event.yes and about is not None and view is not None:
            self.post_message(JobDecision(view.job.id, about))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """An id was typed or pasted."""
        event.stop()
        video_id = event.value.strip()
        self._close()
        if video_id and self._view is not None:
            self.post_message(JobDecision(self._view.job.id, "adopt", video_id))

    def on_key(self, event: events.Key) -> None:
        """Escape takes the input line away."""
        if event.key == "escape" and self.query("#video-id"):
            event.stop()
            self._close()

    def on_resize(self) -> None:
        """Another width arranges the ways anew, and the title."""
        self._show_title()
        if self._decides or self._clip is not None:
            self._show_page(anew=False)
            self.post_message(ClipRoomChanged())

    # Drawing ----------------------------------------------------------------------------------

    def _show_page(self, *, anew: bool) -> None:
        if not self.is_attached:
            return
        self._show_title()
        had_focus = self._text.has_focus or self._tree.has_focus
        self._tree.display, self._text.display = self._is_tree, not self._is_tree
        if had_focus:
            self.focus_pane()
        self._show_pictures()
        if self._is_tree:
            self._tree.show(self._parsed)
        elif self._page == "json" and self._document is not None:
            lines, top = job_facts.document(self._document, self._problem)
            self._text.show(lines, paint=job_facts.json_spans, top=top if anew else None)
        else:
            self._text.show(self._lines(), top=0 if anew else None)

    def _show_pictures(self) -> None:
        """Give the clip's pictures their room beside the facts, or under them."""
        job = self._view.job if self._view is not None else None
        has_clip = job is not None and bool(job.outputs) and self._page == "facts"
        has_clip = has_clip and self.pictures
        if self._clip is None:
            if not has_clip:
                return
            # Their imports are not for the first frame.
            from sora_tui.tui.panes.inspector.clip_preview import ClipView

            self._clip = ClipView()
            self._body.mount(self._clip)
        from sora_tui.tui.panes.inspector.clip_layout import clip_room

        room = clip_room(self.content_size, job.outputs[0]) if job and has_clip else None
        self._body.styles.layout = "horizontal" if room is not None and room.beside else "vertical"
        self._clip.show(room, self._seen if has_clip else None)

    def _lines(self) -> list[Line]:
        if self._view is None or self._now is None:
            return [Line(_("Choose a job with 4 and the arrows."))]
        if self._page == "json":
            return [Line(_("Its document is not on disk yet."))]
        if self._page == "events":
            return job_facts.timeline(self._view.job)
        lines = job_facts.facts(self._view, self._now, self._ascii, self._seen, self._lineage)
        if self._decides:
            said = decision(self._view.job, self._cursor, self.content_size.width)
            life = job_facts.events(self._view.job)
            return [lines[0], *said, Line(""), *life, *lines[1:]]
        return lines

    def _show_title(self) -> None:
        job_id = _id(self._view)
        short = f" …{clean_line(job_id, 80)[-6:]}" if job_id else ""
        named = ((page, _(name)) for page, name in _NAMES.items())
        tabs = " ".join(f"[{name}]" if page == self._page else name for page, name in named)
        name = _("Inspector")
        forms = (f"5 {name}{short}  {tabs}", f"5 {name}  {tabs}", f"5  {tabs}")
        room = self.size.width - 4
        title = next((form for form in forms if cell_len(form) <= room), forms[-1])
        if title != self._title:
            self._title = title
            self.border_title = Content(title)


class _Page(LongText):
    """The text of a page; its arrows choose while there is something to choose from."""

    def action_move(self, rows: int) -> None:
        """Choose, or scroll by rows."""
        pane = self.screen.query_one(InspectorPane)
        if pane.chooses:
            pane.choose(1 if rows > 0 else -1)
        else:
            super().action_move(rows)


def _id(view: JobView | None) -> str | None:
    return None if view is None else view.job.id
