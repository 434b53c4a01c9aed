"""Changing an open order, its presets, and what becomes of self-trades (rest-private.md section 5)."""

from typing import Any

import pytest

from tests.http.checks import assert_refused, open_with
from tests.http.conftest import OpenAccount, SetBook
from tests.http.venue import LINEAR, MIX, Answer, Operator, Trader

MODIFY = f"{MIX}/order/modify-order"
NOTE = "x-backhand-note"


def modify(trader: Trader, **fields: Any) -> Answer:
    return trader.post(MODIFY, LINEAR.names | fields)


def test_price_and_size_make_another_order(open_account: OpenAccount, set_book: SetBook) -> None:
    """The old order ends, the new one has the new name; the answer names the new one."""
    set_book(LINEAR)
    trader = open_account()
    old = trader.limit(LINEAR, "buy", "1", "960")
    answer = modify(trader, orderId=old, newSize="2", newPrice="970", newClientOid="moved")
    assert "moved" == answer.data["clientOid"]
    (row,) = trader.pending(LINEAR)
    assert (answer.data["orderId"], "moved", "2", "970") == (
        row["orderId"], row["clientOid"], row["size"], row["price"],
    )  # fmt: skip
    ended = trader.order(LINEAR, old)
    assert ("canceled", "modify_limit_order") == (ended["state"], ended["cancelReason"])


REFUSED = [
    ({"newSize": "2"}, "40925"),
    ({"newPrice": "970", "newClientOid": "n"}, "40925"),
    ({"newSize": "2", "newPrice": "970"}, "22003"),
    ({"newSize": "1", "newPrice": "960", "newClientOid": "n"}, "40923"),
    ({}, "40923"),
    ({"newSize": "2", "newPrice": "970.001", "newClientOid": "n"}, "45115"),
    ({"newSize": "2", "newPrice": "2000", "newClientOid": "n"}, "43009"),
    ({"newSize": "2", "newPrice": "970", "newClientOid": "used"}, "40786"),
    ({"orderId": "1999999999999999999", "newSize": "2", "newPrice": "970", "newClientOid": "n"}, "43001"),
    ({"newPresetStopLossPrice": "970"}, "40917"),
]


@pytest.mark.parametrize(("fields", "code"), REFUSED)
def test_changes_that_are_refused(
    open_account: OpenAccount, set_book: SetBook, operator: Operator, fields: dict[str, str], code: str
) -> None:
    """Where the change is refused the order stays as it was."""
    set_book(LINEAR)
    trader = open_account()
    order = trader.limit(LINEAR, "buy", "1", "960", clientOid="used")
    before = operator.digest()
    assert_refused(modify(trader, **({"orderId": order} | fields)), code)
    assert before == operator.digest()
    assert [order] == [row["orderId"] for row in trader.pending(LINEAR)]


def test_an_order_that_filled_in_part_is_not_changed(open_account: OpenAccount, set_book: SetBook) -> None:
    """Only live orders can be modified: 40922."""
    set_book(LINEAR, asks=(("1000", "1"),))
    trader = open_account()
    order = trader.limit(LINEAR, "buy", "3", "1000")
    answer = modify(trader, orderId=order, newSize="2", newPrice="970", newClientOid="n")
    assert_refused(answer, "40922")


def test_presets_change_on_the_order_as_it_stands(open_account: OpenAccount, set_book: SetBook) -> None:
    """A change of presets keeps the order; sending only one removes the other."""
    set_book(LINEAR)
    trader = open_account()
    order = trader.limit(
        LINEAR, "buy", "1", "960", clientOid="kept", presetStopSurplusPrice="1010", presetStopLossPrice="950"
    )
    assert {"orderId": order, "clientOid": ""} == modify(
        trader, orderId=order, newPresetStopSurplusPrice="1020"
    ).data
    assert {"orderId": order, "clientOid": "kept"} == modify(
        trader, clientOid="kept", newPresetStopSurplusPrice="1005"
    ).data
    assert [order] == [row["orderId"] for row in trader.pending(LINEAR)]
    # Filled at 960, the stop-loss is gone: 940 closes nothing; the take-profit is at 1005.
    set_book(LINEAR, bids=(("940", "1000"),), asks=(("960", "1000"),), mark="940")
    assert "+1" == trader.held(LINEAR)
    set_book(LINEAR, bids=(("1005", "1000"),), asks=(("1006", "1000"),), mark="1006")
    assert "flat" == trader.held(LINEAR)


def test_presets_are_ignored_with_a_new_price(open_account: OpenAccount, set_book: SetBook) -> None:
    """Price, size and presets at once: the presets are ignored, and a header says so."""
    set_book(LINEAR)
    trader = open_account()
    order = trader.limit(LINEAR, "buy", "1", "960")
    answer = modify(
        trader, orderId=order, newSize="2", newPrice="970", newClientOid="n", newPresetStopLossPrice="950"
    )
    answer.accepted()
    assert "take-profit and stop-loss ignored: price and size were changed" == answer.headers[NOTE]


def test_presets_of_an_order_protect_what_it_opens(open_account: OpenAccount, set_book: SetBook) -> None:
    """A market order's stop-loss closes the position at market once the mark is there."""
    set_book(LINEAR)
    trader = open_account()
    trader.market(LINEAR, "buy", "2", presetStopLossPrice="990", presetStopSurplusPrice="1100")
    set_book(LINEAR, bids=(("985", "1000"),), asks=(("986", "1000"),), mark="991")
    assert "+2" == trader.held(LINEAR)
    set_book(LINEAR, bids=(("985", "1000"),), asks=(("986", "1000"),), mark="990")
    assert "flat" == trader.held(LINEAR)
    assert ["loss_market", "market"] == [row["orderSource"] for row in trader.past_orders(LINEAR)]


def test_presets_of_a_closing_order_are_ignored(open_account: OpenAccount, set_book: SetBook) -> None:
    """What only closes has nothing to protect: the header says that the presets did not count."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "+5")
    answer = trader.place(LINEAR, side="sell", size="1", reduceOnly="YES", presetStopLossPrice="1010")
    answer.accepted()
    assert "take-profit and stop-loss ignored: the order only closes" == answer.headers[NOTE]


@pytest.mark.parametrize(
    ("stp_mode", "held", "resting"),
    [
        ("none", "flat", 0),
        ("cancel_taker", "flat", 1),
        ("cancel_maker", "+1", 0),
        ("CANCEL_BOTH", "flat", 0),
    ],
)
def test_self_trades(
    open_account: OpenAccount, set_book: SetBook, stp_mode: str, held: str, resting: int
) -> None:
    """The taker's mode decides which of two own orders gives way."""
    set_book(LINEAR)
    trader = open_account()
    trader.limit(LINEAR, "sell", "1", "999.5")
    trader.place(LINEAR, side="buy", size="1", stpMode=stp_mode).accepted()
    assert (held, resting) == (trader.held(LINEAR), len(trader.pending(LINEAR)))
