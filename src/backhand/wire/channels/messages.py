"""
Reading what clients send: one JSON object per frame, with `op` and a list `args`.

Unknown keys are ignored (ccxt's login carries an extra one). Nothing here raises for any input.
"""

from typing import Any, Final, Literal

import msgspec

from backhand.wire.channels.errors import PARAMETERS, UNKNOWN_OPERATION, ChannelError, unrecognised
from backhand.wire.fields import json_text

#: Not JSON, and answered with PONG.
PING: Final = "ping"
PONG: Final = b"pong"

_FRAME: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARGS: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])

Arg = dict[str, str]
RawArg = dict[str, msgspec.Raw]


class Login(msgspec.Struct, frozen=True):
    """A login; `timestamp` is the decimal text that was signed, "" where a field was not sent."""

    api_key: str
    passphrase: str
    timestamp: str
    signature: str


class Subscription(msgspec.Struct, frozen=True):
    """Topics to begin or to end, each by its `arg`."""

    op: Literal["subscribe", "unsubscribe"]
    args: tuple[Arg, ...]


class TradeRequest(msgspec.Struct, frozen=True):
    """Orders to place or to cancel, each as it was sent: `wire.channels.trading` reads them."""

    args: tuple[RawArg, ...]


class Misunderstood(msgspec.Struct, frozen=True):
    """A frame that asks for nothing that there is; `op` is what it said, "" when it said nothing."""

    error: ChannelError
    op: str = ""


def read_message(text: str) -> Login | Subscription | TradeRequest | Misunderstood:
    """Read one text frame other than PING."""
    try:
        values = _FRAME.decode(text)
        op = json_text(values.get("op"))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return Misunderstood(unrecognised(text))
    if op not in {"login", "subscribe", "unsubscribe", "trade"}:
        return Misunderstood(UNKNOWN_OPERATION, op)
    try:
        sent: Any = _ARGS.decode(values.get("args", b"[]"))
        if op == "trade" and sent:
            return TradeRequest(tuple(sent))
        args = tuple({name: json_text(value) for name, value in arg.items()} for arg in sent)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return Misunderstood(PARAMETERS, op)
    if not args:
        return Misunderstood(PARAMETERS, op)
    if op != "login":
        return Subscription("subscribe" if op == "subscribe" else "unsubscribe", args)
    arg = args[0]
    return Login(
        api_key=arg.get("apiKey") or arg.get("api_key") or "",
        passphrase=arg.get("passphrase", ""),
        timestamp=arg.get("timestamp", ""),
        signature=arg.get("sign", ""),
    )
