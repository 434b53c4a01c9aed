"""
A venue and its second model side by side: commands go to the engine, what was traded goes to the model.

Whether transfers, margin moves and leverages are accepted is the model's to say; after each command
`compare` holds every sum of the engine against the model's.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Final

from backhand.commands import (
    HOUSE_UID,
    Command,
    MoveMargin,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    Transfer,
)
from backhand.engine import State, apply
from backhand.engine.audit import audit
from backhand.engine.figures import account_figures, position_figures
from backhand.engine.state import Account, Ledger
from backhand.events import (
    AccountOpened,
    ContractListed,
    Event,
    Fill,
    FundingPaid,
    FundingSettled,
    LeverageSet,
    LiquidationStarted,
    MarginMoved,
    OrderAccepted,
    OrderCancelled,
    PriceSet,
    Rejected,
)
from tests.engine.accounts_model import UNIT, ZERO, Holding, Model, Resting, Terms, down, up
from tests.engine.accounts_model import Account as Kept

#: What the engine's sums may differ by in all: inverse profits and shares of margin are kept with 20 digits.
DUST: Final = Fraction(1, 10**18)
#: The unit of figures with 16 decimals.
DIGIT: Final = Fraction(1, 10**16)


def e(value: int, places: int) -> Fraction:
    """Read one of the engine's integers."""
    return Fraction(value, 10**places)


