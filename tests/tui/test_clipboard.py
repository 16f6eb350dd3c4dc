"""Copying: which way the text goes, and that a broken tmux costs a second at most."""

from pathlib import Path

import pytest

from sora_tui.tui.services.clipboard import copy
from sora_tui.tui.terminal.app import TerminalApp
from tests.support.tui.host import open_app

TEXT = "scp box:/srv/w/output/港.mp4 ."


# A script in place of tmux: a real one would write to the clipboard of who runs the tests.
@pytest.mark.parametrize(
    ("in_tmux", "script", "route"),
    [
        (False, "exit 9", "osc52"),
        (True, 'test "$*" = "load-buffer -w -" && cat > loaded', "tmux"),
        (True, "exit 1", "osc52"),
        (True, "exec sleep 30", "osc52"),
        (True, None, "osc52"),
    ],
    ids=["no tmux", "tmux", "old tmux", "hanging tmux", "tmux not found"],
)
async def test_route(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    in_tmux: bool,
    script: str | None,
    route: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin" if script else str(tmp_path))
    monkeypatch.delenv("TMUX", raising=False)
    if in_tmux:
        monkeypatch.setenv("TMUX", "/nowhere,1,0")
    if script:
        tmux = tmp_path / "tmux"
        tmux.write_text(f"#!/bin/sh\n{script}\n")
        tmux.chmod(0o755)
    app = TerminalApp(crash_folder=tmp_path)
    async with open_app(app):
        assert copy(TEXT, app.copy_to_clipboard) == route
        assert app.clipboard == TEXT
    if route == "tmux":
        assert (tmp_path / "loaded").read_text() == TEXT
