"""
Reverse one account's position in the engine and count CPU time: a worker, see `bench.worker`.

The account is in one-way mode with crossed margin. Every level of the house's ladder holds half of the
position, so each leg takes two levels and a reversal makes four trades (eight fills). The ladder is
replaced outside the timed part, deep enough for all reversals of a stretch; sides alternate, so both
sides of the book are used up evenly. Events are made and dropped.

Asked {"reversals": n}, answers {"cpu_s": for n reversals, "form": "compiled" or "interpreted"}.
"""

import time
from typing import Final

from backhand import engine
from backhand.commands import (
    BUY,
    Command,
    ConfigureVenue,
    ListContract,
    OpenAccount,
    PlaceOrder,
    ReplaceLadder,
    ReversePosition,
    Transfer,
)
from backhand.engine import State, apply
from backhand.events import Event, Fill, PositionReversed
from backhand.units import E8
from backhand.wire.contracts import built_in_contracts
from bench.worker import Answer, Request, serve

BTCUSDT: Final = next(contract for contract in built_in_contracts() if contract.symbol == "BTCUSDT")
UID: Final = "10000000001"
POSITION_LOTS: Final = 20
LEVEL_LOTS: Final = POSITION_LOTS // 2
#: Reversals between two ladders; each takes four levels of one side.
STRETCH: Final = 100
LEVELS: Final = STRETCH // 2 * 4
MID_TICKS: Final = 300_000
PRICE_E12: Final = MID_TICKS * BTCUSDT.tick_e12
FILLS_PER_REVERSAL: Final = 8
REVERSAL: Final = ReversePosition(uid=UID, symbol=BTCUSDT.symbol)
LADDER: Final = ReplaceLadder(
    symbol=BTCUSDT.symbol,
    bids=tuple((MID_TICKS - 1 - level, LEVEL_LOTS) for level in range(LEVELS)),
    asks=tuple((MID_TICKS + 1 + level, LEVEL_LOTS) for level in range(LEVELS)),
    index_price_e12=PRICE_E12,
    mark_price_e12=PRICE_E12,
)


class Venue:
    """A state with one account that holds a long position."""

    def __init__(self) -> None:
        self.state = State()
        self.time_ms = 1_700_000_000_000
        self.do(ConfigureVenue(venue_id="bench"))
        self.do(ListContract(contract=BTCUSDT))
        self.do(OpenAccount(uid=UID))
        self.do(Transfer(uid=UID, coin=BTCUSDT.margin_coin, amount_e8=1_000_000_000 * E8))
        self.do(LADDER)
        self.do(
            PlaceOrder(uid=UID, symbol=BTCUSDT.symbol, side=BUY, order_type="market", size_lots=POSITION_LOTS)
        )

    def do(self, command: Command) -> list[Event]:
        """Apply one command a millisecond after the one before."""
        self.time_ms += 1
        return apply(self.state, command, self.time_ms)

    def stretch(self) -> float:
        """CPU seconds of one stretch of reversals; the ladder that it needs is laid before."""
        self.do(LADDER)
        state, time_ms, reversal = self.state, self.time_ms, REVERSAL
        started = time.process_time()
        for _ in range(STRETCH):
            apply(state, reversal, time_ms)
        return time.process_time() - started

    def check(self) -> None:
        """Fail unless a reversal is what is claimed: four trades, nothing left over."""
        self.do(LADDER)
        events = self.do(REVERSAL)
        fills = sum(isinstance(event, Fill) for event in events)
        reversed_ = [event for event in events if isinstance(event, PositionReversed)]
        assert fills == FILLS_PER_REVERSAL, events
        assert [event.opened_lots for event in reversed_] == [POSITION_LOTS], events


def main() -> None:
    """Serve rounds on one venue; the first check also warms up."""
    venue = Venue()
    form = "interpreted" if engine.__file__.endswith(".py") else "compiled"

    def answer(request: Request) -> Answer:
        venue.check()
        stretches = request["reversals"] // STRETCH
        spent = sum(venue.stretch() for _ in range(stretches))
        venue.check()
        return {"cpu_s": spent / (stretches * STRETCH) * request["reversals"], "form": form}

    serve(answer)


if __name__ == "__main__":
    main()
