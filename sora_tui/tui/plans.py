"""What a key on one or many jobs would do: to which of them, at what price or loss, asked how."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from sora_tui.config.settings import Settings
from sora_tui.core.job import Consent, Job, State
from sora_tui.core.price import Price, PriceKind
from sora_tui.core.problem import ProblemError, Spent, problem_error
from sora_tui.core.server import Server, profile_for
from sora_tui.core.text import clean_line
from sora_tui.engine.knowledge import unsupported
from sora_tui.engine.quote import ending, quote
from sora_tui.engine.way import check_way
from sora_tui.i18n import _, ngettext
from sora_tui.i18n.amounts import money
from sora_tui.i18n.endings import ending_words
from sora_tui.tui.job_words import server_name
from sora_tui.tui.order import Question
from sora_tui.tui.ordering import check_budget
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.learnt import Memory
from sora_tui.workspace.verdicts import refusal_before

#: From this many jobs on it is asked even where nothing is charged.
_MANY = 2


class Again(NamedTuple):
    """A job that is made once more, as it was agreed to."""

    job: Job
    server: Server
    price: Price
    despite_refusal: bool

    def consent(self, at: datetime) -> Consent:
        """What the person agreed to at `at` (UTC)."""
        price = self.price
        return Consent(
            price.kind.value, at, price.sum, price.currency, despite_refusal=self.despite_refusal
        )


class Plan(NamedTuple):
    """What is done when the person says yes.

    Attributes:
        jobs: Whom the verb is commanded for.
        again: What is made as a new job.
        question: None: nothing is lost or paid, so it is done at once.
        note: What there is to say of jobs that it does not concern.
    """

    verb: Literal["cancel", "delete", "retry"]
    jobs: tuple[Job, ...] = ()
    again: tuple[Again, ...] = ()
    question: Question | None = None
    note: str = ""


def plan_cancel(jobs: Sequence[Job]) -> Plan:
    """Take back what waits; what was sent cannot be stopped from here, and that is said."""
    waiting = tuple(job for job in jobs if job.state is State.PENDING)
    sent = [job for job in jobs if job.is_active and job.state is not State.PENDING]
    note = _already_sent(sent)
    if not waiting:
        return Plan("cancel", note=note or _("There is nothing to take back."))
    asked = ngettext(
        "Take {count} job back? It was not sent, nothing is billed.",
        "Take {count} jobs back? They were not sent, nothing is billed.",
        len(waiting),
    ).format(count=len(waiting))
    facts = note or _named(waiting)
    return Plan("cancel", waiting, (), Question(asked, facts, _("y take back   any other key: no")))


def plan_delete(jobs: Sequence[Job]) -> Plan:
    """Move records to the trash; the clips stay."""
    resting = tuple(job for job in jobs if job.is_final and not job.needs_you)
    left = len(jobs) - len(resting)
    note = ""
    if left:
        note = ngettext(
            "{count} under way or undecided stays",
            "{count} under way or undecided stay",
            left,
        ).format(count=left)
    if not resting:
        return Plan("delete", note=note)
    asked = ngettext(
        "Move {count} record to metadata/.trash/?",
        "Move {count} records to metadata/.trash/?",
        len(resting),
    ).format(count=len(resting))
    clips = sum(len(job.outputs) for job in resting)
    loss = _("no clip belongs to it")
    if clips:
        loss = ngettext(
            "{count} clip stays in output/", "{count} clips stay in output/", clips
        ).format(count=clips)
    facts = "  ".join(part for part in (_named(resting), loss, note) if part)
    return Plan("delete", resting, (), Question(asked, facts, _("y delete   any other key: no")))


def plan_retry(jobs: Sequence[Job], folder: Folder, settings: Settings, now: datetime) -> Plan:
    """Make the same once more, as new jobs with a price of their own.

    A job that was never sent is tried again itself: it was agreed to, and nothing was paid.

    Raises:
        ProblemError: profile_unknown, key_missing, over_budget, operation_unsupported: nothing is
            sent.
    """
    again = tuple(
        _again(job, folder, settings)
        for job in jobs
        if job.is_final and not job.needs_you and job.state is not State.NOT_SENT
    )
    unsent = tuple(job for job in jobs if job.state is State.NOT_SENT)
    left = len(jobs) - len(again) - len(unsent)
    note = ""
    if left:
        note = ngettext(
            "{count} job is under way or needs a decision first.",
            "{count} jobs are under way or need a decision first.",
            left,
        ).format(count=left)
    if not again and not unsent:
        return Plan("retry", note=note)
    every = (*again, *(_again(job, folder, settings) for job in unsent))
    today = ""
    for server in {one.server.name: one.server for one in every}.values():
        at_server = [one.price for one in every if one.server.name == server.name]
        dearest = max(at_server, key=lambda price: price.sum or Decimal(0))
        today = check_budget(folder, settings.budget, server, dearest, len(at_server), now)
    ends = (ending_words(ending(one.server, one.job.request.model), now.date()) for one in every)
    question = _question_again(every, (today, note, *dict.fromkeys(ends)))
    return Plan("retry", unsent, again, question, note)


def _again(job: Job, folder: Folder, settings: Settings) -> Again:
    server = profile_for(settings.servers, job.server)
    if server is None:
        raise problem_error("profile_unknown", name=job.server.profile)
    settings.on(server.name).check_sendable()
    check_way(server)
    if (missing := unsupported(server, Memory(folder), job.request)) is not None:
        raise ProblemError(missing)
    refused = refusal_before(folder, server.origin, job.request) is not None
    return Again(job, server, quote(server, job.request), refused)


def _question_again(every: Sequence[Again], known: Iterable[str]) -> Question | None:
    refused = any(one.despite_refusal for one in every)
    charged = any(one.price.kind is not PriceKind.FREE for one in every)
    if not (refused or charged or len(every) >= _MANY):
        return None
    count = len(every)
    clips = ngettext("{count} new clip", "{count} new clips", count).format(count=count)
    hosts = ", ".join(sorted({clean_line(one.server.name, 40) for one in every}))
    asked = _("Make {clips} on {servers}: {sum}?").format(
        clips=clips, servers=hosts, sum=_total(every)
    )
    perhaps = sum(
        one.job.error is not None and one.job.error.spent is not Spent.NO and not one.job.simulated
        for one in every
    )
    facts = list(known)
    if perhaps:
        facts.insert(0, _("the first one may have been billed too"))
    if refused:
        facts.insert(0, _("this prompt was refused there before"))
        answers = _("s send all the same   any other key: no")
    else:
        answers = _("y send   any other key: no")
    said = "  ".join(part for part in facts if part) or _named([one.job for one in every])
    return Question(asked, said, answers, yes="sS" if refused else "")


def _total(every: Sequence[Again]) -> str:
    """`about $1.20`, with what nobody knows named."""
    sums: dict[str, Decimal] = {}
    for one in every:
        if one.price.sum:
            sums[one.price.currency] = sums.get(one.price.currency, Decimal(0)) + one.price.sum
    said = [_("about {sum}").format(sum=money(sum, currency)) for currency, sum in sums.items()]
    if any(one.price.sum is None for one in every):
        said.append(_("a price that the server does not say"))
    return " + ".join(said) or _("free")


def _already_sent(sent: Sequence[Job]) -> str:
    if not sent:
        return ""
    if len(sent) > 1:
        return _(
            "{count} were sent already and cannot be stopped from here: they go on, and cost what"
            " they cost."
        ).format(count=len(sent))
    (job,) = sent
    name = server_name(job)
    if job.simulated:
        text = _("It was sent to {server} and goes on there: it costs nothing.")
    else:
        text = _(
            "It was sent to {server} and cannot be stopped from here: it goes on, is billed, and"
            " its clip is saved."
        )
    return text.format(server=name)


def _named(jobs: Sequence[Job]) -> str:
    """Which job it is, where it is one."""
    return clean_line(jobs[0].request.prompt, 48) if len(jobs) == 1 else ""


def done_words(plan: Plan) -> str:
    """What to say once the commands of a plan were handed over."""
    count = len(plan.jobs)
    if plan.verb == "delete":
        text = ngettext(
            "{count} record goes to metadata/.trash/.",
            "{count} records go to metadata/.trash/.",
            count,
        )
    elif plan.verb == "cancel":
        text = ngettext("{count} job is taken back.", "{count} jobs are taken back.", count)
    else:
        text = ngettext("{count} job is tried again.", "{count} jobs are tried again.", count)
    return text.format(count=count)
