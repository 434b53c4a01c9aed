"""
What an engine could have said, written by hand: applied commands made of events.

A `Tape` hands out sequences, ids and times as the engine does, and keeps what is open so that random
steps stay possible ones. What the commands were does not matter to a read model.
"""

import random
from collections.abc import Sequence
from typing import Final, Literal, get_args

import msgspec
from hypothesis import strategies as st

from backhand.commands import HOUSE_UID, Contract, Preset, Tier, Transfer, TriggerKind
from backhand.events import (
    CancelReason,
    ContractListed,
    DeficitCovered,
    Event,
    Fill,
    FundingPaid,
    FundingSettled,
    MarginMoved,
    OrderAccepted,
    OrderCancelled,
    OrderPresetsChanged,
    PositionClosed,
    PositionLiquidated,
    PriceSet,
    RejectReason,
    Transferred,
    TriggerCancelled,
    TriggerChanged,
    TriggerFired,
    TriggerPlaced,
)
from backhand.projections.applied import Applied
from backhand.units import E8, E12

FIRST_ID: Final = 10**18
#: 2025-06-15 00:00:00 UTC: the start of a day and of a minute.
START_MS: Final = 1_749_945_600_000

BTCUSDT: Final = Contract(
    symbol="BTCUSDT",
    product_type="USDT-FUTURES",
    base_coin="BTC",
    quote_coin="USDT",
    margin_coin="USDT",
    inverse=False,
    lot_e8=E8 // 10_000,
    size_places=4,
    tick_e12=E12 // 10,
    price_places=1,
    price_end_step=1,
    size_lots_min=1,
    limit_size_lots_max=10_000_000,
    market_size_lots_max=10_000_000,
    value_min_e8=5 * E8,
    maker_fee_rate_e8=20_000,
    taker_fee_rate_e8=60_000,
    buy_band_rate_e8=5_000_000,
    sell_band_rate_e8=5_000_000,
    fee_up_rate_e8=500_000,
    open_cost_up_rate_e8=1_000_000,
    leverage_min=1,
    leverage_max=125,
    position_limit_rate_e8=10_000_000,
    symbol_orders_max=200,
    product_orders_max=400,
    positions_max=50,
    funding_interval_hours=8,
    tiers=(Tier(150_000 * E8, 125, 400_000),),
)
ETHUSDT: Final = msgspec.structs.replace(
    BTCUSDT, symbol="ETHUSDT", base_coin="ETH", lot_e8=E8 // 100, tick_e12=E12 // 100
)
BTCUSD: Final = msgspec.structs.replace(
    BTCUSDT, symbol="BTCUSD", product_type="COIN-FUTURES", quote_coin="USD", margin_coin="BTC", inverse=True
)
CONTRACTS: Final = (BTCUSDT, ETHUSDT, BTCUSD)
TRIGGER_KINDS: Final[tuple[TriggerKind, ...]] = get_args(TriggerKind)


