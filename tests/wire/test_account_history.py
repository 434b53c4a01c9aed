from typing import Any

import msgspec
import pytest

from backhand.projections.bills import BILL_KINDS, MARGIN_KINDS, TRANSFER_KINDS
from backhand.wire import codes
from backhand.wire.requests.account_history import (
    ABSENT_TYPES,
    BillsQuery,
    InterestQuery,
    PastFillsQuery,
    PastPositionsQuery,
    TradeRateQuery,
    TradeRatesQuery,
    parse_bills,
    parse_interest,
    parse_past_fills,
    parse_past_positions,
    parse_sub_accounts,
    parse_trade_rate,
    parse_trade_rates,
    parse_union,
)
from backhand.wire.requests.markets import EmptyListQuery
from backhand.wire.requests.queries import DAY_MS, FillsQuery, Page
from backhand.wire.responses.bills import (
    BUSINESS_TYPES,
    MARGIN_TYPES,
    TRANSFER_TYPES,
    BillView,
    bills_page,
    no_interest,
)
from backhand.wire.responses.fills import FillView, fills_page, past_fills_page
from backhand.wire.responses.position_history import PastPositionView, adl_rank_row, past_positions_page
from tests.wire.calls import NOW_MS, get

PRODUCT = {"productType": "usdt-futures"}
ALL = tuple(BILL_KINDS)


def test_every_kind_of_bill_has_its_business_type() -> None:
    """The table of names covers what the read model tells apart, and its groups are the same."""
    assert list(BILL_KINDS) == list(BUSINESS_TYPES)
    assert set(MARGIN_TYPES) == {BUSINESS_TYPES[kind] for kind in MARGIN_KINDS}
    assert set(TRANSFER_TYPES) == {BUSINESS_TYPES[kind] for kind in TRANSFER_KINDS}
    assert not set(ABSENT_TYPES) & set(BUSINESS_TYPES.values())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, BillsQuery("USDT-FUTURES", ALL, None, Page(20))),
        (
            {"businessType": "contract_settle_fee", "symbol": "BTCUSDT", "marginCoin": "USDT"},
            BillsQuery("USDT-FUTURES", ("funding",), None, Page(20)),
        ),
        (
            {"onlyFunding": "YES"},
            BillsQuery(
                "USDT-FUTURES", tuple(kind for kind in ALL if kind not in MARGIN_KINDS), None, Page(20)
            ),
        ),
        (
            {"businessType": "trans_from_exchange", "coin": "usdt"},
            BillsQuery("USDT-FUTURES", ("deposit",), "USDT", Page(20)),
        ),
        # Beside other business types a coin means nothing.
        ({"businessType": "buy", "coin": "usdt"}, BillsQuery("USDT-FUTURES", ("buy",), None, Page(20))),
        ({"businessType": "bonus_issue"}, BillsQuery("USDT-FUTURES", (), None, Page(20))),
        (
            {
                "limit": "500",
                "idLessThan": "7",
                "startTime": str(NOW_MS - 30 * DAY_MS),
                "endTime": str(NOW_MS),
            },
            BillsQuery("USDT-FUTURES", ALL, None, Page(100, 7, NOW_MS - 30 * DAY_MS, NOW_MS)),
        ),
        ({"productType": ""}, codes.PARAMETERS),
        ({"productType": "NOPE"}, codes.PARAMETERS),
        ({"businessType": "gift"}, codes.PARAMETERS),
        ({"onlyFunding": "maybe"}, codes.PARAMETERS),
        ({"limit": "x"}, codes.malformed("limit")),
        ({"startTime": "2", "endTime": "1"}, codes.WINDOW_BACKWARDS),
        (
            {"startTime": str(NOW_MS - 31 * DAY_MS), "endTime": str(NOW_MS)},
            codes.span_too_wide(30),
        ),
        ({"startTime": str(NOW_MS - 100 * DAY_MS)}, codes.WINDOW_TOO_OLD),
    ],
)
def test_bill_parameters(fields: dict[str, str], expected: object) -> None:
    """Twenty rows unless told otherwise, a window of 30 days, what ccxt adds ignored."""
    assert expected == parse_bills(get(**{**PRODUCT, **fields}))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, PastPositionsQuery("USDT-FUTURES", None, Page(20))),
        ({"productType": "coin-futures"}, PastPositionsQuery("COIN-FUTURES", None, Page(20))),
        ({"symbol": "btcusd", **PRODUCT}, PastPositionsQuery("COIN-FUTURES", "BTCUSD", Page(20))),
        ({"symbol": "X"}, codes.not_existing("X")),
        ({"productType": "NOPE"}, codes.PARAMETERS),
        ({"limit": "0"}, codes.malformed("limit")),
        ({"startTime": str(NOW_MS - 91 * DAY_MS), "endTime": str(NOW_MS)}, codes.WINDOW_TOO_WIDE),
    ],
)
def test_closed_position_parameters(fields: dict[str, str], expected: object) -> None:
    """With a symbol the product type does not count, without both it is USDT-FUTURES."""
    assert expected == parse_past_positions(get(**fields))


def test_past_fills_have_a_week() -> None:
    """fill-history is `fills` with a narrower window."""
    week = {"startTime": str(NOW_MS - 7 * DAY_MS), "endTime": str(NOW_MS)}
    page = Page(100, None, NOW_MS - 7 * DAY_MS, NOW_MS)
    expected = PastFillsQuery(FillsQuery("USDT-FUTURES", None, None, page))
    assert expected == parse_past_fills(get(**PRODUCT, **week))
    wider = {**week, "startTime": str(NOW_MS - 7 * DAY_MS - 1)}
    assert codes.span_too_wide(7) == parse_past_fills(get(**PRODUCT, **wider))
    assert codes.PARAMETERS == parse_past_fills(get())


