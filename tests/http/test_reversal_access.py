"""
Who may reverse: every authentication fault of auth.md section 5, permissions and rate limits.

As with bad fields, the digest of the audit is the same before and after every refusal.
"""

import json
import time
from typing import Any

import pytest

from tests.http.checks import (
    GIVEN,
    GOOD,
    INFERRED,
    assert_envelope_of_refusal,
    assert_nothing_changed,
    assert_refused,
    open_with,
)
from tests.http.conftest import OpenAccount, SetBook
from tests.http.venue import LINEAR, MIX, REVERSE, Operator, Trader, VenueProcess, signature

#: Passes every check before the parameters, and fails there.
WITHOUT_SIDE: dict[str, Any] = {name: value for name, value in GOOD.items() if name != "side"}


#: The fault of each line is made to valid headers; None takes the header away.
HEADER_FAULTS: list[tuple[str, dict[str, str | None], str, str]] = [
    ("key missing", {"ACCESS-KEY": None}, "40006", GIVEN),
    ("signature missing", {"ACCESS-SIGN": None}, "40002", GIVEN),
    ("timestamp missing", {"ACCESS-TIMESTAMP": None}, "40005", GIVEN),
    ("passphrase missing", {"ACCESS-PASSPHRASE": None}, "40011", GIVEN),
    ("key empty", {"ACCESS-KEY": ""}, "40006", INFERRED),
    ("signature empty", {"ACCESS-SIGN": ""}, "40002", INFERRED),
    ("timestamp empty", {"ACCESS-TIMESTAMP": ""}, "40005", INFERRED),
    ("passphrase empty", {"ACCESS-PASSPHRASE": ""}, "40011", INFERRED),
    ("timestamp in words", {"ACCESS-TIMESTAMP": "now"}, "40005", GIVEN),
    ("timestamp with a fraction", {"ACCESS-TIMESTAMP": "1795351167970.5"}, "40005", GIVEN),
    ("timestamp of 400 digits", {"ACCESS-TIMESTAMP": "1" * 400}, "40005|40008", INFERRED),
    ("key unknown", {"ACCESS-KEY": "bg_00000000000000000000000000000000"}, "40037", GIVEN),
    ("key of 8 000 letters", {"ACCESS-KEY": "k" * 8_000}, "40037", INFERRED),
    ("passphrase wrong", {"ACCESS-PASSPHRASE": "wrong0001"}, "40012", GIVEN),
    ("signature of something else", {"ACCESS-SIGN": signature("s", "1", "GET", "/", b"")}, "40009", GIVEN),
    ("signature that is no base64", {"ACCESS-SIGN": "%%%"}, "40009", GIVEN),
    ("signature of other letters", {"ACCESS-SIGN": "\u00fc"}, "40009", INFERRED),
    # Two faults at once: the earlier check answers.
    ("everything missing", dict.fromkeys(("ACCESS-KEY", "ACCESS-SIGN", "ACCESS-TIMESTAMP")), "40006", GIVEN),
    ("signature and timestamp missing", {"ACCESS-SIGN": None, "ACCESS-TIMESTAMP": None}, "40002", GIVEN),
    (
        "timestamp and passphrase missing",
        {"ACCESS-TIMESTAMP": None, "ACCESS-PASSPHRASE": None},
        "40005",
        GIVEN,
    ),
    ("passphrase missing, key unknown", {"ACCESS-PASSPHRASE": None, "ACCESS-KEY": "nobody"}, "40011", GIVEN),
    ("key unknown, time long ago", {"ACCESS-KEY": "nobody", "ACCESS-TIMESTAMP": "1000"}, "40037", GIVEN),
    (
        "time long ago, passphrase wrong",
        {"ACCESS-TIMESTAMP": "1000", "ACCESS-PASSPHRASE": "wrong0001"},
        "40008",
        GIVEN,
    ),
    (
        "passphrase and signature wrong",
        {"ACCESS-PASSPHRASE": "wrong0001", "ACCESS-SIGN": "AAAA"},
        "40012",
        GIVEN,
    ),
]


