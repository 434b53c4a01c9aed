from itertools import pairwise

import msgspec
import pytest

from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.requests.market_figures import (
    FundingRateQuery,
    FundingTimeQuery,
    OpenInterestLimitQuery,
    OpenInterestQuery,
    SymbolPriceQuery,
    TiersQuery,
    UnionRatesQuery,
    VipFeesQuery,
    parse_announcements,
    parse_funding_rate,
    parse_funding_time,
    parse_open_interest,
    parse_open_interest_limit,
    parse_symbol_price,
    parse_tiers,
    parse_union_rates,
    parse_vip_fees,
)
from backhand.wire.requests.markets import EmptyListQuery
from backhand.wire.responses.market_figures import (
    VIP_FEES,
    funding_rate_row,
    funding_time_row,
    open_interest_answer,
    open_interest_limit_row,
    symbol_price_row,
    tier_rows,
    trade_rate_answer,
    trade_rate_rows,
    union_rates_answer,
)
from backhand.wire.responses.market_history import candle_answer, funding_history_row, trade_row
from tests.wire.calls import CONTRACTS, get

BTC = {"symbol": "btcusdt", "productType": "usdt-futures"}
BTCUSDT = CONTRACTS["BTCUSDT"]


@pytest.mark.parametrize(
    ("parse", "expected"),
    [
        (parse_tiers, TiersQuery("BTCUSDT")),
        (parse_symbol_price, SymbolPriceQuery("BTCUSDT")),
        (parse_open_interest, OpenInterestQuery("BTCUSDT")),
        (parse_funding_time, FundingTimeQuery("BTCUSDT")),
    ],
)
def test_questions_about_one_symbol(parse: object, expected: object) -> None:
    """Letters of any case, both parameters needed, unknown values with the codes of market.md section 1."""
    assert callable(parse)
    assert expected == parse(get(**BTC))
    assert codes.PARAMETERS == parse(get(symbol="BTCUSDT"))
    assert codes.empty_parameter("symbol") == parse(get(productType="USDT-FUTURES"))
    assert codes.not_existing("X") == parse(get(productType="USDT-FUTURES", symbol="X"))


@pytest.mark.parametrize(
    ("parse", "query"),
    [(parse_funding_rate, FundingRateQuery), (parse_open_interest_limit, OpenInterestLimitQuery)],
)
def test_questions_about_a_product_type(parse: object, query: object) -> None:
    """The symbol may be missing; when it is sent, it counts alone, as on the order book."""
    assert callable(parse)
    assert callable(query)
    assert query("USDT-FUTURES", None) == parse(get(productType="usdt-futures"))
    assert query("SUSDT-FUTURES", None) == parse(get(productType="SUSDT-FUTURES"))
    assert query("USDT-FUTURES", "BTCUSDT") == parse(get(productType="COIN-FUTURES", symbol="BTCUSDT"))
    assert codes.PARAMETERS == parse(get())
    assert codes.empty_parameter("NOPE") == parse(get(productType="NOPE"))
    assert codes.not_existing("X") == parse(get(productType="USDT-FUTURES", symbol="X"))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"language": "en_US"}, EmptyListQuery()),
        ({"language": "fr_FR", "annType": "Security", "startTime": "1", "endTime": "2"}, EmptyListQuery()),
        ({}, codes.empty_parameter("language")),
        ({"language": "en_US", "annType": "gossip"}, codes.malformed("annType")),
        ({"language": "en_US", "limit": "x"}, codes.malformed("limit")),
        ({"language": "en_US", "endTime": "x"}, codes.malformed("endTime")),
        ({"language": "en_US", "startTime": "2", "endTime": "1"}, codes.TIMES_BACKWARDS),
    ],
)
def test_announcements(fields: dict[str, str], expected: object) -> None:
    """There are none, and what asks for them wrongly is told so."""
    assert expected == parse_announcements(get(**fields))


def test_union_margin_and_vip_levels() -> None:
    """Interest rates need a coin that exists; the fees of VIP levels need nothing."""
    assert UnionRatesQuery("BTC") == parse_union_rates(get(coin="btc"))
    assert codes.empty_parameter("coin") == parse_union_rates(get())
    assert codes.not_existing("DOGE") == parse_union_rates(get(coin="doge"))
    assert VipFeesQuery() == parse_vip_fees(get(x="1"))
    assert ("BTC", []) == msgspec.structs.astuple(union_rates_answer("BTC"))


def test_no_answer_repeats_much_of_a_callers_text() -> None:
    """A coin that is no coin comes back shortened."""
    refusal = parse_union_rates(get(coin="x" * 10_000))
    assert isinstance(refusal, Refusal)
    assert len(refusal.message) < 200


