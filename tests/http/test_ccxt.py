"""
ccxt, unmodified except for its base address (clients.md section 1).

Its rate limiter is switched off, because it would slow the tests and hide what the venue does.
"""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import ccxt
import ccxt.async_support
import pytest

from tests.http.conftest import OpenAccount, SetBook
from tests.http.venue import INVERSE, LINEAR, MIX, USDC, Credentials, Trader, VenueProcess, plain

ETH_USDT, ETH_USD, ETH_USDC = "ETH/USDT:USDT", "ETH/USD:ETH", "ETH/USDC:USDC"


def exchange_of(
    venue: VenueProcess, key: Credentials | None, kind: type[Any] = ccxt.bitget, **options: Any
) -> Any:
    """A ccxt exchange whose every address is the venue's."""
    credentials = {"apiKey": key.api_key, "secret": key.secret, "password": key.passphrase} if key else {}
    settings = {"enableRateLimit": False, "options": {"defaultType": "swap", **options}}
    exchange = kind(credentials | settings)
    addresses = exchange.urls["api"].items()
    exchange.urls["api"] = {name: venue.base_url if isinstance(url, str) else url for name, url in addresses}
    return exchange


@pytest.fixture(scope="module")
def markets(venue: VenueProcess) -> Any:
    """What ccxt loads once without keys, to be shared by the exchanges of this file."""
    exchange = exchange_of(venue, None)
    exchange.load_markets()
    return exchange.markets


@pytest.fixture
def trader(open_account: OpenAccount, set_book: SetBook) -> Trader:
    """The account that ccxt trades for, over the deep book of most tests."""
    for product in (LINEAR, INVERSE, USDC):
        set_book(product)
    return open_account()


@pytest.fixture
def exchange(venue: VenueProcess, trader: Trader, markets: Any) -> Iterator[Any]:
    """Ccxt with the keys of the account and the markets already loaded."""
    made = exchange_of(venue, trader.credentials)
    made.set_markets(markets)
    yield made
    made.session.close()


def test_load_markets_with_keys(venue: VenueProcess, trader: Trader) -> None:
    """With keys ccxt probes the v3 API first, must be told no, and finds every contract."""
    exchange = exchange_of(venue, trader.credentials)
    exchange.load_markets()
    assert exchange.options.get("uta") in {None, False}
    assert {
        "BTC/USDT:USDT", "BTC/USD:BTC", "BTC/USDC:USDC", "SOL/USDT:USDT", "XRP/USDT:USDT",
        ETH_USDT, ETH_USD, ETH_USDC,
    } == set(exchange.symbols)  # fmt: skip
    for symbol, linear in ((ETH_USDT, True), (ETH_USD, False), (ETH_USDC, True)):
        market = exchange.market(symbol)
        assert (True, True, linear, not linear) == (
            market["active"], market["swap"], market["linear"], market["inverse"],
        )  # fmt: skip
        assert (0.01, 0.01, 0.0006, 0.0002) == (
            market["precision"]["amount"], market["precision"]["price"], market["taker"], market["maker"],
        )  # fmt: skip
    exchange.session.close()


def test_public_data(exchange: Any) -> None:
    """Time, ticker and order book are what ccxt expects them to be."""
    assert abs(exchange.fetch_time() - exchange.milliseconds()) < 5_000
    book = exchange.fetch_order_book(ETH_USDT, 5)
    assert [[999.0, 100000.0]] == book["bids"]
    assert [[1000.0, 100000.0]] == book["asks"]
    ticker = exchange.fetch_ticker(ETH_USDT)
    assert (999.0, 1000.0, 1000.0) == (ticker["bid"], ticker["ask"], ticker["markPrice"])
    assert {ETH_USDT, "BTC/USDT:USDT"} <= set(exchange.fetch_tickers(params={"productType": "USDT-FUTURES"}))


