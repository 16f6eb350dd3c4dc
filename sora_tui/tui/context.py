"""What a controller gets: the session, the panes, shared values, and a way to the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sora_tui.tui.state.signal import Signal

if TYPE_CHECKING:
    from sora_tui.core.job import Job
    from sora_tui.core.problem import Problem
    from sora_tui.tui.layout.workbench import Workbench
    from sora_tui.tui.state.job_store import JobBook
    from sora_tui.tui.state.session import Session

T = TypeVar("T")


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
