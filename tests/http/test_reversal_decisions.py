"""
The decisions A6 to A20 of reversal.md that the acceptance table does not show.

Written over the same deep book as the table unless a test is about the book. What the specification
leaves open is marked "inferred".
"""

import json
from fractions import Fraction
from typing import Any

import pytest

from tests.http import sums
from tests.http.checks import (
    BOTH_KINDS,
    BOTH_MARGIN_MODES,
    HEDGE,
    ONE_WAY,
    assert_refused,
    open_with,
    reversal_records,
)
from tests.http.conftest import ASK, BID, MARK, OpenAccount, SetBook
from tests.http.venue import (
    LINEAR,
    REVERSE,
    USDC,
    Answer,
    Operator,
    Product,
    Trader,
    VenueProcess,
    plain,
)

NOTE = "x-backhand-note"

EMPTY: tuple[tuple[str, str], ...] = ()


# A2, A4, A5: the words of the request.


@pytest.mark.parametrize("trade_side", ["open", "close", "Open", "CLOSE"])
def test_trade_side_open_and_close_mean_the_same_in_any_case(
    open_account: OpenAccount, set_book: SetBook, trade_side: str
) -> None:
    """A2: on a hedge account tradeSide must be there, and its two values have the same effect."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L10")
    trader.reverse(LINEAR, side="BUY", tradeSide=trade_side, size="4").accepted()
    assert "L6 S4" == trader.held(LINEAR)


@pytest.mark.parametrize("fields", [{"tradeSide": "reverse"}, {"tradeSide": "reverse", "side": "up"}])
def test_another_trade_side_is_refused(
    open_account: OpenAccount, set_book: SetBook, operator: Operator, fields: dict[str, str]
) -> None:
    """A2: any other value of tradeSide on a hedge account is 400172."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L10")
    before = operator.digest()
    assert_refused(trader.reverse(LINEAR, **({"side": "buy"} | fields)), "400172")
    assert before == operator.digest()


@pytest.mark.parametrize("held", ["L10", "+10"])
def test_a_side_that_is_no_side_is_a_mismatch(
    open_account: OpenAccount, set_book: SetBook, operator: Operator, held: str
) -> None:
    """A4, A5: side must be buy or sell in both modes, also where it is otherwise ignored."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, held)
    before = operator.digest()
    answer = trader.reverse(LINEAR, side="long", tradeSide="open")
    assert_refused(answer, "400172")
    assert "side mismatch" == answer.json["msg"]
    assert before == operator.digest()


# A1: one leg of two.


@BOTH_KINDS
def test_the_other_leg_is_never_touched_instead(
    open_account: OpenAccount, set_book: SetBook, product: Product
) -> None:
    """A1: sell reverses the short leg, whatever the long leg holds, and only that."""
    set_book(product)
    trader = open_with(open_account, product, "L10 S4")
    trader.reverse(product, side="sell", tradeSide="open", size="99").accepted()
    assert "L14" == trader.held(product)


# A6: size in one-way mode.


@BOTH_KINDS
@pytest.mark.parametrize("size", ["3", "20", "30", "0.123456789", "0.001"])
def test_one_way_says_that_it_ignored_the_size(
    open_account: OpenAccount, set_book: SetBook, product: Product, size: str
) -> None:
    """A6: any positive size is ignored, decimals and minimum too, and the header says so."""
    set_book(product)
    trader = open_with(open_account, product, "+20")
    answer = trader.reverse(product, size=size)
    answer.accepted()
    assert "-20" == trader.held(product)
    assert answer.headers.get(NOTE, "") != ""


@pytest.mark.parametrize(("held", "fields"), [("+20", {}), ("L20", {"size": "3"}), ("L20", {})])
def test_there_is_no_note_when_nothing_was_ignored(
    open_account: OpenAccount, set_book: SetBook, held: str, fields: dict[str, str]
) -> None:
    """A6: the header is there only when a sent size was ignored."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, held)
    hedge = {"side": "buy", "tradeSide": "open"} if held[0] == "L" else {}
    answer = trader.reverse(LINEAR, **hedge, **fields)
    answer.accepted()
    assert NOTE not in answer.headers


# A10, A11: other orders.


