"""Commands that trade: `buy`, `sell`, `reverse`, `close`. Each asks first, and for real only with --live."""

from collections.abc import Callable
from typing import Annotated, Final, TypeVar

import msgspec
import typer

from backhand.cli.connecting import (
    DEFAULT_URL,
    CredentialsFile,
    Live,
    PapTrading,
    Url,
    Yes,
    allow_trading,
    confirm,
    connect,
    is_exchange,
)
from backhand.cli.exits import Change, Exit, Stop, ending, say
from backhand.cli.printing import (
    Output,
    OutputOption,
    console,
    facts_table,
    print_json,
    shown,
)
from backhand.cli.reading import (
    MaxSlippage,
    OpenOrdersOption,
    Policy,
    Side,
    Size,
    Symbol,
    WorstPrice,
    positions_table,
    quote_table,
)
from backhand.cli.trading_tables import closed_table, order_table, reversal_tables
from backhand.client import Client, ClientError, NotFound, QuoteRefused, Refused, Reversal
from backhand.client.instruments import instrument_of
from backhand.client.models import ClosedPositions, HoldSide, Order, Quote
from backhand.client.order_calls import Side as TradeSide
from backhand.client.receipts import Receipt
from backhand.client.reversal import OpenOrders, Shortfall

T = TypeVar("T")

#: What a venue without quotes answers: there is no such path.
NO_SUCH_CALL: Final = "40404"
#: Quotes that one command shows: a market that outruns so many is better met with a price guard.
QUOTES_MAX: Final = 5

Quantity = Annotated[str, typer.Argument(help="In base coin: 0.5 of ETHUSDT is half an ether.")]
Price = Annotated[str | None, typer.Option(help="Makes it a limit order; without it, at market.")]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A reversal from beginning to end, as one document; what was not there is null."""

    quote: Quote | None
    reversal: Reversal
    receipt: Receipt | None


def buy(
    symbol: Symbol,
    size: Quantity,
    *,
    price: Price = None,
    live: Live = False,
    yes: Yes = False,
    url: Url = DEFAULT_URL,
    credentials: CredentialsFile = None,
    paptrading: PapTrading = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Buy: opens a long. In one-way mode it reduces a short that is held first."""
    with ending(), connect(url, credentials, paptrading=paptrading) as client:
        _place(client, symbol, "buy", size, price, _Asker(client, url, live=live, yes=yes), output)


