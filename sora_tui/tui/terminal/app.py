"""Textual's app made safe on real terminals: keys in turn, sizes, pictures, faults, the end.

Textual 8.2.8 as it comes dies by SIGTERM and SIGHUP with the terminal left in disorder, crashes
on one byte that is not UTF-8 (Textual issue 6668), spins when its terminal is gone, waits for
ever for one that is no longer read, and prints local variables when it crashes. Everything
against that, and every private part of Textual it takes, stands in this folder.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rich.console import RenderableType
from textual import events, on, work
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.worker import WorkerFailed

from sora_tui.tui.terminal.crash_report import write_crash_report
from sora_tui.tui.terminal.diff_output import DiffUpdate, Shown
from sora_tui.tui.terminal.driver import TerminalDriver

if TYPE_CHECKING:
    from sora_tui.config.screen import Preview
    from sora_tui.tui.terminal.graphics.detect import Graphics
    from sora_tui.tui.terminal.graphics.kitty import SentPictures
    from sora_tui.tui.terminal.guard import Guard

#: xterm's: keep the title of the window on a stack, and take it from there.
PUSH_TITLE: Final = "\x1b[22;2t"
POP_TITLE: Final = "\x1b[23;2t"
CRASHED: Final = 70
"""Exit code of a fault of our own (EX_SOFTWARE of sysexits.h)."""

#: Seconds after which what the first frame could do without has come, and garbage is collected.
_GROWN: Final = 1.0
#: Seconds without another size until the screen is painted for good.
_STORM_OVER: Final = 0.2
#: A key that comes so soon after another one waits for what that one does, at most so long.
_TYPED_AHEAD: Final = 0.3


class KeyPassed(Message):
    """Follows a key on its way up; twice, because what the key does may send a message, too."""

    def __init__(self, start: DOMNode, *, again: bool) -> None:
        super().__init__()
        self.start = start
        self.again = again


class TerminalApp(App[None]):
    """A Textual app that is calm at rest and crashes without telling what it worked on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+l", "redraw", "Redraw", show=False, priority=True, id="redraw")
    ]

    def __init__(self, *, crash_folder: Path, preview: Preview = "off") -> None:
        """Make the app.

        Args:
            crash_folder: Where the report of a fault goes.
            preview: How pictures are shown, as the setting `preview` has it.
        """
        # With colours of its own Textual paints greys under NO_COLOR, instead of nothing.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.animation_level = "none"
        self.crashed = False
        """Did a fault of our own end the app?"""
        self.crash_path: Path | None = None
        """Where the report lies, when one could be written."""
        self.guard: Guard | None = None
        self.shown = Shown()
        """What the terminal shows."""
        self.sent_pictures: SentPictures | None = None
        """Which pictures the terminal has; None where it takes none."""
        self._preview = preview
        self._graphics: Graphics | None = None
        self._was_resized = False
        self._storm: Timer | None = None
        self._waiting: deque[events.Key | events.Paste] = deque()
        self._waits: Timer | None = None
        self._forwarded_at = -_TYPED_AHEAD
        self.line_filter: LineFilter | None = None
        """Changes every line that is drawn, after Textual's own filters."""
        self.alt_keys: Iterable[str] = ()
        """Keys with alt that are more than escape and the key."""
        self._crash_folder = crash_folder

    def refresh_css(self, animate: bool = True) -> None:
        """Style all anew in other colours; before the first widget there is nothing to style."""
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return Textual's, and ours if there is one."""
        # This one puts true colours in place of the terminal's own, which only themes have where it
        # sleeps; and it makes a second strip of every line.
        filters = [f for f in super().get_line_filters() if not isinstance(f, ANSIToTruecolor)]
        return filters if self.line_filter is None else [*filters, self.line_filter]

    def get_driver_class(self) -> type[Driver]:
        """The hardened driver, unless the environment asks for one of its own (textual-web)."""
        found = super().get_driver_class()
        return TerminalDriver if found is LinuxDriver else found

    @on(events.Mount)
    def _resume_gc_once_grown(self) -> None:
        self.set_timer(_GROWN, _resume_gc)

    @on(events.Mount)
    def _share_title(self) -> None:
        """Give the title back to the shell or an editor while they have the terminal."""
        give, take = partial(self.send_title, POP_TITLE), partial(self.send_title, PUSH_TITLE)
        self.app_suspend_signal.subscribe(self, give, immediate=True)
        self.app_resume_signal.subscribe(self, take, immediate=True)

    def send_title(self, sequence: str, _app: object) -> None:
        """Put the window's title on the terminal's stack, or take it from there."""
        self.send_sequence(sequence)

    @on(events.Resize)
    def _paint_after_resize(self) -> None:
        # Terminals cut and blank rows as they like, and in a storm of sizes Textual paints for
        # some that are gone, or not at all: paint once more when it is over.
        self.shown.forget()
        if self._storm is not None:
            self._storm.stop()
        if self._was_resized:
            self._storm = self.set_timer(_STORM_OVER, self._storm_over)
        self._was_resized = True

    def _storm_over(self) -> None:
        if not self.screen_stack:  # the program has ended meanwhile
            return
        if isinstance(self._driver, TerminalDriver):
            size = Size(*self._driver._get_terminal_size())
            if size != self.screen.size:  # the last size was lost on its way
                self.post_message(events.Resize(size, size))
        self.shown.forget()
        self.screen.refresh(layout=True)

    def action_redraw(self) -> None:
        """Paint everything again, on whatever terminal this is by now, pictures too."""
        self.forget_terminal()
        self.screen.refresh(layout=True)
        if self._graphics is not None:
            self.find_graphics()

    @work(thread=True, group="graphics", exclusive=True)
    def find_graphics(self) -> None:
        """Find out how pictures are shown here; after another terminal has taken over, again."""
        from sora_tui.tui.terminal.graphics.detect import graphics

        self.call_from_thread(self._use_graphics, graphics(self._preview, os.environ))

    def _use_graphics(self, found: Graphics) -> None:
        if found == self._graphics:
            return
        self._graphics = found
        self.sent_pictures = None
        if found.way == "kitty":
            from sora_tui.tui.terminal.graphics.kitty import SentPictures

            self.sent_pictures = SentPictures(self.send_sequence, tmux=found.tmux)
        self.screen.refresh(layout=True)

    @on(events.AppFocus)
    def _find_graphics_again(self) -> None:
        # In tmux the terminal may be another one by now.
        if self._graphics is not None and "TMUX" in os.environ:
            self.find_graphics()

    def remove_pictures(self) -> None:
        """Take the pictures off the terminal."""
        if self.sent_pictures is not None:
            self.sent_pictures.remove()

    def report_hangup(self) -> None:
        """End as by SIGHUP: the terminal is gone. From any thread."""
        if self.guard is not None:
            self.guard.report(signal.SIGHUP)

    def forget_terminal(self) -> None:
        """Know nothing of what the terminal shows and has."""
        self.shown.forget()
        if self.sent_pictures is not None:
            self.sent_pictures.forget()

    @on(events.DescendantFocus)
    def _still_cursor(self, event: events.DescendantFocus) -> None:
        # A blinking cursor writes 0.5 to 2.5 kB/s for ever.
        if getattr(event.widget, "cursor_blink", False):
            event.widget.cursor_blink = False  # type: ignore[attr-defined]  # TextArea and Input

    async def on_event(self, event: events.Event) -> None:
        """Let a key that was typed ahead wait until the one before has done its work.

        Textual sends it to where the focus was when it came.
        """
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        self._waiting.append(event)
        if len(self._waiting) == 1:
            await self._forward_in_turn()

    async def _forward_in_turn(self) -> None:
        """Forward what waits, up to a key that comes too soon after another one."""
        while self._waiting and self.screen_stack:
            if time.monotonic() - self._forwarded_at < _TYPED_AHEAD:
                self._waits = self.set_timer(_TYPED_AHEAD, self._forward_anyway)
                self._follow_key(self.focused or self.screen, again=True)
                return
            event = self._waiting[0]
            if isinstance(event, events.Key) and not (event.is_printable and self._is_writing):
                self._forwarded_at = time.monotonic()
            await super().on_event(event)
            self._waiting.popleft()

    @property
    def _is_writing(self) -> bool:
        """Whether a letter goes into a text, and so moves nothing else."""
        return getattr(self.focused, "cursor_blink", None) is not None

    def _follow_key(self, start: DOMNode, *, again: bool) -> None:
        if not start.post_message(KeyPassed(start, again=again)):
            self.call_later(self._forward_anyway)  # its widget is gone

    async def on_key_passed(self, event: KeyPassed) -> None:
        """The key before has come as far as this."""
        if event.again:
            self._follow_key(event.start, again=False)
        else:
            # Focus is given by a call of this kind.
            self.call_later(self._forward_anyway)

    async def _forward_anyway(self) -> None:
        if self._waits is not None:
            self._waits.stop()
            self._waits = None
            self._forwarded_at = -_TYPED_AHEAD
            await self._forward_in_turn()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if isinstance(renderable, ChopsUpdate | LayoutUpdate):
            # Of its updates Textual asks for the sequences only, not for Rich's protocol.
            renderable = DiffUpdate(renderable, self.shown)  # type: ignore[assignment]
        super()._display(screen, renderable)

    @property
    def is_behind(self) -> bool:
        """Whether the terminal has not taken what was written to it; more would only pile up."""
        return isinstance(self._driver, TerminalDriver) and self._driver.is_behind

    @property
    def stride(self) -> int:
        """How many bytes of a picture may be written at once."""
        if not isinstance(self._driver, TerminalDriver):
            return sys.maxsize
        return self._driver.output.pace.stride

    async def _shutdown(self) -> None:
        # Textual stops them when the widgets that they speak of are gone already.
        for timer in tuple(self._timers):
            timer.stop()
        await super()._shutdown()

    def call_from_thread(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """As Textual's; of a screen that is going nothing is asked, for its widgets may be gone.

        Returns:
            What the callback returns, None when it was not called.
        """
        return super().call_from_thread(self._unless_going, partial(callback, *args, **kwargs))

    def _unless_going(self, callback: Callable[[], Any]) -> Any:
        return callback() if self.is_running else None

    def send_sequence(self, text: str) -> None:
        """Tell the terminal something that is not on the screen; nothing while it is not ours."""
        if isinstance(self._driver, TerminalDriver) and self._driver.in_application_mode:
            self._driver.write(text)

    def action_suspend_process(self) -> None:
        """Stop the whole job of the shell: behind `make run` stopping us alone would hang it."""
        if self._driver is not None and self._driver.can_suspend:
            self._suspend_signal()
            os.killpg(os.getpgrp(), signal.SIGTSTP)

    def report_crash(self, error: BaseException) -> None:
        """Write the report of the first fault; later ones are mostly its echo."""
        if not self.crashed:
            self.crashed = True
            cause = error.error if isinstance(error, WorkerFailed) else error
            self.crash_path = write_crash_report(self._crash_folder, cause)

    def _handle_exception(self, error: Exception) -> None:
        self.report_crash(error)
        super()._handle_exception(error)
        self._return_code = CRASHED

    def _fatal_error(self) -> None:
        # Textual would render a traceback with local variables here.
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        # The caller of run_app tells the person, in their language, once the screen is gone.
        self._exit_renderables.clear()


def _resume_gc() -> None:
    """Take out what the start left, and from now on look through what came after it only."""
    gc.collect()
    gc.freeze()
    # Each painted line is a cycle (a strip keeps itself among its own pieces), and outlives a few
    # collections of the young. Looking at all that is not frozen takes some milliseconds.
    gc.set_threshold(*gc.get_threshold()[:2], 2)
    gc.enable()