@BOTH_KINDS
@BOTH_MARGIN_MODES
def test_one_way_cancels_reduce_only_orders_and_reverses_the_total(
    open_account: OpenAccount, set_book: SetBook, product: Product, margin_mode: str
) -> None:
    """A10: all reduce-only orders of the symbol go, and the whole position is reversed."""
    set_book(product)
    trader = open_with(open_account, product, "+20", margin_mode)
    closes = [trader.limit(product, "sell", size, "1040", reduceOnly="YES") for size in ("5", "15")]
    plain_order = trader.limit(product, "buy", "1", "960")
    trader.reverse(product).accepted()
    assert "-20" == trader.held(product)
    for order_id in closes:
        row = trader.order(product, order_id)
        assert ("canceled", "back_contract_cancel") == (row["state"], row["cancelReason"])
    assert [plain_order] == [row["orderId"] for row in trader.pending(product)]


@BOTH_KINDS
def test_reduce_only_orders_of_another_symbol_stay(
    open_account: OpenAccount, set_book: SetBook, product: Product
) -> None:
    """A10: only the reversed symbol's reduce-only orders are cancelled."""
    set_book(product)
    set_book(USDC)
    trader = open_with(open_account, product, "+5")
    trader.take(USDC, "+5")
    other = trader.limit(USDC, "sell", "5", "1040", reduceOnly="YES")
    trader.reverse(product).accepted()
    assert "live" == trader.order(USDC, other)["state"]
    assert ("-5", "+5") == (trader.held(product), trader.held(USDC))


@BOTH_KINDS
@BOTH_MARGIN_MODES
def test_opening_orders_stay(
    open_account: OpenAccount, set_book: SetBook, product: Product, margin_mode: str
) -> None:
    """A11: resting orders that open either side neither block a reversal nor are cancelled by it."""
    set_book(product)
    trader = open_with(open_account, product, "L10", margin_mode)
    orders = {
        trader.limit(product, "buy", "1", "960", tradeSide="open"),
        trader.limit(product, "sell", "1", "1040", tradeSide="open"),
    }
    trader.reverse(product, side="buy", tradeSide="open").accepted()
    assert "S10" == trader.held(product)
    assert orders == {row["orderId"] for row in trader.pending(product)}


@BOTH_KINDS
@pytest.mark.parametrize("held", ["L10", "+10"])
def test_own_orders_in_the_way_are_cancelled_first(
    open_account: OpenAccount, set_book: SetBook, product: Product, held: str
) -> None:
    """A11: an own order that a leg would hit is cancelled, one behind the house's depth is not."""
    set_book(product)
    trader = open_with(open_account, product, held)
    words = {"tradeSide": "open"} if held[0] == "L" else {}
    in_the_way = trader.limit(product, "buy", "3", "999.5", **words)
    behind = trader.limit(product, "buy", "3", "998.5", **words)
    answer = trader.reverse(product, side="buy", tradeSide="open")
    answer.accepted()
    assert {"L10": "S10", "+10": "-10"}[held] == trader.held(product)
    # Which of the two names of websocket.md is used for it: inferred from "as stpMode cancel_maker".
    row = trader.order(product, in_the_way)
    assert ("canceled", "stp_cancel", "0") == (row["state"], row["cancelReason"], plain(row["baseVolume"]))
    assert "live" == trader.order(product, behind)["state"]
    for order in reversal_records(trader, product, answer.data["orderId"]):
        assert sums.exact(BID) == sums.exact(order["priceAvg"])


def test_an_own_close_of_the_other_leg_in_the_way_is_cancelled(
    open_account: OpenAccount, set_book: SetBook
) -> None:
    """A11: reversing the short leg buys, so the long leg's limit close at the best ask goes first."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L10 S4")
    in_the_way = trader.limit(LINEAR, "buy", "5", "999.9", tradeSide="close")
    behind = trader.limit(LINEAR, "buy", "5", "1000.1", tradeSide="close")
    trader.reverse(LINEAR, side="sell", tradeSide="open").accepted()
    assert "L14" == trader.held(LINEAR)
    assert "canceled" == trader.order(LINEAR, in_the_way)["state"]
    assert "live" == trader.order(LINEAR, behind)["state"]


@BOTH_KINDS
def test_a_reversal_against_another_trader(
    open_account: OpenAccount, set_book: SetBook, product: Product
) -> None:
    """Both legs fill a resting order of somebody else, who pays the maker's fee and holds what was sold."""
    set_book(product)
    trader, maker = open_with(open_account, product, "+20"), open_account()
    order_id = maker.limit(product, "buy", "50", "999.5")
    maker_before, trader_before = sums.exact(maker.wallet(product)), sums.exact(trader.wallet(product))
    trader.reverse(product).accepted()
    assert ("-20", "+40") == (trader.held(product), maker.held(product))
    row = maker.order(product, order_id)
    assert ("partially_filled", "40") == (row["state"], plain(row["baseVolume"]))
    piece = [(sums.exact("999.5"), Fraction(20))]
    assert maker_before - 2 * sums.fees(product, piece, sums.MAKER) == sums.exact(maker.wallet(product))
    gain = sums.realised(product, sums.LONG, sums.exact(ASK), piece)
    assert trader_before + gain - 2 * sums.fees(product, piece) == sums.exact(trader.wallet(product))
    assert {"maker"} == {fill["tradeScope"] for fill in maker.fills(product)}


