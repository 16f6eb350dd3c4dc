"""What is known of the file of a saved clip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from sora_tui.core.problem import Problem
from sora_tui.media.cells import Cells

if TYPE_CHECKING:
    from sora_tui.media.decoder_client import ClipReport

Origin = Literal["here", "server"]


class ClipSeen(NamedTuple):
    """What is known of a clip's file by now; pictures come one after the other.

    Attributes:
        strip: Frames from all along it.
        poster_from: Where it was made; as `strip_from`.
        problem: Why there is nothing, or nothing more, to be seen.
        changed: The file is not the one that was downloaded.
    """

    report: ClipReport | None = None
    poster: Cells | None = None
    strip: Cells | None = None
    poster_from: Origin = "here"
    strip_from: Origin = "here"
    problem: Problem | None = None
    changed: bool = False
