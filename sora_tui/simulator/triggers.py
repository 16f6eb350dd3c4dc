"""Words in a prompt that cause a common fault, so that a person can practise it."""

from __future__ import annotations

from typing import Final

#: What happens to a job whose prompt has the word in square brackets, such as `[blocked]`.
TRIGGERS: Final = {
    "moderated": "refused at once; nothing starts",
    "blocked": "fails on the way: moderation",
    "fails": "fails on the way: a fault of the server",
    "unanswered": "the job starts, but the connection closes before the answer",
    "slow": "takes ten times as long",
    "expires": "its clip can be fetched for a minute only",
    "forgotten": "the server forgets it half way",
}

#: How a failing job ends: code and message.
FAILURES: Final = {
    "blocked": ("moderation_blocked", "Your request was blocked by our moderation system."),
    "fails": ("generation_error", "The video could not be generated. Please try again."),
}


def triggered(prompt: str) -> str | None:
    """Return the first of `TRIGGERS` that the prompt has."""
    return next((word for word in TRIGGERS if f"[{word}]" in prompt), None)
