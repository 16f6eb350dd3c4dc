"""What a key on one or many jobs would do: to which of them, at what price or loss, asked how."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from sora_tui.core.job import Job, State
from sora_tui.core.price import Ask
from sora_tui.core.problem import Spent
from sora_tui.core.text import clean_line
from sora_tui.engine.orders import Line, Order
from sora_tui.i18n import _, ngettext
from sora_tui.i18n.formatting import money
from sora_tui.tui.presenters.job_status import server_name
from sora_tui.tui.presenters.order import Question, note_of, today_of

#: From this many jobs on it is asked even where nothing is charged.
_MANY = 2


class Plan(NamedTuple):
    """What is done when the person says yes.

    Attributes:
        jobs: Whom the verb is commanded for.
        order: What is made or tried once more.
        question: None: nothing is lost or paid, so it is done at once.
        note: What there is to say of jobs that it does not concern.
    """

    verb: Literal["cancel", "delete", "retry"]
    jobs: tuple[Job, ...] = ()
    order: Order | None = None
    question: Question | None = None
    note: str = ""

    @property
    def retried(self) -> tuple[Line, ...]:
        """What is tried again itself."""
        lines = () if self.order is None else self.order.lines
        return tuple(line for line in lines if line.way == "retry")


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
    return Plan(
        "cancel", waiting, None, Question(asked, facts, _("y take back   any other key: no"))
    )


def plan_delete(jobs: Sequence[Job]) -> Plan:
    """Move records to the trash; the clips stay."""
    resting = tuple(job for job in jobs if job.is_final and not job.needs_decision)
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
    facts = "  ".join(part for part in (_named(resting), _staying(resting), note) if part)
    question = Question(asked, facts, _("y delete   any other key: no"))
    return Plan("delete", resting, question=question)


def _staying(jobs: Sequence[Job]) -> str:
    """Return which files of these jobs stay, and where: clips and their previews."""
    outputs = [output for job in jobs for output in job.outputs]
    if not outputs:
        return _("no file belongs to it")
    if len(outputs) == 1:
        return _("its clip stays: {path}").format(path=clean_line(outputs[0].path, 80))
    clips = sum(output.is_clip for output in outputs)
    places = ", ".join(sorted({f"{PurePosixPath(output.path).parent}/" for output in outputs}))
    said = ngettext("{count} clip stays", "{count} clips stay", clips).format(count=clips)
    if previews := len(outputs) - clips:
        text = ngettext(
            "{clips}, with {count} preview picture",
            "{clips}, with {count} preview pictures",
            previews,
        )
        said = text.format(clips=said, count=previews)
    return _("{files}, in {folder}").format(files=said, folder=clean_line(places, 80))


def may_be_retried(jobs: Sequence[Job]) -> tuple[list[Job], str]:
    """Return the jobs that are over, and what there is to say of the others."""
    over = [job for job in jobs if job.is_final and not job.needs_decision]
    left = len(jobs) - len(over)
    note = ""
    if left:
        note = ngettext(
            "{count} job is under way or needs a decision first.",
            "{count} jobs are under way or need a decision first.",
            left,
        ).format(count=left)
    return over, note


def question_retry(order: Order, note: str, now: datetime) -> Question | None:
    """Return what has to be asked before these are made once more; None where nothing has."""
    if order.ask is Ask.NOTHING and order.refused is None and order.clips < _MANY:
        return None
    count = order.clips
    clips = ngettext("{count} new clip", "{count} new clips", count).format(count=count)
    hosts = ", ".join(sorted({clean_line(server.name, 40) for server in order.servers}))
    asked = _("Make {clips} on {servers}: {sum}?").format(
        clips=clips, servers=hosts, sum=_total(order)
    )
    jobs = [line.job for line in order.lines if line.job is not None]
    facts = [today_of(order), note, note_of(order, now)]
    if any(_may_be_billed(job) for job in jobs):
        facts.insert(0, _("the first one may have been billed too"))
    if order.refused is not None:
        facts.insert(0, _("this prompt was refused there before"))
        answers = _("s send all the same   any other key: no")
    else:
        answers = _("y send   any other key: no")
    said = "  ".join(part for part in facts if part) or _named(jobs)
    return Question(asked, said, answers, yes="sS" if order.refused is not None else "")


def _may_be_billed(job: Job) -> bool:
    return job.error is not None and job.error.spent is not Spent.NO and not job.simulated


def _total(order: Order) -> str:
    """`about $1.20`, with what nobody knows named."""
    sums, unknown = order.total
    said = [_("about {sum}").format(sum=money(sum, currency)) for currency, sum in sums.items()]
    if unknown:
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
    count = len(plan.jobs) or len(plan.retried)
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
