"""
What many tests ask of an answer or a row, and the names of the cases that they run over.

Fields are those of rest-private.md: every one must be there, as text unless it is an excepted number.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest

from tests.http import sums
from tests.http.conftest import OpenAccount
from tests.http.venue import INVERSE, LINEAR, USDC, Answer, Operator, Product, Trader

HEDGE, ONE_WAY = "hedge_mode", "one_way_mode"
BOTH_KINDS = pytest.mark.parametrize("product", [LINEAR, INVERSE], ids=lambda product: product.symbol)
ALL_PRODUCTS = pytest.mark.parametrize("product", [LINEAR, INVERSE, USDC], ids=lambda product: product.symbol)
BOTH_MARGIN_MODES = pytest.mark.parametrize("margin_mode", ["crossed", "isolated"])
BOTH_POSITION_MODES = pytest.mark.parametrize("position_mode", [HEDGE, ONE_WAY])


#: Whether the specification states a code or leaves it to us.
GIVEN, INFERRED = "given", "inferred"

#: A reversal that succeeds on a hedge account with a long position: every fault is made to this one.
GOOD: dict[str, Any] = LINEAR.names | {"side": "buy", "tradeSide": "open", "size": "3"}

ORDER_FIELDS = {
    "symbol", "size", "orderId", "clientOid", "baseVolume", "quoteVolume", "priceAvg", "price", "fee",
    "side", "force", "totalProfits", "posSide", "marginCoin", "orderType", "leverage", "marginMode",
    "reduceOnly", "enterPointSource", "tradeSide", "posMode", "orderSource", "cancelReason", "cTime",
    "uTime", "presetStopSurplusPrice", "presetStopSurplusType", "presetStopSurplusExecutePrice",
    "presetStopLossPrice", "presetStopLossType", "presetStopLossExecutePrice",
}  # fmt: skip

POSITION_FIELDS = {
    "symbol", "marginCoin", "holdSide", "openDelegateSize", "marginSize", "available", "locked", "total",
    "leverage", "achievedProfits", "openPriceAvg", "marginMode", "posMode", "unrealizedPL",
    "liquidationPrice", "keepMarginRate", "markPrice", "marginRatio", "breakEvenPrice", "totalFee",
    "deductedFee", "assetMode", "cTime", "uTime",
}  # fmt: skip

BALANCE_FIELDS = {
    "marginCoin", "locked", "available", "crossedMaxAvailable", "isolatedMaxAvailable", "maxTransferOut",
    "accountEquity", "usdtEquity", "btcEquity", "crossedRiskRate", "unrealizedPL", "crossedUnrealizedPL",
    "isolatedUnrealizedPL", "coupon", "assetMode",
}  # fmt: skip

FILL_FIELDS = {
    "tradeId", "symbol", "orderId", "price", "baseVolume", "quoteVolume", "feeDetail", "side", "profit",
    "enterPointSource", "tradeSide", "posMode", "tradeScope", "cTime",
}  # fmt: skip

NUMBERS = {"crossedMarginLeverage", "isolatedLongLever", "isolatedShortLever"}


def assert_row(fields: set[str], row: Mapping[str, Any]) -> None:
    """All documented fields are there, and every value but the excepted ones is text."""
    assert fields <= set(row), fields - set(row)
    for name in fields - NUMBERS - {"feeDetail"}:
        assert isinstance(row[name], str), (name, row[name])


def assert_refused(answer: Answer, code: str, status: int = 400) -> None:
    """An error answer has the four keys of the envelope and no data (auth.md section 7)."""
    assert {"code", "msg", "requestTime", "data"} == set(answer.json)
    assert (status, code, None) == (answer.status, answer.code, answer.json["data"]), answer.body
    assert isinstance(answer.json["requestTime"], int)


def assert_same(expected: dict[str, str], row: dict[str, Any]) -> None:
    """Every expected field has exactly this text."""
    assert expected == {name: row.get(name) for name in expected}


def reversal_records(trader: Trader, product: Product, open_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The close record and the open record of the only reversal of this account."""
    rows = trader.past_orders(product, orderSource="reverse")
    assert len(rows) == 2, rows
    (opened,) = [row for row in rows if row["orderId"] == open_id]
    (closed,) = [row for row in rows if row["orderId"] != open_id]
    return closed, opened


def assert_sums(expected: dict[str, Fraction], row: Mapping[str, Any]) -> None:
    """
    Sums that end within 16 decimals are exact; one that does not may differ by a unit of its last place.

    The number of places that an account figure is printed with is inferred: at least 8.
    """
    for name, value in expected.items():
        actual = sums.exact(row[name])
        if (value * 10**16).denominator == 1:
            assert value == actual, (name, str(value), row[name])
        else:
            assert abs(value - actual) <= Fraction(1, 10**8), (name, str(value), row[name])


def open_with(
    open_account: OpenAccount, product: Product, held: str, margin_mode: str = "crossed", **account: Any
) -> Trader:
    """An account in the mode that `held` implies, holding it."""
    position_mode = ONE_WAY if held[0] in "+-" else HEDGE
    trader = open_account(posMode=position_mode, marginMode=margin_mode, **account)
    trader.take(product, held)
    return trader


def assert_envelope_of_refusal(answer: Answer, statuses: set[int]) -> None:
    assert {"code", "msg", "requestTime", "data"} == set(answer.json)
    assert answer.status in statuses
    assert isinstance(answer.json["code"], str)
    assert answer.json["code"] != "00000"
    assert answer.json["data"] is None


def assert_nothing_changed(operator: Operator, trader: Trader, answer: Answer, before: str) -> None:
    assert before == operator.digest()
    assert [] == trader.past_orders(LINEAR, orderSource="reverse"), answer.body
