"""Jobs in each state, and for hypothesis every way there: each method with each argument."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Final

from hypothesis import strategies as st

from sora_tui.core.document import from_document, to_document
from sora_tui.core.job import Consent, Cost, Job, JobError, Output, State
from sora_tui.core.problem import ProblemError, Spent
from sora_tui.core.recovery import RecoverySearch
from sora_tui.core.remote_video import RemoteVideo, read_video
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import ServerRef

Step = Callable[[Job], Job]

START: Final = datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)
LATER: Final = START + timedelta(seconds=1)
ERROR: Final = JobError("server_unreachable", Spent.NO, status=503, message="no route")
OUTPUT: Final = Output("video", "output/a.mp4", 3, "ab" * 32, 1280, 720, 4.0, 24.0, "h264")
STATUS_WORDS: Final = (
    "queued",
    "in_progress",
    "completed",
    "failed",
    "cancelled",
    "expired",
    "pondering",  # a word nobody knows
)


def new_job() -> Job:
    """A wish, just agreed to."""
    return Job.new(
        "20261122-101530-7f3k2m",
        START,
        ServerRef("lab", "https://lab.example.org/v1"),
        VideoRequest(prompt="A kite", model="sora-2", seconds="4", size="1280x720"),
        cost=Cost(estimated=Decimal("0.40")),
        consent=Consent("priced", START, Decimal("0.40")),
    )


def video(status: str, progress: float | None = None, id: str = "video_1") -> RemoteVideo:
    """A video object as a server tells it."""
    found = read_video({"id": id, "status": status, "progress": progress, "usage": {"cost": 0.4}})
    assert found is not None
    return found


def steps(remote: RemoteVideo, at: datetime = LATER) -> Mapping[str, Step]:
    """Every step there is, by name; those that hear from the server hear `remote`."""
    return {
        "submitting": lambda job: job.submitting(at, "key"),
        "deferred": lambda job: job.deferred(at, at + timedelta(minutes=1), 429),
        "deferred_for_good": lambda job: job.deferred_for_good(at, ERROR),
        "deferral_doubted": lambda job: job.deferral_doubted(at, ERROR),
        "of_unknown_past": lambda job: job.of_unknown_past(at, ERROR),
        "not_sent": lambda job: job.not_sent(at, ERROR),
        "retried": lambda job: job.retried(at),
        "unconfirmed": lambda job: job.unconfirmed(at, ERROR),
        "rejected": lambda job: job.rejected(at, ERROR),
        "accepted": lambda job: job.accepted(at, remote, 200),
        "withdrawn": lambda job: job.withdrawn(at),
        "abandoned": lambda job: job.abandoned(at),
        "progressed": lambda job: job.progressed(at, remote),
        "told_twice": lambda job: job.progressed(at, remote).progressed(at, remote),
        "final_status_believed": lambda job: job.final_status_believed(at),
        "rediscovered": lambda job: job.rediscovered(at, remote),
        "found_under_another_id": lambda job: job.found_under_another_id(at, remote),
        "gone": lambda job: job.gone(at, ERROR),
        "expired": lambda job: job.expired(at, ERROR),
        "downloading": lambda job: job.downloading(at),
        "interrupted": lambda job: job.interrupted(at, ERROR),
        "download_retried": lambda job: job.download_retried(at),
        "saved": lambda job: job.saved(at, (OUTPUT,)),
        "noted": lambda job: job.noted(at, "a word"),
        "blocked": lambda job: job.blocked(at, ERROR),
        "searched": lambda job: job.searched(at, RecoverySearch(START, at, searches=1)),
        "with_clock_skew": lambda job: job.with_clock_skew(-3600.0),
        "sent_again": lambda job: job.sent_again(at, "20261122-101531-aaaaaa"),
        "remote_deleted": lambda job: job.remote_deleted(at),
        "remote_delete_failed": lambda job: job.remote_delete_failed(at, ERROR),
    }


def attempt(job: Job, step: Step) -> Job:
    """The job after a step, or the same job where the step is refused."""
    try:
        return step(job)
    except ProblemError as error:
        assert error.problem.code == "step_illegal"
        return job


def walk(job: Job, way: Iterable[Step]) -> list[Job]:
    """The job at every point of its way; a step that is refused leaves it where it is."""
    return list(accumulate(way, attempt, initial=job))


def in_state(state: State) -> Job:
    """A job in this state, brought there by the shortest way of legal steps."""
    if state is State.UNKNOWN:  # no step leads there: a later version wrote it
        return from_document({**to_document(new_job()), "state": "archived"})
    return _WAYS[state]


def _all_ways() -> Mapping[State, Job]:
    ways = {State.PENDING: new_job()}
    edge = list(ways.values())
    while edge:
        job = edge.pop(0)
        for word in STATUS_WORDS:
            for name, step in steps(video(word)).items():
                if name == "of_unknown_past":
                    continue  # shorter, and not how most answers are lost
                then = attempt(job, step)
                if then.state not in ways:
                    ways[then.state] = then
                    edge.append(then)
    return ways


_WAYS: Final = _all_ways()


@st.composite
def any_step(draw: st.DrawFn) -> Step:
    """One step at a random moment, with a random answer of the server."""
    progress = draw(st.none() | st.floats(0, 100))
    word = draw(st.sampled_from((*STATUS_WORDS, *8 * ("queued", "in_progress"))))
    remote = video(word, progress, draw(st.sampled_from(["video_1", "video_2"])))
    at = START + timedelta(milliseconds=draw(st.integers(0, 10_000_000)))
    named = steps(remote, at)
    step: Step = named[draw(st.sampled_from((*sorted(named), *_OFTEN)))]
    return step


#: Without these a random way seldom leaves the house, and seldom stays with the server.
_OFTEN: Final = 2 * ("submitting", "accepted", "downloading") + 8 * ("progressed",)

#: The ways of a job from wherever it stands to anywhere.
ways = st.tuples(
    st.sampled_from(sorted(_WAYS)).map(in_state), st.lists(any_step(), min_size=10, max_size=30)
).map(lambda drawn: walk(*drawn))
