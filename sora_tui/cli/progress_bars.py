"""Progress bars on a terminal, one line per job."""

from __future__ import annotations

from contextlib import suppress

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

from sora_tui.cli.progress_words import TypicalTime, detail, share_of
from sora_tui.engine.events import JobChanged


class Bars:
    """The state of each job, its bar and what is known; without a figure the bar stays empty."""

    def __init__(self, typical_time: TypicalTime) -> None:
        self._typical_time = typical_time
        self._tasks: dict[str, TaskID] = {}
        self._bars: Progress | None = None

    def show(self, event: JobChanged) -> None:
        """Update a job's bar; an error is ignored, since the terminal is then gone."""
        with suppress(OSError):
            self._show(event)

    def _show(self, event: JobChanged) -> None:
        bars = self._shown()
        job, share = event.job, share_of(event)
        task = self._tasks.get(job.id)
        if task is None:
            task = bars.add_task("", total=1.0, event=event)
            self._tasks[job.id] = task
        done = 1.0 if job.is_final else share or 0.0
        bars.update(
            task, description=f"{job.id}  {job.state.value:<11}", completed=done, event=event
        )

    def pause(self) -> None:
        """Leave the last state on the screen; the next `show` begins below."""
        if self._bars is not None:
            with suppress(OSError):  # the terminal may be gone
                self._bars.stop()
            self._bars = None
            self._tasks.clear()

    def _shown(self) -> Progress:
        if self._bars is None:
            self._bars = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=24),
                _Detail(self._typical_time),
                console=Console(stderr=True, highlight=False),
                refresh_per_second=2,
            )
            self._bars.start()
        return self._bars


class _Detail(ProgressColumn):
    """The words beside a bar, made again at each drawing, because time passes without an event."""

    def __init__(self, typical_time: TypicalTime) -> None:
        super().__init__()
        self._typical_time = typical_time

    def render(self, task: Task) -> Text:
        event: JobChanged = task.fields["event"]
        return Text(detail(event, self._typical_time), overflow="ellipsis", no_wrap=True)
