"""
Data on standard output: tables for people, JSON for programs.

JSON is one document per command (one per line for `watch`), numbers as text, names as on the wire.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from decimal import Context, Decimal
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.console import Console, ConsoleOptions
from rich.markup import escape
from rich.table import Table
from rich.text import Text

#: Wider than any table.
UNBOUNDED: Final = 10_000
#: Columns where no terminal says how wide it is: enough for every table here.
PIPE_WIDTH: Final = 160
#: Of ASCII, as all that is printed here, so that no terminal is unable to show it.
ABSENT: Final = "-"


class Output(StrEnum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"


OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="Tables for people, or one JSON document for programs.")
]


#: Enough for any number that an exchange can send.
_WIDE: Final = Context(prec=1000)


class _Console(Console):
    """Leaves the end of a pipe to `exits.ending`: who has read enough is no failure."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console(*, err: bool = False) -> Console:
    """Make a console; without a terminal it does not wrap."""
    stream = sys.stderr if err else sys.stdout
    wide = stream.isatty() or "COLUMNS" in os.environ
    return _Console(stderr=err, width=None if wide else PIPE_WIDTH, highlight=False)


def print_json(data: object, *, indent: int | None = 2) -> None:
    """Print a document."""
    typer.echo(json.dumps(as_document(data), indent=indent))


def as_document(data: object) -> Any:  # noqa: ANN401 (JSON is of any type)
    """Turn models into what JSON has: numbers as text, names in camelCase."""
    return _renamed(msgspec.to_builtins(data, enc_hook=str, str_keys=True))


def _renamed(value: Any) -> Any:  # noqa: ANN401 (as above)
    if isinstance(value, dict):
        return {_camel(name): _renamed(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_renamed(item) for item in value]
    return value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def plain(text: str) -> str:
    r"""Write what a terminal would obey as `\x1b` and the like: texts of others are only shown."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def shown(value: object) -> str:
    """Write one value for people: numbers without trailing zeros or exponent."""
    if value is None or value == "":
        return ABSENT
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)


def signed(value: Decimal | None) -> Text:
    """Write a profit: green above 0, red below."""
    if value is None:
        return Text(ABSENT)
    style = "green" if value > 0 else "red" if value < 0 else ""
    return Text(("+" if value > 0 else "") + shown(value), style)


def rounded(number: Decimal, unit: str) -> Decimal:
    """Round to a unit, however large a number is: Python's own context refuses 29 digits."""
    return number.quantize(Decimal(unit), context=_WIDE)


def rounded_money(amount: Decimal) -> Decimal:
    """Round a computed amount to as many digits as a person reads, of ether as of dollars."""
    return rounded(amount, "0.01" if abs(amount) >= 1 else "0.000001")


def _cell(value: object) -> Text:
    """Write one value for a table, where it is neither obeyed by the terminal nor taken for markup."""
    if isinstance(value, Text) and value.plain.isprintable():
        return value
    return Text(plain(value.plain if isinstance(value, Text) else shown(value)))


class RowsTable:
    """
    A table of rows that is as wide as the terminal at most.

    Where it does not fit the columns of `spare` are left out, the first one first, then the blanks beside
    the lines. What is left is shown whole, so that no figure is ever cut to another one.

    Args:
        numbers: The columns that stand to the right.
        wrapped: The columns of prose, which take the width that is left.
    """

    def __init__(
        self,
        title: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        numbers: Sequence[str] = (),
        *,
        spare: Sequence[str] = (),
        wrapped: Sequence[str] = (),
    ) -> None:
        self._title = title
        self._columns = columns
        self._rows = [[_cell(value) for value in row] for row in rows]
        self._numbers = numbers
        self._spare = spare
        self._wrapped = wrapped

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table]:
        """Give the widest form that fits."""
        unbounded = options.update_width(UNBOUNDED)
        for left_out in range(len(self._spare) + 1):
            table = self._without(self._spare[:left_out])
            if self._wrapped or console.measure(table, options=unbounded).maximum <= options.max_width:
                break
        else:
            table.padding = (0, 0)
        yield table

    def _without(self, left_out: Sequence[str]) -> Table:
        table = Table(title=escape(plain(self._title)), title_justify="left", title_style="bold")
        kept = [place for place, column in enumerate(self._columns) if column not in left_out]
        for place in kept:
            column = self._columns[place]
            table.add_column(
                column,
                justify="right" if column in self._numbers else "left",
                no_wrap=column not in self._wrapped,
            )
        for row in self._rows:
            table.add_row(*(row[place] for place in kept))
        return table


def facts_table(title: str, facts: Iterable[tuple[str, object]]) -> Table:
    """Make a table of names and values."""
    table = Table(title=escape(plain(title)), title_justify="left", title_style="bold", show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, value in facts:
        table.add_row(_cell(name), _cell(value))
    return table
