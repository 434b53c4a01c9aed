"""
Why the rules refused a request: the figures that a command was judged by, kept for whoever asks later.

    refused command ─▶ capture: facts of the state as it still is ─▶ named by its request ─▶ explain

A refusal changes nothing, so the state right after it is the one that it was judged on. In memory only: a
restart forgets, as it ends the ids of requests.
"""

from typing import Any, Final

from backhand.commands import Command, PlaceOrder, ReversePosition
from backhand.engine import State
from backhand.engine.figures import account_figures
from backhand.engine.guard import worst_close_ticks
from backhand.engine.limits import opening_lots, resting_lots
from backhand.engine.margin import EVERY_PRICE, band_edge_ticks, leverage_allowed, order_reserve_e8, value_e20
from backhand.engine.market import Market
from backhand.engine.reversal_bounds import bounds_of
from backhand.engine.reversal_plan import ReversalPlan, plan_reversal
from backhand.engine.state import Account, Holding
from backhand.events import Rejected
from backhand.projections.applied import Applied
from backhand.units import format_decimal, half_up_div
from backhand.wire import codes
from backhand.wire.codes import Refusal, refusal_of
from backhand.wire.requests.receipts import ExplainQuery
from backhand.wire.responses.receipts import ExplainAnswer, Explained

#: Refused requests of an account that can be asked for (DESIGN D15).
REFUSALS_MAX: Final = 1_000
#: Refusals whose request is not known yet; those of the operator never are.
UNNAMED_MAX: Final = 1_000


class Refusals:
    """The newest refusals by the rules of every account."""

    def __init__(self) -> None:
        self._unnamed: dict[int, Explained] = {}
        self._named: dict[str, dict[str, list[Explained]]] = {}

    def capture(self, state: State, applied: Applied) -> None:
        """Keep the facts of a command that was just refused."""
        rejected = applied.events[0] if applied.events else None
        if not isinstance(rejected, Rejected):
            return
        market = state.markets.get(getattr(applied.command, "symbol", None) or "")
        refusal = refusal_of(rejected, None if market is None else market.contract)
        if len(self._unnamed) >= UNNAMED_MAX:
            self._unnamed.pop(next(iter(self._unnamed)))
        self._unnamed[applied.sequence] = Explained(
            code=refusal.code,
            message=refusal.message,
            reason=rejected.reason.value,
            detail=rejected.detail,
            command=type(applied.command).__name__,
            sequence=str(applied.sequence),
            time=str(applied.time_ms),
            facts=facts_of(state, applied.command),
        )

    def name(self, uid: str, request_id: str, sequence: int) -> None:
        """Tell which request the command at a sequence came with; nothing when it was not refused."""
        explained = self._unnamed.pop(sequence, None)
        if explained is None:
            return
        named = self._named.setdefault(uid, {})
        named.setdefault(request_id, []).append(explained)
        if len(named) > REFUSALS_MAX:
            named.pop(next(iter(named)))

    def explain(self, uid: str, query: ExplainQuery) -> ExplainAnswer | Refusal:
        """Explain a refused request of an account's own."""
        found = self._named.get(uid, {}).get(query.request_id)
        return codes.REQUEST_NOT_FOUND if found is None else ExplainAnswer(query.request_id, found)


def facts_of(state: State, command: Command) -> dict[str, str]:
    """Give the figures that a command is judged by; what it does not concern is left out."""
    facts: dict[str, str] = {}
    market = state.markets.get(getattr(command, "symbol", None) or "")
    if market is not None:
        facts |= _market_facts(market)
    account = state.client(getattr(command, "uid", ""))
    if account is None or market is None:
        return facts
    facts |= _account_facts(account, market)
    holding = account.holdings.get(market.symbol)
    if holding is not None:
        facts |= _position_facts(holding)
        if isinstance(command, PlaceOrder):
            facts |= _order_facts(holding, command)
    if isinstance(command, ReversePosition):
        facts |= _reversal_facts(state, command)
    return facts


def _market_facts(market: Market) -> dict[str, str]:
    contract = market.contract
    bid, ask = market.book.bids.best_ticks(), market.book.asks.best_ticks()
    facts = {
        "symbol": market.symbol,
        "status": contract.status,
        "indexPrice": format_decimal(market.index_price_e12, 12),
        "markPrice": format_decimal(market.mark_price_e12, 12),
        "bestBid": _ticks(market, bid) if bid else "",
        "bestAsk": _ticks(market, ask) if ask else "",
        "minSize": _lots(market, market.size_lots_min),
        "minValue": format_decimal(contract.value_min_e8, 8),
    }
    if market.mark_price_e12:
        facts["highestBuyPrice"] = _ticks(market, band_edge_ticks(market, 1))
        facts["lowestSellPrice"] = _ticks(market, band_edge_ticks(market, -1))
    return facts