def test_candles(exchange: Any) -> None:
    """fetch_ohlcv: last, mark and index; recent and since; each timeframe that ccxt knows for contracts."""
    exchange.create_order(ETH_USDT, "market", "buy", 2)
    candle = exchange.fetch_ohlcv(ETH_USDT, "1m")[-1]
    assert (1000.0, True) == (candle[4], candle[5] >= 2.0)
    for price in ("mark", "index"):
        assert 1000.0 == exchange.fetch_ohlcv(ETH_USDT, "1m", None, 5, {"price": price})[-1][4]
    minute = candle[0]
    assert minute in {row[0] for row in exchange.fetch_ohlcv(ETH_USDT, "1m", minute - 300_000)}
    assert [] == exchange.fetch_ohlcv(ETH_USDT, "1m", minute - 100 * 86_400_000)
    for price in ("mark", "index"):
        old = exchange.fetch_ohlcv(ETH_USDT, "1m", minute - 100 * 86_400_000, None, {"price": price})
        assert [] == old
    for timeframe in exchange.timeframes:
        if timeframe != "1s":
            assert 1000.0 == exchange.fetch_ohlcv(ETH_USDT, timeframe, None, 3)[-1][4], timeframe
            since = minute - 80 * 86_400_000
            assert isinstance(exchange.fetch_ohlcv(ETH_USDT, timeframe, since, 1_000), list)


def test_trades_and_open_interest(exchange: Any) -> None:
    """fetch_trades, fetch_open_interest, fetch_mark_price and the tiers of a symbol."""
    exchange.create_order(ETH_USDT, "market", "sell", 2)
    trade = exchange.fetch_trades(ETH_USDT, None, 3)[-1]
    assert ("sell", 2.0, 999.0) == (trade["side"], trade["amount"], trade["price"])
    (same,) = exchange.fetch_trades(ETH_USDT, trade["timestamp"], 1)
    assert trade["id"] == same["id"]
    assert exchange.fetch_open_interest(ETH_USDT)["openInterestAmount"] >= 2.0
    assert 1000.0 == exchange.fetch_mark_price(ETH_USDT)["markPrice"]
    tiers = exchange.fetch_market_leverage_tiers(ETH_USDT)
    assert (150.0, 0.004, 200_000.0) == (
        tiers[0]["maxLeverage"], tiers[0]["maintenanceMarginRate"], tiers[0]["maxNotional"],
    )  # fmt: skip


def test_funding(exchange: Any) -> None:
    """The running rate by symbol and for all, its interval, the settlements, and what was paid."""
    rate = exchange.fetch_funding_rate(ETH_USDT)
    assert (ETH_USDT, "8h", True) == (
        rate["symbol"], rate["interval"], rate["fundingTimestamp"] > exchange.milliseconds(),
    )  # fmt: skip
    assert rate["fundingRate"] == exchange.fetch_funding_rates([ETH_USDT])[ETH_USDT]["fundingRate"]
    assert "8h" == exchange.fetch_funding_interval(ETH_USDT)["interval"]
    assert [] == exchange.fetch_funding_rate_history(ETH_USDT, None, 100)
    assert [] == exchange.fetch_funding_history(ETH_USDT, exchange.milliseconds() - 86_400_000, 100)


def test_fees_and_the_ledger(exchange: Any) -> None:
    """fetch_trading_fee and fetch_trading_fees, and the bills as a ledger."""
    fee = exchange.fetch_trading_fee(ETH_USDT)
    assert (0.0002, 0.0006) == (fee["maker"], fee["taker"])
    assert 0.0006 == exchange.fetch_trading_fees({"type": "swap"})[ETH_USDT]["taker"]
    exchange.create_order(ETH_USDT, "market", "buy", 2)
    ledger = exchange.fetch_ledger("USDT", None, None, {"type": "swap"})
    assert 2 == len(ledger)
    assert {"USDT"} == {entry["currency"] for entry in ledger}


def test_closed_positions_and_past_orders(exchange: Any) -> None:
    """fetch_positions_history, fetch_position_history's own form, closed orders by source and time."""
    exchange.create_order(ETH_USDT, "market", "buy", 2)
    exchange.private_mix_post_v2_mix_order_click_backhand(LINEAR.names)
    (position,) = exchange.fetch_positions_history([ETH_USDT])
    assert (ETH_USDT, "long") == (position["symbol"], position["side"])
    assert ("1000", "999") == (position["info"]["openAvgPrice"], position["info"]["closeAvgPrice"])
    since = exchange.milliseconds() - 60_000
    assert 3 == len(exchange.fetch_closed_orders(ETH_USDT, since, 10))
    assert 3 == len(exchange.fetch_my_trades(ETH_USDT, since, 10))
    assert [] == exchange.fetch_closed_orders(ETH_USDT, since, 10, {"trigger": True})
    assert [] == exchange.fetch_open_orders(ETH_USDT, None, None, {"trigger": True})
    assert [] == exchange.fetch_open_orders(ETH_USDT, None, None, {"planType": "profit_loss"})


