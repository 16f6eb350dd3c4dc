"""The walls of the house: who may import what, and what a command does not have to load."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ROOT / "sora_tui"

#: A package from outside, and the only places that may import it.
ONLY_IN = {
    "httpx": ("client/httpx_compat.py",),
    "httpcore": ("client/early_response.py",),
    "certifi": ("client/certificates.py",),
    "PIL": ("media/",),
    "av": ("media/",),
    "sqlite3": ("workspace/",),
    "textual": ("tui/",),
    # On the command line: one table, and the bars of a terminal.
    "rich": ("cli/table.py", "cli/progress_bars.py", "tui/"),
    "starlette": ("simulator/",),
    "uvicorn": ("simulator/",),
    "pytest": ("simulator/testing.py",),
    "argparse": ("cli/", "__main__.py", "simulator/"),
    "tomli_w": ("core/front_matter.py", "workspace/", "config/"),
    "tomlkit": ("core/front_matter.py",),
    "dotenv": ("config/",),
}


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def named_imports(path: Path) -> Iterator[str]:
    """Every module or name that a file of the tests imports, relative ones with their package."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*above, *filter(None, [node.module])))
            yield from (f"{module}.{alias.name}" for alias in node.names)


#: The screen, the uppermost first: a part imports what stands below it. Controllers build dialogs;
#: `context`, `intent` and `engine_api` are what all of them share.
SCREEN = (
    ("run",),
    ("app",),
    ("ui", "controllers"),
    ("dialogs",),
    ("layout",),
    ("panes",),
    ("widgets",),
    ("presenters", "services"),
    ("commands",),
    ("context", "state", "intent", "engine_api"),
    ("terminal", "theme"),
)


def test_the_parts_of_the_screen_import_only_what_stands_below() -> None:
    """Inside functions too; imports for the type checker alone do not count."""
    floor = {part: number for number, parts in enumerate(SCREEN) for part in parts}
    below = "sora_tui.tui."
    graph = grimp.build_graph("sora_tui", exclude_type_checking_imports=True, cache_dir=None)
    wrong = [
        f"{above} imports {imported}"
        for above in sorted(graph.modules)
        if above.startswith(below)
        for imported in sorted(graph.find_modules_directly_imported_by(above))
        if imported.startswith(below) and floor[imported.split(".")[2]] < floor[above.split(".")[2]]
    ]
    assert not wrong


def test_private_parts_of_textual_are_touched_in_one_folder() -> None:
    wrong = [
        f"{path.relative_to(HOUSE)}: {module}"
        for path in HOUSE.rglob("*.py")
        if not path.is_relative_to(HOUSE / "tui" / "terminal")
        for module in imports(path)
        if module.startswith("textual._")
    ]
    assert not wrong


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Not even inside functions, nor for the type checker alone."""
    graph = grimp.build_graph("sora_tui", cache_dir=None)
    order = TopologicalSorter(
        {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    )
    order.prepare()  # raises CycleError, which names the circle


#: What decides about an order before it is sent, and who may ask: the one home of orders, and the
#: engine at the last moment before the request leaves.
RULES_OF_ORDERS = {
    "ask_for": {"engine/orders.py"},
    "over_budget": {"engine/orders.py", "engine/budget_guard.py"},
    "refusal_before": {"engine/orders.py", "engine/submit.py"},
}


def test_orders_have_one_home() -> None:
    found: dict[str, set[str]] = {name: set() for name in RULES_OF_ORDERS}
    for path in HOUSE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                for name in {alias.name for alias in node.names} & RULES_OF_ORDERS.keys():
                    found[name].add(path.relative_to(HOUSE).as_posix())
    assert found == RULES_OF_ORDERS


def test_each_tool_has_its_room() -> None:
    intruders = [
        f"{name} imports {module}"
        for path in sorted(HOUSE.rglob("*.py"))
        if (name := path.relative_to(HOUSE).as_posix())
        for module in imports(path)
        if (rooms := ONLY_IN.get(module.partition(".")[0])) and not name.startswith(rooms)
    ]
    assert not intruders


def test_no_test_module_is_imported() -> None:
    """What tests share is in tests/support, or in a module of the room that is no test module.

    A change to one test would change others, and fixtures would come with an import.
    """
    imported = [
        f"{path.relative_to(ROOT)} imports {module}"
        for folder in (ROOT / "tests", ROOT / "tools", ROOT / "bench", HOUSE)
        for path in sorted(folder.rglob("*.py"))
        for module in named_imports(path)
        for part in module.split(".")
        if module.startswith("tests.") and (part.startswith("test_") or part == "conftest")
    ]
    assert not imported


#: Public, although they begin as private names do.
PUBLIC = {"_", "_replace", "_asdict", "_fields", "_make", "_exit"}
#: What a test of the screen takes of Textual all the same, and why there is no other way.
PRIVATE_IN_TESTS = {
    ("test_sparing.py", "textual._compositor"): "the updates that our output takes apart",
    ("test_replies.py", "textual._ansi_sequences"): "every sequence that must still be a key",
    ("test_terminal.py", "_close_all"): "an app whose end takes a while",
}


def private_uses(tree: ast.AST) -> Iterator[str]:
    """What a test takes that is private to others, and `run_test`.

    Tests of the private parts that we take of Textual are what they are: their names say so.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_textual_still_has"):
            continue
        names: list[str] = []
        if isinstance(node, ast.Attribute):
            own = isinstance(node.value, ast.Name) and node.value.id == "self"
            names = [] if own else [node.attr]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(alias.name for alias in node.names)]
        for name in names:
            parts = [part for part in name.split(".") if not part.endswith("__")]
            if name == "run_test" or any(part.startswith("_") for part in parts):
                yield name
        yield from private_uses(node)


def test_tests_of_the_screen_go_through_the_driver() -> None:
    """They press keys and read the screen, by `tests/support/tui`; nothing private, no `run_test`.

    What is private may change with every commit, and no person sees it.
    """
    found = {
        (path.relative_to(ROOT / "tests/tui").as_posix(), name)
        for path in sorted((ROOT / "tests/tui").rglob("*.py"))
        for name in private_uses(ast.parse(path.read_text(encoding="utf-8"), str(path)))
        if name not in PUBLIC
    }
    assert found == PRIVATE_IN_TESTS.keys()


def test_the_arrows_point_down() -> None:
    """The contracts of pyproject.toml, as import-linter reads them."""
    lint = Path(sys.executable).with_name("lint-imports")
    told = subprocess.run(
        [lint, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("sora_tui.core.job", {"asyncio", "socket", "subprocess", "textual", "httpx"}),
        (
            "sora_tui.cli.main",
            {"textual", "httpx", "PIL", "av", "sqlite3", "asyncio", "rich", "tomlkit"},
        ),
        ("sora_tui.core.prompt", {"tomlkit", "tomli_w"}),
        ("sora_tui.media.image", {"PIL", "av"}),
        ("sora_tui.engine.engine", {"textual", "PIL", "av"}),
    ],
)
def test_what_an_import_does_not_load(module: str, unwanted: set[str]) -> None:
    """Imports are the start-up: a command that shows help must not pay for the screen."""
    script = f"import sys, {module}; print(*{unwanted!r} & sys.modules.keys())"
    # Measuring coverage in the child would load sqlite3 by itself.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, env=env
    )
    assert (told.returncode, told.stdout.split()) == (0, []), told.stderr
