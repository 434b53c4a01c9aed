"""
The venue's state: contracts, accounts, positions, orders and money, as plain mutable objects.

Only `engine.apply` changes it. Everything is reached by name or by walking insertion-ordered dicts
and lists, so that every iteration has one defined order.

    State ─ markets[symbol] ─ Market ─ book, prices, funding, watched triggers and positions
          ├ accounts[uid] ─ Account ─ ledgers[coin] ─ Ledger      (money in one margin coin)
          │                         └ holdings[symbol] ─ Holding  (settings, legs, orders and triggers)
          ├ coins[coin] ─ CoinMoney                               (the venue's own side of each posting)
          └ keys[api_key] ─ Key
"""

from collections import deque
from typing import Final

from backhand.commands import (
    HOUSE_UID,
    Contract,
    LockedSize,
    Maintenance,
    MarginMode,
    OneWaySide,
    OneWaySize,
    PositionLimit,
    Preset,
    ReturnedLeg,
    SelfTradePrevention,
    ShortOfMargin,
    TimestampWindow,
    TriggerKind,
    WhenFlat,
)
from backhand.engine.book import Order
from backhand.engine.market import AdlQueue, Market

#: The first order, trade and position identifiers; 19 digits from the start, so that text sorts as numbers.
FIRST_ID: Final = 10**18
#: Orders step by 2: a generated client order id is the order id + 1 and never collides with one.
ORDER_ID_STEP: Final = 2


class Key:
    """An API key: what it opens, its sealed secret and the keyed hash of its passphrase."""

    def __init__(
        self,
        uid: str,
        api_key: str,
        sealed_secret: bytes,
        passphrase_hash: bytes,
        permissions: tuple[str, ...],
    ) -> None:
        self.uid = uid
        self.api_key = api_key
        self.sealed_secret = sealed_secret
        self.passphrase_hash = passphrase_hash
        self.permissions = permissions


class CoinMoney:
    """
    The venue's side of all postings in one coin.

    Identity after every event: deposits - withdrawals = wallets + fees + insurance + house + clearing
    + conversion + rounding, where wallets and house are summed over accounts, fees with their rounding over
    markets, and clearing over linear ones (DESIGN D9).
    """

    def __init__(self, coin: str) -> None:
        self.coin = coin
        self.deposits_e8 = 0
        self.withdrawals_e8 = 0
        self.insurance_e8 = 0
        self.conversion_e8 = 0
        self.rounding_e28 = 0


class Position:
    """
    One leg: `lots` held on `side` at an average price, and its counters since it was opened.

    `margin_e16` is what an isolated leg has set aside (0 when crossed). `profit_e8` is realised price
    profit without fees and funding.
    """

    def __init__(self, position_id: int, side: int, opened_at_ms: int) -> None:
        self.position_id = position_id
        self.side = side
        self.lots = 0
        self.average_price_e12 = 0
        self.margin_e16 = 0
        self.profit_e8 = 0
        self.open_fee_e8 = 0
        self.close_fee_e8 = 0
        self.funding_e8 = 0
        self.opened_lots = 0
        self.closed_lots = 0
        #: Sums of lots x ticks: a grid does not change while it is held.
        self.opened_lot_ticks = 0
        self.closed_lot_ticks = 0
        self.opened_at_ms = opened_at_ms
        self.updated_at_ms = opened_at_ms
        #: Whether margin is drawn from the account before an isolated leg is liquidated.
        self.auto_margin = False
        #: The ledger's version at which `adl` has worked out the leg's score, -1 for never.
        self.scored_version = -1


class Trigger:
    """
    An order that waits for a price.

    `side` is the direction of the trade it will make, `hold_side` the leg in hedge mode, 0 in one-way mode.
    `rises` tells that its price comes from below. `position_id` is the position that a protecting kind
    ends with, 0 for the others. `best_price_e12` is the best price that a trailing kind has followed
    since it started, 0 before.
    """

    def __init__(
        self,
        order_id: int,
        client_oid: str,
        holding: "Holding",
        kind: TriggerKind,
        side: int,
        hold_side: int,
    ) -> None:
        self.order_id = order_id
        self.client_oid = client_oid
        self.holding = holding
        self.kind = kind
        self.side = side
        self.hold_side = hold_side
        self.reduce_only = False
        self.size_lots = 0
        self.trigger_price_ticks = 0
        self.by_last = False
        self.rises = False
        self.limit_price_ticks = 0
        self.callback_rate_e8 = 0
        self.margin_mode: MarginMode | None = None
        self.stp_mode: SelfTradePrevention = "none"
        self.take_profit: Preset | None = None
        self.stop_loss: Preset | None = None
        self.position_id = 0
        self.parent_order_id = 0
        self.best_price_e12 = 0
        #: The watches that stand for it now; others in the heaps are out of date.
        self.rise_watch = 0
        self.fall_watch = 0
        self.is_live = True

    def trails(self) -> bool:
        """Whether it follows the price before it turns."""
        return self.callback_rate_e8 > 0