def test_balance(exchange: Any) -> None:
    """fetch_balance reads equity and what may leave, for each product type."""
    assert 1_000_000.0 == exchange.fetch_balance()["USDT"]["free"]
    assert 1_000.0 == exchange.fetch_balance({"productType": "COIN-FUTURES"})["ETH"]["total"]
    assert 1_000_000.0 == exchange.fetch_balance({"productType": "USDC-FUTURES"})["USDC"]["total"]


def test_leverage_and_margin_mode(exchange: Any) -> None:
    """What set_leverage and set_margin_mode set is read back, and may be set again."""
    exchange.set_leverage(7, ETH_USDT)
    exchange.set_leverage(7, ETH_USDT)
    leverage = exchange.fetch_leverage(ETH_USDT)
    assert ("cross", 7) == (leverage["marginMode"], leverage["longLeverage"])
    exchange.set_margin_mode("isolated", ETH_USDT)
    exchange.set_margin_mode("isolated", ETH_USDT)
    assert "isolated" == exchange.fetch_margin_mode(ETH_USDT)["marginMode"]


def test_orders(exchange: Any) -> None:
    """A limit order is found, listed and cancelled; a market order fills; trades carry positive fees."""
    resting = exchange.create_order(ETH_USDT, "limit", "buy", 2, 960, {"clientOid": "ccxt-1"})
    order = exchange.fetch_order(resting["id"], ETH_USDT)
    assert ("open", "buy", 2.0, 960.0, 0.0) == (
        order["status"], order["side"], order["amount"], order["price"], order["filled"],
    )  # fmt: skip
    assert "ccxt-1" == order["clientOrderId"]
    assert [resting["id"]] == [row["id"] for row in exchange.fetch_open_orders(ETH_USDT)]
    exchange.cancel_order(resting["id"], ETH_USDT)
    assert "canceled" == exchange.fetch_order(resting["id"], ETH_USDT)["status"]

    bought = exchange.create_order(ETH_USDT, "market", "buy", 3)
    order = exchange.fetch_order(bought["id"], ETH_USDT)
    assert ("closed", 3.0, 1000.0) == (order["status"], order["filled"], order["average"])
    assert ("USDT", 1.8) == (order["fee"]["currency"], order["fee"]["cost"])
    (trade,) = exchange.fetch_my_trades(ETH_USDT)
    assert ("buy", "taker", 3.0, 1000.0, 1.8) == (
        trade["side"], trade["takerOrMaker"], trade["amount"], trade["price"], trade["fee"]["cost"],
    )  # fmt: skip
    assert {bought["id"], resting["id"]} == {row["id"] for row in exchange.fetch_closed_orders(ETH_USDT)} | {
        row["id"] for row in exchange.fetch_canceled_orders(ETH_USDT)
    }


def test_order_flags(exchange: Any) -> None:
    """postOnly, IOC and reduceOnly go through as ccxt writes them."""
    made = exchange.create_order(ETH_USDT, "limit", "buy", 1, 960, {"postOnly": True})
    assert exchange.fetch_order(made["id"], ETH_USDT)["postOnly"] is True
    exchange.cancel_order(made["id"], ETH_USDT)
    exchange.create_order(ETH_USDT, "market", "buy", 2)
    made = exchange.create_order(
        ETH_USDT, "limit", "sell", 1, 999, {"timeInForce": "IOC", "reduceOnly": True}
    )
    order = exchange.fetch_order(made["id"], ETH_USDT)
    assert ("closed", True) == (order["status"], order["reduceOnly"])
    (position,) = exchange.fetch_positions([ETH_USDT])
    assert 1.0 == position["contracts"]


