"""Reference pictures: only from `input_reference/`, judged by content, sent as agreed to."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from sora_tui.core.digest import sha256_of
from sora_tui.core.problem import Fact, ProblemError, problem, problem_error
from sora_tui.core.reference_fit import AS_PNG, ImageFacts, ReferenceFile, cut_share
from sora_tui.core.request import EXACT, Fit, Reference, width_height
from sora_tui.media.image import mime_type
from sora_tui.media.image_header import HEADER_BYTES, JPEG_HEADER_BYTES, inspect_header, is_jpeg
from sora_tui.workspace.atomic import write_atomic
from sora_tui.workspace.find_file import existing
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.safe_open import safe_open

if TYPE_CHECKING:
    from sora_tui.media.decoder_client import DecoderClient, PreparedPicture

MAX_BYTES: Final = 50 * 1024 * 1024
#: The first bytes of a file that are read: enough for the header of most pictures.
_HEAD: Final = 4096
#: Files written within this many nanoseconds before the newest one may still be growing.
_GROWING: Final = 5_000_000_000
_SUFFIX: Final = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
_URL_MARKS: Final = ("http:", "https:", "ftp:", "file:", "data:")


class Prepared(NamedTuple):
    """A picture ready to be sent.

    Attributes:
        data: Exactly the bytes that will be sent; `reference.sha256` is their hash.
        width: Of the bytes that are sent, in pixels.
        height: Of the bytes that are sent, in pixels.
        as_png: The file is a GIF or BMP and travels as PNG.
        cut: The share (0..1) of the picture that a `cover` fit cuts away.
    """

    reference: Reference
    data: bytes
    mime: str
    filename: str
    width: int
    height: int
    as_png: bool = False
    cut: float | None = None


def read_reference_image(
    folder: Folder,
    path: str | Path,
    size: str | None,
    fit: Fit,
    decoder: DecoderClient | None = None,
) -> Prepared:
    """Return a request's picture, checked and brought to what is sent, by a process with limits.

    See `media.image.bring_to` for what is sent. The original is never changed.

    Args:
        folder: The workspace.
        path: Relative to the workspace or to `input_reference/`, or absolute inside it.
        size: The clip's `width x height`; None lets any picture pass.
        fit: `exact` refuses a picture of another size.
        decoder: Opens the picture; without one it takes 0.2 s more, for a process of its own.

    Raises:
        ProblemError: a `reference_...` code, or size_invalid.
    """
    wanted = width_height(size) if size is not None else None
    found = _resolve(folder, str(path))
    shown = folder.relative(found)
    brought, data = _brought(found, shown, size, fit, decoder)
    facts = brought.facts
    if not facts.turned and wanted in {None, (facts.width, facts.height)}:
        fit = EXACT
    width, height = wanted if fit != EXACT and wanted else (facts.width, facts.height)
    mime = _sent_type(data)
    cut = cut_share(facts.width, facts.height, width, height) if fit.how == "cover" else None
    return Prepared(
        reference=Reference(shown, sha256_of(data), fit),
        data=data,
        mime=mime,
        filename=f"{found.stem}.{_SUFFIX[mime]}",
        width=width,
        height=height,
        as_png=fit == EXACT and facts.format in AS_PNG,
        cut=cut,
    )


def keep(folder: Folder, prepared: Prepared) -> None:
    """Store the bytes that were agreed to, so that these and no others are sent.

    Raises:
        ProblemError: disk_full or folder_not_writable.
    """
    kept = sent_path(folder, prepared.reference)
    if not (kept.is_file() and kept.read_bytes() == prepared.data):
        write_atomic(kept, prepared.data)


def sent_path(folder: Folder, reference: Reference) -> Path:
    """Return the path under which the bytes of a reference are stored."""
    return folder.sent / reference.sha256


def sent_bytes(folder: Folder, reference: Reference) -> tuple[bytes, str]:
    """Return the bytes that were agreed to, and their media type.

    Raises:
        ProblemError: reference_missing, or reference_changed when their hash differs.
    """
    try:
        data = sent_path(folder, reference).read_bytes()
    except FileNotFoundError:
        raise problem_error("reference_missing", path=reference.path) from None
    if sha256_of(data) != reference.sha256:
        raise problem_error("reference_changed", path=reference.path)
    return data, _sent_type(data)


class Shelf:
    """The files of `input_reference/` and its folders; a header is read again when it may differ.

    For worker threads: every method reads the disk. Links are not followed.
    """

    def __init__(self, folder: Folder) -> None:
        self._root = folder.references
        #: By path: the stamp of a file when its header was read, and what the header said.
        self._known: dict[str, tuple[tuple[int, int, int], ImageFacts | None]] = {}
        self._folders: dict[str, int] = {}
        #: The stamps of the files that were written last, when the list was made.
        self._newest: dict[str, tuple[int, int, int]] = {}

    def files(self) -> list[ReferenceFile]:
        """Return every file by path; with facts where they are known, else for `read`."""
        folders: dict[str, int] = {}
        root, start = str(self._root), len(str(self._root)) + 1
        found: list[ReferenceFile] = []
        known: dict[str, tuple[tuple[int, int, int], ImageFacts | None]] = {}
        stamps: dict[str, tuple[int, int, int]] = {}
        for entry in _files(root, folders):
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:  # gone meanwhile
                continue
            path = entry.path[start:]
            stamps[path] = _stamp(status)
            before = self._known.get(path)
            if before is not None and before[0] == stamps[path]:
                known[path] = before
            else:
                before = None
            modified = datetime.fromtimestamp(status.st_mtime, UTC)
            facts = before[1] if before else None
            found.append(
                ReferenceFile(path, status.st_size, modified, facts, was_read=before is not None)
            )
        youngest = max((stamp[0] for stamp in stamps.values()), default=0)
        self._newest = {
            path: stamp for path, stamp in stamps.items() if youngest - stamp[0] < _GROWING
        }
        self._known, self._folders = known, folders
        return sorted(found, key=lambda file: file.path)

    def read(self, files: Iterable[ReferenceFile]) -> list[ReferenceFile]:
        """Return the same files with the facts in their headers: 1000 files in 30 ms."""
        return [self._read(file) for file in files]

    def is_stale(self) -> bool:
        """Return whether `files` may return another list by now.

        It checks the folders, and the files that were written last, because a folder does not show
        that a file in it grows. The times of the files decide which those are: our clock may differ
        from the file system's by hours.
        """
        return any(_modified(folder) != before for folder, before in self._folders.items()) or any(
            _stamp_of(self._root / path) != before for path, before in self._newest.items()
        )

    def _read(self, file: ReferenceFile) -> ReferenceFile:
        facts = None
        try:
            with safe_open(f"{self._root}/{file.path}") as opened:
                stamp = _stamp(os.fstat(opened.fileno()))
                head = opened.read(_HEAD)
                facts = inspect_header(head)
                if len(head) == _HEAD and not _says_all(head, facts):
                    head += opened.read(HEADER_BYTES - _HEAD)
                    facts = inspect_header(head)
                if facts is None and is_jpeg(head) and len(head) == HEADER_BYTES:
                    facts = inspect_header(head + opened.read(JPEG_HEADER_BYTES - HEADER_BYTES))
            self._known[file.path] = (stamp, facts)
        except OSError:  # gone meanwhile, or not ours to read
            pass
        return ReferenceFile(file.path, file.bytes, file.modified, facts)


def open_picture(folder: Folder, path: str) -> BinaryIO:
    """Open a reference picture to view it.

    Raises:
        ProblemError: reference_missing, reference_outside, reference_not_file or reference_is_url.
    """
    found = _resolve(folder, path)
    with _refusals(folder.relative(found)):
        return safe_open(found)


def _resolve(folder: Folder, path: str) -> Path:
    """Return the file a person names, refused unless it really lies inside `input_reference/`."""
    if path.lower().startswith(_URL_MARKS):
        raise problem_error("reference_is_url", path=path)
    inside = folder.references.resolve()
    # A bare name means the folder of pictures, even where the workspace has such a file, too.
    choices = (folder.references / path, folder.root / path)
    try:
        named = next(found for choice in choices if (found := existing(choice)) is not None)
        real = named.resolve()
    except (StopIteration, OSError, ValueError, RuntimeError):  # a loop of links, a NUL in it
        raise problem_error("reference_missing", path=path) from None
    if not real.is_relative_to(inside) or real == inside:
        raise problem_error("reference_outside", path=path)
    # A link inside the folder to a file inside it is fine: `real` is what is opened.
    return folder.root / "input_reference" / real.relative_to(inside)


def _brought(
    path: Path, shown: str, size: str | None, fit: Fit, decoder: DecoderClient | None
) -> tuple[PreparedPicture, bytes]:
    """Return the picture's facts and the bytes to send. No FIFO blocks, no link is followed."""
    from sora_tui.media.decoder_client import DecoderClient

    own = decoder or DecoderClient()
    try:
        with _refusals(shown), safe_open(path) as file:
            length = os.fstat(file.fileno()).st_size
            if length > MAX_BYTES:
                raise problem_error("reference_too_big", bytes=length, limit=MAX_BYTES)
            brought = own.reference(file, size, fit)
            if brought.copy is not None:
                return brought, brought.copy
            file.seek(0)
            data = file.read(length)
        if sha256_of(data) != brought.sha256:
            raise problem_error("reference_changed")
    except ProblemError as error:
        named: dict[str, Fact] = {"path": shown, **error.problem.facts}
        raise ProblemError(problem(error.problem.code, **named)) from error
    finally:
        if decoder is None:
            own.stop()
    return brought, data


