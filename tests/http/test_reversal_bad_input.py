"""
Bad input for click-backhand: what is answered, and that nothing changes.

Each line of a table names the fault, the code and whether the code is given by the specification or
inferred. The digest of the audit covers accounts, positions, orders, contracts and money, and not the
sequence: it must be the same before and after every line.
"""

import json
from typing import Any

import pytest

from tests.http.checks import (
    GIVEN,
    GOOD,
    HEDGE,
    INFERRED,
    assert_envelope_of_refusal,
    assert_nothing_changed,
    assert_refused,
    open_with,
)
from tests.http.conftest import ASK, BID, MARK, OpenAccount
from tests.http.venue import LINEAR, REVERSE, Operator, Trader


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name not in names}


def renamed(name: str, other: str) -> dict[str, Any]:
    return without(name) | {other: GOOD[name]}


# Fields.

FIELDS: list[tuple[str, dict[str, Any], str, str]] = [
    # fault, body, code, from where
    ("symbol missing", without("symbol"), "400172", GIVEN),
    ("productType missing", without("productType"), "400172", GIVEN),
    ("marginCoin missing", without("marginCoin"), "400172", GIVEN),
    ("side missing", without("side"), "400172", GIVEN),
    ("tradeSide missing", without("tradeSide"), "40774", GIVEN),
    ("side and tradeSide missing", without("side", "tradeSide"), "40774", GIVEN),
    ("everything missing", {}, "400172", GIVEN),
    ("symbol empty", GOOD | {"symbol": ""}, "400172", INFERRED),
    ("productType empty", GOOD | {"productType": ""}, "400172", INFERRED),
    ("marginCoin empty", GOOD | {"marginCoin": ""}, "400172", INFERRED),
    ("side empty", GOOD | {"side": ""}, "400172", INFERRED),
    ("tradeSide empty", GOOD | {"tradeSide": ""}, "40774", INFERRED),
    ("symbol null", GOOD | {"symbol": None}, "400172", INFERRED),
    ("productType null", GOOD | {"productType": None}, "400172", INFERRED),
    ("marginCoin null", GOOD | {"marginCoin": None}, "400172", INFERRED),
    ("side null", GOOD | {"side": None}, "400172", INFERRED),
    ("tradeSide null", GOOD | {"tradeSide": None}, "40774", INFERRED),
    ("symbol's name in wrong case", renamed("symbol", "Symbol"), "400172", INFERRED),
    ("productType's name in wrong case", renamed("productType", "producttype"), "400172", INFERRED),
    ("marginCoin's name in wrong case", renamed("marginCoin", "MARGINCOIN"), "400172", INFERRED),
    ("side's name in wrong case", renamed("side", "Side"), "400172", INFERRED),
    ("tradeSide's name in wrong case", renamed("tradeSide", "trade_side"), "40774", INFERRED),
    ("symbol a list", GOOD | {"symbol": ["ETHUSDT"]}, "40034", INFERRED),
    ("symbol an object", GOOD | {"symbol": {"id": "ETHUSDT"}}, "40034", INFERRED),
    ("symbol true", GOOD | {"symbol": True}, "40034", INFERRED),
    ("productType a list", GOOD | {"productType": ["USDT-FUTURES"]}, "400172", INFERRED),
    ("productType a number", GOOD | {"productType": 1}, "400172", INFERRED),
    ("marginCoin a list", GOOD | {"marginCoin": ["USDT"]}, "40778", INFERRED),
    ("side a list", GOOD | {"side": ["buy"]}, "400172", INFERRED),
    ("side a number", GOOD | {"side": 1}, "400172", INFERRED),
    ("tradeSide a list", GOOD | {"tradeSide": ["open"]}, "400172", INFERRED),
    ("size a list", GOOD | {"size": ["3"]}, "40808", INFERRED),
    ("size an object", GOOD | {"size": {"value": "3"}}, "40808", INFERRED),
    ("size true", GOOD | {"size": True}, "40808", INFERRED),
    ("clientOid a list", GOOD | {"clientOid": ["c"]}, "40305", INFERRED),
    ("symbol unknown", GOOD | {"symbol": "NOPEUSDT"}, "40034", GIVEN),
    ("symbol of the v1 API", GOOD | {"symbol": "ETHUSDT_UMCBL"}, "40034", INFERRED),
    ("symbol of a thousand letters", GOOD | {"symbol": "E" * 1000}, "40034", INFERRED),
    ("symbol with a null byte", GOOD | {"symbol": "ETHUSDT\0"}, "40034", INFERRED),
    ("symbol in look-alike letters", GOOD | {"symbol": "\uff25THUSDT"}, "40034", INFERRED),
    ("productType unknown", GOOD | {"productType": "NOPE-FUTURES"}, "400172", GIVEN),
    ("productType of the old demo", GOOD | {"productType": "SUSDT-FUTURES"}, "400172", INFERRED),
    ("productType of another symbol", GOOD | {"productType": "COIN-FUTURES"}, "22012", GIVEN),
    ("marginCoin of another product", GOOD | {"marginCoin": "ETH"}, "40778", GIVEN),
    ("marginCoin unknown", GOOD | {"marginCoin": "NOPE"}, "40778", GIVEN),
    ("side unknown", GOOD | {"side": "long"}, "400172", GIVEN),
    ("tradeSide unknown", GOOD | {"tradeSide": "reverse"}, "400172", GIVEN),
    ("size zero", GOOD | {"size": "0"}, "40808", GIVEN),
    ("size negative", GOOD | {"size": "-3"}, "40808", GIVEN),
    ("size text", GOOD | {"size": "three"}, "40808", GIVEN),
    ("size the number zero", GOOD | {"size": 0}, "40808", GIVEN),
    ("size a negative number", GOOD | {"size": -3}, "40808", GIVEN),
    ("size with three decimals", GOOD | {"size": "3.001"}, "40808", GIVEN),
    ("size a number with three decimals", GOOD | {"size": 3.001}, "40808", GIVEN),
    ("size of 40 decimals", GOOD | {"size": "0." + "1" * 40}, "40808", GIVEN),
    ("size of 10 000 digits", GOOD | {"size": "1" * 10_000}, "40808", INFERRED),
    ("size in other digits", GOOD | {"size": "\u0663"}, "40808", INFERRED),
    ("size with a space", GOOD | {"size": "3 "}, "40808", INFERRED),
    ("clientOid of 65 letters", GOOD | {"clientOid": "c" * 65}, "40305", GIVEN),
    ("clientOid with a letter of Mars", GOOD | {"clientOid": "c\u00fc"}, "40305", GIVEN),
    ("clientOid with a quote", GOOD | {"clientOid": 'c"'}, "40305", GIVEN),
]


