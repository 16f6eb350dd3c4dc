"""A batch file: many clips in one order, and which of them were sent before.

A line is recognized by what it asks for, not by where it stands: lines may be put in, taken out
and moved, and no clip is paid twice. Two lines that ask for the same are two clips; a line with an
`id` of its own stays that line whatever it asks for.
"""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sora_tui.core.digest import sha256_of
from sora_tui.core.document import request_document
from sora_tui.core.job import Batch, Job, State
from sora_tui.core.nearest import nearest
from sora_tui.core.problem import Fact, ProblemError, problem_error
from sora_tui.core.request import VideoRequest
from sora_tui.core.toml_fault import toml_fault

#: The settings of a line. `prompt` is the text, `file` a prompt file whose settings the line's own
#: settings override.
NAMES: Final = frozenset(
    {"prompt", "file", "id", "model", "seconds", "size", "reference", "fit", "count"}
    | {"params", "variables"}
)
#: The tables of a TOML batch.
_TABLE: Final = "clip"
_HEADER: Final = re.compile(rf"^[ \t]*\[\[[ \t]*{_TABLE}[ \t]*\]\]", re.MULTILINE)
#: Characters of a file's name that the id of its batch does not keep: documents are searched for
#: it.
_FOREIGN: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST: Final = 60
#: Of a name that is hashed: characters that are kept to be read, and characters of the hash.
_SHORT: Final = 40
_HASHED: Final = 12
#: How the key of a line with an `id` begins.
_OWN_ID: Final = "id:"


class Line(NamedTuple):
    """One line of a batch file.

    Attributes:
        number: In the file, from 1: of the line, or of the header of its table.
        settings: What it says, names as in `NAMES`.
    """

    number: int
    settings: Mapping[str, Any]


def batch_id(name: str) -> str:
    """Return the id of a batch, from the name of its file without ending, or the person's own word.

    A name of other letters, or a long one, gets a hash of the whole: two files never have one id.
    """
    # One name has two spellings: file systems decompose accents, keyboards compose them.
    name = unicodedata.normalize("NFC", name)
    short = earlier_batch_id(name)
    if short == name:
        return name
    hashed = sha256_of(name.encode("utf-8", "surrogateescape"))
    return f"{short[:_SHORT].rstrip('-.')}-{hashed[:_HASHED]}"


def earlier_batch_id(name: str) -> str:
    """Return the id that earlier versions gave a batch; different names could have the same one.

    What was sent under it is not sent again where the line agrees; see `stands_for`.
    """
    return _FOREIGN.sub("-", name).strip("-.")[:_LONGEST] or "batch"


def stands_for(job: Job, batch: str, request: VideoRequest) -> bool:
    """Return whether a job that has the key of a line is the line's clip.

    One that was sent under the earlier id of the batch may be another file's: a line with an `id`
    of its own has to agree in the prompt then. Without an `id` the key holds all that is asked for.
    """
    if job.batch is None or job.batch.id == batch or not job.batch.line.startswith(_OWN_ID):
        return True
    return job.request.prompt == request.prompt


def read_lines(source: str, *, toml: bool) -> tuple[list[Line], list[ProblemError]]:
    """Read the lines of a batch file; return them, and the problems of wrong ones.

    Args:
        source: The text of the file.
        toml: `[[clip]]` tables, over settings for all of them; otherwise JSON, an object a line.

    Raises:
        ProblemError: batch_unreadable where the file as a whole is neither.
    """
    lines: list[Line] = []
    wrong: list[ProblemError] = []
    ids: set[str] = set()
    for number, said in _tables(source) if toml else _objects(source):
        try:
            lines.append(Line(number, _checked(said, ids)))
        except ProblemError as error:
            wrong.append(at_line(number, error))
    return lines, wrong


def at_line(number: int, error: ProblemError) -> ProblemError:
    """Return the same problem, with the number of its line as `row` and its own code as `cause`."""
    facts = {**error.problem.facts, "row": number, "cause": error.problem.code}
    return problem_error("batch_line", **facts)


