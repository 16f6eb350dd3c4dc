"""Proxies as the environment names them: what other programs take is no fault of ours."""

from __future__ import annotations

import pytest

from sora_tui.client.proxy import read_proxies
from sora_tui.core.problem import ProblemError

FAR = "https://lab.example/v1"
PROXY = "http://127.0.0.1:3128"


@pytest.mark.parametrize(
    ("environ", "url", "proxy"),
    [
        ({}, FAR, None),
        ({"HTTPS_PROXY": PROXY}, FAR, PROXY),
        ({"HTTPS_PROXY": "127.0.0.1:3128"}, FAR, PROXY),
        ({"HTTPS_PROXY": f" {PROXY} "}, FAR, PROXY),
        ({"https_proxy": "", "HTTPS_PROXY": PROXY}, FAR, None),  # taken away, as in curl
        ({"HTTP_PROXY": PROXY}, FAR, None),
        ({"http_proxy": PROXY}, "http://lab.example/v1", PROXY),
        ({"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, "http://lab.example/v1", None),
        ({"ALL_PROXY": PROXY}, FAR, PROXY),
        ({"ALL_PROXY": "socks5://127.0.0.1:9", "HTTPS_PROXY": PROXY}, FAR, PROXY),
        ({"HTTP_PROXY": "socks5://127.0.0.1:9"}, FAR, None),  # not for this way
        *(
            ({"HTTPS_PROXY": PROXY, "NO_PROXY": entries}, url, None)
            for entries, url in (
                ("*", FAR),
                ("lab.example", FAR),
                (".lab.example", "https://gpu.lab.example/v1"),
                ("*.example", FAR),
                ("LAB.Example.", FAR),
                ("lab.example:443", "https://lab.example:443/v1"),
                ("https://lab.example", FAR),
                ("localhost lab.example", FAR),
                ("[fd07::1]", "https://[fd07::1]/v1"),
                ("fd07::1", "https://[fd07::1]:8000/v1"),
                ("[fd07::1]:8000", "https://[fd07::1]:8000/v1"),
                ("fd07::/64", "https://[fd07::1]/v1"),
                ("10.0.0.0/8", "https://10.1.2.3/v1"),
                ("10.1.2.3", "https://10.1.2.3/v1"),
            )
        ),
        *(
            ({"HTTPS_PROXY": PROXY, "NO_PROXY": entries}, url, PROXY)
            for entries, url in (
                ("", FAR),
                ("example", "https://lab.example.org/v1"),
                ("ab.example", FAR),
                ("lab.example:8000", FAR),
                ("10.0.0.0/8", FAR),
                ("fd07::/64", "https://10.1.2.3/v1"),
                ("<local>", FAR),
            )
        ),
    ],
)
def test_the_way_that_curl_would_take(environ: dict[str, str], url: str, proxy: str | None) -> None:
    assert read_proxies(environ, {}).proxy_for(url) == proxy


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("socks://127.0.0.1:9", "socks_proxy"),
        ("socks5h://127.0.0.1:9", "socks_proxy"),
        ("http://127.0.0.1:port", "no_proxy_address"),
        ("http://127.0.0.1:99999", "no_proxy_address"),
        ("http://[::1", "no_proxy_address"),
        ("ftp://127.0.0.1:21", "no_proxy_address"),
        ("http://", "no_proxy_address"),
        ("http://a\nb:1", "no_proxy_address"),
    ],
)
def test_a_proxy_that_cannot_be_spoken_to_is_named_by_its_variable(value: str, reason: str) -> None:
    rules = read_proxies({"ALL_PROXY": value}, {})
    with pytest.raises(ProblemError) as refusal:
        rules.proxy_for(FAR)
    # Never by its value: there may be a password in it.
    assert refusal.value.problem.facts == {"key": "ALL_PROXY", "reason": reason}


def test_entries_of_no_host_are_left_out_and_known() -> None:
    rules = read_proxies({"NO_PROXY": "localhost,<local>,a:b,[::1],fd07::/64,x/y"}, {})
    assert rules.odd == ("<local>", "a:b", "x/y")


def test_what_the_desktop_says_counts_where_no_variable_does() -> None:
    system = {"https": PROXY, "no": "lab.example"}
    assert read_proxies({}, system).proxy_for("https://x.example") == PROXY
    assert read_proxies({}, system).proxy_for(FAR) is None
    assert read_proxies({"https_proxy": ""}, system).proxy_for("https://x.example") is None
