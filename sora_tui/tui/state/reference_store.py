"""The reference pictures of the folder as the screen knows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sora_tui.tui.state.signal import Signal

if TYPE_CHECKING:
    from sora_tui.core.reference_fit import ReferenceFile


class ReferenceStore:
    """Pictures by their path within `input_reference/`.

    Attributes:
        files: Replaced as a whole with every change.
        changed: Announces that more is known, or other pictures are there.
    """

    def __init__(self) -> None:
        self.files: Mapping[str, ReferenceFile] = {}
        self.changed: Signal[None] = Signal()

    def replace(self, files: Iterable[ReferenceFile]) -> None:
        """Take these pictures in place of all."""
        self.files = {file.path: file for file in files}
        self.changed.publish(None)

    def update(self, files: Iterable[ReferenceFile]) -> None:
        """Take what more is known of these."""
        self.files = {**self.files, **{file.path: file for file in files}}
        self.changed.publish(None)
