"""Who is let in: the order of the checks, every form of a signed query, permissions. Over HTTP."""

import time
from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote

import pytest

from tests.gateway.conftest import OpenTrader
from tests.http.venue import LINEAR, MIX, Trader, signature

BALANCES = f"{MIX}/account/account"
REVERSE = f"{MIX}/order/click-backhand"
Headers = dict[str, str]


def without(name: str) -> Callable[[Headers], None]:
    def fault(headers: Headers) -> None:
        headers.pop(name, None)

    return fault


def with_value(name: str, value: str) -> Callable[[Headers], None]:
    def fault(headers: Headers) -> None:
        headers[name] = value

    return fault


#: Each fault with its code, in the order in which the checks are made (auth.md section 5).
FAULTS = [
    (without("ACCESS-KEY"), "40006"),
    (without("ACCESS-SIGN"), "40002"),
    (with_value("ACCESS-TIMESTAMP", "now"), "40005"),
    (without("ACCESS-PASSPHRASE"), "40011"),
    (with_value("ACCESS-KEY", "bh_nobody"), "40037"),
    (with_value("ACCESS-TIMESTAMP", "1700000000000"), "40008"),
    (with_value("ACCESS-PASSPHRASE", "wrong"), "40012"),
    (with_value("ACCESS-SIGN", "d3Jvbmc="), "40009"),
]


@pytest.mark.parametrize("first", range(len(FAULTS)), ids=[code for _, code in FAULTS])
def test_the_first_check_that_fails_decides(trader: Trader, first: int) -> None:
    """With every later fault present too, the answer is that of the earliest one."""
    headers = trader.signed("POST", REVERSE, b"no JSON")
    # Faults of the same header undo one another, so the earliest is made last.
    for fault, _ in reversed(FAULTS[first:]):
        fault(headers)
    answer = trader.connection.exchange("POST", REVERSE, headers, b"no JSON")
    assert (400, FAULTS[first][1], None) == (answer.status, answer.code, answer.json["data"])


@pytest.mark.parametrize("name", ["ACCESS-KEY", "ACCESS-SIGN", "ACCESS-TIMESTAMP", "ACCESS-PASSPHRASE"])
def test_an_empty_header_counts_as_missing(trader: Trader, name: str) -> None:
    """An empty value is answered like an absent one."""
    codes = []
    for value in (None, ""):
        headers = trader.signed("GET", BALANCES, b"")
        del headers[name]
        headers |= {} if value is None else {name: value}
        codes.append(trader.connection.exchange("GET", BALANCES, headers, None).code)
    assert codes[0] == codes[1] != "00000"


