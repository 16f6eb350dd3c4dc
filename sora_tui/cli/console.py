"""The output of the command line: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from sora_tui.cli.streams import OutputError, complain, write_out
from sora_tui.core.problem import Problem, Spent
from sora_tui.core.text import clean

if TYPE_CHECKING:
    from sora_tui.i18n.problems import Sentences

#: Most characters of one line for a person; a prompt has up to 32,000.
_LONGEST: Final = 40_000


class Console:
    """The two output streams of one command.

    Args:
        as_json: stdout has JSON Lines; every line is an object, in English.

    Attributes:
        output_failed: Why stdout can no longer be written; None while it can.
        spent: What the jobs of this command have cost, for the message about a fault of our own.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.output_failed: OutputError | None = None
        self.spent = Spent.NO
        self._work_goes_on = False

    def keep_working(self) -> None:
        """From now on, do not stop the command because a result cannot be written.

        Called when something is handed in: a job that may be paid is worth more than a line.
        """
        self._work_goes_on = True

    def result(self, text: str) -> None:
        """Write a line for a person or a pipe; nothing under `--json`.

        Raises:
            OutputError: stdout does not take it, and nothing is under way yet.
        """
        if not self.as_json:
            # A pipe gets a path as it is; a terminal would act on control characters in it.
            self._write(clean(text, _LONGEST) if sys.stdout.isatty() else text)

    def document(self, document: Mapping[str, Any]) -> None:
        """Write a line of JSON; nothing without `--json`.

        Raises:
            OutputError: As `result`.
        """
        if self.as_json:
            self._write(json.dumps(document))

    def note(self, text: str) -> None:
        """Write a line beside the result; an error is ignored, since the terminal is then gone."""
        complain(clean(text, _LONGEST))

    def problem(self, problem: Problem, *, free: bool = False) -> None:
        """Write what happened, what it means for the money, and what to do next.

        Args:
            problem: What to report.
            free: It is about a server that charges nothing.
        """
        from sora_tui.i18n.problems import sentences  # most commands report no problem

        self.sentences(sentences(problem, free=free), problem.spent)
        if self.as_json:
            document = {
                "event": "problem",
                "code": problem.code,
                "facts": dict(problem.facts),
                "spent": problem.spent.value,
            }
            with suppress(OutputError):  # the exit code says that there was a problem
                self._write(json.dumps(document))

    def sentences(self, sentences: Sentences, spent: Spent) -> None:
        """Write three sentences; the one about money comes first where some may be spent."""
        first = (
            (sentences.happened, sentences.money)
            if spent is Spent.NO
            else (sentences.money, sentences.happened)
        )
        self.note(" ".join(first))
        self.note(sentences.next)

    def _write(self, line: str) -> None:
        if self.output_failed is not None:
            return
        try:
            write_out(line + "\n")
        except OutputError as error:
            self.output_failed = error
            if not self._work_goes_on:
                raise
