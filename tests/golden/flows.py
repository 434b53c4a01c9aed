"""
Golden cases that are played: a venue, a position, and a reversal or an order against the house.

The position is opened by a real order at its entry price. Then the wallet, and an isolated margin where a
case gives one, are set to what the case says: no command leads to every wallet that a case may describe.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, Literal

import msgspec

from backhand.commands import (
    Command,
    ConfigureVenue,
    Contract,
    ListContract,
    OpenAccount,
    PlaceOrder,
    ReplaceLadder,
    ReversePosition,
    SetPrice,
    Tier,
    Transfer,
)
from backhand.engine.figures import account_figures
from backhand.engine.margin import legs_sums
from backhand.engine.preview import Preview
from backhand.engine.reversal_plan import ReversalPlan, plan_reversal
from backhand.engine.state import Holding
from backhand.events import Event, Fill, PositionReversed, Rejected
from backhand.units import E8, E12, E16, E20
from tests.engine.checked import CheckedVenue
from tests.engine.worlds import contract
from tests.golden.cases import Case, Excluded, grid, number, whole

Figures = Mapping[str, Any]

#: Enough that opening the position of a case never fails.
PLENTY_E8: Final = 10**12 * E8
#: A price for cases that name none.
ANY_PRICE: Final = Fraction(100)


class Flow:
    """One account with one position, in a venue whose band and tiers are as wide as can be."""

    def __init__(self, case: Case) -> None:
        self.case = case
        mode = case.text("pos_mode", "one_way_mode")
        if mode not in {"one_way_mode", "hedge_mode"}:
            raise Excluded(f"the position mode {mode!r}")
        self.hedge = mode == "hedge_mode"
        self.isolated = case.text("margin_mode", "crossed") == "isolated"
        self.side = 1 if case.text("side", case.text("position_side")) == "long" else -1
        self.terms = self._terms()
        self.venue = CheckedVenue()
        self.do(ConfigureVenue("golden"))
        self.do(ListContract(self.terms))
        margin_mode: Literal["crossed", "isolated"] = "isolated" if self.isolated else "crossed"
        leverage = whole(case, "leverage") if "leverage" in case.inputs else 20
        self.do(OpenAccount("case", False, self.hedge, margin_mode, leverage))

    def _terms(self) -> Contract:
        case = self.case
        lot_e8 = grid(case.number("lot", "0.00000001"), 8)
        leverage_max = max(125, whole(case, "leverage")) if "leverage" in case.inputs else 125
        return contract(
            "ETHUSD" if case.inverse else "ETHUSDT",
            inverse=case.inverse,
            lot_e8=lot_e8,
            tick_e12=1,
            limit_size_lots_max=10**30,
            market_size_lots_max=10**30,
            value_min_e8=0,
            taker_fee_rate_e8=grid(case.number("taker", "0"), 8),
            maker_fee_rate_e8=0,
            buy_band_rate_e8=10**6 * E8,
            sell_band_rate_e8=E8 - 1,
            leverage_max=leverage_max,
            tiers=(Tier(10**30, leverage_max, 400_000),),
        )

    def do(self, command: Command) -> list[Event]:
        """Carry out a command that must be accepted."""
        events = self.venue.apply(command)
        refused = [event for event in events if isinstance(event, Rejected)]
        assert not refused, (command, refused)
        return events

    @property
    def holding(self) -> Holding:
        return self.venue.state.accounts["case"].holdings[self.terms.symbol]

    def lots(self, size: Fraction) -> int:
        """Count lots; a size between two of them excludes the case."""
        lots = size * E8 / self.terms.lot_e8
        if lots.denominator != 1:
            raise Excluded("a size is no multiple of the lot")
        return int(lots)

    def size(self, lots: int) -> Fraction:
        return Fraction(lots * self.terms.lot_e8, E8)

    def book(self, trade_side: int, levels: Sequence[tuple[Fraction, Fraction]]) -> None:
        """Have the house quote what a trade of this direction will meet, in this order."""
        quotes: list[tuple[int, int]] = []
        for price, size in levels:
            ticks, lots = grid(price, 12), self.lots(size)
            if quotes and quotes[-1][0] == ticks:
                quotes[-1] = (ticks, quotes[-1][1] + lots)
            else:
                quotes.append((ticks, lots))
        if quotes != sorted(quotes, key=lambda quote: quote[0] * trade_side):
            raise Excluded("fills in an order that no book gives")
        mark_e12 = grid(levels[-1][0], 12)
        bids, asks = ((), tuple(quotes)) if trade_side > 0 else (tuple(quotes), ())
        self.do(ReplaceLadder(self.terms.symbol, bids, asks, mark_e12))

    def take(self, size: Fraction, price: Fraction) -> None:
        """Open the position of the case by an order at its entry."""
        self.do(Transfer("case", self.terms.margin_coin, PLENTY_E8))
        self.book(self.side, ((price, size),))
        side: Literal[1, -1] = 1 if self.side > 0 else -1
        symbol, lots = self.terms.symbol, self.lots(size)
        self.do(PlaceOrder("case", symbol, side, "market", lots, effect="open" if self.hedge else None))
        assert self.holding.lots(self.side) == lots

    def reversal(self, lots: int | None, shortfall: Literal["close", "largest"] = "close") -> ReversePosition:
        """Ask for the reversal of the position, as this mode wants it asked."""
        side: Literal[1, -1] = 1 if self.side > 0 else -1
        if self.hedge:
            return ReversePosition("case", self.terms.symbol, side, "open", lots, shortfall=shortfall)
        return ReversePosition("case", self.terms.symbol, size_lots=lots, shortfall=shortfall)

    def plan(self, command: ReversePosition) -> ReversalPlan:
        """Plan a reversal that must be possible."""
        plan = plan_reversal(self.venue.state, command)
        assert isinstance(plan, ReversalPlan), plan
        return plan


def netting(case: Case) -> Figures:
    """A position, and one order against it."""
    flow = Flow(case)
    flow.take(case.number("size"), ANY_PRICE)
    trade_side: Literal[1, -1] = 1 if case.text("order_side") == "buy" else -1
    order_size = case.number("order_size")
    flow.book(trade_side, ((ANY_PRICE, order_size),))
    flow.do(PlaceOrder("case", flow.terms.symbol, trade_side, "market", flow.lots(order_size)))
    long, short = flow.holding.lots(1), flow.holding.lots(-1)
    side = "long" if long else "short" if short else "none"
    return {"side": side, "size": flow.size(long or short)}


def reversal_size(case: Case) -> Figures:
    """What a reversal would close and open, from its plan."""
    flow = Flow(case)
    held = case.number("position_size")
    flow.take(held, ANY_PRICE)
    flow.book(-flow.side, ((ANY_PRICE, 2 * held),))
    sent = flow.lots(case.number("size")) if "size" in case.inputs else None
    plan = flow.plan(flow.reversal(sent))
    after = plan.after
    return {
        "closed": flow.size(plan.closed_lots),
        "opened": flow.size(plan.opened_lots),
        "opened_side": "short" if plan.from_side > 0 else "long",
        "remaining": flow.size(after.long_lots if plan.from_side > 0 else after.short_lots),
        "net_order_size": flow.size(plan.closed_lots + plan.opened_lots),
    }


def reversal_net_order(case: Case) -> Figures:
    """A one-way reversal seen as one order: what both its legs trade together."""
    held = case.number("position_size")
    if case.number("target_opposite_size") != held:
        raise Excluded("a target other than the size held: a reversal opens what it closed")
    flow = Flow(case)
    flow.take(held, ANY_PRICE)
    flow.book(-flow.side, ((ANY_PRICE, 2 * held),))
    done = reversed_by(flow.do(flow.reversal(None)))
    side = "long" if flow.holding.lots(1) else "short"
    return {
        "order_size": flow.size(done.closed_lots + done.opened_lots),
        "final_side": side,
        "final_size": flow.size(flow.holding.lots(1) or flow.holding.lots(-1)),
    }


def reversed_by(events: list[Event]) -> PositionReversed:
    (done,) = [event for event in events if isinstance(event, PositionReversed)]
    return done


def reversal_flow(case: Case) -> Figures:
    """A whole reversal: planned, applied, and looked at; `CheckedVenue` sees to it that both agree."""
    flow = Flow(case)
    insufficient = case.text("insufficient", "all_or_nothing")
    if insufficient not in {"all_or_nothing", "largest"}:
        raise Excluded(f"the shortfall policy {insufficient!r}")
    flow.take(case.number("position_size"), case.number("entry"))
    _settle_inputs(flow)
    fills = [(number(fill["price"]), number(fill["size"])) for fill in case.inputs["fills"]]
    flow.book(-flow.side, fills)
    sent = flow.lots(case.number("close_size")) if "close_size" in case.inputs else None
    command = flow.reversal(sent, "largest" if insufficient == "largest" else "close")
    plan = flow.plan(command)
    margin_after = _initial_margin_after(plan)
    events = flow.do(command)
    done = reversed_by(events)
    own = [event for event in events if isinstance(event, Fill) and event.is_taker]
    new = flow.holding.leg(-flow.side)
    ledger = flow.holding.ledger
    figures = {
        "realized_pnl": Fraction(sum(fill.profit_e8 for fill in own), E8),
        "close_fee": Fraction(sum(fill.fee_e8 for fill in own if fill.order_id == done.close_order_id), E8),
        "open_fee": Fraction(sum(fill.fee_e8 for fill in own if fill.order_id == done.open_order_id), E8),
        "opened_size": flow.size(done.opened_lots),
        "wallet_after": Fraction(ledger.wallet_e8, E8),
        "initial_margin_after": margin_after,
        "remaining_old_size": flow.size(flow.holding.lots(flow.side)),
        "free_wallet_after": Fraction(account_figures(flow.holding.account, ledger.coin).available_e20, E20),
    }
    if new is not None:
        figures["new_entry"] = Fraction(new.average_price_e12, E12)
        figures["new_isolated_margin"] = Fraction(new.margin_e16, E16)
    return figures


def _settle_inputs(flow: Flow) -> None:
    """Bring the wallet, an isolated margin and other margins to what the case says."""
    case, ledger = flow.case, flow.holding.ledger
    leg = flow.holding.leg(flow.side)
    assert leg is not None
    if "isolated_margin" in case.inputs:
        margin_e16 = grid(case.number("isolated_margin"), 16)
        ledger.isolated_margin_e16 += margin_e16 - leg.margin_e16
        leg.margin_e16 = margin_e16
    other_e8 = grid(case.number("other_im", "0"), 8)
    if other_e8:
        _hold_other(flow, other_e8)
    wallet = case.number("wallet")
    flow.venue.state.coin(ledger.coin).deposits_e8 += grid(wallet, 8) - ledger.wallet_e8
    ledger.wallet_e8 = grid(wallet, 8)
    flow.venue.twin.wallets["case", ledger.coin] = wallet
    # From here on the smallest order value counts; the position may be of any.
    value_min_e8 = grid(case.number("min_notional", "0"), 8)
    flow.do(ListContract(msgspec.structs.replace(flow.terms, value_min_e8=value_min_e8)))


def _hold_other(flow: Flow, margin_e8: int) -> None:
    """Take a crossed position of another symbol, free of fees, that needs this much margin."""
    base = "BTC"
    if flow.case.inverse:
        raise Excluded("another margin in coin: no second inverse contract shares its margin coin")
    other = contract(
        f"{base}USDT",
        lot_e8=1,
        tick_e12=1,
        limit_size_lots_max=10**30,
        market_size_lots_max=10**30,
        value_min_e8=0,
        taker_fee_rate_e8=0,
        maker_fee_rate_e8=0,
        tiers=(Tier(10**30, 125, 0),),
    )
    flow.do(ListContract(other))
    leverage = flow.holding.account.leverage
    flow.do(SetPrice(other.symbol, E12))
    flow.do(ReplaceLadder(other.symbol, (), ((E12, margin_e8 * leverage),)))
    effect: Literal["open"] | None = "open" if flow.hedge else None
    order = PlaceOrder(
        "case", other.symbol, 1, "market", margin_e8 * leverage, effect=effect, margin_mode="crossed"
    )
    flow.do(order)


def _initial_margin_after(plan: ReversalPlan) -> Fraction:
    """
    The margin that the legs need when both are done, as the engine judges it before it opens.

    What stays open of the old position counts at mark, what is opened at its fills.
    """
    holding, market = plan.holding, plan.holding.market
    closed = Preview(holding, holding.isolated)
    closed.close(plan.from_side, plan.closes)
    need_e20 = closed.opening_need_e20(-plan.from_side, plan.opens)
    need_e20 -= (plan.after.fee_e8 - closed.fee_e8) * E12
    if holding.isolated:
        kept_e16 = closed.long_margin_e16 if plan.from_side > 0 else closed.short_margin_e16
        return Fraction(kept_e16, E16) + Fraction(need_e20, E20)
    initial_e20, _, _ = legs_sums(
        market,
        holding.crossed_leverage,
        closed.long_lots,
        closed.long_average_e12,
        closed.short_lots,
        closed.short_average_e12,
    )
    return Fraction(initial_e20 + need_e20, E20)
