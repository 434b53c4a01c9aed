"""
The bytes that Bitget's own Python SDK sends: its signing, its headers, its JSON, its login.

The SDK itself is in no registry, so its requests are made here as it makes them: a body with a space after
each comma and colon, a query that is sorted and signed before anything is percent-encoded, authentication on
public reads too, `locale: zh-CN`; over WebSocket a login with snake_case names and topics that say both
`inst_id` and `coin`. Source: clients.md section 4, auth.md section 4, websocket.md.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.http.conftest import OpenAccount, SetBook
from tests.http.streaming import PRIVATE, Listener
from tests.http.venue import LINEAR, MIX, REVERSE, Credentials, Trader, VenueProcess


def sign(secret: str, text: str) -> str:
    """Sign a text; the SDK's signature is the same whatever it is of."""
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), hashlib.sha256)).decode()


class OfficialClient:
    """Makes requests as the SDK does, through the HTTP library that it uses."""

    def __init__(self, base_url: str, key: Credentials) -> None:
        self._base_url = base_url
        self._key = key

    def get(self, path: str, params: dict[str, str]) -> requests.Response:
        query = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
        target = f"{path}?{query}" if query else path
        return requests.get(self._base_url + target, headers=self._headers("GET", target, ""), timeout=30)

    def post(self, path: str, params: dict[str, Any]) -> requests.Response:
        body = json.dumps(params)
        headers = self._headers("POST", path, body)
        return requests.post(self._base_url + path, data=body, headers=headers, timeout=30)

    def _headers(self, method: str, target: str, body: str) -> dict[str, str]:
        timestamp = str(int(time.time() * 1000))
        return {
            "Content-Type": "application/json",
            "ACCESS-KEY": self._key.api_key,
            "ACCESS-SIGN": sign(self._key.secret, timestamp + method + target + body),
            "ACCESS-TIMESTAMP": timestamp,
            "ACCESS-PASSPHRASE": self._key.passphrase,
            "locale": "zh-CN",
        }


@pytest.fixture
def trader(open_account: OpenAccount, set_book: SetBook) -> Trader:
    set_book(LINEAR)
    return open_account(posMode="one_way_mode")


@pytest.fixture
def client(venue: VenueProcess, trader: Trader) -> OfficialClient:
    return OfficialClient(venue.base_url, trader.credentials)


@pytest.fixture
def stream(venue: VenueProcess, trader: Trader) -> Iterator[Listener]:
    """A connection that logged in as the SDK does."""
    key = trader.credentials
    timestamp = str(round(time.time()))
    login = {
        "api_key": key.api_key,
        "passphrase": key.passphrase,
        "timestamp": timestamp,
        "sign": sign(key.secret, f"{timestamp}GET/user/verify"),
    }
    with Listener(venue, PRIVATE) as listener:
        listener.send(json.dumps({"op": "login", "args": [login]}))
        # A code that is no number makes the SDK wait for ever.
        assert {"event": "login", "code": 0} == listener.frame()
        yield listener


def test_a_spaced_body_trades_and_reverses(client: OfficialClient, trader: Trader) -> None:
    """The signature is checked over the bytes that were sent, with their spaces and escapes."""
    order = {**LINEAR.names, "marginMode": "crossed", "side": "buy", "orderType": "market", "size": "2"}
    assert 200 == client.post(f"{MIX}/order/place-order", order).status_code
    answer = client.post(REVERSE, dict(LINEAR.names))
    assert (200, "00000", "success") == (answer.status_code, answer.json()["code"], answer.json()["msg"])
    assert "-2" == trader.held(LINEAR)


@pytest.mark.parametrize("client_oid", ["sdk 1", "sdk+1", "sdk + 1"])
def test_queries_are_signed_before_they_are_encoded(client: OfficialClient, client_oid: str) -> None:
    """A client order id is signed as it is and sent as the SDK sends it: `%20`, and `+` as it is."""
    named = {"symbol": LINEAR.symbol, "productType": LINEAR.product_type}
    order = {"marginMode": "crossed", "side": "buy", "orderType": "limit", "size": "1", "price": "900"}
    placed = client.post(f"{MIX}/order/place-order", {**LINEAR.names, **order, "clientOid": client_oid})
    assert 200 == placed.status_code
    found = client.get(f"{MIX}/order/detail", {**named, "clientOid": client_oid})
    assert (200, client_oid) == (found.status_code, found.json()["data"]["clientOid"])


@pytest.mark.parametrize("name", ["contracts", "tickers"])
def test_public_reads_may_be_signed(client: OfficialClient, name: str) -> None:
    """The SDK sends its headers with everything; public reads leave them alone."""
    answer = client.get(f"{MIX}/market/{name}", {"productType": "usdt-futures"})
    assert 200 == answer.status_code
    assert LINEAR.symbol in [row["symbol"] for row in answer.json()["data"]]


def test_a_refusal_is_told_by_its_status(client: OfficialClient) -> None:
    """The SDK judges the status alone, and finds code and text in the body."""
    answer = client.post(REVERSE, dict(LINEAR.names))
    assert (400, "40757") == (answer.status_code, answer.json()["code"])


def test_a_changed_space_is_another_body(venue: VenueProcess, trader: Trader) -> None:
    """Canary: the same JSON without the spaces does not fit the signature."""
    key = trader.credentials
    spaced = json.dumps(LINEAR.names)
    headers = OfficialClient(venue.base_url, key)._headers("POST", REVERSE, spaced)  # noqa: SLF001 (its bytes)
    compact = json.dumps(LINEAR.names, separators=(",", ":"))
    answer = requests.post(venue.base_url + REVERSE, data=compact, headers=headers, timeout=30)
    assert (400, "40009") == (answer.status_code, answer.json()["code"])


@pytest.mark.parametrize(
    ("channel", "name", "echoed"),
    [("positions", "default", "instId"), ("account", "default", "coin"), ("ticker", "ETHUSDT", "instId")],
)
def test_topics_in_snake_case_begin(stream: Listener, channel: str, name: str, echoed: str) -> None:
    """Topics say inst_type, inst_id and coin; the echo, by which the SDK finds its listener, is camelCase."""
    topic = {"inst_type": "USDT-FUTURES", "channel": channel, "inst_id": name, "coin": name}
    stream.send(json.dumps({"op": "subscribe", "args": [topic]}))
    wanted = {"instType": "USDT-FUTURES", "channel": channel, echoed: name}
    assert {"event": "subscribe", "arg": wanted} == stream.frame()
    frame = stream.frame()
    assert ("snapshot", wanted) == (frame["action"], frame["arg"])
