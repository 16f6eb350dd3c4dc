"""Why a job failed or waits, in a word or two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sora_tui.core.job import JobError
from sora_tui.core.text import clean_line
from sora_tui.i18n import _

if TYPE_CHECKING:
    from sora_tui.engine.events import Retry


def reason(error: JobError, width: int) -> str:
    """Return why a job failed, in at most two words: the sentences stand elsewhere."""
    words = _short_words()
    other = _("picture refused") if error.kind.startswith("reference_") else _("not possible")
    if error.problem.code == "word_unknown":
        other = clean_line(error.kind, 40)  # better than nothing, and mostly plain English
    said = words.get(error.kind, other)
    if len(said) > width and error.kind.startswith("moderation"):
        return _("moderation")
    return said


def waits_because(retry: Retry) -> str:
    """Return why the engine waits: a status, or a few words."""
    words = {**_short_words(), "404": _("not known there")}
    return words.get(retry.why) or clean_line(retry.why, 20)


def _short_words() -> dict[str, str]:
    return {
        "answer_lost": _("answer lost"),
        "answer_unclear": _("answer unclear"),
        "sending_on_hold": _("answer unclear"),
        "sending_stopped": _("stopped"),
        "answer_repeated": _("answer unclear"),
        "past_unknown": _("sent elsewhere?"),
        "moderation_before": _("moderation, before"),
        "moderation_after": _("moderation, after"),
        "key_refused": _("key refused"),
        "key_without_grant": _("key without right"),
        "job_hidden": _("key without right"),
        "look_refused": _("not told"),
        "gateway_misroutes": _("asked elsewhere"),
        "key_missing": _("no key"),
        "key_command_ignored": _("no key"),
        "key_command_failed": _("no key"),
        "key_withheld": _("no key"),
        "quota_exhausted": _("quota used up"),
        "request_refused": _("not accepted"),
        "server_unreachable": _("not reached"),
        "server_failed": _("server error"),
        "answer_unusable": _("answer unclear"),
        "certificate_untrusted": _("not trusted"),
        "handshake_refused": _("TLS refused"),
        "videos_missing": _("no /videos there"),
        "server_busy": _("server busy"),
        "server_stayed_busy": _("server busy"),
        "generation_failed": _("no clip made"),
        "remote_cancelled": _("by the server"),
        "remote_expired": _("too late"),
        "remote_gone": _("forgotten"),
        "download_interrupted": _("interrupted"),
        "download_refused": _("not handed out"),
        "download_too_large": _("too large"),
        "clip_damaged": _("clip damaged"),
        "disk_full": _("disk full"),
        "over_budget": _("over budget"),
        "reference_changed": _("picture changed"),
        "reference_missing": _("picture missing"),
        "simulator_failed": _("simulator fault"),
        "profile_unknown": _("no such server"),
        "consent_price": _("price not agreed"),
        "consent_unknown": _("price unknown"),
    }
