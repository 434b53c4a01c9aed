import json
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from backhand.wire.responses.markets import (
    TickerView,
    contract_row,
    depth_answer,
    server_time,
    ticker_row,
)
from tests.wire.calls import CONTRACTS

BTCUSDT = CONTRACTS["BTCUSDT"]
TICKER = TickerView(
    symbol="ETHUSDT",
    price_places=2,
    size_places=2,
    last_price_e12=3_200_120_000_000_000,
    ask_price_e12=3_200_130_000_000_000,
    ask_size_e8=255_000_000,
    bid_price_e12=3_200_120_000_000_000,
    bid_size_e8=410_000_000,
    high_price_e12=3_290_000_000_000_000,
    low_price_e12=3_155_400_000_000_000,
    open_price_e12=3_167_770_000_000_000,
    day_open_price_e12=3_180_000_000_000_000,
    base_volume_e8=51_203_455_000_000,
    quote_volume_e20=164_123_001_120_000_000_000_000_000_000,
    index_price_e12=3_200_900_000_000_000,
    mark_price_e12=3_200_310_000_000_000,
    funding_rate_e8=10_000,
    open_interest_e8=40_211_322_000_000,
    time_ms=1_790_208_000_123,
)


def test_a_contract_is_the_sample_row() -> None:
    """BTCUSDT prints as the sample of market.md section 3, byte for byte and key for key."""
    expected = (
        '{"symbol":"BTCUSDT","baseCoin":"BTC","quoteCoin":"USDT","buyLimitPriceRatio":"0.05",'
        '"sellLimitPriceRatio":"0.05","feeRateUpRatio":"0.005","makerFeeRate":"0.0002","takerFeeRate":"0.0006",'
        '"openCostUpRatio":"0.01","supportMarginCoins":["USDT"],"minTradeNum":"0.0001","priceEndStep":"1",'
        '"volumePlace":"4","pricePlace":"1","sizeMultiplier":"0.0001","symbolType":"perpetual",'
        '"minTradeUSDT":"5","maxSymbolOrderNum":"200","maxProductOrderNum":"1000","maxPositionNum":"200",'
        '"symbolStatus":"normal","offTime":"-1","limitOpenTime":"-1","deliveryTime":"","deliveryStartTime":"",'
        '"deliveryPeriod":"","launchTime":"","fundInterval":"8","minLever":"1","maxLever":"150","posLimit":"0.2",'
        '"maintainTime":"","openTime":"","maxMarketOrderQty":"220","maxOrderQty":"1200","isRwa":"NO"}'
    )
    assert expected == msgspec.json.encode(contract_row(BTCUSDT)).decode()


def test_a_ticker() -> None:
    """A ticker has the sample's fields, prices and sizes with the contract's decimals."""
    expected = (
        '{"symbol":"ETHUSDT","lastPr":"3200.12","askPr":"3200.13","bidPr":"3200.12","bidSz":"4.10",'
        '"askSz":"2.55","high24h":"3290.00","low24h":"3155.40","ts":"1790208000123","change24h":"0.01021",'
        '"baseVolume":"512034.55","quoteVolume":"1641230011.2","usdtVolume":"1641230011.2",'
        '"openUtc":"3180.00","changeUtc24h":"0.00633","indexPrice":"3200.9","fundingRate":"0.0001",'
        '"holdingAmount":"402113.22","deliveryStartTime":null,"deliveryTime":null,"deliveryStatus":"",'
        '"open24h":"3167.77","markPrice":"3200.31"}'
    )
    assert expected == msgspec.json.encode(ticker_row(TICKER)).decode()


def test_a_ticker_of_a_market_without_trades() -> None:
    """Prices that do not exist are empty, but never the mark price: ccxt would take the row for spot."""
    zeros = {name: 0 for name in TickerView.__struct_fields__ if name.endswith(("_e8", "_e12", "_e20"))}
    row = ticker_row(msgspec.structs.replace(TICKER, **zeros))
    assert ("", "", "", "", "0", "0", "0") == (
        row.last_pr,
        row.bid_pr,
        row.ask_sz,
        row.open24h,
        row.change24h,
        row.base_volume,
        row.mark_price,
    )


def test_the_order_book() -> None:
    """Levels are JSON numbers, best first, with the price step and its name."""
    answer = depth_answer(BTCUSDT, [(650_001, 10_000), (650_000, 32_500)], [(650_002, 15_000)], 0, 100, 7)
    assert (
        '{"asks":[[65000.2,1.5]],"bids":[[65000.1,1],[65000,3.25]],"ts":"7","scale":"0.1",'
        '"precision":"scale0","isMaxPrecision":"NO"}'
    ) == msgspec.json.encode(answer).decode()


def test_a_merged_order_book() -> None:
    """Merging rounds bids down and asks up, adds sizes, and cuts after merging."""
    bids = [(650_019, 1), (650_011, 2), (650_009, 4), (649_000, 8)]
    asks = [(650_021, 1), (650_030, 2), (650_031, 4), (660_000, 8)]
    answer = json.loads(msgspec.json.encode(depth_answer(BTCUSDT, bids, asks, 1, 2, 7)))
    assert [[65001, 0.0003], [65000, 0.0004]] == answer["bids"]
    assert [[65003, 0.0003], [65004, 0.0004]] == answer["asks"]
    assert ("1", "scale1", "NO") == (answer["scale"], answer["precision"], answer["isMaxPrecision"])
    coarsest = depth_answer(BTCUSDT, bids, asks, 3, 100, 7)
    assert ("100", "scale3", "YES") == (coarsest.scale, coarsest.precision, coarsest.is_max_precision)


def test_a_step_above_the_best_bid_is_not_merged_by() -> None:
    """market.md 6: where a precision is too large the coarsest that there is takes its place."""
    answer = depth_answer(BTCUSDT, [(123, 5), (99, 7)], [(125, 5)], 3, 100, 7)
    assert ("10", "scale2", "YES") == (answer.scale, answer.precision, answer.is_max_precision)
    assert [[10, 0.0005], [0, 0.0007]] == json.loads(bytes(answer.bids))
    assert "YES" == depth_answer(BTCUSDT, [(7, 5)], [], 0, 100, 7).is_max_precision
    assert "NO" == depth_answer(BTCUSDT, [], [(7, 5)], 0, 100, 7).is_max_precision


@given(st.integers(1, 10**15), st.integers(1, 10**15), st.sampled_from(sorted(CONTRACTS)))
def test_levels_are_exact(price_ticks: int, size_lots: int, symbol: str) -> None:
    """No float stands between the book and the wire, so the digits are exact at any size."""
    contract = CONTRACTS[symbol]
    answer = depth_answer(contract, [(price_ticks, size_lots)], [], 0, 100, 0)
    ((price, size),) = json.loads(bytes(answer.bids), parse_float=Decimal, parse_int=Decimal)
    assert Decimal(price_ticks * contract.tick_e12).scaleb(-12) == price
    assert Decimal(size_lots * contract.lot_e8).scaleb(-8) == size


def test_the_time() -> None:
    """The venue's time is text."""
    assert b'{"serverTime":"1790208000123"}' == msgspec.json.encode(server_time(1_790_208_000_123))
