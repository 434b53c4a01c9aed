"""
Junk in every field of every endpoint: an answer with an envelope, never a fault of the venue.

Nothing here says which code is right; that is what the tables of the other files are for.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.http.conftest import ASK, BID, MARK, OpenAccount, SetBook
from tests.http.venue import LINEAR, MIX, REVERSE, Answer, Operator, Trader, VenueProcess, query_of

ORDER = LINEAR.names | {"marginMode": "crossed", "side": "buy", "tradeSide": "open", "size": "1"}
LIMIT = ORDER | {"orderType": "limit", "price": "960", "force": "gtc", "clientOid": "", "reduceOnly": "NO"}


def ones(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "1")


READS: dict[str, dict[str, str]] = {
    f"{MIX}/order/detail": LINEAR.names | {"orderId": "1", "clientOid": "x"},
    f"{MIX}/order/orders-pending": LINEAR.names
    | ones("orderId", "clientOid", "status", "startTime", "endTime", "idLessThan", "limit"),
    f"{MIX}/order/orders-history": LINEAR.names
    | dict.fromkeys(
        ("orderId", "clientOid", "orderSource", "startTime", "endTime", "idLessThan", "limit"), "1"
    ),
    f"{MIX}/order/fills": LINEAR.names | ones("orderId", "startTime", "endTime", "idLessThan", "limit"),
    f"{MIX}/position/single-position": LINEAR.names,
    f"{MIX}/position/all-position": LINEAR.names,
    f"{MIX}/account/account": LINEAR.names,
    f"{MIX}/account/accounts": {"productType": "USDT-FUTURES"},
    f"{MIX}/market/contracts": {"productType": "USDT-FUTURES", "symbol": "ETHUSDT"},
    f"{MIX}/market/ticker": {"productType": "USDT-FUTURES", "symbol": "ETHUSDT"},
    f"{MIX}/market/tickers": {"productType": "USDT-FUTURES"},
    f"{MIX}/market/merge-depth": LINEAR.names | {"limit": "5", "precision": "scale0"},
}

WRITES: dict[str, dict[str, Any]] = {
    REVERSE: ORDER | {"clientOid": "x"},
    f"{MIX}/order/place-order": LIMIT | {"stpMode": "none", "presetStopSurplusPrice": ""},
    f"{MIX}/order/cancel-order": LINEAR.names | {"orderId": "1", "clientOid": "x"},
    f"{MIX}/account/set-leverage": LINEAR.names
    | {"leverage": "20", "longLeverage": "20", "shortLeverage": "20", "holdSide": "long"},
    f"{MIX}/account/set-margin-mode": LINEAR.names | {"marginMode": "crossed"},
    f"{MIX}/account/set-position-mode": LINEAR.names | {"posMode": "hedge_mode"},
}

TEXTS = [
    "", " ", "0", "-1", "1.5", "1e400", "9" * 30, "9" * 400, "null", "\0", "\ud7ff", "\U0001f600", "'; --",
    "../..", "%", "%zz", "&", "=", "true", "18446744073709551616", "-9223372036854775809",
    "1" + "0" * 5000, "x" * 3000,
]  # fmt: skip

VALUES: list[Any] = [*TEXTS, 0, -1, 1.5, 10**30, True, None, [], {}, [[]], {"a": {"b": [1]}}]


@pytest.fixture(scope="module")
def operator(logs: Path) -> Iterator[Operator]:
    """Of a venue whose time stands still: where it goes on, a mark that is not set moves by itself."""
    process = VenueProcess(logs / "junk.log", ("--memory", "--market", "manual", "--clock", "frozen")).start()
    yield process.operator
    process.stop()


@pytest.fixture
def trader(open_account: OpenAccount, set_book: SetBook) -> Trader:
    set_book(LINEAR, bids=((BID, "10000"),), asks=((ASK, "10000"),), mark=MARK)
    return open_account(posMode="hedge_mode")


def assert_answered(answer: Answer, sent: object) -> None:
    """A success or a refusal, with the four keys of the envelope."""
    assert {"code", "msg", "requestTime", "data"} == set(answer.json), sent
    expected = {200} if answer.code == "00000" else {400}
    assert answer.status in expected, (sent, answer.status, answer.body[:200])


@pytest.mark.parametrize("path", READS)
def test_junk_in_a_query(trader: Trader, operator: Operator, path: str) -> None:
    """Whatever a parameter of a GET holds, it is answered or refused, and nothing changes."""
    before = operator.digest()
    good = READS[path]
    for name in good:
        for junk in TEXTS:
            parameters = good | {name: junk}
            target = f"{path}?{query_of(parameters)}"
            answer = trader.connection.exchange("GET", target, trader.signed("GET", target, b""), None)
            assert_answered(answer, (name, junk[:40]))
    for query in ("?", "?&&&", "?=", "?a", "?symbol=ETHUSDT&symbol=BTCUSDT", "?%=%", "?" + "a=1&" * 2000):
        target = path + query
        answer = trader.connection.exchange("GET", target, trader.signed("GET", target, b""), None)
        assert_answered(answer, query[:40])
    assert before == operator.digest()


@pytest.mark.parametrize("path", WRITES)
def test_junk_in_a_body(trader: Trader, operator: Operator, path: str) -> None:
    """Whatever a field of a POST holds, it is answered or refused, and a refusal changes nothing."""
    good = WRITES[path]
    for name in good:
        for junk in VALUES:
            before = operator.digest()
            answer = trader.post(path, good | {name: junk})
            assert_answered(answer, (name, str(junk)[:40]))
            if answer.status == 400:
                assert before == operator.digest(), (name, str(junk)[:40])


@pytest.mark.parametrize("path", ["/_venue/accounts", "/_venue/markets/ETHUSDT/book"])
def test_junk_from_the_operator(operator: Operator, path: str) -> None:
    """What the operator mistypes is refused with a reason and a sentence, and changes nothing."""
    method = "POST" if path.endswith("accounts") else "PUT"
    good: dict[str, Any] = (
        {"balances": {"USDT": "1"}, "copyTrader": False, "posMode": "hedge_mode", "leverage": "20"}
        if method == "POST"
        else {"bids": [["1", "1"]], "asks": [["2", "1"]], "index": "1", "mark": "1"}
    )
    bodies = [json.dumps(good | {name: junk}).encode() for name in good for junk in VALUES]
    bodies += [b"", b"[]", b"null", b"{", b"\xff", b"[" * 10_000, b'{"balances":{"USDT":1e999}}']
    for body in bodies:
        before = operator.digest()
        answer = operator.connection.exchange(method, path, {"Content-Type": "application/json"}, body)
        assert answer.status in {200, 201} or 400 <= answer.status < 500, (body[:200], answer.body[:200])
        if answer.status >= 400:
            assert {"error", "detail"} == set(answer.json)
            assert before == operator.digest(), body[:200]
