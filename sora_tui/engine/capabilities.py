"""What one server is and can: by its profile, by a probe, and by what working with it showed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from sora_tui.client.dialect import by_host, can_list, dialect_of
from sora_tui.core.probe_result import Capability, DeleteMeans
from sora_tui.core.problem import Problem, ProblemError, problem
from sora_tui.core.request import OPERATIONS, VideoRequest
from sora_tui.core.server import Server
from sora_tui.workspace.capability_cache import CapabilityCache

#: Seconds for the probe: a person waits for the first clip; the rest is found out while working.
_PATIENCE: Final = 5.0
#: A server that did not answer is probed again after this many seconds, if that is worth it.
_AGAIN: Final = 60.0

#: Statuses that mean a missing route; a 400 may be about this one question.
SURELY_NO_ROUTE: Final = frozenset({404, 405, 501})

_log = logging.getLogger("sora_tui.engine")


def with_known_dialect(server: Server, cache: CapabilityCache) -> Server:
    """Return the profile with the dialect and models that were found, unless it names its own."""
    found = cache.of(server.origin)
    if server.dialect != "auto" or found.dialect is None:
        return server
    return server._replace(dialect=found.dialect, models=server.models or found.models)


def delete_means(server: Server, cache: CapabilityCache) -> DeleteMeans:
    """Return what `DELETE` does at this server, as far as it is known."""
    if cache.of(server.origin).facts.get("delete") is False:
        return "none"
    return dialect_of(with_known_dialect(server, cache)).delete_means


def can(server: Server, cache: CapabilityCache, ability: Capability) -> bool | None:
    """Return whether a server can: by experience, else by dialect; None if a try has to show it."""
    shown = cache.of(server.origin).facts.get(ability)
    if shown is not None:
        return shown
    known = with_known_dialect(server, cache)
    return can_list(known) if ability == "list" else dialect_of(known).can(ability)


def unsupported(server: Server, cache: CapabilityCache, request: VideoRequest) -> Problem | None:
    """Return why nothing is sent: the server lacks the operation, or support for characters.

    If it is not known, it is tried: a refusal is definite, costs nothing, and is remembered.
    """
    if request.operation not in OPERATIONS:
        return problem("word_unknown", word=request.operation)
    needed: Capability | None = None if request.operation == "create" else request.operation
    if request.characters:
        needed = "character"
    if needed is None or can(server, cache, needed) is not False:
        return None
    return problem("operation_unsupported", host=server.host, operation=needed)


class Capabilities:
    """The capabilities of one server. What is found out is kept for the next process."""

    def __init__(self, server: Server, cache: CapabilityCache) -> None:
        self._server = server
        self._cache = cache
        self._not_before = 0.0
        self._missing: Problem | None = None  # found at this address in this run: no such route

    @property
    def server(self) -> Server:
        """The profile, its dialect known as well as it is."""
        return with_known_dialect(self._server, self._cache)

    def can(self, ability: Capability) -> bool | None:
        """Return whether it can."""
        return can(self._server, self._cache, ability)

    def refusal(self, request: VideoRequest) -> Problem | None:
        """Do as `unsupported`; also return the problem if a probe found the address wrong."""
        return self._missing or unsupported(self._server, self._cache, request)

    def record(self, ability: Capability, shown: bool) -> None:
        """Record whether working with the server showed that it can."""
        if self.can(ability) is not shown:
            self._keep(lambda: self._cache.record(self._server.origin, ability, shown))

    async def probe(self) -> float | None:
        """Find out which dialect it speaks, by GETs alone, where that is neither set nor known.

        Returns:
            Seconds for which the server asked not to be called.
        """
        now = asyncio.get_running_loop().time()
        open_question = (
            self.server.dialect == "auto"
            and by_host(self._server.host) is None
            and not self._server.simulated
        )
        if not open_question or now < self._not_before:
            return None
        self._not_before = now + _AGAIN
        from sora_tui.client.probe import run_probe  # brings the client

        found = await run_probe(self._server, _PATIENCE)
        self._missing = found.problem if found.no_routes else None
        if found.no_routes:  # asked again after a while: a person may start the server meanwhile
            return None
        if not found.reached or found.key == "refused":
            return found.retry_after
        _log.debug("%s speaks %s: %s", self._server.name, found.dialect, found.evidence)
        self._keep(
            lambda: self._cache.record_probe(
                self._server.origin, found.dialect, found.evidence, found.models
            )
        )
        if (listed := found.can["list"]) is not None:
            self.record("list", listed)
        return found.retry_after

    def probe_again(self) -> None:
        """Probe again, because it refused a request that it should have understood.

        It may be another server by now. The probe comes before the next request, which would
        otherwise be sent with a wrong dialect.
        """
        self._not_before = 0.0
        self._keep(lambda: self._cache.forget(self._server.origin))

    def _keep(self, write: Callable[[], None]) -> None:
        try:
            write()
        except ProblemError as error:
            # It is used all the same; another process finds it out again.
            _log.warning("%s: what was learnt is not kept: %s", self._server.name, error)
