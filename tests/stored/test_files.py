"""Files beside the documents that an older version wrote: read to the right values, kept whole."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, get_args

import pytest
import time_machine
from textual.geometry import Size

from sora_tui.client.dialect import DIALECTS
from sora_tui.config import consents, ui_state
from sora_tui.config.paths import settings_folder, state_folder
from sora_tui.config.saved_servers import saved_table, set_default
from sora_tui.config.settings import load_settings
from sora_tui.core import pane_layout
from sora_tui.core.job import State
from sora_tui.core.price import PriceKind
from sora_tui.core.probe_result import CAPABILITIES
from sora_tui.core.problem import CODES, ProblemError
from sora_tui.core.prompt import Prompt
from sora_tui.core.request import GRAVITIES, HOWS, OPERATIONS, Reference
from sora_tui.core.server import DIALECT_NAMES, Server
from sora_tui.engine.engine import Verb
from sora_tui.i18n import _
from sora_tui.simulator.characters import Characters
from sora_tui.simulator.jobs import Jobs
from sora_tui.tui.commands.keymap import key_table
from sora_tui.tui.layout.arrangement import PANES
from sora_tui.tui.layout.workbench import Workbench
from sora_tui.tui.services.last_seen import last_seen
from sora_tui.workspace.batches import handing_in
from sora_tui.workspace.capability_cache import CachedCapabilities, CapabilityCache
from sora_tui.workspace.drafts import Drafts
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.folder_mark import folder_mark, has_known_past, key_of
from sora_tui.workspace.history import History
from sora_tui.workspace.lock import Holder, OwnerLock
from sora_tui.workspace.queue_pause import is_paused, set_paused
from sora_tui.workspace.references import sent_bytes
from sora_tui.workspace.variable_values import load_values, save_values
from tests.stored.make import AT, FILES, PICTURE, WORKSPACE
from tests.stored.shapes import shape
from tests.support.tui.driver import settle
from tests.support.tui.workspace_app import workspace_app

GATEWAY: Final = "https://gw.example.org"
LAB: Final = "http://127.0.0.1:4321"


def stored_json(name: str) -> Any:
    return json.loads((FILES / name).read_bytes())


@pytest.fixture
def at_the_time() -> Iterator[None]:
    """Let the test happen when the files were written."""
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def own_files() -> None:
    """Put a person's own files in place."""
    for name, place in (("settings", settings_folder()), ("state", state_folder())):
        shutil.copytree(FILES / name, place)


# In the workspace -------------------------------------------------------------------------------


@pytest.mark.usefixtures("at_the_time")
def test_what_was_learnt_of_servers_is_read_and_kept(stored: Folder) -> None:
    at = AT.timestamp()
    gateway = CachedCapabilities(
        "litellm", ("x-litellm-version: 1.108",), ("veo", "sora"), {"list": True}, at=at
    )
    known = CapabilityCache(stored)
    assert known.of(GATEWAY) == gateway
    assert known.of(LAB) == CachedCapabilities(facts={"delete": False}, at=at)
    known.record(LAB, "delete", True)
    again = CapabilityCache(stored)
    assert again.of(GATEWAY) == gateway
    assert again.of(LAB).facts == {"delete": True}
    assert_same_fields(stored.metadata / ".servers.json")


@pytest.mark.usefixtures("at_the_time")
def test_drafts_come_back_to_the_letter(stored: Folder) -> None:
    drafts = Drafts(stored)
    harbour = drafts.load("prompts/harbour.md")
    assert harbour is not None
    assert harbour.prompt == Prompt(
        "Half a sentence\n\n",
        {"model": "sora-2", "seconds": "8", "tags": ["sea"], "params": {"seed": 7}},
    )
    assert (harbour.file, harbour.base) == ("prompts/harbour.md", "+++\n+++\nold\n")
    single = drafts.load("prompt.md")
    assert single is not None
    assert single.prompt == Prompt("One file, « brouillon »")
    for draft in (harbour, single):
        drafts.save(draft.file, draft.prompt, draft.base)
    for path in sorted((FILES / "workspace/metadata/.drafts").glob("*.toml")):
        assert (stored.drafts / path.name).read_bytes() == path.read_bytes()
    drafts.close()


def test_values_of_variables_are_read_and_kept(stored: Folder) -> None:
    values = {"who": "Mila", "when": "l'aube"}
    assert load_values(stored, "prompts/harbour.md") == values
    before = stored.variables_file.read_bytes()
    save_values(stored, "prompts/harbour.md", values)
    assert stored.variables_file.read_bytes() == before


def test_a_paused_queue_stays_paused_and_goes_on_for_both(stored: Folder) -> None:
    assert is_paused(stored)
    set_paused(stored, False)
    assert not (stored.metadata / ".paused").exists()
    set_paused(stored, True)
    assert (stored.metadata / ".paused").read_bytes() == b""


