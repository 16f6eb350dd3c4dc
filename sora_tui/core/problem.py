"""A refusal or failure as a value: what happened, with which facts, and whether money was spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

Fact = str | int | float


class Spent(StrEnum):
    """Whether the failed step may have cost money."""

    NO = "no"
    YES = "yes"
    PERHAPS = "perhaps"


#: Every code there is, with what it says about money unless the facts of a case say otherwise.
#: `i18n/problems.py` holds each one to three sentences in each language.
CODES: Final[Mapping[str, Spent]] = {
    # what the person wrote
    "prompt_missing": Spent.NO,
    "prompt_empty": Spent.NO,
    "prompt_too_long": Spent.NO,
    "request_not_text": Spent.NO,
    "request_too_large": Spent.NO,
    "prompt_unreadable": Spent.NO,
    "prompt_changed": Spent.NO,
    "prompt_taken": Spent.NO,
    "prompt_name_invalid": Spent.NO,
    "front_matter_broken": Spent.NO,
    "front_matter_name": Spent.NO,
    "variable_missing": Spent.NO,
    "variable_unknown": Spent.NO,
    "size_invalid": Spent.NO,
    "seconds_invalid": Spent.NO,
    "count_invalid": Spent.NO,
    "param_invalid": Spent.NO,
    "variable_invalid": Spent.NO,
    "param_kind": Spent.NO,
    "param_range": Spent.NO,
    "param_choice": Spent.NO,
    "param_standard": Spent.NO,
    "param_name": Spent.NO,
    "preset_unknown": Spent.NO,
    "batch_unreadable": Spent.NO,
    "batch_line": Spent.NO,
    "batch_syntax": Spent.NO,
    "batch_busy": Spent.NO,
    # reference pictures
    "reference_missing": Spent.NO,
    "reference_outside": Spent.NO,
    "reference_is_url": Spent.NO,
    "reference_not_file": Spent.NO,
    "reference_not_image": Spent.NO,
    "reference_damaged": Spent.NO,
    "reference_animated": Spent.NO,
    "reference_too_big": Spent.NO,
    "reference_too_large": Spent.NO,
    "reference_wrong_size": Spent.NO,
    "reference_changed": Spent.NO,
    "reference_turned": Spent.NO,
    # clips and characters that something is made of
    "source_missing": Spent.NO,
    "source_outside": Spent.NO,
    "source_not_clip": Spent.NO,
    "source_too_big": Spent.NO,
    "source_changed": Spent.NO,
    "source_elsewhere": Spent.NO,
    "operation_takes_no": Spent.NO,
    "character_unknown": Spent.NO,
    "character_name": Spent.NO,
    # configuration
    "config_broken": Spent.NO,
    "config_invalid": Spent.NO,
    "env_readable": Spent.NO,
    "env_unread": Spent.NO,
    "profile_unknown": Spent.NO,
    "profile_exists": Spent.NO,
    "profile_elsewhere": Spent.NO,
    "base_url_invalid": Spent.NO,
    "base_url_insecure": Spent.NO,
    "key_missing": Spent.NO,
    "key_command_ignored": Spent.NO,
    "key_withheld": Spent.NO,
    "budget_ignored": Spent.NO,
    "free_ignored": Spent.NO,
    "key_command_failed": Spent.NO,
    "key_unusable": Spent.NO,
    "settings_unreadable": Spent.NO,
    # consent and money
    "consent_price": Spent.NO,
    "consent_unknown": Spent.NO,
    "declined": Spent.NO,
    "over_budget": Spent.NO,
    "price_unknown": Spent.NO,
    "price_unclear": Spent.NO,
    "day_unreadable": Spent.NO,
    "day_unpriced": Spent.NO,
    "refused_before": Spent.NO,
    # the folder
    "folder_missing": Spent.NO,
    "folder_unreadable": Spent.NO,
    "current_folder_gone": Spent.NO,
    "folder_not_writable": Spent.NO,
    "disk_full": Spent.NO,
    "lock_unsupported": Spent.NO,
    "owned_elsewhere": Spent.NO,
    "document_broken": Spent.NO,
    "document_newer": Spent.NO,
    "word_unknown": Spent.PERHAPS,
    "job_unknown": Spent.NO,
    "job_ambiguous": Spent.NO,
    "step_illegal": Spent.NO,
    # on the way to the server
    "server_unreachable": Spent.NO,
    "server_failed": Spent.NO,
    "answer_unusable": Spent.NO,
    "certificate_untrusted": Spent.NO,
    "handshake_refused": Spent.NO,
    "server_busy": Spent.NO,
    "server_stayed_busy": Spent.NO,
    "videos_missing": Spent.NO,
    "key_refused": Spent.NO,
    "key_without_grant": Spent.NO,
    "request_refused": Spent.NO,
    "moderation_before": Spent.NO,
    "quota_exhausted": Spent.NO,
    "answer_lost": Spent.PERHAPS,
    "answer_unclear": Spent.PERHAPS,
    "sending_on_hold": Spent.NO,
    "sending_stopped": Spent.NO,
    "answer_repeated": Spent.PERHAPS,
    "answer_not_kept": Spent.YES,
    "past_unknown": Spent.PERHAPS,
    "no_list": Spent.NO,
    "delete_refused": Spent.NO,
    "operation_unsupported": Spent.NO,
    "video_unknown": Spent.NO,
    "video_taken": Spent.NO,
    "video_is_job": Spent.NO,
    # while it runs there
    "generation_failed": Spent.PERHAPS,
    "moderation_after": Spent.PERHAPS,
    "remote_cancelled": Spent.PERHAPS,
    "remote_expired": Spent.YES,
    "remote_gone": Spent.PERHAPS,
    "answer_fault": Spent.PERHAPS,
    "remote_denied": Spent.PERHAPS,
    "other_video_told": Spent.PERHAPS,
    "gateway_misroutes": Spent.PERHAPS,
    "job_hidden": Spent.PERHAPS,
    "look_refused": Spent.PERHAPS,
    "status_unknown": Spent.PERHAPS,
    # bringing it home
    "download_interrupted": Spent.YES,
    "download_refused": Spent.YES,
    "download_too_large": Spent.YES,
    "clip_damaged": Spent.YES,
    # looking at what is there
    "clip_missing": Spent.NO,
    "clip_not_ours": Spent.NO,
    "clip_not_shown": Spent.NO,
    "picture_not_shown": Spent.NO,
    "reference_not_opened": Spent.NO,
    # ourselves
    "simulator_failed": Spent.NO,
    "no_terminal": Spent.NO,
    "dumb_terminal": Spent.NO,
    "internal_fault": Spent.NO,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, without a sentence: the faces find the words.

    Args:
        code: One of `CODES`.
        facts: Values the sentences may name. Text in them is shown only through `clean()`.
        spent: Whether money was spent.

    Raises:
        ValueError: `code` is not registered, so no face would have words for it.
    """

    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict, hash=False)
    spent: Spent = Spent.NO

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"unregistered problem code: {self.code}")


class ProblemError(Exception):
    """Carries a `Problem` up to the place that can tell a person."""

    def __init__(self, problem: Problem) -> None:
        facts = ", ".join(f"{name}={value!r}" for name, value in problem.facts.items())
        super().__init__(f"{problem.code} ({facts})" if facts else problem.code)
        self.problem = problem


def problem(code: str, **facts: Fact) -> Problem:
    """Return the problem of this code with its usual answer about money."""
    return Problem(code, facts, CODES.get(code, Spent.NO))


def problem_error(code: str, **facts: Fact) -> ProblemError:
    """Return `problem()` as an exception to be raised."""
    return ProblemError(problem(code, **facts))
