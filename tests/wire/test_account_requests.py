from typing import Any

import pytest

from backhand.commands import LONG, SHORT, SetLeverage, SetMarginMode, SetPositionMode
from backhand.wire import codes
from backhand.wire.requests.accounts import (
    AccountQuery,
    AccountsQuery,
    PositionQuery,
    PositionsQuery,
    parse_account,
    parse_accounts,
    parse_position,
    parse_positions,
    parse_set_leverage,
    parse_set_margin_mode,
    parse_set_position_mode,
)
from tests.wire.calls import get, post, raw_call

NAMES = {"symbol": "BTCUSDT", "productType": "USDT-FUTURES", "marginCoin": "USDT"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"leverage": "10"}, SetLeverage("7", "BTCUSDT", 10)),
        ({"leverage": 10}, SetLeverage("7", "BTCUSDT", 10)),
        ({"leverage": "10.0"}, SetLeverage("7", "BTCUSDT", 10)),
        ({"leverage": "10", "holdSide": "Long"}, SetLeverage("7", "BTCUSDT", 10, LONG)),
        ({"leverage": "10", "holdSide": "short"}, SetLeverage("7", "BTCUSDT", 10, SHORT)),
        ({"longLeverage": "5", "shortLeverage": "6"}, SetLeverage("7", "BTCUSDT", None, None, 5, 6)),
        ({"leverage": "9" * 40}, SetLeverage("7", "BTCUSDT", 10**18)),
        ({"leverage": "-3"}, SetLeverage("7", "BTCUSDT", -3)),
        ({}, codes.PARAMETERS),
        ({"leverage": ""}, codes.PARAMETERS),
        ({"leverage": "10.5"}, codes.malformed("leverage")),
        ({"leverage": "x"}, codes.malformed("leverage")),
        ({"longLeverage": True}, codes.malformed("longLeverage")),
        ({"leverage": "10", "holdSide": "both"}, codes.PARAMETERS),
        ({"leverage": "10", "marginCoin": ...}, codes.PARAMETERS),
        ({"leverage": "10", "marginCoin": "BTC"}, codes.wrong_margin_coin("BTCUSDT", "BTC")),
        ({"leverage": "10", "symbol": "X"}, codes.not_existing("X")),
    ],
)
def test_set_leverage(fields: dict[str, Any], expected: object) -> None:
    """Leverages are whole numbers; which of them counts is left to the engine, which knows the modes."""
    assert expected == parse_set_leverage(post(**{**NAMES, **fields}))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"marginMode": "ISOLATED"}, SetMarginMode("7", "BTCUSDT", "isolated")),
        ({"marginMode": "crossed"}, SetMarginMode("7", "BTCUSDT", "crossed")),
        ({"marginMode": "cross"}, codes.PARAMETERS),
        ({}, codes.PARAMETERS),
        (
            {"marginMode": "crossed", "productType": "COIN-FUTURES"},
            codes.other_product("BTCUSDT", "COIN-FUTURES"),
        ),
    ],
)
def test_set_margin_mode(fields: dict[str, Any], expected: object) -> None:
    """The margin mode is crossed or isolated, in any case."""
    assert expected == parse_set_margin_mode(post(**{**NAMES, **fields}))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"productType": "usdt-futures", "posMode": "hedge_mode"},
            SetPositionMode("7", "USDT-FUTURES", True),
        ),
        (
            {"productType": "COIN-FUTURES", "posMode": "One_Way_Mode"},
            SetPositionMode("7", "COIN-FUTURES", False),
        ),
        ({"productType": "COIN-FUTURES", "posMode": "one_way"}, codes.PARAMETERS),
        ({"productType": "COIN-FUTURES"}, codes.PARAMETERS),
        ({"productType": "NOPE", "posMode": "hedge_mode"}, codes.PARAMETERS),
        ({"posMode": "hedge_mode"}, codes.PARAMETERS),
    ],
)
def test_set_position_mode(fields: dict[str, Any], expected: object) -> None:
    """The position mode belongs to a product type."""
    assert expected == parse_set_position_mode(post(**fields))


@pytest.mark.parametrize("parse", [parse_set_leverage, parse_set_margin_mode, parse_set_position_mode])
def test_what_is_no_object_is_refused(parse: Any) -> None:
    """A body that is no JSON object is 40409."""
    assert codes.WRONG_FORMAT == parse(raw_call(b"x"))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (NAMES, AccountQuery("BTCUSDT", "USDT-FUTURES", "USDT")),
        (
            {"symbol": "btcusd", "productType": "coin-futures", "marginCoin": "btc"},
            AccountQuery("BTCUSD", "COIN-FUTURES", "BTC"),
        ),
        ({**NAMES, "marginCoin": ""}, codes.PARAMETERS),
        ({**NAMES, "marginCoin": "BTC"}, codes.wrong_margin_coin("BTCUSDT", "BTC")),
        ({"productType": "USDT-FUTURES"}, codes.PARAMETERS),
    ],
)
def test_account_and_single_position(fields: dict[str, str], expected: object) -> None:
    """Both need symbol, product type and the right margin coin."""
    assert expected == parse_account(get(**fields))
    position = PositionQuery(expected.symbol) if isinstance(expected, AccountQuery) else expected
    assert position == parse_position(get(**fields))


@pytest.mark.parametrize(
    ("fields", "accounts", "positions"),
    [
        (
            {"productType": "usdt-futures"},
            AccountsQuery("USDT-FUTURES"),
            PositionsQuery("USDT-FUTURES", None),
        ),
        (
            {"productType": "COIN-FUTURES", "marginCoin": "btc"},
            AccountsQuery("COIN-FUTURES"),
            PositionsQuery("COIN-FUTURES", "BTC"),
        ),
        ({}, codes.PARAMETERS, codes.PARAMETERS),
        ({"productType": "SUSDT-FUTURES"}, codes.PARAMETERS, codes.PARAMETERS),
    ],
)
def test_accounts_and_all_position(fields: dict[str, str], accounts: object, positions: object) -> None:
    """Both need a product type only."""
    assert accounts == parse_accounts(get(**fields))
    assert positions == parse_positions(get(**fields))
