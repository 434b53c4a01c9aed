"""
The open leg of a reversal: what it needs, whether it may be, and the largest part of it that may.

Judged on previews, after the close leg and before anything happens. Source: reversal.md A12 and A13;
contracts.md section 11.
"""

from backhand.engine.matching import Match, first_lots, lot_ticks, matched_lots, split_lots
from backhand.engine.preview import Preview
from backhand.events import CancelReason


class Trial:
    """
    The holding after some of the leg, and why that may not be; None when it may.

    `needed_e20` is what opening takes in margin and fees, of `free_e20` that there is. `by_ratio` tells that
    only the margin ratio is in the way.
    """

    def __init__(self, after: Preview) -> None:
        self.after = after
        self.reason: CancelReason | None = None
        self.by_ratio = False
        self.needed_e20 = 0
        self.free_e20 = 0


class OpenLeg:
    """
    A leg to be opened on a holding as it stands before it.

    `lots_max` is the most that the leg may come to hold, None for no bound. In one-way mode what the other
    side still holds is closed first: only where sizes are honoured is there any (A6).
    """

    def __init__(self, before: Preview, side: int, hedge: bool, lots_max: int | None) -> None:
        self.before = before
        self.side = side
        self.lots_max = lots_max
        self.left_lots = 0 if hedge else before.lots(-side)

    def judge(self, opens: list[Match]) -> Trial:
        """Open these matches on a copy: too small, short of margin, tier or share, or all well."""
        market, side = self.before.market, self.side
        trial = Trial(self.before.copy())
        after = trial.after
        lots = matched_lots(opens)
        closed, pure = self.before, opens
        if self.left_lots:
            closes, pure = split_lots(opens, self.left_lots)
            closed = closed.copy()
            closed.close(-side, closes)
        trial.needed_e20 = closed.opening_need_e20(side, pure)
        trial.free_e20 = closed.available_e20()
        if lots < market.size_lots_min or lot_ticks(opens) * market.unit_e20 < market.value_min_e20:
            trial.reason = CancelReason.SHORTFALL_DUST
            return trial
        if self.left_lots:
            after.meet(side, 0, opens)
            if not pure:
                return trial
        else:
            after.open(side, opens)
        if trial.needed_e20 > trial.free_e20:
            trial.reason = CancelReason.SHORTFALL_MARGIN
        elif after.exceeds_tier(side, 0):
            trial.reason = CancelReason.SHORTFALL_TIER
        elif self.lots_max is not None and after.lots(side) > self.lots_max:
            trial.reason = CancelReason.SHORTFALL_POSITION_LIMIT
        elif after.exceeds_opening_ratio(side):
            trial.reason = CancelReason.SHORTFALL_MARGIN
            trial.by_ratio = True
        return trial

    def largest(self, opens: list[Match]) -> int:
        """
        Find the most lots of these matches that may be opened, by bisection.

        Need, tier and share grow with size. The ratio need not: a leg that is nearly liquidated is better
        off with more that is well margined. What it leaves over is concave in size (later matches are
        worse), so where it is missing and still growing, what may be opened can only be larger.
        """
        low, high = 0, matched_lots(opens)
        while low < high:
            middle = (low + high + 1) // 2
            trial = self.judge(first_lots(opens, middle))
            if trial.reason is None or trial.reason is CancelReason.SHORTFALL_DUST:
                low = middle
            elif trial.by_ratio and middle < high and self._gains(opens, middle, trial.after):
                low = middle + 1
            else:
                high = middle - 1
        return low

    def _gains(self, opens: list[Match], lots: int, after: Preview) -> bool:
        """Whether one lot more leaves more over of what the margin ratio is measured against."""
        more = self.judge(first_lots(opens, lots + 1)).after
        return more.opening_slack_e28(self.side) > after.opening_slack_e28(self.side)
