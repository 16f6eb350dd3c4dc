"""What is wired by name: handlers, actions, selectors and modules that stand in strings.

A name that is changed on one side only is no error to Python, nor to mypy: a key does nothing, a
style is not applied, a command fails at its first use. Sources are read as syntax trees. How
Textual names handlers is asked of its own classes, so that no rule of it is written down here.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import textual.containers
import textual.widgets
from textual.actions import parse as parse_action
from textual.binding import Binding
from textual.dom import DOMNode
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import Screen

import sora_tui.tui
from sora_tui.tui.commands.registry import CONTROLLERS
from sora_tui.tui.commands.table import COMMANDS
from sora_tui.tui.intent import Intent

ROOT: Final = Path(__file__).resolve().parent.parent
HOUSE: Final = ROOT / "sora_tui"
SCREEN: Final = HOUSE / "tui"


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def sources(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


@cache
def classes() -> tuple[type[Any], ...]:
    """Return every class of the screen; a nested one comes after the one that it stands in."""
    found: list[type[Any]] = []

    def take(owner: object, module: str) -> None:
        for thing in vars(owner).values():
            own = isinstance(thing, type) and thing.__module__ == module
            if own and thing not in found:
                found.append(thing)
                take(thing, module)

    for each in pkgutil.walk_packages(sora_tui.tui.__path__, "sora_tui.tui."):
        take(importlib.import_module(each.name), each.name)
    return tuple(found)


def subclasses(base: type[Any]) -> Iterator[type[Any]]:
    for each in base.__subclasses__():
        yield each
        yield from subclasses(each)


def calls(path: Path, *names: str) -> Iterator[ast.Call]:
    """Every call of a function or method with one of these names."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in names:
                yield node


