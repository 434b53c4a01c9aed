"""Commands that look: `positions`, `orders`, `quote`, `watch`."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Annotated, Final, get_args

import typer
from rich.table import Table

from backhand.cli.connecting import (
    DEFAULT_URL,
    CredentialsFile,
    PapTrading,
    Url,
    checked_url,
    connect,
    read_credentials,
)
from backhand.cli.exits import Exit, Stop, ending
from backhand.cli.printing import (
    Output,
    OutputOption,
    RowsTable,
    console,
    facts_table,
    print_json,
    rounded,
    rounded_money,
    shown,
    signed,
)
from backhand.cli.trading_tables import order_table
from backhand.cli.watching import watched
from backhand.client import Client
from backhand.client.instruments import ProductType
from backhand.client.models import HoldSide, Order, Position, Quote, QuotedLeg
from backhand.client.reversal import OpenOrders, Shortfall

PRODUCT_TYPES: Final[tuple[ProductType, ...]] = get_args(ProductType)

Symbol = Annotated[str, typer.Argument(help="The contract, such as ETHUSDT, ETHUSD or ETHPERP.")]
AnySymbol = Annotated[str | None, typer.Argument(help="The contract; all when not said.")]
Side = Annotated[
    HoldSide | None, typer.Option(help="The leg to reverse, needed in hedge mode and only there.")
]
Size = Annotated[str | None, typer.Option(help="In base coin; all when not said. Hedge mode only.")]
Policy = Annotated[
    Shortfall | None,
    typer.Option(
        "--policy",
        help="When the other side cannot be opened whole: close only as the exchange does, open the largest "
        "that fits, or strict: nothing at all.",
    ),
]
OpenOrdersOption = Annotated[
    OpenOrders | None,
    typer.Option(
        "--open-orders",
        help="Orders that hold part of the position: auto as the exchange does, exclude that part, include "
        "it and cancel them, or cancelAll of the symbol.",
    ),
]
WorstPrice = Annotated[str | None, typer.Option(help="No fill of either leg beyond this price.")]
MaxSlippage = Annotated[
    str | None, typer.Option(help="No fill further from the mark than this ratio of it: 0.01 is 1 %.")
]


def positions(
    symbol: AnySymbol = None,
    *,
    url: Url = DEFAULT_URL,
    credentials: CredentialsFile = None,
    paptrading: PapTrading = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what is held, with its profit at the mark."""
    with ending(), connect(url, credentials, paptrading=paptrading) as client:
        held = held_of(client, symbol)
        if output is Output.JSON:
            print_json(held)
        else:
            console().print(positions_table(held))


