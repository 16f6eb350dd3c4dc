"""What the editor pane has to say, above the settings."""

from __future__ import annotations

from textual.widgets import Static


class MessageLine(Static):
    """A message of a few lines; out of the way when there is none."""

    DEFAULT_CSS = """
    MessageLine { height: auto; max-height: 4; padding: 0 1; }
    MessageLine.-error { color: $text-error; }
    MessageLine.-paid { color: $text-warning; text-style: bold; }
    """

    def __init__(self) -> None:
        super().__init__("", markup=False)

    def say(self, text: str, *, error: bool, paid: bool = False) -> None:
        """Show this; nothing takes it away.

        Args:
            text: The words to show.
            error: It is an error, and is shown as one.
            paid: It is about money.
        """
        if self.content != text:  # the same again would lay out the whole screen anew
            self.update(text)
        self.display = bool(text)
        self.set_class(error, "-error")
        self.set_class(paid, "-paid")
