import json

from backhand.wire import codes
from backhand.wire.envelope import failure, success
from backhand.wire.responses.orders import order_ids


def test_a_success_has_its_four_keys_in_order() -> None:
    """A success is code, msg "success", requestTime as a number, data."""
    expected = (
        b'{"code":"00000","msg":"success","requestTime":1790208000123,"data":{"orderId":"1","clientOid":"2"}}'
    )
    assert expected == success(order_ids(1, "2"), 1_790_208_000_123)


def test_a_failure_has_data_null() -> None:
    """A failure has the same four keys, data null."""
    expected = (
        b'{"code":"40034","msg":"Parameter NOPEUSDT does not exist","requestTime":1789456354640,"data":null}'
    )
    assert expected == failure(codes.not_existing("NOPEUSDT"), 1_789_456_354_640)


def test_what_a_caller_sent_cannot_break_the_json() -> None:
    """Quotes, line breaks and other scripts in a repeated text are escaped."""
    text = 'a"}\n\\ü\u2028'
    assert f"Parameter {text} does not exist" == json.loads(failure(codes.not_existing(text), 0))["msg"]
