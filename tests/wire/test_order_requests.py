from typing import Any

import pytest

from backhand.commands import BUY, SELL, CancelOrder, PlaceOrder, Preset
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.fields import COUNT_MAX
from backhand.wire.requests.orders import parse_cancel_order, parse_place_order
from tests.wire.calls import post, raw_call

GOOD = {
    "symbol": "BTCUSDT",
    "productType": "USDT-FUTURES",
    "marginMode": "crossed",
    "marginCoin": "USDT",
    "size": "0.5",
    "side": "buy",
    "orderType": "limit",
    "price": "60000",
}
NAMES = {"symbol": "BTCUSDT", "productType": "USDT-FUTURES"}


def order(**fields: Any) -> PlaceOrder:
    """Give the command that a full request makes, with these differences."""
    base: dict[str, Any] = {
        "uid": "7",
        "symbol": "BTCUSDT",
        "side": BUY,
        "order_type": "limit",
        "size_lots": 5_000,
        "price_ticks": 600_000,
        "margin_mode": "crossed",
    }
    return PlaceOrder(**{**base, **fields})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, order()),
        ({"force": "GTC"}, order()),
        ({"force": "IOC"}, order(time_in_force="ioc")),
        ({"force": "fok"}, order(time_in_force="fok")),
        ({"force": "Post_Only"}, order(time_in_force="post_only")),
        ({"orderType": "market", "price": ..., "force": "GTC"}, order(order_type="market", price_ticks=None)),
        ({"orderType": "MARKET", "force": "x", "price": "x"}, order(order_type="market", price_ticks=None)),
        ({"side": "Sell", "tradeSide": "Open"}, order(side=SELL, effect="open")),
        ({"tradeSide": "Close"}, order(effect="close")),
        ({"tradeSide": "x"}, order(effect="invalid")),
        ({"reduceOnly": "YES"}, order(reduce_only=True)),
        ({"reduceOnly": "yes"}, order(reduce_only=True)),
        ({"reduceOnly": "No"}, order()),
        ({"reduceOnly": ""}, order()),
        ({"marginMode": "Isolated"}, order(margin_mode="isolated")),
        ({"clientOid": "a b"}, order(client_oid="a b")),
        ({"clientOid": ""}, order()),
        ({"size": 0.5, "price": 60000.1}, order(price_ticks=600_001)),
        ({"size": "9" * 18}, order(size_lots=COUNT_MAX)),
        ({"price": "9" * 40}, order(price_ticks=COUNT_MAX)),
        ({"stpMode": "none", "presetStopLossPrice": "", "presetStopSurplusPrice": None}, order()),
        ({"stpMode": "Cancel_Taker"}, order(stp_mode="cancel_taker")),
        ({"stpMode": "cancel_maker"}, order(stp_mode="cancel_maker")),
        ({"stpMode": "cancel_both"}, order(stp_mode="cancel_both")),
        ({"presetStopSurplusPrice": 62000}, order(take_profit=Preset(620_000))),
        (
            {"presetStopLossPrice": "59000", "presetStopLossExecutePrice": "0"},
            order(stop_loss=Preset(590_000)),
        ),
        (
            {
                "presetStopSurplusPrice": "62000",
                "presetStopSurplusExecutePrice": "62000.1",
                "presetStopLossPrice": "59000",
                "presetStopLossExecutePrice": "58999.9",
            },
            order(take_profit=Preset(620_000, 620_001), stop_loss=Preset(590_000, 589_999)),
        ),
        ({"presetStopSurplusPrice": "0", "presetStopLossPrice": "0.0"}, order()),
        ({"symbol": "btcusdt", "productType": "usdt-futures", "marginCoin": "usdt"}, order()),
        ({"leverage": "20", "foo": {"bar": []}}, order()),
    ],
)
def test_what_was_sent_becomes_a_command(fields: dict[str, Any], expected: PlaceOrder) -> None:
    """Every accepted spelling of an order becomes the command that it means."""
    assert expected == parse_place_order(post(**{**GOOD, **fields}))


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        *[({name: ...}, "400172", "Parameter verification failed") for name in GOOD],
        *[({name: ""}, "400172", "Parameter verification failed") for name in GOOD],
        ({"productType": "NOPE"}, "400172", "Parameter verification failed"),
        ({"symbol": "NOPEUSDT"}, "40034", "Parameter NOPEUSDT does not exist"),
        ({"productType": "USDC-FUTURES"}, "22012", None),
        ({"marginCoin": "USDC"}, "40778", None),
        ({"marginMode": "cross"}, "400172", "Parameter verification failed"),
        ({"side": "long"}, "400172", "side mismatch"),
        ({"orderType": "stop"}, "400172", "The order type is illegal"),
        ({"force": "day"}, "400172", "The order validity period is invalid"),
        ({"reduceOnly": "maybe"}, "400172", "Parameter verification failed"),
        ({"reduceOnly": True}, "400172", "Parameter verification failed"),
        ({"size": "0"}, "40808", "Parameter verification exception delegate count 0 > 0"),
        ({"size": "-1"}, "40808", "Parameter verification exception delegate count -1 > 0"),
        ({"size": "x"}, "40808", "Parameter verification exception size error value=x"),
        ({"size": "NaN"}, "40808", None),
        ({"size": False}, "40808", None),
        (
            {"size": "0.00001"},
            "40808",
            "Parameter verification exception size checkBDScale error value=0.00001 checkScale=4",
        ),
        ({"price": "60000.05"}, "45115", "The price you enter should be a multiple of 0.1"),
        ({"price": "0"}, "40020", "Parameter price error"),
        ({"price": "-5"}, "40020", "Parameter price error"),
        ({"price": "1e5"}, "40020", "Parameter price error"),
        ({"price": [1]}, "40020", "Parameter price error"),
        ({"clientOid": "x" * 65}, "40305", None),
        ({"presetStopLossPrice": "x"}, "40020", "Parameter presetStopLossPrice error"),
        ({"presetStopSurplusPrice": "62000.05"}, "45115", "The price you enter should be a multiple of 0.1"),
        ({"presetStopLossExecutePrice": "1"}, "400172", "Parameter verification failed"),
        ({"presetStopSurplusExecutePrice": "1"}, "400172", "Parameter verification failed"),
        (
            {"presetStopSurplusPrice": "62000", "presetStopSurplusExecutePrice": "-1"},
            "40020",
            "Parameter presetStopSurplusExecutePrice error",
        ),
        ({"stpMode": "cancel_all"}, "400172", "Parameter verification failed"),
    ],
)
def test_bad_requests_are_refused(fields: dict[str, Any], code: str, message: str | None) -> None:
    """Each way of being wrong has its code; a field that would be ignored at the caller's cost is refused."""
    refusal = parse_place_order(post(**{**GOOD, **fields}))
    assert isinstance(refusal, Refusal)
    assert (code, 400) == (refusal.code, refusal.http_status)
    assert message in (None, refusal.message)