class Ledger:
    """Money of one account in one margin coin, with running sums of what is set aside."""

    def __init__(self, coin: str) -> None:
        self.coin = coin
        self.wallet_e8 = 0
        self.locked_e8 = 0
        self.isolated_margin_e16 = 0
        #: How often its positions or its money were touched: what was worked out earlier holds no longer.
        self.version = 0
        self.holdings: list[Holding] = []
        #: The round of `settling` in which its crossed legs were last looked at.
        self.round = 0


class Holding:
    """An account's settings, legs and open orders in one symbol."""

    def __init__(
        self, account: "Account", market: Market, ledger: Ledger, margin_mode: str, leverage: int
    ) -> None:
        self.account = account
        self.market = market
        self.ledger = ledger
        self.isolated = margin_mode == "isolated"
        self.crossed_leverage = leverage
        self.long_leverage = leverage
        self.short_leverage = leverage
        self.long: Position | None = None
        self.short: Position | None = None
        #: How many of the state's `preset_orders` are its own.
        self.preset_orders = 0
        #: Lots of each leg that resting closing orders hold.
        self.long_locked_lots = 0
        self.short_locked_lots = 0
        #: Open orders by id, oldest first, and those that wait for a price.
        self.orders: dict[int, Order] = {}
        self.triggers: dict[int, Trigger] = {}
        #: The watches of its risk that stand now, and their prices.
        self.rise_watch = 0
        self.fall_watch = 0
        self.risk_rise_e12 = 0
        self.risk_fall_e12 = 0
        self.is_touched = False
        self.is_suspect = False

    def leg(self, side: int) -> Position | None:
        """The leg on a side, if it is held."""
        return self.long if side > 0 else self.short

    def lots(self, side: int) -> int:
        """Lots held on a side."""
        leg = self.long if side > 0 else self.short
        return 0 if leg is None else leg.lots

    def locked_lots(self, side: int) -> int:
        """Lots of a side that resting closing orders hold."""
        return self.long_locked_lots if side > 0 else self.short_locked_lots

    def leverage_in(self, side: int, isolated: bool) -> int:
        """The leverage that margin of a side is computed with in a margin mode."""
        if not isolated:
            return self.crossed_leverage
        return self.long_leverage if side > 0 else self.short_leverage

    def leverage(self, side: int) -> int:
        """The leverage that margin of a side is computed with."""
        return self.leverage_in(side, self.isolated)

    def is_flat(self) -> bool:
        """No leg, no open order, and none that waits."""
        return self.long is None and self.short is None and not self.orders and not self.triggers

    def margin_mode(self) -> str:
        """The mode's name in commands and events."""
        return "isolated" if self.isolated else "crossed"


class Account:
    """One client, or the house, with everything it holds."""

    def __init__(
        self, uid: str, copy_trader: bool, hedge_mode: bool, margin_mode: str, leverage: int
    ) -> None:
        self.uid = uid
        self.is_house = uid == HOUSE_UID
        self.copy_trader = copy_trader
        self.margin_mode = margin_mode
        self.leverage = leverage
        self.default_hedge_mode = hedge_mode
        #: Product types whose mode was changed from the default.
        self.hedge_modes: dict[str, bool] = {}
        self.ledgers: dict[str, Ledger] = {}
        self.holdings: dict[str, Holding] = {}
        self.orders: dict[int, Order] = {}
        #: Remembered client order ids and when each may be forgotten, oldest first (DESIGN D15).
        self.client_oids: dict[str, int] = {}
        self.triggers: dict[int, Trigger] = {}
        #: Open and waiting orders by client order id, generated ones included.
        self.open_client_oids: dict[str, Order] = {}
        self.waiting_client_oids: dict[str, Trigger] = {}

    def hedge_mode(self, product_type: str) -> bool:
        """Whether long and short legs are held apart in a product type."""
        return self.hedge_modes.get(product_type, self.default_hedge_mode)

    def ledger(self, coin: str) -> Ledger:
        """The account's money in a margin coin, opened empty at first use."""
        ledger = self.ledgers.get(coin)
        if ledger is None:
            ledger = Ledger(coin)
            self.ledgers[coin] = ledger
        return ledger

    def holding(self, market: Market) -> Holding:
        """
        The account's side of a market, with the account's defaults where it has none yet.

        A new one is not kept until `keep`: a command that is refused must leave no trace.
        """
        holding = self.holdings.get(market.symbol)
        if holding is not None:
            return holding
        ledger = self.ledgers.get(market.margin_coin)
        if ledger is None:
            ledger = Ledger(market.margin_coin)
        contract = market.contract
        leverage = max(contract.leverage_min, min(self.leverage, contract.leverage_max))
        return Holding(self, market, ledger, self.margin_mode, leverage)

    def keep(self, holding: Holding) -> None:
        """Make a holding that `holding` gave part of the account."""
        if holding.market.symbol not in self.holdings:
            self.holdings[holding.market.symbol] = holding
            self.ledgers[holding.ledger.coin] = holding.ledger
            holding.ledger.holdings.append(holding)


