"""Which proxy a request takes, by the variables that curl, git and package tools read too.

httpx would read them itself, and raises for values that other programs accept: SOCKS, IPv6 entries
of NO_PROXY, a port that is a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from sora_tui.core.problem import ProblemError, problem_error

#: The kinds of proxy that are supported.
_SCHEMES: Final = frozenset({"http", "https"})
_HOST: Final = re.compile(r"[\w-]+(\.[\w-]+)*\.?")
_PORTS: Final = range(1, 65536)


class Direct(NamedTuple):
    """One entry of NO_PROXY.

    Attributes:
        host: In lower case, without a dot in front; an address or a network as it is.
        port: None means every port.
    """

    host: str
    port: int | None = None


class ProxyRules(NamedTuple):
    """What the environment says about proxies.

    Attributes:
        values: The variable's name and its value, by `http`, `https` and `all`.
        exceptions: Hosts that are reached directly.
        odd: Entries of NO_PROXY that name no host; they are left out.
    """

    values: Mapping[str, tuple[str, str]]
    exceptions: tuple[Direct, ...] = ()
    odd: tuple[str, ...] = ()

    def proxy_for(self, url: str) -> str | None:
        """Return the address of the proxy for a URL, None for none.

        Raises:
            ProblemError: config_invalid, naming the variable, never its value: there may be a
                password in it.
        """
        parts = urlsplit(url)
        found = self.values.get(parts.scheme) or self.values.get("all")
        if found is None or self._is_direct(parts.hostname or "", parts.port):
            return None
        name, value = found
        address = value if "://" in value else f"http://{value}"
        try:
            proxy = urlsplit(address)
            usable = bool(proxy.hostname) and (proxy.port is None or proxy.port in _PORTS)
        except ValueError:  # a port that is no number, a bracket that is not closed
            usable = False
            proxy = urlsplit("")
        if proxy.scheme.startswith("socks"):
            raise _refusal(name, "socks_proxy")
        if not usable or proxy.scheme not in _SCHEMES or not address.isprintable():
            raise _refusal(name, "no_proxy_address")
        return address

    def _is_direct(self, host: str, port: int | None) -> bool:
        return any(_covers(exception, host.lower(), port) for exception in self.exceptions)


def read_proxies(environ: Mapping[str, str], system: Mapping[str, str]) -> ProxyRules:
    """Return the proxy rules in an environment.

    Lower-case names come first, as in curl. HTTP_PROXY does not count where REQUEST_METHOD is set:
    there a request's header `Proxy` could have set it (CVE-2016-5385).

    Args:
        environ: Environment variables.
        system: The desktop's settings, for kinds that no variable names (urllib's `getproxies`).
    """
    values: dict[str, tuple[str, str]] = {}
    for kind in ("http", "https", "all"):
        names = [f"{kind}_proxy", f"{kind}_proxy".upper()]
        if kind == "http" and "REQUEST_METHOD" in environ:
            names.pop()
        name = next((name for name in names if name in environ), None)
        said = environ[name].strip() if name else system.get(kind, "").strip()
        if said:
            values[kind] = (name or "proxy", said)
    entries = environ.get("no_proxy", environ.get("NO_PROXY", system.get("no", "")))
    exceptions, odd = [], []
    for entry in re.split(r"[\s,;]+", entries):
        if not entry:
            continue
        found = _read_exception(entry)
        if found is None:
            odd.append(entry)
        else:
            exceptions.append(found)
    return ProxyRules(values, tuple(exceptions), tuple(odd))


def _read_exception(entry: str) -> Direct | None:
    """Return an entry in any usual form: a name, an address, a network, each with a port."""
    if entry == "*":
        return Direct("*")
    text = entry.lower().partition("://")[2] or entry.lower()
    if (host := _address(text)) is not None:
        return Direct(host)
    text, colon, said = text.rpartition(":") if re.search(r":\w*$", text) else (text, "", "")
    if colon and not (said.isascii() and said.isdecimal() and int(said) in _PORTS):
        return None
    port = int(said) if colon else None
    if (host := _address(text)) is not None:
        return Direct(host, port)
    name = text.removeprefix("*").removeprefix(".")
    return Direct(name.rstrip("."), port) if _HOST.fullmatch(name) else None


def _address(text: str) -> str | None:
    """Return an IP address or a network, without the brackets; None for anything else."""
    bare = text.removeprefix("[").removesuffix("]") if text.startswith("[") else text
    try:
        return str(ip_network(bare, strict=False)) if "/" in bare else str(ip_address(bare))
    except ValueError:
        return None


def _covers(exception: Direct, host: str, port: int | None) -> bool:
    if exception.port is not None and exception.port != port:
        return False
    if exception.host == "*":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        host = host.rstrip(".")
        return host == exception.host or host.endswith(f".{exception.host}")
    try:
        return address in ip_network(exception.host)
    except (ValueError, TypeError):
        return False


def _refusal(name: str, reason: str) -> ProblemError:
    return problem_error("config_invalid", key=name, reason=reason)