def sell(
    symbol: Symbol,
    size: Quantity,
    *,
    price: Price = None,
    live: Live = False,
    yes: Yes = False,
    url: Url = DEFAULT_URL,
    credentials: CredentialsFile = None,
    paptrading: PapTrading = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Sell: opens a short. In one-way mode it reduces a long that is held first."""
    with ending(), connect(url, credentials, paptrading=paptrading) as client:
        _place(client, symbol, "sell", size, price, _Asker(client, url, live=live, yes=yes), output)


class _Asker:
    """Asks before anything trades: whether it may here at all, and whether it is meant."""

    def __init__(self, client: Client, url: str, *, live: bool, yes: bool) -> None:
        self.yes = yes
        self.real = allow_trading(client, url, live=live)
        if self.real:
            say(f"this is the real exchange: {url}")

    def __call__(self, question: str, symbol: str) -> None:
        confirm(question, yes=self.yes, typed=symbol if self.real else "")


def _place(
    client: Client,
    symbol: str,
    side: TradeSide,
    size: str,
    price: str | None,
    ask: _Asker,
    output: Output,
) -> None:
    symbol = instrument_of(symbol).symbol
    hedge = client.account(symbol).pos_mode == "hedge_mode"
    at = "at market" if price is None else f"at {price}"
    ask(f"{side.capitalize()} {size} {symbol} {at}?", symbol)
    name = client.session.new_client_oid()
    with Change() as change:
        change.sent(f"the order {name}", _look_for(symbol, name))
        ids = client.place_order(
            symbol, side, size, price=price, trade_side="open" if hedge else None, client_oid=name
        )
        change.done(f"the order {name} was accepted")
        order = _looked_up("the order", lambda: client.order(symbol, client_oid=name))
        if output is Output.JSON:
            print_json(ids if order is None else order)
        elif order is None:
            console().print(facts_table("Order", (("orderId", ids.order_id), ("clientOid", name))))
        else:
            console().print(order_table(order))


def _look_for(symbol: str, client_oid: str) -> str:
    """Say how to see what became of something that was sent."""
    return (
        f"See what became of it with `backhand orders {symbol} --client-oid {client_oid}` and "
        f"`backhand positions {symbol}`."
    )


def _looked_up(what: str, ask: Callable[[], T]) -> T | None:
    """What is only shown of a change that is done: without it the rest is shown, and it is said why."""
    try:
        return ask()
    except NotFound:
        say(f"done; {what} is not shown yet")
    except ClientError as error:
        say(f"done; {what} could not be read: {error}")
    return None


def reverse(
    symbol: Symbol,
    *,
    side: Side = None,
    size: Size = None,
    policy: Policy = None,
    open_orders: OpenOrdersOption = None,
    worst_price: WorstPrice = None,
    max_slippage: MaxSlippage = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the quote and end.")] = False,
    live: Live = False,
    yes: Yes = False,
    url: Url = DEFAULT_URL,
    credentials: CredentialsFile = None,
    paptrading: PapTrading = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """
    Close a position and open the same size on the other side, as one step.

    Shows the quote, asks, commits exactly what was quoted or better, and shows the result. It is sent once:
    when its answer is lost, the venue is asked what happened before this command ends.

    With --yes one quote is taken: where the market leaves it behind, nothing is done, the code is 6, and the
    command can be run again. --max-slippage and --worst-price narrow the quote, and do not widen it.
    """
    with ending(), connect(url, credentials, paptrading=paptrading) as client:
        if dry_run and is_exchange(url):
            raise Stop(Exit.REFUSED, "the real exchange has no quotes, so nothing can be shown in advance")
        ask = None if dry_run else _Asker(client, url, live=live, yes=yes)
        wish = _Wish(
            instrument_of(symbol).symbol,
            hold_side=side,
            size=size,
            shortfall=policy,
            open_orders=open_orders,
            worst_price=worst_price,
            max_slippage=max_slippage,
        )
        if ask is None:
            shown_quote = wish.quote(client)
            if output is Output.JSON:
                print_json(shown_quote)
            else:
                console().print(quote_table(shown_quote))
            return
        with Change() as change:
            quoted, done = _agree(client, wish, ask, output, change)
            receipt = _receipt(client, done.client_oid)
            if done.opened is None:
                say(f"done; the opening leg is not known. {_look_for(wish.symbol, done.client_oid)}")
            if done.positions is None:
                say(f"done; the positions are not known. See them with `backhand positions {wish.symbol}`.")
            if output is Output.JSON:
                print_json(Outcome(quote=quoted, reversal=done, receipt=receipt))
                return
            to = console()
            for table in reversal_tables(wish.symbol, done, receipt):
                to.print(table)
            if done.positions is not None:
                to.print(positions_table(list(done.positions)))


class _Wish(msgspec.Struct, frozen=True):
    """A reversal as asked for on the command line; the names are the client's."""

    symbol: str
    hold_side: HoldSide | None = None
    size: str | None = None
    shortfall: Shortfall | None = None
    open_orders: OpenOrders | None = None
    worst_price: str | None = None
    max_slippage: str | None = None

    def quote(self, client: Client) -> Quote:
        """Ask what it would do now."""
        return client.quote(
            self.symbol,
            hold_side=self.hold_side,
            size=self.size,
            shortfall=self.shortfall,
            open_orders=self.open_orders,
            worst_price=self.worst_price,
            max_slippage=self.max_slippage,
        )

    def commit(self, client: Client, quoted: Quote | None, change: Change) -> Reversal:
        """Do it: what was quoted or better, where there was a quote."""
        name = client.session.new_client_oid()
        change.sent(f"the reversal {name}", _look_for(self.symbol, name))
        done = client.reverse(
            self.symbol,
            hold_side=self.hold_side,
            size=self.size,
            shortfall=self.shortfall,
            open_orders=self.open_orders,
            worst_price=self.worst_price,
            max_slippage=self.max_slippage,
            quote_id="" if quoted is None else quoted.quote_id,
            client_oid=name,
        )
        change.done(f"the reversal {name} is done")
        return done


def _agree(
    client: Client, wish: _Wish, ask: _Asker, output: Output, change: Change
) -> tuple[Quote | None, Reversal]:
    """Quote, ask, commit; who is asked is shown a new quote when the market has left the last one behind."""
    for left in reversed(range(QUOTES_MAX)):
        quoted = None if ask.real else wish.quote(client)
        if quoted is not None and (output is Output.TABLE or not ask.yes):
            # For a program the quote is a part of the one document at the end; this is for who is asked.
            console(err=output is Output.JSON).print(quote_table(quoted))
        ask(_question(client, wish.symbol, quoted), wish.symbol)
        try:
            return quoted, wish.commit(client, quoted, change)
        except QuoteRefused as refusal:
            change.refused()
            if ask.yes or not left:
                raise
            say(f"{refusal.text}: nothing was done; here is a new quote")
    raise AssertionError("the last quote returns or raises")


def _question(client: Client, symbol: str, quoted: Quote | None) -> str:
    if quoted is not None:
        return f"Reverse {symbol}?"
    held = ", ".join(f"{leg.hold_side} {shown(leg.total)}" for leg in client.positions(symbol)) or "nothing"
    return f"Reverse {symbol}, at whatever the book gives? Held now: {held}."


def _receipt(client: Client, client_oid: str) -> Receipt | None:
    """The receipt, where the venue has receipts and this one is written already."""

    def ask() -> Receipt | None:
        try:
            return client.receipt(client_oid=client_oid)
        except Refused as refusal:
            if refusal.code != NO_SUCH_CALL:
                raise
        return None

    return _looked_up("the receipt", ask)


def close(
    symbol: Symbol,
    *,
    side: Annotated[HoldSide | None, typer.Option(help="Hedge mode: only this leg.")] = None,
    live: Live = False,
    yes: Yes = False,
    url: Url = DEFAULT_URL,
    credentials: CredentialsFile = None,
    paptrading: PapTrading = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Close a position at market. What the book does not take stays open."""
    with ending(), connect(url, credentials, paptrading=paptrading) as client:
        ask = _Asker(client, url, live=live, yes=yes)
        symbol = instrument_of(symbol).symbol
        held = [leg for leg in client.positions(symbol) if side in (None, leg.hold_side)]
        if not yes:
            if not held:
                raise Stop(
                    Exit.NOTHING_HELD, f"nothing of {symbol} is held; `backhand positions` shows what is held"
                )
            console(err=True).print(positions_table(held))
        ask(f"Close {symbol} at market?", symbol)
        with Change() as change:
            change.sent("the closing order", f"See what is left with `backhand positions {symbol}`.")
            closed = client.close_positions(symbol, hold_side=side)
            change.done(_closed(symbol, closed))
            if output is Output.JSON:
                print_json(closed)
            else:
                _show_closed(client, symbol, closed)
        if closed.failure_list:
            raise typer.Exit(Exit.IN_PART if closed.success_list else Exit.REFUSED)


def _closed(symbol: str, closed: ClosedPositions) -> str:
    """Say in a line what closing has come to."""
    orders = ", ".join(one.order_id for one in closed.success_list)
    return f"{symbol} was closed by order {orders}" if orders else f"nothing of {symbol} was closed"


def _show_closed(client: Client, symbol: str, closed: ClosedPositions) -> None:
    def order_of(order_id: str) -> Order | None:
        return _looked_up(f"order {order_id}", lambda: client.order(symbol, order_id=order_id))

    orders = [order_of(one.order_id) for one in closed.success_list]
    left = _looked_up("what is held", lambda: client.positions(symbol))
    to = console()
    to.print(closed_table(symbol, closed, orders))
    if left is not None:
        to.print(positions_table(left))


TRADING_HELP: Final = {
    "buy": "[bold]Examples[/bold]\n\n  backhand buy ETHUSDT 20\n\n"
    "  backhand buy ETHUSDT 20 --price 2950 --yes",
    "sell": "[bold]Examples[/bold]\n\n  backhand sell ETHUSDT 20\n\n"
    "  backhand sell ETHUSDT 20 --price 3050 --yes",
    "reverse": "[bold]Examples[/bold]\n\n  backhand reverse ETHUSDT\n\n"
    "  backhand reverse ETHUSDT --dry-run\n\n"
    "  backhand reverse ETHUSDT --policy strict --max-slippage 0.002 --yes -o json\n\n"
    "  backhand reverse ETHUSDT --side long --size 3   (hedge mode)\n\n"
    "  backhand reverse BTCUSDT --url https://api.bitget.com --live   (real money: asks for the symbol)",
    "close": "[bold]Examples[/bold]\n\n  backhand close ETHUSDT\n\n"
    "  backhand close ETHUSDT --side short --yes",
}
