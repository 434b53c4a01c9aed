"""The receipt of a reversal over HTTP, across restarts, and a retry that never reverses twice."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from backhand.history import FILE_NAME as HISTORY_FILE_NAME
from backhand.journal.sqlite import FILE_NAME as JOURNAL_FILE_NAME
from tests.http.checks import open_with
from tests.http.conftest import ASK, BID, DEEP, MARK, OpenAccount, SetBook
from tests.http.venue import INVERSE, LINEAR, Answer, Product, Trader, VenueProcess, plain

RECEIPT = "/api/backhand/v1/reversal/receipt"
QUOTE = "/api/backhand/v1/reversal/quote"


def receipt(trader: Trader, **name: str) -> Answer:
    return trader.get(RECEIPT, name)


@pytest.mark.parametrize("product", [LINEAR, INVERSE], ids=lambda product: product.symbol)
@pytest.mark.parametrize("margin_mode", ["crossed", "isolated"])
@pytest.mark.parametrize("held", ["+10", "-10", "L10", "S10"])
def test_a_receipt_tells_what_orders_and_fills_tell(
    open_account: OpenAccount, set_book: SetBook, product: Product, margin_mode: str, held: str
) -> None:
    """Both legs with every fill, in sums that agree with order/detail, order/fills and the wallet."""
    set_book(product)
    trader = open_with(open_account, product, held, margin_mode)
    set_book(
        product,
        bids=(("999", "4"), ("998", "9"), ("997", DEEP)),
        asks=(("1000", "14"), ("1001", "3"), ("1002", DEEP)),
    )
    hedge = {"side": "sell" if held[0] == "S" else "buy", "tradeSide": "open"} if held[0] in "LS" else {}
    wallet = trader.wallet(product)
    answer = trader.reverse(product, clientOid=f"receipt-{held}", **hedge)
    told = receipt(trader, clientOid=f"receipt-{held}").data
    assert told == receipt(trader, orderId=answer.data["orderId"]).data
    assert told == receipt(trader, orderId=told["closeLeg"]["orderId"]).data
    assert (answer.data["orderId"], f"receipt-{held}") == (told["orderId"], told["clientOid"])
    assert ("short" if held[0] in "-S" else "long") == told["reversed"]
    for leg in (told["closeLeg"], told["openLeg"]):
        order = trader.detail(product, orderId=leg["orderId"]).data
        fills = trader.fills(product, orderId=leg["orderId"])
        assert (leg["clientOid"], plain(leg["filledSize"])) == (
            order["clientOid"],
            plain(order["baseVolume"]),
        )
        for ours, theirs in (
            ("averagePrice", "priceAvg"),
            ("fee", "fee"),
            ("realizedProfit", "totalProfits"),
        ):
            assert Decimal(leg[ours]) == Decimal(order[theirs])
        assert [
            (fill["tradeId"], Decimal(fill["price"]), Decimal(fill["size"])) for fill in leg["fills"]
        ] == [
            (fill["tradeId"], Decimal(fill["price"]), Decimal(fill["baseVolume"])) for fill in reversed(fills)
        ]
        for name in ("fee", "realizedProfit"):
            assert Decimal(leg[name]) == sum(Decimal(fill[name]) for fill in leg["fills"])
    assert trader.wallet(product) - wallet == Decimal(told["realizedProfit"]) + Decimal(told["fee"])
    assert (None, None, "", "") == (told["quoted"], told["difference"], told["shortfall"], told["note"])


def test_a_receipt_compares_with_the_quote(open_account: OpenAccount, set_book: SetBook) -> None:
    """Nothing in between makes zeros; better prices make differences in the holder's favour."""
    for bid, moved, fee in (("999", "0", "0"), ("999.5", "0.5", "-0.006")):
        set_book(LINEAR)
        trader = open_with(open_account, LINEAR, "+10")
        quoted = trader.post(QUOTE, LINEAR.names).data
        set_book(LINEAR, bids=((bid, DEEP),), asks=((ASK, DEEP),))
        trader.reverse(LINEAR, quoteId=quoted["quoteId"], clientOid="as-quoted")
        told = receipt(trader, clientOid="as-quoted").data
        zero = {"closedSize": "0", "openedSize": "0"}
        prices = {"closeAveragePrice": moved, "openAveragePrice": moved}
        assert zero | prices | {"fee": fee} == told["difference"]
        assert (quoted["closeLeg"]["averagePrice"], quoted["openLeg"]["averagePrice"]) == (
            told["quoted"]["closeAveragePrice"],
            told["quoted"]["openAveragePrice"],
        )
        assert Decimal(told["quoted"]["fee"]) == Decimal(quoted["closeLeg"]["fee"]) + Decimal(
            quoted["openLeg"]["fee"]
        )


