"""Public endpoints (market.md), and the parts of the operator's API that other tests do not use."""

import json
import time
from fractions import Fraction
from typing import Any

import pytest

from tests.http import sums
from tests.http.checks import (
    assert_refused,
)
from tests.http.conftest import OpenAccount, SetBook
from tests.http.venue import (
    LINEAR,
    MIX,
    Operator,
    plain,
    query_of,
)


def public(operator: Operator, path: str, **parameters: str) -> Any:
    answer = operator.connection.exchange("GET", f"/api/v2/{path}?{query_of(parameters)}", {}, None)
    assert "x-mbx-used-remain-limit" in answer.headers
    return answer.data


def test_public_time(operator: Operator) -> None:
    """public/time is the venue's time as text, close to ours, and needs no signature."""
    before = int(time.time() * 1000)
    data = public(operator, "public/time")
    assert {"serverTime"} == set(data)
    assert before - 1000 <= int(data["serverTime"]) <= int(time.time() * 1000) + 1000


CONTRACTS = {
    # symbol: product type, base, quote, margin coin, step, size places, price places, largest leverage
    "BTCUSDT": ("USDT-FUTURES", "BTC", "USDT", "USDT", "0.0001", "4", "1", "150"),
    "ETHUSDT": ("USDT-FUTURES", "ETH", "USDT", "USDT", "0.01", "2", "2", "150"),
    "SOLUSDT": ("USDT-FUTURES", "SOL", "USDT", "USDT", "0.1", "1", "3", "100"),
    "XRPUSDT": ("USDT-FUTURES", "XRP", "USDT", "USDT", "1", "0", "4", "125"),
    "BTCUSD": ("COIN-FUTURES", "BTC", "USD", "BTC", "0.001", "3", "1", "125"),
    "ETHUSD": ("COIN-FUTURES", "ETH", "USD", "ETH", "0.01", "2", "2", "100"),
    "BTCPERP": ("USDC-FUTURES", "BTC", "USDC", "USDC", "0.0001", "4", "1", "125"),
    "ETHPERP": ("USDC-FUTURES", "ETH", "USDC", "USDC", "0.01", "2", "2", "100"),
}

CONTRACT_FIELDS = {
    "symbol", "baseCoin", "quoteCoin", "buyLimitPriceRatio", "sellLimitPriceRatio", "feeRateUpRatio",
    "makerFeeRate", "takerFeeRate", "openCostUpRatio", "supportMarginCoins", "minTradeNum", "priceEndStep",
    "volumePlace", "pricePlace", "sizeMultiplier", "symbolType", "minTradeUSDT", "maxSymbolOrderNum",
    "maxProductOrderNum", "maxPositionNum", "symbolStatus", "offTime", "limitOpenTime", "deliveryTime",
    "deliveryStartTime", "deliveryPeriod", "launchTime", "fundInterval", "minLever", "maxLever", "posLimit",
    "maintainTime", "openTime", "maxMarketOrderQty", "maxOrderQty", "isRwa",
}  # fmt: skip


def test_the_contracts_are_those_of_the_specification(operator: Operator) -> None:
    """market.md 3: every contract with its documented fields and values; nothing for the old demo's types."""
    found = {}
    for product_type in ("USDT-FUTURES", "COIN-FUTURES", "USDC-FUTURES"):
        for row in public(operator, "mix/market/contracts", productType=product_type):
            assert CONTRACT_FIELDS <= set(row), CONTRACT_FIELDS - set(row)
            found[row["symbol"]] = (
                product_type,
                *(row[name] for name in ("baseCoin", "quoteCoin")),
                *row["supportMarginCoins"],
                *(row[name] for name in ("minTradeNum", "volumePlace", "pricePlace", "maxLever")),
            )
            assert row["minTradeNum"] == row["sizeMultiplier"]
            common = {
                "symbolType": "perpetual",
                "symbolStatus": "normal",
                "priceEndStep": "1",
                "makerFeeRate": "0.0002",
                "takerFeeRate": "0.0006",
                "minTradeUSDT": "5",
                "fundInterval": "8",
                "minLever": "1",
                "limitOpenTime": "-1",
                "offTime": "-1",
            }
            assert common == {name: row[name] for name in common}
    assert CONTRACTS == found
    for demo in ("SUSDT-FUTURES", "SCOIN-FUTURES", "SUSDC-FUTURES"):
        assert [] == public(operator, "mix/market/contracts", productType=demo)
    (row,) = public(operator, "mix/market/contracts", productType="usdt-futures", symbol="xrpusdt")
    assert ("XRPUSDT", "0.07", "0.07") == (
        row["symbol"],
        row["buyLimitPriceRatio"],
        row["sellLimitPriceRatio"],
    )


TICKER_FIELDS = {
    "symbol", "lastPr", "askPr", "bidPr", "bidSz", "askSz", "high24h", "low24h", "ts", "change24h",
    "baseVolume", "quoteVolume", "usdtVolume", "openUtc", "changeUtc24h", "indexPrice", "fundingRate",
    "holdingAmount", "deliveryStartTime", "deliveryTime", "deliveryStatus", "open24h", "markPrice",
}  # fmt: skip


