"""What a client is told when a command has no ordinary end. The application is called without a server."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from backhand.commands import BUY, Command, Contract, PlaceOrder
from backhand.gateway.access import Access
from backhand.gateway.app import Gateway
from backhand.gateway.calls import Calls
from backhand.gateway.counters import RequestCounters
from backhand.gateway.ports import OpenedKey
from backhand.gateway.trading import Trading
from backhand.outcomes import OutcomeUnknown, Overloaded
from backhand.projections.applied import Applied
from backhand.wire.channels.messages import TradeRequest, read_message
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

    def name_refusal(self, uid: str, request_id: str, sequence: int) -> None:
        """Nothing is refused by the rules here."""

    async def answer(self, uid: str, query: object) -> object:  # noqa: ARG002 (the port's)
        raise self._ending

    def open_key(self, api_key: str) -> OpenedKey | None:
        return OpenedKey("1", api_key, signing_key(SECRET), b"", ("trade",), copy_trader=False)

    def passphrase_hash(self, api_key: str, passphrase: bytes) -> bytes:  # noqa: ARG002 (the port's)
        return b""


class Recording(Ending):
    """A venue that remembers what was submitted at once, and then stops."""

    def __init__(self) -> None:
        super().__init__(OutcomeUnknown())
        self.submitted: list[tuple[Command, ...]] = []

    async def submit(self, commands: tuple[Command, ...]) -> list[Applied]:
        self.submitted.append(commands)
        return await super().submit(commands)


def answered(
    venue: Ending, path: str = PATH, body: bytes = BODY
) -> tuple[int, dict[str, Any], RequestCounters]:
    """The status and body of a signed request, a reversal if nothing else is said, and what was counted."""
    counters = RequestCounters()
    sent: list[dict[str, Any]] = []
    timestamp = str(time.time_ns() // 1_000_000).encode()
    headers = [
        (b"access-key", b"key"),
        (b"access-sign", sign(signing_key(SECRET), timestamp + b"POST" + path.encode() + body)),
        (b"access-timestamp", timestamp),
        (b"access-passphrase", b"pass"),
        (b"content-type", b"application/json"),
    ]
    scope = {
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    access = Access(venue)
    asyncio.run(Gateway(venue, access, Calls(venue, access), counters)(scope, receive, send))
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
    answer_status, body, counters = answered(Ending(ending))
    assert (status, code, 5, None) == (answer_status, body["code"], body["requestTime"], body["data"])
    assert "detail" not in body["msg"]
    assert {(PATH, code): 1} == counters.answers


@pytest.mark.parametrize(("ending", "code"), [(Overloaded(), 40015), (OutcomeUnknown(), 40725)])
def test_every_ending_has_its_code_on_a_websocket(ending: Exception, code: int) -> None:
    """An order whose outcome is not known is answered so, under its own id, and counted."""
    venue, counters = Ending(ending), RequestCounters()
    access = Access(venue)
    params = {
        "side": "buy",
        "size": "1",
        "orderType": "market",
        "marginMode": "crossed",
        "marginCoin": "USDT",
    }
    arg = {"id": "a", "instType": "USDT-FUTURES", "instId": "BTCUSDT", "channel": "place-order"}
    request = read_message(json.dumps({"op": "trade", "args": [arg | {"params": params}]}))
    assert isinstance(request, TradeRequest)
    answer = Trading(venue, Calls(venue, access), counters).answer(venue.open_key("key"), request)
    frame = json.loads(asyncio.run(answer))
    assert ("error", code, 5, "a") == (frame["event"], frame["code"], frame["ts"], frame["arg"][0]["id"])
    assert {("/api/v2/mix/order/place-order", str(code)): 1} == counters.answers


def test_the_orders_of_a_batch_are_submitted_at_once() -> None:
    """What one request asks for is one step of the journal; its outcome may be unknown as a whole."""
    venue = Recording()
    order = {"size": "1", "side": "buy", "orderType": "market"}
    body = json.loads(BODY) | {"marginMode": "crossed", "orderList": [order, {}, order]}
    path = "/api/v2/mix/order/batch-place-order"
    status, answer, _ = answered(venue, path, json.dumps(body).encode())
    command = PlaceOrder("1", "BTCUSDT", BUY, "market", 10_000, margin_mode="crossed")
    assert [(command, command)] == venue.submitted
    assert (400, "40725") == (status, answer["code"])


def test_what_needs_no_command_submits_none() -> None:
    """A batch of which nothing can be asked is answered without the journal."""
    venue = Recording()
    body = json.loads(BODY) | {"marginMode": "crossed", "orderList": [{}]}
    path = "/api/v2/mix/order/batch-place-order"
    status, answer, _ = answered(venue, path, json.dumps(body).encode())
    assert ([], 200, "00000") == (venue.submitted, status, answer["code"])
