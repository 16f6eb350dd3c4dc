"""Several servers beside each other, and jobs that were made elsewhere."""

from __future__ import annotations

import itertools
import json
import shlex
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sora_tui.config.api_keys import CommandKey
from sora_tui.core.budget import NOTHING, cost_of
from sora_tui.core.job import Consent, Cost, Job, JobError, State
from sora_tui.core.problem import Problem, ProblemError, Spent
from sora_tui.core.remote_video import RemoteVideo, read_video
from sora_tui.core.request import VideoRequest
from sora_tui.core.secret import Secret
from sora_tui.core.server import Server, simulator
from sora_tui.engine.engine import Engine
from sora_tui.engine.events import JobChanged, RemoteListed
from sora_tui.engine.remote_jobs import ALL_PAGES, list_remote, read_remote
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import hand_in
from tests.support.engine_watcher import KITE, Watcher, order, running
from tests.support.raw_server import Line, RawServer, Request, Step, answer, read_request
from tests.support.simulator_process import start_simulator

CREDENTIALS = ("authorization", "api-key", "x-team")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path)


def serve(answer_to: Callable[[Request], bytes]) -> Sequence[Step]:
    """Answer every request of every connection."""

    def step(line: Line) -> None:
        while True:
            read_request(line)
            assert line.request is not None
            line.socket.sendall(answer_to(line.request))

    return [step]


_NUMBERS = itertools.count(1)


def failing(request: Request) -> bytes:
    """Every job is taken, and fails at the first look: it is over soon."""
    if request.method == "POST":
        return answer(200, {"id": f"video_{next(_NUMBERS)}", "status": "queued"})
    video_id = request.target.partition("?")[0].rpartition("/")[2]
    return answer(200, {"id": video_id, "status": "failed", "error": "no pixels here"})


def rows(*numbers: int, **more: Any) -> bytes:
    videos = [
        {
            "id": f"video_{n}",
            "status": "completed",
            "created_at": int(time.time()) - n,
            "prompt": "A kite",
        }
        for n in numbers
    ]
    return answer(200, {"object": "list", "data": videos, **more})


def video(number: int = 1, **fields: Any) -> RemoteVideo:
    found = read_video(
        {"id": f"video_{number}", "status": "queued", "created_at": int(time.time()), **fields}
    )
    assert found is not None
    return found


@contextmanager
def engine_of(folder: Folder, *servers: Server) -> Iterator[tuple[Engine, Watcher]]:
    engine = Engine(folder, {server.name: server for server in servers})
    watcher = Watcher(engine)
    engine.start()
    try:
        yield engine, watcher
    finally:
        assert engine.stop(timeout=10)


def keys_seen(server: RawServer) -> set[tuple[str, str]]:
    return {
        (name, value)
        for request in server.requests
        for name, value in request.headers.items()
        if name in CREDENTIALS
    }


# Each job stays with its server, and each key


def test_a_key_never_goes_to_another_server(folder: Folder) -> None:
    def stealing(request: Request) -> bytes:
        """Sends whoever fetches the clip to the other server."""
        if request.method == "POST":
            return answer(200, {"id": "video_1", "status": "completed"})
        if request.target.endswith("/content"):
            return answer(302, b"", location=f"http://127.0.0.1:{other.port}/v1/clip.mp4")
        return answer(200, {"id": "video_1", "status": "completed"})

    with RawServer(serve(failing)) as other, RawServer(serve(stealing)) as thief:
        one = Server("one", thief.url, key=Secret("key-of-one"), headers={"X-Team": "team-one"})
        two = Server("two", other.url, key=Secret("key-of-two"), auth="api-key")
        with engine_of(folder, one, two) as (engine, watcher):
            watcher.wait_to_own()
            at_one, at_two = order(engine, server=one), order(engine, server=two)
            watcher.wait_for_end(at_two.id)
            watcher.wait_for_job(at_one.id, lambda job: job.error is not None)
        assert keys_seen(thief) == {("authorization", "Bearer key-of-one"), ("x-team", "team-one")}
        assert keys_seen(other) == {("api-key", "key-of-two")}
        stolen = [r for r in other.requests if r.target.endswith("clip.mp4")]
        assert stolen
        assert not any(set(CREDENTIALS) & r.headers.keys() for r in stolen), "no key at all"