# A12: size rules of the hedge close leg.


@BOTH_KINDS
@pytest.mark.parametrize("size", ["3.001", "0.005", "0.0000001"])
def test_a_hedge_size_with_too_many_decimals_is_refused(
    open_account: OpenAccount, set_book: SetBook, operator: Operator, product: Product, size: str
) -> None:
    """A12: decimals beyond the contract's step are 40808 before anything is done."""
    set_book(product)
    trader = open_with(open_account, product, "L10")
    before = operator.digest()
    assert_refused(trader.reverse(product, side="buy", tradeSide="open", size=size), "40808")
    assert before == operator.digest()


def test_trailing_zeros_are_not_decimals(open_account: OpenAccount, set_book: SetBook) -> None:
    """A12 (inferred): "3.000" is 3, for a contract with two decimals."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L10")
    trader.reverse(LINEAR, side="buy", tradeSide="open", size="3.000").accepted()
    assert "L7 S3" == trader.held(LINEAR)


@BOTH_KINDS
def test_a_small_part_of_a_large_position_opens_nothing_when_it_is_dust(
    open_account: OpenAccount, set_book: SetBook, product: Product
) -> None:
    """A12: closing 0.01 worth 3 of a larger position is done; opening it is not."""
    set_book(product, bids=(("300", "1000"),), asks=(("300.5", "1000"),), mark="300")
    trader = open_with(open_account, product, "L1")
    answer = trader.reverse(product, side="buy", tradeSide="open", size="0.01")
    assert "L0.99" == trader.held(product)
    _, opened = reversal_records(trader, product, answer.data["orderId"])
    assert ("canceled", "0") == (opened["status"], plain(opened["baseVolume"]))


# A13: other reasons for which the open leg is not opened.


def test_an_open_leg_beyond_the_tier_is_not_opened(open_account: OpenAccount, set_book: SetBook) -> None:
    """contracts.md 11: the tier must allow the new leg; with leverage 150 that ends at a value of 200 000."""
    set_book(LINEAR)
    trader = open_account()
    trader.set_leverage(LINEAR, leverage="150").accepted()
    trader.take(LINEAR, "+200")
    set_book(LINEAR, bids=(("1010", "1000"),), asks=(("1011", "1000"),), mark="1010")
    answer = trader.reverse(LINEAR)
    assert "flat" == trader.held(LINEAR)
    assert "canceled" == trader.order(LINEAR, answer.data["orderId"])["state"]


def test_an_open_leg_at_a_ruinous_price_is_not_opened(open_account: OpenAccount, set_book: SetBook) -> None:
    """contracts.md 5 (inferred here): an isolated short at 951 is bankrupt with the mark at 1000."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L20", "isolated")
    set_book(LINEAR, bids=(("951", "1000"),))
    answer = trader.reverse(LINEAR, side="buy", tradeSide="open")
    assert "flat" == trader.held(LINEAR)
    assert "canceled" == trader.order(LINEAR, answer.data["orderId"])["state"]


# A14: what a client that lost the answer finds.


@BOTH_KINDS
def test_a_lost_answer_is_found_by_client_oid(
    open_account: OpenAccount, set_book: SetBook, product: Product
) -> None:
    """A14: after a hang-up the clientOid tells what happened, and a retry is a duplicate."""
    set_book(product)
    trader = open_with(open_account, product, "+20")
    path = REVERSE
    body = json.dumps(product.names | {"clientOid": "lost-1"}).encode()
    trader.connection.send_and_hang_up("POST", path, trader.signed("POST", path, body), body)
    found = first_success(trader, product, "lost-1")
    assert ("filled", "20", "NO") == (found["state"], plain(found["baseVolume"]), found["reduceOnly"])
    assert "-20" == trader.held(product)
    assert_refused(trader.post(path, body), "40786")
    assert "-20" == trader.held(product)


