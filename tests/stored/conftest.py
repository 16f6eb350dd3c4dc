"""The stored set in a folder of the test's own, with the modes that git does not keep."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sora_tui.workspace.folder import Folder, open_folder
from tests.stored.make import FILES


@pytest.fixture
def stored(tmp_path: Path) -> Folder:
    """Return the workspace that an older version left behind."""
    root = tmp_path / "films"
    shutil.copytree(FILES / "workspace", root)
    for path in root.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return open_folder(root)