def test_two_profiles_of_one_gateway_keep_their_keys_apart(folder: Folder) -> None:
    with RawServer(serve(failing)) as gateway:
        teams = [Server(n, gateway.url, key=Secret(f"key-of-{n}")) for n in ("red", "blue")]
        with engine_of(folder, *teams) as (engine, watcher):
            watcher.wait_to_own()
            jobs = [order(engine, KITE._replace(prompt=team.name), team) for team in teams]
            for job in jobs:
                watcher.wait_for_end(job.id)
        paid = {
            request.headers["authorization"]: request.parts["prompt"].data.decode()
            for request in gateway.requests
            if request.method == "POST"
        }
        looks = [r for r in gateway.requests if r.method == "GET"]
    assert paid == {"Bearer key-of-red": "red", "Bearer key-of-blue": "blue"}
    assert {look.headers["authorization"] for look in looks} == set(paid)


def test_a_profile_that_comes_later_is_used_and_one_that_changes_is_used_anew(
    folder: Folder,
) -> None:
    with RawServer(serve(failing)) as server:
        lab = Server("lab", server.url, key=Secret("first-key"))
        with engine_of(folder) as (engine, watcher):
            watcher.wait_to_own()
            job = order(engine, server=lab)
            watcher.wait_for(
                lambda e: (
                    isinstance(e, JobChanged)
                    and e.retry is not None
                    and e.retry.why == "profile_unknown"
                )
            )
            assert not server.requests
            engine.use_servers({"lab": lab})
            assert watcher.wait_for_end(job.id).state is State.FAILED
            changed = lab._replace(key=Secret("second-key"))
            engine.use_servers({"lab": changed})
            watcher.wait_for_end(order(engine, server=changed).id)
        said = [r.headers["authorization"] for r in server.requests if r.method == "POST"]
    assert said == ["Bearer first-key", "Bearer second-key"]


def test_profiles_that_change_twice_during_a_paid_request_lose_no_answer(folder: Folder) -> None:
    answered = threading.Event()

    def slow(request: Request) -> bytes:
        if request.method == "POST":
            assert answered.wait(60)
        return failing(request)

    with RawServer(serve(slow)) as server, RawServer(serve(failing)) as other:
        lab = Server("lab", server.url, dialect="generic", free=True)
        beside = Server("beside", other.url, dialect="generic", free=True)
        with engine_of(folder, lab, beside) as (engine, watcher):
            watcher.wait_for_end(order(engine, server=beside).id)
            job = order(engine, server=lab)
            watcher.wait_for_job(job.id, lambda job: job.state is State.SUBMITTING)
            for key in ("second-key", "third-key"):
                changed = lab._replace(key=Secret(key))
                engine.use_servers({"lab": changed, "beside": beside})
            later = order(engine, server=changed)
            answered.set()
            for each in (job, later):
                assert watcher.wait_for_end(each.id).state is State.FAILED
        said = [r.headers.get("authorization") for r in server.requests if r.method == "POST"]
    assert said == ["Bearer none", "Bearer third-key"]


def test_a_password_manager_that_refuses_leaves_the_job_waiting(folder: Folder) -> None:
    with RawServer(serve(failing)) as server:
        locked = Server("locked", server.url, key=CommandKey("locked", "false"))
        with engine_of(folder, locked) as (engine, watcher):
            order(engine, server=locked)
            event = watcher.wait_for(lambda e: isinstance(e, JobChanged) and e.retry is not None)
        assert server.requests == []
    assert isinstance(event, JobChanged)
    assert event.job.state is State.PENDING
    assert event.retry is not None
    assert event.retry.why == "key_command_failed"