def first_success(trader: Trader, product: Product, client_oid: str) -> dict[str, Any]:
    """Ask until the order is known, since the request may still be on its way; a bounded number of times."""
    for _ in range(2000):
        answer: Answer = trader.detail(product, clientOid=client_oid)
        if answer.status == 200:
            assert isinstance(answer.data, dict)
            return answer.data
        assert_refused(answer, "40109")
    message = f"{client_oid} was never executed"
    raise AssertionError(message)


@BOTH_KINDS
def test_a_refused_client_oid_is_still_free(
    open_account: OpenAccount, set_book: SetBook, product: Product
) -> None:
    """A15, A18 (inferred): a refusal leaves no record, so that its clientOid can be used afterwards."""
    set_book(product)
    trader = open_account(posMode=ONE_WAY)
    assert_refused(trader.reverse(product, clientOid="again"), "40757")
    trader.take(product, "+1")
    assert "again" == trader.reverse(product, clientOid="again").data["clientOid"]
    assert "-1" == trader.held(product)


@pytest.mark.parametrize("client_oid", ["0aZ_:#+- " * 7 + "x", "1", "a b", "#"])
def test_client_oids_of_every_allowed_kind(
    open_account: OpenAccount, set_book: SetBook, client_oid: str
) -> None:
    """errors.md: 1 to 64 of the allowed characters are kept as they are, and found again."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "+1")
    assert client_oid == trader.reverse(LINEAR, clientOid=client_oid).data["clientOid"]
    assert client_oid == trader.detail(LINEAR, clientOid=client_oid).data["clientOid"]


# A16: letter case.


def test_names_in_any_case(open_account: OpenAccount, set_book: SetBook) -> None:
    """A16: symbol, productType and marginCoin are read in any case and answered in capitals."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L10")
    body = {"symbol": "ethUsdt", "productType": "usdt-futures", "marginCoin": "uSDT", "side": "Buy"}
    answer = trader.post(REVERSE, body | {"tradeSide": "OPEN", "size": 4})
    row = trader.order(LINEAR, answer.data["orderId"])
    assert ("ETHUSDT", "USDT", "4") == (row["symbol"], row["marginCoin"], plain(row["size"]))
    assert "L6 S4" == trader.held(LINEAR)


# A17: leverage and margin mode of the new leg.


@BOTH_KINDS
@pytest.mark.parametrize("held", ["L10", "+10"])
def test_the_new_leg_has_the_leverage_of_the_symbol_crossed(
    open_account: OpenAccount, set_book: SetBook, product: Product, held: str
) -> None:
    """A17: leverage is not a parameter, the crossed setting of the symbol applies."""
    set_book(product)
    trader = open_account(posMode=HEDGE if held[0] == "L" else ONE_WAY)
    trader.set_leverage(product, leverage="7").accepted()
    trader.take(product, held)
    trader.reverse(product, side="buy", tradeSide="open").accepted()
    short = trader.position(product, "short")
    assert ("7", "crossed") == (short["leverage"], short["marginMode"])
    # Crossed margin is the value at mark over leverage, here a division that may not end.
    expected = sums.value(product, Fraction(10), sums.exact(MARK)) / 7
    assert expected <= sums.exact(short["marginSize"]) < expected + sums.LAST_PLACE


@BOTH_KINDS
def test_isolated_legs_have_their_own_leverage(
    open_account: OpenAccount, set_book: SetBook, product: Product
) -> None:
    """A17 (inferred for hedge isolated): the new short has the symbol's setting for shorts."""
    set_book(product)
    trader = open_account(posMode=HEDGE, marginMode="isolated")
    trader.set_leverage(product, longLeverage="10", shortLeverage="5").accepted()
    trader.take(product, "L10")
    trader.reverse(product, side="buy", tradeSide="open", size="4").accepted()
    long, short = trader.position(product, "long"), trader.position(product, "short")
    assert ("10", "5") == (long["leverage"], short["leverage"])
    assert sums.value(product, Fraction(6), sums.exact(ASK)) / 10 == sums.exact(long["marginSize"])
    assert sums.value(product, Fraction(4), sums.exact(BID)) / 5 == sums.exact(short["marginSize"])