class Bookkeeper:
    """One venue, and the model of it."""

    def __init__(self) -> None:
        self.state = State()
        self.model = Model()
        self.model.accounts[HOUSE_UID] = Kept(hedge=False, isolated=False, leverage=1)
        self.orders: dict[int, tuple[Holding, Resting]] = {}
        #: Once somebody was liquidated the model has nothing to say.
        self.is_over = False
        self.counts: dict[str, int] = {}

    def do(self, command: Command, after_ms: int = 1) -> list[Event]:
        """Carry out a command in both, and compare."""
        expected = self._judge(command)
        events = apply(self.state, command, self.state.time_ms + after_ms)
        self.is_over = any(isinstance(event, LiquidationStarted) for event in events)
        if self.is_over:
            return events
        refused = any(isinstance(event, Rejected) for event in events)
        if expected is not None:
            assert expected == (not refused), (command, events)
        name = f"{type(command).__name__}{' refused' if refused else ''}"
        self.counts[name] = self.counts.get(name, 0) + 1
        if not refused:
            self._follow(command, events)
        self.compare()
        return events

    # Whether a command is accepted; None where the model does not say.

    def _judge(self, command: Command) -> bool | None:
        judge = JUDGES.get(type(command))
        return None if judge is None else judge(self, command)

    def _may_transfer(self, command: Transfer) -> bool | None:
        if command.amount_e8 > 0:
            return True
        most = self.model.account(command.uid, command.coin)["isolated_max_available"]
        return decided(e(-command.amount_e8, 8), most)

    def _may_move(self, command: MoveMargin) -> bool | None:
        holding = self.model.holding(command.uid, command.symbol)
        leg = holding.legs.get(command.side)
        if leg is None or not holding.isolated or command.amount_e8 == 0:
            return False
        amount = e(command.amount_e8, 8)
        if amount > 0:
            most = self.model.account(command.uid, holding.terms.coin)["isolated_max_available"]
            return decided(amount, down(most, 8))
        initial = holding.terms.value(leg.size, leg.average) / holding.leverage_of(command.side)
        mark = self.model.marks[command.symbol]
        covered = self.model.buffer(command.uid, holding, command.side, mark) + amount > 0
        return covered and -amount <= leg.margin - up(initial, 16)

    def _may_lever(self, command: SetLeverage) -> bool | None:
        """One value for both sides: contracts.md section 12."""
        holding = self.model.holding(command.uid, command.symbol)
        terms, mark = holding.terms, self.model.marks[command.symbol]
        leverage = command.leverage or 0
        hedged_apart = holding.isolated and self.model.accounts[command.uid].is_hedged(terms.product_type)
        if hedged_apart and command.hold_side is None:
            return False
        names = {1: ("long",), -1: ("short",), None: ("long", "short")}[
            command.hold_side if hedged_apart else None
        ]
        names = names if holding.isolated else ("crossed",)
        if all(leverage == holding.leverage[name] for name in names):
            return True
        if holding.orders:
            return False
        figures = self.model.account(command.uid, terms.coin)
        if not holding.isolated:
            size = sum((leg.size for leg in holding.legs.values()), ZERO)
            if not size:
                return True
            if leverage > terms.leverage_allowed(size * mark):
                return False
            before = self.model.crossed_initial(holding)
            more = before * holding.leverage["crossed"] / leverage - before
            free = figures["available"] - figures["crossed_margin"] + figures["crossed_unrealised"]
            return True if leverage >= holding.leverage["crossed"] else decided(more, free)
        sides = [
            side for side, name in ((1, "long"), (-1, "short")) if name in names and side in holding.legs
        ]
        # A leg whose leverage stays must fit its tier all the same.
        for side, leg in holding.legs.items():
            wanted = leverage if side in sides else holding.leverage_of(side)
            if wanted > terms.leverage_allowed(leg.size * mark):
                return False
        missing = sum((self._missing(holding, side, leverage) for side in sides), ZERO)
        return decided(missing, figures["isolated_max_available"])

    def _missing(self, holding: Holding, side: int, leverage: int) -> Fraction:
        """What a leg's margin lacks to V at entry / L, when its leverage is lowered."""
        leg = holding.legs[side]
        if leverage >= holding.leverage_of(side):
            return ZERO
        needed = up(holding.terms.value(leg.size, leg.average) / leverage, 16)
        return max(ZERO, needed - leg.margin)

    def _may_change_margin_mode(self, command: SetMarginMode) -> bool:
        holding = self.model.holding(command.uid, command.symbol)
        stays = holding.isolated == (command.margin_mode == "isolated")
        return stays or not (holding.legs or holding.orders)

    def _may_change_position_mode(self, command: SetPositionMode) -> bool:
        account = self.model.accounts[command.uid]
        return command.hedge_mode == account.is_hedged(command.product_type) or not any(
            holding.legs or holding.orders
            for holding in account.holdings.values()
            if holding.terms.product_type == command.product_type
        )

    # What happened.

    def _follow(self, command: Command, events: Sequence[Event]) -> None:
        model = self.model
        payments: dict[tuple[str, int], Fraction] = {}
        if isinstance(command, Transfer):
            model.transfer(command.uid, command.coin, e(command.amount_e8, 8))
        if isinstance(command, MoveMargin):
            holding = model.holding(command.uid, command.symbol)
            holding.legs[command.side].margin += e(command.amount_e8, 8)
        if isinstance(command, SetLeverage):
            self._relever(command, events)
        if isinstance(command, SetMarginMode):
            model.holding(command.uid, command.symbol).isolated = command.margin_mode == "isolated"
        if isinstance(command, SetPositionMode):
            model.accounts[command.uid].modes[command.product_type] = command.hedge_mode
        for event in events:
            if isinstance(event, ContractListed):
                model.list(event.contract)
            elif isinstance(event, AccountOpened):
                model.accounts[event.uid] = Kept(
                    event.hedge_mode, event.margin_mode == "isolated", event.leverage
                )
            elif isinstance(event, PriceSet):
                model.marks[event.symbol] = e(event.mark_price_e12, 12)
            elif isinstance(event, OrderAccepted):
                self._accepted(event)
            elif isinstance(event, OrderCancelled):
                holding, _ = self.orders.pop(event.order_id)
                holding.orders.pop(event.order_id, None)
            elif isinstance(event, Fill):
                self._fill(event)
            elif isinstance(event, FundingSettled):
                model.marks[event.symbol] = e(event.mark_price_e12, 12)
                payments = model.settle_funding(event.symbol, e(event.rate_e8, 8))
            elif isinstance(event, FundingPaid):
                assert payments.pop((event.uid, event.side)) == e(event.amount_e8, 8), event
        assert not payments, payments

    def _relever(self, command: SetLeverage, events: Sequence[Event]) -> None:
        (told,) = [event for event in events if isinstance(event, LeverageSet)]
        holding = self.model.holding(command.uid, command.symbol)
        added = {event.side: e(event.amount_e16, 16) for event in events if isinstance(event, MarginMoved)}
        new = {"crossed": told.crossed, "long": told.isolated_long, "short": told.isolated_short}
        if holding.isolated:
            for side, name in ((1, "long"), (-1, "short")):
                missing = self._missing(holding, side, new[name]) if side in holding.legs else ZERO
                assert missing == added.pop(side, ZERO)
                if missing:
                    holding.legs[side].margin += missing
        assert not added
        holding.leverage = new

    def _accepted(self, event: OrderAccepted) -> None:
        holding = self.model.holding(event.uid, event.symbol)
        terms = holding.terms
        price, size = event.price_ticks * terms.tick, event.size_lots * terms.lot
        order = Resting(event.side, event.hold_side, event.reduce_only, price, size)
        self.orders[event.order_id] = (holding, order)
        holding.orders[event.order_id] = order

    def _fill(self, event: Fill) -> None:
        terms = self.model.terms[event.symbol]
        size, price = event.size_lots * terms.lot, event.price_ticks * terms.tick
        _, order = self.orders.get(event.order_id, (None, Resting(event.side, 0, False, price, size)))
        self.model.fill(event.uid, event.symbol, event.side, size, price, taker=event.is_taker, order=order)
        order.size -= size
        if order.size == 0 and event.order_id in self.orders:
            holding, _ = self.orders.pop(event.order_id)
            del holding.orders[event.order_id]

    # What it comes to.

    def compare(self) -> None:
        """Hold every sum of the engine against the model's."""
        for uid, account in self.state.accounts.items():
            for coin, ledger in account.ledgers.items():
                self._compare_ledger(uid, coin, ledger)
            for symbol, holding in account.holdings.items():
                kept = self.model.holding(uid, symbol)
                legs = {
                    side: leg for side, leg in ((1, holding.long), (-1, holding.short)) if leg is not None
                }
                assert list(kept.legs) == list(legs) or set(kept.legs) == set(legs)
                for side, leg in legs.items():
                    model = kept.legs[side]
                    engine = (
                        leg.lots * kept.terms.lot,
                        e(leg.average_price_e12, 12),
                        e(leg.margin_e16, 16),
                        e(leg.profit_e8, 8),
                        e(leg.open_fee_e8 + leg.close_fee_e8, 8),
                        e(leg.funding_e8, 8),
                    )
                    assert engine == (
                        model.size,
                        model.average,
                        model.margin,
                        model.profit,
                        model.fees,
                        model.funding,
                    )
                    if not account.is_house:
                        self._compare_position(uid, account, kept, side)
        self._compare_money()

    def _compare_ledger(self, uid: str, coin: str, ledger: Ledger) -> None:
        model = self.model.account(uid, coin)
        assert model["wallet"] == e(ledger.wallet_e8, 8)
        if uid == HOUSE_UID:
            return
        shown = account_figures(self.state.accounts[uid], coin)
        assert model["locked"] == e(shown.locked_e8, 8)
        assert model["isolated_margin"] == e(shown.isolated_margin_e16, 16)
        assert model["available"] == e(shown.available_e20, 20)
        for name in (
            "crossed_max_available",
            "isolated_max_available",
            "equity",
            "unrealised",
            "crossed_unrealised",
            "isolated_unrealised",
            "crossed_margin",
        ):
            assert abs(model[name] - e(getattr(shown, f"{name}_e20"), 20)) < DUST, name
        assert shown.max_transfer_out_e20 == shown.isolated_max_available_e20
        check_ratio(model["maintenance"], model["crossed_equity"], shown.crossed_risk_e16)
        # Who stands below maintenance would have been liquidated.
        if model["maintenance"]:
            assert model["crossed_equity"] > model["maintenance"] - DUST

    def _compare_position(self, uid: str, account: Account, kept: Holding, side: int) -> None:
        holding = account.holdings[kept.terms.symbol]
        leg = holding.leg(side)
        assert leg is not None
        shown = position_figures(account, holding, leg)
        terms, mine = kept.terms, kept.legs[side]
        mark = self.model.marks[terms.symbol]
        assert abs(self.model.unrealised(kept, side) - e(shown.unrealised_e20, 20)) < DUST
        if kept.isolated:
            margin, tier_size = mine.margin, mine.size
            maintenance = terms.maintenance(mine.size, mine.size, mark)
            equity = self.model.leg_equity(kept, side)
            assert equity > maintenance - DUST
        else:
            margin = up(terms.value(mine.size, mark) / kept.leverage["crossed"], 16)
            tier_size = sum((each.size for each in kept.legs.values()), ZERO)
            figures = self.model.account(uid, terms.coin)
            maintenance, equity = figures["maintenance"], figures["crossed_equity"]
        assert margin == e(shown.margin_e16, 16)
        assert terms.tiers[terms.tier(tier_size * mark)][2] == e(shown.maintenance_rate_e8, 8)
        check_ratio(maintenance, equity, shown.margin_ratio_e16)
        assert self.model.break_even(kept, side) == e(shown.break_even_price_e16, 16)
        buffer = self._buffer(uid, kept, side)
        check_liquidation_price(terms, tier_size, buffer, e(shown.liquidation_price_e16, 16))

    def _buffer(self, uid: str, kept: Holding, side: int) -> Callable[[Fraction], Fraction]:
        return lambda price: self.model.buffer(uid, kept, side, price)

    def _compare_money(self) -> None:
        """What rounding left is in the rounding account, all of it and nothing else, and within its bound."""
        sums = audit(self.state).coins
        for coin, money in self.model.money.items():
            books = sums[coin]
            assert money.deposits == e(books.deposits_e28 - books.withdrawals_e28, 28)
            assert money.fees == e(books.fees_e28, 28)
            assert money.conversion == e(books.conversion_e28, 28)
            assert money.rounding == e(books.rounding_e28, 28)
            assert ZERO <= money.posted <= money.postings * UNIT
            assert abs(money.averaged) <= money.averaged_max


