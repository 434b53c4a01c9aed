"""
The frames that clients are sent: acknowledgements, errors and pushes.

Codes are JSON numbers, also the 0 of a login: with text in its place two clients would wait for ever.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from backhand.wire.channels.errors import ChannelError
from backhand.wire.channels.topics import Topic
from backhand.wire.codes import echo

LOGGED_IN: Final = b'{"event":"login","code":0}'

Action = Literal["snapshot", "update"]


def arg_of(topic: Topic) -> dict[str, str]:
    """Give the `arg` that every frame about a topic carries; `account` is about coins."""
    name = "coin" if topic.channel == "account" else "instId"
    return {"instType": topic.product_type, "channel": topic.channel, name: topic.name}


def acknowledged(event: Literal["subscribe", "unsubscribe"], topic: Topic) -> bytes:
    """Confirm one `arg`."""
    return msgspec.json.encode({"event": event, "arg": arg_of(topic)})


def failed(error: ChannelError, op: str, arg: Mapping[str, str] | None = None) -> bytes:
    """Tell what went wrong; an `arg` is repeated as it was sent."""
    frame: dict[str, object] = {"event": "error"}
    if arg is not None:
        frame["arg"] = {echo(name): echo(value) for name, value in arg.items()}
    frame |= {"code": error.code, "msg": error.message}
    if op:
        frame["op"] = echo(op)
    return msgspec.json.encode(frame)


def pushed(action: Action, topic: Topic, rows: Sequence[object], time_ms: int) -> bytes:
    """Push rows of a topic."""
    return b'{"action":"%b","arg":%b,"data":%b,"ts":%d}' % (
        action.encode(),
        msgspec.json.encode(arg_of(topic)),
        msgspec.json.encode(rows),
        time_ms,
    )
