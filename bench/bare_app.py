"""The least that Textual can show: one line, the measure for every first frame."""

from textual.app import App, ComposeResult
from textual.widgets import Static

MARKER = "bare-first-frame"


class BareApp(App[None]):
    """Shows one line."""

    def compose(self) -> ComposeResult:
        """The line."""
        yield Static(MARKER)


if __name__ == "__main__":
    BareApp().run()
