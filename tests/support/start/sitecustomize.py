"""Move this process's clock, before anything else is imported, as the run of the tests asks.

Python imports a module of this name at every start (docs.python.org, "site"). Only the tests
have this folder on `PYTHONPATH`, so the program itself reads nothing that moves its clock.
Monotonic clocks and the times of files stay as they are.
"""

import os
import sys
import time
import types

#: The variable that says by how many nanoseconds the clock goes ahead of the real one.
SHIFT = "TESTS_CLOCK_SHIFT"


def move(shift: int) -> None:
    """Move the clock of this process by so many nanoseconds, for good; it goes on ticking."""
    # time_machine's plugin and decorators need these two; a program that starts does not, and
    # they would cost it a tenth of a second.
    unittest = types.ModuleType("unittest")
    unittest.TestCase = object  # type: ignore[attr-defined]
    heavy: dict[str, types.ModuleType | None] = {"pytest": None, "unittest": unittest}
    absent = {name: module for name, module in heavy.items() if name not in sys.modules}
    sys.modules.update(absent)  # type: ignore[arg-type]  # None: an import of it fails
    try:
        import time_machine
    finally:
        for name in absent:
            del sys.modules[name]
    travel = time_machine.travel((time.time_ns() + shift) / 1e9, tick=True).start()
    # The journey begins with the first question, and a float has room for microseconds only: set
    # it right, so that all processes of a run have one clock.
    before = time_machine.escape_hatch.time.time_ns()
    seen = time.time_ns()
    after = time_machine.escape_hatch.time.time_ns()
    travel.shift((shift - (seen - (before + after) // 2)) / 1e9)


if __name__ == "sitecustomize" and os.environ.get(SHIFT):
    move(int(os.environ[SHIFT]))