class State:
    """The whole venue between two commands."""

    def __init__(self) -> None:
        self.venue_id = ""
        self.one_way_size: OneWaySize = "ignore"
        self.maintenance: Maintenance = "tiered"
        self.position_limit: PositionLimit = "ignore"
        self.one_way_side: OneWaySide = "ignore"
        self.locked_size: LockedSize = "leave"
        self.short_of_margin: ShortOfMargin = "close"
        self.returned_leg: ReturnedLeg = "open"
        self.when_flat: WhenFlat = "not_enough"
        self.timestamp_window: TimestampWindow = "wall"
        self.sequence = 0
        self.time_ms = 0
        self.next_order_id = FIRST_ID
        self.next_trade_id = FIRST_ID
        self.next_position_id = FIRST_ID
        self.house = Account(HOUSE_UID, False, False, "crossed", 1)
        self.accounts: dict[str, Account] = {HOUSE_UID: self.house}
        self.markets: dict[str, Market] = {}
        self.coins: dict[str, CoinMoney] = {}
        self.keys: dict[str, Key] = {}
        #: The next instant at which the books are sampled for the mark price and funding.
        self.next_sample_ms = 0
        # What a command leaves to `settling`; all empty between two commands.
        #: Holdings whose legs, orders or money changed.
        self.touched: list[Holding] = []
        #: Orders with presets that have filled.
        self.preset_orders: list[Order] = []
        #: Markets whose last or mark price moved.
        self.moved: list[Market] = []
        #: Holdings whose margin is to be looked at, and waiting orders whose price has come.
        self.suspects: list[Holding] = []
        self.due: deque[Trigger] = deque()
        #: How often suspects were looked at: each ledger once a round.
        self.rounds = 0
        #: Who is deleveraged first, by symbol and side, where anybody had to be.
        self.adl_queues: dict[tuple[str, int], AdlQueue] = {}
        #: How many holdings and waiting orders were looked at because a price moved; for measurements only.
        self.positions_looked_at = 0
        self.triggers_looked_at = 0

    @property
    def contracts(self) -> dict[str, Contract]:
        """The terms of every listed contract by symbol."""
        return {symbol: market.contract for symbol, market in self.markets.items()}

    def client(self, uid: str) -> Account | None:
        """The account of a client; the house is none."""
        account = self.accounts.get(uid)
        return None if account is None or account.is_house else account

    def coin(self, coin: str) -> CoinMoney:
        """The venue's own side of postings in a coin."""
        money = self.coins.get(coin)
        if money is None:
            money = CoinMoney(coin)
            self.coins[coin] = money
        return money

    def last_moves(self, market: Market, price_ticks: int) -> None:
        """Take over a trade's price; what it triggers waits for the end of the step."""
        market.last_price_ticks = price_ticks
        if not market.last_moved:
            market.last_moved = True
            self._note(market)

    def mark_moves(self, market: Market, price_e12: int) -> None:
        """Take over a mark price; what it triggers waits for the end of the step."""
        market.mark_price_e12 = price_e12
        if not market.mark_moved:
            market.mark_moved = True
            self._note(market)

    def _note(self, market: Market) -> None:
        if not (market.last_moved and market.mark_moved):
            self.moved.append(market)

    def take_order_id(self) -> int:
        """The next order identifier."""
        order_id = self.next_order_id
        self.next_order_id = order_id + ORDER_ID_STEP
        return order_id

    def take_trade_id(self) -> int:
        """The next trade identifier."""
        trade_id = self.next_trade_id
        self.next_trade_id = trade_id + 1
        return trade_id

    def take_position_id(self) -> int:
        """The next position identifier."""
        position_id = self.next_position_id
        self.next_position_id = position_id + 1
        return position_id
