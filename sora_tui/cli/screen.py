"""What the command line asks the screen for: one face does not import the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from sora_tui.config.settings import Settings
    from sora_tui.i18n.probe_result import Line
    from sora_tui.workspace.folder import Folder

#: Rows with id, place, place_words, keys, shown and words, and what is wrong with the settings.
KeyTable = tuple[Sequence[dict[str, Any]], Sequence[str]]


class Screen(NamedTuple):
    """The screen, as `__main__` hands it in.

    Attributes:
        open: Opens it, and returns the exit code. It is given settings, folder, and what starts
            the log, which its first frame need not wait for.
        list_keys: Returns which keys it has.
        check_graphics: Returns how it would show pictures on this terminal.
    """

    open: Callable[[Settings, Folder, Callable[[], object]], int]
    list_keys: Callable[[Settings], KeyTable]
    check_graphics: Callable[[Settings], Line]
