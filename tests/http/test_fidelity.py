"""The switches of `--fidelity` as a client sees them, and what `x-backhand-note` says of ignored fields."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http.conftest import ASK, BID, DEEP, MARK
from tests.http.venue import LINEAR, Trader, VenueProcess

MEMORY: tuple[str, ...] = ("--memory", "--market", "manual")
SWITCHED = (
    "one_way_side=strict",
    "locked_size=cancel",
    "short_of_margin=largest",
    "returned_leg=close",
    "when_flat=no_position",
)
NOTE = "x-backhand-note"
SIZE_IGNORED = "size ignored: in one-way mode the whole position is reversed"


@pytest.fixture(scope="module", params=["decided", "other"])
def venue(request: pytest.FixtureRequest, logs: Path) -> Iterator[VenueProcess]:
    options = MEMORY
    if request.param == "other":
        for switch in SWITCHED:
            options = (*options, "--fidelity", switch)
    process = VenueProcess(logs / f"fidelity-{request.param}.log", options).start()
    process.operator.set_book(LINEAR, [(BID, DEEP)], [(ASK, DEEP)], MARK)
    yield process
    process.stop()


def is_switched(venue: VenueProcess) -> bool:
    return "--fidelity" in venue.options


def test_the_code_of_a_reversal_of_nothing(venue: VenueProcess) -> None:
    """A15: 40757 as decided, 22002 with `when_flat = no_position`."""
    answer = venue.operator.trader().reverse(LINEAR)
    assert (400, "22002" if is_switched(venue) else "40757") == (answer.status, answer.json["code"])


def test_the_leg_whose_id_is_returned(venue: VenueProcess) -> None:
    """A14: the answer and the client's order id are the open leg's, or the close leg's."""
    trader = venue.operator.trader()
    trader.take(LINEAR, "+10")
    answer = trader.reverse(LINEAR, clientOid="mine")
    detail = trader.detail(LINEAR, orderId=answer.data["orderId"]).data
    assert ("mine", "mine") == (answer.data["clientOid"], detail["clientOid"])
    assert ("YES" if is_switched(venue) else "NO") == detail["reduceOnly"]
    assert detail["orderId"] == trader.detail(LINEAR, clientOid="mine").data["orderId"]
    assert "40786" == trader.reverse(LINEAR, clientOid="mine").json["code"]
    assert "-10" == trader.held(LINEAR)


def test_a_one_way_side_along_the_position(venue: VenueProcess) -> None:
    """A5: `buy` with a long held is ignored, with a note, or refused as a side mismatch."""
    trader = venue.operator.trader()
    trader.take(LINEAR, "+10")
    answer = trader.reverse(LINEAR, side="buy")
    if is_switched(venue):
        assert (400, "400172", "side mismatch") == (answer.status, answer.json["code"], answer.json["msg"])
        answer = trader.reverse(LINEAR, side="sell")
        assert NOTE not in answer.headers
    else:
        assert "side ignored: in one-way mode there is one position" == answer.headers[NOTE]
    assert "00000" == answer.json["code"]
    assert "-10" == trader.held(LINEAR)


def test_what_closing_orders_hold(venue: VenueProcess) -> None:
    """A10: left out of a hedge reversal, or freed by cancelling the oldest."""
    trader = venue.operator.trader(posMode="hedge_mode")
    trader.take(LINEAR, "L10")
    trader.limit(LINEAR, "buy", "7", "1050", tradeSide="close")
    assert "00000" == trader.reverse(LINEAR, side="buy", tradeSide="open", size="5").json["code"]
    assert ("L5 S5" if is_switched(venue) else "L7 S3") == trader.held(LINEAR)


def test_a_shortfall_without_a_policy(venue: VenueProcess) -> None:
    """A13: closed alone, or as large as can be paid for; the caller's own word wins."""
    held = {}
    for policy in (None, "close", "largest"):
        venue.operator.set_book(LINEAR, [(BID, DEEP)], [(ASK, DEEP)], MARK)
        # Ten at 1000, twentyfold, cost 500 and 6; what is left after a fall by 20 pays for some of them.
        trader = venue.operator.trader(balances={"USDT": "600"})
        trader.take(LINEAR, "+10")
        venue.operator.set_book(LINEAR, [("980", DEEP)], [("981", DEEP)], "980")
        trader.reverse(LINEAR, **({} if policy is None else {"shortfall": policy}))
        held[policy] = trader.held(LINEAR)
    venue.operator.set_book(LINEAR, [(BID, DEEP)], [(ASK, DEEP)], MARK)
    assert ("flat", True) == (held["close"], held["largest"].startswith("-"))
    assert held["largest" if is_switched(venue) else "close"] == held[None]


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ({}, None),
        ({"size": "3"}, SIZE_IGNORED),
        ({"size": "3", "tradeSide": "open"}, f"{SIZE_IGNORED}; tradeSide ignored: it belongs to hedge mode"),
        ({"worstPrice": "1"}, "worstPrice ignored: another bound is nearer"),
        (
            {"worstPrice": "999", "maxSlippage": "0.5"},
            "maxSlippage ignored: another bound is nearer",
        ),
        ({"worstPrice": "999", "shortfall": "strict", "openOrders": "include"}, None),
    ],
)
def test_notes_say_what_did_not_count(venue: VenueProcess, fields: dict[str, str], note: str | None) -> None:
    """Both answers, of a quote and of its reversal, name every field that was sent for nothing."""
    trader = venue.operator.trader()
    trader.take(LINEAR, "+10")
    quoted = trader.post("/api/backhand/v1/reversal/quote", LINEAR.names | fields)
    assert (note or "") == quoted.data["note"]
    assert note == trader.reverse(LINEAR, **fields).headers.get(NOTE)


def test_the_timestamp_window_follows_the_venues_clock(logs: Path) -> None:
    """With `timestamp_window = venue` a frozen clock's time is what signatures must carry."""
    options = (*MEMORY, "--clock", "frozen", "--fidelity", "timestamp_window=venue")
    process = VenueProcess(logs / "fidelity-clock.log", options).start()
    operator = process.operator
    operator.set_book(LINEAR, [(BID, DEEP)], [(ASK, DEEP)], MARK)
    trader = operator.trader()
    assert 200 == _asked_at(trader, _venue_ms(trader))
    operator.ask("POST", "/_venue/clock/advance", {"by": "1h"})
    assert 400 == _asked_at(trader, int(time.time() * 1000))
    assert 200 == _asked_at(trader, _venue_ms(trader))
    process.stop()


def test_a_frozen_clock_takes_any_timestamp_otherwise(logs: Path) -> None:
    """As decided, clients sign with their own clocks while the venue's stands still."""
    process = VenueProcess(logs / "fidelity-wall.log", (*MEMORY, "--clock", "frozen")).start()
    trader = process.operator.trader()
    process.operator.ask("POST", "/_venue/clock/advance", {"by": "1h"})
    assert 200 == _asked_at(trader, int(time.time() * 1000))
    assert 200 == _asked_at(trader, 1)
    process.stop()


def _venue_ms(trader: Trader) -> int:
    return int(trader.get("/api/v2/public/time", {}).data["serverTime"])


def _asked_at(trader: Trader, timestamp_ms: int) -> int:
    """Ask for the accounts with this timestamp in the signature; the answer's HTTP status."""
    target = "/api/v2/mix/account/accounts?productType=USDT-FUTURES"
    headers = trader.signed("GET", target, b"", timestamp=str(timestamp_ms))
    return trader.connection.exchange("GET", target, headers, None).status
