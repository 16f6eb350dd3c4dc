"""The three standard streams in any state: closed, full, or in another encoding."""

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
#: The characters for bytes of a file name that are not text (PEP 383).
_LOWEST_BYTE, _HIGHEST_BYTE = 0xDC80, 0xDCFF


class OutputError(Exception):
    """A result cannot be written to stdout, and nothing was begun that goes on without it."""

    def __init__(self, cause: OSError) -> None:
        self.reason = cause.strerror or type(cause).__name__
        super().__init__(self.reason)
        self.is_closed = is_closed(cause)


def prepare_streams() -> None:
    """Make all three streams usable, in whatever state the parent process left them.

    A closed stream is opened as `/dev/null`: otherwise the next file that is opened gets its
    number, and a progress line would be written into a document. A character that the encoding does
    not have is escaped instead of ending the program; the bytes of a file name stay as they are.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is given, which is this one.
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

    If this were left to the interpreter, a full disk would end the process with 120 and two lines
    of its own.

    Args:
        code: The exit code of the work. A failed write changes 0 to 1.
    """
    failed = _flushed(sys.stdout)
    if failed is not None and not is_closed(failed):
        complain_of_output(failed.strerror or "")
        code = code or 1
    _flushed(sys.stderr)
    return code


def write_out(text: str) -> None:
    """Write to stdout at once.

    Raises:
        OutputError: It cannot be written; from then on stdout is `/dev/null`.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        silence(sys.stdout)
        raise OutputError(error) from error


def report_output_error(error: OutputError) -> int:
    """Report that a result could not be written, and return the exit code for that."""
    if error.is_closed:  # the reader of our lines needs no more
        return 0
    complain_of_output(error.reason)
    return 1


def complain_of_output(reason: str) -> None:
    """Report that stdout cannot be written."""
    complain(_("The output cannot be written: {reason}.").format(reason=reason))


def complain(text: str, end: str = "\n") -> None:
    """Write to stderr; an error is ignored, because it cannot be reported either."""
    try:
        sys.stderr.write(text + end)
        sys.stderr.flush()
    except OSError:
        silence(sys.stderr)


def ask_line(question: str) -> str:
    """Ask on stderr and return the line that is answered; empty if no answer is possible."""
    _forget_typed_ahead()
    complain(question, end=" ")
    return read_line()


def _forget_typed_ahead() -> None:
    """Drop input that was typed before the question was shown: it is not an answer to it."""
    with suppress(OSError, ValueError, termios.error):
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def read_line() -> str:
    """Return the next line of stdin; empty at its end, or when the terminal is gone."""
    try:
        return sys.stdin.readline()
    except (OSError, UnicodeDecodeError):
        return ""


def read_input() -> str:
    """Return everything on stdin as UTF-8, as in prompt files, whatever the locale.

    If stdin is a terminal, the person is told that input is expected.

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
    """Redirect a stream that failed to `/dev/null`: its buffer would fail again."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def is_closed(error: OSError) -> bool:
    """Return whether the reader has closed the stream, which is no failure."""
    return error.errno == errno.EPIPE


def _flushed(stream: TextIO) -> OSError | None:
    try:
        stream.flush()
    except OSError as error:
        silence(stream)
        return error
    except ValueError:  # the parent process closed it
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
