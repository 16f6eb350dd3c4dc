"""Prompt files as the editor opens and keeps them, and the safety of what was typed."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from sora_tui.config.settings import Settings
from sora_tui.core.problem import Problem, ProblemError, problem
from sora_tui.core.prompt import Prompt, parse_prompt
from sora_tui.i18n import _
from sora_tui.tui.state.draft import FIRST_SAMPLE, Draft, draft_of, kept, prompt_of
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.prompts import (
    SCRIPT_FILE,
    new_prompt,
    prompt_paths,
    read_source,
    save_prompt,
)
from sora_tui.workspace.variable_values import load_values

if TYPE_CHECKING:
    from datetime import datetime

    from sora_tui.workspace.drafts import Drafts, StoredDraft

#: Files that we named ourselves; git ignores them.
_OWN: Final = "prompts/untitled-"
_log = logging.getLogger(__name__)


class Opened(NamedTuple):
    """A prompt as it comes into the editor.

    Attributes:
        restored: When what was written and not kept was put in safety, None where all was kept.
        before: The file as it was kept, where the draft says something else.
        problem: Why it is not what it should be.
    """

    draft: Draft
    restored: datetime | None = None
    before: Draft | None = None
    problem: Problem | None = None


def open_first(folder: Folder, drafts: Drafts, settings: Settings) -> Opened:
    """What the editor holds at the start.

    That is what was written last and not kept, `prompt.md`, the newest text that was never given a
    name, the first sample, or any prompt there is. A workspace without prompts gets a sample text,
    never an empty field.
    """
    stored = drafts.newest()
    try:
        if stored is not None:
            return _restored(folder, stored, settings)
        file = _first_file(folder)
        if file is not None:
            return open_prompt(folder, drafts, file, settings)
    except ProblemError as error:
        return Opened(draft_of(Prompt(sample_text()), None, settings), problem=error.problem)
    return Opened(draft_of(Prompt(sample_text()), None, settings))


def _first_file(folder: Folder) -> str | None:
    files = [folder.relative(folder.root / path) for path in prompt_paths(folder)]
    own = [file for file in files if file.startswith(_OWN)]
    own.sort(key=lambda file: _modified(folder, file), reverse=True)
    wanted = [SCRIPT_FILE, *own, FIRST_SAMPLE]
    file = next((name for name in wanted if name in files), None)
    return file or max(files, key=lambda file: _modified(folder, file), default=None)


def _modified(folder: Folder, file: str) -> float:
    with suppress(OSError):
        return (folder.root / file).stat().st_mtime
    return 0.0


def open_prompt(folder: Folder, drafts: Drafts, file: str, settings: Settings) -> Opened:
    """The prompt file as it was left: what was written and not kept comes first.

    Raises:
        ProblemError: prompt_missing, prompt_unreadable or front_matter_broken.
    """
    stored = drafts.load(file)
    if stored is not None:
        return _restored(folder, stored, settings)
    return Opened(_as_kept(folder, file, settings))


def _as_kept(folder: Folder, file: str, settings: Settings) -> Draft:
    # Of prompt.md the comments too: they are not sent, and must not be lost either.
    source = read_source(folder.root / file)
    values = load_values(folder, file)
    try:
        prompt = parse_prompt(source)
    except ProblemError as error:
        facts = {"path": file, **error.problem.facts}
        raise ProblemError(problem(error.problem.code, **facts)) from None
    return draft_of(prompt, file, settings, source=source, values=values)


def _restored(folder: Folder, stored: StoredDraft, settings: Settings) -> Opened:
    """A draft over the file it belongs to, which may have changed or gone meanwhile."""
    before, changed = None, False
    try:
        before = _as_kept(folder, stored.file, settings)
        changed = before.source != stored.base
    except ProblemError as error:
        _log.warning("draft of %s: %s", stored.file, error)
    values = load_values(folder, stored.file)
    draft = draft_of(stored.prompt, stored.file, settings, source=stored.base, values=values)
    # What was changed is found against the file, not against the draft itself.
    base = _as_begun(stored, settings)
    draft = replace(draft, front=base.front, opened=base.opened)
    said = problem("prompt_changed", path=stored.file) if changed else None
    return Opened(draft, stored.at, before, said)


def _as_begun(stored: StoredDraft, settings: Settings) -> Draft:
    """What the file said when the draft was begun."""
    try:
        return draft_of(parse_prompt(stored.base), stored.file, settings, source=stored.base)
    except ProblemError:  # written by hand in the draft: nothing is known
        return draft_of(Prompt("", stored.prompt.settings), stored.file, settings)


def own_file(folder: Folder, draft: Draft) -> Draft:
    """The draft in a file that may be written: typing over a sample makes a copy of it.

    Raises:
        ProblemError: disk_full or folder_not_writable.
    """
    if not draft.is_sample:
        return draft
    # A copy says all its settings: nothing of it counts as written down already.
    return replace(draft, file=new_prompt(folder, draft.source), opened={})


def make_safe(drafts: Drafts, draft: Draft) -> None:
    """Put an edited draft on the disk without touching a file that the person has kept.

    Raises:
        ProblemError: disk_full or folder_not_writable.
    """
    assert draft.file is not None, "see own_file"
    prompt = prompt_of(draft)
    if draft.opened and prompt == parse_prompt(draft.source):
        drafts.clear(draft.file)  # typed and taken back
    else:
        drafts.save(draft.file, prompt, draft.source)


def put_away(folder: Folder, drafts: Drafts, draft: Draft) -> Draft:
    """Another prompt comes, or the end: files that we named ourselves are kept by themselves.

    Returns:
        The draft with the file it is in now.

    Raises:
        ProblemError: disk_full or folder_not_writable.
    """
    make_safe(drafts, draft)
    if draft.file is not None and draft.file.startswith(_OWN):
        with suppress(ProblemError):  # it is safe all the same
            return keep(folder, drafts, draft)
    return draft


def keep(folder: Folder, drafts: Drafts, draft: Draft) -> Draft:
    """Write prompt and settings into the draft's own file.

    A file that another program changed meanwhile stays: the draft then goes into a new one.

    Returns:
        The draft with the file it is in now.

    Raises:
        ProblemError: front_matter_broken, disk_full or folder_not_writable.
    """
    assert draft.file is not None, "see own_file"
    file = draft.file
    try:
        path = save_prompt(folder, file, prompt_of(draft), base=draft.source)
    except ProblemError as error:
        if error.problem.code != "prompt_changed":
            raise
        file = new_prompt(folder, draft.source, like=draft.file)
        path = save_prompt(folder, file, prompt_of(draft))
    drafts.clear(draft.file)
    return kept(replace(draft, file=file), read_source(path))


def sample_text() -> str:
    """A prompt for a workspace that has none."""
    return _(
        "A fishing harbour at dawn. Slow dolly past the boats, gulls over the masts, low sun on "
        "wet planks, a boy throws a rope. 35 mm, natural colour.\n\n"
        "Sound: water, one bell, distant engine."
    )
