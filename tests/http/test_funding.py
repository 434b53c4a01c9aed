"""Funding and days of candles over HTTP and through ccxt, on a venue whose clock is stepped by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http.conftest import ASK, BID, DEEP, MARK
from tests.http.test_ccxt import ETH_USDT, exchange_of
from tests.http.test_clock import FROZEN
from tests.http.test_public import public
from tests.http.venue import LINEAR, MIX, VenueProcess, plain

NAMES = {"symbol": "ETHUSDT", "productType": "USDT-FUTURES"}
HOURS_MS = 3_600_000


@pytest.fixture
def frozen(logs: Path) -> Iterator[VenueProcess]:
    """A venue that has settled funding three times while an account held 10 long."""
    venue = VenueProcess(logs / "funding.log", FROZEN).start()
    operator = venue.operator
    operator.set_book(LINEAR, [(BID, DEEP)], [(ASK, DEEP)], MARK)
    yield venue
    venue.stop()


def test_funding_is_settled_billed_and_remembered(frozen: VenueProcess) -> None:
    """Each settlement has its row, its bill and its part of the closed position; ccxt reads all three."""
    operator = frozen.operator
    trader = operator.trader()
    trader.take(LINEAR, "+10")
    for _ in range(3):
        operator.ask("POST", "/_venue/clock/advance", {"by": "8h"})
    settled = public(operator, "mix/market/history-fund-rate", **NAMES)
    assert ["0.0001"] * 3 == [row["fundingRate"] for row in settled]
    times = [int(row["fundingTime"]) for row in settled]
    assert [8 * HOURS_MS] * 2 == [times[0] - times[1], times[1] - times[2]]
    paid = trader.get(
        f"{MIX}/account/bill", {"productType": "USDT-FUTURES", "businessType": "contract_settle_fee"}
    ).data["bills"]
    assert [("-1", "0", str(time)) for time in times] == [
        (plain(row["amount"]), row["fee"], row["cTime"]) for row in paid
    ]
    trader.reverse(LINEAR).accepted()
    (closed,) = trader.get(f"{MIX}/position/history-position", {"symbol": "ETHUSDT"}).data["list"]
    assert "-3" == plain(closed["totalFunding"])

    exchange = exchange_of(frozen, trader.credentials)
    # ccxt cuts what it asks for at its own clock, which the venue's is years behind.
    exchange.milliseconds = lambda: times[0]
    exchange.load_markets()
    rates = exchange.fetch_funding_rate_history(ETH_USDT, None, 2)
    assert [(0.0001, times[1]), (0.0001, times[0])] == [
        (row["fundingRate"], row["timestamp"]) for row in rates
    ]
    history = exchange.fetch_funding_history(ETH_USDT)
    assert [-1.0] * 3 == [row["amount"] for row in history]
    assert times[::-1] == [row["timestamp"] for row in history]
    exchange.session.close()


def test_days_of_candles(frozen: VenueProcess) -> None:
    """fetch_ohlcv over days that passed: flat where nothing was traded, whole days by UTC."""
    operator = frozen.operator
    trader = operator.trader()
    start_ms = operator.ask("GET", "/_venue/clock")["nowMs"]
    for day in range(3):
        operator.set_book(LINEAR, [(BID, DEEP)], [(str(1_000 + 10 * day), DEEP)], MARK)
        trader.market(LINEAR, "buy", "2")
        operator.ask("POST", "/_venue/clock/advance", {"by": "48h"})
    exchange = exchange_of(frozen, trader.credentials)
    exchange.milliseconds = lambda: start_ms + 6 * 24 * HOURS_MS
    exchange.load_markets()
    days = exchange.fetch_ohlcv(ETH_USDT, "1d", start_ms, 10)
    assert [(1000.0, 2.0), (1000.0, 0.0), (1010.0, 2.0), (1010.0, 0.0), (1020.0, 2.0), (1020.0, 0.0)] == [
        (row[4], row[5]) for row in days[:6]
    ]
    assert [start_ms + 24 * HOURS_MS * day for day in range(6)] == [row[0] for row in days[:6]]
    old = exchange.fetch_ohlcv(ETH_USDT, "1h", start_ms, 3, {"useHistoryEndpoint": True})
    assert [1000.0] * 3 == [row[4] for row in old]
    marks = exchange.fetch_ohlcv(ETH_USDT, "1h", start_ms, 3, {"price": "mark", "useHistoryEndpoint": True})
    assert [1000.0] * 3 == [row[4] for row in marks]
    exchange.session.close()
