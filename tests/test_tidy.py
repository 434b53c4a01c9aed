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
    *("backhand.engine", "backhand.projections", "backhand.wire", "backhand.streams"),
)
#: Built-ins that do I/O, run text, or answer differently in another process (`hash`, `id`).
IMPURE_NAMES: Final = frozenset(
    ["__import__", "breakpoint", "compile", "eval", "exec", "hash", "id", "input", "open", "print"]
)
#: Types whose values are rounded where nobody says how.
INEXACT_NAMES: Final = frozenset(["float", "complex", "Decimal", "Fraction"])
#: What of `math` gives integers for integers, and methods that do not.
EXACT_MATH: Final = frozenset(["gcd", "lcm", "isqrt"])
INEXACT_METHODS: Final = frozenset(["as_integer_ratio", "fromhex", "truediv", "__truediv__"])
#: Exponents that the lines before them keep from being negative.
GUARDED_EXPONENTS: Final = frozenset(["places - shown", "shown - places"])
#: Methods that would give objects an order or a hash of their own.
ORDER_METHODS: Final = frozenset(["__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__hash__"])
#: What makes a set of two views of dictionaries.
SET_OPERATORS: Final = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.Sub)
#: Attributes that hold frozen structs, and dictionaries whose keys are names.
PRINTABLE_STRUCTS: Final = frozenset(["contract", "take_profit", "stop_loss"])
NAMED: Final = (".markets", ".coins", ".accounts", ".ledgers", ".holdings", ".client_oids", ".hedge_modes")
PURE_PARTS: Final = ("units.py", "commands.py", "events.py", "engine", "wire", "projections", "streams")

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
    used = [node for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    calls = [node for node in used if node.id in IMPURE_NAMES]
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
    """Find float literals, names of inexact types, and what makes a float of integers."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found.append(f"line {line(node)}: the literal {node.value}")
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            found.append(f"line {line(node)}: true division")
        if (
            isinstance(node, ast.BinOp | ast.AugAssign)
            and isinstance(node.op, ast.Pow)
            and not is_count(node)
        ):
            found.append(f"line {line(node)}: a power that may be negative")
        if isinstance(node, ast.Name) and node.id in INEXACT_NAMES:
            found.append(f"line {line(node)}: {node.id}")
        if isinstance(node, ast.Constant) and node.value in INEXACT_NAMES:
            found.append(f"line {line(node)}: {node.value}")
        if isinstance(node, ast.ImportFrom) and node.module == "math":
            names = [alias.name for alias in node.names if alias.name not in EXACT_MATH]
            found += [f"line {line(node)}: math.{name}" for name in names]
        if isinstance(node, ast.Import) and any(alias.name == "math" for alias in node.names):
            found.append(f"line {line(node)}: math as a whole")
        if isinstance(node, ast.Attribute) and node.attr in INEXACT_METHODS:
            found.append(f"line {line(node)}: {node.attr}")
    return found


def is_count(node: ast.BinOp | ast.AugAssign) -> bool:
    """Tell whether a power's exponent is written down and not negative, or a difference that is guarded."""
    exponent = node.right if isinstance(node, ast.BinOp) else node.value
    return isinstance(exponent, ast.Constant) or ast.unparse(exponent) in GUARDED_EXPONENTS


def sets(text: str) -> list[str]:
    """Find sets: what iterates over one follows its hashes, which no journal holds."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Set | ast.SetComp):
            found.append(f"line {line(node)}: a set")
        if isinstance(node, ast.Name) and node.id in {"set", "frozenset"}:
            found.append(f"line {line(node)}: {node.id}")
    return found


def unordered(text: str) -> list[str]:
    """Find orders that come from where an object lies in memory, or that comparing objects would need."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name in ORDER_METHODS:
            found.append(f"line {line(node)}: {node.name}")
        if (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, SET_OPERATORS)
            and any(map(is_view, operands(node)))
        ):
            found.append(f"line {line(node)}: a set of a dictionary's entries")
        if (
            isinstance(node, ast.FormattedValue)
            and node.conversion == ord("r")
            and not is_printable(node.value)
        ):
            found.append(f"line {line(node)}: !r")
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
            keyed = any(keyword.arg == "key" for keyword in node.keywords)
            if name in {"sorted", "sort"} and not keyed and not is_sortable(node):
                found.append(f"line {line(node)}: {name} without a key")
            if name in {"repr", "ascii", "vars", "dir", "globals", "locals"}:
                found.append(f"line {line(node)}: {name}")
    return found


def operands(node: ast.BinOp) -> tuple[ast.expr, ast.expr]:
    """Give both sides of an operator."""
    return node.left, node.right


def is_view(node: ast.expr) -> bool:
    """Tell whether this is a view of a dictionary, which set operators take."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"keys", "items"}
    )


def is_printable(node: ast.expr) -> bool:
    """Tell whether this is a frozen struct: its text is its values, not its address."""
    return isinstance(node, ast.Attribute) and node.attr in PRINTABLE_STRUCTS


def is_sortable(node: ast.Call) -> bool:
    """Tell whether what is sorted is a dictionary by names: texts, which have one order."""
    return bool(node.args) and ast.unparse(node.args[0]).removesuffix(".items()").endswith(NAMED)


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


@pytest.mark.parametrize("check", [floats, sets, unordered, asserts])
def test_engine_keeps_to_exact_and_ordered_arithmetic(check: Check) -> None:
    """The engine and its messages have no floats, no sets, no order of objects, and no assert."""
    assert findings(check, modules("engine", "units.py", "commands.py", "events.py")) == []


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
        (floats, "isinstance(x, float)"),
        (floats, "x: 'float'"),
        (floats, "x = Decimal(1)"),
        (floats, "x = 2**-y"),
        (floats, "x **= y"),
        (floats, "from math import sqrt"),
        (floats, "import math"),
        (floats, "x = operator.truediv(1, 2)"),
        (unordered, "x = sorted(state.orders)"),
        (unordered, "x.sort()"),
        (unordered, "x = a.keys() & b"),
        (unordered, "x = a - b.items()"),
        (unordered, "x = f'{order!r}'"),
        (unordered, "x = repr(order)"),
        (unordered, "x = vars(order)"),
        (unordered, "class X:\n    def __lt__(self, other): ..."),
        (unordered, "class X:\n    def __hash__(self): ..."),
        (impurities, "x = id(order)"),
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
        (impurities, "class Reversal:\n    open: int"),
        (floats, "from math import gcd\nx = 10**8\nx = isinstance(y, int)"),
        (sets, "x = {1: 2}"),
        (unordered, "x = sorted(state.markets)\nx.sort(key=f)\nx = f'{market.contract!r}'\nx = a - b"),
        (foreign_addresses, "GET /api/v2/work/x; ../home/x; https://example.org/work/x"),
    ],
)
def test_what_is_allowed_is_not_found(check: Check, text: str) -> None:
    """The checks leave alone what only looks similar."""
    assert check(text) == []


def test_the_checks_see_the_code() -> None:
    """The file lists that the checks work on are not empty."""
    assert SOURCE / "units.py" in modules(*PURE_PARTS)
    assert sorted((SOURCE / "engine").glob("*.py")) == modules("engine")
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
