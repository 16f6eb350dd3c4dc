"""The disposable cache of the documents: names, states and the columns of lists.

JSON is the truth. A fault of the index costs speed, never a job: its owner throws it away and reads
the documents again. This is the only module with sqlite3; import it late.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from sora_tui.core.budget import spent_at
from sora_tui.core.job import Job, State
from sora_tui.core.job_filter import STATE_ORDER, JobFilter, Sort, searched
from sora_tui.core.lineage import origins_of
from sora_tui.workspace.job_document import Stamp

#: Raise it when a column changes: an index of another version is rebuilt.
_VERSION: Final = 7
#: Pages in memory, in KiB as SQLite writes it, for the owner who writes.
_CACHE: Final = -300
#: For readers: several threads have a connection of their own, and each reads a page once.
_READING: Final = -100
#: "sora" as a number: distinguishes our file from another database of the same name.
_APPLICATION: Final = 0x736F7261

#: Stands in place of a state, for documents that cannot be read.
BROKEN: Final = "broken"

_SCHEMA: Final = """
CREATE TABLE documents (
    name TEXT PRIMARY KEY,
    trashed INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    state TEXT NOT NULL,
    open INTEGER NOT NULL,
    profile TEXT,
    origin TEXT,
    remote_id TEXT,
    polled_id TEXT,
    model TEXT,
    size TEXT,
    seconds TEXT,
    searched TEXT,
    created_at TEXT,
    took REAL,
    judged TEXT,
    expires_at TEXT,
    cost REAL,
    file TEXT,
    origins TEXT,
    character TEXT,
    spent_at REAL,
    reported REAL
) WITHOUT ROWID;
CREATE INDEX listed ON documents (trashed, name);
CREATE INDEX unfinished ON documents (name) WHERE open;
CREATE INDEX unreadable ON documents (name) WHERE state = 'broken';
CREATE INDEX revisions ON documents (revision);
CREATE INDEX usual ON documents (profile, model, size, seconds, name) WHERE took IS NOT NULL;
CREATE INDEX remotes ON documents (origin);
CREATE INDEX settled ON documents (name, trashed, state, spent_at, mtime_ns, bytes, inode);
CREATE INDEX reports ON documents (origin, name) WHERE reported > 0;
CREATE INDEX descents ON documents (origins) WHERE origins IS NOT NULL;
CREATE INDEX characters ON documents (name) WHERE character IS NOT NULL;
CREATE INDEX verdicts ON documents (judged, origin, name) WHERE judged IS NOT NULL;
"""
_PUT: Final = """
INSERT OR REPLACE INTO documents VALUES (
    ?, ?, (SELECT coalesce(max(revision), 0) + 1 FROM documents),
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
)
"""


_STATE_RANK: Final = " ".join(
    f"WHEN '{state.value}' THEN {rank}" for rank, state in enumerate(STATE_ORDER)
)
_ORDERS: Final[Mapping[Sort, str]] = {
    "newest": "name DESC",
    "oldest": "name",
    "state": f"CASE state {_STATE_RANK} ELSE {len(STATE_ORDER)} END, name DESC",
    "expires": "expires_at IS NULL, expires_at, name DESC",
    "cost": "cost IS NULL, cost DESC, name DESC",
    "server": "lower(profile), name DESC",
}


class IndexUnusableError(Exception):
    """There is no usable index; the documents have to be read."""


class Row(NamedTuple):
    """One document as the index knows it; the order is that of the columns.

    Attributes:
        took: Seconds from acceptance to completion.
        judged: The fingerprint of a request that the server refused for its content, or took.
        expires_at: Until when a clip that is not here yet can be downloaded.
        cost: What it costs, reported or estimated.
        file: The document's own name, where that is not the job's id.
        origins: What it came from, each between line ends; see `lineage.origins_of`.
        character: The name of the character that it made.
        spent_at: When its money is spent, in seconds since 1970; None where it was never sent and
            does not wait to be.
        reported: What its server said it charges.
    """

    name: str
    trashed: bool
    mtime_ns: int
    bytes: int
    inode: int
    state: str
    open: bool
    profile: str | None = None
    origin: str | None = None
    remote_id: str | None = None
    polled_id: str | None = None
    model: str | None = None
    size: str | None = None
    seconds: str | None = None
    searched: str | None = None
    created_at: str | None = None
    took: float | None = None
    judged: str | None = None
    expires_at: str | None = None
    cost: float | None = None
    file: str | None = None
    origins: str | None = None
    character: str | None = None
    spent_at: float | None = None
    reported: float | None = None


def row_of(job: Job, stamp: Stamp, *, trashed: bool = False, file: str | None = None) -> Row:
    """Return the row of a document that was read or written with this stamp."""
    # Hashing loads OpenSSL, for which the first frame need not wait.
    from sora_tui.core.moderation import fingerprint

    cost = job.cost.estimated if job.cost.reported is None else job.cost.reported
    expires = job.expires_at if job.is_active else None
    return Row(
        job.id,
        trashed,
        *stamp,
        state=job.state.value,
        open=(job.is_active or job.needs_decision) and not trashed,
        profile=job.server.profile,
        origin=job.server.origin,
        remote_id=job.remote_id,
        polled_id=job.remote.id if job.remote else None,
        model=job.request.model,
        size=job.request.size,
        seconds=job.request.seconds,
        searched=searched(job),
        created_at=job.created_at.isoformat(),
        took=seconds_taken(job),
        judged=None if job.was_content_refused is None else fingerprint(job.request),
        expires_at=None if expires is None else expires.isoformat(),
        cost=None if cost is None else float(cost),
        file=file,
        origins=_enclosed(relation.id for relation in origins_of(job)),
        character=job.request.prompt if is_character(job) else None,
        spent_at=_moment(job),
        reported=None if job.cost.reported is None else float(job.cost.reported),
    )


def _moment(job: Job) -> float | None:
    if job.state is not State.PENDING and not job.attempts and job.remote_id is None:
        return None
    return spent_at(job).timestamp()


def is_character(job: Job) -> bool:
    """Return whether a job made a character."""
    return job.request.operation == "character" and job.state is State.COMPLETED


def _enclosed(ids: Iterable[str]) -> str | None:
    said = "".join(f"{id}\n" for id in ids)
    return f"\n{said}" if said else None


def broken_row(name: str, stamp: Stamp, *, trashed: bool = False) -> Row:
    """Return the row of an unreadable document, so that it is not read again until it changes."""
    return Row(name, trashed, *stamp, state=BROKEN, open=False)


def in_order(rows: Iterable[Row], sort: Sort) -> list[Row]:
    """Return the rows in the order in which the index returns them."""
    newest = sorted(rows, key=lambda row: row.name, reverse=True)
    rank = {state.value: place for place, state in enumerate(STATE_ORDER)}
    match sort:
        case "newest":
            return newest
        case "oldest":
            return newest[::-1]
        case "state":
            return sorted(newest, key=lambda row: rank.get(row.state, len(rank)))
        case "expires":
            return sorted(newest, key=lambda row: row.expires_at or "~")
        case "cost":
            return sorted(newest, key=lambda row: 1 if row.cost is None else -row.cost)
        case "server":
            return sorted(newest, key=lambda row: (row.profile or "").lower())


def seconds_taken(job: Job) -> float | None:
    """Return the seconds from acceptance to completion of a saved job, where its record has both.

    The record of an adopted job begins somewhere in the middle, so it has none.
    """
    if job.state is not State.SAVED or job.is_adopted:
        return None
    at_server = {State.QUEUED, State.IN_PROGRESS}
    accepted = next((event.at for event in job.events if event.state in at_server), None)
    completed = next((event.at for event in job.events if event.state is State.COMPLETED), None)
    if accepted is None or completed is None or completed < accepted:
        return None
    return (completed - accepted).total_seconds()


class Index:
    """An open index. Belongs to the thread that opened it.

    Every method raises `IndexUnusableError` for any error of sqlite3.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._data_version = -1
        with _sqlite_errors():
            connection.execute(f"PRAGMA cache_size = {_READING}")
        self._revision = 0

    @classmethod
    def open(cls, path: Path, *, writable: bool) -> Index:
        """Open the index of the folder that `path` lies in.

        Raises:
            IndexUnusableError: It is missing, unfinished, damaged, of another version, or was made
                for another folder.
        """
        with _sqlite_errors():
            mode = "rw" if writable else "ro"
            db = sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, isolation_level=None)
            index = cls(db)
            try:
                if index._identity() != (
                    _APPLICATION,
                    _VERSION,
                    Stamp.of(path.parent.stat()).inode,
                ):
                    raise IndexUnusableError(f"{path.name} is not the index of this folder")
                if writable:
                    index._prepare()
                index._look()
            except BaseException:
                db.close()
                raise
        return index

    @classmethod
    def create(cls, path: Path) -> Index:
        """Make a new, empty index in place of what is there; readers refuse it until `finish`."""
        discard(path)
        with _sqlite_errors():
            # sqlite3 gives its side files the mode of the file it finds.
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
            db = sqlite3.connect(path, isolation_level=None)
            index = cls(db)
            index._prepare()
            db.executescript(_SCHEMA)
            db.execute("CREATE TABLE folder (inode INTEGER)")
            db.execute("INSERT INTO folder VALUES (?)", (Stamp.of(path.parent.stat()).inode,))
            db.execute(f"PRAGMA application_id = {_APPLICATION}")
        return index

    def finish(self) -> None:
        """Mark the index as complete: readers may use it from now on."""
        with _sqlite_errors():
            self._db.execute(f"PRAGMA user_version = {_VERSION}")

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):
            self._db.close()

    def put(self, rows: Iterable[Row]) -> None:
        """Store what these documents say now."""
        with self._transaction():
            self._db.executemany(_PUT, (tuple(map(_storable, row)) for row in rows))

    def remove(self, names: Iterable[str]) -> None:
        """Remove documents that are gone."""
        with self._transaction():
            self._db.executemany("DELETE FROM documents WHERE name = ?", ((n,) for n in names))

    def compare(
        self, there: Iterable[tuple[str, bool, Stamp]]
    ) -> tuple[list[str], list[tuple[str, bool]]]:
        """Return how the index differs from documents given as name, trashed or not, stamp.

        The comparison is done in a table of its own: 100,000 names held in Python would stay in the
        memory of the process.

        Returns:
            Names that are gone, and documents that are new or changed (with whether they lie in
            the trash), newest first. An id has one row: of a document that lies in both places,
            the one outside the trash counts.
        """
        with _sqlite_errors():
            self._db.execute("PRAGMA temp_store = FILE")
            self._db.execute(f"PRAGMA temp.cache_size = {_CACHE}")
        with self._transaction():
            self._db.execute(
                "CREATE TEMP TABLE there (name TEXT PRIMARY KEY, trashed INTEGER,"
                " mtime_ns INTEGER, bytes INTEGER, inode INTEGER) WITHOUT ROWID"
            )
            self._db.executemany(
                "INSERT INTO there VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET trashed = excluded.trashed,"
                " mtime_ns = excluded.mtime_ns, bytes = excluded.bytes, inode = excluded.inode"
                " WHERE excluded.trashed < there.trashed",
                ((_storable(name), trashed, *stamp) for name, trashed, stamp in there),
            )
        # Joins by the key, not EXCEPT, which would hold both sides in memory.
        gone = self._names("SELECT name FROM documents WHERE name NOT IN (SELECT name FROM there)")
        changed = self._ask(
            "SELECT there.name, there.trashed FROM there LEFT JOIN documents USING (name)"
            " WHERE (there.trashed, there.mtime_ns, there.bytes, there.inode) IS NOT"
            " (documents.trashed, documents.mtime_ns, documents.bytes, documents.inode)"
            " ORDER BY there.trashed, name DESC"
        )
        with _sqlite_errors():
            self._db.execute("DROP TABLE there")
        return gone, [(name, bool(trashed)) for name, trashed in changed]

    def newest(self, limit: int, offset: int) -> list[str]:
        """Return names, newest first."""
        return self._names(
            "SELECT name FROM documents WHERE trashed = 0 ORDER BY name DESC LIMIT ? OFFSET ?",
            (limit, offset),
        )

    def matching(self, job_filter: JobFilter) -> list[str]:
        """Return the names of the documents that a list shows, in its order."""
        questions = ["trashed = 0"]
        values: list[str] = []
        for column, beginnings in (("state", job_filter.states), ("profile", job_filter.servers)):
            if beginnings:
                # Not LIKE: a `_` in a state's word would match any character.
                either = " OR ".join(f"instr(lower({column}), ?) = 1" for _ in beginnings)
                questions.append(f"({either})")
                values += beginnings
        questions += ["instr(searched, ?)" for _ in job_filter.words]
        values += job_filter.words
        order = _ORDERS[job_filter.sort]
        return self._names(
            f"SELECT name FROM documents WHERE {' AND '.join(questions)} ORDER BY {order}",  # noqa: S608
            tuple(map(_storable, values)),
        )

    def file_of(self, name: str) -> str | None:
        """Return the name of a document's file, where it is not the job's id."""
        files = self._names("SELECT file FROM documents WHERE name = ?", (name,))
        return files[0] if files else None

    def unfinished(self) -> list[str]:
        """Return the names of jobs that are not final or need a decision, newest first."""
        return self._names("SELECT name FROM documents WHERE open ORDER BY name DESC")

    def unreadable(self) -> list[str]:
        """Return the names of documents that could not be read, newest first."""
        return self._names(
            "SELECT name FROM documents WHERE state = 'broken' AND trashed = 0 ORDER BY name DESC"
        )

    def settled_before(
        self, moment: float, stamps: Mapping[str, Stamp], *, trashed: bool
    ) -> set[str]:
        """Return those of these documents that are unchanged and need not be counted.

        They can be read, and their money was spent before that moment, or never.

        Args:
            moment: In seconds since 1970.
            stamps: Of at most some thousand documents, as they are now.
            trashed: The documents lie in the trash.
        """
        marks = ",".join("?" * len(stamps))
        rows = self._ask(
            f"SELECT name, mtime_ns, bytes, inode FROM documents WHERE name IN ({marks})"  # noqa: S608
            " AND trashed = ? AND state != ? AND (spent_at IS NULL OR spent_at < ?)",
            (*stamps, trashed, BROKEN, moment),
        )
        return {name for name, *known in rows if stamps[name] == tuple(known)}

    def with_reported_cost(self, origin: str) -> list[tuple[str, bool]]:
        """Return the jobs for which this server said what it charges, newest first.

        Returns:
            Their names, and whether they lie in the trash.
        """
        rows = self._ask(
            "SELECT name, trashed FROM documents WHERE origin = ? AND reported > 0"
            " ORDER BY name DESC",
            (origin,),
        )
        return [(name, bool(trashed)) for name, trashed in rows]

    def with_content_verdict(self, origin: str, fingerprint: str) -> list[str]:
        """Return the names of jobs of this request that were refused or passed, newest first."""
        return self._names(
            "SELECT name FROM documents WHERE judged = ? AND origin = ? AND trashed = 0"
            " ORDER BY name DESC",
            (fingerprint, origin),
        )

    def derived_from(self, ids: Iterable[str]) -> list[str]:
        """Return the names of the documents that name one of these jobs or videos as origin."""
        found: set[str] = set()
        for id in ids:
            found.update(
                self._names(
                    "SELECT name FROM documents WHERE origins IS NOT NULL AND trashed = 0"
                    " AND instr(origins, ?)",
                    (_storable(_enclosed([id])),),
                )
            )
        return sorted(found)

    def with_video(self, origin: str, video_id: str) -> list[str]:
        """Return the names of the jobs of a server that this video belongs to."""
        return self._names(
            "SELECT name FROM documents WHERE origin = ? AND ? IN (remote_id, polled_id)"
            " AND trashed = 0",
            (origin, _storable(video_id)),
        )

    def characters(self) -> list[str]:
        """Return the names of the jobs that made a character, newest first."""
        return self._names(
            "SELECT name FROM documents WHERE character IS NOT NULL AND trashed = 0"
            " ORDER BY name DESC"
        )

    def changes(self) -> list[tuple[str, bool]]:
        """Return names that another connection wrote since the last call, and whether trashed.

        The first call returns what was written since the opening.
        """
        since = self._revision
        if not self._look():
            return []
        rows = self._ask("SELECT name, trashed FROM documents WHERE revision > ?", (since,))
        return [(name, bool(trashed)) for name, trashed in rows]

    def count(self) -> int:
        """Return how many documents there are, the trash not counted."""
        ((number,),) = self._ask("SELECT count(*) FROM documents WHERE trashed = 0")
        return int(number)

    def missing(self, names: Collection[str]) -> list[str]:
        """Return which of these documents it does not have, or has in the trash alone."""
        there = self._names(
            "SELECT name FROM documents WHERE trashed = 0 AND name IN"  # noqa: S608
            f" ({', '.join('?' * len(names))})",
            tuple(map(_storable, names)),
        )
        known = set(there)
        return [name for name in names if name not in known]

    def documents(self) -> list[str]:
        """Return every document outside the trash that is named by its job's id."""
        return self._names("SELECT name FROM documents WHERE trashed = 0 AND file IS NULL")

    def count_documents(self) -> int:
        """Return how many `documents` there are."""
        ((number,),) = self._ask(
            "SELECT count(*) FROM documents WHERE trashed = 0 AND file IS NULL"
        )
        return int(number)

    def remote_ids(self, origin: str) -> set[str]:
        """Return every id that a server of this origin gave to a job of ours, trash included."""
        rows = self._ask("SELECT remote_id, polled_id FROM documents WHERE origin = ?", (origin,))
        return {remote_id for row in rows for remote_id in row if remote_id}

    def owners(self, origin: str) -> list[tuple[str, bool, str | None, str | None]]:
        """Return every job with an id of the server: name, whether trashed, and the ids."""
        return self._ask(
            "SELECT name, trashed, remote_id, polled_id FROM documents"
            " WHERE origin = ? AND remote_id IS NOT NULL",
            (origin,),
        )

    def durations(
        self, profile: str, model: str | None, size: str | None, seconds: str | None, limit: int
    ) -> list[float]:
        """Return the seconds from acceptance to completion of the newest such jobs."""
        rows = self._ask(
            "SELECT took FROM documents WHERE profile = ? AND model IS ? AND size IS ?"
            " AND seconds IS ? AND took IS NOT NULL ORDER BY name DESC LIMIT ?",
            (*map(_storable, (profile, model, size, seconds)), limit),
        )
        return [took for (took,) in rows]

    def _look(self) -> bool:
        """Return whether another connection wrote since the last call; note the last revision."""
        ((version,),) = self._ask("PRAGMA data_version")
        if version == self._data_version:
            return False
        self._data_version = version
        ((self._revision,),) = self._ask("SELECT coalesce(max(revision), 0) FROM documents")
        return True

    def _identity(self) -> tuple[int, int, int]:
        ((application,),) = self._ask("PRAGMA application_id")
        ((version,),) = self._ask("PRAGMA user_version")
        if (application, version) != (_APPLICATION, _VERSION):
            return int(application), int(version), 0
        ((inode,),) = self._ask("SELECT inode FROM folder")
        return int(application), int(version), int(inode)

    def _prepare(self) -> None:
        # Readers go on while the owner writes; a lost last commit is repaired at the next start.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute(f"PRAGMA cache_size = {_CACHE}")

    def _names(self, question: str, values: tuple[object, ...] = ()) -> list[str]:
        with _sqlite_errors():
            return [name for (name,) in self._db.execute(question, values)]

    def _ask(self, question: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with _sqlite_errors():
            return self._db.execute(question, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _sqlite_errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")


def discard(path: Path) -> None:
    """Remove an index and its side files."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(OSError):
            path.with_name(path.name + suffix).unlink()


def _storable(value: object) -> object:
    """Return the value as SQLite can store it: a lone surrogate stays in the document alone."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


@contextmanager
def _sqlite_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # a fault of ours, such as a second thread
    except (sqlite3.Error, OSError) as error:
        raise IndexUnusableError(str(error)) from error
