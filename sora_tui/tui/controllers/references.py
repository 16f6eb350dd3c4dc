"""The list of reference pictures: read in slices, watched while it is seen."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sora_tui.core.reference_fit import ReferenceFile
    from sora_tui.tui.context import Context
    from sora_tui.workspace.references import Shelf

#: Headers read between two looks at what is in sight: 30 ms.
_SLICE: Final = 1000
#: Seconds between two looks at the folders, while the list is seen.
_POLL: Final = 2.0


class References:
    """Keeps the list of reference pictures as it is on the disk."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._shelf: Shelf | None = None
        context.signals.view_changed.subscribe(self._watch)
        self._read()
        self._watch(None)

    def _read(self) -> None:
        """Read names first, then headers, those in sight before all others."""
        self._context.ui.run(self._read_all, group="pictures", latest=True)

    def _read_all(self) -> None:
        from sora_tui.workspace.references import Shelf

        ui = self._context.ui
        is_wanted = ui.wanted()
        shelf = self._shelf = self._shelf or Shelf(self._context.session.folder)
        files = shelf.files()
        ui.from_worker(self._take, files)
        left = {file.path: file for file in files if not file.was_read}
        while left and is_wanted():
            near = [path for path in ui.from_worker(self._in_sight) if path in left]
            wanted = near or list(left)[:_SLICE]
            ui.from_worker(self._take_facts, shelf.read([left.pop(path) for path in wanted]))

    def _in_sight(self) -> list[str]:
        pane = self._context.ui.workbench.references
        return [] if pane is None else pane.in_sight

    def _take(self, files: Sequence[ReferenceFile]) -> None:
        workbench = self._context.ui.workbench
        pane, draft = workbench.references, workbench.editor.draft
        if pane is not None:
            if "SSH_CONNECTION" in os.environ:
                from sora_tui.tui.services.player import here

                pane.set_place(here(), str(self._context.session.folder.references))
            pane.show(files, draft.size, draft.reference)
            pane.set_fit(draft.fit)
        self._context.references.replace(files)

    def _take_facts(self, files: Sequence[ReferenceFile]) -> None:
        pane = self._context.ui.workbench.references
        if pane is not None:
            pane.update(files)
        self._context.references.update(files)

    def _watch(self, _changed: None) -> None:
        """Ask the folders while the list is seen, and not at all otherwise."""
        ui = self._context.ui
        is_seen = "references" in ui.workbench.seen and self._context.session.has_focus is not False
        if is_seen != ui.has_timer("pictures"):
            ui.every("pictures", _POLL if is_seen else None, self._poll)

    def _poll(self) -> None:
        shelf = self._shelf
        if shelf is not None:
            self._context.ui.run(shelf.is_stale, self._read_if, group="poll", latest=True)

    def _read_if(self, is_stale: bool) -> None:
        if is_stale:
            self._read()
