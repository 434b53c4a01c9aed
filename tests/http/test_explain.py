"""Refusals explained over HTTP: by the request's id, to its owner."""

from tests.http.conftest import MARK, OpenAccount, SetBook
from tests.http.venue import LINEAR, Answer, Trader

EXPLAIN = "/api/backhand/v1/explain"


def explain(trader: Trader, answer: Answer) -> Answer:
    return trader.get(EXPLAIN, {"requestId": answer.headers["x-backhand-request-id"]})


def test_a_refusal_is_explained_to_its_owner(open_account: OpenAccount, set_book: SetBook) -> None:
    """Code, the rule's name and the figures; to anybody else it does not exist."""
    set_book(LINEAR)
    trader = open_account()
    refused = trader.place(LINEAR, side="buy", size="100000", price="1000", orderType="limit", force="gtc")
    told = explain(trader, refused).data
    assert refused.headers["x-backhand-request-id"] == told["requestId"]
    (one,) = told["refusals"]
    assert (refused.json["code"], refused.json["msg"]) == (one["code"], one["message"])
    assert ("PlaceOrder", MARK) == (one["command"], one["facts"]["markPrice"])
    other = open_account()
    assert (400, "40109") == (explain(other, refused).status, explain(other, refused).json["code"])


def test_every_refusal_of_a_batch_is_explained(open_account: OpenAccount, set_book: SetBook) -> None:
    """One request, as many refusals as it had, in their order."""
    set_book(LINEAR)
    trader = open_account()
    orders = [
        {"side": "sell", "size": size, "orderType": "market", "reduceOnly": "YES"} for size in ("1", "2")
    ]
    answer = trader.post(
        "/api/v2/mix/order/batch-place-order", LINEAR.names | {"marginMode": "crossed", "orderList": orders}
    )
    assert 2 == len(answer.data["failureList"]), answer.body
    assert ["no_position_to_close"] * 2 == [
        each["reason"] for each in explain(trader, answer).data["refusals"]
    ]


def test_what_the_rules_did_not_refuse_has_no_explanation(
    open_account: OpenAccount, set_book: SetBook
) -> None:
    """A success, a request that was not read, an unknown id and none at all."""
    set_book(LINEAR)
    trader = open_account()
    done = trader.place(LINEAR, side="buy", size="1")
    unread = trader.reverse(LINEAR, size="x")
    assert ["00000", "40808"] == [done.json["code"], unread.json["code"]]
    assert ["40109", "40109"] == [explain(trader, answer).json["code"] for answer in (done, unread)]
    assert "40109" == trader.get(EXPLAIN, {"requestId": "nothing"}).json["code"]
    assert "400172" == trader.get(EXPLAIN, {}).json["code"]
    assert "400172" == trader.get(EXPLAIN, {"requestId": "x" * 65}).json["code"]
    assert "40006" == trader.connection.exchange("GET", EXPLAIN, {}, None).json["code"]


def test_a_refused_reversal_is_explained(open_account: OpenAccount, set_book: SetBook) -> None:
    """Flat, a reversal has nothing but the market and the account to show."""
    set_book(LINEAR)
    trader = open_account()
    (one,) = explain(trader, trader.reverse(LINEAR)).data["refusals"]
    assert ("no_position_to_reverse", "ReversePosition") == (one["reason"], one["command"])
    assert "one-way" == one["facts"]["positionMode"]
