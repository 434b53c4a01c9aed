from typing import Any

import pytest

from backhand.commands import INVALID_SIDE, LONG, SHORT, ReversePosition
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.fields import COUNT_MAX
from backhand.wire.requests.reversals import parse_reversal
from tests.wire.calls import post, raw_call

GOOD = {"symbol": "BTCUSDT", "productType": "USDT-FUTURES", "marginCoin": "USDT"}


def reversal(**fields: Any) -> ReversePosition:
    """Give the command that a full request makes, with these differences."""
    return ReversePosition("7", "BTCUSDT", **fields)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, reversal()),
        ({"side": "buy"}, reversal(side=LONG)),
        ({"side": "SELL"}, reversal(side=SHORT)),
        ({"side": ""}, reversal()),
        ({"side": None}, reversal()),
        ({"side": "long"}, reversal(side=INVALID_SIDE)),
        ({"side": 1}, reversal(side=INVALID_SIDE)),
        ({"side": ["buy"]}, reversal(side=INVALID_SIDE)),
        ({"tradeSide": "open"}, reversal(effect="open")),
        ({"tradeSide": "Close"}, reversal(effect="close")),
        ({"tradeSide": "OPEN"}, reversal(effect="open")),
        ({"tradeSide": ""}, reversal()),
        ({"tradeSide": None}, reversal()),
        ({"tradeSide": "both"}, reversal(effect="invalid")),
        ({"tradeSide": True}, reversal(effect="invalid")),
        ({"size": "3"}, reversal(size_lots=30_000)),
        ({"size": 3}, reversal(size_lots=30_000)),
        ({"size": 0.1}, reversal(size_lots=1_000)),
        ({"size": 1e-4}, reversal(size_lots=1)),
        ({"size": "0.0001"}, reversal(size_lots=1)),
        ({"size": "3.00000"}, reversal(size_lots=30_000)),
        ({"size": "+3"}, reversal(size_lots=30_000)),
        ({"size": None}, reversal()),
        ({"size": "0.00001"}, reversal(size_off_grid="0.00001")),
        ({"size": 0.00001}, reversal(size_off_grid="0.00001")),
        ({"size": "1." + "1" * 38}, reversal(size_off_grid="1." + "1" * 38)),
        ({"size": "1" * 18}, reversal(size_lots=COUNT_MAX)),
        ({"size": 10**17}, reversal(size_lots=COUNT_MAX)),
        ({"clientOid": "c1"}, reversal(client_oid="c1")),
        ({"clientOid": 12345}, reversal(client_oid="12345")),
        ({"clientOid": ""}, reversal()),
        ({"clientOid": "aZ09_:#+- " * 6 + "abcd"}, reversal(client_oid="aZ09_:#+- " * 6 + "abcd")),
        ({"shortfall": "Largest"}, reversal(shortfall="largest")),
        (
            {"shortfall": "close", "openOrders": "AUTO", "worstPrice": None, "quoteId": None},
            reversal(shortfall="close"),
        ),
        ({"symbol": "btcusdt", "productType": "usdt-futures", "marginCoin": "usdt"}, reversal()),
        ({"unknown": {"a": [1]}, "reverse": True}, reversal()),
        ({"unknown": "worstPrice", "price": "", "slippage": 1, "short": None}, reversal()),
    ],
)
def test_what_was_sent_becomes_a_command(fields: dict[str, Any], expected: ReversePosition) -> None:
    """Every accepted spelling of a reversal becomes the command that it means (reversal.md A1 to A16)."""
    assert expected == parse_reversal(post(**{**GOOD, **fields}))


