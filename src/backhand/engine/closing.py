"""Closing positions at market at one word: the flash close."""

from backhand.commands import ClosePositions, PlaceOrder
from backhand.engine.cancelling import is_product_type
from backhand.engine.orders import execute, judge
from backhand.engine.refusals import refuse
from backhand.engine.state import Account, Holding, Position, State
from backhand.events import Event, PositionKept, Rejected, RejectReason


def close_positions(state: State, command: ClosePositions, events: list[Event]) -> None:
    """
    Close the positions that are named, each by a market order of its own, oldest first.

    What resting closing orders hold is closed too: they are cancelled. A position that cannot be closed now
    stays; when that is so of all of them, the first one's reason is the answer. One that the order of another
    met as maker, and closed, is done with.
    Source: Flash Close Position; rest-private.md section 5.
    """
    account = state.client(command.uid)
    if account is None:
        return refuse(events, RejectReason.UNKNOWN_ACCOUNT, command.uid)
    if not is_product_type(state, command.product_type):
        return refuse(events, RejectReason.UNKNOWN_PRODUCT_TYPE, command.product_type)
    if command.symbol is not None and command.symbol not in state.markets:
        return refuse(events, RejectReason.UNKNOWN_SYMBOL, command.symbol)
    legs = _named_legs(account, command)
    if not legs:
        return refuse(events, RejectReason.NO_POSITION_TO_CLOSE)
    refusals = [_close(state, account, holding, leg, events) for holding, leg in legs]
    first = refusals[0]
    if first is not None and not events:
        return refuse(events, first.reason, first.detail)
    for (holding, leg), refusal in zip(legs, refusals, strict=True):
        if refusal is not None:
            events.append(
                PositionKept(account.uid, holding.market.symbol, leg.side, refusal.reason, refusal.detail)
            )
    return None


def _named_legs(account: Account, command: ClosePositions) -> list[tuple[Holding, Position]]:
    legs: list[tuple[Holding, Position]] = []
    hedge = account.hedge_mode(command.product_type)
    for holding in account.holdings.values():
        market = holding.market
        if market.product_type != command.product_type or command.symbol not in (None, market.symbol):
            continue
        for side in (1, -1):
            leg = holding.leg(side)
            if leg is not None and (not hedge or command.side in (None, side)):
                legs.append((holding, leg))
    legs.sort(key=_oldest_first)
    return legs


def _oldest_first(entry: tuple[Holding, Position]) -> int:
    return entry[1].position_id


def _close(
    state: State, account: Account, holding: Holding, leg: Position, events: list[Event]
) -> Rejected | None:
    if leg.lots == 0:
        return None
    market = holding.market
    hedge = account.hedge_mode(market.product_type)
    side = leg.side if hedge else -leg.side
    request = PlaceOrder(
        account.uid,
        market.symbol,
        1 if side > 0 else -1,
        "market",
        leg.lots,
        effect="close" if hedge else None,
        reduce_only=not hedge,
    )
    placement = judge(state, account, market, request, "close", None)
    if isinstance(placement, Rejected):
        return placement
    execute(state, placement, events)
    return None
