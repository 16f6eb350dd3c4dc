"""Puts what is typed on the disk: in the background, at once, and at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sora_tui.core.problem import ProblemError

if TYPE_CHECKING:
    from sora_tui.tui.state.draft import Draft
    from sora_tui.tui.state.editor_session import EditorSession
    from sora_tui.workspace.drafts import Drafts
    from sora_tui.workspace.folder import Folder


class DraftSaver:
    """Writes the draft of the editor; never an older text over a newer one.

    Writes are numbered when they are asked for. One that comes to the disk after a newer one is
    dropped. Nothing here touches the screen, which may be gone when the last write comes.
    """

    def __init__(self, folder: Folder, editor: EditorSession) -> None:
        self._folder = folder
        self._editor = editor
        self._drafts: Drafts | None = None
        #: Numbers of the last write that was asked for, and of the newest one on the disk.
        self._asked = 0
        self._written = 0

    @property
    def drafts(self) -> Drafts:
        """The drafts of this process."""
        if self._drafts is None:
            from sora_tui.workspace.drafts import Drafts  # not needed before the first frame

            self._drafts = Drafts(self._folder)
        return self._drafts

    def write_call(self, draft: Draft, *, kept: bool) -> Callable[[], Draft | None]:
        """Return a call that writes this draft, for a worker thread; its number is taken now.

        The call returns the draft with the file it is in then, None where something newer is on
        the disk already. It raises ProblemError: disk_full, folder_not_writable, and for `kept`
        front_matter_broken.

        Args:
            draft: What to write.
            kept: Write it into its own file, not beside it.
        """
        self._asked += 1
        number = self._asked

        def write() -> Draft | None:
            from sora_tui.tui.services.prompt_files import keep, make_safe

            with self.drafts.lock:
                if number < self._written:
                    return None
                self._written = number
                if kept:
                    return keep(self._folder, self.drafts, draft)
                make_safe(self.drafts, draft)
                return draft

        return write

    def make_safe(self) -> bool:
        """Put what is not on the disk there, before this returns: the process is about to stop.

        Returns:
            Whether something was written.

        Raises:
            ProblemError: disk_full or folder_not_writable.
        """
        from sora_tui.tui.services.prompt_files import make_safe

        editor = self._editor
        draft = editor.unkept
        if draft is None or draft.file is None or editor.is_safe:
            return False
        self._asked += 1
        with self.drafts.lock:
            self._written = self._asked
            make_safe(self.drafts, draft)
        editor.is_safe = True
        return True

    def put_away(self) -> Draft | None:
        """Write what the editor holds: another prompt comes, or the end.

        The few milliseconds of the disk are waited for: nothing may come in between.

        Returns:
            What was written, with the file it is in now; None where nothing had to be.

        Raises:
            ProblemError: disk_full or folder_not_writable.
        """
        from sora_tui.tui.services.prompt_files import put_away

        editor = self._editor
        draft, editor.unkept = editor.unkept, None
        if draft is None or draft.file is None:
            return None
        self._asked += 1
        try:
            with self.drafts.lock:
                self._written = self._asked
                after = put_away(self._folder, self.drafts, draft)
        except ProblemError:
            editor.unkept, editor.is_safe = draft, False
            raise
        editor.is_safe = True
        return after
