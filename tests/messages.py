"""
`python -m tests.messages` writes `docs/messages.md`: every command, event and reason, read from the source.

What a message means is its docstring, what a reason means the comment over it; types and defaults stand as in
the source, units follow from the names. `test_messages` sees to it that the page is what would be written.
"""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Final, NamedTuple

from backhand import commands, events, units
from backhand.commands import Command
from backhand.engine.precedence import PRECEDENCE
from backhand.events import CancelReason, Event, RejectReason
from backhand.wire.codes import REASON_CODES
from backhand.wire.responses.orders import CANCEL_REASONS

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "messages.md"

INTRODUCTION: Final = """\
# Messages

Everything that can be asked of the engine, everything that can have happened, and every reason for a no:
closed sets, so what is not on this page does not exist. `make docs` writes it from `commands.py`,
`events.py`, `engine/precedence.py` and `wire/codes.py`; a test fails when it is out of date.

A **command** is what the journal stores. A refused command is answered by one `Rejected` and changes nothing;
of several faults the one that stands first in the command's list is the answer. **Events** are what came of
a command, in order; their time and sequence are those of the command. An order that a waiting order places
is judged as a `PlaceOrder`; its refusal stands in `TriggerFired`, and that of a position which a flash close
could not close in `PositionKept`.
"""


class Field(NamedTuple):
    """One field as the source declares it; `default` is empty for a field that must be given."""

    name: str
    type_text: str
    default: str


class Declared(NamedTuple):
    """One message or value as the source declares it."""

    name: str
    text: str
    fields: tuple[Field, ...]


def declared(module: ModuleType) -> dict[str, Declared]:
    """Read the structs of a module: docstrings as paragraphs, fields in order."""
    found: dict[str, Declared] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef):
            fields = tuple(
                Field(ast.unparse(line.target), ast.unparse(line.annotation), default_text(line.value))
                for line in node.body
                if isinstance(line, ast.AnnAssign)
            )
            found[node.name] = Declared(node.name, prose(ast.get_docstring(node) or ""), fields)
    return found


def default_text(value: ast.expr | None) -> str:
    """Give a default as the source writes it; nothing where there is none."""
    return "" if value is None else ast.unparse(value)


def prose(docstring: str) -> str:
    """Join the lines of each paragraph."""
    return "\n\n".join(" ".join(part.split()) for part in docstring.split("\n\n"))


def aliases(module: ModuleType) -> dict[str, str]:
    """Read the names that a module gives to choices."""
    return {
        ast.unparse(node.targets[0]): ast.unparse(node.value)
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Literal[")
    }


def meanings(kind: type) -> dict[str, str]:
    """Read the comment over each member of an enumeration."""
    commented = re.compile(r"^    #: (.+)\n    ([A-Z_]+) = ", re.MULTILINE)
    return {name: text for text, name in commented.findall(inspect.getsource(kind))}


def suffixes() -> dict[str, str]:
    """Read what the endings of names mean from the docstring of `units`."""
    lines = re.findall(r"^    (_\w+) +(.+)$", units.__doc__ or "", re.MULTILINE)
    return dict(lines)


def unit_of(name: str, known: Mapping[str, str]) -> str:
    """Give the unit that a name, or a bound's, ends in; nothing for names, sides, ids and counts."""
    bare = name.removesuffix("_min").removesuffix("_max")
    return next((ending.removeprefix("_") for ending in known if bare.endswith(ending)), "")


def field_rows(fields: tuple[Field, ...], known: Mapping[str, str]) -> Iterator[str]:
    if not fields:
        return
    yield "| Field | Type | Unit | If not given |"
    yield "|---|---|---|---|"
    for name, type_text, default in fields:
        given = f"`{default}`" if default else ""
        yield f"| `{name}` | {cell(type_text)} | {unit_of(name, known)} | {given} |"
    yield ""


def cell(type_text: str) -> str:
    """Write a type so that its bars do not end a table's cell."""
    return "`" + type_text.replace(" | ", "` or `") + "`"


def struct_section(one: Declared, known: Mapping[str, str]) -> Iterator[str]:
    yield f"### {one.name}"
    yield ""
    yield one.text
    yield ""
    yield from field_rows(one.fields, known)


def refusals(command: type) -> str:
    reasons = PRECEDENCE[command]
    if not reasons:
        return "Never refused."
    names = (
        f"{place}. `{reason.value}` ({REASON_CODES[reason][0]})" for place, reason in enumerate(reasons, 1)
    )
    return "Refused, first that applies:\n\n" + "\n".join(names)


def page() -> str:
    """Write the whole page."""
    known = suffixes()
    asked, happened = declared(commands), declared(events)
    lines = [INTRODUCTION, "## Units", "", "| A name ends in | Unit |", "|---|---|"]
    lines += [f"| `{ending}` | {text} |" for ending, text in known.items()]
    lines += ["", "Rates count 10^-8 as well. A price, size or id of 0 in an event is none.", ""]
    lines += ["## Choices", "", "| Type | Values |", "|---|---|"]
    for name, text in (aliases(commands) | aliases(events)).items():
        values = ast.literal_eval(f"({text.removeprefix('Literal[').removesuffix(']')},)")
        lines.append(f"| `{name}` | {', '.join(f'`{value}`' for value in values)} |")
    lines += ["", "## Values inside messages", ""]
    commanded = [command.__name__ for command in Command.__args__]
    for name, value in asked.items():
        if name not in {"Message", *commanded}:
            lines += struct_section(value, known)
    lines += ["## Commands", ""]
    for command in Command.__args__:
        lines += struct_section(asked[command.__name__], known)
        lines += [refusals(command), ""]
    lines += ["## Events", ""]
    for event in Event.__args__:
        lines += struct_section(happened[event.__name__], known)
    lines += [
        "## Reasons for refusals",
        "",
        "Type `RejectReason`; the code is what a client of the wire sees.",
        "",
    ]
    lines += ["| Reason | Means | Code | Text on the wire |", "|---|---|---|---|"]
    texts = meanings(RejectReason)
    for reason in RejectReason:
        code, text = REASON_CODES[reason]
        lines.append(f"| `{reason.value}` | {texts[reason.name]} | {code} | {text} |")
    lines += [
        "",
        "## Reasons for cancellations",
        "",
        "Type `CancelReason`.",
        "",
        "| Reason | Means | `cancelReason` on the wire |",
        "|---|---|---|",
    ]
    texts = meanings(CancelReason)
    lines += [
        f"| `{ending.value}` | {texts[ending.name]} | `{CANCEL_REASONS[ending]}` |" for ending in CancelReason
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