def test_the_documented_sample_is_accepted() -> None:
    """The sample of Bitget's page, in lower case with a size and without side, is a full request."""
    body = (
        b'{"symbol": "ethusdt", "marginCoin": "usdt", "productType": "usdt-futures", '
        b'"size": "30", "clientOid": "12345"}'
    )
    assert ReversePosition("7", "ETHUSDT", size_lots=3_000, client_oid="12345") == parse_reversal(
        raw_call(body)
    )


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"symbol": ...}, "400172", "Parameter verification failed"),
        ({"symbol": ""}, "400172", "Parameter verification failed"),
        ({"symbol": None}, "400172", "Parameter verification failed"),
        ({"productType": ...}, "400172", "Parameter verification failed"),
        ({"productType": ""}, "400172", "Parameter verification failed"),
        ({"marginCoin": ...}, "400172", "Parameter verification failed"),
        ({"marginCoin": ""}, "400172", "Parameter verification failed"),
        ({"productType": "NOPE-FUTURES"}, "400172", "Parameter verification failed"),
        ({"productType": "SUSDT-FUTURES"}, "400172", "Parameter verification failed"),
        ({"productType": ["USDT-FUTURES"]}, "400172", "Parameter verification failed"),
        ({"symbol": "NOPEUSDT"}, "40034", "Parameter NOPEUSDT does not exist"),
        ({"symbol": "BTCUSDT_UMCBL"}, "40034", "Parameter BTCUSDT_UMCBL does not exist"),
        ({"symbol": 123}, "40034", "Parameter 123 does not exist"),
        ({"symbol": True}, "40034", "Parameter true does not exist"),
        ({"symbol": {"a": 1}}, "40034", "Parameter {...} does not exist"),
        ({"symbol": " BTCUSDT"}, "40034", "Parameter  BTCUSDT does not exist"),
        (
            {"productType": "coin-futures"},
            "22012",
            "There are different business lines, BTCUSDT does not belong to COIN-FUTURES product",
        ),
        ({"marginCoin": "btc"}, "40778", "Coin pair BTCUSDT does not support BTC currency as margin"),
        ({"marginCoin": 5}, "40778", "Coin pair BTCUSDT does not support 5 currency as margin"),
        ({"size": "0"}, "40808", "Parameter verification exception delegate count 0 > 0"),
        ({"size": 0}, "40808", "Parameter verification exception delegate count 0 > 0"),
        ({"size": "-3"}, "40808", "Parameter verification exception delegate count -3 > 0"),
        ({"size": "abc"}, "40808", "Parameter verification exception size error value=abc"),
        ({"size": "1e3"}, "40808", "Parameter verification exception size error value=1e3"),
        ({"size": "NaN"}, "40808", "Parameter verification exception size error value=NaN"),
        ({"size": ""}, "40808", "Parameter verification exception size error value="),
        (
            {"size": "", "symbol": "ethusdt", "x": '"'},
            "40808",
            "Parameter verification exception size error value=",
        ),
        ({"size": " "}, "40808", "Parameter verification exception size error value= "),
        ({"size": True}, "40808", "Parameter verification exception size error value=true"),
        ({"size": [3]}, "40808", "Parameter verification exception size error value=[...]"),
        ({"size": {}}, "40808", "Parameter verification exception size error value={...}"),
        ({"size": "0." + "0" * 70 + "1"}, "40808", None),
        ({"clientOid": "x" * 65}, "40305", None),
        ({"clientOid": "a/b"}, "40305", None),
        ({"clientOid": "ü"}, "40305", None),
        ({"clientOid": "a\n"}, "40305", None),
        ({"clientOid": ["a"]}, "40305", None),
        (
            {"shortfall": "most"},
            "400172",
            "Parameter verification failed: shortfall is most, not one of close, largest, strict",
        ),
        (
            {"openOrders": "cancel"},
            "400172",
            None,
        ),
        *[
            ({name: ""}, "400172", f'Parameter verification failed: {name} is "", not {wanted}')
            for name, wanted in (
                ("shortfall", "one of close, largest, strict"),
                ("openOrders", "one of auto, exclude, include, cancelAll"),
                ("worstPrice", "a price on the contract's tick"),
                ("maxSlippage", "a ratio from 0 to 1, at most 8 decimals"),
                ("quoteId", "a quote's"),
            )
        ],
        *[
            ({sent: value}, "400172", f"Parameter verification failed: {sent} is not a field, {name} is")
            for sent, name in (
                ("worst_price", "worstPrice"),
                ("worstprice", "worstPrice"),
                ("WorstPrice", "worstPrice"),
                ("_worst__price_", "worstPrice"),
                ("shortFall", "shortfall"),
                ("short_fall", "shortfall"),
                ("SHORTFALL", "shortfall"),
                ("open_orders", "openOrders"),
                ("openorders", "openOrders"),
                ("max_slippage", "maxSlippage"),
                ("quote_id", "quoteId"),
                ("quoteID", "quoteId"),
            )
            for value in ("strict", 1)
        ],
        ({"worstPrice": "60000", "worst_price": "60000"}, "400172", None),
        ({"worstPrice": "0"}, "400172", None),
        ({"worstPrice": "60000.01"}, "400172", None),
        ({"worstPrice": [1]}, "400172", None),
        ({"maxSlippage": "-0.01"}, "400172", None),
        ({"maxSlippage": "1.01"}, "400172", None),
        ({"maxSlippage": "0.000000001"}, "400172", None),
        (
            {"quoteId": "q"},
            "98002",
            "The quote was not made by this venue, or was changed",
        ),
        ({"quoteId": "☂" * 40}, "98002", None),
        ({"quoteId": "A" * 2_000}, "98002", None),
    ],
)
def test_bad_requests_are_refused(fields: dict[str, Any], code: str, message: str | None) -> None:
    """Each way of being wrong has its code, status 400, and a text that names the value."""
    refusal = parse_reversal(post(**{**GOOD, **fields}))
    assert isinstance(refusal, Refusal)
    assert (code, 400) == (refusal.code, refusal.http_status)
    assert message in (None, refusal.message)


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b'{"symbol":', b"null"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    """A body that is missing, broken or no object is 40409."""
    assert codes.WRONG_FORMAT == parse_reversal(raw_call(body))


