"""What free questions found out about a server, as a value for both faces."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from sora_tui.core.problem import Problem

#: What a server may be able to do besides making a clip and reporting its status.
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

#: What `DELETE /videos/{id}` does: removes job and files; ends a running job as well; only forgets
#: the job, which runs on; does not exist; is not known.
DeleteMeans = Literal["deletes", "cancels", "forgets", "none", "unknown"]

#: What happened to the key: accepted; refused; none was needed and none was sent; not known.
KeyStatus = Literal["accepted", "refused", "none", "unknown"]


class ProbeResult(NamedTuple):
    """The result of one probe of a server. Nothing in it cost anything.

    Attributes:
        dialect: The name of a row of the client's table; `generic` where nothing shows which.
        evidence: Why, in the order it was seen, in English: for `--json`, logs and a closer look.
        reached: Something that speaks HTTP answered.
        milliseconds: From the first question to its answer, connection included.
        version: The version that the server reports.
        models: Names it lists; empty where it has no such list.
        can: True and False are as sure as the dialect's row at least; None is not known.
        delete_means: See `DeleteMeans`.
        repeats: It may itself send a failed create again; no question can find that out.
        problem: Why it cannot be used as it is; None where it can.
        runs_models: It runs its models itself: what it showed names such a server, and nothing
            points to a gateway.
        no_routes: It said itself that it has no `/videos`, or is known to be another service. A
            404 that does not say so may be of a server that has no list and knows no such id.
        retry_after: Seconds for which it asked not to be called; None where it did not.
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
