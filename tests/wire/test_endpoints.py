import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backhand.wire.codes import Refusal
from backhand.wire.endpoints import ENDPOINTS, Endpoint
from backhand.wire.envelope import failure
from backhand.wire.fields import Form
from tests.examples import examples
from tests.wire.calls import raw_call

FIELDS = sorted({name for endpoint in ENDPOINTS.values() for name in endpoint.form.__struct_encode_fields__})
VALUES = (
    st.sampled_from(
        [
            "BTCUSDT",
            "btcusd",
            "USDT-FUTURES",
            "coin-futures",
            "USDT",
            "BTC",
            "buy",
            "open",
            "limit",
            "crossed",
            "1",
        ]
    ).map(lambda text: f'"{text}"')
    | st.text(max_size=20).map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
    | st.sampled_from(
        ["null", "true", "[]", "{}", "[[1]]", "NaN", "-", '"\\ud800"', '"\\u0000"', "1e400", "-0.0"]
    )
    | st.decimals(allow_nan=False, allow_infinity=False).map(str)
    | st.integers(-(10**50), 10**50).map(str)
)
BODIES = st.lists(st.tuples(st.sampled_from(FIELDS), VALUES), max_size=12).map(
    lambda pairs: ("{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}").encode(
        "utf-8", "surrogatepass"
    )
)
QUERIES = st.lists(st.tuples(st.sampled_from(FIELDS), st.binary(max_size=20)), max_size=12).map(
    lambda pairs: b"&".join(name.encode() + b"=" + value for name, value in pairs)
)


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=lambda endpoint: endpoint.path)
@examples(60)
@given(parameters=st.binary(max_size=200) | BODIES | QUERIES)
@example(parameters=b"[" * 200_000)
@example(parameters=b'{"a":' * 100_000)
@example(parameters=b'{"size":' + b"9" * 100_000 + b"}")
@example(parameters=b'{"size":"' + b"9" * 100_000 + b'"}')
@example(parameters=b'{"clientOid":"' + b"x" * 1_000_000 + b'"}')
def test_no_input_makes_a_parser_raise(endpoint: Endpoint, parameters: bytes) -> None:
    """Whatever bytes are sent, a parser gives a command, a query or a refusal that can be sent."""
    parsed = endpoint.parse(raw_call(parameters))
    if isinstance(parsed, Refusal):
        assert len(failure(parsed, 0)) < 1_000


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=lambda endpoint: endpoint.path)
def test_declarations_are_whole(endpoint: Endpoint) -> None:
    """Changes are POST and need `trade`; what needs a key is limited per account, traders no less."""
    asks_in_a_body = endpoint.path == "/api/backhand/v1/reversal/quote"
    assert (endpoint.method == "POST") == (endpoint.permission == "trade" or asks_in_a_body)
    assert endpoint.path.startswith(("/api/v", "/api/backhand/v1/"))
    assert 0 < endpoint.trader_per_second <= endpoint.per_second <= 20
    assert issubclass(endpoint.form, Form)


def test_traders_may_reverse_and_order_once_a_second() -> None:
    """Copy-trading traders have one reversal and one order a second, everybody else ten."""
    quotas = {
        path.rpartition("/")[2]: (endpoint.per_second, endpoint.trader_per_second)
        for (_, path), endpoint in ENDPOINTS.items()
        if endpoint.per_second != endpoint.trader_per_second
    }
    assert {"click-backhand": (10, 1), "place-order": (10, 1), "batch-place-order": (5, 1)} == quotas


def test_what_ccxt_asks_at_its_start_exists() -> None:
    """The calls of load_markets are all declared (clients.md section 1)."""
    for path in (
        "/api/v2/spot/public/coins",
        "/api/v3/account/settings",
        "/api/v2/spot/public/symbols",
        "/api/v2/margin/currencies",
        "/api/v2/mix/market/contracts",
        "/api/v2/public/time",
    ):
        assert ("GET", path) in ENDPOINTS


#: market.md sections 2 to 9, rest-private.md sections 3 to 6: calls per second. sub-account-assets has one
#: in ten seconds there, which a whole number a second cannot say (PAST-13).
QUOTAS = {
    20: (
        "public/time public/annoucements mix/market/contracts mix/market/ticker mix/market/tickers"
        " mix/market/merge-depth mix/market/orderbook mix/market/fills mix/market/candles"
        " mix/market/history-candles mix/market/history-index-candles mix/market/history-mark-candles"
        " mix/market/symbol-price mix/market/open-interest mix/market/funding-time"
        " mix/market/current-fund-rate mix/market/history-fund-rate mix/account/max-open"
        " mix/account/liq-price mix/position/history-position"
    ),
    10: (
        "mix/market/query-position-lever mix/market/fills-history mix/market/oi-limit"
        " mix/market/vip-fee-rate common/trade-rate common/all-trade-rate mix/account/bill"
        " mix/account/open-count mix/account/isolated-symbols mix/account/account mix/account/accounts"
        " mix/position/single-position mix/order/detail mix/order/orders-pending mix/order/orders-history"
        " mix/order/fills mix/order/fill-history mix/order/orders-plan-pending"
        " mix/order/orders-plan-history mix/order/plan-sub-order"
    ),
    5: (
        "mix/market/exchange-rate mix/market/discount-rate mix/market/union-interest-rate-history"
        " mix/account/interest-history mix/position/all-position mix/position/adlRank"
    ),
    1: (
        "mix/account/union-config mix/account/switch-union-usdt mix/account/transfer-limits"
        " mix/account/sub-account-assets"
    ),
}


@pytest.mark.parametrize("per_second", QUOTAS)
def test_quotas_are_those_of_the_exchange(per_second: int) -> None:
    """Every question has the quota of its own page."""
    for path in QUOTAS[per_second].split():
        assert per_second == ENDPOINTS["GET", f"/api/v2/{path}"].per_second, path
