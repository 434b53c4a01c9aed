"""Leverage and the margin of isolated legs: contracts.md sections 5 and 12."""

from typing import Literal

from backhand.commands import MoveMargin, SetAutoMargin, SetLeverage
from backhand.engine.fills import touch
from backhand.engine.margin import (
    initial_margin_e20,
    ledger_crossed_max_available_e20,
    ledger_isolated_max_available_e20,
    leverage_allowed,
    value_e20,
)
from backhand.engine.refusals import refuse
from backhand.engine.risk import leg_buffer_e28
from backhand.engine.state import Account, Holding, Position, State
from backhand.events import AutoMarginSet, Event, LeverageSet, MarginMoved, Rejected, RejectReason
from backhand.units import E4, E8, E12, ceil_div, format_decimal


def set_leverage(state: State, command: SetLeverage, events: list[Event]) -> None:
    """Set leverages of a symbol (contracts.md section 12); setting what is set succeeds."""
    account = state.client(command.uid)
    if account is None:
        return refuse(events, RejectReason.UNKNOWN_ACCOUNT, command.uid)
    market = state.markets.get(command.symbol)
    if market is None:
        return refuse(events, RejectReason.UNKNOWN_SYMBOL, command.symbol)
    holding = account.holding(market)
    crossed, long, short = holding.crossed_leverage, holding.long_leverage, holding.short_leverage
    either = command.long_leverage if command.long_leverage is not None else command.short_leverage
    if either is None and command.leverage is None:
        return refuse(events, RejectReason.LEVERAGE_MISSING)
    if not holding.isolated:
        crossed = either if either is not None else command.leverage or 0
    elif either is not None:
        long = long if command.long_leverage is None else command.long_leverage
        short = short if command.short_leverage is None else command.short_leverage
    elif not account.hedge_mode(market.product_type):
        long = short = command.leverage or 0
    elif command.hold_side is None:
        return refuse(events, RejectReason.LEVERAGE_SIDE_MISSING)
    elif command.hold_side > 0:
        long = command.leverage or 0
    else:
        short = command.leverage or 0
    before = (holding.crossed_leverage, holding.long_leverage, holding.short_leverage)
    for leverage, kept in zip((crossed, long, short), before, strict=True):
        # What is not being changed may be outside a range that the contract got later.
        in_range = market.contract.leverage_min <= leverage <= market.contract.leverage_max
        if leverage != kept and not in_range:
            return refuse(events, RejectReason.LEVERAGE_OUT_OF_RANGE, str(leverage))
    if (crossed, long, short) != before:
        if holding.orders:
            return refuse(events, RejectReason.LEVERAGE_ORDERS_OPEN, market.symbol)
        reason = _relever(holding, crossed, long, short, events)
        if reason is not None:
            return refuse(events, reason)
        touch(state, holding)
    account.keep(holding)
    events.append(
        LeverageSet(
            account.uid,
            market.symbol,
            "isolated" if holding.isolated else "crossed",
            holding.crossed_leverage,
            holding.long_leverage,
            holding.short_leverage,
        )
    )
    return None


def _relever(
    holding: Holding, crossed: int, long: int, short: int, events: list[Event]
) -> RejectReason | None:
    """Change leverages, drawing what isolated legs are missing from the account; or say why not."""
    market = holding.market
    mark = market.mark_price_e12
    if not holding.isolated:
        lots = holding.lots(1) + holding.lots(-1)
        if lots and crossed > leverage_allowed(market, value_e20(market, lots, mark)):
            return RejectReason.LEVERAGE_ABOVE_TIER
        larger = max(holding.lots(1), holding.lots(-1))
        if larger and crossed < holding.crossed_leverage:
            more = initial_margin_e20(market, larger, mark, crossed)
            more -= initial_margin_e20(market, larger, mark, holding.crossed_leverage)
            if more > ledger_crossed_max_available_e20(holding.ledger):
                return RejectReason.LEVERAGE_MARGIN_MISSING
        holding.crossed_leverage = crossed
        return None
    missing_long = _missing_margin_e16(holding, 1, long)
    missing_short = _missing_margin_e16(holding, -1, short)
    for side, leverage in ((1, long), (-1, short)):
        lots = holding.lots(side)
        if lots and leverage > leverage_allowed(market, value_e20(market, lots, mark)):
            return RejectReason.LEVERAGE_ABOVE_TIER
    if (missing_long + missing_short) * E4 > ledger_isolated_max_available_e20(holding.ledger):
        return RejectReason.LEVERAGE_MARGIN_MISSING
    for leg, missing in ((holding.long, missing_long), (holding.short, missing_short)):
        if leg is not None and missing:
            add_margin(holding, leg, missing, "leverage", events)
    holding.long_leverage = long
    holding.short_leverage = short
    return None


