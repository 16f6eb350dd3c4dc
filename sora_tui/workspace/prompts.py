"""Prompt files: listed, searched, read, saved, renamed, and moved to a trash."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.core.prompt import (
    Prompt,
    edit_source,
    format_prompt,
    parse_prompt,
    script_text,
    variables_in,
)
from sora_tui.core.text import clean_line, folded
from sora_tui.workspace.atomic import (
    NEW_FILE,
    claim_name,
    disk_refusals,
    sync_dir,
    write_all,
    write_atomic,
)
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.safe_open import open_named

#: Largest prompt file read, in bytes; the longest prompt has 32,000 characters.
#: File systems take names of 255 bytes; a suffix and a number are added to them.
_MOST_BYTES_OF_A_NAME: Final = 240
MAX_BYTES: Final = 1024 * 1024

#: The front matter keys that we write. Other keys belong to the person.
_OURS: Final = frozenset(
    {"model", "seconds", "size", "reference", "fit", "count", "tags", "params", "variables"}
)
#: The prompt file of the one-file script.
SCRIPT_FILE: Final = "prompt.md"
_SUFFIX: Final = ".md"
_UNTITLED: Final = "prompts/untitled.md"
_TITLE_LENGTH: Final = 80
#: Bytes of a file that are kept for the search; a longer file is read again for it.
_HEAD: Final = 4096


class PromptFile(NamedTuple):
    """A prompt file in a list.

    Attributes:
        path: Relative to the workspace, with `/`.
        name: What a person calls it: the path inside `prompts/` without `.md`.
        title: The first line of its text.
        is_default: It is `prompt.md`.
        variables: How many `{{variables}}` its beginning has.
    """

    path: str
    name: str
    title: str
    modified: datetime
    is_default: bool = False
    variables: int = 0


class PromptShelf:
    """The prompt files of a folder. A file that was read is read again only when it changed."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        #: By absolute path: the file system's stamp, the entry, and name and text to search.
        self._known: dict[str, tuple[tuple[int, int, int], PromptFile, str]] = {}

    def list(self) -> list[PromptFile]:
        """Return `prompt.md`, if there is one, then `prompts/**/*.md`, newest first.

        Hidden files are left out, and links to folders are not followed.
        """
        known = self._known
        found = (
            (path, _entry(self._folder, path, known.get(path)))
            for path in prompt_paths(self._folder)
        )
        # Replaced whole, because another thread may be searching.
        self._known = {path: entry for path, entry in found if entry is not None}
        return sorted(
            (file for _stamp, file, _text in self._known.values()),
            key=lambda file: (not file.is_default, -file.modified.timestamp(), file.path),
        )

    def search(self, words: str) -> set[str]:
        """Return the paths of the files last listed whose name and text have all these words."""
        wanted = folded(words).split()
        return {
            file.path
            for path, (_stamp, file, head) in self._known.items()
            if all(word in head for word in wanted)
            or (len(head) >= _HEAD and all(word in _whole(path, file) for word in wanted))
        }


def prompt_paths(folder: Folder) -> Iterator[str]:
    """Yield the absolute paths of prompt files, `prompt.md` first, without reading any."""
    if folder.prompt_md.exists():
        yield str(folder.prompt_md)
    for place, folders, names in os.walk(folder.prompts):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (
            f"{place}/{name}"
            for name in names
            if name.endswith(_SUFFIX) and not name.startswith(".")
        )


def list_prompts(folder: Folder) -> list[PromptFile]:
    """Return `PromptShelf.list`, for one use."""
    return PromptShelf(folder).list()


def read_prompt(path: Path) -> Prompt:
    """Return the prompt in a file. A file named `prompt.md` is read as the one-file script did.

    Any file that the person names is accepted, a pipe that the shell opened included.

    Raises:
        ProblemError: prompt_missing; prompt_unreadable (not UTF-8, larger than `MAX_BYTES`, no
            permission); front_matter_broken with path, line and reason.
    """
    prompt = _parsed(path, read_source(path))
    if path.name == "prompt.md":
        return prompt._replace(text=script_text(prompt.text))
    return prompt


def read_source(path: Path) -> str:
    """Return a prompt file exactly as it is: front matter, line ends, byte order mark.

    Raises:
        ProblemError: prompt_missing or prompt_unreadable.
    """
    try:
        with open_named(path) as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise problem_error("prompt_missing", path=str(path)) from None
    except (OSError, ValueError) as error:  # a NUL in the name is a ValueError
        raise problem_error("prompt_unreadable", path=str(path), reason=_words(error)) from None
    if len(data) > MAX_BYTES:
        reason = f"larger than {MAX_BYTES} bytes"
        raise problem_error("prompt_unreadable", path=str(path), reason=reason)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"line {line} is not UTF-8"
        raise problem_error("prompt_unreadable", path=str(path), reason=reason) from None