@pytest.mark.parametrize(
    ("body", "code"), [row[1:3] for row in FIELDS], ids=[f"{row[0]} ({row[3]})" for row in FIELDS]
)
def test_a_bad_field_changes_nothing(
    operator: Operator, hedger: Trader, body: dict[str, Any], code: str
) -> None:
    """Each faulty field has its code with HTTP 400, and leaves the venue as it was."""
    before = operator.digest()
    answer = hedger.post(REVERSE, body)
    assert_refused(answer, code)
    assert_nothing_changed(operator, hedger, answer, before)


ONE_WAY_FIELDS: list[tuple[str, dict[str, Any], str, str]] = [
    ("symbol missing", without("symbol"), "400172", GIVEN),
    ("productType missing", without("productType"), "400172", GIVEN),
    ("marginCoin missing", without("marginCoin"), "400172", GIVEN),
    ("side unknown", GOOD | {"side": "long"}, "400172", GIVEN),
    ("size zero", GOOD | {"size": "0"}, "40808", GIVEN),
    ("size negative", GOOD | {"size": "-3"}, "40808", GIVEN),
    ("size text", GOOD | {"size": "three"}, "40808", GIVEN),
    ("size of 10 000 digits", GOOD | {"size": "1" * 10_000}, "40808", INFERRED),
]


@pytest.mark.parametrize(
    ("body", "code"),
    [row[1:3] for row in ONE_WAY_FIELDS],
    ids=[f"{row[0]} ({row[3]})" for row in ONE_WAY_FIELDS],
)
def test_a_bad_field_changes_nothing_in_one_way_mode(
    operator: Operator, one_way: Trader, body: dict[str, Any], code: str
) -> None:
    """What one-way mode does not ignore is checked there too."""
    before = operator.digest()
    answer = one_way.post(REVERSE, body)
    assert_refused(answer, code)
    assert_nothing_changed(operator, one_way, answer, before)


@pytest.mark.parametrize("held", ["L10", "+10"])
def test_a_size_of_40_digits_changes_nothing(
    operator: Operator, open_account: OpenAccount, held: str
) -> None:
    """A size that no contract can have is refused (inferred: not clamped to the position like 11 for 10)."""
    operator.set_book(LINEAR, [(BID, "100000")], [(ASK, "100000")], MARK)
    trader = open_with(open_account, LINEAR, held)
    before = operator.digest()
    answer = trader.post(REVERSE, GOOD | {"size": "1" * 40})
    assert_refused(answer, "40808")
    assert_nothing_changed(operator, trader, answer, before)


MESSAGES = [
    (GOOD | {"symbol": "NOPEUSDT"}, "Parameter NOPEUSDT does not exist"),
    (GOOD | {"side": "long"}, "side mismatch"),
    (without("productType"), "Parameter verification failed"),
    (GOOD | {"marginCoin": "NOPE"}, "Coin pair ETHUSDT does not support NOPE currency as margin"),
    (
        GOOD | {"size": "3.001"},
        "Parameter verification exception size checkBDScale error value=3.001 checkScale=2",
    ),
    (
        without("tradeSide"),
        "The order type for unilateral position must also be the unilateral position type.",
    ),
]