@BOTH_KINDS
def test_what_is_left_keeps_its_counters(
    open_account: OpenAccount, set_book: SetBook, product: Product
) -> None:
    """contracts.md 2, 11: the remaining leg keeps entry and counters, its margin shrinks in proportion."""
    set_book(product)
    trader = open_with(open_account, product, "L20", "isolated")
    before = trader.position(product, "long")
    trader.reverse(product, side="buy", tradeSide="open", size="3").accepted()
    long, short = trader.position(product, "long"), trader.position(product, "short")
    entry, price = sums.exact(ASK), sums.exact(BID)
    closed = [(price, Fraction(3))]
    assert (before["cTime"], entry) == (long["cTime"], sums.exact(long["openPriceAvg"]))
    assert sums.realised(product, sums.LONG, entry, closed) == sums.exact(long["achievedProfits"])
    paid = sums.fees(product, [(entry, Fraction(20))]) + sums.fees(product, closed)
    assert paid == sums.exact(long["deductedFee"])
    long_margin = sums.value(product, Fraction(17), entry) / 20
    short_margin = sums.value(product, Fraction(3), price) / 20
    assert (long_margin, short_margin) == (sums.exact(long["marginSize"]), sums.exact(short["marginSize"]))
    assert 0 == sums.exact(short["achievedProfits"])
    assert sums.fees(product, closed) == sums.exact(short["deductedFee"])
    available = sums.exact(trader.wallet(product)) - long_margin - short_margin
    assert available == sums.exact(trader.account(product)["available"])


# A19: thin books.


@BOTH_KINDS
@pytest.mark.parametrize("held", ["L20", "+20", "S20", "-20"])
@pytest.mark.parametrize("book", ["empty", "outside the band"])
def test_nothing_to_trade_with_does_nothing(
    open_account: OpenAccount, set_book: SetBook, operator: Operator, product: Product, held: str, book: str
) -> None:
    """A19: an empty book, or one that lies outside the price band, is 22045 and nothing is done."""
    set_book(product)
    trader = open_with(open_account, product, held)
    far = {"empty": (EMPTY, EMPTY), "outside the band": ((("949.99", "500"),), (("1050.01", "500"),))}
    bids, asks = far[book]
    set_book(product, bids=bids, asks=asks)
    before = operator.digest()
    side = "buy" if held[0] in "L+" else "sell"
    answer = trader.reverse(product, side=side, tradeSide="open", clientOid="thin-1")
    assert_refused(answer, "22045")
    assert before == operator.digest()
    assert held == trader.held(product)
    assert_refused(trader.detail(product, clientOid="thin-1"), "40109")


@BOTH_KINDS
@pytest.mark.parametrize("held", ["L20", "+20", "S20", "-20"])
def test_the_edge_of_the_band_is_inside(
    open_account: OpenAccount, set_book: SetBook, product: Product, held: str
) -> None:
    """contracts.md 5: sells go down to mark times 0.95 and buys up to mark times 1.05, both included."""
    set_book(product)
    trader = open_with(open_account, product, held)
    set_book(product, bids=(("950", "500"),), asks=(("1050", "500"),))
    side = "buy" if held[0] in "L+" else "sell"
    trader.reverse(product, side=side, tradeSide="open").accepted()
    assert {"L20": "S20", "+20": "-20", "S20": "L20", "-20": "+20"}[held] == trader.held(product)


@BOTH_KINDS
@pytest.mark.parametrize(("held", "left"), [("L20", "L15"), ("+20", "+15")])
def test_a_close_that_empties_the_book_opens_nothing(
    open_account: OpenAccount, set_book: SetBook, product: Product, held: str, left: str
) -> None:
    """A19: the open leg's size is what the close leg filled; with nothing left to hit it stays unfilled."""
    set_book(product)
    trader = open_with(open_account, product, held)
    set_book(product, bids=((BID, "5"),))
    answer = trader.reverse(product, side="buy", tradeSide="open", clientOid="thin-2")
    assert "thin-2" == answer.data["clientOid"]
    assert left == trader.held(product)
    close_row, open_row = reversal_records(trader, product, answer.data["orderId"])
    assert ("20", "5") == (plain(close_row["size"]), plain(close_row["baseVolume"]))
    # inferred: a partly filled market order ends as canceled, like any other.
    assert "canceled" == close_row["status"]
    assert ("canceled", "5", "0") == (
        open_row["status"],
        plain(open_row["size"]),
        plain(open_row["baseVolume"]),
    )


