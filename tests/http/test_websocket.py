"""The WebSocket interface as one client meets it: handshake, login, subscriptions, errors, pings."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.http.conftest import SetBook
from tests.http.streaming import PRIVATE, PUBLIC, Listener, arg, login_args
from tests.http.venue import LINEAR, Operator, Trader, VenueProcess


@pytest.fixture(scope="module")
def trader(operator: Operator) -> Trader:
    return operator.trader()


@pytest.fixture
def listener(venue: VenueProcess) -> Iterator[Listener]:
    with Listener(venue) as opened:
        yield opened


@pytest.mark.parametrize("path", [PUBLIC, PRIVATE, "/anything", "/v2/ws/public?token=1"])
def test_any_path_takes_websockets(venue: VenueProcess, path: str) -> None:
    """One address is enough for clients that know only one, with public and private channels on it."""
    with Listener(venue, path) as listener:
        listener.send("ping")
        assert "pong" == listener.text()


def test_compression_is_declined(venue: VenueProcess) -> None:
    """A client that offers it is served without."""
    with Listener(venue) as listener:
        response = listener.socket.response
        assert response is not None
        assert "Sec-WebSocket-Extensions" not in response.headers


def test_a_broken_handshake_is_refused_in_http(venue: VenueProcess) -> None:
    """What asks for a WebSocket of another version gets HTTP's answer, and the server goes on."""
    with socket.create_connection((venue.host, venue.port), 10) as raw:
        raw.sendall(
            b"GET /v2/ws/public HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 7\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert raw.recv(1_000).startswith(b"HTTP/1.1 4")
    with Listener(venue) as listener:
        listener.send("ping")
        assert "pong" == listener.text()


def test_a_handshake_after_another_request(venue: VenueProcess) -> None:
    """A kept connection may turn into a WebSocket, and frames may come along with its request."""
    ping = b"\x81\x84\x00\x00\x00\x00ping"
    with socket.create_connection((venue.host, venue.port), 10) as raw:
        raw.sendall(b"GET /api/v2/public/time HTTP/1.1\r\nHost: x\r\n\r\n")
        assert raw.recv(10_000).startswith(b"HTTP/1.1 200")
        raw.sendall(
            b"GET /v2/ws/public HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" + ping
        )
        answer = b""
        while not answer.endswith(b"\x81\x04pong"):
            piece = raw.recv(1_000)
            assert piece
            answer += piece
        assert answer.startswith(b"HTTP/1.1 101")


def test_pings(listener: Listener) -> None:
    """The text is answered with its text, and a protocol ping with a protocol pong."""
    listener.send("ping")
    assert "pong" == listener.text()
    assert listener.socket.ping().wait(5)


# Login.


@pytest.mark.parametrize("form", [lambda now: str(int(now)), int, lambda now: str(int(now * 1_000))])
def test_timestamps_of_a_login(
    listener: Listener, trader: Trader, form: Callable[[float], str | int]
) -> None:
    """Seconds as text or number, and milliseconds, are all signed as they are sent; the code is a number."""
    listener.ask("login", login_args(trader.credentials, form(time.time())))
    assert '{"event":"login","code":0}' == listener.text()


def test_a_login_as_the_official_sdk_and_ccxt_send_it(listener: Listener, trader: Trader) -> None:
    """`api_key` is the key too, an unknown top-level key does not matter, and a second login succeeds."""
    args = login_args(trader.credentials)
    args["api_key"] = args.pop("apiKey")
    for _ in range(2):
        listener.send({"op": "login", "args": [args], "url": "ws://venue/v2/ws/private"})
        assert {"event": "login", "code": 0} == listener.frame()


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        (30005, {"sign": ""}),
        (30005, {"passphrase": None}),
        (30011, {"apiKey": "bg_nobody"}),
        (30011, {"apiKey": "ключ"}),
        (30012, {"passphrase": "passw0rd2"}),
        (30013, {"timestamp": "soon"}),
        (30013, {"timestamp": -1}),
        (30014, {"timestamp": "1600000000"}),
        (30015, {"sign": "VbHHVi+0Rg2Wp2JXu5d/Sq/qlzZRFSfeXA+TkAvEflk="}),
        (30015, {"sign": "ключ"}),
    ],
)
def test_a_login_that_fails(listener: Listener, trader: Trader, code: int, changes: dict[str, Any]) -> None:
    """Each way to fail has its code, and the connection ends."""
    listener.ask("login", login_args(trader.credentials) | changes)
    frame = listener.frame()
    assert ("error", code, "login") == (frame["event"], frame["code"], frame["op"])
    assert 1008 == listener.closed()


def test_a_connection_is_one_accounts(listener: Listener, trader: Trader, operator: Operator) -> None:
    """Logging in with another account's key ends the connection instead of mixing both."""
    listener.log_in(trader.credentials)
    listener.ask("login", login_args(operator.open_key()))
    assert 30005 == listener.frame()["code"]
    assert 1008 == listener.closed()


