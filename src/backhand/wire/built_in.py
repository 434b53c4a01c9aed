"""
The contracts that every venue lists, as data in Bitget's own field names.

Source: Get Contract Config and Get Position Tier as of 2026-09, market.md sections 3 and 4; tiers of
XRPUSDT, BTCUSD, ETHUSD and ETHPERP and the order maxima of BTCUSD and ETHUSD are by analogy there.
"""

from collections.abc import Mapping
from typing import Final

#: What a row that leaves a field out has.
USUAL_FIELDS: Final[Mapping[str, str]] = {
    "buyLimitPriceRatio": "0.05",
    "sellLimitPriceRatio": "0.05",
    "feeRateUpRatio": "0.005",
    "makerFeeRate": "0.0002",
    "takerFeeRate": "0.0006",
    "openCostUpRatio": "0.01",
    "priceEndStep": "1",
    "symbolType": "perpetual",
    "minTradeUSDT": "5",
    "maxSymbolOrderNum": "200",
    "maxProductOrderNum": "1000",
    "maxPositionNum": "200",
    "symbolStatus": "normal",
    "fundInterval": "8",
    "minLever": "1",
    "posLimit": "0.1",
}

#: Each contract's fields beyond the usual ones; minTradeNum equals sizeMultiplier in all of them.
BUILT_IN_FIELDS: Final[tuple[Mapping[str, str], ...]] = (
    {
        "productType": "USDT-FUTURES",
        "symbol": "BTCUSDT",
        "baseCoin": "BTC",
        "quoteCoin": "USDT",
        "sizeMultiplier": "0.0001",
        "volumePlace": "4",
        "pricePlace": "1",
        "maxLever": "150",
        "posLimit": "0.2",
        "maxMarketOrderQty": "220",
        "maxOrderQty": "1200",
    },
    {
        "productType": "USDT-FUTURES",
        "symbol": "ETHUSDT",
        "baseCoin": "ETH",
        "quoteCoin": "USDT",
        "sizeMultiplier": "0.01",
        "volumePlace": "2",
        "pricePlace": "2",
        "maxLever": "150",
        "posLimit": "0.1",
        "maxMarketOrderQty": "1900",
        "maxOrderQty": "9900",
    },
    {
        "productType": "USDT-FUTURES",
        "symbol": "SOLUSDT",
        "baseCoin": "SOL",
        "quoteCoin": "USDT",
        "sizeMultiplier": "0.1",
        "volumePlace": "1",
        "pricePlace": "3",
        "maxLever": "100",
        "posLimit": "0.1",
        "maxMarketOrderQty": "13000",
        "maxOrderQty": "130000",
    },
    {
        "productType": "USDT-FUTURES",
        "symbol": "XRPUSDT",
        "baseCoin": "XRP",
        "quoteCoin": "USDT",
        "sizeMultiplier": "1",
        "volumePlace": "0",
        "pricePlace": "4",
        "maxLever": "125",
        "posLimit": "0.15",
        "maxMarketOrderQty": "460000",
        "maxOrderQty": "3700000",
        "buyLimitPriceRatio": "0.07",
        "sellLimitPriceRatio": "0.07",
    },
    {
        "productType": "COIN-FUTURES",
        "symbol": "BTCUSD",
        "baseCoin": "BTC",
        "quoteCoin": "USD",
        "sizeMultiplier": "0.001",
        "volumePlace": "3",
        "pricePlace": "1",
        "maxLever": "125",
        "posLimit": "0.05",
        "maxMarketOrderQty": "220",
        "maxOrderQty": "1200",
        "buyLimitPriceRatio": "0.01",
        "sellLimitPriceRatio": "0.01",
    },
    {
        "productType": "COIN-FUTURES",
        "symbol": "ETHUSD",
        "baseCoin": "ETH",
        "quoteCoin": "USD",
        "sizeMultiplier": "0.01",
        "volumePlace": "2",
        "pricePlace": "2",
        "maxLever": "100",
        "posLimit": "0.05",
        "maxMarketOrderQty": "1900",
        "maxOrderQty": "9900",
    },
    {
        "productType": "USDC-FUTURES",
        "symbol": "BTCPERP",
        "baseCoin": "BTC",
        "quoteCoin": "USDC",
        "sizeMultiplier": "0.0001",
        "volumePlace": "4",
        "pricePlace": "1",
        "maxLever": "125",
        "posLimit": "0.2",
        "maxMarketOrderQty": "20",
        "maxOrderQty": "100",
    },
    {
        "productType": "USDC-FUTURES",
        "symbol": "ETHPERP",
        "baseCoin": "ETH",
        "quoteCoin": "USDC",
        "sizeMultiplier": "0.01",
        "volumePlace": "2",
        "pricePlace": "2",
        "maxLever": "100",
        "posLimit": "0.2",
        "maxMarketOrderQty": "200",
        "maxOrderQty": "1000",
    },
)

_ETH_TIERS: Final = """
    90000:100:0.005 400000:75:0.01 1600000:50:0.015 6000000:20:0.02 20000000:10:0.03
    50000000:5:0.12 100000000:4:0.15 200000000:2:0.3 500000000:1:0.6
"""

#: symbol -> its tiers, lowest first, each endUnit:leverage:keepMarginRate; endUnit in quote currency.
BUILT_IN_TIERS: Final[Mapping[str, str]] = {
    "BTCUSDT": """
        200000:150:0.004 1000000:100:0.005 5000000:75:0.007 15000000:50:0.01
        50000000:25:0.02 100000000:20:0.03 150000000:10:0.06 300000000:5:0.12
        500000000:4:0.15 700000000:3:0.2 900000000:2:0.3 1200000000:1:0.6
    """,
    "ETHUSDT": """
        200000:150:0.004 1000000:100:0.005 3000000:75:0.01 12000000:50:0.015
        40000000:25:0.02 70000000:20:0.03 100000000:10:0.05 150000000:8:0.07
        200000000:7:0.08 250000000:6:0.09 300000000:5:0.12 400000000:4:0.15
        500000000:3:0.2 800000000:2:0.3 1200000000:1:0.6
    """,
    "SOLUSDT": """
        50000:100:0.005 100000:75:0.008 1000000:50:0.01 5000000:25:0.02
        10000000:20:0.03 30000000:10:0.05 60000000:5:0.12 80000000:4:0.15
        150000000:2:0.3 300000000:1:0.6
    """,
    "XRPUSDT": """
        50000:125:0.004 100000:100:0.005 500000:75:0.008 1000000:50:0.01
        5000000:25:0.02 10000000:20:0.03 30000000:10:0.05 60000000:5:0.12
        80000000:4:0.15 150000000:2:0.3 300000000:1:0.6
    """,
    "BTCUSD": """
        150000:125:0.004 900000:100:0.005 3000000:50:0.01 6000000:40:0.015
        9000000:20:0.02 20000000:10:0.05 50000000:5:0.12 100000000:4:0.15
        200000000:2:0.3 500000000:1:0.6
    """,
    "ETHUSD": _ETH_TIERS,
    "BTCPERP": """
        150000:125:0.004 1000000:100:0.005 3000000:75:0.007 6000000:50:0.01
        9000000:40:0.015 12000000:25:0.02 15000000:20:0.03 20000000:15:0.04
        30000000:10:0.06 50000000:8:0.08 100000000:5:0.12 250000000:4:0.15
        500000000:2:0.3 1000000000:1:0.6
    """,
    "ETHPERP": _ETH_TIERS,
}
