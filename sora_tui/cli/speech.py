"""How the command line speaks: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sora_tui.core.problem import Problem, Spent

if TYPE_CHECKING:
    from sora_tui.i18n.problems import Sentences


class Speech:
    """One command's two streams.

    Args:
        as_json: stdout carries JSON Lines; every line is an object, in English.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def result(self, text: str) -> None:
        """A line for a person or a pipe; nothing under `--json`."""
        if not self.as_json:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()

    def document(self, document: Mapping[str, Any]) -> None:
        """A line of JSON; nothing without `--json`."""
        if self.as_json:
            sys.stdout.write(json.dumps(document) + "\n")
            sys.stdout.flush()

    def note(self, text: str) -> None:
        """A line beside the result. Where the terminal is gone, nobody is there to read it."""
        with suppress(OSError):
            sys.stderr.write(text + "\n")
            sys.stderr.flush()

    def problem(self, problem: Problem) -> None:
        """What happened, the money and what to do next."""
        from sora_tui.i18n.problems import sentences  # most commands have nothing to complain of

        self.document(
            {
                "event": "problem",
                "code": problem.code,
                "facts": dict(problem.facts),
                "spent": problem.spent.value,
            }
        )
        self.sentences(sentences(problem), problem.spent)

    def sentences(self, said: Sentences, spent: Spent) -> None:
        """Three sentences; money comes first as soon as some may be gone."""
        first = (said.happened, said.money) if spent is Spent.NO else (said.money, said.happened)
        self.note(" ".join(first))
        self.note(said.next)
