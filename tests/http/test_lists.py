"""Orders, fills and positions as lists: filters, pages, order, privacy; and how their queries are signed."""

import time

import pytest

from tests.http.checks import (
    HEDGE,
    ORDER_FIELDS,
    POSITION_FIELDS,
    assert_refused,
    assert_row,
    open_with,
)
from tests.http.conftest import ASK, DEEP, OpenAccount, SetBook
from tests.http.venue import (
    INVERSE,
    LINEAR,
    MIX,
    USDC,
    Operator,
    Trader,
    VenueProcess,
    plain,
    query_of,
    signature,
)

# Lists: filters and pages.


def test_pending_orders_are_listed_newest_first_in_pages(
    open_account: OpenAccount, set_book: SetBook
) -> None:
    """orders-pending filters by symbol, ids and status, and pages by endId and idLessThan."""
    set_book(LINEAR, asks=((ASK, "1"), ("1010", DEEP)))
    set_book(USDC)
    trader = open_account()
    ids = [trader.limit(LINEAR, "buy", "1", "960", clientOid=f"p-{index}") for index in range(4)]
    part = trader.limit(LINEAR, "buy", "2", "1001")
    trader.limit(USDC, "buy", "1", "960")
    newest_first = [part, *reversed(ids)]
    assert newest_first == [row["orderId"] for row in trader.pending(LINEAR)]
    everywhere = trader.get(f"{MIX}/order/orders-pending", {"productType": "USDT-FUTURES"}).data
    assert newest_first == [row["orderId"] for row in everywhere["entrustedList"]]
    assert [part] == [row["orderId"] for row in trader.pending(LINEAR, status="partially_filled")]
    assert newest_first[1:] == [row["orderId"] for row in trader.pending(LINEAR, status="live")]
    assert [ids[2]] == [row["orderId"] for row in trader.pending(LINEAR, orderId=ids[2])]
    assert [ids[1]] == [row["orderId"] for row in trader.pending(LINEAR, clientOid="p-1")]
    assert newest_first == pages(trader, "orders-pending", "entrustedList", "orderId", 2)


def pages(trader: Trader, endpoint: str, rows: str, identifier: str, limit: int) -> list[str]:
    """All identifiers of a list, read page by page as ccxt does."""
    found: list[str] = []
    parameters = {"productType": "USDT-FUTURES", "symbol": "ETHUSDT", "limit": str(limit)}
    while True:
        page = trader.get(f"{MIX}/order/{endpoint}", parameters).data
        if not page[rows]:
            return found
        assert len(page[rows]) <= limit
        assert page["endId"] == page[rows][-1][identifier]
        found.extend(row[identifier] for row in page[rows])
        parameters["idLessThan"] = page["endId"]


def test_past_orders_are_listed_newest_first_in_pages(open_account: OpenAccount, set_book: SetBook) -> None:
    """orders-history holds what is over, filters by ids, source and time, and pages."""
    set_book(LINEAR)
    trader = open_account()
    ids = [trader.market(LINEAR, "buy", "1", clientOid=f"h-{index}") for index in range(3)]
    cancelled = trader.limit(LINEAR, "buy", "1", "960")
    trader.cancel(LINEAR, cancelled).accepted()
    trader.limit(LINEAR, "buy", "1", "960")
    open_id = trader.reverse(LINEAR).data["orderId"]
    rows = trader.past_orders(LINEAR)
    assert rows == sorted(rows, key=lambda row: int(row["orderId"]), reverse=True)
    for row in rows:
        assert_row(ORDER_FIELDS | {"status", "posAvg"}, row)
        assert row["status"] in {"filled", "canceled"}
    everything = [row["orderId"] for row in rows]
    assert {*ids, cancelled, open_id} < set(everything)
    assert 6 == len(everything)
    assert everything == pages(trader, "orders-history", "entrustedList", "orderId", 2)
    assert [ids[1]] == [row["orderId"] for row in trader.past_orders(LINEAR, orderId=ids[1])]
    assert [ids[1]] == [row["orderId"] for row in trader.past_orders(LINEAR, clientOid="h-1")]
    assert ids[::-1] == [row["orderId"] for row in trader.past_orders(LINEAR, orderSource="market")]
    assert 2 == len(trader.past_orders(LINEAR, orderSource="reverse"))
    now = int(time.time() * 1000)
    assert everything == past_ids(trader, now - 60_000, now + 60_000)
    assert [] == past_ids(trader, now - 120_000, now - 60_000)