def test_the_observed_text_of_a_size_with_too_many_decimals() -> None:
    """A size with three decimals on a contract of two is refused in the very words of the real venue."""
    refusal = parse_place_order(post(**{**GOOD, "symbol": "ETHUSDT", "size": "2293.577"}))
    assert codes.bad_number("size checkBDScale error value=2293.577 checkScale=2") == refusal, (
        "errors.md, code 40808"
    )


def test_a_size_between_steps_is_refused() -> None:
    """With a step of 5 in the last place, a size within the decimals but off the step is 22038."""
    call = post(**GOOD)
    coarse = {**call.contracts}
    contract = coarse["BTCUSDT"]
    coarse["BTCUSDT"] = type(contract)(
        **{name: getattr(contract, name) for name in contract.__struct_fields__} | {"lot_e8": 50_000}
    )
    call = type(call)(call.uid, post(**{**GOOD, "size": "0.0007"}).parameters, coarse, call.now_ms)
    assert codes.off_size_step("0.0005") == parse_place_order(call)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"orderId": "1354000000000000101"}, CancelOrder("7", "BTCUSDT", 1_354_000_000_000_000_101)),
        ({"orderId": 1354000000000000101}, CancelOrder("7", "BTCUSDT", 1_354_000_000_000_000_101)),
        ({"clientOid": "c"}, CancelOrder("7", "BTCUSDT", None, "c")),
        ({"orderId": "5", "clientOid": "c", "marginCoin": "usdt"}, CancelOrder("7", "BTCUSDT", 5, "c")),
        ({}, codes.ORDER_ID_MISSING),
        ({"orderId": "x"}, codes.ORDER_ID_INVALID),
        ({"orderId": "1", "symbol": ...}, codes.PARAMETERS),
        ({"orderId": "1", "productType": ""}, codes.PARAMETERS),
        ({"orderId": "1", "symbol": "X"}, codes.not_existing("X")),
        ({"orderId": "1", "productType": "coin-futures"}, codes.other_product("BTCUSDT", "COIN-FUTURES")),
        ({"orderId": "1", "marginCoin": "btc"}, codes.wrong_margin_coin("BTCUSDT", "BTC")),
    ],
)
def test_cancel_order(fields: dict[str, Any], expected: object) -> None:
    """A cancellation names its symbol and one id; marginCoin may be missing but not wrong."""
    assert expected == parse_cancel_order(post(**{**NAMES, **fields}))


@pytest.mark.parametrize("parse", [parse_place_order, parse_cancel_order])
def test_what_is_no_object_is_refused(parse: Any) -> None:
    """A body that is no JSON object is 40409."""
    assert codes.WRONG_FORMAT == parse(raw_call(b"[]"))
