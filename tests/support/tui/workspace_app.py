"""The whole screen on a folder of its own, with a still clock and an engine that only notes.

The engine is a fake because what it would say depends on time; the real one is driven through a
pty in test_session.py.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from sora_tui.config.settings import Settings, load_settings
from sora_tui.core.job import Batch, Consent, Cost, Job
from sora_tui.core.price import Price
from sora_tui.core.remote_video import RemoteVideo
from sora_tui.core.request import VideoRequest
from sora_tui.core.secret import Secret
from sora_tui.core.server import Server
from sora_tui.engine.events import EngineChanged, EngineEvent
from sora_tui.tui.app import SoraApp
from sora_tui.tui.layout.workbench import Workbench
from sora_tui.tui.panes.editor.pane import EditorPane
from sora_tui.tui.panes.jobs import JobsPane
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.references import Prepared
from tests.support.sample_jobs import NOW

PROMPT = (
    "A fishing harbour at dawn. Slow dolly past the boats, gulls over the masts, low sun on wet "
    "planks, a boy throws a rope. 35 mm, natural colour.\n\nSound: water, one bell, distant engine."
)
PAID = Server(
    "team-gw",
    "https://gw.example.org/v1",
    dialect="litellm",
    key=Secret("sk-never-shown"),
    model="sora-2",
    seconds="4",
    size="1280x720",
    prices={"sora-2": {"*": Decimal("0.10")}},
)
UNPRICED = PAID._replace(name="lab", base_url="https://lab.example.org/v1", prices={})


class FakeEngine:
    """Takes orders and notes them."""

    def __init__(self) -> None:
        self.commands: list[tuple[str, str, str]] = []
        self.orders: list[tuple[Server, VideoRequest, Consent, int]] = []
        self.listeners: list[Callable[[EngineEvent], None]] = []
        self.servers: Mapping[str, Server] = {}
        self.listings: list[tuple[str, int | None]] = []
        self.adopted: list[str] = []
        self.paused = False

    def start(self) -> None: ...

    def stop(self, timeout: float = 2.5) -> bool:
        return True

    def subscribe(self, listener: Callable[[EngineEvent], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: None

    def submit(
        self,
        server: Server,
        request: VideoRequest,
        price: Price,
        consent: Consent,
        prepared: Prepared | None = None,
        count: int = 1,
        *,
        parent: str | None = None,
        once_more: bool = False,
        takes: Sequence[Batch] | None = None,
    ) -> list[Job]:
        self.orders.append((server, request, consent, count))
        number = len(self.orders)
        return [
            Job.new(
                f"20261122-10153{number}-00000{index}",
                NOW,
                server.ref,
                request,
                cost=Cost(price.sum),
                consent=consent,
                simulated=server.simulated,
                parent=parent,
                once_more=once_more,
            )
            for index in range(count)
        ]

    def command(self, job_id: str, verb: str, argument: str = "") -> None:
        self.commands.append((job_id, verb, argument))

    def use_servers(self, servers: Mapping[str, Server]) -> None:
        self.servers = servers

    def list_remote(self, name: str, pages: int | None = None) -> None:
        self.listings.append((name, pages))

    def adopt_remote(self, server: Server, videos: Iterable[RemoteVideo]) -> list[Job]:
        self.adopted += [video.id for video in videos]
        return [
            Job.adopted(f"20261122-10163{number}-aaaaaa", NOW, server.ref, video)
            for number, video in enumerate(videos)
        ]

    def pause_queue(self, paused: bool) -> None:
        self.paused = paused
        for listener in self.listeners:
            listener(EngineChanged(owner=True, paused=paused))

    def say(self, event: EngineEvent) -> None:
        """What the real engine would say."""
        for listener in self.listeners:
            listener(event)


class WorkspaceApp(SoraApp):
    """The screen at `NOW`, with its fake engine at hand."""

    def __init__(self, folder: Folder, settings: Settings) -> None:
        self.fake = FakeEngine()
        self.sent: list[str] = []
        """What went to the terminal past the screen."""
        super().__init__(
            settings,
            folder,
            crash_folder=folder.root,
            make_engine=lambda _settings, _folder: self.fake,
            clock=lambda: NOW,
        )

    @property
    def folder(self) -> Folder:
        """The workspace."""
        return self.context.session.folder

    @property
    def settings(self) -> Settings:
        """What holds now."""
        return self.context.session.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self.context.session.settings = settings

    @property
    def bench(self) -> Workbench:
        """All panes."""
        return self.context.ui.workbench

    @property
    def jobs(self) -> JobsPane:
        """The job list."""
        return self.bench.jobs

    @property
    def editor(self) -> EditorPane:
        """The editor pane."""
        return self.context.ui.workbench.editor

    def release_generate(self) -> None:
        """The next press of generate is one of its own: a second has passed."""
        self.controllers["orders"].pressed_at = 0.0

    def hold_generate(self) -> None:
        """The next press of generate comes of a key that is held down."""
        self.controllers["orders"].pressed_at = time.monotonic()

    def send_sequence(self, text: str) -> None:
        self.sent.append(text)

    async def _shutdown(self) -> None:
        # What `run` does for a person: no process that opens pictures stays until pytest ends.
        await super()._shutdown()
        self.context.signals.ending.publish(None)
        self.context.decoder.stop()


def workspace_app(
    root: Path,
    *,
    jobs: Sequence[Job] = (),
    servers: Iterable[Server] = (),
    environ: Mapping[str, str] | None = None,
) -> WorkspaceApp:
    """A folder with the sample prompt and these jobs; the first of `servers` is chosen."""
    folder = open_folder(root)
    sample = folder.prompts / "harbour.md"
    sample.write_text(PROMPT + "\n")
    os.utime(sample, (NOW.timestamp(), NOW.timestamp()))
    history = History(folder)
    for job in jobs:
        history.save(job)
    history.close()
    settings = load_settings(workspace=root, server=None, environ=environ or {})
    profiles = list(servers)
    settings = settings._replace(
        servers={**settings.servers, **{server.name: server for server in profiles}}
    )
    return WorkspaceApp(folder, settings.on(profiles[0].name) if profiles else settings)


def folder_with_prompt(root: Path) -> Path:
    """Write the sample prompt into a workspace; return the same folder."""
    (root / "prompts").mkdir()
    (root / "prompts/harbour.md").write_text(PROMPT + "\n")
    return root
