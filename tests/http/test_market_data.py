"""Market data over HTTP (market.md sections 1, 4 and 6 to 9): every field, order, cut and code."""

import time
from typing import Any

import pytest

from tests.http.checks import assert_refused, assert_row
from tests.http.conftest import OpenAccount, SetBook
from tests.http.streaming import PUBLIC, Listener
from tests.http.test_public import public
from tests.http.venue import LINEAR, Operator, VenueProcess, plain, query_of

NAMES = {"symbol": "ETHUSDT", "productType": "USDT-FUTURES"}
HOURS = {**NAMES, "granularity": "1H"}

ONE_OBJECT = [
    ("symbol-price", {"symbol", "price", "indexPrice", "markPrice", "ts"}),
    ("funding-time", {"symbol", "nextFundingTime", "ratePeriod"}),
    (
        "current-fund-rate",
        {"symbol", "fundingRate", "fundingRateInterval", "nextUpdate", "minFundingRate", "maxFundingRate"},
    ),
    ("oi-limit", {"symbol", "notionalValue", "totalNotionalValue"}),
]


@pytest.mark.parametrize(("path", "fields"), ONE_OBJECT, ids=[row[0] for row in ONE_OBJECT])
def test_figures_of_one_symbol(operator: Operator, set_book: SetBook, path: str, fields: set[str]) -> None:
    """market.md 9: an array of one row, all of it text."""
    set_book(LINEAR)
    (row,) = public(operator, f"mix/market/{path}", **NAMES)
    assert_row(fields, row)
    assert "ETHUSDT" == row["symbol"]


def test_tiers(operator: Operator) -> None:
    """query-position-lever: the table of market.md 4, ascending, in the fields that ccxt reads."""
    rows = public(operator, "mix/market/query-position-lever", **NAMES)
    assert 15 == len(rows)
    for row in rows:
        assert_row({"symbol", "level", "startUnit", "endUnit", "leverage", "keepMarginRate"}, row)
    assert ("0", "200000", "150", "0.0040") == tuple(
        rows[0][name] for name in ("startUnit", "endUnit", "leverage", "keepMarginRate")
    )


def test_trades_and_candles_of_a_trade(
    operator: Operator, open_account: OpenAccount, set_book: SetBook
) -> None:
    """A trade is in fills, fills-history, the candle of this minute and open interest, at once."""
    set_book(LINEAR)
    before = public(operator, "mix/market/fills", **NAMES, limit="1")
    open_account().take(LINEAR, "+3")
    row, *_ = public(operator, "mix/market/fills", **NAMES)
    assert_row({"tradeId", "price", "size", "side", "ts", "symbol"}, row)
    assert ("buy", "1000", "3") == (row["side"], plain(row["price"]), plain(row["size"]))
    history = public(operator, "mix/market/fills-history", **NAMES)
    assert row == history[0]
    assert [int(row["tradeId"]) for row in history] == sorted(
        (int(row["tradeId"]) for row in history), reverse=True
    )
    assert not before or int(before[0]["tradeId"]) < int(row["tradeId"])
    older = public(operator, "mix/market/fills-history", **NAMES, idLessThan=row["tradeId"])
    assert history[1:] == older
    candles = public(operator, "mix/market/candles", **NAMES, granularity="1m")
    assert "1000.00" == candles[-1][4]
    assert float(candles[-1][5]) >= 3
    times = [int(candle[0]) for candle in candles]
    assert times == list(range(times[0], times[-1] + 1, 60_000))
    interest = public(operator, "mix/market/open-interest", **NAMES)
    assert float(interest["openInterestList"][0]["size"]) >= 3


@pytest.mark.parametrize("granularity", ["1m", "3m", "5m", "15m", "30m", "1H", "2H", "4H", "1D", "1Mutc"])
def test_every_candle_endpoint(operator: Operator, set_book: SetBook, granularity: str) -> None:
    """Seven texts a row, ascending; the unfinished one in `candles` only; kinds in any case."""
    set_book(LINEAR)
    parameters = {**NAMES, "granularity": granularity}
    for kind in ("mark", "INDEX"):
        rows = public(operator, "mix/market/candles", **parameters, kLineType=kind)
        assert all(isinstance(value, str) for row in rows for value in row)
        assert {7} == {len(row) for row in rows}
        assert ["0", "0"] == rows[-1][5:]
        past = public(operator, f"mix/market/history-{kind.lower()}-candles", **parameters)
        assert rows[-1][0] not in {row[0] for row in past}
    assert [] == public(operator, "mix/market/history-candles", **parameters, endTime="60000")


