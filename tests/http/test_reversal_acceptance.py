"""
The acceptance table of reversal.md section 7, row by row, over HTTP with real signatures.

A held position is written as in the table: "L17 S3" on a hedge account, "+20" or "-20" on a one-way
account. Positions are opened by real orders against the house. Expected sums are computed in `sums.py`
from contracts.md, and "inferred" in a docstring or comment marks what the specification does not state.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.http import sums
from tests.http.checks import (
    ALL_PRODUCTS,
    BOTH_KINDS,
    BOTH_MARGIN_MODES,
    BOTH_POSITION_MODES,
    HEDGE,
    assert_refused,
    assert_same,
    open_with,
    reversal_records,
)
from tests.http.conftest import ASK, BID, MARK, OpenAccount, SetBook
from tests.http.venue import (
    LINEAR,
    REVERSE,
    Answer,
    Operator,
    Product,
    Trader,
    VenueProcess,
    plain,
)

#: The documented request, beyond the names: lower case, a size that one-way mode ignores, no side.
DOCUMENTED = {"size": "30", "clientOid": "12345"}


def reversed_quantity(before: str, after: str) -> tuple[int, str]:
    """Direction and size of what was closed, read off two descriptions such as "L20" and "L17 S3"."""
    if before[0] in "+-":
        return (sums.LONG if before[0] == "+" else sums.SHORT), before[1:]
    size = {"L": Fraction(0), "S": Fraction(0)}
    for sign, text in ((1, before), (-1, after)):
        for leg in text.split():
            size[leg[0]] += sign * Fraction(leg[1:])
    shrunk = "L" if size["L"] > 0 else "S"
    return (sums.LONG if shrunk == "L" else sums.SHORT), str(size[shrunk])


def leg_words(position_mode: str, direction: int) -> tuple[dict[str, str], dict[str, str]]:
    """
    The fields of section 6 for the close and the open leg, when `direction` was reversed.

    In hedge mode `side` names the position's direction, in one-way mode the trade's.
    """
    long = direction == sums.LONG
    if position_mode == HEDGE:
        close = {
            "side": "buy" if long else "sell",
            "tradeSide": "close",
            "posSide": "long" if long else "short",
        }
        opened = {
            "side": "sell" if long else "buy",
            "tradeSide": "open",
            "posSide": "short" if long else "long",
        }
    else:
        side = "sell" if long else "buy"
        close = {"side": side, "tradeSide": f"{side}_single", "posSide": "net"}
        opened = dict(close)
    return close | {"reduceOnly": "YES"}, opened | {"reduceOnly": "NO"}


def assert_reversed(
    trader: Trader,
    product: Product,
    answer: Answer,
    *,
    direction: int,
    size: str,
    wallet_before: Decimal,
    client_oid: str | None,
) -> None:
    """The reply, both records, all fills, fees, profits and the wallet agree to the unit."""
    assert {"orderId", "clientOid"} == set(answer.data)
    open_id = answer.data["orderId"]
    assert isinstance(open_id, str)
    if client_oid is None:
        assert str(int(open_id) + 1) == answer.data["clientOid"]
    else:
        assert client_oid == answer.data["clientOid"]

    position_mode = trader.account(product)["posMode"]
    close_words, open_words = leg_words(position_mode, direction)
    close_row, open_row = reversal_records(trader, product, open_id)
    price = sums.exact(BID if direction == sums.LONG else ASK)
    entry = sums.exact(ASK if direction == sums.LONG else BID)
    piece = [(price, sums.exact(size))]
    fee = sums.fees(product, piece)
    gain = sums.realised(product, direction, entry, piece)
    both = {
        "symbol": product.symbol,
        "marginCoin": product.margin_coin,
        "marginMode": trader.margin_mode,
        "posMode": position_mode,
        "orderType": "market",
        "orderSource": "reverse",
        "enterPointSource": "API",
        "force": "ioc",
        "status": "filled",
    }
    for row, words, earned in ((close_row, close_words, gain), (open_row, open_words, Fraction(0))):
        assert_same(both | words, row)
        assert "feeDetail" not in row
        assert (plain(size), plain(size)) == (plain(row["size"]), plain(row["baseVolume"]))
        assert price == sums.exact(row["priceAvg"])
        assert -fee == sums.exact(row["fee"])
        assert earned == sums.exact(row["totalProfits"])
        assert_fills(trader, product, row, price=price, size=sums.exact(size), fee=fee, gain=earned)
    assert answer.data["clientOid"] == open_row["clientOid"]
    assert close_row["clientOid"] == str(int(close_row["orderId"]) + 1)
    for identifier in ({"orderId": open_id}, {"clientOid": answer.data["clientOid"]}):
        detail = trader.detail(product, **identifier).data
        assert (open_id, "filled") == (detail["orderId"], detail["state"])

    assert sums.exact(wallet_before) + gain - 2 * fee == sums.exact(trader.wallet(product))


def assert_fills(
    trader: Trader,
    product: Product,
    order: dict[str, Any],
    *,
    price: Fraction,
    size: Fraction,
    fee: Fraction,
    gain: Fraction,
) -> None:
    """The fills of one leg: taker, at the expected price, fees negative and in the margin coin."""
    (fill,) = trader.fills(product, orderId=order["orderId"])
    words = {"symbol": product.symbol, "orderId": order["orderId"], "tradeScope": "taker"}
    assert_same(
        words | {name: order[name] for name in ("side", "tradeSide", "posMode", "enterPointSource")}, fill
    )
    assert (price, size) == (sums.exact(fill["price"]), sums.exact(fill["baseVolume"]))
    assert price * size == sums.exact(fill["quoteVolume"])
    assert gain == sums.exact(fill["profit"])
    (detail,) = fill["feeDetail"]
    assert product.margin_coin == detail["feeCoin"]
    assert -fee == sums.exact(detail["totalFee"])


# Rows 1 to 6: hedge mode, done.

HEDGE_DONE = [
    # row, held, request, end state
    ("1", "L20", {"side": "buy", "tradeSide": "open", "size": "3"}, "L17 S3"),
    ("2", "L10", {"side": "buy", "tradeSide": "open", "size": "10"}, "S10"),
    ("3", "L10", {"side": "buy", "tradeSide": "open", "size": "11"}, "S10"),
    ("4", "L10", {"side": "buy", "tradeSide": "open"}, "S10"),
    ("5", "S5", {"side": "sell", "tradeSide": "open", "size": "2"}, "L2 S3"),
    ("6", "L10 S4", {"side": "buy", "tradeSide": "open", "size": "4"}, "L6 S8"),
]


@BOTH_KINDS
@BOTH_MARGIN_MODES
@pytest.mark.parametrize(
    ("row", "held", "fields", "end"), HEDGE_DONE, ids=[f"row{row[0]}" for row in HEDGE_DONE]
)
def test_hedge_rows_that_reverse(
    open_account: OpenAccount,
    set_book: SetBook,
    product: Product,
    margin_mode: str,
    row: str,
    held: str,
    fields: dict[str, str],
    end: str,
) -> None:
    """Rows 1 to 6: the named leg is closed by the size, at most whole, and as much is opened opposite."""
    set_book(product)
    trader = open_with(open_account, product, held, margin_mode)
    wallet_before = trader.wallet(product)
    client_oid = f"row-{row}"
    answer = trader.reverse(product, **fields, clientOid=client_oid)
    assert end == trader.held(product)
    direction, size = reversed_quantity(held, end)
    assert_reversed(
        trader,
        product,
        answer,
        direction=direction,
        size=size,
        wallet_before=wallet_before,
        client_oid=client_oid,
    )


# Rows 7 to 9: hedge mode, refused.

HEDGE_REFUSED = [
    # row, held, request, code
    ("7", "L10", {"side": "sell", "tradeSide": "open"}, "40757"),
    ("8", "L10", {"side": "buy"}, "40774"),
    ("8-sample", "L10", DOCUMENTED, "40774"),
    ("9", "L10", {"tradeSide": "open"}, "400172"),
]


@BOTH_KINDS
@pytest.mark.parametrize(
    ("held", "fields", "code"),
    [row[1:] for row in HEDGE_REFUSED],
    ids=[f"row{row[0]}" for row in HEDGE_REFUSED],
)
def test_hedge_rows_that_are_refused(
    open_account: OpenAccount,
    set_book: SetBook,
    operator: Operator,
    product: Product,
    held: str,
    fields: dict[str, str],
    code: str,
) -> None:
    """Rows 7 to 9: refused with the code of the table, nothing is done and no record is left."""
    set_book(product)
    trader = open_with(open_account, product, held)
    before = operator.digest()
    assert_refused(trader.reverse(product, **fields), code)
    assert before == operator.digest()
    assert held == trader.held(product)
    assert [] == trader.past_orders(product, orderSource="reverse")


# Rows 10 to 13: one-way mode.

ONE_WAY_DONE = [
    # row, held, request, end state
    ("10", "+20", DOCUMENTED, "-20"),
    ("11", "+20", {"size": "3"}, "-20"),
    ("11-equal", "+20", {"size": "20"}, "-20"),
    ("12", "-20", {}, "+20"),
    ("13-buy", "+20", {"side": "buy", "tradeSide": "open"}, "-20"),
    ("13-sell", "+20", {"side": "sell", "tradeSide": "open"}, "-20"),
    ("13-short", "-20", {"side": "sell", "tradeSide": "nonsense"}, "+20"),
]


@BOTH_KINDS
@BOTH_MARGIN_MODES
@pytest.mark.parametrize(
    ("held", "fields", "end"), [row[1:] for row in ONE_WAY_DONE], ids=[f"row{row[0]}" for row in ONE_WAY_DONE]
)
def test_one_way_rows(
    open_account: OpenAccount,
    set_book: SetBook,
    product: Product,
    margin_mode: str,
    held: str,
    fields: dict[str, str],
    end: str,
) -> None:
    """Rows 10 to 13: the whole position is reversed once, whatever size, side or tradeSide say."""
    set_book(product)
    trader = open_with(open_account, product, held, margin_mode)
    before = trader.position_rows(product)[0]
    wallet_before = trader.wallet(product)
    answer = trader.reverse(product, **fields)
    assert end == trader.held(product)
    direction, size = reversed_quantity(held, end)
    assert_reversed(
        trader,
        product,
        answer,
        direction=direction,
        size=size,
        wallet_before=wallet_before,
        client_oid=fields.get("clientOid"),
    )
    assert_new_position(trader, product, before, direction=direction, size=size)


def assert_new_position(
    trader: Trader, product: Product, before: dict[str, Any], *, direction: int, size: str
) -> None:
    """The new leg has its own entry, margin and time, and counters that start at its own open fee."""
    (row,) = trader.position_rows(product)
    price = sums.exact(BID if direction == sums.LONG else ASK)
    quantity = sums.exact(size)
    assert price == sums.exact(row["openPriceAvg"])
    assert int(before["cTime"]) <= int(row["cTime"])
    assert 0 == sums.exact(row["achievedProfits"])
    assert sums.fees(product, [(price, quantity)]) == sums.exact(row["deductedFee"])
    priced_at = price if trader.margin_mode == "isolated" else sums.exact(MARK)
    assert sums.value(product, quantity, priced_at) / 20 == sums.exact(row["marginSize"])
    assert ("20", trader.margin_mode) == (row["leverage"], row["marginMode"])


@pytest.mark.parametrize("names", ["ethusdt", "EthUsdt"])
def test_the_documented_sample_works_as_printed(
    open_account: OpenAccount, set_book: SetBook, names: str
) -> None:
    """Row 10 with the documentation's own bytes: lower-case symbol and margin coin (A16)."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "+20")
    body = {"symbol": names, "productType": "USDT-FUTURES", "marginCoin": "usdt", **DOCUMENTED}
    answer = trader.post(REVERSE, body)
    assert "12345" == answer.data["clientOid"]
    assert "-20" == trader.held(LINEAR)
    detail = trader.detail(LINEAR, clientOid="12345").data
    assert ("ETHUSDT", "USDT") == (detail["symbol"], detail["marginCoin"])


