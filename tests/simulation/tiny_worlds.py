"""
Small venues under random commands: who pays, and for what.

Nobody without a fill of their own pays. While no price moves (no hours pass here, and no terms change)

* nobody is liquidated, and neither the fund nor the house loses anything;
* no isolated leg ends with less than it must that had more, or was not there; that of somebody without a
  fill or a movement of margin ends as it was;
* no isolated leg loses more by a close than the margin that this releases.

Exceptions, all of crossed accounts and by a close of their own:

* who closes a leg while it holds another loses equity, to its bankruptcy price, and not always maintenance
  margin (a hedge needs that of its larger side only, symbols may stand in unlike tiers): it may be liquidated
  then, whatever the fund pays for it ("Crossed hedges" in docs/limitations.md);
* so may who closes a leg that waited for a stale price, and others that were to be liquidated with it;
* who has less to spare than the fees of its own fills, closing into an order of its own for instance, is
  liquidated for these, at its own cost.

Beside these everything of `world`, looked at in full after every command: what amounts events carry is worked
out anew by `Books`, what legs need by `naive_risk`. Reversals do what their plan said.
"""

from dataclasses import dataclass, field
from typing import Final

from backhand.commands import HOUSE_UID, Command, ConfigureVenue, ListContract, ReversePosition, SetPrice
from backhand.engine.audit import audit
from backhand.engine.reversal_plan import ReversalPlan, plan_reversal
from backhand.engine.state import Holding, Position
from backhand.events import (
    DeficitCovered,
    Event,
    Fill,
    LiquidationStarted,
    MarginMoved,
    PositionLiquidated,
    Transferred,
)
from backhand.units import E8, E20
from tests.engine import naive_risk
from tests.engine.checked import check_plan, check_priority
from tests.simulation.tiny_commands import TinyWorld
from tests.simulation.world import CheckedWorld

#: Commands that one seed plays after its opening; how many between two looks into the corners of all bands.
WORLD_COMMANDS: Final = 200
BANDS_EVERY: Final = 50
#: Commands after which legs may be worth or need something else.
MOVING: Final = (SetPrice, ListContract, ConfigureVenue)

#: An account, a symbol and a side.
LegKey = tuple[str, str, int]


@dataclass
class Before:
    """What a command is compared with."""

    #: By account and coin, as the events before told them.
    wallets: dict[tuple[str, str], int]
    #: Isolated margin, and the legs that had less than they must.
    margins: dict[LegKey, int] = field(default_factory=dict)
    short_of: list[LegKey] = field(default_factory=list)
    #: Accounts of several crossed legs, or of any that wait for a price: the fund may pay for them.
    delicate: list[str] = field(default_factory=list)
    #: Of accounts with one crossed leg: what they have to spare, in e28, and the lots that stand on it.
    spare: dict[str, tuple[naive_risk.Amount, int]] = field(default_factory=dict)


