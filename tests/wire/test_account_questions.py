import pytest

from backhand.wire import codes
from backhand.wire.requests.account_questions import (
    AMOUNT_MAX_E8,
    AdlRankQuery,
    IsolatedSymbolsQuery,
    LiquidationPriceQuery,
    MaxOpenQuery,
    OpenCountQuery,
    parse_adl_rank,
    parse_isolated_symbols,
    parse_liquidation_price,
    parse_max_open,
    parse_open_count,
)
from backhand.wire.responses.account_questions import (
    liquidation_price_answer,
    max_open_answer,
    open_count_answer,
)
from tests.wire.calls import get

BTC = {"symbol": "btcusdt", "productType": "usdt-futures", "marginCoin": "usdt"}
COUNT = {**BTC, "openAmount": "1000", "openPrice": "60000"}
LIMIT = {**BTC, "posSide": "long", "orderType": "limit", "openPrice": "60000.5"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, OpenCountQuery("BTCUSDT", 1_000 * 10**8, 600_000, 20)),
        ({"leverage": "150"}, OpenCountQuery("BTCUSDT", 1_000 * 10**8, 600_000, 150)),
        # What is below a unit of money buys nothing.
        ({"openAmount": "0.000000019"}, OpenCountQuery("BTCUSDT", 1, 600_000, 20)),
        ({"openAmount": "9" * 60}, OpenCountQuery("BTCUSDT", AMOUNT_MAX_E8, 600_000, 20)),
        ({"openAmount": ""}, codes.PARAMETERS),
        ({"openPrice": ""}, codes.PARAMETERS),
        ({"marginCoin": ""}, codes.PARAMETERS),
        ({"marginCoin": "BTC"}, codes.wrong_margin_coin("BTCUSDT", "BTC")),
        ({"symbol": "X"}, codes.not_existing("X")),
        ({"openAmount": "-1"}, codes.malformed("openAmount")),
        ({"openAmount": "x"}, codes.malformed("openAmount")),
        ({"openPrice": "0"}, codes.malformed("price")),
        ({"openPrice": "60000.05"}, codes.off_price_step("0.1")),
        ({"leverage": "x"}, codes.malformed("leverage")),
        ({"leverage": "0"}, codes.LEVERAGE_OUT_OF_RANGE),
        ({"leverage": "151"}, codes.LEVERAGE_OUT_OF_RANGE),
    ],
)
def test_open_count(fields: dict[str, str], expected: object) -> None:
    """An amount of margin, a price on the tick, a leverage that the contract has; 20 when none was sent."""
    assert expected == parse_open_count(get(**{**COUNT, **fields}))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, MaxOpenQuery("BTCUSDT", 1, "limit", 600_005)),
        (
            {"posSide": "Short", "orderType": "market", "openPrice": "x"},
            MaxOpenQuery("BTCUSDT", -1, "market", None),
        ),
        ({"posSide": ""}, codes.PARAMETERS),
        ({"posSide": "buy"}, codes.PARAMETERS),
        ({"orderType": "stop"}, codes.ORDER_TYPE_ILLEGAL),
        ({"openPrice": ""}, codes.PARAMETERS),
        ({"openPrice": "x"}, codes.malformed("price")),
        ({"symbol": "BTCUSD"}, codes.other_product("BTCUSD", "USDT-FUTURES")),
    ],
)
def test_max_open_and_liquidation_price(fields: dict[str, str], expected: object) -> None:
    """Both are asked alike; a market order has no price, whatever was sent."""
    parameters = {**LIMIT, **fields}
    assert expected == parse_max_open(get(**parameters))
    if isinstance(expected, MaxOpenQuery):
        expected = LiquidationPriceQuery("BTCUSDT", expected.side, 15, expected.price_ticks)
    assert expected == parse_liquidation_price(get(**parameters, openAmount="0.0015"))


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("", codes.PARAMETERS),
        ("0", codes.bad_number("delegate count 0 > 0")),
        ("0.00015", codes.off_size_step("0.0001")),
    ],
)
def test_the_size_of_a_liquidation_price(amount: str, expected: object) -> None:
    """It is a size as of an order: positive, on the contract's step."""
    assert expected == parse_liquidation_price(get(**LIMIT, openAmount=amount))


def test_questions_about_a_product_type() -> None:
    """Isolated symbols and places in line need one, in any case of letters."""
    assert IsolatedSymbolsQuery("USDT-FUTURES") == parse_isolated_symbols(get(productType="usdt-futures"))
    assert AdlRankQuery("COIN-FUTURES") == parse_adl_rank(get(productType="coin-futures"))
    assert codes.PARAMETERS == parse_isolated_symbols(get()) == parse_adl_rank(get(productType="x"))


def test_answers() -> None:
    """Sizes in base coin, prices with all their digits, 0 where there is no price."""
    assert "1.5" == open_count_answer(150_000_000).size
    assert "0" == max_open_answer(0).max_open
    assert "59000.1234567890123456" == liquidation_price_answer(590_001_234_567_890_123_456).liq_price
    assert "0" == liquidation_price_answer(-1).liq_price
