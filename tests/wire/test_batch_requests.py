import msgspec
import pytest

from backhand.commands import BUY, SELL, CancelOrder, CancelOrders, PlaceOrder
from backhand.wire import codes
from backhand.wire.batches import Batch, Entry
from backhand.wire.requests.batches import parse_batch_cancel, parse_batch_place, parse_cancel_all
from tests.wire.calls import NOW_MS, post, raw_call

ORDER = {"size": "0.5", "side": "buy", "orderType": "limit", "price": "60000"}
NAMES = {"symbol": "btcusdt", "productType": "usdt-futures"}
PLACE = NAMES | {"marginCoin": "usdt", "marginMode": "Crossed", "orderList": [ORDER]}
ALL = CancelOrders("7", "USDT-FUTURES")
OF_SYMBOL = CancelOrders("7", "USDT-FUTURES", "BTCUSDT")


def place(**fields: object) -> object:
    return parse_batch_place(post(**(PLACE | fields)))


def command(**fields: object) -> PlaceOrder:
    """Give the command of ORDER, with these differences."""
    made = PlaceOrder("7", "BTCUSDT", BUY, "limit", 5_000, 600_000, margin_mode="crossed")
    return msgspec.structs.replace(made, **fields)


def test_every_order_of_a_batch_is_read_for_itself() -> None:
    """Ccxt's entries repeat what the batch says; a bad one is that one's failure."""
    repeated = {"symbol": "X", "productType": "X", "marginMode": "isolated", "marginCoin": "X"}
    parsed = place(
        orderList=[
            ORDER | repeated | {"clientOid": "a", "stpMode": "cancel_both"},
            {"size": 1, "side": "Sell", "orderType": "market", "tradeSide": "Open", "force": "GTC"},
            ORDER | {"side": "up", "clientOid": "b"},
            {},
        ]
    )
    assert isinstance(parsed, Batch)
    assert (
        Entry(command(client_oid="a", stp_mode="cancel_both"), client_oid="a"),
        Entry(command(side=SELL, order_type="market", size_lots=10_000, price_ticks=None, effect="open")),
        Entry(codes.SIDE_MISMATCH, client_oid="b"),
        Entry(codes.PARAMETERS),
    ) == parsed.entries
    assert (parsed.entries[0].asked, parsed.entries[1].asked) == parsed.commands


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        *[({name: ...}, codes.PARAMETERS) for name in PLACE],
        ({"orderList": []}, codes.PARAMETERS),
        ({"orderList": None}, codes.PARAMETERS),
        ({"orderList": "[]"}, codes.malformed("orderList")),
        ({"orderList": {"a": 1}}, codes.malformed("orderList")),
        ({"orderList": [1]}, codes.malformed("orderList")),
        ({"orderList": [ORDER] * 51}, codes.TOO_MANY_PLACED),
        ({"productType": "x"}, codes.PARAMETERS),
        ({"symbol": "NOPE"}, codes.not_existing("NOPE")),
        ({"productType": "COIN-FUTURES"}, codes.other_product("BTCUSDT", "COIN-FUTURES")),
        ({"marginCoin": "BTC"}, codes.wrong_margin_coin("BTCUSDT", "BTC")),
        ({"marginMode": "cross"}, codes.PARAMETERS),
    ],
)
def test_a_bad_batch_is_refused_whole(fields: dict[str, object], refusal: codes.Refusal) -> None:
    """What is wrong with the batch itself is the request's refusal."""
    assert refusal == place(**fields)