# Subscriptions.


def test_one_answer_per_argument(listener: Listener) -> None:
    """Sixty arguments in one frame get sixty answers, those that fail among them, each repeating its own."""
    topics = [arg("trade", symbol) for symbol in ("ETHUSDT", "NOPEUSDT", "BTCUSDT")] * 20
    listener.ask("subscribe", *topics)
    answers: list[dict[str, Any]] = []
    while len(answers) < len(topics):
        frame = listener.frame()
        if "event" in frame:
            answers.append(frame)
    assert [one["arg"] for one in answers] == topics
    assert ["subscribe", "error", "subscribe"] * 20 == [one["event"] for one in answers]


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [
        ({"instType": "USDT-FUTURES", "channel": "books1", "instId": "ethusdt"}, arg("books1", "ETHUSDT")),
        ({"inst_type": "USDT-FUTURES", "channel": "trade", "inst_id": "ETHUSDT", "coin": "default"},
         arg("trade", "ETHUSDT")),
        ({"instType": "usdt-futures", "channel": "orders", "instId": "ethusdt"}, arg("orders", "ETHUSDT")),
        ({"instType": "USDT-FUTURES", "channel": "orders"}, arg("orders")),
        ({"inst_type": "USDT-FUTURES", "channel": "account", "inst_id": "default", "coin": "default"},
         arg("account")),
        ({"instType": "USDT-FUTURES", "channel": "account", "coin": "usdt"}, arg("account", "USDT")),
        ({"instType": "USDT-FUTURES", "channel": "equity"}, arg("equity")),
        ({"instType": "USDT-FUTURES", "channel": "positions", "instId": "default"}, arg("positions")),
    ],
)  # fmt: skip
def test_spellings(listener: Listener, trader: Trader, sent: dict[str, str], echoed: dict[str, str]) -> None:
    """Both spellings are read, in any case, and answered in the documentation's."""
    listener.log_in(trader.credentials)
    listener.ask("subscribe", sent)
    assert {"event": "subscribe", "arg": echoed} == listener.frame()


@pytest.mark.parametrize(
    ("code", "sent"),
    [
        (30001, arg("books", "NOPEUSDT")),
        (30001, arg("orders", "NOPEUSDT")),
        (30001, arg("ticker", "ETHUSDT", "SPOT")),
        (30001, {"instType": "USDT-FUTURES", "channel": "account", "coin": "NOPE"}),
        (30016, arg("candle1h", "ETHUSDT")),
        (30016, arg("books50", "ETHUSDT")),
        (30016, arg("funding", "ETHUSDT")),
        (30016, {"instType": "USDT-FUTURES", "instId": "ETHUSDT"}),
        (30016, {"instType": "USDT-FUTURES", "channel": "ticker"}),
        (30016, {"channel": "ticker", "instId": "ETHUSDT"}),
        (30016, {"instType": ["USDT-FUTURES"], "channel": 7, "instId": {"a": 1}}),
    ],
)
def test_a_topic_that_does_not_exist(listener: Listener, trader: Trader, code: int, sent: Any) -> None:
    """The error has a number, repeats what was asked, and the connection goes on."""
    listener.log_in(trader.credentials)
    listener.ask("subscribe", sent)
    frame = listener.frame()
    assert ("error", code, "subscribe") == (frame["event"], frame["code"], frame["op"])
    assert set(sent) == set(frame["arg"])
    listener.send("ping")
    assert "pong" == listener.text()


def test_the_text_of_an_unknown_symbol(listener: Listener) -> None:
    """It is the exchange's, to the letter."""
    listener.ask("subscribe", arg("books", "NOPEUSDT"))
    assert {
        "event": "error",
        "arg": arg("books", "NOPEUSDT"),
        "code": 30001,
        "msg": "instType:USDT-FUTURES,channel:books,instId:NOPEUSDT,precision:null doesn't exist",
        "op": "subscribe",
    } == listener.frame()


@pytest.mark.parametrize("channel", ["account", "equity", "positions", "orders", "fill", "orders-algo"])
def test_private_channels_need_a_login(listener: Listener, channel: str) -> None:
    """Without one they are refused, on any path, and the connection goes on."""
    listener.ask("subscribe", arg(channel))
    frame = listener.frame()
    assert (30004, arg(channel)) == (frame["code"], frame["arg"])
    listener.send("ping")
    assert "pong" == listener.text()


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (30002, "nonsense"),
        (30002, "PING"),
        (30002, ""),
        (30002, '{"op":"subscribe"'),
        (30002, "[1]"),
        (30002, '"ping"'),
        (30002, "[" * 50_000),
        (30003, '{"op":"modify","args":[{"id":"1","channel":"place-order"}]}'),
        (30016, '{"op":"trade"}'),
        (30016, '{"op":"trade","args":{"channel":"place-order"}}'),
        (30016, '{"op":"trade","args":[null]}'),
        (30003, "{}"),
        (30003, '{"op":7}'),
        (30016, '{"op":"subscribe"}'),
        (30016, '{"op":"subscribe","args":[]}'),
        (30016, '{"op":"subscribe","args":{"channel":"ticker"}}'),
        (30016, '{"op":"subscribe","args":["ticker"]}'),
        (30016, '{"op":"login","args":[null]}'),
    ],
)
def test_what_is_not_understood(listener: Listener, code: int, text: str) -> None:
    """Each kind of nonsense has its number, repeats a bounded piece of it, and the connection goes on."""
    listener.send(text)
    answer = listener.text()
    assert (code, True) == (json.loads(answer)["code"], len(answer) < 300)
    listener.send("ping")
    assert "pong" == listener.text()


