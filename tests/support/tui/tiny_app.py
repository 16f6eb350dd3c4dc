"""A small hardened app for the pty tests.

`python -m tests.support.tui.tiny_app FOLDER [calm|busy|...]`

It writes `quit` into FOLDER when it is told to be durable, and `unmounted` when it ends in order.
"""

import gc
import sys
import time
from pathlib import Path

from textual.app import ComposeResult
from textual.widgets import Input, Static

from sora_tui.tui.terminal.app import TerminalApp
from sora_tui.tui.terminal.run_app import run_app

SECRET = "sk-planted-in-a-local-0123456789"


class TinyApp(TerminalApp):
    def __init__(self, folder: Path, mode: str) -> None:
        super().__init__(crash_folder=folder / "crashes")
        self.folder, self.mode = folder, mode

    def compose(self) -> ComposeResult:
        yield Static("ready", id="word")
        yield Input()

    def on_mount(self) -> None:
        if self.mode == "busy":
            self.set_interval(0.02, self.paint)

    def paint(self) -> None:
        self.styles.background = f"#{time.monotonic_ns() // 1_000_000 % 0xFFFFFF:06x}"
        self.screen.styles.background = self.styles.background

    def on_input_submitted(self, event: Input.Submitted) -> None:
        match event.value:
            case "crash":
                self.break_something(SECRET)
            case "worker":
                self.run_worker(self.work(SECRET))
            case "hang":
                time.sleep(60)
            case "gc":
                word = f"gc on {gc.isenabled()}, frozen {gc.get_freeze_count() > 0}"
                self.query_one("#word", Static).update(word)
            case "bye":
                self.exit(return_code=3)
            case text:
                self.query_one("#word", Static).update(f"heard {text}")

    async def work(self, api_key: str) -> None:
        self.break_something(api_key)

    def break_something(self, api_key: str) -> None:
        prompt = f"a fox, sent with {api_key}"
        raise ValueError(f"cannot send {prompt!r}")

    def on_unmount(self) -> None:
        (self.folder / "unmounted").touch()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    app = TinyApp(folder, sys.argv[2])
    code = run_app(app, on_quit=(folder / "quit").touch)
    if app.crash_path is not None:
        print(f"report: {app.crash_path.name}")
    sys.exit(code)