def decided(wanted: Fraction, most: Fraction) -> bool | None:
    """Whether something fits; None where the last of the engine's digits decides."""
    return None if abs(wanted - most) < DUST else wanted <= most


def check_ratio(maintenance: Fraction, equity: Fraction, ratio_e16: int) -> None:
    """Maintenance over equity, up at 16 decimals; what equity lacks of its last digit moves it by as much."""
    if maintenance == 0 or equity <= 0:
        assert e(ratio_e16, 16) == (0 if maintenance == 0 else 1)
        return
    exact = maintenance / equity
    slack = DUST * (1 + exact) / equity
    assert -slack <= e(ratio_e16, 16) - exact <= DIGIT + slack


def check_liquidation_price(
    terms: Terms, size: Fraction, buffer: Callable[[Fraction], Fraction], price: Fraction
) -> None:
    """
    At the price the buffer is used up: it changes sign within a digit. 0 stands for no such price.

    Between the ends of tiers the buffer is a straight line, of the price or of its inverse: when it is
    positive at the ends and in the limits, it is positive everywhere.
    """
    ends = [end / size for end, _, _ in terms.tiers[:-1]]
    if price == 0:
        for probe in (Fraction(1, 10**9), *ends, Fraction(10**12)):
            assert buffer(probe) > -DUST, ("there is a price", probe)
        return
    near = price / 10**9
    slope = abs(buffer(price + near) - buffer(price - near)) / (2 * near)
    within = DIGIT + (2 * DUST / slope if slope else ZERO)
    low, high = buffer(price - within), buffer(price + within)
    assert low * high <= 0, ("not used up there", price, low, high)


JUDGES: Final[dict[type, Callable[[Bookkeeper, Any], bool | None]]] = {
    Transfer: Bookkeeper._may_transfer,  # noqa: SLF001 (a table of its own methods)
    MoveMargin: Bookkeeper._may_move,  # noqa: SLF001
    SetLeverage: Bookkeeper._may_lever,  # noqa: SLF001
    SetMarginMode: Bookkeeper._may_change_margin_mode,  # noqa: SLF001
    SetPositionMode: Bookkeeper._may_change_position_mode,  # noqa: SLF001
}