# Row 14: flat.


@BOTH_KINDS
@BOTH_POSITION_MODES
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_row_14_flat(
    open_account: OpenAccount,
    set_book: SetBook,
    operator: Operator,
    product: Product,
    position_mode: str,
    side: str,
) -> None:
    """Row 14: without a position the answer is 40757 with its text, and there are no records (A15)."""
    set_book(product)
    trader = open_account(posMode=position_mode)
    before = operator.digest()
    answer = trader.reverse(product, side=side, tradeSide="open", clientOid="flat-1")
    assert_refused(answer, "40757")
    assert "Not enough position is available." == answer.json["msg"]
    assert before == operator.digest()
    assert [] == trader.past_orders(product)
    assert_refused(trader.detail(product, clientOid="flat-1"), "40109")


# Row 15: too little margin for the new leg.

#: Funds that pay for opening 20 at 1000 with leverage 20 and for closing them, but not for opening again.
SHORT_OF_MARGIN = {"USDT": "1020", "USDC": "1020", "ETH": "1.02"}


@ALL_PRODUCTS
@BOTH_MARGIN_MODES
@pytest.mark.parametrize("held", ["L20", "+20"])
def test_row_15_too_little_margin_closes_and_does_not_open(
    open_account: OpenAccount, set_book: SetBook, product: Product, margin_mode: str, held: str
) -> None:
    """Row 15: the close stands, the open leg is a record that is canceled with nothing filled (A13, A14)."""
    set_book(product)
    trader = open_with(open_account, product, held, margin_mode, balances=SHORT_OF_MARGIN)
    wallet_before = sums.exact(trader.wallet(product))
    answer = trader.reverse(product, side="buy", tradeSide="open", clientOid="poor-1")
    assert "poor-1" == answer.data["clientOid"]
    assert "flat" == trader.held(product)
    close_row, open_row = reversal_records(trader, product, answer.data["orderId"])
    assert ("filled", "20") == (close_row["status"], plain(close_row["baseVolume"]))
    assert ("canceled", "0", "") == (open_row["status"], plain(open_row["baseVolume"]), open_row["priceAvg"])
    assert 0 == sums.exact(open_row["fee"])
    detail = trader.detail(product, clientOid="poor-1").data
    assert (answer.data["orderId"], "canceled") == (detail["orderId"], detail["state"])
    assert [] == trader.fills(product, orderId=open_row["orderId"])
    piece = [(sums.exact(BID), sums.exact("20"))]
    gain = sums.realised(product, sums.LONG, sums.exact(ASK), piece)
    assert wallet_before + gain - sums.fees(product, piece) == sums.exact(trader.wallet(product))


