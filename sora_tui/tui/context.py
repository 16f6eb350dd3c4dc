"""What a controller gets: the session, the panes, shared values, and a way to the terminal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from sora_tui.tui.state.signal import Signal

if TYPE_CHECKING:
    from sora_tui.config.settings import Settings
    from sora_tui.core.job import Job
    from sora_tui.core.problem import Problem
    from sora_tui.engine.events import EngineChanged, JobChanged, RemoteListed
    from sora_tui.tui.dialogs.command_palette import Entry
    from sora_tui.tui.layout.workbench import Workbench
    from sora_tui.tui.services.decoder import Decoder
    from sora_tui.tui.services.draft_saver import DraftSaver
    from sora_tui.tui.services.screen_memory import ScreenMemory
    from sora_tui.tui.state.editor_session import DraftWanted, EditorSession
    from sora_tui.tui.state.job_store import JobBook
    from sora_tui.tui.state.reference_store import ReferenceStore
    from sora_tui.tui.state.session import Session

T = TypeVar("T")


class Ui(Protocol):
    """What a controller may ask of the screen as a whole."""

    @property
    def workbench(self) -> Workbench:
        """The panes, the banner and the status line."""

    @property
    def themes(self) -> Collection[str]:
        """The names of all themes."""

    @property
    def theme(self) -> str:
        """The name of the theme in use; another one is drawn at once."""

    @theme.setter
    def theme(self, name: str) -> None: ...

    def entries_here(self) -> Sequence[Entry]:
        """What the keys do where the focus is, the innermost first."""

    def entries_everywhere(self) -> Sequence[Entry]:
        """What can be done now, in all panes."""

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
            blocking: What to call.
            then: Gets the result, in the thread of the screen.
            group: Calls of one kind.
            latest: A newer call of the group cancels this one, and its result is dropped.
            failed: Gets the problem of a `ProblemError`; `complain` unless given.
        """

    def from_worker(self, call: Callable[..., T], *args: Any) -> T:
        """Call something in the thread of the screen from a blocking call, and wait for it."""

    def wanted(self) -> Callable[[], bool]:
        """Return, inside a blocking call, what tells whether its result is still wanted."""

    def cancel(self, group: str) -> None:
        """Drop the results of the blocking calls of a group."""

    def every(
        self, name: str, seconds: float | None, call: Callable[[], object], *, once: bool = False
    ) -> None:
        """Set the timer of this name anew; None stops it."""

    def has_timer(self, name: str) -> bool:
        """Whether the timer of this name runs."""

    def copy(self, text: str) -> None:
        """Put a text on the clipboard of the person's terminal, and say which way it went."""

    def send_sequence(self, text: str) -> None:
        """Write an escape sequence to the terminal; nothing while the terminal is not ours."""

    def suspend(self, call: Callable[[], T]) -> T:
        """Leave the terminal to another program while `call` runs it, then paint all again."""

    def stop_process(self) -> None:
        """Stop the whole job of the shell; returns when the shell brings it back."""

    def quit(self) -> None:
        """End the screen."""

    def open_dialog(self, dialog: Any, then: Callable[[Any], None] | None = None) -> None:
        """Show a modal screen; `then` gets its result."""


class Signals:
    """What controllers announce to each other.

    Attributes:
        server_changed: The next clip goes to another server, or its profile was read again; with
            the settings that held before.
        history_read: The job list was read from the disk.
        jobs_added: New jobs were handed in on this screen.
        jobs_changed: Jobs moved, or came in from elsewhere.
        jobs_moved: These of them were known in another state before.
        jobs_removed: The documents of the jobs with these ids were deleted.
        records_found: So many documents came into the folder from elsewhere.
        engine_changed: What the engine as a whole does now.
        engine_failed: A part of the engine failed on a fault of our own, and starts again.
        remote_listed: A server said what it has and this folder does not know.
        clip_wanted: The clip of this job is to be shown.
        rewrite_wanted: This job waits; it is taken back, and its prompt goes into the editor.
        draft_wanted: A draft is to be put into the editor.
        prompts_changed: Prompt files came, went, or have other names.
        focus_changed: The terminal gained the focus, or lost it.
        theme_chosen: The screen is to be drawn in the colours of this name.
        pane_chosen: The person went to the pane of this name.
        job_highlighted: The cursor of the job list stands on this job; None where there is none.
        document_shown: The inspector shows the highlighted job as its document has it.
        focus_moved: Another widget has the keyboard.
        view_changed: Other panes are seen, the terminal gained or lost the focus, or jobs began or
            ended: some timers are needed now, others not.
        suspending: The process is about to be stopped by the shell.
        resumed: The shell brought the process back.
        terminal_resumed: The terminal is ours again, after the shell or an editor had it.
        ending: The screen is gone; what runs beside it is to end.
    """

    def __init__(self) -> None:
        """Make all of them, with nobody listening."""
        self.server_changed: Final[Signal[Settings]] = Signal()
        self.history_read: Final[Signal[None]] = Signal()
        self.jobs_added: Final[Signal[list[Job]]] = Signal()
        self.jobs_changed: Final[Signal[list[JobChanged]]] = Signal()
        self.jobs_moved: Final[Signal[list[Job]]] = Signal()
        self.jobs_removed: Final[Signal[frozenset[str]]] = Signal()
        self.records_found: Final[Signal[int]] = Signal()
        self.engine_changed: Final[Signal[EngineChanged]] = Signal()
        self.engine_failed: Final[Signal[Problem]] = Signal()
        self.remote_listed: Final[Signal[RemoteListed]] = Signal()
        self.clip_wanted: Final[Signal[Job]] = Signal()
        self.rewrite_wanted: Final[Signal[Job]] = Signal()
        self.draft_wanted: Final[Signal[DraftWanted]] = Signal()
        self.prompts_changed: Final[Signal[None]] = Signal()
        self.focus_changed: Final[Signal[bool]] = Signal()
        self.theme_chosen: Final[Signal[str]] = Signal()
        self.pane_chosen: Final[Signal[str]] = Signal()
        self.job_highlighted: Final[Signal[str | None]] = Signal()
        self.document_shown: Final[Signal[None]] = Signal()
        self.focus_moved: Final[Signal[None]] = Signal()
        self.view_changed: Final[Signal[None]] = Signal()
        self.suspending: Final[Signal[None]] = Signal()
        self.resumed: Final[Signal[None]] = Signal()
        self.terminal_resumed: Final[Signal[None]] = Signal()
        self.ending: Final[Signal[None]] = Signal()


@dataclass(frozen=True, eq=False, repr=False)
class Context:
    """All of it; one for the whole screen.

    Attributes:
        own_keys: Keys by id of a command, where the person has others than the table.
    """

    session: Session
    ui: Ui
    store: JobBook
    editor: EditorSession
    saver: DraftSaver
    references: ReferenceStore
    decoder: Decoder
    memory: ScreenMemory
    own_keys: Mapping[str, str]
    signals: Signals = field(default_factory=Signals)
