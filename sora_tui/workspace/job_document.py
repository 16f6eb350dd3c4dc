"""One metadata document: from bytes on disk to a job, and back."""

from __future__ import annotations

import json
import math
import os
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

from sora_tui.core.document import from_document, stored_document, without_cookies
from sora_tui.core.job import Job
from sora_tui.core.job_id import JOB_ID
from sora_tui.core.problem import Fact, ProblemError, problem_error
from sora_tui.workspace.folder import check_readable
from sora_tui.workspace.safe_open import safe_open

#: Largest document read, in bytes. Ours stay far below; a larger one is not ours.
MAX_BYTES: Final = 1024 * 1024
SUFFIX: Final = ".json"


class Stamp(NamedTuple):
    """What distinguishes two versions of a file without reading it.

    It distinguished 300 of 300 fast rewrites of the same size (reliability notes, 4).
    """

    mtime_ns: int
    size: int
    inode: int

    @classmethod
    def of(cls, facts: os.stat_result) -> Stamp:
        """Return the stamp from the result of a stat."""
        # Some file systems number their files with 64 bits; a database holds 63.
        return cls(facts.st_mtime_ns, facts.st_size, facts.st_ino & 0x7FFF_FFFF_FFFF_FFFF)


def job_id_of(name: str) -> str | None:
    """Return the job id in a document's file name; None for other files and legacy records."""
    stem = name.removesuffix(SUFFIX)
    return stem if stem != name and JOB_ID.fullmatch(stem) else None


def ids_in(folder: Path) -> list[str]:
    """Return the job ids for which a folder has documents, newest first; none without a folder.

    Raises:
        ProblemError: folder_unreadable: that does not mean that there are none.
    """
    try:
        with os.scandir(folder) as entries:
            found = [job_id for entry in entries if (job_id := job_id_of(entry.name))]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError:
        check_readable(folder)
        raise
    return sorted(found, reverse=True)


def stamp_of(path: Path) -> Stamp | None:
    """Return the stamp of a document as it stands, None where there is none."""
    try:
        return Stamp.of(path.lstat())
    except OSError:
        return None


def encode(job: Job) -> bytes:
    """Return the document as JSON, indented by two spaces, in UTF-8.

    An accepted job must always be written: lone surrogates, which UTF-8 cannot encode, become
    escapes; NaN and infinity, which JSON does not have, become null.
    """
    document: Any = stored_document(job)
    try:
        text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    except ValueError:
        document = _finite(document)
        text = json.dumps(document, indent=2, ensure_ascii=False)
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(document, indent=2).encode() + b"\n"


def read_bytes(path: Path) -> tuple[bytes, Stamp]:
    """Return a regular file, up to `MAX_BYTES`, and its stamp from before the reading.

    Raises:
        FileNotFoundError: There is none.
        ProblemError: document_broken for what is no regular file, too large or unreadable.
    """
    try:
        with safe_open(path) as file:
            facts = os.fstat(file.fileno())
            if facts.st_size > MAX_BYTES:
                raise _broken(path, 1, 1, f"larger than {MAX_BYTES} bytes")
            data = file.read(facts.st_size)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _broken(path, 1, 1, error.strerror or "") from None
    return data, Stamp.of(facts)


def without_secrets(text: str) -> str:
    """Return the text of a document without the values of cookies, for showing it."""
    if '"cookies"' not in text:
        return text
    try:
        document = json.loads(text)
        return json.dumps(without_cookies(document), indent=2, ensure_ascii=False) + "\n"
    except (ValueError, RecursionError):
        # Broken by hand: it is not known where a value ends.
        return text.partition('"cookies"')[0]


def decode(path: Path, data: bytes) -> Job:
    """Return the job in a document's bytes.

    Args:
        path: Names the file in a refusal; its name must be the job's id.
        data: The content of the file.

    Raises:
        ProblemError: document_broken with path, line and column (both from 1) and reason;
            document_newer with path and schema.
    """
    try:
        text = data.decode()
        job = from_document(json.loads(text))
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        raise _broken(path, before.count(b"\n") + 1, column, "not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _broken(path, error.lineno, error.colno, error.msg) from None
    except RecursionError:
        raise _broken(path, 1, 1, "nested too deeply") from None
    except ValueError as error:  # a number of more digits than Python takes
        raise _broken(path, 1, 1, str(error)) from None
    except ProblemError as error:
        facts = dict(error.problem.facts)
        if error.problem.code != "document_broken":
            raise problem_error(error.problem.code, path=_shown(path), **facts) from None
        field = str(facts["field"])
        raise _broken(path, *_place_of(text, field), f"{field}: {facts['reason']}") from None
    if job.id != path.name.removesuffix(SUFFIX):
        raise _broken(path, *_place_of(text, "id"), "id: not the name of the file")
    return job


def _place_of(text: str, field: str) -> tuple[int, int]:
    """Return line and column of a field of the document itself, as `encode` indents it."""
    found = re.search(rf'^ *"{re.escape(field)}" *:', text, re.MULTILINE)
    if found is None:
        return 1, 1
    indent = len(found[0]) - len(found[0].lstrip())
    return text.count("\n", 0, found.start()) + 1, indent + 1


def _broken(path: Path, line: int, column: int, reason: str) -> ProblemError:
    facts: dict[str, Fact] = {"line": line, "column": column, "reason": reason}
    return problem_error("document_broken", path=_shown(path), **facts)


def _shown(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
