"""Prompt files: listed, read, kept; and drafts of what was written and not kept yet."""

from __future__ import annotations

import logging
import os
import re
import stat
import tomllib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.core.prompt import Prompt, format_prompt, parse_prompt, script_text
from sora_tui.core.text import clean_line
from sora_tui.workspace.atomic import disk_refusals, write_atomic
from sora_tui.workspace.folder import Folder

#: Largest prompt file read, in bytes; the longest prompt has 32,000 characters.
MAX_BYTES: Final = 1024 * 1024

#: The front matter that we write ourselves. What else stands there belongs to the person.
_OURS: Final = frozenset(
    {"model", "seconds", "size", "reference", "fit", "count", "tags", "params", "variables"}
)
_SUFFIX: Final = ".md"
_TITLE_LENGTH: Final = 80
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PromptFile:
    """A prompt file in a list.

    Attributes:
        path: Relative to the workspace, with `/`.
        name: What a person calls it: the path inside `prompts/` without `.md`.
        title: The first line of its text.
        is_default: It is `prompt.md`.
    """

    path: str
    name: str
    title: str
    modified: datetime
    is_default: bool = False


def list_prompts(folder: Folder) -> list[PromptFile]:
    """`prompt.md` first where there is one, then `prompts/**/*.md`, newest first.

    Hidden files are left out, and links to folders are not followed.
    """
    found = []
    for place, folders, names in os.walk(folder.prompts):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (Path(place, name) for name in names if not name.startswith("."))
        found += [_listed(folder, path) for path in paths if path.suffix == _SUFFIX]
    prompts = sorted(
        (file for file in found if file is not None),
        key=lambda file: (-file.modified.timestamp(), file.path),
    )
    default = _listed(folder, folder.prompt_md)
    return prompts if default is None else [default, *prompts]


def read_prompt(path: Path) -> Prompt:
    """The prompt in a file. A file named `prompt.md` is read as the one-file script did.

    Any file the person names will do, a pipe included.

    Raises:
        ProblemError: prompt_missing; prompt_unreadable (not UTF-8, larger than `MAX_BYTES`, no
            right to); front_matter_broken with path, line and reason.
    """
    source = read_source(path)
    try:
        prompt = parse_prompt(source)
    except ProblemError as error:
        facts = dict(error.problem.facts)
        raise problem_error(error.problem.code, path=str(path), **facts) from None
    if path.name == "prompt.md":
        return replace(prompt, text=script_text(prompt.text))
    return prompt