def test_tiers() -> None:
    """market.md 4: rows follow on each other from 0, rates have four decimals."""
    rows = tier_rows(BTCUSDT)
    assert {
        "symbol": "BTCUSDT",
        "level": "1",
        "startUnit": "0",
        "endUnit": "200000",
        "leverage": "150",
        "keepMarginRate": "0.0040",
    } == msgspec.to_builtins(rows[0])
    assert [row.end_unit for row in rows[:-1]] == [row.start_unit for row in rows[1:]]
    assert ("12", "1200000000", "1", "0.6000") == (
        rows[-1].level, rows[-1].end_unit, rows[-1].leverage, rows[-1].keep_margin_rate,
    )  # fmt: skip


def test_a_rate_with_more_decimals_is_shown_whole() -> None:
    """Four decimals are usual, never a cut."""
    tier = msgspec.structs.replace(BTCUSDT.tiers[0], maintenance_rate_e8=412_345)
    (row,) = tier_rows(msgspec.structs.replace(BTCUSDT, tiers=(tier,)))
    assert "0.00412345" == row.keep_margin_rate


ANSWERS = [
    (
        symbol_price_row(BTCUSDT, 65_000 * 10**12, 650_009 * 10**11, 6_500_031 * 10**10, 7),
        {
            "symbol": "BTCUSDT",
            "price": "65000.0",
            "indexPrice": "65000.9",
            "markPrice": "65000.31",
            "ts": "7",
        },
    ),
    (
        symbol_price_row(BTCUSDT, 0, 0, 0, 7),
        {"symbol": "BTCUSDT", "price": "", "indexPrice": "0", "markPrice": "0", "ts": "7"},
    ),
    (
        open_interest_answer("BTCUSDT", 150_000_000, 7),
        {"openInterestList": [{"symbol": "BTCUSDT", "size": "1.5"}], "ts": "7"},
    ),
    (
        funding_time_row(BTCUSDT, 28_800_000),
        {"symbol": "BTCUSDT", "nextFundingTime": "28800000", "ratePeriod": "8"},
    ),
    (
        funding_rate_row(BTCUSDT, -12_000, 28_800_000),
        {
            "symbol": "BTCUSDT",
            "fundingRate": "-0.00012",
            "fundingRateInterval": "8",
            "nextUpdate": "28800000",
            "minFundingRate": "-0.003",
            "maxFundingRate": "0.003",
        },
    ),
    (
        open_interest_limit_row(BTCUSDT),
        {"symbol": "BTCUSDT", "notionalValue": "1200000000", "totalNotionalValue": "1200000000"},
    ),
    (trade_rate_answer(BTCUSDT), {"makerFeeRate": "0.0002", "takerFeeRate": "0.0006"}),
    (
        trade_rate_rows([BTCUSDT]),
        [{"symbol": "BTCUSDT", "makerFeeRate": "0.0002", "takerFeeRate": "0.0006"}],
    ),
    (
        trade_row(BTCUSDT, 10**18, -1, 650_001 * 10**11, 150_000, 7),
        {
            "tradeId": "1000000000000000000",
            "price": "65000.1",
            "size": "0.0015",
            "side": "sell",
            "ts": "7",
            "symbol": "BTCUSDT",
        },
    ),
    (
        candle_answer(60_000, (10**12, 3 * 10**12, 5 * 10**11, 2 * 10**12), 150_000_000, 25 * 10**19, None),
        ["60000", "1", "3", "0.5", "2", "1.5", "2.5"],
    ),
    (
        candle_answer(60_000, (10**12, 3 * 10**12, 5 * 10**11, 2 * 10**12), 150_000_000, 25 * 10**19, 2),
        ["60000", "1.00", "3.00", "0.50", "2.00", "1.5", "2.5"],
    ),
    (
        funding_history_row("BTCUSDT", 10_000, 28_800_000),
        {"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingTime": "28800000"},
    ),
]


@pytest.mark.parametrize(("answer", "expected"), ANSWERS)
def test_answers(answer: object, expected: object) -> None:
    """Every number is text, with the digits that it has, under the exchange's names."""
    assert expected == msgspec.json.decode(msgspec.json.encode(answer))


def test_vip_fees_fall_from_level_to_level() -> None:
    """Seven levels, none dearer than the one before; the first is the one whose columns were all seen."""
    assert [str(level) for level in range(1, 8)] == [row.level for row in VIP_FEES]
    for before, after in pairwise(VIP_FEES):
        assert float(before.taker_fee_rate) >= float(after.taker_fee_rate)
        assert float(before.maker_fee_rate) > float(after.maker_fee_rate)
    assert ("300", "4000000") == (VIP_FEES[0].btc_withdraw_amount, VIP_FEES[0].usdt_withdraw_amount)
