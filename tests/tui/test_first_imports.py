"""What the first frame imports: exactly these modules of ours, and these packages of others.

Imports are the start-up. A new one here costs every start: give its reason in the commit that adds
it, or import it where it is used. One that is gone is taken from the list, so that it stays gone.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from sora_tui.workspace.folder import open_folder
from tests.support.job_states import new_job
from tests.support.pty_session import PtySession
from tests.support.stored_jobs import put

#: By package; the packages themselves count too.
OURS: Final = """
sora_tui                   __main__
sora_tui.cli               arguments commands console exits main parser screen streams
sora_tui.config            api_keys config_files limits notify paths player private_file profiles
sora_tui.config            screen settings trust ui_state
sora_tui.core              address clip_addresses cookie digest document eta job job_filter
sora_tui.core              job_id limits nearest number output_check pane_layout problem
sora_tui.core              remote_video request secret server
sora_tui.core              text
sora_tui.i18n              answers formatting
sora_tui.tui               app context intent run ui
sora_tui.tui.commands      key_names registry table
sora_tui.tui.controllers   jobs
sora_tui.tui.layout        arrangement banner status_bar tab_bar workbench
sora_tui.tui.panes         consent_line job_intents job_rows jobs
sora_tui.tui.panes.editor  early_keys pane
sora_tui.tui.presenters    job_columns job_list_title job_reasons
sora_tui.tui.services      decoder draft_saver screen_memory
sora_tui.tui.state         editor_session job_store job_view listed_jobs reference_store session
sora_tui.tui.state         signal smallest_terminal
sora_tui.tui.terminal      app crash_report diff_output driver guard input_filter keyboard
sora_tui.tui.terminal      keyboard_layouts output output_rate run_app
sora_tui.tui.theme         styles themes
sora_tui.tui.widgets       columns key_bar virtual_list
sora_tui.workspace         atomic external_changes folder history index_sync job_document
sora_tui.workspace         legacy_records safe_open
"""

OTHERS: Final = {"platformdirs", "rich", "textual", "typing_extensions"}

#: Ends the program when the frame with the job is handed to the driver, in the loop's own thread:
#: nothing that comes after the frame can have been imported yet.
_START: Final = """
import os, sys
from textual.drivers.linux_driver import LinuxDriver

record, sys.argv = sys.argv[1], ["sora-tui"]

def write(driver, text, real=LinuxDriver.write):
    if "A kite" in text:
        with open(record, "w") as file:
            file.write(" ".join(sys.modules))
        os._exit(0)
    real(driver, text)

LinuxDriver.write = write
from sora_tui.__main__ import main
main()
"""
#: What the tests themselves bring into a child, and what an editable installation does.
_NOT_COUNTED: Final = {"time_machine", "sitecustomize"}


def test_the_first_frame_imports_these_modules_and_no_others(tmp_path: Path) -> None:
    folder = open_folder(tmp_path / "films")
    put(folder, new_job())
    record = tmp_path / "modules"
    environment = {name: None for name in os.environ if name.startswith("COV")}
    command = [sys.executable, "-P", "-c", _START, str(record)]
    with PtySession(command, cols=120, rows=40, cwd=folder.root, env=environment) as session:
        assert session.wait_exit(60) == 0, session.screen_text()
    modules = set(record.read_text().split())
    lines = [line.split() for line in OURS.strip().splitlines()]
    ours = {
        name for package, *each in lines for name in (package, *(f"{package}.{m}" for m in each))
    }
    found = {name for name in modules if name.partition(".")[0] == "sora_tui"}
    assert (sorted(found - ours), sorted(ours - found)) == ([], []), "new, and gone"
    packages = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
    assert {n for n in packages if not n.startswith("_")} - _NOT_COUNTED - {"sora_tui"} == OTHERS
