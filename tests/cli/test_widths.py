"""Tables in a terminal of 80 columns: what matters is there, and no figure is cut."""

import re
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console, RenderableType
from rich.text import Text

from backhand.cli.exits import say
from backhand.cli.printing import RowsTable, facts_table, rounded_money
from backhand.cli.reading import rounded_price
from tests.cli.commands import Person
from tests.http.venue import LINEAR

ETH = "ETHUSDT"


def drawn(table: RenderableType, columns: int) -> list[str]:
    """The lines of a table in a terminal of so many columns."""
    console = Console(file=StringIO(), width=columns)
    console.print(table)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def cells(screen: str, first: str) -> list[str]:
    """The cells of the row, or of the header, that begins with this."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen)
    (row,) = {line for line in plain.splitlines() if re.match(rf"[│┃] ?{first} *[│┃]", line)}
    return [cell.strip() for cell in re.split("[│┃]", row)[1:-1]]


def table() -> RowsTable:
    return RowsTable("Held", ("name", "kind", "size"), [("ether", "spot", 12)], ("size",), spare=("kind",))


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        (40, "│ ether │ spot │   12 │"),
        (23, "│ ether │ spot │   12 │"),
        (22, "│ ether │   12 │"),
        (13, "│ether│  12│"),
    ],
)
def test_what_can_be_spared_goes_first(columns: int, row: str) -> None:
    """The spare column, then the blanks; what is left stays whole."""
    assert row in drawn(table(), columns)


FOREIGN = "\x1b[2J[red]\r\x9b1m\u202e[/]ü"
HARMLESS = "\\x1b[2J[red]\\r\\x9b1m\\u202e[/]ü"


def test_texts_of_others_are_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither by the terminal nor as markup: in cells, titles, facts, and what is said."""
    for shown in (
        RowsTable(FOREIGN, ("a", "b", "c"), [(FOREIGN, FOREIGN, Text("1").append(FOREIGN))]),
        facts_table(FOREIGN, [(FOREIGN, FOREIGN)]),
    ):
        screen = "\n".join(drawn(shown, 200))
        assert (3, True) == (screen.count(HARMLESS), screen.replace("\n", "").isprintable())
    say(FOREIGN)
    assert f"backhand: {HARMLESS}\n" == capsys.readouterr().err


@pytest.mark.parametrize("command", [("positions",), ("watch", "--count", "1")])
def test_positions_of_large_figures(person: Person, command: tuple[str, ...]) -> None:
    """Five digits before the point and odd averages: size, prices and profit all stand there."""
    set_book = person.venue.operator.set_book
    try:
        set_book(
            LINEAR, [("12344.99", "1"), ("12343", "99")], [("12345.67", "0.37"), ("12347", "99")], "12345"
        )
        person.trader.take(LINEAR, "+11.13")
        set_book(LINEAR, [("12345.01", "99")], [("12347.77", "99")], "12346.33")
        code, screen = person.type("", *command, COLUMNS="80", LINES="24")
        header, row = cells(screen, "symbol"), cells(screen, ETH)
    finally:
        set_book(LINEAR, [("999", "1000000")], [("1000", "1000000")], "1000")
    assert 0 == code
    leg = dict(zip(header, row, strict=True))
    assert {"symbol", "side", "size", "entry", "mark", "liquidation", "profit"} == set(leg)
    assert ("long", "11.13", "12346.33") == (leg["side"], leg["size"], leg["mark"])
    assert re.fullmatch(r"12346\.\d{1,4}", leg["entry"])
    assert re.fullmatch(r"-\d+\.\d\d? USDT", leg["profit"])
    assert "…" not in screen


def test_orders_can_still_be_named(person: Person) -> None:
    """Side, size, price and the id that cancels it are whole."""
    order_id = person.trader.limit(LINEAR, "sell", "1234.56", "1005.55")
    code, screen = person.type("", "orders", ETH, COLUMNS="80", LINES="24")
    assert 0 == code
    row = dict(zip(cells(screen, "symbol"), cells(screen, ETH), strict=True))
    assert ("sell", "1234.56", "1005.55", order_id) == (
        row["side"],
        row["size"],
        row["price"],
        row["orderId"],
    )
    assert "…" not in screen


def test_a_reversal_fits(person: Person) -> None:
    """Both legs with prices, profit and whole ids; the answer's own note stands there once."""
    person.trader.take(LINEAR, "+1234.56")
    code, screen = person.type("", "reverse", ETH, "--yes", COLUMNS="80", LINES="24")
    assert (0, False) == (code, "…" in screen)
    assert 2 == len(re.findall(r"\b1\d{18}\b", screen))


def test_a_number_of_any_size_is_shown() -> None:
    """What an exchange sends may have more digits than Python rounds by itself."""
    assert "1" + "0" * 30 == rounded_price(Decimal("1e30"))
    assert Decimal("-12345e36") == rounded_money(Decimal("-1.2345e40"))
    assert "3200.4444" == rounded_price(Decimal("3200.444363080249"))