def test_a_password_manager_that_waits_holds_up_no_other_server(
    folder: Folder, tmp_path: Path
) -> None:
    opened, ran = tmp_path / "opened", tmp_path / "ran"
    script = f"echo >> {ran}; while [ ! -e {opened} ]; do sleep 0.05; done; echo the-key"
    with RawServer(serve(failing)) as slow, RawServer(serve(failing)) as quick:
        locked = Server(
            "locked", slow.url, key=CommandKey("locked", shlex.join(("sh", "-c", script)))
        )
        ready = Server("ready", quick.url)
        with engine_of(folder, locked, ready) as (engine, watcher):
            watcher.wait_to_own()
            first = order(engine, server=locked)
            second = order(engine, server=ready)
            assert watcher.wait_for_end(second.id).state is State.FAILED
            assert not slow.requests
            opened.touch()
            watcher.wait_for_end(first.id)
        assert keys_seen(slow) == {("authorization", "Bearer the-key")}
    assert ran.read_text() == "\n", "asked once, however many requests there were"


# Listing


@pytest.mark.parametrize(
    ("answer_to", "found", "requests", "more"),
    [
        pytest.param(lambda n: rows(1, 2, has_more=True), 2, 2, False, id="every page the first"),
        pytest.param(lambda n: rows(n, has_more=True), ALL_PAGES, ALL_PAGES, True, id="endless"),
        pytest.param(
            lambda n: rows(n, n, has_more=n < 3, last_id="video_0"), 3, 3, False, id="one cursor"
        ),
        pytest.param(lambda n: rows(has_more=True), 0, 1, False, id="nothing, and more of it"),
        pytest.param(lambda n: rows(1, 2), 2, 1, False, id="no cursor at all"),
    ],
)
def test_a_list_that_lies_comes_to_an_end(
    folder: Folder, answer_to: Callable[[int], bytes], found: int, requests: int, more: bool
) -> None:
    asked = 0

    def page(request: Request) -> bytes:
        nonlocal asked
        asked += 1
        return answer_to(asked)

    with RawServer(serve(page)) as server:
        listed = list_remote(folder, Server("lab", server.url))
        assert len(server.requests) == requests
    assert (len(listed.videos), listed.more, listed.problem) == (found, more, None)


@pytest.mark.parametrize(
    ("status", "code"), [(405, "no_list"), (404, "no_list"), (401, "key_refused")]
)
def test_a_server_without_a_list_says_so(folder: Folder, status: int, code: str) -> None:
    with RawServer(serve(lambda request: answer(status, {"error": {"message": "no"}}))) as server:
        listed = list_remote(folder, Server("lab", server.url))
    assert listed.problem is not None
    assert listed.problem.code == code


def test_a_page_that_fails_leaves_what_came_before(folder: Folder) -> None:
    def page(request: Request) -> bytes:
        return answer(500, "broken") if "after=" in request.target else rows(1, has_more=True)

    with RawServer(serve(page)) as server:
        listed = list_remote(folder, Server("lab", server.url))
    assert ([v.id for v in listed.videos], listed.more) == (["video_1"], True)
    assert listed.problem is not None


def test_what_this_workspace_has_had_or_is_about_to_have_is_not_remote(folder: Folder) -> None:
    with RawServer(serve(lambda request: rows(1, 2, 3, 4))) as server:
        lab = Server("lab", server.url)
        at = datetime.now(UTC)
        jobs = [Job.adopted(f"20260101-00000{n}-aaaaaa", at, lab.ref, video(n)) for n in (1, 2, 3)]
        with closing(History(folder)) as history:
            history.save(jobs[0])
            history.save(jobs[1])
            history.trash(jobs[1].id)
        hand_in(folder, jobs[2])
        listed = list_remote(folder, lab)
    assert [v.id for v in listed.videos] == ["video_4"]


