"""Every call, sync and async, against a running venue."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Protocol

import pytest

from backhand.client import (
    AccessRefused,
    AsyncClient,
    Client,
    Credentials,
    DuplicateClientOid,
    GuardRefused,
    Instrument,
    NotFound,
    NothingHeld,
    NotSent,
    QuoteRefused,
    Refused,
    routes,
)
from backhand.client.routes import Route
from backhand.wire.endpoints import ENDPOINTS
from tests.client.conftest import open_account
from tests.http.venue import VenueProcess

ETH = "ETHUSDT"


class Caller(Protocol):
    """Makes one call by its name, in either client."""

    def __call__(self, name: str, *args: Any, **kwargs: Any) -> Any: ...


def sync_caller(address: str, credentials: Credentials | None, **options: Any) -> Caller:
    def call(name: str, *args: Any, **kwargs: Any) -> Any:
        with Client(address, credentials, **options) as client:
            return getattr(client, name)(*args, **kwargs)

    return call


def async_caller(address: str, credentials: Credentials | None, **options: Any) -> Caller:
    async def once(name: str, *args: Any, **kwargs: Any) -> Any:
        async with AsyncClient(address, credentials, **options) as client:
            return await getattr(client, name)(*args, **kwargs)

    return lambda name, *args, **kwargs: asyncio.run(once(name, *args, **kwargs))


BOTH = pytest.mark.parametrize("caller", [sync_caller, async_caller], ids=["sync", "async"])
MakeCaller = Callable[..., Caller]


@pytest.fixture
def call(caller: MakeCaller, venue: VenueProcess, credentials: Credentials) -> Caller:
    return caller(venue.base_url, credentials)


@BOTH
def test_public_calls(caller: MakeCaller, venue: VenueProcess) -> None:
    """Time, contracts, ticker and book need no key."""
    call = caller(venue.base_url, None)
    assert call("server_time") > 1_700_000_000_000
    (contract,) = call("contracts", "USDT-FUTURES", ETH)
    assert (Decimal("0.01"), Decimal("0.01"), Decimal("0.0006")) == (
        contract.price_step,
        contract.size_step,
        contract.taker_fee_rate,
    )
    assert 4 == len(call("contracts", "USDT-FUTURES"))
    prices = call("ticker", ETH)
    assert (Decimal(999), Decimal(1000), Decimal(1000)) == (
        prices.bid_price,
        prices.ask_price,
        prices.mark_price,
    )
    book = call("book", ETH, 5)
    assert (Decimal(999), Decimal(1000)) == (book.bids[0].price, book.asks[0].price)


@BOTH
def test_account_and_settings(call: Caller) -> None:
    """Settings are set and read back; balances are exact."""
    assert Decimal(1_000_000) == call("account", ETH).account_equity
    assert ["USDC"] == [row.margin_coin for row in call("accounts", "USDC-FUTURES")]
    assert Decimal(7) == call("set_leverage", ETH, 7).cross_margin_leverage
    assert 7 == call("account", ETH).crossed_leverage
    assert "isolated" == call("set_margin_mode", ETH, "isolated").margin_mode
    assert "hedge_mode" == call("set_position_mode", "hedge_mode").pos_mode
    call("set_leverage", ETH, 9, hold_side="short")
    account = call("account", Instrument(ETH, "USDT-FUTURES", "USDT"))
    assert ("isolated", "hedge_mode", 9) == (
        account.margin_mode,
        account.pos_mode,
        account.isolated_short_leverage,
    )


@BOTH
def test_orders(call: Caller) -> None:
    """An order is placed, found by either id, listed, cancelled; fills carry negative fees."""
    made = call("place_order", ETH, "buy", Decimal("0.5"), price="950.5", client_oid="resting")
    assert "resting" == made.client_oid
    (row,) = call("open_orders", ETH).orders
    assert (Decimal("950.5"), Decimal("0.5"), "live", False) == (
        row.price,
        row.size,
        row.status,
        row.reduce_only,
    )
    assert made.order_id == call("cancel_order", ETH, client_oid="resting").order_id
    order = call("order", ETH, order_id=made.order_id)
    assert ("canceled", True, None) == (order.status, order.ended, order.average_price)
    bought = call("place_order", ETH, "buy", 2)
    sold = call("place_order", ETH, "sell", 1, reduce_only=True)
    assert call("order", ETH, client_oid=sold.client_oid).reduce_only
    page = call("order_history", ETH, limit=2)
    assert [sold.order_id, bought.order_id] == [row.order_id for row in page.orders]
    rest = call("order_history", ETH, id_less_than=page.end_id)
    assert [made.order_id] == [row.order_id for row in rest.orders]
    (fill,) = call("fills", ETH, order_id=bought.order_id).fills
    assert (Decimal(1000), Decimal(2), Decimal("-1.2"), "taker") == (
        fill.price,
        fill.size,
        fill.fee,
        fill.trade_scope,
    )
    assert 2 == len(call("fills", ETH).fills)
    (position,) = call("positions", ETH)
    assert ("long", Decimal(1), Decimal(1000)) == (
        position.hold_side,
        position.total,
        position.open_price_avg,
    )
    assert [position.symbol] == [row.symbol for row in call("positions")]


@BOTH
def test_quote_and_reverse(call: Caller) -> None:
    """A quote is what the reversal then does; the same id again tells of the first."""
    call("place_order", ETH, "buy", 3)
    quote = call("quote", ETH, max_slippage="0.01")
    assert (Decimal(3), Decimal(999)) == (quote.open_leg.size, quote.open_leg.average_price)
    done = call("reverse", ETH, quote_id=quote.quote_id, max_slippage="0.01", client_oid="once")
    assert not done.found
    assert (quote.open_leg.size, quote.open_leg.average_price, quote.open_leg.fee) == (
        done.opened.filled_size,
        done.opened.average_price,
        done.opened.fee,
    )
    assert [("short", Decimal(3))] == [(row.hold_side, row.total) for row in done.positions]
    again = call("reverse", ETH, client_oid="once")
    assert (True, done.order_id) == (again.found, again.order_id)
    assert done.order_id == call("find_reversal", ETH, "once").order_id
    assert [("short", Decimal(3))] == [(row.hold_side, row.total) for row in call("positions", ETH)]


@BOTH
def test_hedge_mode(caller: MakeCaller, venue: VenueProcess) -> None:
    """In hedge mode the reversed leg is named, and part of it can be reversed."""
    call = caller(venue.base_url, open_account(venue.operator, posMode="hedge_mode"))
    call("place_order", ETH, "buy", 20, trade_side="open")
    done = call("reverse", ETH, hold_side="long", size=3)
    assert {("long", Decimal(17)), ("short", Decimal(3))} == {
        (row.hold_side, row.total) for row in done.positions
    }
    with pytest.raises(Refused, match="40774"):
        call("reverse", ETH)


@BOTH
def test_refusals(call: Caller, caller: MakeCaller, venue: VenueProcess, credentials: Credentials) -> None:
    """A refusal is raised as what it means, with the exchange's code and this venue's request id."""
    with pytest.raises(NothingHeld) as held:
        call("reverse", ETH)
    assert ("40757", 400) == (held.value.code, held.value.http_status)
    assert held.value.request_id
    with pytest.raises(NotFound):
        call("order", ETH, order_id="1")
    with pytest.raises(NotFound):
        call("find_reversal", ETH, "never")
    call("place_order", ETH, "buy", 1, client_oid="used")
    with pytest.raises(DuplicateClientOid):
        call("place_order", ETH, "buy", 1, client_oid="used")
    with pytest.raises(DuplicateClientOid):
        call("reverse", ETH, client_oid="used")
    with pytest.raises(GuardRefused):
        call("reverse", ETH, worst_price=1500, shortfall="strict")
    with pytest.raises(QuoteRefused):
        call("reverse", ETH, quote_id="forged")
    wrong = Credentials(credentials.api_key, "another", credentials.passphrase)
    with pytest.raises(AccessRefused, match="40009"):
        caller(venue.base_url, wrong)("positions", ETH)


@BOTH
@pytest.mark.parametrize(
    ("route", "name", "args", "kwargs"),
    [
        (routes.CLOSE_POSITIONS, "close_positions", (ETH,), {}),
        (routes.RECEIPT, "receipt", (), {"client_oid": "receipted"}),
        (routes.EXPLAIN, "explain", ("REQUEST",), {}),
    ],
    ids=["close_positions", "receipt", "explain"],
)
def test_calls_that_not_every_venue_has(
    call: Caller, route: Route, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """They work where the endpoint exists, and say that there is no such call where it does not."""
    with pytest.raises(NothingHeld) as refused:
        call("reverse", ETH)
    call("place_order", ETH, "buy", 1)
    call("reverse", ETH, client_oid="receipted")
    given = tuple(refused.value.request_id if value == "REQUEST" else value for value in args)
    if (route.method, route.path) in ENDPOINTS:
        assert call(name, *given, **kwargs)
    else:
        with pytest.raises(Refused, match="40404"):
            call(name, *given, **kwargs)


@BOTH
def test_limits_are_kept(caller: MakeCaller, limited_venue: VenueProcess) -> None:
    """Twelve questions of a kind pass a limit of ten per second: paced here, waited for where not."""
    credentials = open_account(limited_venue.operator)
    for pacing in (True, False):
        if caller is sync_caller:
            with Client(limited_venue.base_url, credentials, pacing=pacing) as client:
                found = [client.positions(ETH) for _ in range(12)]
        else:
            found = asyncio.run(many(limited_venue.base_url, credentials, pacing))
        assert [[]] * 12 == found


async def many(address: str, credentials: Credentials, pacing: bool) -> list[Any]:
    async with AsyncClient(address, credentials, pacing=pacing) as client:
        return list(await asyncio.gather(*(client.positions(ETH) for _ in range(12))))


@BOTH
def test_no_connection(caller: MakeCaller) -> None:
    """Where nobody listens, nothing was sent."""
    with pytest.raises(NotSent):
        caller("http://127.0.0.1:1", None)("server_time")


@pytest.mark.parametrize(
    ("symbol", "product_type", "margin_coin"),
    [
        ("BTCUSDT", "USDT-FUTURES", "USDT"),
        ("btcusdt", "USDT-FUTURES", "USDT"),
        ("ETHPERP", "USDC-FUTURES", "USDC"),
        ("ETHUSD", "COIN-FUTURES", "ETH"),
    ],
)
def test_a_symbol_tells_its_product(symbol: str, product_type: str, margin_coin: str) -> None:
    """The three names of a contract follow from the ending of its symbol."""
    from backhand.client.instruments import instrument_of  # noqa: PLC0415 (not public)

    of = instrument_of(symbol)
    assert (symbol.upper(), product_type, margin_coin) == (of.symbol, of.product_type, of.margin_coin)
    with pytest.raises(ValueError, match="does not tell"):
        instrument_of("BTCUSDH26")
