"""
Many clients reverse at once, the process is killed, and everything that was acknowledged is still there.

    BACKHAND_STORM_SECONDS   how long they trade before the kill (3 by default; 30 for the long run)

Each client holds one unit long and reverses it again and again, one call at a time, each with a clientOid
of its own. So its side after the restart is told by the number of its reversals: those that were
acknowledged, and the one that was on its way, which may have been executed or not, and which order/detail
knows by its clientOid.
"""

import asyncio
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from tests.http.checks import assert_refused
from tests.http.conftest import balanced
from tests.http.venue import (
    INVERSE,
    LINEAR,
    MIX,
    REVERSE,
    Credentials,
    Product,
    VenueProcess,
    query_of,
    signature,
)

STORM_SECONDS: Final = int(os.environ.get("BACKHAND_STORM_SECONDS", "3"))
CLIENTS: Final = 200
WATCHERS: Final = 5

HUGE: Final = "100000000"


@pytest.fixture
def durable_venue(tmp_path: Path) -> Iterator[VenueProcess]:
    """A venue on a folder of its own, without rate limits so that every answer can be checked afterwards."""
    options = ("--data", str(tmp_path / "data"), "--market", "manual", "--clock", "real", "--limits", "off")
    process = VenueProcess(tmp_path / "venue.log", options).start()
    yield process
    process.stop()


@dataclass
class Client:
    """One account in the storm: what it was told, and what it was still waiting for."""

    key: Credentials
    product: Product
    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    unanswered: str | None = None

    def headers(self, method: str, target: str, body: bytes) -> dict[str, str]:
        timestamp = str(time.time_ns() // 1_000_000)
        return {
            "ACCESS-KEY": self.key.api_key,
            "ACCESS-SIGN": signature(self.key.secret, timestamp, method, target, body),
            "ACCESS-TIMESTAMP": timestamp,
            "ACCESS-PASSPHRASE": self.key.passphrase,
            "Content-Type": "application/json",
        }

    async def post(self, session: aiohttp.ClientSession, path: str, fields: dict[str, str]) -> dict[str, Any]:
        body = json.dumps(self.product.names | fields).encode()
        async with session.post(path, data=body, headers=self.headers("POST", path, body)) as response:
            return dict(await response.json())

    async def get(self, session: aiohttp.ClientSession, path: str, fields: dict[str, str]) -> dict[str, Any]:
        target = f"{path}?{query_of(self.product.names | fields)}"
        async with session.get(target, headers=self.headers("GET", target, b"")) as response:
            return dict(await response.json())

    async def detail(self, session: aiohttp.ClientSession, **identifier: str) -> dict[str, Any]:
        return await self.get(session, f"{MIX}/order/detail", identifier)

    async def take_one(self, session: aiohttp.ClientSession) -> None:
        order = {"marginMode": "crossed", "orderType": "market", "side": "buy", "size": "1"}
        answer = await self.post(session, f"{MIX}/order/place-order", order)
        assert answer["code"] == "00000", answer

    async def reverse_until(self, session: aiohttp.ClientSession, stop: asyncio.Event) -> None:
        """Reverse until told to stop or cut off; an answer that is no success fails the test."""
        while not stop.is_set():
            self.unanswered = f"{self.key.uid}-{len(self.acknowledged)}"
            answer = await self.post(session, REVERSE, {"clientOid": self.unanswered})
            assert answer["code"] == "00000", answer
            assert answer["data"]["clientOid"] == self.unanswered, answer
            self.acknowledged.append((answer["data"]["orderId"], self.unanswered))
            self.unanswered = None

    async def watch_until(self, session: aiohttp.ClientSession, stop: asyncio.Event) -> int:
        """Look at the position until told to stop or cut off: it is one unit, never none and never two."""
        seen = 0
        while not stop.is_set():
            try:
                answer = await self.get(session, f"{MIX}/position/single-position", {})
            except (aiohttp.ClientError, ConnectionError):
                return seen
            (row,) = answer["data"]
            assert row["total"] == "1", row
            seen += 1
        return seen


def session_for(venue: VenueProcess) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        venue.base_url,
        connector=aiohttp.TCPConnector(limit=CLIENTS + WATCHERS),
        timeout=aiohttp.ClientTimeout(total=60),
    )


