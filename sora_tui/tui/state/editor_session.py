"""What controllers share about the prompt in the editor."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sora_tui.tui.services.prompt_files import Opened
    from sora_tui.tui.state.draft import Draft


class Before(NamedTuple):
    """What an undo of a whole draft brings back.

    Attributes:
        server: The profile that was chosen then, where putting the draft there changed it.
    """

    draft: Draft
    server: str | None = None


class DraftWanted(NamedTuple):
    """A draft is to be put into the editor as a whole, in place of what stands there.

    That is not done while a question waits, nor where the disk does not take what stands there.

    Attributes:
        load: Returns the draft. The problem that it raises as a `ProblemError` is shown.
        undo: What undo brings back then; None: what its file says, where the draft is another.
        redo: What redo brings back then.
        is_edit: It is another state of the same prompt, as if it had been typed.
        then: Called once the draft stands in the editor.
        refused: Called where it could not be put there.
    """

    load: Callable[[], Opened]
    undo: tuple[Before, ...] | None = None
    redo: tuple[Before, ...] = ()
    is_edit: bool = False
    then: Callable[[], object] | None = None
    refused: Callable[[], object] | None = None


class DraftView(Protocol):
    """The editor pane, where text and settings stand while they are typed."""

    @property
    def draft_or_none(self) -> Draft | None:
        """Text and settings as the person sees them; None before the first draft."""

    @property
    def asking(self) -> bool:
        """Whether a question waits for its answer."""


class EditorSession:
    """The draft in the editor, and how much of it is on the disk.

    Attributes:
        view: Set when the first draft comes.
        unkept: The draft, where it says something else than its file.
        is_safe: `unkept` is on the disk as a draft.
        draft_restored: When the text in the editor was put on the disk, if it comes from a draft.
        undo: What undo brings back once nothing is left to undo in the text; the last comes first.
        redo: The same for redo.
    """

    def __init__(self) -> None:
        self.view: DraftView | None = None
        self.unkept: Draft | None = None
        self.is_safe = True
        self.draft_restored: datetime | None = None
        self.undo: tuple[Before, ...] = ()
        self.redo: tuple[Before, ...] = ()

    @property
    def draft(self) -> Draft | None:
        """Text and settings as the person sees them; None before the first draft."""
        return None if self.view is None else self.view.draft_or_none

    @property
    def has_question(self) -> bool:
        """Whether a question about this draft waits: it must not be answered about another."""
        return self.view is not None and self.view.asking
