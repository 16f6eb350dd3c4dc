"""What a controller gets: the session, the panes, shared values, and a way to the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sora_tui.core.job import Job
from sora_tui.engine.orders import JobMaker
from sora_tui.tui.state.job_store import JobBook
from sora_tui.tui.state.session import Session
from sora_tui.tui.state.signal import Signal

if TYPE_CHECKING:
    from sora_tui.core.problem import Problem
    from sora_tui.core.remote import RemoteVideo
    from sora_tui.core.server import Server
    from sora_tui.engine.engine import Verb
    from sora_tui.engine.events import EngineEvent
    from sora_tui.tui.layout.workbench import Workbench

T = TypeVar("T")


class EngineApi(JobMaker, Protocol):
    """What the screen needs of the engine."""

    def start(self) -> None:
        """Begin; returns at once."""

    def stop(self, timeout: float = 2.5) -> bool:
        """Stop, and return whether everything is durable."""

    def subscribe(self, listener: Callable[[EngineEvent], None]) -> Callable[[], None]:
        """Call this with each change, in the engine's thread; the result ends it."""

    def command(self, job_id: str, verb: Verb, argument: str = "") -> None:
        """Ask for something to be done with a job; durable on return."""

    def use_servers(self, servers: Mapping[str, Server]) -> None:
        """Go on with other profiles."""

    def list_remote(self, name: str, pages: int | None = None) -> None:
        """Announce what a server has, as `RemoteListed`."""

    def adopt_remote(self, server: Server, videos: Iterable[RemoteVideo]) -> list[Job]:
        """Take in jobs that were made elsewhere; durable on return."""

    def pause_queue(self, paused: bool) -> None:
        """Stop sending pending jobs, or go on; durable on return."""


class Ui(Protocol):
    """What a controller may ask of the screen as a whole."""

    @property
    def workbench(self) -> Workbench:
        """The panes, the banner and the status line."""

    def say(self, text: str) -> None:
        """Show a text in the status line, until the next one."""

    def complain(self, problem: Problem) -> None:
        """Show what happened, what it means for the money, and what to do."""

    def run(
        self,
        blocking: Callable[[], T],
        then: Callable[[T], object] | None = None,
        *,
        group: str,
        latest: bool = False,
        failed: Callable[[Problem], object] | None = None,
    ) -> None:
        """Call something that blocks in a thread of its own.

        Args:
            then: Gets the result, in the thread of the screen.
            group: Calls of one kind.
            latest: A newer call of the group cancels this one, and its result is dropped.
            failed: Gets the problem of a `ProblemError`; `complain` unless given.
        """

    def from_worker(self, call: Callable[..., T], *args: Any) -> T:
        """Call something in the thread of the screen from a blocking call, and wait for it."""

    def open_dialog(self, dialog: Any, then: Callable[[Any], None] | None = None) -> None:
        """Show a modal screen; `then` gets its result."""


@dataclass(frozen=True)
class Signals:
    """What controllers announce to each other.

    Attributes:
        jobs_added: New jobs were handed in on this screen.
        clip_wanted: The clip of this job is to be shown.
        copy_wanted: What fetches the clip of this job is to be copied.
        rewrite_wanted: This job waits; it is taken back, and its prompt goes into the editor.
    """

    jobs_added: Signal[list[Job]] = field(default_factory=Signal)
    clip_wanted: Signal[Job] = field(default_factory=Signal)
    copy_wanted: Signal[Job] = field(default_factory=Signal)
    rewrite_wanted: Signal[Job] = field(default_factory=Signal)


@dataclass(frozen=True)
class Context:
    """All of it; one for the whole screen."""

    session: Session
    ui: Ui
    store: JobBook
    signals: Signals = field(default_factory=Signals)
