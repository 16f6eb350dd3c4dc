"""Requests and commands on their way to the owner, as files.

A request is the job's complete document. One rename moves it into `metadata/` (the owner claims it)
or into the trash (the sender withdraws it): the process whose rename succeeds has it.
"""

from __future__ import annotations

import json
import logging
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args

from sora_tui.core.job import Job, State
from sora_tui.core.job_id import JOB_ID
from sora_tui.core.problem import Problem, ProblemError
from sora_tui.workspace.atomic import chance, disk_refusals, sync_dir, write_atomic
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.folder_mark import folder_mark
from sora_tui.workspace.job_document import SUFFIX, decode, encode, job_id_of, read_bytes

Verb = Literal["cancel", "retry", "adopt", "abandon", "delete", "look"]

_COMMAND_SUFFIX: Final = ".cmd.json"
_log = logging.getLogger(__name__)


class Command(NamedTuple):
    """What a person wants the owner to do with a job.

    Attributes:
        argument: What the verb needs: a remote id to adopt, the text of a note, `remote` to delete
            at the server as well.
    """

    job_id: str
    verb: Verb
    argument: str = ""


def hand_in(folder: Folder, job: Job) -> Job:
    """Ask the owner to run a job. Durable once this returns.

    Returns:
        The job as it was handed in: one that waits to be sent has the mark of the folder.

    Raises:
        ProblemError: disk_full, folder_not_writable or folder_missing; nothing was handed in.
    """
    request = folder.inbox / f"{job.id}{SUFFIX}"
    if job.state is State.PENDING:
        job = replace(job, handed_in=folder_mark(folder))
    try:
        write_atomic(request, encode(job))
    except ProblemError:
        # Its name may exist already, but not durably. If an owner has taken it, it is sent, and was
        # handed in; otherwise it must not be found after we say that it was not handed in.
        with suppress(OSError):
            request.unlink()
        if not (folder.metadata / request.name).exists():
            raise
    return job


def waiting(folder: Folder) -> list[Job]:
    """Return requests that no owner has claimed yet, oldest first, without unreadable ones."""
    return waiting_and_broken(folder)[0]


def waiting_and_broken(folder: Folder) -> tuple[list[Job], list[Problem]]:
    """Return the requests that no owner has claimed, oldest first, and why others are unreadable.

    For decisions about money: an unreadable request may still be sent once it is repaired.
    """
    jobs: list[Job] = []
    broken: list[Problem] = []
    for name in _requests(folder):
        try:
            jobs.append(_read(folder.inbox / name))
        except FileNotFoundError:
            continue
        except ProblemError as error:
            broken.append(error.problem)
    return jobs, broken


def claim(folder: Folder) -> list[Job]:
    """Move every request into `metadata/`, oldest first, and return them. For the owner alone.

    A request that cannot be read is moved like the others, and is reported there as a broken
    document. One whose id is taken goes to `.conflicts/`: a document is never overwritten. Only
    pending and adopted jobs are returned: any other one is history that was moved in by hand, not
    an order.

    Raises:
        ProblemError: folder_not_writable or folder_missing.
    """
    # Without an fsync: the intent, which comes before anything is paid, makes the name durable.
    jobs: list[Job] = []
    for name in _requests(folder):
        try:
            if not _take(folder, name):
                continue
        except ProblemError:
            if not jobs:
                raise
            break  # what is claimed already must not be forgotten because of one that is not
        try:
            jobs.append(_read(folder.metadata / name))
        except (FileNotFoundError, ProblemError) as error:
            _log.warning("request %s cannot be run: %s", name, error)
    return [job for job in jobs if job.state is State.PENDING or job.is_adopted]


def withdraw(folder: Folder, job_id: str) -> bool:
    """Take a request back before the owner claims it; return False if the owner has it already.

    Raises:
        ProblemError: folder_not_writable.
    """
    request = folder.inbox / f"{job_id}{SUFFIX}"
    if not JOB_ID.fullmatch(job_id) or not request.exists():
        return False
    with disk_refusals(request):
        try:
            request.rename(folder.trash / request.name)
        except FileNotFoundError:
            return False
        sync_dir(folder.inbox)
    return True


def send_command(folder: Folder, command: Command) -> None:
    """Leave a command for the owner. Durable once this returns.

    Raises:
        ProblemError: disk_full, folder_not_writable or folder_missing.
    """
    name = f"{time.time_ns():020d}-{chance()}{_COMMAND_SUFFIX}"
    write_atomic(folder.inbox / name, json.dumps(command._asdict()).encode() + b"\n")


def commands(folder: Folder) -> list[tuple[Path, Command]]:
    """Return the commands that wait, in the order of their sending. For the owner alone.

    The name of the file is the id of the command: the owner writes it into the job's events
    together with the change, then calls `done`, so that a replay after a crash is recognized. What
    cannot be read goes to `.conflicts/`.
    """
    found = []
    for name in _names(folder):
        path = folder.inbox / name
        if not name.endswith(_COMMAND_SUFFIX) or name.startswith("."):
            continue
        try:
            found.append((path, _read_command(path)))
        except FileNotFoundError:
            continue
        except (ProblemError, ValueError, KeyError, TypeError, RecursionError) as error:
            _log.warning("command %s cannot be read: %s", name, error)
            with disk_refusals(folder.conflicts / name):
                path.rename(folder.conflicts / name)
    return found


def done(path: Path) -> None:
    """Remove a command that was carried out, or never can be."""
    path.unlink(missing_ok=True)


def _names(folder: Folder) -> list[str]:
    try:
        return sorted(path.name for path in folder.inbox.iterdir())
    except FileNotFoundError:
        return []


def _requests(folder: Folder) -> list[str]:
    return [name for name in _names(folder) if job_id_of(name)]


def _take(folder: Folder, name: str) -> bool:
    request = folder.inbox / name
    taken = (folder.metadata / name).exists()
    target = (folder.conflicts if taken else folder.metadata) / name
    with disk_refusals(target):
        try:
            request.rename(target)
        except FileNotFoundError:
            return False  # withdrawn a moment ago
    if taken:
        _log.warning("request %s has the id of a document; kept in .conflicts", name)
    return not taken


def _read(path: Path) -> Job:
    return decode(path, read_bytes(path)[0])


def _read_command(path: Path) -> Command:
    said = json.loads(read_bytes(path)[0])
    command = Command(str(said["job_id"]), said["verb"], str(said.get("argument") or ""))
    if command.verb not in get_args(Verb) or not JOB_ID.fullmatch(command.job_id):
        raise ValueError(f"{command.verb!r} of {command.job_id!r}")
    return command