def text_of(node: ast.expr | None) -> str | None:
    """Return a text in the source, with `{}` for what an f-string puts in; None for no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) or "{}" for part in node.values)
    return None


def place(path: Path, node: ast.expr | ast.stmt) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno}"


# Handlers ---------------------------------------------------------------------------------------


@cache
def handler_names() -> Mapping[str, frozenset[str]]:
    """Return the names of the messages by the name that Textual gives to their handlers."""
    classes()
    names: dict[str, set[str]] = defaultdict(set)
    for message in subclasses(Message):
        names[message.handler_name].add(message.__name__)
    return {handler: frozenset(messages) for handler, messages in names.items()}


def test_every_handler_has_its_message() -> None:
    """A method `on_...` of a Textual class is called for the message of that name, or never."""
    own = [cls for cls in classes() if issubclass(cls, MessagePump)]
    handlers = [
        (cls, name, method)
        for cls in own
        for name, method in vars(cls).items()
        if name.startswith("on_") and inspect.isfunction(method)
    ]
    assert len(handlers) > 30
    dead = [
        f"{cls.__module__}.{cls.__qualname__}.{name}"
        for cls, name, method in handlers
        if not _overrides_textual(cls, name)
        and not _takes(method, handler_names().get(name, frozenset()))
    ]
    assert dead == []


def _overrides_textual(cls: type[Any], name: str) -> bool:
    return any(name in vars(base) for base in cls.__mro__ if base.__module__.startswith("textual"))


def _takes(method: Any, messages: frozenset[str]) -> bool:
    """Whether one of these is the message that a handler says it takes, if it says that."""
    hints = [hint for name, hint in method.__annotations__.items() if name != "return"]
    if not hints:
        return bool(messages)
    return getattr(hints[0], "__name__", str(hints[0])).rpartition(".")[2] in messages


def test_every_message_of_the_screen_has_a_handler() -> None:
    """By the name of a method, by `@on`, or as one of a kind that is handled."""
    named = {name for cls in classes() for name in vars(cls) if name.startswith("on_")}
    decorated = {
        message
        for cls in classes()
        for method in vars(cls).values()
        for message, _selectors in getattr(method, "_textual_on", ())
    }
    own = [cls for cls in classes() if issubclass(cls, Message)]
    assert len(own) > 20
    unheard = [
        message.__qualname__
        for message in own
        if not any(
            kind in decorated or getattr(kind, "handler_name", "") in named
            for kind in message.__mro__
        )
        and not list(subclasses(message))
    ]
    assert unheard == []


# Actions ----------------------------------------------------------------------------------------


def bound() -> Iterator[tuple[type[Any], str]]:
    """Every action that a key of a class runs."""
    for cls in classes():
        bindings: list[Any] = vars(cls).get("BINDINGS", []) if issubclass(cls, DOMNode) else []
        for binding in bindings:
            yield cls, binding.action if isinstance(binding, Binding) else binding[1]


def missing_action(cls: type[Any], action: str) -> str | None:
    """Return what is wrong with an action that is run on a widget of this class."""
    from sora_tui.tui.app import SoraApp

    namespace, name, values = parse_action(action)
    # A class that others of ours complete is never on the screen itself.
    whole = [each for each in subclasses(cls) if each.__module__.startswith("sora_tui.")]
    whole = [each for each in whole if not set(whole).intersection(subclasses(each))] or [cls]
    owners: dict[str, list[type[Any]]] = {"": whole, "app": [SoraApp], "screen": [Screen]}
    if namespace not in owners:
        return f"{cls.__qualname__}: {action!r} is run nowhere"
    for owner in owners[namespace]:
        method = getattr(owner, f"action_{name}", getattr(owner, f"_action_{name}", None))
        if method is None:
            return f"{owner.__qualname__}: {action!r} has no method"
        try:
            inspect.signature(method).bind(None, *values)
        except TypeError as error:
            return f"{owner.__qualname__}: {action!r}: {error}"
    return None


def test_every_key_has_its_action() -> None:
    actions = list(bound())
    assert len(actions) > 80
    assert [why for cls, action in actions if (why := missing_action(cls, action))] == []


def test_no_table_of_keys_lies_beside_the_classes() -> None:
    """What `Binding` names in the source is bound to a class, where it is checked."""
    actions = {action for _cls, action in bound()}
    loose = []
    for path in sources(SCREEN):
        for call in calls(path, "Binding"):
            texts = [text_of(each) for each in call.args]
            if len(texts) < 2 or None in texts[:2]:
                continue  # made of the table of commands
            if texts[1] not in actions:
                loose.append(f"{place(path, call)} {texts[1]}")
    assert loose == []


def test_every_command_and_every_intent_has_its_controller() -> None:
    """They name it, and a method of it, in strings."""
    classes()
    named = [
        (key.id, key.owner, name, key.arguments)
        for key in COMMANDS
        if key.owner
        for name in filter(None, (key.method, key.enabled))
    ]
    named += [
        (intent.__name__, intent.owner, intent.method, (None,))
        for intent in subclasses(Intent)
        if not list(subclasses(intent))
    ]
    assert len(named) > 10
    wrong = []
    for who, owner, method, arguments in named:
        module, class_name = CONTROLLERS[owner]
        found = importlib.import_module(f"sora_tui.tui.controllers.{module}")
        function = getattr(getattr(found, class_name), method, None)
        try:
            assert function is not None, "no method"
            inspect.signature(function).bind(None, *arguments)
        except (AssertionError, TypeError) as error:
            wrong.append(f"{who}: {owner}.{method}: {error}")
    assert wrong == []


def test_every_action_in_a_text_has_its_method() -> None:
    """`run_action("...")`, `action="..."` and `[@click=...]`."""
    from sora_tui.tui.app import SoraApp

    wrong = []
    for path in sources(SCREEN):
        actions = [text_of(call.args[0]) for call in calls(path, "run_action") if call.args]
        for node in ast.walk(tree(path)):
            text = text_of(node) if isinstance(node, ast.expr) else None
            actions += re.findall(r"@click=([\w.]+(?:\([^)]*\))?)", text or "")
        wrong += [why for action in actions if action and (why := missing_action(SoraApp, action))]
    assert wrong == []


def test_every_action_that_is_asked_about_is_one() -> None:
    """`check_action` compares names of actions; one that is never asked about is always allowed."""
    wrong = []
    names = {parse_action(action)[1] for _cls, action in bound()}
    found = 0
    for path in sources(SCREEN):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef) and node.name == "check_action":
                for compared in _compared_with(node, "action"):
                    found += 1
                    if compared.value not in names:
                        wrong.append(f"{place(path, compared)} {compared.value!r}")
    assert found
    assert wrong == []


def _compared_with(function: ast.FunctionDef, name: str) -> Iterator[ast.Constant]:
    """Texts that a variable is compared with, by `==`, `in` or `match`."""
    for node in ast.walk(function):
        sides: list[ast.AST] = []
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.Match):
            sides = [node.subject, *(case.pattern for case in node.cases)]
        if any(isinstance(side, ast.Name) and side.id == name for side in sides):
            for side in sides:
                for part in ast.walk(side):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield part


# Selectors --------------------------------------------------------------------------------------

_SIMPLE: Final = re.compile(r"(?<![\w:-])(?P<type>[A-Z_]\w*)|#(?P<id>[\w{}-]+)|\.(?P<cls>[\w-]+)")
_QUERIES: Final = ("query_one", "query", "filter", "exclude", "query_exactly_one")


def selectors() -> Iterator[tuple[str, str]]:  # noqa: C901 -- one block a way to write a selector
    """Every selector of a style, a query or an `@on`, with its place."""
    for path in sources(SCREEN):
        for node in ast.walk(tree(path)):
            targets = node.targets if isinstance(node, ast.Assign) else []
            if isinstance(node, ast.AnnAssign):
                targets = [node.target]
            if any(getattr(target, "id", "") in {"CSS", "DEFAULT_CSS"} for target in targets):
                assert isinstance(node, ast.Assign | ast.AnnAssign)
                css = re.sub(r"/\*.*?\*/", "", text_of(node.value) or "", flags=re.DOTALL)
                for selector in re.findall(r"([^{}]+)\{", css):
                    yield selector.strip(), place(path, node)
        for call in calls(path, *_QUERIES):
            if call.args and (asked := text_of(call.args[0])) is not None:
                yield asked, place(path, call)
        for call in calls(path, "has_class", "remove_class"):
            for given in call.args:
                yield f".{text_of(given)}" if text_of(given) else "", place(path, call)
        for call in calls(path, "on"):
            for given in call.args[1:]:
                yield text_of(given) or "", place(path, call)
    assert not list(SCREEN.rglob("*.tcss")), "style sheets of their own are not read here"


def ids() -> set[str]:
    """Every id that a widget is given: as it stands there, or by a function that takes it."""
    found = set()
    for path in sources(SCREEN):
        nodes = list(ast.walk(tree(path)))
        given = _ids_given(tree(path))
        found |= {text for each in given if (text := text_of(each)) is not None}
        makers = [
            node.name
            for node in nodes
            if isinstance(node, ast.FunctionDef)
            and any(isinstance(each, ast.Name) for each in _ids_given(node))
        ]
        found |= {text_of(call.args[0]) or "" for call in calls(path, *makers) if call.args}
        # f"fit-{part}": any text of the file may be put in.
        texts = {
            text for node in nodes if isinstance(node, ast.Constant) and (text := text_of(node))
        }
        parts = [text_of(each) or "" for each in given if isinstance(each, ast.JoinedStr)]
        found |= {part.replace("{}", text) for part in parts for text in texts}
    return found


def _ids_given(node: ast.AST) -> list[ast.expr]:
    made = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
    return [word.value for call in made for word in call.keywords if word.arg == "id"]


def style_classes() -> set[str]:
    """Every style class that a widget is given, by us or by Textual."""
    given = {
        word
        for path in sources(SCREEN)
        for call in calls(path, "add_class", "set_class", "toggle_class")
        for each in call.args
        for word in (text_of(each) or "").split()
    }
    for path in sources(SCREEN):
        for node in ast.walk(tree(path)):
            for word in node.keywords if isinstance(node, ast.Call) else ():
                if word.arg == "classes":
                    given.update((text_of(word.value) or "").split())
    components = {word for cls in subclasses(DOMNode) for word in cls.COMPONENT_CLASSES}
    return given | components


def test_every_selector_has_what_it_selects() -> None:
    classes()
    types = {cls.__name__ for cls in subclasses(DOMNode)}
    types |= {*dir(textual.widgets), *dir(textual.containers)}
    known = {"type": types, "id": ids(), "cls": style_classes()}
    found = list(selectors())
    assert len(found) > 80
    lost = [
        f"{where} {part[0]!r} in {selector!r}"
        for selector, where in found
        for part in _SIMPLE.finditer(re.sub(r":[\w-]+", "", selector))
        if part[0] != "#{}"  # an id that is given as a value
        and not any(value in known[kind] for kind, value in part.groupdict().items() if value)
    ]
    assert lost == []


# Modules in strings -----------------------------------------------------------------------------

#: A module of ours, perhaps with names in it, in any text; `a.b:c` is an entry point.
_MODULE: Final = re.compile(r"(?<![\w/.-])sora_tui(?:\.\w+)+(?::\w+)?")
#: A file of the project.
_FILE: Final = re.compile(r"(?<![\w/.-])(?:sora_tui|tests|bench|tools|docs)/[\w/.-]*\w")
#: A file that a sentence in the source names.
_SIBLING: Final = re.compile(r"`(\w+(?:/\w+)*\.py)`")
#: `python -m ...`, in a shell, a document or a list of words.
_RUN: Final = re.compile(r"(?<!pip )-m\"?,? \"?((?:sora_tui|tests|bench)[\w.]*)")
#: Names that look like modules: keys of a request's own state in the practice server, a catalogue.
_NO_MODULES: Final = frozenset({"sora_tui.pretended", "sora_tui.transport", "sora_tui.po"})
#: Of the program that came before, and of no file here.
_NO_FILES: Final = frozenset({"generate.py"})


@cache
def texts() -> tuple[tuple[Path, str], ...]:
    """Return everything that may name a module or a file, by its own path."""
    code = sources(HOUSE, ROOT / "tests", ROOT / "bench", ROOT / "tools")
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tools/*.sh")]
    others = [ROOT / "Makefile", ROOT / "pyproject.toml", *documents]
    paths = [path for path in (*code, *others) if path.name != "CHANGELOG.md"]  # says what was
    return tuple((path, path.read_text(encoding="utf-8")) for path in paths)


def named(pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    """Return what a pattern finds in all texts, each with its place."""
    return [
        (
            f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, found.start()) + 1}",
            found[found.re.groups],
        )
        for path, text in texts()
        for found in pattern.finditer(text)
    ]


def module_file(dotted: str) -> Path | None:
    """Return where a module or package is, None where there is none."""
    path = ROOT.joinpath(*dotted.split("."))
    found = (path.with_suffix(".py"), path / "__init__.py")
    return next((each for each in found if each.is_file()), None)


def missing_name(dotted: str) -> str | None:
    """Return what of `package.module.name` or `package.module:name` is not there."""
    words = dotted.replace(":", ".").split(".")
    for end in range(len(words), 0, -1):
        if (path := module_file(".".join(words[:end]))) is not None:
            rest = words[end:]
            return None if not rest or rest[0] in names_in(path) else dotted
    return dotted


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return the names that a module has: what it defines, assigns and imports."""
    found = {"__path__", "__file__", "__name__"}
    for node in ast.walk(tree(path)):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found.add(node.name)
            case ast.alias():
                found.add((node.asname or node.name).partition(".")[0])
            case ast.Name(ctx=ast.Store()):
                found.add(node.id)
    return frozenset(found)


