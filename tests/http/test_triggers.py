"""Orders that wait for a price, through the front door (rest-private.md section 6)."""

from typing import Any

import pytest

from tests.http.checks import HEDGE, assert_refused, open_with
from tests.http.conftest import OpenAccount, SetBook
from tests.http.venue import LINEAR, MIX, Answer, Operator, Trader

PLAN = f"{MIX}/order/place-plan-order"
PROTECT = f"{MIX}/order/place-tpsl-order"
PROTECT_BOTH = f"{MIX}/order/place-pos-tpsl"
MODIFY_PLAN = f"{MIX}/order/modify-plan-order"
MODIFY_PROTECTION = f"{MIX}/order/modify-tpsl-order"
CANCEL_PLAN = f"{MIX}/order/cancel-plan-order"
UNKNOWN = "1999999999999999999"


def plan(trader: Trader, **fields: Any) -> Answer:
    """Ask for a market buy of 1 when the mark price is 1010, with these differences."""
    order = {
        "planType": "normal_plan",
        "marginMode": "crossed",
        "size": "1",
        "triggerPrice": "1010",
        "triggerType": "mark_price",
        "side": "buy",
        "orderType": "market",
    }
    return trader.post(PLAN, LINEAR.names | order | fields)


def protect(trader: Trader, **fields: Any) -> Answer:
    """Ask for a stop-loss of a whole long position at 990, with these differences."""
    order = {"planType": "pos_loss", "triggerPrice": "990", "holdSide": "long"}
    return trader.post(PROTECT, LINEAR.names | order | fields)


def cancel(trader: Trader, **fields: Any) -> Answer:
    names = {"symbol": LINEAR.symbol, "productType": LINEAR.product_type}
    return trader.post(CANCEL_PLAN, names | fields)


def move_to(set_book: SetBook, price: str) -> None:
    """Let the market stand at a price: the mark, and a deep book around it."""
    set_book(LINEAR, bids=((price, "100000"),), asks=((str(int(price) + 1), "100000"),), mark=price)


ENTRIES: list[tuple[dict[str, Any], list[str], str]] = [
    # what is sent, where the market goes, what is held then
    ({}, ["1009"], "flat"),
    ({}, ["1010"], "+1"),
    ({"triggerPrice": 990, "side": "sell"}, ["990"], "-1"),
    ({"orderType": "limit", "price": "1005"}, ["1010"], "flat"),
    ({"orderType": "limit", "price": "1005"}, ["1010", "1004"], "+1"),
    ({"orderType": "limit", "executePrice": "1030"}, ["1010"], "+1"),
    ({"planType": "track_plan", "callbackRatio": "1", "side": "sell"}, ["1010", "1020", "1010"], "flat"),
    ({"planType": "track_plan", "callbackRatio": "1", "side": "sell"}, ["1010", "1020", "1009"], "-1"),
    ({"stopLossTriggerPrice": "1000"}, ["1010", "1000"], "flat"),
    ({"stopLossTriggerPrice": "1000"}, ["1010", "1001"], "+1"),
]


@pytest.mark.parametrize(("fields", "prices", "held"), ENTRIES)
def test_entries(
    open_account: OpenAccount, set_book: SetBook, fields: dict[str, Any], prices: list[str], held: str
) -> None:
    """A plan order becomes an order when its price comes, and not before."""
    set_book(LINEAR)
    trader = open_account()
    answer = plan(trader, clientOid="waiting", **fields)
    assert {"orderId", "clientOid"} == set(answer.data)
    assert "waiting" == answer.data["clientOid"]
    for price in prices:
        move_to(set_book, price)
    assert held == trader.held(LINEAR)
    for plan_type in ("normal_plan", "track_plan"):
        cancel(trader, planType=plan_type)


PROTECTIONS: list[tuple[dict[str, Any], list[str], str]] = [
    # what protects L10, where the market goes, what is held then
    ({}, ["991"], "L10"),
    ({}, ["990"], "flat"),
    ({"size": "3"}, ["990"], "flat"),
    ({"planType": "pos_profit", "triggerPrice": "1010"}, ["1010"], "flat"),
    ({"planType": "loss_plan", "size": "3"}, ["990"], "L7"),
    ({"planType": "profit_plan", "size": 3, "triggerPrice": 1010, "executePrice": "0"}, ["1010"], "L7"),
    (
        {"planType": "profit_plan", "size": "3", "triggerPrice": "1010", "executePrice": "1015"},
        ["1010"],
        "L10",
    ),
    (
        {"planType": "moving_plan", "size": "3", "triggerPrice": "1010", "rangeRate": "1"},
        ["1010", "1020", "1009"],
        "L7",
    ),
]


