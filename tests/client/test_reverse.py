"""What `reverse` makes of every kind of answer, and how often it sends."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import pytest

from backhand.client import (
    AccessRefused,
    DuplicateClientOid,
    NoAnswer,
    NotFound,
    NothingHeld,
    NotSent,
    NotSupported,
    OutcomeUnknown,
    Refused,
    Reversal,
    TooManyRequests,
)
from backhand.client.account_calls import positions
from backhand.client.reversal_calls import explain, find_reversal, quote, receipt, reverse
from backhand.client.transport import AnswerLost, HttpAnswer
from tests.client.played import Reply, Script, coded, data

ORDER: Final = {
    "orderId": "19",
    "clientOid": "made-1",
    "symbol": "ETHUSDT",
    "side": "sell",
    "orderType": "market",
    "size": "2",
    "baseVolume": "2",
    "priceAvg": "999",
    "fee": "-1.2",
    "state": "filled",
    "orderSource": "reverse",
}
POSITION: Final = {
    "symbol": "ETHUSDT",
    "marginCoin": "USDT",
    "holdSide": "short",
    "total": "2",
    "available": "2",
    "openPriceAvg": "999",
}
RECEIPT_LEG: Final = {
    "orderId": "19",
    "clientOid": "made-1",
    "side": "sell",
    "size": "2",
    "filledSize": "2",
    "averagePrice": "999",
    "fee": "-1",
    "realizedProfit": "0",
    "fills": [],
}
RECEIPT: Final = {
    "orderId": "19",
    "clientOid": "made-1",
    "symbol": "ETHUSDT",
    "productType": "USDT-FUTURES",
    "marginCoin": "USDT",
    "sequence": "5",
    "time": "1",
    "reversed": "long",
    "realizedProfit": "0",
    "fee": "-1",
    "cancelledOrders": [],
    "cancelledTriggers": [],
    "closeLeg": RECEIPT_LEG,
}
DONE: Final = data({"orderId": "19", "clientOid": "made-1"})
SHOWN: Final = data(ORDER)
OTHER: Final = data(ORDER | {"clientOid": "other"})
HELD: Final = data([POSITION])
ABSENT: Final = coded("40109", "The data of the order cannot be found")
LOST: Final = AnswerLost("cut")
UNCONNECTED: Final = NotSent("refused")
BUSY: Final = coded("429", "Too Many Requests", 429)

SEND, LOOK, HOLD = "click-backhand", "detail", "single-position"


def reversed_by(replies: Sequence[Reply], **options: Any) -> tuple[Reversal, Script]:
    script = Script(replies)
    return script.play(reverse(script.session(), "ETHUSDT", **options)), script


def fails(replies: Sequence[Reply], **options: Any) -> tuple[Exception, Script]:
    script = Script(replies)
    with pytest.raises(Exception) as raised:  # noqa: PT011 (the caller compares its class)
        script.play(reverse(script.session(), "ETHUSDT", **options))
    return raised.value, script


@pytest.mark.parametrize(
    ("replies", "found", "paths"),
    [
        ([DONE, SHOWN, HELD], False, [SEND, LOOK, HOLD]),
        ([UNCONNECTED, DONE, SHOWN, HELD], False, [SEND, SEND, LOOK, HOLD]),
        ([BUSY, BUSY, DONE, SHOWN, HELD], False, [SEND, SEND, SEND, LOOK, HOLD]),
        ([LOST, SHOWN, HELD], True, [SEND, LOOK, HOLD]),
        ([LOST, ABSENT, ABSENT, SHOWN, HELD], True, [SEND, LOOK, LOOK, LOOK, HOLD]),
        ([LOST, OTHER, SHOWN, HELD], True, [SEND, LOOK, LOOK, HOLD]),
        ([DONE, data(ORDER | {"orderId": "18"}), SHOWN, HELD], False, [SEND, LOOK, LOOK, HOLD]),
        ([LOST, LOST, UNCONNECTED, BUSY, SHOWN, HELD], True, [SEND, LOOK, LOOK, LOOK, LOOK, HOLD]),
        ([coded("40786", "Duplicate clientOid"), SHOWN, HELD], True, [SEND, LOOK, HOLD]),
    ],
)
def test_it_is_sent_again_only_when_it_surely_did_nothing(
    replies: list[Reply], found: bool, paths: list[str]
) -> None:
    """No connection and 429 are sent again; a lost answer is looked for."""
    done, script = reversed_by(replies)
    assert paths == script.paths
    assert ("made-1", "19", found) == (done.client_oid, done.order_id, done.found)
    assert done.opened is not None
    assert (Decimal(2), Decimal(999), Decimal("-1.2"), "filled") == (
        done.opened.filled_size,
        done.opened.average_price,
        done.opened.fee,
        done.opened.status,
    )
    assert done.positions is not None
    assert [("short", Decimal(2))] == [(row.hold_side, row.total) for row in done.positions]
    assert {"made-1"} == {sent.fields["clientOid"] for sent in script.sent if sent.route.path.endswith(SEND)}


@pytest.mark.parametrize(
    "answer",
    [
        coded("40010", "Request timed out"),
        coded("40725", "service return an error"),
        coded("45001", "Unknown error"),
        coded("40015", "System is abnormal", 503),
        coded("40200", "Server upgrade"),
        coded("40757", "Not enough position", 500),
        coded("00000", "success", 500),
        coded("00000", "success", 302),
        data({"orderId": ["not", "text"]}),
        data(None),
        HttpAnswer(200, {}, b'{"code":"00000","msg":"succ'),
        HttpAnswer(200, {}, b""),
        HttpAnswer(200, {}, b"\xff"),
        HttpAnswer(502, {}, b"<h1>Bad Gateway</h1>"),
        HttpAnswer(404, {}, b"<h1>Not Found</h1>"),
        HttpAnswer(200, {}, b"[1]"),
        # What stands in between has codes too, and says of its own trouble only that it is.
        HttpAnswer(200, {}, b'{"code":503,"msg":"Service Unavailable"}'),
        HttpAnswer(200, {}, b'{"code":"503","msg":"Service Unavailable"}'),
        HttpAnswer(200, {}, b'{"code":40757,"msg":"a number is no code of the exchange"}'),
        HttpAnswer(200, {}, b'{"code":"INTERNAL","msg":"upstream"}'),
        HttpAnswer(200, {}, b'{"code":"4075x"}'),
        HttpAnswer(200, {}, b'{"code":"\xd9\xa4\xd9\xa0\xd9\xa7\xd9\xa5\xd9\xa7"}'),
        HttpAnswer(403, {}, b'{"code":1020,"message":"Access denied"}'),
        HttpAnswer(408, {}, b'{"code":"408","msg":"Request Timeout"}'),
        HttpAnswer(409, {}, b'{"code":"","msg":null}'),
        HttpAnswer(499, {}, b'{"code":499,"msg":"client closed"}'),
        coded("40757", "Not enough position", 408),
        coded("40757", "Not enough position", 499),
        coded("40757", "Not enough position", 301),
        coded("429", "Too Many Requests", 503),
        # JSON that no reader of it can take.
        HttpAnswer(200, {}, b'{"code":"00000","data":' + b"[" * 900 + b"]" * 900 + b"}"),
        HttpAnswer(
            200, {}, b'{"code":"00000","data":{"orderId":1.5e99999999999999999999,"clientOid":"made-1"}}'
        ),
        HttpAnswer(
            200,
            {},
            b'{"code":"00000","data":{"orderId":"1","clientOid":"made-1","x":'
            + b"[" * 950
            + b"]" * 950
            + b"}}",
        ),
        # An answer, but to whom?
        data({"orderId": "18", "clientOid": "made-0"}),
        data({"orderId": "18"}),
        data({}),
    ],
)
def test_what_cannot_be_read_as_yes_or_no_is_looked_for(answer: HttpAnswer) -> None:
    """Faults, odd statuses and broken bodies are no refusals: it may have happened."""
    done, script = reversed_by([answer, ABSENT, SHOWN, HELD])
    assert (True, [SEND, LOOK, LOOK, HOLD]) == (done.found, script.paths)


@pytest.mark.parametrize("lost", [LOST, coded("40725", "service return an error", 500)])
def test_unknown_is_said_after_the_deadline(lost: Reply) -> None:
    """An order that the exchange does not show in time is unknown, and looking for it ends in time."""
    error, script = fails([lost, ABSENT], deadline_seconds=8.0)
    assert isinstance(error, OutcomeUnknown)
    assert "made-1" == error.client_oid
    assert 1 == script.paths.count(SEND)
    assert {LOOK} == set(script.paths[1:])
    assert 5 <= len(script.paths) <= 15
    assert 6.0 < script.now_seconds - 1000.0 <= 8.0


@pytest.mark.parametrize(
    ("replies", "kind", "paths"),
    [
        ([UNCONNECTED], NotSent, [SEND] * 3),
        ([BUSY], TooManyRequests, [SEND] * 4),
        ([coded("40757", "Not enough position is available.")], NothingHeld, [SEND]),
        ([coded("40009", "sign signature error")], AccessRefused, [SEND]),
        ([coded("12345", "something new")], Refused, [SEND]),
        (
            [coded("40786", "Duplicate clientOid"), data(ORDER | {"orderSource": "market"})],
            DuplicateClientOid,
            [SEND, LOOK],
        ),
        ([LOST, data(ORDER | {"orderSource": "market"})], OutcomeUnknown, [SEND, LOOK]),
        ([coded("40786", "Duplicate clientOid"), ABSENT], DuplicateClientOid, [SEND, LOOK]),
        ([coded("40786", "Duplicate clientOid"), LOST, ABSENT], DuplicateClientOid, [SEND, LOOK, LOOK]),
    ],
)
def test_failures(replies: list[Reply], kind: type[Exception], paths: list[str]) -> None:
    """Each failure has its class, and nothing is sent after it."""
    error, script = fails(replies)
    assert kind is type(error)
    assert paths == script.paths


def test_it_waits_for_the_order_to_end() -> None:
    """An order that is still live is asked for again; when the time is over it is reported as it is."""
    live = data(ORDER | {"state": "live", "baseVolume": "0", "priceAvg": ""})
    done, script = reversed_by([LOST, live, SHOWN, HELD])
    assert [SEND, LOOK, LOOK, HOLD] == script.paths
    done, _ = reversed_by([DONE, *[live] * 50], deadline_seconds=2.0)
    assert done.opened is not None
    assert ("live", Decimal(0), None) == (
        done.opened.status,
        done.opened.filled_size,
        done.opened.average_price,
    )


def test_an_acknowledged_reversal_is_no_failure() -> None:
    """When neither order nor positions can be read afterwards, the reversal has happened all the same."""
    done, _ = reversed_by([DONE, LOST], deadline_seconds=2.0)
    assert ("19", False, None, None) == (done.order_id, done.found, done.opened, done.positions)
    done, _ = reversed_by([LOST, SHOWN, LOST])
    assert (True, None) == (done.found, done.positions)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"worst_price": 900}, "worst_price"),
        ({"max_slippage": "0.01"}, "max_slippage"),
        ({"shortfall": "strict"}, "shortfall"),
        ({"open_orders": "exclude", "quote_id": "x"}, "open_orders, quote_id"),
    ],
)
def test_a_guard_that_would_be_ignored_is_not_sent(options: dict[str, Any], named: str) -> None:
    """The exchange's own call ignores what only this venue knows, so nothing is sent there."""
    error, script = fails([data([POSITION], headers={})], **options)
    assert isinstance(error, NotSupported)
    assert str(error).endswith(named)
    assert [HOLD] == script.paths
    _, script = reversed_by([HELD, DONE, SHOWN, HELD], **options)
    assert [HOLD, SEND, LOOK, HOLD] == script.paths


