"""Orders on a WebSocket (`op` `trade`): rules, refusals and quotas of HTTP, in frames as were recorded."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.http.checks import HEDGE
from tests.http.conftest import MARK, OpenAccount, SetBook
from tests.http.streaming import Frame, Listener, arg
from tests.http.venue import LINEAR, MIX, Trader, VenueProcess

PLACE, CANCEL = "place-order", "cancel-order"
RESTS = {"orderType": "limit", "side": "buy", "size": "1", "price": "900", "force": "gtc"}
TERMS = {"marginCoin": "USDT", "marginMode": "crossed"}
BUY = {"orderType": "market", "side": "buy", "size": "1", **TERMS}


@pytest.fixture
def trader(open_account: OpenAccount, set_book: SetBook) -> Trader:
    set_book(LINEAR)
    return open_account()


@pytest.fixture
def listener(venue: VenueProcess, trader: Trader) -> Iterator[Listener]:
    with Listener(venue) as opened:
        yield opened.log_in(trader.credentials)


def order(channel: str, params: Any, name: Any = "req-1", symbol: str = LINEAR.symbol) -> dict[str, Any]:
    """The argument that asks for one thing."""
    where = {"instType": LINEAR.product_type, "instId": symbol}
    return {"id": name, **where, "channel": channel, "params": params}


def trade(listener: Listener, channel: str, params: Any, name: Any = "req-1") -> Frame:
    """What one message is answered."""
    listener.ask("trade", order(channel, params, name))
    return listener.frame()


def test_an_order_is_placed_and_cancelled(listener: Listener, trader: Trader) -> None:
    """Each is answered once, under its id, with numbers for codes, and is what it would be over HTTP."""
    placed = trade(listener, PLACE, RESTS | TERMS | {"clientOid": "c-77"})
    (row,) = trader.pending(LINEAR)
    ids = {"orderId": row["orderId"], "clientOid": "c-77"}
    assert ("c-77", "900", "live") == (row["clientOid"], row["price"], row["status"])
    time_ms = placed.pop("ts")
    assert row["cTime"] <= str(time_ms)
    assert {"event": "trade", "arg": [order(PLACE, ids)], "code": 0, "msg": "Success"} == placed
    cancelled = trade(listener, CANCEL, {"orderId": row["orderId"]}, "req-2")
    assert time_ms <= cancelled.pop("ts")
    only = [order(CANCEL, {"orderId": row["orderId"]}, "req-2")]
    assert {"event": "trade", "arg": only, "code": 0, "msg": "Success"} == cancelled
    assert [] == trader.pending(LINEAR)


def test_an_order_is_cancelled_by_the_callers_own_id(listener: Listener, trader: Trader) -> None:
    """One of both ids is enough; of both, the exchange's own counts, and the answer is about that order."""
    trade(listener, PLACE, RESTS | TERMS | {"clientOid": "one"})
    trade(listener, PLACE, RESTS | TERMS | {"clientOid": "two"})
    two, one = trader.pending(LINEAR)
    assert {"clientOid": "one"} == trade(listener, CANCEL, {"clientOid": "one"})["arg"][0]["params"]
    named = {"orderId": two["orderId"], "clientOid": one["clientOid"], "marginCoin": "USDT"}
    answer = trade(listener, CANCEL, named)
    assert (0, []) == (answer["code"], trader.pending(LINEAR))
    assert {"orderId": two["orderId"], "clientOid": "two"} == answer["arg"][0]["params"]


def test_what_one_order_changes_is_seen_on_the_same_connection(listener: Listener, trader: Trader) -> None:
    """Its own channels tell of it, once, and the position is there."""
    listener.subscribe("orders")
    listener.ask("trade", order(PLACE, BUY))
    frames = {"event" in frame: frame for frame in (listener.frame(), listener.frame())}
    told = frames[False]["data"]
    assert {frames[True]["arg"][0]["params"]["orderId"]} == {row["orderId"] for row in told}
    assert ["live", "filled"] == [row["status"] for row in told]
    assert (MARK, "+1") == (told[-1]["priceAvg"], trader.held(LINEAR))


