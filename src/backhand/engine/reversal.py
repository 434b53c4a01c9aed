"""
Position reversal: close a position and open the same size on the other side, as one step.

    plan_reversal ─▶ ReversalPlan | refusal        nothing is touched; a quote stops here
    reverse       ─▶ cancels, both orders, the fills of both legs, one `PositionReversed`

The plan holds every match of both legs, so the result is the plan by construction; an invariant says
so to the last unit of the wallet. Source: reversal.md (decisions A1 to A20), contracts.md section 11.
"""

from backhand.commands import ReversePosition
from backhand.engine.accepting import accept, remember
from backhand.engine.fills import cancel, end, trade
from backhand.engine.invariants import invariant
from backhand.engine.refusals import refuse
from backhand.engine.reversal_plan import plan_reversal
from backhand.engine.state import State
from backhand.events import CancelReason, Event, OrderSource, PositionReversed, Rejected


def reverse(state: State, command: ReversePosition, events: list[Event]) -> None:
    """Plan a reversal and apply the plan, or refuse with the first reason that applies."""
    plan = plan_reversal(state, command)
    if isinstance(plan, Rejected):
        return refuse(events, plan.reason, plan.detail)

    # Nothing may fail below this line.
    holding = plan.holding
    account = holding.account
    market = holding.market
    side = -plan.from_side
    hold_side = plan.from_side if account.hedge_mode(market.product_type) else 0
    source: OrderSource = "trader_reverse" if account.copy_trader else "reverse"
    cancelled: list[int] = []
    for order, reason in plan.cancels.items():
        cancelled.append(order.order_id)
        cancel(state, order, reason, events)
    if command.client_oid is not None:
        # Before ids are generated: that of the close leg must not take the client's.
        remember(state, account, command.client_oid)
    # Both records exist before either leg runs: the returned id always resolves (A14).
    returns_open = state.returned_leg == "open"
    close_oid, open_oid = (None, command.client_oid) if returns_open else (command.client_oid, None)
    close = accept(
        state, holding, close_oid, side, hold_side, True, "market", "ioc", 0, plan.size_lots, source, events
    )
    open_lots = plan.closed_lots or plan.size_lots
    opened = accept(
        state, holding, open_oid, side, -hold_side, False, "market", "ioc", 0, open_lots, source, events
    )
    returned = opened if returns_open else close
    for match in plan.closes:
        trade(state, close, match, events)
    if close.open_lots:
        end(close, CancelReason.SHORTFALL_LIQUIDITY, events)
    for match in plan.opens:
        trade(state, opened, match, events)
    if opened.open_lots:
        end(opened, plan.shortfall or CancelReason.SHORTFALL_LIQUIDITY, events)
    invariant(holding.ledger.wallet_e8 == plan.after.wallet_e8, "a reversal's result is its plan")
    events.append(
        PositionReversed(
            account.uid,
            market.symbol,
            plan.from_side,
            close.order_id,
            opened.order_id,
            returned.client_oid,
            plan.closed_lots,
            plan.opened_lots,
            plan.shortfall,
            tuple(cancelled),
            tuple([trigger.order_id for trigger in plan.protections]),
            returned.order_id,
            tuple(plan.ignored),
        )
    )
    return None