def test_an_id_of_the_callers_is_looked_up_first() -> None:
    """Elsewhere a used id may be accepted again, so it is not sent; this venue refuses it by itself."""
    mine = data(ORDER | {"clientOid": "mine"}, headers={})
    done, script = reversed_by([mine, HELD], client_oid="mine")
    assert (True, [LOOK, HOLD]) == (done.found, script.paths)
    done_mine = data({"orderId": "19", "clientOid": "mine"})
    _, script = reversed_by([coded("40109", headers={}), done_mine, SHOWN, HELD], client_oid="mine")
    assert [LOOK, SEND, LOOK, HOLD] == script.paths
    assert "mine" == script.sent[1].fields["clientOid"]
    error, script = fails([LOST], client_oid="mine")
    assert (NoAnswer, [LOOK]) == (type(error), script.paths)
    error, script = fails([OTHER], client_oid="mine")
    assert (NoAnswer, [LOOK]) == (type(error), script.paths)
    error, script = fails([data(ORDER | {"orderSource": "normal", "clientOid": "mine"})], client_oid="mine")
    assert (DuplicateClientOid, [LOOK]) == (type(error), script.paths)


@pytest.mark.parametrize("code", ["98001", "98002", "40774", "40034", "40009", "400172"])
def test_a_refusal_does_not_hide_that_the_id_ran_before(code: str) -> None:
    """Nobody may have looked at the id, so it is looked up; unasked-for ids are new and cannot have run."""
    script = Script([HELD, coded(code), data(ORDER | {"clientOid": "mine"}), HELD])
    session = script.session()
    script.play(positions(session, "ETHUSDT"))
    done = script.play(reverse(session, "ETHUSDT", client_oid="mine"))
    assert (True, "mine", [HOLD, SEND, LOOK, HOLD]) == (done.found, done.client_oid, script.paths)
    for after, kind in ((ABSENT, Refused), (coded("40009"), Refused), (LOST, OutcomeUnknown)):
        script = Script([HELD, coded(code), after])
        session = script.session()
        script.play(positions(session, "ETHUSDT"))
        with pytest.raises(kind) as raised:
            script.play(reverse(session, "ETHUSDT", client_oid="mine"))
        assert [HOLD, SEND, LOOK] == script.paths
        if isinstance(raised.value, Refused):
            assert code == raised.value.code
        else:
            assert "mine" == getattr(raised.value, "client_oid", "")
    error, script = fails([coded(code)])
    assert (True, [SEND]) == (isinstance(error, Refused), script.paths)


