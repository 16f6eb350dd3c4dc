"""One owner, whoever dies and however."""

from __future__ import annotations

import os
import signal

from sora_tui.workspace.folder import Folder
from sora_tui.workspace.lock import OwnerLock
from tests.support.child_processes import line, python

_HOLD = """
    import subprocess, sys
    from pathlib import Path
    from sora_tui.workspace.folder import open_folder
    from sora_tui.workspace.lock import OwnerLock

    lock = OwnerLock(open_folder(Path(sys.argv[1])))
    print(lock.try_acquire(), flush=True)
    # A player that outlives us must not keep the lock.
    player = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL, close_fds=False)
    print(player.pid, flush=True)
    sys.stdin.readline()
"""


def test_kill_9_hands_the_lock_on_and_a_child_does_not_keep_it(folder: Folder) -> None:
    mine = OwnerLock(folder)
    with python(_HOLD, folder.root) as process:
        assert line(process) == "True"
        player = int(line(process))
        try:
            assert not mine.try_acquire()
            holder = mine.holder()
            assert holder is not None
            assert (holder.pid, holder.host) == (process.pid, os.uname().nodename)
            process.kill()
            process.wait()
            assert mine.holder() is None
            assert mine.try_acquire()
        finally:
            os.kill(player, signal.SIGKILL)
    assert mine.held
    mine.release()
    assert not mine.held
    assert folder.lock_file.exists()


def test_a_lock_whose_file_was_removed_is_not_held(folder: Folder) -> None:
    mine, other = OwnerLock(folder), OwnerLock(folder)
    assert mine.try_acquire()
    assert not other.try_acquire()
    folder.lock_file.unlink()
    assert other.try_acquire()
    assert not mine.held
    assert not mine.try_acquire()
