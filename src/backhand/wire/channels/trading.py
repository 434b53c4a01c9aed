"""
Orders on a WebSocket: what `op` `trade` asks for, and the frame that answers it.

The parameters are those of the REST endpoint of the same name, and so are quota, rules and refusals; codes
are numbers here. Frames are like the exchange's recorded ones, which repeat what was sent (deviations WS-15).
"""

import re
from typing import Final

import msgspec

from backhand.wire.channels.errors import PARAMETERS, ChannelError
from backhand.wire.channels.messages import RawArg
from backhand.wire.codes import Refusal, echo
from backhand.wire.endpoints import ENDPOINTS, Endpoint
from backhand.wire.fields import json_text, read_body

#: channel -> what it does.
TRADE_ENDPOINTS: Final = {
    "place-order": ENDPOINTS["POST", "/api/v2/mix/order/place-order"],
    "cancel-order": ENDPOINTS["POST", "/api/v2/mix/order/cancel-order"],
}
_ID: Final = re.compile(r"[0-9A-Za-z_:#\-+\s]{1,40}")
_PARAMS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_EMPTY: Final = msgspec.Raw(b'""')
_NAMES: Final = ("id", "instType", "channel", "instId")


class Trade(msgspec.Struct, frozen=True):
    """
    One order to place or to cancel.

    `named` is what answers repeat of the `arg`, `sent` what they repeat of its `params`; `body` is what the
    endpoint would have been sent.
    """

    endpoint: Endpoint
    named: dict[str, str]
    sent: dict[str, str]
    body: bytes


def read_trade(arg: RawArg) -> Trade | ChannelError:
    """
    Read the one `arg` of a trade: 30016 without a channel that there is, an `id`, or an object of `params`.

    An `id` has up to 40 letters, digits, blanks or any of `_:#-+`. Source: websocket.md section 8.
    """
    named = _named(arg)
    endpoint = TRADE_ENDPOINTS.get(named["channel"])
    if endpoint is None or not _ID.fullmatch(named["id"]):
        return PARAMETERS
    try:
        params = _PARAMS.decode(arg.get("params", b""))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return PARAMETERS
    where = {"symbol": arg.get("instId", _EMPTY), "productType": arg.get("instType", _EMPTY)}
    # Of thousands of names that mean nothing none goes on: quotas are counted after this.
    fields = {name: params[name] for name in endpoint.form.__struct_encode_fields__ if name in params}
    body = msgspec.json.encode(fields | where)
    form = read_body(endpoint.form, body)
    if isinstance(form, Refusal):
        return PARAMETERS
    texts: dict[str, str] = msgspec.to_builtins(form)
    sent = {name: echo(text) for name, text in texts.items() if text and name not in where}
    return Trade(endpoint, named, sent, body)


def traded(trade: Trade, data: object, note: str | None, time_ms: int) -> bytes:
    """
    Confirm: an order that was placed has its ids, one that was cancelled those by which it was named.

    `note` is what `x-backhand-note` says over HTTP, which the exchange does not send.
    """
    ids: dict[str, object] = msgspec.to_builtins(data)
    is_cancel = trade.named["channel"] == "cancel-order"
    params = {name: value for name, value in ids.items() if name in trade.sent or not is_cancel}
    frame = {
        "event": "trade",
        "arg": [{**trade.named, "params": params}],
        "code": 0,
        "msg": "Success",
        "ts": time_ms,
    }
    return msgspec.json.encode(frame if note is None else {**frame, "note": note})


def not_traded(trade: Trade, refusal: Refusal, request_id: str, time_ms: int) -> bytes:
    """Refuse; `request_id` is what `explain` is asked by, which the exchange does not send."""
    return msgspec.json.encode(
        {
            "event": "error",
            "arg": [{**trade.named, "params": trade.sent}],
            "code": int(refusal.code),
            "msg": refusal.message,
            "ts": time_ms,
            "requestId": request_id,
        }
    )


def misread(error: ChannelError, args: tuple[RawArg, ...], time_ms: int) -> bytes:
    """Refuse what is no order; of one `arg` as much is repeated as tells which it was."""
    repeated = [{name: text for name, text in _named(arg).items() if text} for arg in args[:1]]
    return msgspec.json.encode(
        {"event": "error", "arg": repeated, "code": error.code, "msg": error.message, "ts": time_ms}
    )


def _named(arg: RawArg) -> dict[str, str]:
    return {name: echo(json_text(arg.get(name))) for name in _NAMES}