@BOTH_KINDS
@BOTH_MARGIN_MODES
def test_profit_and_released_margin_of_the_close_pay_for_the_opening(
    open_account: OpenAccount, set_book: SetBook, product: Product, margin_mode: str
) -> None:
    """contracts.md 11: the same funds suffice after a rise, because what the close brings counts."""
    set_book(product)
    trader = open_with(open_account, product, "+20", margin_mode, balances=SHORT_OF_MARGIN)
    set_book(product, bids=(("1100", "100"),), asks=(("1101", "100"),), mark="1100")
    answer = trader.reverse(product)
    assert "-20" == trader.held(product)
    assert "filled" == trader.order(product, answer.data["orderId"])["state"]


# Row 16: dust.


@BOTH_KINDS
@BOTH_MARGIN_MODES
@pytest.mark.parametrize("held", ["L0.02", "+0.02"])
def test_row_16_dust_is_closed_and_not_opened(
    open_account: OpenAccount, set_book: SetBook, product: Product, margin_mode: str, held: str
) -> None:
    """Row 16: a position worth 3 is closed; the open leg would be below 5 and is canceled (A12)."""
    set_book(product, bids=(("300", "1000"),), asks=(("300.5", "1000"),), mark="300")
    trader = open_with(open_account, product, held, margin_mode)
    if held[0] == "L":
        trader.market(product, "buy", "0.01", tradeSide="close")
    else:
        trader.market(product, "sell", "0.01", reduceOnly="YES")
    assert f"{held[0]}0.01" == trader.held(product)
    answer = trader.reverse(product, side="buy", tradeSide="open", clientOid="dust-1")
    assert "flat" == trader.held(product)
    close_row, open_row = reversal_records(trader, product, answer.data["orderId"])
    assert ("filled", "0.01") == (close_row["status"], plain(close_row["baseVolume"]))
    assert ("canceled", "0") == (open_row["status"], plain(open_row["baseVolume"]))
    assert "canceled" == trader.detail(product, clientOid="dust-1").data["state"]