@pytest.mark.parametrize(
    "fields",
    [
        BUY | {"size": "0"},
        BUY | {"size": "x"},
        BUY | {"size": 10**40},
        BUY | {"size": "100000"},
        BUY | {"marginCoin": "NOPE"},
        BUY | {"side": None},
        BUY | {"reduceOnly": "YES"},
        BUY | {"clientOid": "я"},
        RESTS | TERMS | {"price": "900.001"},
        RESTS | TERMS | {"force": "never"},
        RESTS,
        {},
    ],
)
def test_a_refusal_is_that_of_http(listener: Listener, trader: Trader, fields: dict[str, Any]) -> None:
    """The same code, as a number, and the same text; what was sent is repeated, and nothing has changed."""
    over_http = trader.post(f"{MIX}/order/place-order", LINEAR.names | {"marginCoin": ""} | fields)
    answer = trade(listener, PLACE, fields)
    assert ("error", int(over_http.code)) == (answer["event"], answer["code"])
    assert over_http.json["msg"] == answer["msg"]
    assert order(PLACE, {name: str(value) for name, value in fields.items() if value}) == answer["arg"][0]
    assert ([], "flat") == (trader.pending(LINEAR), trader.held(LINEAR))


@pytest.mark.parametrize("ids", [{"orderId": "1234"}, {"clientOid": "nothing"}, {"orderId": "x"}, {}])
def test_a_cancel_that_finds_nothing_is_refused_as_over_http(
    listener: Listener, trader: Trader, ids: dict[str, str]
) -> None:
    """Unknown, unreadable and missing ids have the codes of the endpoint."""
    over_http = trader.post(f"{MIX}/order/cancel-order", LINEAR.names | ids)
    answer = trade(listener, CANCEL, ids)
    assert (int(over_http.code), over_http.json["msg"]) == (answer["code"], answer["msg"])
    assert [order(CANCEL, ids)] == answer["arg"]


def test_an_order_of_the_other_position_mode(listener: Listener, trader: Trader) -> None:
    """Hedge mode needs to be told whether an order opens: the refusal that was recorded."""
    trader.set_position_mode(LINEAR, HEDGE)
    answer = trade(listener, PLACE, BUY)
    assert ("error", 40774) == (answer["event"], answer["code"])
    assert 0 == trade(listener, PLACE, BUY | {"tradeSide": "open"})["code"]


def test_what_is_ignored_is_said(listener: Listener) -> None:
    """Presets of an order that only closes mean nothing: the answer says so, as a header does over HTTP."""
    presets = {"presetStopLossPrice": "900", "reduceOnly": "YES", "side": "sell"}
    assert "note" not in trade(listener, PLACE, BUY)
    answer = trade(listener, PLACE, BUY | presets)
    assert (0, True) == (answer["code"], "ignored" in answer["note"])


def test_a_refusal_can_be_explained(listener: Listener, trader: Trader) -> None:
    """The frame names the request, as a header does over HTTP."""
    refused = trade(listener, PLACE, BUY | {"size": "100000"})
    told = trader.get("/api/backhand/v1/explain", {"requestId": refused["requestId"]}).data
    (one,) = told["refusals"]
    assert ("PlaceOrder", refused["msg"]) == (one["command"], one["message"])


@pytest.mark.parametrize(
    "argument",
    [
        order(PLACE, BUY, ""),
        order(PLACE, BUY, "x" * 41),
        order(PLACE, BUY, "req.1"),
        order(PLACE, BUY, ["req-1"]),
        order("click-backhand", BUY),
        order(PLACE, [BUY]),
        order(PLACE, "BUY"),
        order(PLACE, None),
        {"id": "1", "channel": PLACE},
        {},
    ],
)
def test_what_is_no_order(listener: Listener, trader: Trader, argument: dict[str, Any]) -> None:
    """It is refused as a parameter error that repeats which one it was, and the connection goes on."""
    listener.ask("trade", argument)
    frame = listener.frame()
    assert ("error", 30016) == (frame["event"], frame["code"])
    assert frame["arg"][0].get("channel") == argument.get("channel")
    assert "params" not in frame["arg"][0]
    assert (0, "+1") == (trade(listener, PLACE, BUY)["code"], trader.held(LINEAR))


