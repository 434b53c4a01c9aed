"""
What the events of a venue say, kept in integers and compared with its state after every command.

Each fill is worked out again from the terms and the position before it: fee, profit, average, wallet. The
sums of all wallets and of all lots run along, so that the identity of DESIGN D9 is checked after each
command in the time that its events take, not in that of the whole venue.
"""

from collections.abc import Callable
from typing import Any, Final

from backhand.commands import HOUSE_UID, Contract
from backhand.engine import State
from backhand.events import (
    ContractListed,
    DeficitCovered,
    Event,
    Fill,
    FundingPaid,
    FundingSettled,
    LiquidationStarted,
    OrderAccepted,
    OrderCancelled,
    PositionLiquidated,
    PositionReversed,
    Transferred,
)
from backhand.units import E8, E12, E16, E20

FREE_KINDS: Final = ("netting", "adl", "delivery")


class Books:
    """Wallets, legs and open orders as the events tell them."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.contracts: dict[str, Contract] = {}
        self.wallets: dict[tuple[str, str], int] = {}
        self.totals: dict[str, int] = {}
        #: Lots and average price by account, symbol and side.
        self.legs: dict[tuple[str, str, int], tuple[int, int]] = {}
        self.lots: dict[tuple[str, int], int] = {}
        self.orders: dict[int, list[int]] = {}
        self.accepted: dict[int, OrderAccepted] = {}
        self.deposits: dict[str, int] = {}
        #: Postings that may each have left one unit in `rounding`.
        self.roundings: dict[str, int] = {}
        #: Accounts that the events of this command were about, and how much was settled as funding.
        self.touched: dict[str, None] = {}
        self.funding: dict[str, list[int]] = {}
        #: The first price of each taker of this command, and that which it has come to; lower is better.
        self.begun: dict[int, int] = {}
        self.reached: dict[int, int] = {}

    def follow(self, events: list[Event]) -> None:
        """Take in the events of one command and compare what they were about with the state."""
        self.touched.clear()
        self.funding.clear()
        self.begun.clear()
        self.reached.clear()
        for event in events:
            handler = FOLLOWED.get(type(event))
            if handler is not None:
                handler(self, event)
        for uid in self.touched:
            self._compare(uid)
        for symbol, (total, count) in self.funding.items():
            assert -2 * count <= total <= 0, f"funding of {symbol} made {total} of {count} payments"
        self._balance()

    def _listed(self, event: ContractListed) -> None:
        self.contracts[event.contract.symbol] = event.contract

    def _transferred(self, event: Transferred) -> None:
        self.deposits[event.coin] = self.deposits.get(event.coin, 0) + event.amount_e8
        self._pay(event.uid, event.coin, event.amount_e8, event.wallet_e8)

    def _accepted(self, event: OrderAccepted) -> None:
        self.accepted[event.order_id] = event
        self.orders[event.order_id] = [event.size_lots]

    def _cancelled(self, event: OrderCancelled) -> None:
        assert self.orders.pop(event.order_id) == [event.open_lots], event
        del self.accepted[event.order_id]

    def _filled(self, fill: Fill) -> None:
        contract = self.contracts[fill.symbol]
        price_e12 = fill.price_ticks * contract.tick_e12
        closes_only, named_leg = self._count(fill)
        if fill.is_taker and fill.kind not in FREE_KINDS:
            reached = fill.price_ticks * fill.side
            assert self.reached.get(fill.order_id, reached) <= reached, f"a better price came later: {fill}"
            self.begun.setdefault(fill.order_id, reached)
            self.reached[fill.order_id] = reached

        rate = contract.taker_fee_rate_e8 if fill.is_taker else contract.maker_fee_rate_e8
        owed = 0 if fill.kind in FREE_KINDS else fill.size_lots * contract.lot_e8 * rate
        owed *= E12 if contract.inverse else price_e12
        assert fill.fee_e8 == -(-owed // E20), fill

        held, average = self.legs.get((fill.uid, fill.symbol, -fill.side), (0, 0))
        if closes_only:
            assert fill.size_lots <= held, f"a reduce-only order went beyond its position: {fill}"
        closing = 0 if named_leg and not closes_only else min(fill.size_lots, held)
        gain = -fill.side * closing * contract.lot_e8 * (price_e12 - average)
        assert fill.profit_e8 == gain // (price_e12 if contract.inverse else E12), fill
        self._pay(fill.uid, contract.margin_coin, fill.profit_e8 - fill.fee_e8, fill.wallet_e8)
        self.roundings[contract.margin_coin] = self.roundings.get(contract.margin_coin, 0) + 3

        if closing:
            self._hold(fill, -fill.side, held - closing, average)
        opening = fill.size_lots - closing
        lots, side = held - closing, -fill.side
        if opening:
            side = fill.side
            before, average = self.legs.get((fill.uid, fill.symbol, side), (0, 0))
            lots = before + opening
            average = (2 * (before * average + opening * price_e12) + lots) // (2 * lots)
            self._hold(fill, side, lots, average)
        told = (fill.position_side, fill.position_lots, fill.position_average_price_e12)
        assert told == ((side, lots, average) if lots else (0, 0, 0)), fill

    def _count(self, fill: Fill) -> tuple[bool, bool]:
        """Count a fill against its order: whether that only closes, and whether it names a leg."""
        order = self.accepted.get(fill.order_id)
        if order is None:
            assert fill.uid == HOUSE_UID, f"a fill belongs to an order that exists: {fill}"
            return False, False
        assert (order.uid, order.symbol, order.side) == (fill.uid, fill.symbol, fill.side), fill
        limit = order.price_ticks
        assert not limit or (fill.price_ticks - limit) * order.side <= 0, f"worse than its limit: {fill}"
        left = self.orders[fill.order_id]
        left[0] -= fill.size_lots
        assert left[0] == fill.order_open_lots >= 0, fill
        if left[0] == 0:
            del self.orders[fill.order_id]
            del self.accepted[fill.order_id]
        return order.reduce_only, order.hold_side != 0

    def _hold(self, fill: Fill, side: int, lots: int, average: int) -> None:
        key = (fill.uid, fill.symbol, side)
        before = self.legs.pop(key, (0, 0))[0]
        if lots:
            self.legs[key] = (lots, average)
        total = (fill.symbol, side)
        self.lots[total] = self.lots.get(total, 0) + lots - before

    def _reversed(self, event: PositionReversed) -> None:
        if event.opened_lots:
            closed, opened = self.reached[event.close_order_id], self.begun[event.open_order_id]
            assert closed <= opened, f"the close has the better prices: {event}"

    def _funded(self, event: FundingSettled) -> None:
        self.funding.setdefault(event.symbol, [0, 0])

    def _paid(self, event: FundingPaid) -> None:
        coin = self.contracts[event.symbol].margin_coin
        settled = self.funding[event.symbol]
        settled[0] += event.amount_e8
        settled[1] += 1
        self.roundings[coin] = self.roundings.get(coin, 0) + 2
        self._pay(event.uid, coin, event.amount_e8, event.wallet_e8)

    def _started(self, event: LiquidationStarted) -> None:
        assert event.margin_ratio_e16 >= E16, f"nobody is liquidated too early: {event}"

    def _liquidated(self, event: PositionLiquidated) -> None:
        assert event.fund_e8 >= 0, event
        self._pay(event.uid, event.margin_coin, event.house_e8 - event.insurance_e8, event.wallet_e8)
        self._pay(HOUSE_UID, event.margin_coin, -event.house_e8, None)

    def _covered(self, event: DeficitCovered) -> None:
        assert event.fund_e8 >= 0, event
        self._pay(event.uid, event.margin_coin, event.house_e8 + event.insurance_e8, event.wallet_e8)
        self._pay(HOUSE_UID, event.margin_coin, -event.house_e8, None)

    def _pay(self, uid: str, coin: str, amount_e8: int, wallet_e8: int | None) -> None:
        key = (uid, coin)
        wallet = self.wallets.get(key, 0) + amount_e8
        assert wallet_e8 in (None, wallet), f"{uid} should have {wallet}, has {wallet_e8}"
        self.wallets[key] = wallet
        self.totals[coin] = self.totals.get(coin, 0) + amount_e8
        self.touched[uid] = None

    def _compare(self, uid: str) -> None:
        """What the events say of an account is what the state holds."""
        account = self.state.accounts[uid]
        for coin, ledger in account.ledgers.items():
            assert ledger.wallet_e8 == self.wallets.get((uid, coin), 0), f"the wallet of {uid} in {coin}"
        for symbol, holding in account.holdings.items():
            for side in (1, -1):
                leg = holding.leg(side)
                held = (0, 0) if leg is None else (leg.lots, leg.average_price_e12)
                assert held == self.legs.get((uid, symbol, side), (0, 0)), f"{uid} in {symbol}"

    def compare_everything(self) -> None:
        """Compare every account, every open order, and no leg is left over."""
        for uid in self.state.accounts:
            self._compare(uid)
        legs = sum(
            (holding.long is not None) + (holding.short is not None)
            for account in self.state.accounts.values()
            for holding in account.holdings.values()
        )
        assert legs == len(self.legs)
        resting = {
            order_id: [order.open_lots]
            for account in self.state.accounts.values()
            for order_id, order in account.orders.items()
        }
        assert resting == self.orders

    def _balance(self) -> None:
        """Deposits are all accounted for, long is short, and rounding is no more than rounding."""
        clearing: dict[str, int] = {}
        fees: dict[str, int] = {}
        roundings = {coin: money.rounding_e28 for coin, money in self.state.coins.items()}
        for symbol, market in self.state.markets.items():
            told = (self.lots.get((symbol, 1), 0), self.lots.get((symbol, -1), 0))
            assert told == (market.long_lots, market.short_lots), f"open interest of {symbol}"
            assert told[0] == told[1], f"open interest of {symbol} balances"
            coin = market.margin_coin
            owed_e28, rounded_e28 = market.fee_sums_e28()
            fees[coin] = fees.get(coin, 0) + owed_e28
            roundings[coin] = roundings.get(coin, 0) + rounded_e28
            if not market.inverse:
                clearing[coin] = clearing.get(coin, 0) + market.clearing_e20 * E8
        for coin, money in self.state.coins.items():
            deposits_e8 = money.deposits_e8 - money.withdrawals_e8
            assert deposits_e8 == self.deposits.get(coin, 0), f"deposits of {coin}"
            units_e8 = self.totals.get(coin, 0) + money.insurance_e8 + money.conversion_e8
            rest = clearing.get(coin, 0) + fees.get(coin, 0) + roundings[coin]
            assert deposits_e8 * E20 == units_e8 * E20 + rest, f"the books of {coin} balance"
            bound = (self.roundings.get(coin, 0) + 1) * E20
            assert abs(roundings[coin]) <= bound, f"rounding of {coin} is rounding"


FOLLOWED: Final[dict[type, Callable[[Books, Any], None]]] = {
    ContractListed: Books._listed,  # noqa: SLF001 (its own)
    Transferred: Books._transferred,  # noqa: SLF001
    OrderAccepted: Books._accepted,  # noqa: SLF001
    OrderCancelled: Books._cancelled,  # noqa: SLF001
    Fill: Books._filled,  # noqa: SLF001
    FundingSettled: Books._funded,  # noqa: SLF001
    FundingPaid: Books._paid,  # noqa: SLF001
    LiquidationStarted: Books._started,  # noqa: SLF001
    PositionReversed: Books._reversed,  # noqa: SLF001
    PositionLiquidated: Books._liquidated,  # noqa: SLF001
    DeficitCovered: Books._covered,  # noqa: SLF001
}