def _account_facts(account: Account, market: Market) -> dict[str, str]:
    figures = account_figures(account, market.margin_coin)
    return {
        "positionMode": "hedge" if account.hedge_mode(market.product_type) else "one-way",
        "marginCoin": market.margin_coin,
        "wallet": format_decimal(figures.wallet_e8, 8),
        "locked": format_decimal(figures.locked_e8, 8),
        "crossedAvailable": format_decimal(figures.crossed_max_available_e20, 20),
        "isolatedAvailable": format_decimal(figures.isolated_max_available_e20, 20),
    }


def _position_facts(holding: Holding) -> dict[str, str]:
    market = holding.market
    facts = {"marginMode": holding.margin_mode(), "openOrders": str(len(holding.orders))}
    for name, side in (("long", 1), ("short", -1)):
        facts[f"{name}Leverage"] = str(holding.leverage(side))
        leg = holding.leg(side)
        if leg is not None:
            facts[f"{name}Size"] = _lots(market, leg.lots)
            facts[f"{name}Locked"] = _lots(market, holding.locked_lots(side))
            facts[f"{name}AveragePrice"] = format_decimal(leg.average_price_e12, 12)
            guard = worst_close_ticks(holding, leg)
            facts[f"{name}BankruptcyPrice"] = "" if guard in (0, EVERY_PRICE) else _ticks(market, guard)
    return facts


def _order_facts(holding: Holding, command: PlaceOrder) -> dict[str, str]:
    """What an opening order of this size locks at its price, or at mark, and what its tier allows."""
    market = holding.market
    if market.mark_price_e12 == 0:
        return {}
    side = command.side
    at_mark = half_up_div(market.mark_price_e12, market.tick_e12)
    ticks = at_mark if command.price_ticks is None else command.price_ticks
    reserve_e8 = order_reserve_e8(market, command.size_lots, ticks, holding.leverage(side))
    held, opening = holding.lots(side), command.size_lots + resting_lots(holding, side)
    if not holding.account.hedge_mode(market.product_type):
        opening = opening_lots(opening, holding.lots(-side), holding.locked_lots(-side))
    elif not holding.isolated:
        held += holding.lots(-side)
    tier_value_e20 = value_e20(market, held + opening, market.mark_price_e12)
    return {
        "orderSize": _lots(market, command.size_lots),
        "orderPrice": _ticks(market, ticks),
        "orderReserve": format_decimal(reserve_e8, 8),
        "tierValue": format_decimal(tier_value_e20, 20),
        "tierLeverage": str(leverage_allowed(market, tier_value_e20)),
    }


def _reversal_facts(state: State, command: ReversePosition) -> dict[str, str]:
    """What the reversal would come to without the policy that refused it, beside what was quoted."""
    bare: dict[str, Any] = {
        "shortfall": "largest" if command.shortfall == "largest" else "close",
        "worst_price_ticks": None,
        "slippage_max_e8": None,
        "bounds": None,
        "client_oid": None,
    }
    plan = plan_reversal(state, _changed(command, bare))
    facts: dict[str, str] = {}
    if isinstance(plan, ReversalPlan):
        market, now = plan.holding.market, bounds_of(plan)
        facts = {
            "closedSize": _lots(market, now.closed_lots),
            "closeAveragePrice": _price(now.close_average_e12),
            "openedSize": _lots(market, now.opened_lots),
            "openAveragePrice": _price(now.open_average_e12),
            "fee": format_decimal(-now.fee_e8, 8),
            "liquidationPrice": format_decimal(now.liquidation_price_e12, 12),
            "marginNeeded": format_decimal(plan.needed_e20, 20),
            "marginFree": format_decimal(plan.free_e20, 20),
            "shortfall": "" if plan.shortfall is None else plan.shortfall.value,
        }
        quoted = command.bounds
        if quoted is not None:
            facts |= {
                "quotedClosedSize": _lots(market, quoted.closed_lots),
                "quotedCloseAveragePrice": _price(quoted.close_average_e12),
                "quotedOpenedSize": _lots(market, quoted.opened_lots),
                "quotedOpenAveragePrice": _price(quoted.open_average_e12),
                "quotedFee": format_decimal(-quoted.fee_e8, 8),
                "quotedLiquidationPrice": format_decimal(quoted.liquidation_price_e12, 12),
            }
        if command.worst_price_ticks is not None:
            facts["worstPrice"] = _ticks(market, command.worst_price_ticks)
        if command.slippage_max_e8 is not None:
            facts["maxSlippage"] = format_decimal(command.slippage_max_e8, 8)
    return facts


def _changed(command: ReversePosition, changes: dict[str, Any]) -> ReversePosition:
    fields = {name: getattr(command, name) for name in command.__struct_fields__}
    return ReversePosition(**(fields | changes))


def _lots(market: Market, lots: int) -> str:
    return format_decimal(lots * market.lot_e8, 8)


def _ticks(market: Market, ticks: int) -> str:
    return format_decimal(ticks * market.tick_e12, 12)


def _price(price_e12: int) -> str:
    return format_decimal(price_e12, 12) if price_e12 else ""
