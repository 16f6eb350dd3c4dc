"""Exit codes, in one place: scripts may rely on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sora_tui.core.job import Job, State

DONE: Final = 0
FAILED: Final = 1
WRONG_USE: Final = 2
MODERATED: Final = 3
SERVER: Final = 4
BUDGET_OR_DISK: Final = 5
UNCONFIRMED: Final = 6
OUR_FAULT: Final = 70
INTERRUPTED: Final = 130

#: Exit code -> the problems that end with it.
_PROBLEMS: Final[Mapping[int, tuple[str, ...]]] = {
    FAILED: (
        "request_refused",
        "generation_failed",
        "remote_cancelled",
        "remote_expired",
        "remote_gone",
        "remote_denied",
        "other_video_told",
        "status_unknown",
        "download_interrupted",
        "download_refused",
        "download_too_large",
        "clip_damaged",
        "clip_missing",
        "clip_not_ours",
        "clip_not_shown",
        "picture_not_shown",
        "document_broken",
        "document_newer",
        "word_unknown",
        "no_list",
    ),
    WRONG_USE: (
        "prompt_missing",
        "prompt_empty",
        "prompt_too_long",
        "request_not_text",
        "request_too_large",
        "prompt_unreadable",
        "prompt_changed",
        "prompt_taken",
        "prompt_name_invalid",
        "front_matter_broken",
        "front_matter_name",
        "variable_missing",
        "variable_unknown",
        "size_invalid",
        "seconds_invalid",
        "count_invalid",
        "param_invalid",
        "variable_invalid",
        "param_kind",
        "param_range",
        "param_choice",
        "param_standard",
        "param_name",
        "preset_unknown",
        "batch_unreadable",
        "batch_line",
        "batch_syntax",
        "reference_missing",
        "reference_outside",
        "reference_is_url",
        "reference_not_file",
        "reference_not_image",
        "reference_not_opened",
        "reference_damaged",
        "reference_animated",
        "reference_too_big",
        "reference_too_large",
        "reference_wrong_size",
        "reference_turned",
        "reference_not_opened",
        "reference_changed",
        "source_missing",
        "source_outside",
        "source_not_clip",
        "source_too_big",
        "source_changed",
        "source_elsewhere",
        "operation_takes_no",
        "character_unknown",
        "character_name",
        "config_broken",
        "config_invalid",
        "env_readable",
        "env_unread",
        "profile_unknown",
        "profile_exists",
        "profile_elsewhere",
        "base_url_invalid",
        "base_url_insecure",
        "key_missing",
        "key_command_ignored",
        "key_withheld",
        "budget_ignored",
        "free_ignored",
        "key_command_failed",
        "key_unusable",
        "settings_unreadable",
        "consent_price",
        "consent_unknown",
        "declined",
        "folder_missing",
        "current_folder_gone",
        "lock_unsupported",
        "job_unknown",
        "job_ambiguous",
        "step_illegal",
        "video_unknown",
        "video_is_job",
        "video_taken",
        "operation_unsupported",
        "no_terminal",
        "dumb_terminal",
    ),
    MODERATED: ("moderation_before", "moderation_after", "refused_before"),
    SERVER: (
        "server_unreachable",
        "server_failed",
        "answer_unusable",
        "certificate_untrusted",
        "handshake_refused",
        "server_busy",
        "server_stayed_busy",
        "gateway_misroutes",
        "videos_missing",
        "delete_refused",
        "key_refused",
        "key_without_grant",
        "job_hidden",
        "look_refused",
        "simulator_failed",
        "owned_elsewhere",
        "batch_busy",
    ),
    BUDGET_OR_DISK: (
        "over_budget",
        "price_unclear",
        "day_unreadable",
        "day_unpriced",
        "price_unknown",
        "quota_exhausted",
        "disk_full",
        "folder_not_writable",
        "folder_unreadable",
    ),
    UNCONFIRMED: (
        "answer_lost",
        "answer_unclear",
        "answer_repeated",
        "answer_not_kept",
        "past_unknown",
        "sending_on_hold",
        "sending_stopped",
    ),
    OUR_FAULT: ("internal_fault", "answer_fault"),
}
BY_PROBLEM: Final[Mapping[str, int]] = {
    code: exit_code for exit_code, codes in _PROBLEMS.items() for code in codes
}


def exit_of(job: Job) -> int:
    """Return the exit code for a job at rest."""
    if job.state in {State.SAVED, State.COMPLETED, State.ABANDONED}:
        return DONE  # a person who gave a job up has what was asked for
    if job.state is State.UNCONFIRMED:
        return UNCONFIRMED
    return FAILED if job.error is None else BY_PROBLEM[job.error.problem.code]


def worst(codes: list[int]) -> int:
    """Return the code for several outcomes; a higher code needs a person more."""
    return max(codes, default=DONE)