@pytest.mark.parametrize(
    ("symbol", "product"),
    [(ETH_USDT, LINEAR), (ETH_USD, INVERSE), (ETH_USDC, USDC)],
    ids=lambda value: str(value)[:8],
)
def test_one_way_reversal(exchange: Any, trader: Trader, symbol: str, product: Any) -> None:
    """One-way: open by create_order, reverse by the implicit method, and read the new position."""
    exchange.set_position_mode(False, symbol)
    exchange.create_order(symbol, "market", "buy", 20)
    answer = exchange.private_mix_post_v2_mix_order_click_backhand(product.names | {"clientOid": "r-1"})
    assert ("00000", "r-1") == (answer["code"], answer["data"]["clientOid"])
    position = exchange.fetch_position(symbol)
    assert ("short", 20.0, 999.0) == (position["side"], position["contracts"], position["entryPrice"])
    order = exchange.fetch_order(answer["data"]["orderId"], symbol)
    assert ("closed", "sell", 20.0, False) == (
        order["status"], order["side"], order["filled"], order["reduceOnly"],
    )  # fmt: skip
    exchange.privateMixPostV2MixOrderClickBackhand(product.names)
    assert "+20" == trader.held(product)


def test_hedge_reversal(exchange: Any, trader: Trader) -> None:
    """Hedge: the seed's example, 20 long with size 3 become 17 long and 3 short, with ccxt's capitals."""
    exchange.set_position_mode(True, ETH_USDT)
    exchange.create_order(ETH_USDT, "market", "buy", 20, None, {"hedged": True})
    answer = exchange.private_mix_post_v2_mix_order_click_backhand(
        LINEAR.names | {"side": "buy", "tradeSide": "Open", "size": "3"}
    )
    assert "00000" == answer["code"]
    rows = {row["side"]: row for row in exchange.fetch_positions([ETH_USDT])}
    assert {"long": 17.0, "short": 3.0} == {side: row["contracts"] for side, row in rows.items()}
    assert all(row["hedged"] for row in rows.values())
    exchange.create_order(ETH_USDT, "market", "sell", 17, None, {"hedged": True, "reduceOnly": True})
    assert "S3" == trader.held(LINEAR)


def test_ccxt_over_asyncio(venue: VenueProcess, trader: Trader, markets: Any) -> None:
    """The asynchronous ccxt, on aiohttp: of two reversals at once with one clientOid one is done."""

    async def trade() -> list[Any]:
        exchange = exchange_of(venue, trader.credentials, ccxt.async_support.bitget)
        exchange.set_markets(markets)
        try:
            await exchange.create_order(ETH_USDT, "market", "buy", 20)
            body = LINEAR.names | {"clientOid": "once"}
            reversals = (exchange.private_mix_post_v2_mix_order_click_backhand(body) for _ in range(2))
            answers = await asyncio.gather(*reversals, return_exceptions=True)
            (position,) = await exchange.fetch_positions([ETH_USDT])
            assert ("short", 20.0) == (position["side"], position["contracts"])
            return answers
        finally:
            await exchange.close()

    done, refused = sorted(asyncio.run(trade()), key=lambda answer: isinstance(answer, ccxt.BaseError))
    assert ("00000", "once") == (done["code"], done["data"]["clientOid"])
    assert "40786" in str(refused)


def test_close_leg_of_a_hedge_reversal_reads_as_a_sell(exchange: Any, trader: Trader) -> None:
    """reversal.md 6: ccxt turns a closing hedge order's side round, so closing a long reads as a sell."""
    trader.set_position_mode(LINEAR, "hedge_mode").accepted()
    trader.take(LINEAR, "L10")
    trader.reverse(LINEAR, side="buy", tradeSide="open").accepted()
    rows = exchange.fetch_closed_orders(ETH_USDT, None, None, {"orderSource": "reverse"})
    assert {(True, "sell"), (False, "sell")} == {(row["reduceOnly"], row["side"]) for row in rows}


REFUSALS = [
    # what is refused, ccxt's class (errors.md), its code
    ("flat", ccxt.ExchangeError, "40757"),
    ("no tradeSide", ccxt.InvalidOrder, "40774"),
    ("bad size", ccxt.InvalidOrder, "40808"),
    ("bad side", ccxt.BadRequest, "400172"),
    ("unknown symbol", ccxt.ExchangeError, "40034"),
    ("duplicate", ccxt.ExchangeError, "40786"),
]