def test_tickers(operator: Operator, open_account: OpenAccount, set_book: SetBook) -> None:
    """Ticker is an array of one, tickers an array of all; prices are those of the book and the last fill."""
    set_book(LINEAR, bids=(("999", "7"),), asks=(("1000", "8"),), mark="1000.5")
    open_account().take(LINEAR, "+3")
    (row,) = public(operator, "mix/market/ticker", symbol="ETHUSDT", productType="USDT-FUTURES")
    assert TICKER_FIELDS <= set(row), TICKER_FIELDS - set(row)
    expected = {
        "lastPr": "1000",
        "bidPr": "999",
        "bidSz": "7",
        "askPr": "1000",
        "askSz": "5",
        "markPrice": "1000.5",
    }
    assert expected == {name: plain(row[name]) for name in expected}
    assert "1000.5" == plain(row["indexPrice"])
    assert (None, None, "") == (row["deliveryStartTime"], row["deliveryTime"], row["deliveryStatus"])
    rows = public(operator, "mix/market/tickers", productType="USDT-FUTURES")
    assert {"BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"} == {ticker["symbol"] for ticker in rows}
    assert all("markPrice" in ticker for ticker in rows)


def test_depth(operator: Operator, set_book: SetBook) -> None:
    """merge-depth: levels as numbers, best first, cut to the limit, which may be any positive integer."""
    bids = tuple((str(999 - level), f"{level + 1}.5") for level in range(10))
    asks = tuple((str(1000 + level), f"{level + 1}.25") for level in range(10))
    set_book(LINEAR, bids=bids, asks=asks)
    names = {"symbol": "ETHUSDT", "productType": "USDT-FUTURES"}
    depth = public(operator, "mix/market/merge-depth", **names, limit="7")
    assert {"asks", "bids", "ts", "scale", "precision", "isMaxPrecision"} <= set(depth)
    assert [[999 - level, sums.exact(f"{level + 1}.5")] for level in range(7)] == exact_levels(depth["bids"])
    assert [[1000 + level, sums.exact(f"{level + 1}.25")] for level in range(7)] == exact_levels(
        depth["asks"]
    )
    assert "scale0" == depth["precision"]
    assert 10 == len(public(operator, "mix/market/merge-depth", **names)["bids"])
    assert 10 == len(public(operator, "mix/market/merge-depth", **names, limit="max")["asks"])


def exact_levels(levels: list[list[Any]]) -> list[list[Fraction]]:
    for level in levels:
        assert not any(isinstance(number, str) for number in level)
    return [[Fraction(price), Fraction(size)] for price, size in levels]


PUBLIC_REFUSED = [
    ("mix/market/merge-depth", {"symbol": "NOPEUSDT", "productType": "USDT-FUTURES"}, "40034"),
    ("mix/market/ticker", {"symbol": "NOPEUSDT", "productType": "USDT-FUTURES"}, "40034"),
    ("mix/market/tickers", {"productType": "NOPE-FUTURES"}, "40019"),
    ("mix/market/tickers", {}, "400172"),
    ("mix/market/ticker", {"symbol": "ETHUSDT"}, "400172"),
    ("mix/market/ticker", {"productType": "USDT-FUTURES"}, "40019"),
    ("mix/market/merge-depth", {"productType": "USDT-FUTURES"}, "40019"),
    ("mix/market/nothing", {}, "40404"),
    ("mix/market", {}, "40404"),
]


@pytest.mark.parametrize(("path", "parameters", "code"), PUBLIC_REFUSED)
def test_public_refusals(operator: Operator, path: str, parameters: dict[str, str], code: str) -> None:
    """market.md 1: the codes of faulty public requests, with HTTP 400."""
    answer = operator.connection.exchange("GET", f"/api/v2/{path}?{query_of(parameters)}", {}, None)
    assert_refused(answer, code)


def test_the_old_and_the_next_api_are_refused(operator: Operator, open_account: OpenAccount) -> None:
    """v1 paths are 30032; the v3 probe of ccxt is refused with 40084, unsigned with any code (inferred)."""
    answer = operator.connection.exchange("GET", "/api/mix/v1/market/contracts?productType=umcbl", {}, None)
    assert_refused(answer, "30032")
    assert_refused(open_account().get("/api/v3/account/settings", {}), "40084")
    answer = operator.connection.exchange("GET", "/api/v3/account/settings", {}, None)
    assert (400, True) == (answer.status, answer.code != "00000")


def test_a_private_endpoint_needs_a_signature(operator: Operator) -> None:
    """Without headers a private path is 40006."""
    path = f"{MIX}/account/accounts?productType=USDT-FUTURES"
    assert_refused(operator.connection.exchange("GET", path, {}, None), "40006")


def test_health_and_readiness(operator: Operator) -> None:
    """The operator sees that the venue lives and serves, and reads its metrics."""
    assert 200 == operator.call("GET", "/_venue/health").status
    assert 200 == operator.call("GET", "/_venue/ready").status
    metrics = operator.call("GET", "/metrics")
    assert 200 == metrics.status
    assert b"# TYPE" in metrics.body


REBINDING = [
    ("a foreign origin", {"Origin": "http://example.com", "Content-Type": "application/json"}),
    ("a form", {"Content-Type": "text/plain"}),
]


@pytest.mark.parametrize("headers", [row[1] for row in REBINDING], ids=[row[0] for row in REBINDING])
def test_no_web_page_can_use_the_operators_api(operator: Operator, headers: dict[str, str]) -> None:
    """DESIGN 6: writes from a foreign origin or without a JSON content type are refused and do nothing."""
    before = operator.digest()
    body = json.dumps({"balances": {"USDT": "1"}}).encode()
    answer = operator.connection.exchange("POST", "/_venue/accounts", headers, body)
    assert 400 <= answer.status < 500
    assert {"error", "detail"} <= set(answer.json)
    assert before == operator.digest()
