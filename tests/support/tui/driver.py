"""The screen as a person has it: keys go in, text comes out.

A test says what is pressed and what must stand there then:

    async with open_screen(workspace_app(tmp_path, jobs=[kite], servers=[PAID])) as screen:
        await screen.jobs.select("A kite").press("r").expect_question("about $0.40")
        assert "today $0.40" in screen.banner.text

Steps are done when they are awaited, one after the other. `expect` waits for a text and fails with
what was on the screen instead. Nothing private of the program is used.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Self

from textual.app import App
from textual.events import Event
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, TextArea
from textual.worker import WorkerCancelled

from sora_tui.core.job import Job
from sora_tui.engine.events import EngineEvent, JobChanged
from sora_tui.tui.panes.consent_line import ConsentLine
from sora_tui.tui.panes.inspector.clip_preview import ClipView
from sora_tui.tui.state.draft import Draft
from sora_tui.tui.widgets.picture import PictureView
from sora_tui.tui.widgets.virtual_list import VirtualList
from tests.support.tui.host import open_app, screen_strips, screen_text, until
from tests.support.tui.workspace_app import FakeEngine, WorkspaceApp

_NOT_WORDS: Final = dict.fromkeys(map(ord, "│─┌┐└┘┃━┏┓┗┛▀▁▂▃▄▅▆▇"), " ")


async def settle(pilot: Pilot[Any]) -> None:
    """Wait until workers and what they led to have come to rest.

    The inspector opens a clip when nothing else happened for a moment: that belongs to it.
    """
    app: Any = pilot.app
    ui = app.context.ui
    await pilot.pause()
    while app.workers or ui.has_timer("clip"):
        with suppress(WorkerCancelled):  # a newer one took its place: wait for that
            await app.workers.wait_for_complete()
        await pilot.pause(0.02 if ui.has_timer("clip") else None)


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press one key after the other; each finds the screen at rest."""
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


def fill(app: App[Any], **values: str) -> None:
    """Put values into the fields of a form by their ids, as a paste does."""
    for id, value in values.items():
        app.screen.query_one(f"#{id}", Input).value = value