class CheckedTinyWorld(CheckedWorld):
    """A small venue, the source of its commands, and what its events say."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, TinyWorld)

    def apply(self, command: Command) -> list[Event]:
        """Carry out a command and check what must hold after every one."""
        state = self.state
        plan = plan_reversal(state, command) if isinstance(command, ReversePosition) else None
        before = self._before()
        events = super().apply(command)

        if isinstance(plan, ReversalPlan):
            check_plan(plan, events)
        elif plan is not None:
            assert [plan] == events
        check_priority(state, events)
        self.books.compare_everything()
        audit(state)
        assert [] == naive_risk.faults(state)
        assert [] == naive_risk.below_zero(state)
        if self.commands % BANDS_EVERY == 0:
            assert [] == naive_risk.band_faults(state)
        self._check_who_pays(events, before)
        if not isinstance(command, MOVING):
            check_nobody_is_liquidated(events, before)
            self._check_isolated_legs(events, before)
        return events

    def _before(self) -> Before:
        before = Before(dict(self.books.wallets))
        marks = naive_risk.marks_of(self.state)
        for key, holding, leg in self._isolated_legs():
            before.margins[key] = leg.margin_e16
            if self._is_short(holding, leg):
                before.short_of.append(key)
        for account in self.state.accounts.values():
            for ledger in account.ledgers.values():
                held = [each for each in naive_risk.holdings_held(ledger) if not each.isolated]
                legs = [leg for holding in held for leg in naive_risk.legs(holding)]
                if len(legs) > 1 or not naive_risk.has_good_prices(self.state, ledger):
                    before.delicate.append(account.uid)
                buffer = naive_risk.crossed_buffer(self.state, ledger, marks)
                if len(legs) == 1 and buffer is not None:
                    before.spare[account.uid] = (buffer, legs[0].lots)
        return before

    def _isolated_legs(self) -> list[tuple[LegKey, Holding, Position]]:
        return [
            ((account.uid, holding.market.symbol, leg.side), holding, leg)
            for account in self.state.accounts.values()
            for holding in account.holdings.values()
            if holding.isolated
            for leg in naive_risk.legs(holding)
        ]

    def _is_short(self, holding: Holding, leg: Position) -> bool:
        mark_e12 = holding.market.mark_price_e12
        return naive_risk.isolated_buffer(self.state, holding, leg, mark_e12) <= 0

    def _check_who_pays(self, events: list[Event], before: Before) -> None:
        own = {HOUSE_UID} | {event.uid for event in events if isinstance(event, Fill | Transferred)}
        for (uid, coin), wallet_e8 in before.wallets.items():
            if uid not in own:
                assert self.books.wallets[uid, coin] >= wallet_e8, f"{uid} pays {coin} for others"

    def _check_isolated_legs(self, events: list[Event], before: Before) -> None:
        """Legs are left with what they must have, and take with them no more than they had."""
        margins: dict[LegKey, int] = {}
        moved = {event.uid for event in events if isinstance(event, Fill | MarginMoved)}
        for key, holding, leg in self._isolated_legs():
            margins[key] = leg.margin_e16
            if key not in before.short_of:
                assert not self._is_short(holding, leg), f"{key} is left with less than it must have"
            if key[0] not in moved:
                assert before.margins.get(key) == leg.margin_e16, f"the margin of {key} changed"
        for key, profit_e8, fills in closes(events):
            if key in before.margins:
                released_e16 = before.margins[key] - margins.get(key, 0)
                # Of each fill the profit is rounded down, and so is what it releases.
                assert profit_e8 * E8 + released_e16 >= -2 * fills * E8, f"{key} lost more than its margin"


def closes(events: list[Event]) -> list[tuple[LegKey, int, int]]:
    """Legs that a command only closed: what that realised, in how many fills."""
    sums: dict[LegKey, tuple[int, int]] = {}
    others = {(event.uid, event.symbol) for event in events if isinstance(event, MarginMoved)}
    for event in events:
        if isinstance(event, Fill):
            key = (event.uid, event.symbol, -event.side)
            if event.is_close and event.position_side != event.side:
                profit_e8, count = sums.get(key, (0, 0))
                sums[key] = (profit_e8 + event.profit_e8, count + 1)
            else:
                others.add(key[:2])
    return [(key, *told) for key, told in sums.items() if key[:2] not in others]


def check_nobody_is_liquidated(events: list[Event], before: Before) -> None:
    """Nobody, and nothing is paid for anybody, but for who has closed crossed legs (see above)."""
    closed: list[str] = []
    allowed: list[str] = []
    fees_e8: dict[str, int] = {}
    left: dict[str, int] = {}
    for event in events:
        if isinstance(event, Fill):
            fees_e8[event.uid] = fees_e8.get(event.uid, 0) + event.fee_e8
            left[event.uid] = event.position_lots
            if event.is_close:
                closed.append(event.uid)
        elif isinstance(event, LiquidationStarted):
            uid = event.uid
            assert event.side == 0, f"an isolated leg comes to its end while no price moves: {event}"
            assert uid in closed, f"somebody comes to their end by others: {event}"
            # A part closed at the bankruptcy price leaves its share of what there was to spare.
            buffer, lots = before.spare.get(uid, (1, 0))
            by_fees = buffer * left[uid] <= fees_e8[uid] * E20 * lots
            assert by_fees or uid in before.delicate, f"it comes to its end while no price moves: {event}"
            if uid in before.delicate:
                allowed.append(uid)
        elif isinstance(event, PositionLiquidated | DeficitCovered):
            paid = event.insurance_e8 < 0 or event.house_e8 > 0 or isinstance(event, DeficitCovered)
            assert not paid or event.uid in allowed, f"fund or house pay while no price moves: {event}"


def play(seed: int) -> int:
    """Play a small world; how many events it had. The first fault is an error that says where."""
    checked = CheckedTinyWorld(seed)
    try:
        for _ in range(WORLD_COMMANDS):
            checked.step()
        checked.look_at_everything()
    except Exception as error:
        error.add_note(f"command {checked.commands} of make sim PARTS=tiny SEED={seed} COUNT=1")
        raise
    return checked.events
