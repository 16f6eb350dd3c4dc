"""The one table that turns a Problem into words: what happened, the money, and what to do next.

A sentence may name facts: `{path}`. A part in square brackets is shown only when every fact in it
is known, so that one sentence serves callers that know much or little:
`The picture[ {path}] cannot be read.`
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from sora_tui.core.job import Job, State
from sora_tui.core.problem import CODES, Fact, Problem, Spent
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _
from sora_tui.i18n.formatting import minute, money
from sora_tui.i18n.parameters import kind_words


class Sentences(NamedTuple):
    """The text of a problem for a person, each part one or two full sentences, none empty."""

    happened: str
    money: str
    next: str


def sentences(problem: Problem, *, free: bool = False) -> Sentences:
    """Return the words for a problem, in the language that is set.

    Args:
        problem: The problem to put into words.
        free: The server charges nothing, so money is not mentioned.
    """
    if problem.code == "batch_line" and "cause" in problem.facts:
        # The cause is a problem of its own, with its own words.
        inner = {name: fact for name, fact in problem.facts.items() if name != "cause"}
        why = sentences(Problem(str(problem.facts["cause"]), inner, Spent.NO))
        problem = replace(problem, facts={**inner, "told": why.happened})
    happened, money, then = TABLE[problem.code]
    if free:
        money = _FREE_HERE
    elif problem.spent is not CODES[problem.code]:
        money = _BY_SPENT[problem.spent]
    facts = _readable({name: clean_line(value) for name, value in problem.facts.items()})
    if facts.get("code") == facts.get("status") or _HTTP_STATUS.fullmatch(facts.get("code", "")):
        facts.pop("code", None)  # gateways repeat the status there, which says nothing new
    if "kind" in facts and problem.code == "param_kind":
        facts["kind"] = kind_words(facts["kind"])
    # The sentence has a full stop of its own.
    facts |= {name: facts[name].rstrip(". ") for name in {"message", "reason"} & facts.keys()}
    return Sentences(*(_said(_(text), facts) for text in (happened, money, then)))


def job_sentences(job: Job) -> Sentences | None:
    """Return the words for why a job is in its state; None where nothing is wrong."""
    if job.error is None:
        return None
    cost, why = job.cost, job.error.problem
    known: dict[str, Fact] = {
        "job": job.id,
        "profile": job.server.profile,
        "host": urlsplit(job.server.base_url).hostname or "",
        "operation": job.request.operation,
    }
    if why.code == "profile_unknown":
        known |= {"name": job.server.profile, "url": job.server.base_url}
    if cost.estimated is not None:
        known["sum"] = money(cost.estimated, cost.currency)
    said = sentences(replace(why, facts={**known, **why.facts}), free=job.is_free)
    if job.is_final and (told := _told_money(job)):
        said = said._replace(money=told)
    has_no_list = job.search is not None and not job.search.listed
    if job.state is State.UNCONFIRMED and has_no_list and TABLE[why.code][2] == _LOOK:
        return said._replace(next=_(_LOOK_ELSEWHERE))
    if job.state is State.ABANDONED:
        return said._replace(next=_("It was given up; this record stays."))
    return said


def _told_money(job: Job) -> str:
    """Return what the server said it charges for a job that is over; empty if it said nothing."""
    cost = job.cost
    if cost.reported is None:
        return ""
    sum = money(cost.reported, cost.currency)
    if job.is_perhaps_charged:
        text = _("{sum} is perhaps charged: the server said so at the start, and nothing since.")
    elif cost.reported:
        text = _("{sum} is charged, says the server.")
    else:
        text = _("Nothing is charged, says the server.")
    return text.format(sum=sum)


def _readable(facts: Mapping[str, str]) -> dict[str, str]:
    """Return the facts for a reader: sums with their currency, times on the reader's clock."""
    readable = dict(facts)
    if currency := readable.pop("currency", ""):
        for name in {"sum", "limit", "spent"} & set(readable):
            with suppress(InvalidOperation):
                readable[name] = money(Decimal(readable[name]), currency)
    if readable.get("setting") in _LIMITS:
        text = _("{setting} under [budget] in sora-tui.toml")
        readable["setting"] = text.format(setting=readable["setting"])
    for name in {"reason", "message"} & readable.keys():
        from sora_tui.i18n.reasons import reason_words  # few problems have one

        readable[name] = reason_words(readable[name])
    if "owner" in readable:
        readable["owner"] = _account(readable["owner"])
    if "at" in readable:
        with suppress(ValueError):
            readable["at"] = minute(datetime.fromisoformat(readable["at"]))
    return readable


def _account(number: str) -> str:
    """Return the name of an account by its number, where the system has one for it."""
    import pwd  # few problems name an account

    try:
        return pwd.getpwuid(int(number)).pw_name
    except (KeyError, ValueError):
        return number


#: Settings of a table whose names need an explanation.
_LIMITS: Final = frozenset({"per_day", "per_job"})
_HTTP_STATUS: Final = re.compile(r"[1-5]\d\d")
_PART: Final = re.compile(r"\[([^\[\]]*)\]")
_FACT: Final = re.compile(r"\{(\w+)\}")


