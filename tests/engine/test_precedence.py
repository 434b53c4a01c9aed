"""
Which of several faults is the answer: `precedence` against the text of the engine, and against the engine.

A case is a command that succeeds after its setup, and faults: what to leave out of the setup, what to add to
it, what to change in the command. Each fault alone gives its reason, and of any two faults that can meet the
one that stands first in the command's table.
"""

import ast
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import pytest

from backhand import engine
from backhand.commands import Command
from backhand.engine.dispatch import HANDLERS
from backhand.engine.precedence import PRECEDENCE
from backhand.events import Rejected, RejectReason
from tests.engine.faults import APART, CASES, Case, Fault
from tests.engine.worlds import World

ENGINE: Final = Path(engine.__file__).parent

#: Reasons that the text of a handler leads to and no state can, each with what makes sure of that.
IMPOSSIBLE: Final[dict[str, dict[str, str]]] = {
    "ModifyOrder": {
        "EFFECT_MISSING": "the new order says what the old one is",
        "EFFECT_INVALID": "the new order says what the old one is",
        "OPENING_DISABLED": "orders that would open ended when that was disabled",
        "NO_INDEX_PRICE": "an order that rests was placed at a mark price, which never goes",
        "MARGIN_MODE_MISMATCH": "the new order names no margin mode",
        "NO_POSITION_TO_CLOSE": "a closing order that rests holds lots of a position",
        "NOTHING_AVAILABLE_TO_CLOSE": "what the old order holds is free for the new one",
        "MARKET_BUY_BANKRUPTS": "the new order has a limit",
        "MARKET_SELL_BANKRUPTS": "the new order has a limit",
        "NO_LIQUIDITY": "the new order has a limit",
    },
    "ClosePositions": {
        "EFFECT_MISSING": "the order says that it closes",
        "EFFECT_INVALID": "the order says that it closes",
        "OPENING_DISABLED": "the order closes",
        "NO_INDEX_PRICE": "a position was opened at a mark price, which never goes",
        "MARGIN_MODE_MISMATCH": "the order names no margin mode",
        "DUPLICATE_CLIENT_OID": "the order's id is generated",
        "INVALID_PRICE": "the order has no price and no presets",
        "SIZE_TOO_LARGE": "a whole position may be closed at once",
        "PRICE_ABOVE_BAND": "the order has no price",
        "PRICE_BELOW_BAND": "the order has no price",
        "NOTHING_AVAILABLE_TO_CLOSE": "the order is at market",
        "REDUCE_ONLY_TOO_LARGE": "the order has the position's size",
        "LIMIT_BUY_BANKRUPTS": "the order has no price",
        "LIMIT_SELL_BANKRUPTS": "the order has no price",
        "SIZE_TOO_SMALL": "the rest of a position may always be closed",
        "VALUE_TOO_SMALL": "the order opens nothing",
        "LONG_TAKE_PROFIT_TOO_LOW": "the order has no presets",
        "LONG_STOP_LOSS_TOO_HIGH": "the order has no presets",
        "SHORT_TAKE_PROFIT_TOO_HIGH": "the order has no presets",
        "SHORT_STOP_LOSS_TOO_LOW": "the order has no presets",
        "TOO_MANY_TRIGGERS": "the order has no presets",
        "TOO_MANY_ORDERS": "the order does not rest",
        "TOO_MANY_POSITIONS": "the order opens nothing",
        "POSITION_LIMIT_EXCEEDED": "the order opens nothing",
        "TIER_EXCEEDED": "the order opens nothing",
        "INSUFFICIENT_MARGIN": "the order opens nothing",
    },
}


def functions() -> dict[str, tuple[ast.FunctionDef, dict[str, str]]]:
    """Every function of the engine by its full name, with what the names in its module stand for."""
    found: dict[str, tuple[ast.FunctionDef, dict[str, str]]] = {}
    for file in sorted(ENGINE.rglob("*.py")):
        module = f"backhand.engine.{file.stem}"
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = {
            node.name: f"{module}.{node.name}" for node in tree.body if isinstance(node, ast.FunctionDef)
        }
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("backhand.engine"):
                names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                found[f"{module}.{node.name}"] = (node, names)
    return found


FUNCTIONS: Final = functions()


def reasons_in(name: str, seen: list[str]) -> Iterator[str]:
    """Name the reasons that a function leads to, in the order of the text, what it calls included."""
    if name not in FUNCTIONS or name in seen:
        return
    seen.append(name)
    function, names = FUNCTIONS[name]
    for node in in_order(function):
        if isinstance(node, ast.Attribute) and is_reason(node):
            yield node.attr
        elif isinstance(node, ast.Name) and node.id in names:
            yield from reasons_in(names[node.id], seen)


def is_reason(node: ast.AST) -> bool:
    """Tell whether this names a member of the enumeration."""
    return isinstance(node, ast.Attribute) and ast.unparse(node.value) == "RejectReason"


