"""The question before anything is paid, in place of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from sora_tui.i18n.answers import yes_key
from sora_tui.tui.state.smallest_terminal import is_too_small

if TYPE_CHECKING:
    from sora_tui.tui.presenters.order import Question

#: The keys that brought the question up; held a moment too long they are no answer.
_ASKING: Final = frozenset({"f5", "ctrl+r", "alt+enter"})


class ConsentLine(Static, can_focus=True):
    """The question in place of the settings: y, or anything else for no."""

    DEFAULT_CSS = "ConsentLine { height: auto; }"

    class Answered(Message):
        """What the person decided."""

        def __init__(self, yes: bool, always: bool = False, *, left: bool = False) -> None:
            super().__init__()
            self.yes = yes
            self.always = always
            self.left = left
            """No, by escape: the next letter is a command."""

    def __init__(self, question: Question) -> None:
        super().__init__(markup=False, id="consent")
        self.question = question

    def on_mount(self) -> None:
        """Take the keys."""
        self.focus()

    def on_key(self, event: events.Key) -> None:
        """One key is the whole answer."""
        event.stop()
        if event.key in _ASKING or is_too_small(*self.app.size):
            return  # in the second case nobody sees the question
        yes = self.question.yes or yes_key() + yes_key().upper()
        if event.character and event.character in yes:
            self.post_message(self.Answered(True))
        elif event.character in {"a", "A"} and self.question.may_always:
            self.post_message(self.Answered(True, always=True))
        else:
            self.post_message(self.Answered(False, left=event.key == "escape"))

    def on_paste(self, event: events.Paste) -> None:
        """A paste is no answer, and no text either."""
        event.stop()

    def render(self) -> Content:
        """The question, then what is known, the answers last and on the right."""
        said, width = self.question, self.content_size.width
        facts = f" {said.facts}" if said.facts else ""
        gap = width - len(facts) - len(said.answers) - 1
        if facts and gap < 2:
            facts, gap = facts + "\n", width - len(said.answers) - 1
        answers = Content.styled(said.answers, "bold $text-warning")
        return Content.assemble((f" {said.asked}\n", "bold"), facts, " " * max(gap, 1), answers)
