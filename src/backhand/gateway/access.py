"""
Who is calling: the checks between the path and the parameters, in the documented order.

    ACCESS-KEY, SIGN, TIMESTAMP, PASSPHRASE present ─▶ key known ─▶ timestamp in its window ─▶
    passphrase ─▶ signature ─▶ permission ─▶ rate limit (`limits`)

What a key opens is unsealed once and kept: keys do not change. Secrets are compared in constant time
and never put into a text. Source: spec auth.md section 5, "Order of checks".
"""

import hmac
from collections.abc import Callable, Mapping
from typing import Final, Literal

import msgspec

from backhand.gateway.ports import KeySource, OpenedKey
from backhand.wire import codes
from backhand.wire.channels import errors
from backhand.wire.channels.errors import ChannelError
from backhand.wire.channels.messages import Login
from backhand.wire.codes import Refusal
from backhand.wire.signature import sign, signature_matches

#: How far a client's clock may be off, either side. Source: API doc Request Interaction.
TIMESTAMP_WINDOW_MS: Final = 30_000
#: Digits of a timestamp that are read; the one of the year 5138 has fourteen.
TIMESTAMP_DIGITS_MAX: Final = 18
MS_PER_SECOND: Final = 1_000
#: From so many digits on a login's timestamp is in milliseconds.
_MS_DIGITS: Final = 13
_LOGIN_TEXT: Final = b"GET/user/verify"
_MISSING: Final = {"read": codes.READ_PERMISSION_MISSING, "trade": codes.TRADE_PERMISSION_MISSING}


def missing_permission(key: OpenedKey, wanted: Literal["read", "trade"]) -> Refusal | None:
    """
    Refuse a key that may not do what is wanted.

    Who may trade may also read: "need future order read or future order write permissions".
    """
    return None if wanted in key.permissions or "trade" in key.permissions else _MISSING[wanted]


class SignedRequest(msgspec.Struct, frozen=True, gc=False):
    """A request as its sender signed it: bytes as received, `query` without the question mark."""

    method: bytes
    path: bytes
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes


class Access:
    """
    Finds the account behind a request, or the refusal.

    Args:
        keys: Where an API key is looked up.
        clients_clock: What clients' clocks should show when this machine's shows its argument; None while
            they cannot follow the venue's, so that timestamps are not checked (DESIGN D5).
    """

    def __init__(
        self, keys: KeySource, *, clients_clock: Callable[[int], int | None] = lambda wall_ms: wall_ms
    ) -> None:
        self._keys = keys
        self.client_clock_ms = clients_clock
        self._opened: dict[bytes, OpenedKey] = {}

    def admit(self, request: SignedRequest, wall_ms: int) -> OpenedKey | Refusal:
        """Check everything but permission and rate limit; `wall_ms` is this machine's clock."""
        headers = request.headers
        api_key = headers.get(b"access-key", b"")
        if not api_key:
            return codes.KEY_MISSING
        signature = headers.get(b"access-sign", b"")
        if not signature:
            return codes.SIGNATURE_MISSING
        timestamp = headers.get(b"access-timestamp", b"")
        if not timestamp.isdigit() or len(timestamp) > TIMESTAMP_DIGITS_MAX:
            return codes.TIMESTAMP_INVALID
        passphrase = headers.get(b"access-passphrase", b"")
        if not passphrase:
            return codes.PASSPHRASE_MISSING
        key = self._opened.get(api_key) or self._open(api_key)
        if key is None:
            return codes.KEY_UNKNOWN
        if self._is_off(int(timestamp), wall_ms):
            return codes.TIMESTAMP_EXPIRED
        passphrase_hash = self._keys.passphrase_hash(key.api_key, passphrase)
        if not hmac.compare_digest(passphrase_hash, key.passphrase_hash):
            return codes.PASSPHRASE_WRONG
        if not signature_matches(
            key.signing_key, timestamp, request.method, request.path, request.query, request.body, signature
        ):
            return codes.SIGNATURE_WRONG
        return key

    def _is_off(self, signed_ms: int, wall_ms: int) -> bool:
        clock_ms = self.client_clock_ms(wall_ms)
        return clock_ms is not None and abs(signed_ms - clock_ms) > TIMESTAMP_WINDOW_MS

    def login(self, login: Login, wall_ms: int) -> OpenedKey | ChannelError:
        """
        Check a login on a WebSocket, which signs its timestamp and a fixed text.

        The timestamp is in seconds, or in milliseconds where it has their 13 digits. Source: websocket.md
        section 3.
        """
        if not (login.api_key and login.passphrase and login.signature):
            return errors.LOGIN_FAILED
        timestamp = login.timestamp
        if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > TIMESTAMP_DIGITS_MAX:
            return errors.TIMESTAMP_INVALID
        api_key = login.api_key.encode()
        key = self._opened.get(api_key) or self._open(api_key)
        if key is None:
            return errors.KEY_UNKNOWN
        signed_ms = int(timestamp) * (1 if len(timestamp) >= _MS_DIGITS else MS_PER_SECOND)
        if self._is_off(signed_ms, wall_ms):
            return errors.TIMESTAMP_EXPIRED
        passphrase_hash = self._keys.passphrase_hash(key.api_key, login.passphrase.encode())
        if not hmac.compare_digest(passphrase_hash, key.passphrase_hash):
            return errors.PASSPHRASE_WRONG
        signature = sign(key.signing_key, timestamp.encode() + _LOGIN_TEXT)
        if not hmac.compare_digest(signature, login.signature.encode()):
            return errors.SIGNATURE_WRONG
        return key

    def _open(self, api_key: bytes) -> OpenedKey | None:
        key = self._keys.open_key(api_key.decode("latin-1"))
        if key is not None:
            self._opened[api_key] = key
        return key