def test_the_mark_of_the_folder_and_the_requests_begun_in_it_count(stored: Folder) -> None:
    """An order is sent without a question only in the folder that it was handed in to."""
    mark = folder_mark(stored)
    assert mark.token == "0123456789abcdef0123456789abcdef"
    history = History(stored)
    job = history.load("20261122-101530-pendng")
    assert key_of(job) == "20261122-101530-pendng-1"
    assert not has_known_past(stored, job), "the inode is that of another folder"
    here = replace(job, handed_in=mark)
    assert has_known_past(stored, here)
    begun = replace(here, id="20261122-101530-queued")
    assert not has_known_past(stored, begun), "its request was begun: the file of its key is there"


def test_the_bytes_of_a_picture_are_found_by_their_hash(stored: Folder) -> None:
    reference = History(stored).load("20261122-101530-everyt").request.reference
    assert isinstance(reference, Reference)
    assert sent_bytes(stored, reference)[0] == PICTURE


def test_an_owner_of_before_is_respected_and_named(stored: Folder) -> None:
    """The old process holds a flock of the same file, and its name stands in it."""
    with (stored.metadata / ".lock").open("r+b") as old:
        fcntl.flock(old, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock = OwnerLock(stored)
        assert not lock.try_acquire()
        assert lock.holder() == Holder(
            4242, "films.example.org", datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC), "running"
        )
    assert lock.try_acquire()
    assert_same_fields(stored.metadata / ".lock")
    lock.release()


