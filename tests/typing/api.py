"""
The public API as a user's program uses it: never run, only checked for types.

Each `assert_type` is a promise; each ignored error is something that must stay an error (an ignore that is
not needed is an error too).
"""

import datetime as dt
from decimal import Decimal
from typing import assert_type

from backhand import Venue
from backhand.client import (
    BITGET,
    AsyncClient,
    Client,
    Credentials,
    Instrument,
    Leg,
    OutcomeUnknown,
    Refused,
    Reversal,
    live_positions,
)
from backhand.client.models import (
    Account,
    Book,
    ClosedPositions,
    Contract,
    FillPage,
    Leverages,
    Order,
    OrderIds,
    OrderPage,
    Position,
    PositionModeSet,
    Quote,
    Ticker,
)
from backhand.client.receipts import Difference, ExplainedRefusal, Explanation, Receipt, ReceiptLeg
from backhand.projections.applied import Applied
from backhand.venue import VenueAccount, WaitingOrder

KEY = Credentials("key", "secret", "passphrase")


def reads() -> None:
    """Everything that can be asked."""
    with Client("http://127.0.0.1:8080", KEY, paptrading=True, copy_trader=False) as client:
        assert_type(client, Client)
        assert_type(client.server_time(), int)
        assert_type(client.contracts("USDT-FUTURES", "ETHUSDT"), list[Contract])
        assert_type(client.ticker("ETHUSDT"), Ticker)
        assert_type(client.book(Instrument("ETHUSDT", "USDT-FUTURES", "USDT"), 5), Book)
        assert_type(client.account("ETHUSDT"), Account)
        assert_type(client.accounts("COIN-FUTURES"), list[Account])
        assert_type(client.positions(), list[Position])
        assert_type(client.positions("ETHUSDT")[0].total, Decimal)
        assert_type(client.order("ETHUSDT", client_oid="x"), Order)
        assert_type(client.open_orders(product_type="USDC-FUTURES"), OrderPage)
        assert_type(client.order_history("ETHUSDT", order_source="reverse", limit=5), OrderPage)
        assert_type(client.fills("ETHUSDT", order_id="1"), FillPage)
        assert_type(client.fills("ETHUSDT").fills[0].fee, Decimal)
        assert_type(client.receipt(client_oid="x"), Receipt)
        assert_type(client.receipt(client_oid="x").close_leg, ReceiptLeg)
        assert_type(client.explain("0-1"), Explanation)
        assert_type(client.explain("0-1").refusals[0].facts, dict[str, str])


def changes(client: Client) -> None:
    """Everything that can be changed."""
    assert_type(client.set_leverage("ETHUSDT", 10, hold_side="long"), Leverages)
    assert_type(client.set_margin_mode("ETHUSDT", "isolated"), Leverages)
    assert_type(client.set_position_mode("hedge_mode"), PositionModeSet)
    assert_type(client.place_order("ETHUSDT", "buy", Decimal("0.1"), price="3000", force="ioc"), OrderIds)
    assert_type(client.cancel_order("ETHUSDT", order_id="1"), OrderIds)
    assert_type(client.close_positions("ETHUSDT"), ClosedPositions)


def reverses(client: Client) -> None:
    """The reversal and what it can come to."""
    quote = client.quote("ETHUSDT", shortfall="strict", max_slippage=Decimal("0.002"))
    assert_type(quote, Quote)
    assert_type(quote.open_leg.average_price, Decimal | None)
    try:
        done = client.reverse("ETHUSDT", quote_id=quote.quote_id, deadline_seconds=5)
    except OutcomeUnknown as unknown:
        assert_type(unknown.client_oid, str)
        assert_type(client.find_reversal("ETHUSDT", unknown.client_oid), Reversal)
    except Refused as refused:
        assert_type(
            (refused.code, refused.text, refused.advice, refused.http_status), tuple[str, str, str, int]
        )
    else:
        assert_type(done, Reversal)
        assert_type(done.opened, Leg | None)
        assert_type(done.positions, tuple[Position, ...] | None)


async def in_an_event_loop() -> None:
    """The same calls, awaited."""
    async with AsyncClient(BITGET, KEY) as client:
        assert_type(client, AsyncClient)
        assert_type(await client.positions("ETHUSDT"), list[Position])
        assert_type(await client.quote("ETHUSDT"), Quote)
        assert_type(await client.reverse("ETHUSDT", hold_side="short", size=1), Reversal)
        assert_type(await client.place_order("ETHUSDT", "sell", 1, reduce_only=True), OrderIds)


async def live() -> None:
    """Positions, followed."""
    async for held in live_positions(BITGET, KEY, "ETHUSDT", paptrading=True, on_lost=print):
        assert_type(held, list[Position])


def in_process() -> None:
    """The venue in this process: its accounts have every call of a client."""
    venue = Venue(seed=7, clock="frozen")
    venue.set_book("ETHUSDT", [("2999", 50)], [(Decimal(3001), "50")], index=3000)
    venue.set_price("ETHUSDT", "3000", mark="3001")
    trader = venue.open_account({"USDT": 100_000}, hedge_mode=False, margin_mode="isolated", leverage=5)
    assert_type(trader, VenueAccount)
    assert_type(venue.account(trader.uid), VenueAccount)
    trader.deposit("USDT", "1")
    trader.withdraw("USDT", Decimal("0.5"))
    assert_type(trader.place_order("ETHUSDT", "buy", 20), OrderIds)
    assert_type(trader.reverse("ETHUSDT", quote_id=trader.quote("ETHUSDT").quote_id), Reversal)
    assert_type(trader.receipt(client_oid="x").difference, Difference | None)
    assert_type(trader.explain("1").refusals, list[ExplainedRefusal])
    assert_type(trader.place_plan_order("ETHUSDT", "buy", 1, "2900", trigger_type="fill_price"), str)
    assert_type(trader.place_protection("ETHUSDT", "pos_loss", "long", "2800"), str)
    assert_type(trader.waiting_orders(), list[WaitingOrder])
    trader.cancel_waiting("ETHUSDT", "1")
    venue.advance("8h")
    venue.advance(dt.timedelta(hours=8))
    venue.advance_to("2030-01-01T00:00:00Z")
    assert_type((venue.now_ms, venue.sequence, venue.digest()), tuple[int, int, str])
    assert_type(venue.events(after=3), list[Applied])
    assert_type(venue.audit().coins["USDT"].residual, Decimal)


def mistakes(client: Client) -> None:
    """What a type checker must find."""
    client.place_order("ETHUSDT", "buy", 0.1)  # type: ignore[arg-type]
    client.place_order("ETHUSDT", "long", 1)  # type: ignore[arg-type]
    client.reverse("ETHUSDT", "long")  # type: ignore[call-arg]
    client.reverse("ETHUSDT", shortfall="none")  # type: ignore[arg-type]
    client.reverse("ETHUSDT", side="buy")  # type: ignore[call-arg]
    client.accounts("SUSDT-FUTURES")  # type: ignore[arg-type]
    client.set_leverage("ETHUSDT", "10")  # type: ignore[arg-type]
    live_positions(BITGET, None)  # type: ignore[arg-type]
    Venue(clock="scaled")  # type: ignore[arg-type]
    Venue().set_book("ETHUSDT", [(2999.5, 50)], [])  # type: ignore[list-item]
    Venue().open_account({"USDT": 0.1})  # type: ignore[dict-item]
    Venue().open_account().deposit("USDT", 0.1)  # type: ignore[arg-type]