@pytest.mark.parametrize(("what", "expected", "code"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_refused_reversals_raise_the_right_class(
    exchange: Any, trader: Trader, what: str, expected: type[ccxt.ExchangeError], code: str
) -> None:
    """errors.md: the class that ccxt raises for each code, exactly and not a subclass."""
    if what == "flat":
        body = LINEAR.names
    else:
        trader.set_position_mode(LINEAR, "hedge_mode").accepted()
        trader.take(LINEAR, "L10")
        trader.market(LINEAR, "buy", "1", tradeSide="open", clientOid="used")
        body = (
            LINEAR.names
            | {
                "no tradeSide": {"side": "buy"},
                "bad size": {"side": "buy", "tradeSide": "open", "size": "-1"},
                "bad side": {"side": "up", "tradeSide": "open"},
                "unknown symbol": {"symbol": "NOPEUSDT", "side": "buy", "tradeSide": "open"},
                "duplicate": {"side": "buy", "tradeSide": "open", "clientOid": "used"},
            }[what]
        )
    with pytest.raises(expected) as caught:
        exchange.private_mix_post_v2_mix_order_click_backhand(body)
    assert expected is caught.type
    assert f'"code":"{code}"' in str(caught.value)


def test_other_refusals_raise_the_right_class(venue: VenueProcess, exchange: Any, trader: Trader) -> None:
    """errors.md: funds, unknown orders, keys, passphrases, signatures, clocks."""
    exchange.set_leverage(5, ETH_USDT)
    with pytest.raises(ccxt.InsufficientFunds):
        exchange.create_order(ETH_USDT, "limit", "buy", 9900, 1049)
    with pytest.raises(ccxt.OrderNotFound):
        exchange.fetch_order("1999999999999999999", ETH_USDT)
    with pytest.raises(ccxt.OrderNotFound):
        exchange.cancel_order("1999999999999999999", ETH_USDT)
    good = trader.credentials
    for key in (
        Credentials(good.uid, "unknown", good.secret, good.passphrase),
        Credentials(good.uid, good.api_key, "wrong", good.passphrase),
        Credentials(good.uid, good.api_key, good.secret, "wrong0001"),
    ):
        with pytest.raises(ccxt.AuthenticationError):
            exchange_of(venue, key, uta=False).private_mix_get_v2_mix_account_accounts(
                {"productType": "USDT-FUTURES"}
            )
    late = exchange_of(venue, good, uta=False)
    late.nonce = lambda: late.milliseconds() - 60_000
    with pytest.raises(ccxt.InvalidNonce):
        late.private_mix_get_v2_mix_account_accounts({"productType": "USDT-FUTURES"})


def test_a_read_only_key_is_denied(venue: VenueProcess, trader: Trader) -> None:
    """errors.md: 40014 is PermissionDenied."""
    key = venue.operator.open_key(uid=trader.credentials.uid, balances={}, permissions=["read"])
    with pytest.raises(ccxt.PermissionDenied):
        exchange_of(venue, key, uta=False).private_mix_post_v2_mix_order_click_backhand(LINEAR.names)


def test_the_11th_call_in_one_second_is_ddos_protection(limited_venue: VenueProcess) -> None:
    """auth.md 10: HTTP 429 with its code is DDoSProtection, and does nothing."""
    operator = limited_venue.operator
    operator.set_book(LINEAR, [("999", "100000")], [("1000", "100000")], "1000")
    trader = operator.trader()
    trader.take(LINEAR, "+1")
    exchange = exchange_of(limited_venue, trader.credentials, uta=False)
    reverse = exchange.private_mix_post_v2_mix_order_click_backhand
    for _ in range(10):
        reverse(LINEAR.names)
    with pytest.raises(ccxt.DDoSProtection):
        reverse(LINEAR.names)
    assert "+1" == trader.held(LINEAR)
    operator.ask("POST", "/_venue/clock/advance", {"by": "1s"})
    reverse(LINEAR.names)
    assert "-1" == trader.held(LINEAR)
    exchange.session.close()


def test_money_agrees_with_the_raw_answer(exchange: Any, trader: Trader) -> None:
    """What ccxt calls total is the raw equity, whatever happened before."""
    exchange.create_order(ETH_USDT, "market", "buy", 5)
    exchange.private_mix_post_v2_mix_order_click_backhand(LINEAR.names)
    raw = trader.get(f"{MIX}/account/accounts", {"productType": "USDT-FUTURES"}).data
    equity = next(row["accountEquity"] for row in raw if row["marginCoin"] == "USDT")
    assert plain(equity) == plain(str(Decimal(str(exchange.fetch_balance()["USDT"]["total"]))))