def test_a_video_that_may_be_a_lost_job_s_is_told_as_such(folder: Folder) -> None:
    with RawServer(serve(lambda request: rows(1, 9000))) as server:
        lab = Server("lab", server.url)
        at, job_id = datetime.now(UTC), "20260101-000000-aaaaaa"
        wish, consent = VideoRequest("A kite"), Consent("unknown", at)
        lost = Job.new(job_id, at, lab.ref, wish, cost=Cost(), consent=consent)
        lost = lost.submitting(at, "key").unconfirmed(at, JobError("answer_lost", Spent.PERHAPS))
        with closing(History(folder)) as history:
            history.save(lost)
        listed = list_remote(folder, lab)
    assert listed.unconfirmed == {"video_1": lost.id}


def test_the_engine_tells_and_asks_nothing_that_costs(folder: Folder) -> None:
    with RawServer(serve(lambda request: rows(1))) as server:
        lab = Server("lab", server.url, key=Secret("the-key"))
        with engine_of(folder, lab) as (engine, watcher):
            engine.list_remote("lab")
            listed = watcher.wait_for(lambda e: isinstance(e, RemoteListed))
            engine.list_remote("nowhere")
            unknown = watcher.wait_for(lambda e: isinstance(e, RemoteListed))
        assert {request.method for request in server.requests} == {"GET"}
    assert isinstance(listed, RemoteListed)
    assert isinstance(unknown, RemoteListed)
    assert [v.id for v in listed.videos] == ["video_1"]
    assert unknown.problem == Problem("profile_unknown", {"name": "nowhere"})


# Adopting


def test_a_job_made_elsewhere_is_brought_home_and_never_sent(folder: Folder) -> None:
    with start_simulator(speed=50) as simulator:
        lab = Server("lab", simulator.base_url, key=Secret(simulator.key))
        wish = {"prompt": "A kite", "model": "sora-2", "seconds": "1", "size": "320x180"}
        made = urllib.request.urlopen(
            urllib.request.Request(
                f"{simulator.base_url}/videos",
                json.dumps(wish).encode(),
                {"Content-Type": "application/json", "Authorization": f"Bearer {simulator.key}"},
            )
        )
        video_id = json.load(made)["id"]
        (found,) = list_remote(folder, lab).videos
        assert found.id == video_id
        with engine_of(folder, lab) as (engine, watcher):
            (job,) = engine.adopt_remote(lab, [found, found])
            saved = watcher.wait_for_end(job.id)
            assert engine.adopt_remote(lab, [found]) == []
        assert list_remote(folder, lab).videos == ()
    assert (saved.state, saved.remote_id, saved.attempts) == (State.SAVED, video_id, ())
    assert (folder.root / saved.outputs[0].path).stat().st_size == saved.outputs[0].bytes
    assert cost_of(saved, "USD") == NOTHING
    assert saved.events[0].note == "adopted"
    with closing(History(folder)) as history:
        assert not history.durations("lab", "sora-2", "320x180", "1"), "half a life teaches nothing"


