"""The quote of a reversal, and a reversal that is held to it (DESIGN section 5)."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.http.checks import open_with
from tests.http.conftest import ASK, BID, DEEP, MARK, OpenAccount, SetBook
from tests.http.venue import INVERSE, LINEAR, Answer, Operator, Product, Trader, VenueProcess, plain

BOTH_KINDS = pytest.mark.parametrize("product", [LINEAR, INVERSE], ids=lambda product: product.symbol)
BOTH_MARGIN_MODES = pytest.mark.parametrize("margin_mode", ["crossed", "isolated"])
QUOTE = "/api/backhand/v1/reversal/quote"


def quote(trader: Trader, product: Product, **fields: Any) -> Answer:
    return trader.post(QUOTE, product.names | fields)


def quoted(trader: Trader, product: Product, **fields: Any) -> dict[str, Any]:
    answer = quote(trader, product, **fields)
    assert (200, "00000") == (answer.status, answer.json["code"]), answer.body
    data = answer.data
    assert isinstance(data, dict)
    return data


@BOTH_KINDS
@BOTH_MARGIN_MODES
@pytest.mark.parametrize("held", ["+10", "-10", "L10", "S10", "L10 S4"])
def test_a_quote_is_right_to_the_last_digit(
    operator: Operator,
    open_account: OpenAccount,
    set_book: SetBook,
    product: Product,
    margin_mode: str,
    held: str,
) -> None:
    """What was quoted is done: sizes, averages, fees, profit, margin ratio and liquidation price."""
    bids = (("999", "4"), ("998", "5"), ("997", DEEP))
    asks = (("1000", "14"), ("1001", "3"), ("1002", DEEP))
    set_book(product)
    trader = open_with(open_account, product, held, margin_mode, balances={"USDT": "20000", "ETH": "20"})
    set_book(product, bids=bids, asks=asks)
    hedge = {"side": "sell" if held[0] == "S" else "buy", "tradeSide": "open"} if held[0] in "LS" else {}
    wallet = trader.wallet(product)
    digest = operator.digest()
    data = quoted(trader, product, **hedge)
    assert digest == operator.digest(), "a quote changes nothing"

    answer = trader.reverse(product, quoteId=data["quoteId"], **hedge)
    assert "00000" == answer.json["code"], answer.body
    opened = trader.detail(product, orderId=answer.data["orderId"]).data
    rows = trader.past_orders(product, orderSource="reverse")
    (closed,) = [row for row in rows if row["orderId"] != opened["orderId"]]
    for leg, order in ((data["closeLeg"], closed), (data["openLeg"], opened)):
        assert plain(leg["size"]) == plain(order["baseVolume"])
        assert Decimal(leg["averagePrice"]) == Decimal(order["priceAvg"])
        assert Decimal(leg["fee"]) == Decimal(order["fee"])
    assert Decimal(data["realizedProfit"]) == Decimal(closed["totalProfits"])
    fees = Decimal(closed["fee"]) + Decimal(opened["fee"])
    assert trader.wallet(product) - wallet == Decimal(data["realizedProfit"]) + fees
    for row in trader.position_rows(product):
        assert plain(data["after"][row["holdSide"]]) == plain(row["total"])
    new = trader.position(product, "long" if held[0] in "S-" else "short")
    assert Decimal(data["marginRatio"]) == Decimal(new["marginRatio"])
    assert Decimal(data["liquidationPrice"]) == Decimal(new["liquidationPrice"])


@pytest.mark.parametrize(
    ("book", "worse"),
    [
        ({"bids": (("998", DEEP),)}, "average price"),
        ({"bids": (("999", "10"), ("990", DEEP))}, "average price"),
        ({"bids": (("999", "15"),)}, "size"),
    ],
)
def test_a_reversal_that_would_be_worse_than_quoted_is_refused(
    open_account: OpenAccount, set_book: SetBook, book: dict[str, Any], worse: str
) -> None:
    """A book that got worse since the quote refuses with 98003 and says in what; nothing changes."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "+10")
    data = quoted(trader, LINEAR)
    set_book(LINEAR, **book)
    answer = trader.reverse(LINEAR, quoteId=data["quoteId"], clientOid="held-to-it")
    assert (400, "98003") == (answer.status, answer.json["code"])
    assert worse in answer.json["msg"]
    assert "+10" == trader.held(LINEAR)
    set_book(LINEAR, bids=(("999.5", DEEP),), asks=(("1000", DEEP),))
    better = trader.reverse(LINEAR, quoteId=data["quoteId"], clientOid="held-to-it")
    assert "00000" == better.json["code"], better.body
    assert "-10" == trader.held(LINEAR)