def read_source(path: Path) -> str:
    """A prompt file as it is written, front matter and all; line ends are `\\n`.

    Raises:
        ProblemError: prompt_missing or prompt_unreadable.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise problem_error("prompt_missing", path=str(path)) from None
    except (OSError, ValueError) as error:  # a NUL in the name is a ValueError
        raise problem_error("prompt_unreadable", path=str(path), reason=_words(error)) from None
    if len(data) > MAX_BYTES:
        reason = f"larger than {MAX_BYTES} bytes"
        raise problem_error("prompt_unreadable", path=str(path), reason=reason)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"line {line} is not UTF-8"
        raise problem_error("prompt_unreadable", path=str(path), reason=reason) from None
    return text.replace("\r\n", "\n")


def save_prompt(folder: Folder, name: str | Path, prompt: Prompt) -> Path:
    """Keep a prompt in its file. Front matter in the file that is not ours survives.

    Args:
        name: `prompt.md`, a path in the workspace such as `prompts/fox.md`, or just `fox`.

    Returns:
        The file, absolute.

    Raises:
        ProblemError: front_matter_broken where the file holds front matter that cannot be read and
            would be lost; folder_not_writable, also for a place outside `prompts/`; disk_full.
    """
    path = _place_of(folder, Path(name))
    mode = 0o644
    try:
        mode = path.stat().st_mode & 0o777
        there = read_prompt(path).settings
    except FileNotFoundError:
        there = {}
    theirs = {key: value for key, value in there.items() if key not in _OURS}
    kept = replace(prompt, settings={**theirs, **prompt.settings})
    with disk_refusals(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, _bytes(format_prompt(kept)), mode)
    return path


def new_prompt_name(folder: Folder) -> str:
    """A name that no prompt has: `untitled-1`, `untitled-2` ..."""
    names = (f"untitled-{number}" for number in count(1))
    return next(name for name in names if not (folder.prompts / f"{name}{_SUFFIX}").exists())


def save_draft(folder: Folder, name: str, prompt: Prompt) -> None:
    """Put what is in the editor in safety, without touching the file that was kept.

    Args:
        name: Of the prompt file the draft belongs to, as `PromptFile.path`.

    Raises:
        ProblemError: disk_full, folder_not_writable or folder_missing.
    """
    import tomli_w  # writing is rare, and the first frame need not wait for it

    # TOML, not Markdown: a draft comes back to the letter, blank lines at its end included.
    draft = {"text": prompt.text, "settings": dict(prompt.settings)}
    write_atomic(_draft(folder, name), _bytes(tomli_w.dumps(draft)))


def load_draft(folder: Folder, name: str) -> Prompt | None:
    """What was in the editor when it was last put in safety, None where nothing is."""
    try:
        draft = tomllib.loads(read_source(_draft(folder, name)))
        return Prompt(str(draft["text"]), dict(draft["settings"]))
    except ProblemError as error:
        if error.problem.code != "prompt_missing":
            _log.warning("draft of %s: %s", name, error)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        _log.warning("draft of %s: %s", name, error)
    return None


def draft_time(folder: Folder, name: str) -> datetime | None:
    """When the draft of a prompt file was put in safety, None where there is none."""
    try:
        return datetime.fromtimestamp(_draft(folder, name).stat().st_mtime, UTC)
    except OSError:
        return None


def clear_draft(folder: Folder, name: str) -> None:
    """The draft was kept, or is not wanted."""
    _draft(folder, name).unlink(missing_ok=True)


def _draft(folder: Folder, name: str) -> Path:
    return folder.drafts / f"{quote(name, safe='')[:200]}.toml"


def _place_of(folder: Folder, name: Path) -> Path:
    path = name if name.suffix == _SUFFIX else name.with_name(name.name + _SUFFIX)
    if len(path.parts) == 1 and path != Path("prompt.md"):
        path = folder.prompts / path
    path = (folder.root / path).resolve()
    if path != folder.prompt_md.resolve() and not path.is_relative_to(folder.prompts.resolve()):
        raise problem_error("folder_not_writable", path=str(path), reason="outside prompts/")
    return path


def _listed(folder: Folder, path: Path) -> PromptFile | None:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a FIFO would block
            return None
        with path.open("rb") as file:
            head = file.read(4096).decode("utf-8-sig", "replace")
    except OSError:
        return None
    is_default = path == folder.prompt_md
    named = path.name if is_default else path.relative_to(folder.prompts).with_suffix("").as_posix()
    return PromptFile(
        path=folder.relative(path),
        name=named,
        title=_title(head),
        modified=datetime.fromtimestamp(status.st_mtime, UTC),
        is_default=is_default,
    )


def _title(head: str) -> str:
    """The first line that says something: neither front matter, nor blank, nor a heading's sign."""
    text = re.sub(r"\A\+\+\+\s*?\n.*?^\+\+\+\s*?$", "", head, flags=re.DOTALL | re.MULTILINE)
    lines = (clean_line(line.lstrip("#"), _TITLE_LENGTH) for line in text.splitlines())
    return next((line for line in lines if line), "")


def _bytes(text: str) -> bytes:
    """A lone surrogate, which a terminal may send, is no text: it becomes a question mark."""
    return text.encode(errors="replace")


def _words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
