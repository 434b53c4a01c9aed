"""
Time commands in venues where little and where much is held, rests or waits: a worker, see `bench.worker`.

Six venues: 10 or 100 000 accounts that hold positions, as many resting orders (of 1 000 accounts, at every
price of the band), as many orders that wait for a price (half by last, half by mark price). In each, one
account does the same things as in `engine_rounds`. What a round times is done in turns, so that whatever
slows the machine slows both sizes.

Asked {"stretches": n}, answers two tables by crowd, work and size: "cpu_us", the CPU time of a command, and
"looks", the positions and waiting orders looked at by a tick.
"""

import gc
import time
from collections.abc import Callable
from typing import Final

from backhand.commands import (
    BUY,
    SELL,
    CancelOrder,
    CancelTrigger,
    Command,
    ListContract,
    OpenAccount,
    PlaceOrder,
    PlaceTrigger,
    ReplaceLadder,
    SetPrice,
    Transfer,
    TriggerBy,
)
from backhand.engine import apply
from backhand.engine.prices import SAMPLE_INTERVAL_MS
from backhand.units import E8, E12
from backhand.wire.contracts import built_in_contracts
from bench import engine_rounds
from bench.engine_rounds import BTCUSDT, MID_TICKS, PRICE_E12, REVERSAL, UID
from bench.worker import Answer, Request, serve

SIZES: Final = (10, 100_000)
ETHUSDT: Final = next(contract for contract in built_in_contracts() if contract.symbol == "ETHUSDT")
ETH_PRICE_E12: Final = 3_000 * E12
#: Commands of one timed stretch, and ticks that touch somebody.
STRETCH: Final = 100
TICKS: Final = 10
#: How many a touching tick touches.
TOUCHED: Final = 10
ORDERS_PER_ACCOUNT: Final = 100
#: Where clients' orders rest and triggers wait: clear of the house's ladder, within the band and beyond it.
REST_FROM: Final = 300
REST_LEVELS: Final = 14_000
WAIT_FROM: Final = 16_000
WAIT_LEVELS: Final = 80_000
#: Worth 30 USDT. Those that are touched hold two such positions on 4 USDT: at 8 % down one of them has used
#: up its share of what they can lose, and both together have not.
HELD_LOTS: Final = 10
FALL_RATE: Final = 8

Work = Callable[["Crowd"], tuple[float, int]]


