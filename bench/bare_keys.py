"""The least that Textual can do with a key: change one line, the measure for every key."""

from textual.app import App, ComposeResult
from textual.events import Key
from textual.widgets import Static

from bench.bare_app import MARKER


class BareKeysApp(App[None]):
    """Counts keys."""

    count = 0

    def compose(self) -> ComposeResult:
        """The line."""
        yield Static(MARKER)

    def on_key(self, event: Key) -> None:
        """Say so."""
        self.count += 1
        self.query_one(Static).update(f"{event.key} {self.count}")


if __name__ == "__main__":
    BareKeysApp().run()
