"""Notices documents that another program puts into the folder or takes away."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Final, Protocol

from sora_tui.core.problem import ProblemError
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.job_document import SUFFIX, Stamp, decode, ids_in, read_bytes, stamp_of

#: Seconds between two listings of the folder while it changes: our own writing changes it too.
_PAUSE: Final = 2.0
#: A listing of 100,000 names takes 0.1 s; the next one comes after this many times as long.
_SHARE: Final = 50.0
#: Names that are asked about at once.
_BATCH: Final = 500


class KnownDocuments(Protocol):
    """The index, as far as it is needed here."""

    def missing(self, names: Collection[str]) -> list[str]:
        """Return which of these documents it does not have, or has in the trash alone."""

    def documents(self) -> list[str]:
        """Return every document that it has outside the trash, named by its job's id."""

    def count_documents(self) -> int:
        """Return how many such documents there are."""


class ExternalChanges:
    """Documents that were added to a folder, or removed, by a process other than its owner."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._changed_at = 0
        self._due_at = 0.0
        #: Documents that could not be read yet: perhaps a copy that is still being written.
        self._unread: dict[str, Stamp | None] = {}

    def are_due(self) -> bool:
        """Return whether the folder changed since the last listing, if that was long enough ago."""
        if time.monotonic() < self._due_at:
            return False
        try:
            changed_at = self._folder.metadata.stat().st_mtime_ns
        except OSError:
            return False
        before, self._changed_at = self._changed_at, changed_at
        return changed_at != before or bool(self._unread)

    def compare(self, known: KnownDocuments) -> tuple[list[str], list[str]]:
        """Return the ids of documents that are new and whole, and of those that are gone."""
        began = time.monotonic()
        there = ids_in(self._folder.metadata)
        new = [
            job_id
            for start in range(0, len(there), _BATCH)
            for job_id in known.missing(there[start : start + _BATCH])
        ]
        gone: set[str] = set()
        if known.count_documents() + len(new) > len(there):
            gone = set(known.documents()).difference(there)
        came = [job_id for job_id in new if self._is_whole(job_id)]
        now = time.monotonic()
        self._due_at = now + max(_PAUSE, (now - began) * _SHARE)
        return came, sorted(gone)

    def _is_whole(self, job_id: str) -> bool:
        """Return whether a document can be read, or is broken and does not change any more."""
        path = self._folder.metadata / f"{job_id}{SUFFIX}"
        try:
            decode(path, read_bytes(path)[0])
        except FileNotFoundError:
            return False
        except ProblemError:
            stamp = stamp_of(path)
            if self._unread.get(job_id) != stamp:
                self._unread[job_id] = stamp
                return False
        self._unread.pop(job_id, None)
        return True
