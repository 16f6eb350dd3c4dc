"""Makes Textual safe on real terminals: hang-ups, signals, stray bytes, stalled links, crashes.

Textual 8.2.8 as it comes dies by SIGTERM and SIGHUP with the terminal left in disorder, crashes
on one byte that is not UTF-8 (Textual issue 6668), spins when its terminal is gone, waits for
ever for one that is no longer read, and prints local variables when it crashes. Everything
against that, and every private part of Textual it takes, stands in this file.
"""

import asyncio
import codecs
import gc
import os
import re
import select
import signal
import sys
import termios
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rich.console import RenderableType
from textual import events, on, work
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.worker import WorkerFailed

from sora_tui.tui.terminal.crash_report import write_crash_report
from sora_tui.tui.terminal.diff_output import DiffUpdate, Shown
from sora_tui.tui.terminal.input_filter import InputFilter
from sora_tui.tui.terminal.keyboard_layouts import with_latin_shortcuts
from sora_tui.tui.terminal.output_rate import BREATH, Pace

if TYPE_CHECKING:
    from sora_tui.config.screen import Preview
    from sora_tui.tui.terminal.graphics.detect import Graphics
    from sora_tui.tui.terminal.graphics.kitty import SentPictures

CRASHED: Final = 70
"""Exit code of a fault of our own (EX_SOFTWARE of sysexits.h)."""

# After a signal, in seconds: how long the terminal may take to swallow what is already written,
# when the engine is told even though the screen still stands, and when the process ends anyway.
_SWALLOW: Final = 1.0
_DURABLE: Final = 1.5
_END: Final = 2.5
#: Seconds after which what the first frame could do without has come, and garbage is collected.
_GROWN: Final = 1.0
#: Seconds without another size until the screen is painted for good.
_STORM_OVER: Final = 0.2
#: How long the leave sequence may look for room in a terminal that is not read, in seconds.
_LEAVE_WITHIN: Final = 0.2

#: How long what was written last may take to reach a terminal that we leave, in seconds.
_LAST_WORDS: Final = 0.3

#: A key that comes so soon after another one waits for what that one does, at most so long.
_TYPED_AHEAD: Final = 0.3
#: What follows escape in the sequences of terminals, and the two that Textual takes for words.
_NO_KEYS: Final = frozenset("[OPX]^_Nbf")

_DEADLY: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)

# What older terminals send for the mouse: three bytes, not text, above 0x7F past column 95.
_X10_MOUSE: Final = re.compile(rb"\x1b\[M[\s\S]{3}")
_X10_BEGUN: Final = re.compile(rb"\x1b\[M[\s\S]{0,2}\Z")

# Undoes, in one write, what LinuxDriver.start_application_mode sets. CAN first: it ends a
# sequence that may have been cut in the middle.
_LEAVE: Final = (
    b"\x18\x1b[?2026l\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"
    b"\x1b[?1016l\x1b[0m\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
)


class TerminalOutput:
    """The file that Textual's writer thread writes to: waits for the terminal only while it may.

    A terminal that is gone swallows everything, so that nobody waits for it.
    """

    def __init__(self, descriptor: int) -> None:
        self._terminal = descriptor
        try:
            # Not to block must not become a property of the shell's own descriptor.
            flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK
            self._descriptor = os.open(os.ttyname(descriptor), flags)
        except OSError:  # a terminal without a name, as in some containers: writes may wait
            self._descriptor = os.dup(descriptor)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        self.given_up = False
        self.is_waiting = False
        """Whether the terminal has not taken all of what is being written."""
        self.pace = Pace()
        self._leaving = threading.Lock()
        self._has_left = False

    def fileno(self) -> int:
        """The terminal's own descriptor."""
        return self._terminal

    def write(self, text: str) -> int:
        """Write all of `text`, waiting for the terminal unless it was given up."""
        rest = memoryview(text.encode("utf-8", "replace"))
        count, began, waited = len(rest), time.monotonic(), False
        while rest and not self.given_up:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                self.is_waiting = waited = True
                select.select([self._wake_read], [self._descriptor], [])
            except OSError:
                self.given_up = True
        self.is_waiting = False
        self.pace.wrote(count, time.monotonic() - began, waited=waited)
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""

    def give_up(self) -> None:
        """Drop everything from now on; a write that waits returns at once."""
        self.given_up = True
        os.write(self._wake_write, b"x")

    def take_again(self) -> None:
        """Write once more, after what was left to itself."""
        with suppress(BlockingIOError):  # nobody was woken: the terminal itself refused
            os.read(self._wake_read, 64)
        self.given_up = self._has_left = False
        self.pace = Pace()

    def leave(self) -> None:
        """Put a leave sequence in place of what the terminal has not read yet.

        Once: the guard and the loop may both come here, and the second flush would take away
        what the first one wrote.
        """
        rest, deadline = _LEAVE, time.monotonic() + _LEAVE_WITHIN
        with self._leaving, suppress(OSError, termios.error):
            if self._has_left:
                return
            self._has_left = True
            while rest and (left := deadline - time.monotonic()) > 0:
                if len(rest) == len(_LEAVE):
                    # Frees the buffer a moment later, or not at all while somebody writes.
                    termios.tcflush(self._descriptor, termios.TCOFLUSH)
                if select.select([], [self._descriptor], [], min(left, 0.02))[1]:
                    rest = rest[os.write(self._descriptor, rest) :]