class Steps:
    """What is to be done to a part of the screen, one after the other, when it is awaited."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._steps: list[Callable[[], Awaitable[object]]] = []
        part.driver.waiting.append(self)

    def __await__(self) -> Generator[Any, Any, None]:
        return self._run().__await__()

    async def _run(self) -> None:
        self._part.driver.waiting.remove(self)
        for step in self._steps:
            await step()

    def _then(self, step: Callable[..., Awaitable[object]], *arguments: object) -> Self:
        self._steps.append(lambda: step(*arguments))
        return self

    def press(self, *keys: str) -> Self:
        """Press one key after the other."""
        return self._then(press, self._part.driver.pilot, *keys)

    def type(self, text: str) -> Self:
        """Type letters, faster than what each of them begins comes to its end."""
        return self.press_fast(*text)._then(self._part.driver.settle)

    def press_fast(self, *keys: str) -> Self:
        """Press keys faster than what each of them begins comes to its end."""
        return self._then(self._part.driver.pilot.press, *keys)

    def resize(self, columns: int, rows: int) -> Self:
        """Make the terminal another size."""
        return self._then(self._part.driver.resize_terminal, columns, rows)

    def go(self) -> Self:
        """Take the keys to this pane, by its number."""
        return self._then(self._part.take_keys)

    def select(self, words: str) -> Self:
        """Highlight the first job from the top whose prompt has these words."""
        return self._then(self._part.highlight, words)

    def expect(self, *texts: str) -> Self:
        """Wait until each text stands in this part of the screen."""
        for text in texts:
            self._then(self._part.wait_for, text, True)
        return self

    def expect_gone(self, *texts: str) -> Self:
        """Wait until each text does not stand in this part of the screen."""
        for text in texts:
            self._then(self._part.wait_for, text, False)
        return self

    def expect_question(self, *texts: str) -> Self:
        """Wait until a question is asked that has each of these texts."""
        for text in texts:
            self._then(self._part.driver.question.wait_for, text, True)
        return self

    def expect_no_question(self) -> Self:
        """Wait until nothing is asked."""
        driver = self._part.driver
        return self._then(
            until, driver.pilot, lambda: not driver.question.is_there, "still a question"
        )


class Part:
    """A part of the screen: its text, and steps that begin here."""

    def __init__(
        self, driver: ScreenDriver, name: str, find: Callable[[], Widget | None], number: str = ""
    ) -> None:
        self.driver = driver
        self.name = name
        self._find = find
        self._number = number

    @property
    def is_there(self) -> bool:
        """Whether it has a place on the screen."""
        return bool(self._region)

    @property
    def strips(self) -> list[Strip]:
        """Its rows with their styles, as wide as it is; none when it is not there."""
        region = self._region
        strips = screen_strips(self.driver.app)[region.y : region.bottom]
        return [strip.crop(region.x, region.right) for strip in strips]

    @property
    def lines(self) -> list[str]:
        """Its rows, as wide as it is; none when it is not there."""
        return [strip.text for strip in self.strips]

    @property
    def text(self) -> str:
        """Its rows, trailing blanks cut."""
        return "\n".join(line.rstrip() for line in self.lines)

    @property
    def words(self) -> str:
        """Its text without frames, pictures, scroll bars and ends of lines."""
        return _words(self.lines)

    def press(self, *keys: str) -> Steps:
        """Press one key after the other."""
        return Steps(self).press(*keys)

    def type(self, text: str) -> Steps:
        """Type letters."""
        return Steps(self).type(text)

    def press_fast(self, *keys: str) -> Steps:
        """Press keys faster than what each of them begins comes to its end."""
        return Steps(self).press_fast(*keys)

    def resize(self, columns: int, rows: int) -> Steps:
        """Make the terminal another size."""
        return Steps(self).resize(columns, rows)

    def go(self) -> Steps:
        """Take the keys to this pane, by its number."""
        return Steps(self).go()

    def select(self, words: str) -> Steps:
        """Highlight the first job from the top whose prompt has these words."""
        return Steps(self).select(words)

    def expect(self, *texts: str) -> Steps:
        """Wait until each text stands here: with its blanks and lines, or as running text."""
        return Steps(self).expect(*texts)

    def expect_gone(self, *texts: str) -> Steps:
        """Wait until each text does not stand here."""
        return Steps(self).expect_gone(*texts)

    def expect_question(self, *texts: str) -> Steps:
        """Wait until a question is asked that has each of these texts."""
        return Steps(self).expect_question(*texts)

    def expect_no_question(self) -> Steps:
        """Wait until nothing is asked."""
        return Steps(self).expect_no_question()

    async def wait_for(self, text: str, there: bool) -> None:
        """Wait until a text stands here, or no more."""
        what = f"{'no' if there else 'still'} {text!r} in the {self.name}"
        await until(
            self.driver.pilot, lambda: (text in self.text or text in self.words) == there, what
        )

    async def take_keys(self) -> None:
        """Press what leads to this pane; it must have a number."""
        app = self.driver.app
        if app.bench.active != self.name or isinstance(app.focused, TextArea | Input):
            leave = ("escape",) if isinstance(app.focused, TextArea | Input) else ()
            await press(self.driver.pilot, *leave, self._number)

    async def highlight(self, words: str) -> None:
        """Go down the job list from the top until a job with these words is highlighted."""
        pilot, jobs = self.driver.pilot, self.driver.app.jobs
        await self.take_keys()
        await press(pilot, "home")
        while (view := jobs.cursor_view) is None or words not in view.job.request.prompt:
            here = jobs.cursor_id
            await press(pilot, "down")
            if jobs.cursor_id == here:
                raise AssertionError(f"no job {words!r}; screen:\n{screen_text(pilot.app)}")

    @property
    def _region(self) -> Region:
        widget = self._find()
        return Region() if widget is None or not widget.display else widget.region


class ScreenDriver(Part):
    """The whole screen, and its parts."""

    def __init__(self, app: WorkspaceApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot
        self.waiting: list[Steps] = []
        """Steps that nothing has awaited yet."""
        super().__init__(self, "screen", lambda: app.screen)
        bench = app.bench
        self.banner = Part(self, "banner", lambda: bench.banner)
        self.status = Part(self, "status line", lambda: bench.status)
        self.prompts = Part(self, "prompts", lambda: bench.prompts, "1")
        self.references = Part(self, "references", lambda: bench.references, "2")
        self.editor = Part(self, "editor", lambda: bench.editor, "3")
        self.jobs = Part(self, "jobs", lambda: bench.jobs, "4")
        self.inspector = Part(self, "inspector", lambda: bench.inspector, "5")
        self.question = Part(self, "question", lambda: next(iter(app.query(ConsentLine)), None))
        #: Whatever is in front of the panes, also where it takes the whole screen.
        self.dialog = Part(
            self, "dialog", lambda: app.screen if len(app.screen_stack) > 1 else None
        )

    @property
    def engine(self) -> FakeEngine:
        """What was ordered."""
        return self.app.fake

    @property
    def draft(self) -> Draft:
        """What the editor would send."""
        return self.app.editor.draft

    @property
    def prompt(self) -> str:
        """The whole text in the editor, also what is scrolled out of sight."""
        return self.app.query_one(TextArea).text

    @property
    def list(self) -> VirtualList:
        """The list that has the keys."""
        focused = self.app.focused
        if not isinstance(focused, VirtualList):
            raise AssertionError(f"{focused} has the keys; screen:\n{self.text}")
        return focused

    @property
    def listed(self) -> Sequence[str]:
        """The prompts in the job list as its rows stand, also those out of sight."""
        views = [self.app.jobs.view(id) for id in self.app.jobs.query_one(VirtualList).row_ids]
        return [view.job.request.prompt if view else "?" for view in views]

    @property
    def highlighted(self) -> str:
        """The id of the job under the cursor of the job list."""
        return self.app.jobs.cursor_id or "none"

    @property
    def pictures(self) -> str:
        """Which pictures of a clip are shown: `poster`, `strip` or both."""
        return " ".join(
            name
            for clip in self.app.query(ClipView)
            for name, picture in zip(("poster", "strip"), clip.query(PictureView), strict=True)
            if clip.display and picture.display and picture.cells is not None
        )

    @property
    def newest_job(self) -> Job:
        """The job that was made last."""
        return self.app.context.store.newest()[0].job

    def fill(self, **values: str) -> None:
        """Put values into the fields of a form by their ids, as a paste does."""
        fill(self.app, **values)

    def part(self, selector: str) -> Part:
        """Return the part of the screen that a selector of the style sheets finds."""
        return Part(self, selector, lambda: self.app.screen.query_one(selector))

    async def tell(self, *news: Job | EngineEvent) -> None:
        """Let the engine say something, of a job or anything else, and wait until it is shown."""
        for each in news:
            self.engine.say(JobChanged(each) if isinstance(each, Job) else each)
        await self.settle()

    async def notice(self, event: Event) -> None:
        """Let the terminal say something that is no key."""
        self.app.post_message(event)
        await self.settle()

    async def resize_terminal(self, columns: int, rows: int) -> None:
        """Make the terminal another size."""
        await self.pilot.resize_terminal(columns, rows)
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        await settle(self.pilot)

    async def until(
        self, holds: Callable[[], object], what: str, seconds: float | None = None
    ) -> None:
        """Wait until something holds."""
        await until(self.pilot, holds, what, seconds)


@asynccontextmanager
async def open_screen(
    app: WorkspaceApp, size: tuple[int, int] = (80, 24), *, at_rest: bool = True
) -> AsyncIterator[ScreenDriver]:
    """Start the app on a terminal of this size.

    Args:
        app: The app.
        size: Columns and rows.
        at_rest: Whether to wait until nothing is under way; a test that holds a worker does not.
    """
    async with open_app(app, size) as pilot:
        if at_rest:
            await settle(pilot)
        driver = ScreenDriver(app, pilot)
        yield driver
        if driver.waiting:
            raise AssertionError(f"{len(driver.waiting)} chains of steps were never awaited")


def _words(lines: list[str]) -> str:
    return " ".join(" ".join(lines).translate(_NOT_WORDS).split())
