"""What a person is told about several clips of one request."""

from __future__ import annotations

from sora_tui.core.request import VideoRequest, has_fixed_seed
from sora_tui.core.text import clean_line
from sora_tui.i18n import _


def same_seed_words(request: VideoRequest, clips: int) -> str:
    """Return a warning about clips that would be paid for and come out alike; else empty."""
    if clips < 2 or not has_fixed_seed(request):
        return ""
    seed = clean_line(request.params["seed"], 20)
    return _("all {count} clips have seed {seed}: they come out alike").format(
        count=clips, seed=seed
    )