def past_ids(trader: Trader, start: int, end: int) -> list[str]:
    return [row["orderId"] for row in trader.past_orders(LINEAR, startTime=str(start), endTime=str(end))]


def test_fills_are_listed_newest_first_in_pages(open_account: OpenAccount, set_book: SetBook) -> None:
    """Fills filters by order and pages by tradeId."""
    set_book(LINEAR, asks=(("1000", "1"), ("1001", "1"), ("1002", DEEP)))
    trader = open_account()
    first = trader.market(LINEAR, "buy", "3")
    second = trader.market(LINEAR, "sell", "1")
    rows = trader.fills(LINEAR)
    assert [second, first, first, first] == [row["orderId"] for row in rows]
    assert ["999", "1002", "1001", "1000"] == [plain(row["price"]) for row in rows]
    assert ["sell_single"] + ["buy_single"] * 3 == [row["tradeSide"] for row in rows]
    ids = [row["tradeId"] for row in rows]
    assert len(set(ids)) == 4
    assert ids == pages(trader, "fills", "fillList", "tradeId", 3)
    assert ids[:1] == [row["tradeId"] for row in trader.fills(LINEAR, orderId=second)]
    # Closing 1 of 3 bought at 1001 on average loses 2.
    assert "-2" == plain(rows[0]["profit"])
    assert ["0"] * 3 == [plain(row["profit"]) for row in rows[1:]]


def test_nobody_sees_what_is_anothers(open_account: OpenAccount, set_book: SetBook) -> None:
    """Orders, fills and positions of one account are unknown to every other (DESIGN promise 9)."""
    set_book(LINEAR)
    owner, stranger = open_account(), open_account()
    order_id = owner.market(LINEAR, "buy", "1", clientOid="private")
    live_id = owner.limit(LINEAR, "buy", "1", "960")
    for identifier in ({"orderId": order_id}, {"orderId": live_id}, {"clientOid": "private"}):
        assert_refused(stranger.detail(LINEAR, **identifier), "40109")
    for rows in (
        stranger.pending(LINEAR),
        stranger.pending(LINEAR, orderId=live_id),
        stranger.past_orders(LINEAR, orderId=order_id),
        stranger.fills(LINEAR, orderId=order_id),
        stranger.position_rows(LINEAR),
    ):
        assert [] == rows
    assert "private" == stranger.place(LINEAR, side="buy", size="1", clientOid="private").data["clientOid"]


def test_an_unknown_order(open_account: OpenAccount) -> None:
    """order/detail of an unknown id is 40109, without any id 40924."""
    trader = open_account()
    assert_refused(trader.detail(LINEAR, orderId="1999999999999999999"), "40109")
    assert_refused(trader.detail(LINEAR, clientOid="never"), "40109")
    assert_refused(trader.detail(LINEAR), "40924")
    assert trader.detail(LINEAR, orderId="abc").code in {"40109", "40402", "40020"}


def test_all_positions(open_account: OpenAccount, set_book: SetBook) -> None:
    """all-position lists the product type's positions, both legs of each symbol, and nothing else."""
    set_book(LINEAR)
    set_book(INVERSE)
    trader = open_with(open_account, LINEAR, "L3 S2")
    trader.take(INVERSE, "L1")
    path = f"{MIX}/position/all-position"
    rows = trader.get(path, {"productType": "USDT-FUTURES", "marginCoin": "USDT"}).data
    assert {("ETHUSDT", "long", "3"), ("ETHUSDT", "short", "2")} == {
        (row["symbol"], row["holdSide"], plain(row["total"])) for row in rows
    }
    for row in rows:
        assert_row(POSITION_FIELDS | {"takeProfit", "stopLoss", "takeProfitId", "stopLossId"}, row)
    (row,) = trader.get(path, {"productType": "coin-futures"}).data
    assert ("ETHUSD", "ETH") == (row["symbol"], row["marginCoin"])
    assert [] == trader.get(path, {"productType": "USDC-FUTURES"}).data


