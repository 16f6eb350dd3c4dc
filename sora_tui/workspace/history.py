"""The jobs of a workspace: documents that are the truth, and an index that makes lists fast.

Every face and the engine's thread have a `History` of their own. Only the owner's saves. What is
read comes from the documents; from the index come no more than names, numbers and order.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sora_tui.core.job import Job, Notes
from sora_tui.core.job_filter import JobFilter
from sora_tui.core.job_id import JOB_ID
from sora_tui.core.problem import Problem, ProblemError, problem_error
from sora_tui.core.remote_video import inner_id
from sora_tui.workspace.atomic import (
    disk_refusals,
    reserve,
    sync_dir,
    write_atomic,
    write_reserved,
)
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.index_sync import IndexSync
from sora_tui.workspace.job_document import (
    SUFFIX,
    Stamp,
    decode,
    encode,
    read_bytes,
    stamp_of,
    without_secrets,
)
from sora_tui.workspace.legacy_records import is_legacy

if TYPE_CHECKING:
    from sora_tui.core.lineage import Lineage, Relation

#: How many of the documents read last are watched for edits by hand: as many as a screen shows.
_WATCHED: Final = 200
#: Bytes by which the answer to a paid request may make a document grow; video objects are kept
#: up to 64 KiB, and indented.
_ANSWER: Final = 192 * 1024
_RESERVED: Final = ".next"
#: How many past jobs count for the typical time.
_USUAL: Final = 50

_BY_NUMBER: Final = re.compile(r"@([1-9][0-9]{0,8})")
_log = logging.getLogger(__name__)


class History:
    """The documents of one workspace. Belongs to the thread that uses it first."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._index_sync = IndexSync(folder)
        self._owner = False
        #: The version of each document that the owner last read or wrote.
        self._stamps: dict[str, Stamp] = {}
        #: Notes that a person changed while the engine ran: what they were, and what they are now.
        self._edited_notes: dict[str, tuple[Notes, Notes]] = {}
        #: The version of each edited document that was handled already.
        self._looked_at: dict[str, Stamp | None] = {}
        self._broken: dict[str, Problem] = {}
        self._changes = _Changes(folder, self._index_sync)

    def close(self) -> None:
        """Close the index."""
        self._index_sync.close()

    # The owner's part -----------------------------------------------------------------------

    def own(self) -> int:
        """Make this process the owner: bring the index up to what the documents say.

        To be called once the lock is held and before `active()`: an index that the last owner left
        behind the documents must not hide an unfinished job. It takes about a second for 100,000
        documents, more when the index has to be made again.

        Returns:
            How many documents came in while the folder had no owner.
        """
        self._owner = True
        self._finish_reserved()
        return self._index_sync.own()

    def take_external_changes(self) -> tuple[list[Job], int, list[str]]:
        """Index documents that another program put here. For the owner alone, each second.

        Returns:
            The jobs that came in and can be read, how many documents came in, and the ids of
            documents that were removed.
        """
        came, gone = self._index_sync.take_external_changes()
        for job_id in gone:
            self._forget(job_id)
        return self._load_each(sorted(came)), len(came), gone

    def save(self, job: Job) -> Job:
        """Write a job's document durably, then tell the index. For the owner alone.

        A document that a person edited since it was last read or written here is kept in
        `.conflicts/`; the notes in it are taken over, its state, ids and outputs are not. A
        document that is the same already is not written.

        Returns:
            The job as it was written: with the notes that a person gave it meanwhile.

        Raises:
            ProblemError: disk_full, folder_not_writable or folder_missing; the old document stays.
        """
        if not self._owner:
            self.own()
        path = self._path(job.id)
        self._keep_edited(path, job)
        job = self._with_edited_notes(job)
        data = encode(job)
        if not _says(path, data):
            self._write(path, data)
        with disk_refusals(path):
            self._stamps[job.id] = Stamp.of(path.lstat())
        self._broken.pop(job.id, None)
        self._index_sync.put(job, self._stamps[job.id])
        return job

    def annotated(self, jobs: Iterable[Job]) -> list[str]:
        """Return the ids of those jobs whose documents a person edited, changing the notes.

        It costs one stat for each job, and one read for each edit. For the owner alone: `save`
        takes the notes over.
        """
        found = []
        for job in jobs:
            path = self._path(job.id)
            stamp = stamp_of(path)
            if stamp in {None, self._stamps.get(job.id), self._looked_at.get(job.id)}:
                continue
            self._looked_at[job.id] = stamp
            with suppress(FileNotFoundError, ProblemError):  # half an edit: the rest comes
                if decode(path, read_bytes(path)[0]).notes != job.notes:
                    found.append(job.id)
        return found

    def reserve(self, job: Job) -> None:
        """Reserve room on the disk for the answer to a paid request. For the owner alone.

        However full the disk is then, `save` can write this job's document once more. The room is
        given back by `release`, or by the next owner.

        Raises:
            ProblemError: disk_full or folder_not_writable: nothing may be paid.
        """
        reserve(self._reserved(self._path(job.id)), len(encode(job)) + _ANSWER)

    def release(self, job_id: str) -> None:
        """Give the reserved room back."""
        self._reserved(self._path(job_id)).unlink(missing_ok=True)

    def trash(self, job_id: str) -> None:
        """Move a document to `.trash/`; the ids in it stay known. For the owner alone.

        Raises:
            ProblemError: job_unknown or folder_not_writable.
        """
        path = self._path_of(job_id)
        target = self._folder.trash / path.name
        with disk_refusals(target):
            try:
                path.rename(target)
            except FileNotFoundError:
                raise problem_error("job_unknown", job=job_id) from None
            sync_dir(self._folder.trash)
            sync_dir(self._folder.metadata)
        self._forget(job_id)
        self._index_sync.put_trashed(job_id, target)

    # Reading --------------------------------------------------------------------------------

    def load(self, job_id: str) -> Job:
        """Return the job as its document says now.

        Raises:
            ProblemError: job_unknown; document_broken with path, line, column and reason;
                document_newer.
        """
        path = self._path_of(job_id)
        try:
            data, stamp = read_bytes(path)
            self._stamps[job_id] = stamp
            own = path == self._path(job_id)
            if own:
                self._changes.watch(job_id, stamp)
            job = decode(path, data) if own else self._index_sync.read_legacy(job_id, path)
        except FileNotFoundError:
            self._forget(job_id)
            raise problem_error("job_unknown", job=job_id) from None
        except ProblemError as error:
            self._broken[job_id] = error.problem
            raise
        self._broken.pop(job_id, None)
        return job

    def load_text(self, job_id: str) -> str:
        """Return the document as it stands on disk, readable or not, without values of cookies.

        Bytes that are not UTF-8 become `�`.
        Cookies are without their values: this text is shown.

        Raises:
            ProblemError: job_unknown; document_broken for what is no file, or one that is too
                large.
        """
        try:
            data, _ = read_bytes(self._path_of(job_id))
        except FileNotFoundError:
            raise problem_error("job_unknown", job=job_id) from None
        return without_secrets(data.decode(errors="replace"))

    def newest(self, limit: int, offset: int = 0) -> list[Job]:
        """Return at most `limit` jobs, newest first, without broken documents (see `broken`)."""
        if (few := self._index_sync.few_ids()) is not None:
            return self._load_each(few[offset : offset + limit])
        ids = self._index_sync.ask(
            lambda index: index.newest(limit, offset),
            lambda: self._changes.listed()[offset : offset + limit],
        )
        return self._load_each(ids)

    def active(self) -> list[Job]:
        """Return every job that is not final or needs a decision, newest first, from documents."""
        ids = self._index_sync.ask(lambda index: index.unfinished(), self.all_ids)
        return [job for job in self._each(ids) if job.is_active or job.needs_decision]

    def all_ids(self) -> list[str]:
        """Return the id of every job that has a document, newest first."""
        return self._index_sync.all_ids()

    def matching(self, job_filter: JobFilter) -> list[str]:
        """Return the ids of the jobs that a list shows, in its order, broken documents included."""

        def read() -> list[str]:
            if job_filter == JobFilter():
                return self.all_ids()
            from sora_tui.workspace.index import in_order

            rows = (row for row in self._index_sync.rows() if not row.trashed)
            found = (r for r in rows if job_filter.matches(r.state, r.profile, r.searched or ""))
            return [row.name for row in in_order(found, job_filter.sort)]

        return self._index_sync.ask(lambda index: index.matching(job_filter), read)

    def load_each(self, job_ids: Iterable[str]) -> dict[str, Job | Problem]:
        """Return jobs by id, or why one cannot be read; jobs that are gone are left out."""
        found: dict[str, Job | Problem] = {}
        for job_id in job_ids:
            job = self._try_load(job_id) or self._broken.get(job_id)
            if job is not None:
                found[job_id] = job
        return found

    def count(self) -> int:
        """Return how many documents there are."""
        return self._index_sync.ask(lambda index: index.count(), lambda: len(self.all_ids()))

    def find(self, prefix: str) -> str:
        """Return the full id for the beginning of one, `@last`, or `@1` (the newest), `@2` ...

        A legacy record is found by its video id too.

        Raises:
            ProblemError: job_unknown; job_ambiguous with the newest of the ids that match.
        """
        if JOB_ID.fullmatch(prefix) and self._path_of(prefix).exists():
            return prefix
        ids = self.all_ids()
        if by_number := _BY_NUMBER.fullmatch("@1" if prefix == "@last" else prefix):
            number = int(by_number[1])
            found = ids[number - 1 : number]
        else:
            found = [job_id for job_id in ids if prefix and job_id.startswith(prefix)]
            found = found or self._index_sync.legacy_named(prefix)
        if not found:
            raise problem_error("job_unknown", job=prefix)
        if len(found) > 1:
            raise problem_error("job_ambiguous", job=prefix, matches=", ".join(found[:5]))
        return found[0]

    def known_remote_ids(self, origin: str) -> set[str]:
        """Return every id (`inner_id`) that a server of this origin gave to a job here.

        Documents in the trash count: matching must not take their videos for those of lost answers.
        """

        def read() -> set[str]:
            rows = (row for row in self._index_sync.rows() if row.origin == origin)
            return {i for row in rows for i in (row.remote_id, row.polled_id) if i}

        told = self._index_sync.ask(lambda index: index.remote_ids(origin), read)
        return {inner_id(video_id) for video_id in told}

    def with_videos(self, origin: str, video_ids: Collection[str]) -> dict[str, list[Job | None]]:
        """Return the jobs to which a server of this origin gave these ids, trashed ones included.

        Args:
            origin: Scheme, host and port of the server.
            video_ids: As `inner_id`.

        Returns:
            By id; None stands for a job whose document cannot be read.
        """

        def read() -> list[tuple[str, bool, str | None, str | None]]:
            rows = (row for row in self._index_sync.rows() if row.origin == origin)
            return [(row.name, row.trashed, row.remote_id, row.polled_id) for row in rows]

        found: dict[str, list[Job | None]] = {}
        for name, trashed, *ids in self._index_sync.ask(lambda index: index.owners(origin), read):
            for video_id in {inner_id(each) for each in ids if each} & set(video_ids):
                found.setdefault(video_id, []).append(self._try_read(name, trashed=bool(trashed)))
        return found

    def _try_read(self, job_id: str, *, trashed: bool) -> Job | None:
        try:
            path = self._folder.trash / f"{job_id}{SUFFIX}" if trashed else self._path_of(job_id)
            return decode(path, read_bytes(path)[0])
        except (FileNotFoundError, ProblemError):
            return None

    def durations(
        self, profile: str, model: str | None, size: str | None, seconds: str | None
    ) -> list[float]:
        """Return the seconds from acceptance to completion of such jobs, the newest 50 first."""
        wanted = (profile, model, size, seconds)

        def read() -> list[float]:
            rows = self._index_sync.rows()
            such = (r for r in rows if (r.profile, r.model, r.size, r.seconds) == wanted)
            return list(islice((row.took for row in such if row.took is not None), _USUAL))

        return self._index_sync.ask(lambda index: index.durations(*wanted, _USUAL), read)

    def characters(self) -> list[Job]:
        """Return the jobs that made a character, newest first."""

        def read() -> list[str]:
            rows = (row for row in self._index_sync.rows() if not row.trashed)
            return [row.name for row in rows if row.character is not None]

        return self._load_each(self._index_sync.ask(lambda index: index.characters(), read))

    def lineage(self, job: Job) -> Lineage:
        """Return what a job came from and what was derived from it, as far as documents exist.

        The job that it came from is named even if its own document is gone.
        """
        from sora_tui.core.lineage import (  # not for the first frame
            Lineage,
            origins_of,
            relations_to,
        )

        ids = [id for id in (job.id, inner_id(job.remote_id or "")) if id]

        def read() -> list[str]:
            rows = (row for row in self._index_sync.rows() if row.origins and not row.trashed)
            return sorted(
                r.name for r in rows if any(f"\n{id}\n" in (r.origins or "") for id in ids)
            )

        names = self._index_sync.ask(lambda index: index.derived_from(ids), read)
        made = [relation for other in self._each(names) for relation in relations_to(job, other)]
        return Lineage(
            tuple(self._named(job, relation) for relation in origins_of(job)), tuple(made)
        )

    def _named(self, job: Job, relation: Relation) -> Relation:
        """Return the relation with the job that made its video here, if there is one."""
        if JOB_ID.fullmatch(relation.id):
            return relation
        origin = job.server.origin

        def read() -> list[str]:
            rows = (r for r in self._index_sync.rows() if r.origin == origin and not r.trashed)
            return [r.name for r in rows if relation.id in {r.remote_id, r.polled_id}]

        found = self._index_sync.ask(lambda index: index.with_video(origin, relation.id), read)
        return relation._replace(id=found[0]) if found else relation

    def broken(self) -> list[Problem]:
        """Return why documents cannot be read, each as document_broken or document_newer."""

        def read() -> list[str]:
            rows = (row for row in self._index_sync.rows() if not row.trashed)
            return [row.name for row in rows if row.state == "broken"]

        for job_id in self._index_sync.ask(lambda index: index.unreadable(), read):
            if job_id not in self._broken:
                self._try_load(job_id)
        return [self._broken[job_id] for job_id in sorted(self._broken, reverse=True)]

    def poll_changes(self) -> list[Job]:
        """Return jobs whose documents changed since the last call, oldest first. For each second.

        These are documents that the owner wrote, documents that came in, and edits by hand of the
        documents read last through this object. It costs about a millisecond while nothing changes.
        """
        return self._load_each(self._changes.poll())

    def poll_gone(self) -> list[str]:
        """Return the ids of jobs whose deletion `poll_changes` found since the last call."""
        gone, self._changes.gone = sorted(self._changes.gone), set()
        return gone

    # Documents ------------------------------------------------------------------------------

    def _write(self, path: Path, data: bytes) -> None:
        try:
            write_atomic(path, data)
        except ProblemError as error:
            reserved = self._reserved(path)
            if error.problem.code != "disk_full" or not reserved.exists():
                raise
            write_reserved(reserved, path, data)

    def _reserved(self, path: Path) -> Path:
        return path.with_name(f".{path.name}{_RESERVED}")

    def _finish_reserved(self) -> None:
        """Complete what a killed owner left reserved: an answer that lacks its name, or nothing."""
        for reserved in self._folder.metadata.glob(f".*{SUFFIX}{_RESERVED}"):
            path = reserved.with_name(reserved.name[1 : -len(_RESERVED)])
            try:
                answered = decode(path, read_bytes(reserved)[0])
                if decode(path, read_bytes(path)[0]).is_before(answered):
                    reserved.replace(path)
            except (FileNotFoundError, ProblemError):
                pass  # empty: the disk had room for the answer, or the answer never came
            reserved.unlink(missing_ok=True)

    def _path_of(self, job_id: str) -> Path:
        """Return the file of a job; it may be a legacy record."""
        path = self._path(job_id)
        if is_legacy(job_id) and not path.exists():
            return self._index_sync.legacy_path(job_id) or path
        return path

    def _path(self, job_id: str) -> Path:
        if not JOB_ID.fullmatch(job_id):  # ids come from people and commands: never a path
            raise problem_error("job_unknown", job=job_id)
        return self._folder.metadata / f"{job_id}{SUFFIX}"

    def _load_each(self, job_ids: Iterable[str]) -> list[Job]:
        return list(self._each(job_ids))

    def _each(self, job_ids: Iterable[str]) -> Iterator[Job]:
        """Read one job after the other: without an index, few of many may be wanted."""
        for job_id in job_ids:
            if (job := self._try_load(job_id)) is not None:
                yield job

    def _try_load(self, job_id: str) -> Job | None:
        try:
            job = self.load(job_id)
        except ProblemError:
            return None  # gone, or noted in self._broken
        if not is_legacy(job_id):
            self._changes.seen(job_id, self._stamps[job_id])
        return job

    def _forget(self, job_id: str) -> None:
        self._stamps.pop(job_id, None)
        self._looked_at.pop(job_id, None)
        self._broken.pop(job_id, None)

    def _keep_edited(self, path: Path, job: Job) -> None:
        """Move a document that a person edited aside, and remember the notes in it."""
        known = self._stamps.get(job.id)
        if known is None or stamp_of(path) in {known, None}:
            return
        try:
            edited, stamp = read_bytes(path)
        except (FileNotFoundError, ProblemError):
            return
        kept = self._folder.conflicts / f"{job.id}-{stamp.mtime_ns}{SUFFIX}"
        write_atomic(kept, edited)
        _log.warning("%s was edited meanwhile; kept as %s", path.name, kept.name)
        with suppress(ProblemError):
            notes = decode(path, edited).notes
            if notes != job.notes:
                self._edited_notes[job.id] = (job.notes, notes)

    def _with_edited_notes(self, job: Job) -> Job:
        """Return the job with the edited notes, which the engine may not know yet.

        Notes that differ from what they were before the edit are newer, and end that.
        """
        before, edited = self._edited_notes.get(job.id, (None, job.notes))
        if job.notes == before:
            return replace(job, notes=edited)
        self._edited_notes.pop(job.id, None)
        return job


