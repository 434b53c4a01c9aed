"""Limits per account and endpoint, over HTTP, in a second that ends when a test says so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.http.venue import LINEAR, MIX, Trader, VenueProcess

REVERSE = f"{MIX}/order/click-backhand"


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """A venue with a book and limits whose time stands still."""
    log: Path = tmp_path_factory.mktemp("quotas") / "venue.log"
    options = ("--memory", "--market", "manual", "--clock", "frozen", "--limits", "on")
    process = VenueProcess(log, options).start()
    process.operator.set_book(LINEAR, [("999", "100000")], [("1000", "100000")], "1000")
    yield process
    process.stop()


def open_trader(venue: VenueProcess, **account: Any) -> Trader:
    """An account that has used up nothing yet."""
    return venue.operator.trader(**account)


def left(trader: Trader) -> str:
    """What the answer to a reversal says is left."""
    return trader.reverse(LINEAR).headers["x-mbx-used-remain-limit"]


def test_an_eleventh_call_in_one_second_is_refused_and_does_nothing(still: VenueProcess) -> None:
    """Ten reversals a second, the quota in the header of each; the next has HTTP 429 and moves nothing."""
    trader = open_trader(still)
    trader.market(LINEAR, "buy", "1")
    answers = [trader.reverse(LINEAR) for _ in range(11)]
    assert [200] * 10 + [429] == [answer.status for answer in answers]
    assert [*"9876543210", "0"] == [answer.headers["x-mbx-used-remain-limit"] for answer in answers]
    assert {"code": "429", "msg": "Too Many Requests", "data": None} == {
        name: value for name, value in answers[-1].json.items() if name != "requestTime"
    }
    assert "+1" == trader.held(LINEAR)
    other_key = open_trader(still, uid=trader.credentials.uid, balances={})
    assert "00000" == other_key.place(LINEAR, side="buy", size="1").code
    still.operator.ask("POST", "/_venue/clock/advance", {"by": "1s"})
    assert "9" == left(trader)


def test_two_keys_of_an_account_share_its_quota(still: VenueProcess) -> None:
    """Limits count per account, not per key."""
    trader = open_trader(still)
    other = open_trader(still, uid=trader.credentials.uid, balances={})
    assert ["9", "8", "7"] == [left(who) for who in (trader, other, trader)]


def test_copy_traders_reverse_once_a_second(still: VenueProcess) -> None:
    """One reversal and one order each second; what has no lower limit keeps its own."""
    trader = open_trader(still, copyTrader=True)
    assert [400, 429] == [trader.reverse(LINEAR).status, trader.reverse(LINEAR).status]
    assert "9" == trader.get(f"{MIX}/account/account", LINEAR.names).headers["x-mbx-used-remain-limit"]


def test_refused_signatures_use_no_quota(still: VenueProcess) -> None:
    """Nobody can use up the quota of an account without its secret."""
    trader = open_trader(still)
    for _ in range(20):
        headers = trader.signed("POST", REVERSE, b"{}", secret="wrong")
        trader.connection.exchange("POST", REVERSE, headers, b"{}")
    assert "9" == left(trader)