# Rows 17 and 18: limit closes lock part or all of the position.


@BOTH_KINDS
@BOTH_MARGIN_MODES
def test_row_17_only_the_free_part_is_reversed(
    open_account: OpenAccount, set_book: SetBook, product: Product, margin_mode: str
) -> None:
    """Row 17: 70 of 100 are locked, 50 are asked for, 30 are closed and opened; the limit close stays."""
    set_book(product)
    trader = open_with(open_account, product, "L100", margin_mode)
    close_id = trader.limit(product, "buy", "70", "1040", tradeSide="close")
    answer = trader.reverse(product, side="buy", tradeSide="open", size="50")
    assert "L70 S30" == trader.held(product)
    long = trader.position(product, "long")
    assert ("70", "0", "70") == tuple(plain(long[name]) for name in ("total", "available", "locked"))
    assert "live" == trader.order(product, close_id)["state"]
    close_row, open_row = reversal_records(trader, product, answer.data["orderId"])
    assert ("30", "30") == (plain(close_row["baseVolume"]), plain(open_row["baseVolume"]))
    assert ("filled", "30") == (open_row["status"], plain(open_row["size"]))


@BOTH_KINDS
@BOTH_MARGIN_MODES
def test_row_18_a_limit_close_that_locks_everything_is_cancelled(
    open_account: OpenAccount, set_book: SetBook, product: Product, margin_mode: str
) -> None:
    """Row 18: all 100 are locked, so the limit close is cancelled and 50 are reversed."""
    set_book(product)
    trader = open_with(open_account, product, "L100", margin_mode)
    close_id = trader.limit(product, "buy", "100", "1040", tradeSide="close")
    trader.reverse(product, side="buy", tradeSide="open", size="50").accepted()
    assert "L50 S50" == trader.held(product)
    cancelled = trader.order(product, close_id)
    assert ("canceled", "back_contract_cancel") == (cancelled["state"], cancelled["cancelReason"])
    assert [] == trader.pending(product)