def takes_of(
    batch: str, asked: Sequence[tuple[Line, VideoRequest, int]], origin: str
) -> list[tuple[Batch, ...]]:
    """Return the clips of each line as documents name them, in the order of the lines.

    Lines that ask the same of the same server are takes of one prompt and counted through, so that
    it does not matter which of them stands first.

    Args:
        batch: Its id.
        asked: Each line with its request and number of clips.
        origin: Scheme, host and port of the server.
    """
    keys = [_key(line, request, origin) for line, request, _count in asked]
    of: Counter[str] = Counter()
    for key, (_line, _request, count) in zip(keys, asked, strict=True):
        of[key] += count
    done: Counter[str] = Counter()
    takes: list[tuple[Batch, ...]] = []
    for key, (_line, _request, count) in zip(keys, asked, strict=True):
        first = done[key] + 1
        done[key] += count
        takes.append(tuple(Batch(batch, first + n, of[key], key) for n in range(count)))
    return takes


def _key(line: Line, request: VideoRequest, origin: str) -> str:
    """Return the key of a line: its own `id`, else a hash of request and server."""
    if "id" in line.settings:
        return f"{_OWN_ID}{line.settings['id']}"
    # Which file the text came from changes nothing in the clip.
    asked = {**request_document(request), "prompt_file": None, "variables": None}
    text = json.dumps([origin, asked], sort_keys=True, default=str)
    return sha256_of(text.encode("utf-8", "replace"))[:16]


def was_sent(job: Job) -> bool:
    """Return whether this job of a batch stands for its clip: sent, or waiting to be sent.

    A job that was withdrawn, or lies in the trash unsent, was never paid: its line is sent again.
    """
    return job.state is not State.CANCELLED or job.remote_id is not None


def _objects(source: str) -> list[tuple[int, Any]]:
    found: list[tuple[int, Any]] = []
    for number, text in enumerate(source.removeprefix("\ufeff").split("\n"), start=1):
        if not text.strip():
            continue
        try:
            found.append((number, json.loads(text)))
        except (ValueError, RecursionError) as error:
            facts: dict[str, Fact] = {"reason": "no JSON"}
            if isinstance(error, json.JSONDecodeError):  # whose line is always 1
                facts["column"] = error.colno
            found.append((number, problem_error("batch_syntax", **facts)))
    return found


def _tables(source: str) -> list[tuple[int, Any]]:
    try:
        document = tomllib.loads(source.removeprefix("\ufeff").replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        line, reason = toml_fault(error, source.count("\n") + 1)
        raise problem_error("batch_unreadable", line=line, reason=reason) from None
    tables = document.pop(_TABLE, [])
    headers = [source.count("\n", 0, match.start()) + 1 for match in _HEADER.finditer(source)]
    if not isinstance(tables, list) or len(headers) != len(tables):
        raise problem_error("batch_unreadable", reason="no [[clip]] tables")
    return [
        (number, _over(table, document) if isinstance(table, Mapping) else table)
        for number, table in zip(headers, tables, strict=True)
    ]


def _over(table: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table of settings, with the settings common to all tables where it has none."""
    both = {**common, **table}
    for name in ("params", "variables"):
        if isinstance(common.get(name), Mapping) and isinstance(table.get(name), Mapping):
            both[name] = {**common[name], **table[name]}
    return both


def _checked(said: Any, ids: set[str]) -> Mapping[str, Any]:
    if isinstance(said, ProblemError):
        raise said
    if not isinstance(said, Mapping):
        raise problem_error("batch_syntax", reason="not an object")
    for name in said:
        if name not in NAMES:
            near = nearest(name, NAMES)
            facts = {} if near is None else {"near": near}
            raise problem_error("batch_syntax", key=name, reason="no such setting", **facts)
    for name in ("prompt", "file", "id"):
        if name in said and not isinstance(said[name], str):
            raise problem_error("batch_syntax", key=name, reason="must be text in quotes")
    if ("prompt" in said) == ("file" in said):
        raise problem_error("batch_syntax", reason="prompt or file, one of the two")
    if "id" in said:
        if said["id"] in ids:
            raise problem_error("batch_syntax", key="id", value=said["id"], reason="comes twice")
        ids.add(said["id"])
    return said
