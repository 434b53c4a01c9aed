"""Leverage, margin mode and position mode: what changes and what is refused (contracts.md section 12)."""

from fractions import Fraction

import pytest

from tests.http import sums
from tests.http.checks import (
    BOTH_KINDS,
    HEDGE,
    ONE_WAY,
    assert_refused,
    open_with,
)
from tests.http.conftest import OpenAccount, SetBook
from tests.http.venue import (
    LINEAR,
    USDC,
    Operator,
    Product,
    plain,
)


@BOTH_KINDS
def test_crossed_leverage(open_account: OpenAccount, set_book: SetBook, product: Product) -> None:
    """Crossed leverage is one value for both legs and may change while a position is held."""
    set_book(product)
    trader = open_account(posMode=HEDGE)
    answer = trader.set_leverage(product, leverage="25")
    expected = {
        "symbol": product.symbol,
        "marginCoin": product.margin_coin,
        "crossMarginLeverage": "25",
        "marginMode": "crossed",
    }
    assert expected == {name: str(answer.data[name]) for name in expected}
    assert {"longLeverage", "shortLeverage"} <= set(answer.data)
    trader.take(product, "L10 S4")
    trader.set_leverage(product, leverage="10").accepted()
    trader.set_leverage(product, leverage="10").accepted()
    for side, size in (("long", 10), ("short", 4)):
        row = trader.position(product, side)
        margin = sums.value(product, Fraction(size), sums.exact("1000")) / 10
        assert ("10", margin) == (row["leverage"], sums.exact(row["marginSize"]))


LEVERAGE_REFUSED = [("151", "43050"), ("0", "43050"), ("-5", "43050"), ("1000000", "43050"), ("2.5", "43050")]


@pytest.mark.parametrize(("leverage", "code"), LEVERAGE_REFUSED)
def test_leverage_out_of_range(
    open_account: OpenAccount, operator: Operator, leverage: str, code: str
) -> None:
    """Leverage outside 1 to 150 is 43050 (for text that is no whole positive number the code is inferred)."""
    trader = open_account()
    before = operator.digest()
    answer = trader.set_leverage(LINEAR, leverage=leverage)
    assert answer.code in ({code} if leverage in {"151", "1000000"} else {code, "40808", "40020", "400172"})
    assert_refused(answer, answer.code)
    assert before == operator.digest()


def test_leverage_is_refused_with_open_orders(
    open_account: OpenAccount, set_book: SetBook, operator: Operator
) -> None:
    """contracts.md 12: an open order forbids a change of its symbol's leverage (45097), not of another's."""
    set_book(LINEAR)
    trader = open_account()
    trader.limit(LINEAR, "buy", "1", "960")
    before = operator.digest()
    assert_refused(trader.set_leverage(LINEAR, leverage="10"), "45097")
    assert before == operator.digest()
    trader.set_leverage(LINEAR, leverage="20").accepted()  # No change: clients.md rule 7.
    trader.set_leverage(USDC, leverage="10").accepted()


def test_leverage_is_refused_without_the_margin(
    open_account: OpenAccount, set_book: SetBook, operator: Operator
) -> None:
    """contracts.md 12: lowering leverage needs the missing margin (40893)."""
    set_book(LINEAR)
    trader = open_account(balances={"USDT": "1000"})
    trader.take(LINEAR, "+10")
    before = operator.digest()
    assert_refused(trader.set_leverage(LINEAR, leverage="10"), "40893")
    assert before == operator.digest()
    trader.set_leverage(LINEAR, leverage="11").accepted()


def test_leverage_is_bound_by_the_tier(open_account: OpenAccount, set_book: SetBook) -> None:
    """market.md 4: a position worth 250 000 is in the tier of 100, so 101 is too much for it."""
    set_book(LINEAR)
    trader = open_account()
    trader.take(LINEAR, "+250")
    assert_refused(trader.set_leverage(LINEAR, leverage="101"), "43050")
    trader.set_leverage(LINEAR, leverage="100").accepted()


def test_an_opening_beyond_the_tier_is_refused(open_account: OpenAccount, set_book: SetBook) -> None:
    """contracts.md 7: with leverage 150 no position above 200 000 may be opened (40921)."""
    set_book(LINEAR)
    trader = open_account()
    trader.set_leverage(LINEAR, leverage="150").accepted()
    assert_refused(trader.place(LINEAR, side="buy", size="200.01"), "40921")
    trader.take(LINEAR, "+200")