def test_a_receipt_names_what_was_cancelled_and_why_less_was_opened(
    open_account: OpenAccount, set_book: SetBook
) -> None:
    """Orders by their ids, the shortfall by its reason, ignored fields as the answer's note had them."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "+10")
    resting = trader.limit(LINEAR, "sell", "4", "1050", reduceOnly="YES")
    set_book(LINEAR, bids=((BID, "14"),))
    answer = trader.reverse(LINEAR, size="3", clientOid="short")
    told = receipt(trader, clientOid="short").data
    assert ([resting], "shortfall_liquidity") == (told["cancelledOrders"], told["shortfall"])
    assert ("10", "4") == (plain(told["openLeg"]["size"]), plain(told["openLeg"]["filledSize"]))
    assert answer.headers["x-backhand-note"] == told["note"]
    set_book(LINEAR)


def test_a_receipt_is_its_owners(open_account: OpenAccount, set_book: SetBook) -> None:
    """Other orders, other accounts and other names have none: 40109; no name at all is 40924."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "+10")
    order_id = trader.reverse(LINEAR, clientOid="mine").data["orderId"]
    placed = trader.market(LINEAR, "buy", "1", clientOid="no-reversal")
    other = open_account()
    answers = [
        receipt(other, orderId=order_id),
        receipt(other, clientOid="mine"),
        receipt(trader, orderId=placed),
        receipt(trader, clientOid="no-reversal"),
        receipt(trader, orderId=str(int(order_id) + 2)),
        receipt(trader, orderId="9223372036854775807"),
        receipt(trader, orderId="0"),
    ]
    assert [(400, "40109")] * len(answers) == [(answer.status, answer.json["code"]) for answer in answers]
    assert "40924" == receipt(trader).json["code"]
    assert "40402" == receipt(trader, orderId="x").json["code"]
    assert "40006" == trader.connection.exchange("GET", RECEIPT, {}, None).json["code"]


def test_receipts_are_limited_to_ten_a_second(logs: Path) -> None:
    """The eleventh in one second of venue time is 429."""
    options = ("--memory", "--market", "manual", "--clock", "frozen", "--limits", "on")
    process = VenueProcess(logs / "receipt-limits.log", options).start()
    trader = process.operator.trader()
    codes = [receipt(trader, orderId="1").json["code"] for _ in range(11)]
    assert ["40109"] * 10 + ["429"] == codes
    codes = [trader.get("/api/backhand/v1/explain", {"requestId": "x"}).json["code"] for _ in range(11)]
    assert ["40109"] * 10 + ["429"] == codes
    process.stop()


@pytest.fixture
def kept(logs: Path, tmp_path: Path) -> Iterator[VenueProcess]:
    process = VenueProcess(
        logs / "receipts.log", ("--data", str(tmp_path / "venue"), "--market", "manual", "--limits", "off")
    ).start()
    process.operator.set_book(LINEAR, [(BID, DEEP)], [(ASK, DEEP)], MARK)
    yield process
    process.stop()


def records(folder: Path) -> list[tuple[int, bytes]]:
    with closing(sqlite3.connect(folder / JOURNAL_FILE_NAME)) as journal:
        return journal.execute(
            "SELECT first_sequence, record FROM records ORDER BY first_sequence"
        ).fetchall()