@pytest.mark.parametrize(("body", "message"), MESSAGES)
def test_messages_are_those_of_the_exchange(hedger: Trader, body: dict[str, Any], message: str) -> None:
    """errors.md: the text of a refusal is the exchange's template with its place filled in."""
    assert message == hedger.post(REVERSE, body).json["msg"]


def test_unknown_fields_are_ignored(operator: Operator) -> None:
    """rest-private.md 1: fields that nobody knows, of any type, change nothing about a request."""
    operator.set_book(LINEAR, [(BID, "100000")], [(ASK, "100000")], MARK)
    trader = operator.trader(posMode=HEDGE)
    trader.take(LINEAR, "L10")
    extra: dict[str, Any] = {
        "marginMode": "isolated",
        "leverage": {"long": [1]},
        "": None,
        "price": "1",
        "unknown": [[]],
    }
    trader.post(REVERSE, GOOD | extra).accepted()
    assert "L7 S3" == trader.held(LINEAR)


# Bodies.

BODIES: list[tuple[str, bytes, str, str]] = [
    ("no JSON", b"symbol=ETHUSDT&side=buy", "40409", GIVEN),
    ("half of it", json.dumps(GOOD).encode()[:-5], "40409", GIVEN),
    ("two of them", json.dumps(GOOD).encode() * 2, "40409", GIVEN),
    ("a list", json.dumps([GOOD]).encode(), "40409", INFERRED),
    ("a text", b'"ETHUSDT"', "40409", INFERRED),
    ("null", b"null", "40409", INFERRED),
    ("a number", b"5", "40409", INFERRED),
    ("no UTF-8", b'{"symbol":"\xff\xfe"}', "40409", INFERRED),
    ("blank", b"   ", "40409", INFERRED),
    ("NaN", json.dumps(GOOD).replace('"3"', "NaN").encode(), "40409", INFERRED),
    ("100 000 brackets", b"[" * 100_000, "40409", INFERRED),
    ("nothing", b"", "400172", INFERRED),
]


@pytest.mark.parametrize(
    ("body", "code"), [row[1:3] for row in BODIES], ids=[f"{row[0]} ({row[3]})" for row in BODIES]
)
def test_a_bad_body_changes_nothing(operator: Operator, hedger: Trader, body: bytes, code: str) -> None:
    """A body that is not a JSON object is refused with an envelope, and leaves the venue as it was."""
    before = operator.digest()
    answer = hedger.post(REVERSE, body)
    assert_refused(answer, code)
    assert_nothing_changed(operator, hedger, answer, before)


def test_no_body_and_no_length(operator: Operator, hedger: Trader) -> None:
    """A POST without a body at all is refused like an empty object (inferred)."""
    before = operator.digest()
    answer = hedger.connection.exchange("POST", REVERSE, hedger.signed("POST", REVERSE, b""), None)
    assert_refused(answer, "400172")
    assert_nothing_changed(operator, hedger, answer, before)


TEN_MEGABYTES = 10 * 1024 * 1024


@pytest.mark.parametrize("signed", [True, False])
def test_a_body_of_ten_megabytes_is_refused(operator: Operator, hedger: Trader, signed: bool) -> None:
    """
    Ten megabytes of otherwise good JSON are refused with an envelope, whoever sends them.

    The status and the code are inferred: 400 or 413, and any code but success.
    """
    before = operator.digest()
    body = json.dumps(GOOD | {"unknown": "x" * TEN_MEGABYTES}).encode()
    headers = hedger.signed("POST", REVERSE, body) if signed else {"Content-Type": "application/json"}
    answer = hedger.connection.exchange("POST", REVERSE, headers, body)
    assert_envelope_of_refusal(answer, {400, 413})
    assert_nothing_changed(operator, hedger, answer, before)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_wrong_method_changes_nothing(operator: Operator, hedger: Trader, method: str) -> None:
    """Only POST reverses; another method finds nothing here (inferred: 40404 with HTTP 400 or 405)."""
    before = operator.digest()
    body = None if method == "GET" else json.dumps(GOOD).encode()
    headers = hedger.signed(method, REVERSE, body or b"")
    answer = hedger.connection.exchange(method, REVERSE, headers, body)
    assert_envelope_of_refusal(answer, {400, 405})
    assert "40404" == answer.code
    assert_nothing_changed(operator, hedger, answer, before)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_wrong_content_type_changes_nothing(
    operator: Operator, hedger: Trader, content_type: str | None
) -> None:
    """errors.md: a POST that does not say JSON is 40007."""
    before = operator.digest()
    body = json.dumps(GOOD).encode()
    headers = hedger.signed("POST", REVERSE, body)
    del headers["Content-Type"]
    if content_type is not None:
        headers["Content-Type"] = content_type
    answer = hedger.connection.exchange("POST", REVERSE, headers, body)
    assert_refused(answer, "40007")
    assert_nothing_changed(operator, hedger, answer, before)