def test_the_close_leg_is_never_called_the_opened_one() -> None:
    """Where the close leg's order is returned, this venue's receipt leads to the other one."""
    closing = data(ORDER | {"reduceOnly": "YES", "fee": "-1"})
    opening = data(ORDER | {"orderId": "21", "clientOid": "22", "baseVolume": "0", "state": "canceled"})
    told = data(RECEIPT | {"openLeg": RECEIPT_LEG | {"orderId": "21"}})
    done, script = reversed_by([DONE, closing, told, opening, HELD])
    assert [SEND, LOOK, "receipt", LOOK, HOLD] == script.paths
    assert {"orderId": "21"} == {name: script.sent[3].fields[name] for name in ("orderId",)}
    assert done.closed is not None
    assert done.opened is not None
    assert ("19", "19", "21", "canceled") == (
        done.order_id,
        done.closed.order_id,
        done.opened.order_id,
        done.opened.status,
    )
    done, _ = reversed_by([DONE, closing, LOST, HELD])
    assert done.closed is not None
    assert ("19", None) == (done.closed.order_id, done.opened)


@pytest.mark.parametrize("options", [{"hold_side": "buy"}, {"hold_side": "LONG"}, {"hold_side": ""}])
def test_a_side_that_is_none_is_told_before_anything_is_sent(options: dict[str, Any]) -> None:
    """Bad arguments are `ValueError`, also of a quote."""
    script = Script([DONE])
    for call in (reverse, quote):
        with pytest.raises(ValueError, match="hold_side"):
            script.play(call(script.session(), "ETHUSDT", **options))
    assert [] == script.sent


