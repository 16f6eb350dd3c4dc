"""An empty workspace for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from sora_tui.workspace.folder import Folder, open_folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path)