def test_checks_come_in_the_documented_order() -> None:
    """Mending the first fault of a request shows the next one of the list."""
    broken: dict[str, Any] = {
        "symbol": "NOPE",
        "productType": "X",
        "size": "0",
        "clientOid": "/",
        "quoteId": "q",
    }
    seen = []
    for mended in (
        {},
        {"marginCoin": "BTC"},
        {"productType": "COIN-FUTURES"},
        {"symbol": "BTCUSDT"},
        {"productType": "USDT-FUTURES"},
        {"marginCoin": "USDT"},
        {"size": "1"},
        {"clientOid": "c"},
    ):
        broken.update(mended)
        refusal = parse_reversal(post(**broken))
        assert isinstance(refusal, Refusal)
        seen.append(refusal.code)
    assert ["400172", "400172", "40034", "22012", "40778", "40808", "40305", "98002"] == seen
    del broken["quoteId"]
    assert reversal(size_lots=10_000, client_oid="c") == parse_reversal(post(**broken))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"shortfall": "STRICT"}, {"shortfall": "strict"}),
        ({"shortfall": "largest"}, {"shortfall": "largest"}),
        ({"openOrders": "cancelAll"}, {"open_orders": "cancel_all"}),
        ({"openOrders": "exclude"}, {"open_orders": "exclude"}),
        ({"worstPrice": 60000.1}, {"worst_price_ticks": 600_001}),
        ({"maxSlippage": "0.01"}, {"slippage_max_e8": 1_000_000}),
        ({"maxSlippage": 0}, {"slippage_max_e8": 0}),
    ],
)
def test_our_own_fields_ask_for_more(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    """Policies and guards are read in any letter case, numbers as text or as JSON numbers."""
    assert reversal(**expected) == parse_reversal(post(**{**GOOD, **fields}))


def test_a_name_in_other_letters_of_json_is_the_same_name() -> None:
    """What escapes spell counts, so no spelling of a guard goes unnoticed."""
    names = b'{"symbol":"BTCUSDT","productType":"USDT-FUTURES","marginCoin":"USDT",'
    assert reversal(shortfall="strict") == parse_reversal(raw_call(names + b'"\\u0073hortfall":"strict"}'))
    refusal = parse_reversal(raw_call(names + b'"worst\\u005fprice":"1"}'))
    assert isinstance(refusal, Refusal)
    assert "400172" == refusal.code
