"""
The envelope of every answer: code, msg, requestTime, data, in this order.

`code` is text, `requestTime` a number of milliseconds, and the text of a success is exactly "success":
ccxt takes any other for an error.
"""

import msgspec

from backhand.wire.codes import Refusal


def success(data: object, time_ms: int) -> bytes:
    """Wrap an answer (answer structs, lists of them, text or None) made at venue time `time_ms`."""
    return (
        b'{"code":"00000","msg":"success","requestTime":%d,"data":' % time_ms
        + msgspec.json.encode(data)
        + b"}"
    )


def failure(refusal: Refusal, time_ms: int) -> bytes:
    """Wrap a refusal; the HTTP status is in the refusal."""
    return b'{"code":%b,"msg":%b,"requestTime":%d,"data":null}' % (
        msgspec.json.encode(refusal.code),
        msgspec.json.encode(refusal.message),
        time_ms,
    )