async def storm(venue: VenueProcess, clients: list[Client]) -> int:
    """All clients reverse for the given time and are cut off by the kill; how often watchers looked."""
    stop = asyncio.Event()
    async with session_for(venue) as session:
        await asyncio.gather(*(client.take_one(session) for client in clients))
        reversing = [asyncio.create_task(client.reverse_until(session, stop)) for client in clients]
        watching = [asyncio.create_task(client.watch_until(session, stop)) for client in clients[:WATCHERS]]
        done, _ = await asyncio.wait(
            [*reversing, *watching], timeout=STORM_SECONDS, return_when=asyncio.FIRST_EXCEPTION
        )
        assert not done, [task.exception() for task in done]
        await asyncio.to_thread(venue.kill)
        results = await asyncio.gather(*reversing, return_exceptions=True)
        for result in results:
            assert isinstance(result, aiohttp.ClientError | ConnectionError), result
        return sum(await asyncio.gather(*watching))


async def reckon(venue: VenueProcess, clients: list[Client]) -> None:
    """Every acknowledged reversal is found under both its names, and every side follows from their number."""
    async with session_for(venue) as session:
        await asyncio.gather(*(reckon_one(session, client) for client in clients))


async def reckon_one(session: aiohttp.ClientSession, client: Client) -> None:
    for order_id, client_oid in client.acknowledged:
        for identifier in ({"orderId": order_id}, {"clientOid": client_oid}):
            answer = await client.detail(session, **identifier)
            assert answer["code"] == "00000", (identifier, answer)
            found = answer["data"]
            expected = (order_id, client_oid, "filled", "1", "reverse")
            assert expected == tuple(
                found[name] for name in ("orderId", "clientOid", "state", "baseVolume", "orderSource")
            )
    reversals = len(client.acknowledged)
    if client.unanswered is not None:
        answer = await client.detail(session, clientOid=client.unanswered)
        assert answer["code"] in {"00000", "40109"}, answer
        reversals += answer["code"] == "00000"
    (row,) = (await client.get(session, f"{MIX}/position/single-position", {}))["data"]
    assert ("long" if reversals % 2 == 0 else "short", "1") == (row["holdSide"], row["total"])


def test_a_storm_of_reversals_survives_a_kill(durable_venue: VenueProcess) -> None:
    """After a kill nothing acknowledged is lost, nothing has run twice, and the money balances."""
    operator = durable_venue.operator
    for product in (LINEAR, INVERSE):
        operator.set_book(product, [("999", HUGE)], [("1000", HUGE)], "1000")
    clients = [Client(operator.open_key(), LINEAR if index % 4 else INVERSE) for index in range(CLIENTS)]
    looks = asyncio.run(storm(durable_venue, clients))
    acknowledged = sum(len(client.acknowledged) for client in clients)
    assert acknowledged > CLIENTS, "the storm was a breeze"
    assert looks > 0
    print(f"{acknowledged} reversals acknowledged by {CLIENTS} clients in {STORM_SECONDS} s")  # noqa: T201 (figure)

    durable_venue.start()
    balanced(durable_venue.operator.audit())
    asyncio.run(reckon(durable_venue, clients))
    balanced(durable_venue.operator.audit())


def test_the_reckoning_notices_what_is_missing(durable_venue: VenueProcess) -> None:
    """The canary: an order that nobody knows, a reversal too few and a coin too many are all caught."""
    operator = durable_venue.operator
    operator.set_book(LINEAR, [("999", HUGE)], [("1000", HUGE)], "1000")
    honest = Client(operator.open_key(), LINEAR)

    async def reverse_once() -> None:
        async with session_for(durable_venue) as session:
            await honest.take_one(session)
            data = (await honest.post(session, REVERSE, {"clientOid": "canary"}))["data"]
            honest.acknowledged.append((data["orderId"], data["clientOid"]))

    asyncio.run(reverse_once())
    asyncio.run(reckon(durable_venue, [honest]))
    liar = Client(honest.key, LINEAR, [*honest.acknowledged, ("1999999999999999999", "never")])
    with pytest.raises(AssertionError, match="40109"):
        asyncio.run(reckon(durable_venue, [liar]))
    forgetful = Client(honest.key, LINEAR)
    with pytest.raises(AssertionError):
        asyncio.run(reckon(durable_venue, [forgetful]))
    audit = operator.audit()
    balanced(audit)
    with pytest.raises(AssertionError):
        balanced(audit | {"coins": {"USDT": {"residual": "0.00000001"}}})
    with pytest.raises(AssertionError):
        balanced(audit | {"symbols": {"ETHUSDT": {"longLots": 1, "shortLots": 2}}})


