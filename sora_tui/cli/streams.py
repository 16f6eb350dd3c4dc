"""The three standard streams as a process may find them: closed, full, or in another encoding."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
import termios
from contextlib import suppress
from typing import Final, TextIO

from sora_tui.i18n import _

#: The name of the error handler of stdout and stderr (`codecs.register_error`).
_ERRORS: Final = "sora_tui"
#: What the bytes of a file name become that are no text (PEP 383).
_LOWEST_BYTE, _HIGHEST_BYTE = 0xDC80, 0xDCFF


class OutputError(Exception):
    """A result cannot be written to stdout, before anything was begun that goes on without it."""

    def __init__(self, cause: OSError) -> None:
        self.reason = cause.strerror or type(cause).__name__
        super().__init__(self.reason)
        self.is_closed = is_closed(cause)


def prepare_streams() -> None:
    """Make all three usable, whatever the caller of this process left of them.

    A closed one becomes `/dev/null`: without that the next file that is opened gets its number,
    and a document would be written into by a progress line. A character that the encoding does
    not have is escaped instead of ending the program; the bytes of a file name stay what they are.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is given: this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 -- it lives as long as the process
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    codecs.register_error(_ERRORS, _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)


def settle_streams(code: int) -> int:
    """Write what is left in the buffers, and return the exit code of the process.

    Left to the interpreter a full disk would end the process with 120 and two lines of its own.

    Args:
        code: Of the work that was done. A failed write makes 1 of a 0.
    """
    failed = _flushed(sys.stdout)
    if failed is not None and not is_closed(failed):
        complain_of_output(failed.strerror or "")
        code = code or 1
    _flushed(sys.stderr)
    return code


def write_out(text: str) -> None:
    """Write to stdout, at once.

    Raises:
        OutputError: It does not take it; from then on stdout leads to nowhere.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        silence(sys.stdout)
        raise OutputError(error) from error


def report_output_error(error: OutputError) -> int:
    """Say that a result could not be written, and return the exit code of that."""
    if error.is_closed:  # whoever read our lines has enough
        return 0
    complain_of_output(error.reason)
    return 1


def complain_of_output(reason: str) -> None:
    """Say that stdout takes nothing."""
    complain(_("The output cannot be written: {reason}.").format(reason=reason))


def complain(text: str, end: str = "\n") -> None:
    """Write to stderr. Where it takes nothing, nobody is there to read."""
    try:
        sys.stderr.write(text + end)
        sys.stderr.flush()
    except OSError:
        silence(sys.stderr)


def ask_line(question: str) -> str:
    """Put a question on stderr and return the line that is answered; empty where nobody can be."""
    _forget_typed_ahead()
    complain(question, end=" ")
    return read_line()


def _forget_typed_ahead() -> None:
    """Drop what was typed before the question could be read: it answers something else."""
    with suppress(OSError, ValueError, termios.error):
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def read_line() -> str:
    """The next line of stdin; empty at its end, and where the terminal is gone."""
    try:
        return sys.stdin.readline()
    except (OSError, UnicodeDecodeError):
        return ""


def read_input() -> str:
    """Everything on stdin, as UTF-8 like every file of prompts, whatever the locale.

    A terminal is waited for, and the person is told so.

    Raises:
        UnicodeDecodeError: It is not UTF-8.
        OSError: It cannot be read.
    """
    stream = sys.stdin
    if stream.isatty():
        complain(
            _("Type it here. Ctrl+d on an empty line ends it, ctrl+c leaves with nothing sent.")
        )
    if isinstance(stream, io.TextIOWrapper):
        raw: bytes = stream.buffer.read()
        return raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    return str(stream.read())


def silence(stream: TextIO) -> None:
    """Let a stream that failed lead to nowhere: what is in its buffer would fail again."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def is_closed(error: OSError) -> bool:
    """Whether the reader has enough, which is no failure."""
    return error.errno == errno.EPIPE


def _flushed(stream: TextIO) -> OSError | None:
    try:
        stream.flush()
    except OSError as error:
        silence(stream)
        return error
    except ValueError:  # closed by whoever called us
        return None
    return None


def _escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    r"""Return a file name's bytes as they are, any other character as `\x..` or `\u....`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    first = ord(error.object[error.start])
    if _LOWEST_BYTE <= first <= _HIGHEST_BYTE:
        return bytes([first - 0xDC00]), error.start + 1
    return codecs.backslashreplace_errors(error)
