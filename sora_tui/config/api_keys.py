"""Where a key comes from: a variable or a command, never a file of ours."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from threading import Lock
from typing import Final

from sora_tui.core.problem import Fact, Problem, ProblemError, problem, problem_error
from sora_tui.core.secret import Secret
from sora_tui.core.server import key_flaw

#: The placeholder in the example file of the one-file script, and in ours.
PLACEHOLDER: Final = "your_api_key_here"
#: Seconds that a command may take: a password manager may ask for a finger or a PIN.
PATIENCE: Final = 60.0
#: Seconds until a command that failed is run again: a person may have closed its window.
_AGAIN: Final = 300.0

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PREFIXES: Final = ("sk-", "sk_", "sk1", "pk-", "hf_", "gsk_", "r8_", "xai-", "aiza", "bearer ")
_TOKEN: Final = re.compile(r"(?=[^ ]*[0-9])(?=[^ ]*[A-Za-z])[A-Za-z0-9_\-.=+/]{20,}")


def key_of(value: str | None) -> Secret | None:
    """Return the key in a variable; none when it is empty or the example's placeholder."""
    said = (value or "").strip()
    return Secret(said) if said and said != PLACEHOLDER else None


def is_key_like(text: str) -> bool:
    """Return whether a word looks like a key itself, not like the name of something."""
    word = text.strip()
    if _NAME.fullmatch(word) and word == word.upper() and "_" in word:
        return False  # TEAM_GATEWAY_API_KEY_2026
    return word.lower().startswith(_PREFIXES) or _TOKEN.fullmatch(word) is not None


def check_variable(name: str) -> str:
    """Return the name of a variable, checked for use in a file.

    Raises:
        ValueError: It is no name, or it is the key; the message does not repeat it.
    """
    if is_key_like(name):
        raise ValueError("that looks like a key; give the name of the variable that holds it")
    if not _NAME.fullmatch(name):
        raise ValueError("must be the name of a variable: letters, digits and _")
    return name


def check_command(command: str) -> str:
    """Return a command line, checked for use in a file.

    Raises:
        ValueError: It is no command, or it is the key; the message does not repeat it.
    """
    import shlex  # few have a command, and the first frame need not wait for it

    try:
        words = shlex.split(command)
    except ValueError:
        raise ValueError("a quotation mark is not closed") from None
    if not words:
        raise ValueError("must be a command")
    if any(is_key_like(word) for word in words if "/" not in word):
        raise ValueError("that looks like a key; give a command that prints it")
    return command


class UnusableKey(Secret):
    """Stands in place of a key that cannot be one; using it raises the reason.

    Jobs can be viewed without a key, so it is no reason to refuse a whole command.
    """

    __slots__ = ("problem",)

    def __init__(self, why: Problem) -> None:
        super().__init__("")
        self.problem = why

    def reveal(self) -> str:
        """Raise the reason why there is no key.

        Raises:
            ProblemError: key_unusable.
        """
        raise ProblemError(self.problem)


def checked_key(key: Secret, variable: str, origin: Mapping[str, Fact]) -> Secret:
    """Return the key of a variable, or an `UnusableKey` that says what is wrong with it.

    Args:
        key: The API key as it was read.
        variable: The name of the variable.
        origin: `path` and `line` where it stands in a file.
    """
    flaw = key_flaw(key.reveal())
    if flaw is None:
        return key
    return UnusableKey(problem("key_unusable", variable=variable, **origin, **flaw._asdict()))


class CommandKey(Secret):
    """A key that a command prints; the command runs when the key is needed, once per process.

    Starting must not wait for a password manager, and viewing jobs must not ask for a PIN. The
    command is run without a shell: its words are split as a shell would, and nothing in them is
    expanded.
    """

    __slots__ = ("_command", "_failed", "_lock", "_profile")

    def __init__(self, profile: str, command: str) -> None:
        super().__init__("")
        self._profile = profile
        self._command = command
        self._lock = Lock()
        self._failed: tuple[float, Problem] | None = None

    @property
    def is_at_hand(self) -> bool:
        """Whether `reveal` returns at once."""
        return bool(self._value)

    def reveal(self) -> str:
        """Return the first line that the command prints. May block for as long as a person needs.

        Raises:
            ProblemError: key_command_failed: it does not exist, fails, takes longer than 60 s or
                prints nothing; key_unusable. For five minutes it is not run again.
        """
        with self._lock:
            if self._failed is not None and time.monotonic() - self._failed[0] < _AGAIN:
                raise ProblemError(self._failed[1])
            if not self._value:
                try:
                    self._value = self._run()
                except ProblemError as error:
                    self._failed = (time.monotonic(), error.problem)
                    raise
            return self._value

    def _run(self) -> str:
        import shlex  # as above

        # What it printed never goes into a message: that may be half a key.
        try:
            words = shlex.split(self._command)
            child = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # It must not write on the screen, nor read the keys that are meant for it.
                start_new_session=True,
            )
        except FileNotFoundError:
            raise self._refusal(f"{words[0]} was not found") from None
        except (OSError, ValueError, IndexError) as error:
            raise self._refusal(type(error).__name__) from None
        try:
            printed, _ = child.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)  # what it started holds the pipe, too
            child.communicate()
            raise self._refusal(f"no answer in {PATIENCE:.0f} s") from None
        if child.returncode != 0:
            raise self._refusal(f"exit status {child.returncode}")
        key = key_of(printed.decode("utf-8", "replace").lstrip().partition("\n")[0])
        if key is None:
            raise self._refusal("it printed nothing")
        return checked_key(key, "api_key_command", {}).reveal()

    def _refusal(self, reason: str) -> ProblemError:
        return problem_error("key_command_failed", profile=self._profile, reason=reason)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CommandKey) and other._command == self._command

    def __hash__(self) -> int:
        return hash(self._command)
