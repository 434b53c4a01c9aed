"""
A naive reading of reversal.md: what a reversal must do to a scene, written for clarity.

Decisions are named where they are taken (A1 to A20; REV-1 and REV-2 of docs/deviations.md). It closes
first, on a scene that really changes, then tries the open leg on copies.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from backhand.commands import HOUSE_UID, INVALID_SIDE, ReversePosition
from backhand.events import CancelReason, RejectReason
from tests.simulation.scene import Order, Party, Scene, down, up

#: The most that an opening may bring the margin ratio to (contracts.md section 5).
OPENING_RATIO_MAX = Fraction(9, 10)


@dataclass(slots=True)
class Filled:
    """One fill of a leg."""

    price_ticks: int
    lots: int
    fee: Fraction
    profit: Fraction


@dataclass(slots=True)
class Outcome:
    """What a reversal did, beside the scene that it left."""

    from_side: int
    size: int
    size_ignored: bool
    closes: list[Filled] = field(default_factory=list)
    opens: list[Filled] = field(default_factory=list)
    shortfall: CancelReason | None = None
    #: Why each resting order ended, with what it left open; those the reversal chose to cancel, in order.
    cancelled: dict[int, tuple[CancelReason, int]] = field(default_factory=dict)
    chosen: list[int] = field(default_factory=list)

    @property
    def closed(self) -> int:
        return sum(fill.lots for fill in self.closes)

    @property
    def opened(self) -> int:
        return sum(fill.lots for fill in self.opens)


def judge(scene: Scene, call: ReversePosition, used_oids: set[str]) -> RejectReason | Outcome:
    """Refuse with the first reason that applies, or say which leg is reversed and how much of it."""
    party = scene.parties[call.uid]
    contract = scene.terms.contract
    # A18, first of all: a retry is told that it has run, whatever has changed since.
    if call.client_oid in used_oids:
        return RejectReason.DUPLICATE_CLIENT_OID
    if contract.status not in {"normal", "limit_open"}:
        return RejectReason.SYMBOL_NOT_TRADING
    if party.hedge:
        # A2: tradeSide is required, either value means the same; it is judged before side (A4).
        if call.effect is None:
            return RejectReason.EFFECT_MISSING
        if call.effect == "invalid":
            return RejectReason.EFFECT_INVALID
        if call.side is None:
            return RejectReason.SIDE_MISSING
    # A5: one-way, a sent side must be a side; it does not matter which.
    if call.side == INVALID_SIDE:
        return RejectReason.SIDE_INVALID
    # A1: side names the position. A15: nothing there, nothing done.
    held = [side for side in (1, -1) if party.legs[side].lots]
    if party.hedge:
        held = [side for side in held if side == call.side]
    if not held:
        return RejectReason.NO_POSITION_TO_REVERSE
    (from_side,) = held
    lots = party.legs[from_side].lots
    sent = call.size_lots is not None or call.size_off_grid is not None
    counts = party.hedge or scene.honours_size
    if not (sent and counts):  # A6, A7: the whole position
        return Outcome(from_side, lots, size_ignored=sent)
    if call.size_lots is None:
        return RejectReason.SIZE_OFF_GRID
    size = min(call.size_lots, lots)  # A8, A9
    if size < lots and size < contract.size_lots_min:  # A12
        return RejectReason.SIZE_TOO_SMALL
    return Outcome(from_side, size, size_ignored=False)


def reverse(scene: Scene, call: ReversePosition, used_oids: set[str]) -> RejectReason | Outcome:
    """Carry out a reversal on a scene, which is not to be used any more when the answer is a refusal."""
    outcome = judge(scene, call, used_oids)
    if isinstance(outcome, RejectReason):
        return outcome
    party = scene.parties[call.uid]
    held_side = outcome.from_side
    _unlock(scene, party, outcome)
    guard = closing_guard(scene, party, held_side)
    hold_side = held_side if party.hedge else 0

    side = -held_side
    taker = Order(0, party.uid, side, hold_side, reduce_only=True, price_ticks=0, lots=outcome.size)
    outcome.closes, own = take(
        scene, taker, lambda price: scene.in_band(side, price) and guard(price), outcome.cancelled
    )
    if not outcome.closes and not _anything(scene, taker):  # A19
        return RejectReason.NO_LIQUIDITY
    _cancel(scene, own, CancelReason.SELF_TRADE, outcome)

    if scene.terms.contract.status == "limit_open":
        outcome.shortfall = CancelReason.SHORTFALL_OPENING_DISABLED
    elif not party.hedge and outcome.closed < outcome.size:  # REV-1
        outcome.shortfall = CancelReason.SHORTFALL_LIQUIDITY
    else:
        _open(scene, call, outcome)
    for each in scene.parties.values():
        _shrink(scene, each, outcome)
        scene.reserve(each)
    return outcome


def _unlock(scene: Scene, party: Party, outcome: Outcome) -> None:
    """A10: what resting closing orders of the leg mean."""
    closing = party.closing(outcome.from_side)
    free = party.legs[outcome.from_side].lots - party.locked_lots(outcome.from_side)
    if not party.hedge:
        _cancel(scene, closing, CancelReason.REVERSAL, outcome)
    elif free > 0:
        outcome.size = min(outcome.size, free)
    else:
        for order in closing:
            if free < outcome.size:
                free += order.lots
                _cancel(scene, [order], CancelReason.REVERSAL, outcome)


def closing_guard(scene: Scene, party: Party, side: int) -> Callable[[Fraction], bool]:
    """A19: no price at which closing the whole leg, fee included, would cost more than it has to lose."""
    terms, lots = scene.terms, party.legs[side].lots
    if party.isolated:
        funds, entry = party.legs[side].margin, party.legs[side].average
    else:
        # Its share, by value at mark, of what the crossed legs have left.
        both = sum(terms.value(leg.lots, scene.mark) for leg in party.legs.values())
        equity = party.wallet - party.set_aside + scene.unrealised(party)
        funds, entry = equity * terms.value(lots, scene.mark) / both, scene.mark

    def survives(price: Fraction) -> bool:
        fee = terms.value(lots, price) * terms.taker_rate
        return funds + terms.gain(side, lots, entry, price) - fee >= 0

    return survives


def _open(scene: Scene, call: ReversePosition, outcome: Outcome) -> None:
    """Open on the other side what was closed, if the book has it and the account may (A12, A13)."""
    taker = Order(0, call.uid, -outcome.from_side, 0, reduce_only=False, price_ticks=0, lots=outcome.closed)
    if scene.parties[call.uid].hedge:
        taker.hold_side = taker.side

    party = scene.parties[call.uid]
    closes_on = not party.hedge and party.legs[outcome.from_side].lots > 0
    guard = closing_guard(scene, party, outcome.from_side) if closes_on else None

    def in_band(price: Fraction) -> bool:
        # Where a part was honoured, this leg goes on closing, under the same guard (A19).
        return scene.in_band(taker.side, price) and (guard is None or guard(price))

    met, own = take(scene.copy(), taker, in_band, {})
    lots = sum(fill.lots for fill in met)
    if lots < outcome.closed or lots == 0:  # REV-2; and nothing is opened when nothing was closed
        outcome.shortfall = CancelReason.SHORTFALL_LIQUIDITY
    if lots == 0:
        return
    # Own orders that the whole leg would hit are cancelled first, also when less of it opens (A11).
    own = [order for order in scene.side(-taker.side) if order.order_id in {each.order_id for each in own}]
    before = scene.copy()
    _cancel(before, own, CancelReason.SELF_TRADE, None)
    affordable = replace(taker, lots=lots)
    reason = obstacle(before, affordable, in_band)
    if reason is not None:
        outcome.shortfall = reason
    if call.shortfall == "largest":
        while reason not in {None, CancelReason.SHORTFALL_DUST} and affordable.lots > 1:
            affordable.lots -= 1
            reason = obstacle(before, affordable, in_band)
        outcome.shortfall = reason if reason is CancelReason.SHORTFALL_DUST else outcome.shortfall
    if reason is None:
        _cancel(scene, own, CancelReason.SELF_TRADE, outcome)
        outcome.opens, _ = take(scene, affordable, in_band, outcome.cancelled)


def obstacle(before: Scene, taker: Order, in_band: Callable[[Fraction], bool]) -> CancelReason | None:
    """Why an open leg may not be, if anything: dust, margin or tier."""
    after, terms, contract = before.copy(), before.terms, before.terms.contract
    fills, _ = take(after, taker, in_band, {})
    value = sum(terms.quote_value(fill.lots, before.price(fill.price_ticks)) for fill in fills)
    if taker.lots < contract.size_lots_min or value < Fraction(contract.value_min_e8, 10**8):  # A12
        return CancelReason.SHORTFALL_DUST

    # A6: where one-way sizes are honoured, the rest of the old position is closed before anything opens.
    party, side = before.parties[taker.uid], taker.side
    rest = 0 if party.hedge else party.legs[-side].lots
    if rest:
        before = before.copy()
        party = before.parties[taker.uid]
    opening: list[tuple[int, Fraction]] = []
    for fill in fills:
        price = before.price(fill.price_ticks)
        closes = min(rest, fill.lots)
        if closes:
            trade(before, taker, fill.price_ticks, closes, is_taker=True)
            rest -= closes
        if closes < fill.lots:
            opening.append((fill.lots - closes, price))
    if not opening:
        return None

    leverage = party.leverages[side]
    fees = sum(terms.fee(lots, price, terms.taker_rate) for lots, price in opening)
    if party.isolated:
        need = sum(up(terms.value(lots, price) / leverage, 16) for lots, price in opening)
    else:
        # Only the larger side needs margin: what is held at mark, what is opened at its fills.
        values = {each: terms.value(leg.lots, before.mark) for each, leg in party.legs.items()}
        margin = max(values.values()) / leverage
        values[side] += sum(terms.value(lots, price) for lots, price in opening)
        need = max(values.values()) / leverage - margin
    if need + fees > before.available(party):  # A13
        return CancelReason.SHORTFALL_MARGIN
    party = after.parties[taker.uid]
    lots = party.legs[side].lots if party.isolated else party.legs[1].lots + party.legs[-1].lots
    tier = terms.tier_of(terms.quote_value(lots, after.mark))
    if tier is None or leverage > tier.leverage_max:
        return CancelReason.SHORTFALL_TIER
    maintenance, equity = after.risk(party, side)
    if equity <= 0 or maintenance > equity * OPENING_RATIO_MAX:
        return CancelReason.SHORTFALL_MARGIN
    return None


def take(
    scene: Scene,
    taker: Order,
    acceptable: Callable[[Fraction], bool],
    cancelled: dict[int, tuple[CancelReason, int]],
) -> tuple[list[Filled], list[Order]]:
    """
    Trade with the other side from its best order on; gives the fills, and own orders that were in the way.

    A reduce-only maker gives what its leg still holds, and every maker what its account can bear: it closes
    nothing beyond bankruptcy, and opens nothing that it could not open now (both guards of section 5). What
    a maker has beyond that is cancelled.
    """
    fills: list[Filled] = []
    own: list[Order] = []
    left = taker.lots
    for maker in list(scene.side(-taker.side)):
        if left == 0 or not acceptable(scene.price(maker.price_ticks)):
            break
        if maker.uid == taker.uid:
            own.append(maker)
            continue
        lots, ending = maker.lots, CancelReason.REDUCE_ONLY_EXCESS
        if maker.reduce_only:
            lots = min(lots, scene.parties[maker.uid].legs[-maker.side].lots)
        if (bearable := _bearable(scene, maker, lots)) < lots:
            lots, ending = bearable, CancelReason.MARGIN_GUARD
        is_spent = lots < maker.lots
        lots = min(lots, left)
        if lots:
            fills.append(trade(scene, taker, maker.price_ticks, lots, is_taker=True))
            trade(scene, maker, maker.price_ticks, lots, is_taker=False)
        left -= lots
        maker.lots -= lots
        if maker.lots == 0:
            scene.remove(maker)
        elif is_spent and left:
            cancelled[maker.order_id] = (ending, maker.lots)
            scene.remove(maker)
    return fills, own


def _bearable(scene: Scene, maker: Order, lots: int) -> int:
    """How many of these lots of a maker its account can bear: all, what closes, or none."""
    if maker.uid == HOUSE_UID:
        return lots
    party, price = scene.parties[maker.uid], scene.price(maker.price_ticks)
    held = party.legs[-maker.side].lots
    closing = lots if maker.reduce_only else 0 if maker.hold_side else min(lots, held)
    if closing and not closing_guard(scene, party, -maker.side)(price):
        return 0
    after = scene.copy()
    party = after.parties[maker.uid]
    trade(after, maker, maker.price_ticks, lots, is_taker=False)
    maintenance, equity = after.risk(party, maker.side)
    is_covered = maintenance <= equity * OPENING_RATIO_MAX and party.wallet >= party.set_aside
    return lots if closing == lots or is_covered else closing


def trade(scene: Scene, order: Order, price_ticks: int, lots: int, *, is_taker: bool) -> Filled:
    """One half of a trade: fee, what it closes, what it opens (contracts.md sections 2 to 4)."""
    terms, party, price = scene.terms, scene.parties[order.uid], scene.price(price_ticks)
    fee = terms.fee(lots, price, terms.taker_rate if is_taker else terms.maker_rate)
    closed, opened = party.legs[-order.side], party.legs[order.side]
    closing = lots if order.reduce_only else 0 if order.hold_side else min(lots, closed.lots)
    profit = Fraction(0)
    if closing:
        profit = down(terms.gain(-order.side, closing, closed.average, price), 8)
        whole = closing == closed.lots
        closed.margin -= closed.margin if whole else down(closed.margin * closing / closed.lots, 16)
        closed.lots -= closing
        if whole:
            closed.average = Fraction(0)
    opening = lots - closing
    if opening:
        cost = opened.lots * opened.average + opening * price
        opened.lots += opening
        # Positive, so that half up is this.
        opened.average = down(cost / opened.lots + Fraction(1, 2 * 10**12), 12)
        if party.isolated:
            opened.margin += up(terms.value(opening, price) / party.leverages[order.side], 16)
    party.wallet += profit - fee
    return Filled(price_ticks, lots, fee, profit)


def _anything(scene: Scene, taker: Order) -> bool:
    """Whether the band holds any lot of somebody else."""
    fills, _ = take(scene.copy(), replace(taker, lots=1), lambda price: scene.in_band(taker.side, price), {})
    return bool(fills)


def _cancel(scene: Scene, orders: list[Order], reason: CancelReason, outcome: Outcome | None) -> None:
    """End orders of a scene, named by their ids."""
    ids = {order.order_id for order in orders}
    for order in list(scene.bids + scene.asks):
        if order.order_id in ids:
            scene.remove(order)
    if outcome is not None:
        for order in orders:
            outcome.cancelled[order.order_id] = (reason, order.lots)
            outcome.chosen.append(order.order_id)


def _shrink(scene: Scene, party: Party, outcome: Outcome) -> None:
    """Closing orders never hold more than their leg: the oldest go first."""
    for side in (1, -1):
        for order in party.closing(side):
            if party.locked_lots(side) > party.legs[side].lots:
                outcome.cancelled[order.order_id] = (CancelReason.REDUCE_ONLY_EXCESS, order.lots)
                scene.remove(order)
