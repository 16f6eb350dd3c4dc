"""What a pane wants done: a message that names the controller that does it."""

from __future__ import annotations

from typing import ClassVar

from textual.message import Message


class Intent(Message):
    """Bubbles up to the app, which calls `method` of the controller `owner` with it.

    A subclass stands beside the pane that sends it. It is a plain class: a dataclass costs a third
    of a millisecond at import, and there are many.
    """

    owner: ClassVar[str]
    method: ClassVar[str]