@BOTH_KINDS
def test_locking_closes_are_cancelled_oldest_first_until_the_size_is_free(
    open_account: OpenAccount, set_book: SetBook, product: Product
) -> None:
    """A10: with nothing free, limit closes go oldest first, and those not needed stay."""
    set_book(product)
    trader = open_with(open_account, product, "L100")
    closes = [trader.limit(product, "buy", size, "1040", tradeSide="close") for size in ("30", "30", "40")]
    trader.reverse(product, side="buy", tradeSide="open", size="50").accepted()
    assert "L50 S50" == trader.held(product)
    states = [trader.order(product, order_id)["state"] for order_id in closes]
    assert ["canceled", "canceled", "live"] == states
    long = trader.position(product, "long")
    assert ("50", "10", "40") == tuple(plain(long[name]) for name in ("total", "available", "locked"))


# Rows 19 to 21: any mode.


@BOTH_KINDS
@pytest.mark.parametrize("held", ["L10", "+10"])
def test_row_19_a_used_client_oid_reverses_nothing(
    open_account: OpenAccount, set_book: SetBook, operator: Operator, product: Product, held: str
) -> None:
    """Row 19: the clientOid of any earlier order is refused before anything is executed (A18)."""
    set_book(product)
    trader = open_with(open_account, product, held)
    words = {"tradeSide": "open"} if held[0] == "L" else {}
    trader.limit(product, "buy", "1", "960", clientOid="resting-1", **words)
    cancelled = trader.limit(product, "buy", "1", "960", clientOid="cancelled-1", **words)
    trader.cancel(product, cancelled).accepted()
    trader.reverse(product, side="buy", tradeSide="open", clientOid="reversal-1").accepted()
    held_after = trader.held(product)
    before = operator.digest()
    for client_oid in ("reversal-1", "resting-1", "cancelled-1"):
        answer = trader.reverse(product, side="sell", tradeSide="open", clientOid=client_oid)
        assert_refused(answer, "40786")
        assert "Duplicate clientOid" == answer.json["msg"]
    assert before == operator.digest()
    assert held_after == trader.held(product)
    assert 2 == len(trader.past_orders(product, orderSource="reverse"))