#: Adds to the keyboard protocol of kitty, which Textual has just asked for, that a key comes with
#: the code of its place on a Latin keyboard: `keyboard_layouts.py` reads it.
_ALTERNATE_KEYS: Final = "\x1b[=4;2u"


class KeyParser(XTermParser):
    """Textual's parser; escape and a sign in one go are what they are one after the other.

    Terminals send alt and a key so, and a slow line or tmux joins them. Textual takes esc 4 for a
    cent sign, and esc o for an o. What terminals answer to somebody's question is no key at all.
    """

    def __init__(self, debug: bool, alt_keys: Iterable[str]) -> None:
        self._alt_keys = frozenset(alt_keys)
        self._replies = InputFilter()
        super().__init__(debug)

    def feed(self, data: str) -> Iterable[Message]:
        """The events in what came from the terminal."""
        # An empty text would tell Textual that the end has come.
        if typed := self._replies.take(data, time.monotonic()):
            yield from super().feed(with_latin_shortcuts(typed))

    def tick(self) -> Iterable[Message]:
        """The events in what has no rest; to be called ten times a second."""
        if typed := self._replies.rest(time.monotonic()):
            yield from super().feed(typed)
            if self._timeout_time is not None:
                self._timeout_time = 0.0  # it has waited long enough
        yield from super().tick()

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        escape, sign = sequence[:1], sequence[1:]
        if escape != "\x1b" or len(sign) != 1 or not sign.isprintable() or sign in _NO_KEYS:
            yield from super()._sequence_to_key_events(sequence, alt)
        elif f"alt+{sign}" in self._alt_keys:
            yield events.Key(f"alt+{sign}", None)
        else:
            yield events.Key("escape", escape)
            yield from super()._sequence_to_key_events(sign)