@pytest.mark.parametrize(
    ("fields", "one", "every"),
    [
        ({"symbol": "btcusdt", "businessType": "MIX"}, TradeRateQuery("BTCUSDT"), TradeRatesQuery("BTCUSDT")),
        ({"businessType": "mix"}, codes.PARAMETERS, TradeRatesQuery(None)),
        ({"symbol": "BTCUSDT"}, codes.PARAMETERS, codes.PARAMETERS),
        ({"symbol": "BTCUSDT", "businessType": "spot"}, codes.PARAMETERS, codes.PARAMETERS),
        ({"symbol": "X", "businessType": "mix"}, codes.not_existing("X"), codes.not_existing("X")),
    ],
)
def test_fee_rates(fields: dict[str, str], one: object, every: object) -> None:
    """The symbol is needed for one and may be missing for all; there is no spot here."""
    assert one == parse_trade_rate(get(**fields))
    assert every == parse_trade_rates(get(**fields))


def test_what_does_not_exist_here() -> None:
    """Sub-accounts and interest are empty; union margin is refused, because no answer would be true."""
    assert EmptyListQuery() == parse_sub_accounts(get(**PRODUCT))
    assert codes.PARAMETERS == parse_sub_accounts(get())
    assert InterestQuery() == parse_interest(get())
    assert codes.malformed("limit") == parse_interest(get(limit="x"))
    assert codes.UNION_MARGIN_MISSING == parse_union(get(coin="USDT"))
    assert {
        "nextSettleTime": "",
        "borrowAmount": "0",
        "borrowLimit": "0",
        "interestList": [],
        "endId": None,
    } == builtins(no_interest())


def builtins(answer: object) -> Any:
    return msgspec.json.decode(msgspec.json.encode(answer))


def test_a_page_of_bills() -> None:
    """Fees are negative when paid, and the cursor is the oldest row's id."""
    trade = BillView(10**18 + 1, "BTCUSDT", "close_long", "USDT", -15 * 10**15, 36_000_000, 10**18, 7)
    moved = BillView(10**18, "", "deposit", "USDT", 10**18, 0, 2 * 10**18, 6)
    assert {
        "bills": [
            {
                "billId": "1000000000000000001",
                "symbol": "BTCUSDT",
                "amount": "-1.5",
                "fee": "-0.36",
                "feeByCoupon": "0",
                "businessType": "close_long",
                "coin": "USDT",
                "balance": "100",
                "cTime": "7",
            },
            {
                "billId": "1000000000000000000",
                "symbol": "",
                "amount": "100",
                "fee": "0",
                "feeByCoupon": "0",
                "businessType": "trans_from_exchange",
                "coin": "USDT",
                "balance": "200",
                "cTime": "6",
            },
        ],
        "endId": "1000000000000000000",
    } == builtins(bills_page([trade, moved]))
    assert {"bills": [], "endId": None} == builtins(bills_page([]))


def test_a_page_of_closed_positions() -> None:
    """Net profit is profit, funding and fees together; times stand in both spellings."""
    view = PastPositionView(
        position_id=10**18,
        symbol="BTCUSDT",
        margin_coin="USDT",
        side=-1,
        hedge_mode=True,
        margin_mode="isolated",
        opened_size_e8=300_000,
        closed_size_e8=300_000,
        open_average_price_e12=59_000 * 10**12,
        close_average_price_e12=590_005 * 10**11,
        profit_e8=-150_000,
        open_fee_e8=1_000,
        close_fee_e8=2_000,
        funding_e8=-500,
        opened_at_ms=6,
        closed_at_ms=7,
    )
    row = {
        "positionId": "1000000000000000000",
        "symbol": "BTCUSDT",
        "marginCoin": "USDT",
        "holdSide": "short",
        "posMode": "hedge_mode",
        "openAvgPrice": "59000",
        "closeAvgPrice": "59000.5",
        "marginMode": "isolated",
        "openTotalPos": "0.003",
        "closeTotalPos": "0.003",
        "pnl": "-0.0015",
        "netProfit": "-0.001535",
        "totalFunding": "-0.000005",
        "openFee": "-0.00001",
        "closeFee": "-0.00002",
        "ctime": "6",
        "utime": "7",
        "cTime": "6",
        "uTime": "7",
    }
    assert {"list": [row], "endId": "1000000000000000000"} == builtins(past_positions_page([view]))


def test_fills_of_the_past_name_their_margin_coin() -> None:
    """fill-history adds it to what fills has, and a liquidation has its own trade side in both."""
    view = FillView(10**18, 5, "BTCUSDT", "USDT", -1, 1, True, True, 10**12, 10**8, 6, 7, 8, "liquidation")
    (row,) = builtins(fills_page([view]))["fillList"]
    (past,) = builtins(past_fills_page([view]))["fillList"]
    assert {**row, "marginCoin": "USDT"} == past
    assert "burst_close_long" == row["tradeSide"]


@pytest.mark.parametrize(
    ("place", "legs", "rank", "step"),
    [(0, 1, "1", "5"), (0, 3, "1", "5"), (1, 3, "0.6666", "4"), (2, 3, "0.3333", "2"), (9, 10, "0.1", "1")],
)
def test_the_first_in_line_has_rank_1(place: int, legs: int, rank: str, step: str) -> None:
    """Nearer 1 is earlier; the deprecated rank counts in fifths."""
    row = builtins(adl_rank_row("BTCUSDT", "USDT", -1, place, legs))
    assert {
        "symbol": "BTCUSDT", "marginCoin": "USDT", "adlRank": step, "rank": rank, "holdSide": "short",
    } == row  # fmt: skip
