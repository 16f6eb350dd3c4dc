"""Keeps the index in step with the documents, and works without it where it is unusable."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from sora_tui.core.job import Job
from sora_tui.core.problem import ProblemError
from sora_tui.workspace.external_changes import ExternalChanges
from sora_tui.workspace.folder import Folder, check_readable
from sora_tui.workspace.job_document import (
    SUFFIX,
    Stamp,
    decode,
    ids_in,
    job_id_of,
    read_bytes,
    stamp_of,
)
from sora_tui.workspace.legacy_records import LegacyRecords, is_legacy, may_be_legacy

if TYPE_CHECKING:
    from sora_tui.workspace.index import Index, Row

#: Documents per transaction while the index catches up.
_SLICE: Final = 500
#: Documents that the index is asked about at once: few take little memory, many take little time.
_AT_ONCE: Final = 2000
#: Files in `metadata/` up to which the first frame works without SQLite.
_FEW: Final = 300

_log = logging.getLogger(__name__)
T = TypeVar("T")


class IndexSync:
    """Access to the index of one workspace, for one thread.

    sqlite3 is loaded only where there is an index to read or to write: it delays the first frame.

    Attributes:
        version: Changes each time another index is opened.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._index: Index | None = None
        self._owner = False
        self._old = LegacyRecords(folder)
        self._arrivals = ExternalChanges(folder)
        self.version = 0

    def close(self) -> None:
        """Close the index."""
        if self._index is not None:
            self._index.close()
            self._index = None

    def own(self) -> int:
        """Write from now on: bring the index up to what the documents say, or make a new one.

        Returns:
            How many documents were not in the index that the last owner left.
        """
        from sora_tui.workspace.index import Index, IndexUnusableError

        self.close()
        self._owner = True
        path = self._folder.index_file
        try:
            try:
                self._index = Index.open(path, writable=True)
                return self._catch_up(self._index)
            except IndexUnusableError as error:
                _log.info("the index is made anew: %s", error)
                self.close()
                self._index = Index.create(path)
                self._catch_up(self._index)
                self._index.finish()
        except IndexUnusableError as error:
            self._give_up(error)
        return 0

    def take_external_changes(self) -> tuple[list[str], list[str]]:
        """Index documents that another program put here or took away. For the owner alone.

        To be called each second: it costs a stat while nothing changes in the folder.

        Returns:
            The ids that came in, and those that are gone, since the last call.
        """
        index = self._index
        if index is None or not self._arrivals.are_due():
            return [], []
        came, gone = self.ask(self._arrivals.compare, lambda: ([], []))
        rows = [row for job_id in came if (row := self._row(job_id, trashed=False)) is not None]
        self.ask(lambda index: index.put(rows), lambda: None)
        self.ask(lambda index: index.remove(gone), lambda: None)
        return came, gone

    def ask(self, question: Callable[[Index], T], otherwise: Callable[[], T]) -> T:
        """Return the answer of the index, or of the documents where it is unusable."""
        index = self.opened()
        if index is None:
            return otherwise()
        from sora_tui.workspace.index import IndexUnusableError

        try:
            return question(index)
        except IndexUnusableError as error:
            self._give_up(error)
            return otherwise()

    def put(self, job: Job, stamp: Stamp) -> None:
        """Index a document of the owner; to be called after it was written, never before."""
        if self._index is None:
            return
        from sora_tui.workspace.index import row_of

        row = row_of(job, stamp)
        self.ask(lambda index: index.put([row]), lambda: None)

    def put_trashed(self, job_id: str, path: Path) -> None:
        """Index a document that was moved to the trash, where it lies as `path`."""
        if self._index is not None:
            row = self._row_in(job_id, path, trashed=True)
            self.ask(lambda index: index.put([row] if row else []), lambda: None)

    def rows(self) -> Iterator[Row]:
        """Yield every document, newest first and the trash last, read without an index."""
        for trashed in (False, True):
            for job_id in ids_in(self._place(trashed)) if trashed else self.all_ids():
                if row := self._row(job_id, trashed=trashed):
                    yield row

    def all_ids(self) -> list[str]:
        """Return the id of every job that has a document, newest first, without an index."""
        old = self._old.scan()
        ids = ids_in(self._folder.metadata)
        return sorted([*ids, *old], reverse=True) if old else ids

    def few_ids(self) -> list[str] | None:
        """Return every job id, newest first, where that is faster than opening an index.

        None where the index is open or there is none, where there are many documents, and where a
        file may be a legacy record, whose id is not its name.
        """
        if self._index is not None or not self._folder.index_file.exists():
            return None
        try:
            with os.scandir(self._folder.metadata) as entries:
                names = [entry.name for entry in islice(entries, _FEW)]
        except OSError:
            return None
        if len(names) == _FEW or any(map(may_be_legacy, names)):
            return None
        return sorted(filter(None, map(job_id_of, names)), reverse=True)

    def legacy_path(self, job_id: str) -> Path | None:
        """Return the legacy record that has this id."""
        if not is_legacy(job_id):
            return None
        if (known := self._old.path(job_id)) is not None:
            return known
        name = self.ask(lambda index: index.file_of(job_id), lambda: None)
        if name is None:
            self._old.scan()
            return self._old.path(job_id)
        return self._folder.metadata / name

    def legacy_named(self, prefix: str) -> list[str]:
        """Return the ids of legacy records whose file's name begins so, as last listed."""
        return self._old.named(prefix)

    def read_legacy(self, job_id: str, path: Path) -> Job:
        """Return the job in a legacy record.

        Raises:
            FileNotFoundError: It is gone.
            ProblemError: document_broken.
        """
        return self._old.read(job_id, path)

    def to_count(self, since: datetime) -> Iterator[tuple[str, bool, Stamp]]:
        """Yield the documents that may cost money since a moment: name, trashed or not, stamp.

        Every file is listed, and none is read. A document is left out if the index has it with the
        stamp that the file has now, and as settled before. The stamp only shows that the content is
        the same; the times of the files decide nothing.

        Raises:
            OSError: A folder with documents cannot be listed.
        """
        moment = since.timestamp()
        for trashed in (False, True):
            with suppress(FileNotFoundError), os.scandir(self._place(trashed)) as entries:
                stamps = _stamps_of(entries)
                while some := dict(islice(stamps, _AT_ONCE)):
                    settled = self._settled_before(moment, some, trashed)
                    for job_id in some.keys() - settled:
                        yield job_id, trashed, some[job_id]

    def _settled_before(
        self, moment: float, stamps: Mapping[str, Stamp], trashed: bool
    ) -> set[str]:
        return self.ask(
            lambda index: index.settled_before(moment, stamps, trashed=trashed), set[str]
        )

    def opened(self) -> Index | None:
        """Return the index, if there is one; a reader opens an index that the owner replaced."""
        if self._owner:
            return self._index
        path = self._folder.index_file
        try:
            inode = path.stat().st_ino
        except OSError:
            inode = 0
        if self._index is not None and inode == self.version:
            return self._index
        self.close()
        if inode:
            from sora_tui.workspace.index import Index, IndexUnusableError

            with suppress(IndexUnusableError):
                self._index = Index.open(path, writable=False)
                self.version = inode
        return self._index

    def _catch_up(self, index: Index) -> int:
        """Index what changed since it was written, newest first; return how many it lacked."""
        gone, changed = index.compare(self._there())
        index.remove(gone)
        before = index.count()
        for start in range(0, len(changed), _SLICE):
            rows = (self._row(*key) for key in changed[start : start + _SLICE])
            index.put([row for row in rows if row is not None])
        return index.count() - before

    def _there(self) -> Iterator[tuple[str, bool, Stamp]]:
        for trashed in (False, True):
            for job_id, stamp in _stamps_in(self._place(trashed)):
                yield job_id, trashed, stamp
        for job_id in self._old.scan():
            path = self._old.path(job_id)
            if path is not None and (known := stamp_of(path)) is not None:
                yield job_id, False, known

    def _row(self, job_id: str, trashed: bool) -> Row | None:
        old = None if trashed else self._old.path(job_id)
        return self._row_in(job_id, old or self._place(trashed) / f"{job_id}{SUFFIX}", trashed)

    def _row_in(self, job_id: str, path: Path, trashed: bool) -> Row | None:
        from sora_tui.workspace.index import broken_row, row_of

        try:
            stamp = Stamp.of(path.lstat())
            if path.stem != job_id:
                old = self._old.read(job_id, path)
                return row_of(old, stamp, trashed=trashed, file=path.name)
            data, stamp = read_bytes(path)
            return row_of(decode(path, data), stamp, trashed=trashed)
        except OSError:
            return None
        except ProblemError:
            return broken_row(job_id, stamp, trashed=trashed)

    def _place(self, trashed: bool) -> Path:
        return self._folder.trash if trashed else self._folder.metadata

    def _give_up(self, error: Exception) -> None:
        """Go on without an index: slower, with the same results. The next owner makes a new one."""
        _log.warning("the index cannot be used: %s", error)
        self.close()
        if self._owner:
            from sora_tui.workspace.index import discard

            discard(self._folder.index_file)


def _stamps_in(place: Path) -> Iterator[tuple[str, Stamp]]:
    """Yield the stamp of every document in a folder: 100,000 of them in about a second."""
    check_readable(place)
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(place) as entries:
        yield from _stamps_of(entries)


def _stamps_of(entries: Iterable[os.DirEntry[str]]) -> Iterator[tuple[str, Stamp]]:
    for entry in entries:
        if job_id := job_id_of(entry.name):
            with suppress(FileNotFoundError):
                yield job_id, Stamp.of(entry.stat(follow_symlinks=False))
