"""The engine's events for the faces: values, coalesced, handed over without waiting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from sora_tui.core.job import Job
from sora_tui.core.problem import Problem
from sora_tui.core.remote_video import RemoteVideo

if TYPE_CHECKING:  # faces import this module before their first frame
    from sora_tui.workspace.lock import Holder


class Transfer(NamedTuple):
    """Bytes of a download so far; `total` is None where the server does not say."""

    received: int
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Shown beside a job's state: the engine waits and tries again by itself.

    Attributes:
        count: Tries that failed so far.
        until: When the next one is due, in UTC.
        why: The status or a short English word for logs; `problem` has the text for a person.
    """

    count: int
    until: datetime
    why: str
    problem: Problem | None = None


class JobChanged(NamedTuple):
    """A job in its present state, with what is known of it beside its document."""

    job: Job
    transfer: Transfer | None = None
    retry: Retry | None = None


class JobRemoved(NamedTuple):
    """A job's document was deleted: it is in no list any more."""

    job_id: str


class RecordsFound(NamedTuple):
    """Documents came into the folder from elsewhere: a list that was read before lacks them."""

    number: int


class EngineChanged(NamedTuple):
    """What the engine as a whole is doing.

    Attributes:
        owner: This process moves the jobs of the folder; otherwise another one does.
        holder: The other process that does.
        workers: Server workers (one per server) that have work.
        offline: Profiles that cannot be reached, with the time of the next try (UTC).
        paused: A person stopped the queue: nothing pending is sent.
        stopped: Jobs wait for a person, because answers to paid requests were unclear.
    """

    owner: bool
    holder: Holder | None = None
    running: int = 0
    workers: int = 0
    downloads: int = 0
    downloads_max: int = 3
    offline: Mapping[str, datetime] = MappingProxyType({})
    paused: bool = False
    stopped: bool = False


class EngineFault(NamedTuple):
    """A part of the engine failed on a fault of ours; it starts again, jobs are safe on disk.

    Attributes:
        problem: The problem to report.
        report: A traceback without local variables.
    """

    problem: Problem
    report: str


class RemoteListed(NamedTuple):
    """What a server has that this workspace does not know.

    Attributes:
        server: The name of the profile that was asked.
        videos: Newest first.
        more: The server has more than was read.
        unconfirmed: Videos that may belong to an unconfirmed job, with the id of that job: the
            decision about it comes first.
        problem: Why there is no list, or not all of it.
    """

    server: str
    videos: tuple[RemoteVideo, ...] = ()
    more: bool = False
    unconfirmed: Mapping[str, str] = MappingProxyType({})
    problem: Problem | None = None


EngineEvent = JobChanged | JobRemoved | RecordsFound | EngineChanged | EngineFault | RemoteListed