def test_every_module_in_a_text_is_there() -> None:
    """Entry points, contracts of import-linter, `-m`, names that tests replace, documents."""
    found = [(where, name) for where, name in named(_MODULE) if name not in _NO_MODULES]
    assert len(found) > 1000
    missing = {name for name in {name for _where, name in found} if missing_name(name)}
    assert [f"{where} {name}" for where, name in found if name in missing] == []


def test_every_module_that_is_run_can_be() -> None:
    """A package is run by its `__main__`."""
    run = named(_RUN)
    assert len(run) > 10
    lost = [
        f"{where} -m {name}"
        for where, name in run
        if (path := module_file(name)) is None
        or (path.name == "__init__.py" and module_file(f"{name}.__main__") is None)
    ]
    assert lost == []


def test_every_file_in_a_text_is_there() -> None:
    lost = [f"{where} {name}" for where, name in named(_FILE) if not (ROOT / name).exists()]
    assert lost == []


def test_every_file_that_a_sentence_names_is_there() -> None:
    files = [f"/{path.relative_to(ROOT).as_posix()}" for path, _text in texts()]
    lost = [
        f"{where} {name}"
        for where, name in named(_SIBLING)
        if name not in _NO_FILES and not any(file.endswith(f"/{name}") for file in files)
    ]
    assert lost == []


def test_files_that_the_package_brings_along_are_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["sora_tui"]
    assert [each for each in patterns if not list(HOUSE.glob(each))] == []