class Tape:
    """Applied commands in the order they were written down."""

    def __init__(self, contracts: Sequence[Contract] = CONTRACTS) -> None:
        self.applied: list[Applied] = []
        self.time_ms = START_MS
        self.open_lots: dict[int, int] = {}
        self._orders: dict[int, OrderAccepted] = {}
        self._order_id = FIRST_ID - 2
        self._trade_id = FIRST_ID - 1
        self._position_id = FIRST_ID - 1
        self._settlements = 0
        self.waiting: dict[int, TriggerPlaced] = {}
        self.step(*(ContractListed(contract) for contract in contracts))

    def step(self, *events: Event, after_ms: int = 0) -> Applied:
        """Write down a command with these events, some time after the one before."""
        self.time_ms += after_ms
        applied = Applied(len(self.applied) + 1, self.time_ms, Transfer("1", "USDT", 1), list(events))
        self.applied.append(applied)
        return applied

    def accept(self, uid: str = "1", **changes: object) -> OrderAccepted:
        """An order gets its id: buy 10 lots of BTCUSDT at 60 000.0 in one-way mode, unless told otherwise."""
        self._order_id += 2
        order = msgspec.structs.replace(
            OrderAccepted(
                order_id=self._order_id,
                client_oid=str(self._order_id + 1),
                uid=uid,
                symbol="BTCUSDT",
                side=1,
                hold_side=0,
                reduce_only=False,
                order_type="limit",
                time_in_force="gtc",
                price_ticks=600_000,
                size_lots=10,
                margin_mode="crossed",
                leverage=20,
                source="normal",
            ),
            **changes,
        )
        self.open_lots[order.order_id] = order.size_lots
        self._orders[order.order_id] = order
        return order

    def fill(self, order_id: int, lots: int, price_ticks: int = 600_000, **changes: object) -> Fill:
        """An open order's half of a new trade; its other half is the house's, and not written down."""
        order = self._orders[order_id]
        self._trade_id += 1
        self.open_lots[order_id] -= lots
        fill = msgspec.structs.replace(
            Fill(
                trade_id=self._trade_id,
                order_id=order_id,
                uid=order.uid,
                symbol=order.symbol,
                side=order.side,
                is_taker=True,
                price_ticks=price_ticks,
                size_lots=lots,
                order_open_lots=self.open_lots[order_id],
                fee_e8=lots * 7,
                profit_e8=lots * 3 - 20,
                is_close=False,
                position_id=FIRST_ID,
                position_side=order.side,
                position_lots=lots,
                position_average_price_e12=0,
                wallet_e8=0,
            ),
            **changes,
        )
        if self.open_lots[order_id] == 0:
            del self.open_lots[order_id]
        return fill

    def other_side(self, fill: Fill, order: OrderAccepted) -> Fill:
        """The half of a trade that another order had, which rested and is filled whole by it."""
        return msgspec.structs.replace(fill, order_id=order.order_id, uid=order.uid, is_taker=False)

    def house_fill(self, fill: Fill) -> Fill:
        """The house's half of a trade."""
        return msgspec.structs.replace(
            fill, uid=HOUSE_UID, order_id=0, side=-fill.side, is_taker=not fill.is_taker
        )

    def cancel(self, order_id: int, reason: CancelReason = CancelReason.BY_CLIENT) -> OrderCancelled:
        """An open order ends."""
        order = self._orders[order_id]
        left = self.open_lots.pop(order_id)
        return OrderCancelled(order_id, order.client_oid, order.uid, order.symbol, reason, left)

    def close_position(self, uid: str = "1", symbol: str = "BTCUSDT") -> PositionClosed:
        """A position came down to zero."""
        self._position_id += 1
        return PositionClosed(
            position_id=self._position_id,
            uid=uid,
            symbol=symbol,
            side=-1,
            hedge_mode=True,
            margin_mode="isolated",
            opened_at_ms=self.time_ms - 5_000,
            opened_lots=30,
            closed_lots=30,
            opened_value_e20=30 * 59_000 * 10**16,
            closed_value_e20=30 * 60_000 * 10**16,
            profit_e8=-3_000,
            open_fee_e8=11,
            close_fee_e8=12,
            funding_e8=-13,
        )

    def reversal(self, uid: str, symbol: str = "BTCUSDT") -> Applied:
        """A long of 8 lots becomes a short, in hedge mode, by four fills of each leg."""
        legs = [
            self.accept(
                uid,
                symbol=symbol,
                side=-1,
                hold_side=hold_side,
                reduce_only=hold_side == 1,
                order_type="market",
                time_in_force="ioc",
                price_ticks=0,
                size_lots=8,
                source="reverse",
            )
            for hold_side in (1, -1)
        ]
        fills = [self.fill(leg.order_id, 2, 600_000 - level) for leg in legs for level in range(4)]
        halves = [half for fill in fills for half in (fill, self.house_fill(fill))]
        return self.step(*legs, *halves, after_ms=1)

    def place_trigger(self, uid: str = "1", **changes: object) -> TriggerPlaced:
        """An order waits: a stop loss of 10 lots of BTCUSDT at 59 000.0, unless told otherwise."""
        self._order_id += 2
        trigger = msgspec.structs.replace(
            TriggerPlaced(
                order_id=self._order_id,
                client_oid=str(self._order_id + 1),
                uid=uid,
                symbol="BTCUSDT",
                kind="stop_loss",
                side=-1,
                hold_side=0,
                reduce_only=True,
                size_lots=10,
                trigger_price_ticks=590_000,
                trigger_by="mark",
                limit_price_ticks=0,
                callback_rate_e8=0,
                margin_mode="crossed",
                leverage=20,
            ),
            **changes,
        )
        self.waiting[trigger.order_id] = trigger
        return trigger

    def change_trigger(self, order_id: int, size_lots: int) -> TriggerChanged:
        """A waiting order is of another size."""
        placed = self.waiting[order_id]
        return TriggerChanged(order_id, placed.uid, placed.symbol, size_lots, 580_000, "last", 570_000, 0)

    def fire(self, order_id: int, placed_order_id: int = 0) -> TriggerFired:
        """The price of a waiting order came; without an order there was no position any more."""
        placed = self.waiting.pop(order_id)
        reason = None if placed_order_id else RejectReason.NO_POSITION_TO_CLOSE
        return TriggerFired(
            order_id, placed.client_oid, placed.uid, placed.symbol, 59 * E12, placed_order_id, reason
        )

    def cancel_trigger(self, order_id: int, reason: CancelReason) -> TriggerCancelled:
        """A waiting order ends."""
        placed = self.waiting.pop(order_id)
        return TriggerCancelled(order_id, placed.client_oid, placed.uid, placed.symbol, reason)

    def waiting_step(self, detail: int, contract: Contract) -> Event:
        """Something happens to an order that waits, or one begins to."""
        waiting = list(self.waiting)
        if not waiting or detail % 3 == 0:
            return self.place_trigger(
                str(1 + detail % 3),
                symbol=contract.symbol,
                kind=TRIGGER_KINDS[detail % len(TRIGGER_KINDS)],
                client_oid=f"t{detail % 6}",
                take_profit=Preset(610_000 + detail) if detail % 2 else None,
            )
        order_id = waiting[detail % len(waiting)]
        if detail % 5 == 0:
            return self.change_trigger(order_id, 1 + detail % 9)
        if detail % 5 == 1:
            return self.cancel_trigger(order_id, list(CancelReason)[detail % len(CancelReason)])
        return self.fire(order_id, FIRST_ID if detail % 2 else 0)

    def money_step(self, detail: int) -> list[Event]:
        """Money or margin moves without a trade."""
        contract = CONTRACTS[detail // 6 % 3]
        uid, symbol, coin = str(detail % 4), contract.symbol, contract.margin_coin
        wallet_e8 = detail * 1_000
        if detail % 6 == 0:
            settled = FundingSettled(symbol, detail - 500, 60_000 * E12, START_MS + self._settlements)
            self._settlements += 1
            return [settled, FundingPaid(uid, symbol, 1, FIRST_ID, 3, detail - 500, wallet_e8)]
        if detail % 6 == 1:
            return [Transferred(uid, coin, detail - 500, wallet_e8)]
        if detail % 6 == 2:
            causes: list[Literal["client", "leverage", "auto"]] = ["client", "leverage", "auto"]
            return [MarginMoved(uid, symbol, 1, (detail - 500) * E8, detail * E12, causes[detail % 3])]
        if detail % 6 == 3:
            return [
                PositionLiquidated(uid, coin, symbol, 1, FIRST_ID, 5, 590_000, detail - 500, 7, wallet_e8, 0)
            ]
        if detail % 6 == 4:
            return [DeficitCovered(uid, coin, detail, 9, wallet_e8, 0)]
        orders = list(self.open_lots)
        if not orders:
            return []
        order = self._orders[orders[detail % len(orders)]]
        take_profit, stop_loss = Preset(620_000 + detail), Preset(580_000, 570_000 + detail)
        return [OrderPresetsChanged(order.order_id, order.uid, order.symbol, take_profit, stop_loss)]

    def random_step(self, choices: Sequence[int]) -> None:
        """Write down a possible command: choices are read as actions and their particulars."""
        events: list[Event] = []
        after_ms = 0
        for choice in choices:
            action, detail = choice % 10, choice // 10
            open_ids = list(self.open_lots)
            contract = CONTRACTS[detail % 3]
            if action <= 2:
                events.append(
                    self.accept(
                        str(detail % 4),
                        symbol=contract.symbol,
                        side=1 if detail % 2 else -1,
                        hold_side=detail % 3 - 1,
                        reduce_only=detail % 5 == 0,
                        order_type="market" if detail % 7 == 0 else "limit",
                        source="reverse" if detail % 4 == 1 else "normal",
                        size_lots=1 + detail % 9,
                        client_oid=f"c{detail % 6}",
                    )
                )
            elif action <= 5 and open_ids:
                order_id = open_ids[detail % len(open_ids)]
                lots = 1 + detail % self.open_lots[order_id]
                events.append(self.fill(order_id, lots, 600_000 + detail % 101, is_taker=detail % 2 == 0))
            elif action == 6 and open_ids:
                reasons = list(CancelReason)
                events.append(self.cancel(open_ids[detail % len(open_ids)], reasons[detail % len(reasons)]))
            elif action == 8:
                events.append(self.waiting_step(detail, contract))
            elif action == 9:
                events += self.money_step(detail)
            elif detail % 2:
                events.append(self.close_position(str(detail % 4), contract.symbol))
            else:
                events.append(PriceSet(contract.symbol, 1 + detail, 2 + detail))
                after_ms += detail % 5 * 30_000
            after_ms += detail % 3
        self.step(*events, after_ms=after_ms)


def seeded_tape(seed: int, steps: int) -> Tape:
    """The same tape for the same seed, in every process."""
    source = random.Random(seed)  # noqa: S311  # Reproducible on purpose.
    tape = Tape()
    for _ in range(steps):
        tape.random_step([source.randrange(10_000) for _ in range(source.randrange(6))])
    return tape


@st.composite
def tapes(draw: st.DrawFn) -> Tape:
    """Any tape, short ones first."""
    tape = Tape()
    for choices in draw(st.lists(st.lists(st.integers(0, 9_999), max_size=6), max_size=25)):
        tape.random_step(choices)
    return tape
