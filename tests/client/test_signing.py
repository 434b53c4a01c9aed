"""The bytes of a request: the same as ccxt's for the same call."""

import json
from collections.abc import Mapping
from typing import Any, Final

import ccxt
import pytest

from backhand.client import routes
from backhand.client.routes import Route
from backhand.client.session import Outgoing, Session
from tests.client.played import KEY

NOW_MS: Final = 1_795_351_167_970
BASE: Final = "http://127.0.0.1:8080"
NAMES: Final = {"symbol": "BTCUSDT", "productType": "USDT-FUTURES", "marginCoin": "USDT"}


@pytest.fixture(scope="module")
def exchange() -> Any:
    """Ccxt with the same key, at the same moment."""
    made = ccxt.bitget({"apiKey": KEY.api_key, "secret": KEY.secret, "password": KEY.passphrase})
    made.urls["api"] = {name: BASE if isinstance(url, str) else url for name, url in made.urls["api"].items()}
    made.milliseconds = lambda: NOW_MS
    made.options["broker"] = ""
    return made


@pytest.mark.parametrize(
    ("route", "fields"),
    [
        (routes.REVERSE, NAMES),
        (routes.REVERSE, NAMES | {"side": "buy", "tradeSide": "open", "size": "0.10", "clientOid": "a-1"}),
        (routes.PLACE_ORDER, NAMES | {"marginMode": "crossed", "orderType": "limit", "price": "60000.5"}),
        (routes.CANCEL_ORDER, {"orderId": "1354000000000000101", "symbol": "BTCUSDT"}),
        (routes.SET_LEVERAGE, NAMES | {"leverage": "10"}),
        (routes.POSITION, NAMES),
        (routes.ACCOUNTS, {"productType": "USDT-FUTURES"}),
        (routes.ORDER, {"symbol": "BTCUSDT", "productType": "USDT-FUTURES", "clientOid": "a:b#c+d e-f_g"}),
        (routes.ORDER_HISTORY, {"productType": "USDT-FUTURES", "idLessThan": "7", "limit": "20"}),
    ],
)
def test_same_bytes_as_ccxt(exchange: Any, route: Route, fields: Mapping[str, str]) -> None:
    """Target, body and every header that the exchange judges are ccxt's, for queries of any characters."""
    path = route.path.removeprefix("/api/")
    theirs = exchange.sign(path, ["private", "mix"], route.method, dict(fields))
    ours = Session(KEY, wall_ms=lambda: NOW_MS).signed(Outgoing(route, dict(fields), 0.0, 1.0))
    assert (theirs["method"], theirs["url"]) == (ours.method, BASE + ours.target)
    assert (theirs["body"] or "").encode() == ours.body
    judged = ("ACCESS-KEY", "ACCESS-SIGN", "ACCESS-TIMESTAMP", "ACCESS-PASSPHRASE")
    assert {name: theirs["headers"][name] for name in judged} == {name: ours.headers[name] for name in judged}
    assert theirs["headers"].get("Content-Type", "application/json") == "application/json"


def test_the_published_vector() -> None:
    """The signature of auth.md's example."""
    fields = {"symbol": "BTCUSDT", "productType": "USDT-FUTURES", "marginCoin": "USDT", "side": "buy"}
    key = KEY.__class__("k", "s", "p")
    request = Session(key, wall_ms=lambda: NOW_MS).signed(Outgoing(routes.REVERSE, fields, 0.0, 1.0))
    assert "UzxznueZ7wBRXGrSw/GPJRH6dhu4k4RUxS/pEhj0Slo=" == request.headers["ACCESS-SIGN"]
    assert fields == json.loads(request.body)


def test_demo_trading_is_a_header_of_private_calls() -> None:
    """With paptrading, private requests carry the header and public ones nothing of the account."""
    session = Session(KEY, paptrading=True)
    assert "1" == session.signed(Outgoing(routes.POSITION, {}, 0.0, 1.0)).headers["paptrading"]
    assert {} == session.signed(Outgoing(routes.TICKER, {}, 0.0, 1.0)).headers
    assert "paptrading" not in Session(KEY).signed(Outgoing(routes.POSITION, {}, 0.0, 1.0)).headers


def test_a_private_call_needs_credentials() -> None:
    """Without credentials nothing private is sent, and credentials are not shown."""
    with pytest.raises(ValueError, match="needs credentials"):
        Session(None).signed(Outgoing(routes.POSITION, {}, 0.0, 1.0))
    assert "secret" not in f"{KEY} {KEY!r}"