def test_unsubscribing(listener: Listener, trader: Trader, set_book: SetBook) -> None:
    """It is confirmed, for what was never read too, and no frame of the topic comes any more."""
    set_book(LINEAR)
    listener.log_in(trader.credentials)
    listener.begin("account")
    listener.begin("books", "ETHUSDT")
    listener.ask("unsubscribe", arg("account"), arg("books", "ETHUSDT"), arg("trade", "BTCUSDT"))
    for topic in (arg("account"), arg("books", "ETHUSDT"), arg("trade", "BTCUSDT")):
        assert {"event": "unsubscribe", "arg": topic} == listener.frame()
    trader.take(LINEAR, "+1")
    set_book(LINEAR, bids=(("999", "7"),))
    assert listener.quiet()
    set_book(LINEAR)
    trader.market(LINEAR, "sell", "1", reduceOnly="YES")


def test_subscribing_again_gives_a_fresh_snapshot(listener: Listener, set_book: SetBook) -> None:
    """The second one shows the book of its own time, and updates go on from there."""
    set_book(LINEAR)
    first = listener.begin("books", "ETHUSDT")
    set_book(LINEAR, bids=(("999", "5"),))
    frames = listener.until(lambda frame: frame.get("action") == "update")
    assert [["999.00", "5.00"]] == frames[-1]["data"][0]["bids"]
    again = listener.begin("books", "ETHUSDT")
    assert [["999.00", "5.00"]] == again["data"][0]["bids"]
    assert (0, frames[-1]["data"][0]["seq"]) == (again["data"][0]["pseq"], again["data"][0]["seq"])
    assert first["data"][0]["seq"] == frames[-1]["data"][0]["pseq"]
    set_book(LINEAR)
    (update,) = listener.until(lambda frame: frame.get("action") == "update")
    assert again["data"][0]["seq"] == update["data"][0]["pseq"]


def test_a_symbol_of_another_product_type_is_silent(listener: Listener, set_book: SetBook) -> None:
    """It is acknowledged, and nothing follows; ending it does not end the real topic."""
    set_book(LINEAR)
    listener.begin("books", "ETHUSDT")
    listener.subscribe("books", "ETHUSDT", "COIN-FUTURES")
    assert listener.quiet()
    listener.ask("unsubscribe", arg("books", "ETHUSDT", "COIN-FUTURES"))
    assert "unsubscribe" == listener.frame()["event"]
    set_book(LINEAR, bids=(("999", "5"),))
    assert "books" == listener.until(lambda frame: frame.get("action") == "update")[-1]["arg"]["channel"]


# Bounds.


def test_a_flood_is_cut_off(listener: Listener, venue: VenueProcess) -> None:
    """Far too many messages in a second end the connection with a code, and nobody else's."""
    with Listener(venue) as other:
        for _ in range(2_000):
            listener.socket.socket.sendall(b"\x81\x81\x00\x00\x00\x00x")
        assert 1008 == listener.closed()
        other.send("ping")
        assert "pong" == other.text()


def test_a_message_that_is_too_long(listener: Listener) -> None:
    """It ends the connection with the protocol's own code."""
    listener.send("x" * 300_000)
    assert 1009 == listener.closed()


def test_binary_messages(listener: Listener) -> None:
    """There are none on this interface."""
    listener.socket.send(b"ping")
    assert 1003 == listener.closed()


def test_text_in_pieces(listener: Listener) -> None:
    """A message may come in several frames."""
    listener.socket.send(["pi", "ng"])
    assert "pong" == listener.text()


def test_stopping_says_goodbye(tmp_path: Any) -> None:
    """A venue that stops closes its connections in a way that clients understand, and ends quickly."""
    process = VenueProcess(tmp_path / "log", ("--memory", "--market", "manual")).start()
    try:
        with Listener(process) as listener:
            listener.begin("books", "ETHUSDT")
            assert 0 == process.terminate()
            assert 1001 == listener.closed()
    finally:
        process.stop()


def test_http_is_as_it_was(venue: VenueProcess) -> None:
    """A WebSocket path without a handshake is a path that does not exist."""
    answer = venue.connect().exchange("GET", PUBLIC, {}, None)
    assert (400, "40404") == (answer.status, answer.code)
