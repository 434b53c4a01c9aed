"""How a command is refused, and numbers as clients read them."""

from backhand.engine.market import Market
from backhand.events import Event, Rejected, RejectReason
from backhand.units import format_decimal


def refuse(events: list[Event], reason: RejectReason, detail: str = "") -> None:
    """Answer a command with a refusal; nothing has changed."""
    events.append(Rejected(reason, detail))


def lots_text(market: Market, lots: int) -> str:
    """A size as clients read it."""
    return format_decimal(lots * market.lot_e8, 8)


def ticks_text(market: Market, ticks: int) -> str:
    """A price as clients read it."""
    return format_decimal(ticks * market.tick_e12, 12)


def mark_text(market: Market) -> str:
    """The mark price as clients read it."""
    return format_decimal(market.mark_price_e12, 12)
