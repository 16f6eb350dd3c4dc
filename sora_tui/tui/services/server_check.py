"""What a server is and can, in words. Asking it blocks for some seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sora_tui.core.server import Server
    from sora_tui.i18n.probe_result import Line


def findings(server: Server) -> Sequence[Line]:
    """Ask a server a few free questions."""
    from sora_tui.engine.probe_server import probe_server
    from sora_tui.engine.quote import default_quote
    from sora_tui.i18n.probe_result import probe_lines

    return tuple(probe_lines(server, probe_server(server), default_quote(server)))


def profile_findings(
    name: str, table: Mapping[str, Any], environ: Mapping[str, str]
) -> Sequence[Line]:
    """Ask the server that these settings would make.

    Raises:
        ProblemError: The settings are wrong.
    """
    from sora_tui.config.saved_servers import check_profile

    # Whether the name is free is asked when it is saved.
    return findings(check_profile(name, table, environ, {}))
