"""What was found out about a server by free questions, as a value for every face."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from sora_tui.core.problem import Problem

#: What a server may be able to do besides making a clip and telling how it goes.
Capability = Literal["list", "delete", "remix", "edit", "extend", "character", "thumbnail"]
CAPABILITIES: Final[tuple[Capability, ...]] = (
    "list",
    "delete",
    "remix",
    "edit",
    "extend",
    "character",
    "thumbnail",
)

#: What `DELETE /videos/{id}` does: takes job and files away; ends a running job as well; only
#: forgets the job, which runs on; is not there; nobody knows.
DeleteMeans = Literal["deletes", "cancels", "forgets", "none", "unknown"]

#: What became of the key: taken, refused, none was needed and none was sent, not to be told.
KeyStatus = Literal["accepted", "refused", "none", "unknown"]


class ProbeResult(NamedTuple):
    """One examination of a server. Nothing in it cost anything.

    Attributes:
        dialect: The name of a row of the client's table; `generic` where nothing tells.
        evidence: Why, in the order it was seen, English: for `--json`, logs and a closer look.
        reached: Something that speaks HTTP answered.
        milliseconds: From the first question to its answer, connection included.
        version: What the server says of itself.
        models: Names it offers; empty where it has no such list.
        can: True and False are sure, or as sure as the dialect's row; None is not known.
        delete_means: See `DeleteMeans`.
        repeats: It may send a create that failed on again by itself; that cannot be asked.
        problem: Why it cannot be worked with as it is; None where all is well.
        runs_models: It runs its models itself: what it showed names such a server, and nothing
            in it points to a gateway.
        no_routes: It said itself that it has no `/videos`, or is known to be another service. A
            404 that does not say so may be of a server that has no list and knows no such id.
        retry_after: Seconds that it asked to be left alone; None where it did not.
    """

    dialect: str
    evidence: tuple[str, ...] = ()
    reached: bool = False
    milliseconds: float | None = None
    key: KeyStatus = "unknown"
    version: str | None = None
    models: tuple[str, ...] = ()
    can: Mapping[Capability, bool | None] = MappingProxyType(dict.fromkeys(CAPABILITIES))
    delete_means: DeleteMeans = "unknown"
    repeats: bool = False
    problem: Problem | None = None
    runs_models: bool = False
    no_routes: bool = False
    retry_after: float | None = None

    @property
    def is_useless(self) -> bool:
        """Whether nothing can be sent there: no answer, no right, or no such routes."""
        return not self.reached or self.key == "refused" or self.no_routes