def test_an_absent_explanation_has_its_own_advice() -> None:
    """What is asked for by one id alone has no symbol to check."""
    for asked in (explain(Script([]).session(), "0-1"), receipt(Script([]).session(), client_oid="x")):
        with pytest.raises(NotFound) as raised:
            Script([ABSENT]).play(asked)
        assert ("40109", False) == (raised.value.code, "symbol" in raised.value.advice)


def test_fields() -> None:
    """What is asked for is sent under the exchange's names, exact, and nothing else is."""
    _, script = reversed_by([HELD, DONE, SHOWN, HELD], hold_side="long", size=Decimal("0.10"), max_slippage=1)
    assert {
        "symbol": "ETHUSDT",
        "productType": "USDT-FUTURES",
        "marginCoin": "USDT",
        "size": "0.10",
        "side": "buy",
        "tradeSide": "open",
        "clientOid": "made-1",
        "maxSlippage": "1",
    } == script.sent[1].fields


def test_what_it_is_looked_for_under() -> None:
    """An acknowledged reversal is looked for under the exchange's id, a lost one under the client's."""
    for first, named in ((DONE, {"orderId": "19"}), (LOST, {"clientOid": "made-1"})):
        _, script = reversed_by([first, SHOWN, HELD])
        assert {"symbol": "ETHUSDT", "productType": "USDT-FUTURES"} | named == script.sent[1].fields


def test_find_reversal() -> None:
    """Asked later, a reversal is found under its id, or not yet."""
    script = Script([SHOWN, HELD])
    done = script.play(find_reversal(script.session(), "ETHUSDT", "made-1"))
    assert ("19", True) == (done.order_id, done.found)
    script = Script([ABSENT])
    with pytest.raises(NotFound):
        script.play(find_reversal(script.session(), "ETHUSDT", "made-1"))