def save_prompt(
    folder: Folder, name: str | Path, prompt: Prompt, *, base: str | None = None
) -> Path:
    """Save a prompt in its file. The parts of the file that did not change stay as they are.

    Args:
        folder: The workspace.
        name: `prompt.md`, a path in the workspace such as `prompts/fox.md`, or just `fox`.
        prompt: The prompt to save.
        base: The content of the file that was last read; None accepts any.

    Returns:
        The file, absolute.

    Raises:
        ProblemError: prompt_changed where the file is not `base` any more; front_matter_broken
            where it holds front matter that cannot be read and would be lost; folder_not_writable,
            also for a place outside `prompts/`; disk_full.
    """
    path = _place_of(folder, Path(name))
    try:
        rights, source = path.stat().st_mode & 0o777, read_source(path)
    except FileNotFoundError:
        rights, source = None, None
    if base is not None and source is not None and source != base:
        raise problem_error("prompt_changed", path=folder.relative(path))
    if source is None and base is None:
        written = format_prompt(prompt)
    else:
        # A file that is gone is written as it was last read.
        source = base or "" if source is None else source
        there = _parsed(path, source).settings
        theirs = {key: value for key, value in there.items() if key not in _OURS}
        written = edit_source(source, prompt._replace(settings={**theirs, **prompt.settings}))
    if written != source:
        with disk_refusals(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, _bytes(written), 0o644, rights=rights)
    return path


def new_prompt(folder: Folder, source: str = "", like: str = _UNTITLED) -> str:
    """Make a prompt file under an unused name, and return it as `PromptFile.path`.

    Args:
        folder: The workspace.
        source: The content of the new file.
        like: The path in the workspace that gets a number: `prompts/fox.md` gives
            `prompts/fox-2.md`; without it the name is `prompts/untitled-1.md`.

    Raises:
        ProblemError: disk_full, folder_not_writable or folder_missing.
    """
    stem = re.sub(r"-\d+\Z", "", Path(like).stem)
    place = folder.prompts if like == SCRIPT_FILE else _place_of(folder, Path(like)).parent
    for number in count(1 if like == _UNTITLED else 2):
        path = place / f"{stem}-{number}{_SUFFIX}"
        with disk_refusals(path):
            try:
                fd = os.open(path, NEW_FILE, 0o644)
            except FileExistsError:
                continue
            try:
                write_all(fd, _bytes(source))
                os.fsync(fd)
            finally:
                os.close(fd)
            sync_dir(path.parent)
            return folder.relative(path)
    raise AssertionError("numbers do not end")


def rename_prompt(folder: Folder, name: str, to: str) -> str:
    """Give a prompt file another name in `prompts/`; a file that has the name keeps it.

    Args:
        folder: The workspace.
        name: As `PromptFile.path`.
        to: As a person writes it: `fox`, `animals/fox` or `prompts/animals/fox.md`.

    Returns:
        The new `PromptFile.path`.

    Raises:
        ProblemError: prompt_name_invalid, prompt_taken, prompt_missing, disk_full or
            folder_not_writable.
    """
    wanted = Path(to.strip().removesuffix(_SUFFIX).removeprefix("prompts/"))
    if not wanted.name or wanted.name.startswith(".") or wanted.is_absolute():
        raise problem_error("prompt_name_invalid", name=to)
    if any(len(os.fsencode(part)) > _MOST_BYTES_OF_A_NAME for part in wanted.parts):
        raise problem_error("prompt_name_invalid", name=to)
    target = _place_of(folder, Path("prompts") / wanted.with_name(wanted.name + _SUFFIX))
    _move(folder.root / name, target)
    return folder.relative(target)


def trash_prompt(folder: Folder, name: str, at: datetime) -> str:
    """Move a prompt file into `prompts/.trash/`, into a folder named after this moment.

    Args:
        folder: The workspace.
        name: As `PromptFile.path`; it is kept below the moment's folder.
        at: The time that names the folder.

    Returns:
        Its new path, relative to the workspace.

    Raises:
        ProblemError: prompt_missing, disk_full or folder_not_writable.
    """
    moment = folder.prompts_trash / f"{at:%Y%m%d-%H%M%S.%f}"
    while moment.exists():
        moment = moment.with_name(moment.name + "-1")
    _move(folder.root / name, moment / name)
    return folder.relative(moment / name)