def test_a_receipt_survives_a_crash_and_the_loss_of_the_read_models(
    kept: VenueProcess, tmp_path: Path
) -> None:
    """After SIGKILL, and after its rows are folded again from the journal, it is the same to the letter."""
    trader = kept.operator.trader()
    trader.take(LINEAR, "+10")
    quote_id = trader.post(QUOTE, LINEAR.names).data["quoteId"]
    trader.reverse(LINEAR, quoteId=quote_id, clientOid="kept")
    told = receipt(trader, clientOid="kept").data
    credentials = trader.credentials
    kept.kill()
    kept.start()
    assert told == receipt(kept.trader(credentials), clientOid="kept").data
    kept.kill()
    (tmp_path / "venue" / HISTORY_FILE_NAME).unlink()
    kept.start()
    assert told == receipt(kept.trader(credentials), clientOid="kept").data
    held_by = [record for first, record in records(tmp_path / "venue") if first <= int(told["sequence"])]
    assert held_by[-1][-32:].hex() == told["recordHash"]


@pytest.mark.parametrize("crash", [False, True])
def test_a_retry_never_reverses_twice(kept: VenueProcess, crash: bool) -> None:
    """The same clientOid again is 40786, before and after SIGKILL; the receipt tells what the first did."""
    trader = kept.operator.trader()
    trader.take(LINEAR, "+10")
    credentials = trader.credentials
    # The answer is thrown away: this is the client that does not know.
    target = "/api/v2/mix/order/click-backhand"
    body = json.dumps(LINEAR.names | {"clientOid": "once"}).encode()
    if crash:
        trader.connection.send_and_hang_up("POST", target, trader.signed("POST", target, body), body)
        wait_for(kept.trader(credentials), "-10")
        kept.kill()
        kept.start()
    else:
        trader.post(target, body)
    again = kept.trader(credentials)
    for _ in range(3):
        answer = again.reverse(LINEAR, clientOid="once")
        assert (400, "40786") == (answer.status, answer.json["code"])
    assert "-10" == again.held(LINEAR)
    told = receipt(again, clientOid="once").data
    assert ("long", "10", "10") == (
        told["reversed"],
        plain(told["closeLeg"]["filledSize"]),
        plain(told["openLeg"]["filledSize"]),
    )
    legs: list[dict[str, Any]] = again.past_orders(LINEAR, orderSource="reverse")
    assert {told["closeLeg"]["orderId"], told["openLeg"]["orderId"]} == {leg["orderId"] for leg in legs}


def test_a_retry_after_a_crash_in_the_middle_reverses_once_or_is_known_as_done(kept: VenueProcess) -> None:
    """Killed while reversals are on their way: each retry does it now or finds it done, never twice."""
    traders = [kept.operator.trader() for _ in range(12)]
    for trader in traders:
        trader.take(LINEAR, "+1")
    keys = [trader.credentials for trader in traders]
    target = "/api/v2/mix/order/click-backhand"
    body = json.dumps(LINEAR.names | {"clientOid": "once"}).encode()
    for trader in traders:
        trader.connection.send_and_hang_up("POST", target, trader.signed("POST", target, body), body)
    kept.kill()
    kept.start()
    codes = set()
    for key in keys:
        trader = kept.trader(key)
        before = trader.held(LINEAR)
        code = trader.reverse(LINEAR, clientOid="once").json["code"]
        codes.add(code)
        assert code == ("00000" if before == "+1" else "40786")
        assert "40786" == trader.reverse(LINEAR, clientOid="once").json["code"]
        assert "-1" == trader.held(LINEAR)
        assert 2 == len(trader.past_orders(LINEAR, orderSource="reverse"))
        assert "00000" == receipt(trader, clientOid="once").json["code"]
    assert codes <= {"00000", "40786"}


def wait_for(trader: Trader, held: str) -> None:
    """Look until a position is there, or fail."""
    for _ in range(200):
        if trader.held(LINEAR) == held:
            return
    raise AssertionError(f"{trader.held(LINEAR)} is held, not {held}")