def orders(
    symbol: AnySymbol = None,
    *,
    client_oid: Annotated[
        str | None,
        typer.Option(help="Only the order or reversal of this id, whatever became of it; needs a contract."),
    ] = None,
    url: Url = DEFAULT_URL,
    credentials: CredentialsFile = None,
    paptrading: PapTrading = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show the orders that rest in the book, the newest hundred of each product type."""
    with ending(), connect(url, credentials, paptrading=paptrading) as client:
        if client_oid is not None:
            if symbol is None:
                raise Stop(
                    Exit.USAGE,
                    "--client-oid needs the contract, as in `backhand orders ETHUSDT --client-oid ID`",
                )
            found = client.order(symbol, client_oid=client_oid)
            if output is Output.JSON:
                print_json([found])
            else:
                console().print(order_table(found))
            return
        resting = resting_of(client, symbol)
        if output is Output.JSON:
            print_json(resting)
        else:
            console().print(_orders_table(resting))


def quote(
    symbol: Symbol,
    *,
    side: Side = None,
    size: Size = None,
    policy: Policy = None,
    open_orders: OpenOrdersOption = None,
    worst_price: WorstPrice = None,
    max_slippage: MaxSlippage = None,
    url: Url = DEFAULT_URL,
    credentials: CredentialsFile = None,
    paptrading: PapTrading = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """
    Show what a reversal would do now, to the last digit. Changes nothing.

    The real exchange has no quotes.
    """
    with ending(), connect(url, credentials, paptrading=paptrading) as client:
        quoted = client.quote(
            symbol,
            hold_side=side,
            size=size,
            shortfall=policy,
            open_orders=open_orders,
            worst_price=worst_price,
            max_slippage=max_slippage,
        )
        if output is Output.JSON:
            print_json(quoted)
        else:
            console().print(quote_table(quoted))


def watch(
    symbol: AnySymbol = None,
    *,
    count: Annotated[int, typer.Option(min=0, help="End after showing it so often; 0 never.")] = 0,
    url: Url = DEFAULT_URL,
    credentials: CredentialsFile = None,
    paptrading: PapTrading = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """
    Watch positions and their profit live, until Ctrl-C. With -o json: one line per change.

    Listens to the private stream, and to the mark prices of what is held. A lost connection is made again,
    and begins with what is held then.
    """
    with ending():
        address, key = checked_url(url), read_credentials(credentials, os.environ)
        with _shower(output) as show:
            watched(address, key, symbol, show, paptrading=paptrading, count=count)


@contextmanager
def _shower(output: Output) -> Iterator[Callable[[list[Position]], None]]:
    """Give what shows one list of positions after another: as lines, or in place of each other."""
    to = console()
    if output is Output.JSON:
        yield lambda held: print_json(held, indent=None)
    elif not to.is_terminal:
        yield lambda held: to.print(positions_table(held))
    else:
        from rich.live import Live  # noqa: PLC0415 (only here, and not light)

        with Live(console=to, auto_refresh=False) as live:
            yield lambda held: live.update(positions_table(held), refresh=True)


def held_of(client: Client, symbol: str | None) -> list[Position]:
    """What is held of a symbol, or of everything."""
    if symbol is not None:
        return client.positions(symbol)
    return [leg for product in PRODUCT_TYPES for leg in client.positions(product_type=product)]


def resting_of(client: Client, symbol: str | None) -> list[Order]:
    """What rests in the book of a symbol, or of everything."""
    if symbol is not None:
        return client.open_orders(symbol).orders
    return [one for product in PRODUCT_TYPES for one in client.open_orders(product_type=product).orders]


def positions_table(held: list[Position]) -> RowsTable | str:
    """Show legs and their profit."""
    if not held:
        return "Nothing is held."
    numbers = ("size", "locked", "entry", "mark", "leverage", "liquidation", "profit")
    return RowsTable(
        "Positions",
        ("symbol", "side", *numbers),
        (
            (
                leg.symbol,
                leg.hold_side,
                leg.total,
                leg.locked,
                rounded_price(leg.open_price_avg),
                rounded_price(leg.mark_price),
                leg.leverage,
                rounded_price(leg.liquidation_price),
                signed(rounded_money(leg.unrealized_profit)).append(f" {leg.margin_coin}", ""),
            )
            for leg in held
        ),
        numbers,
        spare=("locked", "leverage"),
    )


def _orders_table(resting: list[Order]) -> RowsTable | str:
    if not resting:
        return "Nothing rests in the book."
    numbers = ("size", "filled", "price")
    return RowsTable(
        "Open orders",
        ("symbol", "side", "does", *numbers, "force", "orderId", "clientOid"),
        (
            (
                one.symbol,
                one.side,
                one.trade_side,
                one.size,
                one.filled_size,
                one.price,
                one.force,
                one.order_id,
                one.client_oid,
            )
            for one in resting
        ),
        numbers,
        spare=("does", "force", "clientOid"),
    )


def quote_table(quoted: Quote) -> Table:
    """Show a plan: both legs, what it costs, what is left."""
    coin = quoted.margin_coin
    facts: list[tuple[str, object]] = [
        ("outcome", quoted.outcome),
        ("before", _held(quoted.before.long, quoted.before.short)),
        ("after", _held(quoted.after.long, quoted.after.short)),
        ("close leg", _leg(quoted.close_leg, coin)),
        ("open leg", _leg(quoted.open_leg, coin)),
        ("realised profit", signed(quoted.realized_profit).append(f" {coin}", "")),
        ("margin", f"needs {shown(quoted.margin_needed)} of {shown(quoted.margin_free)} {coin} free"),
        ("mark price", rounded_price(quoted.mark_price)),
        ("margin ratio after", percent(quoted.margin_ratio)),
        ("liquidation after", rounded_price(quoted.liquidation_price)),
    ]
    if quoted.shortfall:
        facts.append(("falls short", quoted.shortfall.replace("_", " ")))
    cancelled = [*quoted.cancelled_orders, *quoted.cancelled_triggers]
    if cancelled:
        facts.append(("cancels", ", ".join(cancelled)))
    return facts_table(f"Quote: reverse {quoted.symbol}", facts)


def _held(long: Decimal, short: Decimal) -> str:
    return f"long {shown(long)}, short {shown(short)}"


def _leg(leg: QuotedLeg, coin: str) -> str:
    if not leg.size:
        return "nothing"
    worst = "" if leg.worst_price == leg.average_price else f" (worst {shown(leg.worst_price)})"
    return f"{leg.side} {shown(leg.size)} at {shown(leg.average_price)}{worst}, fee {shown(leg.fee)} {coin}"


def rounded_price(price: Decimal | None) -> str:
    """Write a computed price with as many digits as a person reads; none where there is none."""
    if price is None or price <= 0:
        return shown(None)
    return shown(rounded(price, "0.0001" if price >= 1 else "0.00000001"))


def percent(ratio: Decimal) -> str:
    """Write a ratio in per cent."""
    return f"{shown(rounded(ratio * 100, '0.01'))} %"


READING_HELP: Final = {
    "positions": "[bold]Examples[/bold]\n\n  backhand positions\n\n"
    "  backhand positions ETHUSDT -o json | jq '.[].total'",
    "orders": "[bold]Examples[/bold]\n\n  backhand orders ETHUSDT\n\n"
    "  backhand orders ETHUSDT --client-oid bh-60106ebf0fc68655f1e206bc   (what became of it)",
    "quote": "[bold]Examples[/bold]\n\n  backhand quote ETHUSDT\n\n"
    "  backhand quote ETHUSDT --policy strict --max-slippage 0.002\n\n"
    "  backhand quote ETHUSDT --side long --size 3   (hedge mode)",
    "watch": "[bold]Examples[/bold]\n\n  backhand watch\n\n"
    "  backhand watch ETHUSDT -o json | jq -r '.[].unrealizedPL'",
}
