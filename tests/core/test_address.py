"""An address has one spelling, and what makes it unusable is named."""

from __future__ import annotations

import pytest

from sora_tui.core.address import normal_address
from sora_tui.core.problem import ProblemError
from sora_tui.core.secret import Secret
from sora_tui.core.server import Server


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("HTTP://Lab.Example/v1", "http://lab.example/v1"),
        ("https://LAB.example:443/v1/", "https://lab.example/v1"),
        ("hTTp://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:8000/v1//", "http://[::1]:8000/v1"),
        ("http://localhost.:8000/v1", "http://localhost:8000/v1"),
        ("https://lab.example/V1", "https://lab.example/V1"),
        ("https://lab.example/v1/videos/", "https://lab.example/v1"),
    ],
)
def test_each_address_has_one_spelling(written: str, spelled: str) -> None:
    assert normal_address(written) == spelled
    assert normal_address(spelled) == spelled


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("http://127.0.0.1:8000/v1?api-version=1", "address_query"),
        ("http://127.0.0.1:8000/v1?", "address_query"),
        ("http://127.0.0.1:8000/v1#top", "address_fragment"),
        ("http://me:secret@lab.example/v1", "address_user"),
        ("http://me@lab.example/v1", "address_user"),
        (" http://lab.example/v1", "address_blank"),
        ('"http://lab.example/v1"', "address_blank"),
        ("http://lab.example/v\u200b1", "address_blank"),
        ("lab.example/v1", "address_scheme"),
        ("ftp://lab.example", "address_scheme"),
        ("http://lab.example:port/v1", "address_scheme"),
        ("http://lab.example:0/v1", "address_scheme"),
        ("http://", "address_scheme"),
        ("http://0.0.0.0:8000/v1", "address_any"),
        ("http://[::]:8000/v1", "address_any"),
    ],
)
def test_what_makes_an_address_unusable_is_named(written: str, reason: str) -> None:
    with pytest.raises(ProblemError) as refused:
        normal_address(written)
    assert refused.value.problem.code == "base_url_invalid"
    assert refused.value.problem.facts["reason"] == reason
    assert "secret" not in str(refused.value.problem.facts)


@pytest.mark.parametrize("scheme", ["http", "HTTP", "Http"])
@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("127.0.0.1", True),
        ("LOCALHOST", True),
        ("localhost.", True),
        ("[::1]", True),
        ("[::ffff:127.0.0.1]", True),
        ("box.localhost", True),
        ("lab.example", False),
        ("127.0.0.1.lab.example", False),
        ("[::ffff:10.0.0.1]", False),
    ],
)
def test_a_plain_address_is_plain_however_it_is_spelled(scheme: str, host: str, near: bool) -> None:
    """`HTTP://` passed for encrypted: prompt and key crossed the network in clear."""
    server = Server("lab", f"{scheme}://{host}/v1", key=Secret("k"))
    assert server.is_loopback is near
    assert server.insecure is not near
