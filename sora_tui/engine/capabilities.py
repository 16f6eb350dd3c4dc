"""What one server is and can: what its profile says, what was found out, what working showed."""

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

#: A person waits for the first clip meanwhile; what is not found out by then is learnt on the way.
_PATIENCE: Final = 5.0
#: A server that told nothing is asked again after this many seconds, if it is still worth it.
_AGAIN: Final = 60.0

#: Statuses of a route that is not there; a 400 may be about this one question.
SURELY_NO_ROUTE: Final = frozenset({404, 405, 501})

_log = logging.getLogger("sora_tui.engine")


def with_known_dialect(server: Server, cache: CapabilityCache) -> Server:
    """The profile with the dialect and the models that were found, unless it names them itself."""
    found = cache.of(server.origin)
    if server.dialect != "auto" or found.dialect is None:
        return server
    return server._replace(dialect=found.dialect, models=server.models or found.models)


def delete_means(server: Server, cache: CapabilityCache) -> DeleteMeans:
    """Return what `DELETE` does at this server, as far as anybody knows."""
    if cache.of(server.origin).facts.get("delete") is False:
        return "none"
    return dialect_of(with_known_dialect(server, cache)).delete_means


def can(server: Server, cache: CapabilityCache, ability: Capability) -> bool | None:
    """Whether a server can: by experience, otherwise by its dialect; None where a try tells."""
    shown = cache.of(server.origin).facts.get(ability)
    if shown is not None:
        return shown
    known = with_known_dialect(server, cache)
    return can_list(known) if ability == "list" else dialect_of(known).can(ability)


def unsupported(server: Server, cache: CapabilityCache, request: VideoRequest) -> Problem | None:
    """Why nothing is sent: the server has not the operation, or no characters to make clips with.

    What nobody knows is tried: a refusal is definite, costs nothing, and is remembered.
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
    """Of one server, for its poller. What it learns is kept for the next process."""

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
        """See `unsupported`; also where a free question found an address one step off."""
        return self._missing or unsupported(self._server, self._cache, request)

    def record(self, ability: Capability, shown: bool) -> None:
        """Working with it showed whether it can."""
        if self.can(ability) is not shown:
            self._keep(lambda: self._cache.record(self._server.origin, ability, shown))

    async def probe(self) -> float | None:
        """Ask which dialect it speaks, by GETs alone, where nobody said and nothing is known.

        Returns:
            Seconds that the server asked to be left alone.
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
        """It refused a request that it should have understood: it may be another server by now.

        It is examined before the next one is sent, which would else go out in no accent at all.
        """
        self._not_before = 0.0
        self._keep(lambda: self._cache.forget(self._server.origin))

    def _keep(self, write: Callable[[], None]) -> None:
        try:
            write()
        except ProblemError as error:
            # Kept in mind all the same; another process finds it out again.
            _log.warning("%s: what was learnt is not kept: %s", self._server.name, error)
