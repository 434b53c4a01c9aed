"""
What people forget, read from the source: purity, wire codes, versions, sentences, foreign addresses.

Each check is a function from a text to its findings ("line N: what"), so that its canary is one line.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

import backhand
from backhand.events import RejectReason

ROOT: Final = Path(__file__).parents[1]
SOURCE: Final = ROOT / "src" / "backhand"

#: What the pure parts may import: values and arithmetic. Nothing here can reach a file, a socket, a clock,
#: the environment or chance (`datetime`, `uuid`, `secrets` and `os` could).
PURE_IMPORTS: Final = (
    *("__future__", "abc", "collections", "dataclasses", "enum", "functools", "itertools", "types", "typing"),
    *("bisect", "decimal", "heapq", "math", "operator", "re", "string", "struct", "urllib.parse"),
    *("base64", "binascii", "hashlib", "hmac", "msgspec", "mypy_extensions", "typing_extensions"),
    *("backhand.units", "backhand.commands", "backhand.events"),
    *("backhand.engine", "backhand.projections", "backhand.wire"),
)
#: Built-ins that do I/O, run text, or answer differently in another process (`hash`, `id`).
IMPURE_NAMES: Final = frozenset(
    ["__import__", "breakpoint", "compile", "eval", "exec", "hash", "id", "input", "open", "print"]
)
PURE_PARTS: Final = ("units.py", "commands.py", "events.py", "engine", "wire", "projections")

#: The longest module may only get shorter: lower this number with it.
MODULE_LINES_MAX: Final = 400
#: Closed sets of declarations, without a line of logic: one page each, however long.
CATALOGUES: Final = ("commands.py", "events.py")

# Written in pieces, or this file would be its own finding.
MACHINE_PATHS: Final = re.compile(r"(?<![\w.:/-])/" + r"(?:root|home|Users|work)/\w")
REGISTRIES: Final = re.compile(
    r"py" + r"pi\.org|python" + r"hosted|registry\." + r"npmjs|registry\." + r"yarnpkg|deb\." + r"debian"
    r"|--(?:extra-)?index" + r"-url|--find" + r"-links"
)

#: Folders that tools make.
MADE: Final = ("__pycache__", "build", "dist", ".egg-info", "node_modules")

Check = Callable[[str], list[str]]


def impurities(text: str) -> list[str]:
    """Find imports and built-ins through which the outside could come in."""
    nodes = list(ast.walk(ast.parse(text)))
    names = [(node, name) for node in nodes for name in imported(node) if not is_pure(name)]
    calls = [node for node in nodes if isinstance(node, ast.Name) and node.id in IMPURE_NAMES]
    return [
        *(f"line {line(node)}: imports {name}" for node, name in names),
        *(f"line {line(node)}: {node.id}" for node in calls),
    ]


def is_pure(module: str) -> bool:
    """Tell whether this module, or the package it is in, is on the list."""
    return any(module == pure or module.startswith(pure + ".") for pure in PURE_IMPORTS)


def imported(node: ast.AST) -> Iterator[str]:
    """Name what an import statement imports; a relative import is no name at all."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = node.module or "."
        if module in {"backhand", "urllib"}:
            yield from (f"{module}.{alias.name}" for alias in node.names)
        else:
            yield "." * node.level + module


def floats(text: str) -> list[str]:
    """Find float literals, true divisions and the name `float`."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found.append(f"line {line(node)}: the literal {node.value}")
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            found.append(f"line {line(node)}: true division")
        if isinstance(node, ast.Name) and node.id == "float":
            found.append(f"line {line(node)}: float")
    return found


def sets(text: str) -> list[str]:
    """Find sets: what iterates over one follows its hashes, which no journal holds."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Set | ast.SetComp):
            found.append(f"line {line(node)}: a set")
        if isinstance(node, ast.Name) and node.id in {"set", "frozenset"}:
            found.append(f"line {line(node)}: {node.id}")
    return found


def asserts(text: str) -> list[str]:
    """Find `assert`, which disappears under -O; the engine says `invariant`."""
    return [
        f"line {line(node)}: assert" for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Assert)
    ]


def speechless_tests(text: str) -> list[str]:
    """Find tests that do not say in a docstring what must hold."""
    return [
        f"line {line(node)}: {node.name}"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.name.startswith("test_") and not ast.get_docstring(node)
    ]


def foreign_addresses(text: str) -> list[str]:
    """Find paths of somebody's machine and addresses of package registries."""
    lines = text.splitlines()
    patterns = (MACHINE_PATHS, REGISTRIES)
    return [
        f"line {number}: {match.group()}"
        for number, content in enumerate(lines, start=1)
        for pattern in patterns
        for match in pattern.finditer(content)
    ]


def line(node: ast.AST) -> int:
    """Give the line that a node starts on."""
    number: int = getattr(node, "lineno", 0)
    return number