def test_a_client_oid_belongs_to_one_account(open_account: OpenAccount, set_book: SetBook) -> None:
    """A18: what one account used is free for another one."""
    set_book(LINEAR)
    for trader in (open_with(open_account, LINEAR, "+1"), open_with(open_account, LINEAR, "+1")):
        assert "mine" == trader.reverse(LINEAR, clientOid="mine").data["clientOid"]
        assert "-1" == trader.held(LINEAR)


@BOTH_KINDS
@pytest.mark.parametrize("held", ["L10", "+10"])
@pytest.mark.parametrize(
    "size", ["0", "0.00", "-3", "three", " ", "1e1", "NaN", "Infinity", "0x10", "3,5", "1_0"]
)
def test_row_20_a_size_that_is_no_positive_number(
    open_account: OpenAccount, set_book: SetBook, operator: Operator, product: Product, held: str, size: str
) -> None:
    """Row 20: zero, negative and text are refused in both modes (exponents: inferred)."""
    set_book(product)
    trader = open_with(open_account, product, held)
    before = operator.digest()
    assert_refused(trader.reverse(product, side="buy", tradeSide="open", size=size), "40808")
    assert before == operator.digest()
    assert held == trader.held(product)


@BOTH_KINDS
def test_row_21_the_11th_call_in_one_second_is_refused(limited_venue: VenueProcess, product: Product) -> None:
    """Row 21: ten are executed, the others get 429 and do nothing; the next second has ten more."""
    operator = limited_venue.operator
    operator.set_book(product, [(BID, "100000")], [(ASK, "100000")], MARK)
    trader = operator.trader()
    trader.take(product, "+1")
    answers = [trader.reverse(product) for _ in range(15)]
    assert [200] * 10 == [answer.status for answer in answers[:10]]
    for answer in answers[10:]:
        assert_refused(answer, "429", status=429)
        assert "Too Many Requests" == answer.json["msg"]
    left = [int(answer.headers["x-mbx-used-remain-limit"]) for answer in answers]
    assert [*range(9, -1, -1), *[0] * 5] == left
    assert "+1" == trader.held(product)
    operator.ask("POST", "/_venue/clock/advance", {"by": "1s"})
    trader.reverse(product).accepted()
    assert "-1" == trader.held(product)
