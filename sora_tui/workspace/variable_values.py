"""The last values of the `{{variables}}` of each prompt file, in a file of our own."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from sora_tui.core.problem import ProblemError
from sora_tui.workspace.atomic import write_atomic
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.prompts import read_source

#: Most prompt files whose values are kept; the one not used for longest goes first.
_MOST = 500
_log = logging.getLogger(__name__)


def load_values(folder: Folder, file: str) -> dict[str, str]:
    """Return the values by name for a prompt file, as `PromptFile.path` names it."""
    return _load(folder).get(file, {})


def save_values(folder: Folder, file: str, values: Mapping[str, str]) -> None:
    """Store values for the next time.

    Raises:
        ProblemError: disk_full, folder_not_writable or folder_missing.
    """
    known = _load(folder)
    known[file] = {**known.pop(file, {}), **values}
    recent = dict(list(known.items())[-_MOST:])
    text = json.dumps(recent, ensure_ascii=False, indent=1)
    write_atomic(folder.variables_file, text.encode(errors="replace"))


def rename_values(folder: Folder, file: str, to: str) -> None:
    """Move the values of a prompt file that was renamed.

    Raises:
        ProblemError: as `save_values`.
    """
    values = load_values(folder, file)
    if values:
        save_values(folder, to, values)


def _load(folder: Folder) -> dict[str, dict[str, str]]:
    try:
        known = json.loads(read_source(folder.variables_file))
        return {
            str(file): {str(name): str(value) for name, value in values.items()}
            for file, values in known.items()
        }
    except ProblemError as error:
        if error.problem.code != "prompt_missing":
            _log.warning("remembered variables: %s", error)
    except (ValueError, AttributeError) as error:
        _log.warning("remembered variables: %s", error)
    return {}