class TerminalDriver(LinuxDriver):
    """Textual's driver, reading any bytes and writing to a `TerminalOutput`."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        assert sys.__stderr__ is not None, "the caller has seen a terminal on stderr"
        self.output = TerminalOutput(sys.__stderr__.fileno())
        self._file = self.output  # type: ignore[assignment]  # the writer needs these methods only
        self.in_application_mode = False

    def start_application_mode(self) -> None:
        """Take the terminal, remembering that it is taken."""
        self.output.take_again()
        self.in_application_mode = True
        if isinstance(self._app, HardenedApp):
            self._app.forget_terminal()
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual left it so
        self.write(_ALTERNATE_KEYS)

    def stop_application_mode(self) -> None:
        """Give the terminal back, even if it no longer takes what Textual writes."""
        if isinstance(self._app, HardenedApp) and self._app.sent_pictures is not None:
            self._app.sent_pictures.remove()
        super().stop_application_mode()
        self.in_application_mode = False
        if self.output.given_up:
            self.output.leave()

    @property
    def is_behind(self) -> bool:
        """Whether the terminal does not show yet what was written to it."""
        writer = self._writer_thread
        waits = writer is not None and not writer._queue.empty()
        return waits or self.output.is_waiting or self.output.pace.lag > BREATH / 2

    def close(self) -> None:
        """Wait for the writer; what it could no longer write is the way out of the screen, too.

        A slow line is not waited for: what is on its way is a screen that nobody will see.
        """
        deadline = time.monotonic() + _LAST_WORDS
        while self.is_behind and time.monotonic() < deadline:
            time.sleep(0.01)
        if self.is_behind:
            self.output.give_up()
        super().close()
        if self.output.given_up:
            self.output.leave()

    def restore(self) -> None:
        """Give the terminal back from any thread, without waiting for anything."""
        if not self.in_application_mode:
            return
        with suppress(OSError, termios.error):
            # In the background the terminal is the shell's, and touching it would stop us.
            if os.tcgetpgrp(self.fileno) == os.getpgrp():
                self.output.leave()
                if self.attrs_before is not None:
                    termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)

    def run_input_thread(self) -> None:
        """Read keys until told to stop; bytes that are no text never end the program."""
        alt_keys = self._app.alt_keys if isinstance(self._app, HardenedApp) else ()
        parser = KeyParser(self._debug, alt_keys)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        begun = b""
        stopping = False
        while not stopping:
            # Once more after the order to stop: answers to our queries must not reach the shell.
            stopping = self.exit_event.is_set()
            if select.select([self.fileno], [], [], 0.1)[0]:
                try:
                    data = os.read(self.fileno, 4096)
                except OSError:  # EIO: hung up
                    data = b""
                if not data:
                    _report_loss(self._app)
                    return
                data = _X10_MOUSE.sub(b"", begun + data)
                begun = found.group() if (found := _X10_BEGUN.search(data)) else b""
                text = decoder.decode(data.removesuffix(begun))
                try:
                    for event in parser.feed(text):
                        self.process_message(event)
                except (ValueError, OverflowError):  # a number no key has, as in ESC [ 9999999999 u
                    parser = KeyParser(self._debug, alt_keys)
            for event in parser.tick():
                self.process_message(event)

    def _get_terminal_size(self) -> tuple[int, int]:
        # Textual asks stdout, which may be a pipe, and believes COLUMNS before the terminal.
        try:
            size = os.get_terminal_size(self.output.fileno())
        except OSError:
            return super()._get_terminal_size()
        return (size.columns or 80, size.lines or 24)


class KeyPassed(Message):
    """Follows a key on its way up; twice, because what the key does may send a message, too."""

    def __init__(self, start: DOMNode, *, again: bool) -> None:
        super().__init__()
        self.start = start
        self.again = again


class HardenedApp(App[None]):
    """A Textual app that is calm at rest and crashes without telling what it worked on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+l", "redraw", "Redraw", show=False, priority=True, id="redraw")
    ]

    def __init__(self, *, crash_folder: Path, preview: "Preview" = "off") -> None:
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
        self.alt_keys: Iterable[str] = ()
        """Keys with alt that are more than escape and the key."""
        self._crash_folder = crash_folder

    def get_driver_class(self) -> type[Driver]:
        """The hardened driver, unless the environment asks for one of its own (textual-web)."""
        found = super().get_driver_class()
        return TerminalDriver if found is LinuxDriver else found

    @on(events.Mount)
    def _resume_gc_once_grown(self) -> None:
        self.set_timer(_GROWN, _resume_gc)

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

    def _use_graphics(self, found: "Graphics") -> None:
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

    def forget_terminal(self) -> None:
        """Nothing is known of what the terminal shows and has."""
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


