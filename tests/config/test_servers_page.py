"""The profiles that docs/servers.md tells people to write are profiles."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sora_tui.config.config_files import read_toml
from sora_tui.config.profiles import read_profiles
from tests.support.pty_session import ROOT

PAGE = (ROOT / "docs" / "servers.md").read_text(encoding="utf-8")
PROFILES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda text: text.partition("]")[0][9:])
def test_a_profile_of_the_page_is_legal(profile: str, tmp_path: Path) -> None:
    # What is commented out is offered too.
    offered = re.sub(r"^# (\w+ = \S.*?)(   .*)?$", r"\1", profile, flags=re.MULTILINE)
    path = tmp_path / "sora-tui.toml"
    for text in (profile, offered):
        path.write_text(text)
        file = read_toml(path)
        assert file is not None
        (read,) = read_profiles(file, {}).values()
        assert read.server.base_url in text.lower()


def test_the_page_has_profiles() -> None:
    assert len(PROFILES) >= 8