def test_isolated_leverage_per_leg(open_account: OpenAccount, set_book: SetBook) -> None:
    """Isolated hedge: a leg is named or both are given; neither is 40808 with the exchange's text."""
    trader = open_account(posMode=HEDGE, marginMode="isolated")
    answer = trader.set_leverage(LINEAR, leverage="10")
    assert_refused(answer, "40808")
    assert "Parameter verification exception double fixed, hold side is null" == answer.json["msg"]
    trader.set_leverage(LINEAR, leverage="10", holdSide="long").accepted()
    trader.set_leverage(LINEAR, leverage="5", holdSide="short").accepted()
    row = trader.account(LINEAR)
    assert (10, 5) == (row["isolatedLongLever"], row["isolatedShortLever"])
    trader.set_leverage(LINEAR, leverage="99", longLeverage="30", shortLeverage="40").accepted()
    row = trader.account(LINEAR)
    assert (30, 40) == (row["isolatedLongLever"], row["isolatedShortLever"])
    set_book(LINEAR)
    trader.take(LINEAR, "L10 S4")
    assert "30" == trader.position(LINEAR, "long")["leverage"]
    trader.set_leverage(LINEAR, leverage="15", holdSide="long").accepted()
    long = trader.position(LINEAR, "long")
    assert "15" == long["leverage"]
    # 6666.66… at the 16th decimal, rounded up.
    assert 0 <= sums.exact(long["marginSize"]) - Fraction(10000, 15) < sums.LAST_PLACE
    assert "40" == trader.position(LINEAR, "short")["leverage"]


def test_raising_isolated_leverage_leaves_the_margin(open_account: OpenAccount, set_book: SetBook) -> None:
    """contracts.md 5: the surplus stays in the position's margin; lowering draws what is missing."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "+10", "isolated")
    before = trader.account(LINEAR)["available"]
    trader.set_leverage(LINEAR, leverage="40").accepted()
    assert ("40", "500") == (
        trader.position(LINEAR, "long")["leverage"],
        plain(trader.position(LINEAR, "long")["marginSize"]),
    )
    assert before == trader.account(LINEAR)["available"]
    trader.set_leverage(LINEAR, leverage="10").accepted()
    assert "1000" == plain(trader.position(LINEAR, "long")["marginSize"])
    assert sums.exact(before) - 500 == sums.exact(trader.account(LINEAR)["available"])


def test_margin_mode(open_account: OpenAccount, set_book: SetBook, operator: Operator) -> None:
    """contracts.md 12: the margin mode changes while flat and without orders on the symbol, else 45117."""
    set_book(LINEAR)
    set_book(USDC)
    trader = open_account()
    trader.take(USDC, "+1")
    answer = trader.set_margin_mode(LINEAR, "isolated")
    expected = {"symbol": "ETHUSDT", "marginCoin": "USDT", "marginMode": "isolated"}
    assert expected == {name: answer.data[name] for name in expected}
    assert {"longLeverage", "shortLeverage"} <= set(answer.data)
    assert "isolated" == trader.account(LINEAR)["marginMode"]
    assert "crossed" == trader.account(USDC)["marginMode"]
    order_id = trader.limit(LINEAR, "buy", "1", "960", marginMode="isolated")
    before = operator.digest()
    assert_refused(trader.set_margin_mode(LINEAR, "crossed"), "45117")
    assert before == operator.digest()
    trader.cancel(LINEAR, order_id).accepted()
    trader.market(LINEAR, "buy", "1", marginMode="isolated")
    assert_refused(trader.set_margin_mode(LINEAR, "crossed"), "45117")
    # No change succeeds even then: clients.md rule 7, freqtrade repeats it before every order.
    trader.set_margin_mode(LINEAR, "isolated").accepted()
    trader.market(LINEAR, "sell", "1", marginMode="isolated")
    trader.set_margin_mode(LINEAR, "crossed").accepted()
    assert_refused(trader.set_margin_mode(LINEAR, "portfolio"), "400172")


def test_position_mode(open_account: OpenAccount, set_book: SetBook, operator: Operator) -> None:
    """contracts.md 12: the position mode of a product type changes while all of it is flat, else 40920."""
    set_book(LINEAR)
    set_book(USDC)
    trader = open_account()
    assert {"posMode": HEDGE} == trader.set_position_mode(LINEAR, HEDGE).data
    assert HEDGE == trader.account(LINEAR)["posMode"]
    assert ONE_WAY == trader.account(USDC)["posMode"]
    order_id = trader.limit(LINEAR, "buy", "1", "960", tradeSide="open")
    before = operator.digest()
    assert_refused(trader.set_position_mode(LINEAR, ONE_WAY), "40920")
    assert before == operator.digest()
    trader.cancel(LINEAR, order_id).accepted()
    trader.take(LINEAR, "L1")
    assert_refused(trader.set_position_mode(LINEAR, ONE_WAY), "40920")
    trader.set_position_mode(LINEAR, HEDGE).accepted()
    # Another product type is free to change.
    trader.set_position_mode(USDC, HEDGE).accepted()
    trader.market(LINEAR, "buy", "1", tradeSide="close")
    trader.set_position_mode(LINEAR, ONE_WAY).accepted()
    assert_refused(trader.set_position_mode(LINEAR, "both"), "400172")
