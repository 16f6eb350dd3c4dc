"""The engine, told an address and a key, against the practice server in every accent."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from sora_tui.core.job import State
from sora_tui.core.probe_result import DeleteMeans
from sora_tui.core.request import VideoRequest
from sora_tui.core.secret import Secret
from sora_tui.core.server import Server
from sora_tui.engine.capabilities import delete_means, with_known_dialect
from sora_tui.engine.events import JobChanged
from sora_tui.engine.probe_server import probe_server
from sora_tui.workspace.capability_cache import CapabilityCache
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import Command, send_command
from tests.support.engine_watcher import order, running
from tests.support.simulator_process import start_simulator

#: Accent of the practice server, the row it is found by, a model and a size it takes, and what
#: becomes of a record whose video is deleted there as well.
ACCENTS: dict[str, tuple[str, str | None, str | None, DeleteMeans]] = {
    "openai": ("simulator", "sora-2", "1280x720", "deletes"),
    "litellm": ("litellm", "sora-2", "1280x720", "none"),
    "litellm-1.109": ("litellm", "sora-2", "1280x720", "none"),
    "vllm-omni": ("vllm-omni", None, "320x192", "cancels"),
    "sglang": ("sglang", None, "320x192", "forgets"),
    "sglang-cloud": ("sglang", None, "320x192", "forgets"),
    "aquiles": ("aquiles", None, "1280x720", "forgets"),
    "trt-llm": ("trt-llm", None, "320x192", "cancels"),
    "new-api": ("new-api", "sora-2", "1280x720", "none"),
    "azure": ("azure", "sora-2", "1280x720", "deletes"),
}


#: These are asked at every `make test`; the others take as long and show less.
SHORT = {"litellm", "vllm-omni", "new-api"}


@pytest.mark.parametrize(
    "accent",
    [pytest.param(each, marks=[] if each in SHORT else pytest.mark.long) for each in ACCENTS],
)
def test_found_made_and_saved_and_deleted_where_that_can_be(accent: str, tmp_path: Path) -> None:
    name, model, size, means = ACCENTS[accent]
    folder = open_folder(tmp_path / "workspace")
    with start_simulator(None, 50, "--dialect", accent) as simulator:
        server = Server("lab", simulator.base_url, key=Secret(simulator.key), free=True)
        found = probe_server(server)
        assert (found.dialect, found.problem) == (name, None)
        assert found.evidence
        request = VideoRequest("A kite", model=model, seconds="4", size=size)
        with running(folder, server) as (engine, watcher):
            job_id = order(engine, request, server).id
            job = watcher.wait_for_state(State.SAVED, State.REJECTED, State.FAILED)
            assert (job.id, job.state, job.error) == (job_id, State.SAVED, None)
            assert with_known_dialect(server, CapabilityCache(folder)).dialect == name
            assert delete_means(server, CapabilityCache(folder)) == means
            output = job.outputs[0]
            assert output.path.endswith(".mp4")
            send_command(folder, Command(job.id, "delete", "remote"))
            if means == "none":
                event = watcher.wait_for(
                    lambda e: isinstance(e, JobChanged) and e.job.remote_delete_error is not None
                )
                assert isinstance(event, JobChanged)
                assert (event.job.remote_delete_error or "").startswith(("404", "405"))
            else:
                watcher.wait_for_record_in_trash(folder, job.id)
    with closing(History(folder)) as history:
        assert (job_id in [job.id for job in history.newest(5)]) == (means == "none")
