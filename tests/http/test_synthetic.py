"""The synthetic market as a client meets it: it lives before anybody trades."""

import time
from pathlib import Path

from tests.http.conftest import balanced
from tests.http.streaming import PUBLIC, Listener, topic_of
from tests.http.venue import LINEAR, MIX, VenueProcess, query_of

NAMED = {"symbol": LINEAR.symbol, "productType": LINEAR.product_type}


def test_prices_trades_and_candles_live_from_the_start(tmp_path: Path) -> None:
    """Every symbol has a last price at once; trades are pushed and kept, candles are made, money balances."""
    process = VenueProcess(tmp_path / "venue.log", ("--memory", "--seed", "1")).start()
    try:
        connection = process.connect()

        def ask(path: str, **parameters: str) -> list[dict[str, str]]:
            target = f"{MIX}/market/{path}?{query_of(NAMED | parameters)}"
            rows: list[dict[str, str]] = connection.exchange("GET", target, {}, None).data
            return rows

        assert all(row["lastPr"] and row["open24h"] for row in ask("tickers"))
        with Listener(process, PUBLIC) as listener:
            listener.ask("subscribe", topic_of(LINEAR, "trade"))
            assert "subscribe" == listener.frame()["event"]
            assert "snapshot" == listener.frame()["action"]
            pushed = listener.frame()["data"][0]
        assert pushed["tradeId"] in {row["tradeId"] for row in ask("fills")}
        deadline = time.monotonic() + 10
        while pushed["tradeId"] not in {row["tradeId"] for row in ask("fills-history")}:
            assert time.monotonic() < deadline
        assert ask("candles", granularity="1m")
        balanced(process.operator.audit())
        assert {"longLots": 0, "shortLots": 0} == process.operator.audit()["symbols"][LINEAR.symbol]
    finally:
        process.stop()
