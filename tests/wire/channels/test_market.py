import json

import msgspec

from backhand.commands import BUY, SELL
from backhand.wire.channels.market import CandleView, candle_push, ticker_push, trade_push
from tests.wire.test_market_answers import BTCUSDT, TICKER


def test_a_ticker() -> None:
    """The documented fields, with mark price and funding, which no other channel has."""
    assert {
        "instId": "ETHUSDT", "lastPr": "3200.12", "bidPr": "3200.12", "askPr": "3200.13", "bidSz": "4.10",
        "askSz": "2.55", "open24h": "3167.77", "high24h": "3290.00", "low24h": "3155.40",
        "change24h": "0.01021", "fundingRate": "0.0001", "nextFundingTime": "1790208000000",
        "markPrice": "3200.31", "indexPrice": "3200.9", "holdingAmount": "402113.22",
        "baseVolume": "512034.55", "quoteVolume": "1641230011.2", "openUtc": "3180.00",
        "symbolType": "1", "symbol": "ETHUSDT", "deliveryPrice": "0", "ts": "1790208000123",
    } == json.loads(msgspec.json.encode(ticker_push(TICKER, 1790208000000)))  # fmt: skip


def test_trades() -> None:
    """A row has the taker's side, and no symbol."""
    row = trade_push(BTCUSDT, 77, SELL, 65_000 * 10**12, 12_500_000, 5)
    assert (
        b'{"ts":"5","price":"65000.0","size":"0.1250","side":"sell","tradeId":"77"}'
        == msgspec.json.encode(row)
    )
    assert "buy" == trade_push(BTCUSDT, 77, BUY, 1, 1, 5).side


def test_a_candle() -> None:
    """Eight texts: time, four prices, three volumes."""
    view = CandleView(
        60_000, 65_000 * 10**12, 65_001 * 10**12, 64_999 * 10**12, 65_000 * 10**12, 10**8, 65 * 10**23
    )
    assert (
        "60000", "65000.0", "65001.0", "64999.0", "65000.0", "1", "65000", "65000",
    ) == candle_push(BTCUSDT, view)  # fmt: skip