REFUSED: list[tuple[str, dict[str, str], str]] = [
    ("candles", {**NAMES, "granularity": "1h"}, "400171"),
    ("candles", {**NAMES, "granularity": "60"}, "400171"),
    ("candles", NAMES, "40019"),
    ("candles", {**HOURS, "limit": "1001"}, "40053"),
    ("candles", {**HOURS, "kLineType": "x"}, "40020"),
    ("candles", {**HOURS, "startTime": "2", "endTime": "1"}, "20001"),
    ("candles", {**HOURS, "startTime": "1", "endTime": str(91 * 86_400_000)}, "00001"),
    ("candles", {**HOURS, "symbol": "NOPEUSDT"}, "40034"),
    ("history-candles", {**HOURS, "limit": "201"}, "40053"),
    ("history-mark-candles", {**HOURS, "productType": ""}, "400172"),
    ("history-index-candles", {**HOURS, "productType": "NOPE-FUTURES"}, "40019"),
    ("fills", {**NAMES, "limit": "0"}, "40020"),
    ("fills-history", {**NAMES, "startTime": "2", "endTime": "1"}, "20001"),
    ("fills-history", {**NAMES, "startTime": "1", "endTime": "2"}, "40704"),
    ("history-fund-rate", {**NAMES, "pageNo": "101"}, "40808"),
    ("history-fund-rate", {"symbol": "NOPEUSDT", "productType": "USDT-FUTURES"}, "40034"),
    ("current-fund-rate", {"symbol": "NOPEUSDT", "productType": "USDT-FUTURES"}, "40034"),
    ("current-fund-rate", {}, "400172"),
    ("symbol-price", {"productType": "USDT-FUTURES"}, "40019"),
    ("union-interest-rate-history", {}, "40019"),
    ("merge-depth", {**NAMES, "precision": "scale4"}, "40020"),
    ("orderbook", {**NAMES, "limit": "-1"}, "40020"),
]


@pytest.mark.parametrize(("path", "parameters", "code"), REFUSED)
def test_refusals(operator: Operator, path: str, parameters: dict[str, str], code: str) -> None:
    """market.md 1: each faulty request has its code, with HTTP 400 and no data."""
    target = f"/api/v2/mix/market/{path}?{query_of(parameters)}"
    answer = operator.connection.exchange("GET", target, {}, None)
    assert_refused(answer, code)


EMPTY: list[tuple[str, dict[str, str]]] = [
    ("public/annoucements", {"language": "en_US", "limit": "10"}),
    ("mix/market/exchange-rate", {}),
    ("mix/market/discount-rate", {}),
    ("mix/market/oi-limit", {"productType": "SUSDT-FUTURES"}),
    ("mix/market/current-fund-rate", {"productType": "SCOIN-FUTURES"}),
]


@pytest.mark.parametrize(("path", "parameters"), EMPTY)
def test_what_there_is_none_of(operator: Operator, path: str, parameters: dict[str, str]) -> None:
    """Announcements, union margin and demo products are empty lists."""
    assert [] == public(operator, path, **parameters)


def test_levels_and_rates(operator: Operator) -> None:
    """vip-fee-rate has levels 1 to 7, and nobody ever paid interest."""
    levels: Any = public(operator, "mix/market/vip-fee-rate")
    assert [str(level) for level in range(1, 8)] == [row["level"] for row in levels]
    rates = public(operator, "mix/market/union-interest-rate-history", coin="usdt")
    assert {"coin": "USDT", "historyInterestRateList": []} == rates


def test_the_next_settlement_lies_ahead(operator: Operator, set_book: SetBook) -> None:
    """The next instant is the next of 00, 08 and 16 o'clock UTC."""
    set_book(LINEAR)
    (row,) = public(operator, "mix/market/funding-time", **NAMES)
    next_ms, hours = int(row["nextFundingTime"]), 8 * 3_600_000
    assert 0 == next_ms % hours
    assert 0 <= next_ms - int(time.time() * 1_000) <= hours
    assert [] == public(operator, "mix/market/history-fund-rate", **NAMES, pageNo="7")


def test_a_market_without_a_price_streams_when_its_first_is_settled(
    venue: VenueProcess, operator: Operator
) -> None:
    """The ticker channel has the instant that funding-time has, not 1970."""
    with Listener(venue, PUBLIC) as listener:
        (row,) = listener.begin("ticker", "SOLUSDT")["data"]
    (asked,) = public(operator, "mix/market/funding-time", symbol="SOLUSDT", productType="USDT-FUTURES")
    assert ("0", asked["nextFundingTime"]) == (row["markPrice"], row["nextFundingTime"])