def _said(text: str, facts: Mapping[str, str]) -> str:
    def part(match: re.Match[str]) -> str:
        names = _FACT.findall(match[1])
        if not all(facts.get(name) for name in names):
            return ""
        # One pass, so that a brace or a bracket inside a fact stays as it is.
        return _FACT.sub(lambda fact: facts[fact[1]], match[1])

    return _PART.sub(part, text)


_NOT_SENT: Final = N_("Nothing was sent and nothing was billed.")
_NOT_BILLED: Final = N_("Nothing was billed.")
_TRY_FREE: Final = N_("This try cost nothing.")
_FREE_HERE: Final = N_("Nothing is charged on this server.")
_FREE: Final = N_("This costs nothing.")
_PERHAPS: Final = N_("It may be billed[ (about {sum})].")
_BILLED: Final = N_("The clip itself is billed[ (about {sum})]; nothing more was spent.")
_LOOK: Final = N_(
    "sora-tui wait looks for it in the server's list; send it again only if it is not there."
)
_LOOK_ELSEWHERE: Final = N_(
    "The server has no list to look for it in: see what its provider or its log shows, then decide."
)
_STAY: Final = N_("Ctrl+c ends the wait and not the job; sora-tui wait takes it up again.")
_BY_SPENT: Final = {Spent.NO: _NOT_BILLED, Spent.PERHAPS: _PERHAPS, Spent.YES: _BILLED}