def untrash_prompt(folder: Folder) -> tuple[str, str] | None:
    """Restore the prompt file that was trashed last; None where the trash is empty.

    Returns:
        Its path in the trash, and its `PromptFile.path`, with a number where another file has
        taken its name.

    Raises:
        ProblemError: disk_full or folder_not_writable.
    """
    with suppress(FileNotFoundError):
        for moment in sorted(folder.prompts_trash.iterdir(), reverse=True):
            found = next((path for path in moment.rglob(f"*{_SUFFIX}") if path.is_file()), None)
            if found is not None:
                name = found.relative_to(moment).as_posix()
                return folder.relative(found), _untrash(folder, found, name)
    return None


def _untrash(folder: Folder, found: Path, name: str) -> str:
    target = folder.root / name
    for number in count(2):
        try:
            _move(found, target)
        except ProblemError as error:
            if error.problem.code != "prompt_taken":
                raise
            target = (folder.root / name).with_name(f"{Path(name).stem}-{number}{_SUFFIX}")
        else:
            break
    with suppress(OSError):  # folders that are not empty stay
        for empty in found.parents:
            if empty == folder.prompts_trash:
                break
            empty.rmdir()
    return folder.relative(target)


def _move(path: Path, target: Path) -> None:
    """Move a file without taking another one's name: add the new name, then remove the old."""
    with disk_refusals(target):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            claim_name(path, target)
        except FileExistsError:
            raise problem_error("prompt_taken", name=target.stem) from None
        except FileNotFoundError:
            raise problem_error("prompt_missing", path=str(path)) from None
        path.unlink(missing_ok=True)
        sync_dir(target.parent)
        sync_dir(path.parent)


def _parsed(path: Path, source: str) -> Prompt:
    try:
        return parse_prompt(source)
    except ProblemError as error:
        facts = dict(error.problem.facts)
        raise problem_error(error.problem.code, path=str(path), **facts) from None


def _place_of(folder: Folder, name: Path) -> Path:
    path = name if name.suffix == _SUFFIX else name.with_name(name.name + _SUFFIX)
    if len(path.parts) == 1 and path != Path("prompt.md"):
        path = folder.prompts / path
    path = (folder.root / path).resolve()
    if path != folder.prompt_md.resolve() and not path.is_relative_to(folder.prompts.resolve()):
        raise problem_error("prompt_name_invalid", name=str(name))
    return path


def _entry(
    folder: Folder, path: str, known: tuple[tuple[int, int, int], PromptFile, str] | None
) -> tuple[tuple[int, int, int], PromptFile, str] | None:
    """Return the entry of one file, None where it cannot be read."""
    try:
        status = os.stat(path)  # noqa: PTH116  # ten thousand of them: a Path costs as much again
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if known is not None and known[0] == stamp:
            return known
        if not stat.S_ISREG(status.st_mode):  # a FIFO would block
            return None
        with open(path, "rb") as file:  # noqa: PTH123
            head = file.read(_HEAD).decode("utf-8-sig", "replace")
    except OSError:
        return None
    is_default = path == str(folder.prompt_md)
    relative = path.removeprefix(f"{folder.root}/")
    name = relative if is_default else relative.removeprefix("prompts/").removesuffix(_SUFFIX)
    modified = _modified(status)
    file_entry = PromptFile(
        relative, name, _title(head), modified, is_default, len(variables_in(head))
    )
    return stamp, file_entry, folded(f"{name}\n{head}")


def _modified(status: os.stat_result) -> datetime:
    """Return when a file was last written, by the file system's clock."""
    return datetime.fromtimestamp(status.st_mtime, UTC)


def _whole(path: str, file: PromptFile) -> str:
    try:
        return folded(f"{file.name}\n{read_source(Path(path))}")
    except ProblemError:
        return ""


def _title(head: str) -> str:
    """Return the first line with text: no front matter, no blank line, no mark of a heading."""
    text = re.sub(r"\A\+\+\+\s*?\n.*?^\+\+\+\s*?$", "", head, flags=re.DOTALL | re.MULTILINE)
    lines = (clean_line(line.lstrip("#"), _TITLE_LENGTH) for line in text.splitlines())
    return next((line for line in lines if line), "")


def _bytes(text: str) -> bytes:
    """Return the text in UTF-8, with `?` for a lone surrogate, which a terminal may send."""
    return text.encode(errors="replace")


def _words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