def modules(*parts: str) -> list[Path]:
    """List the modules of these parts of the package, in a fixed order."""
    paths = (SOURCE / part for part in parts)
    return sorted(file for path in paths for file in ([path] if path.is_file() else path.rglob("*.py")))


def findings(check: Check, files: list[Path]) -> list[str]:
    """Apply a check to files, each finding with its file."""
    return [
        f"{file.relative_to(ROOT)}, {finding}"
        for file in files
        for finding in check(file.read_text(encoding="utf-8"))
    ]


def tree(folder: Path = ROOT) -> Iterator[Path]:
    """List the project's files in a fixed order: all but folders that tools make or that start with a dot."""
    for path in sorted(folder.iterdir()):
        if path.name == ".git":
            continue  # In a linked worktree it is a file, with a path of this machine.
        if path.is_file():
            yield path
        elif path.name == ".ci" or not (path.name.startswith(".") or path.name.endswith(MADE)):
            yield from tree(path)


def test_pure_parts_import_nothing_that_can_see_the_outside() -> None:
    """The parts that must replay to the byte have no I/O, clock, chance or environment."""
    assert findings(impurities, modules(*PURE_PARTS)) == []


@pytest.mark.parametrize("check", [floats, sets, asserts])
def test_engine_keeps_to_exact_and_ordered_arithmetic(check: Check) -> None:
    """The engine has no floats, no sets and no assert."""
    assert findings(check, modules("engine", "units.py")) == []


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (impurities, "import time"),
        (impurities, "import os.path"),
        (impurities, "from random import Random"),
        (impurities, "from datetime import datetime"),
        (impurities, "import urllib.request"),
        (impurities, "from urllib import request"),
        (impurities, "from backhand import clock"),
        (impurities, "from backhand.journal import sqlite"),
        (impurities, "from . import clock"),
        (impurities, "def f():\n    import socket"),
        (impurities, "print(1)"),
        (impurities, "open('x')"),
        (impurities, "hash('x')"),
        (floats, "x = 1.5"),
        (floats, "x = 1e8"),
        (floats, "x = 1 / 2"),
        (floats, "x = 1\nx /= 2"),
        (floats, "x = float(1)"),
        (sets, "x = {1, 2}"),
        (sets, "x = {y for y in ()}"),
        (sets, "x = set()"),
        (sets, "x: frozenset[int]"),
        (asserts, "assert 1"),
        (speechless_tests, "def test_x() -> None:\n    assert x"),
        (foreign_addresses, "see /" + "home/alice/x"),
        (foreign_addresses, "open('/" + "work/x')"),
        (foreign_addresses, "https://py" + "pi.org/simple"),
        (foreign_addresses, "--index" + "-url x"),
    ],
)
def test_canary_is_caught(check: Check, text: str) -> None:
    """Each check finds what it is for, so an empty answer means something."""
    assert len(check(text)) == 1


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (impurities, "from backhand.engine.book import Book\nfrom urllib.parse import quote\nimport msgspec"),
        (floats, "x = 7 // 2\nx //= 3"),
        (sets, "x = {1: 2}"),
        (foreign_addresses, "GET /api/v2/work/x; ../home/x; https://example.org/work/x"),
    ],
)
def test_what_is_allowed_is_not_found(check: Check, text: str) -> None:
    """The checks leave alone what only looks similar."""
    assert check(text) == []


def test_the_checks_see_the_code() -> None:
    """The file lists that the checks work on are not empty."""
    assert SOURCE / "units.py" in modules(*PURE_PARTS)
    assert SOURCE / "engine" / "__init__.py" in modules("engine")
    assert {ROOT / "Makefile", ROOT / ".ci" / "run"} <= set(tree())


def test_every_test_says_what_must_hold() -> None:
    """A test that fails can be understood from its own sentence."""
    assert findings(speechless_tests, sorted((ROOT / "tests").rglob("*.py"))) == []


def test_no_file_names_a_machine_or_a_registry() -> None:
    """What is committed works on any machine, with any source of packages."""
    texts = [file for file in tree() if b"\0" not in file.read_bytes()]
    assert findings(foreign_addresses, texts) == []


def test_version_is_the_newest_of_the_changelog() -> None:
    """The changelog starts with the version that the package says it is."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", changelog, flags=re.MULTILINE)
    assert versions[0] == backhand.__version__


def test_no_module_outgrows_the_longest_so_far() -> None:
    """Modules only get shorter than the recorded longest one."""
    lengths = {
        str(file.relative_to(ROOT)): len(file.read_bytes().splitlines())
        for file in modules(".")
        if file.name not in CATALOGUES
    }
    assert {name: length for name, length in lengths.items() if length > MODULE_LINES_MAX} == {}


def test_every_reason_has_a_wire_code() -> None:
    """No refusal of the engine is without its code, status and text on the wire."""
    from backhand.wire.codes import REASON_CODES  # noqa: PLC0415 (a missing table fails this test alone)

    assert set(RejectReason) == set(REASON_CODES)
