"""What time does to a venue, seen through the front door: funding, and a start after a stop."""

import asyncio
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from backhand.commands import Command, OpenAccount, OpenKey, PlaceOrder, ReplaceLadder, Transfer
from backhand.events import Fill
from backhand.node import Node, recover
from backhand.sealing import RandomCredentials
from backhand.serving.storage import open_folder
from backhand.starting import UNCHANGED, configure
from backhand.wire.contracts import built_in_contracts
from tests.http.conftest import balanced
from tests.http.venue import LINEAR, MIX, Credentials, VenueProcess, query_of
from tests.nodes import SetClock

INTERVAL_MS: Final = 8 * 3_600_000
PRICE_E12: Final = 1_000 * 10**12


def venue_of_the_past(folder: Path, stamp_ms: int, good_for_ms: int | None) -> Credentials:
    """Write the data folder of a venue that stopped at this time, with a client who holds 2 ETH."""
    storage = open_folder(folder, None)
    issued = RandomCredentials().issue(1)
    sealed = storage.sealer.seal_credentials(issued)
    book: Command = ReplaceLadder(
        LINEAR.symbol, ((99_990, 10**6),), ((100_000, 10**6),), PRICE_E12, PRICE_E12, good_for_ms
    )
    commands: tuple[Command, ...] = (
        OpenAccount("alice"),
        OpenKey("alice", issued.api_key, sealed.sealed_secret, sealed.passphrase_hash),
        Transfer("alice", "USDT", 10_000 * 10**8),
        book,
        PlaceOrder("alice", LINEAR.symbol, 1, "market", 200),
    )

    async def run() -> None:
        state = recover(storage.journal, storage.history)
        node = Node(state, storage.journal, storage.history, SetClock(stamp_ms))
        committing = asyncio.create_task(node.run())
        await configure(
            node,
            venue_id=storage.venue_id,
            seed=None,
            switches=UNCHANGED,
            first_contracts=built_in_contracts(),
            contracts=(),
        )
        applied = await node.submit(commands)
        assert any(isinstance(event, Fill) for event in applied[-1].events)
        await node.stop()
        await committing

    asyncio.run(run())
    storage.close()
    return Credentials("alice", issued.api_key, issued.secret, issued.passphrase)


@pytest.fixture(params=["by hand", "of a live source"])
def past(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[VenueProcess, Credentials, int]]:
    """A venue that stopped one second before the latest instant of funding, started again; and its stamp."""
    stamp_ms = time.time_ns() // 10**6 // INTERVAL_MS * INTERVAL_MS - 1_000
    folder = tmp_path / "data"
    credentials = venue_of_the_past(folder, stamp_ms, None if request.param == "by hand" else 10_000)
    options = ("--data", str(folder), "--market", "manual", "--limits", "off")
    process = VenueProcess(tmp_path / "venue.log", options).start()
    yield process, credentials, stamp_ms
    process.stop()


def test_funding_that_came_due_while_the_venue_was_down_is_settled(
    past: tuple[VenueProcess, Credentials, int],
) -> None:
    """The first thing that is done after the start settles it: position, wallet, ticker and books agree."""
    process, credentials, stamp_ms = past
    operator, alice = process.operator, process.trader(credentials)
    operator.trader()  # Any command: it comes after what time has brought.
    now_ms = int(operator.connection.exchange("GET", "/api/v2/public/time", {}, None).data["serverTime"])
    instants = now_ms // INTERVAL_MS - stamp_ms // INTERVAL_MS
    position = alice.position(LINEAR, "long")
    # 2 x 1 000 at the interest rate alone, 0.01 %: the book stands around the index.
    paid = Decimal("0.2") * instants
    assert -paid == Decimal(position["totalFee"])
    assert Decimal(10_000) - Decimal("1.2") - paid == alice.wallet(LINEAR)
    target = f"{MIX}/market/ticker?{query_of({'symbol': LINEAR.symbol, 'productType': LINEAR.product_type})}"
    (ticker,) = operator.connection.exchange("GET", target, {}, None).data
    assert "0.0001" == ticker["fundingRate"]
    balanced(operator.audit())