@pytest.mark.parametrize(("fields", "prices", "held"), PROTECTIONS)
def test_protections(
    open_account: OpenAccount, set_book: SetBook, fields: dict[str, Any], prices: list[str], held: str
) -> None:
    """Each kind of TP/SL closes what it protects; ccxt's size of a whole-position kind does not count."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L10")
    protect(trader, **fields).accepted()
    for price in prices:
        move_to(set_book, price)
    assert held == trader.held(LINEAR)
    cancel(trader, planType="profit_loss")


@pytest.mark.parametrize(("hold_side", "held"), [("buy", "+10"), ("sell", "-10"), ("long", "+10")])
def test_one_way_positions_are_named_by_what_opened_them(
    open_account: OpenAccount, set_book: SetBook, hold_side: str, held: str
) -> None:
    """One-way: `buy` is the long position, `sell` the short one; long and short are understood too."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, held)
    trigger_price = "990" if held == "+10" else "1010"
    protect(trader, holdSide=hold_side, triggerPrice=trigger_price).accepted()
    move_to(set_book, trigger_price)
    assert "flat" == trader.held(LINEAR)


def test_both_protections_at_once(open_account: OpenAccount, set_book: SetBook) -> None:
    """An array with a row per order; what is left of both ends with the position."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L10")
    sent = {"holdSide": "long", "stopSurplusTriggerPrice": "1010", "stopLossTriggerPrice": "990"}
    rows = trader.post(
        PROTECT_BOTH, LINEAR.names | sent | {"stopSurplusClientOid": "tp", "stopLossClientOid": "sl"}
    ).data
    assert [("tp", "sl")] * 2 == [(row["stopSurplusClientOid"], row["stopLossClientOid"]) for row in rows]
    assert 2 == len({row["orderId"] for row in rows})
    move_to(set_book, "1010")
    assert "flat" == trader.held(LINEAR)
    assert_refused(cancel(trader, planType="profit_loss"), "22001")


def test_a_position_names_what_protects_it(open_account: OpenAccount, set_book: SetBook) -> None:
    """all-position has price and id of what protects the whole of it; a sized stop-loss is not that."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L10 S5")
    sent = {"holdSide": "long", "stopSurplusTriggerPrice": "1010.5", "stopLossTriggerPrice": "990"}
    gain, loss = trader.post(PROTECT_BOTH, LINEAR.names | sent).data
    protect(trader, planType="loss_plan", triggerPrice="1020", holdSide="short", size="1").accepted()
    assert ["1010.5", gain["orderId"], "990", loss["orderId"]] == protections(trader, "long")
    assert ["", "", "", ""] == protections(trader, "short")
    cancel(trader, orderIdList=[{"orderId": gain["orderId"]}]).accepted()
    assert ["", "", "990", loss["orderId"]] == protections(trader, "long")


def protections(trader: Trader, hold_side: str) -> list[str]:
    rows = trader.get(f"{MIX}/position/all-position", {"productType": LINEAR.product_type}).data
    (row,) = [row for row in rows if row["holdSide"] == hold_side]
    return [row[name] for name in ("takeProfit", "takeProfitId", "stopLoss", "stopLossId")]


def test_a_pair_of_which_one_is_refused_says_what_stands(
    open_account: OpenAccount, set_book: SetBook
) -> None:
    """A refusal of one of both tells that the other was placed; of both it changes nothing."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L10")
    sent = {"holdSide": "long", "stopSurplusTriggerPrice": "1010", "stopLossTriggerPrice": "1005"}
    answer = trader.post(PROTECT_BOTH, LINEAR.names | sent)
    assert_refused(answer, "40917")
    assert answer.json["msg"].endswith("(1 of 2 done)")
    assert 1 == len(cancel(trader, planType="profit_loss").data["successList"])


def test_changing_a_plan_order(open_account: OpenAccount, set_book: SetBook) -> None:
    """What is sent changes, what is not stays; ccxt's spelling of the take-profit counts."""
    set_book(LINEAR)
    trader = open_account()
    made = plan(trader, stopLossTriggerPrice="1000").data
    changed = trader.post(
        MODIFY_PLAN,
        LINEAR.names
        | {
            "orderId": made["orderId"],
            "newSize": "2",
            "newTriggerPrice": "1020",
            "newSurplusTriggerPrice": "1030",
            "newStopLossTriggerPrice": "0",
        },
    )
    assert made["orderId"] == changed.data["orderId"]
    move_to(set_book, "1010")
    assert "flat" == trader.held(LINEAR)
    move_to(set_book, "1020")
    move_to(set_book, "1000")
    assert "+2" == trader.held(LINEAR)
    move_to(set_book, "1030")
    assert "flat" == trader.held(LINEAR)


