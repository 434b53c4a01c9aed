"""What a client is told when a command has no ordinary end. The application is called without a server."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from backhand.commands import Command, Contract
from backhand.gateway.access import Access
from backhand.gateway.app import Gateway
from backhand.gateway.counters import RequestCounters
from backhand.gateway.ports import OpenedKey
from backhand.outcomes import OutcomeUnknown, Overloaded
from backhand.projections.applied import Applied
from backhand.wire.contracts import built_in_contracts
from backhand.wire.signature import sign, signing_key

PATH = "/api/v2/mix/order/click-backhand"
BODY = b'{"symbol":"BTCUSDT","productType":"USDT-FUTURES","marginCoin":"USDT"}'
SECRET = b"a secret that must not be told"


class Ending:
    """A venue in which every command ends with the same exception."""

    def __init__(self, ending: Exception) -> None:
        self._ending = ending

    @property
    def contracts(self) -> Mapping[str, Contract]:
        return {contract.symbol: contract for contract in built_in_contracts()}

    quote_key = b""

    def now_ms(self) -> int:
        return 5

    async def submit(self, commands: tuple[Command, ...]) -> list[Applied]:  # noqa: ARG002 (the port's)
        raise self._ending

    async def answer(self, uid: str, query: object) -> object:  # noqa: ARG002 (the port's)
        raise self._ending

    def open_key(self, api_key: str) -> OpenedKey | None:
        return OpenedKey("1", api_key, signing_key(SECRET), b"", ("trade",), copy_trader=False)

    def passphrase_hash(self, api_key: str, passphrase: bytes) -> bytes:  # noqa: ARG002 (the port's)
        return b""


def answered(ending: Exception) -> tuple[int, dict[str, Any], RequestCounters]:
    """The status and body of a signed reversal, and what was counted."""
    venue = Ending(ending)
    counters = RequestCounters()
    sent: list[dict[str, Any]] = []
    timestamp = str(time.time_ns() // 1_000_000).encode()
    headers = [
        (b"access-key", b"key"),
        (b"access-sign", sign(signing_key(SECRET), timestamp + b"POST" + PATH.encode() + BODY)),
        (b"access-timestamp", timestamp),
        (b"access-passphrase", b"pass"),
        (b"content-type", b"application/json"),
    ]
    scope = {
        "method": "POST",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "headers": headers,
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Gateway(venue, Access(venue), counters)(scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"]), counters


@pytest.mark.parametrize(
    ("ending", "status", "code"),
    [
        (Overloaded(), 503, "40015"),
        (OutcomeUnknown(), 400, "40725"),
        (ValueError("a detail of ours"), 500, "40725"),
    ],
)
def test_every_ending_has_its_code(ending: Exception, status: int, code: str) -> None:
    """Turned away is not unknown, unknown is not "no", and no text of an exception goes out."""
    answer_status, body, counters = answered(ending)
    assert (status, code, 5, None) == (answer_status, body["code"], body["requestTime"], body["data"])
    assert "detail" not in body["msg"]
    assert {(PATH, code): 1} == counters.answers
