"""`sora-tui adopt`: jobs that were made elsewhere, listed or adopted."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from sora_tui.cli import exits
from sora_tui.cli.console import Console
from sora_tui.cli.progress import progress_for
from sora_tui.cli.report import report
from sora_tui.cli.table import aligned
from sora_tui.cli.typical_time import typical_time_of
from sora_tui.cli.wait_for_jobs import running, wait_for_completion
from sora_tui.config.settings import Settings
from sora_tui.core.job import Job
from sora_tui.core.job_id import JOB_ID
from sora_tui.core.problem import Problem, problem, problem_error
from sora_tui.core.remote_video import Phase, RemoteVideo, inner_id
from sora_tui.core.server import Server
from sora_tui.core.text import clean_line
from sora_tui.engine.engine import Engine
from sora_tui.engine.events import RemoteListed
from sora_tui.engine.network_path import check_network_path
from sora_tui.engine.remote_jobs import (
    known_ids,
    list_remote,
    read_remote,
    unconfirmed_by_candidate,
)
from sora_tui.i18n import _, ngettext
from sora_tui.i18n.formatting import minute
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import waiting

#: Phases that --all leaves out, because there will be no clip.
_OVER = frozenset({Phase.FAILED, Phase.CANCELLED, Phase.EXPIRED})
#: How many of the newest jobs are searched for the one that has a video.
_NAMED = 200


EXAMPLES: Final = (
    "sora-tui adopt --server team-gw",
    "sora-tui adopt video_9c1e",
    "sora-tui adopt --all --no-wait",
)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of this subcommand."""
    command.add_argument(
        "ids", nargs="*", metavar="ID", help=_("video ids, as the server tells them")
    )
    command.add_argument(
        "--all", action="store_true", help=_("all that are listed and may have a clip")
    )
    command.add_argument(
        "--no-wait", action="store_true", help=_("leave as soon as they are in the history")
    )


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """List what the chosen server has and this folder does not know, or adopt it.

    Adopted jobs are polled and downloaded, earliest expiry first, and never sent.

    Raises:
        ProblemError: video_is_job, base_url_insecure, key_missing or key_command_failed; the
            reason why the folder cannot take a job.
    """
    for named in args.ids:
        if named.startswith("@") or JOB_ID.fullmatch(named):
            raise problem_error("video_is_job", job=named)
    settings.check_sendable()
    check_network_path(settings.server)
    folder, server = open_folder(settings.workspace), settings.server
    if args.ids:
        videos, problems = _read(folder, server, dict.fromkeys(args.ids), console)
    else:
        listed = list_remote(folder, server)
        problems = [listed.problem] if listed.problem else []
        if not args.all:
            _tell(listed, server, console)
            return _complain(problems, console)
        videos = [
            v for v in listed.videos if v.phase not in _OVER and v.id not in listed.unconfirmed
        ]
        if not videos and not problems:
            console.note(_("{server} has no job to adopt.").format(server=clean_line(server.name)))
    worst = _complain(problems, console)
    if not videos:
        return worst
    return max(worst, _adopt(args, folder, settings, videos, console))


def _read(
    folder: Folder, server: Server, ids: Iterable[str], console: Console
) -> tuple[list[RemoteVideo], list[Problem]]:
    """Return the videos of these ids, each asked for once, and why others are not available."""
    history = History(folder)
    known = known_ids(folder, history, server.origin)
    lost = unconfirmed_by_candidate(folder, history, server.origin)
    for video_id in ids:
        if job_id := lost.get(inner_id(video_id)):
            text = _(
                "{video} may be the clip of {job}, whose answer was lost. If it is, close that"
                " record: sora-tui wait {job} --give-up"
            )
            console.note(text.format(video=clean_line(video_id, 300), job=job_id))
    unknown = [video_id for video_id in ids if inner_id(video_id) not in known]
    taken = [
        problem("video_taken", video=video_id, **_owner(folder, history, video_id))
        for video_id in ids
        if video_id not in unknown
    ]
    history.close()
    found = read_remote(folder, server, unknown)
    videos = [video for video in found if isinstance(video, RemoteVideo)]
    if any(video.prompt is None for video in videos):
        # A gateway may give the prompts in its list alone (LiteLLM).
        listed = {inner_id(video.id): video for video in list_remote(folder, server).videos}
        videos = [_with_prompt(video, listed.get(inner_id(video.id))) for video in videos]
    return videos, [*taken, *(why for why in found if isinstance(why, Problem))]


