from typing import Any

import pytest

from backhand.commands import LONG, SHORT, MoveMargin, SetAutoMargin, SetLeverage
from backhand.wire import codes
from backhand.wire.batches import Batch, Inquiry
from backhand.wire.requests.accounts import PositionsQuery
from backhand.wire.requests.margins import (
    parse_set_all_leverage,
    parse_set_asset_mode,
    parse_set_auto_margin,
    parse_set_margin,
)
from tests.wire.calls import post, raw_call

NAMES = {"symbol": "btcusdt", "productType": "usdt-futures", "marginCoin": "usdt"}
MARGIN = NAMES | {"holdSide": "long", "amount": "10"}
AUTO = {"symbol": "btcusdt", "marginCoin": "usdt", "holdSide": "short", "autoMargin": "on"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, MoveMargin("7", "BTCUSDT", LONG, 1_000_000_000)),
        ({"amount": -0.5, "holdSide": "Short"}, MoveMargin("7", "BTCUSDT", SHORT, -50_000_000)),
        ({"amount": "9" * 40}, MoveMargin("7", "BTCUSDT", LONG, 10**18)),
        *[({name: ...}, codes.PARAMETERS) for name in MARGIN],
        ({"amount": "0"}, codes.malformed("amount")),
        ({"amount": "x"}, codes.malformed("amount")),
        ({"amount": "0.000000001"}, codes.malformed("amount")),
        ({"holdSide": "up"}, codes.PARAMETERS),
        ({"symbol": "X"}, codes.not_existing("X")),
        ({"marginCoin": "BTC"}, codes.wrong_margin_coin("BTCUSDT", "BTC")),
        ({"productType": "coin-futures"}, codes.other_product("BTCUSDT", "COIN-FUTURES")),
    ],
)
def test_set_margin(fields: dict[str, Any], expected: object) -> None:
    """An amount of margin goes into a position, or out of it with a minus sign."""
    assert expected == parse_set_margin(post(**(MARGIN | fields)))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, SetAutoMargin("7", "BTCUSDT", SHORT, enabled=True)),
        ({"autoMargin": "Off", "holdSide": "long"}, SetAutoMargin("7", "BTCUSDT", LONG, enabled=False)),
        *[({name: ...}, codes.PARAMETERS) for name in AUTO],
        ({"autoMargin": "yes"}, codes.PARAMETERS),
        ({"holdSide": "up"}, codes.PARAMETERS),
        ({"symbol": "X"}, codes.not_existing("X")),
        ({"marginCoin": "BTC"}, codes.wrong_margin_coin("BTCUSDT", "BTC")),
    ],
)
def test_set_auto_margin(fields: dict[str, Any], expected: object) -> None:
    """Automatic margin is on or off for one side of a symbol, whose product type is not sent."""
    assert expected == parse_set_auto_margin(post(**(AUTO | fields)))


def test_set_all_leverage_asks_for_the_positions_first() -> None:
    """The leverage is meant for symbols with positions, each once, on both sides."""
    parsed = parse_set_all_leverage(post(productType="usdt-futures", leverage=7))
    assert isinstance(parsed, Inquiry)
    assert PositionsQuery("USDT-FUTURES", None) == parsed.query

    class Row:
        def __init__(self, symbol: str) -> None:
            self.symbol = symbol

    batch = parsed.act([Row("ETHUSDT"), Row("BTCUSDT"), Row("ETHUSDT")])
    assert (
        SetLeverage("7", "ETHUSDT", long_leverage=7, short_leverage=7),
        SetLeverage("7", "BTCUSDT", long_leverage=7, short_leverage=7),
    ) == batch.commands
    nothing_held = parsed.act([])
    assert ((), "success") == (nothing_held.commands, nothing_held.answer((), ()))


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({}, codes.PARAMETERS),
        ({"leverage": "5"}, codes.PARAMETERS),
        ({"productType": "usdt-futures"}, codes.PARAMETERS),
        ({"productType": "x", "leverage": "5"}, codes.PARAMETERS),
        ({"productType": "usdt-futures", "leverage": "2.5"}, codes.malformed("leverage")),
    ],
)
def test_bad_requests_for_all_leverages(fields: dict[str, Any], refusal: object) -> None:
    """Both fields are needed, and a leverage is a whole number."""
    assert refusal == parse_set_all_leverage(post(**fields))


@pytest.mark.parametrize("asset_mode", ["single", "SINGLE"])
def test_single_asset_mode_is_what_every_account_has(asset_mode: str) -> None:
    """Setting what is set succeeds without a command."""
    parsed = parse_set_asset_mode(post(productType="usdt-futures", assetMode=asset_mode))
    assert isinstance(parsed, Batch)
    assert ((), "success") == (parsed.commands, parsed.answer((), ()))


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"assetMode": "union"}, codes.not_supported("assetMode union")),
        ({"assetMode": "both"}, codes.PARAMETERS),
        ({}, codes.PARAMETERS),
        ({"assetMode": "single", "productType": "usdc-futures"}, codes.PARAMETERS),
    ],
)
def test_other_asset_modes_are_refused(fields: dict[str, Any], refusal: object) -> None:
    """There is no union margin here, and the answer says so."""
    assert refusal == parse_set_asset_mode(post(**({"productType": "usdt-futures"} | fields)))


@pytest.mark.parametrize(
    "parse", [parse_set_margin, parse_set_auto_margin, parse_set_all_leverage, parse_set_asset_mode]
)
def test_what_is_no_object_is_refused(parse: Any) -> None:
    """A body that is no JSON object is 40409."""
    assert codes.WRONG_FORMAT == parse(raw_call(b""))
