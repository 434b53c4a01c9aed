import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backhand.units import format_decimal, parse_decimal
from backhand.wire import codes
from backhand.wire.fields import (
    COUNT_MAX,
    Form,
    count_lots,
    plain_number,
    read_body,
    read_order_name,
    read_positive,
    read_price_ticks,
    read_query,
)
from backhand.wire.responses.markets import contract_row
from tests.wire.calls import CONTRACTS

BTCUSDT = CONTRACTS["BTCUSDT"]


class Sample(Form, frozen=True):
    size: str = ""
    client_oid: str = ""


@pytest.mark.parametrize(
    ("body", "size"),
    [
        (b'{"size":"1.5"}', "1.5"),
        (b'{"size": 1.5 }', "1.5"),
        (b'{"size":0.1}', "0.1"),
        (b'{"size":1e3}', "1000"),
        (b'{"size":1.5E-5}', "0.000015"),
        (b'{"size":-0}', "-0"),
        (b'{"size":1234567890123456789012345678901234567890}', "1234567890123456789012345678901234567890"),
        (b'{"size":0.1000000000000000055511151231257827}', "0.1000000000000000055511151231257827"),
        (b'{"size":1e999999999}', "1e999999999"),
        (b'{"size":true}', "true"),
        (b'{"size":null}', ""),
        (b'{"size":""}', ""),
        (b"{}", ""),
        (b'{"size":[1,{"a":2}]}', "[...]"),
        (b'{"size":{"a":1}}', "{...}"),
        (b'{"size":"\\u0031\\n"}', "1\n"),
        (b'{"size":"1","size":"2"}', "2"),
        (b'{"size":"1","other":{"deep":[[[]]]},"x":NULL}', None),
        (b' \n{"size":"1","unknown":["x",1.0e5,null,false]}\t', "1"),
    ],
)
def test_json_values_are_read_exactly(body: bytes, size: str | None) -> None:
    """Text and numbers keep every digit; null, "" and absent are one; of a doubled field the last counts."""
    form = read_body(Sample, body)
    assert (codes.WRONG_FORMAT if size is None else Sample(size)) == form


@given(st.dictionaries(st.sampled_from(["size", "clientOid", "other"]), st.text()))
def test_a_field_reads_the_same_whatever_stands_beside_it(fields: dict[str, str]) -> None:
    """Bodies of text only are read on a shorter way, which gives the same form as the long one."""
    short = read_body(Sample, json.dumps(fields).encode())
    assert short == read_body(Sample, json.dumps({**fields, "number": 1}).encode())
    assert Sample(fields.get("size", ""), fields.get("clientOid", "")) == short


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b"{",
        b'{"size":"1"',
        b'{"size":"1"}}',
        b"size=1",
        b"\xef\xbb\xbf{}",
        b'{"size":NaN}',
        b'{"size":Infinity}',
        b'{"size":01}',
        b'{"size":.5}',
        b'{"size":"\xff"}',
        b'{"size":"\\ud800"}',
        b'{"\xff":1}',
        b"\x00",
        b'{"size":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[" * 1_000_000,
    ],
)
def test_what_is_no_json_object_is_a_wrong_format(body: bytes) -> None:
    """Broken, other than an object, not text, or nested without end: 40409."""
    assert codes.WRONG_FORMAT == read_body(Sample, body)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=None))
def test_numbers_lose_their_exponent_and_nothing_else(number: Decimal) -> None:
    """A JSON number and its plain text are the same number, whatever its exponent."""
    plain = plain_number(str(number))
    assert number == Decimal(plain)
    assert "e" not in plain.lower() or abs(number.adjusted()) > 60


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"", Sample()),
        (b"size=1&clientOid=a%20b%2Bc", Sample("1", "a b+c")),
        (b"size=1&clientOid=a+b", Sample("1", "a+b")),
        (b"size=1&size=2", Sample("2")),
        (b"&&=&size&x=1&size==", Sample("=")),
        (b"size=%FF%zz%", Sample("\ufffd%zz%")),
        (b"SIZE=1", Sample()),
    ],
)
def test_query_values_are_decoded(query: bytes, expected: Sample) -> None:
    """Percent-encoding is undone, `+` is a plus sign, unknown and broken pieces are ignored."""
    assert expected == read_query(Sample, query)