@pytest.mark.parametrize(
    ("dialect", "lists"),
    [
        ("litellm", False),
        ("sglang", True),
        pytest.param("openai", True, marks=pytest.mark.long),
        pytest.param("trt-llm", True, marks=pytest.mark.long),
        pytest.param("azure", True, marks=pytest.mark.long),
        pytest.param("new-api", False, marks=pytest.mark.long),
    ],
)
def test_each_server_s_jobs_are_adopted_from_its_list_or_by_their_id(
    folder: Folder, tmp_path_factory: pytest.TempPathFactory, dialect: str, lists: bool
) -> None:
    with start_simulator(None, 50, "--dialect", dialect) as simulator:
        lab = Server("lab", simulator.base_url, dialect=dialect, key=Secret(simulator.key))
        other = open_folder(tmp_path_factory.mktemp("elsewhere"))
        with engine_of(other, lab) as (engine, watcher):
            made = order(engine, KITE, lab)
            made = watcher.wait_for_end(made.id)
        assert made.state is State.SAVED
        assert made.remote_id is not None
        listed = list_remote(folder, lab)
        if lists:
            videos = list(listed.videos)
        else:
            assert listed.problem is not None
            assert listed.problem.code == "no_list"
            found = read_remote(folder, lab, [made.remote_id])
            videos = [video for video in found if isinstance(video, RemoteVideo)]
        assert [video.id for video in videos] == [made.remote_id]
        with engine_of(folder, lab) as (engine, watcher):
            (job,) = engine.adopt_remote(lab, videos)
            saved = watcher.wait_for_end(job.id)
    assert (saved.state, saved.remote_id) == (State.SAVED, made.remote_id)
    assert saved.outputs[0].sha256 == made.outputs[0].sha256


def test_two_processes_that_adopt_one_video_make_one_job(folder: Folder) -> None:
    running_word = answer(200, {"id": "video_1", "status": "in_progress"})
    with RawServer(serve(lambda request: running_word)) as server:
        lab, at = Server("lab", server.url), datetime.now(UTC)
        for letter in "ab":
            hand_in(folder, Job.adopted(f"20260101-000000-{letter * 6}", at, lab.ref, video()))
        with engine_of(folder, lab) as (_engine, watcher):
            watcher.wait_for(lambda e: isinstance(e, JobChanged))
        with closing(History(folder)) as history:
            assert history.all_ids() == ["20260101-000000-aaaaaa"]
    assert [path.name for path in folder.trash.iterdir()] == ["20260101-000000-bbbbbb.json"]


def test_an_adopted_job_that_had_failed_is_only_recorded(folder: Folder) -> None:
    with RawServer(serve(failing)) as server:
        lab = Server("lab", server.url)
        with engine_of(folder, lab) as (engine, watcher):
            watcher.wait_to_own()
            (job,) = engine.adopt_remote(lab, [video(status="failed", error="no pixels here")])
            assert watcher.wait_for_end(job.id).state is State.FAILED
        assert not server.requests


def test_each_video_is_asked_for_before_it_is_taken(folder: Folder) -> None:
    def look(request: Request) -> bytes:
        if request.target.endswith("/nowhere"):
            return answer(404, {"error": {"message": "no such video"}})
        if request.target.endswith("/private"):
            return answer(401, {"error": {"message": "not with this key"}})
        return answer(200, {"id": "rewritten", "status": "queued"})

    with RawServer(serve(look)) as server:
        found = read_remote(
            folder, Server("lab", server.url), ["video_1", "nowhere", "a\nb", "private"]
        )
    assert isinstance(found[0], RemoteVideo)
    assert found[0].id == "video_1", "gateways answer with another id than the one that works"
    codes = [p.code for p in found[1:] if isinstance(p, Problem)]
    assert codes == ["video_unknown", "video_unknown", "key_refused"]


def test_the_practice_server_of_another_process_is_left_alone(folder: Folder) -> None:
    from sora_tui.core.server import simulator

    with running(folder) as (_, watcher):
        watcher.wait_to_own()
        with pytest.raises(ProblemError, match="owned_elsewhere"):
            list_remote(folder, simulator())
        with running(folder) as (follower, second):
            follower.list_remote(simulator().name)
            told = second.wait_for(lambda e: isinstance(e, RemoteListed))
    assert isinstance(told, RemoteListed)
    assert told.problem is not None
    assert told.problem.code == "owned_elsewhere"
    assert list_remote(folder, simulator()).problem is None


def test_a_folder_that_cannot_be_written_has_no_practice_server(folder: Folder) -> None:
    with pytest.raises(ProblemError) as refused:
        list_remote(folder._replace(writable=False), simulator())
    assert refused.value.problem.code == "folder_not_writable"