def _says(path: Path, data: bytes) -> bool:
    stamp = stamp_of(path)
    if stamp is None or stamp.size != len(data):
        return False
    try:
        return read_bytes(path)[0] == data
    except (FileNotFoundError, ProblemError):
        return False


class _Changes:
    """Notices documents that other processes or people wrote."""

    def __init__(self, folder: Folder, index_sync: IndexSync) -> None:
        self._folder = folder
        self._index_sync = index_sync
        self._told: dict[str, Stamp] = {}
        self._version = 0
        self._job_filter: set[str] | None = None
        self._listed_at = 0
        #: Ids of documents that were deleted, until the next question for them.
        self.gone: set[str] = set()

    def watch(self, job_id: str, stamp: Stamp) -> None:
        """Watch a document that was read; only those read last are watched."""
        self._told[job_id] = self._told.pop(job_id, stamp)

    def seen(self, job_id: str, stamp: Stamp) -> None:
        """Note that a reader got this version: it is no longer news."""
        self._told[job_id] = stamp

    def listed(self) -> list[str]:
        """Return every id, newest first; `poll` returns what comes in later."""
        at = self._changed_at()
        job_ids = self._index_sync.all_ids()
        if self._job_filter is None:
            self._job_filter, self._listed_at = set(job_ids), at
        return job_ids

    def poll(self) -> list[str]:
        """Return the ids of documents that changed, oldest first."""
        return sorted({*self._edited(), *self._written()})

    def _edited(self) -> list[str]:
        changed = []
        metadata = self._folder.metadata
        for job_id in list(islice(reversed(self._told), _WATCHED)):
            stamp = stamp_of(metadata / f"{job_id}{SUFFIX}")
            if stamp is None:
                del self._told[job_id]
                self.gone.add(job_id)
            elif stamp != self._told[job_id]:
                self._told[job_id] = stamp  # broken ones are reported once, too
                changed.append(job_id)
        return changed

    def _written(self) -> list[str]:
        """Return what was written, from the index, or by name where there is none."""
        if self._index_sync.opened() is None:
            return self._arrived()
        before, self._version = self._version, self._index_sync.version
        if self._version != before and (before or self._job_filter is not None):
            # Another index than the last time: what it has and we do not know is news.
            self._job_filter = None
            newest = self._index_sync.ask(lambda index: index.newest(_WATCHED, 0), list[str])
            return [job_id for job_id in newest if job_id not in self._told]
        changed = self._index_sync.ask(lambda index: index.changes(), list[tuple[str, bool]])
        self.gone |= {job_id for job_id, trashed in changed if trashed}
        return [job_id for job_id, trashed in changed if not trashed]

    def _arrived(self) -> list[str]:
        at, before = self._changed_at(), self._job_filter
        if before is not None and at == self._listed_at:
            return []
        self._job_filter, self._listed_at = set(self._index_sync.all_ids()), at
        if before is None:
            return []
        self.gone |= before - self._job_filter
        return list(self._job_filter - before)

    def _changed_at(self) -> int:
        try:
            return self._folder.metadata.stat().st_mtime_ns
        except OSError:
            return 0
