from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from backhand.commands import PlaceOrder
from backhand.projections.intervals import DAY_MS, HOUR_MS, MINUTE_MS
from tests.serving.stage import START_MS, Stage, on_stage

BTC = "BTCUSDT"


async def buy(stage: Stage, lots: int, ticks: int, *, after_ms: int = 0) -> None:
    """A trade at a price, in lots of 0.0001."""
    await stage.quote(BTC, ticks - 10, ticks, after_ms=after_ms)
    await stage.do(PlaceOrder("1", BTC, 1, "market", lots))


def opens(rows: Sequence[Sequence[str]]) -> list[int]:
    """When candles open, in minutes since the start."""
    return [(int(row[0]) - START_MS) // MINUTE_MS for row in rows]


def test_candles_are_made_of_trades_and_go_on_while_nothing_happens() -> None:
    """Open, high, low, close and both volumes of each minute; flat where nothing was traded, up to now."""

    async def play(stage: Stage) -> None:
        await buy(stage, 10, 600_000)
        await buy(stage, 20, 600_100, after_ms=20_000)
        await buy(stage, 10, 599_900, after_ms=3 * MINUTE_MS)
        stage.wait(MINUTE_MS)
        assert [
            [str(START_MS), "60000.0", "60010.0", "60000.0", "60010.0", "0.003", "180.02"],
            [str(START_MS + MINUTE_MS), "60010.0", "60010.0", "60010.0", "60010.0", "0", "0"],
            [str(START_MS + 2 * MINUTE_MS), "60010.0", "60010.0", "60010.0", "60010.0", "0", "0"],
            [str(START_MS + 3 * MINUTE_MS), "59990.0", "59990.0", "59990.0", "59990.0", "0.001", "59.99"],
            [str(START_MS + 4 * MINUTE_MS), "59990.0", "59990.0", "59990.0", "59990.0", "0", "0"],
        ] == await stage.market("candles", granularity="1m")
        finished = await stage.market("history-candles", granularity="1m")
        assert [0, 1, 2, 3] == opens(finished)
        assert [
            [str(START_MS), "60000.0", "60010.0", "59990.0", "59990.0", "0.004", "240.01"]
        ] == await stage.market("candles", granularity="1H")
        assert [] == await stage.market("history-candles", granularity="1H")
        assert [] == await stage.market("candles", "ETHUSDT", granularity="1m")

    on_stage(play)


def test_candles_of_mark_and_index() -> None:
    """Each kind of price has its own, without volumes, under either form of asking."""

    async def play(stage: Stage) -> None:
        await stage.quote(BTC, 599_990, 600_000)
        await stage.quote(BTC, 599_990, 600_500, after_ms=MINUTE_MS)
        expected = [
            [str(START_MS), "60000", "60000", "60000", "60000", "0", "0"],
            [str(START_MS + MINUTE_MS), "60000", "60050", "60000", "60050", "0", "0"],
        ]
        for kind in ("mark", "index"):
            assert expected == await stage.market("candles", granularity="1m", kLineType=kind)
            assert expected[:1] == await stage.market(f"history-{kind}-candles", granularity="1m")
        assert [] == await stage.market("candles", granularity="1m")

    on_stage(play)


RANGES = [
    # startTime and endTime in seconds since the start, limit: the minutes that come back
    (None, None, 100, [0, 1, 2, 3, 4, 5]),
    (None, None, 2, [4, 5]),
    (130, None, 100, [2, 3, 4, 5]),
    (120, None, 100, [2, 3, 4, 5]),
    # An end on the minute leaves that minute out, one within it does not.
    (None, 180, 100, [0, 1, 2]),
    (None, 181, 100, [0, 1, 2, 3]),
    (60, 180, 100, [1, 2]),
    # Too many: the newest before the end.
    (0, 241, 3, [2, 3, 4]),
    (59, 61, 100, [0, 1]),
    (61, 61, 100, [1]),
    (60, 60, 100, []),
    (None, 10_000, 2, [4, 5]),
    (3_000, None, 100, []),
    (-9_000, -8_000, 100, []),
]


@pytest.mark.parametrize(("start", "end", "limit", "expected"), RANGES)
def test_ranges_of_candles(start: int | None, end: int | None, limit: int, expected: list[int]) -> None:
    """market.md 8: the start is floored, the end counts when it is within a candle, the newest win."""

    async def play(stage: Stage) -> None:
        for minute in range(6):
            if minute != 3:
                await buy(stage, 10, 600_000 + minute, after_ms=minute and MINUTE_MS)
            else:
                stage.wait(MINUTE_MS)
        times = {"startTime": start, "endTime": end}
        sent: dict[str, Any] = {
            name: START_MS + 1_000 * time for name, time in times.items() if time is not None
        }
        rows = await stage.market("candles", granularity="1m", limit=limit, **sent)
        assert expected == opens(rows)

    on_stage(play)


@pytest.mark.parametrize(
    ("granularity", "hours"),
    [
        ("4H", [0, 4, 8, 12, 16, 20]),
        ("6H", [-2, 4, 10, 16, 22]),
        ("6Hutc", [0, 6, 12, 18]),
        ("12H", [-8, 4, 16]),
        ("12Hutc", [0, 12]),
        ("1D", [-8, 16]),
        ("1Dutc", [0]),
        # The 15th of June 2025 was a Sunday; UTC+8 has its Monday from 16:00 on.
        ("1W", [-6 * 24 - 8, 16]),
        ("1Wutc", [-6 * 24]),
        ("1M", [-14 * 24 - 8]),
        ("1Mutc", [-14 * 24]),
    ],
)
def test_where_long_candles_begin(granularity: str, hours: list[int]) -> None:
    """From six hours on a candle begins by UTC+8, and by UTC with `utc` in its name; weeks on Mondays."""

    async def play(stage: Stage) -> None:
        for hour in range(24):
            await buy(stage, 10, 600_000 + hour, after_ms=hour and HOUR_MS)
        rows = await stage.market("candles", granularity=granularity)
        assert hours == [(int(row[0]) - START_MS) // HOUR_MS for row in rows]
        assert Decimal("0.024") == sum(Decimal(row[5]) for row in rows)

    on_stage(play)


def test_public_trades() -> None:
    """Each trade once, with the taker's side, newest first; pages and spans of the history."""

    async def play(stage: Stage) -> None:
        await buy(stage, 10, 600_000)
        await buy(stage, 20, 600_100, after_ms=1_000)
        await stage.do(PlaceOrder("1", BTC, -1, "market", 5), after_ms=1_000)
        rows = await stage.market("fills")
        assert [
            ("sell", "60009.0", "0.0005", str(START_MS + 2_000)),
            ("buy", "60010.0", "0.0020", str(START_MS + 1_000)),
            ("buy", "60000.0", "0.0010", str(START_MS)),
        ] == [(row["side"], row["price"], row["size"], row["ts"]) for row in rows]
        assert {BTC} == {row["symbol"] for row in rows}
        assert rows == await stage.market("fills-history")
        assert rows[:2] == await stage.market("fills", limit=2)
        assert rows[1:] == await stage.market("fills-history", idLessThan=rows[0]["tradeId"])
        assert rows[1:2] == await stage.market(
            "fills-history", startTime=START_MS + 1, endTime=START_MS + 1_000
        )
        assert [] == await stage.market("fills", "ETHUSDT")

    on_stage(play)


def test_funding_as_it_runs_and_as_it_was() -> None:
    """The running rate, the next instant, and one row for each settlement, newest first, in pages."""

    async def play(stage: Stage) -> None:
        await buy(stage, 10, 600_000)
        (row,) = await stage.market("current-fund-rate")
        assert (str(START_MS + 8 * HOUR_MS), "8", "-0.003", "0.003") == (
            row["nextUpdate"], row["fundingRateInterval"], row["minFundingRate"], row["maxFundingRate"],
        )  # fmt: skip
        (ticker,) = await stage.market("ticker")
        assert row["fundingRate"] == ticker["fundingRate"] != "0"
        expected = {"symbol": BTC, "nextFundingTime": str(START_MS + 8 * HOUR_MS), "ratePeriod": "8"}
        assert [expected] == await stage.market("funding-time")
        for _ in range(5):
            await stage.tick(8 * HOUR_MS)
        past = await stage.market("history-fund-rate")
        assert [START_MS + 8 * HOUR_MS * count for count in (5, 4, 3, 2, 1)] == [
            int(row["fundingTime"]) for row in past
        ]
        assert past[2:4] == await stage.market("history-fund-rate", pageSize=2, pageNo=2)
        assert [] == await stage.market("history-fund-rate", pageNo=100)
        assert [] == await stage.market("history-fund-rate", "ETHUSDT")
        every = await stage.ask("market/current-fund-rate", productType="USDT-FUTURES")
        assert ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"] == [row["symbol"] for row in every]

    on_stage(play)


def test_before_the_first_price_the_next_funding_is_known() -> None:
    """A market without an index answers with the instant that its first price will be settled at."""

    async def play(stage: Stage) -> None:
        (row,) = await stage.market("funding-time", "XRPUSDT")
        assert str(START_MS + 8 * HOUR_MS) == row["nextFundingTime"]
        (price,) = await stage.market("symbol-price", "XRPUSDT")
        assert ("", "0", "0") == (price["price"], price["indexPrice"], price["markPrice"])

    on_stage(play)


def test_figures_of_a_symbol() -> None:
    """Prices, open interest, what may be held, tiers, and the books under both of their names."""

    async def play(stage: Stage) -> None:
        await buy(stage, 15, 600_000)
        (price,) = await stage.market("symbol-price")
        assert ("60000.0", "60000", "60000") == (price["price"], price["indexPrice"], price["markPrice"])
        interest = await stage.market("open-interest")
        assert [{"symbol": BTC, "size": "0.0015"}] == interest["openInterestList"]
        (limit,) = await stage.market("oi-limit")
        assert "1200000000" == limit["notionalValue"]
        assert 12 == len(await stage.market("query-position-lever"))
        assert await stage.market("merge-depth") == await stage.market("orderbook")
        assert await stage.market("merge-depth", limit=7, precision="scale1") == await stage.market(
            "orderbook", limit=7, precision="scale1"
        )

    on_stage(play)


@pytest.mark.parametrize(
    ("path", "parameters", "expected"),
    [
        ("/api/v2/public/annoucements", {"language": "en_US"}, []),
        ("market/exchange-rate", {}, []),
        ("market/discount-rate", {}, []),
        (
            "market/union-interest-rate-history",
            {"coin": "usdt"},
            {"coin": "USDT", "historyInterestRateList": []},
        ),
        ("market/tickers", {"productType": "SUSDT-FUTURES"}, []),
        ("market/oi-limit", {"productType": "SCOIN-FUTURES"}, []),
    ],
)
def test_what_there_is_none_of(path: str, parameters: dict[str, str], expected: Any) -> None:
    """Announcements, union margin and demo products are empty, not errors."""

    async def play(stage: Stage) -> None:
        assert expected == await stage.ask(path, **parameters)
        assert 7 == len(await stage.ask("market/vip-fee-rate"))

    on_stage(play)


def test_a_year_of_days_is_answered_from_what_is_kept() -> None:
    """A long past with one trade a month: every day is there, and each flat one closes as the last did."""

    async def play(stage: Stage) -> None:
        for month in range(12):
            await buy(stage, 10, 600_000 + month, after_ms=month and 30 * DAY_MS)
        rows = await stage.market("candles", granularity="1Dutc", limit=1_000)
        assert 331 == len(rows)
        assert [str(60_000.0 + month / 10) for month in range(12)] == [row[4] for row in rows[::30]]

    on_stage(play)