def in_order(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree in the order in which it is written."""
    yield node
    children = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.IfExp):
        children = [node.body, node.test, node.orelse]
    for child in children:
        yield from in_order(child)


def reachable(command: type) -> list[str]:
    """Name the reasons that a command can be refused for, in the order of the text."""
    handler = HANDLERS[command]
    found = dict.fromkeys(reasons_in(f"{handler.__module__}.{handler.__name__}", []))
    return [name for name in found if name not in IMPOSSIBLE.get(command.__name__, {})]


def test_every_command_has_a_table() -> None:
    """Commands, handlers and tables are the same set."""
    assert set(Command.__args__) == set(HANDLERS) == set(PRECEDENCE)


@pytest.mark.parametrize("command", PRECEDENCE, ids=lambda command: command.__name__)
def test_a_table_is_the_order_of_the_checks(command: type) -> None:
    """Read from top to bottom, a handler and what it calls name exactly the table's reasons, in its order."""
    assert reachable(command) == [reason.name for reason in PRECEDENCE[command]]


@pytest.mark.parametrize("command", PRECEDENCE, ids=lambda command: command.__name__)
def test_no_reason_has_two_places(command: type) -> None:
    """Within a table a reason stands once."""
    assert list(dict.fromkeys(PRECEDENCE[command])) == list(PRECEDENCE[command])


def test_every_reason_has_a_place() -> None:
    """Each reason is in at least one command's table."""
    assert {reason for table in PRECEDENCE.values() for reason in table} == set(RejectReason)


def test_the_walk_misses_no_reason_of_the_engine() -> None:
    """Handlers and fired orders together lead to every mention of a reason in the engine's functions."""
    starts = [f"{handler.__module__}.{handler.__name__}" for handler in HANDLERS.values()]
    starts.append("backhand.engine.settling.settle")
    seen: list[str] = []
    for start in starts:
        list(reasons_in(start, seen))
    naming = [name for name, (function, _) in FUNCTIONS.items() if any(map(is_reason, in_order(function)))]
    assert [name for name in naming if name not in seen] == []


def test_what_is_impossible_would_else_be_reachable() -> None:
    """No line of that list is left over from another text."""
    for name, reasons in IMPOSSIBLE.items():
        (command,) = [command for command in HANDLERS if command.__name__ == name]
        handler = HANDLERS[command]
        text = list(reasons_in(f"{handler.__module__}.{handler.__name__}", []))
        assert [reason for reason in reasons if reason not in text] == []


class Meeting(NamedTuple):
    """Two faults of one case, the one that wins first."""

    case: Case
    first: RejectReason
    second: RejectReason


def answer(case: Case, faults: list[Fault]) -> RejectReason | None:
    """Carry out a case with some faults; the reason it is refused for."""
    world = World(case.focus, *case.others)
    left_out = [name for fault in faults for name in fault.without]
    for name, step in case.setup.items():
        if name not in left_out:
            carry_out(world, step)
    for step in [
        *(step for one in faults for step in one.orders),
        *(step for one in faults for step in one.also),
    ]:
        carry_out(world, step)
    changes: dict[str, Any] = {}
    for fault in reversed(faults):
        changes |= fault.changes
    (event, *_) = world.do(msgspec.structs.replace(case.command, **changes))
    return event.reason if isinstance(event, Rejected) else None


def carry_out(world: World, step: str | Command) -> None:
    """Carry out a step of a setup, which must not be refused."""
    if isinstance(step, str):
        outcome = world.step(step)
        assert "refused" not in outcome, f"{step}: {outcome}"
    else:
        events = world.do(step)
        assert not isinstance(events[0], Rejected), f"{step}: {events}"


def can_meet(case: Case, one: RejectReason, other: RejectReason) -> bool:
    """Whether two faults of a case can be made at once: they change no field to different values."""
    changes, others = case.faults[one].changes, case.faults[other].changes
    clash = any(name in others and others[name] != value for name, value in changes.items())
    return not clash and frozenset((one, other)) not in case.apart


def meetings() -> Iterator[Meeting]:
    """All pairs of faults that can meet, in the order of the tables."""
    for case in CASES:
        table = PRECEDENCE[type(case.command)]
        for one, other in combinations(sorted(case.faults, key=table.index), 2):
            if can_meet(case, one, other):
                yield Meeting(case, one, other)


MEETINGS: Final = tuple(meetings())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_succeeds_without_faults(case: Case) -> None:
    """The command of a case is carried out when nothing is wrong, so that a refusal is its fault's."""
    assert answer(case, []) is None


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        pytest.param(case, reason, id=f"{case.name}: {reason.value}")
        for case in CASES
        for reason in case.faults
    ],
)
def test_a_fault_alone_gives_its_reason(case: Case, reason: RejectReason) -> None:
    """Each fault is refused for what it is."""
    assert reason is answer(case, [case.faults[reason]])


@pytest.mark.parametrize(
    "meeting", MEETINGS, ids=lambda one: f"{one.case.name}: {one.first.value} before {one.second.value}"
)
def test_of_two_faults_the_earlier_is_the_answer(meeting: Meeting) -> None:
    """Where two faults meet, the table's earlier reason wins."""
    faults = meeting.case.faults
    assert meeting.first is answer(meeting.case, [faults[meeting.first], faults[meeting.second]])


@pytest.mark.parametrize("command", PRECEDENCE, ids=lambda command: command.__name__)
def test_every_neighbouring_pair_was_tried(command: type) -> None:
    """Two neighbours of a table meet in some case, or it is said why they cannot."""
    met = {(one.first, one.second) for one in MEETINGS if type(one.case.command) is command}
    untold = [
        f"{first.name}, {second.name}"
        for first, second in pairwise(PRECEDENCE[command])
        if (first, second) not in met and frozenset((first, second)) not in APART
    ]
    assert untold == []


@pytest.mark.parametrize("command", PRECEDENCE, ids=lambda command: command.__name__)
def test_every_reason_of_a_table_was_tried(command: type) -> None:
    """No table names a reason that no case leads to."""
    tried = {reason for case in CASES if type(case.command) is command for reason in case.faults}
    assert [reason.name for reason in PRECEDENCE[command] if reason not in tried] == []