class Guard(threading.Thread):
    """Ends the app on a deadly signal or a lost terminal, even when its loop is stuck.

    Signal numbers come through a pipe that the interpreter's C handler writes to: Python's own
    handlers would wait for the main thread, which may wait for the terminal.
    """

    def __init__(self, app: HardenedApp, on_quit: Callable[[], None]) -> None:
        super().__init__(name="terminal-guard", daemon=True)
        self.code: int | None = None
        """128 + the signal that ends the program."""
        self._app = app
        self._on_quit = on_quit
        self._quitting = threading.Lock()
        self._has_quit = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._screen_gone = threading.Event()
        self._finished = threading.Event()
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)

    def report(self, number: int) -> None:
        """Take note of signal `number`, from any thread."""
        os.write(self._write, bytes([number]))

    @contextmanager
    def receiving_signals(self) -> Iterator[None]:
        """Receive SIGTERM, SIGHUP (unless nohup ignores it) and SIGINT; main thread only."""
        before = {
            number: signal.signal(number, lambda *_: None)
            for number in _DEADLY
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            if self.code is None:  # else a second signal must not cut the way out short
                for number, handler in before.items():
                    signal.signal(number, handler)

    async def run_screen(self) -> None:
        """Run the app to its end."""
        self._loop = asyncio.get_running_loop()
        try:
            await self._app.run_async()
        finally:
            self._screen_gone.set()

    def quit_engine(self) -> None:
        """Call `on_quit`, once; a second caller waits for the first."""
        with self._quitting:
            if not self._has_quit:
                self._has_quit = True
                self._on_quit()

    def finish(self) -> None:
        """Stand down: the program is leaving by itself."""
        self._finished.set()
        self.report(0)

    def run(self) -> None:
        """Wait for the first deadly signal, then see to it that the program ends."""
        while not self._is_deadly(number := os.read(self._read, 1)[0]):
            if self._finished.is_set():
                return
        self.code = 128 + number
        self._ask_app_to_exit(self.code)
        driver = self._driver
        if not self._screen_gone.wait(_SWALLOW) and driver is not None:
            driver.output.give_up()
        if not self._finished.wait(_DURABLE - _SWALLOW):
            threading.Thread(target=self.quit_engine, daemon=True).start()
        if not self._finished.wait(_END - _DURABLE):
            if driver is not None:
                driver.restore()
            os._exit(self.code)

    @property
    def _driver(self) -> TerminalDriver | None:
        driver = self._app._driver
        return driver if isinstance(driver, TerminalDriver) else None

    def _is_deadly(self, number: int) -> bool:
        if number == signal.SIGINT and (driver := self._driver) is not None:
            # While an editor or a player has the terminal, its ctrl+c is not meant for us.
            return driver.in_application_mode
        return number in _DEADLY

    def _ask_app_to_exit(self, code: int) -> None:
        while self._loop is None and not self._screen_gone.wait(0.02):
            pass
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has closed meanwhile: the app is at its end
                self._loop.call_soon_threadsafe(lambda: self._app.exit(return_code=code))


def run_app(app: HardenedApp, *, on_quit: Callable[[], None]) -> int:
    """Run `app` on the terminal and return the exit code of the process.

    `on_quit` is called exactly once, when the terminal is back in order, and should return when
    everything is durable: at leisure after a normal end, within about a second after a signal.
    Then the process ends within 2.5 s of the signal in any case, with 128 + its number; a lost
    terminal counts as SIGHUP. 70 after a crash (see `HardenedApp.crash_path`), else the app's own
    return code. Main thread only.
    """
    gc.disable()  # nothing is garbage while the screen comes; the app turns it on again
    gc.freeze()  # what was imported stays: nobody need look through it
    guard = app.guard = Guard(app, on_quit)
    guard.start()
    try:
        with guard.receiving_signals():
            with _faults_reported(app):
                asyncio.run(guard.run_screen())
            with _faults_reported(app):
                guard.quit_engine()
    finally:
        guard.finish()
        gc.enable()
    if guard.code is not None:
        return guard.code
    return CRASHED if app.crashed else app.return_code or 0


@contextmanager
def _faults_reported(app: HardenedApp) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001  # it is in the report, and in the exit code
        app.report_crash(error)


def _report_loss(app: App[Any]) -> None:
    if isinstance(app, HardenedApp) and app.guard is not None:
        app.guard.report(signal.SIGHUP)


def _resume_gc() -> None:
    """Take out what the start left, and from now on look through what came after it only."""
    gc.collect()
    gc.freeze()
    # Each painted line is a cycle (a strip keeps itself among its own pieces), and outlives a few
    # collections of the young. Looking at all that is not frozen takes some milliseconds.
    gc.set_threshold(*gc.get_threshold()[:2], 2)
    gc.enable()
