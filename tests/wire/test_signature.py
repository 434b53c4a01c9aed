from urllib.parse import quote

import pytest

from backhand.wire.signature import query_candidates, sign, signature_matches, signing_key

SECRET = b"s"
TIMESTAMP = b"1795351167970"
PATH = b"/api/v2/mix/order/click-backhand"
BODY = b'{"symbol":"BTCUSDT","productType":"USDT-FUTURES","marginCoin":"USDT","side":"buy"}'
SIGNATURE = b"UzxznueZ7wBRXGrSw/GPJRH6dhu4k4RUxS/pEhj0Slo="


def test_the_published_vector_matches() -> None:
    """The signature that ccxt makes for the specification's example is accepted."""
    assert signature_matches(signing_key(SECRET), TIMESTAMP, b"POST", PATH, b"", BODY, SIGNATURE)


@pytest.mark.parametrize(
    ("secret", "timestamp", "method", "path", "query", "body", "given"),
    [
        (b"t", TIMESTAMP, b"POST", PATH, b"", BODY, SIGNATURE),
        (SECRET, b"1795351167971", b"POST", PATH, b"", BODY, SIGNATURE),
        (SECRET, TIMESTAMP, b"GET", PATH, b"", BODY, SIGNATURE),
        (SECRET, TIMESTAMP, b"POST", PATH + b"x", b"", BODY, SIGNATURE),
        (SECRET, TIMESTAMP, b"POST", PATH, b"a=1", BODY, SIGNATURE),
        (SECRET, TIMESTAMP, b"POST", PATH, b"", BODY + b" ", SIGNATURE),
        (SECRET, TIMESTAMP, b"POST", PATH, b"", BODY, SIGNATURE[:-1]),
        (SECRET, TIMESTAMP, b"POST", PATH, b"", BODY, b""),
        (SECRET, TIMESTAMP, b"POST", PATH, b"", BODY, b"\xff" * 44),
    ],
)
def test_any_other_byte_is_refused(
    secret: bytes, timestamp: bytes, method: bytes, path: bytes, query: bytes, body: bytes, given: bytes
) -> None:
    """A signature holds for exactly one secret, time, method, path, query and body."""
    assert not signature_matches(signing_key(secret), timestamp, method, path, query, body, given)


RAW = b"clientOid=a b+c#d&symbol=BTCUSDT"
ENCODED = b"clientOid=" + quote("a b+c#d").encode() + b"&symbol=BTCUSDT"
UNSORTED = b"symbol=BTCUSDT&clientOid=" + quote("a b+c#d").encode()


@pytest.mark.parametrize(
    ("signed", "received"),
    [
        pytest.param(RAW, ENCODED, id="ccxt signs raw values and sends them encoded"),
        pytest.param(ENCODED, ENCODED, id="bitget-api signs what it sends"),
        pytest.param(UNSORTED, UNSORTED, id="a bot signs what it sends, in any order"),
        pytest.param(ENCODED, UNSORTED, id="a bot sorts only for the signature"),
        pytest.param(RAW, UNSORTED, id="a bot sorts and decodes only for the signature"),
        pytest.param(b"p=$1", b"p=$1", id="ccxt leaves the dollar sign"),
        pytest.param(b"p=1+2", b"p=1+2", id="a plus sign is no space"),
        pytest.param(b"flag", b"flag", id="a name without value"),
    ],
)
def test_a_query_may_be_signed_as_each_client_does(signed: bytes, received: bytes) -> None:
    """Every form of the query of auth.md section 3 is accepted."""
    given = sign(signing_key(SECRET), TIMESTAMP + b"GET" + PATH + b"?" + signed)
    assert signature_matches(signing_key(SECRET), TIMESTAMP, b"GET", PATH, received, b"", given)


@pytest.mark.parametrize("signed", [b"clientOid=a b c#d&symbol=BTCUSDT", b"clientOid=a&symbol=BTCUSDT", b""])
def test_another_query_is_refused(signed: bytes) -> None:
    """A query with other values does not match in any form; `+` is not a space."""
    given = sign(signing_key(SECRET), TIMESTAMP + b"GET" + PATH + b"?" + signed)
    assert not signature_matches(signing_key(SECRET), TIMESTAMP, b"GET", PATH, ENCODED, b"", given)


def test_no_candidate_is_tried_twice() -> None:
    """A sorted query without encoding, the usual case, costs one comparison, and never more than four."""
    assert [b"a=1&b=2"] == list(query_candidates(b"a=1&b=2"))
    assert [b"b=%20&a=1", b"b= &a=1", b"a=1&b=%20", b"a=1&b= "] == list(query_candidates(b"b=%20&a=1"))
