"""
The private channels: what each command did to the accounts that somebody reads.

All rows that one command makes for a topic are one frame, in the order in which things happened; positions
and money are shown as they are after it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from backhand.events import (
    AutoMarginSet,
    ContractListed,
    DeficitCovered,
    Event,
    Fill,
    FundingPaid,
    LeverageSet,
    MarginModeSet,
    MarginMoved,
    OrderAccepted,
    OrderCancelled,
    PositionClosed,
    PositionLiquidated,
    Transferred,
)
from backhand.projections.applied import Applied
from backhand.projections.orders import OrderRow
from backhand.projections.positions import ClosedPositionsFold
from backhand.projections.triggers import TriggerRow
from backhand.streams.orders import OrderChanges, OrderTracker, TriggerTracker
from backhand.streams.ports import Figures
from backhand.streams.subscriptions import Subject, Subscriptions
from backhand.streams.views import closed_position_view, product_types_of
from backhand.wire.channels.accounts import (
    ClosedPositionPush,
    account_push,
    closed_position_push,
    equity_push,
    position_push,
)
from backhand.wire.channels.frames import Action
from backhand.wire.channels.orders import TriggerPush
from backhand.wire.channels.topics import ALL, Topic

#: Channels whose rows need to know what an order has done before.
ORDER_CHANNELS: Final = ("orders", "fill", "adl-noti", "orders-algo")
#: Channels that begin with what is so now; the others begin with the next thing that happens.
STATE_CHANNELS: Final = ("account", "equity", "positions")

_MOVES_POSITIONS: Final = (
    *(OrderAccepted, Fill, OrderCancelled, FundingPaid, PositionLiquidated),
    *(MarginMoved, AutoMarginSet, LeverageSet, MarginModeSet),
)
_MOVES_MONEY: Final = (
    *(Transferred, OrderAccepted, Fill, OrderCancelled, FundingPaid, PositionLiquidated, DeficitCovered),
    *(MarginMoved, LeverageSet, MarginModeSet),
)

SendTo = Callable[[Subject, Action, Sequence[object], int], None]


class _Account:
    """What is known of one account while somebody reads it."""

    def __init__(self) -> None:
        self.orders: OrderTracker | None = None
        self.triggers: TriggerTracker | None = None
        #: Subscriptions that are being made, for which the orders are kept track of.
        self.held = 0


class AccountStreams:
    """The private topics of every account that somebody reads."""

    def __init__(self, figures: Figures, subscriptions: Subscriptions) -> None:
        self._figures = figures
        self._subscriptions = subscriptions
        self._accounts: dict[str, _Account] = {}

    def hold_orders(self, uid: str) -> bool:
        """
        Keep track of an account's orders until `release_orders`, whoever stops reading them meanwhile.

        Returns:
            Whether the stored ones are needed before a topic of ORDER_CHANNELS can begin.
        """
        account = self._accounts.setdefault(uid, _Account())
        account.held += 1
        if account.orders is None:
            account.orders = OrderTracker()
            account.triggers = TriggerTracker(self._figures.triggers(uid))
        return not account.orders.is_resumed

    def resume_orders(
        self, uid: str, rows: Iterable[OrderRow], waiting: Iterable[TriggerRow], position: int
    ) -> None:
        """Take the stored open orders of an account, which are held; they reflect all up to `position`."""
        account = self._accounts[uid]
        if account.orders is not None and not account.orders.is_resumed:
            figures = self._figures
            account.orders.resume(figures.contracts.values(), rows, position, figures.order_terms(uid))
        if account.triggers is not None:
            account.triggers.date(waiting)

    def release_orders(self, uid: str) -> None:
        """Keep track of an account's orders only while somebody reads them."""
        self._accounts[uid].held -= 1
        self._forget_unread(uid)

    def begin(self, uid: str, topic: Topic) -> Sequence[object] | None:
        """Keep a topic up to date from now on; the rows of its first frame, None where there is none."""
        self._accounts.setdefault(uid, _Account())
        return self._rows_of_now(uid, topic) if topic.channel in STATE_CHANNELS else None

    def end(self, subject: Subject) -> None:
        """Forget a topic that nobody reads any more."""
        self._forget_unread(subject.uid)

    def capture(self, applied: Applied, send: SendTo) -> None:
        """Make the frames of one command."""
        accounts = self._accounts
        if not accounts:
            return
        concerned: dict[str, list[Event]] = {}
        for event in applied.events:
            uid = getattr(event, "uid", None)
            if uid in accounts:
                concerned.setdefault(uid, []).append(event)
            elif type(event) is ContractListed:
                for known in accounts:
                    concerned.setdefault(known, []).append(event)
        for uid, events in concerned.items():
            self._capture(uid, accounts[uid], applied, events, send)

    def _capture(
        self, uid: str, account: _Account, applied: Applied, events: list[Event], send: SendTo
    ) -> None:
        contracts = self._figures.contracts
        orders = OrderChanges([], [], [])
        if account.orders is not None:
            orders = account.orders.take(applied, events, contracts)
        triggers: list[tuple[str, TriggerPush]] = []
        if account.triggers is not None:
            triggers = account.triggers.take(applied, events, contracts)
        closed = self._closed(applied, events)
        positions_moved = self._product_types(events, _MOVES_POSITIONS)
        money_moved = self._product_types(events, _MOVES_MONEY)
        for topic in self._subscriptions.topics_of(uid):
            rows: Sequence[object] | None
            if topic.channel == "orders":
                rows = self._of_topic(topic, orders.orders)
            elif topic.channel == "fill":
                rows = self._of_topic(topic, orders.fills)
            elif topic.channel == "orders-algo":
                rows = self._of_topic(topic, triggers)
            elif topic.channel == "positions-history":
                rows = self._of_topic(topic, closed)
            elif topic.channel == "adl-noti":
                rows = self._of_topic(topic, orders.deleveraged)
            else:
                moved = positions_moved if topic.channel == "positions" else money_moved
                rows = self._rows_of_now(uid, topic) if topic.product_type in moved else None
            if rows is not None:
                action: Action = "update" if topic.channel == "adl-noti" else "snapshot"
                send(Subject(uid, topic), action, rows, applied.time_ms)

    def _rows_of_now(self, uid: str, topic: Topic) -> list[object]:
        figures = self._figures
        if topic.channel == "equity":
            return [equity_push(figures.equity(uid, topic.product_type))]
        if topic.channel == "account":
            views = figures.accounts(uid, topic.product_type)
            return [account_push(view) for view in views if topic.name in (ALL, view.margin_coin)]
        held = figures.positions(uid, topic.product_type)
        return [position_push(one) for one in held if topic.name in (ALL, one.symbol)]

    def _of_topic(self, topic: Topic, rows: Sequence[tuple[str, object]]) -> list[object] | None:
        """Pick the rows that a topic is about; None when there are none."""
        if not rows:
            return None
        contracts = self._figures.contracts
        found = [
            row
            for symbol, row in rows
            if topic.name in (ALL, symbol) and contracts[symbol].product_type == topic.product_type
        ]
        return found or None

    def _closed(self, applied: Applied, events: list[Event]) -> list[tuple[str, ClosedPositionPush]]:
        closed: list[Event] = [event for event in events if type(event) is PositionClosed]
        if not closed:
            return []
        fold = ClosedPositionsFold(self._figures.contracts.values())
        rows = fold.fold(Applied(applied.sequence, applied.time_ms, applied.command, closed))
        return [(row.symbol, closed_position_push(closed_position_view(row))) for row in rows]

    def _product_types(self, events: list[Event], kinds: tuple[type, ...]) -> dict[str, None]:
        """Find the product types that events of some kinds are about."""
        contracts = self._figures.contracts
        found: dict[str, None] = {}
        for event in events:
            if isinstance(event, kinds):
                symbol = getattr(event, "symbol", None)
                if symbol is not None:
                    found[contracts[symbol].product_type] = None
                else:
                    coin = getattr(event, "coin", "") or getattr(event, "margin_coin", "")
                    found |= dict.fromkeys(product_types_of(contracts, coin))
        return found

    def _forget_unread(self, uid: str) -> None:
        account = self._accounts.get(uid)
        if account is None:
            return
        channels = [topic.channel for topic in self._subscriptions.topics_of(uid)]
        if not account.held and not any(channel in ORDER_CHANNELS for channel in channels):
            account.orders = account.triggers = None
        if not channels and not account.held:
            del self._accounts[uid]