def test_open_delegate_size_counts_opening_orders(open_account: OpenAccount, set_book: SetBook) -> None:
    """OpenDelegateSize is what resting orders would add to the leg."""
    set_book(LINEAR)
    trader = open_with(open_account, LINEAR, "L3 S2")
    trader.limit(LINEAR, "buy", "4", "960", tradeSide="open")
    trader.limit(LINEAR, "sell", "5", "1040", tradeSide="open")
    trader.limit(LINEAR, "buy", "1", "1040", tradeSide="close")
    assert "4" == plain(trader.position(LINEAR, "long")["openDelegateSize"])
    assert "5" == plain(trader.position(LINEAR, "short")["openDelegateSize"])


# Signatures of GET requests (auth.md section 3).


@pytest.mark.parametrize("client_oid", ["a b", "a+b", "a#b", "a:b-c_d"])
@pytest.mark.parametrize("variant", ["as sent", "raw", "unsorted"])
def test_every_way_to_sign_a_query(
    open_account: OpenAccount, set_book: SetBook, client_oid: str, variant: str
) -> None:
    """The query is signed as received or percent-decoded, in any order, and `+` is not a space."""
    set_book(LINEAR)
    trader = open_account()
    order_id = trader.market(LINEAR, "buy", "1", clientOid=client_oid)
    parameters = {"clientOid": client_oid, "productType": "USDT-FUTURES", "symbol": "ETHUSDT"}
    sent = query_of(parameters)
    signed = sent
    if variant == "raw":
        signed = "&".join(f"{name}={value}" for name, value in sorted(parameters.items()))
    elif variant == "unsorted":
        sent = signed = "&".join(reversed(sent.split("&")))
    path = f"{MIX}/order/detail"
    headers = trader.signed("GET", f"{path}?{signed}", b"")
    answer = trader.connection.exchange("GET", f"{path}?{sent}", headers, None)
    assert order_id == answer.data["orderId"]
    headers = trader.signed("GET", f"{path}?{signed}&limit=1", b"")
    assert_refused(trader.connection.exchange("GET", f"{path}?{sent}", headers, None), "40009")


def test_the_signature_of_the_specification() -> None:
    """auth.md 3: the test vector, so that these tests sign what the exchange would accept."""
    body = b'{"symbol":"BTCUSDT","productType":"USDT-FUTURES","marginCoin":"USDT","side":"buy"}'
    expected = "UzxznueZ7wBRXGrSw/GPJRH6dhu4k4RUxS/pEhj0Slo="
    assert expected == signature("s", "1795351167970", "POST", f"{MIX}/order/click-backhand", body)


def test_a_read_only_key_reads(venue: VenueProcess, operator: Operator, set_book: SetBook) -> None:
    """auth.md 5: reading needs read permission only, writing is 40014 for every endpoint that writes."""
    set_book(LINEAR)
    owner = operator.trader()
    owner.take(LINEAR, "+1")
    reader = venue.trader(operator.open_key(uid=owner.credentials.uid, balances={}, permissions=["read"]))
    assert "+1" == reader.held(LINEAR)
    assert [] == reader.pending(LINEAR)
    before = operator.digest()
    for answer in (
        reader.place(LINEAR, side="buy", size="1"),
        reader.cancel(LINEAR, "1"),
        reader.set_leverage(LINEAR, leverage="10"),
        reader.set_margin_mode(LINEAR, "isolated"),
        reader.set_position_mode(LINEAR, HEDGE),
    ):
        assert_refused(answer, "40014")
    assert before == operator.digest()
