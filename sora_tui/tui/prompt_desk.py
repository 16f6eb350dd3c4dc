"""Prompt files as the editor opens and keeps them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sora_tui.config.settings import Settings
from sora_tui.core.problem import Problem, ProblemError
from sora_tui.core.prompt import Prompt, parse_prompt
from sora_tui.i18n import _
from sora_tui.tui.draft import FIRST_SAMPLE, SCRIPT_FILE, Draft, draft_of, prompt_of
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.prompts import (
    clear_draft,
    list_prompts,
    load_draft,
    new_prompt_name,
    read_prompt,
    read_source,
    save_draft,
    save_prompt,
)

#: Files that we named ourselves; git ignores them.
_OWN: Final = "prompts/untitled-"


def open_first(folder: Folder, settings: Settings) -> tuple[Draft, Problem | None]:
    """What the editor holds at the start, and why it is not what it should be.

    That is `prompt.md`, the newest text that was never given a name, the first sample, or any
    prompt there is. A workspace without prompts gets a sample text, never an empty field.
    """
    names = [file.path for file in list_prompts(folder)]
    own = [name for name in names if name.startswith(_OWN)]
    wanted = [SCRIPT_FILE, *own, FIRST_SAMPLE, *names]
    file = next((name for name in wanted if name in names), None)
    if file is not None:
        try:
            return open_prompt(folder, file, settings), None
        except ProblemError as error:
            return draft_of(Prompt(sample_text()), None, settings), error.problem
    return draft_of(Prompt(sample_text()), None, settings), None


def open_prompt(folder: Folder, file: str, settings: Settings) -> Draft:
    """The prompt file as it was left: what was written and not kept comes first.

    Raises:
        ProblemError: prompt_missing, prompt_unreadable or front_matter_broken.
    """
    prompt = load_draft(folder, file)
    if prompt is None and file == SCRIPT_FILE:
        # Its comments are not sent, and must not be lost either.
        prompt = parse_prompt(read_source(folder.prompt_md))
    return draft_of(prompt or read_prompt(folder.root / file), file, settings)


def own_file(folder: Folder, draft: Draft) -> Draft:
    """The draft in a file that may be written: typing over a sample makes a copy of it."""
    if not draft.is_sample:
        return draft
    return replace(draft, file=f"prompts/{new_prompt_name(folder)}.md")


def make_safe(folder: Folder, draft: Draft) -> None:
    """Put an edited draft on the disk without touching a file that the person has kept.

    Files that we named ourselves are their own draft.

    Raises:
        ProblemError: disk_full or folder_not_writable.
    """
    if draft.file is None or draft.file.startswith(_OWN):
        keep(folder, draft)
    else:
        save_draft(folder, draft.file, prompt_of(draft))


def keep(folder: Folder, draft: Draft) -> None:
    """Write prompt and settings into the draft's own file.

    Raises:
        ProblemError: front_matter_broken, disk_full or folder_not_writable.
    """
    file = own_file(folder, draft).file
    assert file is not None
    save_prompt(folder, file, prompt_of(draft))
    clear_draft(folder, file)


def sample_text() -> str:
    """A prompt for a workspace that has none."""
    return _(
        "A fishing harbour at dawn. Slow dolly past the boats, gulls over the masts, low sun on "
        "wet planks, a boy throws a rope. 35 mm, natural colour.\n\n"
        "Sound: water, one bell, distant engine."
    )