def test_a_quote_belongs_to_one_account_symbol_and_position(
    open_account: OpenAccount, set_book: SetBook
) -> None:
    """Another account, symbol or side, and any changed letter, is 98002."""
    set_book(LINEAR)
    set_book(INVERSE)
    trader = open_with(open_account, LINEAR, "L10 S4")
    other = open_with(open_account, LINEAR, "L10")
    token = quoted(trader, LINEAR, side="buy", tradeSide="open")["quoteId"]
    hedge = {"side": "buy", "tradeSide": "open"}
    refused = [
        other.reverse(LINEAR, quoteId=token, **hedge),
        trader.reverse(INVERSE, quoteId=token, **hedge),
        trader.reverse(LINEAR, quoteId=token, side="sell", tradeSide="open"),
        trader.reverse(LINEAR, quoteId=("B" if token[0] == "A" else "A") + token[1:], **hedge),
        trader.reverse(LINEAR, quoteId=token[:-4], **hedge),
    ]
    assert ["98002"] * 5 == [answer.json["code"] for answer in refused]
    assert ("L10 S4", "L10") == (trader.held(LINEAR), other.held(LINEAR))


@pytest.fixture
def frozen(logs: Path) -> Iterator[VenueProcess]:
    process = VenueProcess(
        logs / "quotes.log", ("--memory", "--market", "manual", "--clock", "frozen")
    ).start()
    yield process
    process.stop()


def test_a_quote_expires_on_venue_time(frozen: VenueProcess) -> None:
    """Ten seconds of venue time after it was made it is 98001; until then it holds."""
    operator = frozen.operator
    operator.set_book(LINEAR, [(BID, DEEP)], [(ASK, DEEP)], MARK)
    trader = operator.trader()
    trader.take(LINEAR, "+10")
    old, young = quoted(trader, LINEAR), quoted(trader, LINEAR)
    operator.ask("POST", "/_venue/clock/advance", {"by": "10s1ms"})
    assert "98001" == trader.reverse(LINEAR, quoteId=old["quoteId"]).json["code"]
    fresh = quoted(trader, LINEAR)
    assert int(young["expiresAt"]) + 10_001 == int(fresh["expiresAt"])
    operator.ask("POST", "/_venue/clock/advance", {"by": "10s"})
    assert "00000" == trader.reverse(LINEAR, quoteId=fresh["quoteId"]).json["code"]


def test_a_quote_survives_a_restart(logs: Path, tmp_path: Path) -> None:
    """A token is honoured by the next process on the same folder, and by no other folder's."""
    options = ("--data", str(tmp_path / "one"), "--market", "manual")
    venue = VenueProcess(logs / "quote-restart.log", options).start()
    venue.operator.set_book(LINEAR, [(BID, DEEP)], [(ASK, DEEP)], MARK)
    trader = venue.operator.trader()
    trader.take(LINEAR, "+10")
    token = quoted(trader, LINEAR)["quoteId"]
    credentials = trader.credentials
    venue.kill()
    venue.start()
    again = venue.trader(credentials)
    assert "00000" == again.reverse(LINEAR, quoteId=token).json["code"]
    assert "-10" == again.held(LINEAR)
    venue.stop()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "40774"),
        ({"tradeSide": "open"}, "400172"),
        ({"side": "sell", "tradeSide": "open"}, "40757"),
        ({"side": "buy", "tradeSide": "open", "size": "0"}, "40808"),
        ({"side": "buy", "tradeSide": "open", "symbol": "NOPEUSDT"}, "40034"),
        ({"side": "buy", "tradeSide": "open", "shortfall": "strict", "worstPrice": "1001"}, "98004"),
        ({"side": "buy", "tradeSide": "open", "quoteId": "x"}, "98002"),
    ],
)
def test_what_would_be_refused_is_refused_as_a_quote(
    hedger: Trader, operator: Operator, fields: dict[str, Any], code: str
) -> None:
    """A quote that cannot be made says why with the code of the reversal itself."""
    operator.set_book(LINEAR, [(BID, DEEP)], [(ASK, DEEP)], MARK)
    answer = quote(hedger, LINEAR, **fields)
    assert (400, code) == (answer.status, answer.json["code"]), answer.body


def test_a_quote_says_what_it_comes_to(open_account: OpenAccount, set_book: SetBook) -> None:
    """Orders that would be cancelled are named, and the outcome is a sentence."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L10")
    resting = trader.limit(LINEAR, "buy", "10", "1050", tradeSide="close")
    data = quoted(trader, LINEAR, side="buy", tradeSide="open", size="4")
    assert [resting] == data["cancelledOrders"]
    assert "closes 4 long, opens 4 short; cancels 1 orders and 0 triggers" == data["outcome"]
    assert {"long": "10", "short": "0"} == data["before"]
    assert {"long": "6", "short": "4"} == data["after"]
