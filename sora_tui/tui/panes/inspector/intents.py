"""What the inspector wants done, and what it announces."""

from __future__ import annotations

from typing import Literal

from textual.message import Message

from sora_tui.tui.intent import Intent

Verb = Literal["adopt", "price", "send", "abandon"]


class JobDecision(Intent):
    """The person decides about a lost answer.

    Attributes:
        verb: `adopt` the video of this id, `price` (say what sending again costs, and ask),
            `send` again as agreed, or `abandon`.
    """

    owner = "unconfirmed_jobs"
    method = "decide"

    def __init__(self, job_id: str, verb: Verb, video_id: str = "") -> None:
        super().__init__()
        self.job_id = job_id
        self.verb = verb
        self.video_id = video_id


class ClipRoomChanged(Intent):
    """The pictures of the clip have another room, or are seen again."""

    owner = "clips"
    method = "change_room"


class PartCopied(Intent):
    """A part of the document is wanted on the clipboard."""

    owner = "inspector"
    method = "copy"

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class InspectorTurned(Message):
    """Another page or picture is in front: other keys mean something now."""