def test_changing_a_protection(open_account: OpenAccount, set_book: SetBook) -> None:
    """A protecting order is found by either id and keeps its kind."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L10")
    protect(trader, clientOid="sl").accepted()
    changed = trader.post(
        MODIFY_PROTECTION, LINEAR.names | {"clientOid": "sl", "triggerPrice": "980", "size": ""}
    )
    assert "sl" == changed.data["clientOid"]
    move_to(set_book, "985")
    assert "L10" == trader.held(LINEAR)
    move_to(set_book, "980")
    assert "flat" == trader.held(LINEAR)


def test_cancelling_plans(open_account: OpenAccount, set_book: SetBook) -> None:
    """A list has one row per order that it cancelled; without one all of a plan type go."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L10")
    stop = protect(trader).data
    data = cancel(trader, planType="pos_loss", orderIdList=[{"orderId": stop["orderId"]}]).data
    assert ([stop], []) == (data["successList"], data["failureList"])
    first, second = (plan(trader, tradeSide="open").data for _ in range(2))
    trailing = plan(trader, tradeSide="open", planType="track_plan", callbackRatio="1").data
    data = cancel(trader, orderIdList=[{"clientOid": first["clientOid"]}, {"orderId": UNKNOWN}]).data
    assert [first] == data["successList"]
    assert [(UNKNOWN, "43025")] == [(row["orderId"], row["errorCode"]) for row in data["failureList"]]
    assert [second] == cancel(trader).data["successList"]
    for words, code in (({}, "43025"), ({"planType": "pos_loss"}, "43020")):
        data = cancel(trader, orderIdList=[{"orderId": UNKNOWN}], **words).data
        assert ([], [code]) == (data["successList"], [row["errorCode"] for row in data["failureList"]])
    assert [trailing] == cancel(trader, planType="track_plan").data["successList"]


REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    # A hedge account that holds L10, mark 1000: where, what is sent, the code.
    (PLAN, {}, "40774"),
    (PLAN, {"tradeSide": "up"}, "400172"),
    (PLAN, {"tradeSide": "open", "planType": "pos_loss"}, "400172"),
    (PLAN, {"tradeSide": "open", "triggerType": ""}, "400172"),
    (PLAN, {"tradeSide": "open", "triggerPrice": "x"}, "40020"),
    (PLAN, {"tradeSide": "open", "triggerPrice": "1000.001"}, "45115"),
    (PLAN, {"tradeSide": "open", "size": "0.001"}, "40808"),
    (PLAN, {"tradeSide": "open", "size": "10000000"}, "45112"),
    (PLAN, {"tradeSide": "open", "orderType": "limit"}, "400172"),
    (PLAN, {"tradeSide": "open", "planType": "track_plan", "callbackRatio": "10.1"}, "43011"),
    (PLAN, {"tradeSide": "open", "planType": "track_plan", "callbackRatio": "-1"}, "43011"),
    (PLAN, {"tradeSide": "open", "stopLossTriggerPrice": "1011"}, "40917"),
    (PLAN, {"tradeSide": "open", "clientOid": "used"}, "40786"),
    (PROTECT, {"holdSide": "short", "triggerPrice": "1010"}, "40891"),
    (PROTECT, {"triggerPrice": "1001"}, "40917"),
    (PROTECT, {"planType": "pos_profit", "triggerPrice": "999"}, "40915"),
    (PROTECT, {"planType": "normal_plan"}, "400172"),
    (PROTECT, {"planType": "loss_plan"}, "400172"),
    (PROTECT, {"planType": "moving_plan", "size": "1", "triggerPrice": "1010"}, "400172"),
    (PROTECT, {"holdSide": "up"}, "400172"),
    (PROTECT, {"clientOid": "used"}, "40786"),
    (PROTECT_BOTH, {"holdSide": "long"}, "40913"),
    (PROTECT_BOTH, {"holdSide": "short", "stopLossTriggerPrice": "1010"}, "40891"),
    (
        PROTECT_BOTH,
        {"holdSide": "long", "stopLossTriggerPrice": "1010", "stopSurplusTriggerPrice": "990"},
        "40915",
    ),
    (MODIFY_PLAN, {"orderId": UNKNOWN, "newSize": "1"}, "43025"),
    (MODIFY_PLAN, {"orderId": UNKNOWN}, "400172"),
    (MODIFY_PLAN, {"newSize": "1"}, "40924"),
    (MODIFY_PROTECTION, {"orderId": UNKNOWN, "triggerPrice": "1"}, "43020"),
    (MODIFY_PROTECTION, {"clientOid": "used", "triggerPrice": "1"}, "43020"),
    (CANCEL_PLAN, {"orderIdList": [{}]}, "40924"),
    (CANCEL_PLAN, {"orderIdList": []}, "400172"),
    (CANCEL_PLAN, {"planType": "profit_loss"}, "22001"),
    (CANCEL_PLAN, {"planType": "x"}, "400172"),
]
DEFAULTS: dict[str, dict[str, Any]] = {
    PLAN: {
        "planType": "normal_plan",
        "marginMode": "crossed",
        "size": "1",
        "triggerPrice": "1010",
        "triggerType": "mark_price",
        "side": "buy",
        "orderType": "market",
    },
    PROTECT: {"planType": "pos_loss", "triggerPrice": "990", "holdSide": "long"},
}


