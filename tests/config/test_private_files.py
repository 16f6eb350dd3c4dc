"""The log and the remembered answers: private, small, and without a secret."""

from __future__ import annotations

import json
import logging
import os
import pwd
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sora_tui.config.consents import agreed_origins, consents_path, is_always, remember
from sora_tui.config.log import log_path, redact, start_log
from sora_tui.config.ui_state import UiState, load_ui_state, ui_state_path
from sora_tui.core.server import Server

SECRETS = (
    "sk-proj-AbC_123-xyz",
    "hunter2secret",
    "tok.en",
)


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    yield
    logger = logging.getLogger("sora_tui")
    for handler in logger.handlers:
        handler.close()
    logger.handlers = []
    logger.propagate = True


@pytest.mark.parametrize(
    "line",
    [
        "key sk-proj-AbC_123-xyz refused",
        "Authorization: Bearer hunter2secret",
        "{'api_key': 'hunter2secret', 'x': 1}",
        "api-key=hunter2secret",
        "GET https://me:hunter2secret@host.example.org/v1/videos",
        "GET https://host.example.org/clip.mp4?sig=hunter2secret&e=1",
    ],
)
def test_no_secret_survives(line: str) -> None:
    said = redact(line)
    assert not any(secret in said for secret in SECRETS)
    assert "[redacted]" in said


def test_an_ordinary_line_stays() -> None:
    line = "POST /v1/videos 200 41 ms, 1834 bytes, request req_12"
    assert redact(line) == line


def test_the_log_is_private_and_bounded() -> None:
    path = start_log(debug=False)
    assert path == log_path()
    logger = logging.getLogger("sora_tui.engine")
    logger.debug("not asked for")
    for _ in range(3500):
        logger.info("x" * 1000)
    try:
        raise ValueError("sk-proj-AbC_123-xyz")
    except ValueError:
        logger.exception("failed")
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == [
        "sora-tui.log",
        "sora-tui.log.1",
        "sora-tui.log.2",
    ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert all(file.stat().st_size <= 1024 * 1024 for file in files)
    written = path.read_text()
    assert "ValueError: [redacted]" in written
    assert "not asked for" not in written


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the way")
    assert start_log(debug=True) is None
    logging.getLogger("sora_tui").error("said to nobody")


LAB = Server("lab", "https://lab.example.org/v1")
HERE = Server("here", "http://127.0.0.1:4000/v1")


def test_always_is_remembered_by_origin() -> None:
    assert not is_always(LAB, None)
    remember(LAB, None)
    remember(Server("other", "https://other.example.org/v1"), None)
    assert is_always(LAB, "litellm")
    assert is_always(Server("same", "https://LAB.example.org:443/other/path"), None)
    assert not is_always(Server("lab", "https://lab.example.org:8443/v1"), None)
    assert agreed_origins() == {"https://lab.example.org", "https://other.example.org"}
    assert stat.S_IMODE(consents_path().stat().st_mode) == 0o600


def test_always_on_this_machine_holds_for_the_server_that_was_found() -> None:
    """Another one may listen there by now, or the other end of a tunnel."""
    remember(HERE, None)
    assert not is_always(HERE, None)
    remember(HERE, "litellm")
    remember(LAB, None)
    assert is_always(HERE, "litellm")
    assert not is_always(HERE, "generic")
    assert not is_always(HERE, None)
    assert is_always(LAB, None)


def test_an_answer_of_an_earlier_version_is_read() -> None:
    consents_path().parent.mkdir(parents=True)
    old = {"always": ["https://lab.example.org", "http://127.0.0.1:4000"]}
    consents_path().write_text(json.dumps(old))
    assert is_always(LAB, None)
    assert not is_always(HERE, "litellm"), "nobody knows which server it was about"


@pytest.mark.parametrize(
    "broken", ["", "[]", '{"always": 5}', '{"always": [], "loopback": [1]}', "\xff"]
)
def test_an_unreadable_consent_file_holds_no_consent(broken: str) -> None:
    consents_path().parent.mkdir(parents=True)
    consents_path().write_text(broken, encoding="latin-1")
    assert not is_always(LAB, None)


@pytest.mark.parametrize(
    ("home", "state", "expected"),
    [
        ("/h", None, "/h/.local/state/sora-tui"),
        ("", None, None),
        ("rel", None, None),
        ("rel", "/s", "/s/sora-tui"),
        ("/h", "rel", "/h/.local/state/sora-tui"),
        (None, None, None),  # and no entry in the password file
        (None, "/s", "/s/sora-tui"),
    ],
)
def test_where_no_home_is_nothing_is_kept(
    monkeypatch: pytest.MonkeyPatch, home: str | None, state: str | None, expected: str | None
) -> None:
    if sys.platform == "darwin":
        pytest.skip("there the folders are other ones")
    for name, value in (("HOME", home), ("XDG_STATE_HOME", state)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)

    def nobody(_: int) -> None:  # no account without an entry can be made in a test
        raise KeyError("uid not found")

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    if expected is None:
        assert start_log(debug=False) is None
        assert not log_path().exists()
    else:
        assert log_path() == Path(expected) / "sora-tui.log"


@pytest.mark.timeout(10)
def test_a_pipe_in_the_place_of_an_own_file_is_not_waited_for(tmp_path: Path) -> None:
    for path in (consents_path(), ui_state_path()):
        path.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(path)
    assert agreed_origins() == frozenset()
    assert load_ui_state(tmp_path) == UiState()
