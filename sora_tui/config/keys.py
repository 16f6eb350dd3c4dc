"""Where a key comes from: a variable or a command, never a file of ours."""

from __future__ import annotations

import shlex
import subprocess
from threading import Lock
from typing import Final

from sora_tui.core.problem import problem_error
from sora_tui.core.server import Secret

#: What stands in the example file of the old script, and in ours.
PLACEHOLDER: Final = "your_api_key_here"
#: A password manager may ask for a finger or a PIN.
_PATIENCE: Final = 60.0


def key_of(value: str | None) -> Secret | None:
    """The key in a variable; none when it is empty or the example's placeholder."""
    said = (value or "").strip()
    return Secret(said) if said and said != PLACEHOLDER else None


class CommandKey(Secret):
    """A key that a command prints, asked for when it is needed and once per process.

    Starting must not wait for a password manager, and a person who only looks at jobs need not be
    asked for a PIN.
    """

    __slots__ = ("_command", "_lock", "_profile")

    def __init__(self, profile: str, command: str) -> None:
        super().__init__("")
        self._profile = profile
        self._command = command
        self._lock = Lock()

    def reveal(self) -> str:
        """The first line that the command prints. May block for as long as a person needs.

        Raises:
            ProblemError: key_missing when the command fails or prints nothing.
        """
        with self._lock:
            if not self._value:
                self._value = self._run()
            return self._value

    def _run(self) -> str:
        try:
            done = subprocess.run(
                shlex.split(self._command),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_PATIENCE,
                check=True,
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            # Never what it printed: that may be half a key.
            raise problem_error(
                "key_missing", profile=self._profile, reason=type(error).__name__
            ) from None
        key = key_of(done.stdout.partition("\n")[0])
        if key is None:
            raise problem_error("key_missing", profile=self._profile, reason="printed nothing")
        return key.reveal()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CommandKey) and other._command == self._command

    def __hash__(self) -> int:
        return hash(self._command)