@given(st.binary())
def test_no_query_raises(query: bytes) -> None:
    """Any bytes are a query, of text that can be encoded again."""
    msgspec.json.encode(read_query(Sample, query))


@given(st.integers(1, 10**18), st.integers(0, 8))
def test_decimals_round_trip(units: int, places: int) -> None:
    """What is printed of a size on the grid is read as the same size."""
    value = read_positive(format_decimal(units, places))
    assert isinstance(value, int)
    assert units * 10 ** (64 - places) == value


@pytest.mark.parametrize(
    ("text", "lots"),
    [("0.0001", 1), ("1", 10_000), ("0.00010000", 1), ("0.00005", None), ("1" + "0" * 18, COUNT_MAX)],
)
def test_sizes_are_counted_in_lots(text: str, lots: int | None) -> None:
    """A size is a whole number of lots or none; sizes beyond any limit are cut at one that all exceed."""
    value = read_positive(text)
    assert isinstance(value, int)
    assert lots == count_lots(value, BTCUSDT)


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-1",
        "-0",
        "0.000",
        "",
        " 1",
        "1 ",
        "1e3",
        "0x10",
        "NaN",
        "\u0661",
        "1_000",
        "1,5",
        "1" * 65,
        "true",
    ],
)
def test_what_is_no_positive_number_is_40808(text: str) -> None:
    """Zero, negative, exponent, blank, other scripts, more than 64 characters."""
    refusal = read_positive(text)
    assert isinstance(refusal, codes.Refusal)
    assert "40808" == refusal.code


def test_refused_sizes_are_named() -> None:
    """A zero size has the text that was observed on the real venue."""
    assert codes.bad_number("delegate count 0 > 0") == read_positive("0.0")
    assert codes.bad_number("delegate count -1.5 > 0") == read_positive("-1.50")


@pytest.mark.parametrize(
    ("text", "code"),
    [("60000.05", "45115"), ("0", "40020"), ("-1", "40020"), ("abc", "40020"), ("1e5", "40020")],
)
def test_prices_that_no_order_can_have(text: str, code: str) -> None:
    """Off the tick is 45115, what is no positive number 40020."""
    refusal = read_price_ticks(text, BTCUSDT)
    assert isinstance(refusal, codes.Refusal)
    assert code == refusal.code


def test_prices_are_counted_in_ticks() -> None:
    """A price is a whole number of ticks, cut where every band is exceeded."""
    assert 600_001 == read_price_ticks("60000.10", BTCUSDT)
    assert COUNT_MAX == read_price_ticks("9" * 40, BTCUSDT)


@pytest.mark.parametrize(
    ("order_id", "client_oid", "expected"),
    [
        ("1354000000000000101", "", (1_354_000_000_000_000_101, None)),
        ("1", "x", (1, "x")),
        ("", "x", (None, "x")),
        ("", "", codes.ORDER_ID_MISSING),
        ("abc", "", codes.ORDER_ID_INVALID),
        ("-1", "", codes.ORDER_ID_INVALID),
        ("1.0", "", codes.ORDER_ID_INVALID),
        ("9999999999999999999", "", codes.ORDER_ID_INVALID),
        ("1" * 40, "", codes.ORDER_ID_INVALID),
        ("", "ü", codes.ORDER_ID_INVALID),
        ("", "x" * 65, codes.ORDER_ID_INVALID),
    ],
)
def test_orders_are_named_by_either_id(order_id: str, client_oid: str, expected: object) -> None:
    """One id is enough; neither is 40924, one that cannot be an id 40402."""
    assert expected == read_order_name(order_id, client_oid)


def test_rows_and_parsers_agree_on_steps() -> None:
    """The steps that a contract's row shows are exactly what a parser takes as one."""
    for contract in CONTRACTS.values():
        row = contract_row(contract)
        size = read_positive(row.size_multiplier)
        assert isinstance(size, int)
        assert 1 == count_lots(size, contract)
        assert parse_decimal(row.size_multiplier, contract.size_places) is not None
        assert 1 == read_price_ticks(str(Decimal(row.price_end_step).scaleb(-int(row.price_place))), contract)
        json.loads(msgspec.json.encode(row))