@pytest.mark.parametrize(
    ("changes", "codes"),
    [row[1:3] for row in HEADER_FAULTS],
    ids=[f"{row[0]} ({row[3]})" for row in HEADER_FAULTS],
)
def test_a_fault_in_the_headers_changes_nothing(
    operator: Operator, hedger: Trader, changes: dict[str, str | None], codes: str
) -> None:
    """auth.md 5: each fault has its code, the first check of the order wins, and nothing is done."""
    before = operator.digest()
    body = json.dumps(GOOD).encode()
    headers = {
        name: value
        for name, value in (hedger.signed("POST", REVERSE, body) | changes).items()
        if value is not None
    }
    answer = hedger.connection.exchange("POST", REVERSE, headers, body)
    assert answer.code in codes.split("|")
    assert_refused(answer, answer.code)
    assert_nothing_changed(operator, hedger, answer, before)


@pytest.mark.parametrize(("offset_s", "accepted"), [(-32, False), (-25, True), (25, True), (40, False)])
def test_the_timestamp_window_is_thirty_seconds(
    operator: Operator, hedger: Trader, offset_s: int, accepted: bool
) -> None:
    """auth.md 4: a signed request is served up to 30 s before or after the venue's time, not beyond."""
    before = operator.digest()
    body = json.dumps(WITHOUT_SIDE).encode()
    timestamp = str(time.time_ns() // 1_000_000 + offset_s * 1000)
    headers = hedger.signed("POST", REVERSE, body, timestamp=timestamp)
    answer = hedger.connection.exchange("POST", REVERSE, headers, body)
    assert_refused(answer, "400172" if accepted else "40008")
    assert_nothing_changed(operator, hedger, answer, before)


SIGNED_WRONG = [
    ("with another secret", {"secret": "another"}, "POST", REVERSE, None),
    ("for another method", {}, "GET", REVERSE, None),
    ("for another path", {}, "POST", f"{MIX}/order/place-order", None),
    ("for another body", {}, "POST", REVERSE, json.dumps(GOOD | {"size": "4"}).encode()),
    ("for no body", {}, "POST", REVERSE, b""),
    ("in lower case", {}, "post", REVERSE, None),
]


@pytest.mark.parametrize(
    ("changes", "method", "path", "other_body"),
    [row[1:] for row in SIGNED_WRONG],
    ids=[row[0] for row in SIGNED_WRONG],
)
def test_a_signature_for_something_else_is_refused(
    operator: Operator,
    hedger: Trader,
    changes: dict[str, str],
    method: str,
    path: str,
    other_body: bytes | None,
) -> None:
    """auth.md 3: the signature covers secret, method, path and the very bytes of the body."""
    before = operator.digest()
    body = json.dumps(GOOD).encode()
    headers = hedger.signed(method, path, body if other_body is None else other_body, **changes)
    answer = hedger.connection.exchange("POST", REVERSE, headers, body)
    assert_refused(answer, "40009")
    assert "sign signature error" == answer.json["msg"]
    assert_nothing_changed(operator, hedger, answer, before)


def test_one_accounts_key_with_anothers_secret(operator: Operator, hedger: Trader) -> None:
    """auth.md 5: key, passphrase and secret belong together."""
    stranger = operator.open_key()
    before = operator.digest()
    body = json.dumps(GOOD).encode()
    headers = hedger.signed("POST", REVERSE, body, secret=stranger.secret)
    assert_refused(hedger.connection.exchange("POST", REVERSE, headers, body), "40009")
    headers = hedger.signed("POST", REVERSE, body) | {"ACCESS-PASSPHRASE": stranger.passphrase}
    answer = hedger.connection.exchange("POST", REVERSE, headers, body)
    assert_refused(answer, "40012")
    assert_nothing_changed(operator, hedger, answer, before)


def test_authentication_comes_before_the_body(operator: Operator, hedger: Trader) -> None:
    """auth.md 5: parameters are looked at after the signature, so a stranger learns nothing from them."""
    before = operator.digest()
    headers = hedger.signed("POST", REVERSE, b"{}")
    answer = hedger.connection.exchange("POST", REVERSE, headers, b"no JSON")
    assert_refused(answer, "40009")
    assert_nothing_changed(operator, hedger, answer, before)


def test_the_path_comes_before_authentication(operator: Operator) -> None:
    """auth.md 5: an unknown path is 40404 for anybody."""
    answer = operator.connection.exchange("POST", f"{MIX}/order/click-forehand", {}, b"{}")
    assert_refused(answer, "40404")
    assert "Request URL NOT FOUND" == answer.json["msg"]


@pytest.mark.parametrize(
    "path", [f"{REVERSE}/", f"{REVERSE}?", REVERSE.upper(), REVERSE.replace("/mix/", "/mix//")]
)
def test_paths_are_literal(operator: Operator, hedger: Trader, path: str) -> None:
    """A path that only looks like the reversal's gets the answer of a refusal and does nothing."""
    before = operator.digest()
    body = json.dumps(WITHOUT_SIDE).encode()
    answer = hedger.connection.exchange("POST", path, hedger.signed("POST", path, body), body)
    assert_envelope_of_refusal(answer, {400})
    assert_nothing_changed(operator, hedger, answer, before)


def test_headers_that_mean_nothing_here_are_ignored(open_account: OpenAccount, set_book: SetBook) -> None:
    """auth.md 2, 6: locale, the demo switch and broker tags change nothing, and the answer stays English."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L10")
    body = json.dumps(GOOD).encode()
    extra = {"locale": "zh-CN", "PAPTRADING": "1", "X-CHANNEL-API-CODE": "p4sve", "X-Unknown": "?"}
    headers = {name.lower(): value for name, value in trader.signed("POST", REVERSE, body).items()}
    trader.connection.exchange("POST", REVERSE, headers | extra, body).accepted()
    assert "L7 S3" == trader.held(LINEAR)


def test_a_read_only_key_cannot_reverse(venue: VenueProcess, operator: Operator, hedger: Trader) -> None:
    """auth.md 5: a key without write permission reads, and is told 40014 when it tries to reverse."""
    key = operator.open_key(uid=hedger.credentials.uid, balances={}, permissions=["read"])
    reader = venue.trader(key)
    assert "L10" == reader.held(LINEAR)
    before = operator.digest()
    answer = reader.post(REVERSE, GOOD)
    assert_refused(answer, "40014")
    assert "Incorrect permissions, need future order write permissions" == answer.json["msg"]
    assert_refused(reader.post(REVERSE, b"no JSON"), "40014")
    assert_nothing_changed(operator, hedger, answer, before)


def test_the_rate_limit_comes_before_the_parameters(limited_venue: VenueProcess) -> None:
    """auth.md 5: faulty requests count too, and past the limit nothing about them is told."""
    trader = limited_venue.operator.trader()
    answers = [trader.post(REVERSE, b"no JSON") for _ in range(12)]
    assert ["40409"] * 10 + ["429"] * 2 == [answer.code for answer in answers]


def test_limits_are_counted_per_account_and_endpoint(limited_venue: VenueProcess) -> None:
    """auth.md 9: what one account uses up on one endpoint is nobody else's, and no other endpoint's, loss."""
    first, second = limited_venue.operator.trader(), limited_venue.operator.trader()
    answers = [first.post(REVERSE, GOOD) for _ in range(11)]
    assert ["40757"] * 10 + ["429"] == [answer.code for answer in answers]
    assert_refused(second.post(REVERSE, GOOD), "40757")
    assert [] == first.pending(LINEAR)


def test_no_secret_is_logged(venue: VenueProcess, operator: Operator) -> None:
    """DESIGN D14: neither secret nor passphrase nor signature reaches the log, whatever is sent."""
    trader = operator.trader()
    key = trader.credentials
    trader.post(REVERSE, GOOD)
    trader.post(REVERSE, b"no JSON")
    headers = trader.signed("POST", REVERSE, b"something else")
    trader.connection.exchange("POST", REVERSE, headers, json.dumps(GOOD).encode())
    trader.held(LINEAR)
    log = venue.log_path.read_text()
    for secret in (key.secret, key.passphrase, headers["ACCESS-SIGN"]):
        assert secret not in log
