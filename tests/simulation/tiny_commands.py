"""
Commands of a small venue: two or three accounts, one or two contracts, sizes 1 to 16, prices near 100.

What forty accounts with odd sizes hardly ever do, these do all the time: meet their own orders, close what
they have just opened, and stand with a whole position against one other. Each world is of one kind: its
margin modes, position modes, fees, tiers, whether prices go stale and whether the house takes part.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from backhand.commands import (
    CancelOrders,
    ClosePositions,
    Command,
    ConfigureVenue,
    ListContract,
    MoveMargin,
    OpenAccount,
    PlaceOrder,
    ReplaceLadder,
    ResumeVenue,
    SetMarginMode,
    SetPrice,
    Tier,
    Transfer,
)
from backhand.engine import State
from backhand.engine.margin import ledger_isolated_max_available_e20
from backhand.engine.state import Account
from backhand.units import E8, E12
from tests.engine.worlds import contract
from tests.simulation.world_commands import World

HOME_TICKS: Final = 100
SYMBOLS: Final = (("ETHUSDT",), ("ETHUSDT",), ("ETHUSD",), *(("ETHUSDT", "SOLUSDT"),) * 2)
#: Everything in one tier; and tiers whose ends these positions cross, so that a larger one needs much more.
TIERS: Final = (
    (Tier(10**9 * E8, 125, 400_000),),
    (Tier(20_000 * E8, 100, 500_000), Tier(60_000 * E8, 50, 1_000_000), Tier(10**6 * E8, 20, 2_500_000)),
    (
        Tier(1_000 * E8, 100, 1_000_000),
        Tier(2_000 * E8, 50, 2_000_000),
        Tier(4_000 * E8, 20, 4_000_000),
        Tier(10**6 * E8, 10, 10_000_000),
    ),
)
#: Of a taker and of a maker: Bitget's, none, and a rebate.
FEES: Final = ((60_000, 20_000), (0, 0), (60_000, -5_000))
SIZES: Final = (1, 2, 4, 8, 16)
MODES: Final = ("isolated", "isolated", "crossed", "mixed", "mixed")


class TinyWorld(World):
    """A seeded source of commands for a small venue."""

    def __init__(self, seed: int, state: State) -> None:
        super().__init__(seed, state)
        chance = self.chance
        self.uids = ("a", "b", "c")[: chance.choice((2, 2, 3))]
        taker_fee, maker_fee = chance.choice(FEES)
        tiers = chance.choice(TIERS)
        self.terms = {
            symbol: contract(
                symbol,
                inverse=symbol.endswith("USD"),
                value_min_e8=0,
                tiers=tiers,
                taker_fee_rate_e8=taker_fee,
                maker_fee_rate_e8=maker_fee,
                buy_band_rate_e8=E8 // 5,
                sell_band_rate_e8=E8 // 5,
                position_limit_rate_e8=E8,
            )
            for symbol in chance.choice(SYMBOLS)
        }
        (self.coin,) = {terms.margin_coin for terms in self.terms.values()}
        (self.product_type,) = {terms.product_type for terms in self.terms.values()}
        #: An amount worth about as much as one lot, or one unit of the quote currency.
        self.unit_e8 = E8 if self.coin == "USDT" else E8 // HOME_TICKS
        self.ticks = dict.fromkeys(self.terms, HOME_TICKS)
        self.mode = chance.choice(MODES)
        #: None: some accounts are in hedge mode.
        self.hedge = chance.choice((False, False, True, None))
        self.live = chance.random() < (0.2 if len(self.terms) == 1 else 0.6)
        self.has_house = chance.random() < 0.3

    def opening(self) -> list[Command]:
        """What every world begins with."""
        chance = self.chance
        switches: dict[str, Any] = {
            "one_way_size": chance.choice(("ignore", "honour")),
            "maintenance": chance.choice(("tiered", "tiered", "flat")),
            "locked_size": chance.choice(("leave", "cancel")),
            "short_of_margin": chance.choice(("close", "largest")),
            "returned_leg": chance.choice(("open", "close")),
        }
        commands: list[Command] = [
            ConfigureVenue("tiny", **switches),
            *map(ListContract, self.terms.values()),
        ]
        commands += [SetPrice(symbol, *self._prices(symbol)) for symbol in self.terms]
        for uid in self.uids:
            margin: Any = chance.choice(("isolated", "crossed")) if self.mode == "mixed" else self.mode
            hedge = chance.random() < 0.5 if self.hedge is None else self.hedge
            leverage = chance.choice((5, 20, 50, 100))
            commands.append(OpenAccount(uid, hedge_mode=hedge, margin_mode=margin, leverage=leverage))
            commands.append(Transfer(uid, self.coin, chance.choice((50, 200, 800)) * self.unit_e8))
            if self.mode == "mixed" and len(self.terms) == 2:
                modes: tuple[Any, Any] = ("isolated", "crossed")
                commands += map(SetMarginMode, (uid, uid), self.terms, modes)
        return commands

    def next(self) -> Command:
        """Give the next command."""
        self.wait_ms = self.chance.choice((1, 1, 1, 30))
        (kind,) = self.chance.choices(SOURCES, WEIGHTS)
        return kind(self)

    def _account(self) -> Account:
        return self.state.accounts[self.chance.choice(self.uids)]

    def _symbol(self) -> str:
        return self.chance.choice(list(self.terms))

    def _near(self, symbol: str, reach: int) -> int:  # noqa: ARG002 (a few ticks are near in any sense)
        return self.ticks[symbol] + self.chance.choice((0, 0, 0, -1, 1, -2, 2, -4, 4, -8, 8))

    def _lots(self, account: Account, symbol: str) -> int:  # noqa: ARG002 (what it cannot pay is refused)
        return self.chance.choice(SIZES)

    def _walk(self, symbol: str) -> None:
        step = self.chance.choice((-1, 1)) * self.chance.choice((1, 1, 1, 2, 3, 6, 10))
        self.ticks[symbol] = max(60, min(140, self.ticks[symbol] + step))

    def _prices(self, symbol: str) -> tuple[int, int | None, int | None]:
        price_e12 = self.ticks[symbol] * E12
        return price_e12, price_e12, self.chance.choice((30, 200)) if self.live else None

    def place(self) -> Command:
        """An order that mostly may meet those of its own account."""
        chance, account, symbol = self.chance, self._account(), self._symbol()
        holding = account.holdings.get(symbol)
        held = holding is not None and (holding.long is not None or holding.short is not None)
        is_market = chance.random() < 0.2
        return PlaceOrder(
            account.uid,
            symbol,
            chance.choice((1, -1)),
            "market" if is_market else "limit",
            self._lots(account, symbol),
            None if is_market else self._near(symbol, 0),
            "gtc" if is_market else chance.choice(("gtc", "gtc", "gtc", "ioc", "fok", "post_only")),
            chance.choice(("open", "open", "close")) if held else "open",
            held and chance.random() < 0.2,
            stp_mode=chance.choice((*("none",) * 5, "cancel_maker", "cancel_taker")),
        )

    def reverse(self) -> Command:
        """A reversal of any policy."""
        shortfall = self.chance.choice(("auto", "largest", "close", "strict"))
        return msgspec.structs.replace(super().reverse(), shortfall=shortfall)

    def ladder(self) -> Command:
        """A few orders of the house, which leave the mark where it is."""
        if not self.has_house:
            return self.place()
        symbol = self._symbol()
        bids, asks = (
            tuple(
                (self.ticks[symbol] + side * away, self.chance.choice((1, 4)))
                for away in range(1, levels + 1)
            )
            for side, levels in ((-1, self.chance.choice((0, 1, 3))), (1, self.chance.choice((0, 1, 3))))
        )
        return ReplaceLadder(symbol, bids, asks)

    def cancel_all(self) -> Command:
        return CancelOrders(self._account().uid, self.product_type)

    def close(self) -> Command:
        return ClosePositions(self._account().uid, self.product_type)

    def transfer(self) -> Command:
        """Money in, or all or half of what may leave."""
        account = self._account()
        free_e8 = ledger_isolated_max_available_e20(account.ledger(self.coin)) // E12
        if free_e8 > 0 and self.chance.random() < 0.4:
            return Transfer(account.uid, self.coin, -self.chance.choice((free_e8, free_e8, free_e8 // 2 + 1)))
        return Transfer(account.uid, self.coin, self.chance.choice((1, 20, 100)) * self.unit_e8)

    def move_margin(self) -> Command:
        """Money to an isolated leg or from it, little and much."""
        holding = self._holding()
        if holding is None or not holding.isolated:
            return self.transfer()
        side: Any = 1 if holding.long is not None else -1
        amount_e8 = self.chance.choice((1, -1, 1)) * self.chance.choice((1, 5, 20, 100)) * self.unit_e8
        return MoveMargin(holding.account.uid, holding.market.symbol, side, amount_e8)

    def settings(self) -> Command:
        return super().settings() if self.mode == "mixed" else self.place()

    def venue(self) -> Command:
        return ResumeVenue() if self.live else self.place()


#: How often each comes, in thousandths.
WEIGHED: Final[dict[Callable[[TinyWorld], Command], int]] = {
    TinyWorld.price: 150,
    TinyWorld.ladder: 40,
    TinyWorld.place: 380,
    TinyWorld.meet_own: 140,
    TinyWorld.leave: 20,
    TinyWorld.move_margin: 110,
    TinyWorld.transfer: 40,
    TinyWorld.reverse: 50,
    TinyWorld.cancel: 10,
    TinyWorld.modify: 24,
    TinyWorld.leverage: 20,
    TinyWorld.settings: 10,
    TinyWorld.close: 8,
    TinyWorld.auto_margin: 20,
    TinyWorld.trigger: 15,
    TinyWorld.cancel_all: 5,
    TinyWorld.venue: 5,
}
SOURCES: Final = tuple(WEIGHED)
WEIGHTS: Final = tuple(WEIGHED.values())
