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
    """Another account or symbol, and any changed letter, is 98002; another side is another position."""
    set_book(LINEAR)
    set_book(INVERSE)
    trader = open_with(open_account, LINEAR, "L10 S4")
    other = open_with(open_account, LINEAR, "L10")
    token = quoted(trader, LINEAR, side="buy", tradeSide="open")["quoteId"]
    hedge = {"side": "buy", "tradeSide": "open"}
    refused = [
        other.reverse(LINEAR, quoteId=token, **hedge),
        trader.reverse(INVERSE, quoteId=token, **hedge),
        trader.reverse(LINEAR, quoteId=("B" if token[0] == "A" else "A") + token[1:], **hedge),
        trader.reverse(LINEAR, quoteId=token[:-4], **hedge),
    ]
    assert ["98002"] * 4 == [answer.json["code"] for answer in refused]
    short = trader.reverse(LINEAR, quoteId=token, side="sell", tradeSide="open")
    assert ("98003", "position") == (short.json["code"], short.json["msg"].rsplit(": ")[-1])
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


def test_a_retry_is_told_of_the_first_whatever_has_changed_since(frozen: VenueProcess) -> None:
    """The same request again is 40786 when its quote has expired, the mode was switched, nothing is held."""
    operator = frozen.operator
    operator.set_book(LINEAR, [(BID, DEEP)], [(ASK, DEEP)], MARK)
    trader = operator.trader()
    trader.take(LINEAR, "+10")
    once = {"clientOid": "once", "quoteId": quoted(trader, LINEAR)["quoteId"]}
    assert "00000" == trader.reverse(LINEAR, **once).json["code"]
    assert "40786" == trader.reverse(LINEAR, **once).json["code"]
    operator.ask("POST", "/_venue/clock/advance", {"by": "11s"})
    assert "40786" == trader.reverse(LINEAR, **once).json["code"]
    assert "98001" == trader.reverse(LINEAR, **once | {"clientOid": "twice"}).json["code"]
    trader.market(LINEAR, "buy", "10")
    assert "00000" == trader.set_position_mode(LINEAR, "hedge_mode").json["code"]
    assert "40786" == trader.reverse(LINEAR, **once).json["code"]
    assert "40786" == trader.reverse(LINEAR, **once, side="sell", tradeSide="x").json["code"]
    assert "flat" == trader.held(LINEAR)


def test_an_expired_quote_is_explained(frozen: VenueProcess) -> None:
    """That a quote has expired is said by the rules, with the figures of a reversal as it would be now."""
    operator = frozen.operator
    operator.set_book(LINEAR, [(BID, DEEP)], [(ASK, DEEP)], MARK)
    trader = operator.trader()
    trader.take(LINEAR, "+10")
    data = quoted(trader, LINEAR)
    operator.ask("POST", "/_venue/clock/advance", {"by": "11s"})
    answer = trader.reverse(LINEAR, quoteId=data["quoteId"])
    told = trader.get("/api/backhand/v1/explain", {"requestId": answer.headers["x-backhand-request-id"]})
    (refusal,) = told.data["refusals"]
    assert ("98001", "quote_expired") == (refusal["code"], refusal["reason"])
    assert "999" == refusal["facts"]["quotedCloseAveragePrice"]
    assert "98001" == quote(trader, LINEAR, quoteId=data["quoteId"]).json["code"]


@BOTH_MARGIN_MODES
@pytest.mark.parametrize("held", ["+10", "-10", "L10", "S10"])
def test_a_quote_is_of_one_position(
    open_account: OpenAccount, set_book: SetBook, margin_mode: str, held: str
) -> None:
    """Another position of the same size on the same side, or the old one's there and back, is 98003."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, held, margin_mode)
    hedge = {"side": "sell" if held[0] == "S" else "buy", "tradeSide": "open"} if held[0] in "LS" else {}
    token = quoted(trader, LINEAR, **hedge)["quoteId"]
    assert "00000" == trader.reverse(LINEAR, quoteId=token, **hedge).json["code"]
    back = hedge | ({"side": "buy" if held[0] == "S" else "sell"} if hedge else {})
    assert "00000" == trader.reverse(LINEAR, **back).json["code"]
    assert held == trader.held(LINEAR)
    again = trader.reverse(LINEAR, quoteId=token, **hedge)
    assert ("98003", "position") == (again.json["code"], again.json["msg"].rsplit(": ")[-1])
    assert held == trader.held(LINEAR)


def test_a_quote_of_a_part_is_good_for_one_commit(open_account: OpenAccount, set_book: SetBook) -> None:
    """Bought up to its old size again, a position is still not the one that was quoted."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L10")
    token = quoted(trader, LINEAR, side="buy", tradeSide="open", size="3")["quoteId"]
    assert "00000" == trader.reverse(LINEAR, quoteId=token).json["code"]
    trader.market(LINEAR, "buy", "3", tradeSide="open")
    again = trader.reverse(LINEAR, quoteId=token)
    assert ("98003", "position") == (again.json["code"], again.json["msg"].rsplit(": ")[-1])
    assert "L10 S3" == trader.held(LINEAR)


