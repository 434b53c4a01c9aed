"""`backhand reverse` in a terminal and in a pipe: what it shows of both legs, and what it asks again."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import Exchange, Person
from tests.http.venue import LINEAR, VenueProcess

ETH = "ETHUSDT"
DEEP = "1000000"


@pytest.fixture(autouse=True)
def _book(market: VenueProcess) -> Iterator[None]:
    """Whatever a test does to the book, the next one finds the deep one."""
    yield
    market.operator.set_book(LINEAR, [("999", DEEP)], [("1000", DEEP)], "1000")


def rows(screen: str, *names: str) -> list[list[str]]:
    """The cells of the table's rows that begin with these names."""
    cells = [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in re.sub(r"\x1b\[[0-9;]*m", "", screen).splitlines()
        if line.startswith("│")
    ]
    return [row for row in cells if row[0] in names]


def a_minute_passes(venue: VenueProcess) -> None:
    venue.operator.ask("POST", "/_venue/clock/advance", {"by": "1m"})


def test_each_leg_is_shown_as_it_was_filled(person: Person) -> None:
    """Size, average price, fee, profit and id of both legs are the receipt's; each id stands there once."""
    person.trader.take(LINEAR, "+10")
    person.venue.operator.set_book(
        LINEAR, [("999", "4"), ("998", "9"), ("997", DEEP)], [("1000", DEEP)], "1000"
    )
    done = person.run("reverse", ETH, "--yes")
    assert (0, "") == (done.returncode, done.stderr)
    ((_, client_oid),) = rows(done.stdout, "clientOid")
    told = person.trader.get("/api/backhand/v1/reversal/receipt", {"clientOid": client_oid}).data
    expected = [
        [
            name,
            "sell",
            "10",
            leg["averagePrice"],
            leg["fee"],
            leg["realizedProfit"],
            "whole",
            leg["orderId"],
        ]
        for name, leg in (("close", told["closeLeg"]), ("open", told["openLeg"]))
    ]
    assert expected == rows(done.stdout, "close", "open")
    assert ("998.4", "-16") == (told["closeLeg"]["averagePrice"], told["closeLeg"]["realizedProfit"])
    for leg in (told["closeLeg"], told["openLeg"]):
        assert 1 == done.stdout.count(leg["orderId"])
    assert 1 == done.stdout.count(client_oid)
    assert [["against the quote", "as quoted"]] == rows(done.stdout, "against the quote")


def test_a_leg_that_fell_short_says_of_how_much_and_why(person: Person) -> None:
    """The book took 4 of the 10 that should have been opened; the order that was cancelled is named."""
    person.trader.take(LINEAR, "+10")
    resting = person.trader.limit(LINEAR, "sell", "4", "1050", reduceOnly="YES")
    person.venue.operator.set_book(LINEAR, [("999", "14")], [("1000", DEEP)], "1000")
    screen = person.run("reverse", ETH, "--yes").stdout
    ((*_, opened, filled, _order_id),) = [[*row[:3], *row[6:]] for row in rows(screen, "open")]
    assert ("4", "of 10: shortfall liquidity") == (opened, filled)
    assert [["cancelled", resting]] == rows(screen, "cancelled")


def test_without_a_receipt_what_the_client_saw_is_shown(person: Person, exchange: Exchange) -> None:
    """Where there are no receipts the opening leg and its id are shown, once, and no profit is made up."""
    person.trader.take(LINEAR, "+3")
    screen = person.run("reverse", ETH, "--yes", "--live", "--url", exchange.base_url).stdout
    ((_, *figures, order_id),) = rows(screen, "close", "open")
    assert ["sell", "3", "999", "-1.7982", "-", "whole"] == figures
    assert 1 == screen.count(order_id)


def test_a_better_fill_than_quoted_is_told_apart(person: Person) -> None:
    """The bid rises by half a dollar while the question stands: both prices and the fee moved."""
    person.trader.take(LINEAR, "+10")
    set_book = person.venue.operator.set_book
    code, screen = person.type(
        "y\n",
        "reverse",
        ETH,
        thinking=[lambda: set_book(LINEAR, [("999.5", DEEP)], [("1000", DEEP)], "1000")],
    )
    assert 0 == code
    assert [["against the quote", "close price +0.5, open price +0.5, fee -0.006"]] == rows(
        screen, "against the quote"
    )


def test_who_is_asked_again_sees_the_new_quote_first(person: Person) -> None:
    """The bid falls while the question stands: nothing is done before the new quote was shown and taken."""
    person.trader.take(LINEAR, "+10")
    held: list[str] = []

    def fall() -> None:
        person.venue.operator.set_book(LINEAR, [("998", DEEP)], [("1000", DEEP)], "1000")

    code, screen = person.type("y\ny\n", "reverse", ETH, thinking=[fall, lambda: held.append(person.held)])
    assert (0, ["+10"], "-10") == (code, held, person.held)
    first, second, after = screen.split("Reverse ETHUSDT? [y/N]:")
    assert "sell 10 at 999," in first
    assert "would be worse than quoted: average price: nothing was done; here is a new quote" in second
    assert [["open leg", "sell 10 at 998, fee -5.988 USDT"]] == rows(second, "open leg")
    assert [["against the quote", "as quoted"]] == rows(after, "against the quote")


def test_a_no_to_the_second_quote_does_nothing(person: Person) -> None:
    """The first yes was to a quote that could not be kept; it is not taken for the second."""
    person.trader.take(LINEAR, "+10")
    book = person.venue.operator.set_book
    code, screen = person.type(
        "y\nn\n",
        "reverse",
        ETH,
        thinking=[lambda: book(LINEAR, [("998", DEEP)], [("1000", DEEP)], "1000")],
    )
    assert (10, 2, "+10") == (code, screen.count("closes 10 long, opens 10 short"), person.held)


def test_a_quote_that_expired_while_somebody_thought_is_shown_anew(tmp_path: Path) -> None:
    """A minute passes on the venue's clock: the second question stands under a quote that still holds."""
    venue = VenueProcess(tmp_path / "venue.log", ("--memory", "--market", "manual", "--clock", "frozen"))
    venue.start()
    try:
        venue.operator.set_book(LINEAR, [("999", DEEP)], [("1000", DEEP)], "1000")
        person = Person.enrolled(venue, tmp_path)
        person.trader.take(LINEAR, "+10")
        code, screen = person.type(
            "y\ny\n",
            "reverse",
            ETH,
            thinking=[lambda: a_minute_passes(venue)],
        )
        assert (0, "-10") == (code, person.held)
    finally:
        venue.stop()
    first, second, after = screen.split("Reverse ETHUSDT? [y/N]:")
    assert "closes 10 long, opens 10 short" in first
    assert "The quote has expired: nothing was done; here is a new quote" in second
    assert "closes 10 long, opens 10 short" in second
    assert [["against the quote", "as quoted"]] == rows(after, "against the quote")
