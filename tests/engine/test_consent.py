"""What a person agreed to, against what the profile says by the time the job is sent."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sora_tui.core.job import Consent
from sora_tui.core.secret import Secret
from sora_tui.core.server import Server
from sora_tui.engine.submit import refusal
from tests.support.job_states import START, new_job

LAB = Server("lab", "https://lab.example.org/v1", key=Secret("sk-secret"), key_from="LAB_KEY")
PRICED = {"prices": {"sora-2": {"*": Decimal("0.10")}}}  # the job has 4 seconds
DEARER = {"prices": {"*": {"*": Decimal("0.11")}}}
SUM = Consent("priced", START, sum=Decimal("0.40"))
LIMIT = Consent("unknown", START, max_spend=Decimal("0.40"))
UNKNOWN = Consent("unknown", START)
FREE = Consent("free", START, sum=Decimal(0))
FOUND = Consent("unknown", START, found="vllm-omni")


@pytest.mark.parametrize(
    ("changes", "consent", "code"),
    [
        pytest.param(PRICED, SUM, None, id="the sum that was named"),
        pytest.param(PRICED, LIMIT, None, id="within the limit"),
        pytest.param(DEARER, SUM, "over_budget", id="dearer since"),
        pytest.param(DEARER, LIMIT, "over_budget", id="above the limit"),
        pytest.param(PRICED, UNKNOWN, "consent_price", id="a price where there was none"),
        pytest.param(PRICED, None, "consent_price", id="nobody agreed to anything"),
        pytest.param({}, UNKNOWN, None, id="still unknown"),
        pytest.param({}, SUM, "consent_unknown", id="a price, and none any more"),
        pytest.param({**PRICED, "params": {"n": 2}}, SUM, "over_budget", id="two clips since"),
        pytest.param({**PRICED, "params": {"n": 0}}, SUM, "consent_unknown", id="unclear since"),
        pytest.param({}, LIMIT, "consent_unknown", id="a limit nobody can check"),
        pytest.param({"free": True}, LIMIT, None, id="free since"),
        pytest.param({}, FREE, "consent_unknown", id="free no more"),
        pytest.param({}, FOUND, None, id="the server that was found"),
        pytest.param({"dialect": "litellm"}, FOUND, "consent_unknown", id="another server"),
        pytest.param({"key": None}, UNKNOWN, "key_missing", id="no key any more"),
        pytest.param({"key": None, "auth": "none"}, UNKNOWN, None, id="a key is not needed"),
        pytest.param(
            {"base_url": "http://lab.example.org/v1"}, UNKNOWN, "base_url_insecure", id="in clear"
        ),
        pytest.param(
            {"base_url": "http://lab.example.org/v1", "allow_http": True},
            UNKNOWN,
            None,
            id="in clear, and allowed",
        ),
    ],
)
def test_only_what_was_agreed_to_is_sent(
    changes: dict[str, Any], consent: Consent | None, code: str | None
) -> None:
    why = refusal(LAB._replace(**changes), replace(new_job(), consent=consent))
    assert (None if why is None else why.code) == code