def test_one_message_is_one_order(listener: Listener, trader: Trader) -> None:
    """There are no batches on this interface: of two nothing is done."""
    listener.ask("trade", order(PLACE, BUY, "1"), order(PLACE, BUY, "2"))
    frame = listener.frame()
    assert (30016, "1") == (frame["code"], frame["arg"][0]["id"])
    assert "flat" == trader.held(LINEAR)


def test_trading_needs_a_login(venue: VenueProcess, trader: Trader) -> None:
    """Without one it is refused under the id of the order, and after one it is not."""
    with Listener(venue) as listener:
        frame = trade(listener, PLACE, BUY)
        assert ("error", 30004, "req-1") == (frame["event"], frame["code"], frame["arg"][0]["id"])
        listener.log_in(trader.credentials)
        assert 0 == trade(listener, PLACE, BUY)["code"]


def test_a_key_that_only_reads_may_not_trade(venue: VenueProcess, open_account: OpenAccount) -> None:
    """It logs in and reads, and its orders are refused with the code of HTTP."""
    reader = open_account(permissions=["read"])
    with Listener(venue) as listener:
        listener.log_in(reader.credentials).subscribe("orders")
        assert 40014 == trade(listener, PLACE, BUY)["code"]


def test_orders_sent_at_once_are_answered_in_their_order(listener: Listener, trader: Trader) -> None:
    """Nobody has to wait for an answer before the next order; each is answered under its own id."""
    for number in range(40):
        listener.ask("trade", order(PLACE, RESTS | TERMS | {"clientOid": f"c-{number}"}, str(number)))
    answers = [listener.frame() for _ in range(40)]
    assert [(0, str(number)) for number in range(40)] == [
        (answer["code"], answer["arg"][0]["id"]) for answer in answers
    ]
    ids = [answer["arg"][0]["params"]["orderId"] for answer in answers]
    assert ids == [row["orderId"] for row in reversed(trader.pending(LINEAR))]


def test_an_order_whose_client_has_gone_is_carried_out(
    venue: VenueProcess, trader: Trader, open_account: OpenAccount
) -> None:
    """What was read is done, like a request over HTTP: its own id tells the client what became of it."""
    with Listener(venue) as listener:
        listener.log_in(trader.credentials)
        listener.ask("trade", order(PLACE, RESTS | TERMS | {"clientOid": "left"}))
        # The order is read before the end is: what follows comes on another connection, after it.
    assert 0 == trade_once(venue, open_account())["code"]
    assert "live" == trader.detail(LINEAR, clientOid="left").data["state"]


def trade_once(venue: VenueProcess, trader: Trader) -> Frame:
    with Listener(venue) as listener:
        return trade(listener.log_in(trader.credentials), PLACE, RESTS | TERMS)


def test_quotas_are_shared_with_http(limited_venue: VenueProcess) -> None:
    """Ten orders a second, whichever way they come; the next is 429 on both. Cancels have their own ten."""
    operator = limited_venue.operator
    operator.set_book(LINEAR, [("999", "100000")], [("1000", "100000")], "1000")
    trader = operator.trader()
    with Listener(limited_venue) as listener:
        listener.log_in(trader.credentials)
        for _ in range(5):
            assert 0 == trade(listener, PLACE, RESTS | TERMS)["code"]
            trader.limit(LINEAR, "buy", "1", "900")
        refused = trade(listener, PLACE, RESTS | TERMS)
        assert (429, "Too Many Requests", "req-1") == (
            refused["code"],
            refused["msg"],
            refused["arg"][0]["id"],
        )
        assert 429 == trader.place(LINEAR, side="buy", size="1").status
        assert 10 == len(trader.pending(LINEAR))
        assert 43001 == trade(listener, CANCEL, {"orderId": "1234"})["code"]
        operator.ask("POST", "/_venue/clock/advance", {"by": "1s"})
        assert 0 == trade(listener, PLACE, RESTS | TERMS)["code"]


def test_channels_and_orders_share_a_connection(listener: Listener) -> None:
    """Subscriptions, pings and orders are answered in the order in which they were asked."""
    listener.ask("trade", order(PLACE, RESTS | TERMS, "a"))
    listener.ask("subscribe", arg("fill"))
    listener.ask("trade", order(PLACE, RESTS | TERMS, "b"))
    frames = [listener.frame() for _ in range(3)]
    assert ["trade", "subscribe", "trade"] == [frame["event"] for frame in frames]
