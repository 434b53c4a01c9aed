"""Whatever a signed request carries, it gets a code, quickly, and the venue lives on. Over HTTP."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backhand.wire.endpoints import ENDPOINTS
from tests.examples import examples
from tests.http.venue import LINEAR, Trader, VenueProcess, query_of

#: Values that have hurt parsers and integer columns before.
ODD = [
    "", " ", "0", "-0", "-1", "1e400", "NaN", "Infinity", "\u0663", "1_000", "0x10", "9" * 40, "9" * 5_000,
    "0." + "0" * 60 + "1", "9223372036854775807", "9223372036854775808", "18446744073709551616",
    "\ud800", "\x00", "BTCUSDT\x00", "\u017f", "%00", "%", "true", "null", "[]", "{}",
    "'; DROP TABLE orders; --", "buy", "sell", "limit", "market", "gtc", "long", "60000",
]  # fmt: skip
TEXT = st.one_of(st.sampled_from(ODD), st.text(max_size=20), st.decimals().map(str))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PRIVATE = [endpoint for endpoint in ENDPOINTS.values() if endpoint.permission is not None]
PUBLIC = [endpoint for endpoint in ENDPOINTS.values() if endpoint.permission is None]
GOOD = LINEAR.names | {
    "marginMode": "crossed", "orderType": "limit", "side": "buy", "tradeSide": "open", "size": "1",
    "price": "990", "posMode": "hedge_mode", "leverage": "5", "orderId": "1", "limit": "5",
}  # fmt: skip
FUZZ = settings(examples(300), suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def somebody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[VenueProcess, Trader]]:
    """An account on a venue without limits, with a market to trade against."""
    options = ("--memory", "--market", "synthetic", "--limits", "off")
    venue = VenueProcess(tmp_path_factory.mktemp("fuzz") / "venue.log", options).start()
    operator = venue.operator
    trader = operator.trader()
    yield venue, trader
    # The node is alive and its books balance, or this fails.
    audit = operator.audit()
    for connection in (trader.connection, operator.connection):
        connection.close()
    assert {"0"} == {sums["residual"] for sums in audit["coins"].values()}
    assert 0 == venue.terminate()
    assert "request_failed" not in venue.log_path.read_text()


@FUZZ
@given(
    endpoint=st.sampled_from(PRIVATE),
    changes=st.dictionaries(st.sampled_from([*GOOD, "clientOid", "reduceOnly", "force", "idLessThan"]), JSON),
)
def test_any_parameters(
    somebody: tuple[VenueProcess, Trader], endpoint: Any, changes: dict[str, Any]
) -> None:
    """One or several parameters are anything at all; the rest is good."""
    _, trader = somebody
    if endpoint.method == "POST":
        answer = trader.post(endpoint.path, json.dumps(GOOD | changes).encode())
    else:
        texts = {name: text_of(value) for name, value in (GOOD | changes).items()}
        answer = trader.get(endpoint.path, texts)
    assert answer.status in {200, 400}
    assert {"code", "msg", "requestTime", "data"} == set(answer.json)
    assert "40725" != answer.code


def text_of(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode()


@FUZZ
@given(
    endpoint=st.sampled_from(PRIVATE),
    body=st.binary(max_size=50) | JSON.map(lambda one: json.dumps(one).encode()),
)
def test_any_bytes(somebody: tuple[VenueProcess, Trader], endpoint: Any, body: bytes) -> None:
    """A body of any bytes, under any method's signature."""
    _, trader = somebody
    headers = trader.signed(endpoint.method, endpoint.path, body)
    answer = trader.connection.exchange(endpoint.method, endpoint.path, headers, body)
    assert answer.status in {200, 400}
    assert "40725" != answer.code


@FUZZ
@given(endpoint=st.sampled_from(PUBLIC), parameters=st.dictionaries(st.sampled_from(list(GOOD)), TEXT))
def test_any_query(somebody: tuple[VenueProcess, Trader], endpoint: Any, parameters: dict[str, str]) -> None:
    """What anybody may ask, with any query."""
    _, trader = somebody
    texts = {name: text_of(value) for name, value in parameters.items()}
    answer = trader.connection.exchange(endpoint.method, f"{endpoint.path}?{query_of(texts)}", {}, None)
    assert answer.status in {200, 400}
    assert "40725" != answer.code
