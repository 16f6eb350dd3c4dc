"""The screen as controllers see it: what they may ask of the app, and nothing else of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from textual.worker import get_current_worker

from sora_tui.core.problem import Problem, ProblemError
from sora_tui.core.text import clean_line
from sora_tui.i18n import _
from sora_tui.tui.layout.workbench import Workbench

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.screen import Screen
    from textual.timer import Timer

    from sora_tui.tui.dialogs.command_palette import Entry
    from sora_tui.tui.terminal.app import TerminalApp

T = TypeVar("T")


class ScreenUi:
    """A `context.Ui` on a Textual app that shows a workbench."""

    def __init__(self, app: TerminalApp, own_keys: Mapping[str, str]) -> None:
        self._app = app
        self._own_keys = own_keys
        self._timers: dict[str, Timer] = {}

    @property
    def workbench(self) -> Workbench:
        """The panes, the banner and the status line."""
        return self._app.query_one(Workbench)

    @property
    def themes(self) -> Collection[str]:
        """The names of all themes."""
        return self._app.available_themes

    @property
    def theme(self) -> str:
        """The name of the theme in use; another one is drawn at once."""
        return self._app.theme

    @theme.setter
    def theme(self, name: str) -> None:
        self._app.theme = name

    def entries_here(self) -> Sequence[Entry]:
        """What the keys do where the focus is; how lists move comes last: most know it."""
        from sora_tui.tui.widgets.scroll_text import LongText
        from sora_tui.tui.widgets.virtual_list import VirtualList

        focused = self._app.focused
        chain = [self._app] if focused is None else focused.ancestors_with_self
        shared = [node for node in chain if isinstance(node, VirtualList | LongText)]
        return self._entries([*(node for node in chain if node not in shared), *shared])

    def entries_everywhere(self) -> Sequence[Entry]:
        """What can be done now, in all panes."""
        return self._entries([self._app, *self.workbench.panes])

    def _entries(self, nodes: Iterable[DOMNode]) -> Sequence[Entry]:
        from sora_tui.tui.dialogs.command_palette import entries_of

        app = self._app
        return entries_of(nodes, self._own_keys, partial(app.call_later, app.run_action))

    def say(self, text: str) -> None:
        """Show a text in the status line, until the next one."""
        self.workbench.status.say(text)

    def complain(self, problem: Problem) -> None:
        """Show what happened, what it means for the money, and what to do.

        By the prompt where that is seen, else in the status line.
        """
        from sora_tui.i18n.problems import sentences

        said = sentences(problem)
        text = f"{said.happened} {said.money} {said.next}"
        workbench = self.workbench
        if "editor" in workbench.seen:
            workbench.editor.say(text, error=True)
        else:
            self.say(text)

    def run(
        self,
        blocking: Callable[[], T],
        then: Callable[[T], object] | None = None,
        *,
        group: str,
        latest: bool = False,
        failed: Callable[[Problem], object] | None = None,
    ) -> None:
        """Call something that blocks in a thread of its own; see `context.Ui.run`."""

        def work() -> None:
            worker = get_current_worker()
            call: Callable[[], object] | None = None
            try:
                result = blocking()
            except ProblemError as error:
                problem, tell = error.problem, failed or self.complain
                call = lambda: tell(problem)  # noqa: E731 -- one of two, chosen here
            else:
                if then is not None:
                    call = lambda: then(result)  # noqa: E731
            if call is not None and not worker.is_cancelled:
                self._app.call_from_thread(call)

        self._app.run_worker(work, thread=True, group=group, exclusive=latest)

    def from_worker(self, call: Callable[..., T], *args: Any) -> T:
        """Call something in the thread of the screen from a blocking call, and wait for it."""
        result: T = self._app.call_from_thread(call, *args)
        return result

    def wanted(self) -> Callable[[], bool]:
        """Return, inside a blocking call, what tells whether its result is still wanted."""
        worker = get_current_worker()
        return lambda: not worker.is_cancelled

    def cancel(self, group: str) -> None:
        """Drop the results of the blocking calls of a group."""
        self._app.workers.cancel_group(self._app, group)

    def every(
        self, name: str, seconds: float | None, call: Callable[[], object], *, once: bool = False
    ) -> None:
        """Set the timer of this name anew; None stops it."""
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.stop()
        if seconds is not None:
            start = self._app.set_timer if once else self._app.set_interval
            self._timers[name] = start(seconds, call)

    def has_timer(self, name: str) -> bool:
        """Whether the timer of this name runs."""
        return name in self._timers

    def copy(self, text: str) -> None:
        """Put a text on the clipboard of the person's terminal, and say which way it went."""
        from sora_tui.tui.services.clipboard import copy

        self.run(
            lambda: copy(text, self._app.copy_to_clipboard),
            partial(self._copied, text),
            group="copy",
        )

    def _copied(self, text: str, route: str) -> None:
        way = (
            _("Copied through tmux: {text}")
            if route == "tmux"
            else _("Copied through the terminal (OSC 52), which gives no answer: {text}")
        )
        self.say(way.format(text=clean_line(" ".join(text[:1000].split()), 200)))

    def send_sequence(self, text: str) -> None:
        """Write an escape sequence to the terminal; nothing while the terminal is not ours."""
        self._app.send_sequence(text)

    def suspend(self, call: Callable[[], T]) -> T:
        """Leave the terminal to another program while `call` runs it, then paint all again."""
        with self._app.suspend():
            result = call()
        self._app.refresh()
        return result

    def stop_process(self) -> None:
        """Stop the whole job of the shell; returns when the shell brings it back."""
        self._app.action_suspend_process()

    def quit(self) -> None:
        """End the screen."""
        self._app.exit()

    def open_dialog(self, dialog: Screen[Any], then: Callable[[Any], None] | None = None) -> None:
        """Show a modal screen; `then` gets its result."""
        self._app.push_screen(dialog, then)
