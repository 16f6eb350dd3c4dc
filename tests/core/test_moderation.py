"""Refusals of content, in the words of the servers that give them, and what only sounds alike."""

from __future__ import annotations

import pytest

from sora_tui.core.job import State
from sora_tui.core.moderation import fingerprint, is_moderation
from sora_tui.core.request import Reference, VideoRequest
from tests.support.job_states import in_state

REFUSALS = [
    # OpenAI
    ("sentinel_block", "Hmmm something didn't look right with your request."),
    ("moderation_blocked", "Your request was blocked by our moderation system."),
    (None, "Your request was rejected as a result of our safety system."),
    (None, "This content may violate our content policy."),
    # Azure
    ("content_filter", "The response was filtered."),
    ("400", "The prompt triggered Azure OpenAI's content management policy: content was filtered"),
    ("ResponsibleAIPolicyViolation", "The request is not acceptable."),
    # LiteLLM
    ("400", "litellm.ContentPolicyViolationError: OpenAIException - erroREDACTED"),
    (
        "400",
        "litellm.BadRequestError: OpenAIException - {error: {code: sentinel_block}} LiteLLM: x",
    ),
    ("500", "OpenAIException - Your prompt was flagged by the moderation system\n\nLiteLLM: y"),
    (
        "400",
        "OpenAIException - Hmmm something didn't look right with your request. erroREDACTED",
    ),
    # new-api
    ("sensitive_words_detected", "user sensitive words detected"),
    ("fail_to_fetch_task", '{"error":{"code":"moderation_blocked","message":"blocked"'),
    (None, "内容审核未通过，请修改提示词后重新生成"),
    # Volcengine and Alibaba behind gateways
    ("InputTextSensitiveContentDetected", "The request failed."),
    (None, "The request failed because the input text may contain sensitive information."),
    ("InvalidParameter.DataInspection", "Input data may contain inappropriate content."),
    ("data_inspection_failed", ""),
    # OpenRouter, with the vendors behind it
    ("403", 'Your input was flagged for "sexual". No credits were used.'),
    (None, "This prompt contains sensitive words that violate Google's Responsible AI practices."),
    ("SAFETY.INPUT.TEXT", "The task failed."),
    ("PROHIBITED_CONTENT", ""),
    # guardrails and filters in front of open models
    (None, "This content may violate our guardrails concerning similarity to third-party content."),
    (None, "Violated OpenAI moderation policy"),
    (None, "The prompt did not pass our safety check"),
    (None, "Prompt rejected by the content filter"),
    (None, "Rejected by our content policy"),
    (None, "The safety system said no"),
    ("nsfw_content", ""),
]

LOOKALIKES = [
    (None, "blocked by firewall"),
    (None, "Request blocked by Cloudflare"),
    ("rate_limit_exceeded", "This request violates the rate limit of 5 per minute."),
    (None, "prohibited method"),
    (None, "Blocked by CORS policy: no Access-Control-Allow-Origin header"),
    (None, "Refused to connect because it violates the Content-Security-Policy directive"),
    ("invalid_value", "Invalid value: 'high'. Parameter 'moderation' must be 'low' or 'auto'."),
    ("invalid_moderation_level", "expected low or auto"),
    ("moderation_service_unavailable", "try again later"),
    (None, "The moderation service timed out."),
    (None, "Unknown parameter: 'safety_identifier'."),
    ("unsupported_parameter", "content_filter_level is not supported with this model"),
    (None, "Your request was rejected as a result of our billing policy."),
    (None, "Access denied by organization policy"),
    (None, "Your request was flagged as duplicate"),
    (None, "File names are case sensitive: content was not found"),
    (None, "The request contains sensitive headers"),
    (None, "The content type of the request is prohibited"),
    (None, "Inappropriate size for this model: use 1280x720"),
    (None, "Model sora-2 is blocked for this project"),
    ("server_error", "out of memory"),
    (None, "Generation was blocked: the GPU is in safety shutdown"),
    (None, "Safety margin exceeded: reduce num_frames"),
    (None, "Your account was suspended because it violates our usage policies."),
    (None, "Request violates the policy 'require-mfa'"),
    (None, "Rejected: too many calls of the moderation endpoint"),
    (None, "Unknown parameter: 'content_filter'."),
    (None, "Your request was blocked by our WAF policy"),
    (None, "Your request was flagged for suspicious activity"),
    ("content_policy_not_found", ""),
    (None, ""),
]


@pytest.mark.parametrize(("code", "message"), REFUSALS)
def test_a_refusal_of_content_is_told_in_the_words_of_each_server(
    code: str | None, message: str
) -> None:
    assert is_moderation(code, message)


@pytest.mark.parametrize(("code", "message"), LOOKALIKES)
def test_a_message_that_only_sounds_similar_is_no_content_refusal(
    code: str | None, message: str
) -> None:
    assert not is_moderation(code, message)


def test_an_equal_request_has_the_same_fingerprint() -> None:
    wish = VideoRequest("A kite\nover  the sea", model="sora-2", seconds="4", size="1280x720")
    same = VideoRequest("  a KITE over the sea ", model="sora-2", seconds="8", size="720x1280")
    assert fingerprint(wish) == fingerprint(same)


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "A kite over the land"},
        {"model": "sora-2-pro"},
        {"reference": Reference("a.jpg", "0" * 64)},
        {"operation": "remix", "source_video": "video_1"},
    ],
)
def test_another_request_has_another_fingerprint(change: dict[str, object]) -> None:
    wish = VideoRequest("A kite over the sea", model="sora-2")
    assert fingerprint(wish) != fingerprint(wish._replace(**change))  # type: ignore[arg-type]  # a table of changes


def test_a_verdict_is_given_by_refusals_and_by_clips_alone() -> None:
    verdicts = {state: in_state(state).was_content_refused for state in State}
    assert {state for state, said in verdicts.items() if said is False} >= {State.SAVED}
    assert verdicts[State.UNCONFIRMED] is verdicts[State.PENDING] is None
