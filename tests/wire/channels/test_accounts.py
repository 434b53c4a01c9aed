import json
from typing import Any

import msgspec
import pytest

from backhand.commands import SHORT
from backhand.wire.channels.accounts import (
    ClosedPositionView,
    EquityView,
    account_push,
    closed_position_push,
    equity_push,
    position_push,
)
from tests.wire.test_account_answers import ACCOUNT, POSITION

E20 = 10**20


def printed(row: object) -> dict[str, Any]:
    read = json.loads(msgspec.json.encode(row))
    assert isinstance(read, dict)
    return read


def test_an_account() -> None:
    """The balances that clients read have other names than in REST, and the same digits."""
    assert {
        "marginCoin": "USDT", "frozen": "0", "available": "1000", "maxOpenPosAvailable": "999.00000005",
        "maxTransferOut": "998", "equity": "999.9999999999999998", "usdtEquity": "1000",
        "crossedRiskRate": "0.0000000000000001", "unrealizedPL": "-0.0000000000000002",
        "unionTotalMargin": "", "unionAvailable": "", "unionMm": "", "assetsMode": "single",
    } == printed(account_push(ACCOUNT))  # fmt: skip


def test_an_equity() -> None:
    """It is rounded down at 16 decimals, like every amount."""
    assert {
        "btcEquity": "0.0153", "usdtEquity": "1000", "unrealizedPL": "-0.0000000000000001",
        "usdtUnrealized": "-0.0000000000000001", "unionTotalMargin": "", "unionAvailable": "", "unionMm": "",
    } == printed(equity_push(EquityView(153 * 10**16, 1_000 * E20, -1)))  # fmt: skip


def test_an_isolated_position() -> None:
    """Leverage is a number, profit over margin is rounded down, isolated legs have a rate of their own."""
    assert {
        "posId": "77", "instId": "BTCUSDT", "marginCoin": "USDT", "marginSize": "9.6695050093373343",
        "marginMode": "isolated", "holdSide": "long", "posMode": "hedge_mode", "total": "1",
        "available": "0.7", "frozen": "0.3", "openPriceAvg": "25000.000000000001", "leverage": 20,
        "achievedProfits": "-0.00000005", "unrealizedPL": "-1", "unrealizedPLR": "-0.10341792",
        "liquidationPrice": "0", "keepMarginRate": "0.004", "isolatedMarginRate": "0.1082149545822005",
        "marginRate": "0.1082149545822005", "breakEvenPrice": "25000.0000000000000001", "totalFee": "",
        "deductedFee": "0.388", "markPrice": "25100", "assetMode": "single", "autoMargin": "on",
        "cTime": "1", "uTime": str(POSITION.updated_at_ms),
    } == printed(position_push(POSITION))  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"margin_mode": "crossed", "auto_margin": False}, {"marginMode": "crossed", "autoMargin": "off"}),
        ({"side": SHORT, "hedge_mode": False}, {"holdSide": "short", "posMode": "one_way_mode"}),
        ({"funding_e8": -150_000_000}, {"totalFee": "-1.5"}),
        ({"margin_e16": 0}, {"unrealizedPLR": "0", "marginSize": "0"}),
    ],
)
def test_positions(changes: dict[str, Any], shown: dict[str, str]) -> None:
    """What else a leg can be."""
    row = printed(position_push(msgspec.structs.replace(POSITION, **changes)))
    assert shown == {name: row[name] for name in shown}
    assert ("isolatedMarginRate" in row) == (row["marginMode"] == "isolated")


def test_a_position_that_has_ended() -> None:
    """Isolated margin is called fixed here, and what was paid is negative."""
    view = ClosedPositionView(
        position_id=78,
        symbol="BTCUSDT",
        margin_coin="USDT",
        margin_mode="isolated",
        side=SHORT,
        hedge_mode=True,
        open_average_price_e12=25_000 * 10**12,
        close_average_price_e12=24_000 * 10**12,
        opened_size_e8=10**8,
        closed_size_e8=10**8,
        profit_e8=1_000 * 10**8,
        funding_e8=-5 * 10**7,
        open_fee_e8=15 * 10**8,
        close_fee_e8=14 * 10**8,
        opened_at_ms=1,
        closed_at_ms=2,
    )
    assert {
        "posId": "78", "instId": "BTCUSDT", "marginCoin": "USDT", "marginMode": "fixed", "holdSide": "short",
        "posMode": "hedge_mode", "openPriceAvg": "25000", "closePriceAvg": "24000", "openSize": "1",
        "closeSize": "1", "achievedProfits": "1000", "settleFee": "-0.5", "openFee": "-15", "closeFee": "-14",
        "cTime": "1", "uTime": "2",
    } == printed(closed_position_push(view))  # fmt: skip
    crossed = msgspec.structs.replace(view, margin_mode="crossed")
    assert "crossed" == printed(closed_position_push(crossed))["marginMode"]
