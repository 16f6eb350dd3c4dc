"""How a server is reached: key, proxy and certificates, before a person agrees to pay."""

from __future__ import annotations

from typing import NamedTuple

from sora_tui.core.problem import ProblemError
from sora_tui.core.server import Server


class NetworkPath(NamedTuple):
    """How a server is reached.

    Attributes:
        proxy: The variable that names the proxy; empty where there is none.
        odd: Entries of NO_PROXY that name no host, and are left out.
    """

    proxy: str = ""
    odd: tuple[str, ...] = ()


def check_network_path(server: Server) -> None:
    """Refuse settings with which no request can be sent, and that waiting does not change.

    Raises:
        ProblemError: base_url_invalid, key_unusable or config_invalid. Nothing was opened.
    """
    if not server.simulated:
        from sora_tui.client.transport import check_settings  # brings httpx

        check_settings(server)


def network_path_to(server: Server) -> NetworkPath:
    """Return how the environment has this server reached, for `doctor`."""
    if server.simulated:
        return NetworkPath()
    from sora_tui.client.transport import proxies_for  # as above

    rules = proxies_for(server)
    try:
        used = rules.proxy_for(server.base_url) is not None
    except ProblemError:  # it is reported with the server
        return NetworkPath(odd=rules.odd)
    scheme = server.base_url.partition(":")[0].lower()
    found = rules.values.get(scheme) or rules.values.get("all")
    return NetworkPath(found[0] if used and found else "", rules.odd)
