"""
Prices of take-profits and stop-losses: which are prices at all, and which would trigger at once.

Judged where an order brings them along, where either is changed, and where one is placed by itself; what
becomes of them then is in `firing` and `triggers`.
"""

from backhand.commands import Preset
from backhand.engine.market import Market
from backhand.events import Rejected, RejectReason
from backhand.units import format_decimal


def presets_valid(take_profit: Preset | None, stop_loss: Preset | None) -> bool:
    """Whether the prices of presets are prices at all; a limit of 0 executes at market."""
    for preset in (take_profit, stop_loss):
        if preset is not None and (preset.trigger_price_ticks <= 0 or (preset.limit_price_ticks or 0) < 0):
            return False
    return True


def preset_fault(
    market: Market, side: int, reference_e12: int, take_profit: Preset | None, stop_loss: Preset | None
) -> Rejected | None:
    """Why presets of an order that opens on a side would trigger at once, by the price it opens at."""
    for preset, gains in ((take_profit, True), (stop_loss, False)):
        if preset is not None:
            refusal = protection_fault(market, side, gains, preset.trigger_price_ticks, reference_e12)
            if refusal is not None:
                return refusal
    return None


def protection_fault(
    market: Market, leg_side: int, gains: bool, trigger_ticks: int, reference_e12: int
) -> Rejected | None:
    """Why a take-profit (`gains`) or stop-loss of a leg would trigger at once at the reference price."""
    beyond = trigger_ticks * market.tick_e12 - reference_e12
    if (beyond if gains else -beyond) * leg_side > 0:
        return None
    if leg_side > 0:
        reason = RejectReason.LONG_TAKE_PROFIT_TOO_LOW if gains else RejectReason.LONG_STOP_LOSS_TOO_HIGH
    else:
        reason = RejectReason.SHORT_TAKE_PROFIT_TOO_HIGH if gains else RejectReason.SHORT_STOP_LOSS_TOO_LOW
    return Rejected(reason, format_decimal(reference_e12, 12))