def _missing_margin_e16(holding: Holding, side: int, leverage: int) -> int:
    """What a leg's margin lacks to V at entry / L; raising leverage leaves a surplus where it is."""
    leg = holding.leg(side)
    if leg is None or leverage >= holding.leverage(side):
        return 0
    needed = initial_margin_e20(holding.market, leg.lots, leg.average_price_e12, leverage)
    return max(0, ceil_div(needed, E4) - leg.margin_e16)


def add_margin(
    holding: Holding,
    leg: Position,
    amount_e16: int,
    cause: Literal["client", "leverage", "auto"],
    events: list[Event],
) -> None:
    """Move margin from the account to an isolated leg, or back when the amount is negative."""
    leg.margin_e16 += amount_e16
    holding.ledger.isolated_margin_e16 += amount_e16
    events.append(
        MarginMoved(
            holding.account.uid,
            holding.market.symbol,
            leg.side,
            amount_e16,
            leg.margin_e16,
            cause,
            leg.position_id,
            holding.ledger.wallet_e8,
        )
    )


def move_margin(state: State, command: MoveMargin, events: list[Event]) -> None:
    """
    Add margin to an isolated leg, at most what the account has free, or take out what it does not need.

    Taken out is at most what is above the initial margin at entry, and the margin ratio stays below 1.
    Source: Change Margin; contracts.md section 12.
    """
    found = _isolated_leg(state, command.uid, command.symbol, command.side)
    if isinstance(found, Rejected):
        return refuse(events, found.reason, found.detail)
    holding, leg = found
    market = holding.market
    amount_e16 = command.amount_e8 * E8
    if amount_e16 == 0:
        return refuse(events, RejectReason.INVALID_AMOUNT, "0")
    if amount_e16 > 0:
        free_e8 = ledger_isolated_max_available_e20(holding.ledger) // E12
        if command.amount_e8 > free_e8:
            return refuse(events, RejectReason.MARGIN_AMOUNT_TOO_LARGE, format_decimal(free_e8, 8))
    else:
        needed_e20 = initial_margin_e20(market, leg.lots, leg.average_price_e12, holding.leverage(leg.side))
        spare_e16 = leg.margin_e16 - ceil_div(needed_e20, E4)
        after_e28 = leg_buffer_e28(market, leg) + amount_e16 * E12
        if -amount_e16 > spare_e16 or after_e28 <= 0:
            spare_e8 = max(0, spare_e16) // E8
            return refuse(events, RejectReason.MARGIN_AMOUNT_TOO_LARGE, format_decimal(spare_e8, 8))
    add_margin(holding, leg, amount_e16, "client", events)
    touch(state, holding)
    return None


def set_auto_margin(state: State, command: SetAutoMargin, events: list[Event]) -> None:
    """Let an isolated leg draw margin before it is liquidated, or no longer."""
    found = _isolated_leg(state, command.uid, command.symbol, command.side)
    if isinstance(found, Rejected):
        return refuse(events, found.reason, found.detail)
    _, leg = found
    leg.auto_margin = command.enabled
    events.append(AutoMarginSet(command.uid, command.symbol, leg.side, command.enabled))
    return None


def _isolated_leg(state: State, uid: str, symbol: str, side: int) -> tuple[Holding, Position] | Rejected:
    """The isolated leg that a command is about, or why there is none."""
    account: Account | None = state.client(uid)
    if account is None:
        return Rejected(RejectReason.UNKNOWN_ACCOUNT, uid)
    market = state.markets.get(symbol)
    if market is None:
        return Rejected(RejectReason.UNKNOWN_SYMBOL, symbol)
    holding = account.holding(market)
    leg = holding.leg(side)
    if holding.isolated and leg is not None:
        return holding, leg
    if leg is None:
        return Rejected(RejectReason.NO_POSITION_FOR_MARGIN)
    return Rejected(RejectReason.MARGIN_IS_CROSSED)
