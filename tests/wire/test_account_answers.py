import json
from typing import Any

import msgspec

from backhand.commands import LONG, SHORT
from backhand.events import LeverageSet, MarginModeSet, PositionModeSet
from backhand.wire.responses.accounts import (
    AccountView,
    PositionView,
    SymbolSettingsView,
    account_row,
    accounts_row,
    leverage_answer,
    margin_mode_answer,
    position_mode_answer,
    position_row,
)

E20 = 10**20
ACCOUNT = AccountView(
    margin_coin="USDT",
    locked_e20=0,
    available_e20=1000 * E20,
    crossed_max_available_e20=999 * E20 + 5 * 10**12,
    isolated_max_available_e20=998 * E20,
    max_transfer_out_e20=998 * E20,
    equity_e20=1000 * E20 - 12_345,
    usdt_equity_e20=1000 * E20,
    btc_equity_e20=153 * 10**16,
    crossed_risk_e16=1,
    unrealised_e20=-12_345,
    crossed_unrealised_e20=-12_345,
    isolated_unrealised_e20=0,
    crossed_margin_e20=3 * E20,
    isolated_margin_e20=0,
)
POSITION = PositionView(
    position_id=77,
    symbol="BTCUSDT",
    margin_coin="USDT",
    side=LONG,
    hedge_mode=True,
    margin_mode="isolated",
    leverage=20,
    opening_e8=0,
    available_e8=70_000_000,
    locked_e8=30_000_000,
    margin_e16=96_695_050_093_373_343,
    profit_e8=-5,
    average_price_e12=25_000_000_000_000_001,
    unrealised_e20=-E20,
    liquidation_price_e16=-5,
    maintenance_rate_e8=400_000,
    mark_price_e12=25_100_000_000_000_000,
    margin_ratio_e16=1_082_149_545_822_005,
    break_even_price_e16=250_000_000_000_000_000_001,
    funding_e8=0,
    fee_e8=38_800_000,
    auto_margin=True,
    take_profit_id=8,
    take_profit_price_e12=26_000_500_000_000_000,
    stop_loss_id=0,
    stop_loss_price_e12=0,
    opened_at_ms=1,
    updated_at_ms=2,
)


def sent(answer: object) -> Any:
    """Give an answer as a client decodes it, keys in order."""
    return json.loads(msgspec.json.encode(answer))


def test_one_account() -> None:
    """Balances are text, leverages are numbers, the mode fields are there and the union fields are not."""
    row = sent(account_row(ACCOUNT, SymbolSettingsView(True, "isolated", 20, 5, 6)))
    assert {
        "marginCoin": "USDT",
        "locked": "0",
        "available": "1000",
        "crossedMaxAvailable": "999.00000005",
        "isolatedMaxAvailable": "998",
        "maxTransferOut": "998",
        "accountEquity": "999.9999999999999998",
        "usdtEquity": "1000",
        "btcEquity": "0.0153",
        "crossedRiskRate": "0.0000000000000001",
        "crossedMarginLeverage": 20,
        "isolatedLongLever": 5,
        "isolatedShortLever": 6,
        "marginMode": "isolated",
        "posMode": "hedge_mode",
        "unrealizedPL": "-0.0000000000000002",
        "coupon": "0",
        "crossedUnrealizedPL": "-0.0000000000000002",
        "isolatedUnrealizedPL": "0",
        "isolatedMargin": "0",
        "crossedMargin": "3",
        "grant": "",
        "assetMode": "single",
    } == row


def test_a_row_of_all_accounts() -> None:
    """A row of accounts has the fields of clients.md section 8, and no settings of a symbol."""
    row = sent(accounts_row(ACCOUNT))
    assert {
        *(
            "marginCoin",
            "locked",
            "available",
            "crossedMaxAvailable",
            "isolatedMaxAvailable",
            "maxTransferOut",
        ),
        *("accountEquity", "usdtEquity", "btcEquity", "crossedRiskRate", "unrealizedPL", "coupon"),
        *("crossedUnrealizedPL", "isolatedUnrealizedPL", "isolatedMargin", "crossedMargin", "assetMode"),
        *("grant", "unionTotalMargin", "unionAvailable", "unionMm", "assetList"),
    } == set(row)
    assert ("3", "0", []) == (row["crossedMargin"], row["isolatedMargin"], row["assetList"])


def test_positions() -> None:
    """A position's figures keep 16 decimals; no liquidation price is "0", no funding is empty."""
    row = sent(position_row(POSITION))
    assert {
        "symbol": "BTCUSDT",
        "marginCoin": "USDT",
        "holdSide": "long",
        "openDelegateSize": "0",
        "marginSize": "9.6695050093373343",
        "available": "0.7",
        "locked": "0.3",
        "total": "1",
        "leverage": "20",
        "achievedProfits": "-0.00000005",
        "openPriceAvg": "25000.000000000001",
        "marginMode": "isolated",
        "posMode": "hedge_mode",
        "unrealizedPL": "-1",
        "liquidationPrice": "0",
        "keepMarginRate": "0.004",
        "markPrice": "25100",
        "marginRatio": "0.1082149545822005",
        "breakEvenPrice": "25000.0000000000000001",
        "totalFee": "",
        "deductedFee": "0.388",
        "assetMode": "single",
        "autoMargin": "on",
        "takeProfit": "26000.5",
        "takeProfitId": "8",
        "stopLoss": "",
        "stopLossId": "",
        "cTime": "1",
        "uTime": "2",
    } == row


def test_a_one_way_short_shows_its_direction() -> None:
    """A short is short in one-way mode too."""
    row = sent(position_row(msgspec.structs.replace(POSITION, side=SHORT, hedge_mode=False)))
    assert ("short", "one_way_mode") == (row["holdSide"], row["posMode"])


def test_settings() -> None:
    """The answers of the three settings have the documented fields, leverages as text."""
    assert {
        "symbol": "BTCUSDT",
        "marginCoin": "USDT",
        "longLeverage": "5",
        "shortLeverage": "6",
        "crossMarginLeverage": "20",
        "marginMode": "crossed",
    } == sent(leverage_answer(LeverageSet("7", "BTCUSDT", "crossed", 20, 5, 6), "USDT"))
    isolated = sent(margin_mode_answer(MarginModeSet("7", "BTCUSDT", "isolated", 20, 5, 6), "USDT"))
    crossed = sent(margin_mode_answer(MarginModeSet("7", "BTCUSDT", "crossed", 20, 5, 6), "USDT"))
    assert ("5", "6", "isolated") == (
        isolated["longLeverage"],
        isolated["shortLeverage"],
        isolated["marginMode"],
    )
    assert ("20", "20", "crossed") == (
        crossed["longLeverage"],
        crossed["shortLeverage"],
        crossed["marginMode"],
    )
    assert {"posMode": "hedge_mode"} == sent(position_mode_answer(PositionModeSet("7", "USDT-FUTURES", True)))
