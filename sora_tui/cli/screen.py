"""What the command line needs of the screen: one face does not import the other."""

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
    """The functions of the screen, as `__main__` passes them in.

    Attributes:
        open: Opens it, and returns the exit code. It takes settings, folder, and a function that
            starts the log, for which the first frame need not wait.
        list_keys: Returns the keys.
        check_graphics: Returns how it would show pictures on this terminal.
    """

    open: Callable[[Settings, Folder, Callable[[], object]], int]
    list_keys: Callable[[Settings], KeyTable]
    check_graphics: Callable[[Settings], Line]
