"""
npm's bitget-api, unmodified but for its base address, plays a session and watches a reversal.

`tests/npm/install.sh` installs it, and Node.js where that is missing; `make test` runs it. Where that was
impossible these tests are skipped, but never in CI.
"""

import json
import os
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from tests.http.conftest import OpenAccount, SetBook
from tests.http.venue import LINEAR, Trader, VenueProcess

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ROOT / ".npm"
SESSION_SECONDS_MAX: Final = 60

pytestmark = pytest.mark.skipif(
    not (PACKAGES / ".ready").exists() and "CI" not in os.environ,
    reason="NOT TESTED: npm's bitget-api is not installed; run: make .npm/.ready",
)

#: What each call must come to: "" for a success, else the code that its user finds in `error.body.code`.
EXPECTED: Final = [
    ("getServerTime", ""),
    ("getFuturesContractConfig", ""),
    ("getFuturesTicker", ""),
    ("getFuturesAllTickers", ""),
    ("getFuturesMergeDepth", ""),
    ("getFuturesRecentTrades", ""),
    ("getFuturesHistoricTrades", ""),
    ("getFuturesCandles", ""),
    ("getFuturesOpenInterest", ""),
    ("getFuturesNextFundingTime", ""),
    ("getFuturesSymbolPrice", ""),
    ("getFuturesHistoricFundingRates", ""),
    ("getFuturesCurrentFundingRate", ""),
    ("getFuturesPositionTier", ""),
    ("getFuturesAccountAsset", ""),
    ("getFuturesAccountAssets", ""),
    ("setFuturesMarginMode", ""),
    ("setFuturesLeverage", ""),
    ("setFuturesMarginMode", ""),
    ("setFuturesLeverage", ""),
    # One-way mode.
    ("setFuturesPositionMode", ""),
    ("futuresSubmitOrder", ""),
    ("futuresSubmitOrder", ""),
    ("futuresSubmitOrder", "40786"),
    ("futuresSubmitOrder", ""),
    ("futuresSubmitOrder", ""),
    ("getFuturesOrder", ""),
    ("futuresModifyOrder", ""),
    ("getFuturesOpenOrders", ""),
    ("futuresCancelOrder", ""),
    ("futuresBatchSubmitOrders", ""),
    ("futuresCancelAllOrders", ""),
    ("futuresSubmitPlanOrder", ""),
    ("getFuturesPlanOrders", ""),
    ("futuresCancelPlanOrder", ""),
    ("futuresSubmitTPSLOrder", ""),
    ("futuresCancelPlanOrder", ""),
    ("getFuturesPosition", ""),
    ("futuresSubmitReversal", ""),
    ("getFuturesPositions", ""),
    ("futuresSubmitOrder", ""),
    ("futuresSubmitReversal", "40757"),
    # Hedge mode.
    ("setFuturesPositionMode", ""),
    ("futuresSubmitOrder", ""),
    ("futuresSubmitOrder", "40774"),
    ("futuresSubmitReversal", ""),
    ("getFuturesPosition", ""),
    ("futuresFlashClosePositions", ""),
    ("getFuturesPosition", ""),
    ("getFuturesHistoricOrders", ""),
    ("getFuturesFills", ""),
    ("getFuturesHistoricOrderFills", ""),
    ("getFuturesHistoricPlanOrders", ""),
    ("getFuturesHistoricPositions", ""),
    ("getFuturesAccountBills", ""),
    ("getFuturesOrder", "40109"),
]

Line = dict[str, Any]


def run(script: str, venue: VenueProcess, trader: Trader, *more: str) -> list[Line]:
    """Run one of the scripts as an account's owner; the lines that it printed."""
    key = trader.credentials
    arguments = (venue.base_url, key.api_key, key.secret, key.passphrase, str(PACKAGES), *more)
    ended = subprocess.run(
        ["node", str(ROOT / "tests" / "npm" / script), *arguments],  # noqa: S607 (wherever Node.js is)
        capture_output=True,
        text=True,
        timeout=SESSION_SECONDS_MAX,
        check=False,
    )
    assert (0, "") == (ended.returncode, ended.stderr)
    return [json.loads(line) for line in ended.stdout.splitlines()]


@pytest.fixture
def lines(venue: VenueProcess, open_account: OpenAccount, set_book: SetBook) -> list[Line]:
    """What a session of an account with a deep book comes to."""
    set_book(LINEAR)
    return run("session.cjs", venue, open_account())


def test_a_session_goes_as_on_the_exchange(lines: list[Line]) -> None:
    """Every kind of call succeeds, or throws with the exchange's code under HTTP status 400."""
    assert EXPECTED == [(line["call"], line.get("code", "")) for line in lines]
    assert {400} == {line["status"] for line in lines if "code" in line}
    data: dict[str, list[Any]] = {}
    for line in lines:
        data.setdefault(line["call"], []).append(line.get("data"))
    assert "ETHUSDT" in [row["symbol"] for row in data["getFuturesContractConfig"][0]]
    assert "1000000" == data["getFuturesAccountAsset"][0]["available"]
    # Three fills of one ETH each; reversed, closed; in hedge mode two, reversed and closed.
    (reversed_row,) = data["getFuturesPositions"][0]
    assert ("short", "3") == (reversed_row["holdSide"], reversed_row["total"])
    one_way, hedged, closed = data["getFuturesPosition"]
    assert [("long", "3", "20")] == [(row["holdSide"], row["total"], row["leverage"]) for row in one_way]
    assert [("short", "2")] == [(row["holdSide"], row["total"]) for row in hedged]
    assert [] == closed
    assert ["live"] == [row["planStatus"] for row in data["getFuturesPlanOrders"][0]["entrustedList"]]
    assert ["pos_loss"] == [
        row["planType"] for row in data["getFuturesHistoricPlanOrders"][0]["entrustedList"]
    ]
    # Each reversal ends one position, each close another.
    past = data["getFuturesHistoricPositions"][0]["list"]
    assert [("short", "2"), ("long", "2"), ("short", "3"), ("long", "3")] == [
        (row["holdSide"], row["closeTotalPos"]) for row in past
    ]
    fills = data["getFuturesFills"][0]["fillList"]
    bought = sum(Decimal(fill["baseVolume"]) for fill in fills)
    assert Decimal(3 + 6 + 3 + 2 + 4 + 2) == bought


def test_a_reversal_is_watched_on_every_channel(
    venue: VenueProcess, open_account: OpenAccount, set_book: SetBook
) -> None:
    """Login, subscriptions, snapshots and updates are what the client expects; nothing is an exception."""
    set_book(LINEAR)
    trader = open_account(posMode="one_way_mode")
    trader.take(LINEAR, "+3")
    address = f"ws://{venue.host}:{venue.port}/v2/ws/private"
    told = run("stream.cjs", venue, trader, address)
    assert [] == [line for line in told if "exception" in line]
    assert {"done": True} == told[-1]
    positions = [line["data"] for line in told if line.get("channel") == "positions"]
    sides = [[(row["holdSide"], row["total"]) for row in rows] for rows in positions]
    # Never half done: long before, short after, nothing in between.
    assert [[("long", "3")], [("short", "3")]] == sides