def test_a_batch_that_an_old_process_hands_in_is_waited_for(stored: Folder) -> None:
    with (stored.metadata / ".batch.lock").open("wb") as old:
        fcntl.flock(old, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(ProblemError) as busy, handing_in(stored):
            pass
    assert busy.value.problem.code == "batch_busy"


@pytest.mark.usefixtures("at_the_time")
def test_the_practice_server_goes_on_with_its_jobs(stored: Folder) -> None:
    jobs = Jobs(stored.simulator, 1.0)
    began = int(AT.timestamp())
    resource = {
        "object": "video",
        "model": "sora-2",
        "prompt": "A kite",
        "size": "1280x720",
        "seconds": "4",
        "created_at": began,
        "remixed_from_video_id": "video_0",
        "completed_at": None,
        "expires_at": None,
        "progress": 0,
        "error": None,
    }
    ended = {"completed_at": began + 9, "expires_at": began + 9 + 3600}
    internal = {"code": "internal", "message": "no pixels"}
    assert {job.id: job.resource() for job in jobs.listed(newest_first=False)} == {
        "video_q": {**resource, "id": "video_q", "status": "queued"},
        "video_p": {**resource, "id": "video_p", "status": "in_progress", "progress": 40},
        "video_c": {**resource, **ended, "id": "video_c", "status": "completed", "progress": 100},
        "video_f": {
            **resource,
            **ended,
            "id": "video_f",
            "status": "failed",
            "progress": 70,
            "error": internal,
        },
    }
    assert jobs.busy == 2
    job = jobs.get("video_c")
    assert job is not None
    assert (job.trigger, job.origin, job.asked) == ("slow", LAB, {"seed": 7})
    assert job.reference
    clip = jobs.content(job, "video")
    assert clip is not None
    assert clip.read_bytes() == b"clip"
    assert Characters(stored.simulator).get("char_" + "0a" * 12) == {
        "id": "char_" + "0a" * 12,
        "name": "Mila",
        "created_at": began,
    }


def test_an_index_is_told_from_that_of_another_version(tmp_path: Path) -> None:
    """Two versions on one folder throw each other's index away, and never read it wrong."""
    folder = open_folder(tmp_path / "films")
    with closing(History(folder)) as history:
        history.own()
    with closing(sqlite3.connect(folder.index_file)) as db:
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        made = [sql for (sql,) in db.execute("SELECT sql FROM sqlite_master ORDER BY name") if sql]
    before = stored_json("index.json")
    assert application == before["application_id"]
    assert version >= before["user_version"]
    if version == before["user_version"]:
        assert made == before["sql"], "another table needs another number"


# In the folders of a person ---------------------------------------------------------------------


@pytest.mark.usefixtures("own_files")
def test_the_screen_looks_as_it_was_left() -> None:
    kept = ui_state.load_ui_state(WORKSPACE)
    assert (kept.theme, kept.instead_of) == ("sora-light", "sora-dark")
    assert kept.layout == pane_layout.Layout(4, -6, 2, ("inspector", "prompts"))
    bench = Workbench(kept.layout)
    assert bench.panes_at(Size(200, 60)) == {"editor", "references", "jobs"}
    before = ui_state.ui_state_path().read_bytes()
    ui_state.save_ui_state(WORKSPACE, kept)
    assert ui_state.ui_state_path().read_bytes() == before
    ui_state.save_ui_state(Path("/elsewhere"), kept)
    assert ui_state.load_ui_state(WORKSPACE) == kept


@pytest.mark.usefixtures("own_files")
def test_a_person_is_known_to_have_been_here() -> None:
    (mark,) = (state_folder() / "seen").iterdir()
    os.utime(mark, (AT.timestamp(), AT.timestamp()))
    assert last_seen(WORKSPACE) == AT
    assert last_seen(Path("/elsewhere")) is None


@pytest.mark.usefixtures("own_files")
def test_always_on_this_server_stays_agreed_to() -> None:
    gateway, lab = Server("any-name", f"{GATEWAY}/v1"), Server("lab", f"{LAB}/v1")
    assert consents.is_always(gateway, None)
    assert consents.is_always(lab, "vllm-omni")
    assert not consents.is_always(lab, "sglang")
    assert not consents.is_always(Server("other", "https://other.example.org/v1"), None)
    consents.remember(Server("other", "https://other.example.org/v1"), None)
    assert consents.agreed_origins() == {GATEWAY, LAB, "https://other.example.org"}


@pytest.mark.usefixtures("own_files")
def test_profiles_that_the_program_wrote_hold(tmp_path: Path) -> None:
    before = saved_table("team-gw")
    settings = load_settings(workspace=tmp_path, server=None, environ={"GW_KEY": "k-0123456789"})
    server = settings.server
    assert (server.name, settings.chosen_by) == ("team-gw", "servers.toml")
    assert server.key is not None
    assert (server.key.reveal(), server.key_from) == ("k-0123456789", "GW_KEY")
    assert server._replace(key=None, key_from=None) == Server(
        name="team-gw",
        base_url="https://gw.example.org/v1",
        dialect="litellm",
        auth="api-key",
        headers={"x-team": "films"},
        query={"api-version": "1"},
        encoding="json",
        max_active=3,
        model="veo",
        seconds="8",
        size="1280x720",
        models=("veo",),
        sizes=("1280x720",),
        seconds_choices=("4", "8"),
        prices={"veo": {"720p": Decimal("0.1"), "*": Decimal("0.2")}},
        currency="EUR",
        params={"seed": 7},
    )
    set_default("simulator")
    assert saved_table("team-gw") == before


@pytest.mark.usefixtures("own_files")
def test_every_key_that_a_person_has_set_still_does_the_same(tmp_path: Path) -> None:
    """By what the help says of it: an id may have got another name, and the old one counts."""
    settings = load_settings(workspace=tmp_path, server=None, environ={})
    assert settings.screen.theme == "sora-light"
    keys = stored_json("keys.json")
    own = settings.screen.keys
    assert own == {id: key["own"] for id, key in keys.items()}
    rows, complaints = key_table(own)
    assert complaints == []
    now = sorted((row["place"], row["words"], row["keys"]) for row in rows)
    meant = sorted((key["place"], _(key["words"]), [key["own"]]) for key in keys.values())
    assert [each for each in meant if each not in now] == []


@pytest.mark.usefixtures("own_files")
async def test_keys_by_the_ids_of_before_act_on_the_screen(tmp_path: Path) -> None:
    own = {id: key["own"] for id, key in stored_json("keys.json").items()}
    app = workspace_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("escape", "4", "z")
        assert (app.bench.active, app.bench.zoomed) == ("editor", False), "others act now"
        await pilot.press(own["pane.jobs"], own["zoom"], own["jobs.filter"])
        await settle(pilot)
        assert (app.bench.active, app.bench.zoomed) == ("jobs", True)
        assert app.focused is not None
        assert app.focused.id == "filter"


# Words ------------------------------------------------------------------------------------------

#: What has the words of a list in `words.json` now.
NOW: Final = {
    "states": [state.value for state in State],
    "problems": CODES,
    "operations": OPERATIONS,
    "verbs": get_args(Verb),
    "prices": [kind.value for kind in PriceKind],
    "fits": HOWS,
    "gravities": GRAVITIES,
    "dialects": DIALECT_NAMES,
    "spoken": DIALECTS,
    "abilities": CAPABILITIES,
    "panes": PANES,
}


@pytest.mark.parametrize("kind", sorted(NOW))
def test_no_word_that_stands_in_files_was_given_up(kind: str) -> None:
    assert set(stored_json("words.json")[kind]) <= set(NOW[kind])


def test_each_problem_code_keeps_its_word_about_money() -> None:
    before = stored_json("words.json")["problems"]
    assert {code: CODES[code].value for code in before} == before


def assert_same_fields(path: Path) -> None:
    """Check that a file that was just written has the fields of the stored one, and no others."""
    before = FILES / "workspace/metadata" / path.name
    assert shape(json.loads(path.read_bytes())) == shape(json.loads(before.read_bytes()))