class Crowd(engine_rounds.Venue):
    """The venue of `engine_rounds`, with a crowd beside its one account."""

    def __init__(self) -> None:
        super().__init__()
        self.risen_ticks = 0
        self.ticked = False

    def timed(self, commands: list[Command]) -> float:
        """CPU seconds that some commands take."""
        state, time_ms = self.state, self.time_ms
        started = time.process_time()
        for command in commands:
            apply(state, command, time_ms)
        return time.process_time() - started

    def looks(self) -> int:
        """How many positions and waiting orders were looked at so far because of a price."""
        return self.state.positions_looked_at + self.state.triggers_looked_at

    def gathered(self) -> dict[str, int]:
        """How much is held, rests and waits, the one account and those that are touched aside."""
        crowd = [account for uid, account in self.state.accounts.items() if uid.startswith("2")]
        held = self.state.markets[BTCUSDT.symbol].held
        return {
            "positions": sum(account.uid in held for account in crowd),
            "orders": sum(len(account.orders) for account in crowd),
            "triggers": sum(len(account.triggers) for account in crowd),
        }

    def open(self, uid: str, amount_e8: int) -> None:
        """Open an account with some money."""
        self.do(OpenAccount(uid=uid))
        self.do(Transfer(uid=uid, coin="USDT", amount_e8=amount_e8))

    def hold(self, accounts: int) -> None:
        """Let so many accounts hold positions, longs and shorts in turns."""
        self.do(ListContract(contract=ETHUSDT))
        depth = 10**12
        for contract, ticks, price_e12 in (
            (BTCUSDT, MID_TICKS, PRICE_E12),
            (ETHUSDT, ETH_PRICE_E12 // ETHUSDT.tick_e12, ETH_PRICE_E12),
        ):
            levels = ((ticks - 1, depth),), ((ticks + 1, depth),)
            self.do(ReplaceLadder(contract.symbol, *levels, price_e12, price_e12))
        for number in range(accounts):
            uid = f"2{number:010}"
            # Of different wealth, so that each has prices of its own.
            self.open(uid, 5 * E8 + number * 10)
            side = BUY if number % 2 else SELL
            self.do(PlaceOrder(uid, BTCUSDT.symbol, side, "market", HELD_LOTS))
        for number in range(TOUCHED):
            uid = f"3{number:010}"
            self.open(uid, 4 * E8)
            self.do(PlaceOrder(uid, BTCUSDT.symbol, BUY, "market", HELD_LOTS))
            self.do(PlaceOrder(uid, ETHUSDT.symbol, BUY, "market", ETHUSDT.size_lots_min))

    def rest(self, orders: int) -> None:
        """Let so many orders of clients rest, over the whole band."""
        for number in range(orders):
            uid = f"2{number // ORDERS_PER_ACCOUNT:010}"
            if number % ORDERS_PER_ACCOUNT == 0:
                self.open(uid, 10**6 * E8)
            side = BUY if number % 2 else SELL
            away = REST_FROM + number * 7 % REST_LEVELS
            self.do(PlaceOrder(uid, BTCUSDT.symbol, side, "limit", HELD_LOTS, MID_TICKS - side * away))

    def wait(self, triggers: int) -> None:
        """Let so many orders wait for prices far away."""
        for number in range(triggers):
            uid = f"2{number // ORDERS_PER_ACCOUNT:010}"
            if number % ORDERS_PER_ACCOUNT == 0:
                self.open(uid, 10**6 * E8)
            side = BUY if number % 2 else SELL
            ticks = MID_TICKS + side * (WAIT_FROM + number * 7 % WAIT_LEVELS)
            by: TriggerBy = "last" if number // 2 % 2 else "mark"
            self.do(PlaceTrigger(uid, BTCUSDT.symbol, "entry", side, by, ticks, HELD_LOTS))
        for number in range(TOUCHED):
            uid = f"3{number:010}"
            self.open(uid, 10**6 * E8)
            self.do(
                PlaceTrigger(
                    uid, BTCUSDT.symbol, "trailing_entry", SELL, "mark", None, HELD_LOTS, None, E8 // 10
                )
            )


def mark(price_e12: int) -> SetPrice:
    """A price by hand."""
    return SetPrice(BTCUSDT.symbol, price_e12, price_e12)


def place_and_cancel(crowd: Crowd) -> tuple[float, int]:
    """An order at the far end of the band, and gone again."""
    far = MID_TICKS * 96 // 100
    place = PlaceOrder(UID, BTCUSDT.symbol, BUY, "limit", HELD_LOTS, far)
    spent = 0.0
    for _ in range(STRETCH):
        crowd.time_ms += 1
        order_id = crowd.state.next_order_id
        spent += crowd.timed([place, CancelOrder(UID, BTCUSDT.symbol, order_id)])
    return spent, 2 * STRETCH


def wait_and_cancel(crowd: Crowd) -> tuple[float, int]:
    """A waiting order far away, and gone again."""
    place = PlaceTrigger(UID, BTCUSDT.symbol, "entry", BUY, "mark", MID_TICKS * 2, HELD_LOTS)
    spent = 0.0
    for _ in range(STRETCH):
        order_id = crowd.state.next_order_id
        spent += crowd.timed([place, CancelTrigger(UID, BTCUSDT.symbol, order_id)])
    return spent, 2 * STRETCH


def fill(crowd: Crowd) -> tuple[float, int]:
    """One trade with the house, to and fro."""
    crowd.do(engine_rounds.LADDER)
    orders: list[Command] = [
        PlaceOrder(UID, BTCUSDT.symbol, BUY if number % 2 else SELL, "market", 2) for number in range(STRETCH)
    ]
    return crowd.timed(orders), STRETCH


def reversal(crowd: Crowd) -> tuple[float, int]:
    """A whole reversal, as in `engine_rounds`."""
    crowd.do(engine_rounds.LADDER)
    return crowd.timed([REVERSAL] * STRETCH), STRETCH


def tick_for_nobody(crowd: Crowd) -> tuple[float, int]:
    """A mark price that concerns nobody."""
    ticks: list[Command] = [mark(PRICE_E12 - number % 2 * BTCUSDT.tick_e12) for number in range(STRETCH)]
    return crowd.timed(ticks), STRETCH


def tick_for_positions(crowd: Crowd) -> tuple[float, int]:
    """A mark price at which ten accounts have to be looked at; nobody is liquidated."""
    spent = 0.0
    for number in range(TICKS):
        crowd.do(mark(PRICE_E12))
        for uid in range(TOUCHED):
            # Money in lets them be looked at again, here.
            crowd.do(Transfer(f"3{uid:010}", "USDT", 1))
        spent += crowd.timed([mark(PRICE_E12 * (100 - FALL_RATE) // 100 - number)])
    crowd.do(mark(PRICE_E12))
    return spent, TICKS


def tick_for_triggers(crowd: Crowd) -> tuple[float, int]:
    """A mark price that ten trailing orders follow."""
    ticks: list[Command] = []
    for _ in range(TICKS):
        crowd.risen_ticks += 1
        ticks.append(mark(PRICE_E12 + crowd.risen_ticks * BTCUSDT.tick_e12))
    return crowd.timed(ticks), TICKS


COMMON: Final[dict[str, Work]] = {
    "place or cancel": place_and_cancel,
    "fill": fill,
    "reversal": reversal,
    "tick, nobody": tick_for_nobody,
}
#: What each kind of crowd is, and what is timed in it.
CROWDS: Final[dict[str, tuple[Callable[[Crowd, int], None], dict[str, Work]]]] = {
    "positions": (Crowd.hold, COMMON | {f"tick, {TOUCHED} positions": tick_for_positions}),
    "orders": (Crowd.rest, COMMON),
    "triggers": (
        Crowd.wait,
        COMMON | {"wait or cancel": wait_and_cancel, f"tick, {TOUCHED} waiting orders": tick_for_triggers},
    ),
}
Answers = dict[str, dict[str, dict[str, float]]]


def main() -> None:
    """Build all venues, then serve rounds on them."""
    venues: dict[str, dict[int, Crowd]] = {}
    for name, (gather, _) in CROWDS.items():
        for size in SIZES:
            crowd = venues.setdefault(name, {})[size] = Crowd()
            gather(crowd, size)
            # A venue that runs has samples of its books.
            crowd.time_ms += SAMPLE_INTERVAL_MS
            crowd.do(engine_rounds.LADDER)
            crowd.check()
            assert crowd.gathered()[name] == size, crowd.gathered()
    # As a node does at its start: the collector need not walk what is there for good.
    gc.collect()
    gc.freeze()

    def answer(request: Request) -> Answer:
        costs: Answers = {}
        looks: Answers = {}
        for name, (_, works) in CROWDS.items():
            for title, work in works.items():
                spent = dict.fromkeys(SIZES, 0.0)
                count = 0
                before = {size: crowd.looks() for size, crowd in venues[name].items()}
                for _ in range(request["stretches"]):
                    for size, crowd in venues[name].items():
                        seconds, count = work(crowd)
                        spent[size] += seconds
                commands = count * request["stretches"]
                costs.setdefault(name, {})[title] = {
                    str(size): seconds / commands * 1e6 for size, seconds in spent.items()
                }
                if title.startswith("tick"):
                    looks.setdefault(name, {})[title] = {
                        str(size): (crowd.looks() - before[size]) / commands
                        for size, crowd in venues[name].items()
                    }
        return {"cpu_us": costs, "looks": looks}

    serve(answer)


if __name__ == "__main__":
    main()