def _with_prompt(video: RemoteVideo, listed: RemoteVideo | None) -> RemoteVideo:
    told = listed.prompt if listed is not None else None
    return video if video.prompt is not None else video._replace(prompt=told)


def _owner(folder: Folder, history: History, video_id: str) -> dict[str, str]:
    """Return the job that has a video, as a fact; empty if it is in the trash or an old one."""
    jobs = (*waiting(folder), *history.newest(_NAMED))
    owned = inner_id(video_id)
    owner = next((job.id for job in jobs if inner_id(job.remote_id or "") == owned), None)
    return {} if owner is None else {"job": owner}


def _adopt(
    args: argparse.Namespace,
    folder: Folder,
    settings: Settings,
    videos: list[RemoteVideo],
    console: Console,
) -> int:
    engine = Engine(folder, settings.servers, budget=settings.budget, alone=settings.alone)
    jobs = engine.adopt_remote(settings.server, videos)
    console.note(
        ngettext(
            "Adopted {count} job; nothing is sent and nothing is charged.",
            "Adopted {count} jobs; nothing is sent and nothing is charged.",
            len(jobs),
        ).format(count=len(jobs))
    )
    if args.no_wait:
        for job in jobs:
            console.document({"event": "adopted", "job": job.id, "id": job.remote_id})
            console.result(job.id)
        console.note(_("Whoever runs sora-tui here next saves them: sora-tui wait"))
        return exits.DONE
    history = History(folder)
    with running(engine, console) as items:
        outcome = wait_for_completion(
            engine,
            items,
            history,
            [job.id for job in jobs],
            progress_for(console, typical_time_of(history)),
            console,
            _is_at_rest,
        )
    return report(outcome, folder, console)


def _is_at_rest(job: Job) -> bool:
    return job.is_final


def _complain(problems: Iterable[Problem], console: Console) -> int:
    codes = []
    for why in problems:
        console.problem(why)
        codes.append(exits.BY_PROBLEM[why.code])
    return exits.worst(codes)


def _tell(listed: RemoteListed, server: Server, console: Console) -> None:
    for video in listed.videos:
        console.document(_document(video, listed))
    if listed.videos:
        for line in _table(listed):
            console.result(line)
        console.note(_("Take one in, at no cost: sora-tui adopt ID   all: sora-tui adopt --all"))
    elif listed.problem is None:
        console.note(
            _("{server} has no job that this folder does not know.").format(
                server=clean_line(server.name)
            )
        )
    if listed.unconfirmed:
        console.note(_("? may be a job whose answer was lost here; to take it for that job:"))
        for video_id, job_id in listed.unconfirmed.items():
            named = shlex.quote(clean_line(video_id, 300))
            console.note(f"  sora-tui wait {job_id} --adopt {named}")
    if listed.more:
        console.note(_("The server has more; these are the newest."))


def _document(video: RemoteVideo, listed: RemoteListed) -> dict[str, object]:
    return {
        "event": "remote",
        "server": listed.server,
        "id": video.id,
        "status": video.status,
        "progress": video.progress,
        "created_at": _stamp(video.created_at),
        "expires_at": _stamp(video.expires_at),
        "model": video.model,
        "size": video.size,
        "seconds": video.seconds,
        "prompt": video.prompt,
        "perhaps": listed.unconfirmed.get(video.id),
    }


def _table(listed: RemoteListed) -> Iterator[str]:
    """Yield aligned columns; the id comes last, whole: gateways' ids have up to 242 characters."""
    heads = ("", _("STATE"), _("CREATED"), _("EXPIRES"), _("SIZE"), _("SEC"), _("PROMPT"), "ID")
    return aligned([heads, *(_cells(video, listed) for video in listed.videos)])


def _cells(video: RemoteVideo, listed: RemoteListed) -> tuple[str, ...]:
    return (
        "?" if video.id in listed.unconfirmed else "",
        clean_line(video.status or "-", 16),
        _local(video.created_at),
        _local(video.expires_at),
        clean_line(video.size or "-", 12),
        clean_line(video.seconds or "-", 6),
        clean_line(video.prompt or "-", 32),
        clean_line(video.id, 2000),
    )


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _local(at: datetime | None) -> str:
    return "-" if at is None else minute(at)