@contextmanager
def _refusals(shown: str) -> Iterator[None]:
    """Turn errors of the disk into a refusal of the picture `shown`."""
    try:
        yield
    except FileNotFoundError:
        raise problem_error("reference_missing", path=shown) from None
    except OSError as error:
        code = "reference_outside" if error.errno == errno.ELOOP else "reference_not_file"
        raise problem_error(code, path=shown, reason=error.strerror or "") from None


def _sent_type(data: bytes) -> str:
    facts = inspect_header(data)
    if facts is None or (mime := mime_type(facts.format)) not in _SUFFIX:
        raise problem_error("reference_not_image")
    return mime


def _files(folder: str, folders: dict[str, int]) -> Iterator[os.DirEntry[str]]:
    """Yield every regular file below, and note in `folders` when each folder last changed."""
    folders[folder] = _modified(folder)
    try:
        with os.scandir(folder) as listed:
            entries = list(listed)
    except OSError:  # removed, or not ours to read
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path, folders)
        elif entry.is_file(follow_symlinks=False):
            yield entry


def _says_all(head: bytes, facts: ImageFacts | None) -> bool:
    """Return whether the rest of a file cannot change the facts that its beginning gave."""
    if facts is None or facts.format == "GIF":
        return False
    if facts.format == "PNG":
        return b"IDAT" in head
    return facts.format != "WEBP" or head[12:16] != b"VP8X"


def _modified(folder: str) -> int:
    """Return when a folder last changed, in nanoseconds; 0 where it is gone."""
    try:
        return Path(folder).lstat().st_mtime_ns
    except OSError:
        return 0


def _stamp_of(path: Path) -> tuple[int, int, int] | None:
    """Return the stamp of a file; None where it is gone."""
    try:
        return _stamp(path.lstat())
    except OSError:
        return None


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return (status.st_mtime_ns, status.st_size, status.st_ino)
