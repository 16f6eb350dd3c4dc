"""Documents that an older version wrote mean what they meant, and lose nothing on the way back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest

from sora_tui.core.job import Batch, Consent, Cost, Job, Notes, Output, State
from sora_tui.core.job_filter import JobFilter
from sora_tui.core.problem import Spent
from sora_tui.core.recovery import Candidate, RecoverySearch, Refusal
from sora_tui.core.request import Character, Fit, Reference, SourceFile, VideoRequest
from sora_tui.core.server import ServerRef
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History
from sora_tui.workspace.job_document import decode, encode
from tests.stored.make import FILES

DOCUMENTS: Final = {
    path.stem.rpartition("-")[2]: path for path in (FILES / "workspace/metadata").glob("2*.json")
}
AT: Final = datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)
LAB: Final = ServerRef("lab", "http://127.0.0.1:4321/v1", "generic")
GATEWAY: Final = ServerRef("team-gw", "https://gw.example.org/v1", "litellm")
SHA256: Final = "9c1e" * 16
KITE: Final = VideoRequest("A kite over a grey sea", "sora-2", "4", "1280x720")

#: What may be true of a job, in a word.
TRAITS: Final[Mapping[str, Callable[[Job], bool]]] = {
    "final": lambda job: job.is_final,
    "decide": lambda job: job.needs_decision,
    "made": lambda job: job.has_remote_clip,
    "adopted": lambda job: job.is_adopted,
    "again": lambda job: job.is_once_more,
    "free": lambda job: job.is_free,
    "stopped": lambda job: job.is_stopped,
    "deferred": lambda job: job.was_deferred,
    "unnamed-limit": lambda job: job.was_deferred_without_limit,
    "end-heard-once": lambda job: job.has_unconfirmed_end,
    "ask-again": lambda job: job.can_recheck_remote,
    "deletable": lambda job: job.can_delete_remote,
    "too-large": lambda job: job.is_too_large,
    "unknown-past": lambda job: job.has_unknown_past,
    "cost-final": lambda job: job.is_cost_final,
}


def read(name: str) -> Job:
    return decode(DOCUMENTS[name], DOCUMENTS[name].read_bytes())


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def summary(job: Job) -> tuple[State, str, str, str, str]:
    """State; traits; error and money; outcomes of the attempts; the last answer of the server."""
    error = f"{job.error.kind} {job.error.spent}" if job.error else ""
    traits = " ".join(word for word, holds in TRAITS.items() if holds(job))
    outcomes = ", ".join(attempt.outcome for attempt in job.attempts)
    remote = f"{job.remote_id} {job.remote.status} {job.remote.progress}" if job.remote else ""
    return job.state, traits, error, outcomes, remote


#: By the last six letters of the id, as `summary` says it.
MEANT: Final[Mapping[str, tuple[State, str, str, str, str]]] = {
    "abando": (State.ABANDONED, "final", "answer_lost perhaps", "unconfirmed", ""),
    "adopte": (
        State.IN_PROGRESS,
        "adopted free deletable unknown-past",
        "",
        "",
        "video_77 in_progress None",
    ),
    "broken": (
        State.COMPLETED,
        "made",
        "download_interrupted yes",
        "accepted",
        "video_broken completed 100.0",
    ),
    "budget": (State.PENDING, "unknown-past", "over_budget no", "", ""),
    "cancel": (State.CANCELLED, "final unknown-past", "", "", ""),
    "charac": (State.COMPLETED, "final", "", "accepted", "char_1 completed None"),
    "child0": (State.PENDING, "unknown-past", "", "", ""),
    "comple": (State.COMPLETED, "made", "", "accepted", "video_comple completed 100.0"),
    "defer0": (State.PENDING, "deferred", "", "deferred", ""),
    "defer1": (State.PENDING, "deferred unnamed-limit", "", "deferred, no limit named", ""),
    "delete": (
        State.CANCELLED,
        "final ask-again deletable",
        "remote_cancelled perhaps",
        "accepted",
        "video_delete in_progress 40.0",
    ),
    "downlo": (State.DOWNLOADING, "made", "", "accepted", "video_downlo completed 100.0"),
    "edit00": (State.PENDING, "unknown-past", "", "", ""),
    "endone": (
        State.IN_PROGRESS,
        "end-heard-once deletable",
        "",
        "accepted",
        "video_endone failed None",
    ),
    "everyt": (
        State.SAVED,
        "final made deferred deletable cost-final",
        "",
        "deferred, accepted",
        "video_everyt completed 100.0",
    ),
    "expire": (
        State.EXPIRED,
        "final deletable",
        "remote_expired yes",
        "accepted",
        "video_expire completed 100.0",
    ),
    "extend": (State.PENDING, "unknown-past", "", "", ""),
    "facts0": (State.PENDING, "unknown-past", "over_budget no", "", ""),
    "failed": (
        State.FAILED,
        "final ask-again deletable",
        "generation_failed perhaps",
        "accepted",
        "video_failed failed None",
    ),
    "free00": (State.PENDING, "free unknown-past", "", "", ""),
    "gone00": (
        State.GONE,
        "final ask-again deletable",
        "remote_gone perhaps",
        "accepted",
        "video_gone00 in_progress 40.0",
    ),
    "keptat": (
        State.FAILED,
        "final ask-again deletable",
        "generation_failed perhaps",
        "accepted",
        "video_keptat failed None",
    ),
    "later0": (
        State.UNKNOWN,
        "final deletable",
        "gpu_on_fire perhaps",
        "accepted",
        "video_later0 failed None",
    ),
    "modera": (
        State.FAILED,
        "final ask-again deletable",
        "moderation_after perhaps",
        "accepted",
        "video_modera failed None",
    ),
    "nolist": (State.UNCONFIRMED, "final decide", "answer_lost perhaps", "unconfirmed", ""),
    "notsnt": (State.NOT_SENT, "final", "server_unreachable no", "not_sent", ""),
    "noword": (State.PENDING, "unknown-past", "", "", ""),
    "oncemo": (State.PENDING, "again unknown-past", "", "", ""),
    "pastun": (State.UNCONFIRMED, "final decide unknown-past", "past_unknown perhaps", "", ""),
    "pendng": (State.PENDING, "unknown-past", "", "", ""),
    "queued": (State.QUEUED, "deletable", "", "accepted", "video_queued queued None"),
    "reject": (State.REJECTED, "final", "moderation_before no", "rejected", ""),
    "remix0": (State.PENDING, "unknown-past", "", "", ""),
    "reserv": (State.SUBMITTING, "", "", "sending", ""),
    "runnin": (State.IN_PROGRESS, "deletable", "", "accepted", "video_runnin in_progress 40.0"),
    "saved0": (State.SAVED, "final made deletable", "", "accepted", "video_saved0 completed 100.0"),
    "search": (State.UNCONFIRMED, "final decide", "answer_lost perhaps", "unconfirmed", ""),
    "sent0a": (State.ABANDONED, "final", "answer_lost perhaps", "unconfirmed", ""),
    "silent": (
        State.IN_PROGRESS,
        "deletable",
        "remote_denied perhaps",
        "accepted",
        "video_silent in_progress 40.0",
    ),
    "simula": (State.PENDING, "free unknown-past", "", "", ""),
    "stoppd": (State.PENDING, "stopped unknown-past", "sending_stopped no", "", ""),
    "submit": (State.SUBMITTING, "", "", "sending", ""),
    "toobig": (
        State.COMPLETED,
        "made too-large",
        "download_too_large yes",
        "accepted",
        "video_toobig completed 100.0",
    ),
    "unconf": (State.UNCONFIRMED, "final decide", "answer_lost perhaps", "unconfirmed", ""),
    "unknow": (State.PENDING, "unknown-past", "", "", ""),
    "word00": (State.IN_PROGRESS, "deletable", "", "accepted", "video_word00 pondering 55.0"),
}


@pytest.mark.parametrize("name", sorted(MEANT))
def test_a_stored_document_is_read_to_what_it_meant(name: str) -> None:
    assert summary(read(name)) == MEANT[name]


def test_every_stored_document_is_in_the_table_and_every_state_is_stored() -> None:
    assert DOCUMENTS.keys() == MEANT.keys()
    assert {state for state, *_ in MEANT.values()} == set(State)


@pytest.mark.parametrize("name", sorted(MEANT))
def test_a_document_that_is_written_back_loses_nothing(name: str) -> None:
    """Not when it is only rewritten, nor when the job goes on: a note is the least step."""
    before = json.loads(DOCUMENTS[name].read_bytes())
    assert lost_in(before, json.loads(encode(read(name)))) == []
    stepped = json.loads(encode(read(name).noted(after(86_400), "a later step")))
    if MEANT[name][0] is State.UNKNOWN:
        assert stepped["events"].pop()["note"] == "a later step"
    before |= {"updated_at": stepped["updated_at"], "events": stepped["events"][:-1]}
    stepped["events"] = stepped["events"][:-1]
    assert lost_in(before, stepped) == []


def lost_in(before: Any, now: Any, place: str = "") -> list[str]:
    """Return where something that was there is another thing now; what is new is no loss."""
    if isinstance(before, dict) and isinstance(now, dict):
        return [
            lost
            for name, value in before.items()
            for lost in (
                lost_in(value, now[name], f"{place}/{name}") if name in now else [f"{place}/{name}"]
            )
        ]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = enumerate(zip(before, now, strict=True))
        return [lost for at, (old, new) in pairs for lost in lost_in(old, new, f"{place}/{at}")]
    same = before == now and type(before) is type(now)
    return [] if same else [f"{place}: {before!r} -> {now!r}"]


# Every optional part ----------------------------------------------------------------------------


def test_every_part_of_a_request_and_of_a_result_is_read() -> None:
    job = read("everyt")
    assert job.id == "20261122-101530-everyt"
    assert (job.created_at, job.updated_at) == (AT, after(104))
    assert job.server == GATEWAY
    assert job.request == VideoRequest(
        prompt="Mila walks along the harbour\nat dawn, « légère »",
        model="sora-2-pro",
        seconds="8",
        size="1792x1024",
        reference=Reference(
            "input_reference/pier.png",
            "c47dd9465c00e9a0c8b85e9ea58d3034a0d23b9cf926113602f3460752a4eb96",
            Fit("cover", "top"),
        ),
        params={"seed": 7, "guidance": 6.5, "negative_prompt": None, "loras": ["a", {"b": True}]},
        variables={"who": "Mila", "when": "dawn"},
        prompt_file="prompts/harbour.md",
        operation="create",
        characters=(Character("Mila", "char_1", "20261122-101530-charac"),),
    )
    assert job.outputs == (
        Output("video", "output/b.mp4", 9, SHA256, 1792, 1024, 8.0, 23.976, "h264"),
        Output("video-2", "output/b_2.mp4", 8, SHA256, warning="trailing_bytes"),
        Output("thumbnail", "output/b.webp", 2, SHA256, 320, 180),
    )
    assert [output.is_clip for output in job.outputs] == [True, True, False]
    assert job.clips_missing == 1
    assert job.cost == Cost(Decimal("4.0"), Decimal("3.2"), "EUR")
    assert job.consent == Consent("unknown", AT, None, "EUR", Decimal("12.5"), True, "vllm-omni")
    assert job.batch == Batch("shots-4f1c", 2, 3, "line-7")
    assert job.notes == Notes(4, ("keep", "harbour"), "the light is right")
    assert job.parent == "20261122-101530-parent"
    assert (job.clock_skew, job.not_before, job.expires_at) == (-3.5, None, after(3600))
    assert job.handed_in is not None
    assert (job.handed_in.token, job.handed_in.inode) == ("0123456789abcdef" * 2, 4242)
    assert job.handed_in.machine is None


def test_cookies_attempts_and_events_are_read() -> None:
    job = read("everyt")
    cookies = [(c.name, c.value.reveal(), c.path, c.secure) for c in job.cookies]
    assert cookies == [("route", "replica-2", "/v1", True), ("plain", "x", "/", False)]
    assert [(a.at, a.key, a.status, a.request_id) for a in job.attempts] == [
        (after(1), "20261122-101530-everyt-1", 429, None),
        (after(63), "20261122-101530-everyt-2", 202, "req_7"),
    ]
    assert [(event.at, event.state, event.note) for event in job.events] == [
        (AT, State.PENDING, ""),
        (after(1), State.SUBMITTING, ""),
        (after(2), State.PENDING, "429, again after 10:16:32 UTC"),
        (after(63), State.SUBMITTING, ""),
        (after(64), State.QUEUED, ""),
        (after(100), State.COMPLETED, ""),
        (after(101), State.DOWNLOADING, ""),
        (after(102), State.DOWNLOADING, "saved video"),
        (after(103), State.SAVED, "two of three"),
    ]


def test_a_time_to_wait_and_an_error_are_read_whole() -> None:
    assert read("defer0").not_before == after(62)
    error = read("reject").error
    assert error is not None
    assert (error.kind, error.spent) == ("moderation_before", Spent.NO)
    assert (error.code, error.message) == ("moderation_blocked", "not this")
    assert (error.status, error.request_id) == (400, "req_3")
    assert read("keptat").remote_delete_error == "405 Method Not Allowed"


def test_the_facts_of_a_reason_are_read() -> None:
    """An earlier version wrote them into the server's words, joined by commas."""
    why = read("facts0").error
    assert why is not None
    facts = {"sum": "0.40", "limit": "0.10", "currency": "USD", "setting": "per_job"}
    assert (why.message, dict(why.facts)) == ("", facts)
    assert why.problem.facts == {**facts, "message": ""}
    earlier = read("budget").error
    assert earlier is not None
    assert not earlier.facts


