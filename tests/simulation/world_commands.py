"""
Commands of a whole venue: forty accounts, three contracts, every command there is, prices that jump.

The source looks at the venue it plays for, so that most of what it asks makes sense: it closes what is held,
cancels what rests, and opens as much as leverage allows, so that a shock finds many at their end. The same
seed gives the same commands, in any process.
"""

import random
from collections.abc import Callable
from typing import Any, Final

import msgspec

from backhand.commands import (
    AdvanceClock,
    CancelOrder,
    CancelOrders,
    CancelTrigger,
    CancelTriggers,
    ClosePositions,
    Command,
    ConfigureVenue,
    Contract,
    ListContract,
    ModifyOrder,
    ModifyTrigger,
    MoveMargin,
    OpenAccount,
    OpenKey,
    PlaceOrder,
    PlaceTrigger,
    Preset,
    ReplaceLadder,
    ResumeVenue,
    ReversePosition,
    SetAutoMargin,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    SetPrice,
    Tier,
    Transfer,
    TriggerKind,
)
from backhand.engine import State
from backhand.engine.state import Account, Holding
from backhand.units import E8, E12
from tests.engine.worlds import contract

#: Small tiers, so that positions of these accounts lie in all of them.
TIERS: Final = (
    Tier(5_000 * E8, 125, 400_000),
    Tier(20_000 * E8, 50, 1_000_000),
    Tier(60_000 * E8, 20, 2_500_000),
    Tier(200_000 * E8, 5, 10_000_000),
)
CONTRACTS: Final = (
    contract("ETHUSDT", tiers=TIERS, lot_e8=E8 // 100, tick_e12=E12 // 10, market_size_lots_max=10**6),
    # Lots and ticks that divide nothing evenly, so that every rounding is met; prices of few ticks.
    contract("SOLUSDT", tiers=TIERS, lot_e8=33_333_333, tick_e12=1_003_007_001_003, size_lots_min=2),
    contract("ETHUSD", inverse=True, tiers=TIERS, lot_e8=E8 // 10, tick_e12=E12 // 10),
)
#: Where each price comes from, in ticks, and where it is pulled back to.
HOME_TICKS: Final = {"ETHUSDT": 10_000, "SOLUSDT": 150, "ETHUSD": 10_000}
COINS: Final = ("USDT", "ETH")
UIDS: Final = tuple(f"u{number:02}" for number in range(40))
LEVERAGES: Final = (125, 50, 20, 100, 5, 75)
KINDS: Final[tuple[TriggerKind, ...]] = (
    "entry",
    "trailing_entry",
    "take_profit",
    "stop_loss",
    "trailing_stop",
    "position_take_profit",
    "position_stop_loss",
)
HOUR_MS: Final = 3_600_000


class World:
    """A seeded source of commands, which knows the state that they are for."""

    def __init__(self, seed: int, state: State) -> None:
        self.chance = random.Random(seed)  # noqa: S311 (tests, not secrets)
        self.state = state
        self.ticks = dict(HOME_TICKS)
        self.terms = {listed.symbol: listed for listed in CONTRACTS}
        self.flat = seed % 4 == 0
        #: Whether every price goes stale, so that several symbols wait for one at a time.
        self.live = seed % 3 == 0
        #: How long after the last command the next one comes.
        self.wait_ms = 1

    def opening(self) -> list[Command]:
        """What every world begins with."""
        accounts = [
            OpenAccount(
                uid,
                copy_trader=number % 13 == 0,
                hedge_mode=number % 2 == 1,
                margin_mode="isolated" if number % 3 == 1 else "crossed",
                leverage=LEVERAGES[number % len(LEVERAGES)],
            )
            for number, uid in enumerate(UIDS)
        ]
        money = [Transfer(uid, coin, self._amount_e8(coin)) for uid in UIDS for coin in COINS]
        ladders = [self._ladder(symbol, priced=True) for symbol in HOME_TICKS]
        maintenance: Any = "flat" if self.flat else "tiered"
        venue = ConfigureVenue("world", maintenance=maintenance)
        # Some have isolated and crossed positions on the same money.
        mixed = [SetMarginMode(uid, "SOLUSDT", "isolated") for uid in UIDS[2::3]]
        return [venue, *map(ListContract, CONTRACTS), *accounts, *money, *mixed, *ladders]

    def next(self) -> Command:
        """Give the next command."""
        self.wait_ms = self.chance.randrange(1, 40)
        (kind,) = self.chance.choices(SOURCES, cum_weights=CUMULATIVE)
        return kind(self)

    def _amount_e8(self, coin: str) -> int:
        units = self.chance.choice((50, 200, 1_000, 3_000))
        return units * E8 + self.chance.randrange(E8) if coin == "USDT" else units * E8 // 1_000 + 1

    def _account(self) -> Account:
        return self.state.accounts[self.chance.choice(UIDS)]

    def _symbol(self) -> str:
        return self.chance.choice(CONTRACTS).symbol

    def _holding(self) -> Holding | None:
        """A holding with a leg, of a client."""
        for _ in range(8):
            held = [each for each in self._account().holdings.values() if each.long or each.short]
            if held:
                return self.chance.choice(held)
        return None

    def _near(self, symbol: str, reach: int) -> int:
        """A price within some thousandths of the present one."""
        now = self.ticks[symbol]
        return max(1, now + now * self.chance.randrange(-reach, reach + 1) // 1_000)

    def _lots(self, account: Account, symbol: str) -> int:
        """A part of what the account's money could open at its leverage."""
        terms = self.terms[symbol]
        ledger = account.ledgers.get(terms.margin_coin)
        wallet_e8 = 0 if ledger is None else max(0, ledger.wallet_e8)
        leverage = self.chance.choice((3, 10, 20, 50, 100))
        price_e12 = self.ticks[symbol] * terms.tick_e12
        lot_value_e8 = terms.lot_e8 if terms.inverse else max(1, terms.lot_e8 * price_e12 // E12)
        return max(1, min(wallet_e8 * leverage // lot_value_e8, terms.market_size_lots_max))

    def place(self) -> Command:
        account, symbol = self._account(), self._symbol()
        holding = account.holdings.get(symbol)
        held = 0 if holding is None else holding.lots(1) + holding.lots(-1)
        is_market = self.chance.random() < 0.45
        closing = held > 0 and self.chance.random() < 0.3
        lots = self.chance.randrange(1, held + 1) if closing else self._lots(account, symbol)
        side: Any = self.chance.choice((1, -1))
        price = self._near(symbol, 40)
        gain, loss = price + price * side // 20, price - price * side // 20
        presets = not closing and self.chance.random() < 0.1
        return PlaceOrder(
            account.uid,
            symbol,
            side,
            "market" if is_market else "limit",
            lots,
            None if is_market else price,
            self.chance.choice(("gtc", "gtc", "gtc", "ioc", "fok", "post_only")),
            self.chance.choice(("open", "close")) if closing else "open",
            closing and self.chance.random() < 0.7,
            stp_mode=self.chance.choice(("none", "cancel_maker", "cancel_taker", "cancel_both")),
            take_profit=Preset(gain) if presets else None,
            stop_loss=Preset(loss) if presets and loss > 0 else None,
        )

    def leave(self) -> Command:
        """A limit order that would close a whole position, reduce-only or not: two hold too much."""
        holding = self._holding()
        if holding is None:
            return self.place()
        side: Any = -1 if holding.long is not None else 1
        uid, symbol, away = holding.account.uid, holding.market.symbol, self.chance.randrange(1, 6)
        price = max(1, self.ticks[symbol] - side * self.ticks[symbol] * away // 1_000)
        hedge = holding.account.hedge_mode(holding.market.product_type)
        lots, reduce_only = holding.lots(-side), self.chance.random() < 0.5
        named: Any = -side if hedge else side
        return PlaceOrder(uid, symbol, named, "limit", lots, price, "gtc", "close", reduce_only)

    def meet_own(self) -> Command:
        """An order that meets one of its own account, and whatever stands before it."""
        holding = self._holding()
        account = self._account() if holding is None else holding.account
        orders = list((account if holding is None else holding).orders.values())
        if not orders:
            return self.place()
        order = self.chance.choice(orders)
        market = order.holding.market
        lots = max(1, order.open_lots * self.chance.choice((1, 2, 4)) // 2)
        effect: Any = self.chance.choice(("open", "close"))
        closes = effect == "close" and account.hedge_mode(market.product_type)
        side: Any = order.side if closes else -order.side
        return PlaceOrder(
            account.uid, market.symbol, side, "limit", lots, order.price_ticks, "ioc", effect, stp_mode="none"
        )

    def reverse(self) -> Command:
        holding = self._holding()
        if holding is None:
            return ReversePosition(self._account().uid, self._symbol(), 1, "open")
        side: Any = 1 if holding.long is not None else -1
        held = holding.lots(side)
        size = self.chance.choice((None, None, held, held // 2 + 1))
        shortfall: Any = self.chance.choice(("close", "close", "largest", "strict"))
        leftovers: Any = self.chance.choice(("auto", "auto", "exclude", "include", "cancel_all"))
        return ReversePosition(
            holding.account.uid,
            holding.market.symbol,
            side,
            "open",
            size,
            shortfall=shortfall,
            open_orders=leftovers,
            slippage_max_e8=self.chance.choice((None, None, None, E8 // 100)),
        )

    def ladder(self) -> Command:
        return self._ladder(self._symbol(), priced=self.chance.random() < 0.5)

    def _ladder(self, symbol: str, priced: bool) -> Command:
        if priced:
            self._walk(symbol)
        middle = self.ticks[symbol]
        step = max(1, middle // 400)
        size = 40 * E8 // self.terms[symbol].lot_e8
        levels = [self.chance.choice((0, 1, 3, 6, 6, 6)) for _ in (1, -1)]
        sizes = [[self.chance.randrange(1, size) for _ in range(count)] for count in levels]
        bids = tuple((middle - step * (place + 1), lots) for place, lots in enumerate(sizes[0]))
        asks = tuple((middle + step * (place + 1), lots) for place, lots in enumerate(sizes[1]))
        bids = tuple(level for level in bids if level[0] > 0)
        if not priced:
            return ReplaceLadder(symbol, bids, asks)
        index, mark, good = self._prices(symbol)
        return ReplaceLadder(symbol, bids, asks, index, mark, good)

    def _walk(self, symbol: str) -> None:
        """Move a price: mostly a little, sometimes by a tenth, rarely to almost nothing or far up."""
        now, home = self.ticks[symbol], HOME_TICKS[symbol]
        dice = self.chance.random()
        if dice < 0.90:
            now += now * self.chance.randrange(-8, 9) // 1_000 + (home - now) // 100
        elif dice < 0.985:
            now += now * self.chance.randrange(-120, 130) // 1_000
        else:
            now = self.chance.choice((now // 100, now * 3, home // 2, home, home * 5))
        self.ticks[symbol] = max(2, min(now, 50 * home))

    def _prices(self, symbol: str) -> tuple[int, int | None, int | None]:
        price_e12 = self.ticks[symbol] * self.terms[symbol].tick_e12 + self.chance.randrange(E12 // 100)
        mark = price_e12 + price_e12 // 1_000 if self.chance.random() < 0.5 else None
        return price_e12, mark, self.chance.choice((300, 1_500) if self.live else (None, None, None, 5_000))

    def price(self) -> Command:
        symbol = self._symbol()
        self._walk(symbol)
        return SetPrice(symbol, *self._prices(symbol))

    def cancel(self) -> Command:
        account = self._account()
        if not account.orders:
            return CancelOrders(account.uid, "USDT-FUTURES")
        order = account.orders[self.chance.choice(list(account.orders))]
        return CancelOrder(account.uid, order.holding.market.symbol, order.order_id)

    def cancel_all(self) -> Command:
        return CancelOrders(self._account().uid, self.chance.choice(("USDT-FUTURES", "COIN-FUTURES")))

    def modify(self) -> Command:
        account = self._account()
        if not account.orders:
            return ModifyOrder(account.uid, self._symbol(), 1)
        order = account.orders[self.chance.choice(list(account.orders))]
        symbol = order.holding.market.symbol
        lots = max(1, order.open_lots * self.chance.randrange(5, 15) // 10)
        return ModifyOrder(
            account.uid, symbol, order.order_id, size_lots=lots, price_ticks=self._near(symbol, 30)
        )

    def close(self) -> Command:
        return ClosePositions(self._account().uid, self.chance.choice(("USDT-FUTURES", "COIN-FUTURES")))

    def trigger(self) -> Command:
        holding, kind = self._holding(), self.chance.choice(KINDS)
        account = self._account() if holding is None else holding.account
        symbol = self._symbol() if holding is None else holding.market.symbol
        protecting = kind not in {"entry", "trailing_entry"}
        whole = kind in {"position_take_profit", "position_stop_loss"}
        side: Any = self.chance.choice((1, -1))
        if protecting and holding is not None:
            side = 1 if holding.long is not None else -1
        gains = 1 if kind in {"take_profit", "position_take_profit", "trailing_stop"} else -1
        price = self._near(symbol, 50)
        if protecting:
            away = max(1, self.ticks[symbol] * self.chance.randrange(5, 60) // 1_000)
            price = max(1, self.ticks[symbol] + gains * side * away)
        return PlaceTrigger(
            account.uid,
            symbol,
            kind,
            side,
            self.chance.choice(("last", "mark")),
            price,
            None if whole else max(1, self._lots(account, symbol) // 2),
            callback_rate_e8=self.chance.randrange(1, 10) * E8 // 100 if "trailing" in kind else 0,
            effect="open",
        )

    def change_trigger(self) -> Command:
        account = self._account()
        if not account.triggers:
            return CancelTriggers(account.uid, "USDT-FUTURES", KINDS)
        trigger = account.triggers[self.chance.choice(list(account.triggers))]
        symbol = trigger.holding.market.symbol
        if self.chance.random() < 0.4:
            return CancelTrigger(account.uid, symbol, trigger.order_id)
        return ModifyTrigger(
            account.uid,
            symbol,
            trigger.kind not in {"entry", "trailing_entry"},
            trigger.order_id,
            trigger_price_ticks=self._near(symbol, 50),
        )

    def transfer(self) -> Command:
        account, coin = self._account(), self.chance.choice(COINS)
        ledger = account.ledger(coin)
        poor = ledger.wallet_e8 < (20 * E8 if coin == "USDT" else E8 // 50)
        if poor or self.chance.random() < 0.3:
            return Transfer(account.uid, coin, self._amount_e8(coin))
        return Transfer(account.uid, coin, -max(1, ledger.wallet_e8 * self.chance.randrange(1, 100) // 100))

    def leverage(self) -> Command:
        holding = self._holding()
        account = self._account() if holding is None else holding.account
        symbol = self._symbol() if holding is None else holding.market.symbol
        side: Any = self.chance.choice((1, -1))
        return SetLeverage(account.uid, symbol, self.chance.choice(LEVERAGES), side)

    def move_margin(self) -> Command:
        holding = self._holding()
        if holding is None:
            return MoveMargin(self._account().uid, self._symbol(), 1, E8)
        side: Any = 1 if holding.long is not None else -1
        leg = holding.leg(side)
        have_e8 = 0 if leg is None else leg.margin_e16 // E8
        amount_e8 = (have_e8 + 1) * self.chance.randrange(-40, 60) // 100
        return MoveMargin(holding.account.uid, holding.market.symbol, side, amount_e8)

    def auto_margin(self) -> Command:
        holding = self._holding()
        if holding is None:
            return SetAutoMargin(self._account().uid, self._symbol(), 1, True)
        side: Any = 1 if holding.long is not None else -1
        return SetAutoMargin(
            holding.account.uid, holding.market.symbol, side, enabled=self.chance.random() < 0.7
        )

    def settings(self) -> Command:
        uid = self._account().uid
        if self.chance.random() < 0.5:
            mode: Any = self.chance.choice(("crossed", "isolated"))
            return SetMarginMode(uid, self._symbol(), mode)
        hedge = self.chance.random() < 0.5
        return SetPositionMode(uid, self.chance.choice(("USDT-FUTURES", "COIN-FUTURES")), hedge)

    def list_terms(self) -> Command:
        closed = [terms for terms in self.terms.values() if terms.status != "normal"]
        listed = closed[0] if closed else self.chance.choice(CONTRACTS)
        terms = {
            "status": self.chance.choice((*("normal",) * 9, "limit_open", "maintain", "off")),
            "maker_fee_rate_e8": self.chance.choice((20_000, 20_001, -5_000, 0)),
            "taker_fee_rate_e8": self.chance.choice((60_000, 60_000, 61_003, 20_000)),
            "funding_interval_hours": self.chance.choice((8, 4, 1)),
            "tiers": self.chance.choice((TIERS, TIERS, TIERS[1:])),
        }
        if closed:
            terms["status"] = "normal"
        changed: Contract = msgspec.structs.replace(listed, **terms)
        self.terms[listed.symbol] = changed
        return ListContract(changed)

    def venue(self) -> Command:
        rare = self.chance.random()
        if rare < 0.4:
            return ResumeVenue()
        if rare < 0.5:
            return OpenAccount(self.chance.choice(UIDS))
        if rare < 0.6:
            return OpenKey(self.chance.choice(UIDS), str(self.state.sequence), b"sealed", b"hash")
        self.flat = not self.flat
        switches: dict[str, Any] = {
            "one_way_size": self.chance.choice(("ignore", "honour")),
            "one_way_side": self.chance.choice(("ignore", "ignore", "strict")),
            "locked_size": self.chance.choice(("leave", "cancel")),
            "short_of_margin": self.chance.choice(("close", "largest")),
            "returned_leg": self.chance.choice(("open", "close")),
            "maintenance": "flat" if self.flat else "tiered",
            "position_limit": "enforce" if rare < 0.65 else "ignore",
        }
        return ConfigureVenue("world", **switches)

    def clock(self) -> Command:
        self.wait_ms = self.chance.choice((1_000, 5_000, 60_000, HOUR_MS, 5 * HOUR_MS))
        return AdvanceClock()


WEIGHTS: Final[dict[Callable[[World], Command], int]] = {
    World.place: 360,
    World.leave: 60,
    World.meet_own: 30,
    World.reverse: 120,
    World.ladder: 160,
    World.price: 80,
    World.cancel: 40,
    World.cancel_all: 5,
    World.modify: 25,
    World.close: 15,
    World.trigger: 60,
    World.change_trigger: 20,
    World.transfer: 50,
    World.leverage: 25,
    World.move_margin: 20,
    World.auto_margin: 8,
    World.settings: 12,
    World.list_terms: 8,
    World.venue: 2,
    World.clock: 25,
}
SOURCES: Final = tuple(WEIGHTS)
CUMULATIVE: Final = tuple(sum(list(WEIGHTS.values())[: place + 1]) for place in range(len(WEIGHTS)))
