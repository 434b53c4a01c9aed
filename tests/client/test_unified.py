"""The reversal of a unified account: close and open, each once, against a small exchange of that kind."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

from backhand.client import (
    AsyncClient,
    Client,
    GuardRefused,
    NoAnswer,
    NotFound,
    NothingHeld,
    NotSupported,
    OutcomeUnknown,
    Refused,
    Reversal,
)
from tests.client.played import KEY
from tests.client.unified_exchange import Account, UnifiedExchange

ETH = "ETHUSDT"
Reverse = Callable[..., Reversal]


def sync_reverse(address: str, **options: Any) -> Reversal:
    with Client(address, KEY, timeout_seconds=1.0) as client:
        return client.reverse(ETH, **options)


def async_reverse(address: str, **options: Any) -> Reversal:
    async def once() -> Reversal:
        async with AsyncClient(address, KEY, timeout_seconds=1.0) as client:
            return await client.reverse(ETH, **options)

    return asyncio.run(once())


BOTH = pytest.mark.parametrize("reverse", [sync_reverse, async_reverse], ids=["sync", "async"])


@contextmanager
def exchange(account: Account) -> Iterator[str]:
    running = UnifiedExchange(account)
    try:
        yield running.base_url
    finally:
        running.close()


def one_way(size: str, *faults: str, depth: str = "1000000") -> Account:
    return Account(legs={"net": Decimal(size)}, faults=list(faults), depth=Decimal(depth))


@BOTH
@pytest.mark.parametrize("faults", [(), ("drop",), ("pass", "drop"), ("drop", "drop")], ids=str)
@pytest.mark.parametrize(("size", "side"), [("3", "sell"), ("-3", "buy")])
def test_one_way(reverse: Reverse, faults: tuple[str, ...], size: str, side: str) -> None:
    """Both legs are sent once each, whichever answers are lost, and reported."""
    account = one_way(size, *faults)
    with exchange(account) as address:
        done = reverse(address, client_oid="x", size=1)
    assert -Decimal(size) == account.legs["net"]
    assert ["x-c", "x-o"] == [order["clientOid"] for order in account.seen]
    assert ["yes", None] == [order.get("reduceOnly") for order in account.seen]
    for leg in (done.closed, done.opened):
        assert leg is not None
        assert (side, Decimal(3), "filled", Decimal("-0.5")) == (
            leg.side,
            leg.filled_size,
            leg.status,
            leg.fee,
        )
    assert "ignored" in done.note


@BOTH
def test_hedge(reverse: Reverse) -> None:
    """In hedge mode the named leg is reversed by the size asked for; orders name the trade's side and leg."""
    account = Account(hedge=True, legs={"long": Decimal(20), "short": Decimal(-1)})
    with exchange(account) as address:
        reverse(address, hold_side="long", size=3)
        with pytest.raises(Refused, match="40774"):
            reverse(address)
    assert {"long": Decimal(17), "short": Decimal(-4)} == account.legs
    assert [("sell", "long", None), ("sell", "short", None)] == [
        (order["side"], order["posSide"], order.get("reduceOnly")) for order in account.seen
    ]


@pytest.mark.parametrize(
    ("size", "options", "price"),
    [
        ("3", {"worst_price": "998.5"}, "998.5"),
        ("3", {"max_slippage": "0.00123"}, "998.80"),
        ("-3", {"max_slippage": "0.00123"}, "1001.20"),
    ],
)
def test_the_guard_is_the_limit_of_both_legs(size: str, options: dict[str, Any], price: str) -> None:
    """A worst price, or a slippage rounded against the reversal, is the limit of both legs, which are ioc."""
    account = one_way(size)
    with exchange(account) as address:
        sync_reverse(address, **options)
    assert [("limit", "ioc", price)] * 2 == [
        (order["orderType"], order["timeInForce"], order["price"]) for order in account.seen
    ]
    assert -Decimal(size) == account.legs["net"]


def test_a_broken_guard_does_nothing() -> None:
    """When no fill is within the guard, nothing is closed and no open leg is sent."""
    account = one_way("3")
    with exchange(account) as address, pytest.raises(GuardRefused):
        sync_reverse(address, worst_price="999.5")
    assert Decimal(3) == account.legs["net"]
    assert 1 == len(account.seen)


def test_only_what_was_closed_is_opened() -> None:
    """A close leg that the book cuts short is answered by an open leg of the same size."""
    account = one_way("3", depth="2")
    with exchange(account) as address:
        done = sync_reverse(address)
    assert ["3", "2"] == [order["qty"] for order in account.seen]
    assert done.closed is not None
    assert done.opened is not None
    assert (Decimal(2), Decimal(0)) == (done.closed.filled_size, done.opened.filled_size)
    assert Decimal(1) == account.legs["net"]


