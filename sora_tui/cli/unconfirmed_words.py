"""Texts about a lost answer on the command line: what was found, and what can be done."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from sora_tui.core.job import Job
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.i18n.recovery import created_words, found_words, same_words


def candidate_lines(job: Job) -> Iterator[str]:
    """Yield the candidates, numbered from 1."""
    yield found_words(job)
    found = job.search.found if job.search else ()
    for number, candidate in enumerate(found, start=1):
        shown = clean_line(candidate.id, 300)
        yield f"  {number}  {shown}  {created_words(candidate)}  {same_words(candidate)}"


def resolution_commands(job: Job) -> Iterator[str]:
    """Yield the commands with which to decide without a terminal."""
    found = job.search.found if job.search else ()
    video = clean_line(found[0].id, 300) if len(found) == 1 else _("VIDEO_ID")
    has_list = job.request.operation != "character" and (job.search is None or job.search.listed)
    if not found and has_list:
        yield _("Which ids it may be: {command}").format(
            command=f"sora-tui adopt --server {shlex.quote(job.server.profile)}"
        )
    command = f"sora-tui wait {job.id}"
    if job.attempts:
        yield _("Decide with one of these, or answer sora-tui wait in a terminal:")
    else:
        yield _("It waits for your yes: one of these, or answer sora-tui wait in a terminal:")
    yield f"  {command} --adopt {video}  " + _("(no new cost)")
    yield f"  {command} --send-again  " + resend_cost_words(job)
    yield f"  {command} --give-up  " + _("(a record stays)")


def resend_cost_words(job: Job) -> str:
    """Return what sending again may cost."""
    if not job.attempts:
        return _("(sends it; billed twice if it was sent elsewhere)")
    if job.is_free:
        return _("(may make a second clip)")
    return _("(may be billed twice)")
