"""Deleting a video at its server: what it does there, and the command for it."""

from __future__ import annotations

from typing import Final

from sora_tui.config.settings import Settings
from sora_tui.core.job import Job
from sora_tui.core.probe_result import DeleteMeans
from sora_tui.core.problem import problem_error
from sora_tui.core.server import profile_for
from sora_tui.engine.capabilities import delete_means
from sora_tui.i18n import N_
from sora_tui.workspace.capability_cache import CapabilityCache
from sora_tui.workspace.folder import Folder

#: What `DELETE` does at a server, for a person who is about to use it.
MEANS: Final[dict[DeleteMeans, str]] = {
    "deletes": N_("{host} deletes the video and its files."),
    "cancels": N_("{host} deletes the video and its files; a job that runs is stopped there."),
    "forgets": N_(
        "{host} forgets the video; a job that runs goes on there, and its clip cannot be had"
        " any more."
    ),
    "none": N_("{host} is known to have no way to delete; it is asked all the same."),
    "unknown": N_("What {host} does is not known; a job that runs may go on there."),
}


def means_at_server(job: Job, settings: Settings, folder: Folder) -> DeleteMeans:
    """Return what deleting the job's video does at its server.

    Raises:
        ProblemError: profile_unknown.
    """
    server = profile_for(settings.servers, job.server)
    if server is None:
        raise problem_error("profile_unknown", name=job.server.profile)
    return delete_means(server, CapabilityCache(folder))


def delete_command(job: Job) -> str:
    """Return the command that deletes a job's video at its server."""
    return f"sora-tui delete {job.id} --remote --yes"
