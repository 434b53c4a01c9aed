import pytest

from backhand.projections.intervals import INTERVALS
from backhand.wire import codes
from backhand.wire.requests.market_history import (
    GRANULARITIES,
    CandlesQuery,
    FundingHistoryQuery,
    RecentTradesQuery,
    TradesQuery,
    parse_candles,
    parse_funding_history,
    parse_past_candles,
    parse_past_index_candles,
    parse_past_mark_candles,
    parse_recent_trades,
    parse_trades,
)
from backhand.wire.requests.queries import DAY_MS
from tests.wire.calls import NOW_MS, get

BTC = {"symbol": "btcusdt", "productType": "usdt-futures"}
HOURS = {**BTC, "granularity": "1H"}
PARSERS = (
    parse_recent_trades,
    parse_trades,
    parse_candles,
    parse_past_candles,
    parse_past_index_candles,
    parse_past_mark_candles,
    parse_funding_history,
)


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({}, codes.PARAMETERS),
        ({"symbol": "BTCUSDT"}, codes.PARAMETERS),
        ({"productType": "USDT-FUTURES"}, codes.empty_parameter("symbol")),
        ({"productType": "NOPE", "symbol": "BTCUSDT"}, codes.empty_parameter("NOPE")),
        ({"productType": "USDT-FUTURES", "symbol": "NOPEUSDT"}, codes.not_existing("NOPEUSDT")),
    ],
)
def test_bad_symbols_are_refused(parse: object, fields: dict[str, str], refusal: object) -> None:
    """Every question about a symbol's past is refused as one for its ticker, market.md section 1."""
    assert callable(parse)
    assert refusal == parse(get(**fields))


def test_every_interval_has_its_name_on_the_wire() -> None:
    """What may be asked for is what is kept."""
    assert set(INTERVALS) == set(GRANULARITIES)


@pytest.mark.parametrize("granularity", ["1h", "60", "1M ", "1d", "6HUTC", "1mutc"])
def test_granularities_are_written_exactly_so(granularity: str) -> None:
    """market.md 1: other letters are 400171, because 1m and 1M differ by nothing else."""
    assert codes.GRANULARITY_UNKNOWN == parse_candles(get(**BTC, granularity=granularity))
    assert codes.empty_parameter("granularity") == parse_candles(get(**BTC))


@pytest.mark.parametrize(
    ("parse", "fields", "expected"),
    [
        (parse_candles, {}, CandlesQuery("BTCUSDT", "last", "1H", 100, None, None, finished=False)),
        (
            parse_candles,
            {"kLineType": "mark", "limit": "1000"},
            CandlesQuery("BTCUSDT", "mark", "1H", 1_000, None, None, finished=False),
        ),
        (
            parse_candles,
            {"kLineType": "INDEX", "startTime": "5", "endTime": "9"},
            CandlesQuery("BTCUSDT", "index", "1H", 100, 5, 9, finished=False),
        ),
        (parse_past_candles, {}, CandlesQuery("BTCUSDT", "last", "1H", 100, None, None, finished=True)),
        # What kind of price is asked for is in the path there.
        (
            parse_past_mark_candles,
            {"limit": "200", "kLineType": "index"},
            CandlesQuery("BTCUSDT", "mark", "1H", 200, None, None, finished=True),
        ),
        (
            parse_past_index_candles,
            {"endTime": "9"},
            CandlesQuery("BTCUSDT", "index", "1H", 100, None, 9, finished=True),
        ),
        (parse_candles, {"kLineType": "spot"}, codes.malformed("kLineType")),
        (parse_candles, {"limit": "1001"}, codes.rows_out_of_range(1_000)),
        (parse_candles, {"limit": "0"}, codes.rows_out_of_range(1_000)),
        (parse_past_candles, {"limit": "201"}, codes.rows_out_of_range(200)),
        (parse_candles, {"limit": "x"}, codes.malformed("limit")),
        (parse_candles, {"startTime": "x"}, codes.malformed("startTime")),
        (parse_candles, {"endTime": "-1"}, codes.malformed("endTime")),
        (parse_candles, {"startTime": "2", "endTime": "1"}, codes.TIMES_BACKWARDS),
        (parse_candles, {"startTime": "0", "endTime": str(90 * DAY_MS + 1)}, codes.span_too_wide(90)),
        (
            parse_past_candles,
            {"startTime": "0", "endTime": str(90 * DAY_MS)},
            CandlesQuery("BTCUSDT", "last", "1H", 100, 0, 90 * DAY_MS, finished=True),
        ),
        (
            parse_candles,
            {"granularity": "1Wutc", "startTime": "0", "endTime": str(91 * DAY_MS)},
            CandlesQuery("BTCUSDT", "last", "1Wutc", 100, 0, 91 * DAY_MS, finished=False),
        ),
    ],
)
def test_candle_parameters(parse: object, fields: dict[str, str], expected: object) -> None:
    """Limits, times and the kind of price, in the order and with the codes of market.md sections 1 and 8."""
    assert callable(parse)
    assert expected == parse(get(**{**HOURS, **fields}))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, RecentTradesQuery("BTCUSDT", 100)),
        ({"limit": "3"}, RecentTradesQuery("BTCUSDT", 3)),
        ({"limit": "500"}, RecentTradesQuery("BTCUSDT", 100)),
        ({"limit": "0"}, codes.malformed("limit")),
        ({"limit": "-1"}, codes.malformed("limit")),
    ],
)
def test_recent_trades(fields: dict[str, str], expected: object) -> None:
    """A hundred at most, and more asked for is a hundred."""
    assert expected == parse_recent_trades(get(**BTC, **fields))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, TradesQuery("BTCUSDT", 500, None, None, None)),
        ({"limit": "5000", "idLessThan": "7"}, TradesQuery("BTCUSDT", 1_000, 7, None, None)),
        (
            {"startTime": str(NOW_MS - 7 * DAY_MS), "endTime": str(NOW_MS)},
            TradesQuery("BTCUSDT", 500, None, NOW_MS - 7 * DAY_MS, NOW_MS),
        ),
        ({"limit": "0"}, codes.malformed("limit")),
        ({"idLessThan": "x"}, codes.malformed("idLessThan")),
        ({"startTime": "2", "endTime": "1"}, codes.TIMES_BACKWARDS),
        ({"startTime": str(NOW_MS - 8 * DAY_MS), "endTime": str(NOW_MS)}, codes.span_too_wide(7)),
        ({"startTime": str(NOW_MS - 100 * DAY_MS)}, codes.WINDOW_TOO_OLD),
    ],
)
def test_past_trades(fields: dict[str, str], expected: object) -> None:
    """Five hundred unless told otherwise, a window of seven days, three months back."""
    assert expected == parse_trades(get(**BTC, **fields))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, FundingHistoryQuery("BTCUSDT", 20, 1)),
        ({"pageSize": "500", "pageNo": "100"}, FundingHistoryQuery("BTCUSDT", 100, 100)),
        ({"pageSize": "0"}, codes.malformed("pageSize")),
        ({"pageNo": "x"}, codes.malformed("pageNo")),
        ({"pageNo": "0"}, codes.PAGE_TOO_FAR),
        ({"pageNo": "101"}, codes.PAGE_TOO_FAR),
    ],
)
def test_past_funding(fields: dict[str, str], expected: object) -> None:
    """Twenty rows unless told otherwise, larger pages silently cut, a hundred pages."""
    assert expected == parse_funding_history(get(**BTC, **fields))