def test_what_was_found_of_a_lost_answer_is_read() -> None:
    assert read("search").search == RecoverySearch(
        began=after(5),
        at=after(30),
        searches=3,
        listed=True,
        found=(
            Candidate("video_found", after(2), ("model", "size", "seconds", "prompt")),
            Candidate("video_8", None, ("size",), ("model", "time"), ("prompt", "id")),
        ),
        refused=Refusal(after(25), "video_5", "video_taken", "20261122-101530-saved0"),
        cut=500,
    )
    assert read("nolist").search == RecoverySearch(after(5), after(5), 1, listed=False)


def test_classes_of_price_are_read() -> None:
    consents = {name: read(name).consent for name in ("pendng", "free00", "unknow", "noword")}
    assert consents == {
        "pendng": Consent("priced", AT, Decimal("0.4")),
        "free00": Consent("free", AT, Decimal(0)),
        "unknow": Consent("unknown", AT),
        "noword": None,
    }
    costs = {name: read(name).cost for name in ("pendng", "free00", "unknow")}
    assert costs == {
        "pendng": Cost(Decimal("0.4")),
        "free00": Cost(Decimal(0)),
        "unknow": Cost(),
    }
    assert (read("simula").server.base_url, read("simula").simulated) == ("simulator:", True)


def test_what_a_job_was_made_of_is_read() -> None:
    clip = SourceFile("output/a.mp4", SHA256)
    origin = "20261122-101530-saved0"
    made: dict[str, Any] = {"source_video": "video_saved0", "source_job": origin}
    assert read("remix0").request == KITE._replace(operation="remix", **made)
    edit = KITE._replace(operation="edit", source_file=clip, source_job=origin)
    assert read("edit00").request == edit
    assert read("extend").request == KITE._replace(operation="extend", source_file=clip)
    character = VideoRequest("Mila", operation="character", source_file=clip)
    assert read("charac").request == character
    assert read("child0").parent == "20261122-101530-sent0a"
    assert read("sent0a").was_sent_again_as("20261122-101530-child0")
    assert read("oncemo").parent == "20261122-101530-failed"
    adopted = read("adopte")
    assert (adopted.server, adopted.created_at) == (GATEWAY, after(-600))
    assert adopted.request == VideoRequest("A fox", "veo", "5", "640x360")