def test_a_client_oid_runs_once_however_often_it_is_sent(durable_venue: VenueProcess) -> None:
    """DESIGN promise 2: of 50 simultaneous reversals with one clientOid exactly one is executed."""
    operator = durable_venue.operator
    operator.set_book(LINEAR, [("999", HUGE)], [("1000", HUGE)], "1000")
    client = Client(operator.open_key(), LINEAR)

    async def send_all() -> list[str]:
        async with session_for(durable_venue) as session:
            await client.take_one(session)
            sends = (client.post(session, REVERSE, {"clientOid": "once"}) for _ in range(50))
            return [answer["code"] for answer in await asyncio.gather(*sends)]

    codes = asyncio.run(send_all())
    assert ["00000"] + ["40786"] * 49 == sorted(codes)
    trader = durable_venue.trader(client.key)
    assert "-1" == trader.held(LINEAR)
    assert 2 == len(trader.past_orders(LINEAR, orderSource="reverse"))


def test_a_restart_changes_nothing(durable_venue: VenueProcess) -> None:
    """After SIGKILL and after SIGTERM the audit is the same, and every order, position and balance."""
    operator = durable_venue.operator
    for product in (LINEAR, INVERSE):
        operator.set_book(product, [("999", "100")], [("1000", "100")], "1000")
    trader = operator.trader()
    trader.take(LINEAR, "+3")
    trader.take(INVERSE, "-3")
    resting = trader.limit(LINEAR, "buy", "1", "960", clientOid="resting")
    trader.limit(LINEAR, "sell", "3", "1040", reduceOnly="YES", clientOid="closing")
    open_id = trader.reverse(LINEAR, clientOid="reversed").data["orderId"]
    audit = operator.audit()
    looks = [everything(durable_venue, trader.credentials)]
    durable_venue.kill()
    durable_venue.start()
    looks.append(everything(durable_venue, trader.credentials))
    assert 0 == durable_venue.terminate()
    durable_venue.start()
    looks.append(everything(durable_venue, trader.credentials))
    assert looks[0] == looks[1] == looks[2]
    assert audit["digest"] == durable_venue.operator.digest()
    balanced(durable_venue.operator.audit())

    trader = durable_venue.trader(trader.credentials)
    assert_refused(trader.reverse(LINEAR, clientOid="reversed"), "40786")
    assert_refused(trader.reverse(LINEAR, clientOid="resting"), "40786")
    assert "live" == trader.order(LINEAR, resting)["state"]
    assert "filled" == trader.order(LINEAR, open_id)["state"]
    # What comes next gets identifiers of its own, and trades against the book that was there.
    again = trader.reverse(LINEAR).data["orderId"]
    assert int(again) > int(open_id)
    assert "+3" == trader.held(LINEAR)
    trader.cancel(LINEAR, resting).accepted()


def everything(venue: VenueProcess, key: Credentials) -> dict[str, Any]:
    """All that the account can see of itself."""
    trader = venue.trader(key)
    seen: dict[str, Any] = {}
    for product in (LINEAR, INVERSE):
        seen[product.symbol] = [
            trader.position_rows(product),
            trader.account(product),
            trader.pending(product),
            trader.past_orders(product),
            trader.fills(product),
        ]
    return seen


def test_a_folder_has_one_process(durable_venue: VenueProcess, tmp_path: Path) -> None:
    """DESIGN D2: a second process on the same folder does not start, and the first goes on."""
    second = VenueProcess(tmp_path / "second.log", durable_venue.options)
    with pytest.raises(RuntimeError, match="did not become ready"):
        second.start()
    assert 200 == durable_venue.operator.call("GET", "/_venue/health").status
