"""The answers that docs/reversal.md shows are those of a venue, to the letter."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backhand.events import CancelReason
from tests.http.venue import LINEAR, VenueProcess

PAGE = Path(__file__).parents[2] / "docs" / "reversal.md"
#: Seeded and with a clock that stands still, so that ids, times, tokens and hashes are the same each time.
OPTIONS = ("--memory", "--market", "manual", "--seed", "1", "--clock", "frozen")
QUOTE = "/api/backhand/v1/reversal/quote"


@pytest.fixture
def venue(logs: Path) -> Iterator[VenueProcess]:
    process = VenueProcess(logs / "reversal-page.log", OPTIONS).start()
    yield process
    process.stop()


def answers(venue: VenueProcess) -> list[Any]:
    """Do what the page does; the answers that it shows, in its order."""
    operator = venue.operator
    operator.set_book(
        LINEAR, [("2000", "0.5"), ("1999.5", "2"), ("1999", "50")], [("2001", "5"), ("2002", "50")], "2000.5"
    )
    trader = operator.trader(balances={"USDT": "1000"})
    trader.market(LINEAR, "buy", "1")
    trader.limit(LINEAR, "sell", "0.2", "2100", reduceOnly="YES")
    quoted = trader.post(QUOTE, LINEAR.names)
    done = trader.reverse(LINEAR, quoteId=quoted.data["quoteId"], clientOid="flip-1")
    receipt = trader.get("/api/backhand/v1/reversal/receipt", {"clientOid": "flip-1"})
    # It covers sealed secrets, which are made of chance.
    assert re.fullmatch("[0-9a-f]{64}", receipt.data["recordHash"])
    receipt.data["recordHash"] = "64 hexadecimal digits"
    again = trader.reverse(LINEAR, clientOid="flip-1")
    stale = trader.post(QUOTE, LINEAR.names).data["quoteId"]
    operator.set_book(LINEAR, [("2000", "5")], [("2003", "50")], "2000.5")
    worse = trader.reverse(LINEAR, quoteId=stale)
    explained = trader.get("/api/backhand/v1/explain", {"requestId": worse.headers["x-backhand-request-id"]})
    return [answer.json for answer in (quoted, done, receipt, again, worse, explained)]


def shown() -> list[Any]:
    """Read the answers that the page shows."""
    return [
        json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    ]


def holds(part: Any, whole: Any) -> bool:
    """Whether everything that is shown is there; what a page leaves out of an object does not matter."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(holds(each, whole.get(name)) for name, each in part.items())
    if isinstance(part, list):
        return isinstance(whole, list) and len(part) == len(whole) and all(map(holds, part, whole))
    return bool(part == whole)


def test_the_page_shows_what_happens(venue: VenueProcess) -> None:
    """Quote, commit, receipt, retry, a quote that does not hold, and why."""
    happened = answers(venue)
    blocks = shown()
    assert len(happened) == len(blocks)
    for block, answer in zip(blocks, happened, strict=True):
        assert holds(block, answer), answer


def test_a_page_that_shows_something_else_is_noticed() -> None:
    """The comparison fails on another value, a missing row and a field that is not there."""
    assert holds({"a": [{"b": "1"}]}, {"a": [{"b": "1", "c": "2"}], "d": "3"})
    assert not holds({"a": [{"b": "2"}]}, {"a": [{"b": "1"}]})
    assert not holds({"a": []}, {"a": [{"b": "1"}]})
    assert not holds({"e": "1"}, {"a": "1"})


def test_the_page_names_every_shortfall_as_it_is_sent() -> None:
    """A program compares what it gets with what the page says."""
    reasons = {str(reason) for reason in CancelReason if reason.startswith("shortfall_")}
    assert reasons == set(re.findall(r"`(shortfall_\w+)`", PAGE.read_text(encoding="utf-8")))