def test_fifty_orders_are_one_batch() -> None:
    """The bound is the exchange's, and includes its last."""
    parsed = place(orderList=[ORDER] * 50)
    assert isinstance(parsed, Batch)
    assert (command(),) * 50 == parsed.commands


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (NAMES, OF_SYMBOL),
        (NAMES | {"orderIdList": None}, OF_SYMBOL),
        (NAMES | {"symbol": ...}, ALL),
        (NAMES | {"symbol": ..., "marginCoin": "USDT"}, ALL),
        (NAMES | {"orderIdList": []}, codes.PARAMETERS),
        (NAMES | {"orderIdList": "x"}, codes.malformed("orderIdList")),
        (NAMES | {"orderIdList": [{"orderId": "1"}] * 51}, codes.TOO_MANY_CANCELLED),
        (NAMES | {"symbol": ..., "orderIdList": [{"orderId": "1"}]}, codes.PARAMETERS),
        (NAMES | {"symbol": "X"}, codes.not_existing("X")),
        (NAMES | {"marginCoin": "BTC"}, codes.wrong_margin_coin("BTCUSDT", "BTC")),
        (NAMES | {"productType": "coin-futures"}, codes.other_product("BTCUSDT", "COIN-FUTURES")),
        ({"symbol": "BTCUSDT"}, codes.PARAMETERS),
        ({}, codes.PARAMETERS),
    ],
)
def test_batch_cancel_without_names(fields: dict[str, object], expected: object) -> None:
    """Without a list everything of the symbol or product type is meant, with an empty one nothing."""
    assert expected == parse_batch_cancel(post(**fields))


def test_batch_cancel_by_name() -> None:
    """Each entry names one order; what cannot be a name fails for itself and is repeated."""
    names = [{"orderId": 5, "clientOid": "c"}, {"clientOid": "d"}, {"orderId": "x"}, {}]
    parsed = parse_batch_cancel(post(**NAMES, orderIdList=names))
    assert isinstance(parsed, Batch)
    assert (
        Entry(CancelOrder("7", "BTCUSDT", 5, "c"), "5", "c"),
        Entry(CancelOrder("7", "BTCUSDT", None, "d"), "", "d"),
        Entry(codes.ORDER_ID_INVALID, "x", ""),
        Entry(codes.ORDER_ID_MISSING, "", ""),
    ) == parsed.entries


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ALL),
        ({"symbol": "BTCUSDT", "marginCoin": "USDT"}, OF_SYMBOL),
        ({"requestTime": str(NOW_MS), "receiveWindow": "1000"}, ALL),
        ({"requestTime": NOW_MS - 1_000, "receiveWindow": 1_000}, ALL),
        ({"requestTime": NOW_MS + 1_000, "receiveWindow": 1_000}, ALL),
        ({"requestTime": NOW_MS - 1_001, "receiveWindow": 1_000}, codes.REQUEST_TIME_EXPIRED),
        ({"requestTime": NOW_MS + 1_001, "receiveWindow": 1_000}, codes.REQUEST_TIME_EXPIRED),
        ({"requestTime": "yesterday"}, codes.REQUEST_TIME_EXPIRED),
        ({"requestTime": "0"}, ALL),
        ({"receiveWindow": "60000"}, ALL),
        ({"receiveWindow": "60001"}, codes.RECEIVE_WINDOW_INVALID),
        ({"receiveWindow": "0"}, codes.RECEIVE_WINDOW_INVALID),
        ({"receiveWindow": "-1"}, codes.RECEIVE_WINDOW_INVALID),
        ({"productType": "x"}, codes.PARAMETERS),
        ({"symbol": "X"}, codes.not_existing("X")),
    ],
)
def test_cancel_all(fields: dict[str, object], expected: object) -> None:
    """A request that says how long it is good for is not carried out later."""
    call = post(**({"productType": "usdt-futures"} | fields))
    assert expected == parse_cancel_all(msgspec.structs.replace(call, client_clock_ms=NOW_MS))


def test_cancel_all_does_not_compare_with_a_clock_that_clients_cannot_follow() -> None:
    """With a frozen or scaled clock the time of a request says nothing."""
    late = post(productType="usdt-futures", requestTime="5", receiveWindow="1")
    assert ALL == parse_cancel_all(late)


@pytest.mark.parametrize("parse", [parse_batch_place, parse_batch_cancel, parse_cancel_all])
def test_what_is_no_object_is_refused(parse: object) -> None:
    """A body that is no JSON object is 40409."""
    assert callable(parse)
    assert codes.WRONG_FORMAT == parse(raw_call(b"[]"))
