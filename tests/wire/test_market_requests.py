import pytest

from backhand.wire import codes
from backhand.wire.requests.markets import (
    ContractsQuery,
    DepthQuery,
    EmptyListQuery,
    ServerTimeQuery,
    TickerQuery,
    TickersQuery,
    parse_contracts,
    parse_depth,
    parse_empty_list,
    parse_server_time,
    parse_ticker,
    parse_tickers,
    parse_unified_settings,
)
from tests.wire.calls import get

BTC = {"symbol": "btcusdt", "productType": "usdt-futures"}


@pytest.mark.parametrize(
    ("fields", "contracts", "tickers"),
    [
        ({"productType": "usdt-futures"}, ContractsQuery("USDT-FUTURES", None), TickersQuery("USDT-FUTURES")),
        (
            {"productType": "SUSDT-FUTURES"},
            ContractsQuery("SUSDT-FUTURES", None),
            TickersQuery("SUSDT-FUTURES"),
        ),
        (
            {"productType": "SCOIN-FUTURES"},
            ContractsQuery("SCOIN-FUTURES", None),
            TickersQuery("SCOIN-FUTURES"),
        ),
        ({}, codes.PARAMETERS, codes.PARAMETERS),
        (
            {"productType": "NOPE-FUTURES"},
            codes.empty_parameter("NOPE-FUTURES"),
            codes.empty_parameter("NOPE-FUTURES"),
        ),
    ],
)
def test_lists_of_a_product_type(fields: dict[str, str], contracts: object, tickers: object) -> None:
    """Demo product types are valid and empty; missing and unknown have the measured codes."""
    assert contracts == parse_contracts(get(**fields))
    assert tickers == parse_tickers(get(**fields))


def test_one_contract() -> None:
    """A symbol narrows contracts to it; an unknown one is 40034."""
    assert ContractsQuery("USDT-FUTURES", "BTCUSDT") == parse_contracts(get(**BTC))
    assert codes.not_existing("X") == parse_contracts(get(productType="USDT-FUTURES", symbol="X"))


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
def test_bad_symbols_are_refused(fields: dict[str, str], refusal: object) -> None:
    """The codes measured on public reads, market.md section 1."""
    assert refusal == parse_ticker(get(**fields))
    assert refusal == parse_depth(get(**fields))


def test_a_symbol_is_found_under_another_product_type() -> None:
    """Public reads go by the symbol, as the real venue's order book does."""
    fields = {**BTC, "productType": "COIN-FUTURES"}
    assert TickerQuery("BTCUSDT") == parse_ticker(get(**fields))
    assert DepthQuery("BTCUSDT", 0, 100) == parse_depth(get(**fields))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, DepthQuery("BTCUSDT", 0, 100)),
        ({"limit": "5", "precision": "Scale1"}, DepthQuery("BTCUSDT", 1, 5)),
        ({"limit": "max", "precision": "scale3"}, DepthQuery("BTCUSDT", 3, 100)),
        ({"limit": "7"}, DepthQuery("BTCUSDT", 0, 7)),
        ({"limit": "5000"}, DepthQuery("BTCUSDT", 0, 100)),
        ({"limit": "0"}, codes.malformed("limit")),
        ({"limit": "x"}, codes.malformed("limit")),
        ({"precision": "scale4"}, codes.malformed("precision")),
    ],
)
def test_order_book_parameters(fields: dict[str, str], expected: object) -> None:
    """Any positive limit is taken and cut at 100; unknown precisions are 40020."""
    assert expected == parse_depth(get(**BTC, **fields))


def test_calls_without_parameters() -> None:
    """Time and the empty lists of ccxt's start refuse nothing; the v3 probe is always refused."""
    assert ServerTimeQuery() == parse_server_time(get(x="1"))
    assert EmptyListQuery() == parse_empty_list(get(x="1"))
    assert codes.CLASSIC_ACCOUNT == parse_unified_settings(get())
