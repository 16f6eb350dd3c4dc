"""The screen as a person has it: keys go in, text comes out.

A test says what is pressed and what must stand there then:

    async with open_screen(workspace_app(tmp_path, jobs=[kite], servers=[PAID])) as screen:
        await screen.jobs.select("A kite").press("r").expect_question("about $0.40")
        assert "today $0.40" in screen.banner.text

Steps are done when they are awaited, one after the other. `expect` waits for a text and fails with
what was on the screen instead. Nothing private of the program is used.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Self

from textual.app import App
from textual.geometry import Region
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, TextArea
from textual.worker import WorkerCancelled

from sora_tui.core.job import Job
from sora_tui.tui.panes.consent_line import ConsentLine
from sora_tui.tui.state.draft import Draft
from sora_tui.tui.widgets.virtual_list import VirtualList
from tests.support.tui.workspace_app import FakeEngine, WorkspaceApp

#: Seconds that a text may take to appear.
PATIENCE: Final = 10.0
_NOT_WORDS: Final = dict.fromkeys(map(ord, "│─┌┐└┘┃━┏┓┗┛"), " ")


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


def screen_strips(app: App[Any], screen: int = -1) -> list[Strip]:
    """Return the rows of the screen with their styles; of one below it by its number."""
    # Textual has no public way to what it draws.
    return app.screen_stack[screen]._compositor.render_strips()


def screen_lines(app: App[Any]) -> list[str]:
    """Return the rows of the screen as text, full width."""
    return [strip.text for strip in screen_strips(app)]


def screen_text(app: App[Any]) -> str:
    """Return the screen as text, trailing blanks cut."""
    return "\n".join(line.rstrip() for line in screen_lines(app))


def screen_words(app: App[Any]) -> str:
    """Return the screen as running text: frames and the ends of lines are blanks."""
    return _words(screen_lines(app))


def fill(app: App[Any], **values: str) -> None:
    """Put values into the fields of a form by their ids, as a paste does."""
    for id, value in values.items():
        app.screen.query_one(f"#{id}", Input).value = value


async def until(
    pilot: Pilot[Any], holds: Callable[[], object], what: str, seconds: float | None = None
) -> None:
    """Wait until something holds; fail with `what` and the screen after `seconds`."""
    seconds = PATIENCE if seconds is None else seconds
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"{what} after {seconds} s; screen:\n{screen_text(pilot.app)}")
        await pilot.pause(0.02)


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
        """Type letters."""
        return self._then(press, self._part.driver.pilot, *text)

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
    def lines(self) -> list[str]:
        """Its rows, as wide as it is; none when it is not there."""
        region = self._region
        strips = screen_strips(self.driver.app)[region.y : region.bottom]
        return [strip.crop(region.x, region.right).text for strip in strips]

    @property
    def text(self) -> str:
        """Its rows, trailing blanks cut."""
        return "\n".join(line.rstrip() for line in self.lines)

    @property
    def words(self) -> str:
        """Its text without frames and ends of lines."""
        return _words(self.lines)

    def press(self, *keys: str) -> Steps:
        """Press one key after the other."""
        return Steps(self).press(*keys)

    def type(self, text: str) -> Steps:
        """Type letters."""
        return Steps(self).type(text)

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
        self.dialog = Part(
            self, "dialog", lambda: app.screen if isinstance(app.screen, ModalScreen) else None
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
    def newest_job(self) -> Job:
        """The job that was made last."""
        return self.app.context.store.newest()[0].job

    def fill(self, **values: str) -> None:
        """Put values into the fields of a form by their ids, as a paste does."""
        fill(self.app, **values)

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
    app: WorkspaceApp, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[ScreenDriver]:
    """Start the app on a terminal of this size, and wait until it is at rest."""
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        driver = ScreenDriver(app, pilot)
        yield driver
        if driver.waiting:
            raise AssertionError(f"{len(driver.waiting)} chains of steps were never awaited")


def _words(lines: list[str]) -> str:
    return " ".join(" ".join(lines).translate(_NOT_WORDS).split())