@BOTH_KINDS
def test_the_open_leg_takes_what_the_close_leg_left(
    open_account: OpenAccount, set_book: SetBook, product: Product
) -> None:
    """A19 (inferred: the open leg may fill in part): with 8 to hit and size 5, 5 are closed and 3 opened."""
    set_book(product)
    trader = open_with(open_account, product, "L20")
    set_book(product, bids=((BID, "8"),))
    answer = trader.reverse(product, side="buy", tradeSide="open", size="5")
    assert "L15 S3" == trader.held(product)
    close_row, open_row = reversal_records(trader, product, answer.data["orderId"])
    assert ("filled", "5") == (close_row["status"], plain(close_row["baseVolume"]))
    assert ("5", "3") == (plain(open_row["size"]), plain(open_row["baseVolume"]))


@pytest.mark.parametrize("product", [LINEAR], ids=lambda product: product.symbol)
def test_the_bankruptcy_price_caps_the_close_leg_and_never_refuses(
    open_account: OpenAccount, set_book: SetBook, product: Product
) -> None:
    """
    A19: an isolated long is closed no lower than its bankruptcy price.

    Long 20 at 1000 with leverage 50 has M = 400 and BK = (20*1000 - 400) / (20*(1 - 0.0006)) = 980.588…,
    so 5 close at 999, nothing at 970, and 5 open at 970 where only the band counts.
    """
    set_book(product)
    trader = open_account(posMode=HEDGE, marginMode="isolated")
    trader.set_leverage(product, longLeverage="50", shortLeverage="10").accepted()
    trader.take(product, "L20")
    set_book(product, bids=((BID, "5"), ("970", "500")))
    trader.reverse(product, side="buy", tradeSide="open").accepted()
    assert "L15 S5" == trader.held(product)
    assert sums.exact("970") == sums.exact(trader.position(product, "short")["openPriceAvg"])


@BOTH_KINDS
@BOTH_MARGIN_MODES
@pytest.mark.parametrize("held", ["L20", "+20"])
def test_the_best_prices_go_to_the_close(
    open_account: OpenAccount, set_book: SetBook, product: Product, margin_mode: str, held: str
) -> None:
    """contracts.md 2 and 11: the best fills go to the close, with fees and profit exact to the unit."""
    set_book(product)
    trader = open_with(open_account, product, held, margin_mode)
    bids = (("998.88", "12.34"), ("998.51", "11.11"), ("997.07", "100"))
    set_book(product, bids=bids)
    before = sums.exact(trader.wallet(product))
    answer = trader.reverse(product, side="buy", tradeSide="open")
    assert {"L20": "S20", "+20": "-20"}[held] == trader.held(product)

    closed = sums.sweep(bids, Fraction(20))
    opened = sums.sweep(sums.after(bids, closed), Fraction(20))
    close_row, open_row = reversal_records(trader, product, answer.data["orderId"])
    for row, expected in ((close_row, closed), (open_row, opened)):
        fills = trader.fills(product, orderId=row["orderId"])
        actual = [(sums.exact(fill["price"]), sums.exact(fill["baseVolume"])) for fill in reversed(fills)]
        assert expected == actual
        assert -sums.fees(product, expected) == sums.exact(row["fee"])
        assert sums.average(expected) == sums.exact(row["priceAvg"])
    gain = sums.realised(product, sums.LONG, sums.exact(ASK), closed)
    assert gain == sums.exact(close_row["totalProfits"])
    assert sums.average(opened) == sums.exact(trader.position(product, "short")["openPriceAvg"])
    paid = sums.fees(product, closed) + sums.fees(product, opened)
    assert before + gain - paid == sums.exact(trader.wallet(product))


# A20: copy-trading traders.


@BOTH_KINDS
def test_a_copy_trader_has_one_call_a_second(limited_venue: VenueProcess, product: Product) -> None:
    """A20: the second call in a second is refused with 429, and the record says trader_reverse."""
    operator = limited_venue.operator
    operator.set_book(product, [(BID, "100000")], [(ASK, "100000")], MARK)
    trader = operator.trader(copyTrader=True)
    trader.take(product, "+1")
    answers = [trader.reverse(product) for _ in range(2)]
    assert ["0", "0"] == [answer.headers["x-mbx-used-remain-limit"] for answer in answers]
    answers[0].accepted()
    assert_refused(answers[1], "429", status=429)
    assert "-1" == trader.held(product)
    assert 2 == len(trader.past_orders(product, orderSource="trader_reverse"))
    assert [] == trader.past_orders(product, orderSource="reverse")
