"""The price table belongs to hosts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sora_tui.client.prices import table_for
from sora_tui.core.price import PriceKind, price_of
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server, simulator

OPENAI = "https://api.openai.com/v1"
AZURE = "https://lab.openai.azure.com/openai/v1"


@pytest.mark.parametrize(
    ("base_url", "model", "size", "sum"),
    [
        (OPENAI, "sora-2", "1280x720", "0.80"),
        (OPENAI, "sora-2-pro", "720x1280", "2.40"),
        (OPENAI, "sora-2-pro", "1792x1024", "4.00"),
        (OPENAI, "sora-2-pro", "1920x1080", "5.60"),
        (OPENAI, "sora-2", "1792x1024", None),
        (OPENAI, "sora-2", None, None),
        (OPENAI, None, "1280x720", None),
        (AZURE, "sora-2-pro", "1792x1024", "4.00"),
        (AZURE, "sora-2-pro", "1920x1080", None),
        ("https://api.openai.com.example.org/v1", "sora-2", "1280x720", None),
        ("https://openai.azure.com.example.org/v1", "sora-2", "1280x720", None),
        ("http://127.0.0.1:8000/v1", "sora-2", "1280x720", None),
    ],
)
def test_the_sum_for_eight_seconds(
    base_url: str, model: str | None, size: str | None, sum: str | None
) -> None:
    server = Server("x", base_url)
    request = VideoRequest("a fox", model=model, seconds="8", size=size)
    price = price_of(server, request, table_for(server))
    assert price.sum == (None if sum is None else Decimal(sum))
    assert price.kind is (PriceKind.UNKNOWN if sum is None else PriceKind.PRICED)


def test_the_simulator_has_no_table() -> None:
    assert table_for(simulator()) is None
