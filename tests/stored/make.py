"""Write the stored set: every file that this version keeps, as this version writes it.

Run by hand once, `python -m tests.stored.make`, before names change; the files are committed and
never made again, because what counts is that an older version wrote them. It refuses to run where
they stand. The same call writes the same bytes: times are frozen, and what hangs on the machine or
on chance (ids, inodes, process numbers) is replaced.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import tempfile
from base64 import b64decode
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, get_args

import time_machine

from sora_tui.core.cookie import Cookie
from sora_tui.core.document import from_document, to_document
from sora_tui.core.job import (
    Batch,
    Consent,
    Cost,
    FolderMark,
    Job,
    JobError,
    Notes,
    Output,
    State,
)
from sora_tui.core.price import Price, PriceKind
from sora_tui.core.problem import CODES, Spent
from sora_tui.core.recovery import Candidate, RecoverySearch, Refusal
from sora_tui.core.remote_video import RemoteVideo, read_video
from sora_tui.core.request import (
    Character,
    Fit,
    Reference,
    SourceFile,
    VideoRequest,
)
from sora_tui.core.secret import Secret
from sora_tui.core.server import Server, ServerRef, simulator
from sora_tui.engine.engine import Engine, Verb
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.folder_mark import folder_mark, note_begun

#: Where the stored files stand.
FILES: Final = Path(__file__).parent / "files"
#: When they were written, in UTC.
AT: Final = datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)
#: The folder that the files in a person's own folders speak of.
WORKSPACE: Final = Path("/home/anna/films")
#: The server of the jobs; its port gives way to a real one where a test sends.
LAB_URL: Final = "http://127.0.0.1:4321/v1"
LAB: Final = ServerRef("lab", LAB_URL, "generic")
GATEWAY: Final = ServerRef("team-gw", "https://gw.example.org/v1", "litellm")
SHA256: Final = "9c1e" * 16
#: What stands in place of what hangs on the machine.
MARK: Final = FolderMark("0123456789abcdef" * 2, 4242, "fedcba9876543210" * 2)
PICTURE: Final = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYGAAAAAEAAH2FzhVAAAAAElFTkSuQmCC"
)
PICTURE_SHA256: Final = "c47dd9465c00e9a0c8b85e9ea58d3034a0d23b9cf926113602f3460752a4eb96"


# Documents --------------------------------------------------------------------------------------


def after(seconds: float) -> datetime:
    """Return a moment after the jobs were asked for."""
    return AT + timedelta(seconds=seconds)


def video(status: str, id: str, **fields: Any) -> RemoteVideo:
    """Return a video object as a server tells it."""
    found = read_video({"id": id, "object": "video", "status": status, **fields})
    assert found is not None
    return found


def asked(name: str, server: ServerRef = LAB, **changes: Any) -> Job:
    """Return a job that was just agreed to; the six letters of its name end its id."""
    request = VideoRequest("A kite over a grey sea", model="sora-2", seconds="4", size="1280x720")
    job = Job.new(
        f"20261122-101530-{name}",
        AT,
        server,
        request,
        cost=Cost(Decimal("0.40")),
        consent=Consent("priced", AT, Decimal("0.40")),
    )
    return replace(job, handed_in=MARK, **changes)


def sent(name: str, **changes: Any) -> Job:
    job = asked(name, **changes)
    return job.submitting(after(1), f"{job.id}-1")


def queued(name: str, id: str = "", **changes: Any) -> Job:
    answer = video("queued", id or f"video_{name}")
    return sent(name, **changes).accepted(after(2), answer, 200, "req_1")


def running(name: str, **changes: Any) -> Job:
    return queued(name, **changes).progressed(
        after(10), video("in_progress", f"video_{name}", progress=40)
    )


def completed(name: str, **fields: Any) -> Job:
    done = {"progress": 100, "expires_at": int(after(3600).timestamp()), **fields}
    return running(name).progressed(after(60), video("completed", f"video_{name}", **done))


def saved(name: str) -> Job:
    outputs = (Output("video", "output/a.mp4", 3, SHA256, 1280, 720, 4.0, 24.0, "h264"),)
    return completed(name).downloading(after(61)).saved(after(65), outputs)


def lost(name: str, search: RecoverySearch | None = None) -> Job:
    error = JobError("answer_lost", Spent.PERHAPS, message="connection reset")
    job = sent(name).unconfirmed(after(3), error)
    return job if search is None else job.searched(after(30), search)


def ended(name: str, status: str, **fields: Any) -> Job:
    """Return a job that its server ended: it says so twice before it is believed."""
    answer = video(status, f"video_{name}", **fields)
    return running(name).progressed(after(20), answer).progressed(after(30), answer)


def everything(name: str) -> Job:
    """Return a saved job with every optional part of a request and of a result."""
    request = VideoRequest(
        "Mila walks along the harbour\nat dawn, « légère »",
        model="sora-2-pro",
        seconds="8",
        size="1792x1024",
        reference=Reference("input_reference/pier.png", PICTURE_SHA256, Fit("cover", "top")),
        params={"seed": 7, "guidance": 6.5, "negative_prompt": None, "loras": ["a", {"b": True}]},
        variables={"who": "Mila", "when": "dawn"},
        prompt_file="prompts/harbour.md",
        characters=(Character("Mila", "char_1", "20261122-101530-charac"),),
    )
    job = Job.new(
        f"20261122-101530-{name}",
        AT,
        GATEWAY,
        request,
        cost=Cost(Decimal("4.00"), currency="EUR"),
        consent=Consent("unknown", AT, None, "EUR", Decimal("12.5"), True, "vllm-omni"),
        parent="20261122-101530-parent",
        batch=Batch("shots-4f1c", 2, 3, "line-7"),
    )
    job = replace(job, handed_in=MARK._replace(machine=None))
    job = job.submitting(after(1), f"{job.id}-1", -3.5)
    job = job.deferred(after(2), after(62), 429)
    job = job.submitting(after(63), f"{job.id}-2", -3.5)
    cookies = (
        Cookie("route", Secret("replica-2"), "/v1", secure=True),
        Cookie("plain", Secret("x")),
    )
    answer: dict[str, Any] = {
        "expires_at": int(after(3600).timestamp()),
        "created_at": int(after(64).timestamp()),
    }
    job = job.accepted(after(64), video("queued", "video_everyt", **answer), 202, "req_7", cookies)
    done = video("completed", "video_everyt", progress=100, usage={"cost": 3.2}, **answer)
    job = job.progressed(after(100), done).downloading(after(101))
    clips = (
        Output("video", "output/b.mp4", 9, SHA256, 1792, 1024, 8.0, 23.976, "h264"),
        Output("video-2", "output/b_2.mp4", 8, SHA256, warning="trailing_bytes"),
    )
    job = job.fetched(after(102), clips[0]).saved(
        after(103), clips, "two of three", clips_missing=1
    )
    job = job.with_preview(after(104), Output("thumbnail", "output/b.webp", 2, SHA256, 320, 180))
    return replace(job, notes=Notes(4, ("keep", "harbour"), "the light is right"))


def of_a_later_version(name: str) -> Job:
    """Return a document with words and fields that this version does not know."""
    error = {"kind": "gpu_on_fire", "spent": "perhaps", "message": "hot", "colour": "red"}
    document = to_document(ended(name, "failed", error={"code": "x", "message": "y"}))
    document |= {"state": "archived", "error": error, "shelf": {"row": 3, "tags": ["a"]}}
    document["events"].append(
        {"at": "2026-11-30T10:00:00.000000Z", "state": "archived", "note": "moved"}
    )
    document["request"] |= {"operation": "upscale", "camera": {"lens": "35 mm"}}
    document["notes"]["colour"] = "red"
    document["server"]["region"] = "eu"
    document["cost"]["tax"] = 0.1
    document["consent"]["by"] = "mail"
    return from_document(document)


def documents() -> list[Job]:
    """Return one job for each state, part and kind that a document can have."""
    failed = JobError("server_unreachable", Spent.NO, message="no route to host")
    refused = JobError(
        "moderation_before", Spent.NO, "moderation_blocked", "not this", 400, "req_3"
    )
    gone = JobError("remote_gone", Spent.PERHAPS, status=404, message="Video not found")
    over = JobError("over_budget", Spent.NO)
    stopped = JobError("sending_stopped", Spent.NO)
    found = (
        Candidate("video_found", after(2), ("model", "size", "seconds", "prompt")),
        Candidate("video_8", None, ("size",), ("model", "time"), ("prompt", "id")),
    )
    refusal = Refusal(after(25), "video_5", "video_taken", "20261122-101530-saved0")
    source = SourceFile("output/a.mp4", SHA256)
    character = video("completed", "char_1")
    child = asked("child0", parent="20261122-101530-sent0a")
    made = {"source_video": "video_saved0", "source_job": "20261122-101530-saved0"}

    def of(name: str, **changes: Any) -> Job:
        job = asked(name)
        return replace(job, request=job.request._replace(**changes))

    return [
        # One for each state, in the order of `State`.
        asked("pendng"),
        sent("submit"),
        queued("queued"),
        running("runnin"),
        completed("comple"),
        completed("downlo").downloading(after(61)),
        saved("saved0"),
        sent("notsnt").not_sent(after(2), failed),
        lost("unconf"),
        sent("reject").rejected(after(2), refused),
        ended("failed", "failed", error={"code": "internal", "message": "no pixels"}),
        completed("expire").expired(after(70), JobError("remote_expired", Spent.YES, status=410)),
        running("gone00").gone(after(70), gone),
        asked("cancel").withdrawn(after(5)),
        lost("abando").abandoned(after(50)),
        of_a_later_version("later0"),
        # Every optional part.
        everything("everyt"),
        # Why a job waits.
        sent("defer0").deferred(after(2), after(62), 429),
        sent("defer1").deferred(after(2), after(62), 503, names_limit=False),
        asked("budget").blocked(after(1), over),
        asked("stoppd").blocked(after(1), stopped),
        # What is known of a lost answer.
        lost("search", RecoverySearch(after(5), after(30), 3, True, found, refusal, 500)),
        lost("nolist", RecoverySearch(after(5), after(5), 1, listed=False)),
        asked("pastun").of_unknown_past(after(1), JobError("past_unknown", Spent.PERHAPS)),
        # What a server answered.
        running("endone").progressed(
            after(20), video("failed", "video_endone", error={"message": "once"})
        ),
        running("silent").status_refused(
            after(20), JobError("remote_denied", Spent.PERHAPS, status=403, message="no")
        ),
        ended("modera", "failed", error={"code": "moderation_blocked", "message": "no"}),
        running("delete").remote_deleted(after(20)),
        ended("keptat", "failed").remote_delete_failed(
            after(40),
            JobError("delete_refused", Spent.NO, status=405, message="Method Not Allowed"),
        ),
        running("word00").progressed(after(12), video("pondering", "video_word00", progress=55)),
        # A download that ended early, and one that is too large.
        completed("broken")
        .downloading(after(61))
        .interrupted(after(62), JobError("download_interrupted", Spent.YES, message="cut")),
        completed("toobig")
        .downloading(after(61))
        .interrupted(after(62), JobError("download_too_large", Spent.YES)),
        # Kinds of consent and cost.
        replace(asked("free00"), consent=Consent("free", AT, Decimal(0)), cost=Cost(Decimal(0))),
        replace(asked("unknow"), consent=Consent("unknown", AT), cost=Cost()),
        replace(asked("noword"), consent=None, handed_in=None),
        replace(
            asked("simula", simulator().ref),
            simulated=True,
            cost=Cost(Decimal(0)),
            consent=Consent("free", AT, Decimal(0)),
        ),
        # What something was made of, and again.
        of("remix0", operation="remix", **made),
        of("edit00", operation="edit", source_file=source, source_job="20261122-101530-saved0"),
        of("extend", operation="extend", source_file=source),
        replace(
            sent("charac"), request=VideoRequest("Mila", operation="character", source_file=source)
        ).accepted(after(4), character, 200),
        lost("sent0a").sent_again(after(20), child.id),
        child,
        Job.new(
            "20261122-101530-oncemo",
            AT,
            LAB,
            child.request,
            cost=Cost(),
            once_more=True,
            consent=Consent("unknown", AT),
            parent="20261122-101530-failed",
        ),
        Job.adopted(
            "20261122-101530-adopte",
            AT,
            GATEWAY,
            free=True,
            remote=video(
                "in_progress",
                "video_77",
                prompt="A fox",
                model="veo",
                seconds="5",
                size="640x360",
                created_at=int(after(-600).timestamp()),
            ),
        ),
    ]


# The inbox --------------------------------------------------------------------------------------

#: What a face asks the owner to do with a stored job: id, verb, argument.
COMMANDS: Final[tuple[tuple[str, Verb, str], ...]] = (
    ("20261122-101530-pendng", "cancel", ""),
    ("20261122-101530-notsnt", "retry", ""),
    ("20261122-101530-stoppd", "retry", ""),
    ("20261122-101530-unconf", "abandon", ""),
    ("20261122-101530-search", "adopt", "video_found"),
    ("20261122-101530-expire", "look", ""),
    ("20261122-101530-gone00", "look", ""),
    ("20261122-101530-saved0", "delete", ""),
    ("20261122-101530-failed", "delete", "remote"),
)
#: The job that the remix is made once more for.
PARENT: Final = "20261122-101530-cancel"


def ask_the_owner(folder: Folder, act: Callable[[], object] = lambda: None) -> None:
    """Do through the engine, which is not started, everything that leaves a file in the inbox.

    Args:
        act: Called after each command, so that no two are of one moment.
    """
    server = Server("lab", LAB_URL, "generic", params={"steps": 30})
    engine = Engine(folder, {"lab": server, "simulator": simulator()})
    price = Price(PriceKind.PRICED, Decimal("0.40"))
    consent = Consent("priced", AT, Decimal("0.40"), max_spend=Decimal("1.5"))
    plain = VideoRequest("A request of before", "sora-2", "4", "1280x720", params={"seed": 7})
    remix = plain._replace(
        operation="remix", source_video="video_saved0", source_job="20261122-101530-saved0"
    )
    engine.submit(server, plain, price, consent, count=2)
    engine.submit(server, remix, price, consent, parent=PARENT, once_more=True)
    engine.adopt_remote(server, [video("in_progress", "video_77", prompt="A fox")])
    for job_id, verb, argument in COMMANDS:
        engine.command(job_id, verb, argument)
        act()


# Everything in its place ------------------------------------------------------------------------


def write_workspace(root: Path, tick: Callable[[], object]) -> None:
    """Write what lies in a workspace."""
    from sora_tui.core.prompt import Prompt
    from sora_tui.workspace import variable_values
    from sora_tui.workspace.capability_cache import CapabilityCache
    from sora_tui.workspace.drafts import Drafts
    from sora_tui.workspace.history import History
    from sora_tui.workspace.job_document import encode
    from sora_tui.workspace.lock import OwnerLock
    from sora_tui.workspace.queue_pause import set_paused

    folder = open_folder(root)
    lock = OwnerLock(folder)
    assert lock.try_acquire()
    with closing(History(folder)) as history:
        for job in documents():
            history.save(job)
        trashed = saved("trashd")
        history.save(trashed)
        history.trash(trashed.id)
        # The owner was killed when the answer had its bytes, and not yet its name.
        history.save(sent("reserv"))
    reserved = folder.metadata / ".20261122-101530-reserv.json.next"
    reserved.write_bytes(encode(queued("reserv", "video_late")))
    write_index(folder)
    memory = CapabilityCache(folder)
    memory.record_probe(
        "https://gw.example.org", "litellm", ("x-litellm-version: 1.108",), ("veo", "sora")
    )
    memory.record("https://gw.example.org", "list", True)
    memory.record("http://127.0.0.1:4321", "delete", False)
    drafts = Drafts(folder)
    settings = {"model": "sora-2", "seconds": "8", "params": {"seed": 7}, "tags": ["sea"]}
    drafts.save("prompts/harbour.md", Prompt("Half a sentence\n\n", settings), "+++\n+++\nold\n")
    drafts.save("prompt.md", Prompt("One file, « brouillon »"), "")
    drafts.close()
    variable_values.save_values(folder, "prompts/harbour.md", {"who": "Mila", "when": "l'aube"})
    set_paused(folder, True)
    folder_mark(folder)
    note_begun(folder, "20261122-101530-queued-1")
    (folder.sent / PICTURE_SHA256).write_bytes(PICTURE)
    old = {
        "video_id": "video_68d7512d",
        "prompt": "A fox in the rain",
        "model": "sora-2-pro",
        "duration": "8",
        "size": "1280x720",
        "status": "downloaded",
        "error": None,
        "timestamp": 1_760_000_000,
    }
    (folder.metadata / "video_68d7512d.json").write_text(json.dumps(old, indent=2))
    (folder.output / "video_video_68d7512d_1760000123.mp4").write_bytes(b"clip")
    write_practice(folder.simulator)
    ask_the_owner(folder, tick)
    lock.release()
    scrub(folder)


def write_practice(data: Path) -> None:
    """Write what the practice server keeps."""
    from sora_tui.simulator.characters import Characters
    from sora_tui.simulator.jobs import Job as Practised
    from sora_tui.simulator.jobs import Jobs
    from sora_tui.simulator.parameters import CreateRequest

    data.mkdir()
    jobs = Jobs(data, 1.0)
    wanted = CreateRequest("A kite", "sora-2", 1280, 720, 4, PICTURE, asked={"seed": 7})

    def practise(id: str, **changes: Any) -> None:
        job: Practised = jobs.create(
            id, wanted, trigger="slow", remixed_from="video_0", origin="http://127.0.0.1:4321"
        )
        for name, value in changes.items():
            setattr(job, name, value)
        jobs._save(job)

    began = AT.timestamp()
    practise("video_q")
    practise("video_p", status="in_progress", progress=40, started_at=began + 1)
    practise(
        "video_c", status="completed", progress=100, started_at=began + 1, completed_at=began + 9
    )
    practise(
        "video_f",
        status="failed",
        progress=70,
        started_at=began + 1,
        completed_at=began + 9,
        error_code="internal",
        error_message="no pixels",
    )
    (data / "video_c.mp4").write_bytes(b"clip")
    character = Characters(data).create("Mila")
    made = data / f"{character['id']}.character"
    made.write_text(made.read_text().replace(character["id"], "char_" + "0a" * 12))
    made.rename(data / f"char_{'0a' * 12}.character")


def scrub(folder: Folder) -> None:
    """Put fixed words in place of what hangs on the machine or on chance."""
    found = folder_mark(folder)._asdict()
    (folder.metadata / ".mark").write_text(MARK.token + "\n")
    holder = json.loads((folder.metadata / ".lock").read_bytes())
    (folder.metadata / ".lock").write_text(
        json.dumps({**holder, "pid": 4242, "host": "films.example.org"}) + "\n"
    )
    requests = sorted(folder.inbox.glob("2*.json"))
    ids = {path.stem: f"20261122-101530-inbox{number}" for number, path in enumerate(requests)}
    for path in requests:
        text = path.read_text()
        for old, new in ids.items():
            text = text.replace(old, new)
        document = json.loads(text)
        if "handed_in" in document:
            assert document["handed_in"] == found
            document["handed_in"] = MARK._asdict()
        path.unlink()
        (folder.inbox / f"{document['id']}.json").write_text(
            json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        )
    for number, path in enumerate(sorted(folder.inbox.glob("*.cmd.json"))):
        moment = path.name.partition("-")[0]
        path.rename(folder.inbox / f"{moment}-0000000{number}.cmd.json")
    for left in (*folder.metadata.glob(".index.sqlite3*"), *folder.root.glob("**/.*.lock")):
        if left.name != ".lock":
            left.unlink()


def write_index(folder: Folder) -> None:
    """Write down what tells an index of this version from others, and what it is made of."""
    with closing(sqlite3.connect(folder.index_file)) as db:
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        made = [sql for (sql,) in db.execute("SELECT sql FROM sqlite_master ORDER BY name") if sql]
    keep("index.json", {"application_id": application, "user_version": version, "sql": made})


def write_own_files() -> None:
    """Write what lies in the folders of a person: settings and state."""
    from sora_tui.config import consents, paths, saved_servers, ui_state
    from sora_tui.core import pane_layout
    from sora_tui.tui.commands.table import COMMANDS
    from sora_tui.tui.services.last_seen import mark_seen

    ui_state.save_ui_state(
        WORKSPACE,
        ui_state.UiState(
            "sora-light", "sora-dark", pane_layout.Layout(4, -6, 2, ("inspector", "prompts"))
        ),
    )
    mark_seen(WORKSPACE)
    gateway = Server("team-gw", "https://gw.example.org/v1")
    consents.remember(gateway, None)
    consents.remember(Server("lab", LAB_URL), "vllm-omni")
    table = {
        "base_url": "https://gw.example.org/v1",
        "dialect": "litellm",
        "auth": "api-key",
        "api_key_env": "GW_KEY",
        "headers": {"x-team": "films"},
        "query": {"api-version": "1"},
        "encoding": "json",
        "max_active": 3,
        "default_model": "veo",
        "default_seconds": 8,
        "default_size": "1280x720",
        "models": ["veo"],
        "sizes": ["1280x720"],
        "seconds": [4, 8],
        "prices": {"veo": {"720p": 0.1, "*": 0.2}},
        "currency": "EUR",
        "params": {"seed": 7},
    }
    saved_servers.check_profile("team-gw", table, {}, {})
    saved_servers.write_profile("team-gw", table, default=True)
    keys = {}
    lines = ['theme = "sora-light"', "", "[keys]"]
    for number, key in enumerate(COMMANDS):
        modifier, letter = (
            ("hyper", "meta", "ctrl+hyper")[number // 26 % 3],
            "abcdefghijklmnopqrstuvwxyz",
        )
        extra = "shift+" * (number // 78)
        own = f"{extra}{modifier}+{letter[number % 26]}"
        keys[key.id] = {"place": key.place, "words": key.text, "own": own}
        lines.append(f'"{key.id}" = "{own}"')
    paths.user_toml_path().write_text("\n".join(lines) + "\n")
    keep("keys.json", keys)


def write_words() -> None:
    """Write down the words that stand in files and mean something."""
    from sora_tui.client.dialect import DIALECTS
    from sora_tui.core.probe_result import CAPABILITIES
    from sora_tui.core.request import GRAVITIES, HOWS, OPERATIONS
    from sora_tui.core.server import DIALECT_NAMES
    from sora_tui.tui.layout.arrangement import PANES

    keep(
        "words.json",
        {
            "states": [state.value for state in State],
            "problems": {code: spent.value for code, spent in CODES.items()},
            "operations": list(OPERATIONS),
            "verbs": list(get_args(Verb)),
            "prices": [kind.value for kind in PriceKind],
            "fits": list(HOWS),
            "gravities": list(GRAVITIES),
            "dialects": list(DIALECT_NAMES),
            "spoken": sorted(DIALECTS),
            "abilities": list(CAPABILITIES),
            "panes": list(PANES),
        },
    )


def keep(name: str, document: Mapping[str, Any]) -> None:
    """Write a file of the set that is no file of the program's own."""
    FILES.mkdir(parents=True, exist_ok=True)
    (FILES / name).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def main() -> None:
    """Write the whole set."""
    if FILES.exists():
        sys.exit(f"{FILES} stands: it was written by an older version, and stays as it is.")
    with tempfile.TemporaryDirectory() as made:
        home = Path(made)
        os.environ |= {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "STATE")}
        with time_machine.travel(AT, tick=False) as clock:
            write_workspace(home / "films", lambda: clock.shift(1))
            write_own_files()
            write_words()
        shutil.copytree(home / "films", FILES / "workspace")
        # Without the file by which two processes keep each other from writing.
        locks = shutil.ignore_patterns("*.lock")
        shutil.copytree(home / "config" / "sora-tui", FILES / "settings", ignore=locks)
        shutil.copytree(home / "state" / "sora-tui", FILES / "state")


if __name__ == "__main__":
    main()
