"""Error codes of the WebSocket interface: numbers, unlike those of REST. Source: websocket.md section 4."""

from typing import Final

import msgspec

from backhand.wire.codes import echo


class ChannelError(msgspec.Struct, frozen=True, gc=False):
    """An error event: wire code and English text."""

    code: int
    message: str


NOT_EXISTING_CODE: Final = 30001
UNKNOWN_OPERATION: Final = ChannelError(30003, "Unknown operation")
LOGIN_REQUIRED: Final = ChannelError(30004, "User needs to log in")
LOGIN_FAILED: Final = ChannelError(30005, "Login failed")
TOO_MANY_REQUESTS: Final = ChannelError(30006, "Too many requests")
TOO_MANY_CHANNELS: Final = ChannelError(30006, "Too many channels on one connection")
FLOODED: Final = ChannelError(30007, "Over the limit of requests, connection closed")
KEY_UNKNOWN: Final = ChannelError(30011, "Invalid ACCESS_KEY")
PASSPHRASE_WRONG: Final = ChannelError(30012, "Invalid ACCESS_PASSPHRASE")
TIMESTAMP_INVALID: Final = ChannelError(30013, "Invalid ACCESS_TIMESTAMP")
TIMESTAMP_EXPIRED: Final = ChannelError(30014, "Request timestamp expired")
SIGNATURE_WRONG: Final = ChannelError(30015, "Invalid sign")
PARAMETERS: Final = ChannelError(30016, "Param error")
ONE_ORDER: Final = ChannelError(30016, "Param error: one order in a message")


def unrecognised(text: str) -> ChannelError:
    """Refuse what is not JSON."""
    return ChannelError(30002, f"Unrecognized request:{echo(text)}")


def not_existing(product_type: str, channel: str, name: str) -> ChannelError:
    """Refuse a symbol that no contract has."""
    text = f"instType:{echo(product_type)},channel:{channel},instId:{echo(name)},precision:null doesn't exist"
    return ChannelError(NOT_EXISTING_CODE, text)
