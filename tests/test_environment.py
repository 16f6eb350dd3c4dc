"""What a run of the tests sees of the person who started it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.support.pty_session import ROOT

#: What a shell of a person may hold: a poor terminal, a multiplexer, a link, a language, settings.
PERSONAL = {
    "TERM": "dumb",
    "COLUMNS": "40",
    "LINES": "9",
    "NO_COLOR": "1",
    "FORCE_COLOR": "1",
    "TMUX": "/tmp/x,1,0",
    "TMUX_PANE": "%1",
    "STY": "1",
    "TERM_PROGRAM": "vscode",
    "SSH_CONNECTION": "1 2 3 4",
    "SSH_TTY": "/dev/pts/0",
    "DISPLAY": ":0",
    "LC_ALL": "tr_TR.UTF-8",
    "LC_TIME": "fr_FR.UTF-8",
    "LANGUAGE": "fr",
    "LANG": "C",
    "SORA_BASE_URL": "http://127.0.0.1:1",
    "OPENAI_API_KEY": "sk-x",
    "EDITOR": "false",
    "http_proxy": "http://127.0.0.1:1",
    "SSL_CERT_FILE": "/none",
    "TEXTUAL_THEME": "nord",
}
_CLEARED = """
import json, os
from tests.support import environment
environment.clear()
print(json.dumps(dict(os.environ)))
"""


def test_the_tests_environment_has_nothing_of_a_person() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CLEARED],
        env={**os.environ, **PERSONAL},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    left = json.loads(done.stdout)
    assert {name: left[name] for name in PERSONAL.keys() & left.keys()} == {
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
    }
    assert left["PATH"] == os.environ["PATH"]


def test_this_run_is_cleared() -> None:
    assert (PERSONAL.keys() - {"TERM", "LANG"}) & set(os.environ) == set()