#: Code -> what happened, money, what to do next.
TABLE: Final[Mapping[str, tuple[str, str, str]]] = {
    # what the person wrote
    "prompt_missing": (
        N_("There is no prompt[: {path} does not exist]."),
        _NOT_SENT,
        N_("Give the text on the command line, name a file with -f, or write prompt.md."),
    ),
    "prompt_empty": (
        N_("The prompt[ in {path}] is empty."),
        _NOT_SENT,
        N_("Write what the clip should show. Lines of prompt.md that begin with # do not count."),
    ),
    "request_not_text": (
        N_("What the request says[ ({name})] is no text, or is nested too deep."),
        _NOT_SENT,
        N_(
            "Write it again: there is half a character in it (\\ud800), or an object in more than"
            " a hundred others."
        ),
    ),
    "request_too_large": (
        N_("What the request says[ ({name})] is too large[: {size} bytes of {limit} at most]."),
        _NOT_SENT,
        N_("Give a picture with -r, not as a parameter."),
    ),
    "prompt_too_long": (
        N_("The prompt is too long[: {length} characters, and {limit} are allowed]."),
        _NOT_SENT,
        N_("Shorten it and send it again."),
    ),
    "prompt_unreadable": (
        N_("The prompt file[ {path}] cannot be read[: {reason}]."),
        _NOT_SENT,
        N_("Save it as plain text in UTF-8 and make sure that you may read it."),
    ),
    "prompt_changed": (
        N_("The prompt file[ {path}] was changed by another program meanwhile."),
        _NOT_SENT,
        N_("Keep what you wrote under another name, then compare the two."),
    ),
    "prompt_taken": (
        N_("There is a prompt[ {name}] already, and it stays as it is."),
        _NOT_SENT,
        N_("Choose another name."),
    ),
    "prompt_name_invalid": (
        N_("That is no name for a prompt in prompts/[: {name}]."),
        _NOT_SENT,
        N_("Choose another name: short, and without a dot in front."),
    ),
    "front_matter_broken": (
        N_(
            "The settings at the top of the prompt file[ {path}] are not valid[, line {line}]"
            "[: {key}][ = {value}][ ({reason})]."
        ),
        _NOT_SENT,
        N_("Mend them: they are TOML between two lines of +++, for example seconds = 4."),
    ),
    "front_matter_name": (
        N_(
            "The settings at the top of the prompt file[ {path}] have a name that sora-tui does not"
            " know[: {name}].[ Did you mean {near}?]"
        ),
        _NOT_SENT,
        N_("Correct it; a parameter of the server belongs into the table params."),
    ),
    "variable_missing": (
        N_("The prompt has a variable[ {name}] without a value."),
        _NOT_SENT,
        N_(
            "Give it one with --var[ {name}=...], or under variables at the top of the prompt file."
        ),
    ),
    "variable_unknown": (
        N_("The prompt has no variable[ {name}].[ Did you mean {near}?]"),
        _NOT_SENT,
        N_("Write the name as it stands in the prompt[: {near}]."),
    ),
    "size_invalid": (
        N_("The size[ {size}] is not a size."),
        _NOT_SENT,
        N_("Write width x height in pixels, for example 1280x720."),
    ),
    "seconds_invalid": (
        N_("The length[ {seconds}] is not a number of seconds."),
        _NOT_SENT,
        N_("Write the seconds as a number, for example 4."),
    ),
    "count_invalid": (
        N_("The number of clips[ {count}] is not possible."),
        _NOT_SENT,
        N_("Ask for one clip at least[ and for {limit} at most]."),
    ),
    "param_invalid": (
        N_("The parameter[ {name}] cannot be used[: {reason}]."),
        _NOT_SENT,
        N_("Write it as name=value, for example --param seed=7."),
    ),
    "variable_invalid": (
        N_("The value for a variable[, {name},] cannot be used[: {reason}]."),
        _NOT_SENT,
        N_("Write it as name=value, for example --var place=Lisbon."),
    ),
    "param_kind": (
        N_("The parameter[ {name}] takes another kind of value[: a {kind}][, not {value}]."),
        _NOT_SENT,
        N_("sora-tui params shows what each parameter takes on this server."),
    ),
    "param_range": (
        N_(
            "The parameter[ {name}] is out of its range[: {value}][, at least {low}]"
            "[, at most {high}]."
        ),
        _NOT_SENT,
        N_("sora-tui params shows what each parameter takes on this server."),
    ),
    "param_choice": (
        N_("The parameter[ {name}] takes none but its own words[: {choices}][, not {value}]."),
        _NOT_SENT,
        N_("sora-tui params shows what each parameter takes on this server."),
    ),
    "param_standard": (
        N_("A value is given twice, as a setting and as a parameter[: {name}]."),
        _NOT_SENT,
        N_("Take one of the two away."),
    ),
    "param_name": (
        N_(
            "The name of the parameter[ {name}] has a character that nobody sees[: {character}],"
            " and the server may read another name."
        ),
        _NOT_SENT,
        N_("Type the name again."),
    ),
    "preset_unknown": (
        N_("There is no such preset[: {name}]."),
        _NOT_SENT,
        N_("Take another one[: {known}]."),
    ),
    "batch_unreadable": (
        N_("The batch file[ {path}] cannot be read[, line {line}][: {reason}]."),
        _NOT_SENT,
        N_("Write one JSON object a line, or tables named clip in a file that ends in .toml."),
    ),
    "batch_syntax": (
        N_(
            "It is not written as a line of a batch[: {key}][ = {value}][: {reason}]"
            "[, column {column}]."
            "[ Did you mean {near}?]"
        ),
        _NOT_SENT,
        N_(
            "A line is an object with prompt or file, and settings such as seconds, size and count."
        ),
    ),
    "batch_busy": (
        N_("Another sora-tui is just handing in a batch of this folder."),
        _NOT_SENT,
        N_("Start it again when that one has agreed or declined."),
    ),
    "batch_line": (
        N_("A line of the batch cannot be used[: {batch}, line {row}].[ {told}]"),
        _NOT_SENT,
        N_("Mend it and start the file again: all lines are checked before any is sent."),
    ),
    # reference pictures
    "reference_missing": (
        N_("The reference picture[ {path}] does not exist."),
        _NOT_SENT,
        N_("Put the picture into input_reference/ and name it as it is called there."),
    ),
    "reference_outside": (
        N_("The reference picture[ {path}] lies outside input_reference/."),
        _NOT_SENT,
        N_("Copy the picture into input_reference/: only what lies there is ever sent."),
    ),
    "reference_is_url": (
        N_("The reference picture[ {path}] is a web address, not a file."),
        _NOT_SENT,
        N_("Download the picture into input_reference/ and name the file."),
    ),
    "reference_not_file": (
        N_("The reference[ {path}] is not a regular file."),
        _NOT_SENT,
        N_("Name a picture file inside input_reference/."),
    ),
    "reference_not_image": (
        N_("The reference[ {path}] is not a picture of a known kind."),
        _NOT_SENT,
        N_("Use a JPG, PNG, GIF, BMP or WebP picture; its content counts, not its name."),
    ),
    "reference_damaged": (
        N_("The reference picture[ {path}] is damaged[: {reason}]."),
        _NOT_SENT,
        N_("Copy it again from where it came from, or save it anew with an image program."),
    ),
    "reference_animated": (
        N_("The reference picture[ {path}] is animated."),
        _NOT_SENT,
        N_("Save the frame you want as a picture of its own and use that."),
    ),
    "reference_too_big": (
        N_("The reference file[ {path}] is too big[: {bytes} bytes][, and {limit} are allowed]."),
        _NOT_SENT,
        N_("Save a smaller copy in input_reference/ and use that."),
    ),
    "reference_too_large": (
        N_("The reference picture[ {path}] has too many pixels[: {width}x{height}]."),
        _NOT_SENT,
        N_("Save a smaller copy in input_reference/ and use that."),
    ),
    "reference_wrong_size": (
        N_(
            "The reference picture[ {path}][ is {width}x{height} and] does not have the size"
            " of the clip[, {size}]."
        ),
        _NOT_SENT,
        N_("Fit a copy with --fit cover, contain or stretch, or choose another size."),
    ),
    "reference_changed": (
        N_("The picture[ {path}] that was agreed to is not the one that lies there now."),
        _NOT_SENT,
        N_("Send the job again with the picture as it is now."),
    ),
    "reference_turned": (
        N_(
            "The picture[ {path}] is stored lying on its side (EXIF); servers read that"
            " differently."
        ),
        _NOT_SENT,
        N_("Add --fit cover: a copy is turned upright, your file stays as it is."),
    ),
    # clips and characters that something is made of
    "source_missing": (
        N_("There is no clip[ {path}] to begin with."),
        _NOT_SENT,
        N_("Name a file of this folder, such as one of output/, or a job: sora-tui jobs"),
    ),
    "source_outside": (
        N_("The clip[ {path}] lies outside this folder."),
        _NOT_SENT,
        N_("Copy it into the folder, into output/ for example, and name it there."),
    ),
    "source_not_clip": (
        N_("The file[ {path}] is no MP4 that can be read[: {reason}]."),
        _NOT_SENT,
        N_("Choose an MP4; ffmpeg -i FILE clip.mp4 makes one of other videos."),
    ),
    "source_too_big": (
        N_("The clip[ {path}] is too big to be sent along[: {bytes} bytes, {limit} at most]."),
        _NOT_SENT,
        N_("Make it shorter or smaller, then try again."),
    ),
    "source_changed": (
        N_("The clip[ {path}] is another one than was agreed to."),
        _NOT_SENT,
        N_("Ask for it again, with the clip as it is now."),
    ),
    "source_elsewhere": (
        N_("The clip[ of job {job}] lies on another server[: {host}]."),
        _NOT_SENT,
        N_("Choose that server (F2), or begin with the clip's file instead of its job."),
    ),
    "operation_takes_no": (
        N_("This takes no picture and no characters along[: {what}]."),
        _NOT_SENT,
        N_("Take them out of the prompt's front matter, or make a new clip with generate."),
    ),
    "character_unknown": (
        N_("No character[ {name}] was made on this server[: {server}]."),
        _NOT_SENT,
        N_("sora-tui characters lists them; sora-tui character NAME CLIP makes one."),
    ),
    "character_name": (
        N_("This is no name for a character[: 1 to {limit} characters on one line]."),
        _NOT_SENT,
        N_("Give a short name; prompts mention it word for word."),
    ),
    # configuration
    "config_broken": (
        N_("The settings file[ {path}][, line {line},] cannot be read[: {reason}]."),
        _NOT_SENT,
        N_("Mend that line, then start again."),
    ),
    "config_invalid": (
        N_(
            "A setting is not valid[: {key}][ = {value}][ in {path}][, line {line}][ ({reason})]."
            "[ Did you mean {near}?]"
        ),
        _NOT_SENT,
        N_("Mend that setting, then start again."),
    ),
    "env_readable": (
        N_("Other people on this machine can read[ {path}, and] your key."),
        _FREE,
        N_("Close it to them: chmod 600[ {path}]"),
    ),
    "env_unread": (
        N_(
            "sora-tui does not read[ {name}][ ({path}, line {line})][: {reason}]."
            "[ Did you mean {near}?]"
        ),
        _FREE,
        N_("As it stands it changes nothing: correct the name, or take it out."),
    ),
    "profile_unknown": (
        N_(
            "There is no server profile of that name[: {name}][, and none with the address of the"
            " job: {url}].[ Did you mean {near}?]"
        ),
        _NOT_SENT,
        N_(
            "Choose one that exists[: {known}] (sora-tui servers lists them), or add it: sora-tui"
            " servers add[ NAME {url}]"
        ),
    ),
    "profile_exists": (
        N_("There is a server profile of that name already[: {name}]."),
        _FREE,
        N_("Choose another name, or change that one: sora-tui servers edit[ {name}]"),
    ),
    "profile_elsewhere": (
        N_("The server profile[ {name}] is written down in a place of your own[: {path}]."),
        _FREE,
        N_("Change it there, or choose another name: that place is never written to."),
    ),
    "base_url_invalid": (
        N_("The server address[ {base_url}] cannot be used[: {reason}]."),
        _NOT_SENT,
        N_("Write it whole, for example http://127.0.0.1:8000/v1."),
    ),
    "base_url_insecure": (
        N_(
            "The way to the server[ {host}] is not encrypted (http): others could read prompt and"
            " key."
        ),
        _NOT_SENT,
        N_(
            "Use https or an SSH tunnel; in a network you trust, the profile may say"
            " allow_http = true (sora-tui servers: --allow-http)."
        ),
    ),
    "key_missing": (
        N_("There is no key for the server[ {profile}]."),
        _NOT_SENT,
        N_(
            "Set[ {variable}, or] the variable that the profile names, in the environment or in"
            " .env."
        ),
    ),
    "key_command_ignored": (
        N_(
            "This folder's sora-tui.toml names a command for the key of[ {profile}]. It was not"
            " run: your own settings do not have that command for that address."
        ),
        _NOT_SENT,
        N_(
            "Read that command first[; sora-tui servers add NAME {url} --api-key-command 'COMMAND'"
            " then makes it yours]."
        ),
    ),
    "key_withheld": (
        N_(
            "This folder names the address of[ {profile}], and the key[ in {variable}] was not"
            " given for that address. It was not used."
        ),
        _NOT_SENT,
        N_(
            "Put the key beside the address: in the folder's .env, under a name that begins with"
            " SORA_[; or, if you trust that server with it: sora-tui servers add NAME {url}"
            " --api-key-env {variable}]."
        ),
    ),
    "budget_ignored": (
        N_(
            "The limits on spending in this folder's sora-tui.toml are[ in {other},] not in the"
            " currency of your own[ ({currency})]."
        ),
        _NOT_SENT,
        N_("Your own limits hold; the folder's do not count."),
    ),
    "free_ignored": (
        N_(
            "This folder's sora-tui.toml says that[ {profile}] charges nothing. That does not"
            " count: your own settings do not say so of that address."
        ),
        _NOT_SENT,
        N_("If it is true, say so yourself[: sora-tui servers add NAME {url} --free does that]."),
    ),
    "key_command_failed": (
        N_("The command that should print the key of the server[ {profile}] failed[: {reason}]."),
        _NOT_SENT,
        N_("Run it yourself to see why; it is the api_key_command of that profile."),
    ),
    "key_unusable": (
        N_(
            "The key[ in {variable}][ ({path}, line {line})] cannot be sent[: it has a character"
            " that no key has, {character} in place {position}]."
        ),
        _NOT_SENT,
        N_("Copy it once more, without quotation marks, line breaks and invisible characters."),
    ),
    "settings_unreadable": (
        N_("Your own settings[ in {path}] cannot be read[: they belong to {owner}]."),
        _NOT_SENT,
        N_(
            "Nothing in them counts now, limits on spending included. Set HOME to a folder of your"
            " own, or make them readable."
        ),
    ),
    # consent and money
    "consent_price": (
        N_("This costs money[: about {sum}][ on {host}], and nobody has agreed to it."),
        _NOT_SENT,
        N_(
            "Add --yes, or a limit with --max-spend, or run it in a terminal (error output as"
            " well) and answer there."
        ),
    ),
    "consent_unknown": (
        N_("The server[ {host}] does not say what it charges, and nobody has agreed to that."),
        _NOT_SENT,
        N_(
            "Add --yes, or answer once in a terminal; --max-spend cannot hold a price that nobody"
            " knows[; sora-tui servers add {name} {url} --free ends the question if it charges"
            " nothing]."
        ),
    ),
    "declined": (
        N_("You said no."),
        _NOT_SENT,
        N_("Change what you like and send it when you want to."),
    ),
    "over_budget": (
        N_(
            "This goes over the limit[ of {limit}][: about {sum}]"
            "[, and {spent} of today is spent or reserved already in this folder]."
            "[ The day ends at midnight here, in {hours} h.]"
        ),
        _NOT_SENT,
        N_("Raise the limit[ ({setting})], or ask for fewer or shorter clips."),
    ),
    "price_unknown": (
        N_(
            "The server[ {host}] does not say what it charges, so nobody can hold your limit"
            "[ of {limit}]."
        ),
        _NOT_SENT,
        N_(
            "Write its prices into its profile[; sora-tui servers add {name} {url} --free tells"
            " that it charges nothing]."
        ),
    ),
    "price_unclear": (
        N_(
            "The parameter[ {name}] changes how much is made, or may, and what it says cannot be"
            " worked out, so nobody can hold your limit[ of {limit}]."
        ),
        _NOT_SENT,
        N_(
            "Write it as a plain number above 0 under the server's usual name (n, seconds,"
            " num_frames), or leave it out."
        ),
    ),
    "day_unpriced": (
        N_(
            "Nobody knows what a job of today[, {id},] cost, or it is in another currency, so your"
            " limit[ of {limit}] for the day cannot be held."
        ),
        _NOT_SENT,
        N_(
            "Give its server's profile prices in the currency of your limit, or free = true: then"
            " it counts by them. sora-tui cost shows the day."
        ),
    ),
    "day_unreadable": (
        N_(
            "The record of a job of today cannot be read[: {path}], so nobody knows what today has"
            " cost, and your limit[ of {limit}] cannot be held."
        ),
        _NOT_SENT,
        N_(
            "Mend the file by hand, or move it out of the folder if its job cost nothing; sora-tui"
            " jobs says where it is wrong."
        ),
    ),
    "refused_before": (
        N_("This prompt was refused here[ on {at}]."),
        _NOT_SENT,
        N_(
            "Reword the prompt or change the picture; --send-refused sends it all the same[, and"
            " sora-tui show {job} tells what the server said]."
        ),
    ),
    # the folder
    "folder_missing": (
        N_("There is no folder[ {path}][ ({reason})]."),
        _NOT_SENT,
        N_("Create it, or name another one with --workspace."),
    ),
    "folder_unreadable": (
        N_("The folder[ {path}] cannot be read[: it belongs to {owner}][ ({reason})]."),
        _NOT_SENT,
        N_(
            "Nobody can say which jobs there are. Make it yours again, for example with"
            " sudo chown, or work in another folder with --workspace."
        ),
    ),
    "current_folder_gone": (
        N_("The current folder does not exist any more."),
        _NOT_SENT,
        N_("Change to a folder that does (cd), or name one with --workspace."),
    ),
    "folder_not_writable": (
        N_("The folder[ {path}] cannot be written[: {reason}]."),
        _NOT_SENT,
        N_("Make it writable, or work in another one with --workspace."),
    ),
    "disk_full": (
        N_("The disk is full[: {path} cannot be written]."),
        _NOT_SENT,
        N_("Free about 20 MB, then try again."),
    ),
    "lock_unsupported": (
        N_("This file system[ ({path})] cannot lock files, so two programs could pay twice."),
        _NOT_SENT,
        N_("Work on a local disk, or say --i-am-alone if nothing else uses this folder."),
    ),
    "owned_elsewhere": (
        N_("Another sora-tui[ (pid {pid})][ on {host}] works in this folder[, since {since}]."),
        _NOT_SENT,
        N_("It goes on with the jobs; this one hands its own to it."),
    ),
    "document_broken": (
        N_(
            "The record of a job cannot be read[: {path}][, line {line}][, column {column}]"
            "[, field {field}][ ({reason})]."
        ),
        _FREE,
        N_("Mend the file by hand; it is left as it is until then."),
    ),
    "document_newer": (
        N_("The record of a job[, {path},] was written by a newer sora-tui[ (schema {schema})]."),
        _FREE,
        N_("Update sora-tui to open it."),
    ),
    "word_unknown": (
        N_(
            "A newer sora-tui wrote[ {word}] into this record, and this version has no words"
            " for it."
        ),
        _PERHAPS,
        N_("Nothing of the record is lost: update sora-tui to go on with it."),
    ),
    "job_unknown": (
        N_("There is no job[ {job}] in this folder."),
        _FREE,
        N_("List them with: sora-tui jobs"),
    ),
    "job_ambiguous": (
        N_("More than one job begins like that[: {job}]."),
        _FREE,
        N_("Give more characters of its id[: {matches}]."),
    ),
    "step_illegal": (
        N_("That is not possible now[: the job is {state}]."),
        _FREE,
        N_("Look at the job first: sora-tui show[ {job}][; to end it at the server: {way}]"),
    ),
    # on the way to the server
    "certificate_untrusted": (
        N_("The certificate of the server[ {host}] is not trusted[: {message}]."),
        _TRY_FREE,
        N_(
            "If its authority is your own, name its certificate: SSL_CERT_FILE=your-ca.pem."
            " Otherwise something else may be answering in its place."
        ),
    ),
    "handshake_refused": (
        N_("The server[ {host}] refused the encrypted connection[: {message}]."),
        _TRY_FREE,
        N_(
            "It may want a certificate from the program (mutual TLS), which sora-tui cannot give:"
            " use an address of it that takes a key instead. Otherwise its TLS is too old or too"
            " new for this machine."
        ),
    ),
    "server_unreachable": (
        N_("The server[ {host}] cannot be reached[: {message}]."),
        _TRY_FREE,
        N_("Check the address and the network, then try again; jobs already there are safe."),
    ),
    "server_failed": (
        N_("The server[ {host}] answered with an error[ ({status})][: {message}]."),
        _TRY_FREE,
        N_(
            "It was reached, so the address and the network are right. Where the error names a"
            " setting, it is one of the server; otherwise try again later."
        ),
    ),
    "answer_unusable": (
        N_("The answer of the server[ {host}] cannot be understood[ ({status})][: {message}]."),
        _TRY_FREE,
        N_("Check the address: it usually ends in /v1, and a page to log in answers like that."),
    ),
    "server_busy": (
        N_("The server[ {host}] is busy[ ({status})][: {message}]."),
        _TRY_FREE,
        N_("It is asked again by itself; you need not do anything."),
    ),
    "server_stayed_busy": (
        N_(
            "The server[ {host}] was busy each time it was asked[ ({status})], and took no other"
            " job meanwhile[: {message}]."
        ),
        _NOT_BILLED,
        N_("It is not asked again by itself. Order it again when the server has room."),
    ),
    "operation_unsupported": (
        N_("The server[ {host}] cannot do this[: {operation}]."),
        _FREE,
        N_("Ask a server that can, or write the change into a new prompt."),
    ),
    "delete_refused": (
        N_("The server[ {host}] did not delete the video[: {message}]."),
        _FREE,
        N_("The record here stays; without --remote it is deleted here alone."),
    ),
    "videos_missing": (
        N_("Something answers[ at {base_url}][, {what}], but it has no /videos."),
        _FREE,
        N_("Check the address: it usually ends in /v1, and the server must make videos."),
    ),
    "key_refused": (
        N_("The server[ {host}] refused the key[ ({status})][: {message}]."),
        _TRY_FREE,
        N_(
            "Check the key and whether it belongs to this server; sora-tui doctor shows where it"
            " is from."
        ),
    ),
    "key_without_grant": (
        N_("This key may not use what is asked for[ ({status})][: {message}]."),
        _TRY_FREE,
        N_(
            "The key itself is good. Choose a model that it may use, or have whoever runs the"
            " server allow it this one."
        ),
    ),
    "request_refused": (
        N_("The server refused the request[ ({status})][: {message}]."),
        _NOT_BILLED,
        N_("Change what it names and send it as a new job."),
    ),
    "moderation_before": (
        N_("Refused before generation[ ({code})][: {message}]."),
        _NOT_BILLED,
        N_(
            "It is not sent again by itself. Reword the prompt or change the picture, then send"
            " it anew."
        ),
    ),
    "quota_exhausted": (
        N_("Your account on the server has no credit left[ ({code})][: {message}]."),
        _NOT_BILLED,
        N_("Top it up or raise its limit with the provider, then send the job again."),
    ),
    "answer_lost": (
        N_("The answer was lost after the prompt was sent[: {message}]."),
        N_("It may be running, and billed[ (about {sum})]. Nothing was sent again."),
        _LOOK,
    ),
    "answer_unclear": (
        N_("The server's answer leaves open whether it made the video[ ({status})][: {message}]."),
        N_("It may be running, and billed[ (about {sum})]. Nothing was sent again."),
        _LOOK,
    ),
    "sending_on_hold": (
        N_(
            "The answer[ of {host}] to the last paid request was unclear: it may have made the"
            " video. This one waits."
        ),
        _NOT_SENT,
        N_(
            "After a pause, and once the server has answered a free question, one is sent alone."
            " You need not do anything."
        ),
    ),
    "sending_stopped": (
        N_(
            "The server[ {host}] gave unclear answers to paid requests[ ({count})] or answers no"
            " question since, so nothing more is sent to it."
        ),
        N_("What waits was not sent and not billed; what is unconfirmed may be."),
        N_(
            "Decide about the unconfirmed jobs: sora-tui wait asks about them, and then sends what"
            " waits, one job first. sora-tui wait JOB sends one before that, p in the screen's list"
            " of jobs all of them. sora-tui cancel JOB takes one back."
        ),
    ),
    "answer_repeated": (
        N_("The server's answer names a video that another job of this folder has[: {message}]."),
        N_("It may be running, and billed[ (about {sum})]. Nothing was sent again."),
        _LOOK,
    ),
    "answer_not_kept": (
        N_("The server took the order[ as {video}], and that cannot be written[ to {path}]."),
        N_("It is running, and is billed. Note the id: it is kept nowhere else."),
        N_("Once the folder can be written: sora-tui adopt[ {video}]"),
    ),
    "past_unknown": (
        N_(
            "This order waited in a folder that was copied, put back from a backup or used on"
            " another machine: it may have been sent from there."
        ),
        N_("It may be running, and billed[ (about {sum})]. Nothing was sent from here."),
        N_("To send it from here: sora-tui wait[ {job}] --send-again"),
    ),
    "no_list": (
        N_("The server[ {host}] does not list its jobs[: {message}]."),
        _FREE,
        N_("Adopt one whose id you know: sora-tui adopt ID"),
    ),
    "video_unknown": (
        N_("The server[ {host}] does not know a video[ {video}][: {message}]."),
        N_("Nothing was sent, and asking costs nothing."),
        N_(
            "Look at the id once more, and whether it is from this server and this account;"
            " sora-tui adopt lists what the server has."
        ),
    ),
    "video_is_job": (
        N_("That is a job of sora-tui, not the id of a video at a server[: {job}]."),
        _FREE,
        N_(
            "If its answer was lost, sora-tui wait[ {job}] --adopt VIDEO_ID takes a video for it;"
            " sora-tui adopt lists the videos."
        ),
    ),
    "video_taken": (
        N_("That video[, {video},] belongs to another job of this folder[, {job}]."),
        N_("Nothing was sent again."),
        N_("Name another video, or look at that job[: sora-tui show {job}]."),
    ),
    # while it runs there
    "generation_failed": (
        N_("The generation failed[ ({code})][: {message}]."),
        N_("Failed clips are often not billed, but the server does not say so[ (about {sum})]."),
        N_("Send it again as a new job, or ask the provider with its ids (y copies them)."),
    ),
    "moderation_after": (
        N_("Refused after generation[ ({code})][: {message}]."),
        N_("It is perhaps billed[ (about {sum})]. Another try may be billed again."),
        N_(
            "If you think it is wrong, send the provider's support the video id, request id, time"
            " and model: y on the screen copies them, sora-tui show lists them."
        ),
    ),
    "remote_cancelled": (
        N_("The job was cancelled at the server[: {message}]."),
        _PERHAPS,
        N_("Send it again as a new job if you still want the clip."),
    ),
    "remote_expired": (
        N_("The clip was made, but its file is no longer kept at the server[: {message}]."),
        N_("The clip was billed[ (about {sum})]."),
        N_("sora-tui wait JOB asks for it once more; a new job makes, and bills, a new clip."),
    ),
    "remote_gone": (
        N_("The server no longer knows this job[: {message}]."),
        _PERHAPS,
        N_("sora-tui wait JOB asks once more, and takes it up again if the server finds it."),
    ),
    "answer_fault": (
        N_(
            "sora-tui cannot handle what the server says of this job, by a fault of its own"
            "[: {reason}]."
        ),
        N_("It may be running, and billed[ (about {sum})]. Nothing was sent again."),
        N_(
            "Other jobs go on; sora-tui wait asks for this one again. The report is in"
            " sora-tui.log."
        ),
    ),
    "remote_denied": (
        N_(
            "The job is not known there[ ({count} of {most})][, nor is it in the server's list of"
            " {rows}][; it counts as gone after {minutes} more min]."
        ),
        N_("It may be running, and billed[ (about {sum})]. Nothing was sent again."),
        _STAY,
    ),
    "other_video_told": (
        N_(
            "The server answers with another video[ ({video})], which is not believed[ ({count} of"
            " {most})][; the job counts as gone after {minutes} more min]."
        ),
        N_("It may be running, and billed[ (about {sum})]. Nothing was sent again."),
        _STAY,
    ),
    "gateway_misroutes": (
        N_(
            "The gateway asks another server[ ({asked})] than the one that has the job[ ({made})]"
            "[: {message}]."
        ),
        N_("It may be running, and billed[ (about {sum})]. Nothing was sent again."),
        N_(
            "It is asked on. Give no group the name of another group's model in the gateway's"
            " configuration: docs/servers.md, LiteLLM."
        ),
    ),
    "job_hidden": (
        N_("This key may not see the job, which goes on at the server[ ({status})][: {message}]."),
        N_("It may be billed[ (about {sum})]. Nothing was sent again."),
        N_(
            "Ask with the key that it was made with[: set that key for the server {profile}], then"
            " sora-tui wait[ {job}]"
        ),
    ),
    "look_refused": (
        N_("The server refuses to tell how the job is[ ({status})][: {message}]."),
        N_("It may be running, and billed[ (about {sum})]. Nothing was sent again."),
        N_("sora-tui wait[ {job}] asks again; what the server says may name the reason."),
    ),
    "status_unknown": (
        N_("The server says a word that sora-tui does not know[: {word}]; it is asked on."),
        N_("It may be running, and billed[ (about {sum})]. Nothing was sent again."),
        _STAY,
    ),
    # bringing it home
    "download_interrupted": (
        N_("The download was interrupted[: {message}]."),
        _BILLED,
        N_("The clip still lies at the server; sora-tui wait fetches it, and that costs nothing."),
    ),
    "download_refused": (
        N_("The server refused the download[ ({status})][: {message}]."),
        _BILLED,
        N_("Try sora-tui wait later, or ask the provider with the ids of: sora-tui show"),
    ),
    "download_too_large": (
        N_("The download was stopped: it is larger than a clip may be[ ({message})]."),
        _BILLED,
        N_(
            "It is not asked for again by itself: sora-tui wait JOB does so. A larger file is"
            " fetched by hand, with the ids of: sora-tui show"
        ),
    ),
    "clip_damaged": (
        N_("What came does not look like a whole clip[: {message}][: {reason}]."),
        _BILLED,
        N_(
            "It is fetched once more, and that costs nothing; the same bytes again are kept as"
            " they are."
        ),
    ),
    # looking at what is there
    "clip_missing": (
        N_("The clip is not where it was saved any more[: {path}]."),
        N_("This costs nothing."),
        N_("Put it back if it was moved; what is known of it stays in this record."),
    ),
    "clip_not_ours": (
        N_("What stands in the clip's place is no file of this folder[: {path}][ ({reason})]."),
        N_("This costs nothing."),
        N_("It is not opened: links, pipes and paths that lead elsewhere are not followed."),
    ),
    "clip_not_shown": (
        N_("The clip cannot be shown here[: {reason}]."),
        N_("This costs nothing."),
        N_("The file stays as it is: o and y bring it to a player of your own."),
    ),
    "picture_not_shown": (
        N_("The picture cannot be shown here[: {reason}]."),
        N_("This costs nothing."),
        N_("The file stays as it is."),
    ),
    "reference_not_opened": (
        N_("The reference picture[ {path}] cannot be opened here[: {reason}]."),
        _NOT_SENT,
        N_("Choose another picture, or make this one smaller."),
    ),
    # ourselves
    "simulator_failed": (
        N_("The practice server did not start[: {reason}]."),
        _NOT_SENT,
        N_("Try sora-tui simulate to see why; jobs wait until it runs."),
    ),
    "no_terminal": (
        N_("There is no terminal here to open the screen on."),
        _NOT_SENT,
        N_('Make a clip without it: sora-tui generate "A paper boat in a gutter"'),
    ),
    "dumb_terminal": (
        N_("This terminal (TERM=dumb) cannot show the screen."),
        _NOT_SENT,
        N_("Use another terminal, set TERM to what it really is, or use sora-tui generate."),
    ),
    "internal_fault": (
        N_("sora-tui stopped on its own fault[: {reason}]."),
        _NOT_SENT,
        N_(
            "sora-tui jobs shows where each job stands[; a report without keys or prompts lies in"
            " {report}]."
        ),
    ),
}
