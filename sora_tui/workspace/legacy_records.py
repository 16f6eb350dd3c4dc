"""Reads the records that the one-file script left: `metadata/<video_id>.json`. Never writes them.

The script rewrote a record at every poll and lost its hash fields at the end, so every field may
be missing; a clip is then found by its name, `output/video_<id>_<unix time>.mp4`. The script no
longer runs: the last status that it wrote is the end of such a job.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sora_tui.core.digest import sha256_of
from sora_tui.core.job import Event, Job, JobError, Output, State
from sora_tui.core.problem import ProblemError, Spent, problem_error
from sora_tui.core.remote_video import is_usable_id, moment
from sora_tui.core.request import MAX_PROMPT, VideoRequest
from sora_tui.core.server import ServerRef
from sora_tui.core.text import clean, clean_line
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.job_document import SUFFIX, job_id_of, read_bytes, stamp_of

#: The only server that the script knew.
_SERVER: Final = ServerRef("openai", "https://api.openai.com/v1", "openai")
#: States by the script's last status; any other one is a job that was left behind.
_ENDS: Final[Mapping[str, State]] = {
    "downloaded": State.SAVED,
    "completed": State.EXPIRED,
    "download_failed": State.EXPIRED,
    "failed": State.FAILED,
}
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
#: Marks the ids that these records get here, so that other ids are not searched among them.
_MARK: Final = "old"


def is_legacy(job_id: str) -> bool:
    """Return whether this may be the id of a legacy record."""
    return job_id[16:19] == _MARK


def record_path(job: Job) -> str:
    """Return the path of a job's document in the workspace, for showing it."""
    return f"metadata/{job.remote_id if is_legacy(job.id) else job.id}{SUFFIX}"


class LegacyRecords:
    """The legacy records of one workspace, by the job ids that they get here."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._files: dict[str, Path] = {}

    def scan(self) -> list[str]:
        """Find records and return their ids, the newest first.

        The id has the time of the script's last status, and is the same at every call.
        """
        files: dict[str, Path] = {}
        for path in sorted(_candidates(self._folder.metadata)):
            try:
                at = _last_word(_read(path), path)
            except (FileNotFoundError, ProblemError):
                continue  # another program's JSON, or one that is being written
            number = int(sha256_of(path.name.encode(errors="replace"))[:8], 16)
            while (job_id := _id_of(at, number)) in files:
                number += 1
            files[job_id] = path
        self._files = files
        return sorted(files, reverse=True)

    def path(self, job_id: str) -> Path | None:
        """Return the file of a record that `scan` found."""
        return self._files.get(job_id)

    def named(self, prefix: str) -> list[str]:
        """Return the ids of the records found whose file's name, the video id, begins so."""
        return [id for id, path in self._files.items() if prefix and path.name.startswith(prefix)]

    def read(self, job_id: str, path: Path) -> Job:
        """Return the job in a record.

        Raises:
            FileNotFoundError: It is gone.
            ProblemError: document_broken.
        """
        record = _read(path)
        at = _last_word(record, path)
        word = clean_line(record.get("status") or "", 60)
        video_id = _video_id(record, path)
        output = _output(self._folder, record, video_id)
        state = State.SAVED if output else _ENDS.get(word, State.ABANDONED)
        return Job(
            id=job_id,
            state=state,
            created_at=at,
            updated_at=at,
            server=_SERVER,
            request=VideoRequest(
                prompt=clean(_text(record.get("prompt")) or "", MAX_PROMPT),
                model=_text(record.get("model")),
                seconds=_text(record.get("duration")),
                size=_text(record.get("size")),
            ),
            remote_id=video_id,
            outputs=(output,) if output else (),
            error=_error(state, _text(record.get("error"))),
            events=(Event(at, state, f"old script: {word or 'no status'}"),),
        )


def _candidates(metadata: Path) -> list[Path]:
    try:
        with os.scandir(metadata) as entries:
            return [metadata / entry.name for entry in entries if may_be_legacy(entry.name)]
    except OSError:
        return []


def may_be_legacy(name: str) -> bool:
    """Return whether a file of this name in `metadata/` may be a legacy record."""
    return name.endswith(SUFFIX) and not name.startswith(".") and job_id_of(name) is None


def _read(path: Path) -> Mapping[str, Any]:
    data, _ = read_bytes(path)
    try:
        record = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _broken(path, str(error)) from None
    if not isinstance(record, dict) or "status" not in record or "prompt" not in record:
        raise _broken(path, "no record of the old script")
    return record


def _broken(path: Path, reason: str) -> ProblemError:
    shown = f"metadata/{clean_line(path.name, 100)}"
    return problem_error("document_broken", path=shown, line=1, column=1, reason=reason)


def _last_word(record: Mapping[str, Any], path: Path) -> datetime:
    said = record.get("timestamp")
    if isinstance(said, str):
        try:
            said = float(said)
        except ValueError:
            said = None
    at = moment(said)
    if at is None or at.year > 9000:
        stamp = stamp_of(path)
        at = datetime.fromtimestamp(stamp.mtime_ns / 1e9 if stamp else 0, UTC)
    return at


def _id_of(at: datetime, number: int) -> str:
    tail = ""
    for _ in range(3):
        number, digit = divmod(number, len(_DIGITS))
        tail += _DIGITS[digit]
    return f"{at:%Y%m%d-%H%M%S}-{_MARK}{tail}"


def _video_id(record: Mapping[str, Any], path: Path) -> str:
    said = record.get("video_id")
    if isinstance(said, str) and is_usable_id(said):
        return said
    return clean_line(path.name.removesuffix(SUFFIX), 200)


def _text(value: object) -> str | None:
    if value is None or isinstance(value, bool | dict | list):
        return None
    return clean_line(value, MAX_PROMPT) if not isinstance(value, str) else value


def _output(folder: Folder, record: Mapping[str, Any], video_id: str) -> Output | None:
    """Return the clip in the workspace: where the record says, or by the script's naming."""
    named = record.get("file_path")
    found = [folder.root / named] if isinstance(named, str) and "\0" not in named else []
    try:
        with os.scandir(folder.output) as entries:
            names = sorted((e.name for e in entries if e.name.endswith(".mp4")), reverse=True)
    except OSError:
        names = []
    ours = (f"video_{video_id}_", f"{video_id}_", f"{video_id}.")
    found += [folder.output / name for name in names if name.startswith(ours)]
    for path in found:
        try:
            path = path.resolve(strict=True)
            size = path.stat().st_size
        except (OSError, RuntimeError):
            continue
        if path.is_relative_to(folder.root) and path.is_file():
            sha256 = record.get("sha256")
            known = sha256.lower() if isinstance(sha256, str) and len(sha256) == 64 else ""
            return Output("video", folder.relative(path), size, known)
    return None


def _error(state: State, message: str | None) -> JobError | None:
    said = clean_line(message or "", 1000)
    if state is State.FAILED:
        from sora_tui.core.moderation import is_moderation  # 20 ms that no first frame waits for

        kind = "moderation_after" if is_moderation(None, said) else "generation_failed"
        return JobError(kind, Spent.PERHAPS, message=said)
    if state is State.EXPIRED:
        return JobError("remote_expired", Spent.YES, message=said)
    return None