def test_words_of_a_later_version_are_shown_and_kept() -> None:
    job = read("later0")
    assert (job.state_word, job.events[-1].state_word) == ("archived", "archived")
    assert job.request.operation == "upscale"  # type: ignore[comparison-overlap]
    assert job.error is not None
    assert job.error.problem.facts["word"] == "gpu_on_fire"


# In a folder ------------------------------------------------------------------------------------


def test_a_new_owner_finds_every_job_and_finishes_what_the_old_one_had_begun(
    stored: Folder,
) -> None:
    """An answer of which only the name was missing when its owner was killed is not lost."""
    history = History(stored)
    history.own()
    assert history.broken() == []
    listed = history.matching(JobFilter())
    names = [job_id.rpartition("-")[2] for job_id in listed]
    assert sorted(n for n in names if not n.startswith("old")) == sorted(DOCUMENTS)
    assert len(names) == len(DOCUMENTS) + 1, "and the record of the script"
    answered = history.load("20261122-101530-reserv")
    assert (answered.state, answered.remote_id) == (State.QUEUED, "video_late")
    open_jobs = {
        f"20261122-101530-{name}"
        for name, (state, traits, *_) in MEANT.items()
        if "final" not in traits.split() or state is State.UNCONFIRMED
    }
    assert {job.id for job in history.active()} == open_jobs
    known = history.known_remote_ids(LAB.origin)
    assert {"video_saved0", "video_late", "video_trashd"} <= known
    assert "video_77" not in known, "another server gave it"
    assert [job.request.prompt for job in history.characters()] == ["Mila"]


def test_saving_what_says_the_same_already_leaves_the_files_as_they_are(stored: Folder) -> None:
    history = History(stored)
    history.own()
    for name, path in DOCUMENTS.items():
        if name != "reserv":
            history.save(history.load(path.stem))
            assert (stored.metadata / path.name).read_bytes() == path.read_bytes()


def test_a_record_of_the_script_that_came_before_is_read(stored: Folder) -> None:
    history = History(stored)
    job = history.load(history.find("video_68d7512d"))
    assert (job.state, job.request.prompt) == (State.SAVED, "A fox in the rain")
    assert (job.request.model, job.request.seconds) == ("sora-2-pro", "8")
    assert [output.path for output in job.outputs] == ["output/video_video_68d7512d_1760000123.mp4"]


def test_no_stored_document_shows_a_cookie_to_people(stored: Folder) -> None:
    history = History(stored)
    text = history.load_text("20261122-101530-everyt")
    assert '"route"' in text
    assert "replica-2" not in text