@pytest.mark.parametrize("held", ["+10", "-10"])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_what_was_quoted_can_be_committed(
    open_account: OpenAccount, set_book: SetBook, held: str, side: str
) -> None:
    """In one-way mode a side counts as little in a commit as in its quote."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, held)
    token = quoted(trader, LINEAR, side=side)["quoteId"]
    assert "00000" == trader.reverse(LINEAR, quoteId=token, side=side).json["code"]
    assert ("-10" if held == "+10" else "+10") == trader.held(LINEAR)


def test_the_quoted_policy_need_not_be_sent_again(open_account: OpenAccount, set_book: SetBook) -> None:
    """Size, side, policies and guards of the quote hold where the commit has none; what it has wins."""
    set_book(LINEAR)
    hedge = {"side": "buy", "tradeSide": "open"}
    part = open_with(open_account, LINEAR, "L10")
    token = quoted(part, LINEAR, **hedge, size="3")["quoteId"]
    assert "98003" == part.reverse(LINEAR, quoteId=token, size="4").json["code"]
    assert "40757" == part.reverse(LINEAR, quoteId=token, side="sell").json["code"]
    assert "00000" == part.reverse(LINEAR, quoteId=token).json["code"]
    assert "L7 S3" == part.held(LINEAR)

    cleared = open_with(open_account, LINEAR, "+10")
    resting = cleared.limit(LINEAR, "buy", "1", "900")
    data = quoted(cleared, LINEAR, openOrders="cancelAll")
    assert [resting] == data["cancelledOrders"]
    kept = cleared.reverse(LINEAR, quoteId=data["quoteId"], openOrders="auto")
    assert ("98003", "cancelled orders") == (kept.json["code"], kept.json["msg"].rsplit(": ")[-1])
    assert "00000" == cleared.reverse(LINEAR, quoteId=data["quoteId"]).json["code"]
    assert ("-10", []) == (cleared.held(LINEAR), cleared.pending(LINEAR))

    guarded = open_with(open_account, LINEAR, "+10")
    token = quoted(guarded, LINEAR, shortfall="strict", worstPrice="999")["quoteId"]
    set_book(LINEAR, bids=(("1000", "9"), ("998", DEEP)), asks=(("1001", DEEP),))
    assert "98004" == guarded.reverse(LINEAR, quoteId=token).json["code"]


def test_the_policy_of_a_short_account_is_kept(open_account: OpenAccount, set_book: SetBook) -> None:
    """As large as can be paid for, when that was quoted, also where the commit says nothing of it."""
    set_book(LINEAR)
    trader = open_account(balances={"USDT": "600"})
    trader.take(LINEAR, "+10")
    set_book(LINEAR, bids=(("980", DEEP),), asks=(("981", DEEP),))
    data = quoted(trader, LINEAR, shortfall="largest")
    assert "00000" == trader.reverse(LINEAR, quoteId=data["quoteId"]).json["code"]
    assert f"-{data['after']['short']}" == trader.held(LINEAR) != "-0"


def test_an_order_that_came_after_the_quote_is_not_cancelled_by_it(
    open_account: OpenAccount, set_book: SetBook
) -> None:
    """The orders that a commit cancels are those that were shown."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "+10")
    trader.limit(LINEAR, "buy", "1", "900")
    token = quoted(trader, LINEAR, openOrders="cancelAll")["quoteId"]
    trader.limit(LINEAR, "buy", "1", "901")
    answer = trader.reverse(LINEAR, quoteId=token)
    assert ("98003", "cancelled orders") == (answer.json["code"], answer.json["msg"].rsplit(": ")[-1])
    assert ("+10", 2) == (trader.held(LINEAR), len(trader.pending(LINEAR)))


def test_a_foreign_quote_says_what_is_foreign(open_account: OpenAccount, set_book: SetBook) -> None:
    """98002 tells another account's, another symbol's and a changed quote apart."""
    set_book(LINEAR)
    set_book(INVERSE)
    trader = open_with(open_account, LINEAR, "+10")
    token = quoted(trader, LINEAR)["quoteId"]
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(token[-1])
    said = [
        open_with(open_account, LINEAR, "+10").reverse(LINEAR, quoteId=token),
        trader.reverse(INVERSE, quoteId=token),
        trader.reverse(LINEAR, quoteId=token[:-1]),
        trader.reverse(LINEAR, quoteId=token + "="),
        trader.reverse(LINEAR, quoteId=token[:9] + "!" + token[9:]),
        trader.reverse(
            LINEAR,
            quoteId=token[:-1] + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last ^ 1],
        ),
    ]
    assert {"98002"} == {answer.json["code"] for answer in said}
    assert [
        "The quote is of another account",
        "The quote is of another symbol",
        *["The quote was not made by this venue, or was changed"] * 4,
    ] == [answer.json["msg"] for answer in said]
    assert "+10" == trader.held(LINEAR)
