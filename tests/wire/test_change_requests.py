from typing import Any

import msgspec
import pytest

from backhand.commands import LONG, SHORT, ClosePositions, ModifyOrder, Preset
from backhand.wire import codes
from backhand.wire.requests.changes import parse_close_positions, parse_modify_order
from tests.wire.calls import post, raw_call

NAMES = {"symbol": "btcusdt", "productType": "usdt-futures", "orderId": "5"}
MOVED = {"newSize": "0.5", "newPrice": "60000", "newClientOid": "n"}


def modified(**fields: Any) -> ModifyOrder:
    """Give the command for order 5, with these differences."""
    return msgspec.structs.replace(ModifyOrder("7", "BTCUSDT", 5), **fields)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (MOVED, modified(size_lots=5_000, price_ticks=600_000, new_client_oid="n")),
        (
            MOVED | {"newSize": 0.5, "newPrice": 60000},
            modified(size_lots=5_000, price_ticks=600_000, new_client_oid="n"),
        ),
        ({}, modified()),
        ({"newClientOid": "n"}, modified(new_client_oid="n")),
        ({"orderId": ..., "clientOid": "c"}, modified(order_id=None, client_oid="c")),
        ({"clientOid": "c"}, modified(client_oid="c")),
        # Presets: none sent keeps both, 0 deletes, only one removes the other.
        ({"newPresetStopSurplusPrice": "", "newPresetStopLossPrice": None}, modified()),
        (
            {"newPresetStopSurplusPrice": "61000"},
            modified(presets_sent=True, take_profit=Preset(610_000)),
        ),
        ({"newPresetStopLossPrice": 59000}, modified(presets_sent=True, stop_loss=Preset(590_000))),
        ({"newPresetStopLossPrice": "0"}, modified(presets_sent=True)),
        (
            {"newPresetStopSurplusPrice": "0", "newPresetStopLossPrice": "59000"},
            modified(presets_sent=True, stop_loss=Preset(590_000)),
        ),
        ({"newSize": "1"}, codes.PRICE_WITHOUT_SIZE),
        ({"newPrice": "1", "newClientOid": "n"}, codes.PRICE_WITHOUT_SIZE),
        (MOVED | {"newClientOid": ...}, codes.NEW_CLIENT_OID_MISSING),
        (MOVED | {"newClientOid": "x" * 65}, codes.CLIENT_OID_INVALID),
        (MOVED | {"newSize": "0"}, codes.bad_number("delegate count 0 > 0")),
        (
            MOVED | {"newSize": "0.00001"},
            codes.bad_number("size checkBDScale error value=0.00001 checkScale=4"),
        ),
        (MOVED | {"newPrice": "1.05"}, codes.off_price_step("0.1")),
        (MOVED | {"newPrice": "x"}, codes.malformed("price")),
        ({"newPresetStopLossPrice": "x"}, codes.malformed("newPresetStopLossPrice")),
        ({"newPresetStopSurplusPrice": "-1"}, codes.malformed("newPresetStopSurplusPrice")),
        ({"orderId": ...}, codes.ORDER_ID_MISSING),
        ({"orderId": "x"}, codes.ORDER_ID_INVALID),
        ({"symbol": ...}, codes.PARAMETERS),
        ({"productType": ...}, codes.PARAMETERS),
        ({"symbol": "X"}, codes.not_existing("X")),
        ({"marginCoin": "BTC"}, codes.wrong_margin_coin("BTCUSDT", "BTC")),
    ],
)
def test_modify_order(fields: dict[str, Any], expected: object) -> None:
    """Price and size change together and under a new name; presets change on the order as it stands."""
    assert expected == parse_modify_order(post(**(NAMES | fields)))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ClosePositions("7", "USDT-FUTURES")),
        ({"symbol": "btcusdt"}, ClosePositions("7", "USDT-FUTURES", "BTCUSDT")),
        ({"holdSide": ""}, ClosePositions("7", "USDT-FUTURES")),
        ({"holdSide": "Long"}, ClosePositions("7", "USDT-FUTURES", None, LONG)),
        ({"symbol": "BTCUSDT", "holdSide": "short"}, ClosePositions("7", "USDT-FUTURES", "BTCUSDT", SHORT)),
        ({"holdSide": "sell"}, ClosePositions("7", "USDT-FUTURES", None, SHORT)),
        ({"holdSide": "up"}, codes.PARAMETERS),
        ({"productType": ""}, codes.PARAMETERS),
        ({"symbol": "X"}, codes.not_existing("X")),
        ({"symbol": "BTCUSD"}, codes.other_product("BTCUSD", "USDT-FUTURES")),
    ],
)
def test_close_positions(fields: dict[str, Any], expected: object) -> None:
    """Without a symbol all positions of the product type are meant, without a side both."""
    assert expected == parse_close_positions(post(**({"productType": "usdt-futures"} | fields)))


@pytest.mark.parametrize("parse", [parse_modify_order, parse_close_positions])
def test_what_is_no_object_is_refused(parse: Any) -> None:
    """A body that is no JSON object is 40409."""
    assert codes.WRONG_FORMAT == parse(raw_call(b"1"))
