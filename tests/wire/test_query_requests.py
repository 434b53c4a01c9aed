from typing import get_args

import pytest

from backhand.commands import OrderType
from backhand.events import OrderSource
from backhand.wire import codes
from backhand.wire.requests.queries import (
    DAY_MS,
    NO_ORIGIN,
    ORIGINS,
    FillsQuery,
    OpenOrdersQuery,
    OrderHistoryQuery,
    OrderQuery,
    Origin,
    Page,
    parse_fills,
    parse_open_orders,
    parse_order,
    parse_order_history,
)
from backhand.wire.responses.orders import order_source_text
from tests.wire.calls import NOW_MS, get

PRODUCT = {"productType": "usdt-futures"}
NAMES = {"symbol": "btcusdt", **PRODUCT}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"orderId": "5"}, OrderQuery("BTCUSDT", 5, None)),
        ({"clientOid": "a b"}, OrderQuery("BTCUSDT", None, "a b")),
        ({}, codes.ORDER_ID_MISSING),
        ({"orderId": "x"}, codes.ORDER_ID_INVALID),
        ({"orderId": "5", "symbol": ""}, codes.PARAMETERS),
        ({"orderId": "5", "productType": ""}, codes.PARAMETERS),
        ({"orderId": "5", "symbol": "X"}, codes.not_existing("X")),
        ({"orderId": "5", "productType": "COIN-FUTURES"}, codes.other_product("BTCUSDT", "COIN-FUTURES")),
    ],
)
def test_order_detail(fields: dict[str, str], expected: object) -> None:
    """An order is asked for by symbol, product type and one id."""
    assert expected == parse_order(get(**{**NAMES, **fields}))


@pytest.mark.parametrize(
    ("fields", "page"),
    [
        ({}, Page()),
        ({"limit": "5"}, Page(5)),
        ({"limit": "1000"}, Page(100)),
        ({"idLessThan": "1354000000000000101"}, Page(100, 1_354_000_000_000_000_101)),
        ({"idLessThan": "9999999999999999999"}, Page(100, 2**63 - 1)),
        (
            {"startTime": str(NOW_MS - DAY_MS), "endTime": str(NOW_MS)},
            Page(100, None, NOW_MS - DAY_MS, NOW_MS),
        ),
        ({"startTime": str(NOW_MS - 90 * DAY_MS)}, Page(100, None, NOW_MS - 90 * DAY_MS)),
        ({"startTime": str(NOW_MS - 92 * DAY_MS)}, Page(100, None, NOW_MS - 92 * DAY_MS)),
        ({"endTime": "1"}, Page(100, None, None, 1)),
        ({"startTime": str(NOW_MS - 92 * DAY_MS - 1)}, codes.WINDOW_TOO_OLD),
        ({"startTime": "2", "endTime": "1"}, codes.WINDOW_BACKWARDS),
        ({"startTime": "0", "endTime": str(90 * DAY_MS + 1)}, codes.WINDOW_TOO_WIDE),
        ({"limit": "0"}, codes.malformed("limit")),
        ({"limit": "-1"}, codes.malformed("limit")),
        ({"limit": "1.5"}, codes.malformed("limit")),
        ({"limit": "x"}, codes.malformed("limit")),
        ({"idLessThan": "x"}, codes.malformed("idLessThan")),
        ({"startTime": "yesterday"}, codes.malformed("startTime")),
        ({"endTime": "1" * 40}, codes.malformed("endTime")),
    ],
)
def test_pages_and_windows(fields: dict[str, str], page: object) -> None:
    """Paging and windows are the same in every list, with the codes of rest-private.md section 1."""
    pending = parse_open_orders(get(**{**PRODUCT, **fields}))
    history = parse_order_history(get(**{**PRODUCT, **fields}))
    fills = parse_fills(get(**{**PRODUCT, **fields}))
    if not isinstance(page, Page):
        assert [page] * 3 == [pending, history, fills]
        return
    assert OpenOrdersQuery("USDT-FUTURES", None, None, None, None, page) == pending
    assert OrderHistoryQuery("USDT-FUTURES", None, None, None, None, page) == history
    assert FillsQuery("USDT-FUTURES", None, None, page) == fills


def test_filters() -> None:
    """Every filter of a list reaches its query."""
    pending = get(**NAMES, orderId="5", clientOid="c", status="Live")
    assert OpenOrdersQuery("USDT-FUTURES", "BTCUSDT", 5, "c", "live", Page()) == parse_open_orders(pending)
    history = get(**NAMES, clientOid="c", orderSource="Reverse")
    reversals = Origin(("reverse",), None, None)
    assert OrderHistoryQuery("USDT-FUTURES", "BTCUSDT", None, "c", reversals, Page()) == parse_order_history(
        history
    )
    assert FillsQuery("USDT-FUTURES", "BTCUSDT", 5, Page()) == parse_fills(get(**NAMES, orderId="5"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Market", Origin(("market", "close"), None, None)),
        ("profit_limit", Origin(("take_profit",), "limit", None)),
        ("pos_loss_market", Origin(("position_stop_loss",), "market", None)),
        ("delivery_close_long", Origin(("delivery",), None, -1)),
        ("liquidation", Origin(("liquidation",), None, None)),
        ("strategy_oco_limit", NO_ORIGIN),
    ],
)
def test_order_sources(text: str, expected: Origin) -> None:
    """A source is sought by its name in answers; one that nothing here has finds nothing."""
    query = parse_order_history(get(**PRODUCT, orderSource=text))
    assert isinstance(query, OrderHistoryQuery)
    assert expected == query.origin


def test_every_source_is_found_by_its_own_name() -> None:
    """Whatever `orderSource` an order shows, asking for that text includes the order."""
    for source in get_args(OrderSource):
        for order_type in get_args(OrderType):
            for side in (1, -1):
                text = order_source_text(source, side, order_type).lower()
                assert ORIGINS[text].includes(source, order_type, side)


@pytest.mark.parametrize("parse", [parse_open_orders, parse_order_history, parse_fills])
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, codes.PARAMETERS),
        ({"productType": "NOPE"}, codes.PARAMETERS),
        ({**PRODUCT, "symbol": "X"}, codes.not_existing("X")),
        ({**PRODUCT, "symbol": "BTCUSD"}, codes.other_product("BTCUSD", "USDT-FUTURES")),
        ({**PRODUCT, "orderId": "x"}, codes.ORDER_ID_INVALID),
    ],
)
def test_bad_lists_are_refused(parse: object, fields: dict[str, str], expected: object) -> None:
    """Every list needs a product type, and refuses a symbol or an id that cannot be meant."""
    assert callable(parse)
    assert expected == parse(get(**fields))


def test_an_unknown_status_is_refused() -> None:
    """orders-pending takes live and partially_filled only."""
    assert codes.PARAMETERS == parse_open_orders(get(**PRODUCT, status="filled"))