@pytest.fixture(scope="module")
def used(operator: Operator, hedger: Trader) -> str:
    """A client order id that the hedge account has used for a plan order, which is gone."""
    operator.set_book(LINEAR, [("999", "100000")], [("1000", "100000")], "1000")
    plan(hedger, tradeSide="open", clientOid="used").accepted()
    cancel(hedger, orderIdList=[{"clientOid": "used"}]).accepted()
    return "used"


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize(("path", "fields", "code"), REFUSALS)
def test_refusals_change_nothing(
    operator: Operator, hedger: Trader, path: str, fields: dict[str, Any], code: str
) -> None:
    """Every refusal has its code and leaves the venue's state as it was."""
    operator.set_book(LINEAR, [("999", "100000")], [("1000", "100000")], "1000")
    before = operator.digest()
    assert_refused(hedger.post(path, LINEAR.names | DEFAULTS.get(path, {}) | fields), code)
    assert before == operator.digest()


def test_presets_by_the_last_price_and_changed_one_by_one(
    open_account: OpenAccount, set_book: SetBook
) -> None:
    """What a plan order brings along is triggered by what it says; one that a change does not name stays."""
    set_book(LINEAR)
    trader = open_account()
    presets = {
        "stopSurplusTriggerPrice": "1100",
        "stopSurplusExecutePrice": "1099",
        "stopSurplusTriggerType": "fill_price",
        "stopLossTriggerPrice": "900",
        "stopLossTriggerType": "mark_price",
    }
    order_id = plan(trader, triggerPrice="1005", **presets).data["orderId"]
    names = {"symbol": LINEAR.symbol, "productType": LINEAR.product_type}

    def told(plan_type: str) -> list[dict[str, str]]:
        rows: list[dict[str, str]] = trader.get(
            f"{MIX}/order/orders-plan-pending", names | {"planType": plan_type}
        ).data["entrustedList"]
        return rows

    def change(**fields: str) -> None:
        trader.post(MODIFY_PLAN, names | {"orderId": order_id} | fields).accepted()
        (row,) = told("normal_plan")
        presets.update(fields)
        assert {name: presets.get(f"new{name[0].upper()}{name[1:]}", presets[name]) for name in SHOWN} == {
            name: row[name] for name in SHOWN
        }

    change(newSize="2")
    change(newStopLossTriggerPrice="950", newStopLossTriggerType="fill_price")
    change(newStopSurplusTriggerPrice="1200", newStopSurplusTriggerType="fill_price")
    move_to(set_book, "1005")
    assert "+2" == trader.held(LINEAR)
    waiting = {row["planType"]: (row["triggerPrice"], row["triggerType"]) for row in told("profit_loss")}
    assert {"profit_plan": ("1200", "fill_price"), "loss_plan": ("950", "fill_price")} == waiting
    # The mark alone fires nothing; the next trade does.
    move_to(set_book, "940")
    assert "+2" == trader.held(LINEAR)
    open_account().market(LINEAR, "sell", "1")
    assert "flat" == trader.held(LINEAR)


#: Fields of a plan order's row that tell of what it brings along.
SHOWN = ("stopSurplusTriggerPrice", "stopSurplusTriggerType", "stopLossTriggerPrice", "stopLossTriggerType")


def test_at_most_a_hundred_wait(open_account: OpenAccount, set_book: SetBook, operator: Operator) -> None:
    """The hundred-and-first plan order of a symbol is 40889."""
    set_book(LINEAR)
    trader = open_account(posMode=HEDGE)
    for _ in range(100):
        plan(trader, tradeSide="open").accepted()
    before = operator.digest()
    assert_refused(plan(trader, tradeSide="open"), "40889")
    assert before == operator.digest()
    assert 100 == len(cancel(trader).data["successList"])