@pytest.mark.parametrize(
    ("timestamp", "code"),
    [
        ("{-31000}", "40008"),
        ("{+31000}", "40008"),
        ("{-25000}", "00000"),
        ("{+25000}", "00000"),
        ("-1", "40005"),
        ("1.7e12", "40005"),
        ("9" * 200, "40005"),
        ("\u0661\u0662", "40005"),
    ],
)
def test_timestamps_are_whole_milliseconds_within_30_seconds(
    trader: Trader, timestamp: str, code: str
) -> None:
    """Either side of the server's clock 30 seconds are allowed; other text is no timestamp."""
    if timestamp.startswith("{"):
        timestamp = str(time.time_ns() // 1_000_000 + int(timestamp[1:-1]))
    target = f"{BALANCES}?marginCoin=USDT&productType=USDT-FUTURES&symbol=ETHUSDT"
    headers = trader.signed("GET", target, b"", timestamp=timestamp)
    headers = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    assert code == trader.connection.exchange("GET", target, headers, None).code


#: What is on the wire, and what was signed for it.
RAW = "clientOid=a b+c#d&productType=USDT-FUTURES&symbol=ETHUSDT"
ENCODED = "&".join(
    f"{name}={quote(value, safe='')}" for name, value in (p.split("=") for p in RAW.split("&"))
)
UNSORTED = "&".join(reversed(ENCODED.split("&")))


@pytest.mark.parametrize(
    ("sent", "signed"),
    [
        pytest.param(ENCODED, ENCODED, id="as sent (bitget-api)"),
        pytest.param(ENCODED, RAW, id="before encoding (ccxt, official SDK)"),
        pytest.param(UNSORTED, UNSORTED, id="unsorted, as sent"),
        pytest.param(UNSORTED, unquote(UNSORTED), id="unsorted, before encoding"),
        pytest.param(UNSORTED, ENCODED, id="signed sorted, sent unsorted"),
        pytest.param(UNSORTED, RAW, id="signed sorted before encoding, sent unsorted"),
    ],
)
def test_every_form_of_a_signed_query_is_accepted(trader: Trader, sent: str, signed: str) -> None:
    """Clients sign a query before or after encoding and sorting it; each of these is the same query."""
    path = f"{MIX}/order/detail"
    headers = trader.signed("GET", f"{path}?{signed}", b"")
    # Let in, so the answer is about the order: there is none with this id.
    assert "40109" == trader.connection.exchange("GET", f"{path}?{sent}", headers, None).code


@pytest.mark.parametrize(
    "signed",
    [RAW.replace("ETHUSDT", "BTCUSDT"), RAW.replace("+", " "), "", RAW + "&x=1"],
)
def test_another_query_is_not_accepted(trader: Trader, signed: str) -> None:
    """A signature over other parameters, or with + read as a space, does not fit."""
    path = f"{MIX}/order/detail"
    headers = trader.signed("GET", f"{path}?{signed}" if signed else path, b"")
    assert "40009" == trader.connection.exchange("GET", f"{path}?{ENCODED}", headers, None).code


def test_a_body_is_signed_as_the_bytes_that_were_sent(trader: Trader) -> None:
    """Spaces and escapes count: equal JSON in other bytes has another signature."""
    body = b'{"symbol": "ETHUSDT"}'
    headers = trader.signed("POST", REVERSE, body)
    assert "400172" == trader.connection.exchange("POST", REVERSE, headers, body).code
    assert "40009" == trader.connection.exchange("POST", REVERSE, headers, b'{"symbol":"ETHUSDT"}').code


def test_one_signature_does_not_fit_another_method_or_path(trader: Trader) -> None:
    """What was signed for one endpoint opens no other."""
    headers = trader.signed("POST", f"{MIX}/order/place-order", b"{}")
    assert "40009" == trader.connection.exchange("POST", REVERSE, headers, b"{}").code
    headers = trader.signed("GET", REVERSE, b"{}")
    assert "40009" == trader.connection.exchange("POST", REVERSE, headers, b"{}").code


def test_keys_open_their_own_account_only(open_trader: OpenTrader) -> None:
    """One account's secret does not sign for another's key, and each sees its own balance."""
    rich, poor = open_trader(balances={"USDT": "5"}), open_trader(balances={"USDT": "3"})
    assert ("5", "3") == (rich.account(LINEAR)["accountEquity"], poor.account(LINEAR)["accountEquity"])
    headers = rich.signed("GET", BALANCES, b"") | {"ACCESS-KEY": poor.credentials.api_key}
    assert "40012" == rich.connection.exchange("GET", BALANCES, headers, None).code
    headers["ACCESS-PASSPHRASE"] = poor.credentials.passphrase
    assert "40009" == rich.connection.exchange("GET", BALANCES, headers, None).code


@pytest.mark.parametrize(
    ("permissions", "reads", "trades"),
    [(["read"], "00000", "40014"), (["trade"], "00000", "40757"), ([], "40014", "40014")],
)
def test_a_key_can_do_what_it_is_permitted(
    open_trader: OpenTrader, permissions: list[str], reads: str, trades: str
) -> None:
    """Reading needs any permission, changing needs `trade`; 40757 is a reversal of nothing, so let in."""
    trader = open_trader(permissions=permissions)
    assert reads == trader.get(BALANCES, LINEAR.names).code
    answer = trader.reverse(LINEAR)
    assert trades == answer.code
    if trades == "40014":
        assert "Incorrect permissions, need future order write permissions" == answer.json["msg"]


def test_a_further_key_of_an_account_opens_the_same_account(open_trader: OpenTrader) -> None:
    """Two keys, one balance."""
    first = open_trader(balances={"USDT": "7"})
    second = open_trader(uid=first.credentials.uid, balances={})
    assert first.credentials.api_key != second.credentials.api_key
    assert "7" == first.account(LINEAR)["accountEquity"] == second.account(LINEAR)["accountEquity"]


def test_headers_of_other_purposes_are_ignored(trader: Trader) -> None:
    """Language, demo switch, broker tag and unknown headers change nothing; names have any case."""
    target = f"{BALANCES}?marginCoin=USDT&productType=USDT-FUTURES&symbol=ETHUSDT"
    headers: Mapping[str, str] = {
        **{name.lower(): value for name, value in trader.signed("GET", target, b"").items()},
        "locale": "zh-CN",
        "paptrading": "1",
        "X-CHANNEL-API-CODE": "p4sve",
        "X-Unknown": "\xff",
    }
    answer = trader.connection.exchange("GET", target, headers, None)
    assert ("00000", "success") == (answer.code, answer.json["msg"])


def test_the_documented_vector_is_what_this_client_signs() -> None:
    """The signing used here is the exchange's: the vector of auth.md section 3."""
    body = b'{"symbol":"BTCUSDT","productType":"USDT-FUTURES","marginCoin":"USDT","side":"buy"}'
    expected = "UzxznueZ7wBRXGrSw/GPJRH6dhu4k4RUxS/pEhj0Slo="
    assert expected == signature("s", "1795351167970", "POST", REVERSE, body)
