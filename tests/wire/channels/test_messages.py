import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhand.wire.channels.errors import PARAMETERS, ChannelError
from backhand.wire.channels.messages import Login, Misunderstood, Subscription, TradeRequest, read_message
from backhand.wire.channels.trading import Trade, misread, read_trade

LOGIN = {"apiKey": "k", "passphrase": "p", "timestamp": "1790000000", "sign": "s"}


@pytest.mark.parametrize(
    ("message", "read"),
    [
        ({"op": "login", "args": [LOGIN]}, Login("k", "p", "1790000000", "s")),
        ({"op": "login", "args": [LOGIN | {"timestamp": 1790000000}], "url": "x"},
         Login("k", "p", "1790000000", "s")),
        ({"op": "login", "args": [{"api_key": "k", "sign": None}]}, Login("k", "", "", "")),
        ({"op": "subscribe", "args": [{"channel": "a", "x": 1}, {}]},
         Subscription("subscribe", ({"channel": "a", "x": "1"}, {}))),
        ({"op": "unsubscribe", "args": [{"channel": None}]}, Subscription("unsubscribe", ({"channel": ""},))),
    ],
)  # fmt: skip
def test_messages(message: Any, read: object) -> None:
    """Logins and subscriptions are read as clients send them; numbers become the text that was written."""
    assert read == read_message(json.dumps(message))


@pytest.mark.parametrize(
    ("text", "code", "op"),
    [
        ("",                                 30002, ""),
        ("pingping",                         30002, ""),
        ("{",                                30002, ""),
        ("null",                             30002, ""),
        ("[]",                               30002, ""),
        ("7",                                30002, ""),
        ('{"op":"trade","args":[Infinity]}', 30002, ""),
        ('{"op": "\\ud800"}',                30002, ""),
        ("{}",                               30003, ""),
        ('{"op":null}',                      30003, ""),
        ('{"op":"Login"}',                   30003, "Login"),
        ('{"op":["login"]}',                 30003, "[...]"),
        ('{"op":"modify","args":[]}',        30003, "modify"),
        ('{"op":"trade","args":[]}',         30016, "trade"),
        ('{"op":"trade","args":[7]}',        30016, "trade"),
        ('{"op":"login"}',                   30016, "login"),
        ('{"op":"login","args":null}',       30016, "login"),
        ('{"op":"subscribe","args":[]}',     30016, "subscribe"),
        ('{"op":"subscribe","args":"x"}',    30016, "subscribe"),
        ('{"op":"subscribe","args":[null]}', 30016, "subscribe"),
    ],
)  # fmt: skip
def test_what_is_not_understood(text: str, code: int, op: str) -> None:
    """Nonsense has the code of its kind, and what it asked for is known where it said so."""
    read = read_message(text)
    assert isinstance(read, Misunderstood)
    assert (code, op) == (read.error.code, read.op)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


OPERATIONS = st.sampled_from(["login", "subscribe", "trade", "x"])


@given(text=st.text() | JSON.map(json.dumps), op=OPERATIONS, args=JSON)
def test_nothing_raises(text: str, op: str, args: Any) -> None:
    """Whatever comes is read as something."""
    read_message(text)
    read_message(json.dumps({"op": op, "args": args}))


NAMES = st.sampled_from(["id", "instType", "instId", "channel", "params"])


@given(arg=st.dictionaries(NAMES, JSON), params=st.dictionaries(st.sampled_from(["size", "orderId"]), JSON))
def test_no_order_raises(arg: dict[str, Any], params: dict[str, Any]) -> None:
    """Whatever an order is made of is read as one, or refused, and what is repeated of it is text."""
    for sent in (arg, {"id": "1", "channel": "place-order", "params": params} | arg):
        message = read_message(json.dumps({"op": "trade", "args": [sent]}))
        assert isinstance(message, TradeRequest)
        read = read_trade(message.args[0])
        assert isinstance(read, Trade | ChannelError)
        assert b"error" in misread(PARAMETERS, message.args, 0)


def test_a_long_message_is_not_repeated_whole() -> None:
    """What is repeated of nonsense is bounded."""
    read = read_message("x" * 100_000)
    assert isinstance(read, Misunderstood)
    assert "Unrecognized request:" + "x" * 64 + "..." == read.error.message