def test_a_refused_open_leg_is_reported_beside_the_close() -> None:
    """The close stands when the open leg is refused, and the leg says why."""
    account = one_way("3", "pass", "25203")
    with exchange(account) as address:
        done = sync_reverse(address)
    assert Decimal(0) == account.legs["net"]
    assert done.closed is not None
    assert done.opened is not None
    assert (Decimal(3), Decimal(0)) == (done.closed.filled_size, done.opened.filled_size)
    assert isinstance(done.opened.failure, Refused)
    assert "25203" == done.opened.failure.code


@BOTH
@pytest.mark.parametrize(
    ("faults", "sent", "left"), [(("swallow",), 1, "3"), (("pass", "swallow"), 2, "0")], ids=["close", "open"]
)
def test_an_unknown_leg_stops_the_reversal(
    reverse: Reverse, faults: tuple[str, ...], sent: int, left: str
) -> None:
    """A leg that the exchange does not show in time is unknown: it is not sent again, nothing follows it."""
    account = one_way("3", *faults)
    with exchange(account) as address, pytest.raises(OutcomeUnknown) as unknown:
        reverse(address, client_oid="x", deadline_seconds=1.0)
    assert "x" == unknown.value.client_oid
    assert sent == len(account.seen)
    assert Decimal(left) == account.legs["net"]


def test_what_it_came_to_can_be_asked_later() -> None:
    """find_reversal tells of both legs, of one, or of none; so does reverse with the same id."""
    account = one_way("3", "pass", "swallow")
    with exchange(account) as address, Client(address, KEY) as client:
        with pytest.raises(NotFound):
            client.find_reversal(ETH, "x")
        with pytest.raises(OutcomeUnknown):
            client.reverse(ETH, client_oid="x", deadline_seconds=0.5)
        half = client.reverse(ETH, client_oid="x")
        assert half.closed is not None
        assert (True, Decimal(3), None) == (half.found, half.closed.filled_size, half.opened)
        assert 2 == len(account.seen)
        account.legs["net"] = Decimal(3)
        whole = client.reverse(ETH, client_oid="y")
        found = client.find_reversal(ETH, "y")
        assert (whole.closed, whole.opened) == (found.closed, found.opened)


def test_refusals_before_anything_is_sent() -> None:
    """A flat account has nothing to reverse, and policies of this venue are not to be had."""
    account = one_way("0")
    with exchange(account) as address:
        with pytest.raises(NothingHeld):
            sync_reverse(address)
        for policy in ({"shortfall": "strict"}, {"open_orders": "auto"}, {"quote_id": "x"}):
            with pytest.raises(NotSupported):
                sync_reverse(address, **policy)
    assert [] == account.seen


def test_a_client_learns_once_that_the_account_is_unified() -> None:
    """The second reversal goes straight to the v3 API."""
    account = one_way("3")
    with exchange(account) as address, Client(address, KEY) as client:
        client.reverse(ETH)
        client.reverse(ETH)
    assert 1 == account.v2_calls
    assert Decimal(3) == account.legs["net"]


STRAYS: dict[str, bytes | str] = {
    "dropped": "drop",
    "of a proxy": b'{"code":503,"msg":"Service Unavailable"}',
    "of a proxy, in text": b'{"code":"INTERNAL"}',
    "to another order": b'{"code":"00000","data":{"orderId":"1","clientOid":"other","qty":"9",'
    b'"cumExecQty":"9","orderStatus":"filled","feeDetail":[]}}',
}


@pytest.mark.parametrize("stray", STRAYS)
@pytest.mark.parametrize("options", [{"client_oid": "x"}, {"max_slippage": "0.01"}], ids=str)
def test_an_answer_that_strays_at_any_step_doubles_nothing(stray: str, options: dict[str, Any]) -> None:
    """Each request's answer in turn is lost or another's: both legs once, or nothing and so said."""
    steps = one_way("3")
    with exchange(steps) as address:
        sync_reverse(address, **options)
    assert 6 <= steps.requests <= 8
    ends = set()
    for step in range(1, steps.requests + 1):
        account = one_way("3")
        account.strays = {step: STRAYS[stray]}
        with exchange(account) as address:
            try:
                done = sync_reverse(address, **options, deadline_seconds=0.5)
            except (NoAnswer, Refused):
                ends.add("nothing done")
                assert (Decimal(3), []) == (account.legs["net"], account.seen)
            else:
                ends.add("reversed")
                assert (Decimal(-3), 2) == (account.legs["net"], len(account.seen)), step
                assert done.closed is not None
                assert done.opened is not None
                assert (Decimal(3), Decimal(3)) == (done.closed.filled_size, done.opened.filled_size)
    assert {"reversed", "nothing done"} == ends
