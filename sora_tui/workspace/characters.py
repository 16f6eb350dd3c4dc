"""The characters that were made from this folder, with their ids at the servers."""

from __future__ import annotations

from collections.abc import Iterable

from sora_tui.core.job import Job
from sora_tui.core.problem import problem_error
from sora_tui.core.request import Character
from sora_tui.core.server import Server
from sora_tui.workspace.history import History


def characters_at(history: History, origin: str) -> list[Job]:
    """Return the jobs that made characters on this server, newest first, one for each name."""
    found: dict[str, Job] = {}
    for job in history.characters():
        if job.server.origin == origin:
            found.setdefault(job.request.prompt, job)
    return list(found.values())


def find_characters(
    history: History, server: Server, names: Iterable[str]
) -> tuple[Character, ...]:
    """Return the characters of this server that a person names: by name, job, or id there.

    Raises:
        ProblemError: character_unknown.
    """
    known = [job for job in history.characters() if job.server.origin == server.origin]

    def one(name: str) -> Character:
        for job in known:
            if name in {job.request.prompt, job.id, job.remote_id}:
                return Character(job.request.prompt, job.remote_id or "", job.id)
        raise problem_error("character_unknown", name=name, server=server.name)

    return tuple({one(name): None for name in names})
