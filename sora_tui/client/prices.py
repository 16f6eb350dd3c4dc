"""The built-in price table: it belongs to the hosts that published it, not to a model's name."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from sora_tui.core.price import PriceTable
from sora_tui.core.server import Server

_SD: Final = ("720x1280", "1280x720")
_HD: Final = ("1024x1792", "1792x1024")
_FULL_HD: Final = ("1080x1920", "1920x1080")

_SORA_2: Final = dict.fromkeys(_SD, Decimal("0.10"))
_SORA_2_PRO: Final = dict.fromkeys(_SD, Decimal("0.30")) | dict.fromkeys(_HD, Decimal("0.50"))

#: USD per generated second, standard tier (videos-api, section 1.7).
_OPENAI: Final = PriceTable(
    {
        **dict.fromkeys(("sora-2", "sora-2-2025-10-06", "sora-2-2025-12-08"), _SORA_2),
        **dict.fromkeys(
            ("sora-2-pro", "sora-2-pro-2025-10-06"),
            _SORA_2_PRO | dict.fromkeys(_FULL_HD, Decimal("0.70")),
        ),
    },
    dated="2026-08-13",
)
#: On Azure a model is named by its deployment; these are the names its own guide gives them.
_AZURE: Final = PriceTable({"sora-2": _SORA_2, "sora-2-pro": _SORA_2_PRO}, dated="2026-08-13")

#: Host, or the end of a host when it begins with a dot.
PRICES: Final[Mapping[str, PriceTable]] = {
    "api.openai.com": _OPENAI,
    ".openai.azure.com": _AZURE,
    ".services.ai.azure.com": _AZURE,
}


def table_for(server: Server) -> PriceTable | None:
    """The table that holds at this server's host; None where nothing is known."""
    host = server.host.lower()
    for name, table in PRICES.items():
        if host == name or (name.startswith(".") and host.endswith(name)):
            return table
    return None
