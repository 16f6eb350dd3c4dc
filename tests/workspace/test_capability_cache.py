"""What is remembered of servers: private, disposable, and true for a day."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path

import pytest

from sora_tui.workspace import capability_cache
from sora_tui.workspace.capability_cache import FORGOTTEN_AFTER, CachedCapabilities, CapabilityCache
from sora_tui.workspace.folder import Folder, open_folder

LAB = "http://lab:8000"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path / "workspace")


def test_capabilities_are_kept_for_the_next_process(folder: Folder) -> None:
    memory = CapabilityCache(folder)
    memory.record_probe(LAB, "sglang", ("GET models: sglang",), ["wan2.2"])
    memory.record(LAB, "list", False)
    memory.record(LAB, "list", False)
    memory.record("http://other", "delete", True)
    again = CapabilityCache(folder).of(LAB)
    assert (again.dialect, again.evidence) == ("sglang", ("GET models: sglang",))
    assert again.models == ("wan2.2",)
    assert again.facts == {"list": False}
    assert CapabilityCache(folder).of("http://other").facts == {"delete": True}
    path = folder.metadata / ".servers.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_newest_experience_counts_and_a_dialect_keeps_it(folder: Folder) -> None:
    memory = CapabilityCache(folder)
    memory.record(LAB, "list", False)
    memory.record(LAB, "list", True)
    memory.record_probe(LAB, "vllm-omni", ())
    assert memory.of(LAB).facts == {"list": True}


def test_capabilities_are_forgotten_on_demand_and_after_a_day(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = CapabilityCache(folder)
    memory.record_probe(LAB, "sglang", ())
    memory.forget(LAB)
    memory.forget(LAB)
    assert memory.of(LAB) == CapabilityCache(folder).of(LAB) == CachedCapabilities()
    memory.record_probe(LAB, "sglang", ())
    now = time.time()
    for later in (FORGOTTEN_AFTER + 1, -3600):  # a clock that was set back makes it doubtful too
        monkeypatch.setattr("time.time", lambda later=later: now + later)
        assert memory.of(LAB) == CapabilityCache(folder).of(LAB) == CachedCapabilities()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"servers": []}',
        '{"servers": {"a": 1}}',
        '{"servers": {"a": {"facts": {}, "at": "x"}}}',
        '{"servers": {"a": {"facts": {}, "at": null}}}',
        "[" * 100_000,
        "\xff",
        '{"servers": {' + " " * 2_000_000 + "}}",
    ],
)
def test_a_file_that_cannot_be_read_is_none(folder: Folder, text: str) -> None:
    path = folder.metadata / ".servers.json"
    path.write_text(text, "latin-1")
    memory = CapabilityCache(folder)
    assert memory.of("a") == CachedCapabilities()
    memory.record("a", "list", False)
    assert CapabilityCache(folder).of("a").facts == {"list": False}


def test_foreign_words_are_cleaned_and_a_planted_link_is_not_followed(
    folder: Folder, tmp_path: Path
) -> None:
    entry = {
        "dialect": "sg\x1b[2Jlang",
        "evidence": ["a\nb", *["x"] * 50],
        "facts": {"list": False, "odd": 7},
        "at": time.time(),
    }
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(json.dumps({"servers": {LAB: entry}}))
    path = folder.metadata / ".servers.json"
    path.symlink_to(elsewhere)
    assert CapabilityCache(folder).of(LAB) == CachedCapabilities()
    path.unlink()
    path.write_bytes(elsewhere.read_bytes())
    known = CapabilityCache(folder).of(LAB)
    assert (known.dialect, known.evidence[0], len(known.evidence)) == ("sg[2Jlang", "a b", 20)
    assert known.facts == {"list": False}


def test_the_oldest_make_room(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capability_cache, "_MOST_SERVERS", 3)
    memory = CapabilityCache(folder)
    for name in "abcda":
        memory.record(name, "list", name != "a")
    again = CapabilityCache(folder)
    assert [bool(again.of(name).facts) for name in "abcd"] == [False, True, True, True]
